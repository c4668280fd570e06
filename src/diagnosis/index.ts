export type { Diagnosis, FirstDifference } from './diagnose.js';
export { diagnose, readingOf } from './diagnose.js';
export { getHypothesis, HYPOTHESES } from './hypotheses.js';
export type { Fix, Hypothesis } from './hypothesis.js';
export { powerOf } from './power.js';
export { roundingOf, runScenario } from './run.js';
export { scenarioOf } from './scenario.js';
export type { Finding } from './search.js';
export { type Subject, simulate } from './simulate.js';

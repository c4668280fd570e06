export type { Diagnosis } from './diagnose.js';
export { diagnose, readingOf } from './diagnose.js';
export { getHypothesis, HYPOTHESES } from './hypotheses.js';
export type { Fix, Hypothesis } from './hypothesis.js';
export type { FirstDifference } from './firstDifference.js';
export { type Power, powerOf } from './detectability.js';
export type { Finding } from './ranking.js';
export { roundingOf, runScenario } from './run.js';
export { scenarioOf } from './scenario.js';

export { type Subject, simulate } from './simulate.js';
export { isRegrouped } from './outputReadings.js';

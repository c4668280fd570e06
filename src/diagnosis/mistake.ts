import type { Tensor } from '../tensor/tensor.js';
import type { Candidate, Example, Fix, Found, Hypothesis, Way } from './hypothesis.js';
import type { Noise } from './noise.js';
import type { Outcome } from './run.js';
import type { Scenario } from './scenario.js';

/** Everything that mistakes are written with: `mistake` itself, and all helpers. */
export { listed, plural } from '../escape.js';
export { smallNumber } from './figures.js';
export * from './fit.js';
export type { Fix, Found, Hypothesis, Way } from './hypothesis.js';
export { type Noise, uniformNoise } from './noise.js';
export { type Outcome, runScenario, workOf } from './run.js';
export * from './scenario.js';
export { NEAR_NOISE } from './thresholds.js';
export * from './variants.js';

export interface About extends Fix, Pick<Hypothesis, 'why'> {
  readonly fix?: Fix;
  /** default `rnn:3,dense:1` with N=2, T=3, D=2 */
  readonly example?: Example | null;
  variants(scenario: Scenario): readonly Way[];
  fromOutput?(scenario: Scenario, right: Outcome, other: Tensor, noise: number, each: Noise): readonly Found[];
  estimate?(scenario: Scenario, right: Outcome, other: Tensor, noise: number, each: Noise): readonly Found[];
}

/** @param is its boolean properties, named as in Hypothesis */
export function mistake(
  name: string,
  title: string,
  is: readonly ('often' | 'insideStep' | 'alone')[],
  { numpy, keras, torch, fix, variants, fromOutput, estimate, ...about }: About,
): Hypothesis {
  const own = (found: Found): Candidate => ({ layer: null, ...found, code: name });
  return {
    ...{ name, title, ...Object.fromEntries(is.map(flag => [flag, true])), ...about },
    fix: fix ?? { ...(numpy && { numpy }), ...(keras && { keras }), ...(torch && { torch }) },
    variants: scenario =>
      variants(scenario).map(({ parameter, ...way }) => ({
        layer: null,
        ...way,
        code: parameter === undefined ? name : `${name}:${parameter}`,
      })),
    ...(fromOutput && { fromOutput: (...given) => fromOutput(...given).map(own) }),
    ...(estimate && { estimate: (...given) => estimate(...given).map(own) }),
  };
}

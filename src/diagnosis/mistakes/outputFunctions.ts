import { formatActivation } from '../../activations/index.js';
import { finishing, mapData, mistake, type Scenario } from '../mistake.js';
import { headOf } from './heads.js';

/** A function applied to each number of y: its exponential, its logarithm. */

const ELEMENTWISE: readonly { name: string; f: (v: number) => number; numpy: string; back: string }[] = [
  { name: 'exp', f: Math.exp, numpy: 'np.exp(y)', back: 'np.log(y)' },
  { name: 'expm1', f: Math.expm1, numpy: 'np.expm1(y)', back: 'np.log1p(y)' },
  { name: 'log', f: Math.log, numpy: 'np.log(y)', back: 'np.exp(y)' },
  { name: 'log1p', f: Math.log1p, numpy: 'np.log1p(y)', back: 'np.expm1(y)' },
  { name: 'square', f: v => v * v, numpy: 'y ** 2', back: 'np.sqrt(y)' },
  { name: 'abs', f: Math.abs, numpy: 'np.abs(y)', back: 'y' },
  { name: 'one-minus', f: v => 1 - v, numpy: '1 - y', back: '1 - y' },
  { name: 'clip', f: v => Math.min(1, Math.max(0, v)), numpy: 'np.clip(y, 0, 1)', back: 'y' },
];

/** An activation applied after the network's own; for networks without one, this is the mistake `activation`. */
const TWICE: typeof ELEMENTWISE = [
  { name: 'sigmoid', f: v => 1 / (1 + Math.exp(-v)), numpy: '1 / (1 + np.exp(-y))', back: 'y' },
  { name: 'tanh', f: Math.tanh, numpy: 'np.tanh(y)', back: 'y' },
];

function isSquashed(scenario: Scenario): boolean {
  const head = headOf(scenario);
  return head?.kind === 'dense' && formatActivation(head.activation) !== 'linear';
}

export const outputFunction = mistake('output-function', 'a function was applied to the output', ['alone'], {
  why: 'Your output is a function of the right y, element by element: its exponential, its logarithm, 1 − y …',
  numpy: 'y = np.log(y)                 # ← undo it, or compare before it',
  variants: scenario =>
    [...ELEMENTWISE, ...(isSquashed(scenario) ? TWICE : [])].map(({ name, f, numpy, back }) =>
      finishing(y => mapData(y, f), {
        parameter: name,
        why: `Every number of your output is ${numpy}, where y is the right one.`,
        fix:
          back === 'y'
            ? {
                numpy: `y = h @ Wo + bo              # ← no ${numpy} after it`,
                torch: `y = fc(out[:, -1])            # ← nothing after it`,
              }
            : { numpy: `y = ${back}` },
      }),
    ),
});

import { takeAlong } from '../../tensor/axes.js';
import type { Tensor } from '../../tensor/tensor.js';
import { anySteps, mistake, type Scenario, type Way } from '../mistake.js';
import { withX } from './inputs.js';

/** The steps of x in other places: one late, every one the same, every second. */

/** Step t of the result is step from(t, n) of x; zeros where x has none. */
export const withSteps = (x: Tensor, T: number, from: (t: number, n: number) => number) => takeAlong(x, 1, T, from);

/** Another number of steps, the mask left out. */
export function withLength(scenario: Scenario, x: Tensor): Scenario {
  return { ...scenario, model: anySteps(scenario), input: { ...scenario.input, x, mask: undefined } };
}

export const inputLagged = mistake('input-lagged', 'x is one step late or early', ['alone'], {
  why: 'At every step the network sees x of the step before or after: x_{t−1} instead of x_t.',
  numpy: 'for t in range(T): h = np.tanh(x[n,t] @ Wx + h @ Wh + bh)   # ← x[n,t], not x[n,t-1] or x[n,t+1]',
  variants(scenario) {
    const T = scenario.input.x.shape[1];
    if (T < 2) return [];
    const lag = (by: number, fill: string, from: (t: number) => number): Way => ({
      change: s => withX(s, withSteps(s.input.x, T, from)),
      why: `Every step sees the x of the step ${by > 0 ? 'before' : 'after'} it: step t sees x of step t ${by > 0 ? '−' : '+'} 1, and ${fill}.`,
    });
    return [
      lag(1, 'step 1 sees zeros', t => t - 1),
      lag(1, 'step 1 sees its own x', t => Math.max(0, t - 1)),
      lag(1, `step 1 sees the last x (at t = 0, x[n, t-1] is x[n, -1]; np.roll does the same)`, t => (t + T - 1) % T),
      lag(-1, `step ${T} sees zeros`, t => t + 1),
      lag(-1, `step ${T} sees its own x`, t => Math.min(T - 1, t + 1)),
      lag(-1, `step ${T} sees the first x (np.roll)`, t => (t + 1) % T),
    ];
  },
});

export const inputRepeated = mistake('input-repeated', 'every step sees the same x', ['alone'], {
  why: 'Every step of a sample sees the same x: the index of the step is missing or fixed (x[n, 0] or x[n, -1] inside the loop).',
  numpy: 'for t in range(T): h = np.tanh(x[n,t] @ Wx + h @ Wh + bh)   # ← x[n,t], with t',
  variants(scenario) {
    const T = scenario.input.x.shape[1];
    const words = [
      ['first', '0'],
      ['last', '-1'],
    ];
    return (T < 2 ? [] : [0, T - 1]).map((step, k) => ({
      change: s =>
        withX(
          s,
          withSteps(s.input.x, T, () => step),
        ),
      why: `Every step of a sample sees the x of its ${words[k][0]} step: x[n, ${words[k][1]}] inside the loop instead of x[n, t].`,
    }));
  },
});

export const inputStrided = mistake('input-strided', 'only every second or third step is run', ['alone'], {
  why: 'Only every k-th step is run: x[:, ::k], or a window that moves by more than one.',
  numpy: 'for t in range(T): h = np.tanh(x[n,t] @ Wx + h @ Wh + bh)   # ← every t; not range(0, T, 2)',
  example: { layers: 'rnn:3,dense:1', N: 2, T: 4, D: 2 },
  variants(scenario) {
    const T = scenario.input.x.shape[1];
    return [2, 3]
      .filter(k => T >= k + 1)
      .flatMap(k =>
        [0, k - 1].map(first => ({
          change: (s: Scenario) =>
            withLength(
              s,
              withSteps(s.input.x, Math.ceil((T - first) / k), t => first + t * k),
            ),
          why: `Only every ${k === 2 ? 'second' : 'third'} step is run: steps ${first + 1}, ${first + 1 + k}, … of ${T} (x[:, ${first === 0 ? '' : first}::${k}]).`,
        })),
      );
  },
});

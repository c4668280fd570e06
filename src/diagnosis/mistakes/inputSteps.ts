import { takeAlong } from '../../tensor/axes.js';
import type { Tensor } from '../../tensor/tensor.js';
import { endSteps, stepRange } from '../figures.js';
import {
  anySteps,
  finished,
  inLoops,
  listed,
  mistake,
  recurrentLayers,
  runsForward,
  type Scenario,
  type StepFault,
  type Way,
} from '../mistake.js';
import { isLastAlone } from './heads.js';
import { withX } from './inputs.js';

/** The steps of x in other places: one step late, all the same, every second one. */

/** Step t of the result is step from(t, n) of x; zeros if x has no such step. */
export const withSteps = (x: Tensor, T: number, from: (t: number, n: number) => number) => takeAlong(x, 1, T, from);

/** Replaces x by one with another number of steps; the mask is dropped. */
export function withLength(scenario: Scenario, x: Tensor): Scenario {
  return { ...scenario, model: anySteps(scenario), input: { ...scenario.input, x, mask: undefined } };
}

/** Most steps by which x is looked for in another place. */
const MOST_LAG = 3;

/** x is `by` steps late (by > 0) or early: with zeros at the end that is left, or with the steps of the other end. */
function shifted(T: number, by: number): Way[] {
  const [count, late] = [Math.abs(by), by > 0];
  const way = (words: string, from: (t: number) => number): Way => ({
    rare: true,
    rivalOf: ['starts-late', 'stops-early', 'first-step'],
    change: s => withX(s, withSteps(s.input.x, T, from)),
    why: `x is ${count} steps ${late ? 'late' : 'early'}: step t sees x of step t ${late ? '−' : '+'} ${count}, and ${late ? stepRange(1, count) : stepRange(T - count + 1, T)} see ${words}.`,
  });
  return [way('zeros', t => t - by), way(`the ${late ? 'last' : 'first'} ${count} of x (np.roll)`, t => (t - by + T) % T)];
}

export const inputLagged = mistake('input-lagged', 'x is some steps late or early', ['alone'], {
  why: 'At every step the network sees x of an earlier or a later step: x_{t−1} instead of x_t.',
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
      ...Array.from({ length: Math.min(MOST_LAG, T - 1) - 1 }, (_, k) => [...shifted(T, k + 2), ...shifted(T, -k - 2)]).flat(),
    ];
  },
});

/** Most first or last steps that are looked for as zeros. */
const MOST_ZEROS = 8;

export const inputZeroed = mistake('input-zeroed', 'the first or last steps of x are zero', ['alone'], {
  why: 'The network saw zeros in place of the first or last steps of x: they were cut off before the sequence was padded (pad_sequences with a maxlen), or a buffer was not filled.',
  numpy: 'x[n, :length] = sequence[:length]   # ← every step of the sequence; none of them stays zero',
  keras: 'x = pad_sequences(sequences, maxlen=T)   # ← T is the longest length: more is cut off in front',
  variants(scenario) {
    const { shape } = scenario.input.x;
    const T = shape[1];
    if (shape.length !== 3 || T < 2) return [];
    const counts = [...new Set([...Array.from({ length: Math.min(MOST_ZEROS, T - 1) }, (_, k) => k + 1), Math.floor(T / 2)])];
    return counts.flatMap(count =>
      (['first', 'last'] as const).map(where => ({
        rare: true,
        rivalOf: ['starts-late', 'stops-early', 'first-step', 'input-padded'],
        change: s =>
          withX(
            s,
            withSteps(s.input.x, T, t => ((where === 'first' ? t < count : t >= T - count) ? -1 : t)),
          ),
        why: `The network saw zeros in place of the ${endSteps(where, count)} of x (${where === 'first' ? stepRange(1, count) : stepRange(T - count + 1, T)} of ${T}).`,
      })),
    );
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

/** Every k-th step: usual strides, and those of a decimation. */
const STRIDES = [2, 3];
const RARE_STRIDES = [4, 5, 6, 8, 10, 12, 16, 20];
const EVERY = ['', '', 'second', 'third', 'fourth', 'fifth'];

function strided(scenario: Scenario, k: number): Way[] {
  const T = scenario.input.x.shape[1];
  const every = EVERY[k] ?? `${k}th`;
  // with the last step among them, a step that reads the h of k steps before gives the same last h
  const isEnd = isLastAlone(scenario);
  const isForward = recurrentLayers(scenario).every(runsForward);
  return [0, k - 1].map(first => {
    const run = Array.from({ length: Math.ceil((T - first) / k) }, (_, t) => first + 1 + t * k);
    const dilated =
      isEnd && run.at(-1) === T && (isForward || first === 0)
        ? `, or every step reads the h of ${k} steps before (a dilated recurrence)`
        : '';
    return {
      change: (s: Scenario) =>
        withLength(
          s,
          withSteps(s.input.x, run.length, t => first + t * k),
        ),
      why: `Only every ${every} step is run: ${run.length === 1 ? 'step' : 'steps'} ${listed(run, 4)} of ${T} (x[:, ${first === 0 ? '' : first}::${k}])${dilated}.`,
      rare: k > 3,
    };
  });
}

/** The mean of every k steps becomes one step, as with AveragePooling1D or resampling. */
const averaged = (T: number, k: number): Way => ({
  change: s => withLength(s, meansOf(s.input.x, k)),
  why: `Every ${k} steps of x are one step, their mean: x.reshape(N, ${Math.floor(T / k)}, ${k}, D).mean(axis=2)${T % k === 0 ? '' : ` of the first ${T - (T % k)} steps`}.`,
  fix: { numpy: 'for t in range(T): h = np.tanh(x[n,t] @ Wx + h @ Wh + bh)   # ← x as it is, not averaged over steps' },
  rare: true,
});

/** x [N, T, D] -> [N, T / k, D] */
function meansOf(x: Tensor, k: number): Tensor {
  const steps = Math.floor(x.shape[1] / k);
  const parts = Array.from({ length: k }, (_, i) => withSteps(x, steps, t => t * k + i).data);
  return {
    shape: [x.shape[0], steps, x.shape[2]],
    data: Float64Array.from(parts[0], (_, at) => parts.reduce((sum, p) => sum + p[at], 0) / k),
  };
}

export const inputStrided = mistake('input-strided', 'only every second or third step is run', ['alone'], {
  why: 'Only every k-th step is run: x[:, ::k], or a window that moves by more than one.',
  numpy: 'for t in range(T): h = np.tanh(x[n,t] @ Wx + h @ Wh + bh)   # ← every t; not range(0, T, 2)',
  example: { layers: 'rnn:3,dense:1', N: 2, T: 4, D: 2 },
  variants(scenario) {
    const { shape } = scenario.input.x;
    const T = shape[1];
    const strides = [...STRIDES, ...RARE_STRIDES].filter(k => T >= k + 1);
    return [...strides.flatMap(k => strided(scenario, k)), ...(shape.length === 3 ? strides.map(k => averaged(T, k)) : [])];
  },
});

/** Runs the cell's own step `times` times on the same x. */
const again =
  (times: number): StepFault =>
  (context, right) => {
    const inputs = context.gates.slice();
    right(context);
    for (let k = 1; k < times; k++) {
      context.gates.set(inputs);
      right({ ...context, state: context.next.map(s => s.slice()) });
    }
  };

const TIMES = ['', '', 'twice', 'three times'];

export const stepsRepeated = mistake('steps-repeated', 'every step is run twice', ['insideStep', 'alone'], {
  why: 'Every step is run more than once: the cell is called twice in the loop, or x is repeated along the time axis.',
  numpy: 'for t in range(T): h = np.tanh(x[n,t] @ Wx + h @ Wh + bh)   # ← once a step; x as it is, not np.repeat(x, 2, axis=1)',
  torch: 'h = cell(x[:, t], h)          # ← one call a step',
  keras: 'y = model(x)                  # ← x as it is, not np.repeat(x, 2, axis=1) and no UpSampling1D',
  example: { layers: 'rnn:3,dense:1', N: 2, T: 3, D: 2 },
  variants(scenario) {
    const layers = recurrentLayers(scenario);
    const [only] = layers;
    if (layers.length === 0) return [];
    const T = scenario.input.x.shape[1];
    const isPlain = layers.length === 1 && only.bidirectional === null && only.inputs[0] === scenario.model.input.name;
    return [2, 3].flatMap((times): Way[] => {
      const repeated = (s: Scenario) =>
        withLength(
          s,
          withSteps(s.input.x, times * T, t => Math.floor(t / times)),
        );
      const why = `Every step of x is there ${TIMES[times]}: np.repeat(x, ${times}, axis=1).`;
      const rows = (y: Tensor) => (y.shape.length === 3 && y.shape[1] === times * T ? withSteps(y, T, t => times * t + times - 1) : y);
      return [
        ...inLoops(
          layers.filter(l => l.projection === null),
          { step: again(times) },
          { why: `Every step of @ is run ${TIMES[times]} on the same x, the h of the first call handed to the next.`, rare: times > 2 },
        ),
        ...(isPlain ? [] : [{ change: (s: Scenario) => finished(repeated(s), rows), why, insideStep: false, rare: times > 2 }]),
        // recognised by its shape alone, which is another one
        ...(layers.some(l => l.returnSequences) ? [{ change: repeated, why, insideStep: false, unsearched: true }] : []),
      ];
    });
  },
});

import { takeAlong } from '../../tensor/axes.js';
import { distance } from '../../tensor/difference.js';
import { flipTime } from '../../tensor/layout.js';
import { type FloatArray, sameShape, sizeOf, type Tensor } from '../../tensor/tensor.js';
import { type Found, finished, type Hypothesis, listed, mistake, NEAR_NOISE, simulated, type Way } from '../mistake.js';
import type { Scenario } from '../scenario.js';

/** Correct numbers in wrong places: outputs, samples or steps reordered, repeated or shifted. */

export const outputsPermuted: Hypothesis = mistake('outputs-permuted', 'the outputs are in another order', ['often', 'alone'], {
  why: 'The columns of your output are the right ones in another order: the classes are numbered differently, or the columns of Wo are exchanged.',
  numpy: 'y = y[:, order]               # ← one order of classes on both sides: sorted(set(labels))',
  example: { layers: 'rnn:3,dense:3', N: 3, T: 2, D: 2 },
  variants: scenario =>
    lastWidth(scenario.model.output, scenario) > 1
      ? [simulated(null, s => finished(s, y => columns(y, k => (k + 1) % y.shape[y.shape.length - 1])))]
      : [],
  fromOutput(_scenario, { y }, other, noise): Found[] {
    const K = other.shape[other.shape.length - 1];
    if (!sameShape(y.shape, other.shape) || K < 2 || K > MOST_COLUMNS) return [];
    const order = assigned(K, (k, from) => columnDistance(y, from, other, k), noise);
    if (!order || order.every((from, k) => from === k)) return [];
    const isOnce = new Set(order).size === K;
    const shown = order.map((from, k) => `${k === 0 ? 'Your' : 'your'} y${k + 1} is the right y${from + 1}`);
    return [
      {
        y: columns(y, k => order[k]),
        chosen: 0,
        why: `${isOnce ? outputsPermuted.why : 'One column of the right output appears several times in yours.'} ${listed(shown, 6)}.`,
        fix: isOnce
          ? { numpy: `y = y[..., [${order.map((_, k) => order.indexOf(k)).join(', ')}]]   # ← back to the right order` }
          : undefined,
      },
    ];
  },
});

const MOST_COLUMNS = 256;

function lastWidth(output: string, { weights }: { weights: ReadonlyMap<string, ReadonlyMap<string, Tensor>> }): number {
  return weights.get(output)?.get('Wo')?.shape[1] ?? 1;
}

/** Column k of the result is column from(k). */
const columns = (y: Tensor, from: (k: number) => number) => takeAlong(y, y.shape.length - 1, y.shape[y.shape.length - 1], from);

export function columnDistance(a: Tensor, from: number, b: Tensor, k: number): number {
  const K = a.shape[a.shape.length - 1];
  return largestDistance(a.data, b.data, from, k, K);
}

/** The largest difference of at most `count` numbers, `stride` apart, starting at these positions. */
function largestDistance(a: FloatArray, b: FloatArray, from: number, to: number, stride: number, count = Infinity): number {
  let most = 0;
  for (let i = 0; i < count && from + i * stride < a.length && to + i * stride < b.length; i++)
    most = Math.max(most, distance(a[from + i * stride], b[to + i * stride]));
  return most;
}

/**
 * For each of `count` places the nearest source; undefined if a place has none within `NEAR_NOISE`² times the noise. Among sources that are
 * equal within the noise, its own place is preferred, then one that no other place uses.
 */
function assigned(count: number, distanceOf: (place: number, source: number) => number, noise: number): number[] | undefined {
  const order: number[] = [];
  const used = new Set<number>();
  for (let place = 0; place < count; place++) {
    const source = distanceOf(place, place) <= noise ? place : nearest(count, s => distanceOf(place, s), noise, used);
    if (source === undefined) return undefined;
    order.push(source);
    used.add(source);
  }
  return order;
}

function nearest(count: number, distanceOf: (source: number) => number, noise: number, used: ReadonlySet<number>): number | undefined {
  const distances = Float64Array.from({ length: count }, (_, source) => distanceOf(source));
  const least = distances.reduce((a, b) => Math.min(a, b), Infinity);
  if (!(least <= NEAR_NOISE * NEAR_NOISE * noise)) return undefined;
  const isAlike = (d: number) => d <= least + noise;
  const free = distances.findIndex((d, source) => isAlike(d) && !used.has(source));
  return free < 0 ? distances.findIndex(isAlike) : free;
}

export const samplesPermuted: Hypothesis = mistake('samples-permuted', 'the samples are in another order', ['alone'], {
  why: 'Every output is right but in the place of another sample: one side shuffled or sorted its samples.',
  numpy: 'y = y[np.argsort(order)]       # ← undo x = x[order]',
  keras: 'model.predict(x)               # ← not a shuffled dataset',
  torch: 'loader = DataLoader(data, shuffle=False)   # ← and pack_padded_sequence(x, lengths, enforce_sorted=False)',
  example: { layers: 'rnn:2,dense:1', N: 3, T: 2, D: 2 },
  variants: () => [{ needs: 'all', change: s => finished(s, rotate), unsearched: true }],
  fromOutput(scenario, right, other, noise): Found[] {
    const order = samplesOrder(right.y, other, noise);
    if (!order || new Set(order).size < order.length) return [];
    const why = `${samplesPermuted.why}${orderText(scenario, order)}`;
    return [
      { y: rows(right.y, order), why, chosen: 0, fix: order.length > 12 ? undefined : { ...samplesPermuted.fix, ...backInOrder(order) } },
    ];
  },
});

export const samplesRepeated: Hypothesis = mistake('samples-repeated', 'one sample’s output appears several times', ['alone'], {
  why: 'The outputs of some samples appear in the places of others: the output of one sample is written to several rows, or the same sample is read again.',
  numpy: 'for n in range(N): Y[n] = forward(x[n])   # ← both with n',
  example: { layers: 'rnn:2,dense:1', N: 3, T: 2, D: 2 },
  variants: () => [{ needs: 'all', change: s => finished(s, y => takeAlong(y, 0, y.shape[0], n => n - (n % 2))), unsearched: true }],
  fromOutput(scenario, right, other, noise): Found[] {
    const order = samplesOrder(right.y, other, noise);
    if (!order || new Set(order).size === order.length || isShift(order)) return [];
    return [{ y: rows(right.y, order), why: `${samplesRepeated.why}${orderText(scenario, order)}`, chosen: 0 }];
  },
});

/** Whether this is a shift by one with the first or last one repeated, which is `samples-shifted`. */
function isShift(order: readonly number[]): boolean {
  const N = order.length;
  return order.every((m, n) => m === Math.max(0, n - 1)) || order.every((m, n) => m === Math.min(N - 1, n + 1));
}

const MOST_SAMPLES = 2048;

function samplesOrder(right: Tensor, other: Tensor, noise: number): number[] | undefined {
  const N = right.shape[0];
  if (!sameShape(right.shape, other.shape) || N < 2 || N > MOST_SAMPLES) return undefined;
  const size = sizeOf(right.shape.slice(1));
  const order = assigned(N, (n, m) => largestDistance(right.data, other.data, m * size, n * size, 1, size), noise);
  return order?.some((m, n) => m !== n) ? order : undefined;
}

function orderText({ firstSample = 0 }: Scenario, order: readonly number[]): string {
  if (order.length > 12) return '';
  const [places, samples] = [order.map((_, n) => n), order].map(list => list.map(n => firstSample + n + 1).join(', '));
  return ` Your samples ${places} hold the right outputs of samples ${samples}.`;
}

const backInOrder = (order: readonly number[]) => ({
  numpy: `y = y[[${order.map((_, n) => order.indexOf(n)).join(', ')}]]   # ← back to the order of x; or shuffle=False`,
});

const rows = (y: Tensor, order: readonly number[]) => takeAlong(y, 0, order.length, n => order[n]);

/** Moves the last sample to the front. */
const rotate = (y: Tensor) => takeAlong(y, 0, y.shape[0], n => (n + y.shape[0] - 1) % y.shape[0]);

/** Shifts along an axis; rows without a source become zeros, or repeat the edge. */
function shifted(y: Tensor, axis: 0 | 1, by: number, fill: 'zeros' | 'edge'): Tensor {
  const count = y.shape[axis];
  return takeAlong(y, axis, count, k => (fill === 'zeros' ? k - by : Math.min(Math.max(k - by, 0), count - 1)));
}

export const samplesShifted = mistake('samples-shifted', 'the outputs are shifted by one sample', ['alone'], {
  why: 'Every output is one sample too late or too early.',
  numpy: 'for n in range(N): Y[n] = forward(x[n])   # ← both with n, not n + 1 or n − 1',
  example: { layers: 'rnn:2,dense:1', N: 3, T: 2, D: 2 },
  variants: scenario => (scenario.input.x.shape[0] < 2 ? [] : shiftVariants(0, 'sample')),
  fromOutput: (_scenario, right, other, noise) => shiftedFrom(right.y, other, 0, noise, 'sample'),
});

export const stepsShifted = mistake('steps-shifted', 'the outputs are shifted by one step', ['alone'], {
  why: 'Every output is one step too late or too early: y_t is made from h_{t−1}, the state before the step (or the other way round).',
  numpy: 'for t in range(T):\n    h = np.tanh(x[n,t] @ Wx + h @ Wh + bh)\n    Y[n,t] = h @ Wo + bo         # ← after h is new',
  example: { layers: 'rnn:2+seq,dense:1', N: 2, T: 3, D: 2 },
  variants: scenario => (scenario.input.x.shape[1] < 2 ? [] : shiftVariants(1, 'step')),
  fromOutput: (_scenario, right, other, noise) => (right.y.shape.length < 3 ? [] : shiftedFrom(right.y, other, 1, noise, 'step')),
});

/** Finds a shift whose first or last row contains something else: the sample or step before the first, or after the last. */
function shiftedFrom(right: Tensor, other: Tensor, axis: 0 | 1, noise: number, noun: string): Found[] {
  const count = right.shape[axis];
  if (!sameShape(right.shape, other.shape) || count < 3) return [];
  const size = sizeOf(right.shape.slice(axis + 1));
  return [1, -1].flatMap((by): Found[] => {
    const y = shifted(right, axis, by, 'edge');
    const free = by > 0 ? 0 : count - 1;
    const isFree = (k: number) => Math.floor(k / size) % count === free;
    const data = y.data.map((v, k) => (isFree(k) ? other.data[k] : v));
    if (data.some((v, k) => distance(v, other.data[k]) > NEAR_NOISE * NEAR_NOISE * noise)) return [];
    const [first, rest] =
      by > 0 ? ['first', `${noun} 2 is the right ${noun} 1, and so on`] : ['last', `${noun} 1 is the right ${noun} 2, and so on`];
    const why = `Every output is one ${noun} too ${by > 0 ? 'late' : 'early'}: your ${rest}. The ${first} ${noun} is none of the right ones: it is made from ${axis === 1 && by > 0 ? 'the state before the first step, or from ' : ''}an x that was not given here.`;
    const chosen = data.length / count;
    return [{ y: { shape: y.shape, data }, chosen, why }];
  });
}

function shiftVariants(axis: 0 | 1, noun: string): Way[] {
  const rank = axis === 1 ? 3 : 1;
  return [1, -1].flatMap(by =>
    (['zeros', 'edge'] as const).map(
      (fill): Way => ({
        needs: 'all',
        change: s => finished(s, y => (y.shape.length >= rank ? shifted(y, axis, by, fill) : y)),
        why: `Every output is one ${noun} too ${by > 0 ? 'late' : 'early'}: your ${noun} ${by > 0 ? 2 : 1} is the right ${noun} ${by > 0 ? 1 : 2}. The ${by > 0 ? 'first' : 'last'} ${noun} ${fill === 'zeros' ? 'is zero' : 'appears twice'}.`,
      }),
    ),
  );
}

export const outputReversed = mistake('output-reversed', 'the output sequence is in reverse order', ['alone'], {
  why: 'The rows of your output run from the last step to the first: the equations are right, the sequence is reversed in time (go_backwards returns it so, and so does [:, ::-1]).',
  numpy: 'y = y[:, ::-1]',
  keras: 'y = keras.ops.flip(y, axis=1)',
  torch: 'y = y.flip(1)',
  example: { layers: 'rnn:2+seq,dense:1', N: 2, T: 3, D: 2 },
  variants: () => [{ change: s => finished(s, y => (y.shape.length === 3 ? flipTime(y) : y)) }],
});

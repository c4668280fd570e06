import { sameShape, type Tensor } from '../../tensor/tensor.js';
import { type Found, finished, finishing, mapData, mistake, simulated } from '../mistake.js';
import { headOf } from './heads.js';

/** Integers instead of y: classes, zeros of an array that was never filled, numbers cast to integers. */

function rowsOf(y: Tensor): [number, number] {
  const K = y.shape[y.shape.length - 1];
  return [y.data.length / K, K];
}

function largestOfRow({ data }: Tensor, r: number, K: number): number {
  let best = 0;
  for (let k = 1; k < K; k++) if (data[r * K + k] > data[r * K + best]) best = k;
  return best;
}

export const outputLabels = mistake('output-labels', 'labels instead of numbers', ['alone'], {
  why: 'Your output holds the decision, not the numbers: the index of the largest output (argmax), a one-hot row, or 0 and 1 by a threshold.',
  numpy: 'y = h @ Wo + bo               # ← before argmax, round or > 0.5',
  keras: 'y = model.predict(x)           # ← before argmax(-1)',
  torch: 'y = fc(out[:, -1])            # ← before argmax(-1)',
  example: { layers: 'rnn:3,dense:3', N: 3, T: 2, D: 2 },
  variants(scenario) {
    const head = headOf(scenario);
    const K = head?.kind === 'dense' ? head.units : 1;
    const labels = (name: string, finish: (y: Tensor) => Tensor, classes: number, words: string) =>
      finishing(finish, { parameter: name, labels: classes, why: words });
    return [
      ...(K > 1
        ? [
            labels('argmax', argmax, K, `Your output is the index of the largest of the ${K} outputs of a row (argmax), not the outputs.`),
            labels(
              'one-hot',
              oneHot,
              K,
              `Your output is 1 at the largest of the ${K} outputs of a row and 0 elsewhere (one-hot), not the outputs.`,
            ),
          ]
        : []),
      labels('threshold', y => mapData(y, v => (v > 0.5 ? 1 : 0)), 2, 'Your output is 1 where the right y is above 0.5, and 0 elsewhere.'),
      labels('sign', y => mapData(y, v => (v > 0 ? 1 : 0)), 2, 'Your output is 1 where the right y is above 0, and 0 elsewhere.'),
    ];
  },
});

function argmax(y: Tensor): Tensor {
  const [R, K] = rowsOf(y);
  return { shape: [...y.shape.slice(0, -1), 1], data: Float64Array.from({ length: R }, (_, r) => largestOfRow(y, r, K)) };
}

function oneHot(y: Tensor): Tensor {
  const [R, K] = rowsOf(y);
  const data = new Float64Array(R * K);
  for (let r = 0; r < R; r++) data[r * K + largestOfRow(y, r, K)] = 1;
  return { shape: y.shape, data };
}

/** Decimals to which an output may have been rounded. */
const DECIMALS = [1, 2, 3, 4, 5];
/** A number this close to a multiple of the last decimal, in parts of that decimal, is one. */
const MULTIPLE = 0.01;

const roundedTo = (y: Tensor, decimals: number): Tensor => mapData(y, v => Math.round(v * 10 ** decimals) / 10 ** decimals);

export const outputRounded = mistake('output-rounded', 'the output is rounded to a few decimals', ['alone'], {
  why: 'Your output is the right one, rounded to a few decimals: np.round, or numbers copied from what was printed.',
  numpy: "np.save('y.npy', y)           # ← y as it is, not np.round(y, 2); or compare with --decimals 2",
  example: { layers: 'rnn:3,dense:3', N: 3, T: 2, D: 2 },
  variants: () => [simulated(null, s => finished(s, y => roundedTo(y, 2)))],
  fromOutput(_scenario, { y: right }, other): Found[] {
    const isMultiple = (v: number, d: number) => Math.abs(v * 10 ** d - Math.round(v * 10 ** d)) < MULTIPLE;
    const decimals = DECIMALS.find(d => other.data.every((v: number) => isMultiple(v, d)));
    if (decimals === undefined || !sameShape(right.shape, other.shape) || other.data.every((v: number) => isMultiple(v, 0))) return [];
    // each different number tells its place between the least and the largest one
    const [least, most] = [Math.min, Math.max].map(of => (other.data as Float64Array).reduce((a, b) => of(a, b)));
    const different = new Set(roundedTo(other, decimals).data).size;
    return [
      {
        y: roundedTo(right, decimals),
        chosen: 0,
        digits: different * Math.log10(Math.max(1, (most - least) * 10 ** decimals)),
        why: `Every number of your output is the right one, rounded to ${decimals === 1 ? '1 decimal' : `${decimals} decimals`}.`,
        fix: {
          numpy: `np.save('y.npy', y)           # ← y as it is, not np.round(y, ${decimals}); or compare with --decimals ${decimals}`,
        },
      },
    ];
  },
});

export const outputZeros = mistake('output-zeros', 'the output array was never filled', ['often', 'alone'], {
  why: 'Every number of your output is 0: the array was made (np.zeros) and never written to, or it holds integers, which cut 0.7 to 0.',
  numpy: 'Y = np.zeros((N, K))          # ← floats\nfor n in range(N): Y[n] = h @ Wo + bo',
  example: { layers: 'rnn:3,dense:2', N: 2, T: 2, D: 2 },
  variants: () => [finishing(y => mapData(y, () => 0), { labels: 10 })],
  // the last batch is smaller than the others and was skipped
  fromOutput(_scenario, { y }, other): Found[] {
    const N = other.shape[0];
    const size = other.data.length / N;
    let rows = 0;
    while (rows < N && other.data.subarray((N - 1 - rows) * size, (N - rows) * size).every((v: number) => v === 0)) rows++;
    if (!sameShape(y.shape, other.shape) || rows === 0 || rows === N) return [];
    const why = `${rows === 1 ? 'The row of the last sample is' : `The rows of the last ${rows} samples are`} zero, as the array was made; all others are right: the loop over samples or batches ends too early (range(N // B) leaves out a smaller last batch).`;
    const right = mapData(y, (v, k) => (k < (N - rows) * size ? v : 0));
    return [
      {
        y: right,
        chosen: 0,
        told: rows * size,
        why,
        fix: { numpy: 'for n in range(0, N, B): Y[n:n+B] = forward(x[n:n+B])   # ← up to N' },
      },
    ];
  },
});

export const outputIntegers = mistake('output-integers', 'the output was cut to integers', ['alone'], {
  why: 'Your output holds whole numbers: the right ones without their fraction. An integer array (np.zeros_like of integers, astype(int)) cuts what is written into it.',
  numpy: 'Y = np.zeros((N, K))          # ← float64, not dtype=int',
  example: { layers: 'rnn:3,dense:2', N: 2, T: 2, D: 2 },
  variants: () => [
    finishing(y => mapData(y, Math.trunc), { labels: 2 }),
    finishing(y => mapData(y, Math.round), {
      labels: 2,
      why: 'Your output holds whole numbers: the right ones rounded to the nearest (np.round, astype(int) after + 0.5).',
      fix: {
        numpy: 'y = h @ Wo + bo               # ← no np.round after it',
        torch: 'y = fc(out[:, -1])            # ← no torch.round after it',
      },
    }),
  ],
});

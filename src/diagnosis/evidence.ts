import type { Tensor } from '../tensor/tensor.js';
import type { Counted } from './differingValues.js';
import { smallNumber } from './figures.js';
import { untestedWeights } from './mistakes/damaged.js';
import { untestedStates } from './mistakes/stateRandom.js';
import type { OutputReading } from './outputReadings.js';

/**
 * What can be said of two outputs if no explanation fits: sentences computed from the numbers, with figures. None of them names a cause:
 * that is only done by a mistake in mistakes/, which recomputes y.
 */
export function evidenceOf({ scenario, right: { y: right }, other }: OutputReading, counted: Counted): string[] {
  return [
    ...samplesSentence(other, counted),
    ...stepsSentence(other, counted),
    ...columnsSentence(other, counted),
    ...(counted.isSteady
      ? [...fadingSentence(right, other, Number(counted.limit)), ...relationSentence(right, other), ...rangeSentence(right, other)]
      : []),
    ...untestedStates(scenario, other),
    ...untestedWeights(scenario),
  ];
}

/** Which rows of the first axis are equal, and which are not. */
function samplesSentence({ shape, data }: Tensor, { groups, limit }: Counted): string[] {
  const N = shape[0];
  const size = data.length / Math.max(1, N);
  const off = N < 2 ? undefined : groups(N, k => Math.floor(k / size));
  if (!off) return [];
  const count = off.filter(Boolean).length;
  if (count === N) return [`${N === 2 ? 'both samples' : `all ${N} samples`} differ by more than ${limit}`];
  const from = off.indexOf(true);
  if (off.slice(from).every(Boolean))
    return [
      `${from === 1 ? 'sample 1 is' : `samples 1 to ${from} are`} equal within ${limit}, all from sample ${from + 1} on differ by more`,
    ];
  return [
    `${N - count} of ${N} samples ${N - count === 1 ? 'is' : 'are'} equal within ${limit}; the first that differs by more is sample ${from + 1}`,
  ];
}

/** For a sequence [N, T, K]: the first and last step at which any sample differs. */
function stepsSentence({ shape }: Tensor, { groups, limit }: Counted): string[] {
  const [, T, K] = shape;
  const off = shape.length !== 3 || T < 2 ? undefined : groups(T, k => Math.floor(k / K) % T);
  if (!off) return [];
  const [from, to] = [off.indexOf(true), off.lastIndexOf(true)];
  if (from > 0 && to === T - 1)
    return [`up to step ${from} all samples are equal within ${limit}; step ${from + 1} is the first that differs by more`];
  if (from === 0 && to < T - 1)
    return [`from step ${to + 2} on all samples are equal within ${limit}; step ${to + 1} is the last that differs by more`];
  const equal = off.filter(v => !v).length;
  return equal > 0 ? [`${equal} of ${T} steps ${equal === 1 ? 'is' : 'are'} equal within ${limit} in all samples`] : [];
}

/** The largest difference of the first step must be this many times that of the last one, or the other way round. */
const FADED = 100;

/** For a sequence [N, T, K] whose difference is far larger, or far smaller, at its start than at its end. @param least what counts as one */
function fadingSentence({ data: right }: Tensor, { shape, data }: Tensor, least: number): string[] {
  const [N, T, K] = shape;
  if (shape.length !== 3 || T < 3) return [];
  const at = (t: number) => {
    let most = 0;
    for (let n = 0; n < N; n++)
      for (let i = (n * T + t) * K; i < (n * T + t + 1) * K; i++) most = Math.max(most, Math.abs(data[i] - right[i]));
    return most;
  };
  const [first, last] = [at(0), at(T - 1)];
  if (!(first > least && last > least)) return [];
  if (first > FADED * last)
    return [`the largest difference falls from ${smallNumber(first, 3)} at step 1 to ${smallNumber(last, 3)} at step ${T}`];
  if (last > FADED * first)
    return [`the largest difference grows from ${smallNumber(first, 3)} at step 1 to ${smallNumber(last, 3)} at step ${T}`];
  return [];
}

/** For K outputs: which are equal in every row. */
function columnsSentence({ shape }: Tensor, { groups, limit }: Counted): string[] {
  const K = shape[shape.length - 1];
  const off = K < 2 || shape.length < 2 ? undefined : groups(K, k => k % K);
  const names = off?.flatMap((v, k) => (v ? [] : [`y${k + 1}`])) ?? [];
  return names.length > 0 && names.length < K && names.length <= 8
    ? [`${names.join(', ')} ${names.length > 1 ? 'are' : 'is'} equal within ${limit} in every row, the other outputs are not`]
    : [];
}

/** The correlation over all numbers, and the correlation that one of twenty unrelated pairs reaches by chance. */
function relationSentence(right: Tensor, other: Tensor): string[] {
  const n = other.data.length;
  const r = correlation(right.data, other.data);
  if (n < 4 || r === undefined) return [];
  const chance = CHANCE[n] ?? 2 / Math.sqrt(n);
  const figure = `correlation ${r.toFixed(2)} over ${n} numbers (for unrelated numbers it is within ±${chance.toFixed(2)} in 19 of 20 cases)`;
  if (Math.abs(r) <= chance) return [`no relation of your y to the right y is visible: ${figure}`];
  return [`your y goes ${r > 0 ? 'up and down with the right y' : 'down where the right y goes up'}: ${figure}`];
}

/** Variation relative to the mean that is less than float32 precision. */
const ROUNDING = 1e-8;

/** The correlation reached by chance for few numbers, where 2/√n is not accurate enough. */
const CHANCE: Readonly<Record<number, number>> = { 4: 0.95, 5: 0.88, 6: 0.81, 7: 0.75 };

export function correlation(a: ArrayLike<number>, b: ArrayLike<number>): number | undefined {
  const n = a.length;
  let [ma, mb] = [0, 0];
  for (let k = 0; k < n; k++) {
    ma += a[k] / n;
    mb += b[k] / n;
  }
  let [ab, aa, bb] = [0, 0, 0];
  for (let k = 0; k < n; k++) {
    ab += (a[k] - ma) * (b[k] - mb);
    aa += (a[k] - ma) ** 2;
    bb += (b[k] - mb) ** 2;
  }
  // numbers that only vary by rounding are constant and correlate with nothing
  const isOne = aa <= n * (ROUNDING * ma) ** 2 || bb <= n * (ROUNDING * mb) ** 2;
  const size = Math.sqrt(aa * bb);
  return !isOne && size > 0 && Number.isFinite(size) ? ab / size : undefined;
}

/** The magnitudes on both sides, if they are very different. */
function rangeSentence(right: Tensor, other: Tensor): string[] {
  const [a, b] = [rangeOf(right), rangeOf(other)];
  if (b.spread === 0 && other.data.length > 1) return [`every number of your output is ${smallNumber(b.least, 6)}`];
  const ratio = b.spread / a.spread;
  if (!Number.isFinite(ratio)) return [];
  if (!(a.spread > 0) || (ratio > 0.5 && ratio < 2 && Math.abs(b.least - a.least) < a.spread)) return [];
  return [
    `your numbers lie between ${smallNumber(b.least)} and ${smallNumber(b.most)}, the right ones between ${smallNumber(a.least)} and ${smallNumber(a.most)}`,
  ];
}

function rangeOf({ data }: Tensor) {
  let [least, most] = [Infinity, -Infinity];
  for (const v of data) [least, most] = [Math.min(least, v), Math.max(most, v)];
  return { least, most, spread: most - least };
}

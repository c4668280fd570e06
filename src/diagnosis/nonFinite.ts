import { formatActivation } from '../activations/index.js';
import { largestMagnitude } from '../tensor/difference.js';
import type { FloatArray, Tensor } from '../tensor/tensor.js';
import type { Counted } from './differingValues.js';
import { smallNumber } from './figures.js';
import { headOf } from './mistakes/heads.js';
import type { OutputReading } from './outputReadings.js';
import { runScenario } from './run.js';
import { changeLayer, recurrentLayers, runsForward } from './scenario.js';

/** NaN and infinities on one side only: where the first is, how far they reach, and what could have produced them. */

export function isNonFinite({ right, other }: OutputReading): boolean {
  return other.data.some((v, k) => Number.isFinite(v) !== Number.isFinite(right.y.data[k]));
}

/** The longest range of samples without NaN and infinities; undefined if there is none. */
export function finiteSamples({ right, other }: OutputReading): [number, number] | undefined {
  const N = other.shape[0];
  const size = other.data.length / Math.max(1, N);
  let best: [number, number] = [0, 0];
  for (let from = 0; from < N; ) {
    let to = from;
    const isWhole = ({ data }: Tensor) => data.subarray(to * size, (to + 1) * size).every(Number.isFinite);
    while (to < N && isWhole(other) && isWhole(right.y)) to++;
    if (to - from > best[1] - best[0]) best = [from, to];
    from = to + 1;
  }
  return best[1] > best[0] ? best : undefined;
}

export function nonFiniteSentences(view: OutputReading, counted: Counted): string[] {
  const { right, other } = view;
  const places = Array.from(other.data.keys());
  const bad = places.filter(k => !Number.isFinite(other.data[k]) && Number.isFinite(right.y.data[k]));
  if (bad.length === 0) return onlyRightSentences(view);
  return [
    ...onlyRightSentences(view),
    `${countText(other.data)} of ${other.data.length} numbers; the first is ${placeOf(other, bad[0])}`,
    ...finiteSentence(view, counted),
    ...(isTooLargeForHalf(view)
      ? [`infinite is every number that is beyond ${MOST_OF_HALF} in the right y, and no other: the largest of float16`]
      : [...reachSentence(view, bad), ...overflowSentences(view, bad)]),
  ];
}

/** How many of the values that are finite on both sides differ. */
function finiteSentence({ right, other }: OutputReading, { groups, isBeyond, limit }: Counted): string[] {
  const finite = Array.from(other.data.keys()).filter(k => Number.isFinite(other.data[k]) && Number.isFinite(right.y.data[k]));
  if (finite.length === 0) return [];
  const among = new Set(finite);
  // the second group contains the values that are not finite, which differ in any case
  if (groups(2, k => (among.has(k) ? 0 : 1))?.[0] === false)
    return [`all ${finite.length} finite numbers are equal to the right ones within ${limit}`];
  const off = finite.filter(isBeyond).length;
  return off === 0 ? [] : [`${off} of the ${finite.length} finite numbers differ by more than ${limit}, too`];
}

/** The network itself gives NaN where the other output has numbers. */
function onlyRightSentences({ scenario, right, other }: OutputReading): string[] {
  const places = Array.from(other.data.keys()).filter(k => Number.isFinite(other.data[k]) && !Number.isFinite(right.y.data[k]));
  const inX = Array.from(scenario.input.x.data).filter(v => !Number.isFinite(v)).length;
  if (places.length === 0) return [];
  return [
    `the network gives NaN or infinity in ${places.length} of ${other.data.length} places where your y is finite; the first is ${placeOf(other, places[0])}`,
    ...(inX > 0
      ? [
          `x holds ${inX > 1 ? `${inX} numbers that are` : 'one number that is'} NaN or infinite: what gave your y replaced ${inX > 1 ? 'them' : 'it'} or does not pass ${inX > 1 ? 'them' : 'it'} on`,
        ]
      : []),
  ];
}

/** '3 are NaN, 1 is −Infinity' */
function countText(data: FloatArray): string {
  const count = (is: (v: number) => boolean) => Array.from(data).filter(is).length;
  const parts: [number, string][] = [
    [count(Number.isNaN), 'NaN'],
    [count(v => v === Infinity), 'Infinity'],
    [count(v => v === -Infinity), '−Infinity'],
  ];
  return parts
    .filter(([n]) => n > 0)
    .map(([n, name]) => `${n} ${n > 1 ? 'are' : 'is'} ${name}`)
    .join(', ');
}

function placeOf({ shape }: Tensor, k: number): string {
  const K = shape[shape.length - 1];
  const row = Math.floor(k / K);
  const step = shape.length === 3 ? `, step ${(row % shape[1]) + 1}` : '';
  return `at sample ${(shape.length === 3 ? Math.floor(row / shape[1]) : row) + 1}${step}, y${(k % K) + 1}`;
}

const MOST_OF_HALF = 65504;

/** Whether exactly the numbers that float16 cannot represent are infinite. */
function isTooLargeForHalf({ right, other }: OutputReading): boolean {
  const rounded = (v: number) => (Math.abs(v) < MOST_OF_HALF + 16 ? 0 : Math.sign(v) * Infinity);
  return other.data.every((v: number, k: number) => (Number.isFinite(v) ? 0 : v) === rounded(right.y.data[k]));
}

/** A NaN in h makes every output of its step and of all later steps NaN; anything else arose after h. */
function reachSentence({ scenario, other }: OutputReading, bad: readonly number[]): string[] {
  const K = other.shape[other.shape.length - 1];
  const rows = new Set(bad.map(k => Math.floor(k / K)));
  if (rows.size === other.data.length / K && bad.length === other.data.length)
    return ['no finite number remains: a NaN in a weight, in the input or in the first state would do that'];
  if (bad.length < rows.size * K)
    return [
      'other outputs of the same row are finite: a NaN in h would reach all of them, so it came after h (a column of Wo, log or division of y, an array never filled)',
    ];
  if (other.shape.length !== 3)
    return [
      'some rows are lost whole and the others are finite: the cause is in those samples (their input, a row of an array never filled)',
    ];
  const T = other.shape[1];
  // a backward direction carries a NaN to the steps before it
  if (!recurrentLayers(scenario).every(runsForward)) return [];
  const stays = [...rows].every(r => r % T === T - 1 || rows.has(r + 1));
  return [
    stays
      ? 'in each of these samples all steps from the first such number on are lost: a NaN in h does that'
      : 'later steps of the same sample are finite again: a NaN in h would stay, so h is right and those rows of the output are not (an array never filled)',
  ];
}

/** exp overflows float32 at 88.7 and float64 at 709.8: says whether any number of this network comes close. */
function overflowSentences({ scenario }: OutputReading, bad: readonly number[]): string[] {
  const head = headOf(scenario);
  const activation = head?.kind === 'dense' ? formatActivation(head.activation) : 'linear';
  const sentences: string[] = [];
  if (head && ['softmax', 'sigmoid', 'exponential', 'log_softmax'].includes(activation)) {
    const scores = runScenario(changeLayer(scenario, head.name, { activation: 'linear' }))?.y;
    if (scores) sentences.push(overflowText(`the scores before the ${activation}`, largestMagnitude(scores.data)));
  }
  const gated = recurrentLayers(scenario).some(l => l.kind !== 'rnn');
  const x = largestMagnitude(scenario.input.x.data);
  if (gated && x > 20)
    sentences.push(`x reaches ${smallNumber(x)}: 1 / (1 + np.exp(−a)) of a gate may overflow where a is below −88.7 (float32)`);
  return bad.length > 0 ? sentences : [];
}

function overflowText(what: string, largest: number): string {
  const shown = smallNumber(largest);
  if (largest > 88.7)
    return `${what} reach ${shown}: exp overflows float32 at 88.7${largest > 709.7 ? ' and float64 at 709.8' : ''}; subtract the largest score of the row first`;
  return `${what} stay within ${shown}: exp overflows float32 only at 88.7, so no overflow there`;
}

import { largestDifference, largestMagnitude } from '../../tensor/difference.js';
import type { FloatArray, Tensor } from '../../tensor/tensor.js';
import type { Found, Outcome, Scenario } from '../mistake.js';
import { changeWeights, fitTo, mapData, mistake, NEAR_NOISE, onNamed, runScenario, simulated, smallNumber } from '../mistake.js';
import { headScoresOf, type RowScores } from './headScores.js';
import { headOf } from './heads.js';

/** Dropout that is still active: the mask of each row is determined from the output. */

/** Usual rates. */
const RATES = [0.5, 0.2, 0.3, 0.1, 0.4, 0.25, 0.6, 0.15, 0.05, 0.7, 0.75, 0.8];
/** Most units for which all masks are tried. */
const MOST_UNITS = 36;
/** Most sums of half a row's units that are tabulated. */
const MOST_SUMS = 2 ** 24;
/** Most units for a single mask of all rows. */
const MOST_ESTIMATED = 48;

export const dropoutOn = mistake('dropout-on', 'dropout is still on', ['often', 'alone'], {
  why: 'Dropout before the dense layer is still on: some units of h are 0, the others are multiplied by 1 / (1 − p).',
  numpy: 'y = h @ Wo + bo               # ← no mask when y is predicted',
  keras: 'y = model(x, training=False)  # ← or model.predict(x)',
  torch: 'model.eval()                  # ← before y = model(x)',
  example: { layers: 'rnn:4,dense:3', N: 3, T: 2, D: 2 },
  variants: scenario => (headOf(scenario) ? [simulated(headOf(scenario)!.name, halfOfHead)] : []),
  estimate(scenario, right, other, _noise, each) {
    const head = headOf(scenario);
    const h = head && right.layers.get(head.name)?.inputs[0].tensor;
    const scores = headScoresOf(scenario);
    if (!head || !scores || !h || right.y.data.length !== other.data.length) return [];
    const M = scores.Wo.shape[0];
    const K = other.shape[other.shape.length - 1];
    const R = other.data.length / K;
    if (h.data.length !== R * M) return [];
    const near = NEAR_NOISE * largestMagnitude(each.data);
    const shared = oneMask(scenario, head.name, right, other, near);
    if (shared) return [shared];
    if (M > MOST_UNITS) return [];
    const rows = Math.min(R, Math.floor(MOST_SUMS / 2 ** Math.ceil(M / 2)) - RATES.length);
    const told = (r: number) => digitsOf(scores.of(other.data, r, near), scores.of(right.y.data, r, near)) - M * Math.log10(2);
    const sure = Array.from({ length: rows }, (_, r) => told(r)).reduce((a, b) => a + b, -Math.log10(RATES.length));
    // with so many units, some mask would fit anything
    if (sure < 0) return [];
    for (const rate of RATES) {
      const y = Float64Array.from(other.data);
      let [dropped, r] = [0, 0];
      for (; r < rows; r++) {
        const found = maskFor(h.data.subarray(r * M, (r + 1) * M), scores.Wo, scores.of(other.data, r, near), rate);
        if (!found) break;
        dropped += found.dropped;
        y.set(scores.y(found.sums), r * K);
      }
      // if nothing remains of h, it is not a mask
      if (r < rows || dropped === rows * M) continue;
      const where = rows < R ? `in each of the first ${rows} rows (the others were not looked at)` : 'in every row';
      const why = `Dropout before ${head.name} is still on: ${where} the units of h are either 0 or ${smallNumber(1 / (1 - rate))} times the right ones (p = ${rate}); ${dropped} of ${rows * M} are 0.`;
      return [{ layer: head.name, y: { shape: other.shape, data: y }, chosen: 0, digits: sure - 2, why }];
    }
    return [];
  },
});

/** The same mask for every row, estimated by least squares: each unit must be multiplied either by 0 or by one common factor. */
function oneMask(scenario: Scenario, head: string, right: Outcome, other: Tensor, near: number): Found | undefined {
  const M = scenario.weights.get(head)!.get('Wo')!.shape[0];
  if (M < 2 || M > MOST_ESTIMATED || other.data.length < M + 2) return undefined;
  const run = (values: readonly number[]) =>
    runScenario(
      onNamed(scenario, head, ['Wo'], t => mapData(t, (v, k) => v * values[Math.floor(k / t.shape[1])])),
      { like: right },
    )?.y;
  const fitted = fitTo(other, Array(M).fill(1), run, near);
  if (!fitted) return undefined;
  const scale = Math.max(...fitted.values);
  if (scale < 0.9) return undefined;
  const isNear = (v: number, to: number) => Math.abs(v - to) < 0.01 * scale;
  if (!fitted.values.every(v => isNear(v, 0) || isNear(v, scale))) return undefined;
  const rate = RATES.find(p => isNear(1 / (1 - p), scale));
  const values = fitted.values.map(v => (isNear(v, 0) ? 0 : rate ? 1 / (1 - rate) : scale));
  const [y, dropped] = [run(values), values.filter(v => v === 0).length];
  if (!y || dropped === 0 || dropped === M) return undefined;
  const digits = Math.log10(Math.max(1, largestDifference(right.y.data, other.data).abs / near)) * (other.data.length - M);
  const why = `${dropped} of the ${M} units that ${head} reads are 0 in every row, the others are ${smallNumber(values.find(v => v > 0)!)} times the right ones: one mask of dropout${rate ? ` (p = ${rate})` : ''} for all samples.`;
  return { layer: head, y, chosen: rate ? 0 : 1, digits: digits - M * Math.log10(2), why };
}

/** Digits of evidence in the scores of a row: for each score, those of the row's largest difference beyond the score's own rounding. */
function digitsOf({ products, near }: RowScores, right: RowScores): number {
  const worst = products.reduce((most, v, k) => Math.max(most, Math.abs(v - right.products[k])), 0);
  return near.reduce((sum, own) => sum + Math.log10(Math.max(1, worst / own)), 0);
}

/**
 * Finds the dropped units of one row h [M] by meeting in the middle: for the score known most precisely, the contribution of each subset of
 * the first half is looked up for each subset of the second half; the other scores then decide.
 */
function maskFor(h: FloatArray, { shape: [M, K], data: Wo }: Tensor, { products, near }: RowScores, rate: number) {
  const terms = Array.from({ length: M }, (_, m) => Float64Array.from({ length: K }, (_u, k) => (h[m] * Wo[m * K + k]) / (1 - rate)));
  const best = near.indexOf(near.reduce((a, b) => Math.min(a, b)));
  const half = M >> 1;
  const [first, second] = [terms.slice(0, half), terms.slice(half)].map(list => sumsOfSets(list.map(t => t[best])));
  const lookUp = searchNear(first, near[best]);
  for (let high = 0; high < second.length; high++) {
    const low = lookUp(products[best] - second[high], code => areSums(sumsOf(terms, half, code, high), products, near));
    if (low < 0) continue;
    const kept = terms.filter((_, m) => isIn(m, half, low, high)).length;
    return { sums: sumsOf(terms, half, low, high), dropped: M - kept };
  }
  return undefined;
}

/** Whether unit m is in the set with the first half `low` and the second half `high`. */
const isIn = (m: number, half: number, low: number, high: number) => ((m < half ? low >> m : high >> (m - half)) & 1) === 1;

function sumsOf(terms: readonly Float64Array[], half: number, low: number, high: number): Float64Array {
  const sums = new Float64Array(terms[0].length);
  terms.forEach((own, m) => {
    if (isIn(m, half, low, high)) for (let k = 0; k < sums.length; k++) sums[k] += own[k];
  });
  return sums;
}

function areSums(sums: Float64Array, products: Float64Array, near: Float64Array): boolean {
  return sums.every((v, k) => Math.abs(v - products[k]) <= near[k]);
}

/** The sums of all subsets of these numbers, indexed by the bits of the subset. */
function sumsOfSets(numbers: readonly number[]): Float64Array {
  const sums = new Float64Array(2 ** numbers.length);
  for (let set = 1; set < sums.length; set++) sums[set] = sums[set & (set - 1)] + numbers[31 - Math.clz32(set & -set)];
  return sums;
}

/**
 * Returns a search for the index of a number within `near` of a target for which `suits` returns true; −1 if there is none. The numbers are
 * hashed into buckets of width `near`.
 */
function searchNear(numbers: Float64Array, near: number): (target: number, suits: (place: number) => boolean) => number {
  const bits = 33 - Math.clz32(numbers.length);
  const heads = new Int32Array(2 ** bits).fill(-1);
  const next = new Int32Array(numbers.length);
  const width = Math.max(near, Number.MIN_VALUE);
  const bucket = (v: number) => Math.imul(v, 0x9e3779b1) >>> (32 - bits);
  const keyOf = (v: number) => Math.floor(v / width);
  numbers.forEach((v, place) => {
    const at = bucket(keyOf(v));
    next[place] = heads[at];
    heads[at] = place;
  });
  return (target, suits) => {
    const key = keyOf(target);
    for (let k = key - 1; k <= key + 1; k++)
      for (let place = heads[bucket(k)]; place >= 0; place = next[place])
        if (Math.abs(numbers[place] - target) <= near && suits(place)) return place;
    return -1;
  };
}

/** Drops every second unit and doubles the others, for --simulate. */
function halfOfHead(s: Scenario): Scenario {
  return changeWeights(s, headOf(s)!.name, (name, t) =>
    name === 'Wo' ? mapData(t, (v, k) => (Math.floor(k / t.shape[1]) % 2 === 0 ? 2 * v : 0)) : t,
  );
}

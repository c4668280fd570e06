import { largestDifference, largestMagnitude } from '../../tensor/difference.js';
import type { FloatArray, Tensor } from '../../tensor/tensor.js';
import type { Found, Outcome, Scenario } from '../mistake.js';
import { changeWeights, fitTo, mapData, mistake, NEAR_NOISE, onNamed, runScenario, simulated, smallNumber } from '../mistake.js';
import { headScoresOf, type RowScores } from './headScores.js';
import { headOf } from './heads.js';

/** Dropout that is still on: the mask of each row is found from the output. */

/** Rates that people use. */
const RATES = [0.5, 0.2, 0.3, 0.1, 0.4, 0.25, 0.6, 0.15, 0.05, 0.7, 0.75, 0.8];
/** All masks of more units are not tried. */
const MOST_UNITS = 16;
const MOST_MASKS = 2 ** 25;
/** Of one mask for all rows. */
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
    if (M > MOST_UNITS || R * 2 ** M > MOST_MASKS) return [];
    for (const rate of RATES) {
      const y = new Float64Array(other.data.length);
      let [dropped, r, sure] = [0, 0, -Math.log10(RATES.length)];
      for (; r < R; r++) {
        const row = scores.of(other.data, r, near);
        const found = maskFor(h.data.subarray(r * M, (r + 1) * M), scores.Wo, row, rate);
        if (!found) break;
        dropped += found.dropped;
        sure += digitsOf(row, scores.of(right.y.data, r, near)) - M * Math.log10(2);
        y.set(scores.y(found.sums), r * K);
      }
      // where nothing is left of h it is no mask
      if (r < R || dropped === R * M) continue;
      const why = `Dropout before ${head.name} is still on: in every row the units of h are either 0 or ${smallNumber(1 / (1 - rate))} times the right ones (p = ${rate}); ${dropped} of ${R * M} are 0.`;
      return [{ layer: head.name, y: { shape: other.shape, data: y }, chosen: 0, digits: sure - 2, why }];
    }
    return [];
  },
});

/** The same units of every row, found by least squares: what each unit is multiplied by is 0 or one number. */
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

/** What a row of scores proves: each as many digits as the row is off by beyond its own rounding. */
function digitsOf({ products, near }: RowScores, right: RowScores): number {
  const worst = products.reduce((most, v, k) => Math.max(most, Math.abs(v - right.products[k])), 0);
  return near.reduce((sum, own) => sum + Math.log10(Math.max(1, worst / own)), 0);
}

/** The units of one row h [M] that are dropped, found by trying every set of them, one unit changed at a time (Gray code). */
function maskFor(h: FloatArray, { shape: [M, K], data: Wo }: Tensor, { products, near }: RowScores, rate: number) {
  const terms = Array.from({ length: M }, (_, m) => Float64Array.from({ length: K }, (_u, k) => (h[m] * Wo[m * K + k]) / (1 - rate)));
  const sums = new Float64Array(K);
  const kept = new Uint8Array(M);
  for (let code = 0; ; ) {
    let k = 0;
    while (k < K && Math.abs(sums[k] - products[k]) <= near[k]) k++;
    if (k === K) return { sums, dropped: M - kept.reduce((a, b) => a + b, 0) };
    code++;
    if (code >= 2 ** M) return undefined;
    const m = 31 - Math.clz32(code & -code);
    kept[m] ^= 1;
    const sign = kept[m] ? 1 : -1;
    for (k = 0; k < K; k++) sums[k] += sign * terms[m][k];
  }
}

/** Every second unit left out, the others doubled: for --simulate. */
function halfOfHead(s: Scenario): Scenario {
  return changeWeights(s, headOf(s)!.name, (name, t) =>
    name === 'Wo' ? mapData(t, (v, k) => (Math.floor(k / t.shape[1]) % 2 === 0 ? 2 * v : 0)) : t,
  );
}

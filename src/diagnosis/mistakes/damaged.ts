import { largestDifference } from '../../tensor/difference.js';
import type { FloatArray, Tensor } from '../../tensor/tensor.js';
import type { Found, Outcome, Scenario } from '../mistake.js';
import { fitTo, mistake, NEAR_NOISE, runScenario, simulated, smallNumber, uniformNoise, workOf } from '../mistake.js';
import { changeWeights, mapData, samplesOf } from '../scenario.js';
import { differingSamples } from '../slices.js';
import { isApart, partFor } from './estimated.js';
import { headOf } from './heads.js';

/** One number, row or column of the weights is wrong: each of them is tried. */

/** Multiply-adds for all of them; layers close to y are tried first. */
const MOST_WORK = 1e8;
/** Number of weights to fit: those whose change moves y most nearly in the direction of the difference. */
const FITTED = 48;
/** Step with which that direction is measured. */
const STEP = 1e-4;
/**
 * Least squared cosine between the difference of y and the effect of a small change of the number; it is small because a large change is
 * not linear.
 */
const LEAST_ALIKE = 0.04;

/** Most other numbers to look at that move y in the same direction, and how nearly the same it is (squared cosine). */
const MOST_SAME = 3;
const SAME_WAY = 1e-6;

interface Place {
  readonly layer: string;
  readonly name: string;
  readonly t: Tensor;
}

export const weightDamaged = mistake('weight-damaged', 'one number, row or column of the weights is wrong', ['alone'], {
  why: 'One number, one row or one column of the weights is not what it should be; all others are right.',
  numpy: 'np.abs(mine - theirs).max()   # ← tensor by tensor; or rnn-cli compare A B with both weight files',
  torch: 'for k in a: print(k, (a[k] - b[k]).abs().max())   # ← a, b: the two state dicts',
  example: { layers: 'rnn:3,dense:2', N: 3, T: 2, D: 2 },
  variants(scenario) {
    const head = headOf(scenario);
    return head && scenario.weights.get(head.name)?.has('Wo')
      ? [simulated(head.name, s => changeWeights(s, head.name, (name, t) => (name === 'Wo' ? withNumber(t, 0, t.data[0] + 0.5) : t)))]
      : [];
  },
  estimate(scenario, right, other, noise) {
    if (!isApart(scenario, right, other)) return [];
    const near = NEAR_NOISE * noise;
    const part = partFor(scenario, other, Math.max(0, differingSamples(right.y, other, uniformNoise(other, noise)).first), 1);
    const own = part && runScenario(part.scenario);
    if (!part || !own) return [];
    const { places, whole } = placesWithin(part.scenario);
    let spent = 0;
    const run = (place: Place, t: Tensor, s = part.scenario, like: Outcome | undefined = own) => {
      spent += workOf(s, place.layer);
      return runScenario(putInto(s, place, t), { like })?.y;
    };
    const rows = whole.flatMap(place =>
      zeroLines(place).flatMap(({ t, words }) => {
        const y = run(place, t);
        return y && largestDifference(y.data, part.other.data).abs <= near ? [{ place, t, words, chosen: 1 }] : [];
      }),
    );
    const found = rows.length > 0 ? rows : oneNumber(places, own.y, part.other, near, run, () => spent > 3 * MOST_WORK);
    return found.flatMap(({ place, t, words, chosen }): Found[] => {
      const y = run(place, t, scenario, right);
      const why = `${words} (found from your output); all other weights are right.`;
      return y && largestDifference(y.data, other.data).abs <= NEAR_NOISE * near ? [{ layer: place.layer, y, chosen, why }] : [];
    });
  },
});

/** The places of which every number can be tried, those of which only every row can, and the names of the rest. */
function placesWithin(scenario: Scenario): { places: Place[]; whole: Place[]; left: string[] } {
  const all = placesIn(scenario);
  const countWithin = (runs: (t: Tensor) => number) => {
    let work = 0;
    const end = all.findIndex(({ layer, t }) => {
      work += workOf(scenario, layer) * runs(t);
      return work > MOST_WORK;
    });
    return end < 0 ? all.length : end;
  };
  const count = countWithin(t => t.data.length);
  const left = all.slice(count).map(({ layer, name }) => `${layer}/${name}`);
  return {
    places: all.slice(0, count),
    whole: all.slice(
      0,
      countWithin(t => t.shape[0] + (t.shape[1] ?? 0)),
    ),
    left,
  };
}

/** A note on weights that were not tried, if no other cause is known; each number is tried on one sample. */
export function untestedWeights(scenario: Scenario): string[] {
  const { left } = placesWithin(samplesOf(scenario, 0, 1));
  if (left.length === 0) return [];
  const shown = `${left.slice(0, 4).join(', ')}${left.length > 4 ? ` and ${left.length - 4} more` : ''}`;
  return [`not tested: whether one number in ${shown} is wrong (there are too many); with both weight files, rnn-cli compare A B finds it`];
}

/** All weights, from the output to the input, so that little has to be recomputed. */
function placesIn({ model, weights }: Scenario): Place[] {
  return [...model.layers].reverse().flatMap(({ name: layer }) => [...(weights.get(layer) ?? [])].map(([name, t]) => ({ layer, name, t })));
}

function putInto(s: Scenario, { layer, name }: Place, t: Tensor): Scenario {
  return changeWeights(s, layer, (other, before) => (other === name ? t : before));
}

function withNumber(t: Tensor, k: number, v: number): Tensor {
  const data = Float64Array.from(t.data);
  data[k] = v;
  return { shape: t.shape, data };
}

interface Damage {
  readonly place: Place;
  readonly t: Tensor;
  readonly words: string;
  /** number of values taken from the other output: the value, and which number it is */
  readonly chosen: number;
}

function zeroLines({ layer, name, t }: Place): { t: Tensor; words: string }[] {
  if (t.shape.length !== 2) return [];
  const [R, C] = t.shape;
  const without = (what: string, count: number, line: (k: number) => number) =>
    Array.from({ length: count }, (_, i) => ({
      t: mapData(t, (v, k) => (line(k) === i ? 0 : v)),
      words: `${what} ${i} of ${name} of ${layer} is zero`,
    }));
  return [...without('Row', R, k => Math.floor(k / C)), ...without('Column', C, k => k % C)];
}

/** The number whose fitted value explains the output; numbers that move y most nearly in its direction are tried first. */
function oneNumber(
  places: readonly Place[],
  y: Tensor,
  other: Tensor,
  near: number,
  run: (place: Place, t: Tensor) => Tensor | undefined,
  isOver: () => boolean,
): Damage[] {
  const off = Float64Array.from(other.data, (v, k) => v - y.data[k]);
  const alike = places.flatMap(place =>
    Array.from(place.t.data as ArrayLike<number>, (v, k) => {
      const moved = run(place, withNumber(place.t, k, v + STEP));
      return { place, k, v, ...(moved ? along(off, moved.data, y.data) : { alike: 0, by: 0 }) };
    }),
  );
  const best = alike
    .filter(a => a.alike > LEAST_ALIKE)
    .sort((a, b) => b.alike - a.alike)
    .slice(0, FITTED);
  /** The number of this place with the value that explains the output. */
  const fittedAt = ({ place, k, v, by }: (typeof best)[number]): (Damage & { readonly at: string }) | undefined => {
    const first = v + Math.max(-2, Math.min(2, by));
    const fitFrom = (start: number) => fitTo(other, [start], ([value]) => run(place, withNumber(place.t, k, value)), near);
    // a large change is not linear, so the fit has several starting points
    const fitted = fitFrom(first) ?? fitFrom(v + Math.sign(by)) ?? fitFrom(v + 3 * Math.sign(by));
    if (!fitted) return undefined;
    const [value] = fitted.values;
    // if twice the change gives the same y, the output does not determine the number: something else suppressed that column
    const further = run(place, withNumber(place.t, k, v + 2 * (value - v)));
    if (further && largestDifference(further.data, other.data).abs <= near) return undefined;
    const index = place.t.shape.length === 1 ? `${k}` : `${Math.floor(k / place.t.shape[1])}, ${k % place.t.shape[1]}`;
    const at = `${place.name}[${index}] is ${smallNumber(value, 5)} instead of ${smallNumber(v, 5)}`;
    return { place, t: withNumber(place.t, k, value), at, words: `One number of ${place.layer} is wrong: ${at}`, chosen: 2 };
  };
  for (const [i, candidate] of best.entries()) {
    if (isOver()) break;
    const found = fittedAt(candidate);
    if (!found) continue;
    // another number may move y in the same direction, as both biases of a softmax of two classes do
    const same = best.slice(i + 1, i + 1 + MOST_SAME).filter(b => b.alike > candidate.alike - SAME_WAY);
    const others = same.flatMap(b => fittedAt(b) ?? []).map(({ place, at }) => `, or ${place.layer} ${at}`);
    return [{ ...found, words: `${found.words}${others.join('')}` }];
  }
  return [];
}

/** How nearly a small change moves y in the direction of the difference (squared cosine), and how large a change would be needed. */
function along(off: Float64Array, moved: FloatArray, y: FloatArray): { alike: number; by: number } {
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < off.length; i++) {
    const d = (moved[i] - y[i]) / STEP;
    ab += d * off[i];
    aa += d * d;
    bb += off[i] * off[i];
  }
  return aa > 0 && bb > 0 ? { alike: (ab * ab) / (aa * bb), by: ab / aa } : { alike: 0, by: 0 };
}

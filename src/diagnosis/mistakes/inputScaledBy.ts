import { lineBack } from '../figures.js';
import { type Fix, listed, mistake, type Scenario, simulated, smallNumber } from '../mistake.js';
import { eachColumn, recurrentLayers, waysOf } from '../scenario.js';
import { estimating, LIKELY, type Unknown } from './estimated.js';
import { withX } from './inputs.js';

/** A scale and an offset of x, for all numbers or for each feature, estimated from the other output. */

type Values = readonly number[];

/** An estimated number this close to 0 or 1 counts as that. */
const SAME = 1e-4;
const rounded = (v: number) => (Math.abs(v) < SAME ? 0 : Math.abs(v - 1) < SAME ? 1 : v);

/** '0.77 · x − 0.0013', 'x + 0.2', '0.3 in place of x' */
function line(scale: number, offset: number, what: string): string {
  if (scale === 0) return `${smallNumber(offset)} in place of ${what}`;
  const factor = scale === 1 ? '' : `${smallNumber(scale)} · `;
  return `${factor}${what}${offset === 0 ? '' : ` ${offset < 0 ? '−' : '+'} ${smallNumber(Math.abs(offset))}`}`;
}

/** Digits of a repair. */
const DIGITS = 7;

/** Code that computes the right x from what the network saw. */
const backToX = (code: string): Fix => ({ numpy: `x = ${code}   # ← what the network saw, back to x` });

/** Applies scale and offset to each number of x. */
const scaledX = (s: Scenario, scale: number, offset = 0) =>
  withX(
    s,
    eachColumn(s.input.x, v => scale * v + offset),
  );

/** Number of sums that the layers reading x compute from it: that many features could imitate any bias. */
function sumsOf(scenario: Scenario): number {
  const { model, weights } = scenario;
  const readers = recurrentLayers(scenario).filter(l => l.inputs.includes(model.input.name));
  const widths = readers.flatMap(l => waysOf(l).map(way => weights.get(l.name)?.get(`${way}Wx`)?.shape[1] ?? Infinity));
  return widths.length === 0 ? Infinity : widths.reduce((a, b) => a + b);
}

/** One factor for all of x. */
const FACTOR: Unknown = {
  start: [[1.1], [0.2], [4], [-1]],
  change: (s, [f]) => scaledX(s, f),
  why: ([f]) =>
    `Your output is what the network gives for ${smallNumber(f)} · x: one factor for all of x (or for all of the first layer’s Wx).`,
  fix: ([f]) => backToX(lineBack('x', { scale: f, offset: 0 }, DIGITS)),
};

/** One factor and one offset for all of x. */
const LINE: Unknown = {
  start: [1, 0.3, 3].map(f => [f, 0]),
  change: (s, [f, o]) => scaledX(s, f, o),
  why: ([f, o]) =>
    `Your output is what the network gives for ${line(rounded(f), o, 'x')}: one ${rounded(f) === 1 ? '' : 'scale and one '}offset for all of x.`,
  fix: ([f, o]) => backToX(lineBack('x', { scale: rounded(f), offset: o }, DIGITS)),
};

const array = (values: Values) => `np.array([${values.map(v => smallNumber(v, DIGITS)).join(', ')}])`;
const scalesOf = (values: Values) => values.filter((_, k) => k % 2 === 0).map(rounded);
const offsetsOf = (values: Values) => values.filter((_, k) => k % 2 === 1).map(v => (Math.abs(v) < SAME ? 0 : v));

/** The features that are 0, if the others have one common factor and no feature has an offset: a mask of dropout, or a loss of features. */
function maskOf(values: Values): { zero: string[]; factor: number } | undefined {
  const scales = scalesOf(values);
  const kept = scales.filter(v => v !== 0);
  const [factor = 1] = kept;
  if (kept.length === scales.length || offsetsOf(values).some(o => o !== 0)) return undefined;
  if (kept.some(v => Math.abs(v / factor - 1) > SAME)) return undefined;
  return { zero: scales.flatMap((v, d) => (v === 0 ? [`x${d + 1}`] : [])), factor };
}

/** A factor and an offset for each of D features. `isBias`: whether these values could as well be another bias. */
function perFeature(D: number, isBias: (values: Values) => boolean): Unknown {
  const why = (values: Values) => {
    const [scales, offsets, mask] = [scalesOf(values), offsetsOf(values), maskOf(values)];
    if (mask) {
      const kept = mask.factor === 1 ? 'unchanged' : `${smallNumber(mask.factor)} times as large`;
      return `Your output is what the network gives if ${listed(mask.zero, 6)} ${mask.zero.length === 1 ? 'is' : 'are'} 0 and the other features are ${kept}, in every step of every sample: ${mask.factor === 1 ? 'features that were lost' : 'dropout on the features of x, with one mask for all'}.`;
    }
    const features = listed(
      scales.map((f, d) => line(f, offsets[d], `x${d + 1}`)),
      4,
    );
    return `Your output is what the network gives for ${features}: a scale and an offset for each feature of x, as a scaler fitted on other data makes them.${isBias(values) ? ' Another bias of the first layer would do the same.' : ''}`;
  };
  return {
    start: [Array.from({ length: 2 * D }, (_, k) => (k % 2 === 0 ? 1 : 0))],
    change: (s, values) =>
      withX(
        s,
        eachColumn(s.input.x, (v, d) => values[2 * d] * v + values[2 * d + 1]),
      ),
    why,
    fix(values) {
      const [scales, offsets, mask] = [scalesOf(values), offsetsOf(values), maskOf(values)];
      if (mask && mask.factor !== 1)
        return {
          keras: 'y = model(x, training=False)',
          torch: 'model.eval()',
          numpy: 'y = network(x)                # ← no mask on x when y is predicted',
        };
      // what was multiplied by 0 cannot be computed back
      if (scales.includes(0)) return { numpy: 'y = network(x)                # ← x with all its features, none of them set to 0' };
      const moved = offsets.every(o => o === 0) ? 'x' : `(x - ${array(offsets)})`;
      return backToX(scales.every(f => f === 1) ? moved : `${moved} / ${array(scales)}`);
    },
    digits: values => (isBias(values) ? LIKELY : undefined),
  };
}

export const inputScaledBy = mistake('input-scaled-by', 'x has another scale or offset', ['alone'], {
  why: 'The network saw x times a number, plus a number: another unit, or a scaler that was fitted on other data.',
  numpy: 'x = (x - offset) / scale      # ← one scaler for both sides',
  example: { layers: 'rnn:3,dense:2', N: 4, T: 3, D: 2 },
  variants: ({ input }) => (input.x.shape.length === 3 ? [simulated(null, s => scaledX(s, 1.7, 0.3))] : []),
  estimate: estimating(scenario => {
    const { shape } = scenario.input.x;
    if (shape.length !== 3) return [];
    const D = shape[2];
    const isBias = (values: Values) => D >= sumsOf(scenario) && scalesOf(values).every(f => f === 1);
    return [FACTOR, LINE, ...(D > 1 ? [perFeature(D, isBias)] : [])];
  }),
});

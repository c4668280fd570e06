import { formatActivation } from '../../activations/index.js';
import { activated } from '../../layers/activation.js';
import { largestDifference, largestMagnitude } from '../../tensor/difference.js';
import { doublesOf, type FloatArray, type Tensor } from '../../tensor/tensor.js';
import { inDigits, type Line, lineBack } from '../figures.js';
import type { Found, Noise, Outcome, Scenario } from '../mistake.js';
import { finished, listed, mapData, mistake, NEAR_NOISE, onNamed, simulated, smallNumber } from '../mistake.js';
import { eachColumn } from '../scenario.js';
import { differentNumbers, distinctValuesOf } from '../slices.js';
import { estimating } from './estimated.js';
import { directionsInEffect, headOf } from './heads.js';

/** The other output is the correct one times a number, plus a number: another unit of measurement, not another equation. */

/**
 * The line that brings `from` closest to `to`, for every `stride`-th number from `start` on, each weighted by its precision; undefined if
 * `from` does not vary.
 */
function lineThrough(from: FloatArray, to: FloatArray, noise: Noise, start = 0, stride = 1): Line | undefined {
  const weight = weights(noise);
  let [count, n, ma, mb] = [0, 0, 0, 0];
  for (let k = start; k < from.length; k += stride) {
    count++;
    n += weight[k];
    ma += (weight[k] * (from[k] - ma)) / n;
    mb += (weight[k] * (to[k] - mb)) / n;
  }
  let [ab, aa, product, square] = [0, 0, 0, 0];
  for (let k = start; k < from.length; k += stride) {
    ab += weight[k] * (from[k] - ma) * (to[k] - mb);
    aa += weight[k] * (from[k] - ma) ** 2;
    product += weight[k] * from[k] * to[k];
    square += weight[k] * from[k] ** 2;
  }
  if (count < 3 || !(aa > 0)) return undefined;
  const scale = ab / aa;
  const offset = mb - scale * ma;
  // a single number that suffices is a better explanation than two
  const isEnough = (line: Line) => {
    for (let k = start; k < from.length; k += stride)
      if (Math.abs(line.scale * from[k] + line.offset - to[k]) > NEAR_NOISE * noise.data[k]) return false;
    return true;
  };
  const shift = { scale: 1, offset: mb - ma };
  if (Math.abs(scale - 1) < 1e-2 && isEnough(shift)) return shift;
  const multiple = { scale: product / square, offset: 0 };
  if (isEnough(multiple)) return multiple;
  // an offset that is only rounding of the sums is set to 0: where the correct y is zero, it would be the only error
  return { scale, offset: Math.abs(offset) < 1e-6 * Math.abs(scale) * (Math.abs(ma) + Math.sqrt(aa / n)) ? 0 : offset };
}

const weighed = new WeakMap<Noise, Float64Array>();

/** Weights by the square of the noise, cached: a large float16 number is less precise than a small one. */
function weights(noise: Noise): Float64Array {
  const known = weighed.get(noise);
  if (known) return known;
  const most = largestMagnitude(noise.data.filter(v => v < Infinity));
  const made = doublesOf(noise.data, v => Math.max((most / v) ** 2 || 0, Number.MIN_VALUE));
  weighed.set(noise, made);
  return made;
}

/** Digits of a repair. */
const DIGITS = 6;

/** A scale near zero would explain any constant output. */
const LEAST_SCALE = 1e-6;

function lineText({ scale, offset }: Line, right: Tensor): string {
  const isShift = Math.abs(scale - 1) < 1e-5;
  const hasOffset = Math.abs(offset) > 1e-5 * Math.max(Math.abs(scale) * largestMagnitude(right.data), Number.MIN_VALUE);
  if (isShift) return `right ${offset < 0 ? '−' : '+'} ${smallNumber(Math.abs(offset))}`;
  return `${smallNumber(scale)} · right${hasOffset ? ` ${offset < 0 ? '−' : '+'} ${smallNumber(Math.abs(offset))}` : ''}`;
}

export const outputScaled = mistake('output-scaled', 'the output has another scale or offset', ['often', 'alone'], {
  why: 'Your output is the right y times a constant, plus a constant: one side is in the units of the data (inverse_transform), in percent, or divided by something.',
  numpy: 'y = (y - offset) / scale     # ← compare both sides in the same unit, before inverse_transform',
  example: { layers: 'rnn:3,dense:2', N: 3, T: 2, D: 2 },
  variants: () => [simulated(null, s => finished(s, y => mapData(y, v => 20 * v + 3)))],
  fromOutput(scenario, right, other, noise, each): Found[] {
    const line = right.y.data.length === other.data.length ? lineThrough(right.y.data, other.data, each) : undefined;
    if (!line || Math.abs(line.scale) < LEAST_SCALE) return [];
    const chosen = line.offset === 0 || Math.abs(line.scale - 1) < 1e-5 ? 1 : 2;
    return [
      {
        y: mapData(right.y, v => line.scale * v + line.offset),
        chosen,
        // no h can produce a bias that is scaled too, so every number counts then
        told: Math.min(
          Math.max(0, (hasBias(scenario) ? differentNumbers(other.data) : distinctValuesOf(right, scenario, other)) - chosen),
          linearNumbers(scenario, right, other, noise, { scale: line.scale, chosen }),
        ),
        floor: noise * Math.max(1, Math.abs(line.scale)),
        why: `Every number of your output is ${lineText(line, right.y)}: ${line.offset === 0 ? 'one scale' : Math.abs(line.scale - 1) < 1e-5 ? 'one offset' : 'one scale and one offset'} for all ${other.data.length} numbers. Another unit of measure does that (inverse_transform, percent), or a sum instead of a mean.`,
        fix: { numpy: `y = ${lineBack('y', line, DIGITS)}` },
      },
    ];
  },
});

interface Linear {
  /** factor of the largest column, by which the effect of h grows */
  readonly scale: number;
  readonly chosen: number;
}

/** How many numbers a linear function of y proves beyond its own: for each output its mean, and one for every visible direction of h. */
function linearNumbers(scenario: Scenario, right: Outcome, other: Tensor, noise: number, { scale, chosen }: Linear): number {
  const K = other.shape[other.shape.length - 1];
  const most = largestDifference(right.y.data, other.data).abs;
  const directions = directionsInEffect(scenario, right, (NEAR_NOISE * noise) / Math.abs(scale), most / Math.abs(scale));
  return Math.max(0, K * Math.min(other.data.length / K, directions + 1) - chosen);
}

function hasBias({ weights, model }: Scenario): boolean {
  return (
    weights
      .get(model.output)
      ?.get('bo')
      ?.data.some((v: number) => v !== 0) ?? false
  );
}

export const outputScaledEach = mistake('output-scaled-each', 'each output has its own scale and offset', ['alone'], {
  why: 'Each column of your output is the right column times its own constant, plus another: scaler.inverse_transform, which keeps a mean and a scale for each column.',
  numpy: 'y = (y - offset) / scale     # ← one offset and scale a column: compare before inverse_transform',
  example: { layers: 'rnn:3,dense:2', N: 3, T: 2, D: 2 },
  variants: scenario =>
    (headOf(scenario)?.kind === 'dense' ? [1] : []).map(() =>
      simulated(null, s => finished(s, y => eachColumn(y, (v, k) => (k + 2) * v + k))),
    ),
  fromOutput(scenario, right, other, noise, each): Found[] {
    const K = other.shape[other.shape.length - 1];
    if (K < 2 || right.y.data.length !== other.data.length) return [];
    const lines = Array.from({ length: K }, (_, k) => lineThrough(right.y.data, other.data, each, k, K));
    if (!lines.every((l): l is Line => l !== undefined && Math.abs(l.scale) > LEAST_SCALE)) return [];
    const most = largestMagnitude(right.y.data);
    const isEqual = ({ scale, offset }: Line) => Math.abs(scale - 1) * most + Math.abs(offset) <= NEAR_NOISE * noise;
    const said = lines.map(l => (isEqual(l) ? { scale: 1, offset: 0 } : l));
    return [
      {
        y: eachColumn(right.y, (v, k) => lines[k].scale * v + lines[k].offset),
        chosen: 2 * K,
        // a column computed from M units has at most M + 1 numbers of its own
        told: linearNumbers(scenario, right, other, noise, { scale: Math.max(...lines.map(l => Math.abs(l.scale))), chosen: 2 * K }),
        floor: noise * Math.max(1, ...lines.map(l => Math.abs(l.scale))),
        why: columnsText(said, right.y),
        fix: {
          numpy: `y = ${columnsBack(said)}   # ← compare before inverse_transform`,
        },
      },
    ];
  },
});

/** Code that undoes what was done to each column. */
function columnsBack(lines: readonly Line[]): string {
  const array = (values: readonly number[]) => `np.array([${values.map(v => inDigits(v, DIGITS)).join(', ')}])`;
  const moved = `y - ${array(lines.map(l => l.offset))}`;
  return lines.every(l => inDigits(l.scale, DIGITS) === 1) ? moved : `(${moved}) / ${array(lines.map(l => l.scale))}`;
}

/** What was done to each column; columns that are equal to the right ones are not listed. */
function columnsText(lines: readonly Line[], right: Tensor): string {
  const changed = lines.flatMap((l, k) => (l.scale === 1 && l.offset === 0 ? [] : [`y${k + 1} = ${lineText(l, right)}`]));
  const who =
    changed.length === lines.length ? 'Each output has' : changed.length === 1 ? 'One output has' : `${changed.length} outputs have`;
  const rest = changed.length === lines.length ? '' : '; the others are equal';
  return lines.every(l => Math.abs(l.scale - 1) < 1e-5)
    ? `${who} an offset of its own: ${listed(changed, 4)}${rest}. Another bias of the dense layer does that, or a mean of each column that was subtracted or added.`
    : `${who} a scale and an offset of its own: ${listed(changed, 4)}${rest}. scaler.inverse_transform does that.`;
}

export const outputNegated = mistake('output-negated', 'the output has the other sign', ['alone'], {
  why: 'Every number of your output has the wrong sign.',
  numpy: 'y = -y',
  variants: () => [{ change: s => finished(s, y => mapData(y, v => -v)) }],
});

export const hiddenScaled = mistake('hidden-scaled', 'h is scaled before the dense layer', ['alone'], {
  why: 'The dense layer reads the right h times a constant: dropout that scales by (1 − p) at test time, or by 1 / (1 − p) where nothing is dropped.',
  numpy: 'y = h @ Wo + bo              # ← h as it is; dropout does nothing at test time',
  keras: 'model(x, training=False)',
  torch: 'model.eval()',
  example: { layers: 'rnn:3,dense:2', N: 2, T: 2, D: 2 },
  // before a dense layer inside, whose y is not the output
  estimate: estimating(({ model }) =>
    model.layers
      .filter(l => l.kind === 'dense' && l.name !== model.output)
      .map(({ name }) => ({
        start: [[0.8], [2]],
        change: (now, [f]) => onNamed(now, name, ['Wo'], t => mapData(t, v => f * v)),
        why: ([f]) => `What ${name} reads is ${smallNumber(f)} times the right one${dropoutText(f)} (estimated from your output).`,
      })),
  ),
  variants: scenario => (headOf(scenario) ? [simulated(headOf(scenario)!.name, s => scaledInput(s, 0.5))] : []),
  fromOutput(scenario, right, other, noise, each): Found[] {
    const head = headOf(scenario);
    if (head?.kind !== 'dense' || right.y.data.length !== other.data.length) return [];
    const name = formatActivation(head.activation);
    const back = SCORES[name];
    if (!back) return [];
    const K = head.units;
    const bo = scenario.weights.get(head.name)?.get('bo')?.data ?? new Float64Array(K);
    const [a, b] = [back(right.y.data, K), back(other.data, K)];
    const bias = name === 'softmax' ? centred(bo) : bo;
    const weight = name === 'linear' ? weights(each) : undefined;
    let [ab, aa] = [0, 0];
    for (let i = 0; i < b.length; i++) {
      ab += (weight?.[i] ?? 1) * (a[i] - bias[i % K]) * (b[i] - bias[i % K]);
      aa += (weight?.[i] ?? 1) * (a[i] - bias[i % K]) ** 2;
    }
    const s = ab / aa;
    if (!Number.isFinite(s) || Math.abs(s) < LEAST_SCALE) return [];
    const scores = { shape: right.y.shape, data: Float64Array.from(a, (v, i) => s * (v - bias[i % K]) + bias[i % K]) };
    return [
      {
        layer: head.name,
        y: activated(head.activation, scores),
        // without a bias, a scaled output has the same numbers: a tie
        chosen: 1,
        ...(name === 'linear' && {
          told: Math.min(
            Math.max(0, distinctValuesOf(right, scenario, other) - 1),
            linearNumbers(scenario, right, other, noise, { scale: s, chosen: 1 }),
          ),
        }),
        floor: noise * Math.max(1, Math.abs(s)),
        why: `The product h·Wo of ${head.name} is ${smallNumber(s)} times the right one, the bias is right: h was multiplied by ${smallNumber(s)} before the dense layer${dropoutText(s)}.`,
      },
    ];
  },
});

/** Inverts the activation: y -> scores; for a softmax, up to a constant in each row. */
const SCORES: Readonly<Record<string, (y: FloatArray, K: number) => Float64Array>> = {
  linear: y => Float64Array.from(y),
  sigmoid: y => Float64Array.from(y, v => Math.log(v / (1 - v))),
  tanh: y => Float64Array.from(y, Math.atanh),
  softmax: centredRows,
};

/** Logarithms of probabilities [R, K] minus the mean of their row: the scores up to a constant. */
export function centredRows(y: FloatArray, K: number): Float64Array {
  const out = Float64Array.from(y, Math.log);
  for (let r = 0; r < out.length; r += K) out.set(centred(out.subarray(r, r + K)), r);
  return out;
}

function centred(row: FloatArray): Float64Array {
  const values = Float64Array.from(row);
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return values.map(v => v - mean);
}

/** Names the dropout rate that gives this scale, if it is a usual one. */
function dropoutText(s: number): string {
  const p = s < 1 ? 1 - s : 1 - 1 / s;
  const isRate = s > 0 && p > 0.04 && p < 0.91 && Math.abs(p * 20 - Math.round(p * 20)) < 1e-3;
  return isRate
    ? `, as dropout with p = ${smallNumber(p)} does ${s < 1 ? 'where it scales at test time' : 'where its scale stays and nothing is dropped'}`
    : '';
}

/** Scales the dense layer's input by s, by scaling its weights. */
function scaledInput(scenario: Scenario, s: number): Scenario {
  return onNamed(scenario, headOf(scenario)!.name, ['Wo'], t => mapData(t, v => s * v));
}

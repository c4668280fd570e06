import { RnnError } from '../errors.js';
import { formatShape, sizeOf } from '../tensor/tensor.js';
import { choice, floatOf, floatsOf, intOf, intsOf, textOf } from './attributes.js';
import { type Call, integers, need, type Operators, plain } from './operator.js';
import { claim, pass } from './room.js';
import { allocateShape, axisOf, type GraphValue, shapeError } from './value.js';

/** Resize, one axis after the other: each output element is a weighted sum of a few input elements. */
export const RESIZE: Operators = {
  Resize: plain(resize, [
    'mode',
    'coordinate_transformation_mode',
    'nearest_mode',
    'cubic_coeff_a',
    'exclude_outside',
    'antialias',
    'axes',
    'keep_aspect_ratio_policy',
  ]),
  Upsample: plain(resize, ['mode', 'scales']),
};

/** Returns the position in the input of output element `at`, when n elements become m. */
type Place = (at: number, scale: number, n: number, m: number) => number;

const PLACES: Readonly<Record<string, Place>> = {
  half_pixel: (at, scale) => (at + 0.5) / scale - 0.5,
  half_pixel_symmetric: (at, scale, n, m) => (n / 2) * (1 - m / (scale * n)) + (at + 0.5) / scale - 0.5,
  pytorch_half_pixel: (at, scale, _, m) => (m > 1 ? (at + 0.5) / scale - 0.5 : 0),
  align_corners: (at, _, n, m) => (m === 1 ? 0 : (at * (n - 1)) / (m - 1)),
  asymmetric: (at, scale) => at / scale,
};

const NEAREST: Readonly<Record<string, (v: number) => number>> = {
  round_prefer_floor: v => Math.ceil(v - 0.5),
  round_prefer_ceil: v => Math.floor(v + 0.5),
  floor: Math.floor,
  ceil: Math.ceil,
};

type Weighed = readonly (readonly [at: number, weight: number])[];

function resize(call: Call): GraphValue {
  for (const name of ['antialias', 'exclude_outside']) if ((intOf(call.node, name) ?? 0) !== 0) choice(call.node, name, '1', { 0: 0 });
  choice(call.node, 'keep_aspect_ratio_policy', textOf(call.node, 'keep_aspect_ratio_policy') ?? 'stretch', { stretch: 0 });
  const old = call.opset < 11;
  const place = choice(
    call.node,
    'coordinate_transformation_mode',
    textOf(call.node, 'coordinate_transformation_mode') ?? (old ? 'asymmetric' : 'half_pixel'),
    PLACES,
  );
  const weigh = weighing(call, old);
  const aligned = place === PLACES.align_corners;
  let x = need(call, 0);
  sizesOf(call, x, old).forEach(({ size, scale }, axis) => {
    const n = x.shape[axis];
    if (size === n && scale === 1) return;
    if (aligned && Math.abs(n * scale - size) > 1e-4 * size) {
      const message = `${call.node.opType} with align_corners has a scale that does not give a whole number of positions`;
      throw new RnnError('unsupported', 'E_ONNX_ATTRIBUTE', message, {
        expected: "a whole number of positions: for others, ONNX's reference and ONNX Runtime differ",
        found: `${n} · ${scale} = ${n * scale}`,
        fix: 'export the model with sizes instead of scales',
      });
    }
    // memory for the positions and weights below
    claim(256 * size);
    x = alongAxis(
      call,
      x,
      axis,
      Array.from({ length: size }, (_, at) => inside(weigh(place(at, scale, n, size)), n)),
    );
  });
  return x;
}

function weighing(call: Call, old: boolean): (at: number) => Weighed {
  const mode = choice(call.node, 'mode', textOf(call.node, 'mode') ?? 'nearest', { nearest: 'nearest', linear: 'linear', cubic: 'cubic' });
  const nearest = choice(call.node, 'nearest_mode', textOf(call.node, 'nearest_mode') ?? (old ? 'floor' : 'round_prefer_floor'), NEAREST);
  const a = floatOf(call.node, 'cubic_coeff_a') ?? -0.75;
  if (mode === 'nearest') return at => [[nearest(at), 1]];
  return at => {
    const low = Math.floor(at);
    const rest = at - low;
    if (mode === 'linear')
      return rest === 0
        ? [[low, 1]]
        : [
            [low, 1 - rest],
            [low + 1, rest],
          ];
    return [-1, 0, 1, 2].map(k => [low + k, cubic(Math.abs(rest - k), a)] as const);
  };
}

/** Keys' cubic convolution. */
export function cubic(d: number, a: number): number {
  return d <= 1 ? ((a + 2) * d - (a + 3)) * d * d + 1 : ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
}

/** Replaces positions beyond the edge by the edge. */
function inside(weights: Weighed, n: number): Weighed {
  return weights.map(([at, weight]) => [Math.min(Math.max(at, 0), n - 1), weight]);
}

/** Returns size and scale of each axis, from `sizes` or `scales` (in Upsample and opset 10, scales are the second input or an attribute). */
function sizesOf(call: Call, x: GraphValue, old: boolean): { size: number; scale: number }[] {
  const scales = old ? (floatsOf(call.node, 'scales') ?? integers(need(call, 1))) : filled(call.inputs[2]);
  const sizes = old ? undefined : filled(call.inputs[3]);
  const rank = x.shape.length;
  const axes = intsOf(call.node, 'axes')?.map(axis => axisOf(axis, rank)) ?? x.shape.map((_, i) => i);
  if ((sizes ?? scales)?.length !== axes.length)
    throw shapeError(
      'expected one size, or one scale, for each axis',
      formatShape((sizes ?? scales ?? []) as number[]),
      `${axes.length} numbers`,
    );
  const negative = scales?.find(scale => !(scale > 0));
  if (negative !== undefined && !sizes) throw shapeError('a scale is not above 0', String(negative), 'scales above 0');
  return x.shape.map((n, axis) => {
    const i = axes.indexOf(axis);
    if (i < 0) return { size: n, scale: 1 };
    return sizes ? { size: sizes[i], scale: sizes[i] / n } : { size: Math.floor(n * scales![i]), scale: scales![i] };
  });
}

function filled(value: GraphValue | undefined): number[] | undefined {
  return value && value.data.length > 0 ? integers(value) : undefined;
}

function alongAxis(call: Call, x: GraphValue, axis: number, rows: readonly Weighed[]): GraphValue {
  const shape = x.shape.map((n, i) => (i === axis ? rows.length : n));
  const data = allocateShape(shape, x.kind, call.kernels.precision);
  const [outer, width, n] = [sizeOf(shape.slice(0, axis)), sizeOf(shape.slice(axis + 1)), x.shape[axis]];
  for (let o = 0; o < outer; o++)
    rows.forEach((weights, i) => {
      for (let k = 0; k < width; k++) {
        let sum = 0;
        pass(weights.length);
        for (const [at, weight] of weights) sum += weight * x.data[(o * n + at) * width + k];
        data[(o * rows.length + i) * width + k] = sum;
      }
    });
  return { ...x, shape, data };
}

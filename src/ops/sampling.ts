import { halfToEven } from '../numerics/halfToEven.js';
import { formatShape, sizeOf } from '../tensor/tensor.js';
import { choice, floatOf, intOf, intsOf, textOf } from './attributes.js';
import { type Call, integers, need, type Operators, plain } from './operator.js';
import { cubic } from './resize.js';
import { claim, pass } from './room.js';
import { allocateShape, type GraphValue, shapeError, stridesOf } from './value.js';

/** Operators that sample x [N, C, …S] at computed positions, interpolating between its elements. */
export const SAMPLING: Operators = {
  GridSample: plain(gridSample, ['mode', 'padding_mode', 'align_corners']),
  AffineGrid: plain(affineGrid, ['align_corners']),
  RoiAlign: plain(roiAlign, ['mode', 'coordinate_transformation_mode', 'output_height', 'output_width', 'sampling_ratio', 'spatial_scale']),
  MaxRoiPool: plain(maxRoiPool, ['pooled_shape', 'spatial_scale']),
};

/** Positions on an axis with their weights; −1 is padding. */
type Weighed = readonly (readonly [at: number, weight: number])[];

/** For each mode, the elements around a position, with weights; those beyond the edge are handled later. */
const MODES: Readonly<Record<string, (at: number) => Weighed>> = {
  nearest: at => [[at, 1]],
  linear: at => [0, 1].map(k => [Math.floor(at) + k, 1 - Math.abs(at - Math.floor(at) - k)]),
  cubic: at => [-1, 0, 1, 2].map(k => [Math.floor(at) + k, cubic(Math.abs(at - Math.floor(at) - k), -0.75)]),
};

const OLD_NAMES: Readonly<Record<string, string>> = { bilinear: 'linear', bicubic: 'cubic' };

const PADDINGS: Readonly<Record<string, (at: number, size: number, corners: boolean) => number>> = {
  zeros: at => at,
  border: (at, size) => Math.min(Math.max(at, 0), size - 1),
  reflection: (at, size, corners) => (corners ? mirrored(at, 0, size - 1) : mirrored(at, -0.5, size - 0.5)),
};

function mirrored(at: number, low: number, high: number): number {
  const range = high - low;
  if (range <= 0) return low;
  const far = Math.abs(at - low) % (2 * range);
  return at >= low && at <= high ? at : low + (far <= range ? far : 2 * range - far);
}

/** Samples x [N, C, …S] at the positions of a grid [N, …O, number of spatial axes], from −1 to 1, the last axis first -> [N, C, …O]. */
function gridSample(call: Call): GraphValue {
  const [x, grid] = [need(call, 0), need(call, 1)];
  const [N, C, ...space] = x.shape;
  const rank = space.length;
  if (grid.shape.length !== rank + 2 || grid.shape[0] !== N || grid.shape[rank + 1] !== rank)
    throw shapeError('the grid does not match the input', `${formatShape(grid.shape)} for ${formatShape(x.shape)}`, `[${N}, …, ${rank}]`);
  const asked = textOf(call.node, 'mode') ?? 'linear';
  const mode = OLD_NAMES[asked] ?? asked;
  const around = choice(call.node, 'mode', mode, MODES);
  const padding = choice(call.node, 'padding_mode', textOf(call.node, 'padding_mode') ?? 'zeros', PADDINGS);
  const corners = intOf(call.node, 'align_corners') === 1;
  const rounded = call.kernels.precision === 'f32' ? Math.fround : (v: number) => v;
  const strides = stridesOf(space);
  const out = grid.shape.slice(1, -1);
  const [count, input] = [sizeOf(out), sizeOf(space)];
  const data = allocateShape([N, C, ...out], x.kind, call.kernels.precision);
  for (let n = 0; n < N; n++)
    for (let o = 0; o < count; o++) {
      pass(200 + C * 4 ** rank);
      let places: Weighed = [[0, 1]];
      space.forEach((size, axis) => {
        const v = grid.data[(n * count + o) * rank + rank - 1 - axis];
        const exact = rounded(corners ? ((v + 1) / 2) * (size - 1) : ((v + 1) * size - 1) / 2);
        // cubic: PyTorch and ONNX Runtime apply the padding to each element separately
        const place = mode === 'cubic' ? exact : padding(mode === 'nearest' ? halfToEven(exact) : exact, size, corners);
        places = around(place).flatMap(([at, weight]) => {
          const inside = Math.trunc(padding(at, size, corners));
          const there = inside >= 0 && inside < size;
          return there ? places.map(([from, share]) => [from + inside * strides[axis], share * weight] as const) : [];
        });
      });
      for (let c = 0; c < C; c++) {
        const start = (n * C + c) * input;
        let sum = 0;
        for (const [at, weight] of places) sum += weight * x.data[start + at];
        data[(n * C + c) * count + o] = sum;
      }
    }
  return { kind: x.kind, type: x.type, shape: [N, C, ...out], data };
}

/** Applies theta [N, r, r + 1] to the positions of an image of size [N, C, …S] -> a grid [N, …S, r]. */
function affineGrid(call: Call): GraphValue {
  const theta = need(call, 0);
  const [N, , ...space] = integers(need(call, 1));
  const r = space.length;
  if (theta.shape.length !== 3 || theta.shape[0] !== N || theta.shape[1] !== r || theta.shape[2] !== r + 1)
    throw shapeError('theta does not match the requested size', formatShape(theta.shape), formatShape([N, r, r + 1]));
  const corners = intOf(call.node, 'align_corners') === 1;
  const shape = [N, ...space, r];
  const data = allocateShape(shape, 'float', call.kernels.precision);
  const strides = stridesOf(space);
  const count = sizeOf(space);
  for (let k = 0; k < N * count; k++) {
    pass(512);
    const n = Math.floor(k / count);
    const at = space.map((size, axis) => {
      const i = Math.floor((k % count) / strides[axis]) % size;
      return corners ? (size === 1 ? 0 : (2 * i) / (size - 1) - 1) : (2 * i + 1) / size - 1;
    });
    const place = [...at.reverse(), 1];
    for (let row = 0; row < r; row++) data[k * r + row] = place.reduce((sum, v, i) => sum + theta.data[(n * r + row) * (r + 1) + i] * v, 0);
  }
  return { kind: 'float', shape, data };
}

/** Checks the sample index of a region. @throws RnnError E_ONNX_SHAPE */
function sampleOf(n: number, N: number): number {
  if (Number.isInteger(n) && n >= 0 && n < N) return n;
  throw shapeError('a region belongs to a sample that does not exist', String(n), `0 to ${N - 1}`);
}

/** x [N, C, H, W], regions [R, 4], their sample indices [R] -> [R, C, height, width]: mean or maximum of interpolated positions in each bin. */
function roiAlign(call: Call): GraphValue {
  const [x, rois, samples] = [0, 1, 2].map(i => need(call, i));
  const [N, C, H, W] = x.shape;
  const R = samples.data.length;
  if (x.shape.length !== 4 || formatShape(rois.shape) !== formatShape([R, 4]))
    throw shapeError('rois has the wrong shape', formatShape(rois.shape), formatShape([R, 4]));
  const largest = choice(call.node, 'mode', textOf(call.node, 'mode') ?? 'avg', { avg: false, max: true });
  const half = choice(
    call.node,
    'coordinate_transformation_mode',
    textOf(call.node, 'coordinate_transformation_mode') ?? (call.opset < 16 ? 'output_half_pixel' : 'half_pixel'),
    { half_pixel: true, output_half_pixel: false },
  );
  const scale = floatOf(call.node, 'spatial_scale') ?? 1;
  const out = [intOf(call.node, 'output_height') ?? 1, intOf(call.node, 'output_width') ?? 1];
  const sampling = intOf(call.node, 'sampling_ratio') ?? 0;
  const shape = [R, C, ...out];
  const data = allocateShape(shape, 'float', call.kernels.precision);
  for (let r = 0; r < R; r++) {
    const [x1, y1, x2, y2] = rois.data.subarray(4 * r, 4 * r + 4).map(v => v * scale - (half ? 0.5 : 0));
    const size = [y2 - y1, x2 - x1].map(v => (half ? v : Math.max(v, 1)));
    const bins = size.map((v, i) => v / out[i]);
    const grid = size.map((v, i) => (sampling > 0 ? sampling : Math.ceil(v / out[i])));
    const from = sampleOf(samples.data[r], N) * C;
    claim(256 * (out[0] * grid[0] + out[1] * grid[1]));
    // positions on each axis of the image, with their weights, for every bin
    const [rows, columns] = [H, W].map((n, axis) =>
      Array.from({ length: out[axis] }, (_, p) =>
        Array.from({ length: grid[axis] }, (_, i) =>
          between((axis === 0 ? y1 : x1) + p * bins[axis] + ((i + 0.5) * bins[axis]) / grid[axis], n),
        ),
      ),
    );
    for (let c = 0; c < C; c++)
      for (let p = 0; p < out[0]; p++)
        for (let q = 0; q < out[1]; q++) {
          let [sum, most] = [0, Number.NEGATIVE_INFINITY];
          for (const row of rows[p])
            for (const column of columns[q]) {
              pass(200);
              const corners = row.flatMap(([i, a]) => column.map(([j, b]) => a * b * x.data[((from + c) * H + i) * W + j]));
              sum += corners.reduce((a, b) => a + b, 0);
              most = Math.max(most, ...(corners.length > 0 ? corners : [0]));
            }
          data[((r * C + c) * out[0] + p) * out[1] + q] = largest
            ? Number.isFinite(most)
              ? most
              : 0
            : sum / Math.max(1, grid[0] * grid[1]);
        }
  }
  return { kind: 'float', shape, data };
}

/** Returns the two elements next to a position; none if it is outside the image. */
function between(place: number, n: number): Weighed {
  if (place < -1 || place > n) return [];
  const at = Math.max(place, 0);
  const low = Math.floor(at);
  if (low >= n - 1)
    return [
      [n - 1, 1],
      [n - 1, 0],
    ];
  return [
    [low, 1 - (at - low)],
    [low + 1, at - low],
  ];
}

/** x [N, C, H, W], regions [R, 5] of sample, left, top, right, bottom -> [R, C, …pooled_shape] */
function maxRoiPool(call: Call): GraphValue {
  const [x, rois] = [need(call, 0), need(call, 1)];
  const [N, C, H, W] = x.shape;
  const [R] = rois.shape;
  const out = intsOf(call.node, 'pooled_shape') ?? [];
  if (x.shape.length !== 4 || formatShape(rois.shape) !== formatShape([R, 5]) || out.length !== 2)
    throw shapeError('rois has the wrong shape', formatShape(rois.shape), formatShape([R, 5]));
  const scale = floatOf(call.node, 'spatial_scale') ?? 1;
  const data = allocateShape([R, C, ...out], 'float', call.kernels.precision);
  for (let r = 0; r < R; r++) {
    const [n, left, top, right, bottom] = Array.from(rois.data.subarray(5 * r, 5 * r + 5), (v, i) => (i === 0 ? v : Math.round(v * scale)));
    const from = sampleOf(n, N) * C;
    const bounds = (first: number, last: number, parts: number, p: number, most: number) => {
      const bin = Math.max(last - first + 1, 1) / parts;
      const clamp = (v: number) => Math.min(Math.max(v + first, 0), most);
      return [clamp(Math.floor(p * bin)), clamp(Math.ceil((p + 1) * bin))];
    };
    for (let c = 0; c < C; c++)
      for (let p = 0; p < out[0]; p++)
        for (let q = 0; q < out[1]; q++) {
          const [y1, y2] = bounds(top, bottom, out[0], p, H);
          const [x1, x2] = bounds(left, right, out[1], q, W);
          let most = y2 > y1 && x2 > x1 ? Number.NEGATIVE_INFINITY : 0;
          pass(1 + (y2 - y1) * (x2 - x1));
          for (let i = y1; i < y2; i++) for (let j = x1; j < x2; j++) most = Math.max(most, x.data[((from + c) * H + i) * W + j]);
          data[((r * C + c) * out[0] + p) * out[1] + q] = most;
        }
  }
  return { kind: 'float', shape: [R, C, ...out], data };
}

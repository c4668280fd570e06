import { RnnError } from '../errors.js';
import { formatShape, sizeOf } from '../tensor/tensor.js';
import { raised } from './arithmetic.js';
import { intOf, intsOf, textOf } from './attributes.js';
import { type Call, need, type Operators, plain } from './operator.js';
import { claim, pass } from './room.js';
import { allocateShape, type GraphValue, shapeError, stridesOf } from './value.js';

/** Operators with windows that slide over spatial axes: x [N, C, …S], as in ONNX. */

export const WINDOW = ['auto_pad', 'dilations', 'kernel_shape', 'pads', 'strides'];

export const WINDOWS: Operators = {
  Conv: plain(convolution, [...WINDOW, 'group']),
  MaxPool: { attributes: [...WINDOW, 'ceil_mode', 'storage_order'], run: maxPool },
  AveragePool: plain(averagePool, [...WINDOW, 'ceil_mode', 'count_include_pad']),
  LpPool: plain(normOfWindows, [...WINDOW, 'ceil_mode', 'p']),
  GlobalLpPool: plain(normOfAll, ['p']),
  GlobalMaxPool: plain(call => everywhere(call, values => values.reduce((a, b) => Math.max(a, b), -Infinity))),
  GlobalAveragePool: plain(call => everywhere(call, values => values.reduce((a, b) => a + b, 0) / values.length)),
};

function normOfWindows(call: Call): GraphValue {
  const sumOf = (x: ArrayLike<number>, start: number, from: Int32Array) =>
    from.reduce((sum, k) => (k < 0 ? sum : sum + power(call, x[start + k])), 0);
  return pooled(call, (x, start, from) => norm(call, sumOf(x, start, from)));
}

function normOfAll(call: Call): GraphValue {
  const sumOf = (values: Float64Array) => values.reduce((sum, v) => sum + power(call, v), 0);
  return everywhere(call, values => norm(call, sumOf(values)));
}

/** The geometry of a window along one spatial axis. */
export interface Axis {
  readonly size: number;
  readonly window: number;
  readonly stride: number;
  readonly dilation: number;
  /** padding before the axis, and after it */
  readonly before: number;
  readonly after: number;
  readonly out: number;
}

/** Checks that a bias has one number per filter. @throws RnnError E_ONNX_SHAPE */
export function checkBias(bias: GraphValue | undefined, filters: number): void {
  if (bias && bias.data.length !== filters)
    throw shapeError('the bias does not match the kernel', formatShape(bias.shape), formatShape([filters]));
}

/** A convolution's kernel_shape is that of its weights. @throws RnnError E_ONNX_SHAPE */
export function checkKernel(node: Call['node'], window: readonly number[]): void {
  const said = intsOf(node, 'kernel_shape') ?? window;
  if (said.join() !== window.join())
    throw shapeError('kernel_shape is not the shape of the weights', formatShape(said), formatShape(window));
}

export function windowAxes({ node }: Pick<Call, 'node'>, space: readonly number[], window: readonly number[]): Axis[] {
  const ones = space.map(() => 1);
  const strides = intsOf(node, 'strides') ?? ones;
  const dilations = intsOf(node, 'dilations') ?? ones;
  const pads = intsOf(node, 'pads') ?? space.flatMap(() => [0, 0]);
  const auto = textOf(node, 'auto_pad') ?? 'NOTSET';
  if ([strides, dilations, window].some(list => list.length !== space.length || list.some(n => n < 1)) || pads.length !== 2 * space.length)
    throw shapeError(
      'strides, dilations, pads or kernel_shape do not match the axes of the input',
      formatShape(space),
      `${space.length} numbers each`,
    );
  checkKernel(node, window);
  const ceil = intOf(node, 'ceil_mode') === 1;
  return space.map((size, i): Axis => {
    const span = dilations[i] * (window[i] - 1) + 1;
    const shared = { size, window: window[i], stride: strides[i], dilation: dilations[i] };
    if (auto === 'SAME_UPPER' || auto === 'SAME_LOWER') {
      const out = Math.ceil(size / strides[i]);
      const total = Math.max(0, (out - 1) * strides[i] + span - size);
      const before = auto === 'SAME_UPPER' ? Math.floor(total / 2) : Math.ceil(total / 2);
      return { ...shared, out, before, after: total - before };
    }
    const [before, after] = auto === 'VALID' ? [0, 0] : [pads[i], pads[i + space.length]];
    const room = size + before + after - span;
    if (room < 0)
      throw shapeError(`the window of ${span} is larger than the input`, formatShape(space), `at least ${span} with its padding`);
    let out = (ceil ? Math.ceil(room / strides[i]) : Math.floor(room / strides[i])) + 1;
    // with ceil_mode, a window must not start in the padding at the end
    if (ceil && (out - 1) * strides[i] >= size + before) out--;
    return { ...shared, out, before, after };
  });
}

/** Calls `visit` for every output position, with its index and the input positions of its window (−1: padding, −2: beyond the padding). */
export function slide(axes: readonly Axis[], visit: (out: number, inputs: Int32Array) => void): void {
  const count = axes.reduce((n, a) => n * a.window, 1);
  const strides = stridesOf(axes.map(a => a.size));
  claim(4 * count);
  const places = new Int32Array(count);
  const total = axes.reduce((n, a) => n * a.out, 1);
  for (let out = 0; out < total; out++) {
    pass(16 * count);
    const at: number[] = [];
    for (let i = axes.length - 1, rest = out; i >= 0; i--) {
      at[i] = rest % axes[i].out;
      rest = Math.floor(rest / axes[i].out);
    }
    for (let k = 0; k < count; k++) {
      let place = 0;
      for (let i = axes.length - 1, rest = k; i >= 0; i--) {
        const x = at[i] * axes[i].stride - axes[i].before + (rest % axes[i].window) * axes[i].dilation;
        rest = Math.floor(rest / axes[i].window);
        if (x >= axes[i].size + axes[i].after) place = -2;
        else if (place !== -2) place = place < 0 || x < 0 || x >= axes[i].size ? -1 : place + x * strides[i];
      }
      places[k] = place;
    }
    visit(out, places);
  }
}

/** Conv: W [F, C/groups, …k], b [F]. Every window becomes a row that is multiplied by the kernel of its group. */
function convolution(call: Call): GraphValue {
  const [x, W, b] = [need(call, 0), need(call, 1), call.inputs[2]];
  const groups = intOf(call.node, 'group') ?? 1;
  const [N, C, ...space] = x.shape;
  const [F, own, ...window] = W.shape;
  if (x.shape.length !== W.shape.length || space.length === 0 || groups < 1 || own * groups !== C || F % groups !== 0)
    throw shapeError(
      'the kernel does not match the channels or axes of the input',
      `${formatShape(W.shape)} on ${formatShape(x.shape)}`,
      `[F, ${C}/groups, …]`,
    );
  checkBias(b, F);
  const axes = windowAxes(call, space, window);
  const [places, outs] = [sizeOf(window), axes.reduce((n, a) => n * a.out, 1)];
  const data = allocateShape([N, F, ...axes.map(a => a.out)], 'float', call.kernels.precision);
  const input = sizeOf(space);
  const D = own * places;
  claim(4 * outs * places);
  const rows = call.kernels.allocate(outs * D);
  const from = new Int32Array(outs * places);
  slide(axes, (out, inputs) => from.set(inputs, out * places));
  const perGroup = F / groups;
  for (let g = 0; g < groups; g++) {
    const kernel = transposed(W.data.subarray(g * perGroup * D, (g + 1) * perGroup * D), perGroup, D, call);
    const bias = b && { shape: [perGroup], data: b.data.subarray(g * perGroup, (g + 1) * perGroup) };
    for (let n = 0; n < N; n++) {
      const start = (n * C + g * own) * input;
      for (let i = 0; i < from.length; i++) {
        const row = Math.floor(i / places) * D + (i % places);
        for (let c = 0; c < own; c++) rows[row + c * places] = from[i] < 0 ? 0 : x.data[start + c * input + from[i]];
      }
      const y = call.kernels.affine({ shape: [outs, D], data: rows }, kernel, bias).data;
      for (let f = 0; f < perGroup; f++)
        for (let out = 0; out < outs; out++) data[(n * F + g * perGroup + f) * outs + out] = y[out * perGroup + f];
    }
  }
  return { kind: 'float', shape: [N, F, ...axes.map(a => a.out)], data };
}

/** [F, D] -> [D, F] */
function transposed(W: ArrayLike<number>, F: number, D: number, { kernels }: Call) {
  const data = kernels.allocate(D * F);
  for (let f = 0; f < F; f++) for (let d = 0; d < D; d++) data[d * F + f] = W[f * D + d];
  return { shape: [D, F], data };
}

/** Outputs the maxima, and their flat indices in x; with storage_order 1 the indices are column-major. */
function maxPool(call: Call): GraphValue[] {
  const x = need(call, 0);
  const space = x.shape.slice(2);
  const places: number[] = [];
  const y = pooled(call, (x, start, from) => {
    let most = -1;
    for (const k of from) if (k >= 0 && (most < 0 || x[start + k] > x[start + most] || Number.isNaN(x[start + k]))) most = k;
    places.push(start + most);
    return most < 0 ? -Infinity : x[start + most];
  });
  if (!call.node.outputs[1]) return [y];
  const order = intOf(call.node, 'storage_order') === 1 ? [...space.keys()].reverse() : [...space.keys()];
  const [size, strides] = [sizeOf(space), stridesOf(space)];
  const place = (k: number) =>
    order.reduce((at, axis) => at * space[axis] + (Math.floor((k % size) / strides[axis]) % space[axis]), 0) + k - (k % size);
  // each position of the window is processed for all channels before the next
  const outs = y.data.length / Math.max(1, x.shape[0] * x.shape[1]);
  const data = new Float64Array(y.data.length);
  places.forEach((k, i) => {
    const [out, c] = [Math.floor(i / (x.shape[0] * x.shape[1])), i % (x.shape[0] * x.shape[1])];
    data[c * outs + out] = place(k);
  });
  return [y, { kind: 'int', type: 'i64', shape: y.shape, data }];
}

/** The mean of the values inside the window; with count_include_pad padding counts as zeros. */
function averagePool(call: Call): GraphValue {
  const padded = intOf(call.node, 'count_include_pad') === 1;
  return pooled(call, (x, start, from) => {
    let [sum, count] = [0, 0];
    for (const k of from) {
      if (k >= 0) sum += x[start + k];
      if (k >= 0 || (padded && k === -1)) count++;
    }
    return sum / count;
  });
}

function pooled(call: Call, of: (x: ArrayLike<number>, start: number, from: Int32Array) => number): GraphValue {
  const x = need(call, 0);
  const [N, C, ...space] = x.shape;
  const window = intsOf(call.node, 'kernel_shape');
  if (!window)
    throw new RnnError('format', 'E_ONNX_ATTRIBUTE', 'the pooling has no kernel_shape', {
      where: 'kernel_shape',
      expected: 'the size of the window',
    });
  const axes = windowAxes(call, space, window);
  const shape = [N, C, ...axes.map(a => a.out)];
  const data = allocateShape(shape, x.kind, call.kernels.precision);
  const [input, outs] = [sizeOf(space), axes.reduce((n, a) => n * a.out, 1)];
  slide(axes, (out, from) => {
    for (let c = 0; c < N * C; c++) data[c * outs + out] = of(x.data, c * input, from);
  });
  return { kind: x.kind, type: x.type, shape, data };
}

function everywhere(call: Call, of: (values: Float64Array) => number): GraphValue {
  const x = need(call, 0);
  const [N, C, ...space] = x.shape;
  const size = sizeOf(space);
  const data = allocateShape([N, C, ...space.map(() => 1)], x.kind, call.kernels.precision);
  for (let c = 0; c < N * C; c++) data[c] = of(Float64Array.from(x.data.subarray(c * size, (c + 1) * size)));
  return { kind: x.kind, type: x.type, shape: [N, C, ...space.map(() => 1)], data };
}

/** |v|^p, with p = 2 by default */
function power({ node }: Call, v: number): number {
  const p = intOf(node, 'p') ?? 2;
  return raised(Math.abs(v), p);
}

function norm({ node }: Call, sum: number): number {
  const p = intOf(node, 'p') ?? 2;
  return p === 1 ? sum : raised(sum, 1 / p);
}

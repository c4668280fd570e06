import { RnnError } from '../errors.js';
import { formatShape, sizeOf } from '../tensor/tensor.js';
import { intOf, intsOf, tensorOf, textOf } from './attributes.js';
import { type Call, integers, need, type Operators, plain } from './operator.js';
import { rowOf } from './selection.js';
import {
  allocateShape,
  axisOf,
  broadcastShape,
  broadcastTo,
  equalPieces,
  fromOnnx,
  type GraphValue,
  gatherStrided,
  inOrder,
  ints,
  shapeError,
  stridesOf,
} from './value.js';

/** Operators that move values or return shapes, without arithmetic. */
export const MOVEMENT: Operators = {
  Identity: plain(call => need(call, 0)),
  Dropout: { attributes: ['ratio', 'seed', 'is_test', 'consumed_inputs'], run: dropout },
  Transpose: plain(transpose, ['perm']),
  Reshape: plain(reshape, ['allowzero', 'shape', 'consumed_inputs']),
  Flatten: plain(flatten, ['axis']),
  Squeeze: plain(squeeze, ['axes']),
  Unsqueeze: plain(unsqueeze, ['axes']),
  Concat: plain(concat, ['axis']),
  Split: { attributes: ['axis', 'split', 'num_outputs'], run: split },
  Slice: plain(slice, ['axes', 'starts', 'ends']),
  Gather: plain(gather, ['axis']),
  Expand: plain(expand),
  Tile: plain(tile),
  Shape: plain(shapeOf, ['start', 'end']),
  Size: plain(call => ({ kind: 'int', shape: [], data: Float64Array.of(sizeOf(need(call, 0).shape)) })),
  ConstantOfShape: plain(constantOfShape, ['value']),
  Range: plain(range),
  DepthToSpace: plain(depthToSpace, ['blocksize', 'mode']),
  SpaceToDepth: plain(spaceToDepth, ['blocksize', 'mode']),
};

/** The identity, as in inference; the second output is a mask of ones. @throws RnnError E_ONNX_ATTRIBUTE (unsupported) in training mode, which is random */
function dropout(call: Call): GraphValue[] {
  const x = need(call, 0);
  if (call.inputs[2]?.data[0] && (call.inputs[1]?.data[0] ?? 0.5) !== 0) {
    throw new RnnError('unsupported', 'E_ONNX_ATTRIBUTE', 'Dropout is supported at inference only', {
      expected: 'training_mode false',
      found: 'training_mode true',
      fix: 'export the model after model.eval()',
    });
  }
  return [x, { kind: 'bool', shape: x.shape, data: new Float64Array(x.data.length).fill(1) }];
}

function transpose(call: Call): GraphValue {
  const x = need(call, 0);
  const order = intsOf(call.node, 'perm') ?? x.shape.map((_, i) => x.shape.length - 1 - i);
  if (order.length !== x.shape.length || x.shape.some((_, axis) => !order.includes(axis))) {
    throw shapeError('perm is not a permutation of the axes', formatShape(order), `the axes 0 to ${x.shape.length - 1}`);
  }
  return inOrder(x, order);
}

/** Reshape: 0 keeps the size of that axis (unless allowzero), −1 is the size that remains. */
function reshape(call: Call): GraphValue {
  const x = need(call, 0);
  const asked = call.opset < 5 ? (intsOf(call.node, 'shape') ?? []) : integers(need(call, 1));
  const keepZero = (intOf(call.node, 'allowzero') ?? 0) !== 0;
  const shape = asked.map((n, i) => (n === 0 && !keepZero ? x.shape[i] : n));
  const open = shape.indexOf(-1);
  const known = sizeOf(shape.filter(n => n !== -1));
  if (open >= 0) shape[open] = known === 0 ? 0 : x.data.length / known;
  if (shape.some(n => !Number.isSafeInteger(n) || n < 0) || sizeOf(shape) !== x.data.length) {
    throw shapeError(`cannot reshape ${formatShape(x.shape)} to ${formatShape(asked)}`, formatShape(x.shape), formatShape(asked));
  }
  return { ...x, shape };
}

function flatten(call: Call): GraphValue {
  const x = need(call, 0);
  const given = intOf(call.node, 'axis') ?? 1;
  const axis = given === x.shape.length ? given : axisOf(given, x.shape.length);
  return { ...x, shape: [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis))] };
}

/** Axes are an attribute before opset 13, the second input from then on. */
function axesOf(call: Call): number[] | undefined {
  return call.opset < 13 ? intsOf(call.node, 'axes') : call.inputs[1] && integers(call.inputs[1]);
}

function squeeze(call: Call): GraphValue {
  const x = need(call, 0);
  const axes = axesOf(call)?.map(a => axisOf(a, x.shape.length)) ?? x.shape.flatMap((n, i) => (n === 1 ? [i] : []));
  for (const axis of axes) if (x.shape[axis] !== 1) throw shapeError(`cannot squeeze axis ${axis}`, formatShape(x.shape), 'size 1');
  return { ...x, shape: x.shape.filter((_, i) => !axes.includes(i)) };
}

function unsqueeze(call: Call): GraphValue {
  const x = need(call, 0);
  const given = axesOf(call) ?? [];
  const rank = x.shape.length + given.length;
  const axes = distinct(given, rank);
  const rest = [...x.shape];
  return { ...x, shape: Array.from({ length: rank }, (_, i) => (axes.includes(i) ? 1 : rest.shift()!)) };
}

/** Returns the axes counted from the front. @throws RnnError E_ONNX_SHAPE if one is given twice */
function distinct(given: readonly number[], rank: number): number[] {
  const axes = given.map(axis => axisOf(axis, rank));
  if (new Set(axes).size !== axes.length) throw shapeError('the same axis is given twice', formatShape(given), 'each axis once');
  return axes;
}

function concat(call: Call): GraphValue {
  const first = need(call, 0);
  const parts = call.inputs.map((_, i) => need(call, i));
  const axis = axisOf(intOf(call.node, 'axis') ?? 1, first.shape.length);
  for (const p of parts) {
    const alike = p.shape.length === first.shape.length && p.shape.every((n, i) => i === axis || n === first.shape[i]);
    if (!alike) throw shapeError('these shapes cannot be concatenated', `${formatShape(first.shape)} and ${formatShape(p.shape)}`);
  }
  const shape = first.shape.map((n, i) => (i === axis ? parts.reduce((sum, p) => sum + p.shape[axis], 0) : n));
  const data = allocateShape(shape, first.kind, call.kernels.precision);
  const rows = sizeOf(shape.slice(0, axis));
  const width = sizeOf(shape.slice(axis));
  let column = 0;
  for (const p of parts) {
    const own = sizeOf(p.shape.slice(axis));
    for (let r = 0; r < rows; r++) data.set(p.data.subarray(r * own, (r + 1) * own), r * width + column);
    column += own;
  }
  return { kind: first.kind, type: first.type, shape, data };
}

function split(call: Call): GraphValue[] {
  const x = need(call, 0);
  const axis = axisOf(intOf(call.node, 'axis') ?? 0, x.shape.length);
  const given = call.opset < 13 ? intsOf(call.node, 'split') : call.inputs[1] && integers(call.inputs[1]);
  // in a layer the node has a single output name, so the number of parts is that of their sizes
  const { length } = call.node.outputs;
  const counted = given?.length ?? intOf(call.node, 'num_outputs') ?? length;
  if (length > 1 && counted !== length)
    throw shapeError('the number of pieces differs from the number of outputs', String(length), `${counted} outputs`);
  const pieces = Math.max(length, counted);
  const sizes = given ?? equalPieces(x.shape[axis], pieces, call.opset);
  if (sizes.length !== pieces || sizes.reduce((a, b) => a + b, 0) !== x.shape[axis]) {
    throw shapeError(
      'the sizes of the pieces do not add up to the axis',
      formatShape(sizes),
      `${pieces} sizes that add up to ${x.shape[axis]}`,
    );
  }
  const strides = stridesOf(x.shape);
  let from = 0;
  return sizes.map(size => {
    const shape = x.shape.map((n, i) => (i === axis ? size : n));
    const piece = gatherStrided(x, shape, strides, from * strides[axis]);
    from += size;
    return piece;
  });
}

/** Slice: negative starts and ends count from the end; both are clamped to the axis. A step may be negative (since opset 10). */
function slice(call: Call): GraphValue {
  const x = need(call, 0);
  const old = call.opset < 10;
  const [starts, ends] = ['starts', 'ends'].map((key, i) => (old ? intsOf(call.node, key) : undefined) ?? integers(need(call, i + 1)));
  const axes = (old ? intsOf(call.node, 'axes') : call.inputs[3] && integers(call.inputs[3])) ?? starts.map((_, i) => i);
  const steps = (old ? undefined : call.inputs[4] && integers(call.inputs[4])) ?? starts.map(() => 1);
  if ([ends, axes, steps].some(list => list.length !== starts.length))
    throw shapeError('Slice needs a start, an end and a step for each of its axes', String(ends.length), String(starts.length));
  const shape = [...x.shape];
  const own = stridesOf(x.shape);
  const strides = [...own];
  let start = 0;
  distinct(axes, x.shape.length).forEach((axis, i) => {
    const n = x.shape[axis];
    const step = steps[i];
    if (step === 0 || !Number.isInteger(step))
      throw shapeError('the step of a slice must be a whole number other than 0', String(step), 'a whole number other than 0');
    const hold = (v: number) => Math.min(Math.max(v < 0 ? v + n : v, step > 0 ? 0 : -1), step > 0 ? n : n - 1);
    const from = hold(starts[i]);
    shape[axis] = Math.max(0, Math.ceil((hold(ends[i]) - from) / step));
    if (shape[axis] > 0) start += from * own[axis];
    strides[axis] = step * own[axis];
  });
  return gatherStrided(x, shape, strides, start);
}

/** Gather: selects slices of x along `axis` by indices of any shape. */
function gather(call: Call): GraphValue {
  const [x, indices] = [need(call, 0), need(call, 1)];
  const axis = axisOf(intOf(call.node, 'axis') ?? 0, x.shape.length);
  const n = x.shape[axis];
  const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
  const data = allocateShape(shape, x.kind, call.kernels.precision);
  const width = sizeOf(x.shape.slice(axis + 1));
  const rows = sizeOf(x.shape.slice(0, axis));
  const picks = indices.data.length;
  for (let r = 0; r < rows; r++) {
    for (let i = 0; i < picks; i++) {
      const at = rowOf(indices.data[i], n);
      data.set(x.data.subarray((r * n + at) * width, (r * n + at + 1) * width), (r * picks + i) * width);
    }
  }
  return { kind: x.kind, type: x.type, shape, data };
}

function expand(call: Call): GraphValue {
  const x = need(call, 0);
  return broadcastTo(x, broadcastShape(x.shape, integers(need(call, 1))));
}

function tile(call: Call): GraphValue {
  let x = need(call, 0);
  const each = integers(need(call, 1));
  if (each.length !== x.shape.length)
    throw shapeError('repeats needs one number for each axis', formatShape(each), `${x.shape.length} numbers`);
  each.forEach((times, axis) => {
    if (times === 0) x = { ...x, shape: x.shape.map((n, i) => (i === axis ? 0 : n)), data: x.data.slice(0, 0) };
    else if (times !== 1) x = concat({ ...call, node: { ...call.node, attributes: axisAttribute(axis) }, inputs: repeated(x, times) });
  });
  return x;
}

function repeated(x: GraphValue, times: number): GraphValue[] {
  if (!Number.isInteger(times) || times < 1 || times > 100_000)
    throw shapeError('a number of repeats is out of range', String(times), '0 to 100000');
  return new Array<GraphValue>(times).fill(x);
}

function axisAttribute(axis: number) {
  return new Map([['axis', { type: 'int' as const, value: BigInt(axis) }]]);
}

function shapeOf(call: Call): GraphValue {
  const { shape } = need(call, 0);
  return ints(shape.slice(intOf(call.node, 'start') ?? 0, intOf(call.node, 'end')));
}

function constantOfShape(call: Call): GraphValue {
  const shape = integers(need(call, 0));
  const given = tensorOf(call.node, 'value');
  const value: Pick<GraphValue, 'kind' | 'type'> & { data: ArrayLike<number> } = given
    ? fromOnnx(given, call.kernels.precision)
    : { kind: 'float', data: [0] };
  return {
    kind: value.kind,
    type: value.type,
    shape,
    data: allocateShape(shape, value.kind, call.kernels.precision).fill(value.data[0] ?? 0),
  };
}

function range(call: Call): GraphValue {
  const [start, limit, delta] = [0, 1, 2].map(i => need(call, i).data[0]);
  const { kind } = need(call, 0);
  const length = Math.max(0, Math.ceil((limit - start) / delta));
  return { kind, shape: [length], data: allocateShape([length], kind, call.kernels.precision).map((_, i) => start + i * delta) };
}

/** x [N, C, H, W] -> [N, C/b², H·b, W·b]: the blocks before the channels (DCR), or after them (CRD) */
function depthToSpace(call: Call): GraphValue {
  const [N, C, H, W, b] = blocks(call);
  const columns = textOf(call.node, 'mode') === 'CRD';
  const c = C / b ** 2;
  if (!Number.isInteger(c))
    throw shapeError('the number of channels is not a multiple of the block size squared', String(C), `a multiple of ${b ** 2}`);
  const cut = columns ? [N, c, b, b, H, W] : [N, b, b, c, H, W];
  return { ...turnedBy(need(call, 0), cut, columns ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2]), shape: [N, c, H * b, W * b] };
}

/** x [N, C, H, W] -> [N, C·b², H/b, W/b] */
function spaceToDepth(call: Call): GraphValue {
  const [N, C, H, W, b] = blocks(call);
  if (H % b !== 0 || W % b !== 0)
    throw shapeError('height or width is not a multiple of the block size', formatShape([H, W]), `multiples of ${b}`);
  const order = textOf(call.node, 'mode') === 'CRD' ? [0, 1, 3, 5, 2, 4] : [0, 3, 5, 1, 2, 4];
  return { ...turnedBy(need(call, 0), [N, C, H / b, b, W / b, b], order), shape: [N, C * b * b, H / b, W / b] };
}

/** Returns [N, C, H, W, blocksize]. */
function blocks(call: Call): number[] {
  const { shape } = need(call, 0);
  const b = intOf(call.node, 'blocksize') ?? 0;
  if (shape.length !== 4 || b < 1)
    throw shapeError(`${call.node.opType} needs an input [N, C, H, W] and a blocksize of at least 1`, `${formatShape(shape)}, ${b}`);
  return [...shape, b];
}

/** Reshapes x to `cut` and permutes its axes. */
function turnedBy(x: GraphValue, cut: readonly number[], order: readonly number[]): GraphValue {
  return inOrder({ ...x, shape: cut }, order);
}

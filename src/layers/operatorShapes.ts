import { RnnError } from '../errors.js';
import { showShape } from './dims.js';
import type { Dim, DimShape } from './layer.js';
import type { Operand, OperatorSpec } from './operatorFields.js';
import { knownNumbers, multiplied, sized } from './operatorNumbers.js';
import { slid, unslid } from './spaceShapes.js';

/** Shapes of what an operator computes, from those of its inputs, sizes possibly symbolic: ONNX's rules (Operators.md). */

type Rule = (call: ShapeCall) => readonly DimShape[];

interface ShapeCall {
  readonly layer: OperatorSpec;
  /** shape of operand i: of a constant or of an input */
  shape(i: number): DimShape;
  /** whole numbers of operand i as sizes, which must be known; undefined where there is no such operand */
  sizes(i: number): readonly Dim[] | undefined;
  /** those that are no symbols */
  numbers(i: number): readonly number[] | undefined;
  readonly operands: number;
  attribute(name: string): number | string | readonly number[] | undefined;
}

/** @throws RnnError E_OPERATOR, E_RANK, E_MERGE */
export function operatorShapes(layer: OperatorSpec, inputs: readonly DimShape[]): readonly DimShape[] {
  const call = shapeCall(layer, inputs);
  const rule = RULES[layer.op];
  if (!rule)
    throw new RnnError('unsupported', 'E_OPERATOR', `the shape that ${layer.op} gives is not known here`, {
      expected: Object.keys(RULES).sort().join(', '),
      found: layer.op,
    });
  const all = rule(call);
  if (all.some(shape => shape.some(d => d === undefined))) throw noAxis(layer.op, inputs);
  // the shape of an input is passed on without its numbers
  const [first, ...others] = all.map(shape => [...shape]);
  const numbers = knownNumbers(layer.op, call);
  return [
    numbers && numbers.length <= MOST_NUMBERS && numbers.every(n => n !== undefined) ? Object.assign(first, { numbers }) : first,
    ...others,
  ];
}

function noAxis(op: string, inputs: readonly DimShape[]): RnnError {
  const found = inputs.map(showShape).join(', ');
  return new RnnError('shape', 'E_RANK', `${op} reads axes that ${found} does not have`, { expected: 'as many axes as it reads', found });
}

/** A shape has no more. */
const MOST_NUMBERS = 64;

/** The shape of a constant, with its whole numbers. */
export function constantShape({ type, shape, data }: Exclude<Operand, null>): DimShape {
  const dims = shape.map(sized);
  return type === 'int' ? Object.assign(dims, { numbers: data.map(sized) }) : dims;
}

/** What stands for each operand: something of a constant, else the next input. */
export function operandsAmong<T>({ operands }: OperatorSpec, inputs: readonly T[], ofConstant: (o: Exclude<Operand, null>) => T): T[] {
  let next = 0;
  return operands === null ? [...inputs] : operands.map(o => (o === null ? inputs[next++] : ofConstant(o)));
}

function shapeCall(layer: OperatorSpec, inputs: readonly DimShape[]): ShapeCall {
  const operands = layer.operands ?? inputs.map(() => null);
  const shapes = operandsAmong(layer, inputs, constantShape);
  const sizes = (i: number): readonly Dim[] | undefined => {
    if (i >= operands.length) return undefined;
    if (shapes[i].numbers) return shapes[i].numbers;
    const operand = operands[i];
    if (operand) return operand.data.map(sized);
    throw new RnnError(
      'unsupported',
      'E_OPERATOR',
      `${layer.op} takes input ${i} from the network: its shape cannot be said before it runs`,
      { expected: 'a constant, or sizes of what is known', found: 'a computed value' },
    );
  };
  return {
    layer,
    operands: operands.length,
    attribute: name => layer.attributes[name],
    shape(i) {
      if (shapes[i]) return shapes[i];
      throw new RnnError('shape', 'E_OPERANDS', `${layer.op} has no input ${i}`, {
        expected: `at least ${i + 1} inputs`,
        found: String(shapes.length),
      });
    },
    sizes,
    numbers: i =>
      sizes(i)?.map(({ size, symbol }) => {
        if (size !== null) return size;
        const message = `${layer.op} takes ${symbol} as its input ${i}: its shape cannot be said before it runs`;
        throw new RnnError('unsupported', 'E_OPERATOR', message, { expected: 'a number', found: symbol });
      }),
  };
}

const same: Rule = ({ shape }) => [shape(0)];

const broadcast: Rule = ({ shape, operands, layer }) => {
  let result = shape(0);
  for (let i = 1; i < operands; i++) result = broadcastDims(result, shape(i), layer.op);
  return [result];
};

/** NumPy's rule on symbolic sizes: an unknown size with 1 or an unknown one stays unknown, with a number it is that number. */
export function broadcastDims(a: DimShape, b: DimShape, what: string): DimShape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i): Dim => {
    const x = a[a.length - rank + i];
    const y = b[b.length - rank + i];
    if (!x || !y) return x ?? y;
    if (x.size === 1) return y;
    if (y.size === 1) return x;
    if (x.size !== null && y.size !== null && x.size !== y.size)
      throw new RnnError('shape', 'E_MERGE', `${what} cannot join ${showShape(a)} and ${showShape(b)}`, {
        expected: 'equal sizes, or 1',
        found: `${showShape(a)} and ${showShape(b)}`,
      });
    return x.size === null && y.size !== null ? y : x;
  });
}

export function axisIn(axis: number, rank: number, what: string): number {
  const at = axis < 0 ? axis + rank : axis;
  if (at < 0 || at >= rank)
    throw new RnnError('shape', 'E_RANK', `${what}: there is no axis ${axis} among ${rank}`, {
      expected: `${-rank} to ${rank - 1}`,
      found: String(axis),
    });
  return at;
}

function axesOf(call: ShapeCall, operand: number, rank: number): number[] | undefined {
  const axes = (call.attribute('axes') as readonly number[] | undefined) ?? call.numbers(operand);
  return axes?.map(a => axisIn(a, rank, call.layer.op));
}

const reduce: Rule = call => {
  const shape = call.shape(0);
  const axes = axesOf(call, 1, shape.length) ?? shape.map((_, i) => i);
  if (call.operands === 1 && call.attribute('noop_with_empty_axes') === 1) return [shape];
  const keep = call.attribute('keepdims') !== 0;
  return [shape.flatMap((d, i): Dim[] => (axes.includes(i) ? (keep ? [{ symbol: '1', size: 1 }] : []) : [d]))];
};

const argument: Rule = call => {
  const shape = call.shape(0);
  const axis = axisIn(Number(call.attribute('axis') ?? 0), shape.length, call.layer.op);
  return [
    call.attribute('keepdims') === 0
      ? shape.filter((_, i) => i !== axis)
      : shape.map((d, i) => (i === axis ? { symbol: '1', size: 1 } : d)),
  ];
};

function product(dims: DimShape): number | null {
  return dims.reduce<number | null>((total, d) => (total === null || d.size === null ? null : total * d.size), 1);
}

/** A letter that stands for one size, wherever it is read. */
const CERTAIN = /^\w+$/;

/** 'T*2*N' -> T, 2, N */
function factors(d: Dim): Dim[] {
  if (d.size !== null || !/^[\w*]+$/.test(d.symbol)) return [d];
  return d.symbol.split('*').map(part => (/^\d+$/.test(part) ? sized(Number(part)) : { symbol: part, size: null }));
}

function sum(dims: readonly Dim[]): Dim {
  const size = dims.some(d => d.size === null) ? null : dims.reduce((total, d) => total + d.size!, 0);
  return { symbol: dims.map(d => d.symbol).join('+'), size };
}

const slice: Rule = call => {
  const from = call.shape(0);
  const [starts, ends] = [call.sizes(1) ?? [], call.sizes(2) ?? []];
  if (starts.length !== ends.length)
    throw new RnnError('shape', 'E_OPERANDS', `Slice has ${starts.length} starts and ${ends.length} ends`, {
      expected: 'one of each for an axis',
      found: `${starts.length} and ${ends.length}`,
    });
  const axes = (call.numbers(3) ?? starts.map((_, i) => i)).map(a => axisIn(a, from.length, 'Slice'));
  const steps = call.numbers(4) ?? starts.map(() => 1);
  return [
    from.map(
      (d, axis): Dim => (axes.includes(axis) ? cut(d, starts[axes.indexOf(axis)], ends[axes.indexOf(axis)], steps[axes.indexOf(axis)]) : d),
    ),
  ];
};

function cut(d: Dim, start: Dim, end: Dim, step: number): Dim {
  if (d.size !== null && start.size !== null && end.size !== null) return sized(sliceLength(d.size, start.size, end.size, step));
  const fromFirst = start.size === 0 && step === 1;
  if (fromFirst && (end.size === null ? end.symbol === d.symbol || d.size !== null : end.size >= Number.MAX_SAFE_INTEGER))
    return end.size === null ? end : d;
  // from the end, and not beyond the first: the requested number
  return { symbol: `${d.symbol}'`, size: null };
}

function sliceLength(size: number, start: number, end: number, step: number): number {
  const clamp = (v: number, low: number, high: number) => Math.min(Math.max(v < 0 ? v + size : v, low), high);
  const [a, b] = step > 0 ? [clamp(start, 0, size), clamp(end, 0, size)] : [clamp(start, -1, size - 1), clamp(end, -1, size - 1)];
  return Math.max(0, Math.ceil((b - a) / step));
}

/** x[i, j] of the positions on the last axis of the second operand */
const rows: Rule = call => {
  const places = call.shape(1);
  const parts = places[places.length - 1]?.size ?? null;
  if (parts === null) throw new RnnError('unsupported', 'E_OPERATOR', 'the shape that this GatherND gives is not known here');
  return [[...places.slice(0, -1), ...call.shape(0).slice(parts + Number(call.attribute('batch_dims') ?? 0))]];
};

const window: Rule = call => [[call.sizes(0)![0]]];

const split: Rule = call => {
  const from = call.shape(0);
  const axis = axisIn(Number(call.attribute('axis') ?? 0), from.length, 'Split');
  const size = from[axis].size;
  const count = Number(call.attribute('num_outputs') ?? 0);
  const each = count > 0 && size !== null ? Math.ceil(size / count) : 0;
  const sizes = call.numbers(1) ?? Array.from({ length: count }, (_, i) => Math.min(each, size! - i * each));
  return sizes.map(n => from.map((d, i) => (i === axis ? sized(n) : d)));
};

/** Of an input and a kernel that moves along its axes. */
function spaces(call: ShapeCall): [DimShape, DimShape] {
  const [x, kernel] = [call.shape(0), call.shape(1)];
  if (x.length < 3 || kernel.length !== x.length) throw noAxis(call.layer.op, [x, kernel]);
  return [x, kernel];
}

const pooling: Rule = call => {
  const [N, C, ...space] = call.shape(0);
  const window = call.attribute('kernel_shape');
  if (!Array.isArray(window) || window.length !== space.length) throw noAxis(call.layer.op, [call.shape(0)]);
  return [[N, C, ...slid(space, { window, attribute: call.attribute })]];
};

const globalPooling: Rule = call => [call.shape(0).map((d, i) => (i < 2 ? d : sized(1)))];

/** [N, C, H, W] -> [N, C·b², H/b, W/b] */
function blocked(call: ShapeCall, b: number): readonly DimShape[] {
  const by = (d: Dim, factor: number): Dim => (d.size === null ? { symbol: '?', size: null } : sized(Math.round(d.size * factor)));
  return [call.shape(0).map((d, i) => (i === 0 ? d : by(d, i === 1 ? b * b : 1 / b)))];
}

/** Of several inputs, broadcast to one shape. */
export const ELEMENTWISE_MANY =
  'Add Sub Mul Div Pow Min Max Mean Sum And Or Xor Equal Less LessOrEqual Greater GreaterOrEqual Where Mod PRelu BitShift BitwiseAnd BitwiseOr BitwiseXor';
const ELEMENTWISE_ONE =
  'Abs Neg Exp Log Sqrt Reciprocal Sin Cos Tan Sinh Cosh Tanh Sigmoid Relu LeakyRelu Elu Selu Celu Softplus Softsign HardSigmoid HardSwish Gelu Mish ThresholdedRelu Erf Sign Floor Ceil Round Not IsNaN IsInf Identity Cast Clip Softmax LogSoftmax Hardmax Dropout LayerNormalization CumSum Trilu BatchNormalization InstanceNormalization GroupNormalization RMSNormalization Shrink Asin Acos Atan Asinh Acosh Atanh CumProd LpNormalization MeanVarianceNormalization LRN BitwiseNot EyeLike CastLike Swish ScatterND ScatterElements ReverseSequence';
export const REDUCTIONS =
  'ReduceSum ReduceMean ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceSumSquare';

const RULES: Readonly<Record<string, Rule>> = {
  ...Object.fromEntries(ELEMENTWISE_MANY.split(' ').map(op => [op, broadcast])),
  ...Object.fromEntries(ELEMENTWISE_ONE.split(' ').map(op => [op, same])),
  ...Object.fromEntries(REDUCTIONS.split(' ').map(op => [op, reduce])),
  ArgMax: argument,
  ArgMin: argument,
  /** Sizes as the second operand says: 0 copies, −1 is what remains. */
  Reshape(call) {
    const from = call.shape(0);
    call.shape(1);
    const wanted = call.sizes(1)!;
    const open = wanted.findIndex(d => d.size === -1);
    const dims = wanted.map((d, i): Dim => (d.size === 0 && call.attribute('allowzero') !== 1 ? from[i] : d));
    if (open < 0) return [dims];
    // sizes on both sides cancel out, of symbols too
    const left = from.flatMap(factors);
    const rest = dims
      .flatMap((d, i) => (i === open ? [] : factors(d)))
      .filter(d => {
        const same = d.size === null && CERTAIN.test(d.symbol) ? left.findIndex(l => l.size === null && l.symbol === d.symbol) : -1;
        if (same >= 0) left.splice(same, 1);
        return same < 0;
      });
    const symbols = left.filter(d => d.size === null);
    const given = product(rest);
    const ratio = given === null || given === 0 ? null : product(left.filter(d => d.size !== null))! / given;
    const size = symbols.length === 0 ? ratio : null;
    const letters =
      ratio !== null && Number.isInteger(ratio) ? [...(ratio === 1 ? [] : [ratio]), ...symbols.map(d => d.symbol)].join('*') : '?';
    return [dims.map((d, i) => (i === open ? { symbol: size === null ? letters : String(size), size } : d))];
  },
  Transpose(call) {
    const from = call.shape(0);
    const perm = (call.attribute('perm') as readonly number[] | undefined) ?? from.map((_, i) => from.length - 1 - i);
    return [perm.map(i => from[i])];
  },
  Squeeze(call) {
    const from = call.shape(0);
    const axes = axesOf(call, 1, from.length) ?? from.flatMap((d, i) => (d.size === 1 ? [i] : []));
    return [from.filter((_, i) => !axes.includes(i))];
  },
  Unsqueeze(call) {
    const from = [...call.shape(0)];
    const given = (call.attribute('axes') as readonly number[] | undefined) ?? call.numbers(1) ?? [];
    const rank = from.length + given.length;
    for (const axis of given.map(a => (a < 0 ? a + rank : a)).sort((a, b) => a - b)) from.splice(axis, 0, { symbol: '1', size: 1 });
    return [from];
  },
  Concat(call) {
    const shapes = Array.from({ length: call.operands }, (_, i) => call.shape(i));
    const axis = axisIn(Number(call.attribute('axis')), shapes[0].length, call.layer.op);
    if (shapes.some(s => s.length !== shapes[0].length)) throw noAxis(call.layer.op, shapes);
    return [shapes[0].map((d, i): Dim => (i === axis ? sum(shapes.map(s => s[axis])) : (shapes.find(s => s[i].size !== null)?.[i] ?? d)))];
  },
  Slice: slice,
  Gather(call) {
    const from = call.shape(0);
    const axis = axisIn(Number(call.attribute('axis') ?? 0), from.length, 'Gather');
    return [[...from.slice(0, axis), ...call.shape(1), ...from.slice(axis + 1)]];
  },
  MatMul(call) {
    const a = call.shape(0);
    const b = call.shape(1);
    const [wide, tall] = [a[a.length - 1], b[Math.max(0, b.length - 2)]];
    if (wide.size !== null && tall.size !== null && wide.size !== tall.size)
      throw new RnnError('shape', 'E_MERGE', `MatMul cannot join ${showShape(a)} and ${showShape(b)}`, {
        expected: `${wide.size} rows`,
        found: String(tall.size),
      });
    const lead = broadcastDims(a.slice(0, -2), b.slice(0, -2), 'MatMul');
    return [[...lead, ...(a.length > 1 ? [a[a.length - 2]] : []), ...(b.length > 1 ? [b[b.length - 1]] : [])]];
  },
  /** Matrices, either turned round where it says. */
  Gemm(call) {
    const [a, b] = [0, 1].map(i => (call.attribute(i === 0 ? 'transA' : 'transB') === 1 ? [...call.shape(i)].reverse() : call.shape(i)));
    return [[a[0], b[1]]];
  },
  /** [N, length(, parts)] -> [N, frames, bins, 2] */
  STFT(call) {
    const [N, length] = call.shape(0);
    const step = call.numbers(1)?.[0];
    const L = call.operands > 3 ? call.numbers(3)?.[0] : call.operands > 2 ? (call.shape(2)[0]?.size ?? undefined) : undefined;
    if (!step || !L) throw new RnnError('unsupported', 'E_OPERATOR', 'the shape that this STFT gives is not known here');
    const count = length.size === null ? { symbol: '?', size: null } : sized(Math.floor((length.size - L) / step) + 1);
    return [[N, count, sized(call.attribute('onesided') === 0 ? L : Math.floor(L / 2) + 1), sized(2)]];
  },
  /** […, L, …, 1 or 2] -> […, bins, …, 2]; one-sided: half a spectrum of real numbers, or real numbers of half a spectrum */
  DFT(call) {
    const from = call.shape(0);
    const axis = axisIn(call.operands > 2 ? call.numbers(2)![0] : -2, from.length, 'DFT');
    const [inverse, onesided] = ['inverse', 'onesided'].map(name => call.attribute(name) === 1);
    const { size } = from[axis];
    const L = call.operands > 1 ? call.numbers(1)![0] : size === null ? null : inverse && onesided ? 2 * (size - 1) : size;
    const bins: Dim = L === null ? { symbol: '?', size: null } : sized(onesided && !inverse ? Math.floor(L / 2) + 1 : L);
    return [from.map((d, i) => (i === axis ? bins : i === from.length - 1 ? sized(inverse && onesided ? 1 : 2) : d))];
  },
  HannWindow: window,
  HammingWindow: window,
  BlackmanWindow: window,
  Expand(call) {
    return [broadcastDims(call.shape(0), call.sizes(1) ?? [], 'Expand')];
  },
  Tile(call) {
    const times = call.sizes(1) ?? [];
    return [call.shape(0).map((d, i) => multiplied(times[i], d))];
  },
  Pad(call) {
    const from = call.shape(0);
    const pads = call.numbers(1) ?? [];
    const axes = (call.numbers(3) ?? from.map((_, i) => i)).map(a => axisIn(a, from.length, 'Pad'));
    const added = from.map((_, i) => axes.reduce((sum, axis, k) => (axis === i ? sum + pads[k] + pads[k + axes.length] : sum), 0));
    return [from.map((d, i) => (d.size !== null ? sized(d.size + added[i]) : added[i] === 0 ? d : { symbol: `${d.symbol}'`, size: null }))];
  },
  Split: split,
  Flatten(call) {
    const from = call.shape(0);
    const axis = Number(call.attribute('axis') ?? 1);
    const join = (dims: DimShape): Dim =>
      dims.length === 1 ? dims[0] : { symbol: dims.map(d => d.symbol).join('*') || '1', size: product(dims) };
    return [[join(from.slice(0, axis)), join(from.slice(axis))]];
  },
  /** [N, C, …S], a kernel [F, C/groups, …k] -> [N, F, …] */
  Conv(call) {
    const [[N, , ...space], [F, , ...window]] = spaces(call);
    return [[N, F, ...slid(space, { window: window.map(d => d.size!), attribute: call.attribute })]];
  },
  /** A kernel [C, F/groups, …k] */
  ConvTranspose(call) {
    const [[N, , ...space], [, F, ...window]] = spaces(call);
    const filters = sized(F.size! * Number(call.attribute('group') ?? 1));
    return [[N, filters, ...unslid(space, { window: window.map(d => d.size!), attribute: call.attribute })]];
  },
  MaxPool: pooling,
  AveragePool: pooling,
  GlobalMaxPool: globalPooling,
  GlobalAveragePool: globalPooling,
  GlobalLpPool: globalPooling,
  LpPool: pooling,
  DepthToSpace: call => blocked(call, 1 / Number(call.attribute('blocksize'))),
  SpaceToDepth: call => blocked(call, Number(call.attribute('blocksize'))),
  Einsum(call) {
    const [terms, output] = String(call.attribute('equation') ?? '')
      .replace(/\s/g, '')
      .split('->');
    const sizes = new Map<string, Dim>();
    // the axes that '...' stands for go by their places from the last
    const lettersOf = (term: string, free: number): string[] => {
      const [before, after = ''] = term.split('...');
      const rest = term.includes('...') ? Array.from({ length: free }, (_, i) => `...${free - i}`) : [];
      return [...before, ...rest, ...after];
    };
    let most = 0;
    terms.split(',').forEach((term, i) => {
      const shape = call.shape(i);
      const free = shape.length - term.replace('...', '').length;
      most = Math.max(most, free);
      lettersOf(term, free).forEach((letter, axis) => {
        const known = sizes.get(letter);
        if (shape[axis] && (!known || known.size === null || known.size === 1)) sizes.set(letter, shape[axis]);
      });
    });
    const letters = lettersOf(output ?? '', most);
    if (output === undefined || letters.some(letter => !sizes.has(letter)))
      throw new RnnError('unsupported', 'E_OPERATOR', 'the shape that this Einsum gives is not known here', {
        expected: 'an equation with the letters of the result, as in bij,bjk->bik',
        found: String(call.attribute('equation')),
      });
    return [letters.map(letter => sizes.get(letter)!)];
  },
  /** Sizes as they are wanted, or as many times as large: x, roi, scales, sizes. */
  Resize(call) {
    const from = call.shape(0);
    const axes =
      (call.attribute('axes') as readonly number[] | undefined)?.map(a => axisIn(a, from.length, 'Resize')) ?? from.map((_, i) => i);
    const wanted = call.sizes(3);
    const scales = wanted?.length ? undefined : call.numbers(2);
    if (!wanted?.length && !scales?.length) throw noAxis('Resize', [from]);
    const to = (dim: Dim, i: number): Dim => {
      if (!scales) return wanted![i].size === dim.size && dim.size !== null ? dim : wanted![i];
      if (scales[i] === 1) return dim;
      return dim.size === null ? { symbol: `${scales[i]}*${dim.symbol}`, size: null } : sized(Math.floor(dim.size * scales[i]));
    };
    return [from.map((dim, axis) => (axes.includes(axis) ? to(dim, axes.indexOf(axis)) : dim))];
  },
  TopK(call) {
    const from = call.shape(0);
    const axis = axisIn(Number(call.attribute('axis') ?? -1), from.length, 'TopK');
    const shape = from.map((d, i) => (i === axis ? (call.sizes(1)?.[0] ?? sized(0)) : d));
    return [shape, shape];
  },
  /** A new axis of as many places as there are classes. */
  OneHot(call) {
    const from = call.shape(0);
    const axis = axisIn(Number(call.attribute('axis') ?? -1), from.length + 1, 'OneHot');
    return [[...from.slice(0, axis), sized(call.numbers(1)?.[0] ?? 0), ...from.slice(axis)]];
  },
  GatherElements: ({ shape }) => [shape(1)],
  GatherND: rows,
  Shape: ({ shape, attribute }) => [
    [sized(shape(0).slice(Number(attribute('start') ?? 0), attribute('end') as number | undefined).length)],
  ],
  Size: () => [[]],
  ConstantOfShape: call => [call.sizes(0) ?? []],
  Range: call => {
    const [start, end, step] = [0, 1, 2].map(i => call.sizes(i)?.[0] ?? sized(1));
    const count =
      start.size !== null && end.size !== null ? sized(Math.max(0, Math.ceil((end.size - start.size) / (step.size ?? 1)))) : undefined;
    return [[count ?? (start.size === 0 && step.size === 1 ? end : { symbol: '?', size: null })]];
  },
};

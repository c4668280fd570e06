import { RnnError } from '../errors.js';
import { plural } from '../escape.js';
import { checkWord } from '../ops/words.js';
import { showShape } from './dims.js';
import type { DimShape } from './layer.js';
import { productOf, sized } from './operatorNumbers.js';
import { axisIn, broadcastDims, refuse, type ShapeCall } from './operatorShapeRule.js';

/**
 * What an operator requires of the shapes of its operands, beside what its rule needs to find its output (ONNX's Operators.md): the engines
 * refuse anything else, too, and `shapes` is to refuse it before. A size that is not known yet is never refused.
 */

/** How many operands an operator reads, where it is not one: the least, and the most. */
const COUNTS: ReadonlyMap<string, readonly [number, number]> = new Map(
  `2 2: Add Sub Mul Div Pow And Or Xor Equal Less LessOrEqual Greater GreaterOrEqual Mod PRelu BitShift BitwiseAnd BitwiseOr BitwiseXor MatMul
   2 2: CastLike CumSum CumProd RMSNormalization ReverseSequence Gather GatherElements GatherND Expand Tile Reshape TopK
   3 3: Where ScatterND ScatterElements InstanceNormalization GroupNormalization OneHot Range
   1 2: Squeeze Unsqueeze Split Trilu ReduceSum ReduceMean ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceSumSquare
   1 3: Clip Dropout DFT
   1 4: Pad
   2 3: LayerNormalization Conv ConvTranspose Gemm
   2 4: STFT
   3 5: Slice
   3 4: Resize
   5 5: BatchNormalization
   1 Infinity: Max Min Mean Sum Concat Einsum`
    .split('\n')
    .flatMap(line => {
      const [least, most, ...operators] = line.trim().split(/:? /);
      return operators.map(name => [name, [Number(least), Number(most)]] as const);
    }),
);

/** Attributes of old operator sets that are operands in the set of a spec, where an engine does not read them. */
const MOVED: Readonly<Record<string, string>> = { Squeeze: 'axes', Unsqueeze: 'axes', Split: 'split' };

type Requirement = (call: ShapeCall) => void;

/** @throws RnnError E_OPERANDS, E_RANK, E_MERGE, E_ONNX_ATTRIBUTE */
export function checkRequirements(call: ShapeCall): void {
  const { op } = call.layer;
  const [least, most] = COUNTS.get(op) ?? [1, 1];
  if (call.operands < least || call.operands > most) throw otherNumber(op, call.operands, least, most);
  for (const [name, value] of Object.entries(call.layer.attributes)) if (typeof value === 'string') checkWord(op, name, value);
  const moved = MOVED[op];
  if (moved !== undefined && call.attribute(moved) !== undefined)
    throw new RnnError('shape', 'E_OPERANDS', `${op} reads its ${moved} from operand 1`, {
      where: 'attributes',
      expected: `operands: [null, { "type": "int", … }]`,
      found: `the attribute ${moved}`,
    });
  REQUIREMENTS[op]?.(call);
}

function otherNumber(op: string, count: number, least: number, most: number): RnnError {
  const numbers = least === most ? String(least) : most === Number.POSITIVE_INFINITY ? `${least} or more` : `${least} to ${most}`;
  return new RnnError(
    'shape',
    'E_OPERANDS',
    `${op} reads ${least === most ? plural(most, 'operand') : `${numbers} operands`}, and ${count} ${count === 1 ? 'is' : 'are'} given`,
    {
      expected: numbers,
      found: String(count),
    },
  );
}

/** Whether two sizes may be equal: of an unknown one nothing is said. */
const mayBe = (a: number | null | undefined, b: number | null | undefined) => a === null || b === null || a === b;

const sameSizes = (a: DimShape, b: DimShape) => a.length === b.length && a.every((d, i) => mayBe(d.size, b[i].size));

function rankOf(call: ShapeCall, least: number, needs: string): DimShape {
  const shape = call.shape(0);
  return shape.length < least ? refuse(call.layer.op, needs, [shape]) : shape;
}

/** The attribute `axis` is an axis of the first operand. */
const axisOfFirst =
  (usual: number): Requirement =>
  ({ layer, shape, attributeNumber }) => {
    axisIn(attributeNumber('axis', usual), shape(0).length, layer.op);
  };

/** The second operand, a single number, is an axis of the first. */
const axisAsOperand: Requirement = call => {
  const axis = call.places(1)?.[0];
  if (axis === undefined) refuse(call.layer.op, 'an axis', [call.shape(1)]);
  if (axis.size !== null) axisIn(axis.size, call.shape(0).length, call.layer.op);
};

const CHANNELS = 'an input [N, C, …]';

/** Operands 1 and on hold one number per channel of x [N, C, …]. */
const channelwise: Requirement = call => {
  const C = rankOf(call, 2, CHANNELS)[1].size;
  for (let i = 1; i < call.operands; i++)
    if (!mayBe(productOf(call.shape(i)), C)) refuse(call.layer.op, `one number for each of ${C} channels`, [call.shape(i)]);
};

/** Scale and bias are broadcast to the axes of x from `axis` on. */
const overLastAxes: Requirement = call => {
  const x = call.shape(0);
  const own = x.slice(axisIn(call.attributeNumber('axis', -1), x.length, call.layer.op));
  for (let i = 1; i < call.operands; i++) fitsInto(call, call.shape(i), own);
};

function fitsInto(call: ShapeCall, given: DimShape, own: DimShape): void {
  const fits = given.length <= own.length && broadcastDims(own, given, call.layer.op).every((d, i) => mayBe(d.size, own[i].size));
  if (!fits) refuse(call.layer.op, `an operand that is broadcast to ${showShape(own)}`, [given]);
}

/** The indices of one axis, of as many axes as x and nowhere else longer than it. */
const elementwiseIndices: Requirement = call => {
  const [x, index] = [call.shape(0), call.shape(1)];
  const axis = axisIn(call.attributeNumber('axis', 0), x.length, call.layer.op);
  const isInside = (size: number | null, i: number) => size === null || x[i].size === null || size <= x[i].size!;
  if (index.length !== x.length || !index.every(({ size }, i) => i === axis || isInside(size, i)))
    refuse(call.layer.op, `indices inside ${showShape(x)}`, [index]);
  if (call.operands > 2 && !sameSizes(index, call.shape(2)))
    refuse(call.layer.op, `updates of the shape ${showShape(index)}`, [call.shape(2)]);
};

/** x [N, C, …], kernel [F, C/groups, …] or, transposed, [C, F/groups, …], bias [F] */
const convolved =
  (transposed: boolean): Requirement =>
  call => {
    const [x, kernel] = [call.shape(0), call.shape(1)];
    if (x.length < 3 || kernel.length !== x.length) return;
    const groups = call.attributeNumber('group', 1);
    const [rows, columns] = [kernel[0].size, kernel[1].size];
    const C = x[1].size;
    const wanted = C === null ? null : transposed ? C : C / groups;
    const filters = transposed ? (columns === null ? null : columns * groups) : rows;
    const divided = transposed ? C : filters;
    if (groups < 1 || !mayBe(transposed ? rows : columns, wanted) || (divided !== null && divided % groups !== 0))
      refuse(call.layer.op, `a kernel of ${wanted ?? '?'} channels in ${groups} groups`, [kernel]);
    if (call.operands > 2 && !mayBe(productOf(call.shape(2)), filters))
      refuse(call.layer.op, `one bias for each of ${filters} filters`, [call.shape(2)]);
  };

const blocks =
  (toDepth: boolean): Requirement =>
  call => {
    const b = call.attributeNumber('blocksize', 0);
    const shape = rankOf(call, 4, 'an input [N, C, H, W]');
    const divides = (size: number | null, by: number) => size === null || size % by === 0;
    const fits = toDepth ? divides(shape[2].size, b) && divides(shape[3].size, b) : divides(shape[1].size, b * b);
    if (shape.length !== 4 || !(b >= 1) || !fits) refuse(call.layer.op, `${toDepth ? 'sides' : 'channels'} for blocks of ${b}`, [shape]);
  };

const REQUIREMENTS: Readonly<Record<string, Requirement>> = {
  ...Object.fromEntries(['Softmax', 'LogSoftmax', 'Hardmax', 'LpNormalization'].map(op => [op, axisOfFirst(-1)])),
  CumSum: axisAsOperand,
  CumProd: axisAsOperand,
  LayerNormalization: overLastAxes,
  RMSNormalization: overLastAxes,
  BatchNormalization: channelwise,
  InstanceNormalization: channelwise,
  GroupNormalization: call => {
    channelwise(call);
    const groups = call.attributeNumber('num_groups', 1);
    const C = call.shape(0)[1].size;
    if (C !== null && C % groups !== 0) refuse('GroupNormalization', `channels for ${groups} groups`, [call.shape(0)]);
  },
  MeanVarianceNormalization: ({ shape, attributeNumbers }) => {
    for (const axis of attributeNumbers('axes') ?? [0, 2, 3]) axisIn(axis, shape(0).length, 'MeanVarianceNormalization');
  },
  GatherElements: elementwiseIndices,
  ScatterElements: elementwiseIndices,
  ScatterND: ({ shape }) => {
    const [x, index] = [shape(0), shape(1)];
    const parts = index.length === 0 ? 0 : index[index.length - 1].size;
    const wanted = parts !== null && [...index.slice(0, -1), ...x.slice(parts)];
    if (wanted && (parts! > x.length || !sameSizes(wanted, shape(2))))
      refuse('ScatterND', `updates of the shape ${showShape(wanted)}`, [shape(2)]);
  },
  GatherND: ({ shape, attributeNumber }) => {
    const [x, index] = [shape(0), shape(1)];
    const shared = attributeNumber('batch_dims', 0);
    const parts = index.length === 0 ? 0 : index[index.length - 1].size;
    const fits = shared >= 0 && shared < index.length && sameSizes(x.slice(0, shared), index.slice(0, shared));
    if (!fits || (parts !== null && (parts < 1 || parts > x.length - shared)))
      refuse('GatherND', `indices of ${shared} shared axes and 1 to ${x.length - shared} others`, [x, index]);
  },
  ReverseSequence: ({ shape, attributeNumber }) => {
    const x = shape(0);
    const batch = axisIn(attributeNumber('batch_axis', 1), x.length, 'ReverseSequence');
    const time = axisIn(attributeNumber('time_axis', 0), x.length, 'ReverseSequence');
    if (batch + time !== 1) refuse('ReverseSequence', 'batch and time on the first two axes', [x]);
    if (!mayBe(productOf(shape(1)), x[batch].size)) refuse('ReverseSequence', 'one length per sample', [shape(1)]);
  },
  Gemm: call => {
    const [a, b] = [call.shape(0), call.shape(1)];
    if (a.length !== 2 || b.length !== 2) return;
    const [K, rows] = [a[call.attribute('transA') ? 0 : 1], b[call.attribute('transB') ? 1 : 0]];
    if (!mayBe(K.size, rows.size)) refuse('Gemm', 'equal inner sizes', [a, b]);
    const y = [a[call.attribute('transA') ? 1 : 0], b[call.attribute('transB') ? 0 : 1]];
    if (call.operands > 2) fitsInto(call, call.shape(2), y);
  },
  Conv: convolved(false),
  ConvTranspose: convolved(true),
  DepthToSpace: blocks(false),
  SpaceToDepth: blocks(true),
  TopK: call => {
    const x = call.shape(0);
    if (call.sizes(1)!.length === 0) refuse('TopK', 'one k', [call.shape(1)]);
    const [k, { size }] = [call.sizes(1)![0].size, x[axisIn(call.attributeNumber('axis', -1), x.length, 'TopK')]];
    if (k !== null && (k < 0 || (size !== null && k > size)))
      refuse('TopK', `k from 0 to ${size ?? 'the length of the axis'}`, [[sized(k)]]);
  },
  OneHot: call => {
    const [depth, values] = [call.shape(1), call.shape(2)];
    if (!mayBe(productOf(depth), 1) || values.length !== 1 || !mayBe(values[0].size, 2))
      refuse('OneHot', 'a depth, and [off, on]', [depth, values]);
  },
  EyeLike: call => {
    if (call.shape(0).length !== 2) refuse('EyeLike', 'a matrix', [call.shape(0)]);
  },
  Trilu: call => void rankOf(call, 2, 'matrices'),
  ...Object.fromEntries(['Max', 'Average', 'Lp'].map(how => [`Global${how}Pool`, (call: ShapeCall) => void rankOf(call, 2, CHANNELS)])),
};

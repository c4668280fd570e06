import { RnnError } from '../errors.js';
import { showShape } from './dims.js';
import type { Dim, DimShape } from './layer.js';
import type { Operand, OperatorSpec } from './operatorFields.js';
import { MOVEMENT } from './operatorMovementShapes.js';
import { fromStartToEnd, knownNumbers, OPEN, sized } from './operatorNumbers.js';
import { checkRequirements } from './operatorRequirements.js';
import { axesOf, axisIn, broadcastDims, inputsOf, noAxis, notNegative, type Rule, refuse, type ShapeCall } from './operatorShapeRule.js';
import { SPACE } from './operatorSpaceShapes.js';

/** Output shapes of operators from the shapes of their inputs, with sizes that may be symbolic: ONNX's rules (Operators.md). */

/** Returns the shapes of all outputs of an operator. @throws RnnError E_OPERATOR, E_RANK, E_MERGE */
export function operatorShapes(layer: OperatorSpec, inputs: readonly DimShape[]): readonly DimShape[] {
  const call = shapeCall(layer, inputs);
  const rule = RULES[layer.op];
  if (!rule)
    throw new RnnError('unsupported', 'E_OPERATOR', `the output shape of ${layer.op} is not supported`, {
      expected: Object.keys(RULES).sort().join(', '),
      found: layer.op,
    });
  checkRequirements(call);
  const all = rule(call);
  if (all.some(shape => shape.some(d => d === undefined))) throw noAxis(layer.op, inputs);
  // a copy drops the known values (`numbers`) of an input's shape
  const [first, ...others] = all.map(shape => [...shape]);
  const numbers = knownNumbers(layer.op, call);
  return [
    numbers && numbers.length <= MOST_NUMBERS && numbers.every(n => n !== undefined) ? Object.assign(first, { numbers }) : first,
    ...others,
  ];
}

/** Longest list of values that is tracked: a longer one is no shape. */
const MOST_NUMBERS = 64;

/** The shape of a constant. Whole numbers are kept with it, because shapes may be computed from them. */
export function constantShape({ type, shape, data }: Exclude<Operand, null>): DimShape {
  const dims = shape.map(sized);
  return type === 'int' ? Object.assign(dims, { numbers: data.map(sized) }) : dims;
}

function noList(op: string, i: number, shape: readonly number[]): RnnError {
  const found = `[${shape.join(', ')}]`;
  return new RnnError('shape', 'E_RANK', `input ${i} of ${op} is a list of numbers`, { expected: 'one axis', found });
}

/** Returns one item per operand: made from its constant, or taken from the next input. */
export function operandsAmong<T>({ operands }: OperatorSpec, inputs: readonly T[], ofConstant: (o: Exclude<Operand, null>) => T): T[] {
  let next = 0;
  return operands === null ? [...inputs] : operands.map(o => (o === null ? inputs[next++] : ofConstant(o)));
}

function wrongAttribute({ op, attributes }: OperatorSpec, name: string, needs: string): RnnError {
  return new RnnError('format', 'E_ONNX_ATTRIBUTE', `attribute ${name} of ${op} is not ${needs}`, {
    expected: needs,
    found: JSON.stringify(attributes[name]),
  });
}

function shapeCall(layer: OperatorSpec, inputs: readonly DimShape[]): ShapeCall {
  const operands = layer.operands ?? inputs.map(() => null);
  const shapes = operandsAmong(layer, inputs, constantShape);
  const sizes = (i: number): readonly Dim[] | undefined => {
    if (i >= operands.length) return undefined;
    if (shapes[i].numbers && shapes[i].length < 2) return shapes[i].numbers;
    const operand = operands[i];
    if (operand && operand.shape.length > 1) throw noList(layer.op, i, operand.shape);
    if (operand) return operand.data.map(sized);
    throw new RnnError(
      'unsupported',
      'E_OPERATOR',
      `input ${i} of ${layer.op} is computed by the network, so the output shape is not known before it runs`,
      { expected: 'a constant, or sizes of known shapes', found: 'a computed value' },
    );
  };
  const places = (i: number) =>
    operands[i] || shapes[i]?.numbers ? sizes(i) : shapes[i] && Array.from({ length: shapes[i][0]?.size ?? 0 }, () => OPEN);
  return {
    layer,
    operands: operands.length,
    attribute: name => layer.attributes[name],
    attributeNumber(name, otherwise) {
      const value = layer.attributes[name] ?? otherwise;
      if (typeof value === 'number') return value;
      throw wrongAttribute(layer, name, 'a number');
    },
    attributeNumbers(name) {
      const value = layer.attributes[name];
      if (value === undefined || Array.isArray(value)) return value;
      throw wrongAttribute(layer, name, 'a list of numbers');
    },
    shape(i) {
      if (shapes[i]) return shapes[i];
      throw new RnnError('shape', 'E_OPERANDS', `${layer.op} has no input ${i}`, {
        expected: `at least ${i + 1} inputs`,
        found: String(shapes.length),
      });
    },
    sizes,
    count: i => places(i)?.[0] ?? OPEN,
    places,
    numbers: i =>
      sizes(i)?.map(({ size, symbol }) => {
        if (size !== null) return size;
        const message = `${layer.op} takes ${symbol} as its input ${i}: its shape is not known before it runs`;
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

const reduce: Rule = call => {
  const shape = call.shape(0);
  const given = axesOf(call, 1, shape.length) ?? [];
  if (given.length === 0 && call.attribute('noop_with_empty_axes') === 1) return [shape];
  const axes = given.length > 0 ? given : shape.map((_, i) => i);
  const keep = call.attribute('keepdims') !== 0;
  return [shape.flatMap((d, i): Dim[] => (axes.includes(i) ? (keep ? [{ symbol: '1', size: 1 }] : []) : [d]))];
};

const argument: Rule = call => {
  const shape = call.shape(0);
  const axis = axisIn(call.attributeNumber('axis', 0), shape.length, call.layer.op);
  return [
    call.attribute('keepdims') === 0
      ? shape.filter((_, i) => i !== axis)
      : shape.map((d, i) => (i === axis ? { symbol: '1', size: 1 } : d)),
  ];
};

/** GatherND: the last axis of the second operand holds the indices [i, j] of x[i, j]. */
const rows: Rule = call => {
  const places = call.shape(1);
  const parts = places[places.length - 1]?.size ?? null;
  if (parts === null) throw new RnnError('unsupported', 'E_OPERATOR', 'the output shape of this GatherND is not known in advance');
  return [[...places.slice(0, -1), ...call.shape(0).slice(parts + call.attributeNumber('batch_dims', 0))]];
};

/** Elementwise operators of several inputs, which are broadcast. */
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
  ...MOVEMENT,
  ...SPACE,
  ArgMax: argument,
  ArgMin: argument,
  MatMul(call) {
    const a = call.shape(0);
    const b = call.shape(1);
    const [wide, tall] = [a[a.length - 1], b[Math.max(0, b.length - 2)]];
    if (!wide || !tall) throw noAxis('MatMul', [a, b]);
    if (wide.size !== null && tall.size !== null && wide.size !== tall.size)
      throw new RnnError('shape', 'E_MERGE', `MatMul cannot join ${showShape(a)} and ${showShape(b)}`, {
        expected: `${wide.size} rows`,
        found: String(tall.size),
      });
    const lead = broadcastDims(a.slice(0, -2), b.slice(0, -2), 'MatMul');
    return [[...lead, ...(a.length > 1 ? [a[a.length - 2]] : []), ...(b.length > 1 ? [b[b.length - 1]] : [])]];
  },
  /** Two matrices, transposed with transA, transB. */
  Gemm(call) {
    const [a, b] = ['transA', 'transB'].map((turned, i) => (call.attribute(turned) ? [...call.shape(i)].reverse() : call.shape(i)));
    if (a.length !== 2 || b.length !== 2)
      throw new RnnError('shape', 'E_RANK', 'Gemm needs matrices', {
        expected: 'two axes each',
        found: `${showShape(a)} and ${showShape(b)}`,
      });
    return [[a[0], b[1]]];
  },
  Einsum(call) {
    const [terms, output] = String(call.attribute('equation') ?? '')
      .replace(/\s/g, '')
      .split('->');
    const sizes = new Map<string, Dim>();
    // axes that '...' stands for are numbered from the last
    const lettersOf = (term: string, free: number): string[] => {
      const [before, after = ''] = term.split('...');
      const rest = term.includes('...') ? Array.from({ length: free }, (_, i) => `...${free - i}`) : [];
      return [...before, ...rest, ...after];
    };
    if (terms.split(',').length !== call.operands) refuse('Einsum', `an input for each term of ${terms}`, inputsOf(call));
    let most = 0;
    terms.split(',').forEach((term, i) => {
      const shape = call.shape(i);
      const free = shape.length - term.replace('...', '').length;
      if (free < 0 || (free > 0 && !term.includes('...'))) refuse('Einsum', `as many axes as ${term} names`, [shape]);
      most = Math.max(most, free);
      lettersOf(term, free).forEach((letter, axis) => {
        const known = sizes.get(letter);
        const stretches = letter.startsWith('...') && (known?.size === 1 || shape[axis]?.size === 1);
        if (known && !stretches && known.size !== null && shape[axis]?.size !== null && known.size !== shape[axis]?.size)
          refuse('Einsum', `one size for the letter ${letter}`, [[known], [shape[axis]]]);
        if (shape[axis] && (!known || known.size === null || known.size === 1)) sizes.set(letter, shape[axis]);
      });
    });
    const letters = lettersOf(output ?? '', most);
    if (output === undefined || letters.some(letter => !sizes.has(letter)))
      throw new RnnError('unsupported', 'E_OPERATOR', 'the output shape of this Einsum is not known in advance', {
        expected: 'an equation that names the output axes, as in bij,bjk->bik',
        found: String(call.attribute('equation')),
      });
    return [letters.map(letter => sizes.get(letter)!)];
  },
  TopK(call) {
    const from = call.shape(0);
    const axis = axisIn(call.attributeNumber('axis', -1), from.length, 'TopK');
    const shape = from.map((d, i) => (i === axis ? (call.sizes(1)?.[0] ?? sized(0)) : d));
    return [shape, shape];
  },
  /** Adds an axis with one element per class. */
  OneHot(call) {
    const from = call.shape(0);
    const axis = axisIn(call.attributeNumber('axis', -1), from.length + 1, 'OneHot');
    return [notNegative(call, [...from.slice(0, axis), call.count(1), ...from.slice(axis)])];
  },
  GatherElements: ({ shape }) => [shape(1)],
  GatherND: rows,
  Shape: call => [[sized(fromStartToEnd(call).length)]],
  Size: () => [[]],
  ConstantOfShape: call => [notNegative(call, call.sizes(0) ?? [])],
  Range: call => {
    const [start, end, step] = [0, 1, 2].map(call.count);
    if (step.size === 0) refuse('Range', 'a step other than 0', [[step]]);
    if (start.size !== null && end.size !== null && step.size !== null)
      return [[sized(Math.max(0, Math.ceil((end.size - start.size) / step.size)))]];
    return [[start.size === 0 && step.size === 1 ? end : OPEN]];
  },
};

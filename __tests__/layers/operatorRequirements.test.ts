import { manualKernels } from '../../src/engines/manual.js';
import { RnnError } from '../../src/errors.js';
import { operator } from '../../src/layers/operator.js';
import type { Operand, OperatorSpec } from '../../src/layers/operatorFields.js';
import { constantShape, operatorShapes } from '../../src/layers/operatorShapes.js';
import { OPERATORS } from '../../src/ops/index.js';
import { sizeOf } from '../../src/tensor/tensor.js';

/**
 * `shapes` refuses the operators that `forward` refuses for their shapes, and no others, and says the shapes that `forward` gives: a call that runs,
 * and that call with one thing changed. What is refused for the numbers that a network computes (an index beyond the axis) is no matter of shapes.
 */
interface Call {
  readonly inputs: readonly (readonly number[])[];
  readonly operands: readonly Operand[];
  readonly attributes: Record<string, number | string | readonly number[]>;
}

const whole = (...data: number[]): Operand => ({ type: 'int', shape: [data.length], data });
const one = (value: number): Operand => ({ type: 'int', shape: [], data: [value] });
/** A call with computed values of these shapes, then constants. */
const call = (inputs: number[][], operands: Operand[] = [], attributes: Call['attributes'] = {}): Call => ({
  inputs,
  operands: [...inputs.map(() => null), ...operands],
  attributes,
});

const X = [2, 3, 4];
const IMAGE = [2, 4, 5, 6];
const BINARY =
  'Add And BitShift BitwiseAnd BitwiseOr BitwiseXor CastLike Div Equal Greater GreaterOrEqual Less LessOrEqual Max Mean Min Mod Mul Or PRelu Pow Sub Sum Xor';
const CALLS: Readonly<Record<string, Call>> = {
  ...Object.fromEntries(BINARY.split(' ').map(op => [op, call([X, op === 'PRelu' ? [4] : [2, 1, 4]])])),
  ...Object.fromEntries(
    Object.keys(OPERATORS)
      .filter(op => op.startsWith('Reduce'))
      .map(op => [op, call([X], [whole(1, -1)], { keepdims: 0 })]),
  ),
  BatchNormalization: call([IMAGE, [4], [4], [4], [4]]),
  Cast: call([X], [], { to: 1 }),
  Concat: call([X, [2, 5, 4]], [], { axis: 1 }),
  ConstantOfShape: { inputs: [], operands: [whole(2, 3)], attributes: {} },
  Conv: call([IMAGE, [6, 2, 3, 2], [6]], [], { group: 2 }),
  ConvTranspose: call([IMAGE, [4, 3, 3, 2], [6]], [], { group: 2, strides: [2, 1] }),
  CumProd: call([X], [one(1)]),
  CumSum: call([X], [one(-1)]),
  DepthToSpace: call([[2, 8, 3, 4]], [], { blocksize: 2 }),
  SpaceToDepth: call([[2, 3, 4, 6]], [], { blocksize: 2 }),
  Einsum: call(
    [
      [2, 3, 4],
      [4, 5],
    ],
    [],
    { equation: 'bij,jk->bik' },
  ),
  Expand: call([[2, 1, 4]], [whole(2, 3, 1)]),
  EyeLike: call([[2, 3]]),
  Flatten: call([X], [], { axis: 2 }),
  Gather: call([X], [whole(0, 2)], { axis: 1 }),
  GatherElements: call([X, [2, 2, 4]], [], { axis: 1 }),
  GatherND: call([X, [5, 2]]),
  Gemm: call([[2, 3], [4, 3], [4]], [], { transB: 1 }),
  GroupNormalization: call([IMAGE, [4], [4]], [], { num_groups: 2 }),
  InstanceNormalization: call([IMAGE, [4], [4]]),
  LayerNormalization: call([X, [3, 4], [4]], [], { axis: 1 }),
  RMSNormalization: call([X, [4]]),
  MatMul: call([X, [2, 4, 5]]),
  MeanVarianceNormalization: call([IMAGE]),
  OneHot: call([[2, 3]], [one(5), { type: 'float', shape: [2], data: [0, 1] }]),
  Pad: call([X], [whole(0, 1, 0, 0, 2, 1)]),
  Range: { inputs: [], operands: [one(1), one(7), one(2)], attributes: {} },
  Reshape: call([X], [whole(0, -1, 2)]),
  Resize: { inputs: [IMAGE], operands: [null, whole(), whole(), whole(2, 4, 7, 3)], attributes: {} },
  ReverseSequence: call([X, [3]], [], { time_axis: 0, batch_axis: 1 }),
  ScatterElements: call([X, [2, 2, 4], [2, 2, 4]], [], { axis: 1 }),
  ScatterND: call([X, [5, 1], [5, 3, 4]]),
  Slice: call([X], [whole(0, 1), whole(3, 4), whole(1, 2), whole(1, 2)]),
  Split: call([X], [whole(1, 2)], { axis: 1 }),
  Squeeze: call([[2, 1, 4]], [whole(1)]),
  Tile: call([X], [whole(1, 2, 1)]),
  TopK: call([X], [whole(2)], { axis: 1 }),
  Transpose: call([X], [], { perm: [0, 2, 1] }),
  Trilu: call([X], [one(1)]),
  Unsqueeze: call([X], [whole(1)]),
  Where: call([X, [4], [3, 1]]),
  ...Object.fromEntries(['AveragePool', 'MaxPool', 'LpPool'].map(op => [op, call([IMAGE], [], { kernel_shape: [2, 3] })])),
  ...Object.fromEntries(['GlobalAveragePool', 'GlobalMaxPool', 'GlobalLpPool', 'LRN'].map(op => [op, call([IMAGE])])),
  ...Object.fromEntries(['BlackmanWindow', 'HammingWindow', 'HannWindow'].map(op => [op, { ...call([], [one(5)]) }])),
};

/** The same call with one thing changed: an axis, an operand, an attribute. */
function* changed({ inputs, operands, attributes }: Call, names: readonly string[]): Generator<Call> {
  for (const i of inputs.keys()) {
    const other = (shape: readonly number[]) => ({ inputs: inputs.with(i, shape), operands, attributes });
    yield other(inputs[i].slice(1));
    yield other(inputs[i].slice(0, -1));
    yield other([...inputs[i], 2]);
    yield other([]);
    for (const axis of inputs[i].keys()) for (const size of [1, inputs[i][axis] + 1]) yield other(inputs[i].with(axis, size));
  }
  for (const [i, operand] of operands.entries()) {
    const computed = operands.slice(0, i).filter(o => o === null).length;
    yield { inputs: operand ? inputs : inputs.toSpliced(computed, 1), operands: operands.toSpliced(i, 1), attributes };
    if (!operand) continue;
    const single = operand.shape.length === 0;
    for (const data of [
      [-3],
      [7],
      [...operand.data, 1],
      operand.data.slice(1),
      operand.data.map(v => v + 1),
      operand.data.map(() => 0),
    ].filter(list => !single || list.length === 1))
      yield {
        inputs,
        operands: operands.with(i, { ...operand, shape: single ? [] : [data.length], data }),
        attributes,
      };
  }
  yield { inputs: [...inputs, [3]], operands: [...operands, null], attributes };
  for (const name of names.filter(n => /axis|batch_dims|group|blocksize|num_outputs/.test(n)))
    for (const value of [-5, -2, 0, 1, 3, 5])
      if (value > 0 || /axis/.test(name)) yield { inputs, operands, attributes: { ...attributes, [name]: value } };
  for (const name of names.filter(n => /axes|perm|kernel_shape|strides|pads/.test(n)))
    for (const value of [[1], [0, 1], [5], [1, 1, 1, 1]]) yield { inputs, operands, attributes: { ...attributes, [name]: value } };
}

const kernels = manualKernels('f64');
function said(layer: OperatorSpec, inputs: Call['inputs']): RnnError | (number | null)[][] {
  try {
    return operatorShapes(
      layer,
      inputs.map(shape => constantShape({ type: 'float', shape, data: [] })),
    ).map(shape => shape.map(d => d.size));
  } catch (error) {
    if (error instanceof RnnError) return error;
    throw error;
  }
}

function ran(layer: OperatorSpec, inputs: Call['inputs']): RnnError | (readonly number[])[] {
  // ones: an index that every axis of two has, and whole where an operator needs that
  const values = inputs.map(shape => ({ tensor: { shape, data: new Float64Array(sizeOf(shape)).fill(1) }, kind: 'int' as const }));
  try {
    const { tensor, others = [] } = operator.apply!(layer, values, { kernels, weights: new Map(), trace: false });
    return [tensor.shape, ...others.map(({ shape }) => shape)];
  } catch (error) {
    if (error instanceof RnnError) return error;
    throw error;
  }
}

/** How the two differ about a call; undefined if they do not. */
function disagreement(op: string, { inputs, operands, attributes }: Call): string | undefined {
  const layer = { kind: 'op', name: 'op', op, operands, attributes, inputs: [], trainable: true, kerasClass: null } as OperatorSpec;
  const [shapes, y] = [said(layer, inputs), ran(layer, inputs)];
  if (shapes instanceof RnnError) {
    // sizes that only the run knows, and operands that an engine does not read
    const apart = shapes.code === 'E_OPERATOR' || shapes.code === 'E_OPERANDS';
    return y instanceof RnnError || apart ? undefined : `shapes: ${shapes.message}`;
  }
  if (y instanceof RnnError) return /is out of range|wrong type/.test(y.message) ? undefined : `forward: ${y.message}`;
  const alike = shapes.every(
    (shape, i) => shape.length === y[i].length && shape.every((size, axis) => size === null || size === y[i][axis]),
  );
  return alike ? undefined : `shapes ${JSON.stringify(shapes)}, forward ${JSON.stringify(y)}`;
}

const OPEN_SPECTRA = new Set(['DFT', 'STFT']);
const ruled = Object.keys(OPERATORS).filter(op => {
  const shapes = said({ op, operands: null, attributes: {} } as unknown as OperatorSpec, [X]);
  return !OPEN_SPECTRA.has(op) && !(shapes instanceof RnnError && shapes.message.endsWith('is not supported'));
});

it('more than a hundred operators have a rule for their shapes', () => expect(ruled.length).toBeGreaterThan(100));

it.each(ruled)('%s: shapes refuses what forward refuses for its shapes', op => {
  const base = CALLS[op] ?? call([X]);
  const layer = { kind: 'op', name: 'op', op, operands: base.operands, attributes: base.attributes, inputs: [] } as unknown as OperatorSpec;
  expect(said(layer, base.inputs)).not.toBeInstanceOf(RnnError);
  const found = [base, ...changed(base, OPERATORS[op].attributes)].flatMap(c => {
    const differs = disagreement(op, c);
    return differs === undefined ? [] : [`${JSON.stringify(c)}: ${differs}`];
  });
  expect(found).toEqual([]);
});

it.each(ruled)('%s: a word in the place of a number is not read as NaN', op => {
  const base = CALLS[op] ?? call([X]);
  const messages = OPERATORS[op].attributes
    .filter(name => typeof base.attributes[name] !== 'string')
    .map(name =>
      said(
        { name: 'op', op, operands: base.operands, attributes: { ...base.attributes, [name]: 'one' } } as unknown as OperatorSpec,
        base.inputs,
      ),
    )
    .flatMap(shapes => (shapes instanceof RnnError ? [shapes.message] : []));
  expect(messages.filter(message => message.includes('NaN'))).toEqual([]);
});

it.each([
  ['Gelu', { approximate: 'erf' }, [X]],
  ['AveragePool', { kernel_shape: [2, 2], auto_pad: 'SAME' }, [IMAGE]],
  ['BitShift', { direction: 'left' }, [X, X]],
  ['DepthToSpace', { blocksize: 2, mode: 'RDC' }, [[2, 8, 3, 4]]],
  ['SpaceToDepth', { blocksize: 2, mode: 'RDC' }, [[2, 3, 4, 6]]],
])('%s: an unknown word in %j is refused, as in an ONNX file', (op, attributes, inputs) => {
  expect(said({ name: 'op', op, operands: null, attributes } as unknown as OperatorSpec, inputs)).toMatchObject({
    code: 'E_ONNX_ATTRIBUTE',
  });
});

it.each([
  [1, [[2, null, 4]]],
  [
    3,
    [
      [2, null, 4],
      [2, null, 4],
      [2, null, 4],
    ],
  ],
])('Split of an axis of unknown size into %d: the sizes of the pieces stay open', (num_outputs, expected) => {
  const layer = { name: 'op', op: 'Split', operands: null, attributes: { axis: 1, num_outputs } } as unknown as OperatorSpec;
  const sized = (size: number) => ({ symbol: String(size), size });
  const shapes = operatorShapes(layer, [[sized(2), { symbol: 'T', size: null }, sized(4)]]);
  expect(shapes.map(shape => shape.map(({ size }) => size))).toEqual(expected);
});

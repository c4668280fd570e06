/** @jest-environment ./__tests__/helpers/hostArrays.cjs */
import { batched } from '../../src/engines/batched/engine.js';
import { RUN_OPERATORS } from '../../src/engines/graph/evaluate.js';
import { specOfGraph } from '../../src/engines/graph/graphSpec.js';
import { isInstalled, onnxruntime } from '../../src/engines/onnxruntime.js';
import type { OnnxAttribute, OnnxModel, OnnxNode, OnnxTensor } from '../../src/formats/onnx/graph.js';
import { writeOnnx } from '../../src/formats/onnx.js';
import type { DimShape } from '../../src/layers/layer.js';
import { inferShapes } from '../../src/model/shapes.js';
import type { GraphValue } from '../../src/ops/value.js';
import { sizeOf } from '../../src/tensor/tensor.js';
import { expectClose, TOLERANCE } from '../helpers/expectClose.js';
import { randomStream } from '../helpers/randomNetworks.js';

/** Operators one at a time against ONNX Runtime, where it is installed (`npm ci --prefix bench`). */
const next = randomStream(11);
const x = (...shape: number[]): GraphValue => ({
  kind: 'float',
  shape,
  data: Float32Array.from({ length: sizeOf(shape) }, () => next() * 6 - 3),
});
const positive = (...shape: number[]): GraphValue => ({ ...x(...shape), data: x(...shape).data.map(v => Math.abs(v) + 0.1) });
const whole = (...values: number[]): GraphValue => ({ kind: 'int', shape: [values.length], data: Float64Array.from(values) });
const wholeOf = (shape: number[], ...values: number[]): GraphValue => ({ kind: 'int', shape, data: Float64Array.from(values) });
const int = (value: number): OnnxAttribute => ({ type: 'int', value: BigInt(value) });
const float = (value: number): OnnxAttribute => ({ type: 'float', value: Math.fround(value) });
const text = (value: string): OnnxAttribute => ({ type: 'string', value });
const ints = (...values: number[]): OnnxAttribute => ({ type: 'ints', value: values.map(BigInt) });

type Case = readonly [op: string, inputs: readonly GraphValue[], attributes?: Record<string, OnnxAttribute>, opset?: number];

const CASES: readonly Case[] = [
  ...['Neg', 'Abs', 'Exp', 'Erf', 'Reciprocal', 'Floor', 'Ceil', 'Round', 'Sign', 'Tanh', 'Sigmoid', 'Relu', 'Softplus', 'Softsign', 'Selu']
    .concat(['Elu', 'LeakyRelu', 'HardSigmoid', 'ThresholdedRelu', 'Celu', 'HardSwish', 'Identity'])
    .map((op): Case => [op, [x(3, 5)]]),
  ['Round', [{ kind: 'float', shape: [6], data: Float32Array.of(0.5, 1.5, 2.5, -0.5, -1.5, 2.4) }]],
  ['Sqrt', [positive(2, 3)]],
  ['Log', [positive(2, 3)]],
  ['Mish', [x(4)], {}, 18],
  ['Gelu', [x(4)], {}, 20],
  ['Selu', [x(4)], { alpha: float(1.2), gamma: float(0.9) }],
  ['Celu', [x(4)], { alpha: float(0.7) }],
  ['Elu', [x(4)], { alpha: float(0.3) }],
  ['HardSigmoid', [x(4)], { alpha: float(0.3), beta: float(0.1) }],
  ['Shrink', [x(9)], { bias: float(0.3), lambd: float(1) }],
  ['PRelu', [x(2, 3), positive(3)]],
  ['Add', [x(4, 1, 3), x(2, 1)]],
  ['Sub', [x(2, 3), x(3)]],
  ['Mul', [x(2, 3), x(1)]],
  ['Div', [whole(7, -7, 8), whole(2, 2, -3)]],
  ['Pow', [x(3), { kind: 'float', shape: [], data: Float32Array.of(2) }]],
  ['Mod', [whole(7, -7, 7, -7), whole(3, 3, -3, -3)]],
  ['Mod', [x(4), positive(4)], { fmod: int(1) }],
  ['Max', [x(2, 3), x(3), x(1)]],
  ['Min', [x(2, 3), x(3)]],
  ['Mean', [x(2, 3), x(3), x(2, 1)]],
  ['Less', [x(2, 3), x(3)]],
  ['Clip', [x(3, 4), { kind: 'float', shape: [], data: Float32Array.of(-1) }]],
  ['Clip', [x(3, 4)], { min: float(-1), max: float(0.5) }, 10],
  ['Softmax', [x(2, 3, 4)]],
  ['Softmax', [x(2, 3, 4)], { axis: int(1) }],
  ['Softmax', [x(2, 3, 4)], { axis: int(1) }, 11],
  ['LogSoftmax', [x(2, 3)]],
  ['ReduceMax', [x(2, 3, 4)], { axes: ints(1) }],
  ['ReduceMin', [x(2, 3, 4)], { axes: ints(0, -1), keepdims: int(0) }],
  ['ReduceMean', [x(2, 3, 4)]],
  ['ReduceSum', [x(2, 3, 4), whole(1)], { keepdims: int(0) }],
  ['ReduceProd', [x(2, 3)], { axes: ints(1) }],
  ['ReduceL1', [x(2, 3)], { axes: ints(1) }],
  ['ReduceL2', [x(2, 3)], { axes: ints(0) }],
  ['ReduceSumSquare', [x(2, 3)], { axes: ints(0) }],
  ['ArgMax', [x(2, 3, 4)], { axis: int(1), keepdims: int(0) }],
  ['ArgMin', [x(2, 3, 4)], { axis: int(-1) }],
  ['ArgMax', [whole(3, 1, 3)], { select_last_index: int(1) }],
  ['CumSum', [x(3, 4), wholeOf([], 1)]],
  ['CumSum', [x(3, 4), wholeOf([], 0)], { exclusive: int(1), reverse: int(1) }],
  ['Transpose', [x(2, 3, 4)], { perm: ints(2, 0, 1) }],
  ['Reshape', [x(2, 3, 4), whole(0, -1)]],
  ['Flatten', [x(2, 3, 4)], { axis: int(2) }],
  ['Squeeze', [x(2, 1, 4), whole(1)]],
  ['Unsqueeze', [x(2, 4), whole(0, -1)]],
  ['Concat', [x(2, 3), x(2, 2)], { axis: int(1) }],
  ['Slice', [x(5, 4), whole(-1, 1), whole(-6, 4), whole(0, 1), whole(-1, 2)]],
  ['Gather', [x(5, 4), wholeOf([2, 2], 0, -1, 3, 2)], { axis: int(1) }],
  ['GatherElements', [x(3, 4), wholeOf([3, 2], 0, 3, 1, -1, 2, 2)], { axis: int(1) }],
  ['GatherND', [x(3, 4, 2), wholeOf([2, 2], 0, 3, 2, 1)]],
  ['ReverseSequence', [x(4, 3, 2), whole(4, 1, 3)]],
  ['ReverseSequence', [x(3, 4, 2), whole(2, 4, 3)], { batch_axis: int(0), time_axis: int(1) }],
  ['Expand', [x(3, 1), whole(2, 1, 4)]],
  ['Tile', [x(2, 3), whole(2, 1)]],
  ['Shape', [x(2, 3)]],
  ['LayerNormalization', [x(2, 3, 5), x(5), x(5)], {}, 17],
  ['LayerNormalization', [x(2, 3, 5), x(3, 5)], { axis: int(1), epsilon: float(0.01) }, 17],
  ['BatchNormalization', [x(2, 3, 4), x(3), x(3), x(3), positive(3)]],
  ['MatMul', [x(2, 3, 4), x(4, 5)]],
  ['MatMul', [x(2, 3, 4), x(2, 4, 5)]],
  ['MatMul', [x(4), x(4, 5)]],
  ['MatMul', [x(2, 3, 4), x(4)]],
  ['MatMul', [x(4), x(2, 4, 5)]],
  ['Gemm', [x(3, 4), x(5, 4), x(5)], { transB: int(1) }],
  ['Gemm', [x(4, 3), x(4, 5), x(3, 1)], { transA: int(1), alpha: float(0.5), beta: float(2) }],
  ['Conv', [x(2, 4, 9), x(6, 2, 3), x(6)], { group: int(2), strides: ints(2), pads: ints(1, 2), dilations: ints(2) }],
  ['Conv', [x(1, 3, 7, 5), x(2, 3, 3, 2)], { auto_pad: text('SAME_UPPER'), strides: ints(2, 3) }],
  ['ConvTranspose', [x(1, 4, 5), x(4, 3, 3)], { strides: ints(3), pads: ints(1, 0), output_padding: ints(1) }],
  ['MaxPool', [x(1, 2, 7, 8)], { kernel_shape: ints(3, 2), strides: ints(2, 3), ceil_mode: int(1) }],
  ['AveragePool', [x(1, 2, 9)], { kernel_shape: ints(4), strides: ints(3), auto_pad: text('SAME_LOWER') }],
  ['LpPool', [x(1, 2, 6)], { kernel_shape: ints(2), pads: ints(1, 1) }],
  ['GlobalAveragePool', [x(2, 3, 4, 5)]],
  ['GlobalMaxPool', [x(2, 3, 4)]],
  ['GlobalLpPool', [x(2, 3, 4)]],
  ['Pad', [x(2, 3), whole(1, 0, 0, 2)]],
  ['Pad', [x(2, 5), whole(0, -2, 1, -1)]],
  ['SpaceToDepth', [x(1, 3, 4, 6)], { blocksize: int(2) }],
  ['DepthToSpace', [x(1, 8, 3, 2)], { blocksize: int(2) }],
  ['Einsum', [x(2, 3, 4), x(2, 5, 4)], { equation: text('ntd,nsd->nst') }],
  ['Split', [x(3, 5), whole(5)], { axis: int(1) }],
  ['Size', [x(3, 5)]],
  [
    'OneHot',
    [wholeOf([2, 3], 0, 2, 1, 3, 1, 0), wholeOf([], 4), { kind: 'float', shape: [2], data: Float32Array.of(-1, 2) }],
    { axis: int(1) },
  ],
  ['DFT', [x(2, 7, 3, 1), wholeOf([], 6), wholeOf([], 1)], {}, 20],
  ['DFT', [x(2, 3, 7, 1), wholeOf([], 8), wholeOf([], 2)], { onesided: int(1) }, 20],
  ['DFT', [x(2, 7, 3, 2), wholeOf([], 7), wholeOf([], -3)], { inverse: int(1) }, 20],
  ['STFT', [x(2, 20, 1), wholeOf([], 4), x(8)], {}, 17],
  ['STFT', [x(1, 17, 1), wholeOf([], 3), x(6)], { onesided: int(0) }, 17],
];

function modelOf([opType, inputs, attributes = {}, opset = 14]: Case): { model: OnnxModel; feeds: Map<string, GraphValue> } {
  const names = inputs.map((_, i) => `i${i}`);
  return {
    feeds: new Map(inputs.map((value, i) => [names[i], value])),
    model: {
      irVersion: 8,
      producerName: 'test',
      producerVersion: '',
      opsets: new Map([['', opset]]),
      graph: {
        name: 'g',
        inputs: inputs.map(({ kind, shape }, i) => ({ name: names[i], dtype: kind === 'int' ? 'i64' : 'f32', shape })),
        outputs: [
          {
            name: 'y',
            dtype:
              opType === 'Less'
                ? 'bool'
                : (inputs[0].kind === 'int' && opType !== 'OneHot') || /^Arg|^Shape|^Size/.test(opType)
                  ? 'i64'
                  : 'f32',
            shape: null,
          },
        ],
        initializers: new Map(),
        nodes: [{ name: '', opType, domain: '', inputs: names, outputs: ['y'], attributes: new Map(Object.entries(attributes)) }],
      },
    },
  };
}

const OPTIONS = { dtype: 'f32', threads: 1, trace: false } as const;
const installed = isInstalled();

it.each(CASES.map((c, i): [string, Case] => [`${c[0]} (${i})`, c]))('%s as ONNX Runtime', async (_, c) => {
  expect(RUN_OPERATORS).toContain(c[0]);
  const { model, feeds } = modelOf(c);
  const ours = (await batched.runGraph({ model, bytes: null }, feeds, OPTIONS)).get('y')!;
  if (!(await installed)) return;
  const theirs = (await onnxruntime.runGraph({ model, bytes: await writeOnnx(model) }, feeds, OPTIONS)).get('y')!;
  // the sines of ONNX Runtime's spectra are off by 1e-7
  expectClose(ours, theirs, /FT$/.test(c[0]) ? 2e-5 : TOLERANCE.float32);
});

/** A layer of Softmax is over one axis, and a network is not an Identity alone. */
const NO_NETWORK = /Softmax over several axes|at least one layer/;

it.each(CASES.map((c, i): [string, Case] => [`${c[0]} (${i})`, c]))('%s: the shape is said before it is run', async (_, c) => {
  const { model, feeds } = modelOf(c);
  const { shape } = (await batched.runGraph({ model, bytes: null }, feeds, OPTIONS)).get('y')!;
  for (const sizes of ['known', 'open'] as const) {
    let said: (number | null)[];
    try {
      said = specOfGraph(withConstants(model, feeds, sizes)).shapes.output.map(d => d.size);
    } catch (error) {
      if (sizes === 'known') expect(String(error)).toMatch(NO_NETWORK);
      continue;
    }
    expect(said).toEqual(shape.map((n, axis) => (sizes === 'open' && said[axis] === null ? null : n)));
  }
});

/** Whole numbers behind the first input as constants; the other inputs with their sizes, or with letters in place of them. */
function withConstants(model: OnnxModel, feeds: ReadonlyMap<string, GraphValue>, sizes: 'known' | 'open'): OnnxModel {
  const { inputs } = model.graph;
  const isConstant = (name: string) => name !== 'i0' && feeds.get(name)!.kind === 'int';
  const constants = inputs.filter(({ name }) => isConstant(name)).map(({ name }) => [name, { ...feeds.get(name)!, dtype: 'i64' }] as const);
  const letters = (name: string, shape: OnnxModel['graph']['inputs'][number]['shape']) =>
    shape?.map((n, axis) => (sizes === 'known' ? n : `${name}${axis}`)) ?? null;
  const others = inputs.filter(({ name }) => !isConstant(name)).map(input => ({ ...input, shape: letters(input.name, input.shape) }));
  return { ...model, graph: { ...model.graph, inputs: others, initializers: new Map(constants) } };
}

/** Of the sizes a = 7 and b = 3, and s = [7, 3]. */
const SIZES: [string, OnnxNode[]][] = [
  ...['Add', 'Sub', 'Mul', 'Div', 'Mod'].map((op): [string, OnnxNode[]] => [`${op} of two sizes`, [node(op, ['a', 'b'], 'n')]]),
  ['Mod below 0', [node('Neg', ['b'], 'c'), node('Sub', ['b', 'a'], 'd'), node('Mod', ['d', 'c'], 'e'), node('Neg', ['e'], 'n')]],
  ['Div of a size by one', [node('Div', ['a', 'one'], 'n')]],
  ['the one of two sizes that a condition takes', [node('Equal', ['a', 'b'], 'c'), node('Where', ['c', 'a', 'b'], 'n')]],
  ['the other one', [node('Equal', ['a', 'b'], 'c'), node('Not', ['c'], 'd'), node('Where', ['d', 'a', 'b'], 'n')]],
  ['sizes side by side', [node('Concat', ['b', 'a', 'b'], 'n', { axis: int(0) })]],
  ['some of the sizes', [node('Slice', ['s', 'one', 'many'], 'n')]],
  ['sizes from behind', [node('Slice', ['s', 'less', 'many'], 'n')]],
  ['sizes in the other order', [node('Slice', ['s', 'last', 'least', 'zero', 'last'], 'n')]],
  ['how many numbers there are', [node('Size', ['x'], 'c'), node('Unsqueeze', ['c', 'zero'], 'n')]],
  ['a size as another whole number', [node('Cast', ['a'], 'c', { to: int(6) }), node('Cast', ['c'], 'n', { to: int(7) })]],
];

function node(opType: string, inputs: string[], output: string, attributes: Record<string, OnnxAttribute> = {}): OnnxNode {
  return { name: '', opType, domain: '', inputs, outputs: [output], attributes: new Map(Object.entries(attributes)) };
}

it.each(SIZES)('%s: the shape that is made of it is said before it is run', async (name, nodes) => {
  const start = [node('Shape', ['x'], 's'), node('Gather', ['s', 'zero'], 'a'), node('Gather', ['s', 'one'], 'b')];
  const numbers = { zero: 0, one: 1, less: -2, many: 9, last: -1, least: -9 };
  const { model } = modelOf(['Shape', [x(7, 3)]]);
  const graph = {
    ...model.graph,
    inputs: [{ name: 'x', dtype: 'f32' as const, shape: ['N', 3] }],
    outputs: [{ name: 'y', dtype: 'f32' as const, shape: null }],
    nodes: [...start, ...nodes, node('Expand', ['fill', 'n'], 'y')],
    initializers: new Map<string, OnnxTensor>([
      ...Object.entries(numbers).map(([name, n]) => [name, { ...whole(n), dtype: 'i64' }] as const),
      ['fill', { shape: [1], dtype: 'f32', data: Float32Array.of(0.5) }],
    ]),
  };
  const feeds = new Map([['x', x(7, 3)]]);
  const { shape } = (await batched.runGraph({ model: { ...model, graph }, bytes: null }, feeds, OPTIONS)).get('y')!;
  const [a, b] = [7, 3].map(size => ({ symbol: String(size), size }));
  const said = (sizes: DimShape) => inferShapes(specOfGraph({ ...model, graph }).model, new Map([['x', sizes]])).output.map(d => d.size);
  if (/condition|other one|other order|below 0/.test(name)) expect(() => said([a, b])).toThrow('is not known');
  else expect(said([a, b])).toEqual(shape);
});

const REGIONS: GraphValue = { kind: 'float', shape: [3, 5], data: Float32Array.of(0, 1, 2, 4, 5, 1, 0, 0, 9, 7, 0, 3, 1, 3, 6) };
/** Nodes one after another: their name, what they read, their attributes. */
const CHAINS: [string, [string, string[], Record<string, OnnxAttribute>?][], GraphValue, number[]][] = [
  [
    'steps of a sequence keep their axis',
    [
      ['SplitToSequence', ['x']],
      ['SequenceAt', ['0', 'one']],
    ],
    x(3, 4),
    [1, 4],
  ],
  [
    'or lose it',
    [
      ['SplitToSequence', ['x'], { axis: int(1), keepdims: int(0) }],
      ['SequenceAt', ['0', 'less']],
    ],
    x(3, 4),
    [3],
  ],
  [
    'parts of two, joined the other way',
    [
      ['SplitToSequence', ['x', 'two']],
      ['ConcatFromSequence', ['0'], { axis: int(1) }],
    ],
    x(4, 3),
    [2, 6],
  ],
  [
    'the largest of regions',
    [['MaxRoiPool', ['x', 'regions'], { pooled_shape: ints(2, 3), spatial_scale: float(0.8) }]],
    x(2, 2, 6, 7),
    [3, 2, 2, 3],
  ],
];

it.each(CHAINS)('%s, as ONNX Runtime has it', async (_, chain, given, shape) => {
  const { model } = modelOf(['Shape', [given]]);
  const last = chain.length - 1;
  const graph = {
    ...model.graph,
    inputs: [{ name: 'x', dtype: 'f32' as const, shape: given.shape }],
    outputs: [{ name: 'y', dtype: 'f32' as const, shape: null }],
    nodes: chain.map(([op, inputs, attributes], i) => node(op, inputs, i === last ? 'y' : String(i), attributes)),
    initializers: new Map<string, OnnxTensor>([
      ...Object.entries({ one: 1, less: -2, two: 2 }).map(([name, n]) => [name, { ...wholeOf([], n), dtype: 'i64' }] as const),
      ['regions', { ...REGIONS, dtype: 'f32' }],
    ] as [string, OnnxTensor][]),
  };
  const whole = { ...model, graph };
  const feeds = new Map([['x', given]]);
  const ours = (await batched.runGraph({ model: whole, bytes: null }, feeds, OPTIONS)).get('y')!;
  expect(ours.shape).toEqual(shape);
  if (!(await installed)) return;
  const theirs = (await onnxruntime.runGraph({ model: whole, bytes: await writeOnnx(whole) }, feeds, OPTIONS)).get('y')!;
  expectClose(ours, theirs, TOLERANCE.float32);
});

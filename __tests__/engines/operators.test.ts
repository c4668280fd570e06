/** @jest-environment ./__tests__/helpers/hostArrays.cjs */
import { batched } from '../../src/engines/batched/engine.js';
import { RUN_OPERATORS } from '../../src/engines/graph/evaluate.js';
import { isInstalled, onnxruntime } from '../../src/engines/onnxruntime.js';
import type { OnnxAttribute, OnnxModel } from '../../src/formats/onnx/graph.js';
import { writeOnnx } from '../../src/formats/onnx.js';
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
  ['Gemm', [x(3, 4), x(5, 4), x(5)], { transB: int(1) }],
  ['Gemm', [x(4, 3), x(4, 5), x(3, 1)], { transA: int(1), alpha: float(0.5), beta: float(2) }],
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
            dtype: opType === 'Less' ? 'bool' : inputs[0].kind === 'int' || /^Arg|^Shape/.test(opType) ? 'i64' : 'f32',
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
  expectClose(ours, theirs, TOLERANCE.float32);
});

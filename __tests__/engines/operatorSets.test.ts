import { manualKernels } from '../../src/engines/manual.js';
import type { OnnxAttribute } from '../../src/formats/onnx/graph.js';
import { OPERATORS } from '../../src/ops/index.js';
import type { GraphValue } from '../../src/ops/value.js';

/** Operators that ONNX has defined anew: on both sides of the version, the numbers that follow from each definition (onnx/defs). */

const kernels = manualKernels('f64');
const value = (kind: 'float' | 'int', shape: readonly number[], ...data: readonly number[]): GraphValue => ({
  kind,
  shape,
  data: Float64Array.from(data),
});
const f = (shape: readonly number[], ...data: readonly number[]) => value('float', shape, ...data);
const i = (...data: readonly number[]) => value('int', [data.length], ...data);
const NONE = undefined as unknown as GraphValue;
const ints = (...list: readonly number[]): OnnxAttribute => ({ type: 'ints', value: list.map(BigInt) });
const int = (n: number): OnnxAttribute => ({ type: 'int', value: BigInt(n) });
const float = (n: number): OnnxAttribute => ({ type: 'float', value: n });

function run(op: string, opset: number, inputs: readonly GraphValue[], attributes: Readonly<Record<string, OnnxAttribute>> = {}) {
  const names = inputs.map((_, k) => `i${k}`);
  const node = { name: 'node', opType: op, domain: '', inputs: names, outputs: ['y'], attributes: new Map(Object.entries(attributes)) };
  const [y] = OPERATORS[op].run({ node, opset, inputs, kernels });
  return { shape: y.shape, y: Array.from(y.data, v => (Math.abs(v) < 1e-12 ? 0 : Number(v.toPrecision(6)))) };
}

const six = f([2, 3], 1, 2, 3, 4, 5, 6);
const cube = f([1, 2, 2], Math.log(1), Math.log(2), Math.log(3), Math.log(4));

it.each([
  // the ends are attributes before 11
  ['Clip', 10, [six, f([], 3)], { min: float(2), max: float(5) }, [2, 3], [2, 2, 3, 4, 5, 5]],
  ['Clip', 11, [six, f([], 3), f([], 4)], { min: float(2), max: float(5) }, [2, 3], [3, 3, 3, 4, 4, 4]],
  // over everything from the axis (1) on before 13, over the last axis since
  ['Softmax', 12, [cube], {}, [1, 2, 2], [0.1, 0.2, 0.3, 0.4]],
  ['Softmax', 13, [cube], {}, [1, 2, 2], [1 / 3, 2 / 3, 3 / 7, 4 / 7]],
  ['Softmax', 12, [cube], { axis: int(2) }, [1, 2, 2], [1 / 3, 2 / 3, 3 / 7, 4 / 7]],
  ['Softmax', 13, [cube], { axis: int(1) }, [1, 2, 2], [1 / 4, 2 / 6, 3 / 4, 4 / 6]],
  ['LogSoftmax', 12, [cube], {}, [1, 2, 2], [0.1, 0.2, 0.3, 0.4].map(Math.log)],
  ['LogSoftmax', 13, [cube], {}, [1, 2, 2], [1 / 3, 2 / 3, 3 / 7, 4 / 7].map(Math.log)],
  ['Hardmax', 12, [cube], {}, [1, 2, 2], [0, 0, 0, 1]],
  ['Hardmax', 13, [cube], {}, [1, 2, 2], [0, 1, 0, 1]],
  // the quotient of whole numbers is whole, also as a power
  ['Pow', 15, [i(2, -2, 5), i(-1, 3, 0)], {}, [3], [0, -8, 1]],
  ['Pow', 15, [i(2, 9), f([2], -1, 0.5)], {}, [2], [0, 3]],
  ['Pow', 15, [f([2], 2, 4), i(-1, 2)], {}, [2], [0.5, 16]],
  // the shape is an attribute before 5
  ['Reshape', 4, [six], { shape: ints(3, 2) }, [3, 2], [1, 2, 3, 4, 5, 6]],
  ['Reshape', 5, [six, i(6)], { shape: ints(3, 2) }, [6], [1, 2, 3, 4, 5, 6]],
  // axes and sizes are attributes before 13
  ['Squeeze', 12, [f([1, 2, 1], 7, 8)], { axes: ints(2) }, [1, 2], [7, 8]],
  ['Squeeze', 13, [f([1, 2, 1], 7, 8), i(0)], { axes: ints(2) }, [2, 1], [7, 8]],
  ['Unsqueeze', 12, [f([2], 7, 8)], { axes: ints(0) }, [1, 2], [7, 8]],
  ['Unsqueeze', 13, [f([2], 7, 8), i(1)], { axes: ints(0) }, [2, 1], [7, 8]],
  ['Split', 12, [six], { axis: int(1), split: ints(1, 2) }, [2, 1], [1, 4]],
  ['Split', 13, [six, i(2, 1)], { axis: int(1), split: ints(1, 2) }, [2, 2], [1, 2, 4, 5]],
  ['ReduceSum', 12, [six], { axes: ints(1), keepdims: int(0) }, [2], [6, 15]],
  ['ReduceSum', 13, [six, i(0)], { keepdims: int(0) }, [3], [5, 7, 9]],
  ['ReduceMax', 17, [six], { axes: ints(1), keepdims: int(0) }, [2], [3, 6]],
  ['ReduceMax', 18, [six, i(0)], { keepdims: int(0) }, [3], [4, 5, 6]],
  // attributes before 10, without steps
  ['Slice', 9, [six], { starts: ints(1), ends: ints(3), axes: ints(1) }, [2, 2], [2, 3, 5, 6]],
  ['Slice', 10, [six, i(2), i(0), i(1), i(-1)], {}, [2, 2], [3, 2, 6, 5]],
  // asymmetric places, and the scales as the second input, before 11
  ['Resize', 10, [f([1, 2], 0, 4), f([2], 1, 2)], {}, [1, 4], [0, 0, 4, 4]],
  ['Resize', 10, [f([1, 2], 0, 4), f([2], 1, 2)], { mode: { type: 'string', value: 'linear' } }, [1, 4], [0, 2, 4, 4]],
  ['Resize', 11, [f([1, 2], 0, 4), NONE, f([2], 1, 2)], { mode: { type: 'string', value: 'linear' } }, [1, 4], [0, 1, 3, 4]],
  // the axis is an attribute before 20
  ['DFT', 19, [f([1, 2, 2, 1], 1, 2, 3, 4)], { axis: int(1) }, [1, 2, 2, 2], [4, 0, 6, 0, -2, 0, -2, 0]],
  ['DFT', 20, [f([1, 2, 2, 1], 1, 2, 3, 4), NONE, value('int', [], 2)], { axis: int(1) }, [1, 2, 2, 2], [3, 0, -1, 0, 7, 0, -1, 0]],
] as const)('%s of version %i', (op, opset, inputs, attributes, shape, expected) => {
  expect(run(op, opset, inputs, attributes)).toEqual({ shape, y: expected.map(v => Number(v.toPrecision(6))) });
});

it('a group has one scale before version 21, a channel since', () => {
  const x = f([1, 4, 2], 1, 3, 5, 7, 2, 4, 6, 8);
  const of = (opset: number, ...scale: number[]) =>
    run('GroupNormalization', opset, [x, f([scale.length], ...scale), f([scale.length], ...scale.map(() => 0))], { num_groups: int(2) }).y;
  const plain = of(21, 1, 1, 1, 1);
  expect(of(20, 2, 3).map((v, k) => v / plain[k])).toEqual([2, 2, 2, 2, 3, 3, 3, 3].map(n => expect.closeTo(n, 4)));
  expect(of(21, 2, 3, 4, 5).map((v, k) => v / plain[k])).toEqual([2, 2, 3, 3, 4, 4, 5, 5].map(n => expect.closeTo(n, 4)));
  expect(() => of(21, 2, 3)).toThrow('the scale does not match the channels');
  expect(() => of(20, 2, 3, 4, 5)).toThrow('the scale does not match the channels');
});

it('a Scan of version 8, which had the samples in front, is refused', () => {
  const node = { name: 'node', opType: 'Scan', domain: '', inputs: ['a'], outputs: ['y'], attributes: new Map() };
  expect(() => OPERATORS.Scan.run({ node, opset: 8, inputs: [six], kernels })).toThrow(
    expect.objectContaining({ expected: 'opset 9 or newer' }),
  );
});

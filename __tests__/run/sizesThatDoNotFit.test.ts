import { runInMemory } from '../../src/run/inMemory.js';

/** Sizes in a graph that do not fit each other: every operator that stretches a value says so. ONNX Runtime refuses each of these as well. */
const floats = (...shape: number[]) => ({
  type: 'float',
  shape,
  data: Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i + 1),
});
const x = { shape: [2, 3, 4], data: Float64Array.from({ length: 24 }, (_, i) => Math.sin(i)) };
const run = (op: string, operands: readonly unknown[], attributes: object = {}, before: readonly object[] = []) =>
  runInMemory({
    spec: {
      schema: 'rnn-cli/spec@2',
      inputs: [{ name: 'x', timesteps: 3, features: 4 }],
      layers: [...before, { kind: 'op', op, name: 'y', inputs: [before.length > 0 ? 'rows' : 'x'], operands, attributes }],
    },
    input: { x },
  });
const rows = { kind: 'op', op: 'ReduceMax', name: 'rows', inputs: ['x'], attributes: { axes: [1], keepdims: 0 } };

it.each<readonly [string, string, readonly unknown[], object, readonly object[]]>([
  ['a Gemm whose bias is too long', 'Gemm', [null, floats(4, 5), floats(6)], {}, [rows]],
  ['a Gemm whose bias is too short', 'Gemm', [null, floats(4, 5), floats(4)], {}, [rows]],
  ['a LayerNormalization whose bias is too long', 'LayerNormalization', [null, floats(4), floats(5)], { axis: -1 }, []],
  ['a LayerNormalization whose scale is too short', 'LayerNormalization', [null, floats(3), floats(4)], { axis: -1 }, []],
  ['an RMSNormalization with a scale of more axes', 'RMSNormalization', [null, floats(3, 4)], { axis: -1 }, []],
  ['a convolution whose kernel_shape is not that of its weights', 'Conv', [null, floats(5, 3, 3)], { kernel_shape: [2] }, []],
  ['a convolution whose bias is too short', 'Conv', [null, floats(5, 3, 3), floats(4)], {}, []],
  ['a transposed one whose bias is too long', 'ConvTranspose', [null, floats(3, 5, 3), floats(6)], {}, []],
  ['a kernel_shape beside other weights, transposed', 'ConvTranspose', [null, floats(3, 5, 3)], { kernel_shape: [2] }, []],
])('%s', async (_, op, operands, attributes, before) => {
  await expect(run(op, operands, attributes, before)).rejects.toMatchObject({ code: expect.stringMatching(/^E_(MERGE|ONNX_SHAPE)$/) });
});

it.each<readonly [string, string, readonly unknown[], object, readonly object[], readonly number[]]>([
  ['a Gemm with one number as bias', 'Gemm', [null, floats(4, 5), floats(1)], {}, [rows], [2, 5]],
  ['a Gemm with a bias for each sample', 'Gemm', [null, floats(4, 5), floats(2, 1)], {}, [rows], [2, 5]],
  ['a LayerNormalization with one scale', 'LayerNormalization', [null, floats(1), floats(4)], { axis: -1 }, [], [2, 3, 4]],
  ['a convolution that says its own kernel_shape', 'Conv', [null, floats(5, 3, 3)], { kernel_shape: [3] }, [], [2, 5, 2]],
])('fits: %s', async (_, op, operands, attributes, before, shape) => {
  expect((await run(op, operands, attributes, before)).output.y.shape).toEqual(shape);
});

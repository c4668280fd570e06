/** @jest-environment ./__tests__/helpers/hostArrays.cjs */
import { isInstalled } from '../../src/engines/onnxruntime.js';
import { runConvert } from '../../src/run/convert.js';
import { runForward } from '../../src/run/forward.js';
import { bytesOf, temporaryFolder } from '../helpers/files.js';

/**
 * Operators as operator set 17 has them: types that its operators take, older ways to say what a newer set says. ONNX Runtime, where it is
 * installed, loads and runs what is written; numbers by hand.
 */
const folder = temporaryFolder();
const op = (name: string, inputs: string[], operands: unknown[], attributes: object = {}) => ({
  kind: 'op',
  name: name.toLowerCase(),
  op: name,
  inputs,
  operands,
  attributes,
});
const whole = (value: unknown) => ({ type: 'int', value });

const X = [
  [3, -1, 5, 2],
  [0.5, 7, -2, 4],
];
const CASES: [string, object[], number[]][] = [
  [
    'steps of an axis, counted as far as it reaches',
    [
      op('Shape', ['x'], [null]),
      op('Gather', ['shape'], [null, whole(1)]),
      op('Range', ['gather'], [whole(0), null, whole(1)]),
      op('Add', ['x', 'range'], [null, null]),
    ],
    [3, 0, 7, 5, 0.5, 8, 0, 7],
  ],
  [
    'places that are computed',
    [
      op('Slice', ['x'], [null, whole([0]), whole([1]), whole([1])]),
      op('Sign', ['slice'], [null]),
      op('Neg', ['slice'], [null]),
      op('ScatterElements', ['x', 'sign', 'neg'], [null, null, null], { axis: 1 }),
    ],
    [3, -3, 5, 2, 0.5, -0.5, -2, 4],
  ],
  ['pads of one axis', [op('Pad', ['x'], [null, whole([1, 0]), 9, whole([-1])])], [9, 3, -1, 5, 2, 9, 0.5, 7, -2, 4]],
  [
    'the last axes resized',
    [
      op('Resize', ['x'], [null, { type: 'float', shape: [0], data: [] }, { type: 'float', shape: [0], data: [] }, whole([8])], {
        axes: [1],
        mode: 'nearest',
      }),
    ],
    [3, 3, -1, -1, 5, 5, 2, 2, 0.5, 0.5, 7, 7, -2, -2, 4, 4],
  ],
  [
    'a spectrum along an axis',
    [op('Unsqueeze', ['x'], [null, whole([-1])]), op('DFT', ['unsqueeze'], [null, whole(4), whole(1)])],
    [9, 0, -2, 3, 7, 0, -2, -3, 9.5, 0, 2.5, -3, -12.5, 0, 2.5, 3],
  ],
  ...(['BitwiseAnd', 'BitwiseOr', 'BitwiseXor'] as const).map((name): [string, object[], number[]] => [
    `${name} of whole numbers, some below 0`,
    [op('Cast', ['x'], [null], { to: 7 }), op(name, ['cast'], [null, whole(6)])],
    [3, -1, 5, 2, 0, 7, -2, 4].map(v => ({ BitwiseAnd: v & 6, BitwiseOr: v | 6, BitwiseXor: v ^ 6 })[name]),
  ]),
  ['the remainder with the sign of the divisor', [op('Mod', ['x'], [null, -3])], [0, -1, -1, -1, -2.5, -2, -2, -2]],
];

it.each(CASES)('%s', async (name, layers, expected) => {
  const model = folder.write('net.json', JSON.stringify({ schema: 'rnn-cli/spec@2', inputs: [{ name: 'x', shape: [4] }], layers }));
  const input = folder.write('x.npy', await bytesOf('npy', { npy: { shape: [2, 4], data: Float32Array.from(X.flat()) } }));
  const output = folder.path(`${name}.onnx`);
  await runConvert({ file: model, output });
  for (const [file, engine] of [
    [model, 'batched'],
    [output, 'batched'],
    ...((await isInstalled()) ? [[output, 'onnxruntime']] : []),
  ] as const) {
    const { y } = await runForward({ model: file, input, engine: engine as 'batched' });
    const values = (y as unknown[]).flat(3) as number[];
    expect(values).toHaveLength(expected.length);
    expect(Math.max(...values.map((v, k) => Math.abs(v - expected[k])))).toBeLessThan(1e-5);
  }
});

it('what set 17 has no attribute for is refused by name', async () => {
  const pool = op('AveragePool', ['x'], [null], { kernel_shape: [2], dilations: [2] });
  const model = folder.write(
    'pool.json',
    JSON.stringify({ schema: 'rnn-cli/spec@2', inputs: [{ name: 'x', shape: [2, 6] }], layers: [pool] }),
  );
  await expect(runConvert({ file: model, output: folder.path('pool.onnx') })).rejects.toMatchObject({
    code: 'E_ONNX_LAYER',
    message: expect.stringContaining('AveragePool with dilations'),
  });
});

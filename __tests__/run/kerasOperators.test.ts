/** @jest-environment ./__tests__/helpers/hostArrays.cjs */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isInstalled } from '../../src/engines/onnxruntime.js';
import { RnnError } from '../../src/errors.js';
import { runConvert } from '../../src/run/convert.js';
import { runForward } from '../../src/run/forward.js';
import { expectNear } from '../helpers/expectClose.js';
import { bytesOf, flat, temporaryFolder } from '../helpers/files.js';

/**
 * One operator of keras.ops, or a few, between the input and the output, with what Keras 3 gives for it: whole numbers and truths among the
 * operands, axes from the end, several outputs. ONNX Runtime runs them as they are written to ONNX, where it is installed.
 */
interface Case {
  readonly name: string;
  readonly model: object;
  readonly shape: readonly number[];
  readonly y: readonly (number | string)[];
}

const { x, cases }: { x: number[]; cases: Case[] } = JSON.parse(
  readFileSync(join(__dirname, '..', 'reference', 'kerasOperators.json'), 'utf8'),
);
const folder = temporaryFolder();

it.each(cases.map(c => [c.name, c] as const))('%s', async (name, { model, shape, y }) => {
  const input = folder.write('x.npy', await bytesOf('npy', { npy: { shape: [2, 3, 4], data: Float32Array.from(x) } }));
  const expected = y.map(Number);
  const scale = Math.max(1e-30, ...expected.filter(Number.isFinite).map(Math.abs));
  const engines = ['batched', 'manual', ...((await isInstalled()) ? (['onnxruntime'] as const) : [])] as const;
  for (const engine of engines) {
    const path = folder.write(`${name}.json`, JSON.stringify(model));
    // the largest and the least of a place are newer than the operators that are written
    if (engine === 'onnxruntime' && /^segment_m/.test(name)) {
      await expect(runForward({ model: path, input, engine })).rejects.toMatchObject({ code: 'E_ONNX_LAYER' });
      continue;
    }
    const result = await runForward({ model: path, input, engine });
    expect(result.shape).toEqual(shape);
    expectNear(flat(result.y), expected, 2e-6 * scale);
  }
});

it.each(cases.filter(c => /pool|conv/.test(c.name)).map(c => [c.name, c] as const))(
  '%s of an open number of steps, which the graph that is written finds out itself',
  async (name, { model, shape, y }) => {
    const input = folder.write('x.npy', await bytesOf('npy', { npy: { shape: [2, 3, 4], data: Float32Array.from(x) } }));
    const open = JSON.stringify(model).replaceAll('[null,3,4]', '[null,null,4]');
    const output = folder.path(`${name}-open.onnx`);
    await runConvert({ file: folder.write(`${name}-open.json`, open), output });
    const found = await runForward({ model: output, input });
    expect(found.shape).toEqual(shape);
    const scale = Math.max(...y.map(v => Math.abs(Number(v))));
    for (const [k, v] of flat(found.y).entries()) expect(Math.abs(v - Number(y[k]))).toBeLessThanOrEqual(2e-6 * scale);
  },
);

type Numbers = Record<string, unknown>;
interface Layer {
  readonly class_name: string;
  readonly config: Numbers;
  readonly inbound_nodes: readonly { readonly args: Numbers; readonly kwargs: Numbers }[];
}

it('a word in the place of a number is refused by its name, in every argument of every operator', async () => {
  const input = folder.write('x.npy', await bytesOf('npy', { npy: { shape: [2, 3, 4], data: Float32Array.from(x) } }));
  const seen = new Set<string>();
  for (const { model } of structuredClone(cases) as unknown as { model: { config: { layers: Layer[] } } }[])
    for (const { class_name, config, inbound_nodes } of model.config.layers)
      for (const own of [config, ...inbound_nodes.flatMap(({ args, kwargs }) => [args, kwargs])])
        for (const key of Object.keys(own).filter(k => typeof own[k] === 'number' && !seen.has(`${class_name} ${k}`))) {
          const right = own[key];
          own[key] = 'half';
          const wrong = runForward({ model: folder.write('wrong.json', JSON.stringify(model)), input });
          const error = await wrong.then(
            () => 'is accepted',
            e => e,
          );
          expect([class_name, key, error]).toEqual([class_name, key, expect.any(RnnError)]);
          own[key] = right;
          seen.add(`${class_name} ${key}`);
        }
  expect(seen.size).toBeGreaterThan(120);
});

it('Infinity and NaN in a configuration, which Python writes and JSON has not, are numbers', async () => {
  const { model } = cases.find(c => c.name === 'clip')!;
  const text = JSON.stringify(model).replace('"x_min":-0.3', '"x_min":-Infinity');
  const input = folder.write('x.npy', await bytesOf('npy', { npy: { shape: [2, 3, 4], data: Float32Array.from(x) } }));
  const { y } = await runForward({ model: folder.write('infinity.json', text), input });
  expect(flat(y)).toEqual(x.map(v => Math.min(Math.fround(v), Math.fround(0.4))));
  await expect(runForward({ layers: 'dense:2', input: folder.write('nan.json', '[[NaN, 1]]') })).rejects.toMatchObject({
    code: 'E_JSON_SYNTAX',
  });
});

const TWO = [...Array(12).keys()].map(k => [(k * 7919) % 1000, k * 31 - 150]);

it.each(['BitwiseAnd', 'BitwiseOr', 'BitwiseXor'])('%s is written to ONNX as older operators', async name => {
  const tensor = { class_name: '__keras_tensor__', config: { shape: [null, 12], dtype: 'float32', keras_history: ['x', 0, 0] } };
  const other = { class_name: '__numpy__', config: { value: TWO.map(([, b]) => b), dtype: 'int32' } };
  const layers = [
    { class_name: 'InputLayer', name: 'x', config: { name: 'x', batch_shape: [null, 12] }, inbound_nodes: [] },
    {
      module: 'keras.src.ops.numpy',
      class_name: name,
      name: 'y',
      config: { name: 'y' },
      inbound_nodes: [{ args: [tensor, other], kwargs: {} }],
    },
  ];
  const config = { name: 'bits', layers, input_layers: [['x', 0, 0]], output_layers: [['y', 0, 0]] };
  const model = folder.write('bits.json', JSON.stringify({ class_name: 'Functional', config }));
  const input = folder.write('bits.npy', await bytesOf('npy', { npy: { shape: [1, 12], data: Float32Array.from(TWO, ([a]) => a) } }));
  const expected = TWO.map(([a, b]) => (name === 'BitwiseAnd' ? a & b : name === 'BitwiseOr' ? a | b : a ^ b));
  for (const engine of ['batched', ...((await isInstalled()) ? (['onnxruntime'] as const) : [])] as const)
    expect(flat((await runForward({ model, input, engine })).y)).toEqual(expected);
});

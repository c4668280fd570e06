import { readFileSync } from 'node:fs';
import { runForward } from '../../src/run/forward.js';
import { bytesOf, temporaryFolder } from '../helpers/files.js';
import { referencePath } from '../helpers/reference.js';

/** Functions of TensorFlow between the layers of Keras 2, as its configurations have them, with what TensorFlow 2.21 gives. */
interface Case {
  readonly function: string;
  readonly arguments: object;
  readonly inputs: number;
  readonly y: readonly number[][];
  readonly shapes: readonly number[][];
}

const { x, cases }: { x: number[]; cases: Case[] } = JSON.parse(readFileSync(referencePath('.', 'tensorflowFunctions.json'), 'utf8'));
const folder = temporaryFolder();
const flat = (value: unknown): number[] => (Array.isArray(value) ? value.flatMap(flat) : [value as number]);

it.each(cases.map(c => [`${c.function} ${JSON.stringify(c.arguments)}`, c] as const))('tf.%s', async (_, c) => {
  const input = folder.write('x.npy', await bytesOf('npy', { npy: { shape: [2, 3, 4], data: Float32Array.from(x) } }));
  const called = Array.from({ length: c.inputs }, () => ['x', 0, 0, c.arguments]);
  const layers = [
    { class_name: 'InputLayer', config: { batch_input_shape: [null, 3, 4], name: 'x' }, name: 'x', inbound_nodes: [] },
    { class_name: 'TFOpLambda', config: { name: 't', function: c.function }, name: 't', inbound_nodes: c.inputs > 1 ? [called] : called },
  ];
  const config = { name: 'm', layers, input_layers: [['x', 0, 0]], output_layers: c.y.map((__, i) => ['t', 0, i]) };
  const model = folder.write('m.json', JSON.stringify({ class_name: 'Functional', keras_version: '2.11.0', config }));
  const { outputs } = await runForward({ model, input });
  expect(outputs.map(o => o.shape)).toEqual(c.shapes);
  outputs.forEach((output, i) => {
    const off = flat(output.y).map((v, k) => Math.abs(Number(v) - c.y[i][k]));
    expect(Math.max(...off)).toBeLessThanOrEqual(2e-6 * Math.max(1, ...c.y[i].map(Math.abs)));
  });
});

/** @jest-environment ./__tests__/helpers/hostArrays.cjs */
import { readFileSync } from 'node:fs';
import { isInstalled } from '../../src/engines/onnxruntime.js';
import { runForward } from '../../src/run/forward.js';
import { bytesOf, flat, temporaryFolder } from '../helpers/files.js';
import { referencePath } from '../helpers/reference.js';

/** Functions of TensorFlow between the layers of Keras 2, as its configurations have them, with what TensorFlow 2.21 gives. */
interface Case {
  readonly function: string;
  readonly arguments: object;
  readonly inputs: number;
  readonly y: readonly number[][];
  readonly shapes: readonly number[][];
}

/** Several in a row, t0, t1 …: the first argument of each, the others by name. */
interface Chain {
  readonly chain: readonly (readonly [name: string, first: unknown, others: object])[];
  readonly y: readonly number[][];
  readonly shapes: readonly number[][];
}

const { x, cases: all }: { x: number[]; cases: (Case | Chain)[] } = JSON.parse(
  readFileSync(referencePath('.', 'tensorflowFunctions.json'), 'utf8'),
);
const cases = all.filter(c => 'function' in c);
const chains = all.filter(c => 'chain' in c);
const folder = temporaryFolder();

const INPUT = { class_name: 'InputLayer', config: { batch_input_shape: [null, 3, 4], name: 'x' }, name: 'x', inbound_nodes: [] };
const lambda = (name: string, calledFunction: string, inbound_nodes: unknown) => ({
  class_name: 'TFOpLambda',
  config: { name, function: calledFunction },
  name,
  inbound_nodes,
});

async function expectOutputs(layers: readonly object[], output: string, { y, shapes }: Pick<Case, 'y' | 'shapes'>): Promise<void> {
  const input = folder.write('x.npy', await bytesOf('npy', { npy: { shape: [2, 3, 4], data: Float32Array.from(x) } }));
  const config = { name: 'm', layers, input_layers: [['x', 0, 0]], output_layers: y.map((_, i) => [output, 0, i]) };
  const model = folder.write('m.json', JSON.stringify({ class_name: 'Functional', keras_version: '2.11.0', config }));
  for (const engine of ['batched', 'manual', ...((await isInstalled()) ? (['onnxruntime'] as const) : [])] as const) {
    // newer than the operators that are written
    if (engine === 'onnxruntime' && JSON.stringify(layers).includes('cumprod')) continue;
    const { outputs } = await runForward({ model, input, engine });
    expect(outputs.map(o => o.shape)).toEqual(shapes);
    outputs.forEach((found, i) => {
      const off = flat(found.y).map((v, k) => Math.abs(Number(v) - y[i][k]));
      expect(Math.max(...off)).toBeLessThanOrEqual(2e-6 * Math.max(1, ...y[i].map(Math.abs)));
    });
  }
}

it.each(cases.map(c => [`${c.function} ${JSON.stringify(c.arguments)}`, c] as const))('tf.%s', async (_, c) => {
  const called = Array.from({ length: c.inputs }, () => ['x', 0, 0, c.arguments]);
  await expectOutputs([INPUT, lambda('t', c.function, c.inputs > 1 ? [called] : called)], 't', c);
});

/** As Keras 2 writes the first argument: a tensor, a constant, or a list of both. */
function firstArgument(first: unknown, others: object): unknown[] {
  const isTensor = Array.isArray(first) && typeof first[0] === 'string';
  if (isTensor) return [...first, others];
  return Array.isArray(first) ? first.map(one => firstArgument(one, others)) : ['_CONSTANT_VALUE', -1, first, others];
}

it.each(chains.map(c => [c.chain.map(([name]) => name).join(', '), c] as const))('tf.%s in a row', async (_, c) => {
  const called = c.chain.map(([name, first, others], i) => {
    const one = firstArgument(first, others);
    return lambda(`t${i}`, name, [one]);
  });
  await expectOutputs([INPUT, ...called], `t${c.chain.length - 1}`, c);
});

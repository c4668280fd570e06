import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withFolder } from '../helpers/inputFile.js';
import { randomStream } from '../helpers/randomNetworks.js';
import { readTensors } from '../helpers/readFormat.js';
import { runCli } from '../helpers/runCli.js';

/** Layers that are called twice (a siamese network), and layers whose weights had a place of their own in the file that was read, as a state dict. */
const [V, E, M, K] = [7, 3, 4, 2];
const next = randomStream(13);
const draw = (...shape: number[]): any =>
  shape.length === 0 ? next() * 2 - 1 : Array.from({ length: shape[0] }, () => draw(...shape.slice(1)));
const weights: Record<string, any> = {
  'emb/E': draw(V, E),
  'r/Wx': draw(E, M),
  'r/Wh': draw(M, M),
  'r/bh': draw(M),
  'd/Wo': draw(2 * M, K),
  'd/bo': draw(K),
};
const twice = (kind: string, fields: object, [first, from]: [string, string], [second, of]: [string, string]) => [
  { kind, name: first, inputs: [from], tensors: `layers/${first}`, ...fields },
  { kind, name: second, inputs: [of], shares: first, ...fields },
];
const spec = {
  inputs: [
    { name: 'a', timesteps: 5, features: null },
    { name: 'b', timesteps: 5, features: null },
  ],
  layers: [
    ...twice('embedding', { tokens: V, units: E }, ['emb', 'a'], ['emb2', 'b']),
    ...twice('rnn', { units: M }, ['r', 'emb'], ['r2', 'emb2']),
    { kind: 'concatenate', name: 'c', inputs: ['r', 'r2'] },
    { kind: 'dense', name: 'd', units: K, inputs: ['c'], tensors: 'layers/d' },
  ],
  output: 'd',
  weights,
};
const transposed = (t: number[][]) => t[0].flatMap((_, i) => t.map(row => row[i]));

it.each(['safetensors', 'onnx', 'json'])('written as .%s, each weight once', format =>
  withFolder(async folder => {
    const [from, to] = [join(folder, 'net.json'), join(folder, `out.${format}`)];
    writeFileSync(from, JSON.stringify(spec));
    expect(await runCli(['convert', from, to, ...(format === 'safetensors' ? ['--to', 'torch'] : [])])).toMatchObject({ exit: 0 });
    if (format !== 'safetensors') return;
    const { tensors } = await readTensors(readFileSync(to));
    const numbers = Object.fromEntries([...tensors].map(([name, t]) => [name, [...t.data].map(Number)]));
    const expected: Record<string, number[]> = {
      'embedding.weight': weights['emb/E'].flat(),
      'rnn.weight_ih_l0': transposed(weights['r/Wx']),
      'rnn.weight_hh_l0': transposed(weights['r/Wh']),
      'rnn.bias_ih_l0': weights['r/bh'],
      'rnn.bias_hh_l0': new Array(M).fill(0),
      'fc.weight': transposed(weights['d/Wo']),
      'fc.bias': weights['d/bo'],
    };
    expect(Object.keys(numbers).sort()).toEqual(Object.keys(expected).sort());
    for (const [name, own] of Object.entries(expected))
      expect([name, numbers[name].map(Math.fround)]).toEqual([name, own.map(Math.fround)]);
  }),
);

import './helpers/unbundled.js';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withFolder } from './helpers/inputFile.js';
import { runCli } from './helpers/runCli.js';

/** An activation, a mistake, a format and an operator are one file and one line in a list: here each is put into its list, and is everywhere. */
jest.mock('../src/activations/all.js', () => {
  const { bentIdentity } = jest.requireActual('./helpers/oneFile');
  return Object.defineProperty({ ...jest.requireActual('../src/activations/all.js'), bentIdentity }, '__esModule', { value: true });
});
jest.mock('../src/diagnosis/mistakes/all.js', () => {
  const { kernelRaised } = jest.requireActual('./helpers/oneFile');
  return Object.defineProperty({ ...jest.requireActual('../src/diagnosis/mistakes/all.js'), kernelRaised }, '__esModule', { value: true });
});
jest.mock('../src/formats/all.js', () => {
  const { nums } = jest.requireActual('./helpers/oneFile');
  return Object.defineProperty({ ...jest.requireActual('../src/formats/all.js'), nums }, '__esModule', { value: true });
});
jest.mock('../src/ops/fused.js', () => {
  const actual = jest.requireActual('../src/ops/fused.js');
  const { halved } = jest.requireActual('./helpers/oneFile');
  return { ...actual, FUSED: { ...actual.FUSED, 'my.domain.Halved': halved } };
});

const NET = ['--T', '4', '--D', '2', '--N', '3'];

async function json(...args: string[]): Promise<any> {
  const { exit, stdout, stderr } = await runCli([...args, '--json']);
  expect([exit > 1, stderr]).toEqual([false, '']);
  return JSON.parse(stdout);
}

it('an activation runs, is listed, and is refused by name where ONNX has none', async () => {
  const { y } = await json('forward', '--layers', 'dense:2@bent_identity', ...NET, '--seed', '3');
  const plain = await json('forward', '--layers', 'dense:2', ...NET, '--seed', '3');
  const expected = plain.y.flat(2).map((x: number) => (Math.sqrt(x * x + 1) - 1) / 2 + x);
  y.flat(2).forEach((v: number, k: number) => {
    expect(v).toBeCloseTo(expected[k], 5);
  });
  expect((await runCli(['forward', '--layers', 'dense:2@bent_identit', ...NET])).stderr).toContain('bent_identity');
});

it('a mistake is named, explained and listed', async () => {
  const { explanations } = await json('compare', '--layers', 'rnn:3,dense:2', ...NET, '--simulate', 'kernel-raised');
  expect(explanations[0]).toMatchObject({ code: 'kernel-raised', verdict: 'fits', layers: ['rnn_1'] });
  expect((await runCli(['explain', 'kernel-raised'])).stdout).toContain('Every number of Wx is larger by 0.1.');
});

it('a format is read by its content, and inspected', async () => {
  await withFolder(async folder => {
    const values = Float32Array.from({ length: 3 * 4 * 2 }, (_, k) => Math.sin(k));
    const bytes = new Uint8Array(7 + values.byteLength);
    bytes.set([...new TextEncoder().encode('NUMS'), 3, 4, 2]);
    bytes.set(new Uint8Array(values.buffer), 7);
    writeFileSync(join(folder, 'x.bin'), bytes);
    expect((await json('forward', '--layers', 'rnn:3', '-i', join(folder, 'x.bin'))).shape).toEqual([3, 3]);
    expect(await json('inspect', join(folder, 'x.bin'))).toMatchObject({ format: 'nums', tensors: [{ name: 'nums', shape: [3, 4, 2] }] });
  });
});

it('an operator runs in graphs', async () => {
  const { runNode } = jest.requireActual('../src/engines/graph/evaluate');
  const node = {
    name: '',
    opType: 'Halved',
    domain: 'my.domain',
    inputs: ['x'],
    outputs: ['y'],
    attributes: new Map(),
  };
  const [y] = runNode(node, 17, [{ kind: 'float', shape: [2], data: Float64Array.of(3, -5) }], {});
  expect([...y.data]).toEqual([1.5, -2.5]);
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DType } from '../../src/formats/format.js';
import { runForward } from '../../src/run/forward.js';
import { bytesOf, temporaryFolder } from '../helpers/files.js';

/** Graphs of one operator with several inputs and outputs, and what PyTorch, ONNX Runtime or, where those have none, ONNX's own reference gives. */
interface Numbers {
  readonly shape: readonly number[];
  readonly data: readonly (number | string)[];
}
interface Case {
  readonly name: string;
  readonly onnx: string;
  readonly inputs: readonly (Numbers & { readonly name: string; readonly dtype: DType; readonly data: readonly (number | string)[] })[];
  readonly outputs: readonly Numbers[];
}

const { cases }: { cases: Case[] } = JSON.parse(readFileSync(join(__dirname, '..', 'reference', 'onnx_nodes.json'), 'utf8'));
const folder = temporaryFolder();

it.each(cases.map(c => [c.name, c] as const))('%s', async (name, { onnx, inputs, outputs }) => {
  const arrays = inputs.map(({ name, dtype, shape, data }) => [
    name,
    { shape, dtype, data: dtype === 'f32' ? Float32Array.from(data, Number) : Float64Array.from(data, Number) },
  ]);
  const input = folder.write('x.npz', await bytesOf('npz', Object.fromEntries(arrays)));
  const result = await runForward({ model: folder.write('one.onnx', Buffer.from(onnx, 'base64')), input });
  const found = outputs.length > 1 ? result.outputs! : [result];
  outputs.forEach(({ shape, data }, i) => {
    expect([name, i, found[i].shape]).toEqual([name, i, shape]);
    const values = [found[i].y].flat(Number.POSITIVE_INFINITY as 1).map(Number);
    const scale = Math.max(1, ...data.map(v => Math.abs(Number(v))).filter(Number.isFinite));
    const off = data.findIndex((v, k) => !(Object.is(Number(v), values[k]) || Math.abs(Number(v) - values[k]) <= 2e-6 * scale));
    expect([name, i, off, off < 0 ? 0 : values[off]]).toEqual([name, i, -1, 0]);
  });
});

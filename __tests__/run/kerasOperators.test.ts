/** @jest-environment ./__tests__/helpers/hostArrays.cjs */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isInstalled } from '../../src/engines/onnxruntime.js';
import { runForward } from '../../src/run/forward.js';
import { bytesOf, temporaryFolder } from '../helpers/files.js';

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
const flat = (value: unknown): number[] => (Array.isArray(value) ? value.flatMap(flat) : [value as number]);

it.each(cases.map(c => [c.name, c] as const))('%s', async (name, { model, shape, y }) => {
  const input = folder.write('x.npy', await bytesOf('npy', { npy: { shape: [2, 3, 4], data: Float32Array.from(x) } }));
  const expected = y.map(Number);
  const scale = Math.max(1e-30, ...expected.filter(Number.isFinite).map(Math.abs));
  const engines = ['batched', 'manual', ...((await isInstalled()) ? (['onnxruntime'] as const) : [])] as const;
  for (const engine of engines) {
    const result = await runForward({ model: folder.write(`${name}.json`, JSON.stringify(model)), input, engine });
    expect(result.shape).toEqual(shape);
    flat(result.y).forEach((v, k) => {
      if (Number.isFinite(expected[k])) expect(Math.abs(v - expected[k])).toBeLessThanOrEqual(2e-6 * scale);
      else expect(v).toBe(expected[k]);
    });
  }
});

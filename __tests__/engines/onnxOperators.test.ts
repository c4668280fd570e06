import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runForward } from '../../src/run/forward.js';
import { bytesOf, flat, temporaryFolder } from '../helpers/files.js';

/**
 * Graphs of one operator or a few with what ONNX Runtime gives for them: whole numbers, axes from the end, attributes that are not the usual
 * ones, casts between all types.
 */
interface Case {
  readonly name: string;
  /** the file, base64 */
  readonly onnx: string;
  /** x is taken without its signs */
  readonly positive: boolean;
  readonly shape: readonly number[];
  /** float32, base64 */
  readonly y: string;
}

const recorded: { x: string; cases: Case[] } = JSON.parse(readFileSync(join(__dirname, '..', 'reference', 'onnx_operators.json'), 'utf8'));
const folder = temporaryFolder();
const floats = (text: string) => new Float32Array(new Uint8Array(Buffer.from(text, 'base64')).buffer);

it.each(recorded.cases.map(c => [c.name, c] as const))('%s', async (name, { onnx, positive, shape, y }) => {
  const x = positive ? floats(recorded.x).map(Math.abs) : floats(recorded.x);
  const input = folder.write('x.npy', await bytesOf('npy', { npy: { shape: [3, 4, 5], data: x } }));
  const expected = floats(y);
  const scale = expected.reduce((most, v) => Math.max(most, Number.isNaN(v) ? 0 : Math.abs(v)), 1);
  for (const engine of ['batched', 'manual'] as const) {
    const result = await runForward({ model: folder.write(`${name}.onnx`, Buffer.from(onnx, 'base64')), input, engine });
    expect(result.shape).toEqual(shape);
    flat(result.y).forEach((v, k) => {
      if (Number.isFinite(expected[k])) expect(Math.abs(v - expected[k])).toBeLessThanOrEqual(2e-6 * scale);
      else expect(v).toBe(expected[k]);
    });
  }
});

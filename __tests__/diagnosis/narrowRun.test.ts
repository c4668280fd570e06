import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readTensors } from '../../src/formats/index.js';
import { memorySource } from '../../src/formats/source.js';
import { runCompare } from '../../src/run/compare.js';
import { bytesOf, temporaryFolder } from '../helpers/files.js';

const folder = temporaryFolder();

/** A GRU and a Linear run by PyTorch 2.13 on a processor: model.bfloat16(), model.half() and autocast. */
async function recorded() {
  const bytes = readFileSync(join(__dirname, '..', 'reference', 'comparisons', 'narrow_runs.npz'));
  const { tensors } = await readTensors(memorySource(bytes), {});
  const arrays = Object.fromEntries(tensors);
  const weights = Object.fromEntries(Object.entries(arrays).filter(([name]) => name.includes('.')));
  const write = async (name: string, only: typeof arrays, format: string) => folder.write(name, await bytesOf(format, only));
  return {
    net: {
      weights: await write('w.safetensors', weights, 'safetensors'),
      layers: 'gru:6+last,dense:2@linear',
      input: await write('x.npy', { x: arrays.x }, 'npy'),
      budget: 0.001,
    },
    y: async (name: string, change: (v: number) => number = v => v) => {
      const { shape, data } = arrays[name];
      return write('y.npy', { y: { shape, data: Float32Array.from(data, change), dtype: 'f32' } }, 'npy');
    },
  };
}

it.each([
  ['bfloat16', 'bfloat16'],
  ['autocast', 'bfloat16'],
  ['float16', 'float16'],
])('a run of PyTorch in 16 bits is likely one, with the figures that show it: %s', async (name, code) => {
  const { net, y } = await recorded();
  const { explanations, verdict, status, max } = await runCompare({ ...net, against: await y(name) });
  expect({ status, verdict, code: explanations[0].code }).toEqual({ status: 'DIFFERENT', verdict: 'likely', code });
  const [, numbers, off, moved] = explanations[0].why.match(
    /: all (\d+) of your output .* off by more than (\S+), .* moves y by (\S+)\. /,
  )!;
  expect(Number(numbers)).toBe(8);
  expect(Number(off) / max!.abs).toBeCloseTo(1, 1);
  expect(Number(moved)).toBeGreaterThan(max!.abs / 3);
});

it('is none where the numbers need more bits, or are further off than such a run', async () => {
  const { net, y } = await recorded();
  for (const against of [await y('float16', v => v * 1.0001), await y('float16', v => 2 * v)])
    expect((await runCompare({ ...net, against })).codes).not.toContain('float16');
});

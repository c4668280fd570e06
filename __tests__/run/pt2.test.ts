import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { runForward } from '../../src/run/forward.js';
import { readArrays } from '../../src/run/input.js';
import { loadNetwork } from '../../src/run/network.js';
import { shapesOf } from '../../src/run/shapesResult.js';

/** Programs saved by torch.export.save (PyTorch 2.13), each with an input and what PyTorch computes from it. */
const folder = join(__dirname, '..', 'reference', 'pt2');
const cases = readdirSync(folder)
  .filter(name => name.endsWith('.pt2'))
  .map(name => name.slice(0, -'.pt2'.length));

const flat = (value: unknown): number[] => (Array.isArray(value) ? value.flatMap(flat) : [value as number]);

it('there are programs to run', () => {
  expect(cases.length).toBeGreaterThan(10);
});

it.each(cases)('%s gives what PyTorch gave', async name => {
  const model = join(folder, `${name}.pt2`);
  const { tensors } = await readArrays(join(folder, `${name}.y.npz`), []);
  const recorded = [...tensors.values()];
  for (const engine of ['batched', 'manual'] as const) {
    const result = await runForward({ model, input: join(folder, `${name}.x.npy`), engine });
    expect(result.assumptions).toEqual([]);
    expect(result.outputs.map(o => o.shape)).toEqual(recorded.map(t => t.shape));
    result.outputs.forEach((output, i) => {
      const scale = Math.max(...recorded[i].data.map(Math.abs));
      const differences = flat(output.y).map((v, k) => Math.abs(v - recorded[i].data[k]));
      expect(Math.max(...differences)).toBeLessThanOrEqual(3e-6 * scale);
    });
  }
});

it('shows the modules of the program as layers with their names', async () => {
  const network = await loadNetwork({ model: join(folder, 'bi2.pt2') });
  const { layers, totals } = shapesOf(network);
  expect(layers.map(l => [l.name, l.kind])).toEqual([
    ['rnn.l0', 'lstm'],
    ['rnn.l1', 'lstm'],
    ['select', 'last'],
    ['fc', 'dense'],
  ]);
  // 2·4·5·(3+5+2) + 2·4·5·(10+5+2) + 2·(10+1)
  expect(totals.params).toBe(1102);
});

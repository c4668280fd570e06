import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { runForward } from '../../src/run/forward.js';
import { readArrays } from '../../src/run/input/input.js';

/** Models that Keras 3.15 saved, each with inputs and what Keras computes from them: wiring, operators, masks, attention. */
const folder = join(__dirname, '..', 'reference', 'keras_models');
const cases = readdirSync(folder)
  .filter(name => /\.(keras|h5)$/.test(name))
  .map(name => name.replace(/\.(keras|h5)$/, ''));

const flat = (value: unknown): number[] => (Array.isArray(value) ? value.flatMap(flat) : [value as number]);

it('there are models to run', () => {
  expect(cases.length).toBeGreaterThan(25);
});

it.each(cases)('%s gives every output that Keras gave', async name => {
  const path = (ending: string) => join(folder, name + ending);
  const { tensors } = await readArrays(path('.y.npz'), []);
  const recorded = [...tensors.values()];
  const model = existsSync(path('.keras')) ? path('.keras') : path('.h5');
  const input = existsSync(path('.x.npz')) ? path('.x.npz') : path('.x.npy');
  for (const engine of ['batched', 'manual'] as const) {
    const { outputs } = await runForward({ model, input, engine });
    expect(outputs.map(o => o.shape)).toEqual(recorded.map(t => t.shape));
    outputs.forEach((output, i) => {
      const scale = Math.max(...recorded[i].data.map(Math.abs));
      const differences = flat(output.y).map((v, k) => Math.abs(v - recorded[i].data[k]));
      expect(Math.max(...differences)).toBeLessThanOrEqual(2e-6 * scale);
    });
  }
});

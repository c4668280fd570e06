import { runProbe } from '../../src/run/probe.js';
import { referencePath } from '../helpers/reference.js';

/** What a file says of the size of its input is what is drawn, without a flag for it. */
it.each([
  ['image_resizing.keras', [6, 7, 2]],
  ['constant_tensors.keras', [3, 2]],
])('%s: x has the sizes of the file', async (file, sample) => {
  const { shape } = await runProbe({ model: referencePath('keras_models', file) });
  expect(shape.slice(1)).toEqual(sample);
});

it('as many samples as the states have rows that it starts from', async () => {
  const { shape } = await runProbe({ model: referencePath('keras_models', 'constant_tensors.keras') });
  expect(shape[0]).toBe(2);
});

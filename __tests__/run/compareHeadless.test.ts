import { runCompare } from '../../src/run/compare.js';
import { runForward } from '../../src/run/forward.js';
import { bytesOf, temporaryFolder } from '../helpers/files.js';

/** Recurrent layers alone beside the outputs of a network that ends in a Dense layer. */
const folder = temporaryFolder();
const sizes = { N: 4, T: 7, D: 3 };

async function evidence(layers: string, whole: string) {
  const { tensors } = await runForward({ ...sizes, layers: whole, seed: '5' });
  const { shape, data } = tensors.y;
  const against = folder.write(`${layers}.npy`, await bytesOf('npy', { npy: { shape, data: Float64Array.from(data) } }));
  return (await runCompare({ ...sizes, layers, against })).evidence.join('\n');
}

it.each([
  ['lstm:5', 'lstm:5,dense:2', 'lstm:5,dense:2', '[5, 2]'],
  ['gru:6+seq', 'gru:6+seq,dense:8', 'gru:6+seq,dense:8', '[6, 8]'],
  ['birnn:5', 'birnn:5,dense:2', 'birnn:5,dense:2', '[10, 2]'],
])('%s beside y of %s: Wo and bo are missing, and the whole line is given', async (layers, whole, line, kernel) => {
  const said = await evidence(layers, whole);
  expect(said).toContain(`has Wo ${kernel} and bo`);
  expect(said).toContain(`--layers "${line}"`);
});

it.each([
  ['lstm:5,dense:8', 'lstm:5,dense:2'],
  ['lstm:5', 'lstm:5+seq,dense:2'],
  ['lstm:5', 'lstm:5,dense:7'],
])('%s beside y of %s: no missing layer is named where it has a head, other axes, or a size of the input', async (layers, whole) => {
  expect(await evidence(layers, whole)).not.toContain('which are missing');
});

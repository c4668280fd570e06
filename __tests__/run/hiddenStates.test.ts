import { runCompare } from '../../src/run/compare.js';
import { runForward } from '../../src/run/forward.js';
import { bytesOf, temporaryFolder } from '../helpers/files.js';

/** `compare --against FILE` where the file holds the hidden states of several layers. */
const folder = temporaryFolder();
const request = { layers: 'birnn:3,lstm:2,dense:1', N: 3, T: 5, D: 2, init: 'torch' };

type Arrays = Record<string, { shape: readonly number[]; data: Float64Array }>;

/** The trace of a run as `forward --trace` saves it, without gates and c. */
async function traced(simulate?: string): Promise<Arrays> {
  const { tensors } = await runForward({ ...request, trace: true, simulate, dtype: 'f64' });
  const arrays = [...tensors.trace!, ['y', tensors.y] as const].filter(([key]) => key === 'y' || key.endsWith('/h'));
  return Object.fromEntries(
    arrays.filter(([key]) => !key.includes('gates')).map(([key, t]) => [key, { ...t, data: Float64Array.from(t.data) }]),
  );
}

const save = async (name: string, arrays: Arrays) => folder.write(name, await bytesOf('npz', arrays));

it('a trace of the right run is equal in every layer', async () => {
  const result = await runCompare({ ...request, against: await save('right.npz', await traced()) });
  expect(result).toMatchObject({ equal: true, exit: 0 });
  expect(result.notes.join()).toContain('the hidden states of rnn_1, lstm_2 and y: the states are equal');
});

it('the first layer that parts is named, with its sample and step', async () => {
  const arrays = await traced('state-carry@lstm_2');
  const result = await runCompare({ ...request, against: await save('carry.npz', arrays) });
  expect(result).toMatchObject({ equal: false, exit: 1, verdict: 'fits', firstDifference: { sample: 1, step: 0, layer: 'lstm_2' } });
  expect(result.explanations[0]).toMatchObject({ code: 'state-carry', layers: ['lstm_2'] });
  expect(result.notes.join()).toContain('rnn_1 is equal, lstm_2 is the first that differs');
});

it('a mistake behind the states is looked for in y', async () => {
  const result = await runCompare({ ...request, against: await save('head.npz', await traced('bias-missing@dense_1')) });
  expect(result).toMatchObject({ equal: false, firstDifference: { sample: 0, layer: 'dense_1' } });
  expect(result.explanations[0].code).toBe('bias-missing');
  expect(result.notes.join()).toContain('where y differs, it is after lstm_2');
});

it('layers may be called h1, h2, by their own names, or stand in order without names', async () => {
  const { 'rnn_1/forward/h': f, 'rnn_1/backward/h': b, 'lstm_2/h': second } = await traced('bias-twice@lstm_2');
  const first = { shape: [3, 5, 6], data: new Float64Array(90) };
  for (let row = 0; row < 15; row++) for (let m = 0; m < 6; m++) first.data[row * 6 + m] = (m < 3 ? f : b).data[row * 3 + (m % 3)];
  const namings: Arrays[] = [
    { h1: first, h2: second },
    { rnn_1: first, lstm_2: second },
    { arr_0: first, arr_1: second },
  ];
  for (const [i, arrays] of namings.entries()) {
    const result = await runCompare({ ...request, against: await save(`names${i}.npz`, arrays) });
    expect(result).toMatchObject({ equal: false, verdict: 'fits', firstDifference: { sample: 0, step: 0, layer: 'lstm_2' } });
    expect(result.explanations[0]).toMatchObject({ code: 'bias-twice', layers: ['lstm_2'] });
  }
});

it('an array that is alone in its file is y, whatever it is called', async () => {
  const { y } = await traced();
  const result = await runCompare({ ...request, against: await save('alone.npz', { h1: y }) });
  expect([result.equal, result.notes.join()]).toEqual([true, expect.not.stringContaining('hidden states')]);
});

it('states of another shape than the layer of their name are refused', async () => {
  const against = await save('shape.npz', {
    'lstm_2/h': { shape: [3, 5, 3], data: new Float64Array(45) },
    y: { shape: [3, 1], data: new Float64Array(3) },
  });
  await expect(runCompare({ ...request, against })).rejects.toMatchObject({ code: 'E_INPUT_SHAPE', expected: '[N, T, M] = [3, 5, 2]' });
});

it('several arrays that are neither y nor states are refused with what is in the file', async () => {
  const zeros = { shape: [3, 7], data: new Float64Array(21) };
  const against = await save('other.npz', { left: zeros, right: zeros });
  await expect(runCompare({ ...request, against })).rejects.toMatchObject({ code: 'E_KEY', found: 'left, right' });
});

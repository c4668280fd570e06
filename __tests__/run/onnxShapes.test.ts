import { join } from 'node:path';
import { runShapes } from '../../src/run/shapes.js';

/** Shapes of graphs that are no chain of layers: letters of axes in any order, branches that are decided while the graph runs. */

const silero = (version: string) => join(__dirname, `../../node_modules/@ricky0123/vad-web/dist/silero_vad_${version}.onnx`);
/** nn.LSTM without batch_first, with h and c going in and out */
const timeFirst = join(__dirname, '../reference/onnx_wired/time_first_states.onnx');

it('an input that a recurrent node reads as it stands is [T, N, D], its states have N in the middle', async () => {
  const { inputs, outputs, dims } = await runShapes({ model: timeFirst });
  expect(inputs.map(i => i.dims)).toEqual([
    ['T', 'N', 'D'],
    ['A2', 'N', 'D2'],
    ['A3', 'N', 'D3'],
  ]);
  expect(outputs.map(o => o.dims.slice(0, 2).join())).toEqual(['T,N', '1,N', '1,N']);
  expect(dims).toMatchObject({ N: null, T: null, D: 3, M: 5 });
});

it('flags give the sizes that a graph leaves open, and none that it has', async () => {
  const { inputs, dims } = await runShapes({ model: timeFirst, N: 4, T: 7 });
  expect(inputs[0].shape).toEqual([7, 4, 3]);
  expect(dims).toMatchObject({ N: 4, T: 7, D: 3 });
  await expect(runShapes({ model: timeFirst, D: 4 })).rejects.toMatchObject({ code: 'E_CONFLICT' });
});

it('both branches of an If that nothing decides are there, and one of their values is taken', async () => {
  const { inputs, outputs, layers } = await runShapes({ model: silero('legacy') });
  expect(inputs.map(i => i.dims)).toEqual([['N', 'T'], [], ['A3', 'N', 'D3'], ['A4', 'N', 'D4']]);
  expect(outputs.map(o => o.shape)).toEqual([
    [null, 1],
    [2, null, 64],
    [2, null, 64],
  ]);
  expect(layers.filter(layer => layer.kind === 'lstm').length).toBe(4);
});

it('a branch that is impossible for the given sizes is left out; without them the reason is said', async () => {
  const { outputs } = await runShapes({ model: silero('v5'), N: 2, D: 576 });
  expect(outputs[0].shape).toEqual([2, 1]);
  await expect(runShapes({ model: silero('v5') })).rejects.toMatchObject({
    code: 'E_OPERATOR',
    message: /gives \[N, 128\] or \[N, 128, D'*\]/,
  });
});

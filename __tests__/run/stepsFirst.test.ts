import { runCompare } from '../../src/run/compare.js';
import { runForward } from '../../src/run/forward.js';
import { runShapes } from '../../src/run/shapes.js';
import { openForwardStream } from '../../src/run/stream.js';
import { referencePath } from '../helpers/reference.js';

/** x [T, N, D] and y [T, N, K]: nn.LSTM without batch_first and a Linear, exported by torch.export and run by PyTorch. */
const model = referencePath('pt2', 'steps_first.pt2');
const input = referencePath('pt2', 'steps_first.x.npy');
const against = `${referencePath('pt2', 'steps_first.y.npz')}:y`;
const [T, N, D, K] = [5, 4, 3, 2];

it('the file’s own layout is read and given', async () => {
  const { outputs } = await runForward({ model, input });
  expect([outputs[0].dims, outputs[0].shape]).toEqual([
    ['T', 'N', 'K'],
    [T, N, K],
  ]);
  expect((await runCompare({ model, input, against })).status).toBe('SAME');
});

it('steps are counted as steps and samples as samples', async () => {
  const { dims } = await runShapes({ model });
  expect([dims.T, dims.D, dims.K]).toEqual([T, D, K]);
});

it.each([
  ['state-carry', 1],
  ['gate-order:ifog', 0],
])('%s is named, and its first sample and step', async (simulate, sample) => {
  const { explanations, firstDifference } = await runCompare({ model, input, simulate });
  expect(explanations[0]).toMatchObject({ code: simulate, verdict: 'fits' });
  expect(firstDifference).toMatchObject({ sample, step: 0, layer: 'r' });
});

it('a share of the samples is refused, for y has the steps first', async () => {
  await expect(runForward({ model, input, rows: { from: 0, to: 2 } })).rejects.toMatchObject({ code: 'E_CONFLICT', where: '--rows' });
});

it('is read whole: a piece of its first axis is no sample', async () => {
  expect(await openForwardStream({ model, input, format: 'npy', chunk: 1 }, true)).toBeUndefined();
});

it('refuses --time-major where its sequences have the steps first already', async () => {
  await expect(runForward({ model, input, timeMajor: true })).rejects.toMatchObject({ code: 'E_CONFLICT' });
});

import { runCompare } from '../../src/run/compare.js';
import { runForward } from '../../src/run/forward.js';
import { runShapes } from '../../src/run/shapes.js';
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

describe('a program with one input', () => {
  const program = referencePath('pt2', 'lstm.pt2');
  const x = referencePath('pt2', 'lstm.x.npy');

  it('gives the samples that --rows asks for', async () => {
    const whole = await runForward({ model: program, input: x });
    const part = await runForward({ model: program, input: x, rows: { from: 1, to: 3 } });
    expect([part.shape[0], part.y]).toEqual([2, (whole.y as unknown[]).slice(1, 3)]);
  });

  it.each(['lengths', 'mask'] as const)('refuses --%s, which its graph does not ask for', async flag => {
    await expect(runForward({ model: program, input: x, [flag]: x })).rejects.toMatchObject({
      code: 'E_CONFLICT',
      message: expect.stringContaining(`--${flag} says which steps are padding`),
    });
  });

  it('refuses --time-major where its sequences have the steps first already', async () => {
    await expect(runForward({ model, input, timeMajor: true })).rejects.toMatchObject({ code: 'E_CONFLICT' });
  });

  it.each([{ N: 9 }, { T: 9 }, { D: 9 }])('refuses the size %j, which its input does not have', async size => {
    await expect(runForward({ model: program, input: x, ...size })).rejects.toMatchObject({ code: 'E_INPUT_SHAPE' });
  });
});

it.each([{ N: 9 }, { T: 9 }, { D: 9 }])('an ONNX graph refuses the size %j, too, which its input does not have', async size => {
  const [graph, its] = [referencePath('onnx_wired', 'attention.onnx'), referencePath('onnx_wired', 'attention.x.npz')];
  await expect(runForward({ model: graph, input: its, ...size })).rejects.toMatchObject({ code: 'E_INPUT_SHAPE' });
});

it('a graph that is run node by node refuses sizes beside its input', async () => {
  const [graph, its] = [
    referencePath('onnx_models', 'control_loop_rounds.onnx'),
    referencePath('onnx_models', 'control_loop_rounds.x.npz'),
  ];
  await expect(runForward({ model: graph, input: its, T: 4 })).rejects.toMatchObject({ code: 'E_CONFLICT' });
});

import { runConvert } from '../../src/run/convert.js';
import { runForward } from '../../src/run/forward.js';
import { referencePath } from '../helpers/reference.js';

/** Flags beside a file that describes its network whole: they act, or are refused. */
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

describe('an ONNX graph holds its weights', () => {
  it.each(['onnx_wired/attention.onnx', 'models/torch/lstm2_linear_last_op13.onnx'])('%s refuses others', async file => {
    const [model, weights] = [referencePath(file), referencePath('pt2', 'lstm.y.npz')];
    await expect(runForward({ model, weights })).rejects.toMatchObject({ code: 'E_CONFLICT', exit: 2 });
    await expect(runConvert({ file: model, weights, output: 'never.npz' })).rejects.toMatchObject({ code: 'E_CONFLICT' });
  });
});

it('rules of another framework than the file has are said to change nothing', async () => {
  for (const [model, input] of [
    [referencePath('pt2', 'lstm.pt2'), referencePath('pt2', 'lstm.x.npy')],
    [referencePath('onnx_wired', 'attention.onnx'), referencePath('onnx_wired', 'attention.x.npz')],
  ]) {
    const { notes } = await runForward({ model, input, framework: 'keras' });
    expect(notes).toContainEqual(expect.stringContaining('--framework keras changes nothing'));
  }
});

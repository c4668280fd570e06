import { runCompareModels } from '../../src/run/comparing/compareModels.js';
import { runConvert } from '../../src/run/convert.js';
import { runForward } from '../../src/run/forward.js';
import { runShapes } from '../../src/run/shapes.js';
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

  it.each([{ N: 9 }, { T: 9 }, { D: 9 }])('refuses the size %j for an x that is drawn', async size => {
    await expect(runForward({ model: program, ...size })).rejects.toMatchObject({
      code: expect.stringMatching(/^E_(CONFLICT|INPUT_SHAPE)$/),
    });
    const graph = { model: referencePath('onnx_wired', 'attention.onnx'), ...size };
    await expect(runForward(graph)).rejects.toMatchObject({ code: 'E_CONFLICT' });
  });

  it('draws x with the generator that is named', async () => {
    const drawn = await Promise.all(
      [{}, { rng: 'pcg64' }, { inputRng: 'numpy' }].map(async how =>
        JSON.stringify((await runForward({ model: program, ...how } as never)).y),
      ),
    );
    expect(new Set(drawn).size).toBe(3);
  });

  it.each(['lengths', 'mask'] as const)('refuses --%s, which its graph does not ask for', async flag => {
    await expect(runForward({ model: program, input: x, [flag]: x })).rejects.toMatchObject({
      code: 'E_CONFLICT',
      message: expect.stringContaining(`--${flag} says which steps are padding`),
    });
  });

  it.each([{ N: 9 }, { T: 9 }, { D: 9 }])('refuses the size %j, which its input does not have', async size => {
    const refused = { code: expect.stringMatching(/^E_(CONFLICT|INPUT_SHAPE)$/) };
    await expect(runForward({ model: program, input: x, ...size })).rejects.toMatchObject(refused);
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

it.each(['onnx_wired/attention.onnx', 'onnx_wired/states.onnx', 'onnx_models/control_loop_rounds.onnx', 'pt2/steps_first.pt2'])(
  '%s equals itself',
  async file => {
    const model = referencePath(file);
    const input = model.replace(/\.(onnx|pt2)$/, file.endsWith('.pt2') ? '.x.npy' : '.x.npz');
    const { status, tensors } = await runCompareModels({ files: [model, model], input });
    expect([status, tensors.every(t => t.equal)]).toEqual(['SAME', true]);
  },
);

it.each([{ T: 9 }, { D: 9 }])('a program refuses the size %j, which its file does not have', async size => {
  await expect(runShapes({ model: referencePath('pt2', 'lstm.pt2'), ...size })).rejects.toMatchObject({ code: 'E_CONFLICT' });
});

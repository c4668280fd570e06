import { checkSpec } from '../../src/model/check.js';
import { inferShapes } from '../../src/model/shapes.js';
import { runConvert } from '../../src/run/convert.js';
import { runForward } from '../../src/run/forward.js';
import { runProbe } from '../../src/run/probe.js';
import { expectClose, TOLERANCE } from '../helpers/expectClose.js';
import { temporaryFolder } from '../helpers/files.js';
import { referencePath } from '../helpers/reference.js';

/** Inputs that are drawn for files which fix some of their sizes, or name several inputs. */
const folder = temporaryFolder();

it.each([
  ['multi_in.keras', 6],
  ['seq2seq_decoder.keras', 7],
  ['two_tower_text_cnn_rnn.keras', 7],
])('a graph draws the inputs that the model it was made of draws: %s', async (file, T) => {
  const source = referencePath('keras_models', file);
  const graph = folder.path(`${file}.onnx`);
  await runConvert({ file: source, output: graph });
  const [own, made] = await Promise.all([source, graph].map(model => runForward({ model, T, seed: '5' })));
  expect(made.promises.input).toBe(own.promises.input);
  expectClose(made.tensors.y, own.tensors.y, TOLERANCE.float32);
});

it('probe takes the samples and steps that a file fixes', async () => {
  const { dims, shows } = await runProbe({ model: referencePath('comparisons', 'gru_hn.pt2') });
  expect(dims).toEqual({ N: 2, T: 7 });
  expect(shows).toContain('state-carry');
});

it('a layer that reads what nothing gives, as under a mistake that takes a state away, is an error of the network', () => {
  const model = checkSpec(
    {
      input: { timesteps: 3, features: 2 },
      layers: [
        { kind: 'rnn', units: 4 },
        { kind: 'dense', units: 1 },
      ],
    },
    'keras',
  );
  const without = {
    ...model,
    layers: model.layers.map(l => (l.kind === 'dense' ? { ...l, inputs: ['rnn_1/h'] } : { ...l, name: 'other' })),
  };
  expect(() => inferShapes(without)).toThrow(expect.objectContaining({ code: 'E_SPEC_INPUT' }));
});

it('a first state [layers, N, M] beside a sequence is drawn for its samples', async () => {
  const layers = [
    { kind: 'op', name: 'h', op: 'Squeeze', inputs: ['h0'], operands: [null, { type: 'int', value: [0] }] },
    { kind: 'gru', units: 3, inputs: ['x'], states: ['h'] },
  ];
  const inputs = [
    { name: 'x', timesteps: null, features: 2 },
    { name: 'h0', batch: 1, shape: [null, 3] },
  ];
  const model = folder.write('states.json', JSON.stringify({ schema: 'rnn-cli/spec@2', inputs, layers }));
  expect((await runForward({ model, N: 4, T: 6 })).shape).toEqual([4, 3]);
});

import { RnnError } from '../../src/errors.js';
import { layerKinds } from '../../src/layers/index.js';
import { checkSpec } from '../../src/model/check.js';
import { paddedOutputIsZero } from '../../src/model/checkFields.js';
import { type FrameworkName, layerDefaults } from '../../src/model/frameworks.js';
import { inferShapes } from '../../src/model/shapes.js';
import type { RecurrentSpec } from '../../src/model/spec.js';
import { errorLine } from '../helpers/approved.js';

const spec = (layer: object) => ({ input: { features: 3 }, layers: [layer] });
const failure = (json: unknown) => {
  try {
    checkSpec(json);
  } catch (error) {
    const { code, where, message, fix, exit } = error as Record<string, unknown>;
    return { code, where, message, fix, exit };
  }
  throw new Error('was accepted');
};

describe('a spec with its defaults left out', () => {
  it('is completed', () => {
    const model = checkSpec(spec({ kind: 'gru', units: 4 }));
    expect(model.layers[0]).toMatchObject({
      name: 'gru_1',
      inputs: ['input'],
      activation: 'tanh',
      recurrentActivation: 'sigmoid',
      resetAfter: true,
      useBias: true,
      twoBiases: false,
    });
    expect(model.output).toBe('gru_1');
  });

  it('follows the rules of its framework', () => {
    const layer = (framework: 'torch' | 'onnx' | 'tfjs') =>
      checkSpec(spec({ kind: 'gru', units: 4 }), framework).layers[0] as RecurrentSpec;
    expect(layer('torch')).toMatchObject({ twoBiases: true, resetAfter: true });
    expect(layer('onnx')).toMatchObject({ twoBiases: true, resetAfter: false });
    expect(layer('tfjs')).toMatchObject({ twoBiases: false, resetAfter: false, recurrentActivation: 'hard_sigmoid_keras2' });
  });

  it('counts recurrent layers together and other kinds by themselves', () => {
    const layers = [
      { kind: 'lstm', units: 2, returnSequences: true },
      { kind: 'dense', units: 3 },
      { kind: 'gru', units: 4 },
      { kind: 'dense', units: 1 },
    ];
    expect(checkSpec({ input: { features: 3 }, layers }).layers.map(l => l.name)).toEqual(['lstm_1', 'dense_1', 'gru_2', 'dense_2']);
  });

  it('is the same when it is checked again', () => {
    const model = checkSpec(spec({ kind: 'lstm', units: 4, bidirectional: 'ave', projection: 2, activation: { name: 'elu', alpha: 0.5 } }));
    expect(checkSpec(JSON.parse(JSON.stringify(model)))).toEqual(model);
  });

  it('takes null as the linear activation, as Keras writes it', () => {
    expect((checkSpec(spec({ kind: 'rnn', units: 4, activation: null })).layers[0] as RecurrentSpec).activation).toBe('linear');
  });
});

describe('mistakes in a spec', () => {
  it.each([
    ['a list', [], 'E_SPEC_TYPE', undefined],
    ['no layers', { layers: [] }, 'E_SPEC_TYPE', 'layers'],
    ['an unknown top key', { ...spec({ kind: 'rnn', units: 4 }), layer: [] }, 'E_SPEC_KEY', undefined],
    ['another schema', { ...spec({ kind: 'rnn', units: 4 }), schema: 'other@1' }, 'E_SPEC_SCHEMA', 'schema'],
    ['an unknown kind', spec({ kind: 'lsmt', units: 4 }), 'E_UNKNOWN_LAYER_KIND', 'layers[0]'],
    ['no kind', spec({ units: 4 }), 'E_SPEC_MISSING', 'layers[0]: kind'],
    ['no units', spec({ kind: 'rnn' }), 'E_SPEC_MISSING', 'layers[0]: units'],
    ['units as text', spec({ kind: 'rnn', units: '16' }), 'E_SPEC_TYPE', 'layers[0]: units'],
    ['no units at all', spec({ kind: 'rnn', units: 0 }), 'E_SPEC_RANGE', 'layers[0]: units'],
    ['half a unit', spec({ kind: 'rnn', units: 1.5 }), 'E_SPEC_RANGE', 'layers[0]: units'],
    ['an option of another cell', spec({ kind: 'rnn', units: 4, resetAfter: true }), 'E_SPEC_KEY', 'layers[0]'],
    ['a flag as a number', spec({ kind: 'rnn', units: 4, useBias: 1 }), 'E_SPEC_TYPE', 'layers[0]: useBias'],
    ['an unknown merge mode', spec({ kind: 'rnn', units: 4, bidirectional: 'add' }), 'E_SPEC_RANGE', 'layers[0]: bidirectional'],
    ['an unknown activation', spec({ kind: 'rnn', units: 4, activation: 'tahn' }), 'E_UNKNOWN_ACTIVATION', 'layers[0]: activation'],
    [
      'a PyTorch projection as wide as its units',
      { ...spec({ kind: 'lstm', units: 4, projection: 4 }), framework: 'torch' },
      'E_SPEC_RANGE',
      'layers[0]: projection',
    ],
    ['a dropout above 1', spec({ kind: 'dropout', rate: 2 }), 'E_SPEC_RANGE', 'layers[0]: rate'],
    ['an input nobody has', spec({ kind: 'rnn', units: 4, inputs: ['lstm_9'] }), 'E_SPEC_WIRING', 'layers[0]: inputs'],
    ['an output nobody has', { ...spec({ kind: 'rnn', units: 4 }), output: 'x' }, 'E_SPEC_WIRING', 'output'],
  ])('%s', (_, json, code, where) => {
    expect(failure(json)).toMatchObject({ code, where, exit: 3 });
  });

  it('two layers of one name', () => {
    expect(
      failure({
        input: { features: 3 },
        layers: [
          { kind: 'dense', units: 1, name: 'a' },
          { kind: 'dense', units: 1, name: 'a' },
        ],
      }),
    ).toMatchObject({ code: 'E_SPEC_NAME', where: 'layers[1]: name' });
  });

  it('suggests the nearest word', () => {
    expect(failure(spec({ kind: 'rnn', units: 4, actvation: 'tanh' })).fix).toBe("did you mean 'activation'?");
  });
});

describe('the words about', () => {
  const layer = { kind: 'rnn', units: 4 };
  const line = (json: unknown, framework?: FrameworkName) => {
    try {
      inferShapes(checkSpec(json, framework));
    } catch (error) {
      if (error instanceof RnnError) return errorLine(error);
      throw error;
    }
    return 'nothing';
  };
  const kinds = [
    ...layerKinds()
      .slice(0, 2)
      .map(k => k.name),
    '…',
    layerKinds()[layerKinds().length - 1].name,
  ].join(', ');

  it.each<[string, unknown, string]>([
    [
      'a spec that is none',
      null,
      '3 E_SPEC_TYPE | expected an object that describes the spec, found null | expected: an object that describes the spec | found: null',
    ],
    [
      'a spec that is a list',
      [],
      '3 E_SPEC_TYPE | expected an object that describes the spec, found a list | expected: an object that describes the spec | found: a list',
    ],
    [
      'a layer that is none',
      spec(3 as never),
      '3 E_SPEC_TYPE | layers[0]: expected an object that describes the layer, found 3 | expected: an object that describes the layer | found: 3',
    ],
    [
      'an input that is none',
      { input: 'x', layers: [layer] },
      "3 E_SPEC_TYPE | input: expected an object that describes the input, found 'x' | expected: an object that describes the input | found: 'x'",
    ],
    [
      'no layers',
      { layers: {} },
      '3 E_SPEC_TYPE | layers: expected a list of at least one layer, found an object | expected: a list of at least one layer | found: an object',
    ],
    [
      'layers that are not there',
      {},
      '3 E_SPEC_TYPE | layers: expected a list of at least one layer, found nothing | expected: a list of at least one layer | found: nothing',
    ],
    [
      'another schema',
      { ...spec(layer), schema: 'x\u0007@1' },
      "3 E_SPEC_SCHEMA | schema: this is not a spec that rnn-cli can read | expected: rnn-cli/spec@2 | found: 'x\\u0007@1'",
    ],
    [
      'an unknown key',
      { ...spec(layer), 'layer\u0007': 1 },
      "3 E_SPEC_KEY | unknown key 'layer\\u0007' | expected: $schema, schema, name, functional, framework, input, inputs, layers, output, outputs | found: layer\\u0007 | fix: did you mean 'layers'?",
    ],
    [
      'a key far from all',
      { ...spec(layer), zzzz: 1 },
      "3 E_SPEC_KEY | unknown key 'zzzz' | expected: $schema, schema, name, functional, framework, input, inputs, layers, output, outputs | found: zzzz | fix: known keys: $schema, schema, name, functional, framework, input, inputs, layers, output, outputs",
    ],
    [
      'a key of the input',
      { input: { features: 3, T: 4 }, layers: [layer] },
      "3 E_SPEC_KEY | input: unknown key 'T' | expected: name, batch, timesteps, features, shape | found: T | fix: known keys: name, batch, timesteps, features, shape",
    ],
    [
      'another framework',
      { ...spec(layer), framework: 'torhc' },
      "3 E_SPEC_RANGE | framework: framework is 'torhc' | expected: keras, torch, onnx, tfjs, flax | found: 'torhc' | fix: did you mean 'torch'?",
    ],
    [
      'a framework by number',
      { ...spec(layer), framework: 3 },
      '3 E_SPEC_RANGE | framework: framework is 3 | expected: keras, torch, onnx, tfjs, flax | found: 3 | fix: use one of: keras, torch, onnx, tfjs, flax',
    ],
    [
      'no kind',
      spec({ units: 4 }),
      `3 E_SPEC_MISSING | layers[0]: kind: 'kind' is missing | expected: ${kinds} | found: nothing | fix: add "kind"`,
    ],
    [
      'no units',
      spec({ kind: 'rnn' }),
      '3 E_SPEC_MISSING | layers[0]: units: \'units\' is missing | expected: a whole number from 1 | found: nothing | fix: add "units"',
    ],
    [
      'no activation',
      spec({ kind: 'activation' }),
      '3 E_SPEC_MISSING | layers[0]: activation: \'activation\' is missing | expected: an activation | found: nothing | fix: add "activation"',
    ],
    [
      'half a size',
      spec({ kind: 'rnn', units: 1.5 }),
      '3 E_SPEC_RANGE | layers[0]: units: expected a whole number from 1 to 2147483647, found 1.5 | expected: a whole number from 1 to 2147483647 | found: 1.5',
    ],
    [
      'a size as text',
      spec({ kind: 'rnn', units: '4' }),
      "3 E_SPEC_TYPE | layers[0]: units: expected a whole number, found '4' | expected: a whole number | found: '4'",
    ],
    [
      'a size beyond',
      spec({ kind: 'rnn', units: 2 ** 31 }),
      '3 E_SPEC_RANGE | layers[0]: units: expected a whole number from 1 to 2147483647, found 2147483648 | expected: a whole number from 1 to 2147483647 | found: 2147483648',
    ],
    [
      'a flag by number',
      spec({ ...layer, useBias: 1 }),
      '3 E_SPEC_TYPE | layers[0]: useBias: expected true or false, found 1 | expected: true or false | found: 1',
    ],
    [
      'an activation by number',
      spec({ ...layer, activation: 3 }),
      '3 E_SPEC_TYPE | layers[0]: activation: expected the name of an activation, or {"name": …, parameters}, found 3 | expected: the name of an activation, or {"name": …, parameters} | found: 3',
    ],
    [
      'trainable by number',
      spec({ ...layer, trainable: 1 }),
      '3 E_SPEC_TYPE | layers[0]: trainable: expected true or false, found 1 | expected: true or false | found: 1',
    ],
    [
      'a rate that is no number',
      spec({ kind: 'dropout', rate: Number.NaN }),
      '3 E_SPEC_TYPE | layers[0]: rate: expected a number, found NaN | expected: a number | found: NaN',
    ],
    [
      'a rate without end',
      spec({ kind: 'dropout', rate: Number.POSITIVE_INFINITY }),
      '3 E_SPEC_TYPE | layers[0]: rate: expected a number, found Infinity | expected: a number | found: Infinity',
    ],
    [
      'tokens read as a sequence',
      {
        input: { timesteps: 4 },
        layers: [
          { kind: 'embedding', tokens: 3, units: 2 },
          { ...layer, inputs: ['input'] },
        ],
      },
      '3 E_SEQ | rnn_1: needs a sequence (N, T, features) but gets (N, 4) | expected: (N, T, features) | found: (N, 4) | more: return_sequences',
    ],
    [
      'a number as text',
      spec({ kind: 'dropout', rate: '1' }),
      "3 E_SPEC_TYPE | layers[0]: rate: expected a number, found '1' | expected: a number | found: '1'",
    ],
    [
      'a number beyond',
      spec({ kind: 'dropout', rate: 1.5 }),
      '3 E_SPEC_RANGE | layers[0]: rate: expected a number from 0 to 1, found 1.5 | expected: a number from 0 to 1 | found: 1.5',
    ],
    [
      'a number below',
      spec({ kind: 'rnn', units: 4, clip: -1 }),
      '3 E_SPEC_RANGE | layers[0]: clip: expected a number from 0, found -1 | expected: a number from 0 | found: -1',
    ],
    [
      'a name of nothing',
      spec({ ...layer, name: '' }),
      "3 E_SPEC_RANGE | layers[0]: name: expected text of 1 to 1024 characters, found '0 characters' | expected: text of 1 to 1024 characters | found: '0 characters'",
    ],
    [
      'a name of 1,025 characters',
      spec({ ...layer, name: 'x'.repeat(1025) }),
      "3 E_SPEC_RANGE | layers[0]: name: expected text of 1 to 1024 characters, found '1025 characters' | expected: text of 1 to 1024 characters | found: '1025 characters'",
    ],
    ['a name of 1,024 characters', spec({ ...layer, name: 'x'.repeat(1024) }), 'nothing'],
    [
      'the name of the input',
      spec({ ...layer, name: 'input' }),
      "3 E_SPEC_NAME | layers[0]: name: two layers are called 'input' | fix: give each layer a name of its own",
    ],
    [
      'an output nobody has',
      { ...spec(layer), output: 'rnn_2' },
      "3 E_SPEC_WIRING | output: no layer before this one is called 'rnn_2' | expected: input, rnn_1, rnn_1/h | found: rnn_2 | fix: did you mean 'rnn_1'?",
    ],
    [
      'an input nobody has',
      spec({ ...layer, inputs: ['zzzzzzz'] }),
      "3 E_SPEC_WIRING | layers[0]: inputs: no layer before this one is called 'zzzzzzz' | expected: input | found: zzzzzzz | fix: a layer can read the input, or a layer before it",
    ],
    [
      'no inputs',
      spec({ ...layer, inputs: [] }),
      '3 E_SPEC_TYPE | layers[0]: inputs: expected a list of layer names, found a list | expected: a list of layer names | found: a list',
    ],
    [
      'an input by number',
      spec({ ...layer, inputs: [1] }),
      '3 E_SPEC_TYPE | layers[0]: inputs: expected text, found 1 | expected: text | found: 1',
    ],
    ['a model name by number', { ...spec(layer), name: 1 }, '3 E_SPEC_TYPE | name: expected text, found 1 | expected: text | found: 1'],
    [
      'functional by number',
      { ...spec(layer), functional: 1 },
      '3 E_SPEC_TYPE | functional: expected true or false, found 1 | expected: true or false | found: 1',
    ],
    [
      'an input name by number',
      { input: { name: 1, features: 3 }, layers: [layer] },
      '3 E_SPEC_TYPE | input: name: expected text, found 1 | expected: text | found: 1',
    ],
    ['an option that another cell has, as it is there', spec({ ...layer, peepholes: false, projection: null }), 'nothing'],
    ['an option of another cell', spec({ kind: 'gru', units: 4, peepholes: true }), "3 E_SPEC_KEY | layers[0]: unknown key 'peepholes'"],
    [
      'a width that is not known',
      { input: { timesteps: null, features: 3 }, layers: [{ kind: 'flatten' }, { kind: 'dense', units: 2 }] },
      '3 E_SYMBOLIC | dense_1: needs a known width but (N, T*D) ends in T*D | fix: give T a number (--T 10): its weights depend on it',
    ],
    [
      'features that are not known',
      { layers: [layer] },
      '3 E_FEATURES | input: the number of input features D is not known | expected: a whole number from 1 | fix: give --D, or "features" in the spec\'s input',
    ],
    [
      'an embedding behind a layer',
      { input: { features: 3, timesteps: 4 }, layers: [layer, { kind: 'embedding', tokens: 3, units: 2 }] },
      '3 E_TOKENS | embedding_1: needs token numbers (N, T) but rnn_1 gives (N, 4), which are not whole numbers | expected: the input, whole numbers (N, T) | found: the output of rnn_1 | fix: put the embedding first, on an input of whole numbers [N, T]',
    ],
    [
      'an embedding behind a sequence',
      {
        input: { features: 3, timesteps: 4 },
        layers: [
          { ...layer, returnSequences: true },
          { kind: 'embedding', tokens: 3, units: 2 },
        ],
      },
      '3 E_TOKENS | embedding_1: needs token numbers (N, T) but rnn_1 gives (N, 4, 4), which are not whole numbers | expected: the input, whole numbers (N, T) | found: the output of rnn_1 | fix: put the embedding first, on an input of whole numbers [N, T]',
    ],
    [
      'a sequence that is repeated',
      { input: { features: 3, timesteps: 4 }, layers: [{ kind: 'repeat', times: 2 }] },
      '3 E_VECTOR | repeat_1: needs one vector per sample (N, M) but gets (N, 4, 3) | expected: (N, M) | found: (N, 4, 3) | fix: let the layer before it return only its last step, or pool over time',
    ],
    [
      'a last step that is read as a sequence',
      { input: { batch: 2, features: 3 }, layers: [layer, { kind: 'dense', units: 6 }, layer] },
      '3 E_SEQ | rnn_2: needs a sequence (2, T, 6) but rnn_1 gives its last step only (2, 6) | expected: (2, T, 6) | found: (2, 6) | fix: return every step: drop +last, or write +seq (Keras: return_sequences=True on rnn_1) | layer: rnn_1 | more: return_sequences',
    ],
    [
      'a vector that is read as a sequence',
      { input: { features: 3, timesteps: 2 }, layers: [{ kind: 'maxpool' }, layer] },
      '3 E_SEQ | rnn_1: needs a sequence (N, T, 3) but maxpool_1 gives one vector per sample (N, 3) | expected: (N, T, 3) | found: (N, 3) | fix: leave maxpool_1 out, or put repeat:T after it | layer: maxpool_1 | more: return_sequences',
    ],
    [
      'widths that cannot be added',
      {
        input: { features: 3, timesteps: 4 },
        layers: [layer, { kind: 'lstm', units: 2, inputs: ['input'] }, { kind: 'add', inputs: ['rnn_1', 'lstm_2'] }],
      },
      '3 E_MERGE | add_1: cannot merge (N, 4) and (N, 2) | expected: inputs of equal shapes | found: (N, 4), (N, 2) | fix: give both the same width (4 and 2), or concatenate them | more: return_sequences',
    ],
    [
      'a sequence beside a vector',
      { input: { features: 3, timesteps: 4 }, layers: [layer, { kind: 'concatenate', inputs: ['rnn_1', 'input'] }] },
      '3 E_MERGE | concatenate_1: cannot merge (N, 4) and (N, 4, 3) | expected: inputs that differ only in the last axis | found: (N, 4), (N, 4, 3) | fix: one is a sequence and the other one vector per sample: set return_sequences on both, or on neither | more: return_sequences',
    ],
    [
      'other numbers of steps',
      {
        input: { features: 3, timesteps: 4 },
        layers: [layer, { kind: 'repeat', times: 5 }, { kind: 'concatenate', inputs: ['repeat_1', 'input'] }],
      },
      '3 E_MERGE | concatenate_1: cannot merge (N, 5, 4) and (N, 4, 3) | expected: inputs that differ only in the last axis | found: (N, 5, 4), (N, 4, 3) | fix: bring both to the same number of steps | more: return_sequences',
    ],
  ])('%s', (_, json, expected) => {
    const said = line(json);
    expect(expected === 'nothing' ? said : said.slice(0, expected.length)).toBe(expected);
    if (!expected.endsWith("'peepholes'")) expect(said).toBe(expected);
  });

  it('a PyTorch projection', () => {
    const of = (units: number, projection: number) => line(spec({ kind: 'lstm', units, projection }), 'torch');
    expect(of(4, 3)).toBe('nothing');
    expect(of(4, 4)).toBe(
      '3 E_SPEC_RANGE | layers[0]: projection: PyTorch has no LSTM of M = 4 with a projection to P = 4 | expected: proj_size smaller than hidden_size: 1 … 3 | found: 4 | fix: use +proj=3 or less, or leave the projection out',
    );
    expect(of(1, 1)).toBe(
      '3 E_SPEC_RANGE | layers[0]: projection: PyTorch has no LSTM of M = 1 with a projection to P = 1 | expected: proj_size smaller than hidden_size | found: 1 | fix: leave the projection out',
    );
  });
});

describe('defaults', () => {
  const of = (kind: string, framework: FrameworkName) => layerDefaults(kind, framework);

  it('of each framework and kind', () => {
    expect(['keras', 'torch', 'onnx', 'tfjs'].map(f => of('lstm', f as FrameworkName))).toEqual([
      { twoBiases: false, recurrentActivation: 'sigmoid' },
      { twoBiases: true, recurrentActivation: 'sigmoid', unitForgetBias: false },
      { twoBiases: true, recurrentActivation: 'sigmoid', unitForgetBias: false },
      { twoBiases: false, recurrentActivation: 'hard_sigmoid_keras2' },
    ]);
    expect(['keras', 'torch', 'onnx', 'tfjs'].map(f => of('gru', f as FrameworkName).resetAfter)).toEqual([true, true, false, false]);
    expect([of('rnn', 'torch'), of('dense', 'torch'), of('maxpool', 'keras'), of('maxpool', 'torch')]).toEqual([
      { twoBiases: true },
      {},
      { useMask: false },
      { useMask: true },
    ]);
  });

  it('of padded outputs: zeros for a whole sequence, in Keras of both directions only', () => {
    for (const [both, sequences, framework, zero] of [
      [false, true, 'keras', false],
      [true, true, 'keras', true],
      [true, false, 'keras', false],
      [false, true, 'torch', true],
      [false, false, 'torch', false],
      [false, true, 'onnx', true],
      [false, true, 'tfjs', false],
    ] as const)
      expect([both, sequences, framework, paddedOutputIsZero(both, sequences, framework)]).toEqual([both, sequences, framework, zero]);
    const given = checkSpec(spec({ kind: 'rnn', units: 2, bidirectional: 'sum', returnSequences: true, zeroOutputForMask: false }))
      .layers[0];
    expect((given as RecurrentSpec).zeroOutputForMask).toBe(false);
  });

  it('of what may be nothing', () => {
    const of = (more: object) => checkSpec(spec({ kind: 'lstm', units: 2, ...more })).layers[0] as RecurrentSpec;
    const { activation, outputActivation, clip, projection, bidirectional, recurrentActivation } = of({
      activation: null,
      recurrentActivation: null,
      outputActivation: null,
      clip: null,
      projection: null,
      bidirectional: null,
    });
    expect([activation, recurrentActivation]).toEqual(['linear', 'linear']);
    expect([outputActivation, clip, projection, bidirectional]).toEqual([null, null, null, null]);
    expect([of({}).activation, of({}).recurrentActivation, of({}).outputActivation]).toEqual(['tanh', 'sigmoid', null]);
    expect(checkSpec({ input: { features: 1 }, layers: [{ kind: 'activation', activation: null }] }).layers[0]).toMatchObject({
      activation: 'linear',
    });
  });

  it("of names in Keras' summary", () => {
    const unset = { bidirectional: null, timeDistributed: false };
    for (const { name, kerasClass, keras, fields } of layerKinds()) {
      const layer = { ...unset, ...Object.fromEntries(Object.entries(fields).map(([key, f]) => [key, f.default])) };
      if (keras && Object.keys(keras.classes).length > 0)
        expect([name, Object.keys(keras.classes)]).toEqual([name, expect.arrayContaining([kerasClass(layer as never)])]);
    }
    const named = Object.fromEntries(
      layerKinds()
        .filter(({ name }) => ['rnn', 'lstm', 'gru', 'last', 'multiply', 'masking'].includes(name))
        .map(k => [k.name, k.kerasClass(unset as never)]),
    );
    expect(named).toEqual({
      rnn: 'SimpleRNN',
      lstm: 'LSTM',
      gru: 'GRU',
      last: 'Lambda',
      masking: 'Masking',
      multiply: 'Multiply',
    });
    const own = (name: string, more: object) =>
      layerKinds()
        .find(k => k.name === name)!
        .kerasClass(more as never);
    expect([own('gru', { bidirectional: 'sum' }), own('dense', { timeDistributed: true })]).toEqual(['Bidirectional', 'TimeDistributed']);
  });
});

describe('keys of Keras and PyTorch are answered with the one that says it here', () => {
  it.each([
    ['hidden_size', '"units" says it'],
    ['input_shape', 'leave it out; "input": { "timesteps": 10, "features": 3 } says it for the network'],
    ['num_layers', 'write a layer for each; all but the last have "returnSequences": true'],
    ['return_state', 'leave it out: final states are values that can be named, NAME/h and NAME/c'],
    ['recurrent_dropout', 'leave it out: nothing is dropped when a network runs'],
    ['initial_state', '"states" says it, by the names of values: ["encoder/h", "encoder/c"]'],
    ['batch_first', 'leave it out: x is [N, T, D]'],
  ])('%s', (key, fix) => {
    const layers = [{ kind: 'lstm', units: 4, [key]: 1 }];
    expect(() => checkSpec({ input: { timesteps: 6, features: 3 }, layers })).toThrow(expect.objectContaining({ code: 'E_SPEC_KEY', fix }));
  });
});

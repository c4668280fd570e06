import { specFromKerasConfig } from '../../src/conventions/keras/config.js';
import { RnnError } from '../../src/errors.js';
import { checkSpec } from '../../src/model/check.js';
import { errorLine } from '../helpers/approved.js';

/** Configs in the words of Keras: what becomes of them, and what is refused by name. */
type Json = Record<string, unknown>;
const input = { class_name: 'InputLayer', config: { batch_shape: [null, 10, 3], name: 'series' } };
const layer = (class_name: string, config: Json = {}) => ({ class_name, config: { name: class_name.toLowerCase(), ...config } });
const sequential = (...layers: Json[]) => ({ class_name: 'Sequential', config: { name: 'net', layers: [input, ...layers] } });
const only = (l: Json) => (specFromKerasConfig(sequential(l)) as { layers: Json[] }).layers[0];
const failure = (config: unknown) => {
  try {
    checkSpec(specFromKerasConfig(config));
  } catch (error) {
    const { code, where, message, exit } = error as Json;
    return { code, where, message, exit };
  }
  throw new Error('was accepted');
};

describe('layers', () => {
  it.each([
    ['SimpleRNN', { units: 4 }, { kind: 'rnn', units: 4, activation: 'tanh', returnSequences: false }],
    ['LSTM', { units: 4 }, { kind: 'lstm', activation: 'tanh', recurrentActivation: 'sigmoid', useBias: true }],
    [
      'LSTM',
      { units: 4, activation: null, recurrent_activation: null, use_bias: null },
      { kind: 'lstm', activation: 'linear', recurrentActivation: 'linear', useBias: false },
    ],
    [
      'RNN',
      { cell: layer('GRUCell', { units: 3, recurrent_activation: null }) },
      { kind: 'gru', activation: 'tanh', recurrentActivation: 'linear' },
    ],
    ['Dense', { units: 2, use_bias: null }, { kind: 'dense', activation: 'linear', useBias: false }],
    ['LayerNormalization', { center: null, scale: 0 }, { kind: 'layernorm', center: false, scale: false }],
    ['Conv1D', { filters: 2, kernel_size: [3], data_format: null }, { kind: 'conv1d', filters: 2 }],
    [
      'LSTM',
      { units: 4, activation: 'tanh', recurrent_activation: 'hard_sigmoid', go_backwards: true, stateful: true },
      { kind: 'lstm', recurrentActivation: 'hard_sigmoid', goBackwards: true, stateful: true, unitForgetBias: true },
    ],
    ['GRU', { units: 4, activation: 'tanh', reset_after: true, use_bias: false }, { kind: 'gru', resetAfter: true, useBias: false }],
    ['Dense', { units: 2, activation: 'softmax' }, { kind: 'dense', activation: 'softmax', useBias: true }],
    ['Embedding', { input_dim: 9, output_dim: 4, mask_zero: true }, { kind: 'embedding', tokens: 9, units: 4, maskZero: true }],
    ['Embedding', { input_dim: 9, output_dim: 4, mask_zero: 1 }, { kind: 'embedding', tokens: 9, units: 4, maskZero: true }],
    ['GRU', { units: 1, use_bias: 0, return_sequences: 1 }, { kind: 'gru', units: 1, useBias: false, returnSequences: true }],
    ['Masking', { mask_value: -1 }, { kind: 'masking', value: -1 }],
    ['Dropout', { rate: 0.2 }, { kind: 'dropout', rate: 0.2 }],
    ['SpatialDropout1D', { rate: 0.2 }, { kind: 'dropout', rate: 0.2 }],
    ['GaussianNoise', { stddev: 1 }, { kind: 'dropout', rate: 0 }],
    ['RepeatVector', { n: 3 }, { kind: 'repeat', times: 3 }],
    ['Flatten', { data_format: 'channels_last' }, { kind: 'flatten' }],
    ['GlobalMaxPooling1D', { keepdims: false }, { kind: 'maxpool' }],
    ['GlobalAveragePooling1D', {}, { kind: 'avgpool' }],
    [
      'ReLU',
      { max_value: 6, negative_slope: 0.1, threshold: 1 },
      { kind: 'activation', activation: { name: 'relu', negative_slope: 0.1, max_value: 6, threshold: 1 } },
    ],
    ['LeakyReLU', {}, { kind: 'activation', activation: { name: 'leaky_relu', negative_slope: 0.3 } }],
    ['ELU', { alpha: 0.5 }, { kind: 'activation', activation: { name: 'elu', alpha: 0.5 } }],
    ['Softmax', { axis: -1 }, { kind: 'activation', activation: 'softmax' }],
    [
      'Activation',
      { activation: { class_name: 'LeakyReLU', config: { negative_slope: 0.1 } } },
      { kind: 'activation', activation: { name: 'leaky_relu', negative_slope: 0.1 } },
    ],
    ['TimeDistributed', { layer: layer('Dense', { units: 2 }) }, { kind: 'dense', units: 2, timeDistributed: true }],
    [
      'TimeDistributed',
      { layer: layer('Conv2D', { filters: 3, kernel_size: [2, 4] }) },
      { kind: 'timedistributed', layer: { kind: 'conv2d', filters: 3, kernelSize: [2, 4] } },
    ],
    [
      'Bidirectional',
      { layer: layer('LSTM', { units: 2 }), merge_mode: null },
      { kind: 'bidirectional', merge: null, forward: { kind: 'lstm' }, backward: { kind: 'lstm', goBackwards: true } },
    ],
    [
      'Bidirectional',
      { layer: layer('LSTM', { units: 2 }), backward_layer: layer('GRU', { units: 3, go_backwards: true }) },
      { kind: 'bidirectional', merge: 'concat', backward: { kind: 'gru', units: 3 } },
    ],
    [
      'RNN',
      { cell: layer('LSTMCell', { units: 4 }), return_sequences: true },
      { kind: 'lstm', units: 4, returnSequences: true, kerasClass: 'RNN' },
    ],
    [
      'RNN',
      { cell: layer('StackedRNNCells', { cells: [layer('LSTMCell', { units: 4 }), layer('GRUCell', { units: 3 })] }) },
      {
        kind: 'stackedrnn',
        cells: [
          { kind: 'lstm', units: 4 },
          { kind: 'gru', units: 3 },
        ],
      },
    ],
    ['Softmax', { axis: 1 }, { kind: 'activation', activation: 'softmax', axis: [1] }],
    [
      'GlobalMaxPooling1D',
      { keepdims: true, data_format: 'channels_first' },
      { kind: 'maxpool', keepdims: true, dataFormat: 'channels_first' },
    ],
    [
      'Bidirectional',
      { layer: layer('GRU', { units: 4, return_sequences: true }), merge_mode: 'ave' },
      { kind: 'gru', bidirectional: 'ave', zeroOutputForMask: true },
    ],
  ] as [string, Json, Json][])('%s %j', (name, config, expected) => {
    expect(only(layer(name, config))).toMatchObject(expected);
  });

  it('keep their names and whether they are trained', () => {
    expect(only(layer('Dense', { name: 'out', units: 1, trainable: false }))).toMatchObject({ name: 'out', trainable: false });
  });

  it('take hard_sigmoid as their own Keras means it', () => {
    const config = sequential(layer('LSTM', { units: 2, activation: 'tanh', recurrent_activation: 'hard_sigmoid' }));
    const activationOf = (dialect: 'keras3' | 'keras2' | 'tfjs') =>
      (specFromKerasConfig(config, dialect) as { layers: Json[] }).layers[0].recurrentActivation;
    expect([activationOf('keras3'), activationOf('keras2'), activationOf('tfjs')]).toEqual([
      'hard_sigmoid',
      'hard_sigmoid_keras2',
      'hard_sigmoid_keras2',
    ]);
  });
});

describe('graphs', () => {
  const node = (...names: string[]) => [
    { args: [names.map(n => ({ class_name: '__keras_tensor__', config: { keras_history: [n, 0, 0] } }))], kwargs: {} },
  ];
  const functional = (layers: Json[], outputs: unknown = ['out', 0, 0]) => ({
    class_name: 'Functional',
    config: { name: 'branchy', layers, output_layers: [outputs] },
  });
  const series = { ...input, name: 'series', inbound_nodes: [] };
  const named = (class_name: string, name: string, inbound: unknown, config: Json = {}) => ({
    class_name,
    name,
    config: { name, trainable: true, ...config },
    inbound_nodes: inbound,
  });

  it('are put in the order in which data flow', () => {
    const spec = specFromKerasConfig(
      functional([
        named('Dense', 'out', node('join'), { units: 2 }),
        named('Concatenate', 'join', node('left', 'right'), { axis: -1 }),
        named('GRU', 'right', node('series'), { units: 4, activation: 'tanh', reset_after: true }),
        series,
        named('SimpleRNN', 'left', node('series'), { units: 3, activation: 'tanh' }),
      ]),
    );
    const model = checkSpec(spec);
    expect(model.layers.map(l => [l.name, l.inputs])).toEqual([
      ['right', ['series']],
      ['left', ['series']],
      ['join', ['left', 'right']],
      ['out', ['join']],
    ]);
    expect(model.functional).toBe(true);
  });

  it('of Keras 2 name their inputs in nested lists', () => {
    const spec = specFromKerasConfig(functional([series, named('Dense', 'out', [[['series', 0, 0, {}]]], { units: 2 })]));
    expect((spec as { layers: Json[] }).layers[0].inputs).toEqual(['series']);
  });

  const wired = (layers: Json[], outputs: unknown = ['out', 0, 0]) =>
    checkSpec(specFromKerasConfig({ class_name: 'Functional', config: { name: 'branchy', layers, output_layers: outputs } }));

  it('give states beside the output where they are outputs', () => {
    const encoder = named('LSTM', 'encoder', node('series'), { units: 2, activation: 'tanh', return_state: true });
    const outputs = [0, 1, 2].map(index => ['encoder', 0, index]);
    const model = wired([series, encoder], outputs);
    expect([model.layers.length, model.output, model.otherOutputs]).toEqual([
      1,
      'encoder',
      ['encoder/h', 'encoder/c'].map(name => ({ name, value: name })),
    ]);
  });

  it.each([
    ['GRU', { units: 2 }],
    ['GRU', { units: 2, return_state: null }],
    ['Bidirectional', { layer: { class_name: 'GRU', config: { units: 2, return_state: false } } }],
  ])('have no states beside the output of %s %j', (kind, config) => {
    const encoder = named(kind, 'encoder', node('series'), config);
    const head = named('Dense', 'out', [[['encoder', 0, 1, {}]]], { units: 2 });
    expect(() => wired([series, encoder, head])).toThrow('output 1 of encoder is read, which has 1 output');
  });

  it('read states as values, in the arguments of Keras 2 and of Keras 3', () => {
    const encoder = named('GRU', 'encoder', node('series'), { units: 2, return_state: true });
    const head = named('Dense', 'out', [[['encoder', 0, 1, {}]]], { units: 2 });
    expect(wired([series, encoder, head]).layers[1].inputs).toEqual(['encoder/h']);
    const old = named('GRU', 'out', [[['series', 0, 0, { initial_state: [['encoder', 0, 1]] }]]], { units: 2 });
    expect(wired([series, encoder, old]).layers[1]).toMatchObject({ inputs: ['series'], states: ['encoder/h'] });
    const oldest = named(
      'GRU',
      'out',
      [
        [
          ['series', 0, 0, {}],
          ['encoder', 0, 1, {}],
        ],
      ],
      { units: 2 },
    );
    expect(wired([series, encoder, oldest]).layers[1]).toMatchObject({ inputs: ['series'], states: ['encoder/h'] });
    const tensor = (...history: unknown[]) => ({ class_name: '__keras_tensor__', config: { keras_history: history } });
    const call = [{ args: [tensor('series', 0, 0)], kwargs: { initial_state: [tensor('encoder', 0, 1)], training: false } }];
    expect(wired([series, encoder, named('GRU', 'out', call, { units: 2 })]).layers[1]).toMatchObject({ states: ['encoder/h'] });
  });

  it('have several inputs and outputs, in the order that the model says', () => {
    const more = { ...input, config: { name: 'more', batch_shape: [null, 4] }, name: 'more', inbound_nodes: [] };
    const model = checkSpec(
      specFromKerasConfig({
        class_name: 'Functional',
        config: {
          layers: [series, more, named('GRU', 'out', node('series'), { units: 4 }), named('Add', 'sum', node('out', 'more'))],
          input_layers: [
            ['more', 0, 0],
            ['series', 0, 0],
          ],
          output_layers: { b: ['out', 0, 0], a: ['sum', 0, 0] },
        },
      }),
    );
    expect([model.input.name, model.otherInputs?.map(i => i.name)]).toEqual(['more', ['series']]);
    expect([model.output, model.outputName, model.otherOutputs]).toEqual(['sum', 'a', [{ name: 'b', value: 'out' }]]);
  });

  it('share the weights of a layer that is called twice', () => {
    const twice = named('Dense', 'dense', [...node('series'), ...node('series')], { units: 2 });
    const join = named('Concatenate', 'out', [
      [
        ['dense', 0, 0],
        ['dense', 1, 0],
      ],
    ]);
    expect(wired([series, twice, join]).layers.map(l => [l.name, l.shares, l.inputs])).toEqual([
      ['dense', undefined, ['series']],
      ['dense#2', 'dense', ['series']],
      ['out', undefined, ['dense', 'dense#2']],
    ]);
  });

  it('inside a graph are inlined under their name', () => {
    const inner = {
      class_name: 'Functional',
      name: 'inner',
      config: {
        name: 'inner',
        layers: [{ ...series, name: 'z', config: { name: 'z' } }, named('GRU', 'gru', node('z'), { units: 4 })],
        input_layers: ['z', 0, 0],
        output_layers: ['gru', 0, 0],
      },
      inbound_nodes: [...node('series'), ...node('series')],
    };
    const join = named('Add', 'out', [
      [
        ['inner', 0, 0],
        ['inner', 1, 0],
      ],
    ]);
    expect(wired([series, inner, join]).layers.map(l => [l.name, l.shares, l.tensors])).toEqual([
      ['inner/gru', undefined, 'layers/functional/layers/gru'],
      ['inner#2/gru', 'inner/gru', undefined],
      ['out', undefined, 'layers/add'],
    ]);
  });

  it('hold operators with numbers, arrays and slices', () => {
    const op = (class_name: string, name: string, args: unknown[], config: Json = {}) => ({
      ...named(class_name, name, [{ args, kwargs: {} }], config),
      module: 'keras.src.ops.numpy',
    });
    const tensor = { class_name: '__keras_tensor__', config: { keras_history: ['series', 0, 0] } };
    const last = { class_name: '__keras_tensor__', config: { keras_history: ['scaled', 0, 0] } };
    const model = wired([
      series,
      op('Multiply', 'scaled', [2, tensor]),
      op('GetItem', 'out', [last, [{ class_name: '__slice__', config: { start: null, stop: null, step: null } }, -1]]),
    ]);
    expect(model.layers).toMatchObject([
      { name: 'scaled', op: 'Mul', inputs: ['series'], operands: [{ data: [2] }, null] },
      { name: 'out/part_1', op: 'Slice', inputs: ['scaled'] },
      { name: 'out', op: 'Squeeze', inputs: ['out/part_1'] },
    ]);
  });

  it.each([
    [
      'a circle',
      [series, named('Dense', 'a', node('out'), { units: 2 }), named('Dense', 'out', node('a'), { units: 2 })],
      'the layers are not connected to the input',
    ],
    [
      'a layer called with what it does not read',
      [series, named('Dense', 'out', [{ args: node('series')[0].args, kwargs: { training: true } }], { units: 2 })],
      'the layer is called with the argument training, which is not supported',
    ],
    [
      'an operator that is not run',
      [series, { ...named('Fft', 'out', node('series')), module: 'keras.ops' }],
      'Fft of keras.ops is not supported',
    ],
  ] as [string, Json[], string][])('with %s are refused', (_, layers, message) => {
    expect(failure(functional(layers))).toMatchObject({ message, exit: 3 });
  });
});

describe('what is refused by name', () => {
  it.each([
    [layer('Lambda', { function: 'x' }), 'E_KERAS_CLASS', 'Lambda is not supported'],
    [{ ...layer('Dense', { units: 1 }), registered_name: 'evil>Dense' }, 'E_KERAS_CLASS', 'evil>Dense is not supported'],
    [layer('__proto__'), 'E_KERAS_CLASS', '__proto__ is not supported'],
    [layer('TimeDistributed', { layer: layer('MyLayer') }), 'E_KERAS_CLASS', 'MyLayer is not supported'],
    [layer('Bidirectional', { layer: layer('Dense', { units: 2 }) }), 'E_KERAS_CLASS', 'Dense is not supported'],
    [
      layer('Bidirectional', { layer: layer('LSTM', { units: 2 }), backward_layer: layer('LSTM', { units: 2 }) }),
      'E_KERAS_OPTION',
      'the backward layer does not match the forward layer',
    ],
    [layer('UpSampling2D', { interpolation: 'spline' }), 'E_KERAS_OPTION', 'interpolation is spline'],
    [layer('LayerNormalization', { axis: null }), 'E_KERAS_OPTION', 'axis has no value'],
    [layer('MaxPooling1D', { padding: null }), 'E_KERAS_OPTION', 'padding has no value'],
    [layer('Normalization', { mean: [1, 2, 3], variance: null }), 'E_STATISTICS', 'the mean is given without the variance'],
    [layer('Normalization', { variance: [1, 2, 3] }), 'E_STATISTICS', 'the variance is given without the mean'],
    [layer('CategoryEncoding', { num_tokens: -1 }), 'E_KERAS_OPTION', 'the argument num_tokens has an unsupported value'],
    [layer('Discretization', { bin_boundaries: [1, 0] }), 'E_KERAS_OPTION', 'bin_boundaries is a list'],
    [layer('Dense', { units: '4' }), 'E_SPEC_TYPE', "expected a whole number, found '4'"],
  ] as [Json, string, string][])('%j', (l, code, message) => {
    expect(failure(sequential(l))).toMatchObject({ code, message, exit: 3 });
  });

  it.each([
    [{ class_name: 'MyModel', config: {} }, 'E_KERAS_CLASS'],
    [[], 'E_KERAS_CONFIG'],
    [{ class_name: 'Sequential', config: 'x' }, 'E_KERAS_CONFIG'],
    [{ class_name: 'Sequential', config: { layers: [1] } }, 'E_KERAS_CONFIG'],
  ] as [unknown, string][])('%j', (config, code) => {
    expect(failure(config)).toMatchObject({ code, exit: 3 });
  });
});

describe('a config means', () => {
  const kinds = (config: unknown) => (specFromKerasConfig(config) as { layers: Json[] }).layers.map(l => l.kind);
  const activation = (value: unknown) => only(layer('Activation', { activation: value })).activation;

  it.each<[string, unknown, unknown]>([
    ['a name', 'tanh', 'tanh'],
    ['nothing', null, 'linear'],
    ['nothing given', undefined, 'linear'],
    ['a function by its name', { module: 'builtins', class_name: 'function', config: 'relu', registered_name: 'function' }, 'relu'],
    ['an object without parameters', { class_name: 'tanh', config: {} }, 'tanh'],
    ['an object without a config', { class_name: 'tanh', config: null }, 'tanh'],
    ['an object with parameters', { class_name: 'elu', config: { name: 'mine', alpha: 0.3 } }, { name: 'elu', alpha: 0.3 }],
    ['a layer without parameters', { class_name: 'LeakyReLU', config: {} }, { name: 'leaky_relu', negative_slope: 0.3 }],
    ['a layer by its name', { class_name: 'function', config: 'Softmax' }, 'softmax'],
    ['a layer of Keras 2', { class_name: 'LeakyReLU', config: { alpha: 0.1 } }, { name: 'leaky_relu', negative_slope: 0.1 }],
  ])('%s as an activation', (_, value, expected) => {
    expect(activation(value)).toEqual(expected);
  });

  it('names of tfjs in camel case, and only names', () => {
    const config = sequential(
      layer('LSTM', { units: 2, activation: { class_name: 'elu', config: { alpha: 0.5 } }, recurrent_activation: 'hardSigmoid' }),
      layer('Dense', { units: 1, activation: 'leakyRelu' }),
    );
    const { layers } = specFromKerasConfig(config, 'tfjs') as { layers: Json[] };
    expect(layers.map(l => [l.activation, l.recurrentActivation])).toEqual([
      [{ name: 'elu', alpha: 0.5 }, 'hard_sigmoid_keras2'],
      ['leaky_relu', undefined],
    ]);
  });

  it('what is left out has the defaults of Keras', () => {
    const left = { useBias: true, returnSequences: false, goBackwards: false, stateful: false, zeroOutputForMask: false, trainable: true };
    const base = { activation: 'tanh', name: 'layer', units: 2 };
    const bare = (name: string) => only({ class_name: name, name: 'layer', config: { units: 2 } });
    expect(bare('SimpleRNN')).toMatchObject({ kind: 'rnn', ...base, ...left });
    expect(bare('LSTM')).toMatchObject({ kind: 'lstm', ...base, ...left, recurrentActivation: 'sigmoid', unitForgetBias: true });
    expect(bare('GRU')).toMatchObject({ kind: 'gru', ...base, ...left, recurrentActivation: 'sigmoid', resetAfter: false });
    expect(bare('Dense')).toMatchObject({ kind: 'dense', ...base, activation: 'linear', useBias: true, trainable: true });
    expect(only(layer('Embedding', { input_dim: 9, output_dim: 4 })).maskZero).toBe(false);
    expect([only(layer('Masking')).value, only(layer('Dropout')).rate, only(layer('SpatialDropout1D')).rate]).toEqual([0, 0.5, 0.5]);
    expect(only(layer('ReLU')).activation).toEqual({ name: 'relu', negative_slope: 0, max_value: null, threshold: 0 });
    expect(only(layer('ELU')).activation).toEqual({ name: 'elu', alpha: 1 });
    const both = only(layer('Bidirectional', { layer: layer('LSTM', { units: 2 }), backward_layer: null }));
    expect([both.bidirectional, both.zeroOutputForMask]).toEqual(['concat', false]);
    expect(only({ class_name: 'Flatten' }).name).toBe('flatten');
  });

  it('layers that merge', () => {
    const join = (class_name: string, config: Json = {}) => ({ class_name, config: { name: class_name, ...config } });
    expect(kinds(sequential(join('Add'), join('Multiply'), join('Average'), join('Concatenate', { axis: -1 })))).toEqual([
      'add',
      'multiply',
      'average',
      'concatenate',
    ]);
  });

  it('an input of these sizes', () => {
    const of = (config: unknown) => (specFromKerasConfig(config) as { input: Json }).input;
    const dense = layer('Dense', { units: 2 });
    const model = (more: Json, ...layers: Json[]) => ({ class_name: 'Sequential', config: { ...more, layers } });
    expect(of(sequential(dense))).toEqual({ name: 'series', batch: null, timesteps: 10, features: 3 });
    expect(of(model({ build_input_shape: [2, 5, 4] }, dense))).toMatchObject({ batch: 2, timesteps: 5, features: 4 });
    expect(of(model({ build_input_shape: [] }, dense))).toMatchObject({ batch: null, timesteps: null, features: null });
    expect(of(model({}, layer('Dense', { units: 2, batch_input_shape: [null, 6, 2] })))).toMatchObject({ timesteps: 6, features: 2 });
    expect(of(model({ build_input_shape: [null, 1, 1] }, layer('Dense', { units: 2, batch_shape: [null, 6, 2] })))).toMatchObject({
      timesteps: 6,
    });
    expect(of(model({ build_input_shape: [null, 8] }, layer('Embedding', { input_dim: 9, output_dim: 4 })))).toMatchObject({
      timesteps: 8,
    });
    expect(of({ class_name: 'Sequential', config: [dense] })).toMatchObject({ timesteps: null });
  });

  it('a model called by its name, else by its class', () => {
    const of = (config: unknown) => {
      const { name, functional, schema } = specFromKerasConfig(config) as Json;
      return [name, functional, schema];
    };
    const layers = [
      { ...input, inbound_nodes: [] },
      { ...layer('Flatten'), name: 'flatten', inbound_nodes: [[['series', 0, 0]]] },
    ];
    expect(of(sequential())).toEqual(['net', false, 'rnn-cli/spec@2']);
    expect(of({ class_name: 'Sequential', config: { layers: [] } })).toEqual(['sequential', false, 'rnn-cli/spec@2']);
    for (const class_name of ['Functional', 'Model'])
      expect(of({ class_name, config: { layers, output_layers: [['flatten', 0, 0]] } })).toEqual([
        class_name.toLowerCase(),
        true,
        'rnn-cli/spec@2',
      ]);
  });
});

describe('the words about', () => {
  const lineOf = (config: unknown) => {
    try {
      specFromKerasConfig(config);
    } catch (error) {
      if (error instanceof RnnError) return errorLine(error);
      throw error;
    }
    return 'nothing';
  };
  const flatten = (inbound: unknown, more: Json = {}) => ({
    class_name: 'Flatten',
    config: { name: 'out\u0007' },
    inbound_nodes: inbound,
    ...more,
  });
  const graph = (out: Json, outputs: unknown = [['out\u0007', 0, 0]]) => ({
    class_name: 'Functional',
    config: { layers: [{ ...input, inbound_nodes: [] }, out], output_layers: outputs },
  });
  /** inbound nodes that never end, one way or another */
  const deep = (wrap: (inner: unknown) => unknown) => Array.from({ length: 40 }).reduce(wrap, ['series', 0, 0]);

  it.each<[string, unknown, string]>([
    ['no object', 3, '3 E_KERAS_CONFIG | expected an object for the model config | found: 3'],
    [
      'a model without a body',
      { class_name: 'Sequential' },
      '3 E_KERAS_CONFIG | expected an object for the model config | found: undefined',
    ],
    [
      'another model',
      { class_name: 'Sub\u0007', config: {} },
      '3 E_KERAS_CLASS | Sub\\u0007 is not supported | expected: a Sequential or Functional model | found: Sub\\u0007',
    ],
    [
      'no class',
      { config: {} },
      '3 E_KERAS_CLASS | the layer has no class name | expected: a Sequential or Functional model | found: no class name',
    ],
    ['a layer that is none', sequential('x' as unknown as Json), '3 E_KERAS_CONFIG | expected an object for the layer | found: x'],
    [
      'a config that is none',
      sequential({ class_name: 'Dense', config: 'x'.repeat(50) }),
      `3 E_KERAS_CONFIG | expected an object for the layer | found: ${'x'.repeat(39)}…`,
    ],
    [
      'states read by the next layer',
      sequential(layer('LSTM', { units: 2, return_state: true }), layer('Flatten')),
      '3 E_KERAS_OPTION | return_state: lstm returns several values inside a Sequential model | expected: return_state=False, or the last layer | found: return_state=True | fix: build a functional model, where each of them has a name',
    ],
    ['states at the end', sequential(layer('LSTM', { units: 2, return_state: true })), 'nothing'],
    [
      'states read in a graph',
      graph(flatten([[['series', 0, 1]]])),
      '3 E_KERAS_OPTION | layer out\\u0007: series: output 1 of series is read, which has 1 output | expected: an output of the layer, or with return_state=True one of its states | found: output 1',
    ],
    ['no output', graph(flatten([[['series', 0, 0]]]), []), '3 E_KERAS_CONFIG | output_layers: the model names no output'],
    [
      'two outputs',
      graph(flatten([[['series', 0, 0]]]), [
        ['out\u0007', 0, 0],
        ['series', 0, 0],
      ]),
      'nothing',
    ],
    [
      'no input',
      { class_name: 'Functional', config: { layers: [], output_layers: [['a', 0, 0]] } },
      '3 E_KERAS_CONFIG | the model has no input | expected: an InputLayer | found: none',
    ],
    [
      'a layer that is not called',
      graph(flatten([], { name: 'out\u0007' })),
      '3 E_KERAS_OPTION | out\\u0007: output 0 of out\\u0007 is read, which has 0 outputs | expected: an output of the layer, or with return_state=True one of its states | found: output 0',
    ],
    [
      'a circle',
      graph(flatten([[['out\u0007', 0, 0]]])),
      '3 E_KERAS_CONFIG | the layers are not connected to the input | found: out\\u0007',
    ],
    [
      'lists in lists',
      graph(flatten([{ args: [deep(inner => [inner])] }])),
      '3 E_KERAS_CONFIG | layer out\\u0007: inbound_nodes are nested too deeply | expected: at most 16 levels',
    ],
    [
      'arguments in arguments',
      graph(flatten([[['series', 0, 0, { a: deep(inner => [inner]) }]]])),
      '3 E_KERAS_CONFIG | layer out\\u0007: inbound_nodes are nested too deeply | expected: at most 16 levels',
    ],
    [
      'objects in objects',
      graph(flatten([deep(inner => ({ a: inner }))])),
      '3 E_KERAS_CONFIG | layer out\\u0007: inbound_nodes: the call has no input | expected: a tensor | found: none',
    ],
    [
      'a layer of somebody',
      sequential({ ...layer('Dense', { units: 1 }), registered_name: 'my>keras' }),
      '3 E_KERAS_CLASS | layer dense: my>keras is not supported | expected: a layer of Keras itself | found: my>keras | fix: in Python, save what is computed in front of it: keras.Model(model.inputs, model.get_layer("dense").input).save("part.keras")',
    ],
    ['a layer of Keras itself', sequential({ ...layer('Dense', { units: 1 }), registered_name: 'keras.src>Dense' }), 'nothing'],
    ['a layer registered by its class', sequential({ ...layer('Dense', { units: 1 }), registered_name: 'Dense' }), 'nothing'],
    [
      'an option',
      sequential(layer('UpSampling2D', { interpolation: 'cubic\u0007' })),
      '3 E_KERAS_OPTION | layer upsampling2d: interpolation: interpolation is cubic\\u0007 | expected: nearest, bilinear, bicubic, area, lanczos3, lanczos5, gaussian, mitchellcubic | found: cubic\\u0007',
    ],
    ['an option that is not set', sequential(layer('GlobalMaxPooling1D', { data_format: null, keepdims: false })), 'nothing'],
    [
      'a backward layer that is none',
      sequential(layer('Bidirectional', { layer: layer('GRU', {}), backward_layer: 3 })),
      '3 E_KERAS_CONFIG | layer bidirectional: expected an object for the layer | found: 3',
    ],
    [
      'both ways of no cell',
      sequential(layer('Bidirectional', { layer: layer('Dense') })),
      '3 E_KERAS_CLASS | layer bidirectional: Dense is not supported | expected: SimpleRNN, LSTM, GRU, RNN, ConvLSTM1D, ConvLSTM2D, ConvLSTM3D | found: Dense | fix: in Python, save what is computed in front of it: keras.Model(model.inputs, model.get_layer("bidirectional").input).save("part.keras")',
    ],
    [
      'both ways of what every object has',
      sequential(layer('Bidirectional', { layer: layer('constructor') })),
      '3 E_KERAS_CLASS | layer bidirectional: constructor is not supported | expected: SimpleRNN, LSTM, GRU, RNN, ConvLSTM1D, ConvLSTM2D, ConvLSTM3D | found: constructor | fix: in Python, save what is computed in front of it: keras.Model(model.inputs, model.get_layer("bidirectional").input).save("part.keras")',
    ],
    [
      'no layer in both ways',
      sequential(layer('Bidirectional', { layer: [] })),
      '3 E_KERAS_CONFIG | layer bidirectional: expected an object for the layer | found: a list',
    ],
    ['a cell of every step', sequential(layer('TimeDistributed', { layer: layer('LSTM') })), 'nothing'],
    [
      'no layer of every step',
      sequential(layer('TimeDistributed', { layer: 3 })),
      '3 E_KERAS_CONFIG | layer timedistributed: expected an object for the layer | found: 3',
    ],
    [
      'an activation that is none',
      sequential(layer('Activation', { activation: 3 })),
      '3 E_KERAS_CONFIG | layer activation: expected an object for the activation | found: 3',
    ],
  ])('%s', (_, config, line) => {
    expect(lineOf(config)).toBe(line);
  });

  it('of a class that is not run: Keras can save what is computed in front of its layer, of layers in each other the outer one', () => {
    const within = layer('TimeDistributed', { name: 'each "step"', layer: layer('MyLayer', { name: 'own' }) });
    expect(lineOf(sequential(within))).toContain('model.get_layer("each \\"step\\"").input');
    expect(lineOf(sequential(layer('Lambda', { name: 'last' })))).toContain('model.get_layer("last").input');
  });
});

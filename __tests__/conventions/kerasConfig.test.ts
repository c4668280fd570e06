import { specFromKerasConfig } from '../../src/conventions/kerasConfig.js';
import { checkSpec } from '../../src/model/check.js';

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
    ['SimpleRNN', { units: 4 }, { kind: 'rnn', units: 4, activation: 'linear', returnSequences: false }],
    [
      'LSTM',
      { units: 4, activation: 'tanh', recurrent_activation: 'hard_sigmoid', go_backwards: true, stateful: true },
      { kind: 'lstm', recurrentActivation: 'hard_sigmoid', goBackwards: true, stateful: true, unitForgetBias: true },
    ],
    ['GRU', { units: 4, activation: 'tanh', reset_after: true, use_bias: false }, { kind: 'gru', resetAfter: true, useBias: false }],
    ['Dense', { units: 2, activation: 'softmax' }, { kind: 'dense', activation: 'softmax', useBias: true }],
    ['Embedding', { input_dim: 9, output_dim: 4, mask_zero: true }, { kind: 'embedding', tokens: 9, units: 4, maskZero: true }],
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
    ['TimeDistributed', { layer: layer('Activation', { activation: 'tanh' }) }, { kind: 'activation', activation: 'tanh' }],
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
    config: { name, ...config },
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

  it('may put out states beside the output, as every run shows them', () => {
    const encoder = named('LSTM', 'encoder', node('series'), { units: 2, activation: 'tanh', return_state: true });
    const outputs = [0, 1, 2].map(index => ['encoder', 0, index]);
    const model = checkSpec(specFromKerasConfig(functional([series, encoder], outputs)));
    expect([model.layers.length, model.output]).toEqual([1, 'encoder']);
  });

  it.each([
    [
      'a layer that reads the states of another',
      [
        series,
        named('LSTM', 'encoder', node('series'), { units: 2, return_state: true }),
        named('Dense', 'out', [[['encoder', 0, 1, {}]]], { units: 2 }),
      ],
      undefined,
      'out reads the states that encoder returns',
    ],
    [
      'states as initial states',
      [
        series,
        named('GRU', 'encoder', node('series'), { units: 2, return_state: true }),
        named('GRU', 'out', [[['series', 0, 0, { initial_state: [['encoder', 0, 1]] }]]], { units: 2 }),
      ],
      undefined,
      'out reads the states that encoder returns',
    ],
    [
      'two inputs',
      [series, { ...input, config: { name: 'more' } }, named('Dense', 'out', node('series'), { units: 2 })],
      undefined,
      'the model has 2 inputs',
    ],
    [
      'two outputs',
      [series, named('Dense', 'out', node('series'), { units: 2 })],
      [
        ['out', 0, 0],
        ['series', 0, 0],
      ],
      'the model has 2 outputs',
    ],
    [
      'a layer that is called twice',
      [series, named('Dense', 'out', [...node('series'), ...node('series')], { units: 2 })],
      undefined,
      'the layer is called 2 times',
    ],
    [
      'a circle',
      [series, named('Dense', 'a', node('out'), { units: 2 }), named('Dense', 'out', node('a'), { units: 2 })],
      undefined,
      'the layers do not form a chain from the input',
    ],
  ] as [string, Json[], unknown, string][])('with %s are refused', (_, layers, outputs, message) => {
    expect(failure(functional(layers, outputs))).toMatchObject({ message, exit: 3 });
  });
});

describe('what is refused by name', () => {
  it.each([
    [layer('Lambda', { function: 'x' }), 'E_KERAS_CLASS', 'Lambda is not run here'],
    [layer('Conv1D', { filters: 4 }), 'E_KERAS_CLASS', 'Conv1D is not run here'],
    [{ ...layer('Dense', { units: 1 }), registered_name: 'evil>Dense' }, 'E_KERAS_CLASS', 'evil>Dense is not run here'],
    [layer('__proto__'), 'E_KERAS_CLASS', '__proto__ is not run here'],
    [layer('TimeDistributed', { layer: layer('LSTM', { units: 2 }) }), 'E_KERAS_CLASS', 'TimeDistributed(LSTM) is not run here'],
    [layer('Bidirectional', { layer: layer('Dense', { units: 2 }) }), 'E_KERAS_CLASS', 'Dense is not run here'],
    [
      layer('Bidirectional', { layer: layer('LSTM', { units: 2 }), merge_mode: null }),
      'E_KERAS_OPTION',
      'merge_mode None gives two outputs',
    ],
    [
      layer('Bidirectional', { layer: layer('LSTM', { units: 2 }), backward_layer: layer('LSTM', { units: 3 }) }),
      'E_KERAS_OPTION',
      'the backward layer has another units',
    ],
    [layer('GlobalMaxPooling1D', { data_format: 'channels_first' }), 'E_KERAS_OPTION', 'data_format is channels_first'],
    [layer('GlobalMaxPooling1D', { keepdims: true }), 'E_KERAS_OPTION', 'keepdims is true'],
    [layer('Softmax', { axis: 1 }), 'E_KERAS_OPTION', 'axis is 1'],
    [layer('Concatenate', { axis: 1 }), 'E_KERAS_OPTION', 'axis is 1'],
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

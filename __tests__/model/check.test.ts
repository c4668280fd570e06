import { checkSpec } from '../../src/model/check.js';
import type { RecurrentSpec } from '../../src/model/spec.js';

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
    ['softmax inside a cell', spec({ kind: 'rnn', units: 4, activation: 'softmax' }), 'E_ACTIVATION_ROW', 'layers[0]: activation'],
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

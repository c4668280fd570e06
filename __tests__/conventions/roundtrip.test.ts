import fc from 'fast-check';
import type { WritableConvention } from '../../src/conventions/convention.js';
import { CONVENTIONS, detectConvention, getConvention } from '../../src/conventions/index.js';
import { keras } from '../../src/conventions/keras/keras.js';
import { torch } from '../../src/conventions/torch/torch.js';
import { checkSpec } from '../../src/model/check.js';
import { inferShapes, weightShapesByLayer } from '../../src/model/shapes.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { drawInput, drawWeights } from '../../src/weights/init.js';
import { type RandomNetwork, randomNetwork } from '../helpers/architectures.js';
import { cases } from '../helpers/effort.js';

const draw = (spec: unknown, framework: 'keras' | 'torch' = 'keras') => {
  const model = checkSpec(spec, framework);
  const shapes = inferShapes(model);
  return { model, shapes, weights: drawWeights(model, weightShapesByLayer(shapes), { seed: '3', init: 'torch', rng: 'seedrandom' }) };
};
const t = (...shape: number[]) => drawInput(shape, { seed: String(shape) });
const chain = (...layers: object[]) => ({ input: { timesteps: 4, features: 3 }, layers });

/** PyTorch has no peepholes, projections narrower than the units only, and only the reset after the product, always with two biases. */
function asTorch({ spec }: RandomNetwork): unknown {
  const layers = (spec.layers as Record<string, unknown>[]).map(({ peepholes: _p, projection, ...l }) =>
    ['rnn', 'lstm', 'gru'].includes(String(l.kind))
      ? {
          ...l,
          twoBiases: true,
          ...(l.kind === 'gru' ? { resetAfter: true } : {}),
          ...(Number(projection) < Number(l.units) ? { projection } : {}),
        }
      : l,
  );
  return { ...spec, layers };
}

/** Keras has one bias (but for the GRU's), no peepholes and no projection. */
function asKeras({ spec }: RandomNetwork): unknown {
  const layers = (spec.layers as Record<string, unknown>[]).map(({ peepholes: _p, projection: _q, ...l }) =>
    ['rnn', 'lstm', 'gru'].includes(String(l.kind)) ? { ...l, twoBiases: false } : l,
  );
  return { ...spec, layers };
}

it.each([
  ['keras', keras, asKeras],
  ['torch', torch, asTorch],
  ['rnn-cli', getConvention('rnn-cli'), asKeras],
] as [string, WritableConvention, (n: RandomNetwork) => unknown][])(
  '%s: what it writes it reads back bit for bit',
  (_, convention, adapt) => {
    fc.assert(
      fc.property(randomNetwork, network => {
        const { shapes, weights } = draw(adapt(network));
        const written = convention.fromWeights(shapes, weights);
        expect(convention.detect([...written.keys()])).toBe(true);
        expect(detectConvention([...written.keys()]).name).toBe(convention.name);
        const read = convention.toWeights(shapes, written);
        expect([...read.keys()].sort()).toEqual([...weights.keys()].sort());
        for (const [key, w] of weights) expect([read.get(key)!.shape, read.get(key)!.data]).toEqual([w.shape, w.data]);
      }),
      { numRuns: cases(200) },
    );
  },
);

it('have names of their own', () => {
  expect(new Set(CONVENTIONS.map(c => c.name)).size).toBe(CONVENTIONS.length);
});

describe('PyTorch', () => {
  const state = (spec: unknown) => {
    const drawn = draw(spec, 'torch');
    return { ...drawn, tensors: new Map<string, Tensor>(torch.fromWeights(drawn.shapes, drawn.weights)) };
  };

  it.each([
    [{}, 'rnn'],
    [{ kind: 'rnn' }, 'rnn2'],
    [{ units: 5 }, 'rnn2'],
    [{ bidirectional: 'concat' }, 'rnn2'],
    [{ useBias: false }, 'rnn2'],
    [{ projection: 2 }, 'rnn2'],
  ])('a second LSTM of 4 units with %j is in module %s: one nn.LSTM has one set of options', (options, module) => {
    const lstm = { kind: 'lstm', units: 4, returnSequences: true, twoBiases: true };
    const { tensors } = state(chain(lstm, { ...lstm, ...options }));
    const second = [...tensors.keys()].filter(name => !/^rnn\..*_l0$/.test(name));
    expect(new Set(second.map(name => name.replace(/\..*/, '')))).toEqual(new Set([module]));
  });

  it('merges the two biases into one row for lstm', () => {
    const { tensors } = state(chain({ kind: 'lstm', units: 4 }));
    const one = inferShapes(checkSpec(chain({ kind: 'lstm', units: 4, twoBiases: false }), 'torch'));
    const merged = torch.toWeights(one, tensors).get('lstm_1/bh')!;
    const [a, b] = [tensors.get('rnn.bias_ih_l0')!, tensors.get('rnn.bias_hh_l0')!];
    expect(merged.data).toEqual(a.data.map((v, k) => v + b.data[k]));
  });

  it('has no projection as wide as the units, or wider, under anybody’s rules', () => {
    const { shapes, weights } = draw(chain({ kind: 'lstm', units: 4, projection: 4 }));
    expect(() => torch.fromWeights(shapes, weights)).toThrow('PyTorch has no LSTM of M = 4 with a projection to P = 4');
    expect(() => draw(chain({ kind: 'lstm', units: 4, projection: 5 }), 'torch')).toThrow('a projection to P = 5');
    expect(state(chain({ kind: 'lstm', units: 4, projection: 3 })).tensors.get('rnn.weight_hr_l0')!.shape).toEqual([3, 4]);
  });

  it('turns its r z n into our z r g and transposes', () => {
    const { tensors, shapes } = state(chain({ kind: 'gru', units: 2 }));
    const weights = torch.toWeights(shapes, tensors);
    const W = tensors.get('rnn.weight_ih_l0')!; // [6, 3], rows r0 r1 z0 z1 n0 n1
    const Wx = weights.get('gru_1/Wx')!; // [3, 6], columns z0 z1 r0 r1 g0 g1
    expect([Wx.data[0], Wx.data[2], Wx.data[4]]).toEqual([W.data[2 * 3], W.data[0], W.data[4 * 3]]);
    expect(Wx.data[6 + 1]).toBe(W.data[3 * 3 + 1]);
  });

  it('refuses to merge what a GRU with the reset before cannot add up', () => {
    const { tensors } = state(chain({ kind: 'gru', units: 2 }));
    const before = inferShapes(checkSpec(chain({ kind: 'gru', units: 2, resetAfter: false, twoBiases: false })));
    expect(() => torch.toWeights(before, tensors)).toThrow('a GRU with the reset before the product has one bias');
  });

  it('says which tensor is missing, surplus or of another shape', () => {
    const { tensors, shapes } = state(chain({ kind: 'rnn', units: 2 }, { kind: 'dense', units: 5 }));
    const without = (name: string) => new Map([...tensors].filter(([n]) => n !== name));
    expect(() => torch.toWeights(shapes, without('rnn.weight_hh_l0'))).toThrow('weight_hh_l… for Wh [2, 2] is missing');
    expect(() => torch.toWeights(shapes, without('fc.bias'))).toThrow('bias for bo [5] is missing');
    expect(() => torch.toWeights(shapes, new Map([...tensors].filter(([n]) => !n.startsWith('fc'))))).toThrow(
      'Wo [2, 5], bo [5] is missing',
    );
    expect(() => torch.toWeights(shapes, new Map([...tensors, ['extra.weight', t(5, 5)]]))).toThrow(
      "the file has a module 'extra' that the network does not have",
    );
    expect(() => torch.toWeights(shapes, new Map([...tensors, ['rnn.weight_ih_l0', t(2, 4)]]))).toThrow(
      'expected [2, 3] = [M, D], found [2, 4]',
    );
  });

  it('refuses peepholes by name', () => {
    const { shapes, weights } = draw(chain({ kind: 'lstm', units: 2, peepholes: true }));
    expect(() => torch.fromWeights(shapes, weights)).toThrow('PyTorch has no lstm with peepholes');
  });

  it('tells an embedding from a Linear', () => {
    const tensors = new Map<string, Tensor>([
      ['emb.weight', t(20, 3)],
      ['rnn.weight_ih_l0', t(8, 3)],
      ['rnn.weight_hh_l0', t(8, 2)],
      ['fc.weight', t(5, 2)],
    ]);
    const { layers, input } = torch.toSpec(tensors, { task: 'many-to-one', pool: 'last', timesteps: null });
    expect(layers.map(l => l.kind)).toEqual(['embedding', 'lstm', 'dense']);
    expect(input.features).toBeNull();
  });

  it('asks for the network where weights do not determine it', () => {
    expect(() =>
      torch.toSpec(
        new Map([
          ['rnn.weight_ih_l0', t(10, 3)],
          ['rnn.weight_hh_l0', t(10, 5)],
        ]),
        { task: 'many-to-one', pool: 'last', timesteps: null },
      ),
    ).toThrow('recurrent weights of shape [5, 10] fit no known cell');
    expect(() => torch.toSpec(new Map([['rnn.weight_ih_l0', t(10, 3)]]), { task: 'many-to-one', pool: 'last', timesteps: null })).toThrow(
      'a recurrent layer has only input weights',
    );
  });
});

describe('Keras', () => {
  it('says which array stands for which weight', () => {
    const { shapes } = draw(chain({ kind: 'rnn', units: 2 }, { kind: 'dense', units: 5 }));
    const arrays = (...all: Tensor[]) => new Map(all.map((a, i) => [`arr_${i}`, a]));
    expect(() => keras.toWeights(shapes, arrays(t(3, 2), t(2, 2)))).toThrow('the network has 5 weights, but the file has 2 arrays');
    expect(() => keras.toWeights(shapes, arrays(t(2, 3), t(2, 2), t(2), t(2, 5), t(5)))).toThrow('expected [3, 2] = [D, M], found [2, 3]');
  });

  it('takes arr_10 after arr_9', () => {
    const spec = chain(...Array.from({ length: 4 }, (_, i) => ({ kind: 'rnn', units: i + 2, returnSequences: true })));
    const { shapes, weights } = draw(spec);
    const written = [...keras.fromWeights(shapes, weights)].sort(([a], [b]) => (a < b ? -1 : 1));
    expect(keras.toWeights(shapes, new Map(written)).get('rnn_4/Wx')!.data).toEqual(weights.get('rnn_4/Wx')!.data);
  });

  it('cannot tell a vector that stands first', () => {
    expect(() => keras.toSpec(new Map([['arr_0', t(3)]]), { task: 'many-to-one', pool: 'last', timesteps: null })).toThrow(
      'cannot tell what arr_0 [3] is',
    );
    expect(() =>
      keras.toSpec(
        new Map([
          ['arr_0', t(3, 2)],
          ['arr_1', t(2)],
        ]),
        { task: 'many-to-one', pool: 'last', timesteps: null },
      ),
    ).toThrow('these weights contain no recognisable recurrent layer');
  });
});

describe('our own names', () => {
  const ours = getConvention('rnn-cli');

  it('must be exactly the expected ones', () => {
    const { shapes, weights } = draw(chain({ kind: 'rnn', units: 2 }));
    expect(() => ours.toWeights(shapes, new Map([...weights].slice(1)))).toThrow('the weight rnn_1/Wx [3, 2] is missing');
    expect(() => ours.toWeights(shapes, new Map([...weights, ['rnn_2/Wx', t(2, 2)]]))).toThrow(
      'the weights contain rnn_2/Wx, which the network does not have',
    );
  });

  it('determine the network', () => {
    const { weights } = draw(
      chain(
        { kind: 'lstm', units: 4, bidirectional: 'concat', returnSequences: true, projection: 2, peepholes: true },
        { kind: 'gru', units: 3, resetAfter: false },
        { kind: 'dense', units: 2 },
      ),
    );
    const { layers } = ours.toSpec(weights, { task: 'many-to-one', pool: 'max', timesteps: null });
    expect(layers).toMatchObject([
      { name: 'lstm_1', kind: 'lstm', units: 4, bidirectional: 'concat', projection: 2, peepholes: true, returnSequences: true },
      { name: 'gru_2', kind: 'gru', units: 3, resetAfter: false, returnSequences: true },
      { kind: 'maxpool' },
      { name: 'dense_1', units: 2 },
    ]);
  });
});

it('names of nobody are refused with what would be understood', () => {
  expect(() => detectConvention(['a', 'b'])).toThrow('cannot tell whose weights these are: a, b');
});

it.each([
  [
    'lstm, lstm alike, lstm, gru',
    [
      ['lstm', 4],
      ['lstm', 4],
      ['lstm', 5],
      ['gru', 5],
    ],
    ['rnn._l0', 'rnn._l1', 'rnn2._l0', 'rnn3._l0'],
  ],
  [
    'gru, lstm, gru',
    [
      ['gru', 4],
      ['lstm', 4],
      ['gru', 4],
    ],
    ['rnn._l0', 'rnn2._l0', 'rnn3._l0'],
  ],
] as [string, [string, number][], string[]][])('PyTorch loads %s: a module has layers of one kind and size', (_, kinds, expected) => {
  const layers = kinds.map(([kind, units], i) => ({ kind, units, returnSequences: i < kinds.length - 1 }));
  const { shapes, weights } = draw(chain(...layers), 'torch');
  const names = [...torch.fromWeights(shapes, weights).keys()].filter(name => name.includes('weight_hh'));
  expect(names.map(name => name.replace('weight_hh', ''))).toEqual(expected);
});

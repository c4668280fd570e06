import type { NetworkHints } from '../../src/conventions/convention.js';
import { kerasNames } from '../../src/conventions/keras/names.js';
import { kerasPaths } from '../../src/conventions/keras/paths.js';
import type { RnnError } from '../../src/errors.js';
import { checkSpec } from '../../src/model/check.js';
import { inferShapes } from '../../src/model/shapes.js';
import type { Tensor } from '../../src/tensor/tensor.js';

/** In which order layers stand whose weights have Keras' names, and what is done with those that have none. */
const t = (...shape: number[]): Tensor => ({ shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) });
const hints: NetworkHints = { task: 'many-to-one', pool: 'last', timesteps: 7 };
type Entries = [string, Tensor][];

const lstm = (name: string, D: number, M: number): Entries => [
  [`${name}/lstm_cell/bias`, t(4 * M)],
  [`${name}/lstm_cell/kernel`, t(D, 4 * M)],
  [`${name}/lstm_cell/recurrent_kernel`, t(M, 4 * M)],
];
const dense = (name: string, D: number, K: number): Entries => [
  [`${name}/bias`, t(K)],
  [`${name}/kernel`, t(D, K)],
];
const sorted = (...layers: Entries[]) => new Map(layers.flat().sort(([a], [b]) => (a < b ? -1 : 1)));
const namesOf = (tensors: ReadonlyMap<string, Tensor>, metadata?: ReadonlyMap<string, string>) =>
  kerasNames.toSpec(tensors, hints, metadata).layers.map(l => `${l.name ?? l.kind}${l.returnSequences ? ' seq' : ''}`);

describe('names in the order of the alphabet', () => {
  it('say nothing where the widths say all', () => {
    expect(namesOf(sorted(dense('a', 5, 2), lstm('b', 3, 5)))).toEqual(['b', 'a']);
  });

  it('with numbers stand in the order of the numbers', () => {
    expect(namesOf(sorted(lstm('lstm_9', 5, 5), lstm('lstm_10', 5, 5), dense('z', 5, 2)))).toEqual(['lstm_9 seq', 'lstm_10', 'z']);
  });

  it('are asked for where two orders fit', () => {
    const ask = () => namesOf(sorted(lstm('dec', 4, 4), lstm('enc', 4, 4), dense('out', 4, 2)));
    expect(ask).toThrow('the weights do not say in which order dec, enc, out are used: two fit the sizes');
    expect(ask).toThrow(expect.objectContaining({ code: 'E_ASK', layersLine: '_,_,dense:2+name=out' }));
  });

  it('are assumed where a dense layer could also stand first', () => {
    const { layers, assumptions } = kerasNames.toSpec(sorted(dense('a', 5, 5), lstm('b', 5, 5)), hints);
    expect(layers.map(l => l.name)).toEqual(['b', 'a']);
    expect(assumptions[0]).toMatchObject({ fact: 'order', value: 'b, a', say: '--layers "dense:5+name=a,lstm:5+name=b"' });
  });

  it('do not decide which of two equal layers is first in a described network', () => {
    const shapes = (a: string, b: string) =>
      inferShapes(
        checkSpec({
          input: { timesteps: 3, features: 4 },
          layers: [
            { kind: 'lstm', name: a, units: 4, returnSequences: true },
            { kind: 'lstm', name: b, units: 4 },
          ],
        }),
      );
    const tensors = sorted(lstm('dec', 4, 4), lstm('enc', 4, 4));
    expect(() => kerasNames.toWeights(shapes('lstm_1', 'lstm_2'), tensors)).toThrow('does not say which of dec, enc comes first');
    expect(kerasNames.toWeights(shapes('enc', 'dec'), tensors).get('enc/Wx')).toBe(tensors.get('enc/lstm_cell/kernel'));
  });

  it('of .weights.h5 are asked for where classes could change places', () => {
    const vars = (group: string, ...shapes: number[][]): Entries => shapes.map((shape, i) => [`layers/${group}/vars/${i}`, t(...shape)]);
    const both = new Map([...vars('gru/cell', [4, 12], [4, 12], [2, 12]), ...vars('lstm/cell', [4, 16], [4, 16], [16])]);
    expect(() => kerasPaths.toSpec(both, hints)).toThrow(expect.objectContaining({ code: 'E_ASK' }));
  });
});

describe('layers that a file lists without weights', () => {
  const entries = [...lstm('lstm', 3, 5), ...dense('dense', 5, 2)];
  const listed = (...names: string[]) =>
    new Map([
      ['layer_names', JSON.stringify(names)],
      ['lstm@weight_names', JSON.stringify(['kernel', 'recurrent_kernel', 'bias'].map(role => `lstm_cell/${role}`))],
      ['dense@weight_names', JSON.stringify(['kernel', 'bias'])],
    ]);
  const of = (...names: string[]) => kerasNames.toSpec(new Map(entries), hints, listed(...names));

  it('are left out where they change nothing', () => {
    const { layers, assumptions } = of('input_1', 'lstm', 'dropout_3', 'dense');
    expect(layers.map(l => l.kind)).toEqual(['lstm', 'dense']);
    expect(assumptions.map(a => a.fact)).not.toContain('wiring');
  });

  it('pool or flatten where their class does', () => {
    const { layers } = of('lstm', 'global_max_pooling1d', 'dense');
    expect(layers.map(l => [l.kind, l.returnSequences])).toEqual([
      ['lstm', true],
      ['maxpool', undefined],
      ['dense', undefined],
    ]);
  });

  it('are asked for where the name of the class does not say enough', () => {
    const line = (...names: string[]) => {
      try {
        of(...names);
      } catch (error) {
        return (error as RnnError).layersLine;
      }
    };
    expect(line('lstm', 'dense', 'activation_2')).toBe('lstm:5+name=lstm,dense:2@_+name=dense');
    expect(line('lstm', 'leaky_re_lu', 'dense')).toBe('lstm:5+name=lstm,_,dense:2+name=dense');
    expect(line('lstm', 'repeat_vector', 'dense')).toBe('lstm:5+name=lstm,repeat:_+name=repeat_vector,dense:2+name=dense');
  });

  it('are said to change nothing where somebody named them', () => {
    expect(of('lstm', 'my_layer', 'dense').assumptions[0]).toMatchObject({
      fact: 'wiring',
      value: 'nothing',
      what: expect.stringContaining('my_layer'),
    });
  });
});

it('names that were made up here do not stand for those that a file lists', () => {
  // Keras counts over all models of a session: the first layer of this one was its second LSTM
  const tensors = new Map([...lstm('lstm_2', 4, 4), ...lstm('lstm_1', 4, 4)]);
  const names = JSON.stringify(['kernel', 'recurrent_kernel', 'bias'].map(role => `lstm_cell/${role}`));
  const metadata = new Map([
    ['layer_names', JSON.stringify(['lstm_2', 'lstm_1'])],
    ['lstm_1@weight_names', names],
    ['lstm_2@weight_names', names],
  ]);
  const layers = [
    { kind: 'lstm', units: 4, returnSequences: true },
    { kind: 'lstm', units: 4 },
  ];
  const shapes = inferShapes(checkSpec({ input: { timesteps: 3, features: 4 }, layers }));
  expect(kerasNames.toWeights(shapes, tensors, metadata).get('lstm_1/Wx')).toBe(tensors.get('lstm_2/lstm_cell/kernel'));
});

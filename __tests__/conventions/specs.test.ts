import type { NetworkHints } from '../../src/conventions/convention.js';
import { CONVENTIONS } from '../../src/conventions/index.js';
import { keras } from '../../src/conventions/keras/keras.js';
import { kerasNames } from '../../src/conventions/keras/names.js';
import { kerasPaths } from '../../src/conventions/keras/paths.js';
import { native } from '../../src/conventions/rnnCliNames.js';
import { torch } from '../../src/conventions/torch/torch.js';
import type { RnnError } from '../../src/errors.js';
import { checkSpec } from '../../src/model/check.js';
import { inferShapes } from '../../src/model/shapes.js';
import type { Tensor } from '../../src/tensor/tensor.js';

/** The network that tensors alone determine, under each convention: kinds, sizes and order, and what the hints add. */
const t = (...shape: number[]): Tensor => ({ shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) });
type Entries = [string, number[]][];
const named = (entries: Entries) => new Map(entries.map(([name, shape]) => [name, t(...shape)]));
const hints: NetworkHints = { task: 'many-to-one', pool: 'last', timesteps: 7 };
const arrays = (...shapes: number[][]): Entries => shapes.map((shape, i) => [`arr_${i}`, shape]);

/** `lstm2`, `gru3 nobias`, `dense4`: enough to tell layers by */
function short({ layers }: { layers: Record<string, unknown>[] }): string {
  return layers
    .map(({ kind, units, useBias, twoBiases, resetAfter, bidirectional, projection, peepholes, tokens, returnSequences, activation }) =>
      [
        `${kind}${units ?? ''}`,
        tokens && `of ${tokens}`,
        useBias === false && 'nobias',
        twoBiases && 'two',
        resetAfter === false && 'before',
        bidirectional && 'both',
        projection && `to ${projection}`,
        peepholes && 'peeping',
        returnSequences && 'seq',
        activation && String(activation),
      ]
        .filter(Boolean)
        .join(' '),
    )
    .join(', ');
}

describe("Keras' arrays without names", () => {
  it.each<[string, Entries, string]>([
    ['one bias row', arrays([3, 8], [2, 8], [8]), 'lstm2'],
    ['no bias', arrays([3, 6], [2, 6], [2, 5], [5]), 'gru2 nobias, dense5'],
    ['no bias at the end', arrays([3, 2], [2, 2]), 'rnn2 nobias'],
    ['two bias rows', arrays([3, 6], [2, 6], [2, 6]), 'gru2'],
    ['one row of a GRU: reset before', arrays([3, 6], [2, 6], [6]), 'gru2 before'],
    ['a dense layer without bias', arrays([3, 2], [2, 2], [2], [2, 5]), 'rnn2, dense5 nobias'],
    ['token vectors', arrays([9, 3], [3, 8], [2, 8], [8]), 'embedding3 of 9, lstm2'],
    ['a dense layer first', arrays([4, 3], [3], [3, 8], [2, 8], [8]), 'dense3, lstm2'],
    ['both ways: the second cannot read the first', arrays([3, 8], [2, 8], [8], [3, 8], [2, 8], [8]), 'lstm2 both'],
    ['two layers: the second reads the first', arrays([2, 8], [2, 8], [8], [2, 8], [2, 8], [8]), 'lstm2 seq, lstm2'],
    ['both ways: the reader is twice as wide', arrays([2, 8], [2, 8], [8], [2, 8], [2, 8], [8], [4, 5], [5]), 'lstm2 both, dense5'],
    ['two layers: the reader is not', arrays([2, 8], [2, 8], [8], [2, 8], [2, 8], [8], [2, 5], [5]), 'lstm2 seq, lstm2, dense5'],
    [
      'both ways, twice',
      arrays([3, 2], [2, 2], [2], [3, 2], [2, 2], [2], [4, 2], [2, 2], [2], [4, 2], [2, 2], [2]),
      'rnn2 both seq, rnn2 both',
    ],
    [
      'a second one with another bias is a layer',
      arrays([2, 6], [2, 6], [2, 6], [2, 6], [2, 6], [6], [4, 1]),
      'gru2 seq, gru2 before, dense1 nobias',
    ],
  ])('%s', (_, entries, layers) => {
    expect(short(keras.toSpec(named(entries), hints))).toBe(layers);
  });
});

const recurrent = (path: string, D: number, M: number, G: number, bias: number[] = [G * M]): Entries => [
  [`${path}/vars/0`, [D, G * M]],
  [`${path}/vars/1`, [M, G * M]],
  ...(bias.length > 0 ? [[`${path}/vars/2`, bias] as [string, number[]]] : []),
];

describe('the paths of .weights.h5', () => {
  it.each<[string, Entries, string]>([
    [
      'are put in an order in which widths fit',
      [
        ['layers/dense/vars/0', [4, 1]],
        ['layers/dense/vars/1', [1]],
        ...recurrent('layers/lstm_10/cell', 5, 4, 4),
        ...recurrent('layers/lstm_9/cell', 3, 5, 4, []),
        ['layers/dense_1/vars/0', [1, 6]],
        ['layers/embedding/vars/0', [20, 3]],
      ],
      'embedding3 of 20, lstm5 nobias seq, lstm4, dense1, dense6 nobias',
    ],
    ['of any class', [...recurrent('layers/gru/cell', 3, 2, 3, [2, 6]), ...recurrent('layers/simple_rnn/cell', 2, 5, 1)], 'gru2 seq, rnn5'],
    [
      'of both ways have twice the width',
      [
        ...recurrent('layers/bidirectional_11/forward_layer/cell', 3, 2, 4, []),
        ...recurrent('layers/bidirectional_11/backward_layer/cell', 3, 2, 4, []),
        ['layers/time_distributed/layer/vars/0', [4, 6]],
        ['layers/time_distributed/layer/vars/1', [6]],
      ],
      'lstm2 nobias both, dense6',
    ],
    [
      'with biases of both ways',
      [...recurrent('layers/bidirectional/forward_layer/cell', 3, 2, 1), ...recurrent('layers/bidirectional/backward_layer/cell', 3, 2, 1)],
      'rnn2 both',
    ],
    [
      'beside states of training and of random layers',
      [...recurrent('layers/lstm/cell', 3, 2, 4), ['optimizer/vars/0', []], ['layers/dropout/seed_generator/vars/0', [2]]],
      'lstm2',
    ],
    [
      'of a dense layer that could stand first, and comes last',
      [['layers/dense/vars/0', [2, 2]], ...recurrent('layers/simple_rnn/cell', 2, 2, 1)],
      'rnn2, dense2 nobias',
    ],
  ])('%s', (_, entries, layers) => {
    expect(short(kerasPaths.toSpec(named(entries), hints))).toBe(layers);
  });

  it('name layers of one class by number, 10 after 9', () => {
    const stack = (count: number, from = 3): Entries =>
      Array.from({ length: count }, (_, i) =>
        recurrent(`layers/simple_rnn${i + from === 0 ? '' : `_${i + from}`}/cell`, 2, 2, 1, []),
      ).flat();
    const names = ({ layers }: { layers: Record<string, unknown>[] }) => layers.map(l => l.name);
    expect(names(kerasPaths.toSpec(named(stack(8).reverse()), hints))).toEqual([3, 4, 5, 6, 7, 8, 9, 10].map(i => `simple_rnn_${i}`));
    expect(names(kerasPaths.toSpec(named(stack(3, 0).reverse()), hints))).toEqual(['simple_rnn', 'simple_rnn_1', 'simple_rnn_2']);
    expect(names(kerasPaths.toSpec(named(stack(12).reverse()), hints)).length).toBe(12);
    // a number inside a name is none
    const odd = ['lstm', 'lstm_1'].flatMap((name, i) => recurrent(`layers/${name}/cell`, i ? 3 : 2, i ? 2 : 4, 4, []));
    expect(() => kerasPaths.toSpec(named(odd), hints)).toThrow('do not determine their order');
  });
});

describe('names of Keras 2, of tfjs and of legacy files', () => {
  const cell = (path: string, D: number, M: number, G: number, end = ''): Entries => [
    [`${path}/bias${end}`, [G * M]],
    [`${path}/kernel${end}`, [D, G * M]],
    [`${path}/recurrent_kernel${end}`, [M, G * M]],
  ];

  it.each<[string, Entries, string]>([
    ['of tfjs', [...cell('lstm_LSTM1', 3, 2, 4), ['dense_Dense1/kernel', [2, 5]]], 'lstm2, dense5 nobias'],
    [
      'with :0, below the layer twice',
      [['embedding/embedding/embeddings:0', [20, 3]], ...cell('gru/gru/gru_cell', 3, 2, 3, ':0')],
      'embedding3 of 20, gru2 before',
    ],
    [
      'below the model',
      [...cell('sequential/lstm/lstm_cell', 3, 2, 4), ['sequential/dense/kernel', [2, 5]], ['sequential/dense/bias', [5]]],
      'lstm2, dense5',
    ],
    [
      'of both ways',
      [...cell('bidirectional/backward_lstm/lstm_cell', 3, 2, 4), ...cell('bidirectional/forward_lstm/lstm_cell', 3, 2, 4)],
      'lstm2 both',
    ],
    [
      'of both ways, one of whose layers is no cell',
      [...cell('net/forward_lstm/lstm_cell', 3, 2, 4), ['net/out/kernel', [2, 5]]],
      'lstm2, dense5 nobias',
    ],
    ['of an optimizer are left out', [...cell('lstm', 3, 2, 4), ['optimizer_weights/x/kernel', [9, 9]]], 'lstm2'],
    [
      'of a file of h5py',
      [...cell('model_weights/lstm/lstm/lstm_cell', 3, 2, 4, ':0'), ['model_weights/dense/dense/kernel:0', [2, 5]]],
      'lstm2, dense5 nobias',
    ],
  ])('%s', (_, entries, layers) => {
    expect(short(kerasNames.toSpec(named(entries), hints))).toBe(layers);
  });

  it.each(['', 'model_weights/'])('are in the order that layer_names and weight_names say, below %j', root => {
    const entries: Entries = [...cell('lstm/lstm/cell', 3, 2, 4, ':0'), ['out/out/kernel:0', [2, 5]], ['top/top/kernel:0', [5, 1]]].map(
      ([name, shape]) => [`${root}${name}`, shape] as [string, number[]],
    );
    const at = (layer: string) => (root ? `model_weights${layer ? `/${layer}` : ''}@` : `${layer}${layer ? '@' : ''}`);
    const metadata = (names: unknown) =>
      new Map([
        [`${at('')}layer_names`, JSON.stringify(names)],
        [`${at('lstm')}weight_names`, JSON.stringify(['kernel', 'recurrent_kernel', 'bias'].map(role => `lstm/cell/${role}:0`))],
        [`${at('out')}weight_names`, JSON.stringify(['out/kernel:0'])],
        [`${at('top')}weight_names`, JSON.stringify(['top/kernel:0'])],
        [`${at('drop')}weight_names`, JSON.stringify([])],
      ]);
    const of = (names: unknown) => short(kerasNames.toSpec(named(entries), hints, metadata(names)));
    expect(of(['lstm', 'drop', 'nothing', 'out', 'top'])).toBe('lstm2, dense5 nobias, dense1 nobias');
    expect(of(['lstm', 'top'])).toBe('lstm2, dense1 nobias');
    // a list of no names names nothing: h5py writes an empty one as numbers
    for (const names of [[], [1, 'lstm'], {}]) expect(() => of(names)).toThrow('these weights contain no recognisable recurrent layer');
  });

  it('are told by their ends', () => {
    for (const yes of ['kernel', 'a/kernel', 'kernel:0', 'a/recurrent_kernel:0', 'embeddings'])
      expect([yes, kerasNames.detect(['x', yes])]).toEqual([yes, true]);
    for (const no of ['my_kernel', 'kernel:1', 'kernel:00', 'kernel/a', 'bias', 'kernels'])
      expect([no, kerasNames.detect([no])]).toEqual([no, false]);
  });

  it('are taken by the layers of the network where it has all of them, else in their order', () => {
    const layers = [
      { kind: 'rnn', name: 'a', units: 2, useBias: false, returnSequences: true },
      { kind: 'rnn', name: 'b', units: 2, useBias: false },
    ];
    const shapes = inferShapes(checkSpec({ input: { timesteps: 4, features: 2 }, layers }));
    const pair = (layer: string, v: number): [string, Tensor][] =>
      ['kernel', 'recurrent_kernel'].map(role => [`${layer}/${role}`, { shape: [2, 2], data: new Float32Array(4).fill(v) }]);
    const first = (...tensors: [string, Tensor][]) => kerasNames.toWeights(shapes, new Map(tensors)).get('a/Wx')!.data[0];
    expect(first(...pair('b', 1), ...pair('a', 2))).toBe(2);
    expect(first(...pair('c', 1), ...pair('a', 2))).toBe(1);
  });
});

describe('our own names', () => {
  const wx = (layer: string, D: number, M: number, G: number): Entries => [
    [`${layer}/Wx`, [D, G * M]],
    [`${layer}/Wh`, [M, G * M]],
  ];

  it.each<[string, Entries, string]>([
    [
      'of every role',
      [['e/E', [20, 3]], ...wx('l', 3, 2, 4), ['l/bh', [2, 8]], ['l/p', [3, 2]], ['out/Wo', [2, 5]], ['out/bo', [5]]],
      'embedding3 of 20, lstm2 two peeping, dense5',
    ],
    [
      'of a projection',
      [
        ['l/Wx', [3, 8]],
        ['l/Wh', [1, 8]],
        ['l/Wp', [2, 1]],
        ['l/bh', [8]],
      ],
      'lstm2 to 1',
    ],
    ['of both ways', [...wx('g/forward', 3, 2, 3), ...wx('g/backward', 3, 2, 3)], 'gru2 nobias both'],
    ['beside an input, its mask and output', [['x', [1, 4, 3]], ['mask', [1, 4]], ...wx('a/b', 3, 2, 1), ['y', [1, 2]]], 'rnn2 nobias'],
  ])('%s', (_, entries, layers) => {
    expect(short(native.toSpec(named(entries), hints))).toBe(layers);
    expect(native.detect(entries.map(([name]) => name))).toBe(true);
  });

  it('are all there is, but for an input, its mask and output', () => {
    expect(native.detect(['a/Wx', 'z'])).toBe(false);
    expect(native.detect(['x', 'y', 'mask'])).toBe(false);
    for (const name of ['a/WxWh', '/Wx', 'Wx', 'a/both/zz']) expect([name, native.detect([name])]).toEqual([name, false]);
    const shapes = inferShapes(
      checkSpec({ input: { timesteps: 4, features: 3 }, layers: [{ kind: 'rnn', name: 'a', units: 2, useBias: false }] }),
    );
    expect([...native.toWeights(shapes, named([['x', [1]], ['mask', [1]], ...wx('a', 3, 2, 1), ['y', [1]]])).keys()]).toEqual([
      'a/Wx',
      'a/Wh',
    ]);
  });
});

describe("PyTorch's state dicts", () => {
  const module = (name: string, D: number, M: number, G: number, more: { bias?: boolean; reverse?: boolean; to?: number } = {}): Entries =>
    (more.reverse ? ['', '_reverse'] : ['']).flatMap(
      (end): Entries => [
        [`${name.replace('*', 'weight_ih')}${end}`, [G * M, D]],
        [`${name.replace('*', 'weight_hh')}${end}`, [G * M, more.to ?? M]],
        ...(more.bias ? ['bias_ih', 'bias_hh'].map((role): [string, number[]] => [`${name.replace('*', role)}${end}`, [G * M]]) : []),
        ...(more.to ? [[`${name.replace('*', 'weight_hr')}${end}`, [more.to, M]] as [string, number[]]] : []),
      ],
    );
  const linear = (name: string, D: number, K: number, bias = true): Entries => [
    [`${name}.weight`, [K, D]],
    ...(bias ? [[`${name}.bias`, [K]] as [string, number[]]] : []),
  ];

  it.each<[string, Entries, string]>([
    [
      'two layers of one module',
      [...module('rnn.*_l0', 3, 2, 4, { bias: true }), ...module('rnn.*_l1', 2, 2, 4, { bias: true })],
      'lstm2 two seq, lstm2 two',
    ],
    ['l1 before l0', [...module('rnn.*_l1', 2, 2, 3), ...module('rnn.*_l0', 3, 2, 3)], 'gru2 nobias seq, gru2 nobias'],
    [
      'l10 after l9',
      Array.from({ length: 11 }, (_, i) => module(`rnn.*_l${10 - i}`, i === 10 ? 3 : 2, 2, 1)).flat(),
      `${'rnn2 nobias seq, '.repeat(10)}rnn2 nobias`,
    ],
    ['both ways side by side', [...module('rnn.*_l0', 3, 2, 4, { reverse: true }), ...linear('fc', 4, 5)], 'lstm2 nobias both, dense5'],
    ['a projection', [...linear('a', 1, 5), ...module('rnn.*_l0', 3, 2, 4, { bias: true, to: 1 })], 'lstm2 two to 1, dense5'],
    ['cells', [...module('cell.*', 3, 2, 4, { bias: true }), ...linear('fc', 2, 5, false)], 'lstm2 two, dense5 nobias'],
    ['no prefix', [...module('*_l0', 3, 2, 1), ['weight', [5, 2]], ['bias', [5]]], 'rnn2 nobias, dense5'],
    [
      'an embedding, which is no Linear',
      [...module('rnn.*_l0', 3, 2, 4), ...linear('tokens', 3, 20, false)],
      'embedding3 of 20, lstm2 nobias',
    ],
    ['a Linear before', [...linear('in', 5, 3), ...module('rnn.*_l0', 3, 2, 4), ...linear('out', 2, 4)], 'dense3, lstm2 nobias, dense4'],
    [
      'names in alphabetical order',
      [...linear('fc', 2, 7), ...linear('head', 7, 2), ...module('rnn.*_l0', 3, 2, 1)],
      'rnn2 nobias, dense7, dense2',
    ],
  ])('%s', (_, entries, layers) => {
    expect(short(torch.toSpec(named(entries), hints))).toBe(layers);
    expect(torch.detect(entries.map(([name]) => name))).toBe(true);
  });

  const ask = (entries: Entries, more: Partial<NetworkHints> = {}) => {
    try {
      const { ask, layers } = torch.toSpec(named(entries), { ...hints, ...more });
      return ask?.layersLine ?? short({ layers });
    } catch (error) {
      return (error as RnnError).code === 'E_ASK' ? (error as RnnError).layersLine : String(error);
    }
  };
  const facts = (entries: Entries, more: Partial<NetworkHints> = {}) =>
    torch.toSpec(named(entries), { ...hints, ...more }).assumptions.map(({ fact, value }) => `${fact} ${value}`);
  /** as safetensors writes them */
  const sorted = (entries: Entries): Entries => [...entries].sort(([a], [b]) => (a < b ? -1 : 1));
  const bias = { bias: true };

  it('keep the layers of a module together, whatever the alphabet says of the Linear', () => {
    const stack = [...module('lstm.*_l0', 3, 4, 4, bias), ...module('lstm.*_l1', 4, 4, 4, bias)];
    expect(short(torch.toSpec(named(sorted([...stack, ...linear('fc', 4, 4)])), hints))).toBe('lstm4 two seq, lstm4 two, dense4');
    const many = Array.from({ length: 12 }, (_, i) => linear(`a${i}`, 2 + i, 3 + i)).flat();
    expect(ask(sorted([...many, ...module('rnn.*_l0', 3, 2, 1)]))).toMatch(/^rnn:2\+nobias,dense:3@_,dense:4@_,/);
  });

  it('have recurrent modules before the Linears that fit them, which the input may contradict', () => {
    const both = (order: 'declared' | 'other') => {
      const [a, b] = [module('rnn.*_l0', 1, 6, 4, bias), linear('fc', 6, 1)];
      return order === 'declared' ? [...a, ...b] : [...b, ...a];
    };
    expect(facts(both('declared'))).toEqual(['order rnn, fc', 'step last', 'activation linear']);
    expect(facts(sorted(both('declared')))).toEqual(['order rnn, fc', 'step last', 'activation linear']);
    expect(facts(both('other'), { features: 1 })).toEqual(['step last', 'activation linear']);
    expect(short(torch.toSpec(named(both('other')), { ...hints, features: 6 }))).toBe('dense1, lstm6 two');
    // built in another order than the one that is usual, and both fit
    expect(ask(both('other'))).toBe('lstm:6,dense:1');
    expect(ask([...linear('fc', 4, 4), ...module('rnn.*_l0', 4, 4, 4, bias)], { features: 4 })).toBe('lstm:4,dense:4');
    expect(ask([...linear('in', 4, 3), ...module('rnn.*_l0', 3, 2, 4), ...linear('out', 2, 4)], { features: 4 })).toBe(
      'dense3, lstm2 nobias, dense4',
    );
  });

  it('ask for the order of two cells that could stand either way, unless they are numbered or the file has the order of construction', () => {
    const cells = (a: string, b: string) => [...module(`${a}.*_l0`, 4, 4, 3, bias), ...module(`${b}.*_l0`, 4, 4, 3, bias)];
    expect(ask(sorted(cells('enc', 'dec')))).toBe('gru:4+seq,gru:4');
    expect(facts(cells('enc', 'dec'))).toEqual(['order enc, dec', 'wiring enc, dec', 'shape last']);
    expect(facts(sorted(cells('g9', 'g10')))).toEqual(['wiring g9, g10', 'shape last']);
  });

  it('ask for the function between two Linears, and for the wiring of what is no chain', () => {
    const lstm = module('lstm.*_l0', 3, 8, 4, bias);
    expect(ask([...lstm, ...linear('head.0', 8, 6), ...linear('head.3', 6, 2)])).toBe('lstm:8,dense:6@_,dense:2');
    expect(ask([...module('a.*_l0', 3, 4, 4), ...module('b.*_l0', 3, 4, 4), ...linear('fc', 8, 2)])).toBe(
      'lstm:4+nobias+name=a,lstm:4+nobias+name=b,dense:2+name=fc',
    );
    expect(ask([...lstm, ...linear('mu', 8, 5), ...linear('logvar', 8, 5)])).toBe('lstm:8+name=lstm,dense:5+name=mu,dense:5+name=logvar');
    expect(ask([...lstm, ...linear('att', 8, 1), ...linear('fc', 8, 2)])).toBe('lstm:8+name=lstm,dense:1+name=att,dense:2+name=fc');
    expect(ask([['emb.weight', [9, 3]], ...module('rnn.*_l0', 3, 4, 4), ...linear('att', 4, 1), ...linear('fc', 4, 2)])).toBe(
      'embedding:9x3+name=emb,lstm:4+nobias+name=rnn,dense:1+name=att,dense:2+name=fc',
    );
    expect(ask([...linear('fc', 9, 7), ...module('rnn.*_l0', 3, 2, 1)])).toBe('dense:7+name=fc,rnn:2+nobias+name=rnn');
    expect(ask([...linear('fc', 2, 5), ...module('rnn.*_l0', 3, 2, 4, { reverse: true })])).toBe('bilstm:2+_+nobias,dense:5');
  });

  it('have normalisations where their width fits, and ask how a convolution pads', () => {
    const lstm = module('lstm.*_l0', 3, 8, 4, bias);
    const norm = (name: string): Entries => [
      [`${name}.weight`, [8]],
      [`${name}.bias`, [8]],
    ];
    const statistics = (name: string): Entries => [
      [`${name}.running_mean`, [8]],
      [`${name}.running_var`, [8]],
      [`${name}.num_batches_tracked`, []],
    ];
    const kinds = (entries: Entries) => torch.toSpec(named(entries), hints).layers.map(l => l.kind);
    expect(kinds([...lstm, ...norm('ln'), ...linear('fc', 8, 2)])).toEqual(['lstm', 'layernorm', 'dense']);
    expect(kinds(sorted([...lstm, ...norm('bn'), ...statistics('bn'), ...linear('fc', 8, 2)]))).toEqual(['lstm', 'batchnorm', 'dense']);
    expect(kinds([...lstm, ...statistics('bn'), ...linear('fc', 8, 2)])).toEqual(['lstm', 'batchnorm', 'dense']);
    expect(facts([...lstm, ...norm('ln'), ...linear('fc', 8, 2)])[0]).toBe('wiring layernorm');
    expect(ask([...linear('a', 8, 8), ...norm('bn'), ...statistics('bn'), ...linear('b', 8, 4), ...module('g.*_l0', 4, 3, 3, bias)])).toBe(
      'dense:8,batchnorm,activation@_,dense:4,gru:3',
    );
    const conv: Entries = [
      ['conv.weight', [3, 5, 7]],
      ['conv.bias', [3]],
    ];
    expect(ask([...conv, ...lstm])).toBe('conv:3x7@_+_,lstm:8');
    expect(
      ask([...lstm, ['a.in_proj_weight', [24, 8]], ['a.in_proj_bias', [24]], ...linear('a.out_proj', 8, 8), ...linear('fc', 8, 2)]),
    ).toBe('lstm:8+name=lstm,_,dense:2+name=fc');
  });

  it('assume what is usual, and say so, where flags do not', () => {
    const rnn = module('rnn.*_l0', 3, 2, 1, bias);
    const all: Partial<NetworkHints> = { said: new Set(['task', 'activation'] as const) };
    expect(facts(rnn)).toEqual(['shape last', 'nonlinearity tanh']);
    expect(facts([...rnn, ...linear('fc', 2, 5)])).toEqual(['step last', 'nonlinearity tanh', 'activation linear']);
    expect(facts(rnn, all)).toEqual([]);
    const lstm = module('rnn.*_l0', 3, 2, 4, { reverse: true });
    expect(torch.toSpec(named([...lstm, ...linear('fc', 4, 5)]), hints).assumptions[0]).toMatchObject({
      what: 'fc reads the last state of each direction of rnn',
      say: '--layers "bilstm:2+seq+nobias,last,dense:5"',
    });
  });
});

it('no names are of no convention', () => {
  expect(CONVENTIONS.map(c => c.detect([]))).toEqual(CONVENTIONS.map(() => false));
  expect(keras.detect(['arr_0', 'arr_1x'])).toBe(false);
  expect(torch.detect(['weight_ih_l0_reversed'])).toBe(false);
});

it('hints say what weights cannot show', () => {
  const of = (more: Partial<NetworkHints>) => {
    const { input, layers } = keras.toSpec(named(arrays([3, 2], [2, 2], [2], [2, 5])), { ...hints, ...more });
    return [input, short({ layers })];
  };
  const input = { features: 3, timesteps: 7 };
  expect(of({})).toEqual([input, 'rnn2, dense5 nobias']);
  expect(of({ task: 'many-to-many' })).toEqual([input, 'rnn2 seq, dense5 nobias']);
  expect(of({ pool: 'max' })).toEqual([input, 'rnn2 seq, maxpool, dense5 nobias']);
  expect(of({ pool: 'mean', activation: 'relu', timesteps: null })).toEqual([
    { features: 3, timesteps: null },
    'rnn2 seq relu, avgpool, dense5 nobias',
  ]);
  expect(keras.toSpec(named(arrays([9, 3], [3, 2], [2, 2])), hints).input.features).toBeNull();
  expect(
    torch.toSpec(
      named([
        ['a.weight', [3, 4]],
        ['a.bias', [3]],
        ['rnn.weight_ih_l0', [2, 3]],
        ['rnn.weight_hh_l0', [2, 2]],
      ]),
      hints,
    ).input.features,
  ).toBe(4);
});

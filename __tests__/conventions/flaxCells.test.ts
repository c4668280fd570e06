import type { WritableConvention } from '../../src/conventions/convention.js';
import { getConvention } from '../../src/conventions/index.js';
import { RnnError } from '../../src/errors.js';
import { checkSpec } from '../../src/model/check.js';
import { inferShapes } from '../../src/model/shapes.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { tensor } from '../helpers/scenarios.js';

/** Where every number of a cell of Flax stands among ours, by the equations of its cells: each array of the file has its own number. */
const flax = getConvention('flax') as WritableConvention;
const [D, M] = [3, 2];
const modelOf = (layers: object[], input: object = { timesteps: 4, features: D }) => checkSpec({ input, layers }, 'flax');
const shapesOf = (layers: object[], input?: object) => inferShapes(modelOf(layers, input));

/** Arrays of a file, each filled with its place in the list and its own index: 201 is number 1 of the third. */
function file(entries: readonly (readonly [string, readonly number[]])[]): Map<string, Tensor> {
  return new Map(entries.map(([name, shape], i) => [name, tensor(shape, k => 100 * i + k)]));
}
const kernels = (cell: string, ways: string, gates: string, rows: number, biased: boolean): (readonly [string, readonly number[]])[] =>
  [...gates].flatMap(g => [
    [`${cell}/${ways}${g}/kernel`, [rows, M]] as const,
    ...(biased ? [[`${cell}/${ways}${g}/bias`, [M]] as const] : []),
  ]);
/** The columns of the gates side by side, [rows, G·M]. */
const beside = (read: Map<string, Tensor>, names: readonly string[]) => {
  const parts = names.map(name => read.get(name)!);
  const rows = parts[0].shape.length === 1 ? 1 : parts[0].shape[0];
  return Array.from({ length: rows }, (_, r) => parts.flatMap(t => Array.from(t.data.slice(r * M, (r + 1) * M)))).flat();
};
const numbersOf = (weights: ReadonlyMap<string, Tensor>, name: string) => Array.from(weights.get(name)!.data);

it('LSTMCell: i f g o, the bias with the state', () => {
  const read = file([...kernels('params/LSTMCell_0', 'i', 'gofi', D, false), ...kernels('params/LSTMCell_0', 'h', 'oigf', M, true)]);
  const weights = flax.toWeights(shapesOf([{ kind: 'lstm', units: M }]), read);
  const names = (way: string, part: string) => [...'ifgo'].map(g => `params/LSTMCell_0/${way}${g}/${part}`);
  expect(numbersOf(weights, 'lstm_1/Wx')).toEqual(beside(read, names('i', 'kernel')));
  expect(numbersOf(weights, 'lstm_1/Wh')).toEqual(beside(read, names('h', 'kernel')));
  expect(numbersOf(weights, 'lstm_1/bh')).toEqual(beside(read, names('h', 'bias')));
});

it.each([
  ['GRUCell', 'gru', 'zrn', ['hz', 'hr'], 'hn'],
  ['MGUCell', 'mgu', 'fn', ['hf'], 'hn'],
])('%s: the biases with the input, that of the candidate inside the reset apart', (cell, kind, gates, plain, candidate) => {
  const at = `params/${cell}_0`;
  const read = file([
    ...kernels(at, 'i', gates, D, true),
    ...plain.map(name => [`${at}/${name}/kernel`, [M, M]] as const),
    [`${at}/${candidate}/kernel`, [M, M]],
    [`${at}/${candidate}/bias`, [M]],
  ]);
  const weights = flax.toWeights(shapesOf([{ kind, units: M }]), read);
  const names = (way: string, part: string) => [...gates].map(g => `${at}/${way}${g}/${part}`);
  expect(numbersOf(weights, `${kind}_1/Wx`)).toEqual(beside(read, names('i', 'kernel')));
  expect(numbersOf(weights, `${kind}_1/Wh`)).toEqual(beside(read, names('h', 'kernel')));
  const zeros = Array(M * (gates.length - 1)).fill(0);
  expect(numbersOf(weights, `${kind}_1/bh`)).toEqual([
    ...beside(read, names('i', 'bias')),
    ...zeros,
    ...read.get(`${at}/${candidate}/bias`)!.data,
  ]);
});

it('the fused cells of nnx: an LSTM has its bias with the state, a GRU r z n with the input, a SimpleCell with the input', () => {
  const fused = (G: number, bias: 'dense_i' | 'dense_h') =>
    file([
      ['rnn/cell/dense_i/kernel', [D, G * M]],
      ['rnn/cell/dense_h/kernel', [M, G * M]],
      [`rnn/cell/${bias}/bias`, [G * M]],
    ]);
  const lstm = fused(4, 'dense_h');
  const ofLstm = flax.toWeights(shapesOf([{ kind: 'lstm', units: M }]), lstm);
  expect(numbersOf(ofLstm, 'lstm_1/Wx')).toEqual([...lstm.get('rnn/cell/dense_i/kernel')!.data]);
  expect(numbersOf(ofLstm, 'lstm_1/bh')).toEqual([...lstm.get('rnn/cell/dense_h/bias')!.data]);
  const gru = fused(3, 'dense_i');
  const zrn = (data: ArrayLike<number>) =>
    Array.from(
      { length: data.length },
      (_, k) => data[k - (k % (3 * M)) + (k % (3 * M) < 2 * M ? ((k % (3 * M)) + M) % (2 * M) : k % (3 * M))],
    );
  const ofGru = flax.toWeights(shapesOf([{ kind: 'gru', units: M }]), gru);
  expect(numbersOf(ofGru, 'gru_1/Wx')).toEqual(zrn(gru.get('rnn/cell/dense_i/kernel')!.data));
  expect(numbersOf(ofGru, 'gru_1/bh')).toEqual([...zrn(gru.get('rnn/cell/dense_i/bias')!.data), ...Array(3 * M).fill(0)]);
  const simple = fused(1, 'dense_i');
  expect(numbersOf(flax.toWeights(shapesOf([{ kind: 'rnn', units: M }]), simple), 'rnn_1/bh')).toEqual([
    ...simple.get('rnn/cell/dense_i/bias')!.data,
  ]);
});

describe('what is no cell is said', () => {
  const said = (entries: readonly (readonly [string, readonly number[]])[]) => {
    try {
      flax.toSpec(file(entries), { task: 'many-to-one', pool: 'last', timesteps: null });
      return 'is read';
    } catch (error) {
      const { exit, code, message, where, expected, found } = error as RnnError;
      expect(error).toBeInstanceOf(RnnError);
      return { exit, code, message, where, expected, found };
    }
  };
  it('a gate without its kernel', () => {
    const entries = [...kernels('params/LSTMCell_0', 'i', 'ifg', D, false), ...kernels('params/LSTMCell_0', 'h', 'ifgo', M, true)];
    expect(said(entries)).toMatchObject({
      exit: 3,
      code: 'E_WEIGHT_MISSING',
      message: 'the cell has no io/kernel',
      where: 'params/LSTMCell_0',
      expected: 'io/kernel',
    });
    expect(said(kernels('', 'h', 'i', M, false).map(([name, shape]) => [name.slice(1), shape] as const))).toMatchObject({
      where: 'cell',
      message: 'the cell has no ii/kernel',
      found: 'hi/kernel',
    });
  });

  it('gates of another cell', () => {
    const entries = [...kernels('params/OwnCell_0', 'h', 'go', M, false), ...kernels('params/OwnCell_0', 'i', 'go', D, false)];
    expect(said(entries)).toMatchObject({
      exit: 3,
      code: 'E_FLAX_CELL',
      where: 'params/OwnCell_0',
      expected: 'LSTMCell, OptimizedLSTMCell, GRUCell, MGUCell or SimpleCell',
    });
    expect(said(entries)).toMatchObject({
      message: 'the gates hg/kernel, ho/kernel, ig/kernel, io/kernel are of no cell that is read here',
    });
  });

  it('a fused kernel of two gates', () => {
    expect(
      said([
        ['rnn/dense_i/kernel', [D, 2 * M]],
        ['rnn/dense_h/kernel', [M, 2 * M]],
      ]),
    ).toMatchObject({
      exit: 3,
      code: 'E_UNDETERMINED',
      message: 'dense_h of shape [2,4] fits no known cell',
      where: 'rnn',
    });
  });
});

describe('written and read again', () => {
  const kinds = [
    [
      { kind: 'lstm', units: M },
      { kind: 'dense', units: 4 },
    ],
    [
      { kind: 'gru', units: M, returnSequences: true },
      { kind: 'gru', units: 3 },
      { kind: 'dense', units: 1 },
    ],
    [
      { kind: 'mgu', units: M },
      { kind: 'dense', units: 2 },
    ],
    [
      { kind: 'rnn', units: M, bidirectional: 'concat' },
      { kind: 'dense', units: 2 },
    ],
  ];
  const weightsOf = (shapes: ReturnType<typeof shapesOf>, zeroed: (name: string) => boolean = () => false) =>
    new Map(
      shapes.layers.flatMap(({ layer, weights }, l) =>
        weights.map(
          ({ name, shape }, i) => [`${layer.name}/${name}`, tensor(shape, k => (zeroed(name) ? 0 : 1000 * l + 100 * i + k + 1))] as const,
        ),
      ),
    );
  it.each(kinds)('%j', (...layers) => {
    const shapes = shapesOf(layers);
    const weights = weightsOf(shapes);
    const written = flax.fromWeights(shapes, weights);
    const again = flax.toWeights(shapes, written);
    for (const [name, { data }] of weights) {
      const { kind } = shapes.layers.find(l => name.startsWith(`${l.layer.name}/`))!.layer;
      // Flax has one bias for each gate but the candidate's: what is added up may stand in one place
      if (/bh$/.test(name) && (kind === 'gru' || kind === 'mgu')) {
        const width = data.length / 2;
        const units = kind === 'gru' ? width / 3 : width / 2;
        const sum = (d: ArrayLike<number>, k: number) => d[k] + d[width + k];
        for (let k = 0; k < width; k++) expect(sum(again.get(name)!.data, k)).toBe(sum(data, k));
        for (let k = width - units; k < width; k++) expect(again.get(name)!.data[k]).toBe(data[k]);
      } else expect([name, ...again.get(name)!.data]).toEqual([name, ...data]);
    }
  });

  it('an embedding is Embed, a second Dense the next one, and a bias is there if the layer has one', () => {
    const layers = [
      { kind: 'embedding', tokens: 5, units: D },
      { kind: 'lstm', units: M },
      { kind: 'dense', units: 4, useBias: false },
      { kind: 'dense', units: 2 },
    ];
    const shapes = shapesOf(layers, { timesteps: 4 });
    const written = flax.fromWeights(shapes, weightsOf(shapes));
    const names = [...written.keys()].filter(name => !name.includes('Cell'));
    expect(names).toEqual(['params/Embed_0/embedding', 'params/Dense_0/kernel', 'params/Dense_1/kernel', 'params/Dense_1/bias']);
    expect(written.get('params/Embed_0/embedding')).toMatchObject({ shape: [5, D] });
  });

  it('what Flax has no place for is refused by name', () => {
    const refused = (layers: object[]) => {
      const shapes = shapesOf(layers);
      try {
        flax.fromWeights(shapes, weightsOf(shapes));
        return 'is written';
      } catch (error) {
        const { code, message, where } = error as RnnError;
        return { code, message, where };
      }
    };
    expect(refused([{ kind: 'layernorm' }, { kind: 'lstm', units: M }])).toEqual({
      code: 'E_CONVERT_LAYER',
      message: "layernorm cannot be written in Flax's layout",
      where: 'layernorm_1',
    });
    expect(
      refused([
        { kind: 'dropout', rate: 0.1 },
        { kind: 'lstm', units: M },
      ]),
    ).toBe('is written');
    const twice = [
      { kind: 'dense', units: D, name: 'a' },
      { kind: 'dense', units: D, name: 'b', shares: 'a' },
      { kind: 'lstm', units: M },
    ];
    expect(refused(twice)).toEqual({
      code: 'E_CONVERT_LAYER',
      message: 'a file of weights cannot say that b uses those of a again',
      where: 'b',
    });
  });
});

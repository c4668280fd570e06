import { readFileSync } from 'node:fs';
import type { NetworkHints } from '../../src/conventions/convention.js';
import { equinox } from '../../src/conventions/equinox.js';
import { flax } from '../../src/conventions/flax.js';
import { detectConvention } from '../../src/conventions/index.js';
import { tf1 } from '../../src/conventions/tf1.js';
import { checkSpec } from '../../src/model/check.js';
import { inferShapes } from '../../src/model/shapes.js';
import { execute } from '../../src/run/execute.js';
import { runForward } from '../../src/run/forward.js';
import { runInspect } from '../../src/run/inspect.js';
import { prepare } from '../../src/run/prepare.js';
import { runShapes } from '../../src/run/shapes.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { expectClose, expectNear, TOLERANCE } from '../helpers/expectClose.js';
import { readTensors } from '../helpers/readFormat.js';
import { readCase, referencePath } from '../helpers/reference.js';

/** Weights in layouts of other frameworks: Flax 0.12 and TensorFlow 1's cells with the outputs recorded there, Equinox by a loop of its own. */
async function recordedArray(path: string): Promise<Tensor> {
  return [...(await readTensors(readFileSync(path))).tensors.values()][0];
}

interface Case {
  readonly name: string;
  readonly count: number;
}

describe('Flax', () => {
  const cases: Case[] = readCase('flax', 'cases').cases;
  const path = (file: string) => referencePath('flax', file);

  it.each(cases.flatMap(({ name }) => ['npz', 'safetensors'].map(format => [name, format])))('%s.%s gives its y', async (name, format) => {
    const y = await recordedArray(path(`${name}.y.npy`));
    const every = y.shape.length === 3 ? { task: 'many-to-many' as const } : {};
    const { tensors } = await runForward({ weights: path(`${name}.${format}`), input: path(`${name}.x.npy`), ...every });
    expectClose(tensors.y, y, TOLERANCE.float32);
  });

  it.each(cases.filter(c => c.name.startsWith('linen')))('$name is counted as Flax does', async ({ name, count }) => {
    const { network, framework } = await runInspect({ file: path(`${name}.npz`) });
    expect([framework, network?.totals.byFramework.flax]).toEqual(['flax', count]);
  });

  it.each([
    ['linen_Bidirectional.npz', 'LSTMCell_0 and LSTMCell_1 are the forward and the backward direction of one layer'],
    ['nnx_Bidirectional.safetensors', undefined],
  ])('%s has two cells for a layer, and gives its y', async (file, said) => {
    const beside = file.replace(/\..*/, '');
    const request = { weights: path(file), input: path(`${beside}.x.npy`), task: 'many-to-many' as const };
    const { tensors, assumptions } = await runForward(request);
    expectClose(tensors.y, await recordedArray(path(`${beside}.y.npy`)), TOLERANCE.float32);
    expect(assumptions.find(a => a.fact === 'order')?.what.includes(said ?? '')).toBe(said === undefined ? undefined : true);
  });

  it.each([...cases.map(c => c.name).filter(name => name.startsWith('linen')), 'linen_Bidirectional'])(
    '%s is written as Flax wrote it',
    async name => {
      const { tensors } = await readTensors(readFileSync(path(`${name}.npz`)));
      const { weights, network } = await prepare({ weights: path(`${name}.npz`), T: 4 });
      const written = flax.fromWeights(network.shapes, weights);
      const ours = (key: string) => key.replace('OptimizedLSTMCell', 'LSTMCell');
      expect([...written.keys()].sort()).toEqual([...tensors.keys()].map(ours).sort());
      for (const [key, t] of tensors) expectClose(written.get(ours(key))!, t, 0);
    },
  );

  /** Flax has one bias of z and of r, at the input, and two of n; an LSTM's stand at the state. A Keras GRU has two rows of all three. */
  it('the biases of each gate stand where Flax looks for them', async () => {
    const { model, shapes, weights } = await prepare({
      layers: 'gru:5+resetafter,lstm:4,mgu:3,rnn:2,rnn:3+nobias,dense:6',
      D: 3,
      T: 4,
      seed: '1',
    }).then(({ network, weights }) => ({ ...network, weights }));
    // every number of its own: initialisers give zeros
    const drawn = new Map([...weights].map(([key, t], i) => [key, { ...t, data: t.data.map((_, k) => Math.sin(7 * i + k)) }] as const));
    const written = flax.fromWeights(shapes, drawn);
    const [gru, lstm, mgu, rnn] = model.layers.slice(0, 4).map(l => drawn.get(`${l.name}/bh`)!.data);
    const row = (data: ArrayLike<number>, M: number, ...gates: number[]) =>
      Array.from({ length: M }, (_, m) => gates.reduce((sum, g) => sum + data[g * M + m], 0));
    const bias = (place: string) => written.get(`params/${place}/bias`)?.data ?? [];
    const expected: Record<string, number[]> = {
      'GRUCell_0/iz': row(gru, 5, 0, 3),
      'GRUCell_0/ir': row(gru, 5, 1, 4),
      'GRUCell_0/in': row(gru, 5, 2),
      'GRUCell_0/hn': row(gru, 5, 5),
      'LSTMCell_0/hi': row(lstm, 4, 0),
      'LSTMCell_0/hf': row(lstm, 4, 1),
      'LSTMCell_0/hg': row(lstm, 4, 2),
      'LSTMCell_0/ho': row(lstm, 4, 3),
      'MGUCell_0/if': row(mgu, 3, 0, 2),
      'MGUCell_0/in': row(mgu, 3, 1),
      'MGUCell_0/hn': row(mgu, 3, 3),
      'SimpleCell_0/i': row(rnn, 2, 0),
      // it always has one
      'SimpleCell_1/i': [0, 0, 0],
    };
    for (const [place, numbers] of Object.entries(expected)) expectNear(bias(place), numbers, 1e-6);
    expect([...written.keys()].filter(key => /Cell.*bias/.test(key)).sort()).toEqual(
      Object.keys(expected)
        .map(place => `params/${place}/bias`)
        .sort(),
    );
  });

  it('counts both directions', async () => {
    const file = path('linen_Bidirectional.npz');
    const { network } = await runInspect({ file });
    const held = [...(await readTensors(readFileSync(file))).tensors.values()].reduce((sum, { data }) => sum + data.length, 0);
    expect(network?.totals.byFramework.flax).toBe(held);
  });

  it('says so where two cells could be both directions or one after the other', async () => {
    const sizes = { ii: [4, 4], if: [4, 4], ig: [4, 4], io: [4, 4], hi: [4, 4], hf: [4, 4], hg: [4, 4], ho: [4, 4] };
    const tensors = new Map<string, Tensor>();
    for (const cell of ['LSTMCell_0', 'LSTMCell_1'])
      for (const [gate, shape] of Object.entries(sizes))
        tensors.set(`params/${cell}/${gate}/kernel`, { shape, data: new Float32Array(16) });
    const read = (more: [string, Tensor][]) =>
      flax.toSpec(new Map([...tensors, ...more]), { task: 'many-to-one', pool: 'last', timesteps: 5 });
    const order = ({ assumptions }: ReturnType<typeof read>) => assumptions.filter(a => a.fact === 'order').map(a => [a.what, a.say]);
    expect(order(read([]))).toEqual([['LSTMCell_1 reads what LSTMCell_0 gives', '--layers "bilstm:4+nobias+name=LSTMCell_0"']]);
    const head = (width: number): [string, Tensor] => ['params/Dense_0/kernel', { shape: [width, 3], data: new Float32Array(3 * width) }];
    expect(order(read([head(4)]))).toEqual([]);
    expect(read([head(8)]).layers.map(l => l.bidirectional)).toEqual(['concat', undefined]);
  });

  it('is counted for its own networks only', async () => {
    const layers = 'gru:4+x2,dense:2';
    expect((await runShapes({ layers, D: 3, framework: 'flax' })).totals.byFramework.flax).toBe(
      3 * 4 * (3 + 4 + 1) + 4 + 3 * 4 * (4 + 4 + 1) + 4 + 10,
    );
    expect((await runShapes({ layers, D: 3 })).totals.byFramework).not.toHaveProperty('flax');
  });
});

describe('TensorFlow 1', () => {
  const path = (file: string) => referencePath('tf1', file);
  it.each(['basic_lstm', 'gru'].flatMap(name => ['.npz', '.index'].map(format => [name, format])))(
    '%s%s gives its y',
    async (name, format) => {
      const { tensors, assumptions } = await runForward({ weights: path(`${name}${format}`), input: path(`${name}.x.npy`) });
      expectClose(tensors.y, await recordedArray(path(`${name}_dense.y.npy`)), TOLERANCE.float32);
      expect(assumptions.filter(a => a.fact === 'forget-bias').map(a => a.value)).toEqual(name === 'gru' ? [] : ['1.0']);
    },
  );

  const random = (...shape: number[]): Tensor => {
    const size = shape.reduce((a, b) => a * b, 1);
    return { shape, data: Float32Array.from({ length: size }, (_, k) => Math.sin(12.9898 * (k + 1) + 78.2 * size) * 0.8) };
  };
  const cell = (folder: string, D: number, M: number, G: number): [string, Tensor][] => [
    [`${folder}/kernel`, random(D + M, G * M)],
    [`${folder}/bias`, random(G * M)],
  ];
  const kinds = (tensors: Map<string, Tensor>) =>
    tf1
      .toSpec(tensors, { task: 'many-to-one', pool: 'last', timesteps: 4 })
      .layers.map(l => `${l.kind}:${l.units}${l.bidirectional ? ' both' : ''}`);

  it('cells of a stack stand in the order of their numbers, beside slots of an optimizer', () => {
    const stack = Array.from({ length: 11 }, (_, i) => cell(`rnn/multi_rnn_cell/cell_${i}/basic_lstm_cell`, i === 0 ? 3 : 2, 2, 4)).flat();
    const slots = stack.map(([name, t]): [string, Tensor] => [`${name}/Adam_1`, t]);
    const all = [...stack, ...slots, ['beta1_power', random(1)] as [string, Tensor]].sort(([a], [b]) => (a < b ? -1 : 1));
    expect(kinds(new Map(all))).toEqual(Array(11).fill('lstm:2'));
  });

  it('both directions, and names of the first versions', () => {
    const both = ['fw', 'bw'].flatMap(way => cell(`bidirectional_rnn/${way}/lstm_cell`, 3, 5, 4));
    expect(kinds(new Map([...both, ['out/weights', random(10, 2)], ['out/biases', random(2)]]))).toEqual(['lstm:5 both', 'dense:2']);
  });

  it.each([
    ['Variable', 'Variable_1', 'embedding_matrix'],
    ['W', 'b', 'embedding'],
    ['out/W', 'out/b', 'words/embeddings'],
  ])('%s and %s of a program of its own are a dense layer, %s token vectors', (kernel, bias, table) => {
    const own: [string, Tensor][] = [
      [kernel, random(5, 2)],
      [bias, random(2)],
      [table, random(11, 3)],
    ];
    expect(kinds(new Map([...own, ...cell('rnn/basic_lstm_cell', 3, 5, 4)]))).toEqual(['embedding:3', 'lstm:5', 'dense:2']);
  });

  it('a matrix alone may be either: it is asked for', () => {
    const tensors = new Map([...cell('rnn/basic_lstm_cell', 3, 5, 4), ['Variable', random(11, 3)] as const]);
    expect(() => kinds(tensors)).toThrow('is not a layer that its tensors alone describe');
  });

  it('peepholes and projections are refused by name', () => {
    const tensors = new Map([...cell('rnn/lstm_cell', 3, 2, 4), ['rnn/lstm_cell/w_f_diag', random(2)] as const]);
    expect(() => kinds(tensors)).toThrow('w_f_diag of a TensorFlow 1 cell is not supported');
  });

  it('names of Keras are not taken for its own', () => {
    expect(detectConvention(['lstm/lstm_cell/kernel', 'lstm/lstm_cell/recurrent_kernel']).name).toBe('keras-names');
  });
});

describe('Equinox', () => {
  const [N, T, D, M, K] = [2, 5, 3, 4, 2];
  let state = 11;
  const draw = (...shape: number[]): Tensor => {
    const next = () => {
      state = (state * 1103515245 + 12345) % 2147483648;
      return state / 2147483648 - 0.5;
    };
    return { shape, data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, next) };
  };
  const sigmoid = (v: number) => 1 / (1 + Math.exp(-v));
  const hints: NetworkHints = { task: 'many-to-one', pool: 'last', timesteps: T };
  const x = draw(N, T, D);
  const row = (w: Tensor, r: number, v: readonly number[]) => v.reduce((sum, value, k) => sum + value * w.data[r * v.length + k], 0);

  /** equinox/nn/_rnn.py, sample by sample */
  function byHand(kind: 'lstm' | 'gru', w: Map<string, Tensor>): number[] {
    const [ih, hh, b] = ['weight_ih', 'weight_hh', 'bias'].map(name => w.get(`cell.${name}`)!);
    const [head, headBias] = [w.get('linear.weight')!, w.get('linear.bias')!];
    return Array.from({ length: N }, (_, n) => {
      let h = Array<number>(M).fill(0);
      let c = h;
      for (let t = 0; t < T; t++) {
        const xt = [...x.data.subarray((n * T + t) * D, (n * T + t + 1) * D)];
        const gate = (g: number, m: number) => row(ih, g * M + m, xt) + b.data[g * M + m];
        const before = h;
        const rec = (g: number, m: number) => row(hh, g * M + m, before);
        if (kind === 'lstm') {
          c = c.map((v, m) => sigmoid(gate(1, m) + rec(1, m)) * v + sigmoid(gate(0, m) + rec(0, m)) * Math.tanh(gate(2, m) + rec(2, m)));
          h = c.map((v, m) => sigmoid(gate(3, m) + rec(3, m)) * Math.tanh(v));
        } else {
          h = before.map((v, m) => {
            const reset = sigmoid(gate(0, m) + rec(0, m));
            const update = sigmoid(gate(1, m) + rec(1, m));
            const fresh = Math.tanh(gate(2, m) + reset * (rec(2, m) + w.get('cell.bias_n')!.data[m]));
            return fresh + update * (v - fresh);
          });
        }
      }
      return Array.from({ length: K }, (_, k) => row(head, k, h) + headBias.data[k]);
    }).flat();
  }

  it.each(['lstm', 'gru'] as const)('%s: gates, the bias inside the reset, matrices [out, in]', async kind => {
    const G = kind === 'lstm' ? 4 : 3;
    const w = new Map([
      ['cell.weight_ih', draw(G * M, D)],
      ['cell.weight_hh', draw(G * M, M)],
      ['cell.bias', draw(G * M)],
      ...(kind === 'gru' ? [['cell.bias_n', draw(M)] as const] : []),
      ['linear.weight', draw(K, M)],
      ['linear.bias', draw(K)],
    ]);
    expect(detectConvention([...w.keys()]).name).toBe('equinox');
    const read = equinox.toSpec(w, hints);
    const model = checkSpec({ input: { timesteps: T, features: read.input.features }, layers: read.layers }, 'flax');
    const { y } = await execute(model, equinox.toWeights(inferShapes(model), w), { x }, { engine: 'manual' });
    expectClose(y, { shape: [N, K], data: Float64Array.from(byHand(kind, w)) }, TOLERANCE.float32);
  });

  it("PyTorch's cells are none", () => {
    expect(detectConvention(['cell.weight_ih', 'cell.weight_hh', 'cell.bias_ih', 'cell.bias_hh']).name).toBe('torch');
  });
});

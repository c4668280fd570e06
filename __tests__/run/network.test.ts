import { loadNetwork } from '../../src/run/network/network.js';
import type { NetworkRequest } from '../../src/run/request.js';
import { runShapes } from '../../src/run/shapes.js';
import { drawInput } from '../../src/weights/init.js';
import { bytesOf, temporaryFolder } from '../helpers/files.js';
import { readCase, recorded32, referencePath } from '../helpers/reference.js';

const folder = temporaryFolder();

const failure = (request: NetworkRequest) =>
  loadNetwork(request).then(
    () => {
      throw new Error('was accepted');
    },
    ({ code, message, where, fix, exit, excerpt }) => ({ code, message, where, fix, exit, excerpt }),
  );

describe('the forms of a network', () => {
  it("is the notebook's without any word", async () => {
    const { model } = await loadNetwork({});
    expect(model.input).toMatchObject({ batch: null, timesteps: 10, features: 3 });
    expect(model.layers.map(l => [l.name, 'units' in l && l.units])).toEqual([
      ['rnn_1', 5],
      ['dense_1', 2],
    ]);
  });

  it.each([
    [{ task: 'many-to-many' }, ['N', 'T', 'K']],
    [{ pool: 'max' }, ['N', 'K']],
    [{ K: 0 }, ['N', 'M']],
    [{ K: 0, task: 'many-to-many' }, ['N', 'T', 'M']],
    [{ M: [5, 4], K: 0 }, ['N', 'M2']],
    [{ stack: 3, K: 0 }, ['N', 'M3']],
    [{ bidirectional: true, K: 0 }, ['N', '2M']],
  ] as [NetworkRequest, string[]][])('%j puts out %j', async (request, dims) => {
    expect((await runShapes(request)).output.dims).toEqual(dims);
  });

  it('leaves T open with --layers, and where it is asked to', async () => {
    expect((await runShapes({ layers: 'lstm:64,dense:10' })).dims.T).toBeNull();
    expect((await runShapes({ T: '?' })).dims.T).toBeNull();
    expect((await runShapes({ T: '?' })).totals.macsPerSample).toBeNull();
  });

  it('reads a spec, and takes the sizes it leaves open from the flags', async () => {
    const path = folder.write('net.json', JSON.stringify({ layers: [{ kind: 'gru', units: 4 }] }));
    expect((await runShapes({ model: path, D: 7, T: 3 })).dims).toMatchObject({ T: 3, D: 7, M: 4 });
  });

  it('counts the networks of the contract', async () => {
    const total = async (request: NetworkRequest) => (await runShapes(request)).totals.byFramework;
    expect(await total({ T: 10, D: 3, M: [5], K: 2 })).toEqual({ keras: 57, torch: 62, onnx: 62, tfjs: 57 });
    expect(await total({ cell: 'lstm' })).toMatchObject({ keras: 192, torch: 212 });
    expect(await total({ cell: 'gru' })).toMatchObject({ keras: 162 });
    expect(await total({ layers: 'gru:5+resetbefore,dense:2', D: 3 })).toMatchObject({ keras: 147 });
    expect(await total({ layers: 'lstm:64,gru:32,dense:10', D: 3 })).toEqual({ keras: 27146, torch: 27402, onnx: 27402, tfjs: 27050 });
  });

  it("counts as the asked framework does: PyTorch's two biases", async () => {
    const result = await runShapes({ framework: 'torch' });
    expect(result.totals.params).toBe(62);
    expect(result.layers[0].weights[2]).toMatchObject({ name: 'bh', dims: ['2', 'M'], shape: [2, 5], count: 10 });
  });

  it('refuses two forms at once', async () => {
    expect(await failure({ layers: 'rnn:5', M: [4] })).toMatchObject({
      code: 'E_CONFLICT',
      message: '--layers and --M cannot be used together',
      exit: 2,
    });
    expect(await failure({ layers: 'rnn:5', model: 'net.json' })).toMatchObject({ code: 'E_CONFLICT' });
    expect(await failure({ M: [4, 5], stack: 2 })).toMatchObject({ code: 'E_CONFLICT' });
    expect(await failure({ task: 'many-to-many', pool: 'max' })).toMatchObject({ code: 'E_CONFLICT', exit: 2 });
  });

  it('underlines the layer to mend', async () => {
    expect(await failure({ layers: 'lstm:64+last,gru:32' })).toMatchObject({
      code: 'E_SEQ',
      where: 'gru_2',
      exit: 3,
      excerpt: { text: 'lstm:64+last,gru:32', from: 0, to: 12 },
    });
    expect(await failure({ layers: 'rnn:5,dense:3@sotfmax' })).toMatchObject({
      code: 'E_UNKNOWN_ACTIVATION',
      excerpt: { from: 6, to: 21 },
    });
  });

  it('says where a spec file is wrong', async () => {
    const path = folder.write('bad.json', '{"layers":[{"kind":"rnn","units":"5"}]}');
    const error = await failure({ model: path });
    expect(error.where).toBe(`${path}: layers[0]: units`);
  });

  it('refuses a flag that contradicts the file', async () => {
    const path = folder.write('sized.json', '{"input":{"timesteps":4,"features":3},"layers":[{"kind":"rnn","units":5}]}');
    expect(await failure({ model: path, T: 10 })).toMatchObject({
      code: 'E_CONFLICT',
      message: 'the file says timesteps 4, but the flags say 10',
    });
  });
});

describe('weights that determine the network', () => {
  const kerasWeights = (id: string) =>
    bytesOf(
      'npz',
      Object.fromEntries(
        readCase('keras', id)
          .layers.flatMap((l: any) => l.weights.map(recorded32))
          .map((t: any, i: number) => [`arr_${i}`, t]),
      ),
    );

  it.each([
    ['tutorial_n4', ['rnn', 'dense']],
    ['lstm_dense', ['lstm', 'dense']],
    ['gru_reset_after', ['gru', 'dense']],
    ['gru_reset_before', ['gru', 'dense']],
    ['stacked3_mixed', ['lstm', 'gru', 'rnn', 'dense']],
    ['bidir_lstm_concat_seq', ['lstm', 'dense']],
    ['embedding_lstm', ['embedding', 'lstm', 'dense']],
    ['simple_rnn_nobias', ['rnn', 'dense']],
  ])("reads kinds and sizes out of Keras' arrays: %s", async (id, kinds) => {
    const path = folder.write(`${id}.npz`, await kerasWeights(id));
    const { model, weights } = await loadNetwork({ weights: path });
    expect(model.layers.map(l => l.kind)).toEqual(kinds);
    expect(weights!.size).toBe(readCase('keras', id).layers.flatMap((l: any) => l.weights).length);
  });

  it('tells two layers from two directions by the layer that reads them', async () => {
    const t = (...shape: number[]) => drawInput(shape, { seed: '1' });
    const same = [t(5, 5), t(5, 5), t(5), t(5, 5), t(5, 5), t(5)];
    const kinds = async (name: string, arrays: any[]) => {
      const path = folder.write(name, await bytesOf('npz', Object.fromEntries(arrays.map((a, i) => [`arr_${i}`, a]))));
      return (await loadNetwork({ weights: path })).model.layers.map(l => `${l.kind}${'bidirectional' in l && l.bidirectional ? '²' : ''}`);
    };
    expect(await kinds('two.npz', [...same, t(5, 2), t(2)])).toEqual(['rnn', 'rnn', 'dense']);
    expect(await kinds('both.npz', [...same, t(10, 2), t(2)])).toEqual(['rnn²', 'dense']);
  });

  it('reads a PyTorch state dict whatever its head is called and however it is sorted', async () => {
    const c = readCase('torch', 'lstm_2layer_head_last');
    const entries = Object.entries(c.state_dict).map(([name, t]): [string, any] => [`encoder.${name}`, recorded32(t as any)]);
    const all: [string, any][] = [['a_head.bias', recorded32(c.head.bias)], ['a_head.weight', recorded32(c.head.weight)], ...entries];
    const path = folder.write('sorted.npz', await bytesOf('npz', Object.fromEntries(all)));
    const { model, framework } = await loadNetwork({ weights: path });
    expect(framework).toBe('torch');
    expect(model.layers.map(l => [l.kind, 'units' in l && l.units])).toEqual([
      ['lstm', 6],
      ['lstm', 6],
      ['dense', 4],
    ]);
  });

  it('says which array has which shape where the flags describe another network', async () => {
    const path = folder.write('t.npz', await kerasWeights('tutorial_n4'));
    expect(await failure({ weights: path, M: [6] })).toMatchObject({
      code: 'E_WEIGHT_SHAPE',
      message: 'expected [3, 6] = [D, M], found [3, 5]',
      where: `${path}: arr_0 (rnn_1/Wx)`,
      exit: 3,
    });
    expect(await failure({ weights: path, layers: 'rnn:5', D: 3 })).toMatchObject({
      code: 'E_WEIGHT_EXTRA',
      message: 'the network has 3 weights, but the file has 5 arrays',
    });
    expect(await failure({ weights: path, layers: 'rnn:5,rnn:5,dense:2', D: 3 })).toMatchObject({
      code: 'E_WEIGHT_SHAPE',
      where: `${path}: arr_3 (rnn_2/Wx)`,
    });
  });

  it('refuses names of no convention', async () => {
    const path = folder.write('names.npz', await bytesOf('npz', { foo: drawInput([2, 2], { seed: '1' }) }));
    expect(await failure({ weights: path })).toMatchObject({ code: 'E_NAMES', exit: 3 });
  });

  it("reads the digits' network", async () => {
    const { model } = await loadNetwork({ weights: referencePath('digits', 'digits_weights.npz') });
    expect(model.layers.map(l => l.kind)).toEqual(['lstm', 'gru', 'dense']);
    expect(model.layers[0]).toMatchObject({ units: 24, bidirectional: 'concat', returnSequences: true });
  });
});

import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { extname } from 'node:path';
import { batched } from '../../src/engines/batched/engine.js';
import { forward, load, RnnError } from '../../src/index.js';
import type { TensorData } from '../../src/run/result.js';
import { drawInput } from '../../src/weights/init.js';
import { temporaryFolder } from '../helpers/files.js';
import { compiledKernel } from '../helpers/kernel.js';
import { readTensors } from '../helpers/readFormat.js';
import { referencePath } from '../helpers/reference.js';

const SIZES = [
  [1, 10],
  [2, 7],
  [5, 4],
  [1, 1],
  [130, 3],
] as const;
const NETWORKS = [
  'rnn:5,dense:2',
  'lstm:9,dense:4@softmax',
  'gru:6+seq,dense:3@relu',
  'gru:6+resetbefore,lstm:7+backwards',
  'lstm:5+nobias,rnn:4+seq',
  'bilstm:4,dense:3',
  'rnn:6@relu,maxpool',
  'lstm:3+seq+backwards',
];

const folder = temporaryFolder();

describe('a loaded network', () => {
  it.each([false, true])(
    'gives the bits of the engine, at its first call and at later ones, for every shape (kernel: %s)',
    async kernel => {
      if (kernel) await compiledKernel();
      for (const layers of NETWORKS) {
        const network = await load({ layers, D: 3 });
        for (const [N, T] of [...SIZES, SIZES[0]]) {
          const [x, other] = ['1', '2'].map(seed => drawInput([N, T, 3], { seed }));
          const expected = async (t: TensorData) =>
            (await batched.run(network.prepared.network.model, network.prepared.weights, { x: t }, { dtype: 'f32', trace: false })).y;
          const first = network.run(x);
          const second = network.run(other);
          expect(first).toEqual(await expected(x));
          expect(second).toEqual(await expected(other));
          expect(network.run(x)).toEqual(first);
        }
      }
    },
  );

  it('has the forward of its file: several inputs by name, every output, states that are handed on; the file is not read again', async () => {
    for (const name of [
      'keras_models/encdec.keras',
      'onnx_wired/states.onnx',
      'onnx_wired/gru_lens_forward.onnx',
      'keras_models/attention.keras',
    ]) {
      const path = referencePath(name);
      const base = path.replace(/\.\w+$/, '');
      const input = [`${base}.x.npz`, `${base}.x.npy`].find(existsSync)!;
      const model = folder.path(`net${extname(name)}`);
      copyFileSync(path, model);
      const network = await load({ model });
      const expected = await forward({ model, input });
      writeFileSync(model, 'no model');
      for (const own of [await network.forward({ input }), await network.forward({ input })]) {
        expect(own.outputs.map(o => [o.name, o.sha256])).toEqual(expected.outputs.map(o => [o.name, o.sha256]));
        expect(own.notes).toEqual(expected.notes);
      }
    }
  });

  it('draws x, and weights by the seed it was loaded with', async () => {
    const network = await load({ cell: 'gru', seed: 7 });
    const own = await network.forward({ N: 3, T: 4 });
    expect(own.ySha256).toBe((await forward({ cell: 'gru', seed: 7, N: 3, T: 4 })).ySha256);
    expect(() => network.forward({ seed: 1 } as never)).rejects.toThrow(expect.objectContaining({ code: 'E_REQUEST' }));
  });

  it('of several inputs says how they are given, where one array cannot be enough', async () => {
    const network = await load({ model: referencePath('onnx_wired/states.onnx') });
    const x = { shape: [1, 2, 3], data: new Float32Array(6) };
    expect(() => network.run(x)).toThrow(
      expect.objectContaining({ code: 'E_LOAD_GRAPH', fix: expect.stringContaining('network.forward({ input: {') }),
    );
  });

  it('runs a graph of one input that is no chain of layers', async () => {
    for (const name of ['dueling', 'three_heads', 'images']) {
      const [model, input] = [referencePath(`onnx_wired/${name}.onnx`), referencePath(`onnx_wired/${name}.x.npz`)];
      const { tensors } = await readTensors(readFileSync(input));
      const [x] = tensors.values();
      expect((await load({ model })).run(x)).toEqual((await forward({ model, input, engine: 'batched' })).tensors.y);
    }
  });

  it('refuses an x of another width, before and after a good one', async () => {
    const network = await load({ layers: 'rnn:4', D: 3 });
    const wrong = { shape: [1, 5, 2], data: new Float32Array(10) };
    expect(() => network.run(wrong)).toThrow(RnnError);
    network.run({ shape: [1, 5, 3], data: new Float32Array(15) });
    expect(() => network.run(wrong)).toThrow(RnnError);
  });
});

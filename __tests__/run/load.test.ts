import { batched } from '../../src/engines/batched/engine.js';
import { load, RnnError } from '../../src/index.js';
import type { TensorData } from '../../src/run/result.js';
import { drawInput } from '../../src/weights/init.js';
import { compiledKernel } from '../helpers/kernel.js';

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

  it('refuses an x of another width, before and after a good one', async () => {
    const network = await load({ layers: 'rnn:4', D: 3 });
    const wrong = { shape: [1, 5, 2], data: new Float32Array(10) };
    expect(() => network.run(wrong)).toThrow(RnnError);
    network.run({ shape: [1, 5, 3], data: new Float32Array(15) });
    expect(() => network.run(wrong)).toThrow(RnnError);
  });
});

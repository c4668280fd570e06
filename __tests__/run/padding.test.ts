import { join } from 'node:path';
import { runForward } from '../../src/run/forward.js';
import type { ForwardRequest } from '../../src/run/request.js';
import { bytesOf, temporaryFolder } from '../helpers/files.js';

const folder = temporaryFolder();
const failure = (request: ForwardRequest) =>
  runForward(request).then(
    () => {
      throw new Error('was accepted');
    },
    ({ code, exit, message }) => ({ code, exit, message }),
  );
const LENGTHS = [6, 1, 4];
const tokens = (n: number, T: number) => Float64Array.from({ length: n * T }, (_, k) => (k * 5 + 3) % 11);
const array = async (name: string, shape: number[], data: Float64Array) =>
  folder.write(name, await bytesOf('npy', { npy: { shape, data } }));

/** Each sample alone, cut to its own length: what padding must not change. */
describe('--lengths reach every recurrent layer', () => {
  const networks: ForwardRequest[] = [
    { layers: 'embedding:11x4,lstm:5,dense:2' },
    { layers: 'embedding:11x4,dropout:0.5,bigru:3,dense:2@tanh' },
    { layers: 'embedding:11x3,dense:6@relu,lstm:4+seq,dropout:0.2,dense:5@tanh,rnn:3,dense:2' },
    { layers: 'embedding:11x4,gru:4+seq,avgpool,dense:2' },
  ];
  it.each(
    networks.flatMap(network =>
      (['torch', 'keras'] as const).flatMap(framework =>
        (['manual', 'batched'] as const).map(engine => ({ ...network, framework, engine })),
      ),
    ),
  )('%j', async request => {
    const [N, T] = [LENGTHS.length, 6];
    const all = tokens(N, T);
    const whole = await runForward({ ...request, input: await array('all.npy', [N, T], all), lengths: LENGTHS.join(',') });
    for (const [n, length] of LENGTHS.entries()) {
      const cut = await array('cut.npy', [1, length], all.slice(n * T, n * T + length));
      const alone = await runForward({ ...request, input: cut });
      const [own] = [whole.tensors.y.data.subarray(n * 2, n * 2 + 2)];
      alone.tensors.y.data.forEach((v, k) => {
        expect(own[k]).toBeCloseTo(v, 6);
      });
    }
  });

  it('as pack_padded_sequence has it behind an Embedding (PyTorch 2.13)', async () => {
    const model = join(__dirname, '..', 'reference', 'comparisons', 'emb_len.pt');
    const input = await array('torch.npy', [3, 3], Float64Array.from([1, 2, 3, 4, 5, 0, 6, 0, 0]));
    const { tensors } = await runForward({ model, input, lengths: '3,2,1' });
    const right = [
      -0.56669974, 0.04241744, 0.39755768, -0.54201984, -0.28301334, -0.00057121, 0.57005, -0.21485896, 0.15156831, 0.21942574, 0.38480043,
      -0.47558337,
    ];
    right.forEach((v, k) => {
      expect(tensors.y.data[k]).toBeCloseTo(v, 6);
    });
  });
});

it('a mask given with the input joins that of an embedding', async () => {
  const spec = folder.write(
    'net.json',
    JSON.stringify({
      layers: [
        { kind: 'embedding', tokens: 11, units: 3, maskZero: true },
        { kind: 'rnn', units: 4 },
      ],
    }),
  );
  const input = await array('joined.npy', [1, 4], Float64Array.from([3, 0, 5, 7]));
  const only = await array('only.npy', [1, 2], Float64Array.from([3, 5]));
  const joined = await runForward({ model: spec, input, lengths: '3', seed: '1' });
  const alone = await runForward({ model: spec, input: only, seed: '1' });
  alone.tensors.y.data.forEach((v, k) => {
    expect(joined.tensors.y.data[k]).toBeCloseTo(v, 6);
  });
});

it('lengths that no layer can use are an error, not ignored', async () => {
  expect(await failure({ layers: 'dense:4,dense:2', D: 3, T: 5, lengths: '3' })).toMatchObject({ code: 'E_CONFLICT', exit: 2 });
  expect(await failure({ layers: 'conv:4x3,lstm:3', D: 3, T: 9, lengths: '3' })).toMatchObject({
    code: 'E_CONFLICT',
    message: '--lengths does not reach lstm_1',
  });
});

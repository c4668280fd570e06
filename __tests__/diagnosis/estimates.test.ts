import { runCompare } from '../../src/run/compare.js';
import { bytesOf, temporaryFolder } from '../helpers/files.js';
import { add, type Probe, probesIn, type Rows, times } from '../helpers/probes.js';

/** Mistakes whose numbers are found from the other output, in a SimpleRNN as a plain loop. */
jest.setTimeout(60_000);

const folder = temporaryFolder();
const { probe, against } = probesIn(folder);

/** Every h of a layer. */
function rnn(x: Rows, { of }: Probe, layer: string): Rows {
  let h: number[] = Array(of(`${layer}/Wh`).length).fill(0);
  return x.map(xt => {
    h = add(add(times(xt, of(`${layer}/Wx`)), times(h, of(`${layer}/Wh`))), of(`${layer}/bh`)).map(Math.tanh);
    return h;
  });
}

const scores = ({ of }: Probe, h: number[]) => add(times(h, of('dense_1/Wo')), of('dense_1/bo'));
const half = (v: number) => {
  const unit = 2 ** (Math.floor(Math.log2(Math.abs(v))) - 10);
  return Math.round(v / unit) * unit;
};
const inHalf = (name: string, y: Rows) =>
  folder.write(`${name}.txt`, Buffer.from(`array(${JSON.stringify(y.map(row => row.map(half)))}, dtype=float16)\n`));

describe('where units are saturated every y is nearly linear in h', () => {
  const wave = (k: number) => Math.sin(1 + 3.7 * k + k * k);
  const [N, T, D, M] = [9, 4, 2, 4];
  const x = Array.from({ length: N }, (_, n) => Array.from({ length: T }, (_u, t) => [wave(n * 8 + t * 2), wave(n * 8 + t * 2 + 1)]));
  const Wx = Array.from({ length: D }, (_, d) => Array.from({ length: M }, (_u, m) => 0.15 * wave(50 + d * M + m)));
  const Wh = (seed: number) => Array.from({ length: M }, (_, k) => Array.from({ length: M }, (_u, m) => 0.3 * wave(seed + k * M + m)));
  const bh = Array.from({ length: M }, (_, m) => (m % 2 ? -1 : 1) * (5 + 0.8 * wave(90 + m)));
  const run = (W: Rows, Wo: Rows) =>
    x.map(steps => {
      let h: number[] = Array(M).fill(0);
      for (const row of steps) h = add(add(times(row, Wx), times(h, W)), bh).map(Math.tanh);
      return times(h, Wo);
    });
  const outputs = (K: number) => Array.from({ length: M }, (_, m) => Array.from({ length: K }, (_u, k) => wave(120 + m * K + k)));
  const file = async (name: string, tensors: Readonly<Record<string, number[] | Rows>>) => {
    const arrays = Object.entries(tensors).map(([key, v]) => [
      key,
      { shape: Array.isArray(v[0]) ? [v.length, v[0].length] : [v.length], data: Float64Array.from(v.flat(), Math.fround) },
    ]);
    return folder.write(`${name}.npz`, await bytesOf('npz', Object.fromEntries(arrays)));
  };

  it.each([
    [1, 45],
    [2, 42],
    [3, 43],
  ])('so what was fitted is no sure name for another Wh, with %d outputs', async (K, seed) => {
    const Wo = outputs(K);
    const weights = await file(`saturated-${K}`, {
      'rnn_1/Wx': Wx,
      'rnn_1/Wh': Wh(20),
      'rnn_1/bh': bh,
      'dense_1/Wo': Wo,
      'dense_1/bo': Array(K).fill(0.1),
    });
    const input = folder.write(
      'saturated-x.npy',
      await bytesOf('npy', { npy: { shape: [N, T, D], data: Float64Array.from(x.flat(2), Math.fround) } }),
    );
    const request = { layers: `rnn:${M},dense:${K}`, weights, input, budget: 0.1 };
    const y = async (name: string, rows: Rows) =>
      against(
        name,
        rows.map(row => row.map(v => v + 0.1)),
      );
    const right = await runCompare({ ...request, against: await y(`right-${K}`, run(Wh(20), Wo)) });
    expect(right.status).toBe('SAME');
    const wrong = await runCompare({ ...request, against: await y(`wrong-${K}`, run(Wh(seed), Wo)) });
    expect([wrong.status, wrong.verdict]).toEqual(['DIFFERENT', expect.stringMatching(/unexplained|likely/)]);
  });
});

describe('dropout that is still on', () => {
  const softmax = (z: number[]) => z.map(v => Math.exp(v)).map((v, _, all) => v / all.reduce((a, b) => a + b));
  const sigmoid = (z: number[]) => z.map(v => 1 / (1 + Math.exp(-v)));

  it.each([
    ['softmax', softmax],
    ['sigmoid', sigmoid],
  ] as const)('before a %s is found with its rate and the units of each row', async (activation, function_) => {
    const { probe: p, request } = await probe(`rnn:5,dense:4@${activation}`);
    const last = p.x.map(sample => rnn(sample, p, 'rnn_1').at(-1)!);
    const y = (f: (v: number, n: number, m: number) => number) =>
      last.map((h, n) =>
        function_(
          scores(
            p,
            h.map((v, m) => f(v, n, m)),
          ),
        ),
      );
    expect(
      await runCompare({
        ...request,
        against: await against(
          'right',
          y(v => v),
        ),
      }),
    ).toMatchObject({ equal: true });
    const dropped = y((v, n, m) => ((n + m) % 3 === 0 ? 0 : v / 0.7));
    const { verdict, codes, explanations } = await runCompare({ ...request, against: await against('dropped', dropped) });
    expect({ verdict, codes }).toEqual({ verdict: 'fits', codes: ['dropout-on'] });
    expect(explanations[0].why).toMatch(/\(p = 0\.3\); 5 of 15 are 0/);
  });

  it('is not seen in scores that were changed otherwise', async () => {
    const { probe: p, request } = await probe('rnn:5,dense:4@softmax');
    const y = p.x.map((sample, n) => softmax(scores(p, rnn(sample, p, 'rnn_1').at(-1)!).map((v, k) => v + ((n * 3 + k * 5) % 7) / 10)));
    expect((await runCompare({ ...request, against: await against('other-scores', y) })).codes).toEqual([]);
  });
});

it.each([
  [[3, 7, 0, 5, 1, 6, 2, 4]],
  [[6, 4, 2, 0, 7, 5, 3, 1]],
  [[1, 6, 3, 0, 4, 7, 2, 5]],
  [[5, 2, 7, 0, 3, 6, 1, 4]],
  [[2, 5, 0, 6, 1, 7, 4, 3]],
  [[7, 3, 1, 6, 0, 2, 5, 4]],
])('eight features in the order %p are found', async order => {
  const { probe: p, request } = await probe('rnn:4+seq,dense:3', 8);
  const y = p.x.map(sample =>
    rnn(
      sample.map(xt => order.map(d => xt[d])),
      p,
      'rnn_1',
    ).map(h => scores(p, h)),
  );
  const { verdict, codes, explanations } = await runCompare({ ...request, against: await against(`order-${order.join('')}`, y) });
  expect({ verdict, codes }).toEqual({ verdict: 'fits', codes: ['features-permuted'] });
  expect(explanations[0].fix).toContain(`x[..., [${order.map((_, d) => order.indexOf(d)).join(', ')}]]`);
});

it('a dense layer with other weights is told by an output in float16, whose small numbers are exact', async () => {
  const { probe: p, request } = await probe('rnn:2+seq,dense:2');
  const wrong = (h: number[]) =>
    scores(
      p,
      h.map((v, m) => v * (1.3 + 0.4 * m)),
    ).map((v, k) => v + 0.01 - 0.3 * k);
  const y = p.x.flatMap(sample => rnn(sample, p, 'rnn_1').map(wrong));
  expect((await runCompare({ ...request, against: inHalf('other-weights', y) })).codes).toEqual(['stale-weights']);
});

it.each(['rnn:4,rnn:4,dense:2', 'birnn:3,birnn:3,birnn:3,dense:2'])(
  'the last h of all layers of %s is read as h_n of PyTorch',
  async layers => {
    const { probe: p, request } = await probe(layers);
    const names = layers
      .split(',')
      .slice(0, -1)
      .map((_, l) => `rnn_${l + 1}`);
    const ends = p.x.map(sample => {
      let below: Rows = sample;
      return names.flatMap(name => {
        if (!layers.startsWith('bi')) {
          below = rnn(below, p, name);
          return [below.at(-1)!];
        }
        const forward = rnn(below, p, `${name}/forward`);
        const backward = rnn([...below].reverse(), p, `${name}/backward`);
        below = forward.map((h, t) => [...h, ...backward[backward.length - 1 - t]]);
        return [forward.at(-1)!, backward.at(-1)!];
      });
    });
    const h_n = ends[0].map((_, l) => ends.map(own => own[l]));
    const { verdict, codes, explanations } = await runCompare({ ...request, against: await against('h_n', h_n) });
    expect({ verdict, codes }).toEqual({ verdict: 'fits', codes: ['head-missing'] });
    expect(explanations[0].why).toContain(`Your array is h_n of all layers [${h_n.length}, 3, ${h_n[0][0].length}]: the numbers are equal`);
  },
);

it('γ and β of a LayerNormalization that are exchanged are told', async () => {
  const { probe: p, request } = await probe('rnn:4,layernorm,dense:3');
  const [gamma, beta] = [p.of('layernorm_1/gamma'), p.of('layernorm_1/beta')];
  const y = p.x.map(sample => {
    const h = rnn(sample, p, 'rnn_1').at(-1)!;
    const mean = h.reduce((a, b) => a + b) / h.length;
    const variance = h.reduce((a, b) => a + (b - mean) ** 2, 0) / h.length;
    return scores(
      p,
      h.map((v, m) => ((v - mean) / Math.sqrt(variance + 1e-3)) * beta[m] + gamma[m]),
    );
  });
  const { codes, explanations } = await runCompare({ ...request, against: await against('exchanged', y) });
  expect(codes).toContain('normalization:scale');
  expect(explanations.map(e => e.why).join()).toContain('γ and β of layernorm_1 are exchanged');
});

it('a chaotic network is not said to have run in 16 bits', async () => {
  const { probe: p, request } = await probe('rnn:16+seq,dense:2');
  const large = (name: string) => (name.endsWith('Wh') ? p.of(name).map((row: number[]) => row.map(v => 12 * v)) : p.of(name));
  const names = ['rnn_1/Wx', 'rnn_1/Wh', 'rnn_1/bh', 'dense_1/Wo', 'dense_1/bo'];
  const tensors = names.map(name => {
    const rows = large(name);
    return [
      name,
      { shape: Array.isArray(rows[0]) ? [rows.length, rows[0].length] : [rows.length], data: Float64Array.from(rows.flat()) },
    ] as const;
  });
  const weights = folder.write('chaotic.npz', await bytesOf('npz', Object.fromEntries(tensors)));
  const x = p.x.map(sample => Array(8).fill(sample).flat());
  const y = x.map(sample =>
    rnn(sample, { x, of: large }, 'rnn_1').map((h, t) => scores(p, h).map((v, k) => half(v + (t < 4 ? 0.01 * Math.sin(t + k) : 0)))),
  );
  const result = await runCompare({ ...request, weights, input: await against('chaotic-x', x), against: await against('chaotic', y) });
  expect({ status: result.status, codes: result.codes.filter(c => c.includes('float16')) }).toEqual({ status: 'DIFFERENT', codes: [] });
});

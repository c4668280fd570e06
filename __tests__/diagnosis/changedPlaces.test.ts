import { runCompare } from '../../src/run/compare.js';
import { bytesOf, temporaryFolder } from '../helpers/files.js';
import { add, type Probe, probesIn, type Rows, times } from '../helpers/probes.js';

/** Mistakes in x, in weights, behind layers and in y, as loops of the test's own; each beside a change near it that must not be called so. */
jest.setTimeout(60_000);

const folder = temporaryFolder();
const { probe, against } = probesIn(folder);

const sigmoid = (v: number) => 1 / (1 + Math.exp(-v));
const softmax = (z: number[]) => z.map(v => Math.exp(v)).map((v, _, all) => v / all.reduce((a, b) => a + b));
const scores = ({ of }: Probe, h: number[]) => add(times(h, of('dense_1/Wo')), of('dense_1/bo'));

/** Every h of a layer; the weights through `change` before. */
function rnn(x: Rows, { of }: Probe, name = 'rnn_1', change: (W: Rows) => Rows = W => W): Rows {
  const [Wx, Wh] = [change(of(`${name}/Wx`)), change(of(`${name}/Wh`))];
  let h: number[] = Wh.map(() => 0);
  return x.map(xt => {
    h = add(add(times(xt, Wx), times(h, Wh)), of(`${name}/bh`)).map(Math.tanh);
    return h;
  });
}

const mean = (rows: Rows) => rows[0].map((_, k) => rows.reduce((sum, row) => sum + row[k] / rows.length, 0));
const normalised = (epsilon: number) => (h: number[]) => {
  const centre = h.reduce((a, b) => a + b) / h.length;
  const variance = h.reduce((sum, v) => sum + (v - centre) ** 2, 0) / h.length;
  return h.map(v => (v - centre) / Math.sqrt(variance + epsilon));
};
let count = 0;

async function codesOf(request: object, y: unknown) {
  const { codes, verdict, explanations } = await runCompare({ budget: 0.1, ...request, against: await against(`y${count++}`, y) });
  return { codes, verdict, why: explanations[0]?.why ?? '' };
}

/** The last y of each sample, of x and of weights that were changed. */
async function lastOf(change: { x?: (v: number) => number; W?: (W: Rows) => Rows; y?: (v: number) => number }) {
  const { x = v => v, W = rows => rows, y = v => v } = change;
  const { probe: p, request } = await probe('rnn:3,dense:4');
  const Wo = W(p.of('dense_1/Wo'));
  const rows = p.x.map(sample => {
    const h = rnn(
      sample.map(xt => xt.map(x)),
      p,
      'rnn_1',
      W,
    ).at(-1)!;
    return add(times(h, Wo), p.of('dense_1/bo')).map(y);
  });
  return codesOf(request, rows);
}

describe('numbers cut or quantised', () => {
  const clip = (least: number, most: number) => (v: number) => Math.min(most, Math.max(least, v));
  const inSteps = (n: number) => (W: Rows) => {
    const most = Math.max(...W.flat().map(Math.abs));
    return W.map(row => row.map(v => (Math.round((v / most) * n) / n) * most));
  };
  const shifted = (n: number) => (W: Rows) => {
    const [least, most] = [Math.min(0, ...W.flat()), Math.max(0, ...W.flat())];
    const [step, zero] = [(most - least) / n, Math.round((-least * n) / (most - least))];
    return W.map(row => row.map(v => (Math.min(n, Math.max(0, Math.round(v / step) + zero)) - zero) * step));
  };
  /** torch.quantize_per_tensor and _per_channel of what the symmetric observers say: scale = largest / 127.5, ties to even, −128 to 127. */
  const asTorch = (each: boolean) => (W: Rows) => {
    const scales = W[0].map((_, c) => Math.fround(Math.max(...W.flatMap(row => (each ? [row[c]] : row).map(Math.abs))) / 127.5));
    const even = (v: number) => (Math.abs(v % 2) === 0.5 ? Math.trunc(v) : Math.sign(v) * Math.round(Math.abs(v)));
    const whole = (v: number, scale: number) => Math.min(127, Math.max(-128, even(Math.fround(v * Math.fround(1 / scale)))));
    return W.map(row => row.map((v, c) => whole(v, scales[c]) * scales[c]));
  };
  it.each([
    ['x at ±1', { x: clip(-1, 1) }, ['input-scaled:clipped']],
    ['x at ±0.9', { x: clip(-0.9, 0.9) }, []],
    ['y between 0 and 1, where none is larger', { y: clip(0, 1) }, ['activation:relu', 'output-function:clip']],
    ['y between 0.01 and 1', { y: clip(0.01, 1) }, []],
    ['weights in int4', { W: inSteps(7) }, ['weights-rounded:int4']],
    ['weights in 8 steps', { W: inSteps(8) }, []],
    ['weights in uint8', { W: shifted(255) }, ['weights-rounded:int8']],
    ['weights as torch.ao.quantization rounds them', { W: asTorch(false) }, ['weights-rounded:int8']],
    ['the same, channel by channel', { W: asTorch(true) }, ['weights-rounded:int8']],
    ['weights in 200 steps', { W: shifted(200) }, []],
  ])('%s', async (_, change, expected) => {
    expect((await lastOf(change)).codes).toEqual(expected);
  });
});

describe('behind the pooling', () => {
  it.each([
    ['a LayerNormalization', normalised(1e-5), 'layer-norm-added'],
    ['a relu', (h: number[]) => h.map(v => Math.max(0, v)), 'activation-added:relu'],
    ['a normalisation with an epsilon that nobody has', normalised(0.05), undefined],
  ])('%s', async (_, f, expected) => {
    const { probe: p, request } = await probe('rnn:3+seq,avgpool,dense:2');
    const y = p.x.map(sample => scores(p, f(mean(rnn(sample, p)))));
    const { codes, why } = await codesOf(request, y);
    expect(codes).toEqual(expected ? [expected] : []);
    expect(why.startsWith('What the pooling gives')).toBe(expected !== undefined);
  });
});

it.each([
  ['all layers but the last', [1, 2], ['layer-norm-added']],
  ['the first layer and the last', [1, 3], []],
])('a LayerNormalization behind %s', async (_, layers, expected) => {
  const { probe: p, request } = await probe('rnn:3+seq,rnn:4+seq,rnn:3+seq,dense:2');
  const norm = normalised(1e-5);
  const y = p.x.map(sample => {
    let below = sample;
    for (const l of [1, 2, 3]) {
      below = rnn(below, p, `rnn_${l}`);
      if (layers.includes(l)) below = below.map(norm);
    }
    return below.map(h => scores(p, h));
  });
  expect((await codesOf(request, y)).codes).toEqual(expected);
});

describe('a convolution and windows before the recurrence', () => {
  const LAYERS = 'conv:3x2@relu,maxpool1d:2,rnn:3,dense:2';
  /** Windows of two steps, each by one function; the sums of the filters by another. */
  async function told(activation: (v: number) => number, pool: (a: number, b: number) => number) {
    const { probe: p, request } = await probe(LAYERS);
    const W: Rows[] = p.of('conv1d_1/W');
    const y = p.x.map(sample => {
      const filtered = sample
        .slice(1)
        .map((xt, t) => add(add(times(sample[t], W[0]), times(xt, W[1])), p.of('conv1d_1/b')).map(activation));
      const windows = [0, 2].map(t => filtered[t].map((v, k) => pool(v, filtered[t + 1][k])));
      return scores(p, rnn(windows, p).at(-1)!);
    });
    return codesOf(request, y);
  }
  const relu = (v: number) => Math.max(0, v);

  it('are computed so', async () => expect((await told(relu, Math.max)).codes).toEqual([]));
  it('whose relu is forgotten', async () => expect((await told(v => v, Math.max)).codes).toEqual(['activation:linear']));
  it('whose relu starts at 0.1', async () =>
    expect((await told(v => (v > 0.1 ? v : 0), Math.max)).codes).not.toContain('activation:linear'));
  it('that take the mean', async () => {
    const { codes, why } = await told(relu, (a, b) => (a + b) / 2);
    expect(codes).toEqual(['pool-mean']);
    expect(why).toContain('maxpool1d_1 gives the mean of each window; in the network it is the maximum.');
  });
  it('that take the minimum', async () => expect((await told(relu, Math.min)).codes).not.toContain('pool-mean'));
});

it.each([
  [3, ['tokens-off-by-one']],
  [4, []],
])('tokens that are %d too large', async (by, expected) => {
  const { probe: p, request } = await probe('embedding:11x3,rnn:3,dense:3');
  const E: Rows = p.of('embedding_1/E');
  const tokens = p.x as unknown as Rows;
  const y = tokens.map(row =>
    scores(
      p,
      rnn(
        row.map(v => E[(v + by) % 11]),
        p,
      ).at(-1)!,
    ),
  );
  const { codes, why } = await codesOf(request, y);
  expect(codes).toEqual(expected);
  expect(why.includes('Every token is three too large')).toBe(by === 3);
});

describe('the gates of a GRU', () => {
  const M = 3;
  type Gru = Record<'Wx' | 'Wh' | 'bh', Rows>;
  /** Gates z r g. */
  function gru(x: Rows, { Wx, Wh, bh }: Gru, activation: (a: number[]) => number[]): number[] {
    let h = Wh.map(() => 0);
    for (const xt of x) {
      const [a, u] = [add(times(xt, Wx), bh[0]), add(times(h, Wh), bh[1])];
      const gate = (g: number) => activation([0, 1, 2].map(k => a[g * M + k] + u[g * M + k]));
      const [z, r] = [gate(0), gate(1)];
      h = h.map((v, k) => z[k] * v + (1 - z[k]) * Math.tanh(a[2 * M + k] + r[k] * u[2 * M + k]));
    }
    return h;
  }
  async function told(change: (row: number[]) => number[], activation = (a: number[]) => a.map(sigmoid)) {
    const { probe: p, request } = await probe('gru:3,dense:2');
    const weights = Object.fromEntries((['Wx', 'Wh', 'bh'] as const).map(name => [name, p.of(`gru_1/${name}`).map(change)])) as Gru;
    return codesOf(
      request,
      p.x.map(sample => scores(p, gru(sample, weights, activation))),
    );
  }
  /** Blocks in this order read as if they alternated, and brought back. */
  const interleaved = (order: number[]) => (row: number[]) => {
    const there = order.flatMap(g => row.slice(g * M, (g + 1) * M));
    const read = there.map((_, k) => there[(k % M) * 3 + Math.floor(k / M)]);
    return [0, 1, 2].flatMap(g => read.slice(order.indexOf(g) * M, (order.indexOf(g) + 1) * M));
  };

  it.each([
    ['in Keras’ order', [0, 1, 2], 'z r g, z r g'],
    ['in PyTorch’s order', [1, 0, 2], 'r z g, r z g'],
    ['in an order that nobody has', [2, 0, 1], undefined],
  ])('read as if they alternated, %s', async (_, order, letters) => {
    const { codes, why } = await told(interleaved(order));
    expect(codes).toEqual(letters ? ['gates-interleaved'] : []);
    expect(why).toContain(letters ?? '');
  });

  it('with a softmax over the units are told, with half of one they are not', async () => {
    const own = (row: number[]) => row;
    expect((await told(own, softmax)).codes).toEqual(['activation:softmax']);
    expect((await told(own, a => softmax(a).map((v, k) => (v + sigmoid(a[k])) / 2))).codes).toEqual([]);
  });
});

describe('dropout over 24 units', () => {
  async function told(kept: (n: number, m: number) => number) {
    const { probe: p, request } = await probe('rnn:24,dense:5@softmax');
    const y = p.x.map((sample, n) =>
      softmax(
        scores(
          p,
          rnn(sample, p)
            .at(-1)!
            .map((v, m) => v * kept(n, m)),
        ),
      ),
    );
    return codesOf(request, y);
  }
  const isOut = (n: number, m: number) => (n * 5 + m * 7) % 4 === 0;

  it('is found with its rate and the units of each row', async () => {
    const { codes, verdict, why } = await told((n, m) => (isOut(n, m) ? 0 : 1 / 0.75));
    expect({ codes, verdict }).toEqual({ codes: ['dropout-on'], verdict: 'fits' });
    expect(why).toContain('(p = 0.25); 18 of 72 are 0');
  });

  it('is not seen where what is left has not one scale', async () => {
    expect((await told((n, m) => (isOut(n, m) ? 0 : 1.3 + 0.01 * (m % 3)))).codes).toEqual([]);
  });
});

describe('a relu that holds every unit at zero', () => {
  /** y of a head behind seven units whose sums are all far below zero. */
  async function told(activation: (v: number) => number) {
    const { probe: p, request } = await probe('rnn:3,dense:7,dense:3');
    const of = (name: string) => (name === 'dense_1/bo' ? p.of(name).map((v: number) => v - 5) : p.of(name));
    const names = ['rnn_1/Wx', 'rnn_1/Wh', 'rnn_1/bh', 'dense_1/Wo', 'dense_1/bo', 'dense_2/Wo', 'dense_2/bo'];
    const tensors = names.map(name => {
      const rows = of(name);
      const shape = Array.isArray(rows[0]) ? [rows.length, rows[0].length] : [rows.length];
      return [name, { shape, data: Float64Array.from(rows.flat()) }] as const;
    });
    const weights = folder.write('dead.npz', await bytesOf('npz', Object.fromEntries(tensors)));
    const y = p.x.map(sample => {
      const units = scores({ ...p, of }, rnn(sample, p).at(-1)!).map(activation);
      return add(times(units, p.of('dense_2/Wo')), p.of('dense_2/bo'));
    });
    return codesOf({ ...request, layers: 'rnn:3,dense:7@relu,dense:3', weights }, y);
  }

  it('is told to be forgotten by numbers that the right network could not make', async () => {
    expect(await told(v => v)).toMatchObject({ codes: ['activation:linear'], verdict: 'fits' });
  });

  it('is not called forgotten where half of each sum comes through', async () => {
    expect((await told(v => v / 2)).codes).not.toContain('activation:linear');
  });
});

it.each([
  ['y', (v: number) => v, ['output-fed-back']],
  ['a part of y', (v: number) => 0.9 * v, []],
])('%s is fed back over forty steps', async (_, f, expected) => {
  const { probe: p, request } = await probe('rnn:3+seq,dense:2');
  const x = p.x.map(sample => Array.from({ length: 40 }, (_, t) => sample[t % 6].map(v => v * (1 + t / 10))));
  const y = x.map(sample => {
    const fed = [sample[0]];
    for (let t = 1; t < 40; t++) fed.push(scores(p, rnn(fed, p).at(-1)!).map(f));
    return rnn(fed, p).map(h => scores(p, h));
  });
  expect((await codesOf({ ...request, input: await against('fed-x', x) }, y)).codes).toEqual(expected);
});

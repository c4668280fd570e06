import { runCompare } from '../../src/run/compare.js';
import { temporaryFolder } from '../helpers/files.js';
import { add, type Probe, probesIn, type Rows, times } from '../helpers/probes.js';

/** Mistakes of ports from and to Keras and PyTorch, as loops of the test's own; each beside a change near it that must not be called so. */
jest.setTimeout(60_000);

const folder = temporaryFolder();
const { probe, against } = probesIn(folder);

const sigmoid = (v: number) => 1 / (1 + Math.exp(-v));
const scores = ({ of }: Probe, h: number[]) => add(times(h, of('dense_1/Wo')), of('dense_1/bo'));

interface Simple {
  Wx: Rows;
  Wh: Rows;
  bh: number[];
}

function rnn(x: Rows, { Wx, Wh, bh }: Simple, start = Wh.map(() => 0)): Rows {
  let h = start;
  return x.map(xt => {
    h = add(add(times(xt, Wx), times(h, Wh)), bh).map(Math.tanh);
    return h;
  });
}

/** The last h; gates i f g o. */
function lstm(x: Rows, { Wx, Wh, bh }: Simple, ofO = sigmoid): number[] {
  const M = Wh.length;
  let [h, c] = [Wh.map(() => 0), Wh.map(() => 0)];
  for (const xt of x) {
    const z = add(add(times(xt, Wx), times(h, Wh)), bh);
    c = c.map((v, k) => sigmoid(z[M + k]) * v + sigmoid(z[k]) * Math.tanh(z[2 * M + k]));
    h = c.map((v, k) => ofO(z[3 * M + k]) * Math.tanh(v));
  }
  return h;
}

/** The last h; gates z r g, `inside` of the candidate's input bias within r ⊙ (…). */
function gru(x: Rows, Wx: Rows, Wh: Rows, [b, b2]: Rows, inside: number): number[] {
  const M = Wh.length;
  let h = Wh.map(() => 0);
  for (const xt of x) {
    const [a, u] = [add(times(xt, Wx), b), add(times(h, Wh), b2)];
    h = h.map((v, k) => {
      const [z, r] = [sigmoid(a[k] + u[k]), sigmoid(a[M + k] + u[M + k])];
      const part = inside * b[2 * M + k];
      return z * v + (1 - z) * Math.tanh(a[2 * M + k] - part + r * (u[2 * M + k] + part));
    });
  }
  return h;
}

const layer = ({ of }: Probe, name: string): Simple => ({ Wx: of(`${name}/Wx`), Wh: of(`${name}/Wh`), bh: of(`${name}/bh`) });
const turned = (W: Rows): Rows => W[0].map((_, k) => W.map(row => row[k]));
/** The numbers of W, row after row, in rows of `width`. */
const inRows = (W: Rows, width: number): Rows =>
  Array.from({ length: (W.length * W[0].length) / width }, (_, r) => W.flat().slice(r * width, (r + 1) * width));
/** A kernel [A, G·M] that was reshaped to [G·M, A], as h @ W needs it again. */
const reshapedToTorch = (W: Rows) => turned(inRows(W, W.length));

async function told(request: object, name: string, y: unknown) {
  const { verdict, codes, explanations } = await runCompare({ budget: 0.2, ...request, against: await against(name, y) });
  return { verdict, codes, why: explanations[0]?.why ?? '' };
}

it('out[-1] of a batch-first output is told by its shape and numbers, out[0] is not called so', async () => {
  const { probe: p, request } = await probe('rnn:3,dense:2');
  const every = (n: number) => rnn(p.x.at(n)!, layer(p, 'rnn_1')).map(h => scores(p, h));
  const { verdict, codes, why } = await told(request, 'last-sample', every(-1));
  expect({ verdict, codes }).toEqual({ verdict: 'fits', codes: ['axes-swapped'] });
  expect(why).toContain('out[-1] of [N, T, M] is the last sample');
  expect((await told(request, 'first-sample', every(0))).codes).toEqual([]);
});

it.each([
  ['hard_sigmoid', 1 / 6, ['gate-activation:o']],
  ['hard_sigmoid_keras2', 0.2, ['gate-activation:o']],
  ['hard, with a slope that nobody has', 0.27, []],
])('an output gate that is %s', async (name, slope, expected) => {
  const { probe: p, request } = await probe('lstm:3,dense:2');
  const hard = (v: number) => Math.min(1, Math.max(0, slope * v + 0.5));
  const y = p.x.map(sample => scores(p, lstm(sample, layer(p, 'lstm_1'), hard)));
  expect((await told(request, `gate-${slope}`, y)).codes).toEqual(expected);
  expect(name.startsWith('hard')).toBe(true);
});

it('an output gate without an activation is told', async () => {
  const { probe: p, request } = await probe('lstm:3,dense:2');
  const { codes, why } = await told(
    request,
    'gate-none',
    p.x.map(sample =>
      scores(
        p,
        lstm(sample, layer(p, 'lstm_1'), v => v),
      ),
    ),
  );
  expect(codes).toEqual(['gate-activation:o']);
  expect(why).toContain('The output gate o of lstm_1 goes through no activation');
});

it.each([
  [0, null],
  [1, 'gru-recurrent-bias'],
  [0.5, undefined],
])('a GRU with %d of its input bias inside r ⊙ (…)', async (inside, expected) => {
  const { probe: p, request } = await probe('gru:3,dense:2');
  const { Wx, Wh } = layer(p, 'gru_1');
  const drawn: Rows = p.of('gru_1/bh');
  const y = p.x.map(sample => scores(p, gru(sample, Wx, Wh, drawn, inside)));
  const { codes, why } = await told(request, `gru-${inside}`, y);
  expect(codes).toEqual(expected ? [expected] : []);
  expect(why.includes('is inside r ⊙ (…), too')).toBe(inside === 1);
});

describe('a kernel that was reshaped to PyTorch’s layout', () => {
  it.each<[string, (w: Simple) => Simple, string | undefined]>([
    ['Wx', w => ({ ...w, Wx: reshapedToTorch(w.Wx) }), 'wx-reshaped'],
    ['Wx and Wh', w => ({ ...w, Wx: reshapedToTorch(w.Wx), Wh: reshapedToTorch(w.Wh) }), 'wx-reshaped'],
    ['Wh', w => ({ ...w, Wh: reshapedToTorch(w.Wh) }), 'wx-reshaped:Wh'],
    ['Wx in reverse order', w => ({ ...w, Wx: inRows([w.Wx.flat().reverse()], w.Wx[0].length) }), undefined],
  ])('%s', async (name, change, expected) => {
    const { probe: p, request } = await probe('lstm:3,dense:2');
    const y = p.x.map(sample => scores(p, lstm(sample, change(layer(p, 'lstm_1')))));
    const { codes } = await told(request, `reshaped-${name.replace(/ /g, '-')}`, y);
    expect(codes.filter(code => code.startsWith('wx-reshaped'))).toEqual(expected ? [expected] : []);
  });

  it('Wo', async () => {
    const { probe: p, request } = await probe('rnn:3,dense:2');
    const y = (Wo: Rows) => p.x.map(sample => add(times(rnn(sample, layer(p, 'rnn_1')).at(-1)!, Wo), p.of('dense_1/bo')));
    const Wo: Rows = p.of('dense_1/Wo');
    const { codes, why } = await told(request, 'wo-back', y(reshapedToTorch(Wo)));
    expect(codes).toEqual(['wo-reshaped']);
    expect(why).toContain('PyTorch’s [K, M] by reshape');
    expect((await told(request, 'wo-rolled', y([Wo[1], Wo[2], Wo[0]]))).codes).not.toContain('wo-reshaped');
  });
});

it('a bias in another gate order than its matrices is told, where two gates are exchanged', async () => {
  const { probe: p, request } = await probe('lstm:3,dense:2');
  const y = (order: number[]) => {
    const { bh, ...rest } = layer(p, 'lstm_1');
    return p.x.map(sample => scores(p, lstm(sample, { ...rest, bh: order.flatMap(g => bh.slice(3 * g, 3 * g + 3)) })));
  };
  const { codes, why } = await told(request, 'bias-order', y([2, 1, 0, 3]));
  expect(codes).toEqual(['gate-order:gfio']);
  expect(why).toContain('Only bh is');
  expect((await told(request, 'bias-turned', y([1, 2, 0, 3]))).codes.filter(c => c.startsWith('gate-order'))).toEqual([]);
});

it('many samples that are nearly alike are told to be shuffled, with one of another input among them they are not', async () => {
  const { probe: p, request } = await probe('rnn:3,dense:1');
  const near = Array.from({ length: 40 }, (_, n) => p.x[0].map((xt, t) => xt.map(v => v + 1e-5 * ((n * 7 + t) % 40))));
  const own = { ...request, input: await against('near-x', near) };
  const right = near.map(sample => scores(p, rnn(sample, layer(p, 'rnn_1')).at(-1)!));
  const shuffled = right.map((_, n) => right[(n * 13 + 5) % 40]);
  expect((await told(own, 'shuffled', shuffled)).codes).toEqual(['samples-permuted']);
  const one = shuffled.map((row, n) => (n === 7 ? row.map(v => v + 0.01) : row));
  expect((await told(own, 'shuffled-but-one', one)).codes).not.toContain('samples-permuted');
});

it('a layer that runs over the padding, and is zeroed there, is told; one that starts there from another state is not', async () => {
  const { probe: p, request } = await probe('birnn:3+seq,dense:2');
  const lengths = [6, 4, 3];
  const both = (sample: Rows, n: number, start?: number[]) => {
    const forward = rnn(sample, layer(p, 'rnn_1/forward'));
    const backward = rnn([...sample].reverse(), layer(p, 'rnn_1/backward'), start).reverse();
    return forward.map((h, t) => scores(p, t < lengths[n] ? [...h, ...backward[t]] : Array(6).fill(0)));
  };
  const padded = { ...request, lengths: lengths.join(',') };
  const { codes, why } = await told(
    padded,
    'zeroed',
    p.x.map((sample, n) => both(sample, n)),
  );
  expect(codes).toEqual(['mask-one-way']);
  expect(why).toContain('rnn_1 runs over the padding, and its output there is set to zero');
  const started = await told(
    padded,
    'zeroed-from-ones',
    p.x.map((sample, n) => both(sample, n, [1, -1, 0.5])),
  );
  expect(started.codes).not.toContain('mask-one-way');
});

it('offsets of as many features as the layer has sums are said to be a bias as well, and are likely at most', async () => {
  const many = await probe('rnn:2+seq,dense:3', 5);
  const biased = (p: Probe) => {
    const { bh, ...rest } = layer(p, 'rnn_1');
    return p.x.map(sample => rnn(sample, { ...rest, bh: bh.map((v, k) => v + 0.3 - 0.5 * k) }).map(h => scores(p, h)));
  };
  const free = await told(many.request, 'free-offsets', biased(many.probe));
  expect(free).toMatchObject({ verdict: 'likely', codes: ['input-scaled-by'] });
  expect(free.why).toContain('Another bias of the first layer would do the same.');
  const few = await probe('rnn:3+seq,dense:3', 2);
  const moved = few.probe.x.map(sample =>
    rnn(
      sample.map(([a, b]) => [a + 0.3, b - 0.2]),
      layer(few.probe, 'rnn_1'),
    ).map(h => scores(few.probe, h)),
  );
  expect(await told(few.request, 'offsets', moved)).toMatchObject({ verdict: 'fits', codes: ['input-scaled-by'] });
});

import { runCompare } from '../../src/run/compare.js';
import { temporaryFolder } from '../helpers/files.js';
import { add, type Probe, probesIn, type Rows, times } from '../helpers/probes.js';

/** Ports of an LSTM with a mistake in it, as loops of the test's own, and outputs in other layouts. */
jest.setTimeout(60_000);

const folder = temporaryFolder();
const { probe, against } = probesIn(folder);

const sigmoid = (v: number) => 1 / (1 + Math.exp(-v));

interface Lstm {
  Wx: Rows;
  Wh: Rows;
  b: number[];
  /** [3, M] of i, o, f */
  p?: Rows;
}

/** Gates i f g o; the last h, and every h and c. */
function lstm(x: Rows, { Wx, Wh, b, p }: Lstm, start?: { h: number[]; c: number[] }) {
  const M = Wh.length;
  const zeros = Array(M).fill(0);
  let { h, c } = start ?? { h: zeros, c: zeros };
  const hs: Rows = [];
  for (const xt of x) {
    const z = add(add(times(xt, Wx), times(h, Wh)), b);
    const see = (g: number, k: number, cell: number) => z[g * M + k] + (p ? p[[0, 2, 2, 1][g]][k] * cell : 0);
    const next = c.map((v, k) => sigmoid(see(1, k, v)) * v + sigmoid(see(0, k, v)) * Math.tanh(z[2 * M + k]));
    h = next.map((v, k) => sigmoid(see(3, k, v)) * Math.tanh(v));
    c = next;
    hs.push(h);
  }
  return { h, c, hs };
}

const weightsOf = ({ of }: Probe, layer: string): Lstm => ({ Wx: of(`${layer}/Wx`), Wh: of(`${layer}/Wh`), b: of(`${layer}/bh`) });
const headOf = ({ of }: Probe, h: number[]) => add(times(h, of('dense_1/Wo')), of('dense_1/bo'));

describe('a port of an LSTM', () => {
  const [M, G] = [3, 4];
  /** Columns of the gates in another order. */
  const reordered = (row: number[], order: number[]) => order.flatMap(g => row.slice(g * M, (g + 1) * M));
  const byRows = (W: Rows) => {
    const flat = W.flat();
    return W.map((row, r) => row.map((_, k) => flat[Math.floor(k / M) * W.length * M + r * M + (k % M)]));
  };
  const plus = (by: number[]) => (v: number, k: number) => v + by[Math.floor(k / M)];

  it.each<[string, string, (w: Lstm) => Lstm]>([
    ['whose gates are cut out by reshape', 'gates-split-by-rows', w => ({ ...w, Wx: byRows(w.Wx), Wh: byRows(w.Wh) })],
    ['whose recurrent gates alone are cut out by reshape', 'gates-split-by-rows', w => ({ ...w, Wh: byRows(w.Wh) })],
    ['that adds the forget bias to the candidate', 'forget-bias-plus-1', w => ({ ...w, b: w.b.map(plus([0, 0, 1, 0])) })],
    [
      'that takes the gates of TensorFlow 1 for i f g o and adds 1 to the second',
      'forget-bias-plus-1:ifgo-for-ijfo',
      w => {
        const order = [0, 2, 1, 3];
        const [Wx, Wh] = [w.Wx, w.Wh].map(W => W.map(row => reordered(row, order)));
        return { Wx, Wh, b: reordered(w.b, order).map(plus([0, 1, 0, 0])) };
      },
    ],
  ])('%s is told by %s', async (_, code, change) => {
    const { probe: p, request } = await probe(`lstm:${M},dense:2`);
    expect(weightsOf(p, 'lstm_1').b).toHaveLength(G * M);
    const run = (w: Lstm) => p.x.map(sample => headOf(p, lstm(sample, w).h));
    expect(await runCompare({ ...request, against: await against('right', run(weightsOf(p, 'lstm_1'))) })).toMatchObject({ equal: true });
    const wrong = await runCompare({ ...request, against: await against('wrong', run(change(weightsOf(p, 'lstm_1')))) });
    expect(wrong).toMatchObject({ verdict: 'fits', codes: [code] });
  });

  it('without its peepholes, or with those of f and o exchanged, is told', async () => {
    const { probe: p, request } = await probe(`lstm:${M}+peepholes,dense:2`);
    const w = weightsOf(p, 'lstm_1');
    const right = p.x.map(sample => headOf(p, lstm(sample, { ...w, p: p.of('lstm_1/p') }).h));
    expect(await runCompare({ ...request, against: await against('peepholes', right) })).toMatchObject({ equal: true });
    const wrong = p.x.map(sample => headOf(p, lstm(sample, w).h));
    expect(await runCompare({ ...request, against: await against('no-peepholes', wrong) })).toMatchObject({ codes: ['peepholes:missing'] });
    const [pi, po, pf] = p.of('lstm_1/p');
    const exchanged = p.x.map(sample => headOf(p, lstm(sample, { ...w, p: [pi, pf, po] }).h));
    expect(await runCompare({ ...request, against: await against('exchanged', exchanged) })).toMatchObject({ codes: ['peepholes:order'] });
  });

  it.each([
    ['h', 'its c starts from zeros'],
    ['c', 'its h starts from zeros'],
  ] as const)('that keeps only the %s of the call before is told', async (kept, words) => {
    const { probe: p, request } = await probe(`lstm:${M},dense:2`);
    const w = weightsOf(p, 'lstm_1');
    const zeros = Array(M).fill(0);
    const y = p.x.map(sample => headOf(p, lstm(sample, w, { h: zeros, c: zeros, [kept]: lstm(sample, w)[kept] }).h));
    const { codes, explanations } = await runCompare({ ...request, against: await against(`kept-${kept}`, y) });
    expect([codes, explanations[0].why.includes(words)]).toEqual([['state-previous-call'], true]);
  });
});

describe('states of a bidirectional LSTM with an axis for its directions', () => {
  const both = (p: Probe, sample: Rows) => {
    const backward = lstm([...sample].reverse(), weightsOf(p, 'lstm_1/backward'));
    return [lstm(sample, weightsOf(p, 'lstm_1/forward')), { ...backward, hs: [...backward.hs].reverse() }];
  };

  it('are read as h_n [2, N, M]', async () => {
    const { probe: p, request } = await probe('bilstm:4,dense:2');
    const h_n = [0, 1].map(d => p.x.map(sample => both(p, sample)[d].h));
    const { verdict, codes, explanations } = await runCompare({ ...request, against: await against('h_n', h_n) });
    expect({ verdict, codes }).toEqual({ verdict: 'fits', codes: ['head-missing'] });
    expect(explanations[0].why).toContain('the last hidden state of lstm_1 [3, 8] with its axes in the order [2, N, M]');
  });

  it.each(['forward', 'backward'])('are told where the %s one alone was taken', async way => {
    const { probe: p, request } = await probe('bilstm:4,dense:2');
    const own = p.x.map(sample => both(p, sample)[way === 'forward' ? 0 : 1].h);
    const { verdict, codes, explanations } = await runCompare({ ...request, against: await against(`h_n-${way}`, own) });
    expect({ verdict, codes }).toEqual({ verdict: 'fits', codes: ['head-missing'] });
    expect(explanations[0].why).toContain(`the last hidden state of the ${way} direction of lstm_1 alone [3, 4]: the numbers are equal`);
  });

  it('are read as Y [T, 2, N, M]', async () => {
    const { probe: p, request } = await probe('bilstm:4+seq,dense:2');
    const Y = p.x[0].map((_, t) => [0, 1].map(d => p.x.map(sample => both(p, sample)[d].hs[t])));
    const { verdict, codes, explanations } = await runCompare({ ...request, against: await against('Y', Y) });
    expect({ verdict, codes }).toEqual({ verdict: 'fits', codes: ['head-missing'] });
    expect(explanations[0].why).toContain('in the order [T, 2, N, M], 2 being the directions');
  });
});

it('a NaN up to a step is no proof that h is right where a direction runs backwards', async () => {
  for (const [layers, proven] of [
    ['lstm:4+seq,dense:2', true],
    ['bilstm:4+seq,dense:2', false],
  ] as const) {
    const { probe: p, request } = await probe(layers);
    const y = p.x.map((sample, n) => sample.map((_, t) => (n === 0 && t < 3 ? [Number.NaN, Number.NaN] : [0.1, 0.2])));
    // what is said of the places needs no pairs of mistakes
    const { evidence } = await runCompare({ ...request, budget: 0, against: await against(`nan-${layers.length}`, y) });
    expect(evidence.some(sentence => sentence.includes('so h is right'))).toBe(proven);
  }
});

it('what fits the samples after a NaN must fit those before it', async () => {
  const { probe: p, request } = await probe('lstm:4,dense:2');
  const more = [...p.x, ...p.x.map(sample => [...sample].reverse())];
  const right = more.map(sample => headOf(p, lstm(sample, weightsOf(p, 'lstm_1')).h));
  const run = async (name: string, first: number[]) => {
    const y = right.map((row, n) => (n === 0 ? first : n === 1 ? [Number.NaN, Number.NaN] : row.map((v, k) => (k + 1.5) * v + 0.25)));
    return (await runCompare({ ...request, input: await against('more-x', more), against: await against(name, y) })).codes;
  };
  expect(await run('only-behind', right[0])).toEqual([]);
});

describe('an output in 16 bits', () => {
  const half = (v: number, bits = 10) => {
    const unit = 2 ** (Math.floor(Math.log2(Math.abs(v))) - bits);
    return Math.round(v / unit) * unit;
  };

  it('printed by torch is equal to the bfloat16 written', async () => {
    const { probe: p, request } = await probe('lstm:3,dense:2');
    const y = p.x.map(sample => headOf(p, lstm(sample, weightsOf(p, 'lstm_1')).h));
    const cut = y.map(row => row.map(v => half(v, 7)));
    const text = `tensor(${JSON.stringify(cut.map(row => row.map(v => Number(v.toFixed(4)))))}, dtype=torch.bfloat16)\n`;
    const { status } = await runCompare({ ...request, against: folder.write('y.txt', Buffer.from(text)) });
    expect(['SAME', 'UNDECIDED']).toContain(status);
  });

  it('shows how x was scaled, although large numbers were rounded by more than small ones', async () => {
    const { probe: p, request } = await probe('lstm:3,dense:5');
    const w = weightsOf(p, 'lstm_1');
    const y = p.x.map(sample =>
      headOf(
        p,
        lstm(
          sample.map(xt => xt.map(v => 3.13 * v)),
          w,
        ).h.map(Math.fround),
      ).map(v => half(v)),
    );
    const text = Buffer.from(`array(${JSON.stringify(y)}, dtype=float16)\n`);
    const { codes, explanations } = await runCompare({ ...request, against: folder.write('scaled.txt', text) });
    expect([codes, Number(/for ([\d.]+) · x/.exec(explanations[0].why)?.[1])]).toEqual([['input-scaled-by'], expect.closeTo(3.13, 2)]);
  });
});

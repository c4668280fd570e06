import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HYPOTHESES } from '../../src/diagnosis/hypotheses.js';
import { errorPage, TERMS } from '../../src/diagnosis/pages/index.js';
import { rank } from '../../src/diagnosis/ranking.js';
import type { Trial } from '../../src/diagnosis/trial.js';
import { runCompare } from '../../src/run/compare.js';
import { runExplain } from '../../src/run/explain.js';
import { runForward } from '../../src/run/forward.js';
import type { CompareRequest } from '../../src/run/request.js';
import { bytesOf, temporaryFolder } from '../helpers/files.js';
import { add, type Probe, probesIn, times } from '../helpers/probes.js';

/** What compare says of outputs made by loops of the test's own; the large corpus is scripts/corpus.mjs. */
jest.setTimeout(60_000);

const folder = temporaryFolder();

const { probe, against } = probesIn(folder);

/** Every h of one layer, as it should be. */
function hidden({ x, of }: Probe, start: () => number[]): number[][][] {
  return x.map(sample => {
    let h = start();
    return sample.map(xt => {
      h = add(add(times(xt, of('rnn_1/Wx')), times(h, of('rnn_1/Wh'))), of('rnn_1/bh')).map(Math.tanh);
      return h;
    });
  });
}

it('hidden states are compared with hidden states', async () => {
  const { probe: p, request } = await probe('rnn:3,dense:2');
  const right = hidden(p, () => [0, 0, 0]);
  const missing = await runCompare({ ...request, against: await against('h', right) });
  expect(missing).toMatchObject({ equal: false, verdict: 'fits', codes: ['head-missing'] });
  expect(await runCompare({ ...request, against: await against('h', right), states: true })).toMatchObject({
    equal: true,
    view: `the hidden states of rnn_1 [${right.length}, ${right[0].length}, 3]`,
  });
  right[1][2][0] += 0.1;
  const off = await runCompare({ ...request, against: await against('h-off', right) });
  expect(off).toMatchObject({ equal: false, firstDifference: { sample: 1, step: 2, layer: 'rnn_1' } });
});

it('a state that leaks shows in y at every step, from the second sample on', async () => {
  const { probe: p, request } = await probe('rnn:3,dense:2');
  let h = [0, 0, 0];
  const y = p.x.map(sample =>
    sample.map(xt => {
      h = add(add(times(xt, p.of('rnn_1/Wx')), times(h, p.of('rnn_1/Wh'))), p.of('rnn_1/bh')).map(Math.tanh);
      return add(times(h, p.of('dense_1/Wo')), p.of('dense_1/bo'));
    }),
  );
  const result = await runCompare({ ...request, against: await against('leak', y) });
  expect(result).toMatchObject({ verdict: 'fits', firstDifference: { sample: 1, step: 0, layer: 'rnn_1' } });
  expect(result.explanations[0]).toMatchObject({ code: 'state-carry', layers: ['rnn_1'] });
});

it('one huge sample hides no mistake in the others: each value has its own noise', async () => {
  const { probe: p, request } = await probe('rnn:3@linear,dense:2');
  const x = p.x.map((sample, n) => sample.map(xt => xt.map(v => (n === 2 ? 1e6 * v : v))));
  const run = (carried: boolean) => {
    let h = [0, 0, 0];
    return x.map(sample => {
      if (!carried) h = [0, 0, 0];
      for (const xt of sample) h = add(add(times(xt, p.of('rnn_1/Wx')), times(h, p.of('rnn_1/Wh'))), p.of('rnn_1/bh'));
      return add(times(h, p.of('dense_1/Wo')), p.of('dense_1/bo'));
    });
  };
  const [right, wrong] = [run(false), run(true)];
  // the largest difference that the mistake makes is less than the rounding of the huge sample
  const off = Math.max(...right.slice(0, 2).flatMap((row, n) => row.map((v, k) => Math.abs(v - wrong[n][k]))));
  const magnitude = Math.max(...right[2].map(Math.abs));
  expect([off > 1e-4, off < 10 * 2 ** -24 * magnitude]).toEqual([true, true]);
  const input = await against('huge-x', x);
  const result = await runCompare({ ...request, input, against: await against('huge', wrong) });
  expect(result).toMatchObject({ verdict: 'fits', codes: ['state-carry'], firstDifference: { sample: 1, step: 0 } });
});

it('a cause whose numbers come from y is not proved by those that are right anyway', async () => {
  const { tensors } = await runForward({ N: 1, K: 3, engine: 'manual' });
  // one of three outputs is 0: its bias could be any number
  const data = Float64Array.from(tensors.y.data, (v, k) => (k === 1 ? 0 : v));
  const path = folder.write('zeroed.npy', await bytesOf('npy', { npy: { shape: [1, 3], data } }));
  expect(await runCompare({ N: 1, K: 3, against: path })).toMatchObject({ verdict: 'unexplained', codes: [] });
});

it('a mistake that leaves fewer steps than a convolution needs is none, and no crash', async () => {
  const call = { layers: 'conv:2x3,rnn:3,dense:2', N: 2, T: 6, D: 2, init: 'torch' as const };
  const { tensors } = await runForward({ ...call, seed: '7' });
  const against = folder.write('conv.npy', await bytesOf('npy', { npy: tensors.y }));
  expect(await runCompare({ ...call, against, budget: 0.1 })).toMatchObject({ status: 'DIFFERENT', verdict: 'unexplained' });
});

it('every step of a right output where the last was asked is head-every-step, not a mistake of the recurrence', async () => {
  const { probe: p, request } = await probe('rnn:3,dense:2');
  const y = hidden(p, () => [0, 0, 0]).map(rows => rows.map(h => add(times(h, p.of('dense_1/Wo')), p.of('dense_1/bo'))));
  const result = await runCompare({ ...request, against: await against('every', y) });
  expect(result).toMatchObject({ equal: false, exit: 1 });
  expect(result.explanations[0]).toMatchObject({ code: 'head-every-step', verdict: 'fits' });
});

it('a dense layer on the input is told from the numbers', async () => {
  const { probe: p, request } = await probe('rnn:3,dense:2');
  const y = p.x.map(sample => sample.map(([a, b]) => [0.3 * a - 0.2 * b + 1, b - 0.7 * a]));
  expect((await runCompare({ ...request, against: await against('on-input', y) })).explanations[0]).toMatchObject({
    code: 'head-on-input',
    verdict: 'fits',
  });
});

it('samples in another order are named with their order', async () => {
  const { tensors } = await runForward({ N: 4, engine: 'manual' });
  const data = Float64Array.from([2, 0, 3, 1].flatMap(n => [...tensors.y.data.slice(2 * n, 2 * n + 2)]));
  const path = folder.write('permuted.npy', await bytesOf('npy', { npy: { shape: [4, 2], data } }));
  const result = await runCompare({ N: 4, against: path });
  expect(result.explanations[0]).toMatchObject({ code: 'samples-permuted', verdict: 'fits' });
  expect(result.explanations[0].why).toContain('3, 1, 4, 2');
});

it('mistakes with the same y are a tie, and the input that shows which is said', async () => {
  // Keras' LSTM starts from biases that are zero but for the forget gate's 1: twice that is 1 more
  const result = await runCompare({ cell: 'lstm', N: 4, simulate: 'bias-twice@lstm_1' });
  expect(result.verdict).toBe('tie');
  expect([...result.codes].sort()).toEqual(['bias-twice', 'forget-bias-plus-1']);
  expect(result.explanations.filter(e => e.verdict === 'tie').map(e => e.code)).toEqual(result.codes);
  expect(result.tellApart).toContain('no input of up to 4 samples');
});

it('two mistakes at once are named as a pair', async () => {
  const result = await runCompare({ N: 4, init: 'torch', simulate: 'wh-transposed+bias-missing@rnn_1', budget: 20 });
  expect(result.verdict).toBe('fits');
  expect([...result.explanations[0].codes].sort()).toEqual(['bias-missing', 'wh-transposed']);
});

it('says what zero biases and one sample hide', async () => {
  const { cannotDetect } = await runCompare({});
  expect(cannotDetect).toEqual(expect.arrayContaining(['state-carry', 'bias-missing', 'bias-twice', 'samples-permuted']));
  // a fading Wh over many steps: what all samples share shows, what passes from one to the next does not
  const long = await runCompare({ cell: 'gru', N: 3, T: 80, M: [3], init: 'torch' });
  expect(long.cannotDetect).toContain('state-carry');
  const shown = await runCompare({ N: 4, init: 'torch' });
  for (const code of ['state-carry', 'bias-missing', 'wh-transposed']) expect(shown.cannotDetect).not.toContain(code);
});

it('a loop that starts one step late is found in each direction of a bidirectional layer, and where its rows stay zero', async () => {
  const { probe: p, request } = await probe('birnn:3+seq,dense:2');
  const way = (prefix: string, xs: number[][], order: number[]) => {
    let h = [0, 0, 0];
    const rows = xs.map(() => [0, 0, 0]);
    for (const t of order.slice(1)) {
      h = add(add(times(xs[t], p.of(`${prefix}/Wx`)), times(h, p.of(`${prefix}/Wh`))), p.of(`${prefix}/bh`)).map(Math.tanh);
      rows[t] = h;
    }
    return rows;
  };
  const y = p.x.map(xs => {
    const order = xs.map((_, t) => t);
    const forward = way('rnn_1/forward', xs, order);
    const backward = way('rnn_1/backward', xs, order.reverse());
    return forward.map((h, t) => add(times([...h, ...backward[t]], p.of('dense_1/Wo')), p.of('dense_1/bo')));
  });
  const { verdict, explanations } = await runCompare({ ...request, against: await against('late', y) });
  expect([verdict, explanations[0].code]).toEqual(['fits', 'starts-late']);
});

it("a GRU whose z keeps the candidate is told from the paper's other form", async () => {
  const { probe: p, request } = await probe('gru:3,dense:2');
  const sigmoid = (v: number) => 1 / (1 + Math.exp(-v));
  const y = p.x.map(xs => {
    let h = [0, 0, 0];
    for (const x of xs) {
      const a = add(times(x, p.of('gru_1/Wx')), p.of('gru_1/bh')[0]);
      const u = add(times(h, p.of('gru_1/Wh')), p.of('gru_1/bh')[1]);
      h = h.map((old, m) => {
        const [z, r] = [sigmoid(a[m] + u[m]), sigmoid(a[3 + m] + u[3 + m])];
        return (1 - z) * old + z * Math.tanh(a[6 + m] + r * u[6 + m]);
      });
    }
    return add(times(h, p.of('dense_1/Wo')), p.of('dense_1/bo'));
  });
  const { verdict, explanations } = await runCompare({ ...request, against: await against('update', y) });
  expect([verdict, explanations[0].code]).toEqual(['fits', 'gru-update-swapped']);
});

/** A GRU as its equations are, reset after the product: y of every sample from the weights of the probe, each changed on its way in. */
function gruOf({ x, of }: Probe, change: (weight: string, w: any) => any): number[][] {
  const [Wx, Wh, bh, Wo, bo] = ['gru_1/Wx', 'gru_1/Wh', 'gru_1/bh', 'dense_1/Wo', 'dense_1/bo'].map(name => change(name, of(name)));
  const sigmoid = (v: number) => 1 / (1 + Math.exp(-v));
  const M = Wh.length;
  return x.map(xs => {
    let h: number[] = Array(M).fill(0);
    for (const one of xs) {
      const a = add(times(one, Wx), bh[0]);
      const u = add(times(h, Wh), bh[1]);
      h = h.map((old, m) => {
        const [z, r] = [sigmoid(a[m] + u[m]), sigmoid(a[M + m] + u[M + m])];
        return z * old + (1 - z) * Math.tanh(a[2 * M + m] + r * u[2 * M + m]);
      });
    }
    return add(times(h, Wo), bo);
  });
}

it.each([
  ['the matrices alone', 'gate-order:rzg', 'Only the matrices are', (name: string) => /W[xh]$/.test(name)],
  ['the bias alone', 'gate-order:rzg', 'Only the bias is', (name: string) => name.endsWith('bh')],
])('gates in another order in %s are named so', async (where, code, words, wanted) => {
  const { probe: p, request } = await probe('gru:3,dense:2');
  const exchanged = (row: number[]) => [...row.slice(3, 6), ...row.slice(0, 3), ...row.slice(6)];
  const y = gruOf(p, (name, w) => (wanted(name) ? w.map(exchanged) : w));
  const { verdict, explanations } = await runCompare({ ...request, against: await against(where, y) });
  expect([verdict, explanations[0].code]).toEqual(['fits', code]);
  expect(explanations[0].why).toContain(words);
});

it('bfloat16 is named where one kind of tensor alone was rounded', async () => {
  const { probe: p, request } = await probe('gru:3,dense:2');
  const rounded = (v: number) => {
    const bits = new Uint32Array(new Float32Array([v]).buffer)[0];
    return new Float32Array(new Uint32Array([(bits + 0x7fff + ((bits >>> 16) & 1)) & 0xffff0000]).buffer)[0];
  };
  const y = gruOf(p, (name, w) => (name === 'gru_1/Wh' ? w.map((row: number[]) => row.map(rounded)) : w));
  const { verdict, explanations } = await runCompare({ ...request, against: await against('narrow-wh', y) });
  expect([verdict, explanations[0].code]).toEqual(['fits', 'bfloat16']);
  expect(explanations[0].why).toContain('The recurrent weights Wh were rounded');
});

it('x reshaped to [T, N, D] and run with T samples is axes-swapped', async () => {
  const { probe: p, request } = await probe('gru:3,dense:2');
  const [N, T] = [p.x.length, p.x[0].length];
  const rows = p.x.flat();
  const x = Array.from({ length: T }, (_, t) => rows.slice(t * N, (t + 1) * N));
  const y = gruOf({ ...p, x }, (_, w) => w);
  const { verdict, explanations } = await runCompare({ ...request, against: await against('reshaped-x', y) });
  expect([verdict, explanations[0].code]).toEqual(['fits', 'axes-swapped']);
});

it('the fix of a gate order brings the blocks to where they are read', async () => {
  const { explanations } = await runCompare({ cell: 'lstm', N: 4, init: 'torch', simulate: 'gate-order:iofg' });
  expect(explanations[0]).toMatchObject({ code: 'gate-order:iofg', verdict: 'fits' });
  const taken = /for b in \(([^)]*)\)/.exec(explanations[0].fixes.keras!)![1].split(', ').map(Number);
  // the weights stand as i f g o; the code splits them into i, o, f, g
  expect(taken.map(b => 'ifgo'[b]).join('')).toBe('iofg');
});

/** An LSTM as its equations are: y of every sample; `step` turns the four sums of a unit and its c into the new h and c, `after` both states of a step. */
function lstmOf({ x, of }: Probe, step = lstmUnit, after = (h: number[], c: number[]) => [h, c]): number[][] {
  const M = 3;
  return x.map(xs => {
    let [h, c]: number[][] = [Array(M).fill(0), Array(M).fill(0)];
    for (const one of xs) {
      const sums = add(add(times(one, of('lstm_1/Wx')), times(h, of('lstm_1/Wh'))), of('lstm_1/bh'));
      const units = c.map((old, m) =>
        step(
          [0, 1, 2, 3].map(g => sums[g * M + m]),
          old,
        ),
      );
      [h, c] = after(
        units.map(u => u[0]),
        units.map(u => u[1]),
      );
    }
    return add(times(h, of('dense_1/Wo')), of('dense_1/bo'));
  });
}

const logistic = (v: number) => 1 / (1 + Math.exp(-v));

function lstmUnit([i, f, g, o]: number[], c: number, output = logistic, forget = logistic): [number, number] {
  const next = forget(f) * c + logistic(i) * Math.tanh(g);
  return [output(o) * Math.tanh(next), next];
}

it.each<[string, (p: Probe) => number[][]]>([
  ['states-swapped', p => lstmOf(p, lstmUnit, (h, c) => [c, h])],
  ['gate-inverted:f', p => lstmOf(p, (sums, c) => lstmUnit(sums, c, logistic, v => 1 - logistic(v)))],
  ['gate-activation:o', p => lstmOf(p, (sums, c) => lstmUnit(sums, c, Math.tanh))],
])('an LSTM that is wrong by %s', async (code, loop) => {
  const { probe: p, request } = await probe('lstm:3,dense:2');
  const result = await runCompare({ ...request, against: await against(code.replace(':', '-'), loop(p)) });
  expect([result.verdict, result.codes]).toEqual(['fits', [code]]);
});

it.each([
  ['lstm_1/Wh', 1, 7, 'fits'],
  // one of the two numbers that differ gives the size of the damage, and a single number is left to prove it
  ['dense_1/Wo', 2, 1, 'likely'],
])('one wrong number of %s is found with its place', async (weight, row, column, certainty) => {
  const { probe: p, request } = await probe('lstm:3,dense:2');
  const damaged = (name: string) =>
    name === weight
      ? p.of(name).map((line: number[], r: number) => line.map((v, k) => (r === row && k === column ? v + 0.9 : v)))
      : p.of(name);
  const y = lstmOf({ x: p.x, of: damaged });
  const { verdict, explanations } = await runCompare({ ...request, against: await against(`damaged-${row}`, y) });
  expect([verdict, explanations[0].code]).toEqual([certainty, 'weight-damaged']);
  expect(explanations[0].why).toContain(`${weight.split('/')[1]}[${row}, ${column}]`);
});

it.each<[string, (mean: number, variance: number, h: number, gamma: number, beta: number, column: number[]) => number]>([
  ['normalization:epsilon', (mean, variance, h, gamma, beta) => ((h - mean) / Math.sqrt(variance + 1e-5)) * gamma + beta],
  ['normalization:root', (mean, variance, h, gamma, beta) => ((h - mean) / (variance + 1e-3)) * gamma + beta],
  ['normalization:scale', (mean, variance, h) => (h - mean) / Math.sqrt(variance + 1e-3)],
  ['normalization:skipped', (_mean, _variance, h) => h],
  [
    'normalization:training',
    (_mean, _variance, h, gamma, beta, column) => {
      const mean = column.reduce((a, b) => a + b, 0) / column.length;
      const variance = column.reduce((a, b) => a + (b - mean) ** 2, 0) / column.length;
      return ((h - mean) / Math.sqrt(variance + 1e-3)) * gamma + beta;
    },
  ],
])('a BatchNormalization between two layers that is wrong by %s', async (code, norm) => {
  const layers = 'rnn:3+seq,batchnorm,rnn:2,dense:2';
  const { probe: p, request } = await probe(layers);
  const statistics: Record<string, number[]> = {
    mean: [0.1, -0.2, 0.3],
    variance: [0.4, 0.2, 0.7],
    gamma: [1.1, 0.8, -1.3],
    beta: [0.2, -0.1, 0.05],
  };
  const own = (name: string) => statistics[name.replace('batchnorm_1/', '')] ?? p.of(name);
  const names = ['rnn_1/Wx', 'rnn_1/Wh', 'rnn_1/bh', 'rnn_2/Wx', 'rnn_2/Wh', 'rnn_2/bh', 'dense_1/Wo', 'dense_1/bo'];
  const all = [...names, ...Object.keys(statistics).map(s => `batchnorm_1/${s}`)].map(name => {
    const t: any = own(name);
    const shape = Array.isArray(t[0]) ? [t.length, t[0].length] : [t.length];
    return [name, { shape, data: Float64Array.from(t.flat()) }] as const;
  });
  const weights = folder.write('norm.npz', await bytesOf('npz', Object.fromEntries(all)));
  const run = (rows: number[][], name: string) => {
    let h = p.of(`${name}/bh`).map(() => 0);
    return rows.map(r => {
      h = add(add(times(r, p.of(`${name}/Wx`)), times(h, p.of(`${name}/Wh`))), p.of(`${name}/bh`)).map(Math.tanh);
      return h;
    });
  };
  const below = p.x.map(xs => run(xs, 'rnn_1'));
  const { mean, variance, gamma, beta } = statistics;
  const column = (m: number) => below.flatMap(rows => rows.map(h => h[m]));
  const y = below.map(rows => {
    const seen = rows.map(h => h.map((v: number, m: number) => norm(mean[m], variance[m], v, gamma[m], beta[m], column(m))));
    return add(times(run(seen, 'rnn_2').at(-1)!, p.of('dense_1/Wo')), p.of('dense_1/bo'));
  });
  const result = await runCompare({ ...request, weights, against: await against(code.replace(':', '-'), y) });
  expect([result.verdict, result.codes]).toEqual(['fits', [code]]);
});

it.each([
  ['rnn', 'h = np.zeros(M)', 'h = np.tanh(x[n,t] @ Wx + h @ Wh + bh)', 'out, h_n = rnn('],
  ['gru', 'h = np.zeros(M)', 'a = x[n,t] @ Wx + b; u = h @ Wh + b2; h = gates(a, u, h)', 'out, h_n = rnn('],
  ['lstm', 'h, c = np.zeros(M), np.zeros(M)', 'z = x[n,t] @ Wx + h @ Wh + bh; h, c = gates(z, c)', 'out, (h_n, c_n) = rnn('],
] as const)('the fix of a carried state is the loop of %s', async (cell, zeros, step, torch) => {
  const { explanations } = await runCompare({ cell, N: 4, simulate: 'state-carry' });
  expect(explanations[0].code).toBe('state-carry');
  const lines = explanations[0].fix.split('\n').map(line => line.trim());
  expect(lines).toEqual(['for n in range(N):', expect.stringContaining(zeros), `for t in range(T): ${step}`]);
  expect(explanations[0].fixes.torch).toContain(torch);
});

it('the fix is in the language of the file', async () => {
  const network: CompareRequest = { layers: 'lstm:3,dense:2', D: 2, T: 4, N: 3, framework: 'torch' };
  const torch = await runCompare({ ...network, simulate: 'state-reset' });
  expect(torch.explanations[0].fix).toContain('out, (h_n, c_n) = rnn(x)');
  const { framework: _, ...keras } = network;
  expect((await runCompare({ ...keras, simulate: 'state-reset' })).explanations[0].fix).toContain('h, c = np.zeros(M), np.zeros(M)');
});

it('leaky_relu is told with the slope of the framework it comes from', async () => {
  const { probe: p, request } = await probe('rnn:3,dense:2');
  const y = p.x.map(xs => {
    let h = [0, 0, 0];
    for (const x of xs)
      h = add(add(times(x, p.of('rnn_1/Wx')), times(h, p.of('rnn_1/Wh'))), p.of('rnn_1/bh')).map(v => (v >= 0 ? v : 0.01 * v));
    return add(times(h, p.of('dense_1/Wo')), p.of('dense_1/bo'));
  });
  const { verdict, explanations } = await runCompare({ ...request, against: await against('leaky', y) });
  expect([verdict, explanations[0].code]).toEqual(['fits', 'activation:leaky_relu']);
  expect(explanations[0].why).toContain('leaky_relu(negative_slope=0.01)');
});

describe('what leaves more than the noise', () => {
  const trial = (code: string, residual: number): Trial => ({
    codes: code.split('+'),
    layers: code.split('+').map(() => null),
    parts: code.split('+').map(name => ({ hypothesis: HYPOTHESES[0], variant: { code: name, layer: null, change: s => s } })),
    residual: residual / 1e-7,
    left: residual,
    floor: 1,
    chosen: 0,
    values: 5,
    order: 0,
    why: '',
  });
  const likely = (...trials: Trial[]) =>
    rank(trials, { asSpecified: 0.55 / 1e-7 }, 10_000)
      .findings.filter(f => f.verdict !== 'rejected')
      .map(f => [f.code, f.verdict]);

  it('is likely where it leaves far less than anything else', () => {
    expect(likely(trial('bias-twice', 0.004), trial('first-step', 0.1))).toEqual([['bias-twice', 'likely']]);
    expect(likely(trial('bias-twice', 0.004), trial('first-step', 0.02))).toEqual([]);
    expect(likely(trial('bias-twice', 0.007), trial('first-step', 0.1))).toEqual([]);
  });

  it('is the mistake alone where another one takes little away', () => {
    const pair = trial('starts-late+bias-twice', 0.003);
    expect(likely(pair, trial('bias-twice', 0.004), trial('first-step', 0.1))).toEqual([['bias-twice', 'likely']]);
    expect(likely(pair, trial('bias-twice', 0.05), trial('first-step', 0.1))).toEqual([['starts-late+bias-twice', 'likely']]);
    expect(likely(pair, trial('bias-twice', 0.02))).toEqual([]);
  });

  it('is none where what is near is the mean of each output alone: in a saturated network all rows are alike', () => {
    const verdictOf = (trials: Trial[], spread: number) =>
      rank(trials, { asSpecified: 0.55 / 1e-7, beside: far => (spread > far ? 5 : 0) }, 10_000).verdict;
    for (const near of ['bias-twice', 'starts-late+bias-twice'])
      expect([0.02, 0.05].map(spread => verdictOf([trial(near, 0.004), trial('first-step', 0.1)], spread))).toEqual([
        'unexplained',
        'likely',
      ]);
  });

  it('is no further ahead than the difference that was there', () => {
    const alone = (asSpecified: number) => rank([trial('bias-twice', 1e-7)], { asSpecified }, 100).findings[0];
    expect(alone(50)).toMatchObject({ verdict: 'likely', margin: 50 });
    expect(alone(5000)).toMatchObject({ verdict: 'fits', margin: 5000 });
  });

  it('is certain of many numbers where the closest other explanation leaves 50 times as much, of few or fitted ones it is not', () => {
    const verdictOf = (own: Partial<Trial>, next = 5e-6, inEffect = 100) =>
      rank([{ ...trial('bias-twice', 1e-7), ...own }, trial('first-step', next)], { asSpecified: 1e6, inEffect }, 1000).verdict;
    expect([8, 7].map(values => verdictOf({ values }))).toEqual(['fits', 'likely']);
    expect(verdictOf({ values: 8 }, 5e-6, 7)).toBe('likely');
    expect(verdictOf({ values: 40, chosen: 1 })).toBe('likely');
    expect(verdictOf({ values: 40, codes: ['bias-twice', 'starts-late'], layers: [null, null] })).toBe('likely');
    // several times the noise of one number may be its noise, misjudged
    const noisy = { values: 1000, residual: 9, left: 9e-7 };
    expect([9.1e-6, 8.9e-6].map(next => verdictOf(noisy, next, 1000))).toEqual(['fits', 'likely']);
  });

  it('is none where the noise is as large as what is left', () => {
    const amplified = { ...trial('bias-twice', 11), residual: 1 };
    const verdictAt = (asNumber: number) => rank([amplified], { asSpecified: 1e4, asNumber }, 2).verdict;
    expect([verdictAt(15), verdictAt(1e5)]).toEqual(['unexplained', 'fits']);
  });

  it('is none of three that were each fitted to the other output, and are not sure', () => {
    const fitted = (code: string) => ({ ...trial(code, 1e-7), chosen: 1, values: 1 });
    const found = (count: number) =>
      rank(['head-other', 'output-scaled', 'output-shifted'].slice(0, count).map(fitted), { asSpecified: 300 }, 2).findings.map(
        f => f.verdict,
      );
    expect([found(2), found(3)]).toEqual([
      ['likely', 'likely'],
      ['rejected', 'rejected', 'rejected'],
    ]);
  });

  it('is a tie where a mistake fits without numbers of the other output, however it fits with some', () => {
    const free = { ...trial('steps-shifted', 1e-7), chosen: 6 };
    const exact = trial('steps-shifted', 2e-7);
    const { findings } = rank([free, exact, trial('input-lagged', 1e-7)], { asSpecified: 1e6 }, 2);
    expect(findings.map(f => [f.code, f.verdict]).sort()).toEqual([
      ['input-lagged', 'tie'],
      ['steps-shifted', 'tie'],
    ]);
  });

  it('is in one layer only where no other layer explains it as well', () => {
    const layer = (name: string, residual: number) => ({ ...trial('bias-twice', residual), layers: [name] });
    const layersOf = (...all: Trial[]) => rank(all, { asSpecified: 1e6 }, 2).findings.map(f => f.layers);
    expect(layersOf(layer('a', 1e-7), layer('b', 1e-2))).toEqual([['a']]);
    expect(layersOf(layer('a', 1e-7), layer('b', 2e-7))).toEqual([[null]]);
  });
});

it('other weights in the head are no explanation where only numbers that never change are off', async () => {
  const { tensors } = await runForward({ N: 12, engine: 'manual' });
  const save = async (name: string, change: (v: number, k: number) => number) =>
    folder.write(
      `${name}.npy`,
      await bytesOf('npy', { npy: { shape: [12, 2], data: Float64Array.from(tensors.y.data, (v, i) => change(v, i % 2)) } }),
    );
  const flat = await runCompare({ N: 12, against: await save('flat', (v, k) => (k === 0 ? 0.25 : v)) });
  expect(flat.verdict).toBe('unexplained');
  const scaled = await runCompare({ N: 12, against: await save('scaled', (v, k) => (k === 0 ? 1.5 * v + 0.25 : v)) });
  expect([scaled.verdict, scaled.explanations[0].code]).toEqual(['fits', 'output-scaled-each']);
});

it('half of h and half of y are a tie where the dense layer has no bias', async () => {
  const request = { N: 12, init: 'keras' };
  const { tensors } = await runForward({ ...request, engine: 'manual' });
  const half = { shape: [12, 2], data: Float64Array.from(tensors.y.data, v => 0.5 * v) };
  const { verdict, codes } = await runCompare({ ...request, against: folder.write('half.npy', await bytesOf('npy', { npy: half })) });
  expect([verdict, ...codes]).toEqual(['tie', 'output-scaled', 'hidden-scaled']);
});

describe('every code', () => {
  const [shown, others] = [HYPOTHESES.filter(h => h.example !== null), HYPOTHESES.filter(h => h.example === null)];

  it.each(others.map(h => h.name))('%s, which no network on one line has, has a page without an example', async name => {
    expect(await runExplain({ topic: name })).toMatchObject({ kind: 'mistake', name, example: undefined });
  });

  it.each(shown.map(h => [h.name, h] as const))('%s has a page whose example shows it', async (name, { example }) => {
    const page = await runExplain({ topic: name });
    expect(page).toMatchObject({ kind: 'mistake', name });
    expect(page.example!.wrong).not.toEqual(page.example!.right);
    const { layers, N = 2, T = 3, D = 2, framework, lengths } = example ?? { layers: 'rnn:3,dense:1' };
    const request = {
      layers,
      N,
      T,
      D: layers.startsWith('embedding') ? undefined : D,
      framework,
      init: 'torch',
      lengths: lengths?.join(','),
      simulate: name,
    };
    const result = await runCompare(request);
    // float16 moves y by less than can be named on so small a network
    if (name.endsWith('float16')) return;
    expect(result.equal).toBe(false);
    expect(result.explanations.filter(e => e.verdict !== 'rejected').map(e => e.code.replace(/:.*/, ''))).toContain(name);
  });

  it('is in a registry without doubles', () => {
    const names = [...HYPOTHESES.map(h => h.name), ...TERMS.map(t => t.name)];
    expect(new Set(names).size).toBe(names.length);
  });

  it('every code that an error can have has a page', async () => {
    const sources = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.ts'));
    const codes = new Set(sources.flatMap(name => readFileSync(join('src', name), 'utf8').match(/(?<=')E_[A-Z0-9_]+(?=')/g) ?? []));
    codes.delete('E_INTERNAL');
    expect(codes.size).toBeGreaterThan(200);
    for (const code of codes) expect([code, errorPage(code)?.name]).toEqual([code, code]);
    expect((await runExplain({ topic: 'e_ask' })).text[1]).toContain('--layers');
    await expect(runExplain({ topic: 'E_NOPE' })).rejects.toMatchObject({ code: 'E_UNKNOWN_TOPIC' });
  });

  it('and every word leads to pages that exist', () => {
    const names = new Set([...HYPOTHESES.map(h => h.name), ...TERMS.map(t => t.name)]);
    for (const term of TERMS) for (const other of term.related) expect([term.name, names.has(other) && other]).toEqual([term.name, other]);
  });
});

it('every explanation that was tried is counted, whether anybody watches or not', async () => {
  const request = { N: 3, cell: 'gru', simulate: 'gate-order:rzg' } as const;
  const seen: number[] = [];
  const watched = await runCompare(request, { onProgress: tried => seen.push(tried) });
  const unwatched = await runCompare(request);
  expect(unwatched.tried).toBe(watched.tried);
  expect(unwatched.tried).toBeGreaterThan(30);
  expect(seen).toEqual(Array.from({ length: seen.length }, (_, i) => i + 1));
  expect(seen.length).toBe(watched.tried);
});

describe('causes that need more than a list', () => {
  it('features in any order', async () => {
    const { probe: p, request } = await probe('rnn:3+seq,dense:2', 6);
    const order = [3, 0, 5, 1, 2, 4];
    const moved = { ...p, x: p.x.map(sample => sample.map(row => order.map(d => row[d]))) };
    const y = hidden(moved, () => [0, 0, 0]).map(rows => rows.map(h => add(times(h, p.of('dense_1/Wo')), p.of('dense_1/bo'))));
    const result = await runCompare({ ...request, against: await against('features', y) });
    expect(result).toMatchObject({ verdict: 'fits', codes: ['features-permuted'] });
    expect(result.explanations[0].why).toContain('feature 1 holds feature 4, feature 2 holds feature 1');
  });

  it('the same mistake in all LSTMs beside a GRU', async () => {
    const layers = 'lstm:3+seq,lstm:3+seq,gru:3,dense:3';
    const { y } = await runForward({ layers: layers.replaceAll('lstm:3', 'lstm:3@relu'), D: 2, N: 3, T: 6 });
    const result = await runCompare({ layers, D: 2, N: 3, T: 6, against: await against('lstms', y) });
    expect(result).toMatchObject({ verdict: 'fits', codes: ['activation:relu'] });
    expect(result.explanations[0].why).toContain('in every LSTM');
  });

  it('a layer that gives zeros is no rare activation', async () => {
    const { probe: p, request } = await probe('rnn:3,dense:4');
    const y = p.x.map(() => p.of('dense_1/bo'));
    expect(await runCompare({ ...request, against: await against('zeros', y) })).toMatchObject({ codes: ['layer-zeros'] });
  });

  it('an offset alone is no scale and offset, rounded outputs neither', async () => {
    const { probe: p, request } = await probe('rnn:3,dense:2');
    const y = hidden(p, () => [0, 0, 0]).map(rows => add(times(rows.at(-1)!, p.of('dense_1/Wo')), p.of('dense_1/bo')));
    const { explanations } = await runCompare({
      ...request,
      against: await against(
        'shifted',
        y.map(row => add(row, [0.25, -3])),
      ),
    });
    expect(explanations[0]).toMatchObject({ code: 'output-scaled-each', verdict: expect.not.stringContaining('rejected') });
    expect(explanations[0].why).toMatch(/^Each output has an offset of its own: y1 = right \+ 0\.25, y2 = right − 3\. /);
  });

  it('one number everywhere is said, and no correlation with it', async () => {
    const { request } = await probe('rnn:3+seq,dense:2');
    const constant = Array.from({ length: 3 }, () => Array.from({ length: 6 }, () => [0.37, 0.37]));
    const { evidence } = await runCompare({ ...request, budget: 0.001, against: await against('constant', constant) });
    expect(evidence).toContain('every number of your output is 0.37');
    expect(evidence.filter(sentence => sentence.includes('correlation'))).toEqual([]);
  });

  it('what float16 cannot hold is said to be so', async () => {
    const { probe: p, request } = await probe('rnn:3,dense:1');
    const huge = { 'dense_1/Wo': p.of('dense_1/Wo').map((row: number[]) => row.map(v => v * 1e6)) };
    const flat = (v: any) => Float64Array.from([v].flat(Infinity) as number[]);
    const shapes = { 'rnn_1/Wx': [2, 3], 'rnn_1/Wh': [3, 3], 'rnn_1/bh': [3], 'dense_1/Wo': [3, 1], 'dense_1/bo': [1] };
    const weights = folder.write(
      'huge.npz',
      await bytesOf(
        'npz',
        Object.fromEntries(Object.entries(shapes).map(([k, shape]) => [k, { shape, data: flat((huge as any)[k] ?? p.of(k)) }])),
      ),
    );
    const y = hidden(p, () => [0, 0, 0]).map(rows => add(times(rows.at(-1)!, huge['dense_1/Wo']), p.of('dense_1/bo')));
    const cut = y.map(([v]) => [Math.abs(v) >= 65520 ? Math.sign(v) * Infinity : v]);
    expect(cut.flat().some(v => !Number.isFinite(v))).toBe(true);
    const { evidence } = await runCompare({ ...request, weights, against: await against('cut', cut) });
    expect(evidence).toContain('infinite is every number that is beyond 65504 in the right y, and no other: the largest of float16');
  });

  it('where the network gives NaN no mistake is named', async () => {
    const { probe: p, request } = await probe('rnn:3,dense:1');
    p.x[0][0][0] = Number.NaN;
    const result = await runCompare({ ...request, input: await against('nan-x', p.x), against: await against('nan-y', [[1], [2], [3]]) });
    expect(result.evidence).toContain(
      'the network gives NaN or infinity in 1 of 3 places where your y is finite; the first is at sample 1, y1',
    );
  });
});

// A second set of ways to compute y wrongly, invented after compare was written: norms, low precision, attention, ensembles, windows, training
// code. As in unlistedOutputs.mjs no name is right unless it is among `also`, and the evidence must hold.
import { eachRow, FUNCTIONS, NORMS, network, runAll, softmax, zeros } from './plainLoops.mjs';
import {
  and,
  both,
  clip,
  deepObject,
  each,
  exchange,
  gated,
  gateOf,
  has,
  is,
  last,
  loop,
  mean,
  oneWay,
  onHead,
  read,
  rowsOf,
  runSeq,
  seq,
  single,
  spread,
  stacked,
  steps,
  top,
  weights,
  x,
  y,
  zipped,
} from './unlistedOutputs.mjs';
import { bfloat, deep, half } from './wrongOutputs.mjs';

const sigmoid = FUNCTIONS.sigmoid;
const normed = (kind, epsilon, own, also, when) => ({
  codes: [],
  also,
  net: { norm: kind, epsilon, pool: undefined },
  when: and(has(2, 2, 1, 1, 3), when ?? (() => true)),
  make: () => ({ fault: { norm: own } }),
});
const headOf = (head, fault, also, when) => ({
  codes: [],
  also,
  net: { head },
  when: and(has(2, 2), when ?? (() => true)),
  make: () => ({ fault }),
});
/** What every layer hands on, changed. */
const between = (f, when, also = []) => ({
  codes: [],
  also,
  when,
  make: c => ({ fault: { between: (h, v, n, t, l) => (l === top(c) ? h : f(h, c, v, n, t)) } }),
});
/** The last h of every layer of a network whose layers give every step. */
const lastOf = (c, l) => runAll({ ...c.net, seq: true }, c.weights, c.X, {}, c.numbers).hidden[l].map(rows => rows.at(-1));
const tanh32 = v => Math.fround(Math.tanh(v));
/** Ten bits of mantissa, as TF32 multiplies. */
const tf32 = v => {
  if (v === 0 || !Number.isFinite(v)) return v;
  const unit = 2 ** (Math.floor(Math.log2(Math.abs(v))) - 10);
  return Math.round(v / unit) * unit;
};
const bits = n => v => Math.round(v * 2 ** n) / 2 ** n;
const further = (c, w, s) => deepObject(w, v => v + s * c.rng.normal());
const product = (a, b) => a.reduce((sum, v, m) => sum + v * b[m], 0);
const pooledOver = (hs, scores) => {
  const p = softmax(scores);
  return hs[0].map((_, m) => hs.reduce((sum, h, t) => sum + p[t] * h[m], 0));
};
const layerOnly = (at, f, when, also = []) => ({
  codes: [],
  also,
  when,
  make: c => ({
    weights: { ...c.weights, layers: c.weights.layers.map((w, l) => (l === at(c) ? { f: f(w.f, c), r: w.r && f(w.r, c) } : w)) },
  }),
});
const onTokens = (f, also = [], codes = []) => ({
  codes,
  also,
  net: { tokens: true, pool: undefined },
  when: has(2, 3),
  make: c => ({ X: c.net.tokens.map((row, n) => row.map((token, t) => f(token, c, n, t))) }),
});

export const INVENTED = {
  // ---- norms
  'LayerNorm with another epsilon': normed('layernorm', 1e-5, (v, w) => NORMS.layernorm(v, w, 1e-2), ['normalization']),
  'LayerNorm with the deviation of n - 1': normed(
    'layernorm',
    1e-3,
    (v, w) =>
      NORMS.layernorm(
        v,
        { ...w, gamma: w.gamma.map(g => g * Math.sqrt((w.gamma.length - 1) / w.gamma.length)) },
        1e-3 * ((w.gamma.length - 1) / w.gamma.length),
      ),
    ['normalization'],
  ),
  'LayerNorm without the mean': normed(
    'layernorm',
    1e-3,
    (v, w, e) => eachRow(v, row => row.map((a, m) => (a / Math.sqrt(mean(row.map(b => b * b)) + e)) * w.gamma[m] + w.beta[m])),
    ['normalization'],
  ),
  'LayerNorm over the batch': normed(
    'layernorm',
    1e-3,
    (v, w, e) => {
      const rows = Array.isArray(v[0][0]) ? v.flat() : v;
      const of = rows[0].map((_, m) => rows.map(r => r[m]));
      return eachRow(v, row => row.map((a, m) => ((a - mean(of[m])) / Math.sqrt(spread(of[m]) ** 2 + e)) * w.gamma[m] + w.beta[m]));
    },
    ['normalization'],
  ),
  'BatchNorm with the momentum applied once': normed(
    'batchnorm',
    1e-3,
    (v, w, e) => NORMS.batchnorm(v, { ...w, mean: w.mean.map(a => 0.99 * a), variance: w.variance.map(a => 0.99 * a + 0.01) }, e),
    ['normalization', 'stale-weights'],
  ),
  'BatchNorm in training mode': normed(
    'batchnorm',
    1e-3,
    (v, w, e) => {
      const rows = Array.isArray(v[0][0]) ? v.flat() : v;
      const of = rows[0].map((_, m) => rows.map(r => r[m]));
      return eachRow(v, row => row.map((a, m) => ((a - mean(of[m])) / Math.sqrt(spread(of[m]) ** 2 + e)) * w.gamma[m] + w.beta[m]));
    },
    ['normalization', 'stale-weights'],
  ),
  'BatchNorm step by step': normed(
    'batchnorm',
    1e-3,
    (v, w, e) =>
      v.map(rows =>
        rows.map((row, t) => {
          const at = v.map(r => r[t]);
          return row.map(
            (a, m) => ((a - mean(at.map(r => r[m]))) / Math.sqrt(spread(at.map(r => r[m])) ** 2 + e)) * w.gamma[m] + w.beta[m],
          );
        }),
      ),
    [],
    and(seq, has(3, 2)),
  ),
  'gamma and beta exchanged': normed('layernorm', 1e-3, (v, w, e) => NORMS.layernorm(v, { ...w, gamma: w.beta, beta: w.gamma }, e), [
    'normalization',
  ]),
  'gamma is one too small (stored as gamma - 1)': normed(
    'layernorm',
    1e-3,
    (v, w, e) => NORMS.layernorm(v, { ...w, gamma: w.gamma.map(g => g - 1) }, e),
    ['normalization'],
  ),

  // ---- heads
  'GELU by tanh': headOf('gelu', { head: 'geluTanh' }, ['activation']),
  'SiLU for GELU': headOf('gelu', { head: 'silu' }, ['activation', 'output-function']),
  'ReLU for GELU': headOf('gelu', { head: 'relu' }, ['activation', 'output-function', 'output-zeros']),
  'GELU by 1.702': {
    codes: ['activation-approximated'],
    net: { head: 'gelu' },
    when: has(2, 2, 1, 2),
    make: c => ({ y: deep(network({ ...c.net, head: 'linear' }, c.weights, c.X, {}, c.numbers), v => v * sigmoid(1.702 * v)) }),
  },
  'dropout before a softmax': {
    codes: ['dropout-on'],
    net: { head: 'softmax', pool: undefined },
    when: has(2, 2, 1, 3, 2),
    make: c => ({ fault: { between: (h, _x, _n, _t, l) => (l === top(c) ? h.map(v => (c.rng.next() < 0.5 ? 0 : 2 * v)) : h) } }),
  },
  'dropout before a sigmoid': {
    codes: ['dropout-on'],
    net: { head: 'sigmoid', pool: undefined },
    when: has(2, 2, 1, 2, 2),
    make: c => ({ fault: { between: (h, _x, _n, _t, l) => (l === top(c) ? h.map(v => (c.rng.next() < 0.3 ? 0 : v / 0.7)) : h) } }),
  },
  'dropout on the scores': {
    codes: [],
    net: { head: 'softmax' },
    when: has(2, 2, 1, 3),
    make: c => ({
      y: rowsOf(network(c.net, c.weights, c.X, { head: 'linear' }, c.numbers), z =>
        softmax(z.map(v => (c.rng.next() < 0.4 ? 0 : v / 0.6))),
      ),
    }),
  },
  'label smoothing': {
    codes: [],
    also: ['output-scaled', 'output-scaled-each', 'output-function'],
    net: { head: 'softmax' },
    when: has(3, 1, 1, 3),
    make: c => ({ y: rowsOf(c.right, row => row.map(v => 0.9 * v + 0.1 / row.length)) }),
  },
  'softmax of the first two scores alone': {
    codes: [],
    net: { head: 'softmax' },
    when: has(2, 1, 1, 3),
    make: c => ({
      y: rowsOf(network(c.net, c.weights, c.X, { head: 'linear' }, c.numbers), z => [
        ...softmax(z.slice(0, 2)),
        ...z.slice(2).map(() => 0),
      ]),
    }),
  },
  'softmax with the exponent of 2': {
    codes: [],
    also: ['softmax-temperature'],
    net: { head: 'softmax' },
    when: has(2, 1, 1, 3),
    make: c => ({ y: rowsOf(network(c.net, c.weights, c.X, { head: 'linear' }, c.numbers), z => softmax(z.map(v => v * Math.LN2))) }),
  },

  // ---- precision
  'products in TF32': {
    codes: [],
    also: ['float16', 'weights-rounded'],
    when: has(1, 2, 2),
    make: c => ({
      weights: { ...c.weights, layers: c.weights.layers.map(w => deepObject(w, v => deepAny(v, tf32))), Wo: deep(c.weights.Wo, tf32) },
    }),
  },
  'sums in float16, weights whole': {
    codes: [],
    also: ['float16'],
    when: has(1, 3),
    make: c => ({ numbers: { ...c.numbers, round: half } }),
  },
  'sums in bfloat16, weights whole': {
    codes: [],
    also: ['bfloat16'],
    when: has(1, 3),
    make: c => ({ numbers: { ...c.numbers, round: bfloat } }),
  },
  'h in eight bits at every step': loop(() => ({ roundState: bits(7) }), has(1, 2)),
  'h in eight bits between the layers': between(h => h.map(bits(7)), and(stacked, has(1, 2))),
  'h in bfloat16 at every step': loop(() => ({ roundState: bfloat }), has(1, 2), ['bfloat16']),
  'h in float16 between the layers': between(h => h.map(half), and(stacked, has(1, 2)), ['float16']),
  'int8 with a zero point': weights(w => deepObject(w, v => Math.round((v + 0.31) * 40) / 40 - 0.31), has(1, 2, 1, 1, 3), [
    'weights-rounded',
  ]),
  'x in bfloat16': x(X => each(X, bfloat), undefined, ['bfloat16']),
  'Wh in four bits, by blocks of four': weights(
    w => ({
      ...w,
      Wh: w.Wh.map(row =>
        row.map((v, k) => {
          const block = row.slice(k - (k % 4), k - (k % 4) + 4);
          const most = Math.max(...block.map(Math.abs)) || 1;
          return (Math.round((v / most) * 7) / 7) * most;
        }),
      ),
    }),
    has(1, 2, 1, 1, 4),
    ['weights-rounded'],
  ),
  'tanh from a table of 64': loop(() => ({ act: z => Math.tanh(Math.round(clip(z, 4) * 8) / 8) }), has(1, 2)),
  'tanh by three terms of its series': loop(() => ({ act: z => z - z ** 3 / 3 + (2 * z ** 5) / 15 }), has(1, 2)),
  'sigmoid by tanh in float32': loop(() => ({ sig: z => 0.5 * tanh32(0.5 * z) + 0.5 + 1e-3 }), gated),

  // ---- attention and reading
  'attention of the last h, not scaled': read(
    hs =>
      pooledOver(
        hs,
        hs.map(h => product(h, hs.at(-1))),
      ),
    has(1, 4, 1, 1, 2),
  ),
  'attention of the last h, scaled': read(
    hs =>
      pooledOver(
        hs,
        hs.map(h => product(h, hs.at(-1)) / Math.sqrt(h.length)),
      ),
    has(1, 4, 1, 1, 2),
  ),
  'attention with the largest norm': read(
    hs =>
      pooledOver(
        hs,
        hs.map(h => 3 * Math.sqrt(product(h, h))),
      ),
    has(1, 4, 1, 1, 2),
  ),
  'sum of the last two h': read(hs => hs.at(-1).map((v, m) => v + hs.at(-2)[m]), has(1, 3)),
  'mean of the second half': read(hs => hs[0].map((_, m) => mean(hs.slice(Math.floor(hs.length / 2)).map(h => h[m]))), has(1, 4)),
  'difference of the last and the first h': read(hs => hs.at(-1).map((v, m) => v - hs[0][m]), has(1, 3)),
  'maximum of the size with its sign lost': read(hs => hs[0].map((_, m) => Math.max(...hs.map(h => Math.abs(h[m])))), has(1, 3)),
  'logarithm of the mean of exponentials over time': read(
    hs => hs[0].map((_, m) => Math.log(mean(hs.map(h => Math.exp(h[m]))))),
    has(1, 3),
  ),
  'mean over time weighted by 0.9 to the power of the age': read(
    hs => {
      const w = hs.map((_, t) => 0.9 ** (hs.length - 1 - t));
      return hs[0].map((_, m) => hs.reduce((s, h, t) => s + w[t] * h[m], 0) / w.reduce((a, b) => a + b, 0));
    },
    has(1, 3),
  ),
  'last h of both layers added': {
    codes: [],
    also: ['residual-added'],
    when: and(stacked, last, oneWay, has(2, 2), net => net.layers === 2),
    make: c => ({
      y: onHead(
        c,
        zipped(lastOf(c, 0), lastOf(c, 1), (a, b) => a + b),
      ),
    }),
  },
  'the mean of all layers': {
    codes: [],
    when: and(stacked, last, oneWay, has(2, 2)),
    make: c => ({
      y: onHead(
        c,
        zipped(lastOf(c, 0), lastOf(c, 1), (a, b) => (a + b) / 2),
      ),
    }),
  },
  'forward of the first, backward of the last step': {
    codes: [],
    // of each direction the first h
    also: ['first-step'],
    when: and(last, both, single, has(2, 3)),
    make: c => {
      const { M } = c.net;
      const { hidden } = runSeq(c);
      return {
        y: onHead(
          c,
          hidden.map(hs => (c.net.bi === 'concat' ? [...hs[0].slice(0, M), ...hs.at(-1).slice(M)] : hs[0])),
        ),
      };
    },
  },

  // ---- ensembles and training
  'mean with the input turned in time': {
    codes: [],
    when: has(2, 3),
    make: c => ({
      y: zipped(
        c.right,
        network(
          c.net,
          c.weights,
          c.X.map(rows => [...rows].reverse()),
          {},
          c.numbers,
        ),
        (a, b) => (a + b) / 2,
      ),
    }),
  },
  'mean of twenty runs with dropout': {
    codes: [],
    also: ['hidden-scaled'],
    when: and(net => !net.pool, has(2, 2, 1, 2, 3)),
    make: c => {
      const run = () =>
        network(
          c.net,
          c.weights,
          c.X,
          { between: (h, _x, _n, _t, l) => (l === top(c) ? h.map(v => (c.rng.next() < 0.3 ? 0 : v / 0.7)) : h) },
          c.numbers,
        );
      let sum = run();
      for (let k = 1; k < 20; k++) sum = zipped(sum, run(), (a, b) => a + b);
      return { y: deep(sum, v => v / 20) };
    },
  },
  'a step of training further': {
    codes: [],
    make: c => ({
      weights: {
        ...c.weights,
        layers: c.weights.layers.map(w => ({ f: further(c, w.f, 1e-3), r: w.r && further(c, w.r, 1e-3) })),
        Wo: deep(c.weights.Wo, v => v + 1e-3 * c.rng.normal()),
      },
    }),
  },
  'one layer trained further': layerOnly(
    c => c.place ?? 0,
    (w, c) => further(c, w, 0.05),
  ),
  'head trained further': {
    codes: [],
    also: ['stale-weights', 'output-scaled', 'output-scaled-each'],
    make: c => ({ weights: { ...c.weights, Wo: deep(c.weights.Wo, v => v + 0.05 * c.rng.normal()) } }),
  },
  'one direction trained further': {
    codes: [],
    when: both,
    make: c => ({ weights: { ...c.weights, layers: c.weights.layers.map(w => ({ f: w.f, r: w.r && further(c, w.r, 0.05) })) } }),
  },
  'a low-rank update of Wh': weights(
    (w, c) => {
      const [a, b] = [w.Wh.map(() => 0.3 * c.rng.normal()), w.Wh[0].map(() => 0.3 * c.rng.normal())];
      return { ...w, Wh: w.Wh.map((row, m) => row.map((v, k) => v + a[m] * b[k])) };
    },
    has(1, 2, 1, 1, 3),
  ),
  'biases of another training': weights((w, c) => ({ ...w, b: w.b.map(() => 0.5 * c.rng.normal()) }), undefined, ['bias-missing']),
  'one added to the bias of every gate': weights(w => ({ ...w, b: w.b.map(v => v + 1) }), gated, ['forget-bias-plus-1']),
  'mean of Wh and its transpose': weights(
    (w, c) => ({ ...w, Wh: w.Wh.map((row, m) => row.map((v, k) => (gateOf(c.net.M, k) === 0 ? (v + w.Wh[k % c.net.M][m]) / 2 : v))) }),
    has(1, 2, 1, 1, 3),
  ),
  'layers two and three of three exchanged': {
    codes: [],
    also: ['weights-exchanged'],
    net: { layers: 3, bi: null },
    make: c => ({ weights: { ...c.weights, layers: [c.weights.layers[0], c.weights.layers[2], c.weights.layers[1]] } }),
  },
  'Wh of two layers exchanged': {
    codes: [],
    also: ['weights-exchanged'],
    net: { layers: 2, bi: null },
    when: has(1, 2),
    make: ({ weights: w }) => ({
      weights: { ...w, layers: [{ f: { ...w.layers[0].f, Wh: w.layers[1].f.Wh } }, { f: { ...w.layers[1].f, Wh: w.layers[0].f.Wh } }] },
    }),
  },
  'Wx of one gate rolled by one unit': weights(
    (w, c) => ({ ...w, Wx: w.Wx.map(row => row.map((v, k) => (gateOf(c.net.M, k) === 1 ? row[c.net.M + ((k + 1) % c.net.M)] : v))) }),
    and(gated, has(1, 1, 1, 1, 3)),
  ),
  'units in another order in Wh alone': weights((w, c) => ({ ...w, Wh: w.Wh.map((_, m) => w.Wh[(m + 2) % c.net.M]) }), has(1, 2, 1, 1, 3)),
  'two numbers of the weights damaged': layerOnly(
    c => c.place ?? 0,
    w => ({ ...w, Wh: w.Wh.map((row, m) => row.map((v, k) => (m === 0 && k < 2 ? v + 1 : v))) }),
    has(1, 2, 1, 1, 2),
    ['weight-damaged'],
  ),
  'a bias damaged': layerOnly(
    c => c.place ?? 0,
    w => ({ ...w, b: w.b.map((v, k) => (k === 1 ? v + 0.8 : v)) }),
    has(1, 1, 1, 1, 2),
    ['weight-damaged'],
  ),
  'two gates averaged': weights(
    (w, c) => ({ ...w, Wh: w.Wh.map(row => row.map((v, k) => (gateOf(c.net.M, k) < 2 ? (v + exchange(row, c.net.M, 0, 1)[k]) / 2 : v))) }),
    and(gated, has(1, 2)),
  ),

  // ---- the loop
  'state lost in the middle of the sequence': loop(
    c => {
      const half2 = Math.floor(c.X[0].length / 2);
      return { before: (s, at) => (at.s === half2 ? { h: s.h.map(() => 0), c: s.c?.map(() => 0) } : s) };
    },
    has(1, 4),
    ['state-reset', 'starts-late'],
  ),
  'windows of four steps': loop(() => ({ reset: 'all', every: 4 }), and(seq, has(1, 9)), ['state-reset']),
  'c lost in the middle of the sequence': loop(
    c => {
      const half2 = Math.floor(c.X[0].length / 2);
      return { before: (s, at) => (at.s === half2 ? { h: s.h, c: s.c?.map(() => 0) } : s) };
    },
    and(is('lstm'), has(1, 4)),
    ['state-reset'],
  ),
  'h0 is the last x': {
    codes: [],
    also: ['state-random'],
    when: and(single, has(2, 2)),
    make: c => ({ fault: { start: (_l, _w, n) => ({ h: zeros(c.net.M).map((_, m) => c.X[n].at(-1)[m % c.X[n][0].length]) }) } }),
  },
  'h0 is the mean of all last states': {
    codes: [],
    also: ['state-random'],
    when: has(3, 2),
    make: c => ({ fault: { start: (l, way) => ({ h: zeros(c.net.M).map((_, m) => mean(c.all.states[l][way].map(s => s.h[m]))) }) } }),
  },
  'c0 is h0 of another call': {
    codes: [],
    also: ['state-random'],
    when: and(is('lstm'), single, has(2, 2)),
    make: c => ({ fault: { start: (l, way, n) => ({ c: c.all.states[l][way][n].h }) } }),
  },
  'state of the sample two before, halved': {
    codes: [],
    also: ['state-random'],
    when: has(4, 2),
    make: c => ({ fault: { start: (l, way, n) => (n < 2 ? {} : { h: c.all.states[l][way][n - 2].h.map(v => v / 2) }) } }),
  },
  'mean over the batch added to h': loop(
    () => ({ after: (next, _o, { x: now }) => ({ ...next, h: next.h.map(v => v + 0.1 * mean(now)) }) }),
    has(2, 2),
  ),
  'batch norm of h at every step': loop(
    () => ({ after: next => ({ ...next, h: next.h.map(v => (v - mean(next.h)) / Math.sqrt(spread(next.h) ** 2 + 0.1)) }) }),
    has(1, 2, 1, 1, 3),
    ['layer-norm-added'],
  ),
  'expected zoneout': loop(
    () => ({
      after: (next, old) => ({ h: next.h.map((v, m) => 0.9 * v + 0.1 * old.h[m]), c: next.c?.map((v, m) => 0.9 * v + 0.1 * old.c[m]) }),
    }),
    has(1, 3),
    ['state-mixed'],
  ),
  'gates between 0.05 and 0.95': loop(() => ({ sig: z => 0.05 + 0.9 * sigmoid(z) }), and(gated, has(1, 2))),
  'gates of half the slope': loop(() => ({ sig: z => sigmoid(z / 2) }), and(gated, has(1, 2))),
  'softmax over the units in place of the sigmoid': loop(() => ({ unitSoftmax: true }), and(gated, has(1, 2, 1, 1, 2)), ['activation']),
  'sums divided by the root of M': loop(
    c => ({ clipSum: z => z / Math.sqrt(c.net.M) }),
    and(net => net.cell !== 'gru', has(1, 2, 1, 1, 2)),
  ),
  'sums beyond one cut off': loop(
    () => ({ clipSum: z => clip(z, 1) }),
    and(net => net.cell !== 'gru', has(1, 2)),
    ['clip', 'activation'],
  ),
  'h squashed twice': loop(() => ({ after: next => ({ ...next, h: next.h.map(Math.tanh) }) }), has(1, 2), [
    'activation-added',
    'activation',
  ]),
  'h of two steps added': loop(() => ({ after: (next, old) => ({ ...next, h: next.h.map((v, m) => v + 0.3 * old.h[m]) }) }), has(1, 3), [
    'state-mixed',
  ]),
  'h and c exchanged at the last step': loop(
    c => ({ after: (next, _o, { s }) => (s === c.X[0].length - 1 ? { ...next, h: next.c, c: next.h } : next) }),
    and(is('lstm'), has(1, 2)),
    ['cell-state-taken'],
  ),
  'GRU: h from the candidate alone at the first step': loop(
    () => ({ after: (next, _o, { s }) => (s === 0 ? { ...next, h: next.h.map(v => 2 * v) } : next) }),
    and(is('gru'), has(1, 2)),
    ['state-random'],
  ),
  'LSTM: c taken without its gate every fourth step': loop(
    () => ({ after: (next, old, { s }) => (s % 4 === 3 ? { ...next, c: next.c.map((v, m) => v + old.c[m]) } : next) }),
    and(is('lstm'), has(1, 5)),
  ),
  'silu for tanh': loop(() => ({ act: z => z * sigmoid(z) }), undefined, ['activation']),
  'arctangent for tanh': loop(() => ({ act: Math.atan }), undefined, ['activation-approximated']),
  'relu of slope 0.3 for tanh': loop(() => ({ act: z => (z < 0 ? 0.3 * z : z) }), undefined, ['activation']),
  'tanh with a leak of 0.1': loop(() => ({ act: z => Math.tanh(z) + 0.1 * z })),

  // ---- x
  'x standardised by the first sample': x(
    X => {
      const of = X[0][0].map((_, d) => X[0].map(r => r[d]));
      return each(X, (v, d) => (v - mean(of[d])) / (spread(of[d]) + 1e-6));
    },
    has(3, 4),
    ['input-scaled', 'input-scaled-by'],
  ),
  'x standardised by moments of another set': x(
    (X, c) => {
      const of = X[0][0].map(() => [0.3 * c.rng.normal(), 0.7 + c.rng.next()]);
      return each(X, (v, d) => (v - of[d][0]) / of[d][1]);
    },
    has(2, 2),
    ['input-scaled', 'input-scaled-by', 'bias-missing'],
  ),
  'one feature in percent': x(X => each(X, (v, d) => (d === 0 ? 100 * v : v)), has(2, 2), ['input-scaled', 'input-scaled-by']),
  'outliers cut at two deviations': x(X => each(X, v => clip(v, 1.6)), has(3, 4)),
  'missing values as zero': x((X, c) => each(X, v => (c.rng.next() < 0.15 ? 0 : v)), has(2, 3)),
  'missing values filled from the step before': x(
    (X, c) => {
      const lost = X.map(rows => rows.map((_, t) => t > 0 && c.rng.next() < 0.3));
      lost[0][1] = true;
      return steps(X, (rows, t, n) => (lost[n][t] ? rows[t - 1] : rows[t]));
    },
    has(2, 3),
    ['input-lagged'],
  ),
  'x two steps late': x(X => steps(X, (rows, t) => (t < 2 ? zeros(rows[0].length) : rows[t - 2])), has(2, 4), [
    'input-lagged',
    'stops-early',
  ]),
  'first step doubled in size': x(X => each(X, (v, _d, t) => (t === 0 ? 2 * v : v)), has(2, 2)),
  'last step doubled in size': x(X => each(X, (v, _d, t, n) => (t === X[n].length - 1 ? 2 * v : v)), has(2, 2)),
  'windows that overlap, moved by two': x(X => X.map((rows, n) => [...rows.slice(2), ...X[(n + 1) % X.length].slice(2, 4)]), has(3, 5)),
  'x and its negative alternate': x(X => each(X, (v, _d, t) => (t % 2 ? -v : v)), has(2, 3)),
  'a trend taken off': x(X => each(X, (v, _d, t, n) => v - (0.5 * t) / X[n].length), has(2, 3)),
  'sequence turned around its middle': x(X => steps(X, (rows, t) => rows[(t + Math.floor(rows.length / 2)) % rows.length]), has(2, 4), [
    'input-lagged',
  ]),
  'every sample sees the mean sample added': x(X => each(X, (v, d, t) => v + mean(X.map(rows => rows[t][d]))), has(3, 2)),
  'sine and cosine of x exchanged': x(X => each(X, v => Math.sin(2 * v)), has(2, 2)),
  'padding of minus one behind': {
    codes: [],
    also: ['input-padded'],
    when: and(last, has(2, 3)),
    make: c => ({ X: c.X.map(rows => [...rows, rows[0].map(() => -1)]) }),
  },
  'two tokens exchanged in the table': onTokens((token, c) => c.weights.E[token === 1 ? 2 : token === 2 ? 1 : token]),
  'embedding scaled by the root of its width': onTokens((token, c) => c.weights.E[token].map(v => v * Math.sqrt(c.sizes.D) * 1.1)),
  'positions added to the embedding': onTokens((token, c, _n, t) =>
    c.weights.E[token].map((v, d) => v + 0.5 * Math.sin(t / 10 ** (d / c.sizes.D))),
  ),
  'tokens beyond four unknown': onTokens((token, c) => c.weights.E[token > 4 ? 1 : token]),
  'tokens off by two': onTokens((token, c) => c.weights.E[(token + 2) % 7], [], ['tokens-off-by-one']),

  // ---- y
  'first value of each sample taken off': y(r => r.map(rows => rows.map(row => row.map((v, k) => v - rows[0][k]))), and(seq, has(2, 3))),
  'exponential average over the steps': y(
    r =>
      r.map(rows => {
        let now = rows[0];
        return rows.map(row => (now = row.map((v, k) => 0.6 * v + 0.4 * now[k])));
      }),
    and(seq, has(2, 3)),
  ),
  'largest so far': y(
    r => r.map(rows => rows.map((_, t) => rows[0].map((_v, k) => Math.max(...rows.slice(0, t + 1).map(q => q[k]))))),
    and(seq, has(2, 4)),
  ),
  'y of two outputs added into the first': y(r => rowsOf(r, row => [row[0] + row[1], ...row.slice(1)]), has(3, 1, 1, 2), ['stale-weights']),
  'a factor for each sample': y(
    (r, c) =>
      r.map(v => {
        const f = 0.5 + c.rng.next();
        return deep(v, a => f * a);
      }),
    has(3, 1),
  ),
  'noise in proportion to y': y((r, c) => deep(r, v => v * (1 + 0.02 * c.rng.normal())), has(2, 1)),
  'y rounded to one digit': y(r => deep(r, v => Number(v.toPrecision(1))), has(3, 1), ['output-integers']),
  'one sample of another batch': y((r, c) => r.map((v, n) => (n === r.length - 1 ? deep(r[0], a => a + c.rng.normal()) : v)), has(3, 1)),
  'mean over the samples in the last row': y(
    r => [
      ...r.slice(0, -1),
      r.reduce(
        (a, b) => zipped(a, b, (p, q) => p + q / r.length),
        deep(r[0], () => 0),
      ),
    ],
    has(4, 1),
  ),
  'logit in base ten': {
    codes: [],
    also: ['output-function'],
    net: { head: 'sigmoid' },
    when: has(3, 1, 1, 2),
    make: c => ({ y: deep(c.right, v => Math.log10(v / (1 - v))) }),
  },
  'one output of sample and step exchanged': y(r => r.map(rows => [rows[1], rows[0], ...rows.slice(2)]), and(seq, has(2, 4)), [
    'steps-permuted',
  ]),
  'NaN where the exponential overflows': {
    codes: [],
    net: { head: 'softmax' },
    when: has(2, 1, 1, 3),
    make: c => ({
      y: rowsOf(network(c.net, c.weights, c.X, { head: 'linear' }, c.numbers), z =>
        Math.max(...z) > 1 ? z.map(() => Number.NaN) : softmax(z),
      ),
    }),
  },
  'minus infinity of a logarithm': {
    codes: [],
    also: ['output-function', 'log-softmax'],
    net: { head: 'sigmoid' },
    when: has(3, 1, 1, 2),
    make: c => ({ y: deep(c.right, v => (v < 0.3 ? -Infinity : Math.log(v))) }),
  },
  'a row never written': y(
    (r, c) => r.map((v, n) => (n === 1 ? deep(v, () => (c.rng.next() < 0.5 ? Number.NaN : 1e30 * c.rng.next())) : v)),
    has(3, 1),
  ),
  'NaN in x at the middle step': x(
    X => each(X, (v, d, t, n) => (n === 0 && d === 0 && t === Math.floor(X[0].length / 2) ? Number.NaN : v)),
    has(2, 4),
  ),
};

function deepAny(v, f) {
  return Array.isArray(v) ? deep(v, f) : v && deepObject(v, f);
}

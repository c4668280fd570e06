// Ways to compute y wrongly that compare does not look for: index errors, data loaders, training code, quantisation, normalisation, attention.
// What it must do there is to give no name, unless that name is true (`also`), and to print evidence that holds.
import { FUNCTIONS, network, softmax, zeros } from './plainLoops.mjs';
import { deep, half } from './wrongOutputs.mjs';

export const each = (X, f) => X.map((rows, n) => rows.map((x, t) => x.map((v, d) => f(v, d, t, n))));
export const steps = (X, f) => X.map((rows, n) => rows.map((x, t) => f(rows, t, n, x)));
export const rowsOf = (y, f) => (Array.isArray(y[0][0]) ? y.map((rows, n) => rows.map((r, t) => f(r, n, t))) : y.map((r, n) => f(r, n, 0)));
export const mean = v => v.reduce((a, b) => a + b, 0) / v.length;
export const spread = v => Math.sqrt(mean(v.map(a => (a - mean(v)) ** 2)));
const normal = v => v.map(a => (a - mean(v)) / (spread(v) + 1e-5));
export const length = v => Math.sqrt(v.reduce((a, b) => a + b * b, 0)) + 1e-12;
export const clip = (v, a) => Math.min(a, Math.max(-a, v));
export const top = c => c.net.layers - 1;
const flat = X => X.flat(Infinity);

export const last = net => !net.seq && !net.pool;
export const seq = net => net.seq;
export const is = cell => net => net.cell === cell;
export const gated = net => net.cell !== 'rnn';
export const oneWay = net => !net.bi;
export const both = net => Boolean(net.bi);
export const stacked = net => net.layers > 1;
export const single = net => net.layers === 1;
export const has =
  (N, T = 1, D = 1, K = 1, M = 1) =>
  (net, s) =>
    s.N >= N && s.T >= T && s.D >= D && s.K >= K && net.M >= M;
export const and =
  (...tests) =>
  (net, s) =>
    tests.every(t => t(net, s));

export const x = (f, when, also = []) => ({ codes: [], also, when, make: c => ({ X: f(c.X, c) }) });
export const y = (f, when, also = []) => ({ codes: [], also, when, make: c => ({ y: f(c.right, c) }) });
export const loop = (f, when, also = []) => ({ codes: [], also, when, make: c => ({ fault: { ...f(c), layer: c.place } }) });
export const weights = (f, when, also = []) => ({
  codes: [],
  also,
  when,
  make: c => ({
    weights: {
      ...c.weights,
      layers: c.weights.layers.map((w, l) =>
        c.place === undefined || c.place === l ? { f: f(w.f, c, l, w), r: w.r && f(w.r, c, l, w) } : w,
      ),
    },
  }),
});
/** What the head reads, made of all h of the last layer [n][t][m] instead of the last one. */
export const read = (f, when, also = []) => ({
  codes: [],
  also,
  when: and(last, has(1, 3), when ?? (() => true)),
  make: c => {
    const { hidden } = runSeq(c);
    return { y: onHead(c, hidden.map(f)) };
  },
});
export function runSeq(c) {
  const taken = c.X.map(() => []);
  network(
    { ...c.net, seq: true },
    c.weights,
    c.X,
    {
      between: (h, _x, n, t, l) => {
        if (l === top(c)) taken[n][t] = h;
        return h;
      },
    },
    c.numbers,
  );
  return { hidden: taken };
}
export function onHead(c, rows) {
  const { Wo, bo } = c.weights;
  const head = z =>
    ({ linear: v => v, sigmoid: v => v.map(FUNCTIONS.sigmoid), tanh: v => v.map(Math.tanh), softmax })[c.net.head ?? 'linear'](z);
  return rows.map(h => head(bo.map((b, k) => h.reduce((sum, v, m) => sum + v * Wo[m][k], b))));
}
const eachRun = f => () => ({ after: f });
export const gateOf = (M, k) => Math.floor(k / M);
/** Columns of gates a and b of a row [G·M] exchanged. */
export const exchange = (row, M, a, b) =>
  row.map((v, k) => (gateOf(M, k) === a ? row[k + (b - a) * M] : gateOf(M, k) === b ? row[k - (b - a) * M] : v));

export const UNLISTED = {
  // ---- the loop
  'the step reads h of two steps before': loop(
    () => {
      const old = new Map();
      return {
        before: (s, { n, l, way }) => {
          const key = `${n} ${l} ${way}`;
          const list = old.get(key) ?? [s];
          old.set(key, [...list.slice(-1), s]);
          return list[0];
        },
      };
    },
    has(1, 4),
  ),
  'state kept in every second sample only': {
    codes: [],
    also: ['state-random'],
    when: and(has(4, 1), single),
    make: c => ({ fault: { start: (l, way, n) => (n % 2 ? c.all.states[l][way][n - 1] : {}) } }),
  },
  'state of another batch order': {
    codes: [],
    also: ['state-random'],
    when: has(3, 1),
    make: c => ({ fault: { start: (l, way, n) => c.all.states[l][way][(n + 2) % c.X.length] } }),
  },
  'half the state of the previous call': {
    codes: [],
    also: ['state-random'],
    make: c => ({
      fault: { start: (l, way, n) => ({ h: c.all.states[l][way][n].h.map(v => v / 2), c: c.all.states[l][way][n].c?.map(v => v / 2) }) },
    }),
  },
  'noise on h at every step': loop(c => ({ roundState: v => v + 0.03 * c.rng.normal() })),
  'zoneout: random units keep their h': loop(
    c => ({ after: (next, old) => ({ ...next, h: next.h.map((v, m) => (c.rng.next() < 0.3 ? old.h[m] : v)) }) }),
    has(1, 3),
  ),
  'one mask over h at every step': loop(
    c => {
      const mask = zeros(c.net.M).map(() => (c.rng.next() < 0.5 ? 0 : 2));
      mask[0] = 0;
      return { before: s => ({ ...s, h: s.h.map((v, m) => v * mask[m]) }) };
    },
    and(has(1, 3, 1, 1, 3)),
    ['dropout-on', 'state-reset'],
  ),
  'h of length one after every step': loop(
    eachRun(next => ({ ...next, h: next.h.map(v => v / length(next.h)) })),
    has(1, 1, 1, 1, 2),
  ),
  'LayerNorm inside the step': loop(
    eachRun(next => ({ ...next, h: normal(next.h) })),
    has(1, 2, 1, 1, 3),
    ['layer-norm-added'],
  ),
  'h rolled by one unit at every step': loop(
    eachRun(next => ({ ...next, h: next.h.map((_, m) => next.h[(m + 1) % next.h.length]) })),
    has(1, 2, 1, 1, 2),
  ),
  'last unit is never computed': loop(
    eachRun(next => ({ ...next, h: next.h.map((v, m) => (m === next.h.length - 1 ? 0 : v)) })),
    has(1, 1, 1, 1, 2),
    ['weight-damaged', 'stale-weights'],
  ),
  'sum over h leaves out the last unit': weights(
    w => ({ ...w, Wh: w.Wh.map((row, m) => (m === w.Wh.length - 1 ? row.map(() => 0) : row)) }),
    has(1, 2, 1, 1, 2),
    ['weight-damaged', 'wh-missing'],
  ),
  'x of the first sample in every sample': x(X => X.map(() => X[0]), has(3, 1), ['samples-repeated']),
  'next step, the last one twice': x(X => steps(X, (rows, t) => rows[Math.min(t + 1, rows.length - 1)]), has(1, 3), ['input-lagged']),
  'h of the fixed point arithmetic': loop(() => ({ roundState: v => Math.round(v * 64) / 64 }), undefined, []),
  'time reversed in every second sample': x(X => X.map((rows, n) => (n % 2 ? [...rows].reverse() : rows)), has(3, 2)),
  'x times the step': x(X => each(X, (v, _d, t) => v * (t + 1)), has(1, 3)),
  'h divided by the step': loop(() => ({ after: (next, _o, { s }) => ({ ...next, h: next.h.map(v => v / (s + 1)) }) }), has(1, 3)),
  'state zero again where x is negative': loop(
    () => ({ before: (s, { x: now }) => (now[0] < 0 ? { h: s.h.map(() => 0), c: s.c?.map(() => 0) } : s) }),
    has(1, 4),
  ),

  // ---- data loaders
  'noise of training on x': x((X, c) => each(X, v => v + 0.3 * c.rng.normal())),
  'dropout on x': x((X, c) => each(X, v => (c.rng.next() < 0.4 ? 0 : v / 0.6)), has(2, 3)),
  'x clipped to one': x(X => each(X, v => clip(v, 1)), undefined, ['input-scaled']),
  'logarithm of x': x(X => each(X, v => Math.sign(v) * Math.log1p(Math.abs(v)))),
  'x in eight bits': x(X => each(X, v => Math.round(v * 32) / 32)),
  'x overflows at 127': x(X => each(X, v => ((((Math.trunc(v * 80) + 128) % 256) + 256) % 256) / 80 - 1.6)),
  'x in float16': x(X => each(X, half), undefined, ['float16']),
  'one number of x replaced': x(
    (X, c) => each(X, (v, d, t, n) => (d === 0 && n === 0 && t === X[0].length - 1 ? v + 1 + c.rng.next() : v)),
    undefined,
    ['input-lagged'],
  ),
  'one step of x twice': x(X => steps(X, (rows, t) => rows[t > 1 ? t - 1 : t]), has(1, 4), ['input-lagged', 'stops-early']),
  'two steps exchanged': x(X => steps(X, (rows, t) => rows[t === 1 ? 2 : t === 2 ? 1 : t]), has(1, 4)),
  'moving average of x': x(X => steps(X, (rows, t) => rows[t].map((v, d) => (v + rows[Math.max(0, t - 1)][d]) / 2)), has(1, 3)),
  'differences of x': x(X => steps(X, (rows, t) => rows[t].map((v, d) => (t ? v - rows[t - 1][d] : 0))), has(1, 3)),
  'running sum of x': x(X => X.map(rows => running(rows)), has(1, 3)),
  'positions added to x': x(X => each(X, (v, d, t) => v + (d % 2 ? Math.cos : Math.sin)(t / 100 ** (d / X[0][0].length)))),
  'window moved into the next sample': x(X => X.map((rows, n) => [...rows.slice(2), ...X[(n + 1) % X.length].slice(0, 2)]), has(2, 4)),
  'x rolled by three steps': x(X => steps(X, (rows, t) => rows[(t + 3) % rows.length]), has(1, 5), ['input-lagged']),
  'every second step held': x(X => steps(X, (rows, t) => rows[t - (t % 2)]), has(1, 4)),
  'two features exchanged in some samples': x(
    X => X.map((rows, n) => (n % 2 ? rows : rows.map(r => [r[1], r[0], ...r.slice(2)]))),
    has(3, 1, 2),
  ),
  'one feature in place of another': x(X => steps(X, (rows, t) => rows[t].map((v, d) => (d === 1 ? rows[t][0] : v))), has(1, 1, 2)),
  'samples and steps mixed up by reshape': x(
    X => {
      const all = X.flat();
      const N = X.length;
      return X.map((rows, n) => rows.map((_, t) => all[t * N + n]));
    },
    has(2, 3),
    ['axes-swapped', 'input-reshaped'],
  ),
  'sign of x lost': x(X => each(X, v => Math.abs(v))),
  'mean of the batch taken off at every step': x(
    X => steps(X, (rows, t) => rows[t].map((v, d) => v - mean(X.map(r => r[t][d])))),
    has(3, 2),
  ),
  'each sample standardised by itself': x(
    X => X.map(rows => rows.map(r => r.map((v, d) => (v - mean(rows.map(q => q[d]))) / (spread(rows.map(q => q[d])) + 1e-9)))),
    has(2, 4),
    ['input-scaled'],
  ),
  'each sample with a factor of its own': x(
    (X, c) =>
      X.map(rows =>
        deep(
          rows,
          (
            f => v =>
              v * f
          )(0.5 + c.rng.next()),
        ),
      ),
    has(3, 1),
  ),
  'LayerNorm over the features': x(X => steps(X, (_r, _t, _n, row) => normal(row)), has(1, 1, 3), ['input-scaled']),
  'x of length one': x(X => steps(X, (_r, _t, _n, row) => row.map(v => v / length(row))), has(1, 1, 2), ['input-scaled']),
  'x sorted within each step': x(X => steps(X, (_r, _t, _n, row) => [...row].sort((a, b) => a - b)), has(2, 3, 3)),
  'one sample of x stands for two': x(X => X.map((rows, n) => (n === X.length - 1 ? X[0] : rows)), has(4, 1), ['samples-repeated']),

  // ---- what the head reads
  'mean of the last three steps': read(hs => hs[0].map((_, m) => mean(hs.slice(-3).map(h => h[m]))), has(1, 5)),
  'the step with the largest h': read(hs => hs.reduce((a, b) => (length(b) > length(a) ? b : a)), undefined, [
    'stops-early',
    'step-early',
    'first-step',
  ]),
  'attention over the steps': read(hs => {
    const w = softmax(hs.map(h => h.reduce((s, v, m) => s + v * hs.at(-1)[m], 0)));
    return hs[0].map((_, m) => hs.reduce((s, h, t) => s + w[t] * h[m], 0));
  }),
  'first and last h averaged': read(hs => hs[0].map((v, m) => (v + hs.at(-1)[m]) / 2), undefined),
  'weighted mean, later steps more': read(hs =>
    hs[0].map((_, m) => hs.reduce((s, h, t) => s + (t + 1) * h[m], 0) / ((hs.length * (hs.length + 1)) / 2)),
  ),
  'minimum over time': read(hs => hs[0].map((_, m) => Math.min(...hs.map(h => h[m])))),
  'median over time': read(hs => hs[0].map((_, m) => [...hs.map(h => h[m])].sort((a, b) => a - b)[hs.length >> 1])),
  'the middle step': read(hs => hs[hs.length >> 1], has(1, 6), ['stops-early', 'step-early']),
  'largest by size over time': read(hs => hs[0].map((_, m) => hs.map(h => h[m]).reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a)))),
  'h of length one before the head': read(
    hs => hs.at(-1).map(v => v / length(hs.at(-1))),
    (_n, s) => s.N > 1 || s.K > 1,
    ['hidden-scaled', 'hidden-normalised'],
  ),
  'units in another order before the head': read(hs => [...hs.at(-1)].reverse(), has(2, 3, 1, 1, 3), [
    'bidirectional-order',
    'stale-weights',
  ]),
  'softmax of h before the head': read(hs => softmax(hs.at(-1)), has(1, 1, 1, 1, 2), ['activation-added']),
  'BatchNorm as in training before the head': {
    codes: [],
    when: and(last, has(3, 2)),
    also: ['hidden-scaled', 'stale-weights'],
    make: c => {
      const all = runSeq(c).hidden.map(h => h.at(-1));
      const of = all[0].map((_, m) => all.map(h => h[m]));
      return {
        y: onHead(
          c,
          all.map(h => h.map((v, m) => (v - mean(of[m])) / Math.sqrt(spread(of[m]) ** 2 + 1e-3))),
        ),
      };
    },
  },
  'mean over T - 1': read(hs => hs[0].map((_, m) => hs.reduce((s, h) => s + h[m], 0) / (hs.length - 1)), has(1, 4)),

  // ---- y
  'y clipped to 0 and 1': y(r => deep(r, v => Math.min(1, Math.max(0, v))), undefined, [
    'output-function',
    'output-zeros',
    'output-labels',
    'output-integers',
    'activation',
  ]),
  'moving average over the samples': y(r => r.map((v, n) => deepMean(v, r[Math.max(0, n - 1)])), has(3, 1)),
  'moving average over the steps': y(r => r.map(rows => rows.map((v, t) => deepMean(v, rows[Math.max(0, t - 1)]))), and(seq, has(1, 4))),
  'running sum over the steps': y(r => r.map(rows => running(rows)), and(seq, has(1, 3))),
  'two models averaged': {
    codes: [],
    make: c => {
      const other = network(
        c.net,
        {
          ...c.weights,
          layers: c.weights.layers.map(w => ({
            f: deepObject(w.f, v => v + 0.3 * c.rng.normal()),
            r: w.r && deepObject(w.r, v => v + 0.3 * c.rng.normal()),
          })),
        },
        c.X,
        {},
        c.numbers,
      );
      return { y: zipped(c.right, other, (a, b) => (a + b) / 2) };
    },
  },
  'y standardised over the batch': y(
    (r, c) => {
      const rows = c.net.seq ? r.flat() : r;
      const of = rows[0].map((_, k) => rows.map(row => row[k]));
      return rowsOf(r, row => row.map((v, k) => (v - mean(of[k])) / spread(of[k])));
    },
    has(5, 1),
    ['output-scaled', 'output-scaled-each'],
  ),
  'y in steps of a quarter': y(r => deep(r, v => Math.round(4 * v) / 4), has(2, 1, 1, 2), ['output-zeros', 'output-integers']),
  'y in int8': y(
    r => {
      const most = Math.max(...flat(r).map(Math.abs));
      return deep(r, v => (Math.round((v / most) * 127) / 127) * most);
    },
    has(3, 1, 1, 2),
  ),
  'rows sorted': y(r => rowsOf(r, row => [...row].sort((a, b) => a - b)), has(2, 1, 1, 3), ['outputs-permuted']),
  'only the largest kept': y(r => rowsOf(r, row => row.map(v => (v === Math.max(...row) ? v : 0))), has(2, 1, 1, 3), ['activation']),
  'noise on the scores before the softmax': {
    codes: [],
    net: { head: 'softmax' },
    when: has(2, 1, 1, 3),
    make: c => ({
      y: rowsOf(network(c.net, c.weights, c.X, { head: 'linear' }, c.numbers), z =>
        softmax(z.map(v => v - Math.log(-Math.log(c.rng.next())))),
      ),
    }),
  },
  'one row of another memory': y((r, c) => r.map((v, n) => (n === 1 ? deep(v, () => 10 * c.rng.normal()) : v)), has(3, 1)),
  'rows of the batch before': y(r => r.map((v, n) => (n >= 2 ? r[n - 2] : v)), has(5, 1), ['samples-repeated', 'samples-shifted']),
  'steps and outputs mixed up by reshape': y(
    r =>
      r.map(rows => {
        const v = rows[0].flatMap((_, k) => rows.map(q => q[k]));
        return rows.map((row, t) => row.map((_, k) => v[t * row.length + k]));
      }),
    and(seq, has(1, 3, 1, 2)),
    ['output-layout', 'outputs-permuted'],
  ),
  'every second step never written': y(r => r.map(rows => rows.map((row, t) => (t % 2 ? row.map(() => 0) : row))), and(seq, has(1, 4))),
  'one output in place of another': y(r => rowsOf(r, row => row.map((v, k) => (k === 1 ? row[0] : v))), has(2, 1, 1, 2), [
    'outputs-permuted',
  ]),
  'one output only is scaled': y(r => rowsOf(r, row => row.map((v, k) => (k === 0 ? 3 * v - 1 : v))), has(5, 1, 1, 2), [
    'output-scaled-each',
  ]),
  'sigmoid twice': {
    codes: [],
    also: ['output-function', 'activation'],
    net: { head: 'sigmoid' },
    when: has(2, 1),
    make: c => ({ y: deep(c.right, FUNCTIONS.sigmoid) }),
  },
  'square of y': y(r => deep(r, v => v * v), has(2, 1, 1, 2), ['output-function']),
  'predictions of two samples mixed': y(r => r.map((v, n) => zipped(v, r[(n + 1) % r.length], (a, b) => 0.8 * a + 0.2 * b)), has(3, 1)),

  // ---- the weights
  'an earlier epoch': weights((w, c) => deepObject(w, v => 0.9 * v + 0.05 * c.rng.normal())),
  'small weights pruned': weights(w => deepObject(w, v => (Math.abs(v) < 0.25 ? 0 : v)), has(1, 1, 1, 1, 5), ['layer-zeros']),
  'columns of Wh of length one': weights(w => ({ ...w, Wh: columns(w.Wh, v => v.map(a => a / length(v))) }), has(1, 2, 1, 1, 2), [
    'weights-normalised',
  ]),
  'diagonal of Wh zero': weights(
    w => ({ ...w, Wh: w.Wh.map((row, m) => row.map((v, k) => (k % w.Wh.length === m ? 0 : v))) }),
    has(1, 2, 1, 1, 2),
  ),
  'Wh below the diagonal only': weights(
    w => ({ ...w, Wh: w.Wh.map((row, m) => row.map((v, k) => (k % w.Wh.length > m ? 0 : v))) }),
    has(1, 2, 1, 1, 3),
  ),
  'rows of Wh rolled': weights(w => ({ ...w, Wh: w.Wh.map((_, m) => w.Wh[(m + 1) % w.Wh.length]) }), has(1, 2, 1, 1, 3)),
  'biases of two gates exchanged': weights(
    (w, c) => ({ ...w, b: exchange(w.b, c.net.M, 0, 1), b2: w.b2 && exchange(w.b2, c.net.M, 0, 1) }),
    gated,
    ['gate-order'],
  ),
  'two gates of Wh exchanged': weights((w, c) => ({ ...w, Wh: w.Wh.map(row => exchange(row, c.net.M, 0, 1)) }), and(gated, has(1, 2)), [
    'gate-order',
  ]),
  'two gates of Wx exchanged': weights((w, c) => ({ ...w, Wx: w.Wx.map(row => exchange(row, c.net.M, 0, 1)) }), gated, ['gate-order']),
  'Wh of one gate transposed': weights(
    (w, c) => ({ ...w, Wh: w.Wh.map((row, m) => row.map((v, k) => (gateOf(c.net.M, k) === 0 ? w.Wh[k % c.net.M][m] : v))) }),
    and(gated, has(1, 2, 1, 1, 3)),
    ['wh-transposed'],
  ),
  'weights in four bits': weights(w => deepObject(w, v => Math.round(v * 7) / 7), has(1, 1, 1, 1, 3), ['weights-rounded']),
  'weights of three values': weights(w => deepObject(w, v => (Math.abs(v) < 0.3 ? 0 : Math.sign(v) * 0.5)), has(1, 1, 1, 1, 3), [
    'layer-zeros',
  ]),
  'half of the bias': weights(w => ({ ...w, b: w.b.map(v => v / 2), b2: w.b2?.map(v => v / 2) })),
  'bias of the other direction': weights((w, _c, _l, pair) => ({ ...w, b: pair.f.b, b2: pair.f.b2 }), both),
  'Wx of the other direction': weights((w, _c, _l, pair) => ({ ...w, Wx: pair.f.Wx }), both),
  'biases of the layer below': weights((w, c, l) => ({ ...w, b: c.weights.layers[Math.max(0, l - 1)].f.b }), and(stacked, oneWay), [
    'weights-exchanged',
  ]),
  'Wh of the layer below': weights(
    (w, c, l) => ({ ...w, Wh: c.weights.layers[Math.max(0, l - 1)].f.Wh }),
    and(stacked, oneWay, has(1, 2)),
    ['weights-exchanged'],
  ),
  'mantissa of three bits': weights(
    w =>
      deepObject(w, v =>
        v ? Math.round(v / 2 ** (Math.floor(Math.log2(Math.abs(v))) - 3)) * 2 ** (Math.floor(Math.log2(Math.abs(v))) - 3) : 0,
      ),
    undefined,
    ['weights-rounded'],
  ),
  'biases of the head in another order': {
    codes: [],
    also: ['output-scaled-each'],
    when: has(3, 1, 1, 3),
    make: c => ({ weights: { ...c.weights, bo: [...c.weights.bo].reverse() } }),
  },
  'rows of Wo rolled': {
    codes: [],
    also: ['stale-weights', 'bidirectional-order'],
    when: has(1, 1, 1, 1, 3),
    make: c => ({ weights: { ...c.weights, Wo: c.weights.Wo.map((_, m) => c.weights.Wo[(m + 1) % c.weights.Wo.length]) } }),
  },
  'weight decay forgotten: all weights larger': weights(w => deepObject(w, v => 1.1 * v)),
  'one column of Wx doubled': weights(w => ({ ...w, Wx: w.Wx.map(row => row.map((v, k) => (k === 0 ? 2 * v : v))) }), undefined, [
    'weight-damaged',
  ]),
  'DropConnect on Wh': weights((w, c) => ({ ...w, Wh: deep(w.Wh, v => (c.rng.next() < 0.3 ? 0 : v / 0.7)) }), has(1, 2, 1, 1, 3)),

  // ---- the equations
  'sigmoid of 2x': loop(() => ({ sig: z => FUNCTIONS.sigmoid(2 * z) }), gated, ['activation-approximated']),
  'tanh by a fraction': loop(() => ({ act: z => clip((z * (27 + z * z)) / (27 + 9 * z * z), 1) }), undefined, ['activation-approximated']),
  'sigmoid by straight lines': loop(
    () => ({
      sig: z => {
        const a = Math.abs(z);
        const v = a >= 5 ? 1 : a >= 2.375 ? 0.03125 * a + 0.84375 : a >= 1 ? 0.125 * a + 0.625 : 0.25 * a + 0.5;
        return z < 0 ? 1 - v : v;
      },
    }),
    gated,
  ),
  'LSTM: h from the old c': loop(
    () => ({ after: (next, old) => ({ ...next, h: next.h.map((_, m) => next.o[m] * Math.tanh(old.c[m])) }) }),
    and(is('lstm'), has(1, 3)),
  ),
  'GRU: z in place of r in the candidate': loop(
    () => ({ resetBy: 'z' }),
    and(is('gru'), net => net.resetAfter, has(1, 2)),
  ),
  'GRU: r after the tanh': loop(
    () => ({ resetOn: 'tanh' }),
    and(is('gru'), net => net.resetAfter, has(1, 2)),
    ['gru-reset-on-input'],
  ),
  'forget bias plus a half': weights((w, c) => ({ ...w, b: w.b.map((v, k) => (gateOf(c.net.M, k) === 1 ? v + 0.5 : v)) }), is('lstm')),
  'a slow unit': loop(() => ({ leak: 0.1 }), has(1, 3), ['state-mixed']),
  'product for the sum of x and h': loop(() => ({ times: true }), and(is('rnn'), has(1, 2)), ['layer-zeros']),
  'h clipped to a half': loop(() => ({ roundState: v => clip(v, 0.5) }), undefined, ['clip']),
  'softplus for tanh': loop(() => ({ act: z => Math.log1p(Math.exp(z)) }), undefined, ['activation']),
  'cube of tanh': loop(() => ({ act: z => Math.tanh(z) ** 3 })),
  'tanh with 1.7159': loop(() => ({ act: z => 1.7159 * Math.tanh((2 / 3) * z) }), undefined, [
    'activation',
    'activation-approximated',
    'hidden-scaled',
  ]),
  'residual of one half': {
    codes: [],
    when: and(stacked, oneWay, net => !net.pool),
    make: () => ({ fault: { between: (h, v) => h.map((a, m) => a + 0.5 * v[m]), layer: 1 } }),
  },
  'dropout between the layers': {
    codes: [],
    also: ['dropout-on'],
    when: and(stacked, has(1, 3)),
    make: c => ({ fault: { between: h => h.map(v => (c.rng.next() < 0.3 ? 0 : v / 0.7)), layer: 0 } }),
  },
  'one mask of dropout between the layers': {
    codes: [],
    also: ['dropout-on'],
    when: and(stacked, has(1, 3, 1, 1, 3)),
    make: c => {
      const mask = zeros(2 * c.net.M).map((_, m) => (m === 0 || c.rng.next() < 0.4 ? 0 : 2));
      return { fault: { between: h => h.map((v, m) => v * mask[m]), layer: 0 } };
    },
  },
  'skip around the last layer': {
    codes: [],
    when: and(stacked, oneWay, last),
    also: ['residual-added'],
    make: () => ({ fault: { between: (h, v, _n, _t, l) => (l === 1 ? h.map((a, m) => (a + v[m]) / 2) : h), layer: 1 } }),
  },
};

export function running(rows) {
  const sums = rows[0].map(() => 0);
  return rows.map(row =>
    row.map((v, k) => {
      sums[k] += v;
      return sums[k];
    }),
  );
}
function deepMean(a, b) {
  return zipped(a, b, (p, q) => (p + q) / 2);
}
export function zipped(a, b, f) {
  return Array.isArray(a) ? a.map((v, k) => zipped(v, b[k], f)) : f(a, b);
}
export function deepObject(w, f) {
  return Object.fromEntries(Object.entries(w).map(([key, v]) => [key, v && deep(v, f)]));
}
function columns(W, f) {
  const out = W[0].map((_, k) => f(W.map(row => row[k])));
  return W.map((_, m) => out.map(col => col[m]));
}

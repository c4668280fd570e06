// Ways to compute y wrongly, one at a time, in loops of their own (scripts/plainLoops.mjs): what people do, and things that are in no list.
//
// name: {codes, net, when, make}
//   codes  what compare may call it, `code` or `code:parameter`; none: it is in no list, and a confident name for it is a wrong one,
//          unless it is among `also`: true, but seldom to be seen
//   net    what the network must be; when(net, sizes): whether it can happen there
//   make   ({net, weights, X, rng, run, right, place, W}) -> {fault, weights, X, net, y}: what is changed, or the wrong y itself
import { FUNCTIONS, GATES, network, softmax, zeros } from './plainLoops.mjs';

const gated = net => net.cell !== 'rnn';
const is =
  (...cells) =>
  net =>
    cells.includes(net.cell);
const both = net => Boolean(net.bi);
const lastOnly = net => !net.seq && !net.pool;
const stacked = net => net.layers > 1;
/** Numbers of a first state. */
const unknown = net => net.layers * net.M * (net.cell === 'lstm' ? 2 : 1) * (net.bi ? 2 : 1);

const transpose = W => W[0].map((_, j) => W.map(row => row[j]));
const flatTo = (flat, rows, columns) => Array.from({ length: rows }, (_, r) => flat.slice(r * columns, (r + 1) * columns));
/** f over every number of an array of arrays. */
export const deep = (v, f) => (Array.isArray(v) ? v.map(u => deep(u, f)) : typeof v === 'number' ? f(v) : v);
/** The weights of every direction of one layer (all, where `place` is undefined) changed. */
const eachWay = (weights, place, change) => ({
  ...weights,
  layers: weights.layers.map((w, l) =>
    place === undefined || place === l ? { f: change(w.f, 'f', l), r: w.r && change(w.r, 'r', l) } : w,
  ),
});
/** Column k of [.., G·M] changed where gate g is. */
const onGate = (M, g, f) => row => row.map((v, k) => (Math.floor(k / M) === g ? f(v) : v));
const blocksT = (W, G) => {
  const M = W[0].length / G;
  return W.map((_, i) => W[0].map((_v, k) => W[k % M][Math.floor(k / M) * M + i]));
};
const half = v => {
  if (v === 0 || !Number.isFinite(v)) return v;
  const unit = 2 ** (Math.max(-14, Math.floor(Math.log2(Math.abs(v)))) - 10);
  const q = v / unit;
  const below = Math.floor(q);
  return (q - below === 0.5 ? below + (Math.abs(below) % 2) : Math.round(q)) * unit;
};
const bfloat = v => {
  if (v === 0) return 0;
  const unit = 2 ** (Math.floor(Math.log2(Math.abs(v))) - 7);
  const q = v / unit;
  const below = Math.floor(q);
  return (q - below === 0.5 ? below + (Math.abs(below) % 2) : Math.round(q)) * unit;
};

export { bfloat, half };

/** Two and two, a last one alone left out. */
const pairsOf = list => Array.from({ length: list.length >> 1 }, (_, k) => [list[2 * k], list[2 * k + 1]]);
const stepsOf = (X, f) => X.map((rows, n) => Array.from({ length: rows.length }, (_, t) => f(rows, t, n)));
const features = (X, f) => X.map(rows => rows.map(x => x.map((v, d) => f(v, d, x))));
const outputs = (y, f) => deep(y, f);
const onRows = (y, f) => (Array.isArray(y[0][0]) ? y.map(rows => rows.map(f)) : y.map(f));
const moments = v => {
  const mean = v.reduce((a, b) => a + b, 0) / v.length;
  return { mean, sd: Math.sqrt(v.reduce((a, b) => a + (b - mean) ** 2, 0) / v.length), min: Math.min(...v), max: Math.max(...v) };
};
const column = (X, d) => X.flatMap(rows => rows.map(x => x[d]));
const normalised = (h, eps = 1e-5) => {
  const { mean, sd } = moments(h);
  return h.map(v => (v - mean) / Math.sqrt(sd * sd + eps));
};
/** Numbers of a nested array by the moments of all of them. */
const fittedTo = (one, f) => {
  const own = moments([one].flat(Infinity));
  return deep(one, v => f(own, v));
};
const shuffled = (list, rng) => {
  const order = [...list];
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(rng.next() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
};
/** An order that is not the given one. */
const otherOrder = (count, rng) => {
  const own = Array.from({ length: count }, (_, k) => k);
  for (;;) {
    const order = shuffled(own, rng);
    if (order.some((v, k) => v !== k)) return order;
  }
};

const fault = (codes, f, more = {}) => ({
  codes,
  make: c => ({ fault: { ...(typeof f === 'function' ? f(c) : f), layer: c.place } }),
  ...more,
});
/** A fault of all layers at once. */
const whole = (codes, f, more = {}) => ({ codes, make: c => ({ fault: typeof f === 'function' ? f(c) : f }), ...more });
const onX = (codes, f, more = {}) => ({ codes, make: c => ({ X: f(c.X, c) }), ...more });
const onY = (codes, f, more = {}) => ({ codes, make: c => ({ y: f(c.right, c) }), ...more });
const onW = (codes, f, more = {}) => ({
  codes,
  make: c => ({ weights: eachWay(c.weights, c.place, (w, way, l) => f(w, c, way, l)) }),
  ...more,
});
/** f(token, V) -> token */
const onTokens = (codes, f) => ({
  codes,
  net: { tokens: true },
  when: (_net, s) => s.T > 1,
  make: c => ({ X: deep(c.net.tokens, v => c.weights.E[f(v, c.weights.E.length)]) }),
});
const onHead = (codes, f, more = {}) => ({ codes, make: c => ({ weights: { ...c.weights, ...f(c.weights, c) } }), ...more });
const needs =
  (N, T, D = 1, K = 1) =>
  (_net, s) =>
    s.N >= N && s.T >= T && s.D >= D && s.K >= K;
const and =
  (...tests) =>
  (net, s) =>
    tests.every(t => t(net, s));

/** The last steps of each sample are zeros, of which two at least are not. */
function zerosBehind(X, rng) {
  return X.map(rows => {
    const real = 2 + Math.floor(rng.next() * (rows.length - 2));
    return rows.map((x, t) => (t < real ? x : zeros(x.length)));
  });
}

export const MISTAKES = {
  // ---- the state
  'h is zero at every step': fault(['state-reset', 'wh-missing', 'axes-swapped', 'starts-late'], { reset: 'all' }, { when: needs(1, 2) }),
  'h, not c, is zero at every step': fault(['state-reset', 'wh-missing'], { reset: 'h' }, { when: and(is('lstm'), needs(1, 2)) }),
  'c, not h, is zero at every step': fault(['state-reset'], { reset: 'c' }, { when: and(is('lstm'), needs(1, 2)) }),
  'state zero again after every four steps': whole(['state-reset', 'starts-late'], { reset: 'all', every: 4 }, { when: needs(1, 6) }),
  'state kept between samples': whole(['state-carry'], { carry: 'all' }, { when: needs(2, 1) }),
  'c kept between samples': whole(['state-carry-c-only'], { carry: 'c' }, { when: and(is('lstm'), needs(2, 1)) }),
  'h kept between samples': whole(['state-carry'], { carry: 'h' }, { when: and(is('lstm'), needs(2, 1)) }),
  'state kept between batches of two': whole(['state-carry'], { carry: 'all', lag: 2 }, { when: needs(4, 1) }),
  'one state for the whole batch': whole(['state-carry'], { shared: true }, { when: needs(2, 2) }),
  'state of the previous call': {
    codes: ['state-previous-call'],
    make: c => ({ fault: { start: (l, way, n) => c.all.states[l][way][n] } }),
  },
  'h of the previous call, c zero': {
    codes: ['state-previous-call', 'state-random'],
    when: and(is('lstm'), net => net.layers === 1),
    make: c => ({ fault: { start: (l, way, n) => ({ h: c.all.states[l][way][n].h }) } }),
  },
  'first state is ones': whole(['state-ones'], c => ({
    start: () => ({ h: zeros(c.net.M).map(() => 1), c: zeros(c.net.M).map(() => 1) }),
  })),
  'first state is one number': whole(['state-random', 'state-ones'], c => {
    const start = 0.2 + 0.6 * c.rng.next();
    return { start: () => ({ h: zeros(c.net.M).map(() => start) }) };
  }),
  'layers share their state': whole(['state-shared'], { fromBelow: true }, { when: and(stacked, net => !net.bi) }),
  'directions share their state': fault(['state-shared'], { fromForward: true }, { when: and(both, net => net.layers === 1) }),
  'first state is one random vector': {
    codes: ['state-random'],
    when: (net, s) => unknown(net) <= 24 && s.N * Math.min(s.K, net.M) * (net.seq ? s.T : 1) >= 2 * unknown(net),
    make: c => {
      const s = c.weights.layers.map(() => ({ h: zeros(c.net.M).map(() => c.rng.normal()), c: zeros(c.net.M).map(() => c.rng.normal()) }));
      return { fault: { start: l => s[l] } };
    },
  },
  'first state is random for each sample': {
    codes: ['state-random'],
    when: (net, s) => unknown(net) <= 24 && net.seq && Math.min(s.K, net.M) * s.T >= 2 * unknown(net),
    make: c => {
      const known = new Map();
      const at = key =>
        known.get(key) ??
        known.set(key, { h: zeros(c.net.M).map(() => c.rng.normal()), c: zeros(c.net.M).map(() => c.rng.normal()) }).get(key);
      return { fault: { start: (l, way, n) => at(`${l} ${way} ${n}`) } };
    },
  },
  'unit by unit in place': fault(['in-place-update'], { inPlace: true }, { when: net => net.M > 1 }),
  'last h of the layer below at every step': {
    codes: ['last-repeated', 'in-place-update'],
    when: and(stacked, needs(1, 2)),
    make: c => ({
      fault: { between: (h, _x, n, _t, l) => (l < c.net.layers - 1 ? c.all.states[l].f[n].h : h) },
    }),
    net: { bi: null, layers: 2 },
  },
  'one array for every step': {
    codes: ['in-place-update'],
    when: and(net => net.seq && !net.bi && net.layers === 1, needs(1, 2)),
    make: c => ({ y: c.right.map(rows => rows.map(() => rows[rows.length - 1])) }),
  },

  // ---- the steps
  'time reversed': onX(['time-reversed'], X => X.map(rows => [...rows].reverse()), { when: needs(1, 2) }),
  'last step not run': onX(['stops-early', 'step-early'], X => X.map(rows => rows.slice(0, -1)), { when: and(lastOnly, needs(1, 3)) }),
  'first step not run': onX(['starts-late'], X => X.map(rows => rows.slice(1)), { when: and(lastOnly, needs(1, 3)) }),
  'first step taken': {
    codes: ['first-step'],
    when: and(lastOnly, needs(1, 3)),
    make: c => ({ fault: { take: 'first', layer: c.net.layers - 1 } }),
  },
  'step before the last taken': {
    codes: ['stops-early', 'step-early'],
    when: and(lastOnly, needs(1, 3)),
    make: c => ({ fault: { take: 'early', layer: c.net.layers - 1 } }),
  },
  'end of both directions taken': {
    codes: ['bidirectional-last-step'],
    when: and(lastOnly, both, needs(1, 3)),
    make: c => ({ fault: { take: 'end', layer: c.net.layers - 1 } }),
  },
  'x one step late': onX(['input-lagged', 'stops-early'], X => stepsOf(X, (rows, t) => (t === 0 ? zeros(rows[0].length) : rows[t - 1])), {
    when: needs(1, 3),
  }),
  'x one step early': onX(['input-lagged'], X => stepsOf(X, (rows, t) => rows[(t + 1) % rows.length]), { when: needs(1, 3) }),
  'x two steps late': onX(['input-lagged'], X => stepsOf(X, (rows, t) => (t < 2 ? zeros(rows[0].length) : rows[t - 2])), {
    when: needs(1, 4),
  }),
  'x rolled back by two steps': onX(['input-lagged'], X => stepsOf(X, (rows, t) => rows[(t + 2) % rows.length]), { when: needs(1, 4) }),
  'first two steps of x zero': onX(['input-zeroed'], X => stepsOf(X, (rows, t) => (t < 2 ? zeros(rows[0].length) : rows[t])), {
    when: needs(1, 4),
  }),
  'last step of x zero': onX(['input-zeroed'], X => stepsOf(X, (rows, t) => (t === rows.length - 1 ? zeros(rows[0].length) : rows[t])), {
    when: needs(1, 3),
  }),
  'sines and cosines added to x': onX(
    ['positions-added'],
    X => X.map(rows => rows.map((x, t) => x.map((v, d) => v + [Math.sin, Math.cos][d % 2](t * 1e-4 ** ((d - (d % 2)) / x.length))))),
    { when: needs(1, 3, 2) },
  ),
  'x of the first step at every step': onX(['input-repeated'], X => stepsOf(X, rows => rows[0]), { when: needs(1, 2) }),
  'x of the last step at every step': onX(['input-repeated'], X => stepsOf(X, rows => rows[rows.length - 1]), { when: needs(1, 2) }),
  'every second step': onX(['input-strided'], X => X.map(rows => rows.filter((_, t) => t % 2 === 0)), { when: and(lastOnly, needs(1, 4)) }),
  'every third step': onX(['input-strided'], X => X.map(rows => rows.filter((_, t) => t % 3 === 0)), { when: and(lastOnly, needs(1, 6)) }),
  'every fourth step': onX(['input-strided'], X => X.map(rows => rows.filter((_, t) => t % 4 === 0)), { when: and(lastOnly, needs(1, 6)) }),
  'mean of every two steps': onX(['input-strided'], X => X.map(rows => pairsOf(rows).map(([a, b]) => a.map((v, d) => (v + b[d]) / 2))), {
    when: and(lastOnly, needs(1, 4)),
  }),
  'x repeated along the steps': onX(['steps-repeated'], X => X.map(rows => rows.flatMap(x => [x, x]))),
  'x three times along the steps': onX(['steps-repeated'], X => X.map(rows => rows.flatMap(x => [x, x, x])), { when: lastOnly }),
  'x twice in a row': onX(['state-previous-call'], X => X.map(rows => [...rows, ...rows]), { when: net => !net.pool && !net.bi }),
  'first half of the steps': onX(['stops-early'], X => X.map(rows => rows.slice(0, rows.length / 2)), {
    when: and(
      lastOnly,
      net => !net.bi,
      (_net, s) => s.T % 2 === 0 && s.T > 3,
    ),
  }),
  'two steps of zeros in front': onX(['input-padded'], X => X.map(rows => [zeros(rows[0].length), zeros(rows[0].length), ...rows]), {
    when: lastOnly,
  }),
  'three steps of minus one in front': onX(['input-padded'], X => X.map(rows => [...Array(3).fill(rows[0].map(() => -1)), ...rows]), {
    when: lastOnly,
  }),
  'a step of 0.7 behind': onX(['input-padded'], X => X.map(rows => [...rows, rows[0].map(() => 0.7)]), { when: lastOnly }),
  'last step three times': onX(['input-padded'], X => X.map(rows => [...rows, rows.at(-1), rows.at(-1)]), { when: lastOnly }),
  'one step of zeros behind': onX(['input-padded'], X => X.map(rows => [...rows, zeros(rows[0].length)]), { when: lastOnly }),
  'axes N and T swapped': {
    codes: ['axes-swapped'],
    when: and(lastOnly, net => !net.bi && net.layers === 1, needs(2, 3)),
    make: c => {
      const all = network(
        { ...c.net, seq: true },
        c.weights,
        c.X[0].map((_, t) => c.X.map(rows => rows[t])),
        {},
        c.numbers,
      );
      return { y: c.X.map((_, n) => all[all.length - 1][n]) };
    },
  },
  'lengths ignored': {
    codes: ['mask-ignored'],
    net: { lengths: true, pool: undefined },
    when: needs(2, 4),
    make: () => ({ fault: { lengthsOf: () => undefined } }),
  },
  'lengths one too small': {
    codes: ['stops-early'],
    net: { lengths: true, pool: undefined },
    when: needs(2, 4),
    make: () => ({ fault: { lengthsOf: l => l.map(v => Math.max(1, v - 1)) } }),
  },
  'lengths one too large': {
    codes: ['mask-ignored'],
    net: { lengths: true, pool: undefined },
    when: needs(2, 4),
    make: c => ({ fault: { lengthsOf: l => l.map(v => Math.min(c.X[0].length, v + 1)) } }),
  },
  'lengths in another order': {
    codes: ['lengths-permuted'],
    net: { lengths: true, pool: undefined },
    when: needs(3, 4),
    make: _c => ({ fault: { lengthsOf: l => [...l].sort((a, b) => b - a) } }),
  },
  'backward starts in the padding': {
    codes: ['mask-one-way'],
    net: { lengths: true, pool: undefined },
    when: and(both, needs(2, 4)),
    make: () => ({ fault: { lengthsOf: (l, way) => (way === 'r' ? undefined : l) } }),
  },
  'zeros of padding in front': {
    codes: ['padding-side'],
    when: and(net => !net.seq && !net.pool, needs(2, 4)),
    prepare: zerosBehind,
    make: c => ({
      X: c.X.map(rows => {
        const real = rows.filter(x => x.some(v => v !== 0));
        return [...rows.slice(real.length), ...real];
      }),
    }),
  },
  'zeros of padding left out': {
    codes: ['padding-skipped'],
    when: and(net => !net.pool, needs(2, 4)),
    prepare: zerosBehind,
    make: c => ({ fault: { lengthsOf: () => c.X.map(rows => rows.filter(x => x.some(v => v !== 0)).length) } }),
  },
  'last of the padded sequence': {
    codes: ['mask-ignored', 'mask-zeros'],
    net: { lengths: true, pool: undefined },
    when: and(lastOnly, net => !net.bi, needs(2, 4)),
    make: () => ({ fault: { lengthsOf: () => undefined } }),
  },

  // ---- the input
  'x standardised': onX(
    ['input-scaled'],
    X => {
      const m = X[0][0].map((_, d) => moments(column(X, d)));
      return features(X, (v, d) => (v - m[d].mean) / m[d].sd);
    },
    { when: needs(2, 3) },
  ),
  'x between 0 and 1': onX(
    ['input-scaled'],
    X => {
      const m = X[0][0].map((_, d) => moments(column(X, d)));
      return features(X, (v, d) => (v - m[d].min) / (m[d].max - m[d].min));
    },
    { when: needs(2, 3) },
  ),
  'x divided by 255': onX(['input-scaled'], X => features(X, v => v / 255)),
  'x times a number': onX(
    ['input-scaled', 'input-scaled-by'],
    (X, c) => {
      const f = 0.3 + 3 * c.rng.next();
      return features(X, v => v * f);
    },
    { when: needs(2, 2) },
  ),
  'each feature with a scale and an offset of its own': onX(
    ['input-scaled', 'input-scaled-by'],
    (X, c) => {
      const lines = X[0][0].map(() => [0.5 + c.rng.next(), c.rng.normal()]);
      return features(X, (v, d) => v * lines[d][0] + lines[d][1]);
    },
    { when: (net, s) => s.D <= 3 && s.N * Math.min(s.K, net.M) * (net.seq ? s.T : 1) >= 4 * s.D + 2 },
  ),
  'x as whole numbers': onX(['input-integers'], X => features(X, v => Math.trunc(v))),
  'features in another order': onX(
    ['features-permuted'],
    (X, c) => {
      const order = otherOrder(X[0][0].length, c.rng);
      return features(X, (_, d, x) => x[order[d]]);
    },
    { when: (_net, s) => s.D >= 2 && s.D <= 4 },
  ),
  'features in a random order': onX(
    ['features-permuted'],
    (X, c) => {
      const order = otherOrder(X[0][0].length, c.rng);
      return features(X, (_, d, x) => x[order[d]]);
    },
    { when: (net, s) => s.D >= 5 && s.N * Math.min(s.K, net.M) * (net.seq ? s.T : 1) >= s.D + 4 },
  ),
  'features reversed': onX(['features-permuted'], X => features(X, (_, d, x) => x[x.length - 1 - d]), { when: needs(1, 1, 2) }),
  'last feature missing': onX(['feature-missing'], X => features(X, (v, d, x) => (d === x.length - 1 ? 0 : v)), { when: needs(1, 1, 2) }),
  'steps and features reshaped': onX(['input-reshaped'], X => X.map(rows => flatTo(transpose(rows).flat(), rows.length, rows[0].length)), {
    when: needs(1, 2, 2),
  }),

  'steps and features transposed, T = D': onX(['input-reshaped'], X => X.map(transpose), {
    sizes: ({ T }) => ({ T: Math.min(T, 8), D: Math.min(T, 8) }),
    when: needs(1, 2, 2),
  }),
  'tokens one too large': onTokens(['tokens-off-by-one'], (v, V) => Math.min(v + 1, V - 1)),
  'tokens one too small': onTokens(['tokens-off-by-one'], (v, V) => (v + V - 1) % V),
  'row of the padding token is zero': {
    codes: ['padding-row-zero'],
    net: { tokens: true },
    when: needs(1, 4, 2),
    make: c => ({ X: c.net.tokens.map(row => row.map(v => (v === 0 ? zeros(c.sizes.D) : c.weights.E[v]))) }),
  },

  // ---- which tensor
  'c taken for h': {
    codes: ['cell-state-taken'],
    when: and(is('lstm'), net => !net.bi),
    make: c => ({ fault: { takeC: true, layer: c.net.layers - 1 } }),
  },
  'a lower layer taken': {
    codes: ['lower-layer'],
    when: and(stacked, (_net, _s) => true),
    make: c => ({ fault: { layers: c.net.layers - 1 } }),
  },
  'h_n viewed': {
    codes: ['h-n-view'],
    when: and(both, lastOnly, net => net.layers === 1, needs(2, 1)),
    make: () => ({ fault: { view: true } }),
  },
  'raw h_n of both directions': {
    codes: ['head-missing'],
    when: and(both, lastOnly, net => net.layers === 1, needs(2, 2)),
    make: c => ({ y: ['f', 'r'].map(way => c.all.states[0][way].map(s => s.h)) }),
  },
  'Y of ONNX, with an axis of directions': {
    codes: ['head-missing'],
    when: and(net => net.seq && net.bi === 'concat' && net.layers === 1, needs(2, 3)),
    make: c => ({
      y: c.X[0].map((_, t) => [0, 1].map(d => c.X.map((_x, n) => c.all.hidden[0][n][t].slice(d * c.net.M, (d + 1) * c.net.M)))),
    }),
  },
  'raw h_n of several layers': {
    codes: ['head-missing'],
    when: and(lastOnly, stacked),
    make: c => ({ y: c.all.states.flatMap(({ f, r }) => [f, ...(r ? [r] : [])].map(ends => ends.map(s => s.h))) }),
  },
  'raw c_n of several layers': {
    codes: ['cell-state-taken'],
    when: and(is('lstm'), lastOnly, stacked),
    make: c => ({ y: c.all.states.flatMap(({ f, r }) => [f, ...(r ? [r] : [])].map(ends => ends.map(s => s.c))) }),
  },
  'h_n[0] of two directions': {
    codes: ['head-missing', 'direction-missing'],
    when: and(
      both,
      lastOnly,
      net => net.layers === 1,
      (net, s) => net.M !== s.K && s.N >= 2,
    ),
    make: c => ({ y: c.all.states[0].f.map(s => s.h) }),
  },
  'h_n[0] of two layers': {
    codes: ['head-missing', 'lower-layer'],
    when: and(
      stacked,
      lastOnly,
      net => !net.bi,
      (net, s) => net.M !== s.K,
    ),
    make: c => ({ y: c.all.states[0].f.map(s => s.h) }),
  },
  'every h of a middle layer': {
    codes: ['head-missing', 'lower-layer'],
    when: and(stacked, needs(1, 2), (net, s) => net.M !== s.K),
    make: c => ({ y: c.all.hidden[0] }),
  },
  'no dense layer': { codes: ['head-missing'], when: (net, s) => net.M !== s.K, make: c => ({ y: c.all.hidden[c.net.layers - 1] }) },
  'y at every step': { codes: ['head-every-step'], when: and(lastOnly, needs(1, 2)), make: () => ({ fault: { seq: true } }) },
  'y of the last step': { codes: ['head-last'], when: and(net => net.seq, needs(1, 2)), make: () => ({ fault: { seq: false } }) },
  'mean of h over the samples': {
    codes: ['samples-averaged'],
    when: and(lastOnly, net => !net.head, needs(2, 1)),
    make: c => ({ y: c.right.map(row => row.map((_, k) => c.right.reduce((sum, own) => sum + own[k] / c.right.length, 0))) }),
  },
  'maximum over time': { codes: ['pool-max'], when: and(lastOnly, needs(1, 2)), make: () => ({ fault: { pool: 'max' } }) },
  'mean over time': { codes: ['pool-mean'], when: and(lastOnly, needs(1, 2)), make: () => ({ fault: { pool: 'mean' } }) },
  'sum for mean over time': {
    codes: ['pool-sum', 'hidden-scaled', 'output-scaled'],
    net: { pool: 'mean', seq: false },
    when: needs(1, 2),
    make: () => ({ fault: { pool: 'sum' } }),
  },
  'last step for the maximum': {
    codes: ['pool-last'],
    net: { pool: 'max', seq: false },
    when: needs(1, 2),
    make: () => ({ fault: { pool: 'last' } }),
  },

  // ---- the output
  'y with scale and offset': onY(
    ['output-scaled', 'output-scaled-each'],
    (y, c) => {
      const [a, b] = [0.5 + 5 * c.rng.next(), 3 * c.rng.normal()];
      return outputs(y, v => a * v + b);
    },
    { when: (net, s) => s.N * s.K * (net.seq ? s.T : 1) >= 4 },
  ),
  'each output with scale and offset': onY(
    ['output-scaled-each'],
    (y, c) => {
      const lines = Array.from({ length: c.sizes.K }, () => [0.5 + 5 * c.rng.next(), 3 * c.rng.normal()]);
      return onRows(y, row => row.map((v, k) => lines[k][0] * v + lines[k][1]));
    },
    { when: (net, s) => s.K >= 2 && s.N * (net.seq ? s.T : 1) >= 4 },
  ),
  'y in percent': onY(['output-scaled', 'output-scaled-each'], y => outputs(y, v => 100 * v), {
    when: (net, s) => s.N * s.K * (net.seq ? s.T : 1) >= 4,
  }),
  'outputs in another order': onY(
    ['outputs-permuted'],
    (y, c) => {
      const order = otherOrder(c.sizes.K, c.rng);
      return onRows(y, row => order.map(k => row[k]));
    },
    { when: needs(1, 1, 1, 2) },
  ),
  'x of the last step added to y': {
    codes: ['input-added'],
    when: and(lastOnly, (_net, s) => s.D >= s.K),
    make: c => ({ y: c.right.map((row, n) => row.map((v, k) => v + c.X[n].at(-1)[k])) }),
  },
  'x taken off y at every step': {
    codes: ['input-added'],
    when: (net, s) => net.seq && s.D >= s.K,
    make: c => ({ y: c.right.map((rows, n) => rows.map((row, t) => row.map((v, k) => v - c.X[n][t][k]))) }),
  },
  'last batch never written': onY(['output-zeros'], y => y.map((row, n) => (n >= y.length - 2 ? deep(row, () => 0) : row)), {
    when: needs(5, 1),
  }),
  'y negated': onY(['output-negated', 'output-scaled'], y => outputs(y, v => -v)),
  'rows of length one': onY(['output-normalised'], y => onRows(y, overLength), { when: needs(2, 1, 1, 2) }),
  'rows divided by their sum': onY(['output-normalised'], y => onRows(y, row => row.map(v => v / row.reduce((a, b) => a + b, 0))), {
    when: needs(2, 1, 1, 2),
  }),
  'rows standardised': onY(['output-normalised'], y => onRows(y, row => normalised(row, 0)), { when: needs(2, 1, 1, 3) }),
  'each output over its length over the steps': onY(['output-normalised'], y => y.map(rows => transpose(transpose(rows).map(overLength))), {
    when: and(net => net.seq, needs(2, 3)),
  }),
  'each sample between 0 and 1': onY(
    ['output-normalised'],
    y => y.map(one => fittedTo(one, ({ min, max }, v) => (v - min) / (max - min))),
    {
      when: needs(2, 1, 1, 3),
    },
  ),
  'y of each sample standardised': onY(['output-normalised'], y => y.map(one => fittedTo(one, ({ mean, sd }, v) => (v - mean) / sd)), {
    when: needs(2, 1, 1, 3),
  }),
  'exp of y': onY(['output-function'], y => outputs(y, Math.exp)),
  'log of y': {
    codes: ['output-function', 'log-softmax'],
    net: { head: 'sigmoid' },
    when: (net, s) => s.N * s.K * (net.seq ? s.T : 1) >= 3,
    make: c => ({ y: outputs(c.right, Math.log) }),
  },
  'argmax of y': onY(['output-labels'], y => onRows(y, row => [row.indexOf(Math.max(...row))]), {
    when: (net, s) => s.K >= 3 && s.N * (net.seq ? s.T : 1) >= 6,
  }),
  'one-hot of y': onY(['output-labels'], y => onRows(y, row => row.map(v => (v === Math.max(...row) ? 1 : 0))), {
    when: (net, s) => s.K >= 3 && s.N * (net.seq ? s.T : 1) >= 4,
  }),
  'y never filled': onY(['output-zeros', 'output-integers', 'output-labels'], y => outputs(y, () => 0)),
  'y rounded to two decimals': onY(['output-rounded'], y => outputs(y, v => Math.round(v * 100) / 100), {
    when: needs(2, 1, 1, 2),
    written: 'float64',
  }),
  'y in whole numbers': onY(['output-integers', 'output-zeros'], y => outputs(y, Math.trunc), {
    when: (net, s) => s.N * s.K * (net.seq ? s.T : 1) >= 8,
  }),
  'softmax over the samples': {
    codes: ['softmax-axis'],
    net: { head: 'softmax' },
    when: and(lastOnly, needs(2, 1, 1, 2)),
    make: c => ({ y: transpose(transpose(network(c.net, c.weights, c.X, { head: 'linear' }, c.numbers)).map(softmax)) }),
  },
  'log-softmax': {
    codes: ['log-softmax', 'output-function'],
    net: { head: 'softmax' },
    when: needs(1, 1, 1, 2),
    make: c => ({ y: outputs(c.right, Math.log) }),
  },
  'softmax missing': {
    codes: ['softmax-missing', 'activation'],
    net: { head: 'softmax' },
    when: needs(1, 1, 1, 2),
    make: () => ({ fault: { head: 'linear' } }),
  },
  'softmax twice': {
    codes: ['softmax-twice'],
    net: { head: 'softmax' },
    when: needs(1, 1, 1, 2),
    make: c => ({ y: onRows(c.right, softmax) }),
  },
  'a temperature': {
    codes: ['softmax-temperature'],
    net: { head: 'softmax' },
    when: (net, s) => s.K >= 3 && s.N * (net.seq ? s.T : 1) >= 2,
    make: c => ({ y: onRows(network(c.net, c.weights, c.X, { head: 'linear' }, c.numbers), z => softmax(z.map(v => v / 2.5))) }),
  },
  'samples in another order': onY(['samples-permuted'], (y, c) => otherOrder(y.length, c.rng).map(n => y[n]), { when: needs(2, 1) }),
  'one sample twice': onY(['samples-repeated', 'samples-shifted'], y => y.map((row, n) => (n === 1 ? y[0] : row)), { when: needs(3, 1) }),
  'each sample twice': onY(['samples-repeated'], y => y.map((_, n) => y[Math.floor(n / 2)]), { when: needs(5, 1) }),
  'outputs one sample late, the first of another x': {
    codes: ['samples-shifted'],
    when: needs(4, 1),
    make: c => {
      const other = network(
        c.net,
        c.weights,
        features(c.X.slice(0, 1), v => 1 - v),
        {},
        c.numbers,
      );
      return { y: [other[0], ...c.right.slice(0, -1)] };
    },
  },
  'outputs one sample late': onY(['samples-shifted', 'samples-repeated', 'samples-permuted'], y => y.map((_, n) => y[Math.max(0, n - 1)]), {
    when: needs(3, 1),
  }),
  'outputs one step late': {
    codes: ['steps-shifted'],
    when: and(net => net.seq, needs(1, 3)),
    make: c => ({ y: c.right.map(rows => rows.map((_, t) => (t === 0 ? rows[0].map(() => 0) : rows[t - 1]))) }),
  },
  'output sequence reversed': {
    codes: ['output-reversed'],
    when: and(net => net.seq, needs(1, 3)),
    make: c => ({ y: c.right.map(rows => [...rows].reverse()) }),
  },
  'y as [T, N, K]': {
    codes: ['output-layout'],
    when: and(
      net => net.seq,
      (_, s) => s.N >= 2 && s.T >= 2 && s.N !== s.T,
    ),
    make: c => ({ y: c.right[0].map((_, t) => c.right.map(rows => rows[t])) }),
  },
  'y as [K, N]': {
    codes: ['output-layout'],
    when: and(lastOnly, (_, s) => s.N >= 2 && s.K >= 2 && s.N !== s.K),
    make: c => ({ y: transpose(c.right) }),
  },

  // ---- the weights
  'one gate without bias': onW(
    ['gate-term-missing', 'bias-missing'],
    (w, c) => ({ ...w, b: onGate(c.net.M, c.gate, () => 0)(w.b), b2: w.b2 && onGate(c.net.M, c.gate, () => 0)(w.b2) }),
    { when: gated, biases: true },
  ),
  'one gate without x': onW(['gate-term-missing'], (w, c) => ({ ...w, Wx: w.Wx.map(onGate(c.net.M, c.gate, () => 0)) }), { when: gated }),
  'one gate without h': onW(['gate-term-missing'], (w, c) => ({ ...w, Wh: w.Wh.map(onGate(c.net.M, c.gate, () => 0)) }), {
    when: and(gated, needs(1, 2)),
  }),
  'no bias': onW(['bias-missing'], w => ({ ...w, b: w.b.map(() => 0), b2: w.b2?.map(() => 0) }), { biases: true }),
  'one of two biases': onW(['bias-once-of-two'], w => ({ ...w, b2: w.b2.map(() => 0) }), { net: { twoBiases: true }, biases: true }),
  'bias twice': onW(['bias-twice'], w => ({ ...w, b: w.b.map(v => 2 * v), b2: w.b2?.map(v => 2 * v) }), { biases: true }),
  'GRU: b_hn outside r': fault(
    ['gru-recurrent-bias'],
    { biasOut: true },
    { when: and(is('gru'), net => net.resetAfter, needs(1, 1)), biases: true },
  ),
  'GRU: no b_hn': onW(['gru-recurrent-bias'], (w, c) => ({ ...w, b2: onGate(c.net.M, 2, () => 0)(w.b2) }), {
    when: and(is('gru'), net => net.resetAfter),
    biases: true,
  }),
  'GRU: bias rows exchanged': onW(['gru-recurrent-bias'], w => ({ ...w, b: w.b2, b2: w.b }), {
    when: and(is('gru'), net => net.resetAfter),
    biases: true,
  }),
  'GRU: bias [2, 3M] flattened and split column by column': onW(
    ['gru-recurrent-bias'],
    (w, c) => {
      const flat = [...w.b, ...w.b2];
      const take = from => w.b.map((_, k) => flat[2 * k + from]);
      return { ...w, b: take(0), b2: take(1), G: c.net.M };
    },
    { when: and(is('gru'), net => net.resetAfter), biases: true },
  ),
  'TensorFlow 1: gates in its order, 1 added where f stands': onW(
    ['forget-bias-plus-1'],
    (w, c) => {
      const take = row => [0, 2, 1, 3].flatMap(g => row.slice(g * c.net.M, (g + 1) * c.net.M));
      return { Wx: w.Wx.map(take), Wh: w.Wh.map(take), b: onGate(c.net.M, 1, v => v + 1)(take(w.b)) };
    },
    { when: is('lstm') },
  ),
  'TensorFlow 1: 1 added to the block of g': onW(['forget-bias-plus-1'], (w, c) => ({ ...w, b: onGate(c.net.M, 2, v => v + 1)(w.b) }), {
    when: is('lstm'),
  }),
  'forget bias plus one': onW(['forget-bias-plus-1', 'bias-twice'], (w, c) => ({ ...w, b: onGate(c.net.M, 1, v => v + 1)(w.b) }), {
    when: is('lstm'),
  }),
  'gates in another order': onW(
    ['gate-order'],
    (w, c) => {
      const G = GATES[c.net.cell];
      const take = row => c.order.flatMap(g => row.slice(g * c.net.M, (g + 1) * c.net.M));
      return { Wx: w.Wx.map(take), Wh: w.Wh.map(take), b: take(w.b), b2: w.b2 && take(w.b2), G };
    },
    { when: gated },
  ),
  'gates interleaved': onW(
    ['gates-interleaved'],
    (w, c) => {
      const G = GATES[c.net.cell];
      const take = row => row.map((_, k) => row[(k % c.net.M) * G + Math.floor(k / c.net.M)]);
      return { Wx: w.Wx.map(take), Wh: w.Wh.map(take), b: take(w.b), b2: w.b2 && take(w.b2) };
    },
    { when: and(gated, net => net.M > 1) },
  ),
  'gates of Wh split on the wrong axis': onW(
    ['gates-split-by-rows'],
    (w, c) => {
      const { M } = c.net;
      const flat = w.Wh.flat();
      return { ...w, Wh: w.Wh.map((row, m) => row.map((_, k) => flat[Math.floor(k / M) * M * M + m * M + (k % M)])) };
    },
    { when: and(gated, net => net.M > 1, needs(1, 2)) },
  ),
  'Wx transposed': onW(['wx-transposed'], w => ({ ...w, Wx: transpose(w.Wx) }), {
    net: { cell: 'rnn', layers: 1 },
    sizes: ({ M, D }) => ({ M: Math.min(M, D), D: Math.min(M, D) }),
    when: needs(1, 1, 2),
  }),
  'head transposed': onHead(['wx-transposed', 'wo-reshaped', 'stale-weights'], ({ Wo }) => ({ Wo: transpose(Wo) }), {
    net: { bi: null },
    sizes: ({ M }) => ({ M: Math.min(M, 5), K: Math.min(M, 5) }),
  }),
  'Wh transposed': onW(['wh-transposed'], (w, c) => ({ ...w, Wh: blocksT(w.Wh, GATES[c.net.cell]) }), {
    when: and(net => net.M > 1, needs(1, 2)),
  }),
  'Wx reshaped': onW(['wx-reshaped', 'wx-transposed'], w => ({ ...w, Wx: flatTo(transpose(w.Wx).flat(), w.Wx.length, w.Wx[0].length) }), {
    when: needs(1, 1, 2),
  }),
  'every matrix reshaped': {
    codes: ['wx-reshaped', 'wo-reshaped', 'stale-weights', 'wx-transposed'],
    when: needs(1, 2, 2, 2),
    make: c => {
      const flat = W => flatTo(transpose(W).flat(), W.length, W[0].length);
      const all = eachWay(c.weights, undefined, w => ({ ...w, Wx: flat(w.Wx), Wh: flat(w.Wh) }));
      return { weights: { ...all, Wo: flat(all.Wo) } };
    },
  },
  'Wo reshaped': onHead(
    ['wo-reshaped', 'wx-transposed', 'stale-weights'],
    ({ Wo }) => ({ Wo: flatTo(transpose(Wo).flat(), Wo.length, Wo[0].length) }),
    { when: needs(1, 1, 1, 2) },
  ),
  'no bias in the head': onHead(['bias-missing', 'output-scaled', 'output-scaled-each'], ({ bo }) => ({ bo: bo.map(() => 0) }), {
    biases: true,
  }),
  'another head': onHead(
    ['stale-weights', 'output-scaled', 'output-scaled-each'],
    ({ Wo, bo }, c) => ({ Wo: deep(Wo, () => c.rng.normal()), bo: bo.map(() => c.rng.normal()) }),
    { when: (net, s) => !net.head && s.N * (net.seq ? s.T : 1) >= 3 * net.M + 6 },
  ),
  'layers exchanged': {
    codes: ['weights-exchanged'],
    when: (net, s) => net.layers === 2 && !net.bi && s.D === net.M,
    make: c => ({ weights: { ...c.weights, layers: [...c.weights.layers].reverse() } }),
  },
  'directions exchanged': {
    codes: ['bidirectional-order', 'weights-exchanged'],
    when: and(both, net => net.layers === 1),
    make: c => ({ weights: { ...c.weights, layers: c.weights.layers.map(w => ({ f: w.r, r: w.f })) } }),
  },
  'halves exchanged': {
    codes: ['bidirectional-order'],
    when: and(both, net => net.layers === 1 && net.bi === 'concat'),
    make: () => ({ fault: { join: (a, b) => [...b, ...a] } }),
  },
  'forward weights twice': {
    codes: ['weights-exchanged'],
    when: and(both, net => net.layers === 1),
    make: c => ({ weights: { ...c.weights, layers: c.weights.layers.map(w => ({ f: w.f, r: w.f })) } }),
  },
  'forward half twice': {
    codes: ['direction-missing'],
    when: and(both, net => net.layers === 1 && net.bi === 'concat'),
    make: () => ({ fault: { join: a => [...a, ...a] } }),
  },
  'no backward direction': {
    codes: ['direction-missing'],
    when: and(both, net => net.layers === 1 && net.bi === 'concat'),
    make: () => ({ fault: { join: (a, b) => [...a, ...b.map(() => 0)] } }),
  },
  'backward not turned': {
    codes: ['backward-not-flipped'],
    when: and(both, net => net.seq && net.layers === 1, needs(1, 2)),
    make: () => ({ fault: { notFlipped: true } }),
  },
  'directions added': {
    codes: ['bidirectional-merge'],
    net: { bi: 'sum' },
    make: () => ({ fault: { merge: 'ave' } }),
    when: net => net.layers === 1,
  },
  'weights rounded to two decimals': {
    codes: ['weights-rounded'],
    make: c => ({ weights: deepWeights(c.weights, v => Math.round(v * 100) / 100) }),
  },
  'recurrent weights in int8': {
    codes: ['weights-rounded'],
    when: net => net.M > 2,
    make: c => ({ weights: { ...quantised(c.weights), Wo: c.weights.Wo } }),
  },
  'weights in int8': { codes: ['weights-rounded'], when: net => net.M > 2, make: c => ({ weights: quantised(c.weights) }) },
  'weights in int8, a scale for each column': {
    codes: ['weights-rounded'],
    when: net => net.M > 2,
    make: c => ({ weights: quantised(c.weights, W => transpose(transpose(W).map(column => roundTo127(column)))) }),
  },
  'one tensor in float16': {
    codes: ['float16'],
    make: c => ({
      weights: {
        ...c.weights,
        layers: c.weights.layers.map((w, l) => (l === (c.place ?? 0) ? { ...w, f: { ...w.f, Wh: deep(w.f.Wh, half) } } : w)),
      },
    }),
    when: needs(1, 2),
  },
  'run in bfloat16': { codes: ['bfloat16'], when: needs(1, 2), make: c => inBits(c, bfloat) },
  'run in float16': { codes: ['float16'], when: needs(1, 2), make: c => inBits(c, half) },
  'weights in bfloat16': { codes: ['bfloat16'], make: c => ({ weights: deepWeights(c.weights, bfloat) }) },
  'weights in float16': { codes: ['float16'], make: c => ({ weights: deepWeights(c.weights, half) }) },

  // ---- a rule for all numbers of a matrix
  'small numbers of each matrix are zero': onMatrices(
    ['weights-pruned', 'layer-zeros'],
    (W, share) => withoutSmall(W, Math.round(share * W.flat().length)),
    c => c.rng.pick([0.2, 0.3, 0.5, 0.8]),
  ),
  'small numbers of all matrices are zero': {
    codes: ['weights-pruned', 'layer-zeros'],
    when: net => net.M > 2,
    make(c) {
      const all = c.weights.layers.flatMap(l => [l.f, l.r].flatMap(w => (w ? [...w.Wx, ...w.Wh] : []))).concat(c.weights.Wo);
      const share = c.rng.pick([0.2, 0.3, 0.5, 0.8]);
      const sizes = all
        .flat()
        .map(Math.abs)
        .sort((a, b) => a - b);
      const limit = sizes[Math.round(share * sizes.length) - 1];
      return { weights: matricesIn(c.weights, W => deep(W, v => (Math.abs(v) <= limit ? 0 : v))) };
    },
  },
  'numbers of the matrices under 0.1 are zero': onMatrices(['weights-pruned', 'layer-zeros'], W =>
    deep(W, v => (Math.abs(v) < 0.1 ? 0 : v)),
  ),
  'columns of the matrices of length one': onMatrices(['weights-normalised'], W => transpose(transpose(W).map(overLength))),
  'rows of the matrices of length one': onMatrices(['weights-normalised'], W => W.map(overLength)),
  'columns no longer than one': onMatrices(['weights-normalised', 'output-scaled-each'], W =>
    transpose(transpose(W).map(v => (lengthOf(v) > 1 ? overLength(v) : v))),
  ),
  'matrices over their largest singular value': onMatrices(['weights-normalised'], W =>
    deep(
      W,
      (
        s => v =>
          v / s
      )(singularValue(W)),
    ),
  ),
  'weights cut off at a quarter': onMatrices(['weights-clipped'], W => deep(W, v => Math.min(0.25, Math.max(-0.25, v)))),

  // ---- the equations
  'update gate swapped': fault(['gru-update-swapped'], { swapped: true }, { when: is('gru') }),
  'reset before the product': {
    codes: ['gru-reset-before'],
    when: and(is('gru'), net => net.resetAfter, needs(1, 2)),
    make: () => ({ net: { resetAfter: false } }),
  },
  'reset after the product': {
    codes: ['gru-reset-after'],
    net: { resetAfter: false, twoBiases: false },
    when: and(is('gru'), needs(1, 2)),
    make: () => ({ net: { resetAfter: true } }),
  },
  'reset on the input': fault(['gru-reset-on-input'], { resetOn: 'input' }, { when: is('gru') }),
  'reset on the sum': fault(['gru-reset-on-input'], { resetOn: 'sum' }, { when: is('gru') }),
  'a gate left out': fault(
    ['gate-missing', 'activation'],
    c => ({ without: c.rng.pick(c.net.cell === 'lstm' ? ['i', 'f', 'o'] : ['r', 'z']) }),
    { when: and(gated, net => net.cell === 'lstm' || net.resetAfter, needs(1, 2)) },
  ),
  'LSTM: no candidate': fault(['gate-missing'], { without: 'g' }, { when: is('lstm') }),
  'LSTM: 0.7 added to the forget gate': onW(['forget-bias-plus-1'], (w, c) => ({ ...w, b: onGate(c.net.M, 1, v => v + 0.7)(w.b) }), {
    when: is('lstm'),
  }),
  'gates coupled': fault(['gates-coupled'], c => ({ coupled: c.rng.pick(['i', 'f']) }), { when: is('lstm') }),
  'hard sigmoid': fault(['hard-sigmoid'], c => ({ sig: FUNCTIONS[c.rng.pick(['hard6', 'hard5'])] }), { when: gated }),
  'tanh for the gates': fault(['activation'], { sig: Math.tanh }, { when: gated }),
  'another activation': fault(['activation'], c => ({ act: FUNCTIONS[c.rng.pick(['relu', 'linear', 'sigmoid', 'softsign', 'elu'])] })),
  'no tanh on the way out': fault(['activation'], { noTanh: true }, { when: is('lstm') }),
  'tanh after the output gate': fault(['tanh-of-product'], { tanhAfter: true }, { when: is('lstm') }),
  'c squashed': fault(['tanh-of-product'], { squashed: true }, { when: is('lstm') }),
  'bias outside the tanh': fault(['bias-outside'], { biasOutside: true }, { when: and(is('rnn'), net => !net.bi), biases: true }),
  'h += instead of h =': fault(['state-mixed'], { leak: 'add' }, { when: and(is('rnn'), needs(1, 2)) }),
  'a leaky unit': fault(['state-mixed'], { leak: 0.5 }, { when: and(is('rnn'), needs(1, 2)) }),
  'last step without tanh': {
    codes: ['last-step-linear'],
    when: and(is('rnn'), lastOnly, needs(1, 2)),
    make: c => ({ fault: { lastLinear: true, layer: c.net.layers - 1 } }),
  },
  'c clipped to one': fault(['clip'], { clipCell: 0.5 }, { when: is('lstm') }),
  'tanh by another formula': fault(['activation-approximated'], c => ({ act: c.rng.pick(NEAR_TANH) })),
  'sigmoid by another formula': fault(
    ['activation-approximated', 'gate-activation', 'activation'],
    c => ({ sig: c.rng.pick(NEAR_SIGMOID) }),
    {
      when: gated,
    },
  ),
  'h of length one': {
    codes: ['hidden-normalised', 'hidden-scaled'],
    when: net => net.M >= 3 && !net.pool,
    make: c => ({ fault: { between: overLength, layer: c.place } }),
  },
  'h over its root mean square': {
    codes: ['hidden-normalised', 'hidden-scaled'],
    when: net => net.M >= 3 && !net.pool,
    make: c => ({ fault: { between: h => h.map(v => v / Math.sqrt(h.reduce((a, b) => a + b * b, 0) / h.length + 1e-6)), layer: c.place } }),
  },
  'LayerNorm before the head': {
    codes: ['layer-norm-added'],
    when: net => net.M >= 4 && !net.pool,
    make: c => ({ fault: { between: h => normalised(h), layer: c.net.layers - 1 } }),
  },
  'LayerNorm between the layers': {
    codes: ['layer-norm-added'],
    when: and(stacked, net => net.M >= 4),
    make: () => ({ fault: { between: h => normalised(h), layer: 0 } }),
  },
  'peepholes left out': {
    codes: ['peepholes'],
    net: { cell: 'lstm', peepholes: true },
    when: needs(1, 2),
    make: () => ({ fault: { noPeepholes: true } }),
  },
  'peepholes in the order i f o': {
    codes: ['peepholes'],
    net: { cell: 'lstm', peepholes: true },
    when: needs(1, 2),
    make: c => ({ weights: eachWay(c.weights, c.place, w => ({ ...w, p: [w.p[0], w.p[2], w.p[1]] })) }),
  },
  'relu before the head': {
    codes: ['activation-added'],
    when: net => !net.pool,
    make: c => ({ fault: { between: h => h.map(FUNCTIONS.relu), layer: c.net.layers - 1 } }),
  },
  'relu between layers': {
    codes: ['activation-added'],
    when: stacked,
    make: () => ({ fault: { between: h => h.map(FUNCTIONS.relu), layer: 0 } }),
  },
  'residual connection': {
    codes: ['residual-added'],
    when: and(stacked, net => !net.bi && !net.pool),
    make: _c => ({ fault: { between: (h, x) => h.map((v, m) => v + x[m]), layer: 1 } }),
  },
  'h halved by dropout': {
    codes: ['hidden-scaled'],
    when: (net, s) => !net.pool && s.N * s.K * (net.seq ? s.T : 1) >= 3,
    make: c => ({ fault: { between: h => h.map(v => 0.5 * v), layer: c.net.layers - 1 } }),
  },
  'dropout left on': {
    codes: ['dropout-on', 'hidden-scaled'],
    when: (net, s) => !net.pool && s.K >= 2 && net.M * (net.bi ? 2 : 1) <= 16,
    make: c => ({ fault: { between: h => h.map(v => (c.rng.next() < 0.5 ? 0 : 2 * v)), layer: c.net.layers - 1 } }),
  },
  'y fed back as x': {
    codes: ['output-fed-back'],
    when: (net, s) => net.seq && !net.bi && s.D === s.K && s.T >= 3 && s.T <= 20,
    make: c => {
      const X = c.X.map(rows => rows.map(x => [...x]));
      for (let t = 1; t < X[0].length; t++) {
        const y = network(c.net, c.weights, X, {}, c.numbers);
        for (let n = 0; n < X.length; n++) X[n][t] = y[n][t - 1];
      }
      return { X };
    },
  },

  // ---- nothing wrong, and what is in no list
  'nothing wrong, with lengths': { codes: [], right: true, net: { lengths: true, pool: undefined }, make: () => ({}) },
  'nothing wrong': { codes: [], right: true, make: () => ({}) },
  'nothing wrong, with peepholes': { codes: [], right: true, net: { cell: 'lstm', peepholes: true }, make: () => ({}) },
  'nothing wrong, every step as rows': { codes: [], right: true, when: net => net.seq, make: c => ({ y: c.right.flat() }) },
  'nothing wrong, steps and outputs as one axis': {
    codes: [],
    right: true,
    when: net => net.seq,
    make: c => ({ y: c.right.map(v => v.flat()) }),
  },
  'nothing wrong, flat': { codes: [], right: true, when: needs(2, 1), make: c => ({ y: c.right.flat(Infinity) }), written: 'float32' },
  'nothing wrong, axes of size 1': { codes: [], right: true, make: c => ({ y: [c.right] }), written: 'float32' },
  'nothing wrong, in bfloat16': { codes: [], right: true, make: () => ({}), written: 'bfloat16' },
  'one weight damaged': { codes: ['weight-damaged'], make: c => oneWeight(c, v => v + 1.5) },
  'one row of a matrix is zero': {
    codes: ['weight-damaged', 'wh-missing', 'layer-zeros', 'feature-missing', 'gate-term-missing'],
    when: (net, s) => net.M > 1 && s.T > 1,
    make: c => oneRow(c, row => row.map(() => 0)),
  },
  'one row of a matrix is of another training': {
    codes: [],
    when: net => net.M > 1,
    make: c => oneRow(c, row => row.map(() => c.rng.normal())),
  },
  'noise on every weight': { codes: [], make: c => ({ weights: deepWeights(c.weights, v => v + 0.02 * c.rng.normal()) }) },
  'weights of another training': { codes: [], make: c => ({ weights: deepWeights(c.weights, () => 0.5 * c.rng.normal()) }) },
  'recurrent weights of another training': {
    codes: [],
    make: c => ({ weights: { ...deepWeights(c.weights, () => 0.5 * c.rng.normal()), Wo: c.weights.Wo, bo: c.weights.bo } }),
  },
  'another x': { codes: [], make: c => ({ X: features(c.X, () => c.rng.normal()) }) },
  'noise on x': { codes: [], make: c => ({ X: features(c.X, v => v + 0.05 * c.rng.normal()) }) },
  'noise on y': { codes: [], make: c => ({ y: outputs(c.right, v => v + 0.05 * c.rng.normal()) }) },
  'steps shuffled': { codes: [], when: needs(1, 5), make: c => ({ X: c.X.map(rows => shuffled(rows, c.rng)) }) },
  'x squared': { codes: [], make: c => ({ X: features(c.X, v => v * v) }) },
  'h through a cube': { codes: [], make: c => ({ fault: { between: h => h.map(v => v ** 3), layer: c.net.layers - 1 } }) },
  'gates to the power of 1.1': { codes: [], when: gated, make: () => ({ fault: { sig: z => (1 / (1 + Math.exp(-z))) ** 1.1 } }) },
  'tanh of 1.05 x': { codes: [], also: ['hidden-scaled'], make: () => ({ fault: { act: z => Math.tanh(1.05 * z) } }) },
  'sine for tanh': { codes: [], make: () => ({ fault: { act: Math.sin } }) },
  'random mask over the units': {
    codes: [],
    make: c => ({ fault: { between: h => h.map(v => v * c.rng.next()), layer: c.net.layers - 1 } }),
  },
  peepholes: {
    codes: [],
    when: is('lstm'),
    make: c => ({ fault: { peep: [0, 1, 2].map(() => zeros(c.net.M).map(() => c.rng.normal())) } }),
  },
  'all of Wh a tenth smaller': {
    codes: [],
    when: needs(1, 2),
    make: c => ({ weights: eachWay(c.weights, undefined, w => ({ ...w, Wh: deep(w.Wh, v => 0.9 * v) })) }),
  },
  'one unit dead': {
    codes: [],
    also: ['stale-weights', 'weight-damaged'],
    when: net => net.M > 1,
    make: c => ({ fault: { between: h => h.map((v, m) => (m === 0 ? 0 : v)), layer: c.net.layers - 1 } }),
  },
  'x of two samples mixed': {
    codes: [],
    when: needs(2, 1),
    make: c => ({ X: c.X.map((rows, n) => rows.map((x, t) => x.map((v, d) => 0.7 * v + 0.3 * c.X[(n + 1) % c.X.length][t][d]))) }),
  },
  'decay of h by 0.97': { codes: [], when: needs(1, 3), make: () => ({ fault: { roundState: v => 0.97 * v } }) },
};

function deepWeights({ layers, Wo, bo }, f) {
  const way = w => w && Object.fromEntries(Object.entries(w).map(([k, v]) => [k, v && deep(v, f)]));
  return { layers: layers.map(l => ({ f: way(l.f), r: way(l.r) })), Wo: deep(Wo, f), bo: deep(bo, f) };
}

/** The same network in numbers of fewer bits: weights, x and every sum. */
function inBits(c, round) {
  return { weights: deepWeights(c.weights, round), X: deep(c.X, round), numbers: { ...c.numbers, round } };
}

/** f of every Wx, Wh and Wo. */
function matricesIn({ layers, Wo, ...rest }, f) {
  const way = w => w && { ...w, Wx: f(w.Wx), Wh: f(w.Wh) };
  return { ...rest, layers: layers.map(l => ({ f: way(l.f), r: way(l.r) })), Wo: f(Wo) };
}

/** f(matrix, what was drawn for all of them) */
function onMatrices(codes, f, draw = () => undefined) {
  return {
    codes,
    when: net => net.M > 2,
    make(c) {
      const drawn = draw(c);
      return { weights: matricesIn(c.weights, W => f(W, drawn)) };
    },
  };
}

function withoutSmall(W, count) {
  const limit = W.flat()
    .map(Math.abs)
    .sort((a, b) => a - b)[count - 1];
  return deep(W, v => (Math.abs(v) <= limit ? 0 : v));
}

function lengthOf(v) {
  return Math.sqrt(v.reduce((sum, a) => sum + a * a, 0));
}

function overLength(v) {
  return v.map(a => a / lengthOf(v));
}

/** Of WᵀW, squared again and again until one direction is left. */
function singularValue(W) {
  const columns = transpose(W);
  let power = columns.map(a => columns.map(b => a.reduce((sum, v, i) => sum + v * b[i], 0)));
  let log = 0;
  for (let k = 0; k < 40; k++) {
    const most = Math.max(...power.flat().map(Math.abs));
    log += Math.log(most) / 2 ** k;
    const unit = power.map(row => row.map(v => v / most));
    power = unit.map(row => unit[0].map((_, j) => row.reduce((sum, v, i) => sum + v * unit[i][j], 0)));
  }
  return Math.exp(log / 2);
}

const NEAR_TANH = [
  z => (z * (27 + z * z)) / (27 + 9 * z * z),
  z => (2 / Math.PI) * Math.atan((Math.PI / 2) * z),
  z => 1.7159 * Math.tanh((2 / 3) * z),
  z => z / Math.sqrt(1 + z * z),
];
const NEAR_SIGMOID = [
  z => Math.min(1, Math.max(0, 0.25 * z + 0.5)),
  z => 0.5 + 0.5 * (z / (1 + Math.abs(z))),
  z => 1 / (1 + Math.exp(-1.702 * z)),
];

function roundTo127(W) {
  const most = Math.max(...[W].flat(Infinity).map(Math.abs));
  return deep(W, v => (most ? (Math.round((v / most) * 127) / 127) * most : 0));
}

function quantised({ layers, Wo, bo }, way127 = roundTo127) {
  const way = w => w && { ...w, Wx: way127(w.Wx), Wh: way127(w.Wh) };
  return { layers: layers.map(l => ({ f: way(l.f), r: way(l.r) })), Wo: way127(Wo), bo };
}

/** One number of one recurrent matrix. */
function oneWeight({ weights, rng }, f) {
  const l = Math.floor(rng.next() * weights.layers.length);
  const key = rng.pick(['Wx', 'Wh']);
  const W = weights.layers[l].f[key].map(row => [...row]);
  const [i, k] = [Math.floor(rng.next() * W.length), Math.floor(rng.next() * W[0].length)];
  W[i][k] = f(W[i][k]);
  return { weights: { ...weights, layers: weights.layers.map((w, j) => (j === l ? { ...w, f: { ...w.f, [key]: W } } : w)) } };
}

/** One row of one recurrent matrix. */
function oneRow({ weights, rng }, f) {
  const l = Math.floor(rng.next() * weights.layers.length);
  const key = rng.pick(['Wx', 'Wh']);
  const W = weights.layers[l].f[key];
  const at = Math.floor(rng.next() * W.length);
  const own = { ...weights.layers[l].f, [key]: W.map((row, i) => (i === at ? f(row) : row)) };
  return { weights: { ...weights, layers: weights.layers.map((w, j) => (j === l ? { ...w, f: own } : w)) } };
}

export { otherOrder };

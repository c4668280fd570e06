// A third set of ways to compute y wrongly that are in no list: cells of other papers, loops with an index wrong, preprocessing, losses' tails. As in
// unlistedOutputs.mjs no name is right unless it is among `also`, which holds for the numbers, and the evidence must hold.
import { FUNCTIONS, GATES, network, runAll, softmax } from './plainLoops.mjs';
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
  length,
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
import { deep } from './wrongOutputs.mjs';

const sigmoid = FUNCTIONS.sigmoid;
/** What the state was at the step before, by sample, layer and direction. */
const remembering = f => {
  const known = new Map();
  return {
    after: (next, old, at) => {
      const key = `${at.n} ${at.l} ${at.way}`;
      const before = known.get(key);
      const made = f(next, old, before, at);
      known.set(key, made);
      return made;
    },
  };
};
const after = (f, when, also) => loop(() => ({ after: f }), when, also);
const onH = (f, when, also) => after((next, old, at) => ({ ...next, h: next.h.map((v, m) => f(v, old.h[m], m, at)) }), when, also);
const head = (kind, f, when = () => true, also = []) => ({
  codes: [],
  also,
  net: { head: kind },
  when: and(has(2, 1), when),
  make: c => ({ y: rowsOf(network(c.net, c.weights, c.X, { head: 'linear' }, c.numbers), row => f(row, c)) }),
});
const tokens = (f, also = []) => ({
  codes: [],
  also,
  net: { tokens: true, pool: undefined },
  when: has(2, 3),
  make: c => ({ X: c.net.tokens.map(row => row.map((token, t) => f(token, t, row, c.weights.E))) }),
});
/** What each layer hands to the next one, which sees t and what was handed on before. */
const handedOn = (f, when = () => true, also = []) => ({
  codes: [],
  also,
  when: and(stacked, has(2, 3), when),
  make: c => {
    const known = new Map();
    return {
      fault: {
        between: (h, _x, n, t, l) => {
          const key = `${n} ${l}`;
          if (t === 0 || !known.has(key)) known.set(key, []);
          const before = known.get(key);
          before.push(h);
          return l === top(c) ? h : f(h, before, t);
        },
      },
    };
  },
});
const copyGate = (from, to) => (row, M) => row.map((v, k) => (gateOf(M, k) === to ? row[k + (from - to) * M] : v));
const everyWeight = (f, when, also) => weights(w => deepObject(w, f), when, also);
const onWh = (f, when, also) => weights((w, c) => ({ ...w, Wh: f(w.Wh, c.net.M, c) }), and(has(1, 3, 1, 1, 3), when ?? (() => true)), also);
const onWx = (f, when, also) => weights((w, c) => ({ ...w, Wx: f(w.Wx, c.net.M, c) }), when, also);
const headWeights = (f, when, also = ['stale-weights']) => ({
  codes: [],
  also,
  when,
  make: c => ({ weights: { ...c.weights, ...f(c.weights, c) } }),
});
const sorted = v => [...v].sort((a, b) => a - b);

export const LATER = {
  // ---- cells of other papers
  'LSTM with a forget gate alone': loop(() => ({ coupled: 'f', without: 'o', noTanh: true }), and(is('lstm'), has(1, 3))),
  'LSTM with an exponential input gate': loop(() => ({ sigOf: { i: z => Math.exp(Math.min(z, 3)) } }), is('lstm')),
  'LSTM with an exponential forget gate': loop(() => ({ sigOf: { f: z => Math.exp(-Math.max(z, 0.1)) } }), and(is('lstm'), has(1, 3))),
  'LSTM: tanh of the tanh of c': loop(() => ({ out: z => Math.tanh(Math.tanh(z)) }), is('lstm')),
  'LSTM: c loses one hundredth at every step': after(next => ({ ...next, c: next.c.map(v => 0.99 * v) }), and(is('lstm'), has(1, 4))),
  'LSTM: c of all units averaged': after(next => ({ ...next, c: next.c.map(() => mean(next.c)) }), and(is('lstm'), has(1, 3, 1, 1, 3))),
  'LSTM: h handed on is c': after(next => ({ ...next, h: next.c }), and(is('lstm'), has(1, 3)), [
    'cell-state-taken',
    'gate-missing',
    'states-swapped',
  ]),
  'LSTM: h and c exchanged at every step': after(next => ({ ...next, h: next.c, c: next.h }), and(is('lstm'), has(1, 3)), [
    'states-swapped',
  ]),
  'GRU without a reset and with relu': loop(() => ({ without: 'r', act: z => Math.max(0, z) }), and(is('gru'), has(1, 3))),
  'GRU: both gates by the weights of z': weights(
    (w, c) => ({
      Wx: w.Wx.map(row => copyGate(0, 1)(row, c.net.M)),
      Wh: w.Wh.map(row => copyGate(0, 1)(row, c.net.M)),
      b: copyGate(0, 1)(w.b, c.net.M),
      b2: w.b2 && copyGate(0, 1)(w.b2, c.net.M),
    }),
    and(is('gru'), has(1, 3)),
    ['weight-swap'],
  ),
  'GRU: the update gate squared': loop(() => ({ sigOf: { z: v => sigmoid(v) ** 2 } }), and(is('gru'), has(1, 2))),
  'independent units: Wh has a diagonal alone': onWh((W, M) => W.map((row, m) => row.map((v, k) => (k % M === m ? v : 0)))),
  'Wh in two blocks': onWh((W, M) => W.map((row, m) => row.map((v, k) => (m < M / 2 === k % M < M / 2 ? v : 0)))),
  'an Euler step of 0.3': loop(() => ({ leak: 0.3 }), has(1, 3), ['state-mixed']),
  'h with momentum': loop(
    () =>
      remembering((next, old, before) => ({
        ...next,
        h: next.h.map((v, m) => v + 0.4 * (old.h[m] - (before ? before.was[m] : 0))),
        was: old.h,
      })),
    has(1, 4),
  ),
  'larger of old and new h': onH((v, old) => Math.max(v, old), has(1, 3)),
  'h is kept where it changes sign': onH((v, old) => (v * old < 0 ? old : v), has(1, 4)),
  'absolute value of h': onH(v => Math.abs(v), has(1, 2)),
  'h through a relu at every step': onH(v => Math.max(0, v), has(1, 2), ['activation']),
  'sign of h alone': onH(v => Math.sign(v), has(1, 2)),
  'largest unit set to one': after(
    next => ({ ...next, h: next.h.map(v => v / (Math.max(...next.h.map(Math.abs)) || 1)) }),
    has(1, 2, 1, 1, 3),
  ),
  'mean of the units taken off h': after(next => ({ ...next, h: next.h.map(v => v - mean(next.h)) }), has(1, 2, 1, 1, 3)),
  'h grows smaller with the step': onH((v, _o, _m, { s }) => v * 0.9 ** s, has(1, 4)),
  'h noisy at the first step': loop(
    c => ({ after: (next, _o, { s }) => (s === 0 ? { ...next, h: next.h.map(v => v + 0.3 * c.rng.normal()) } : next) }),
    has(2, 3),
    ['state-random'],
  ),
  'half of the units never updated': onH((v, old, m, { n }) => (m % 2 ? old : v) + 0 * n, has(1, 3, 1, 1, 4)),
  'unit updated at every second step': onH((v, old, m, { s }) => (m % 2 && s % 2 ? old : v), has(1, 5, 1, 1, 4)),
  'two updates a step': x(X => X.map(rows => rows.flatMap(row => [row, row])), and(last, has(1, 3)), ['steps-repeated']),
  'one update for two steps, their x averaged': x(
    X =>
      X.map(rows =>
        rows.filter((_, t) => t % 2 === 0).map((row, i) => zipped(row, rows[Math.min(2 * i + 1, rows.length - 1)], (a, b) => (a + b) / 2)),
      ),
    and(last, has(1, 6)),
    ['input-strided'],
  ),
  'gates are nought or one': loop(() => ({ sig: z => (z > 0 ? 1 : 0) }), and(gated, has(1, 3)), [
    'activation',
    'gate-activation',
    'hard-sigmoid',
  ]),
  'gates halfway to a half': loop(() => ({ sig: z => 0.5 + (sigmoid(z) - 0.5) / 2 }), gated),
  'gates of a softsign': loop(() => ({ sig: z => 0.5 + 0.5 * (z / (1 + Math.abs(z))) }), gated, [
    'activation',
    'gate-activation',
    'activation-approximated',
  ]),
  'gates of an arctangent': loop(() => ({ sig: z => 0.5 + Math.atan(z) / Math.PI }), gated),
  'tanh of tanh': loop(() => ({ act: z => Math.tanh(Math.tanh(z)) }), has(1, 2)),
  'mish for tanh': loop(() => ({ act: z => z * Math.tanh(Math.log1p(Math.exp(z))) }), undefined, ['activation']),
  'snake for tanh': loop(() => ({ act: z => clip(z + Math.sin(z) ** 2, 5) })),
  'sums are cut at three decimals': loop(() => ({ clipSum: z => Math.trunc(z * 1e3) / 1e3 }), not('gru'), ['float16']),

  // ---- layers and directions
  'the next layer is one step late': handedOn((h, before, t) => (t === 0 ? h.map(() => 0) : before[t - 1]), undefined, [
    'stops-early',
    'input-lagged',
  ]),
  'the next layer sees the mean so far': handedOn((h, before) => h.map((_, m) => mean(before.map(v => v[m])))),
  'the next layer sees the differences': handedOn((h, before, t) => (t === 0 ? h : zipped(h, before[t - 1], (a, b) => a - b))),
  'the next layer sees the largest so far': handedOn((h, before) => h.map((_, m) => Math.max(...before.map(v => v[m])))),
  'the next layer sees h of length one': handedOn(h => h.map(v => v / length(h)), has(1, 1, 1, 1, 2), ['hidden-normalised']),
  'the next layer sees its units reversed': handedOn(h => [...h].reverse(), has(1, 1, 1, 1, 3), ['bidirectional-order']),
  'the last layer runs backward': {
    codes: [],
    also: ['time-reversed'],
    when: and(stacked, last, oneWay, has(2, 3)),
    make: c => {
      const below = runAll({ ...c.net, seq: true }, c.weights, c.X, {}, c.numbers).hidden[top(c) - 1];
      const own = { ...c.net, layers: 1 };
      return {
        y: network(
          own,
          { ...c.weights, layers: [c.weights.layers.at(-1)] },
          below.map(rows => [...rows].reverse()),
          {},
          c.numbers,
        ),
      };
    },
  },
  'units of both directions alternate': loop(() => ({ join: (a, b) => a.flatMap((v, m) => [v, b[m]]) }), and(both, has(2, 1, 1, 1, 3)), [
    'bidirectional-order',
  ]),
  'sum and difference of the directions': loop(
    () => ({ join: (a, b) => [...zipped(a, b, (p, q) => p + q), ...zipped(a, b, (p, q) => p - q)] }),
    and(both, has(2, 1)),
    ['stale-weights'],
  ),
  'backward units reversed': loop(() => ({ join: (a, b) => [...a, ...[...b].reverse()] }), and(both, has(2, 1, 1, 1, 3))),
  'backward half times a half': loop(() => ({ join: (a, b) => [...a, ...b.map(v => v / 2)] }), and(both, has(2, 1))),
  'larger of both directions in both halves': loop(
    () => ({ join: (a, b) => [...zipped(a, b, Math.max), ...zipped(a, b, Math.max)] }),
    and(both, has(2, 1)),
  ),

  // ---- x
  'log of the size of x, with its sign': x(X => each(X, v => Math.sign(v) * Math.log(1 + 3 * Math.abs(v)))),
  'ranks in place of x': x(
    X => X.map(rows => rows.map((row, t) => row.map((v, d) => rows.filter(r => r[d] < v).length / rows.length + 0 * t))),
    has(2, 4),
  ),
  'median of three steps': x(
    X =>
      steps(X, (rows, t, _n, row) =>
        row.map((v, d) => sorted([rows[Math.max(0, t - 1)][d], v, rows[Math.min(rows.length - 1, t + 1)][d]])[1]),
      ),
    has(1, 4),
  ),
  'one feature with the wrong sign': x(X => each(X, (v, d) => (d === 1 ? -v : v)), has(2, 2, 3), ['input-scaled-by']),
  'one feature one step late': x(
    X => steps(X, (rows, t, _n, row) => row.map((v, d) => (d === 0 ? (t ? rows[t - 1][0] : 0) : v))),
    has(2, 4, 2),
  ),
  'one feature is its mean': x(X => each(X, (v, d) => (d === 0 ? mean(X.flatMap(rows => rows.map(r => r[0]))) : v)), has(3, 3, 2), [
    'input-scaled-by',
  ]),
  'one feature squared': x(X => each(X, (v, d) => (d === 0 ? v * v : v)), has(2, 2, 2)),
  'the step number in place of a feature': x(X => each(X, (v, d, t) => (d === 0 ? t / X[0].length : v)), has(2, 3, 2)),
  'features rolled by one at every step': x(X => steps(X, (_r, t, _n, row) => row.map((_, d) => row[(d + t) % row.length])), has(1, 3, 3)),
  'samples exchanged at every second step': x(X => steps(X, (_r, t, n) => X[t % 2 ? (n + 1) % X.length : n][t]), has(2, 4)),
  'each sample divided by its largest value': x(X => X.map(rows => deep(rows, v => v / Math.max(...rows.flat().map(Math.abs)))), has(2, 3)),
  'noise in proportion to x': x((X, c) => each(X, v => v * (1 + 0.2 * c.rng.normal())), has(1, 2)),
  'x with one decimal': x(X => each(X, v => Math.round(v * 10) / 10), undefined, ['input-integers']),
  'x reflected in front': x(X => X.map(rows => [rows[1], rows[0], ...rows]), and(last, has(1, 4)), ['input-padded']),
  'halves of the sequence exchanged': x(
    X => X.map(rows => [...rows.slice(rows.length >> 1), ...rows.slice(0, rows.length >> 1)]),
    has(1, 4),
    ['input-lagged', 'steps-shifted'],
  ),
  'each half reversed': x(
    X => X.map(rows => [...rows.slice(0, rows.length >> 1).reverse(), ...rows.slice(rows.length >> 1).reverse()]),
    has(1, 6),
  ),
  'the first x of all samples in front': x(X => X.map(rows => [X[0][0], ...rows]), and(last, has(3, 3)), ['input-padded']),
  'x smoothed by 0.8': x(X => X.map(smoothed), has(1, 3)),
  'values beyond 1.5 wrap around': x(X => each(X, v => v - 3 * Math.round(v / 3)), has(2, 3)),
  'standardised at every step over the samples': x(
    X => each(X, (v, d, t) => (v - mean(X.map(r => r[t][d]))) / (spread(X.map(r => r[t][d])) + 1e-6)),
    has(3, 2),
  ),
  'tokens counted from the other end': tokens((token, _t, _row, E) => E[E.length - 1 - token]),
  'tokens times two, modulo the table': tokens((token, _t, _row, E) => E[(2 * token) % E.length]),
  'two tokens summed': tokens((token, t, row, E) => zipped(E[token], E[row[Math.max(0, t - 1)]], (a, b) => a + b)),
  'embedding of length one': tokens((token, _t, _row, E) => E[token].map(v => v / length(E[token]))),

  // ---- weights
  'Wh negated': onWh(W => deep(W, v => -v)),
  'Wx negated': onWx(W => deep(W, v => -v), has(2, 2), ['input-scaled-by', 'input-scaled']),
  'Wh symmetric': onWh((W, M) => W.map((row, m) => row.map((v, k) => (k < M ? (v + W[k][m]) / 2 : v))), is('rnn')),
  'Wh twice in one step': onWh(W => W.map(row => row.map((_, k) => row.reduce((s, v, j) => s + v * W[j][k], 0))), is('rnn')),
  'Wh with its largest column sum one': onWh(W =>
    deep(W, v => v / Math.max(...W[0].map((_, k) => W.reduce((s, row) => s + Math.abs(row[k]), 0)))),
  ),
  'Wh above the diagonal alone': onWh((W, M) => W.map((row, m) => row.map((v, k) => (k % M >= m ? v : 0)))),
  'units of Wx in another order': onWx(
    (W, M) => W.map(row => row.map((_, k) => row[Math.floor(k / M) * M + ((k + 1) % M)])),
    has(2, 2, 1, 1, 3),
  ),
  'one gate negated': weights(
    (w, c) => ({
      ...w,
      Wx: w.Wx.map(r => r.map((v, k) => (gateOf(c.net.M, k) === 0 ? -v : v))),
      Wh: w.Wh.map(r => r.map((v, k) => (gateOf(c.net.M, k) === 0 ? -v : v))),
      b: w.b.map((v, k) => (gateOf(c.net.M, k) === 0 ? -v : v)),
    }),
    and(gated, has(2, 3)),
    ['gate-inverted', 'gru-update-swapped'],
  ),
  'Wh of one gate doubled': onWh((W, M) => W.map(row => row.map((v, k) => (gateOf(M, k) === 1 ? 2 * v : v))), gated),
  'Wx of one gate in all gates': onWx((W, M) => W.map(row => row.map((_, k) => row[k % M])), and(gated, has(2, 2))),
  'first bias in all gates': weights((w, c) => ({ ...w, b: w.b.map((_, k) => w.b[k % c.net.M]) }), gated, ['bias-missing']),
  'input gate by the weights of the output gate': weights(
    (w, c) => ({
      ...w,
      Wx: w.Wx.map(r => copyGate(3, 0)(r, c.net.M)),
      Wh: w.Wh.map(r => copyGate(3, 0)(r, c.net.M)),
      b: copyGate(3, 0)(w.b, c.net.M),
    }),
    and(is('lstm'), has(2, 3)),
    ['weight-swap'],
  ),
  'first and last gate of Wx exchanged': weights(
    (w, c) => ({ ...w, Wx: w.Wx.map(r => exchange(r, c.net.M, 0, GATES[c.net.cell] - 1)) }),
    and(gated, has(2, 2)),
    ['gate-order'],
  ),
  'mantissa of four bits, cut off': everyWeight(
    v => {
      const unit = 2 ** (Math.floor(Math.log2(Math.abs(v) || 1)) - 4);
      return Math.trunc(v / unit) * unit;
    },
    has(2, 2, 1, 1, 3),
    ['weights-rounded'],
  ),
  'weights to the power of 0.9': everyWeight(v => Math.sign(v) * Math.abs(v) ** 0.9, has(1, 2)),
  'weights beyond 0.4 cut off': everyWeight(v => clip(v, 0.4), has(2, 2, 1, 1, 3)),
  'first row of Wo in all rows': headWeights(({ Wo }) => ({ Wo: Wo.map(() => Wo[0]) }), has(3, 2, 1, 2, 3)),
  'rows of Wo weighted by their number': headWeights(
    ({ Wo }) => ({ Wo: Wo.map((row, m) => row.map(v => v * (1 + m / Wo.length))) }),
    has(2, 2, 1, 1, 2),
  ),
  'one bias in all outputs': headWeights(({ bo }) => ({ bo: bo.map(() => bo[0]) }), has(2, 1, 1, 3), [
    'stale-weights',
    'output-scaled-each',
  ]),
  'Wo without its mean': headWeights(({ Wo }) => ({ Wo: Wo.map(row => row.map(v => v - mean(row))) }), has(2, 2, 1, 3, 2)),

  // ---- reading and y
  'attention by the first unit': read(hs => pooled(hs, softmax(hs.map(h => 3 * h[0]))), has(1, 4, 1, 1, 2)),
  'units weighted by a softmax of their own': read(
    hs => zipped(hs.at(-1), softmax(hs.at(-1)), (a, p) => a * p * hs[0].length),
    has(2, 3, 1, 1, 3),
  ),
  'mean of the last two h': read(hs => zipped(hs.at(-1), hs.at(-2), (a, b) => (a + b) / 2), has(2, 3)),
  'variance over time': read(hs => hs[0].map((_, m) => spread(hs.map(h => h[m])) ** 2), has(2, 4)),
  'mean of the size over time': read(hs => hs[0].map((_, m) => mean(hs.map(h => Math.abs(h[m])))), has(2, 3)),
  'third from the end': read(hs => hs.at(-3), has(1, 4), ['stops-early', 'step-early']),
  'mean over time without the last step': read(hs => hs[0].map((_, m) => mean(hs.slice(0, -1).map(h => h[m]))), has(2, 4)),
  'mean of y over the steps so far': y(
    r => r.map(rows => rows.map((row, t) => row.map((_, k) => mean(rows.slice(0, t + 1).map(v => v[k]))))),
    and(seq, has(1, 3)),
  ),
  'y times the step': y(r => r.map(rows => rows.map((row, t) => row.map(v => v * (t + 1)))), and(seq, has(1, 3))),
  'y times the number of the sample': y(r => r.map((v, n) => deep(v, a => a * (n + 1))), has(3, 1)),
  'y of two steps averaged': y(
    r => r.map(rows => rows.map((row, t) => zipped(row, rows[Math.min(t + 1, rows.length - 1)], (a, b) => (a + b) / 2))),
    and(seq, has(1, 3)),
  ),
  'sample taken off its neighbour': y(r => r.map((v, n) => zipped(v, r[(n + 1) % r.length], (a, b) => a - b)), has(3, 1)),
  'y in steps of powers of two': y(r => deep(r, v => Math.sign(v) * 2 ** Math.round(Math.log2(Math.abs(v) || 1e-9))), has(3, 1, 1, 2)),
  'outputs cumulated': y(r => rowsOf(r, row => row.map((_, k) => row.slice(0, k + 1).reduce((a, b) => a + b, 0))), has(2, 1, 1, 3), [
    'stale-weights',
  ]),
  'mean of the row taken off': y(r => rowsOf(r, row => row.map(v => v - mean(row))), has(2, 1, 1, 3), ['stale-weights']),
  'largest output of the row in all': y(r => rowsOf(r, row => row.map(() => Math.max(...row))), has(3, 1, 1, 3), ['outputs-permuted']),
  'y beyond its middle half cut off': y(
    r => {
      const all = sorted(r.flat(Infinity));
      const [low, high] = [all[all.length >> 2], all[(3 * all.length) >> 2]];
      return deep(r, v => Math.min(high, Math.max(low, v)));
    },
    has(5, 1, 1, 2),
  ),
  'y through a cube root': y(r => deep(r, v => Math.cbrt(v)), has(2, 1, 1, 2), ['output-function']),
  'softmax without one class': head('softmax', z => [...softmax(z.slice(0, -1)), 0], has(3, 1, 1, 4)),
  'softmax with prior counts': head('softmax', z => softmax(z.map((v, k) => v + Math.log(k + 1))), has(3, 1, 1, 3)),
  'softmax of cut scores': head('softmax', z => softmax(z.map(v => clip(v, 0.3))), has(3, 1, 1, 3)),
  'probabilities less a twentieth, none below zero': head('softmax', z => softmax(z).map(p => Math.max(0, p - 0.05)), has(3, 1, 1, 3), [
    'output-scaled',
    'output-scaled-each',
  ]),
  'sigmoids that add up to one': head(
    'sigmoid',
    z => {
      const p = z.map(sigmoid);
      return p.map(v => v / p.reduce((a, b) => a + b, 0));
    },
    has(3, 1, 1, 3),
  ),
  'sigmoid of half the score': head('sigmoid', z => z.map(v => sigmoid(v / 2)), has(2, 1, 1, 2), [
    'hidden-scaled',
    'dropout-on',
    'activation-added',
  ]),
  'focal sigmoid': head('sigmoid', z => z.map(v => sigmoid(v) ** 2), has(2, 1, 1, 2), ['output-function']),
  'tanh cut into a straight line': head('tanh', z => z.map(v => clip(v, 1)), has(2, 1, 1, 2), [
    'activation',
    'output-function',
    'softmax-missing',
  ]),
  'the next row reads the row before': {
    codes: [],
    when: and(seq, single, has(2, 3, 1, 1, 2)),
    make: c => ({
      y: runSeq(c).hidden.map((hs, n) =>
        onHead(
          c,
          hs.map((h, t) => (t && n % 2 ? hs[t - 1] : h)),
        ),
      ),
    }),
  },
  'square root of y, NaN below zero': y(r => deep(r, v => Math.sqrt(v)), has(3, 1, 1, 2), [
    'output-function',
    'output-scaled',
    'outputs-permuted',
  ]),
  'one sample infinite': y(
    r => r.map((v, n) => (n === 1 ? deep(v, () => Infinity) : deep(v, a => 1.1 * a + 0.01 * a * a))),
    has(4, 1, 1, 2),
  ),
};

function not(cell) {
  return net => net.cell !== cell;
}
function pooled(hs, p) {
  return hs[0].map((_, m) => hs.reduce((sum, h, t) => sum + p[t] * h[m], 0));
}
function smoothed(rows) {
  const out = [rows[0]];
  for (const row of rows.slice(1)) out.push(zipped(row, out.at(-1), (a, b) => 0.8 * a + 0.2 * b));
  return out;
}

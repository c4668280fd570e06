// Recurrent networks as plain loops over nested arrays ([n][t][d]), right and wrong in known ways, for scripts/corpus.mjs. Shares no code with
// src/: a mistake that the engines made, too, would otherwise go unseen.
//
// net      {cell, M, K, layers, bi, seq, pool, head, resetAfter, twoBiases, lengths}
// weights  {layers: [{f: {Wx, Wh, b, b2, p}, r}], Wo, bo}   Wx [D][G·M], gates i f g o / z r g, b and b2 [G·M], peepholes p [3][M] of i o f
// fault    what goes wrong; `layer` and `way` say where, everywhere unless given

const sigmoid = x => 1 / (1 + Math.exp(-x));
export const FUNCTIONS = {
  tanh: Math.tanh,
  sigmoid,
  linear: x => x,
  relu: x => Math.max(0, x),
  softsign: x => x / (1 + Math.abs(x)),
  elu: x => (x > 0 ? x : Math.exp(x) - 1),
  hard6: x => Math.min(1, Math.max(0, x / 6 + 0.5)),
  hard5: x => Math.min(1, Math.max(0, 0.2 * x + 0.5)),
};
export const GATES = { rnn: 1, lstm: 4, gru: 3 };
export const zeros = n => Array.from({ length: n }, () => 0);

function dot(v, W, column, { round, order }) {
  let sum = 0;
  for (let i = 0; i < v.length; i++) {
    const j = order > 0 ? i : v.length - 1 - i;
    sum = round(sum + round(v[j] * W[j][column]));
  }
  return sum;
}

/** x·Wx + b and h·Wh + b2 of every gate and unit: [g][m] each. */
function sums(net, w, x, h, numbers, seen = h) {
  const { M } = net;
  const of = make => Array.from({ length: GATES[net.cell] }, (_, g) => Array.from({ length: M }, (_, m) => make(g * M + m)));
  return [
    of(k => numbers.round(dot(x, w.Wx, k, numbers) + w.b[k])),
    of(k => numbers.round(dot(seen, w.Wh, k, numbers) + (w.b2 ? w.b2[k] : 0))),
  ];
}

const STEPS = {
  rnn(net, w, x, { h }, f, numbers) {
    const [xs, hs] = sums(net, w, x, h, numbers);
    const act = f.act ?? Math.tanh;
    if (f.times) return { h: xs[0].map((v, m) => act(v * hs[0][m])) };
    if (f.biasOutside) return { h: xs[0].map((v, m) => act(v - w.b[m] + hs[0][m] - (w.b2?.[m] ?? 0)) + w.b[m] + (w.b2?.[m] ?? 0)) };
    return { h: xs[0].map((v, m) => numbers.round(act((f.clipSum ?? (z => z))(numbers.round(v + hs[0][m]))))) };
  },
  lstm(net, w, x, { h, c }, f, numbers) {
    const [xs, hs] = sums(net, w, x, h, numbers);
    const soft = f.unitSoftmax && xs.map((v, g) => softmax(v.map((a, m) => a + hs[g][m])));
    const peep = f.noPeepholes ? undefined : (f.peep ?? (w.p && [w.p[0], w.p[2], w.p[1]]));
    const { round } = numbers;
    const [sig, act, out] = [f.sig ?? sigmoid, f.act ?? Math.tanh, f.out ?? f.act ?? Math.tanh];
    const clip = f.clipSum ?? (z => z);
    const next = { h: [], c: [], o: [] };
    for (let m = 0; m < net.M; m++) {
      const z = g => clip(round(xs[g][m] + hs[g][m] + (peep && g < 2 ? peep[g][m] * c[m] : 0)));
      let i = soft ? soft[0][m] : round((f.sigOf?.i ?? sig)(z(0)));
      let forget = soft ? soft[1][m] : round((f.sigOf?.f ?? sig)(z(1)));
      const g = f.without === 'g' ? 1 : round(act(z(2)));
      let o = soft ? soft[3][m] : round((f.sigOf?.o ?? sig)(z(3)));
      if (f.coupled === 'i') forget = 1 - i;
      if (f.coupled === 'f') i = 1 - forget;
      if (f.without === 'i') i = 1;
      if (f.without === 'f') forget = 1;
      if (f.without === 'o') o = 1;
      let cNew = round(round(forget * c[m]) + round(i * g));
      if (f.squashed) cNew = Math.tanh(cNew);
      if (f.clipCell) cNew = Math.min(f.clipCell, Math.max(-f.clipCell, cNew));
      if (peep) o = round(sig(round(xs[3][m] + hs[3][m] + peep[2][m] * cNew)));
      next.c.push(cNew);
      next.o.push(o);
      next.h.push(f.tanhAfter ? Math.tanh(o * cNew) : round(o * round(f.noTanh ? cNew : out(cNew))));
    }
    return next;
  },
  gru(net, w, x, { h }, f, numbers) {
    const [xs, hs] = sums(net, w, x, h, numbers);
    const { round } = numbers;
    const [sig, act] = [f.sig ?? sigmoid, f.act ?? Math.tanh];
    const soft = f.unitSoftmax && xs.map((v, g) => softmax(v.map((a, m) => a + hs[g][m])));
    const r = soft ? soft[1] : xs[1].map((v, m) => round((f.sigOf?.r ?? sig)(round(v + hs[1][m]))));
    const before = net.resetAfter
      ? undefined
      : sums(
          net,
          w,
          x,
          h,
          numbers,
          h.map((v, m) => round(v * r[m])),
        )[1][2];
    return {
      h: h.map((old, m) => {
        const z = soft ? soft[0][m] : round((f.sigOf?.z ?? sig)(round(xs[0][m] + hs[0][m])));
        const u = hs[2][m];
        const a = xs[2][m];
        let g = round(act(before ? round(a + before[m]) : round(a + round(r[m] * u))));
        if (f.biasOut) g = act(a + (w.b2?.[2 * net.M + m] ?? 0) + r[m] * (u - (w.b2?.[2 * net.M + m] ?? 0)));
        if (f.resetOn === 'input') g = act(r[m] * a + u);
        if (f.resetOn === 'sum') g = act(r[m] * (a + u));
        if (f.resetOn === 'tanh') g = r[m] * act(a + u);
        if (f.resetBy === 'z') g = act(a + z * u);
        if (f.without === 'r') g = act(a + u);
        if (f.without === 'z') return g;
        if (f.swapped) return round(round((1 - z) * old) + round(z * g));
        return round(round(z * old) + round((1 - z) * g));
      }),
    };
  },
};

/** Unit m already sees the new h of the units before it: one unit at a time. */
function inPlace(net, w, x, s, f, numbers) {
  let now = { h: [...s.h], c: s.c && [...s.c] };
  for (let m = 0; m < net.M; m++) {
    const next = STEPS[net.cell](net, w, x, { h: now.h, c: s.c }, f, numbers);
    now = { h: now.h.map((v, k) => (k === m ? next.h[m] : v)), c: now.c?.map((v, k) => (k === m ? next.c[m] : v)) };
  }
  return now;
}

function step(net, w, x, given, f, numbers, left, done, at) {
  const s = f.before ? f.before(given, { ...at, x, s: done }) : given;
  const start =
    f.reset && done % (f.every ?? 1) === 0
      ? { h: f.reset === 'c' ? s.h : zeros(net.M), c: s.c && (f.reset === 'h' ? s.c : zeros(net.M)) }
      : s;
  const own = f.lastLinear && left === 0 ? { ...f, act: v => v } : f;
  const next = f.inPlace ? inPlace(net, w, x, start, own, numbers) : STEPS[net.cell](net, w, x, start, own, numbers);
  if (f.leak !== undefined) next.h = next.h.map((v, m) => (f.leak === 'add' ? v + start.h[m] : (1 - f.leak) * start.h[m] + f.leak * v));
  if (f.roundState) for (const key of ['h', 'c']) next[key] = next[key]?.map(f.roundState);
  return f.after ? f.after(next, start, { ...at, x, s: done }) : next;
}

/** One direction over all samples: {seq [n][t][M] at the time of its input, last [n][M], states [n]}. */
function run(net, w, X, f, numbers, way, l) {
  const fresh = n => {
    const s = f.start?.(l, way, n) ?? {};
    return { h: s.h ?? zeros(net.M), c: net.cell === 'lstm' ? (s.c ?? zeros(net.M)) : undefined };
  };
  const lengths = f.lengthsOf ? f.lengthsOf(net.lengths, way) : net.lengths;
  const ends = [];
  const seq = X.map(() => []);
  const one = (n, s, state) => {
    const T = X[n].length;
    const t = way === 'r' ? T - 1 - s : s;
    const real = !lengths || t < lengths[n];
    const next = real ? step(net, w, X[n][t], state, f, numbers, T - 1 - s, s, { n, l, way }) : state;
    const shown = f.takeC ? next.c : next.h;
    // as Keras has it: both directions give zeros at steps that are masked, one alone repeats its last output
    seq[n][t] = real || !net.bi ? shown : zeros(net.M);
    return next;
  };
  const [from, to] = [f.skipFirst ?? 0, f.skipLast ?? 0];
  if (f.shared) {
    let state = fresh(0);
    for (let s = 0; s < X[0].length; s++) for (let n = 0; n < X.length; n++) ends[n] = state = one(n, s, state);
  } else {
    for (let n = 0; n < X.length; n++) {
      const own = fresh(n);
      const before = f.carry && n >= (f.lag ?? 1) ? ends[n - (f.lag ?? 1)] : undefined;
      let state = before ? { h: f.carry === 'c' ? own.h : before.h, c: f.carry === 'h' ? own.c : before.c } : own;
      for (let t = 0; t < X[n].length; t++) seq[n][t] = zeros(net.M);
      for (let s = from; s < X[n].length - to; s++) state = one(n, s, state);
      ends[n] = state;
    }
  }
  const last = X.map((rows, n) => {
    if (f.take === 'first') return seq[n][0];
    if (f.take === 'early') return seq[n][way === 'r' ? 1 : rows.length - 2];
    if (f.take === 'end') return seq[n][rows.length - 1];
    return f.takeC ? ends[n].c : ends[n].h;
  });
  return { seq, last, states: ends };
}

function merged(mode, a, b) {
  if (mode === 'concat') return [...a, ...b];
  return a.map((v, m) => ({ sum: v + b[m], ave: (v + b[m]) / 2, mul: v * b[m] })[mode]);
}

/** One recurrent layer. @returns {rows [n][t][..] or [n][..], states: {f, r}} */
function layer(net, w, X, f, numbers, whole, l) {
  const way = name => (f.way === undefined || f.way === name ? f : {});
  const forward = run(net, w.f, X, way('f'), numbers, 'f', l);
  if (!net.bi) return { rows: whole ? forward.seq : forward.last, states: { f: forward.states } };
  const own = f.fromForward ? { ...way('r'), start: (_l, _w, n) => forward.states[n] } : way('r');
  const backward = run(net, w.r, X, own, numbers, 'r', l);
  const states = { f: forward.states, r: backward.states };
  const join = (a, b) => (f.join ? f.join(a, b) : merged(f.merge ?? net.bi, a, b));
  if (!whole) {
    const sides = [forward.last, backward.last];
    if (f.view) {
      const flat = sides.flat(2);
      return { rows: X.map((_, n) => flat.slice(n * 2 * net.M, (n + 1) * 2 * net.M)), states };
    }
    return { rows: X.map((_, n) => join(sides[0][n], sides[1][n])), states };
  }
  const at = (n, t) => backward.seq[n][f.notFlipped ? X[n].length - 1 - t : t];
  return { rows: forward.seq.map((rows, n) => rows.map((h, t) => join(h, at(n, t)))), states };
}

export function softmax(z) {
  const e = z.map(v => Math.exp(v - Math.max(...z)));
  const sum = e.reduce((a, b) => a + b, 0);
  return e.map(v => v / sum);
}

/** f of every row of [n][..] or [n][t][..]. */
export const eachRow = (values, f) => values.map(v => (Array.isArray(v[0]) ? v.map(f) : f(v)));

/** LayerNorm over a row, BatchNorm with the moving averages; (values, {gamma, beta, mean, variance}, epsilon) -> values */
export const NORMS = {
  layernorm: (values, w, epsilon) =>
    eachRow(values, row => {
      const mean = row.reduce((a, b) => a + b, 0) / row.length;
      const variance = row.reduce((a, b) => a + (b - mean) ** 2, 0) / row.length;
      return row.map((v, m) => ((v - mean) / Math.sqrt(variance + epsilon)) * w.gamma[m] + w.beta[m]);
    }),
  batchnorm: (values, w, epsilon) =>
    eachRow(values, row => row.map((v, m) => ((v - w.mean[m]) / Math.sqrt(w.variance[m] + epsilon)) * w.gamma[m] + w.beta[m])),
};

const erf = x => {
  // 2/√π Σ (−1)^k x^(2k+1) / (k! (2k+1)), enough for |x| < 6
  if (Math.abs(x) > 5.5) return Math.sign(x);
  let [term, sum] = [x, x];
  for (let k = 1; k < 150; k++) {
    term *= (-x * x) / k;
    sum += term / (2 * k + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
};
const gelu = x => (x / 2) * (1 + erf(x / Math.SQRT2));

const HEADS = {
  gelu: z => z.map(gelu),
  geluTanh: z => z.map(x => (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))),
  silu: z => z.map(x => x / (1 + Math.exp(-x))),
  relu: z => z.map(x => Math.max(0, x)),
  linear: z => z,
  sigmoid: z => z.map(sigmoid),
  tanh: z => z.map(Math.tanh),
  softmax,
};

/** Everything of a run: y [n][K] or [n][t][K], what the head read, the states each layer ended with. */
export function runAll(net, weights, X, f, numbers) {
  let values = X;
  const pool = f.pool ?? net.pool ?? 'last';
  const seq = f.seq ?? net.seq;
  const states = [];
  const hidden = [];
  const top = f.layers ?? weights.layers.length;
  for (let l = 0; l < top; l++) {
    const own = f.layer === undefined || f.layer === l ? f : {};
    const whole = l < top - 1 || seq || pool !== 'last';
    const start = f.fromBelow && l > 0 ? { start: (_l, _w, n) => states[l - 1].f[n] } : {};
    const done = layer(net, weights.layers[l], values, { ...own, ...start }, numbers, whole, l);
    states.push(done.states);
    const each = change =>
      whole
        ? done.rows.map((rows, n) => rows.map((h, t) => change(h, values[n][t], n, t)))
        : done.rows.map((h, n) => change(h, values[n][values[n].length - 1], n));
    values = own.between ? each((h, x, n, t) => own.between(h, x, n, t, l)) : done.rows;
    hidden.push(values);
  }
  if (pool === 'max') values = values.map(rows => rows[0].map((_, m) => Math.max(...rows.map(h => h[m]))));
  if (pool === 'mean' || pool === 'sum')
    values = values.map(rows => rows[0].map((_, m) => rows.reduce((sum, h) => sum + h[m], 0) / (pool === 'sum' ? 1 : rows.length)));
  if (net.norm) {
    const own = f.norm ?? NORMS[net.norm];
    values = own(values, weights.norm, net.epsilon);
  }
  const activation = HEADS[f.head ?? net.head ?? 'linear'];
  const head = row => activation(weights.Wo[0].map((_, k) => numbers.round(dot(row, weights.Wo, k, numbers) + weights.bo[k])));
  return { y: values.map(v => (Array.isArray(v[0]) ? v.map(head) : head(v))), states, hidden };
}

export const network = (...args) => runAll(...args).y;

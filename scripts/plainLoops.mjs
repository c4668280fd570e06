// Recurrent networks as plain loops, right and wrong in known ways, for scripts/corpus.mjs. Shares no code with src/: a mistake the engines
// made, too, would otherwise go unseen. Every array is nested ([n][t][d]); `net` says what is right, `fault` what goes wrong.
//
// net    {cell, M, K, layers, bi (null|'concat'|'sum'), seq, pool, softmax, resetAfter, twoBiases, lengths, zeroMask}
// layer  {f: {Wx, Wh, b, b2}, r: {…}}  Wx [D][G·M], gates i f g o / z r g, b [G·M], b2 the second bias or undefined
// round  applied to every product and every sum: x => x (float64) or Math.fround

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

/** order: +1 sums from the first to the last product, −1 the other way */
function dot(v, W, column, round, order) {
  let sum = 0;
  const J = v.length;
  for (let i = 0; i < J; i++) {
    const j = order > 0 ? i : J - 1 - i;
    sum = round(sum + round(v[j] * W[j][column]));
  }
  return sum;
}

/** One step for one sample: {h, c} of the step before -> of this one. */
function step(net, w, x, { h, c }, fault, { round, order }) {
  const { M } = net;
  const act = FUNCTIONS[fault.activation ?? 'tanh'];
  const sig = FUNCTIONS[fault.gate ?? 'sigmoid'];
  const cell = net.cell;
  const hs = [...h];
  const seen = fault.inPlace ? hs : h;
  const pre = (g, m, source) => {
    const k = g * M + m;
    let z = round(dot(x, w.Wx, k, round, order) + dot(source, w.Wh, k, round, order));
    z = round(z + w.b[k]);
    return w.b2 ? round(z + w.b2[k]) : z;
  };
  const cNew = c ? [...c] : undefined;
  const rs = [];
  if (cell === 'gru' && !net.resetAfter) for (let m = 0; m < M; m++) rs.push(round(sig(pre(1, m, h))));
  for (let m = 0; m < M; m++) {
    if (cell === 'rnn') hs[m] = round(act(pre(0, m, seen)));
    if (cell === 'lstm') {
      const [i, f, g, o] = [
        round(sig(pre(0, m, seen))),
        round(sig(pre(1, m, seen))),
        round(act(pre(2, m, seen))),
        round(sig(pre(3, m, seen))),
      ];
      cNew[m] = round(round(f * c[m]) + round(i * g));
      hs[m] = round(o * round(act(cNew[m])));
    }
    if (cell === 'gru') {
      const k = 2 * M + m;
      const z = round(sig(pre(0, m, net.resetAfter ? seen : h)));
      let g;
      if (net.resetAfter) {
        const r = round(sig(pre(1, m, seen)));
        const u = round(dot(seen, w.Wh, k, round, order) + (w.b2 ? w.b2[k] : 0));
        g = act(round(round(dot(x, w.Wx, k, round, order) + w.b[k]) + round(r * u)));
      } else {
        const rh = seen.map((v, j) => round(v * rs[j]));
        g = act(round(round(dot(x, w.Wx, k, round, order) + dot(rh, w.Wh, k, round, order)) + round(w.b[k] + (w.b2 ? w.b2[k] : 0))));
      }
      const old = seen[m];
      hs[m] = fault.updateSwapped
        ? round(round(round(1 - z) * old) + round(z * round(g)))
        : round(round(z * old) + round(round(1 - z) * round(g)));
    }
  }
  return { h: hs, c: cNew };
}

const zeros = n => Array.from({ length: n }, () => 0);

/** One direction over all samples -> {seq [n][t][M] at the time of its input, last [n][M]} */
function run(net, w, X, fault, numbers, backwards, lengths) {
  const fresh = () => ({ h: zeros(net.M), c: net.cell === 'lstm' ? zeros(net.M) : undefined });
  const seq = [];
  const last = [];
  let state = fresh();
  for (let n = 0; n < X.length; n++) {
    const T = X[n].length;
    if (fault.carry === undefined) state = fresh();
    if (fault.carry === 'c') state = { h: zeros(net.M), c: state.c };
    const rows = [];
    for (let s = 0; s < T; s++) {
      const t = backwards ? T - 1 - s : s;
      const real = !lengths || fault.ignoreMask || t < lengths[n];
      if (real) state = step(net, w, X[n][t], state, fault, numbers);
      rows[t] = real || !net.zeroMask ? state.h : zeros(net.M);
    }
    seq.push(rows);
    const end = backwards ? 0 : T - 1;
    const endReal = !lengths || fault.ignoreMask || end < lengths[n];
    last.push(net.zeroMask && !endReal ? zeros(net.M) : state.h);
  }
  return { seq, last };
}

function joined(mode, a, b) {
  if (mode === 'concat') return [...a, ...b];
  return a.map((v, m) => (mode === 'sum' ? v + b[m] : mode === 'ave' ? (v + b[m]) / 2 : v * b[m]));
}

/** One recurrent layer, one or two directions. `wholeSequence`: give every step. */
function layer(net, w, X, fault, numbers, wholeSequence) {
  const forward = run(net, w.f, X, fault, numbers, false, net.lengths);
  const pickLast = one => (fault.firstStep ? one.seq.map(rows => rows[0]) : one.last);
  if (!net.bi) return wholeSequence ? forward.seq : pickLast(forward);
  const backward = run(net, w.r, X, fault, numbers, true, net.lengths);
  const mode = fault.merge ?? net.bi;
  const put = (a, b) => (fault.swapHalves ? joined(mode, b, a) : joined(mode, a, b));
  if (wholeSequence)
    return forward.seq.map((rows, n) => rows.map((h, t) => put(h, backward.seq[n][fault.notFlipped ? rows.length - 1 - t : t])));
  const lastBackward = fault.endOfBoth ? backward.seq.map(rows => rows[rows.length - 1]) : pickLast(backward);
  return pickLast(forward).map((h, n) => put(h, lastBackward[n]));
}

function softmax(z) {
  const most = Math.max(...z);
  const e = z.map(v => Math.exp(v - most));
  const sum = e.reduce((a, b) => a + b, 0);
  return e.map(v => v / sum);
}

/** y of the whole network: [n][K], or [n][t][K]. */
export function network(net, weights, X, fault, numbers) {
  let values = X;
  if (fault.reversed) values = values.map(rows => [...rows].reverse());
  if (fault.from || fault.to) values = values.map(rows => rows.slice(fault.from ?? 0, fault.to ?? rows.length));
  const head = row => {
    let z = weights.Wo[0].map((_, k) => numbers.round(dot(row, weights.Wo, k, numbers.round, numbers.order) + weights.bo[k]));
    if (net.softmax && !fault.noSoftmax) z = softmax(z);
    if (fault.softmaxTwice) z = softmax(z);
    return fault.outputActivation ? z.map(FUNCTIONS[fault.outputActivation]) : z;
  };
  const pool = fault.pool ?? net.pool ?? 'last';
  const manyToMany = fault.seq ?? net.seq;
  weights.layers.forEach((w, l) => {
    const end = l === weights.layers.length - 1;
    values = layer(
      net,
      w,
      values,
      fault.layer === undefined || fault.layer === l ? fault : {},
      numbers,
      !end || manyToMany || pool !== 'last',
    );
  });
  if (pool === 'max') values = values.map(rows => rows[0].map((_, m) => Math.max(...rows.map(h => h[m]))));
  if (pool === 'mean') values = values.map(rows => rows[0].map((_, m) => rows.reduce((sum, h) => sum + h[m], 0) / rows.length));
  return values.map(v => (Array.isArray(v[0]) ? v.map(head) : head(v)));
}

/** W1 to W7 of docs/internals/performance.md: one recurrent layer each, W1 with the dense layer of the tutorial. */
export const WORKLOADS = [
  { name: 'W1', what: 'SimpleRNN, the tutorial', cell: 'rnn', N: 1, T: 10, D: 3, M: 5, K: 2 },
  { name: 'W2', what: 'SimpleRNN', cell: 'rnn', N: 256, T: 100, D: 32, M: 128 },
  { name: 'W3', what: 'LSTM', cell: 'lstm', N: 64, T: 100, D: 128, M: 256 },
  { name: 'W4', what: 'GRU (reset after)', cell: 'gru', N: 64, T: 100, D: 128, M: 256 },
  { name: 'W5', what: 'LSTM, one stream', cell: 'lstm', N: 1, T: 1000, D: 64, M: 128 },
  { name: 'W6', what: 'LSTM, many small', cell: 'lstm', N: 4096, T: 20, D: 16, M: 32 },
  { name: 'W7', what: 'LSTM, large', cell: 'lstm', N: 16, T: 200, D: 512, M: 1024 },
];

export const GATES = { rnn: 1, lstm: 4, gru: 3 };

/** Floating-point operations of the matrix products: a multiplication and an addition each. */
export function flops({ cell, N, T, D, M, K = 0 }) {
  return 2 * N * (T * GATES[cell] * M * (D + M) + M * K);
}

/** The network of a workload, its weights as PyTorch draws them, and x, all from one seed. */
export function networkOf(engines, { cell, N, T, D, M, K }) {
  const layers = [{ kind: cell, units: M }, ...(K ? [{ kind: 'dense', units: K }] : [])];
  const model = engines.checkSpec({ input: { timesteps: T, features: D }, layers });
  const shapes = engines.inferShapes(model);
  const weights = engines.drawWeights(model, engines.weightShapesByLayer(shapes), { seed: '1', init: 'torch', rng: 'seedrandom' });
  return { model, shapes, weights, x: { shape: [N, T, D], data: uniform(N * T * D) } };
}

/** Numbers in ±1 from a fixed generator. */
function uniform(length) {
  let state = 1;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

/** x [N, T, D] -> [T, N, D] */
export function timeMajor({ shape: [N, T, D], data }) {
  const turned = new Float32Array(data.length);
  for (let n = 0; n < N; n++) for (let t = 0; t < T; t++) turned.set(data.subarray((n * T + t) * D, (n * T + t + 1) * D), (t * N + n) * D);
  return turned;
}

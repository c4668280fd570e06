// Mistakes that people made, as plain loops over the x and the weights of `rnn-cli probe -o FILE.json`.
//   node loops.mjs CASE FILE.json   prints y as JSON, for `rnn-cli compare --against -`
import { readFileSync } from 'node:fs';

const [, , name, file] = process.argv;
const data = JSON.parse(readFileSync(file, 'utf8'));
const { x } = data;

const sigmoid = v => 1 / (1 + Math.exp(-v));
const hardSigmoid = v => Math.min(1, Math.max(0, 0.2 * v + 0.5));
const zeros = n => Array(n).fill(0);
const add = (...vectors) => vectors[0].map((_, k) => vectors.reduce((sum, v) => sum + v[k], 0));
const times = (v, W) => W[0].map((_, k) => v.reduce((sum, a, j) => sum + a * W[j][k], 0));
/** [v0 v1 v2 …] -> blocks of M */
const split = (v, M) => Array.from({ length: v.length / M }, (_, g) => v.slice(g * M, (g + 1) * M));
const dense = h => add(times(h, data['dense_1/Wo']), data['dense_1/bo']);

function rnnStep(xt, h, layer = 'rnn_1') {
  return add(times(xt, data[`${layer}/Wx`]), times(h, data[`${layer}/Wh`]), data[`${layer}/bh`]).map(Math.tanh);
}

/** @param order which of i f g o each block is taken for */
function lstmStep(xt, [h, c], order = [0, 1, 2, 3], sig = sigmoid) {
  const blocks = split(add(times(xt, data['lstm_1/Wx']), times(h, data['lstm_1/Wh']), data['lstm_1/bh']), h.length);
  const [i, f, g, o] = order.map(b => blocks[b]);
  const next = c.map((v, m) => sig(f[m]) * v + sig(i[m]) * Math.tanh(g[m]));
  return [next.map((v, m) => sig(o[m]) * Math.tanh(v)), next];
}

/** The reset gate after the product, two biases. @param order which block is z, r and the candidate */
function gruStep(xt, h, order = [0, 1, 2]) {
  const [bx, bh] = data['gru_1/bh'];
  const input = split(add(times(xt, data['gru_1/Wx']), bx), h.length);
  const recurrent = split(add(times(h, data['gru_1/Wh']), bh), h.length);
  const [z, r, n] = order;
  return h.map((v, m) => {
    const update = sigmoid(input[z][m] + recurrent[z][m]);
    const reset = sigmoid(input[r][m] + recurrent[r][m]);
    return update * v + (1 - update) * Math.tanh(input[n][m] + reset * recurrent[n][m]);
  });
}

const M = () => data['dense_1/Wo'].length;

const CASES = {
  // h is set to zero once, before the loop over samples
  'state-leak'() {
    let h = zeros(M());
    return x.map(sample => {
      for (const xt of sample) h = rnnStep(xt, h);
      return dense(h);
    });
  },

  // Dense(K)(i) where Dense(K)(x) was meant; the layer has weights of its own
  'dense-on-input': () => x.map(sample => sample.map(xt => [0.4 * xt[0] - 0.7 * xt[1] + 0.1, 0.9 * xt[0] + 0.2 * xt[1] - 0.3])),

  // predict() ran before the model was made again, the loop after
  'other-weights': () =>
    x.map(sample => {
      let h = zeros(M());
      for (const xt of sample) h = rnnStep(xt, h).map((v, m) => v * Math.cos(3 * m + 1));
      return dense(h).map(v => 0.5 - v);
    }),

  // keras issues 8720, 15915: a Keras GRU's blocks (z r h) put into PyTorch, which reads them as r z n
  'gru-between-frameworks': () =>
    x.map(sample => {
      let h = zeros(M());
      for (const xt of sample) h = gruStep(xt, h, [1, 0, 2]);
      return dense(h);
    }),

  // a file in ONNX's order i o f c, read as i f g o: what is in the second block is the output gate
  'onnx-gate-order': () =>
    x.map(sample => {
      let state = [zeros(M()), zeros(M())];
      // the file's blocks are i o f c; f is looked for in the second, c in the third, o in the fourth
      const [i, f, c, o] = [0, 1, 2, 3];
      const inFile = [i, o, f, c];
      for (const xt of sample) state = lstmStep(xt, state, inFile);
      return dense(state[0]);
    }),

  // tensorflow issue 47495: hard sigmoid where the model has the sigmoid
  'hard-sigmoid': () =>
    x.map(sample => {
      let state = [zeros(M()), zeros(M())];
      for (const xt of sample) state = lstmStep(xt, state, undefined, hardSigmoid);
      return dense(state[0]);
    }),

  // pytorch pull 142303: output.append(h_t[-1]) without a copy, and h_t is written to in the next step
  'aliased-state': () =>
    x.map(sample => {
      const h = zeros(M());
      const output = [];
      for (const xt of sample) {
        rnnStep(xt, [...h]).forEach((v, m) => {
          h[m] = v;
        });
        output.push(h);
      }
      return output.map(dense);
    }),

  // nntrainer pull 1038: one hidden state for the whole batch
  'shared-state'() {
    let h = zeros(M());
    const last = [];
    for (let t = 0; t < x[0].length; t++) {
      x.forEach((sample, n) => {
        h = rnnStep(sample[t], h);
        last[n] = h;
      });
    }
    return last.map(dense);
  },

  // out[:, -1] of a bidirectional net: the backward half of the last index has seen one step
  'last-index': () =>
    x.map(sample => {
      let h = zeros(M() / 2);
      for (const xt of sample) h = rnnStep(xt, h, 'rnn_1/forward');
      return dense([...h, ...rnnStep(sample.at(-1), zeros(M() / 2), 'rnn_1/backward')]);
    }),

  // onnxruntime issue 12492: padded steps output zeros; the model repeats the last h. The second sample has one step of padding
  'padded-zeros': () =>
    x.map((sample, n) => {
      let h = zeros(M());
      return sample.map((xt, t) => {
        if (n === 1 && t === sample.length - 1) return dense(zeros(M()));
        h = rnnStep(xt, h);
        return dense(h);
      });
    }),

  // onnxruntime issue 4187: the backward sequence stands in the order it was computed
  'backward-unflipped': () =>
    x.map(sample => {
      const run = (steps, way) => {
        let h = zeros(M() / 2);
        return steps.map(xt => {
          h = rnnStep(xt, h, way);
          return h;
        });
      };
      const forward = run(sample, 'rnn_1/forward');
      const backward = run([...sample].reverse(), 'rnn_1/backward');
      return sample.map((_, t) => dense([...forward[t], ...backward[t]]));
    }),
};

const toFloat32 = v => (Array.isArray(v) ? v.map(toFloat32) : Math.fround(v));
console.log(JSON.stringify(toFloat32(CASES[name]())));

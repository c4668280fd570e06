import { join } from 'node:path';
import { networkInMemory } from '../../src/run/inMemory.js';
import { draw } from '../../src/run/input/drawing.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { testAnswers } from '../helpers/answerTable.js';
import { array, bytesOf } from '../helpers/files.js';

/**
 * Two networks, two arrays, or one of each: one thing differs at a time, and the answer says which. In pairAnswers.txt (UPDATE_OUT=1 npx jest
 * run/pairAnswers writes it anew, for a person to read).
 */

const moved = (t: Tensor, by: (k: number) => number): Tensor => ({ ...t, data: Float32Array.from(t.data, (v, k) => v + by(k)) });

/** A layer whose numbers differ from those of every other one. */
type Layer = Record<string, unknown>;
const GRU = { kind: 'gru', name: 'g', units: 3 };
const LSTM = { kind: 'lstm', name: 'l', units: 3 };
const HEAD = { kind: 'dense', name: 'd', units: 2 };
const spec = (layers: Layer[], more: object = {}) => JSON.stringify({ schema: 'rnn-cli/spec@2', input: { features: 2 }, layers, ...more });

const SPECS: Record<string, string> = {
  base: spec([GRU, HEAD]),
  clipped: spec([{ ...GRU, clip: 0.25 }, HEAD]),
  stateful: spec([{ ...GRU, stateful: true }, HEAD], { input: { batch: 2, features: 2 } }),
  relu: spec([{ ...GRU, activation: 'relu' }, HEAD]),
  hard: spec([{ ...GRU, recurrentActivation: 'hard_sigmoid' }, HEAD]),
  before: spec([{ ...GRU, resetAfter: false }, HEAD]),
  backwards: spec([{ ...GRU, goBackwards: true }, HEAD]),
  both: spec([{ ...GRU, bidirectional: 'concat' }, HEAD]),
  sum: spec([{ ...GRU, bidirectional: 'sum' }, HEAD]),
  mul: spec([{ ...GRU, bidirectional: 'mul' }, HEAD]),
  softmax: spec([GRU, { ...HEAD, activation: 'softmax' }]),
  nobias: spec([{ ...GRU, useBias: false }, HEAD]),
  headless: spec([GRU]),
  headbias: spec([GRU, { ...HEAD, useBias: false }]),
  steps: spec([{ ...GRU, returnSequences: true }, HEAD]),
  wider: spec([{ ...GRU, units: 4 }, HEAD]),
  lstm: spec([LSTM, HEAD]),
  peepholes: spec([{ ...LSTM, peepholes: true }, HEAD]),
  coupled: spec([{ ...LSTM, inputForget: true }, HEAD]),
  projected: spec([{ ...LSTM, units: 4, projection: 3 }, HEAD]),
  masking: spec([{ kind: 'masking', name: 'm', value: 0 }, GRU, HEAD]),
  masked9: spec([{ kind: 'masking', name: 'm', value: 9 }, GRU, HEAD]),
  dropout: spec([GRU, { kind: 'dropout', name: 'drop', rate: 0.5 }, HEAD]),
  max: spec([{ ...GRU, returnSequences: true }, { kind: 'maxpool', name: 'p' }, HEAD]),
  mean: spec([{ ...GRU, returnSequences: true }, { kind: 'avgpool', name: 'p' }, HEAD]),
  normed: spec([GRU, { kind: 'layernorm', name: 'n' }, HEAD]),
  two: spec([{ ...GRU, returnSequences: true }, { ...GRU, name: 'g2' }, HEAD]),
  fixed: spec([GRU, HEAD], { input: { timesteps: 5, features: 2 } }),
  features: spec([GRU, HEAD], { input: { features: 3 } }),
  tokens: JSON.stringify({ schema: 'rnn-cli/spec@2', layers: [{ kind: 'embedding', name: 'e', tokens: 5, units: 2 }, GRU, HEAD] }),
  tokens0: JSON.stringify({
    schema: 'rnn-cli/spec@2',
    layers: [{ kind: 'embedding', name: 'e', tokens: 5, units: 2, maskZero: true }, GRU, HEAD],
  }),
  outputs: spec([GRU, { ...HEAD, inputs: ['g'] }, { ...HEAD, name: 'q', units: 4, inputs: ['g'] }], { outputs: ['d', 'q'] }),
  outputs2: spec([GRU, { ...HEAD, inputs: ['g'] }, { ...HEAD, name: 'r', units: 4, inputs: ['g'] }], { outputs: ['d', 'r'] }),
  named: spec([GRU, HEAD], { input: { name: 'left', features: 2 } }),
  pair: JSON.stringify({
    inputs: [
      { name: 'left', timesteps: 4, features: 2 },
      { name: 'right', shape: [3] },
    ],
    layers: [
      { kind: 'gru', name: 'g', units: 3, inputs: ['left'] },
      { kind: 'op', op: 'Add', name: 's', inputs: ['g', 'right'] },
      { kind: 'dense', name: 'd', units: 2, inputs: ['s'] },
    ],
  }),
};

/** The description with weights, the same ones for the same layers. */
async function withWeights(text: string): Promise<string> {
  const own = JSON.parse(text);
  const network = await networkInMemory({ spec: own });
  const { weights } = draw(network, { init: 'torch' }, '7', null);
  const named = [...weights!].map(([name, { shape, data }]) => [name, { shape, dtype: 'float32', data: [...data] }]);
  return JSON.stringify({ ...own, weights: Object.fromEntries(named) });
}

async function files() {
  const models = await Promise.all(Object.entries(SPECS).map(async ([name, text]) => [`${name}.json`, await withWeights(text)]));
  const npy = (t: Tensor) => bytesOf('npy', { npy: t });
  const y = array(4, 2);
  const [a, b] = [array(2, 3), array(3)];
  const empty = { shape: [0, 2], data: new Float32Array(0) };
  return {
    ...Object.fromEntries(models),
    'bare.json': SPECS.base,
    'x.npy': await npy(array(3, 4, 2)),
    'x3.npy': await npy(array(3, 4, 3)),
    'x5.npy': await npy(array(3, 5, 2)),
    'tokens.npy': await npy({ shape: [2, 3], data: Float64Array.from([1, 3, 0, 2, 4, 0]) }),
    'halves.npy': await npy({ shape: [2, 3], data: Float64Array.from([1, 3.5, 0, 2, 4, 0]) }),
    'y.npy': await npy(y),
    'ynear.npy': await npy(moved(y, k => (k === 5 ? 1e-7 : 0))),
    'yone.npy': await npy(moved(y, k => (k === 5 ? 0.5 : 0))),
    'yrows.npy': await npy(moved(y, k => (k > 3 ? 0.25 : 0))),
    'y64.npy': await npy({ shape: y.shape, data: Float64Array.from(y.data, v => v * (1 + 1e-9)) }),
    'ynan.npy': await npy(moved(y, k => (k === 2 ? Number.NaN : 0))),
    'yinf.npy': await npy(moved(y, k => (k === 2 ? Infinity : 0))),
    'yzero.npy': await npy({ shape: [4, 2], data: new Float32Array(8) }),
    'empty.npy': await npy(empty),
    'y.csv': [0, 1, 2, 3].map(n => [y.data[2 * n].toFixed(3), y.data[2 * n + 1].toFixed(3)].join(',')).join('\n'),
    'w.npz': await bytesOf('npz', { a, b }),
    'wone.npz': await bytesOf('npz', { a: moved(a, k => (k === 3 ? 0.5 : 0)), b }),
    'wfew.npz': await bytesOf('npz', { a: moved(a, k => (k % 2 ? 0.5 : 0)), b: moved(b, () => 1) }),
    'wless.npz': await bytesOf('npz', { a }),
    'wmore.npz': await bytesOf('npz', { a, b, c: array(2) }),
    'wother.npz': await bytesOf('npz', { a: array(3, 2), b }),
    'wempty.npz': await bytesOf('npz', { a: empty }),
  };
}

describe('the answer to', () => testAnswers(join(__dirname, 'pairAnswers.txt'), { files }));

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
const SUM = { kind: 'op', name: 'm', op: 'ReduceSum', operands: [null, { type: 'int', value: [1] }], attributes: { keepdims: 0 } };
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
  simple: spec([{ kind: 'rnn', name: 'r', units: 3 }, HEAD]),
  wide: spec([{ kind: 'rnn', name: 'r', units: 20 }, HEAD]),
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
  first: spec([
    { ...GRU, returnSequences: true },
    { kind: 'op', name: 'f', op: 'Gather', operands: [null, 0], attributes: { axis: 1 } },
    HEAD,
  ]),
  summed: spec([{ ...GRU, returnSequences: true }, SUM, HEAD]),
  summedSoftmax: spec([{ ...GRU, returnSequences: true }, SUM, HEAD, { kind: 'op', name: 's', op: 'Softmax', attributes: { axis: 1 } }]),
  scaledX: spec([{ kind: 'op', name: 'x2', op: 'Mul', operands: [null, 0.5] }, GRU, HEAD]),
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
async function withWeights(text: string, change = (_: string, t: Tensor) => t): Promise<string> {
  const own = JSON.parse(text);
  const network = await networkInMemory({ spec: own });
  const { weights } = draw(network, { init: 'torch' }, '7', null);
  const named = [...weights!].map(([name, t]) => {
    const { shape, data } = change(name, t);
    return [name, { shape, dtype: 'float32', data: [...data] }];
  });
  return JSON.stringify({ ...own, weights: Object.fromEntries(named) });
}

/** Numbers by place: [R, W] from f(row, column). */
const placed = ({ shape }: Tensor, f: (row: number, column: number) => number): Tensor => ({
  shape,
  data: Float64Array.from({ length: shape[0] * shape[1] }, (_, k) => f(Math.floor(k / shape[1]), k % shape[1])),
});
const at =
  ({ shape, data }: Tensor) =>
  (row: number, column: number) =>
    data[row * shape[1] + column];
/** The columns of blocks of three in another order. */
const blocks =
  (...from: number[]) =>
  (t: Tensor) =>
    placed(t, (r, c) => at(t)(r, 3 * from[Math.floor(c / 3)] + (c % 3)));
const each =
  (f: (v: number, k: number) => number) =>
  ({ shape, data }: Tensor): Tensor => ({ shape, data: Float64Array.from(data, f) });
const toReshaped = ({ shape, data }: Tensor): Tensor => ({
  shape,
  data: Float64Array.from(data, (_, k) => data[(k % shape[0]) * shape[1] + Math.floor(k / shape[0])]),
});

/** What a conversion by hand does to one tensor of a network. */
const CONVERTED: Readonly<Record<string, readonly [network: string, weight: string, change: (t: Tensor) => Tensor]>> = {
  'Wh of an RNN transposed': ['simple', 'r/Wh', t => placed(t, (r, c) => at(t)(c, r))],
  'Wh transposed in each gate': ['base', 'g/Wh', t => placed(t, (r, c) => at(t)(c % 3, 3 * Math.floor(c / 3) + r))],
  'the gates r z g': ['base', 'g/Wx', blocks(1, 0, 2)],
  'the gates i g f o': ['lstm', 'l/Wh', blocks(0, 2, 1, 3)],
  'the other sign of z': ['base', 'g/Wx', t => placed(t, (r, c) => (c < 3 ? -1 : 1) * at(t)(r, c))],
  '1 added to the forget gate': ['lstm', 'l/bh', each((v, k) => (k >= 3 && k < 6 ? v + 1 : v))],
  '1 taken from the forget gate': ['lstm', 'l/bh', each((v, k) => (k >= 3 && k < 6 ? v - 1 : v))],
  'the rows of a bias exchanged': ['base', 'g/bh', t => placed(t, (r, c) => at(t)(1 - r, c))],
  'the rows of a bias added up': ['base', 'g/bh', t => placed(t, (r, c) => (r === 0 ? at(t)(0, c) + at(t)(1, c) : 0))],
  'a bias halved': ['base', 'd/bo', each(v => v / 2)],
  'a bias doubled': ['lstm', 'l/bh', each(v => 2 * v)],
  'a matrix of zeros': ['base', 'd/Wo', each(() => 0)],
  'a matrix negated': ['base', 'd/Wo', each(v => -v)],
  'Wx reshaped': ['base', 'g/Wx', toReshaped],
  'Wo reshaped': ['base', 'd/Wo', toReshaped],
  'the halves of Wo exchanged': ['both', 'd/Wo', t => placed(t, (r, c) => at(t)((r + 3) % 6, c))],
  '16 bits': ['base', 'g/Wh', each(v => Math.round(v * 2048) / 2048)],
  'half as much again': ['base', 'd/Wo', each(v => 1.5 * v)],
  'a large factor': ['base', 'd/Wo', each(v => 250000 * v)],
  'a large number added': ['base', 'd/Wo', each(v => v + 100000)],
  'a small number added': ['base', 'd/bo', each(v => v + 0.125)],
  chaos: ['wide', 'r/Wh', each(v => 8 * v)],
  'chaos moved': ['wide', 'r/Wh', each((v, k) => 8 * v + (k === 5 ? 3e-8 : 0))],
  'one number': ['base', 'd/Wo', each((v, k) => (k === 3 ? v + 1 : v))],
};
const fileOf = (title: string) => `${title.replaceAll(' ', '-')}.json`;

async function files() {
  const models = await Promise.all(Object.entries(SPECS).map(async ([name, text]) => [`${name}.json`, await withWeights(text)]));
  const converted = Object.entries(CONVERTED).map(async ([title, [network, weight, change]]) => [
    fileOf(title),
    await withWeights(SPECS[network], (name, t) => (name === weight ? change(t) : t)),
  ]);
  const npy = (t: Tensor) => bytesOf('npy', { npy: t });
  const y = array(4, 2);
  const [a, b] = [array(2, 3), array(3)];
  const empty = { shape: [0, 2], data: new Float32Array(0) };
  return {
    ...Object.fromEntries(models),
    ...Object.fromEntries(await Promise.all(converted)),
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

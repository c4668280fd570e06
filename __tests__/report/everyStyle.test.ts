import { join } from 'node:path';
import type { Tensor } from '../../src/tensor/tensor.js';
import { testAnswers } from '../helpers/answerTable.js';
import { array, bytesOf } from '../helpers/files.js';

/**
 * What every command prints in every style, and the word for each option of a layer that is not the usual one. In everyStyle.txt (UPDATE_OUT=1
 * npx jest report/everyStyle writes it anew, for a person to read).
 */

const spec = (layers: object[], more: object = {}) => JSON.stringify({ input: { timesteps: 4, features: 2 }, layers, ...more });
const seq = { returnSequences: true };

async function files() {
  const npy = (t: Tensor) => bytesOf('npy', { npy: t });
  const lstm = { 'l/Wx': array(2, 12), 'l/Wh': array(3, 12), 'l/bh': array(12), 'd/Wo': array(3, 1), 'd/bo': array(1) };
  const changed = (name: keyof typeof lstm, by: (v: number, k: number) => number) => ({
    ...lstm,
    [name]: { ...lstm[name], data: lstm[name].data.map(by) },
  });
  return {
    'few.npz': await bytesOf(
      'npz',
      changed('l/Wh', (v, k) => (k === 7 || k === 20 ? v + 0.25 : v)),
    ),
    'doubled.npz': await bytesOf(
      'npz',
      changed('l/bh', v => 2 * v),
    ),
    'wide.npz': await bytesOf('npz', { ...lstm, 'l/Wx': array(3, 12) }),
    'extra.npz': await bytesOf('npz', { ...lstm, step: array(1) }),
    'other.json': JSON.stringify({
      input: { timesteps: 4, features: 3 },
      layers: [
        { kind: 'lstm', name: 'l', units: 3 },
        { kind: 'dense', name: 'd', units: 1 },
      ],
    }),
    'x.npy': await npy(array(2, 4, 2)),
    'nan.npy': await npy({ shape: [1, 4, 2], data: Float32Array.from([1, Number.NaN, 3, Infinity, -Infinity, 0, 1e30, -1e-30]) }),
    'y.npy': await npy(array(2, 1)),
    'yt.npy': await npy(array(2, 4, 3)),
    'w.npz': await bytesOf('npz', lstm),
    'more.npz': await bytesOf('npz', { one: array(3), two: array(2, 3), three: array(1) }),
    'some.npz': await bytesOf('npz', { one: array(3), two: array(2, 2), scalar: { shape: [], data: Float32Array.of(7) } }),
    'mixed.npz': await bytesOf('npz', { a: array(3), b: { shape: [2], data: Float64Array.of(1, 2) } }),
    'mixed2.npz': await bytesOf('npz', { a: array(3), b: { shape: [2], data: Float64Array.of(1, 3) } }),
    'net.json': spec([
      { kind: 'lstm', name: 'l', units: 3 },
      { kind: 'dense', name: 'd', units: 1 },
    ]),
    'options.json': spec(
      [
        { kind: 'masking', name: 'skip', value: 9 },
        {
          kind: 'gru',
          name: 'a',
          units: 3,
          ...seq,
          activation: 'relu',
          recurrentActivation: 'hard_sigmoid',
          resetAfter: false,
          useBias: false,
        },
        { kind: 'lstm', name: 'b', units: 3, ...seq, bidirectional: 'sum', inputForget: true, clip: 0.5, peepholes: true },
        {
          kind: 'rnn',
          name: 'c',
          units: 3,
          ...seq,
          goBackwards: true,
          stateful: true,
          activation: { name: 'leaky_relu', negative_slope: 0.25 },
        },
        { kind: 'lstm', name: 'p', units: 4, projection: 2, ...seq, trainable: false },
        { kind: 'dropout', name: 'drop', rate: 0.25 },
        { kind: 'dense', name: 'e', units: 3, activation: 'softmax', useBias: false },
        { kind: 'layernorm', name: 'n' },
        { kind: 'maxpool', name: 'm' },
        { kind: 'repeat', name: 'r', times: 2 },
        { kind: 'flatten', name: 'f' },
        { kind: 'activation', name: 'act', activation: 'tanh' },
        { kind: 'dense', name: 'g', units: 2 },
      ],
      { input: { batch: 3, timesteps: 4, features: 2 } },
    ),
    'wired.json': JSON.stringify({
      inputs: [
        { name: 'left', timesteps: 4, features: 2 },
        { name: 'right', timesteps: 4, features: 2 },
      ],
      layers: [
        { kind: 'gru', name: 'a', units: 3, inputs: ['left'] },
        { kind: 'gru', name: 'b', units: 3, inputs: ['right'], shares: 'a' },
        { kind: 'concatenate', name: 'c', inputs: ['a', 'b'] },
        { kind: 'add', name: 's', inputs: ['a', 'b'] },
        { kind: 'multiply', name: 'm', inputs: ['a', 'b'] },
        { kind: 'average', name: 'v', inputs: ['a', 'b'] },
        { kind: 'op', op: 'Neg', name: 'o', inputs: ['v'] },
        { kind: 'dense', name: 'd', units: 2, inputs: ['c'] },
      ],
      outputs: ['d', 's', 'm', 'o'],
    }),
    'tokens.json': JSON.stringify({
      layers: [
        { kind: 'embedding', name: 'e', tokens: 5, units: 2, maskZero: true },
        { kind: 'conv1d', name: 'c', filters: 3, kernelSize: 2, ...{} },
        { kind: 'avgpool', name: 'p' },
        { kind: 'dense', name: 'd', units: 1 },
      ],
    }),
  };
}

const copies = { 'loop.onnx': 'onnx_models/control_loop_rounds.onnx', 'gru.onnx': 'onnx/s05_gru_clip_lbr1.onnx' };

describe('the answer to', () => testAnswers(join(__dirname, 'everyStyle.txt'), { files, copies }));

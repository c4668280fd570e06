import { join } from 'node:path';
import type { Tensor } from '../../src/tensor/tensor.js';
import { testAnswers } from '../helpers/answerTable.js';
import { array, bytesOf } from '../helpers/files.js';

/**
 * Whole answers of small networks: every form an input, a mask, first states and the other side can have, every size that is said twice, what is
 * converted and inspected. In answers.txt (UPDATE_OUT=1 npx jest run/answers writes it anew, for a person to read).
 */
async function files(): Promise<Record<string, string | Uint8Array>> {
  const npy = (t: Tensor) => bytesOf('npy', { npy: t });
  const ints = (...data: number[]): Tensor => ({ shape: [data.length], data: Float64Array.from(data) });
  const weights = { arr_0: array(2, 3), arr_1: array(3, 3), arr_2: array(3), arr_3: array(3, 1), arr_4: array(1) };
  return {
    'x.npy': await npy(array(2, 4, 2)),
    'tnd.npy': await npy(array(4, 2, 2)),
    'rows.npy': await npy(array(8, 2)),
    'twenty.npy': await npy(array(20, 2)),
    'ten.npy': await npy(array(10, 2)),
    'twentyfive.npy': await npy(array(25, 2)),
    'five.json': '{"a":null,"b":null,"c":null,"d":null,"e":null}',
    'six.json': '{"a":null,"b":null,"c":null,"d":null,"e":null,"f":null}',
    'nothing.npz': await bytesOf('npz', {}),
    'seven.npy': await npy(array(7, 2)),
    'wide.npy': await npy(array(4, 4)),
    'four.npy': await npy(array(1, 2, 4, 2)),
    'one.npy': await npy(array(6)),
    'x3.npy': await npy(array(2, 4, 3)),
    'none.npy': await npy({ shape: [0, 4, 2], data: new Float32Array(0) }),
    'nan.npy': await npy({ shape: [1, 2, 2], data: Float32Array.from([1, Number.NaN, 3, 4]) }),
    'x.csv': '0.5,-0.25\n1.125,2\n-0.75,0\n0.5,0.5\n',
    'x.json': '[[[0.5,-0.25],[1.125,2]],[[-0.75,0],[0.5,0.5]]]',
    'tokens.npy': await npy({ shape: [2, 3], data: Float64Array.from([0, 3, 1, 2, 2, 0]) }),
    'badtokens.npy': await npy({ shape: [2, 3], data: Float64Array.from([0, 3, 1, 2, 9, 0]) }),
    'mask.npy': await npy({ shape: [2, 4], data: Float32Array.from([1, 1, 0, 0, 1, 1, 1, 0]) }),
    'mask2.npy': await npy({ shape: [2, 4], data: Float32Array.from([1, 1, 2, 0, 1, 1, 1, 0]) }),
    'mask3.npy': await npy(array(2, 3)),
    'lengths.npy': await npy(ints(4, 2)),
    'half.npy': await npy(ints(4, 2.5)),
    'h0.npy': await npy(array(2, 3)),
    'h0one.npy': await npy(array(3)),
    'h0stack.npy': await npy(array(2, 2, 3)),
    'h0wide.npy': await npy(array(2, 4)),
    'y.npy': await npy(array(2, 1)),
    'y1.npy': await npy(array(2)),
    'y4.npy': await npy(array(2, 4, 1)),
    'yT.npy': await npy(array(1, 2)),
    'y9.npy': await npy(array(9, 1)),
    'w.npz': await bytesOf('npz', weights),
    'several.npz': await bytesOf('npz', { a: array(2, 4, 2), b: array(2, 4, 3), x: array(1, 4, 2) }),
    'others.npz': await bytesOf('npz', { a: array(2, 4, 2), b: array(2, 4, 3) }),
    'two.npz': await bytesOf('npz', { left: array(2, 4, 2), right: array(2, 3) }),
    'left.npz': await bytesOf('npz', { left: array(2, 4, 2) }),
    'y.txt': '0.25\n-0.5\n',
    'net.json': '{"input":{"features":2},"layers":[{"kind":"lstm","units":3},{"kind":"dense","units":1}]}',
    'fixed.json': '{"input":{"timesteps":4,"features":2},"layers":[{"kind":"rnn","units":3},{"kind":"dense","units":1}]}',
    'init.json': JSON.stringify({
      class_name: 'Sequential',
      config: {
        name: 'own',
        layers: [
          { class_name: 'InputLayer', config: { batch_shape: [null, 4, 2], name: 'x' } },
          {
            class_name: 'SimpleRNN',
            config: { name: 'r', units: 3, kernel_initializer: { class_name: 'HeNormal', config: { seed: null } } },
          },
        ],
      },
    }),
    'two.json': JSON.stringify({
      inputs: [
        { name: 'left', timesteps: 4, features: 2 },
        { name: 'right', shape: [3] },
      ],
      layers: [
        { kind: 'rnn', name: 'rnn', units: 3, inputs: ['left'] },
        { kind: 'op', op: 'Add', name: 'sum', inputs: ['rnn', 'right'] },
        { kind: 'dense', name: 'out', units: 1, inputs: ['sum'] },
      ],
      outputs: ['out', 'rnn'],
    }),
  };
}

describe('the answer to', () => testAnswers(join(__dirname, 'answers.txt'), { files }));

import { join } from 'node:path';
import type { Tensor } from '../../src/tensor/tensor.js';
import { testAnswers } from '../helpers/answerTable.js';
import { array, bytesOf } from '../helpers/files.js';

const scalar = (value: number): Tensor => ({ shape: [], data: Float64Array.of(value) });
const npy = (t: Tensor) => bytesOf('npy', { npy: t });
const npz = (tensors: Record<string, Tensor>) => bytesOf('npz', tensors);

/**
 * Graphs that decide while they run, whose inputs are theirs by name and layout, and graphs that are layers: every input that is missing, has another
 * size or another kind of number, every flag that has nothing to act on. In graphAnswers.txt (UPDATE_OUT=1 npx jest run/graphAnswers writes it anew).
 */
async function files() {
  return {
    'rounds.npz': await npz({ x: array(2, 5, 3), h0: array(2, 4), rounds: scalar(3) }),
    'half.npz': await npz({ x: array(2, 5, 3), h0: array(2, 4), rounds: scalar(2.5) }),
    'norounds.npz': await npz({ x: array(2, 5, 3), h0: array(2, 4) }),
    'more.npz': await npz({ x: array(2, 5, 3), h0: array(2, 4), rounds: scalar(3), also: array(1), and: array(2) }),
    'thin.npz': await npz({ x: array(5, 3), h0: array(2, 4), rounds: scalar(3) }),
    'xr.npz': await npz({ x: array(2, 5, 3), rounds: scalar(3) }),
    'three.npy': await npy(scalar(3)),
    'x.npy': await npy(array(2, 5, 3)),
    'h0.npy': await npy(array(2, 4)),
    'X.npz': await npz({ X: array(5, 2, 3), initial_h: array(2, 2, 4), initial_c: array(2, 2, 4) }),
    'X.npy': await npy(array(5, 2, 3)),
    'wide.npy': await npy(array(5, 2, 4)),
    'states.npy': await npy(array(2, 2, 4)),
    'named.npz': await npz({ states: array(2, 2, 4), others: array(2, 2, 4) }),
    'y.npy': await npy(array(5, 2, 2, 4)),
    'hlast.npy': await npy(array(2, 4)),
    'both.npz': await npz({ h_last: array(2, 4), all: array(3, 2, 4) }),
    'other.npz': await npz({ h_other: array(2, 4) }),
    'flat.npz': await npz({ x: array(5), h: array(1, 2, 5), c: array(1, 2, 5) }),
    'plane.npz': await npz({ x: array(4, 3), h: array(1, 2, 5), c: array(1, 2, 5) }),
    'thin.npy': await npy(array(5)),
    'first.npy': await npy(array(6, 2, 2)),
  };
}

const copies = {
  'loop.onnx': 'onnx_models/control_loop_rounds.onnx',
  'if.onnx': 'onnx_models/control_if_if_01.onnx',
  'if.npz': 'onnx_models/control_if_if_01.x.npz',
  'lstm.onnx': 'onnx_models/control_if_lstm_8000.onnx',
  'lstm.npz': 'onnx_models/control_if_lstm_8000.x.npz',
  'lstm.y.npz': 'onnx_models/control_if_lstm_8000.y.npz',
  'states.onnx': 'onnx/x03_lstm_bidir_states.onnx',
  'gru.onnx': 'onnx/s05_gru_clip_lbr1.onnx',
  'first.onnx': 'onnx_wired/time_first_states.onnx',
  'first.npz': 'onnx_wired/time_first_states.x.npz',
  'first.y.npz': 'onnx_wired/time_first_states.y.npz',
};

describe('the answer to', () => testAnswers(join(__dirname, 'graphAnswers.txt'), { files, copies }));

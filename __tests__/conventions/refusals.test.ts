import { detectConvention, getConvention } from '../../src/conventions/index.js';
import { keras } from '../../src/conventions/keras/keras.js';
import { kerasNames } from '../../src/conventions/keras/names.js';
import { kerasPaths } from '../../src/conventions/keras/paths.js';
import { native } from '../../src/conventions/rnnCliNames.js';
import { torch } from '../../src/conventions/torch/torch.js';
import { RnnError } from '../../src/errors.js';
import { checkSpec } from '../../src/model/check.js';
import type { FrameworkName } from '../../src/model/frameworks.js';
import { inferShapes } from '../../src/model/shapes.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { errorLine } from '../helpers/approved.js';

/** What is said about weights that are not as a network or a convention has them, whole: kind, place, expected, found, and what to do. */
const t = (...shape: number[]): Tensor => ({ shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(1) });
const named = (entries: Record<string, number[]>) => new Map(Object.entries(entries).map(([name, shape]) => [name, t(...shape)]));
const net = (layers: object[], framework: FrameworkName = 'keras') => {
  const model = checkSpec({ input: { timesteps: 4, features: 3 }, layers }, framework);
  const shapes = inferShapes(model);
  const weights = new Map(shapes.layers.flatMap(l => l.weights.map((w): [string, Tensor] => [`${l.layer.name}/${w.name}`, t(...w.shape)])));
  return { model, shapes, weights };
};
const hints = { task: 'many-to-one', pool: 'last', timesteps: null } as const;
const rnn = { kind: 'rnn', units: 2 };
const lstm = { kind: 'lstm', units: 2 };
const dense = { kind: 'dense', units: 5 };

function said(body: () => unknown): string {
  try {
    body();
  } catch (error) {
    if (error instanceof RnnError) return errorLine(error);
    throw error;
  }
  return 'nothing';
}

const CASES: [string, () => unknown, string][] = [
  [
    'names of nobody',
    () => detectConvention(['a', 'b\u001b', 'c', 'd', 'e']),
    '3 E_NAMES | cannot tell whose weights these are: a, b\\u001b, c, d … | expected: arr_0, arr_1 … (Keras get_weights), weight_ih_l0 … (PyTorch), params/LSTMCell_0/hi/kernel … (Flax), rnn/lstm_cell/kernel … (TensorFlow 1), Wx, Wh, bh, Wo, bo | found: a, b\\u001b, c, d | fix: in Python: model.save("net.keras"), np.savez("w.npz", *model.get_weights()), or torch.save(net.state_dict(), "net.pt")',
  ],
  [
    'four names of nobody',
    () => detectConvention(['a', 'b', 'c', 'd']),
    '3 E_NAMES | cannot tell whose weights these are: a, b, c, d | expected: arr_0, arr_1 … (Keras get_weights), weight_ih_l0 … (PyTorch), params/LSTMCell_0/hi/kernel … (Flax), rnn/lstm_cell/kernel … (TensorFlow 1), Wx, Wh, bh, Wo, bo | found: a, b, c, d | fix: save them under our names: np.savez("w.npz", Wx=…, Wh=…, bh=…, Wo=…, bo=…); Wx is [D, M], Wh [M, M], Wo [M, K], the transposes of what W @ x takes',
  ],
  [
    'no names',
    () => detectConvention([]),
    '3 E_NAMES | it holds no tensors, so it is neither a network nor its weights | expected: the weights of a network | found: no tensors | fix: in Python: model.save("net.keras"), np.savez("w.npz", *model.get_weights()), or torch.save(net.state_dict(), "net.pt")',
  ],
  [
    'an unknown convention',
    () => getConvention('pytorch'),
    "3 E_UNKNOWN_CONVENTION | unknown convention 'pytorch' | expected: flax, keras, rnn-cli, torch | found: pytorch | fix: did you mean 'torch'?",
  ],

  // arr_0, arr_1 …
  [
    'an array too few',
    () => keras.toWeights(net([rnn, dense]).shapes, named({ arr_0: [3, 2], arr_1: [2, 2], arr_2: [2], arr_3: [2, 5] })),
    '3 E_WEIGHT_MISSING | arr_4 (dense_1/bo): the network has 5 weights, but the file has 4 arrays | expected: dense_1/bo [5] | found: nothing | fix: save all of them, np.savez(file, *model.get_weights()), or describe the network without it (+nobias)',
  ],
  [
    'a matrix too few',
    () => keras.toWeights(net([rnn, dense]).shapes, named({ arr_0: [3, 2], arr_1: [2, 2], arr_2: [2] })),
    '3 E_WEIGHT_MISSING | arr_3 (dense_1/Wo): the network has 5 weights, but the file has 3 arrays | expected: dense_1/Wo [2, 5] | found: nothing | fix: save all of them, np.savez(file, *model.get_weights()), or describe the network without it',
  ],
  [
    'an array too many',
    () => keras.toWeights(net([rnn]).shapes, named({ arr_0: [3, 2], arr_1: [2, 2], arr_2: [2], arr_3: [5] })),
    '3 E_WEIGHT_EXTRA | arr_3: the network has 3 weights, but the file has 4 arrays | expected: 3 arrays | found: 4 arrays',
  ],
  [
    'an array of another shape',
    () => keras.toWeights(net([rnn]).shapes, named({ arr_0: [3, 2], arr_1: [2, 3], arr_2: [2] })),
    '3 E_WEIGHT_SHAPE | arr_1 (rnn_1/Wh): expected [2, 2] = [M, M], found [2, 3] | expected: [2, 2] | found: [2, 3] | fix: the file fits M = 3 (here 2): give the network that size, or weights of this one',
  ],
  [
    'peepholes for Keras',
    () => keras.fromWeights(net([{ ...lstm, peepholes: true }]).shapes, net([{ ...lstm, peepholes: true }]).weights),
    '3 E_KERAS_CELL | Keras has no peepholes in lstm',
  ],
  [
    'a projection for Keras',
    () => keras.fromWeights(net([{ ...lstm, projection: 1 }]).shapes, net([{ ...lstm, projection: 1 }]).weights),
    '3 E_KERAS_CELL | Keras has no projection in lstm',
  ],
  [
    'a vector first',
    () => keras.toSpec(named({ arr_0: [3] }), hints),
    '3 E_UNDETERMINED | arr_0: cannot tell what arr_0 [3] is | expected: Wx [D, G·M], Wh [M, G·M], bh, or Wo [M, K], bo, in the order of get_weights() | found: [3] | fix: describe the network with --layers, or --cell, --D, --M, --K',
  ],
  [
    'a cube for a bias',
    () => keras.toSpec(named({ arr_0: [3, 2], arr_1: [2, 2], arr_2: [2, 1, 2] }), hints),
    '3 E_UNDETERMINED | arr_2: cannot tell what arr_2 [2, 1, 2] is | expected: Wx [D, G·M], Wh [M, G·M], bh, or Wo [M, K], bo, in the order of get_weights() | found: [2, 1, 2] | fix: describe the network with --layers, or --cell, --D, --M, --K',
  ],
  [
    'dense layers alone',
    () => keras.toSpec(named({ arr_0: [3, 2], arr_1: [2] }), hints),
    '3 E_UNDETERMINED | these weights contain no recognisable recurrent layer | fix: describe the network with --layers or --cell, --D, --M, --K',
  ],

  // legacy .h5 and tfjs
  [
    'another layer by name',
    () =>
      kerasNames.toWeights(
        net([rnn]).shapes,
        named({ 'rnn_1/kernel': [3, 2], 'rnn_1/recurrent_kernel': [2, 2], 'rnn_1/bias': [2], 'more\u0007/kernel': [2, 2] }),
      ),
    "3 E_WEIGHT_EXTRA | more\\u0007: the file has weights 'more\\u0007' that the network does not have | expected: rnn_1 | found: more\\u0007",
  ],
  [
    'a weight too many by name',
    () =>
      kerasNames.toWeights(
        net([{ ...rnn, useBias: false }]).shapes,
        named({ 'rnn_1/kernel': [3, 2], 'rnn_1/recurrent_kernel': [2, 2], 'rnn_1/bias': [2] }),
      ),
    '3 E_WEIGHT_EXTRA | rnn_1/bias: rnn_1 has 2 weights, the file 3 | expected: 2 arrays | found: 3 arrays',
  ],
  [
    'a weight too few by name',
    () =>
      kerasNames.toWeights(
        net([{ ...rnn, bidirectional: 'sum' }]).shapes,
        named({ 'rnn_1/forward_rnn/kernel': [3, 2], 'rnn_1/forward_rnn/recurrent_kernel': [2, 2], 'rnn_1/forward_rnn/bias': [2] }),
      ),
    '3 E_WEIGHT_MISSING | rnn_1/backward/kernel (rnn_1/backward/Wx): the network has 6 weights, but the file has 3 arrays | expected: rnn_1/backward/Wx [3, 2] | found: nothing | fix: save all of them, np.savez(file, *model.get_weights()), or describe the network without it',
  ],
  [
    'no layer by name',
    () => kerasNames.toWeights(net([rnn, dense]).shapes, named({ 'a/kernel': [3, 2], 'a/recurrent_kernel': [2, 2], 'a/bias': [2] })),
    '3 E_WEIGHT_MISSING | dense_1/kernel (dense_1/Wo): the network has 5 weights, but the file has 3 arrays | expected: dense_1/Wo [2, 5] | found: nothing | fix: save all of them, np.savez(file, *model.get_weights()), or describe the network without it',
  ],
  [
    'weight_names of what is not there',
    () =>
      kerasNames.toWeights(
        net([rnn]).shapes,
        named({ 'model_weights/rnn/kernel:0': [3, 2] }),
        new Map([
          ['model_weights@layer_names', '["rnn"]'],
          ['model_weights/rnn@weight_names', '["kernel:0","rnn/bias:0"]'],
        ]),
      ),
    "3 E_WEIGHT_MISSING | model_weights/rnn/rnn/bias:0: weight_names lists 'model_weights/rnn/rnn/bias:0', which the file does not have | expected: model_weights/rnn/rnn/bias:0 | found: nothing",
  ],

  // .weights.h5
  [
    'another group',
    () =>
      kerasPaths.toWeights(
        net([rnn]).shapes,
        named({
          'layers/simple_rnn/cell/vars/0': [3, 2],
          'layers/simple_rnn/cell/vars/1': [2, 2],
          'layers/simple_rnn/cell/vars/2': [2],
          'layers/dense/vars/0': [2, 5],
        }),
      ),
    "3 E_WEIGHT_EXTRA | layers/dense: the file has weights 'layers/dense' that the network does not have | expected: layers/simple_rnn | found: layers/dense",
  ],
  [
    'a path of nobody',
    () => kerasPaths.toWeights(net([rnn]).shapes, named({ 'layers/simple_rnn/cell/vars/0': [3, 2], 'vars/x': [2] })),
    "3 E_WEIGHT_EXTRA | vars/x: the file has weights 'vars/x' that the network does not have | expected: layers/…/vars/0 | found: vars/x",
  ],
  [
    'a variable too few',
    () => kerasPaths.toWeights(net([rnn]).shapes, named({ 'layers/simple_rnn/cell/vars/0': [3, 2] })),
    '3 E_WEIGHT_MISSING | layers/simple_rnn/cell/vars/1 (rnn_1/Wh): the network has 3 weights, but the file has 1 arrays | expected: rnn_1/Wh [2, 2] | found: nothing | fix: save all of them, np.savez(file, *model.get_weights()), or describe the network without it',
  ],
  [
    'a backward variable too few',
    () =>
      kerasPaths.toWeights(
        net([{ ...rnn, bidirectional: 'sum' }]).shapes,
        named({
          'layers/bidirectional/forward_layer/cell/vars/0': [3, 2],
          'layers/bidirectional/forward_layer/cell/vars/1': [2, 2],
          'layers/bidirectional/forward_layer/cell/vars/2': [2],
        }),
      ),
    '3 E_WEIGHT_MISSING | layers/bidirectional/backward_layer/cell/vars/0 (rnn_1/backward/Wx): the network has 6 weights, but the file has 3 arrays | expected: rnn_1/backward/Wx [3, 2] | found: nothing | fix: save all of them, np.savez(file, *model.get_weights()), or describe the network without it',
  ],
  [
    'an embedding that is not there',
    () =>
      kerasPaths.toWeights(
        net([rnn, dense]).shapes,
        named({ 'layers/simple_rnn/cell/vars/0': [3, 2], 'layers/simple_rnn/cell/vars/1': [2, 2], 'layers/simple_rnn/cell/vars/2': [2] }),
      ),
    '3 E_WEIGHT_MISSING | layers/dense/vars/0 (dense_1/Wo): the network has 5 weights, but the file has 3 arrays | expected: dense_1/Wo [2, 5] | found: nothing | fix: save all of them, np.savez(file, *model.get_weights()), or describe the network without it',
  ],
  [
    'a dense of every step that is not there',
    () =>
      kerasPaths.toWeights(
        net([
          { ...rnn, returnSequences: true },
          { ...dense, timeDistributed: true },
        ]).shapes,
        named({ 'layers/simple_rnn/cell/vars/0': [3, 2], 'layers/simple_rnn/cell/vars/1': [2, 2], 'layers/simple_rnn/cell/vars/2': [2] }),
      ),
    '3 E_WEIGHT_MISSING | layers/time_distributed/layer/vars/0 (dense_1/Wo): the network has 5 weights, but the file has 3 arrays | expected: dense_1/Wo [2, 5] | found: nothing | fix: save all of them, np.savez(file, *model.get_weights()), or describe the network without it',
  ],
  [
    'a convolution',
    () => kerasPaths.toSpec(named({ 'layers/conv1d_2/vars/0': [3, 2, 5] }), hints),
    '3 E_KERAS_CLASS | layers/conv1d_2: the weights of a layer conv1d are not supported | expected: simple_rnn, lstm, gru, bidirectional, dense, time_distributed, embedding | found: conv1d',
  ],
  [
    'widths that do not follow',
    () =>
      kerasPaths.toSpec(
        named({ 'layers/lstm/cell/vars/0': [3, 8], 'layers/lstm/cell/vars/1': [2, 8], 'layers/dense/vars/0': [5, 1] }),
        hints,
      ),
    '3 E_UNDETERMINED | the widths of the layers do not determine their order | expected: each layer as wide as the input of the next | fix: describe the network with --layers, or --cell, --D, --M, --K',
  ],

  // our own
  [
    'a name that is none of ours',
    () => native.toSpec(named({ 'rnn_1/Wx': [3, 2], 'rnn_1/W\u0007': [2, 2] }), hints),
    "3 E_UNDETERMINED | 'rnn_1/W\\u0007' is not one of rnn-cli's names | expected: layer/Wx, layer/Wh, layer/bh, layer/Wo, layer/bo",
  ],
  [
    'Wx alone',
    () => native.toSpec(named({ 'rnn_1/Wx': [3, 2] }), hints),
    '3 E_UNDETERMINED | rnn_1: a recurrent layer has only input weights | expected: Wx and Wh',
  ],
  [
    'Wh alone',
    () => native.toSpec(named({ 'rnn_1/Wh': [2, 2] }), hints),
    '3 E_UNDETERMINED | rnn_1: a recurrent layer has only recurrent weights | expected: Wx and Wh',
  ],
  [
    'five gates',
    () => native.toSpec(named({ 'rnn_1/Wx': [3, 10], 'rnn_1/Wh': [2, 10] }), hints),
    '3 E_UNDETERMINED | recurrent weights of shape [2, 10] fit no known cell | expected: [M, 3M] (gru), [M, 4M] (lstm), [M, 2M] (mgu), [M, M] (rnn) | found: [2, 10]',
  ],

  // PyTorch
  [
    'a tensor that is missing',
    () => torch.toWeights(net([rnn], 'torch').shapes, named({ 'rnn.weight_ih_l0': [2, 3], 'rnn.bias_ih_l0': [2], 'rnn.bias_hh_l0': [2] })),
    '3 E_WEIGHT_MISSING | Wh: rnn.l0: weight_hh_l… for Wh [2, 2] is missing | expected: weight_hh_l… for Wh [2, 2] | found: rnn.weight_ih_l0, rnn.bias_ih_l0, rnn.bias_hh_l0',
  ],
  [
    'a reverse tensor that is missing',
    () =>
      torch.toWeights(
        net([{ ...rnn, bidirectional: 'sum', useBias: false }], 'torch').shapes,
        named({ 'rnn.weight_ih_l0': [2, 3], 'rnn.weight_hh_l0': [2, 2], 'rnn.weight_ih_l0_reverse': [2, 3] }),
      ),
    '3 E_WEIGHT_MISSING | backward/Wh: rnn.l0: weight_hh_l…_reverse for backward/Wh [2, 2] is missing | expected: weight_hh_l…_reverse for backward/Wh [2, 2] | found: rnn.weight_ih_l0, rnn.weight_hh_l0, rnn.weight_ih_l0_reverse',
  ],
  [
    'a module that is missing',
    () =>
      torch.toWeights(
        net([rnn, dense], 'torch').shapes,
        named({ 'rnn.weight_ih_l0': [2, 3], 'rnn.weight_hh_l0': [2, 2], 'rnn.bias_ih_l0': [2], 'rnn.bias_hh_l0': [2] }),
      ),
    '3 E_WEIGHT_MISSING | dense_1: Wo [2, 5], bo [5] is missing | expected: Wo [2, 5], bo [5] | found: no further module in the file',
  ],
  [
    'a bias that is missing',
    () =>
      torch.toWeights(
        net([{ ...rnn, useBias: false }, dense], 'torch').shapes,
        named({ 'rnn.weight_ih_l0': [2, 3], 'rnn.weight_hh_l0': [2, 2], 'fc.weight': [5, 2] }),
      ),
    '3 E_WEIGHT_MISSING | fc: bias for bo [5] is missing | expected: bias for bo [5] | found: fc.weight',
  ],
  [
    'a weight that is missing',
    () =>
      torch.toWeights(
        net([{ ...rnn, useBias: false }, dense], 'torch').shapes,
        named({ 'rnn.weight_ih_l0': [2, 3], 'rnn.weight_hh_l0': [2, 2], 'fc\u0007.bias': [5] }),
      ),
    '3 E_WEIGHT_MISSING | fc\\u0007: weight for Wo [2, 5] is missing | expected: weight for Wo [2, 5] | found: fc\\u0007.bias',
  ],
  [
    'a module too many',
    () =>
      torch.toWeights(
        net([{ ...rnn, useBias: false }], 'torch').shapes,
        named({ 'rnn.weight_ih_l0': [2, 3], 'rnn.weight_hh_l0': [2, 2], 'fc\u0007.weight': [5, 2] }),
      ),
    '3 E_WEIGHT_EXTRA | fc\\u0007: the file has a module \'fc\\u0007\' that the network does not have | expected: 1 layers with weights | found: 2 | fix: describe the whole network, or name the modules to use (rnn, fc\\u0007): +name=MODULE on every layer of --layers (on the first of an nn.LSTM that has several), "tensors" in a spec',
  ],
  [
    'weights that are turned',
    () =>
      torch.toWeights(net([{ ...rnn, useBias: false }], 'torch').shapes, named({ 'rnn.weight_ih_l0': [3, 2], 'rnn.weight_hh_l0': [2, 2] })),
    '3 E_WEIGHT_SHAPE | Wx: rnn.weight_ih_l0: expected [2, 3] = [M, D], found [3, 2] | expected: [2, 3] | found: [3, 2] | fix: it is transposed: PyTorch keeps [outputs, inputs]; try --framework torch',
  ],
  [
    'a bias of another length',
    () =>
      torch.toWeights(
        net([rnn], 'torch').shapes,
        named({ 'rnn.weight_ih_l0': [2, 3], 'rnn.weight_hh_l0': [2, 2], 'rnn.bias_ih_l0': [2], 'rnn.bias_hh_l0': [3] }),
      ),
    '3 E_WEIGHT_SHAPE | bh: rnn.bias_hh_l0: expected [2] = [M], found [3] | expected: [2] | found: [3] | fix: the file fits M = 3 (here 2): give the network that size, or weights of this one',
  ],
  [
    'an input bias of another length',
    () =>
      torch.toWeights(
        net([rnn], 'torch').shapes,
        named({ 'rnn.weight_ih_l0': [2, 3], 'rnn.weight_hh_l0': [2, 2], 'rnn.bias_ih_l0': [1, 2], 'rnn.bias_hh_l0': [2] }),
      ),
    '3 E_WEIGHT_SHAPE | bh: rnn.bias_ih_l0: expected [2] = [M], found [1, 2] | expected: [2] | found: [1, 2] | fix: the file may hold another network, which rnn-cli inspect shows; weights alone need no --cell and no sizes',
  ],
  [
    'a projection of another width',
    () =>
      torch.toWeights(
        net([{ ...lstm, projection: 1, useBias: false }], 'torch').shapes,
        named({ 'rnn.weight_ih_l0': [8, 3], 'rnn.weight_hh_l0': [8, 1], 'rnn.weight_hr_l0': [2, 2] }),
      ),
    '3 E_WEIGHT_SHAPE | Wp: rnn.weight_hr_l0: expected [1, 2] = [P, M], found [2, 2] | expected: [1, 2] | found: [2, 2] | fix: the file fits P = 2 (here 1): give the network that size, or weights of this one',
  ],
  [
    'a bias of Linear of another length',
    () =>
      torch.toWeights(
        net([{ ...rnn, useBias: false }, dense], 'torch').shapes,
        named({ 'rnn.weight_ih_l0': [2, 3], 'rnn.weight_hh_l0': [2, 2], 'fc.weight': [5, 2], 'fc.bias': [4] }),
      ),
    '3 E_WEIGHT_SHAPE | fc.bias: expected [5] = [K], found [4] | expected: [5] | found: [4] | fix: the file fits K = 4 (here 5): give the network that size, or weights of this one',
  ],
  [
    'a Linear of another shape',
    () =>
      torch.toWeights(
        net([{ ...rnn, useBias: false }, dense], 'torch').shapes,
        named({ 'rnn.weight_ih_l0': [2, 3], 'rnn.weight_hh_l0': [2, 2], 'fc.weight': [2, 5], 'fc.bias': [5] }),
      ),
    '3 E_WEIGHT_SHAPE | fc.weight: expected [5, 2] = [K, M], found [2, 5] | expected: [5, 2] | found: [2, 5] | fix: it is transposed: PyTorch keeps [outputs, inputs]; try --framework torch',
  ],
  [
    'two biases of a GRU that has one',
    () =>
      torch.toWeights(
        net([{ kind: 'gru', units: 2, resetAfter: false }]).shapes,
        named({ 'rnn.weight_ih_l0': [6, 3], 'rnn.weight_hh_l0': [6, 2], 'rnn.bias_ih_l0': [6], 'rnn.bias_hh_l0': [6] }),
      ),
    '3 E_GRU_BIAS | bh: a GRU with the reset before the product has one bias; PyTorch keeps the recurrent one inside r⊙(…) | fix: drop +resetbefore: PyTorch computes the reset after the product',
  ],
  [
    'peepholes from PyTorch',
    () =>
      torch.toWeights(
        net([{ ...lstm, peepholes: true, useBias: false }]).shapes,
        named({ 'rnn.weight_ih_l0': [8, 3], 'rnn.weight_hh_l0': [8, 2] }),
      ),
    '3 E_TORCH_ROLE | p: PyTorch has no peepholes in lstm',
  ],
  [
    'peepholes for PyTorch',
    () => torch.fromWeights(net([{ ...lstm, peepholes: true }]).shapes, net([{ ...lstm, peepholes: true }]).weights),
    '3 E_TORCH_CELL | PyTorch has no lstm with peepholes',
  ],
  [
    'a projection as wide as the units for PyTorch',
    () => torch.fromWeights(net([{ ...lstm, projection: 2 }]).shapes, net([{ ...lstm, projection: 2 }]).weights),
    '3 E_TORCH_CELL | lstm_1: PyTorch has no LSTM of M = 2 with a projection to P = 2 | expected: proj_size smaller than hidden_size = 2 | found: projection 2 | fix: use fewer projected units; --to npz keeps these weights under our own names',
  ],
  [
    'a running mean',
    () =>
      torch.toSpec(
        named({ 'rnn.weight_ih_l0': [2, 3], 'rnn.weight_hh_l0': [2, 2], 'bn.weight': [5, 2], 'bn.running_mean\u0007': [5] }),
        hints,
      ),
    '3 E_UNDETERMINED | \'bn.running_mean\\u0007\' is not a weight of a recurrent module, a Linear, an Embedding, a Conv1d or a normalisation | expected: weight_ih_l0 [G·M, D] …, or weight [K, in] and bias | found: bn.running_mean\\u0007 [5] | fix: run rnn alone: --layers "rnn:2+nobias+name=rnn"; or save the state dict without it, with only the modules to be run; or give a file that says how it is used, in Python: torch.export.save(torch.export.export(model, (x,)), "model.pt2")',
  ],
  [
    'a bias alone',
    () => torch.toSpec(named({ 'rnn.weight_ih_l0': [2, 3], 'rnn.weight_hh_l0': [2, 2], 'fc.bias': [5] }), hints),
    '3 E_UNDETERMINED | fc: \'fc.bias\' has no weight that belongs to it | expected: weight_ih_l0 [G·M, D] …, or weight [K, in] and bias | found: fc.bias [5] | fix: run rnn alone: --layers "rnn:2+nobias+name=rnn"; or save the whole state dict, which lists shared weights once per module; or give a file that says how it is used, in Python: torch.export.save(torch.export.export(model, (x,)), "model.pt2")',
  ],
  [
    'a bias of a projection',
    () => torch.toSpec(named({ 'rnn.weight_ih_l0': [2, 3], 'rnn.weight_hh_l0': [2, 2], 'rnn.bias_hr_l0': [5] }), hints),
    '3 E_UNDETERMINED | rnn.l0: \'rnn.bias_hr_l0\' is not a weight of a recurrent module, a Linear, an Embedding, a Conv1d or a normalisation | expected: weight_ih_l0 [G·M, D] …, or weight [K, in] and bias | found: rnn.bias_hr_l0 [5] | fix: run rnn alone: --layers "rnn:2+nobias+name=rnn"; or save the state dict without it, with only the modules to be run; or give a file that says how it is used, in Python: torch.export.save(torch.export.export(model, (x,)), "model.pt2")',
  ],
  [
    'a parameter without a module',
    () => torch.toSpec(named({ 'rnn.weight_ih_l0': [2, 3], 'rnn.weight_hh_l0': [2, 2], scale: [5] }), hints),
    '3 E_UNDETERMINED | \'scale\' is not a weight of a recurrent module, a Linear, an Embedding, a Conv1d or a normalisation | expected: weight_ih_l0 [G·M, D] …, or weight [K, in] and bias | found: scale [5] | fix: run rnn alone: --layers "rnn:2+nobias+name=rnn"; or save the state dict without it, with only the modules to be run; or give a file that says how it is used, in Python: torch.export.save(torch.export.export(model, (x,)), "model.pt2")',
  ],

  [
    'surplus biases',
    () =>
      torch.toWeights(
        net([{ ...rnn, useBias: false }, dense], 'torch').shapes,
        named({
          'rnn.weight_ih_l0': [2, 3],
          'rnn.weight_hh_l0': [2, 2],
          'rnn.bias_ih_l0': [2],
          'rnn.bias_hh_l0': [2],
          'fc.weight': [5, 2],
          'fc.bias': [5],
        }),
      ),
    "3 E_WEIGHT_EXTRA | rnn.bias_ih_l0: the file has weights 'rnn.bias_ih_l0' that the network does not have | expected: weight_ih, weight_hh | found: rnn.bias_ih_l0",
  ],
  [
    'a surplus direction',
    () =>
      torch.toWeights(
        net([{ ...rnn, useBias: false }], 'torch').shapes,
        named({
          'rnn.weight_ih_l0': [2, 3],
          'rnn.weight_hh_l0': [2, 2],
          'rnn.weight_ih_l0_reverse': [2, 3],
          'rnn.weight_hh_l0_reverse': [2, 2],
        }),
      ),
    "3 E_WEIGHT_EXTRA | rnn.weight_ih_l0_reverse: the file has weights 'rnn.weight_ih_l0_reverse' that the network does not have | expected: weight_ih, weight_hh | found: rnn.weight_ih_l0_reverse",
  ],
  [
    'a surplus bias of a Linear',
    () =>
      torch.toWeights(
        net(
          [
            { ...rnn, useBias: false },
            { ...dense, useBias: false },
          ],
          'torch',
        ).shapes,
        named({ 'rnn.weight_ih_l0': [2, 3], 'rnn.weight_hh_l0': [2, 2], 'fc.weight': [5, 2], 'fc.bias': [5] }),
      ),
    "3 E_WEIGHT_EXTRA | fc.bias: the file has weights 'fc.bias' that the network does not have | expected: weight | found: fc.bias",
  ],
  // ONNX
];

it.each(CASES)('%s', (_, body, line) => {
  expect(said(body)).toBe(line);
});

it('a recurrent bias of a GRU that has one bias may be left out where all of it is 0, and nowhere else', () => {
  const { shapes } = net([{ kind: 'gru', units: 2, resetAfter: false }]);
  const dict = named({ 'rnn.weight_ih_l0': [6, 3], 'rnn.weight_hh_l0': [6, 2], 'rnn.bias_ih_l0': [6] });
  const withRecurrent = (...data: number[]) => new Map([...dict, ['rnn.bias_hh_l0', { shape: [6], data: Float64Array.from(data) }]]);
  expect(torch.toWeights(shapes, withRecurrent(0, 0, 0, 0, 0, 0)).get('gru_1/bh')!.shape).toEqual([6]);
  expect(said(() => torch.toWeights(shapes, withRecurrent(0, 0, 0, 0, 0.5, 0)))).toContain('E_GRU_BIAS');
});

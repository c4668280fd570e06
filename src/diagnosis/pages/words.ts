import type { TermPage } from './page.js';

/** What people look up: options of layers and calls, by their names in the frameworks. */
export const words: readonly TermPage[] = [
  {
    name: 'TimeDistributed',
    title: 'TimeDistributed: one layer on every step',
    text: [
      'Applies the same layer, with the same weights, to each step: [N, T, M] -> [N, T, K]. A Dense layer on a sequence does that by itself, so TimeDistributed(Dense(K)) and Dense(K) are equal.',
    ],
    examples: [{ words: 'a dense layer on every step', layers: 'rnn:5+seq,dense:2', N: 2, T: 10, D: 3 }],
    related: ['return_sequences', 'many-to-many', 'head-every-step'],
  },
  {
    name: 'dropout',
    aliases: ['Dropout', 'training'],
    title: 'dropout: units left out in training',
    text: [
      'In training each unit is 0 with probability p and the others are multiplied by 1 / (1 − p). In prediction it does nothing: model.predict, training=False, model.eval().',
      'nn.LSTM(dropout=p) acts between the layers of a stack only, so it does nothing with num_layers=1; Keras’ dropout= acts on the input of the layer.',
    ],
    related: ['recurrent_dropout', 'dropout-on', 'hidden-scaled'],
  },
  {
    name: 'recurrent_dropout',
    title: 'recurrent_dropout: dropout on h between the steps',
    text: [
      'Keras only: the h that goes into h·Wh is dropped in training, with one mask for all steps. It does nothing in prediction. PyTorch’s layers have no counterpart, and a Keras layer that uses it does not run on cuDNN.',
    ],
    related: ['dropout', 'cudnn'],
  },
  {
    name: 'go_backwards',
    aliases: ['direction', 'reverse'],
    title: 'go_backwards: from the last step to the first',
    text: [
      'The steps are run from T−1 to 0. Keras returns the sequence in the order it was computed, so its first row belongs to the last step; ONNX (direction=reverse) returns it in the order of time.',
    ],
    related: ['time-reversed', 'output-reversed', 'bidirectional'],
  },
  {
    name: 'initial_state',
    aliases: ['h0', 'h_0', 'c0', 'initial_h'],
    title: 'initial_state: the h before the first step',
    text: [
      'Zeros unless it is given: initial_state= in Keras, the second argument in PyTorch (rnn(x, h0), lstm(x, (h0, c0))), initial_h and initial_c in ONNX. Here: --h0 and --c0. PyTorch’s shape is [layers · directions, N, M].',
    ],
    related: ['stateful', 'h_n', 'state-random', 'state-ones', 'state-carry'],
  },
  {
    name: 'pack_padded_sequence',
    aliases: ['PackedSequence', 'pad_packed_sequence', 'enforce_sorted', 'lengths'],
    title: 'pack_padded_sequence: PyTorch’s way to leave padding out',
    text: [
      'Each sequence is run to its own length: h_n is the state after its last real step, and the backward direction starts there, not in the padding. pad_packed_sequence writes zeros behind each sequence.',
      'With enforce_sorted=True (the default) the samples must be sorted from long to short; enforce_sorted=False sorts and restores them by itself.',
    ],
    related: ['mask', 'lengths-permuted', 'mask-one-way', 'mask-ignored'],
  },
  {
    name: 'mask_zero',
    aliases: ['Masking', 'padding_idx'],
    title: 'mask_zero: token 0 is padding',
    text: [
      'Embedding(mask_zero=True) tells the layers behind it to leave out the steps whose token is 0; Masking does it for steps that are zero in every feature. PyTorch’s padding_idx is something else: it makes that row of the table zero and masks nothing.',
    ],
    related: ['mask', 'mask-ignored', 'padding-row-zero', 'embedding'],
  },
  {
    name: 'input_shape',
    aliases: ['input_dim', 'batch_input_shape', 'Input'],
    title: 'input_shape: (T, D), without the samples',
    text: [
      'Keras’ Input(shape=(T, D)) and input_shape=(T, D) leave N out; None for T means any number of steps. The array itself has three axes, [N, T, D]: “expected ndim=3” means that one is missing.',
    ],
    examples: [{ words: 'Input(shape=(10, 3))', layers: 'rnn:5', N: 4, T: 10, D: 3 }],
    related: ['N', 'T', 'D'],
  },
  {
    name: 'unroll',
    title: 'unroll: the loop written out',
    text: [
      'Keras’ unroll=True writes the loop over time into the graph: faster for short sequences, more memory, the same numbers. T must be known.',
    ],
    related: ['T'],
  },
  {
    name: 'cudnn',
    aliases: ['CuDNN', 'CuDNNLSTM', 'CuDNNGRU', 'use_cudnn'],
    title: 'cuDNN: the layers of graphics cards',
    text: [
      'cuDNN computes the same equations with two biases in each layer, the GRU with its reset gate after the product. Keras uses it only with tanh, sigmoid, no recurrent_dropout and no unroll. Weights of CuDNNLSTM and CuDNNGRU hold both biases.',
    ],
    related: ['biases', 'reset_after', 'bias-twice'],
  },
  {
    name: 'num_layers',
    aliases: ['stack', 'layers'],
    title: 'num_layers: recurrent layers on top of each other',
    text: [
      'Each layer reads the whole sequence of the one below. In PyTorch one module holds all of them (weight_ih_l0, weight_ih_l1 …), and h_n has a row for each layer and direction: h_n[-1] is the last layer’s, h_n[0] the first one’s.',
    ],
    examples: [{ words: 'two layers', layers: 'rnn:5,rnn:5', N: 2, T: 10, D: 3 }],
    related: ['h_n', 'lower-layer', 'weights-exchanged'],
  },
  {
    name: 'proj_size',
    aliases: ['projection', 'num_proj'],
    title: 'proj_size: an LSTM with a projected h',
    text: [
      'h = (o⊙tanh(c))·Wp, so that h has proj_size numbers and c has M. Wh has proj_size rows, the next layer reads proj_size features.',
    ],
    related: ['lstm'],
  },
  {
    name: 'unit_forget_bias',
    aliases: ['forget_bias'],
    title: 'unit_forget_bias: the forget gate starts open',
    text: [
      'Keras starts the bias of the forget gate at 1; the saved weights hold that 1. TensorFlow 1 (forget_bias=1.0) adds it in the code at every step instead, and its saved bias does not hold it.',
    ],
    related: ['forget-bias-plus-1', 'biases', 'lstm'],
  },
  {
    name: 'embedding',
    aliases: ['Embedding', 'nn.Embedding'],
    title: 'embedding: a row of a table for each token',
    text: [
      'Token numbers [N, T] become vectors [N, T, D]: row v of a table [V, D] for token v. It is a look-up, no product, so it has V·D parameters and no multiply-adds.',
    ],
    examples: [{ words: 'V = 20, D = 4', layers: 'embedding:20x4,rnn:5', N: 2, T: 10 }],
    related: ['mask_zero', 'tokens-off-by-one', 'padding-row-zero'],
  },
  {
    name: 'softmax',
    title: 'softmax: scores to probabilities',
    text: [
      'exp(z) divided by its sum over the K outputs of a row: all are positive and a row adds up to 1. PyTorch’s CrossEntropyLoss contains it, so a model trained with that ends in scores (logits).',
    ],
    related: ['softmax-missing', 'softmax-twice', 'softmax-axis', 'log-softmax'],
  },
  {
    name: 'MACs',
    aliases: ['FLOPs', 'flops', 'multiply-adds', 'GMACs'],
    title: 'MACs: multiply-adds, of one sample',
    text: [
      'A product [D]·[D, M] has D·M multiply-adds. A recurrent layer has G·M·(D + M) at each step, G gates, T steps: LSTM(5) on 3 features and 10 steps has 1,600. FLOPs are about twice that. Several counters ignore the recurrent product or add biases: see docs/counting.md.',
    ],
    examples: [{ words: '10 · 4·5·(3 + 5) = 1,600', layers: 'lstm:5', N: 1, T: 10, D: 3 }],
    related: ['T', 'M'],
  },
  {
    name: 'vanishing gradient',
    aliases: ['vanishing', 'exploding gradient', 'BPTT'],
    title: 'vanishing gradient: early steps are hardly learned',
    text: [
      'Training multiplies one factor per step, tanh′·Wh, from the last step back to the first. Factors below 1 make the product vanish, so a SimpleRNN learns little from early steps; factors above 1 make it explode.',
      'An LSTM adds to c instead (c_t = f⊙c_{t−1} + i⊙g): with f near 1 the factor stays near 1. A GRU does the same with z. rnn-cli does not train; the factor is seen in how little a change of x_1 moves the last h.',
    ],
    related: ['lstm', 'gru', 'unit_forget_bias'],
  },
  {
    name: 'tolerance',
    aliases: ['tol', 'atol', 'rtol', 'allowed'],
    title: 'tolerance: which differences count',
    text: [
      'Two values are equal when |a − e| ≤ atol + rtol·|e|. With --tol auto, the default, atol is 16 times the difference between float32 and float64 in this very network, for each value, and at least 4 units in the last place.',
      'A fixed 1e-5 is too coarse for small outputs, where it hides real mistakes, and too strict for large ones. Where rounding alone could move y by as much as it differs, compare says UNDECIDED instead of guessing.',
    ],
    related: ['float16', 'bfloat16'],
  },
  {
    name: 'teacher forcing',
    aliases: ['teacher-forcing', 'feedback', 'autoregressive'],
    title: 'teacher forcing: the right input at every step',
    text: [
      'In training a decoder is given the right output of the step before; when it generates it is given its own. The same weights give different numbers from the second step on.',
    ],
    related: ['output-fed-back', 'many-to-many'],
  },
];

import { pagesOf } from './page.js';

/** What people look up: options of layers and calls, by their names in the frameworks. */
export const words = pagesOf(`
TimeDistributed | one layer on every step | return_sequences, many-to-many, head-every-step
Applies the same layer, with the same weights, to each step: [N, T, M] -> [N, T, K]. A Dense layer on a sequence does that by itself, so TimeDistributed(Dense(K)) and Dense(K) are equal.
> a dense layer on every step | rnn:5+seq,dense:2 | 2 10 3

dropout, Dropout, training | units left out in training | recurrent_dropout, dropout-on, hidden-scaled
In training each unit is 0 with probability p and the others are multiplied by 1 / (1 − p). In prediction it does nothing: model.predict, training=False, model.eval().
nn.LSTM(dropout=p) acts between the layers of a stack only, so it does nothing with num_layers=1; Keras’ dropout= acts on the input of the layer.

recurrent_dropout | dropout on h between the steps | dropout, cudnn
Keras only: the h that goes into h·Wh is dropped in training, with one mask for all steps. It does nothing in prediction. PyTorch’s layers have no counterpart, and a Keras layer that uses it does not run on cuDNN.

go_backwards, direction, reverse | from the last step to the first | time-reversed, output-reversed, bidirectional
The steps are run from T−1 to 0. Keras returns the sequence in the order it was computed, so its first row belongs to the last step; ONNX (direction=reverse) returns it in the order of time.

initial_state, h0, h_0, c0, initial_h | the h before the first step | stateful, h_n, state-random, state-ones, state-carry
Zeros unless it is given: initial_state= in Keras, the second argument in PyTorch (rnn(x, h0), lstm(x, (h0, c0))), initial_h and initial_c in ONNX. Here: --h0 and --c0. PyTorch’s shape is [layers · directions, N, M].

pack_padded_sequence, PackedSequence, pad_packed_sequence, enforce_sorted, lengths | PyTorch’s way to leave padding out | mask, lengths-permuted, mask-one-way, mask-ignored
Each sequence is run to its own length: h_n is the state after its last real step, and the backward direction starts there, not in the padding. pad_packed_sequence writes zeros behind each sequence.
With enforce_sorted=True (the default) the samples must be sorted from long to short; enforce_sorted=False sorts and restores them by itself.

mask_zero, Masking, padding_idx | token 0 is padding | mask, mask-ignored, padding-row-zero, embedding
Embedding(mask_zero=True) tells the layers behind it to leave out the steps whose token is 0; Masking does it for steps that are zero in every feature. PyTorch’s padding_idx is something else: it makes that row of the table zero and masks nothing.

input_shape, input_dim, batch_input_shape, Input | (T, D), without the samples | N, T, D
Keras’ Input(shape=(T, D)) and input_shape=(T, D) leave N out; None for T means any number of steps. The array itself has three axes, [N, T, D]: “expected ndim=3” means that one is missing.
> Input(shape=(10, 3)) | rnn:5 | 4 10 3

unroll | the loop written out | T
Keras’ unroll=True writes the loop over time into the graph: faster for short sequences, more memory, the same numbers. T must be known.

cudnn, CuDNN, CuDNNLSTM, CuDNNGRU, use_cudnn | the layers of graphics cards | biases, reset_after, bias-twice
cuDNN computes the same equations with two biases in each layer, the GRU with its reset gate after the product. Keras uses it only with tanh, sigmoid, no recurrent_dropout and no unroll. Weights of CuDNNLSTM and CuDNNGRU hold both biases.

num_layers, stack, layers | recurrent layers on top of each other | h_n, lower-layer, weights-exchanged
Each layer reads the whole sequence of the one below. In PyTorch one module holds all of them (weight_ih_l0, weight_ih_l1 …), and h_n has a row for each layer and direction: h_n[-1] is the last layer’s, h_n[0] the first one’s.
> two layers | rnn:5,rnn:5 | 2 10 3

proj_size, projection, num_proj | an LSTM with a projected h | lstm
h = (o⊙tanh(c))·Wp, so that h has proj_size numbers and c has M. Wh has proj_size rows, the next layer reads proj_size features.

unit_forget_bias, forget_bias | the forget gate starts open | forget-bias-plus-1, biases, lstm
Keras starts the bias of the forget gate at 1; the saved weights hold that 1. TensorFlow 1 (forget_bias=1.0) adds it in the code at every step instead, and its saved bias does not hold it.

embedding, Embedding, nn.Embedding | a row of a table for each token | mask_zero, tokens-off-by-one, padding-row-zero
Token numbers [N, T] become vectors [N, T, D]: row v of a table [V, D] for token v. It is a look-up, no product, so it has V·D parameters and no multiply-adds.
> V = 20, D = 4 | embedding:20x4,rnn:5 | 2 10 _

softmax | scores to probabilities | softmax-missing, softmax-twice, softmax-axis, log-softmax
exp(z) divided by its sum over the K outputs of a row: all are positive and a row adds up to 1. PyTorch’s CrossEntropyLoss contains it, so a model trained with that ends in scores (logits).

MACs, FLOPs, flops, multiply-adds, GMACs | multiply-adds, of one sample | T, M
A product [D]·[D, M] has D·M multiply-adds. A recurrent layer has G·M·(D + M) at each step, G gates, T steps: LSTM(5) on 3 features and 10 steps has 1,600. FLOPs are about twice that. Several counters ignore the recurrent product or add biases: see docs/counting.md.
> 10 · 4·5·(3 + 5) = 1,600 | lstm:5 | 1 10 3

vanishing gradient, vanishing, exploding gradient, BPTT | early steps are hardly learned | lstm, gru, unit_forget_bias
Training multiplies one factor per step, tanh′·Wh, from the last step back to the first. Factors below 1 make the product vanish, so a SimpleRNN learns little from early steps; factors above 1 make it explode.
An LSTM adds to c instead (c_t = f⊙c_{t−1} + i⊙g): with f near 1 the factor stays near 1. A GRU does the same with z. rnn-cli does not train; the factor is seen in how little a change of x_1 moves the last h.

tolerance, tol, atol, rtol, allowed | which differences count | float16, bfloat16
Two values are equal when |a − e| ≤ atol + rtol·|e|. With --tol auto, the default, each value has an atol of its own: 16 times what other roundings of the same float32 code move it by, and at least 4 units in the last place of what is summed.
A fixed 1e-5 is too coarse for small outputs, where it hides real mistakes, and too strict for large ones. Where rounding alone could move y by as much as it differs, compare says UNDECIDED instead of guessing.

teacher forcing, teacher-forcing, feedback, autoregressive | the right input at every step | output-fed-back, many-to-many
In training a decoder is given the right output of the step before; when it generates it is given its own. The same weights give different numbers from the second step on.
`);

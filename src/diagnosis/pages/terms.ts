import { pagesOf } from './page.js';

/** Pages on the tutorial's letters, on sequences and states kept between calls, on the inside of a step, and on terms of the frameworks. */
export const TERMS = pagesOf(`
N, batch, samples, batch_size | the number of samples | T, D, state-carry, axes-swapped
How many sequences are run at once. No weight depends on it, and samples must not influence each other: each starts with h = 0.
With one sample, a state that is not reset between samples goes unnoticed.
> N = 4 sequences | rnn:5,dense:2 | 4 10 3

T, timesteps, seq_len, sequence_length | the number of time steps | M, return_sequences, stops-early, starts-late
How long a sequence is. The same weights are used at every step, so no weight shape contains T, and a network runs on any length.
T and M are easily confused: T counts steps, M the units of h. A sequence of hidden states is T×M.
> T = 10 | rnn:5,dense:2 | 1 10 3
> T = 100: the same weights | rnn:5,dense:2 | 1 100 3

D, features, input_size, input_dim | the number of input features | N, T, M, wx-transposed
How many numbers describe one time step: the width of x_t. Wx has one row for each of them: D×M (D×4M for an LSTM, D×3M for a GRU).
> D = 3 | rnn:5,dense:2 | 1 10 3

M, units, hidden_size, hidden, hidden_units, num_units | the number of hidden units | T, gates, wh-transposed
The width of the hidden state h. Wh is M×M in each gate: square, so a transposed one has the right shape and the wrong numbers.
> M = 5 | rnn:5 | 1 10 3
> a stack, M1 = 5 and M2 = 4 | rnn:5,rnn:4 | 1 10 3

K, outputs | the number of outputs | many-to-one, many-to-many, head-on-input
The width of the dense layer at the end: classes, or numbers to be predicted. y is N×K for many to one, N×T×K for many to many.
> K = 2 | rnn:5,dense:2 | 1 10 3

x, X, input, y, Y, output | what goes in, and what comes out | N, T, D, K, input_shape, axes-swapped
x is N×T×D: N sequences of T steps, with D numbers at each. y is N×K from the last step, N×T×K from every step.
Keras’ "expected ndim=3, found ndim=2" means that x has one axis too few: X.reshape(N, T, D), or X[None] for one sequence. rnn-cli reads a table T×D as one sequence, and one of N·T rows with --T.
> many to one | rnn:5,dense:2 | 4 10 3
> many to many | rnn:5+seq,dense:2 | 4 10 3

weights, Wx, Wh, bh, Wo, bo, kernel, recurrent_kernel, weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0, get_weights | the arrays of a layer | gates, biases, wx-transposed, wh-transposed, wx-reshaped
Wx multiplies x_t, Wh multiplies h_{t−1}, and bh is added; the dense layer has Wo and bo. Keras calls them kernel, recurrent_kernel and bias, and get_weights() lists them in this order.
PyTorch keeps the transposed matrices, weight_ih_l0 M×D and weight_hh_l0 M×M, and two biases. ONNX has W, R and B, with an axis for the direction in front.
> SimpleRNN(5), Dense(2) | rnn:5,dense:2 | 1 10 3
> LSTM(5): four gates side by side | lstm:5 | 1 10 3

dense, Linear, fc, head, fully-connected | the layer that makes y of h | K, softmax, TimeDistributed, head-on-input, head-missing
y = h·Wo + bo, then its activation, if it has one. On a sequence the same weights are applied to every step. PyTorch’s Linear keeps Wo transposed, K×M.
> on the last h | rnn:5,dense:2 | 1 10 3

activation functions, activations, tanh, sigmoid, relu | what follows the sums | activation, gate-activation, hard-sigmoid, activation-added, softmax
tanh gives numbers between −1 and 1 and is what h goes through unless something else is said; the gates go through the sigmoid, between 0 and 1. relu is max(0, z), linear is z itself.
A hard sigmoid is a straight line cut at 0 and 1: 0.2z + 0.5 in Keras 1 and 2, tfjs and ONNX, z/6 + 0.5 in Keras 3 and PyTorch. On one line: --layers "lstm:5@tanh/hard_sigmoid".

exit codes, exit, exit code, exit status | what a script is told | tolerance
0: done, or compared and equal. 1: compared and different. 2: usage error. 3: bad or unsupported input. 4: reading or writing failed. 5: refused, over a limit of memory, size or time. 6: compared, and this input cannot decide. 70: a bug in rnn-cli. 130 and 143: interrupted.
An error is on stderr, with --json as one JSON document, and stdout stays empty.

return_sequences, seq, sequences, returnSequences | every h, or the last one | many-to-one, many-to-many, h_n, head-every-step, head-last
False (the default in Keras): the layer gives the last h alone, N×M. True: every h, N×T×M.
If a recurrent layer, a pooling over time or a Flatten follows, it needs the sequence. rnn-cli infers that and shows it as seq (auto); --strict refuses, as Keras does.
PyTorch always gives both: out holds every step, h_n the last state.
> return_sequences=False | rnn:5 | 2 10 3
> return_sequences=True | rnn:5+seq | 2 10 3

many-to-one | a sequence in, one answer out | many-to-many, return_sequences, pool-max, first-step
Only the last h goes into the dense layer (or the maximum or mean of all h over time): spam or not, the sentiment of a review. y is N×K.
> the last h | rnn:5,dense:2 | 2 10 3
> the maximum over time | rnn:5,maxpool,dense:2 | 2 10 3

many-to-many | an answer at every step | many-to-one, return_sequences, bidirectional
The same dense layer is applied to the h of every step, with the same weights: parts of speech, anomalies. y is N×T×K. Each answer depends only on the steps up to its own, unless the layer is bidirectional.
> every step | rnn:5+seq,dense:2 | 2 10 3

stateful | h is kept between calls | state-carry, h_n, N
A Keras layer with stateful=True starts each batch with the final states of the batch before, until reset_state() is called. It is meant for one long sequence that is fed in pieces.
Everywhere else h starts at zero for every sequence. A loop that forgets to reset it has the mistake state-carry.

mask, masks, padding, lengths, masking | which steps are real | mask-zeros, mask-hold, mask-ignored, T
Short sequences are filled up to T; a mask says which steps are real. A masked step is skipped: h and c stay as they are.
What such a step outputs differs: Keras repeats the last output (zeros with zero_output_for_mask), PyTorch’s packed sequences and ONNX output zeros. The reverse direction starts at the last real step.

h_n, c_n, Y_h, return_state, states, state, hidden_state | the last states | bidirectional, bidirectional-last-step, return_sequences
PyTorch’s second result: h after the last processed step, [layers·directions, N, M], never batch-first: layer 0 forward, layer 0 backward, layer 1 forward … An LSTM adds c_n. Keras: return_state=True; ONNX: Y_h, Y_c.
For a bidirectional layer out[:, -1] is not h_n: at the last index the backward half has seen only one step.
> both directions side by side | bilstm:4 | 2 10 3

rnn, SimpleRNN, elman | the simple recurrence | lstm, gru, biases
h_t = tanh(x_t·Wx + h_{t−1}·Wh + bh). Keras SimpleRNN, PyTorch RNN (with two biases, which add up to bh).
> M·(D + M + 1) parameters | rnn:5 | 1 10 3

lstm | two states, four gates | gates, gru, forget-bias-plus-1, state-carry-c-only
i, f, o = σ(…), g = tanh(…); c_t = f⊙c_{t−1} + i⊙g; h_t = o⊙tanh(c_t). The weights hold the blocks of the four gates side by side: D×4M and M×4M.
> 4·M·(D + M + 1) parameters | lstm:5 | 1 10 3

gru | one state, three gates | reset_after, gates, gru-reset-before, gru-update-swapped
z, r = σ(…), g = tanh(…); h_t = z⊙h_{t−1} + (1 − z)⊙g. There are two variants: the reset gate r acts after the recurrent product (Keras’ default, PyTorch) or before it (reset_after=False).
> reset after: 3·M·(D + M + 2) parameters | gru:5 | 1 10 3
> reset before: 3·M·(D + M + 1) | gru:5+resetbefore | 1 10 3

reset_after, resetAfter, linear_before_reset, resetbefore, resetafter | where the GRU’s reset gate acts | gru, gru-reset-before, gru-reset-after, biases
True: g = tanh(x·Wx_g + b_g + r⊙(h·Wh_g + b′_g)), Keras’ default and PyTorch’s only way; the recurrent bias b′ must stay separate, so Keras’ bias is 2×3M. False: g = tanh(x·Wx_g + (r⊙h)·Wh_g + b_g), Keras 1, tfjs, ONNX by default (linear_before_reset=0).
The same weights give different numbers: 150 parameters with reset_after for D=3, M=5 are 135 without.
> reset_after=True | gru:5 | 1 10 3
> reset_after=False | gru:5+resetbefore | 1 10 3

gates, blocks, forget gate, input gate, output gate, reset gate, update gate | blocks of columns in the weights | gate-order, lstm, gru
Wx, Wh and the bias of an LSTM hold four blocks of M columns, of a GRU three. The order depends on the framework: LSTM i f c o (Keras), i f g o (PyTorch), i o f c (ONNX); GRU z r h (Keras, ONNX), r z n (PyTorch).
The candidate is called c, g, n or h, depending on the framework; here it is g.
> four blocks | lstm:5 | 1 10 3

biases, bias, bias_ih, bias_hh | one or two | bias-missing, bias-once-of-two, bias-twice, forget-bias-plus-1
Keras has one bias per layer, PyTorch and ONNX have two (bias_ih and bias_hh). The two are added, so the outputs are the same, but the counts are not: SimpleRNN(5) on 3 features has 45 parameters in Keras and 50 in PyTorch. The GRU with reset_after needs both.
Keras starts from zero biases (1 for the LSTM’s forget gate), which hide almost every mistake with a bias. rnn-cli probe makes weights that show them.

bidirectional, directions, merge_mode, concat | the sequence read both ways | h_n, bidirectional-order, bidirectional-last-step, backward-not-flipped
Two cells with their own weights: one runs from x[0] to x[T−1], the other from x[T−1] to x[0]. The backward outputs are put into time order; then the outputs of both are concatenated (2M wide), added, multiplied or averaged.
The last output of the backward half is the one at time 0: out[:, 0, M:], not out[:, -1, M:].
> side by side | birnn:5 | 2 10 3
> added | birnn:5+sum | 2 10 3

time_major, batch_first, batch-major, time-major | [T, N, D] instead of [N, T, D] | axes-swapped, N, T
PyTorch’s layers expect [T, N, D] unless batch_first=True; ONNX expects it too (layout=0). Keras and rnn-cli use [N, T, D]; --time-major reads a file that is [T, N, D]. Convert one to the other by a transpose, never by a reshape.

TimeDistributed | one layer on every step | return_sequences, many-to-many, head-every-step
Applies the same layer, with the same weights, to each step: [N, T, M] -> [N, T, K]. A Dense layer on a sequence does that by itself, so TimeDistributed(Dense(K)) and Dense(K) are equal.
> a dense layer on every step | rnn:5+seq,dense:2 | 2 10 3

Lambda, lambda layer, custom layer, custom_objects | a layer that is Python code | return_sequences, pool-mean, TimeDistributed
Keras saves the code of a Lambda layer as bytes that only the same Python can run, and of a layer of your own its name alone. rnn-cli shows and counts the layers around it and does not run it (E_KERAS_CLASS).
Write it as a layer that is there, or with keras.ops, which is saved as what it computes: keras.ops.mean(h, axis=1) for Lambda(lambda h: tf.reduce_mean(h, 1)), h[:, -1] for Lambda(lambda h: h[:, -1]). No weight changes by that, so the old file's weights still fit.
> h[:, -1] of every h is what return_sequences=False gives | lstm:5,dense:2 | 4 10 3

dropout, Dropout, training | units left out in training | recurrent_dropout, dropout-on, hidden-scaled
In training each unit is 0 with probability p and the others are multiplied by 1 / (1 − p). In prediction it does nothing: model.predict, training=False, model.eval().
nn.LSTM(dropout=p) acts between the layers of a stack only, so it does nothing with num_layers=1; Keras’ dropout= acts on the input of the layer.

recurrent_dropout | dropout on h between the steps | dropout, cudnn
Keras only: the h that goes into h·Wh is dropped in training, with one mask for all steps. It does nothing in prediction. PyTorch’s layers have no counterpart, and a Keras layer that uses it does not run on cuDNN.

go_backwards, direction, reverse | from the last step to the first | time-reversed, output-reversed, bidirectional
The steps are run from T−1 to 0. Keras returns the sequence in the order it was computed, so its first row belongs to the last step; ONNX (direction=reverse) returns it in the order of time.

initial_state, h0, h_0, c0, initial_h | the h before the first step | stateful, h_n, state-random, state-ones, state-carry
Zeros unless it is given: initial_state= in Keras, the second argument in PyTorch (rnn(x, h0), lstm(x, (h0, c0))), initial_h and initial_c in ONNX. Here: --h0 and --c0. PyTorch’s shape is [layers · directions, N, M].

pack_padded_sequence, PackedSequence, pad_packed_sequence, enforce_sorted, lengths | how PyTorch skips padding | mask, lengths-permuted, mask-one-way, mask-ignored, padding-skipped
Each sequence is run to its own length: h_n is the state after its last real step, and the backward direction starts there, not in the padding. pad_packed_sequence writes zeros after the end of each sequence.
With enforce_sorted=True (the default) the samples must be sorted from long to short; enforce_sorted=False sorts them and restores their order afterwards.

mask_zero, Masking, padding_idx | token 0 is padding | mask, mask-ignored, padding-skipped, padding-row-zero, embedding
Embedding(mask_zero=True) tells the layers after it to skip the steps whose token is 0; Masking does it for steps that are zero in every feature. PyTorch’s padding_idx is something else: it makes that row of the table zero and masks nothing.

input_shape, input_dim, batch_input_shape, Input | (T, D), without the samples | N, T, D
Keras’ Input(shape=(T, D)) and input_shape=(T, D) leave N out; None for T means any number of steps. The array itself has three axes, [N, T, D]: “expected ndim=3” means that one is missing.
> Input(shape=(10, 3)) | rnn:5 | 4 10 3

unroll | the loop written out | T
Keras’ unroll=True writes the loop over time into the graph: faster for short sequences, more memory, the same numbers. T must be known.

cudnn, CuDNN, CuDNNLSTM, CuDNNGRU, use_cudnn | NVIDIA’s layers for graphics cards | biases, reset_after, bias-twice
cuDNN computes the same equations with two biases in each layer; the reset gate of its GRU acts after the recurrent product. Keras uses it only with tanh, sigmoid, no recurrent_dropout and no unroll. Weights of CuDNNLSTM and CuDNNGRU hold both biases.

num_layers, stack, layers | recurrent layers on top of each other | h_n, lower-layer, weights-exchanged
Each layer reads the whole sequence of the one below. In PyTorch one module holds all of them (weight_ih_l0, weight_ih_l1 …), and h_n has a row for each layer and direction: h_n[-1] is the last layer’s, h_n[0] the first one’s.
> two layers | rnn:5,rnn:5 | 2 10 3

proj_size, projection, num_proj | an LSTM with a projected h | lstm
h = (o⊙tanh(c))·Wp, so h has proj_size numbers and c has M. Wh has proj_size rows, and the next layer reads proj_size features.

unit_forget_bias, forget_bias | the forget gate starts open | forget-bias-plus-1, biases, lstm
Keras initialises the bias of the forget gate to 1, so the saved bias includes that 1. TensorFlow 1 (forget_bias=1.0) adds 1 in the code at every step instead, and its saved bias does not include it.

embedding, Embedding, nn.Embedding | a row of a table for each token | mask_zero, tokens-off-by-one, padding-row-zero
Token numbers [N, T] become vectors [N, T, D]: row v of a table [V, D] for token v. It is a look-up, not a product: V·D parameters and no multiply-adds.
> V = 20, D = 4 | embedding:20x4,rnn:5 | 2 10 _

softmax | scores to probabilities | softmax-missing, softmax-twice, softmax-axis, log-softmax
exp(z) divided by its sum over the K outputs of a row: all are positive and a row adds up to 1. PyTorch’s CrossEntropyLoss includes it, so a model trained with that loss outputs scores (logits).

MACs, FLOPs, flops, multiply-adds, GMACs | multiply-adds, of one sample | T, M
A product [D]·[D, M] has D·M multiply-adds. A recurrent layer with G gates has G·M·(D + M) at each of T steps: LSTM(5) on 3 features and 10 steps has 1,600. FLOPs are about twice that. Several counters ignore the recurrent product or add biases: see docs/counting.md.
> 10 · 4·5·(3 + 5) = 1,600 | lstm:5 | 1 10 3

vanishing gradient, vanishing, gradient, gradients, exploding gradient, BPTT | early steps are hardly learned | lstm, gru, unit_forget_bias
Training multiplies one factor per step, tanh′·Wh, from the last step back to the first. Factors below 1 make the product vanish, so a SimpleRNN learns little from early steps; factors above 1 make it explode.
An LSTM adds to c instead (c_t = f⊙c_{t−1} + i⊙g): with f near 1 the factor stays near 1. A GRU does the same with z. rnn-cli does not train, but it shows the effect: a change of x_1 hardly moves the last h.

tolerance, tol, atol, rtol, allowed | which differences count | float16, bfloat16
Two values are equal when |a − e| ≤ atol + rtol·|e|. With --tol auto, the default, each value has an atol of its own: 16 times as much as different rounding of the same float32 code changes it, and at least 4 units in the last place of what is summed.
A fixed 1e-5 is too coarse for small outputs, where it hides real mistakes, and too strict for large ones. Where rounding alone could move y by as much as it differs, compare says UNDECIDED instead of guessing.

teacher forcing, teacher-forcing, feedback, autoregressive | the right input at every step | output-fed-back, many-to-many
In training a decoder gets the right output of the step before as its input; when it generates, it gets its own. So the same weights give different numbers from the second step on.
`);

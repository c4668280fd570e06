import { pagesOf } from './page.js';

/** What is inside a step. */
export const cells = pagesOf(`
rnn, SimpleRNN, elman | the simple recurrence | lstm, gru, biases
h_t = tanh(x_t·Wx + h_{t−1}·Wh + bh). Keras SimpleRNN, PyTorch RNN (with two biases, which add up to bh).
> M·(D + M + 1) parameters | rnn:5 | 1 10 3

lstm | two states, four gates | gates, gru, forget-bias-plus-1, state-carry-c-only
i, f, o = σ(…), g = tanh(…); c_t = f⊙c_{t−1} + i⊙g; h_t = o⊙tanh(c_t). Four gates stand side by side in the weights: D×4M and M×4M.
> 4·M·(D + M + 1) parameters | lstm:5 | 1 10 3

gru | one state, three gates | reset_after, gates, gru-reset-before, gru-update-swapped
z, r = σ(…), g = tanh(…); h_t = z⊙h_{t−1} + (1 − z)⊙g. There are two of them: the reset gate r acts after the recurrent product (Keras, PyTorch) or before it (reset_after=False).
> reset after: 3·M·(D + M + 2) parameters | gru:5 | 1 10 3
> reset before: 3·M·(D + M + 1) | gru:5+resetbefore | 1 10 3

reset_after, resetAfter, linear_before_reset, resetbefore, resetafter | where the GRU’s reset gate acts | gru, gru-reset-before, gru-reset-after, biases
True: g = tanh(x·Wx_g + b_g + r⊙(h·Wh_g + b′_g)), Keras’ default and PyTorch’s only way; the recurrent bias b′ must stay apart, so Keras’ bias is 2×3M. False: g = tanh(x·Wx_g + (r⊙h)·Wh_g + b_g), Keras 1, tfjs, ONNX by default (linear_before_reset=0).
The same weights give different numbers: 150 parameters with reset_after for D=3, M=5 are 135 without.
> reset_after=True | gru:5 | 1 10 3
> reset_after=False | gru:5+resetbefore | 1 10 3

gates, blocks | blocks of columns in the weights | gate-order, lstm, gru
Wx, Wh and the bias of an LSTM hold four blocks of M columns, of a GRU three. The order belongs to the framework: LSTM i f c o (Keras), i f g o (PyTorch), i o f c (ONNX); GRU z r h (Keras, ONNX), r z n (PyTorch).
The candidate is c or g or n or h depending on whom you ask; here it is g.
> four blocks | lstm:5 | 1 10 3

biases, bias, bias_ih, bias_hh | one or two | bias-missing, bias-once-of-two, bias-twice, forget-bias-plus-1
Keras has one bias a layer, PyTorch and ONNX two (bias_ih and bias_hh). They add up, so the numbers are the same, but not the counts: SimpleRNN(5) on 3 features has 45 parameters in Keras and 50 in PyTorch. The GRU with reset_after needs both.
Keras starts from zero biases (1 for the LSTM’s forget gate): then hardly a mistake with a bias can be seen. rnn-cli probe makes weights that show it.

bidirectional, directions, merge_mode, concat | the sequence read both ways | h_n, bidirectional-order, bidirectional-last-step, backward-not-flipped
Two cells with weights of their own, one from x[0] on, one from x[T−1] back; their outputs stand side by side (2M wide), or are added, multiplied or averaged. The backward sequence is turned back to time order before.
The last output of the backward half is the one at time 0: out[:, 0, M:], not out[:, -1, M:].
> side by side | birnn:5 | 2 10 3
> added | birnn:5+sum | 2 10 3

time_major, batch_first, batch-major, time-major | [T, N, D] instead of [N, T, D] | axes-swapped, N, T
PyTorch’s layers want [T, N, D] unless batch_first=True; ONNX wants it too (layout=0). Keras and this tool are batch-major; --time-major reads such a file. The way between them is a transpose, never a reshape.
`);

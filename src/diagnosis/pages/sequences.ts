import { pagesOf } from './page.js';

/** One output or many, which steps count, what is kept between calls. */
export const sequences = pagesOf(`
return_sequences, seq, sequences, returnSequences | every h, or the last one | many-to-one, many-to-many, h_n, head-every-step, head-last
False (the default in Keras): the layer gives the last h alone, N×M. True: every h, N×T×M.
A recurrent layer, a pooling over time or a Flatten behind it needs the sequence. rnn-cli infers that and shows it as seq (auto); --strict refuses, as Keras does.
PyTorch always gives both: out holds every step, h_n the last state.
> return_sequences=False | rnn:5 | 2 10 3
> return_sequences=True | rnn:5+seq | 2 10 3

many-to-one | a sequence in, one answer out | many-to-many, return_sequences, pool-max, first-step
Only the last h goes into the dense layer (or the maximum or mean of all h over time): spam or not, the sentiment of a review. y is N×K.
> the last h | rnn:5,dense:2 | 2 10 3
> the maximum over time | rnn:5,maxpool,dense:2 | 2 10 3

many-to-many | an answer at every step | many-to-one, return_sequences, bidirectional
The same dense layer is applied to the h of every step, with the same weights: parts of speech, anomalies. y is N×T×K. Each answer knows the steps up to its own only, unless the layer is bidirectional.
> every step | rnn:5+seq,dense:2 | 2 10 3

stateful | h is kept between calls | state-carry, h_n, N
A Keras layer with stateful=True starts each batch with the states the last one left, until reset_state() is called: for one long sequence that is fed in pieces.
Everywhere else h starts at zero for every sequence. Forgetting that is state-carry.

mask, masks, padding, lengths, masking | which steps are real | mask-zeros, mask-hold, mask-ignored, T
Short sequences are filled up to T; a mask says which steps are real. A masked step is skipped: h and c stay as they are.
What such a step outputs differs: Keras repeats the last output (zeros with zero_output_for_mask), PyTorch’s packed sequences and ONNX output zeros. The reverse direction starts at the last real step.

h_n, c_n, Y_h, return_state, states, state, hidden_state | the last states | bidirectional, bidirectional-last-step, return_sequences
PyTorch’s second result: h after the last processed step, [layers·directions, N, M], never batch-first: layer 0 forward, layer 0 backward, layer 1 forward … An LSTM adds c_n. Keras: return_state=True; ONNX: Y_h, Y_c.
For a bidirectional layer out[:, -1] is not h_n: the backward half of the last index has seen one step only.
> both directions side by side | bilstm:4 | 2 10 3
`);

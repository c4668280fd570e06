import { pagesOf } from './page.js';

/** The letters of the tutorial. */
export const letters = pagesOf(`
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
`);

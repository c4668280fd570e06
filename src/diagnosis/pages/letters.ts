import type { TermPage } from './page.js';

/** The letters of the tutorial. */
export const letters: readonly TermPage[] = [
  {
    name: 'N',
    aliases: ['batch', 'samples', 'batch_size'],
    title: 'N: the number of samples',
    text: [
      'How many sequences are run at once. No weight depends on it, and samples must not influence each other: each starts with h = 0.',
      'With one sample, a state that is not reset between samples goes unnoticed.',
    ],
    examples: [{ words: 'N = 4 sequences', layers: 'rnn:5,dense:2', N: 4, T: 10, D: 3 }],
    related: ['T', 'D', 'state-carry', 'axes-swapped'],
  },
  {
    name: 'T',
    aliases: ['timesteps', 'seq_len', 'sequence_length'],
    title: 'T: the number of time steps',
    text: [
      'How long a sequence is. The same weights are used at every step, so no weight shape contains T, and a network runs on any length.',
      'T and M are easily confused: T counts steps, M the units of h. A sequence of hidden states is T×M.',
    ],
    examples: [
      { words: 'T = 10', layers: 'rnn:5,dense:2', N: 1, T: 10, D: 3 },
      { words: 'T = 100: the same weights', layers: 'rnn:5,dense:2', N: 1, T: 100, D: 3 },
    ],
    related: ['M', 'return_sequences', 'stops-early', 'starts-late'],
  },
  {
    name: 'D',
    aliases: ['features', 'input_size', 'input_dim'],
    title: 'D: the number of input features',
    text: [
      'How many numbers describe one time step: the width of x_t. Wx has one row for each of them: D×M (D×4M for an LSTM, D×3M for a GRU).',
    ],
    examples: [{ words: 'D = 3', layers: 'rnn:5,dense:2', N: 1, T: 10, D: 3 }],
    related: ['N', 'T', 'M', 'wx-transposed'],
  },
  {
    name: 'M',
    aliases: ['units', 'hidden_size', 'hidden', 'hidden_units', 'num_units'],
    title: 'M: the number of hidden units',
    text: [
      'The width of the hidden state h. Wh is M×M in each gate: square, so a transposed one has the right shape and the wrong numbers.',
    ],
    examples: [
      { words: 'M = 5', layers: 'rnn:5', N: 1, T: 10, D: 3 },
      { words: 'a stack, M1 = 5 and M2 = 4', layers: 'rnn:5,rnn:4', N: 1, T: 10, D: 3 },
    ],
    related: ['T', 'gates', 'wh-transposed'],
  },
  {
    name: 'K',
    aliases: ['outputs'],
    title: 'K: the number of outputs',
    text: [
      'The width of the dense layer at the end: classes, or numbers to be predicted. y is N×K for many to one, N×T×K for many to many.',
    ],
    examples: [{ words: 'K = 2', layers: 'rnn:5,dense:2', N: 1, T: 10, D: 3 }],
    related: ['many-to-one', 'many-to-many', 'head-on-input'],
  },
];

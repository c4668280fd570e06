export { gru } from './gru.js';
export { lstm } from './lstm.js';
export { mgu } from './mgu.js';
export { rnn } from './rnn.js';

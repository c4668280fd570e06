export { gru } from './gru.js';
export { lstm } from './lstm.js';
export { rnn } from './rnn.js';

import type { Tensor } from '../tensor/tensor.js';

/** Canonical weights: `layer/name` -> tensor, e.g. `rnn_1/Wx`, `lstm_1/backward/Wh`, `dense_1/bo`. Keras layout, canonical gate order. */
export type Weights = ReadonlyMap<string, Tensor>;

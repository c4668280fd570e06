import type { ActivationSpec } from '../../activations/activation.js';
import type { Filtered } from '../conv/filters.js';
import type { LayerBase } from '../layer.js';

/**
 * An LSTM whose products are convolutions: x_t [N, …S, D], h and c [N, …S', F] (Shi et al. 2015, Keras ConvLSTM1D, 2D and 3D).
 *   i, f, g, o = x_t * W + b + h * U     (U with padding `same`)
 *   c = σ(f)⊙c + σ(i)⊙act(g),  h = σ(o)⊙act(c)
 */
export interface ConvLstmSpec extends LayerBase, Filtered {
  readonly kind: `convlstm${1 | 2 | 3}d`;
  readonly filters: number;
  readonly recurrentActivation: ActivationSpec;
  readonly returnSequences: boolean;
  readonly goBackwards: boolean;
  readonly zeroOutputForMask: boolean;
}

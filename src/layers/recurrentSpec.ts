import type { ActivationSpec } from '../activations/activation.js';
import type { CellOptions } from '../cells/cell.js';
import type { CellName } from '../cells/index.js';
import type { MergeMode } from './bidirectional.js';
import type { LayerBase } from './layer.js';

/** A cell run over time, in one direction or both. The equations are in cells/, the time loop is the engine's. */
export interface RecurrentSpec extends LayerBase {
  readonly kind: CellName;
  readonly units: number;
  readonly activation: ActivationSpec;
  /** gate activation; null for the plain RNN */
  readonly recurrentActivation: ActivationSpec | null;
  /** activation of c in h = o ⊙ act(c), as ONNX can set it; null: the same as `activation` */
  readonly outputActivation: ActivationSpec | null;
  readonly returnSequences: boolean;
  /** whether `returnSequences` was inferred from the next layer */
  readonly inferredSequences: boolean;
  readonly useBias: boolean;
  /** PyTorch and ONNX: an input and a recurrent bias */
  readonly twoBiases: boolean;
  readonly resetAfter: boolean;
  /** run t = T−1 … 0; a sequence of outputs stays in processing order (Keras) */
  readonly goBackwards: boolean;
  readonly stateful: boolean;
  /** how the two directions are merged; null: one direction */
  readonly bidirectional: MergeMode | null;
  /** LSTM projection width (PyTorch proj_size), or null */
  readonly projection: number | null;
  /** masked steps output zeros instead of repeating the last output (Keras zero_output_for_mask; PyTorch and ONNX always) */
  readonly zeroOutputForMask: boolean;
  readonly peepholes: boolean;
  readonly clip: number | null;
  readonly inputForget: boolean;
  /** whether Keras unrolls the loop: it then zeroes the padded steps of a backward direction by the mask in forward order */
  readonly unroll?: boolean;
  /** Keras' class name, if it is not that of the cell */
  readonly kerasClass?: string | null;
  /** Keras: the forget gate's bias starts at 1; affects initialisation only */
  readonly unitForgetBias: boolean;
}

/** The fields of the layer that change the cell's equations. */
export function cellOptions(layer: RecurrentSpec): CellOptions {
  const { useBias, twoBiases, resetAfter, projection, peepholes, clip, inputForget } = layer;
  return { useBias, twoBiases, resetAfter, projection, peepholes, clip, inputForget };
}

import type { ActivationSpec } from '../activations/activation.js';

/**
 * The architecture as plain JSON: what to build, nothing of how it is computed. The published JSON Schema is schemas/spec.schema.json.
 * Every field that has a default may be left out in a file; `checkSpec` fills them in, so code below this line sees complete layers.
 */
export const SPEC_SCHEMA = 'rnn-cli/spec@1';

export type MergeMode = 'concat' | 'sum' | 'mul' | 'ave';
export type CellName = 'rnn' | 'lstm' | 'gru';

interface LayerBase {
  /** unique in the model; `kind_1`, `kind_2` … unless named */
  readonly name: string;
  /** names of the layers it reads, or 'input'; default: the layer before */
  readonly inputs: readonly string[];
  /** Keras: counted as non-trainable when false */
  readonly trainable: boolean;
}

export interface RecurrentSpec extends LayerBase {
  readonly kind: CellName;
  readonly units: number;
  readonly activation: ActivationSpec;
  /** gate activation; null for the plain RNN */
  readonly recurrentActivation: ActivationSpec | null;
  /** activation of the cell state on its way out (ONNX); null: the same as `activation` */
  readonly outputActivation: ActivationSpec | null;
  readonly returnSequences: boolean;
  /** true where `returnSequences` was inferred from the next layer */
  readonly inferredSequences: boolean;
  readonly useBias: boolean;
  readonly twoBiases: boolean;
  readonly resetAfter: boolean;
  readonly goBackwards: boolean;
  readonly stateful: boolean;
  /** null: one direction */
  readonly bidirectional: MergeMode | null;
  /** LSTM projection width (PyTorch proj_size), or null */
  readonly projection: number | null;
  /** masked steps put out zeros instead of repeating the last output (Keras zero_output_for_mask; PyTorch and ONNX always) */
  readonly zeroOutputForMask: boolean;
  readonly peepholes: boolean;
  readonly clip: number | null;
  readonly inputForget: boolean;
  /** Keras: forget gate bias starts at 1; affects initialisation only */
  readonly unitForgetBias: boolean;
}

export interface DenseSpec extends LayerBase {
  readonly kind: 'dense';
  readonly units: number;
  readonly activation: ActivationSpec;
  readonly useBias: boolean;
  /** written as TimeDistributed(Dense) in Keras: the same numbers, another name in the summary */
  readonly timeDistributed: boolean;
}

export interface PoolSpec extends LayerBase {
  /** over time: maximum, mean (of the unmasked steps), or the last (valid) step in time order */
  readonly kind: 'maxpool' | 'avgpool' | 'last';
}

export interface FlattenSpec extends LayerBase {
  readonly kind: 'flatten';
}

export interface EmbeddingSpec extends LayerBase {
  readonly kind: 'embedding';
  /** V, number of tokens */
  readonly tokens: number;
  /** E, width of a token's vector */
  readonly units: number;
  readonly maskZero: boolean;
}

export interface MaskingSpec extends LayerBase {
  readonly kind: 'masking';
  readonly value: number;
}

export interface DropoutSpec extends LayerBase {
  readonly kind: 'dropout';
  readonly rate: number;
}

export interface RepeatSpec extends LayerBase {
  readonly kind: 'repeat';
  readonly times: number;
}

export interface ActivationLayerSpec extends LayerBase {
  readonly kind: 'activation';
  readonly activation: ActivationSpec;
}

/** Joins several inputs: the last axis side by side, or elementwise. */
export interface MergeSpec extends LayerBase {
  readonly kind: 'concatenate' | 'add' | 'multiply' | 'average';
}

export type LayerSpec =
  | RecurrentSpec
  | DenseSpec
  | PoolSpec
  | FlattenSpec
  | EmbeddingSpec
  | MaskingSpec
  | DropoutSpec
  | RepeatSpec
  | ActivationLayerSpec
  | MergeSpec;

export interface InputSpec {
  readonly name: string;
  /** null: symbolic */
  readonly batch: number | null;
  readonly timesteps: number | null;
  /** D; null when the input is token numbers [N, T] for an embedding */
  readonly features: number | null;
}

export interface ModelSpec {
  readonly schema: typeof SPEC_SCHEMA;
  /** Keras model name, as its summary prints it */
  readonly name: string;
  /** Keras: a functional model's summary shows its InputLayer */
  readonly functional: boolean;
  readonly input: InputSpec;
  readonly layers: readonly LayerSpec[];
  /** name of the layer whose output is the model's */
  readonly output: string;
}

export function isRecurrent(layer: LayerSpec): layer is RecurrentSpec {
  return layer.kind === 'rnn' || layer.kind === 'lstm' || layer.kind === 'gru';
}

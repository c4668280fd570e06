import type { RnnError } from '../../errors.js';
import type { Json } from '../../layers/kerasConfig.js';
import type { Quantization } from './storedWeights.js';

/** A Keras model as its own summary shows it, whether it can be run here or not. */
export interface KerasOutline {
  readonly rows: readonly KerasRow[];
  /** facts that the summary needs about layers with weights, by their names in the spec */
  readonly details: ReadonlyMap<string, KerasDetails>;
  /** everything that keeps the network from being run */
  readonly blockers: readonly RnnError[];
  /** a spec of the layers whose shapes are known, or of one that changes nothing; the outputs of other layers are among its inputs */
  readonly known: Json;
  /** the other ones, and those of `known`, in order */
  readonly layers: readonly OutlinedLayer[];
  /** the model's own inputs and outputs, by value */
  readonly inputs: readonly string[];
  readonly outputs: readonly { readonly name: string; readonly value: string; readonly isKnown: boolean }[];
  /** the class of a model that describes itself in code */
  readonly ownClass?: string;
  /** the order of its layers is unknown */
  readonly unordered?: boolean;
  /** nor the shape of x */
  readonly unshaped?: boolean;
}

/** A layer of the model itself: a model inside is one. */
export interface KerasRow {
  readonly name: string;
  readonly className: string;
  readonly isModel: boolean;
  readonly trainable: boolean;
  /** values that its last call gives, and their names where it gives a dictionary */
  readonly outputs: readonly string[];
  readonly keys: readonly string[] | null;
  /** 'lstm[0][1]': what its calls read */
  readonly reads: readonly string[];
}

export interface KerasDetails {
  /** of one weight */
  readonly bytes: number;
  /** of a layer whose kernel is kept as whole numbers */
  readonly quantized: Quantization | null;
  /** LoRA: two further matrices of this rank beside a frozen kernel */
  readonly rank: number | null;
}

export interface OutlinedLayer {
  readonly name: string;
  readonly kerasClass: string;
  readonly inputs: readonly string[];
  /** its group in a .weights.h5 */
  readonly group: string;
  /** as the file records it, for a layer that is not in `known`; null: unknown */
  readonly shape: readonly (number | null)[] | null;
}

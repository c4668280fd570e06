import type { RnnError } from '../../errors.js';
import type { Json } from '../../layers/kerasConfig.js';
import type { Quantization } from './storedWeights.js';

/** A Keras model as in its own summary, whether or not rnn-cli can run it. */
export interface KerasOutline {
  readonly rows: readonly KerasRow[];
  /** facts for the summary about layers with weights, by name in the spec */
  readonly details: ReadonlyMap<string, KerasDetails>;
  /** everything that prevents the network from being run */
  readonly blockers: readonly RnnError[];
  /**
   * a spec of the layers whose shapes are known; outputs of other layers are among its inputs. Without such layers, the spec of an identity
   * layer
   */
  readonly known: Json;
  /** the layers that are not in `known`, and those that are, in order */
  readonly layers: readonly OutlinedLayer[];
  /** inputs and outputs of the model, by value */
  readonly inputs: readonly string[];
  readonly outputs: readonly { readonly name: string; readonly value: string; readonly isKnown: boolean }[];
  /** the class of a model whose computation is only in its code */
  readonly ownClass?: string;
  /** whether the order of the layers is unknown */
  readonly unordered?: boolean;
  /** whether the shape of x is unknown, too */
  readonly unshaped?: boolean;
}

/** A row of the summary: a layer of the model itself, or a nested model. */
export interface KerasRow {
  readonly name: string;
  readonly className: string;
  readonly isModel: boolean;
  readonly trainable: boolean;
  /** values that its last call returns, and their names if it returns a dictionary */
  readonly outputs: readonly string[];
  readonly keys: readonly string[] | null;
  /** what its calls read, such as 'lstm[0][1]' */
  readonly reads: readonly string[];
}

export interface KerasDetails {
  /** bytes per number of a weight */
  readonly bytes: number;
  /** of a layer whose kernel is stored as integers */
  readonly quantized: Quantization | null;
  /** rank of LoRA's two additional matrices next to a frozen kernel */
  readonly rank: number | null;
}

export interface OutlinedLayer {
  readonly name: string;
  readonly kerasClass: string;
  readonly inputs: readonly string[];
  /** its group in a .weights.h5 */
  readonly group: string;
  /** the shape in the file, for a layer that is not in `known`; null: unknown */
  readonly shape: readonly (number | null)[] | null;
}

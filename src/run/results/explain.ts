import type { Explanation } from './compare.js';
import type { Assuming, Nested, TensorData } from './document.js';

/** The results of `explain` and `probe`. */

export interface ExplainResult {
  readonly schema: 'rnn-cli/explain@1';
  readonly version: string;
  readonly kind: 'mistake' | 'term' | 'list';
  readonly name: string;
  readonly title: string;
  /** paragraphs */
  readonly text: readonly string[];
  /** for mistakes: the fix in NumPy, Keras, PyTorch */
  readonly fixes?: Explanation['fixes'];
  /** names of related pages */
  readonly related: readonly string[];
  /** for mistakes: a small network, computed correctly and with the mistake */
  readonly example?: {
    readonly layers: string;
    readonly dims: { readonly N: number; readonly T: number; readonly D: number };
    readonly seed: string;
    readonly right: { readonly shape: readonly number[]; readonly y: Nested };
    readonly wrong: { readonly shape: readonly number[]; readonly y: Nested };
    /** a command that runs the example through `compare` */
    readonly command: string;
  };
  /** for terms: shapes of small networks */
  readonly shapes?: readonly {
    readonly words: string;
    readonly layers: string;
    readonly dims: { readonly N: number; readonly T: number; readonly D: number };
    readonly rows: readonly {
      readonly name: string;
      readonly output: readonly number[];
      readonly weights: readonly { readonly name: string; readonly shape: readonly number[] }[];
    }[];
  }[];
  /** without a topic: all pages */
  readonly mistakes?: readonly { readonly name: string; readonly title: string }[];
  readonly terms?: readonly { readonly name: string; readonly title: string }[];
}

export interface ProbeResult extends Assuming<'rnn-cli/probe@1'> {
  readonly dims: { readonly N: number; readonly T: number };
  /** shape of x */
  readonly shape: readonly number[];
  readonly seed: string;
  readonly init: string | null;
  readonly weightsSource: string;
  /** codes of mistakes whose y differs from the correct y and from that of every other mistake */
  readonly shows: readonly string[];
  /** pairs of codes that no input of this size distinguishes */
  readonly alike: readonly (readonly [string, string])[];
  /** codes of mistakes that do not change y */
  readonly cannotDetect: readonly string[];
  /** not in JSON: x, the weights by name, and both together */
  readonly tensors: {
    readonly x: TensorData;
    readonly weights: ReadonlyMap<string, TensorData>;
    readonly all: ReadonlyMap<string, TensorData>;
  };
}

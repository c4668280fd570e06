import type { Explanation } from './compare.js';
import type { Assuming, Nested, TensorData } from './document.js';

/** What `explain` and `probe` give. */

export interface ExplainResult {
  readonly schema: 'rnn-cli/explain@1';
  readonly version: string;
  readonly kind: 'mistake' | 'term' | 'list';
  readonly name: string;
  readonly title: string;
  /** paragraphs */
  readonly text: readonly string[];
  /** mistakes: the fix in NumPy, Keras, PyTorch */
  readonly fixes?: Explanation['fixes'];
  /** other pages */
  readonly related: readonly string[];
  /** mistakes: a small network, computed right and wrong */
  readonly example?: {
    readonly layers: string;
    readonly dims: { readonly N: number; readonly T: number; readonly D: number };
    readonly seed: string;
    readonly right: { readonly shape: readonly number[]; readonly y: Nested };
    readonly wrong: { readonly shape: readonly number[]; readonly y: Nested };
    /** shows it with everything `compare` says of it */
    readonly command: string;
  };
  /** terms: shapes of small networks */
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
  /** without a topic: everything there is */
  readonly mistakes?: readonly { readonly name: string; readonly title: string }[];
  readonly terms?: readonly { readonly name: string; readonly title: string }[];
}

export interface ProbeResult extends Assuming<'rnn-cli/probe@1'> {
  readonly dims: { readonly N: number; readonly T: number };
  /** of x */
  readonly shape: readonly number[];
  readonly seed: string;
  readonly init: string | null;
  readonly weightsSource: string;
  /** codes under which y differs from the right y and from that of every other code */
  readonly shows: readonly string[];
  /** pairs of codes that no input of this size distinguishes */
  readonly alike: readonly (readonly [string, string])[];
  /** codes that leave y as it is */
  readonly cannotDetect: readonly string[];
  /** not in JSON: x, the weights by their own names, and both together */
  readonly tensors: {
    readonly x: TensorData;
    readonly weights: ReadonlyMap<string, TensorData>;
    readonly all: ReadonlyMap<string, TensorData>;
  };
}

import type { Assuming } from './document.js';
import type { ShapesResult } from './shapes.js';

/** The results of `convert` and `inspect`. */

export interface ConvertResult extends Assuming<'rnn-cli/convert@1'> {
  readonly input: string;
  readonly output: string;
  readonly from: { readonly framework: string; readonly format: string };
  readonly to: { readonly framework: string; readonly format: string };
  readonly tensors: number;
  readonly bytes: number;
  readonly sha256: string;
  /** both sides run on the same seeded input; null if the network cannot be run */
  readonly check: {
    readonly shape: readonly number[];
    readonly largest: number;
    /** the largest difference from ONNX Runtime's y; null if that was not run */
    readonly onnxruntime: number | null;
    readonly identical: boolean;
    readonly seed: string;
  } | null;
}

export interface InspectTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly count: number;
  /** kernel, recurrentKernel, bias …; null if not known */
  readonly role: string | null;
  /** gate blocks in the file's order, along the axis that has them; null if there are none */
  readonly gates: readonly string[] | null;
}

export interface InspectGraph {
  readonly nodes: number;
  readonly operators: Readonly<Record<string, number>>;
  readonly inputs: readonly { readonly name: string; readonly shape: readonly (number | string | null)[] | null }[];
  readonly outputs: readonly { readonly name: string; readonly shape: readonly (number | string | null)[] | null }[];
  readonly recurrent: readonly {
    readonly name: string;
    readonly op: string;
    readonly direction: string;
    readonly features: number | null;
    readonly units: number | null;
  }[];
  /** operators that cannot be run, in graph order */
  readonly unsupported: readonly string[];
}

export interface InspectResult extends Assuming<'rnn-cli/inspect@2'> {
  readonly file: string;
  readonly format: string;
  readonly bytes: number;
  /** null unless requested, since it requires reading the whole file */
  readonly sha256: string | null;
  readonly framework: string | null;
  /** version of the framework that wrote the file, if known */
  readonly frameworkVersion: string | null;
  readonly tensors: readonly InspectTensor[];
  readonly totals: { readonly tensors: number; readonly numbers: number; readonly bytes: number };
  /** as `shapes` prints it; null if the file does not determine it */
  readonly network: ShapesResult | null;
  readonly runs: boolean;
  /** why there is no network, or why it cannot be run */
  readonly reason: string | null;
  /** the network as a line for --layers, with `_` where the user has to fill in; null if the grammar cannot express it */
  readonly layersLine: string | null;
  readonly graph: InspectGraph | null;
  /** tensors that are not weights of the network */
  readonly skipped: readonly string[];
}

import type { Assuming } from './document.js';
import type { ShapesResult } from './shapes.js';

/** What `convert` and `inspect` say of files. */

export interface ConvertResult extends Assuming<'rnn-cli/convert@1'> {
  readonly input: string;
  readonly output: string;
  readonly from: { readonly framework: string; readonly format: string };
  readonly to: { readonly framework: string; readonly format: string };
  readonly tensors: number;
  readonly bytes: number;
  readonly sha256: string;
  /** both sides run on the same seeded input; null where the network cannot be run */
  readonly check: {
    readonly shape: readonly number[];
    readonly largest: number;
    /** the largest difference from ONNX Runtime's y; null where that was not run */
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
  /** kernel, recurrentKernel, bias …; null where nothing tells */
  readonly role: string | null;
  /** blocks of gates in the file's own order, along the axis they stand on; null where there are none */
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
  /** operators that are not run, in graph order */
  readonly unsupported: readonly string[];
}

export interface InspectResult extends Assuming<'rnn-cli/inspect@2'> {
  readonly file: string;
  readonly format: string;
  readonly bytes: number;
  /** null unless it was asked for: it takes reading the whole file */
  readonly sha256: string | null;
  readonly framework: string | null;
  /** of the framework that wrote it, where the file tells */
  readonly frameworkVersion: string | null;
  readonly tensors: readonly InspectTensor[];
  readonly totals: { readonly tensors: number; readonly numbers: number; readonly bytes: number };
  /** as `shapes` prints it; null where the file does not determine it */
  readonly network: ShapesResult | null;
  readonly runs: boolean;
  /** why there is no network, or why it does not run */
  readonly reason: string | null;
  /** what would be run, as a line for --layers; with `_` where the user has to say; null where the grammar has no words for it */
  readonly layersLine: string | null;
  readonly graph: InspectGraph | null;
  /** tensors that are no weights of the network */
  readonly skipped: readonly string[];
}

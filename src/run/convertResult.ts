/** What `convert` and `inspect` return: the documents rnn-cli/convert@1 and rnn-cli/inspect@1. */
import type { ShapesResult } from './result.js';

export interface ConvertResult {
  readonly schema: 'rnn-cli/convert@1';
  readonly version: string;
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
    readonly identical: boolean;
    readonly seed: string;
  } | null;
  readonly notes: readonly string[];
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

export interface InspectResult {
  readonly schema: 'rnn-cli/inspect@1';
  readonly version: string;
  readonly file: string;
  readonly format: string;
  readonly bytes: number;
  readonly sha256: string;
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
  readonly graph: InspectGraph | null;
  /** tensors that are no weights of the network */
  readonly skipped: readonly string[];
  readonly notes: readonly string[];
}

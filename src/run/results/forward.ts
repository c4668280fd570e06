import type { HandLine } from '../../cells/handCalculation.js';
import type { Assuming, Nested, TensorData } from './document.js';

/** The result of `forward`: y, and the hand calculation behind it. */

export interface TraceLayer {
  readonly layer: string;
  readonly cell: string;
  readonly direction: 'forward' | 'backward';
  readonly gateNames: readonly string[];
  readonly stateNames: readonly string[];
  readonly equations: readonly string[];
}

/** One step of one layer, calculated by hand. Samples, steps and units count from 1, as in the tables. */
export interface HandStep {
  readonly layer: string;
  readonly kind: string;
  readonly direction: 'forward' | 'backward' | null;
  readonly sample: number;
  /** null if the layer sees one vector per sample */
  readonly step: number | null;
  readonly steps: number | null;
  /** whether the step is padding: nothing is computed, and the states are kept */
  readonly masked: boolean;
  readonly equations: readonly string[];
  /** what the step starts from: x_t and the previous states */
  readonly given: readonly { readonly label: string; readonly values: Float64Array }[];
  /** in the order of the equations; the last lines are the new states, or y */
  readonly lines: readonly HandLine[];
}

export type { HandLine, How, Term } from '../../cells/handCalculation.js';

/** One output of a network, by name. */
export interface NamedOutput {
  readonly name: string;
  readonly dims: readonly string[];
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'float64';
  readonly y: Nested;
  readonly sha256: string;
}

export interface ForwardResult extends Assuming<'rnn-cli/forward@1'> {
  readonly engine: string;
  /** why this engine was chosen, if the request left it open (--engine auto) */
  readonly engineChoice?: string;
  /** true: fused multiply-add was used (--fast), so the last digits depend on the processor */
  readonly fast?: boolean;
  /** the value of --threads, if given; the numbers do not depend on it */
  readonly threads?: number;
  readonly dtype: 'float32' | 'float64';
  readonly shape: readonly number[];
  readonly dims: readonly string[];
  readonly y: Nested;
  /** all outputs in the network's order, y first */
  readonly outputs: readonly NamedOutput[];
  /** h: with --states, h at every step of the last recurrent layer [N, T, M]; final: always, the final states by name `lstm_1/h` */
  readonly states: { readonly h: Nested; readonly final: Readonly<Record<string, Nested>> };
  readonly seed: string;
  /** 'seedrandom' …; 'file' if nothing was drawn */
  readonly rng: string;
  readonly init: string | null;
  /** versioned names of the random sequences, 'keras-philox/v1'; null if read from a file. The sequence of a name never changes */
  readonly promises: { readonly weights: string | null; readonly input: string | null };
  readonly inputSource: string;
  readonly weightsSource: string;
  readonly weightsSha256: string;
  readonly ySha256: string;
  /** not in JSON: y as a tensor, and everything --trace records, by name (`rnn_1/h`, `lstm_1/gates/i`) */
  readonly tensors: {
    readonly y: TensorData;
    /** outputs beside y, by name; absent if there are none */
    readonly others?: ReadonlyMap<string, TensorData>;
    readonly trace?: ReadonlyMap<string, TensorData>;
    readonly traceLayers?: readonly TraceLayer[];
    /** the hand calculation behind the trace; absent for a simulated mistake, which has none, and for a stateful run in several calls */
    readonly handCalculation?: Iterable<HandStep>;
  };
}

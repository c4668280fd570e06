import type { StepContext } from '../cells/cell.js';
import type { Kernel } from '../engines/batched/kernel.js';
import type { RecurrenceArgs } from '../layers/layer.js';
import { allocate, type FloatArray } from '../tensor/tensor.js';
import { Mismatch } from './affine.js';
import type { ProductOptions, RowProduct } from './products.js';
import type { LoopFault } from './scenario.js';

export interface LoopOptions extends ProductOptions {
  /** batch size of a stateful network: sample n starts with the final states of sample n − every */
  readonly every?: number;
  /** compute σ and tanh to the last digit, as the engines do, instead of with the fast ones of numerics/quick.ts */
  readonly exact?: boolean;
  /** run loops that are correct except at their start and end on this kernel (fusedLoop.ts); earlier runs are then not reused */
  readonly fused?: Kernel;
}

/** A loop over samples and steps: its inputs and results. */
export interface Loop {
  readonly args: RecurrenceArgs;
  readonly fault: LoopFault;
  readonly options: LoopOptions;
  readonly M: number;
  readonly P: number;
  /** G·M */
  readonly width: number;
  /** width of each state: P for h, M for c */
  readonly widths: readonly number[];
  /** added to h·Wh: in PyTorch and in Keras' GRU with the reset after the product, this bias stays separate */
  readonly recurrentBias: FloatArray | undefined;
  /** x·Wx + b of every step [N·T, G·M] */
  readonly inputs: FloatArray;
  /** x·Wx + b of one step; overwritten by its gates */
  readonly gates: FloatArray;
  /** the gates of every step, for traces: [N·T, G·M] */
  readonly keptGates: FloatArray | undefined;
  /** h·Wh */
  readonly product: RowProduct;
  /** h·Wp, if h is projected */
  readonly project: RowProduct | undefined;
  readonly recurrent: StepContext['recurrent'];
  /** h of every step, [N, T, P] */
  readonly sequence: FloatArray;
  /** final states of all samples, each [N, width] */
  readonly states: readonly FloatArray[];
  /** all states, for traces: each [N, T, width] */
  readonly kept: readonly FloatArray[] | undefined;
  /**
   * copied from the fault, because they are read at every step: faults have different fields, and V8 would recompile the step for each set
   * of them
   */
  readonly step: LoopFault['step'];
  readonly inPlace: boolean;
  readonly round: LoopFault['round'];
  readonly output: 0 | 1;
  readonly peepholes: FloatArray | undefined;
  /** arrays that the next step may overwrite */
  spare: FloatArray[];
  /** h·Wh of all samples for the current step: [N, K] */
  ahead: Ahead | undefined;
}

/** The first K columns of the products; row `row` is for this very `h`; `used`: whether some sample has asked for it. */
export interface Ahead {
  readonly products: FloatArray;
  readonly K: number;
  row: number;
  h: FloatArray;
  used: boolean;
}

/** The initial states of sample n, in arrays of its own. */
export function startOf({ args, fault, options, states, widths }: Loop, n: number): FloatArray[] {
  return widths.map((w, s) => {
    const lag = fault.carry?.lag ?? 1;
    if (fault.carry?.by === 'sample' && n >= lag && carries(fault, s)) return states[s].slice((n - lag) * w, (n - lag + 1) * w);
    if (options.every !== undefined && n >= options.every) return states[s].slice((n - options.every) * w, (n - options.every + 1) * w);
    const given = args.initial?.[s];
    const fresh = allocate(w, options.precision);
    if (given) fresh.set(given.data.subarray(n * w, (n + 1) * w));
    return fresh;
  });
}

function carries(fault: LoopFault, s: number): boolean {
  return fault.carry!.what === 'all' || (fault.carry!.what === 'h') === (s === 0);
}

/** The range of steps to run, in order. */
export function stepsIn({ args, fault }: Loop): readonly [from: number, to: number] {
  const T = args.x.shape[1];
  const { first, last } = fault.skip ?? { first: 0, last: 0 };
  if (first + last >= T) throw new Mismatch();
  return [first, T - last];
}

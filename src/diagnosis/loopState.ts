import type { StepContext } from '../cells/cell.js';
import type { Kernel } from '../engines/batched/kernel.js';
import type { RecurrenceArgs } from '../layers/layer.js';
import { allocate, type FloatArray } from '../tensor/tensor.js';
import { Mismatch } from './affine.js';
import type { ProductOptions, RowProduct } from './products.js';
import type { LoopFault } from './scenario.js';

export interface LoopOptions extends ProductOptions {
  /** a stateful network's batch size: sample n starts with the states sample n − every left */
  readonly every?: number;
  /** σ and tanh to the last digit, as engines have them; else the quick ones of numerics/quick.ts */
  readonly exact?: boolean;
  /** loops that are right but for their start and end run on this kernel (fusedLoop.ts); what is run before is not looked for then */
  readonly fused?: Kernel;
}

/** A loop over samples and steps: what it reads, and what it leaves. */
export interface Loop {
  readonly args: RecurrenceArgs;
  readonly fault: LoopFault;
  readonly options: LoopOptions;
  readonly M: number;
  readonly P: number;
  /** G·M */
  readonly width: number;
  /** of each state: P for h, M for c */
  readonly widths: readonly number[];
  /** added to h·Wh: PyTorch's and Keras' GRU with the reset after the product keep it apart */
  readonly recurrentBias: FloatArray | undefined;
  /** x·Wx + b of every step [N·T, G·M] */
  readonly inputs: FloatArray;
  /** those of one step, which become its gates */
  readonly gates: FloatArray;
  /** the gates of every step, for traces: [N·T, G·M] */
  readonly keptGates: FloatArray | undefined;
  /** h·Wh */
  readonly product: RowProduct;
  /** h·Wp, where h is projected */
  readonly project: RowProduct | undefined;
  readonly recurrent: StepContext['recurrent'];
  /** h of every step, [N, T, P] */
  readonly sequence: FloatArray;
  /** the last ones of every sample, each [N, width] */
  readonly states: readonly FloatArray[];
  /** every one, for traces: each [N, T, width] */
  readonly kept: readonly FloatArray[] | undefined;
  /** of the fault, read at every step; faults have different fields, which V8 would compile the step for one after the other */
  readonly step: LoopFault['step'];
  readonly inPlace: boolean;
  readonly round: LoopFault['round'];
  readonly output: 0 | 1;
  readonly peepholes: FloatArray | undefined;
  /** what the next step may fill */
  spare: FloatArray[];
  /** h·Wh of all samples, for the step that they are at: [N, K] */
  ahead: Ahead | undefined;
}

/** The first K columns of products, row `row` of them for this very `h`; `used`: asked for by some sample. */
export interface Ahead {
  readonly products: FloatArray;
  readonly K: number;
  row: number;
  h: FloatArray;
  used: boolean;
}

/** The states that sample n starts with, arrays of its own. */
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

/** The steps that are run, in their order. */
export function stepsIn({ args, fault }: Loop): readonly [from: number, to: number] {
  const T = args.x.shape[1];
  const { first, last } = fault.skip ?? { first: 0, last: 0 };
  if (first + last >= T) throw new Mismatch();
  return [first, T - last];
}

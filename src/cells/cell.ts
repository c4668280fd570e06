import type { CellFunction } from '../activations/activation.js';
import type { FloatArray } from '../tensor/tensor.js';
import type { Line, StepWriter } from './handCalculation.js';

/**
 * The cell contract. A cell owns everything elementwise; the engine owns every matrix product.
 * D features, M units, G gates, N samples; P width of the projection (M without one).
 */
export type WeightRole = 'kernel' | 'recurrentKernel' | 'bias' | 'projection' | 'peepholes' | 'embeddings' | 'scale' | 'statistics';

export interface WeightShape {
  /** the name in equations and reports: 'Wx', 'forward/Wh', 'Wo' */
  readonly name: string;
  readonly role: WeightRole;
  /** symbolic: ['D', '4M'] */
  readonly dims: readonly string[];
  readonly shape: readonly number[];
  /** gates whose column blocks make up the last axis, or null */
  readonly gates: readonly string[] | null;
  /** arithmetic of the count: 'D*4*M' */
  readonly formula: string;
  /** constant initial value of all its elements, which are never drawn at random */
  readonly fill?: number;
  /** not changed by training: the moving statistics of a normalisation */
  readonly frozen?: boolean;
}

export interface CellOptions {
  readonly useBias: boolean;
  /** whether there are an input and a recurrent bias, as in PyTorch and ONNX; a GRU with resetAfter needs both in any framework */
  readonly twoBiases: boolean;
  /** GRU: reset gate applied after the recurrent product (Keras 3, PyTorch) or before (Keras 1, tfjs, ONNX default) */
  readonly resetAfter: boolean;
  /** LSTM: width of the projected output, or null */
  readonly projection: number | null;
  /** ONNX LSTM: diagonal weights from c to the gates i, o, f */
  readonly peepholes: boolean;
  /** ONNX: limit of the gate pre-activations, which are clamped to [−clip, clip]; or null */
  readonly clip: number | null;
  /** ONNX LSTM: f = 1 − i */
  readonly inputForget: boolean;
}

/** What `step` reads and fills, for N samples at once. All arrays are row-major. */
export interface StepContext {
  readonly N: number;
  readonly M: number;
  /** [N, G·M]: arrives as x_t·kernel + bias, leaves as the activated gates */
  readonly gates: FloatArray;
  /** one per state, h first: h [N, P], c [N, M] */
  readonly state: readonly FloatArray[];
  /** filled by step: the next states, each [N, M] (the engine applies a projection afterwards) */
  readonly next: readonly FloatArray[];
  /** h·recurrentKernel (+ recurrent bias) for gates [from, to): [N, (to−from)·M]. The result is valid until the next call. */
  recurrent(h: FloatArray, from: number, to: number): FloatArray;
  /** recurrent activation σ */
  readonly sig: CellFunction;
  /** activation of the candidate */
  readonly act: CellFunction;
  /** activation of c in h = o ⊙ actOut(c) (h in ONNX); the same as `act` by default */
  readonly actOut: CellFunction;
  readonly options: CellOptions;
  /** [3, M] in the order i, o, f; present with options.peepholes */
  readonly peepholes?: FloatArray;
}

/** Every StepContext is made here and so has the same hidden class: V8 would compile a cell's step again for each other one. */
export function stepContext(
  { sig, act, actOut, options }: Pick<StepContext, 'sig' | 'act' | 'actOut' | 'options'>,
  { N, M, gates, state, next, recurrent, peepholes }: Omit<StepContext, 'sig' | 'act' | 'actOut' | 'options'>,
): StepContext {
  return { N, M, gates, state, next, recurrent, sig, act, actOut, options, peepholes };
}

/** The order of a framework's column blocks, by our names of the gates. */
export interface FrameworkRow {
  readonly gates: readonly string[];
}

/** A framework's gate order and its class name for the cell's layer. */
export interface NamedRow extends FrameworkRow {
  readonly className: string;
}

/** Flax has a single bias per gate, unless the input and the recurrent bias cannot be added up. */
export interface FlaxRow extends NamedRow {
  /** how many blocks of our second bias row Flax lacks */
  readonly spareBiases: number;
}

/** A field that a cell adds to its layer in a spec. */
export type CellField =
  | { readonly type: 'activation'; readonly default: string }
  | { readonly type: 'size'; readonly default: null }
  | { readonly type: 'boolean'; readonly default: boolean };

export interface Cell {
  readonly name: string;
  /** in headings: 'LSTM' */
  readonly title: string;
  /** fields of its layer in a spec, beyond those of every recurrent layer */
  readonly fields: Readonly<Record<string, CellField>>;
  /** column blocks of kernel [D, G·M], canonical order */
  readonly gates: readonly string[];
  /** the first one is the output */
  readonly states: readonly string[];
  /** the equations, one per line, in the README's letters; for traces and help */
  equations(options: CellOptions): readonly string[];
  weightShapes(D: number, M: number, options: CellOptions, symbols?: { D: string; M: string; P: string }): WeightShape[];
  /** whether the recurrent bias is multiplied by a gate, so that it cannot be added to the input bias; absent: never */
  recurrentBiasApart?(options: CellOptions): boolean;
  /** the cell in each framework; absent if it has none, and asking for it is refused by name */
  readonly keras?: NamedRow;
  readonly torch?: NamedRow;
  readonly onnx?: NamedRow;
  readonly flax?: FlaxRow;
  /** elementwise multiply-adds and activation calls of one step of one sample, outside the matrix products; for `shapes` */
  elementwise(M: number, options: CellOptions): { multiplyAdds: number; activations: number };
  step(context: StepContext): void;
  /** writes the same step line by line, for the hand calculation and for scripts: all intermediate vectors in the order of the equations; the new states are named h_t, c_t */
  handCalculation<L extends Line>(w: StepWriter<L>): void;
}

import type { CellFunction } from '../activations/activation.js';
import type { FloatArray } from '../tensor/tensor.js';
import type { Line, StepWriter } from './handCalculation.js';

/**
 * The cell contract. A cell owns everything elementwise; the engine owns every matrix product.
 * D features, M units, G gates, N samples; P the projected width (M without projection).
 */
export type WeightRole = 'kernel' | 'recurrentKernel' | 'bias' | 'projection' | 'peepholes' | 'embeddings' | 'scale' | 'statistics';

export interface WeightShape {
  /** as people write it: 'Wx', 'forward/Wh', 'Wo' */
  readonly name: string;
  readonly role: WeightRole;
  /** symbolic: ['D', '4M'] */
  readonly dims: readonly string[];
  readonly shape: readonly number[];
  /** column blocks of the last axis, or null */
  readonly gates: readonly string[] | null;
  /** arithmetic of the count: 'D*4*M' */
  readonly formula: string;
  /** what a fresh layer has in all its places: it is never drawn */
  readonly fill?: number;
  /** not changed by training: the moving statistics of a normalisation */
  readonly frozen?: boolean;
}

export interface CellOptions {
  readonly useBias: boolean;
  /** PyTorch and ONNX: an input and a recurrent bias. GRU with resetAfter needs both in any framework. */
  readonly twoBiases: boolean;
  /** GRU: reset gate applied after the recurrent product (Keras 3, PyTorch) or before (Keras 1, tfjs, ONNX default) */
  readonly resetAfter: boolean;
  /** LSTM: width of the projected output, or null */
  readonly projection: number | null;
  /** ONNX LSTM: diagonal weights from c to the gates i, o, f */
  readonly peepholes: boolean;
  /** ONNX: gate pre-activations clamped to [-clip, clip], or null */
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
  /** activation of the cell state on its way out (ONNX h); `act` unless the spec says otherwise */
  readonly actOut: CellFunction;
  readonly options: CellOptions;
  /** [3, M] in the order i, o, f, when options.peepholes */
  readonly peepholes?: FloatArray;
}

/** Made in this one place: V8 compiles a cell's step for each kind of object that it is given, and these are of one kind. */
export function stepContext(
  { sig, act, actOut, options }: Pick<StepContext, 'sig' | 'act' | 'actOut' | 'options'>,
  { N, M, gates, state, next, recurrent, peepholes }: Omit<StepContext, 'sig' | 'act' | 'actOut' | 'options'>,
): StepContext {
  return { N, M, gates, state, next, recurrent, sig, act, actOut, options, peepholes };
}

/** The order of a framework's column blocks, in our names of the gates. */
export interface FrameworkRow {
  readonly gates: readonly string[];
}

/** The same, and what the framework calls the cell's layer. */
export interface NamedRow extends FrameworkRow {
  readonly className: string;
}

/** Flax has a bias for the input or for the state, not for both, unless they cannot be added. */
export interface FlaxRow extends NamedRow {
  /** how many blocks of our second row of biases Flax has not */
  readonly spareBiases: number;
}

/** An option of a cell as a field of its layer in a spec. */
export type CellField =
  | { readonly type: 'activation'; readonly default: string }
  | { readonly type: 'size'; readonly default: null }
  | { readonly type: 'boolean'; readonly default: boolean };

export interface Cell {
  readonly name: string;
  /** in headings: 'LSTM' */
  readonly title: string;
  /** fields of its layer in a spec that not every recurrent layer has */
  readonly fields: Readonly<Record<string, CellField>>;
  /** column blocks of kernel [D, G·M], canonical order */
  readonly gates: readonly string[];
  /** the first one is the output */
  readonly states: readonly string[];
  /** the equations, one per line, in the letters of the tutorial; for traces and help */
  equations(options: CellOptions): readonly string[];
  weightShapes(D: number, M: number, options: CellOptions, symbols?: { D: string; M: string; P: string }): WeightShape[];
  /** whether a second row of biases stands inside a product of the state, where it cannot be added to the first; absent: never */
  recurrentBiasApart?(options: CellOptions): boolean;
  /** absent: the framework has no such cell, and asking for it is refused by name */
  readonly keras?: NamedRow;
  readonly torch?: NamedRow;
  readonly onnx?: NamedRow;
  readonly flax?: FlaxRow;
  /** multiply-adds of one step of one sample outside the matrix products, for `shapes`: elementwise multiplies-adds and activation calls */
  elementwise(M: number, options: CellOptions): { multiplyAdds: number; activations: number };
  step(context: StepContext): void;
  /** the same step by hand, and for scripts: every intermediate vector in the order of the equations, the new states as lines named h_t, c_t */
  handCalculation<L extends Line>(w: StepWriter<L>): void;
}

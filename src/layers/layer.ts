import type { ActivationSpec, CellFunction } from '../activations/activation.js';
import type { Cell, CellOptions, WeightShape } from '../cells/cell.js';
import type { ProductKernels } from '../ops/operator.js';
import type { FloatArray, Tensor } from '../tensor/tensor.js';
import type { Grammar, KerasFacet, Nodes, OnnxFacet, ScriptFacet } from './facets.js';
import type { DimShape } from './shape.js';

/**
 * The layer contract. A layer kind knows its weights' shapes, its output's shape and how to apply itself with an engine's kernels.
 * It owns no matrix product and no time loop: those are the engine's `Kernels`.
 */

export type { Dim, DimShape } from './shape.js';

/** A value that layers pass on. */
export interface Value {
  readonly tensor: Tensor;
  /** what its numbers are, for operators that treat whole numbers and truth values differently; absent: real numbers */
  readonly kind?: 'int' | 'bool';
  /** [N·T], 1 = a real step, 0 = padding; undefined: every step is real */
  readonly mask?: Uint8Array;
}

export interface RecurrenceArgs {
  readonly cell: Cell;
  readonly options: CellOptions;
  readonly sig: CellFunction;
  readonly act: CellFunction;
  readonly actOut: CellFunction;
  /** names, so that an engine may pick a fused path for the defaults */
  readonly activation: ActivationSpec;
  readonly recurrentActivation: ActivationSpec | null;
  readonly outputActivation: ActivationSpec | null;
  readonly units: number;
  /** canonical weights of one direction: kernel [D, G·M], recurrentKernel [P, G·M], bias [G·M] or [2, G·M], projection [M, P], peepholes [3, M] */
  readonly weights: Readonly<Partial<Record<string, Tensor>>>;
  /** [N, T, D] */
  readonly x: Tensor;
  /** [N·T] */
  readonly mask?: Uint8Array;
  /** one per state: [N, P], [N, M] */
  readonly initial?: readonly Tensor[];
  /** run t = T−1 … 0 */
  readonly reverse: boolean;
  /** masked steps output zeros instead of the last output */
  readonly zeroOutputForMask: boolean;
  /** keep gates and all states of every step */
  readonly trace: boolean;
  /** keep the whole sequence of outputs; when false, `sequence` is absent and only the last step is kept */
  readonly sequence: boolean;
}

export interface RecurrenceTrace {
  /** activated gates [N, T, G·M], time order */
  readonly gates: Tensor;
  /** every state after every step [N, T, P] or [N, T, M], time order */
  readonly states: readonly Tensor[];
}

export interface RecurrenceResult {
  /** [N, T, P] at the time index of its input, whichever way it ran; absent unless requested */
  readonly sequence?: Tensor;
  /** output of the last processed step [N, P] (zeros where masked and zeroOutputForMask) */
  readonly last: Tensor;
  /** states after the last processed step */
  readonly states: readonly Tensor[];
  readonly trace?: RecurrenceTrace;
}

/** Rows of a matrix inside a larger buffer: the first one starts at `start`, the next one `stride` further. Rows may overlap where they are read. */
export interface Rows {
  readonly data: FloatArray;
  readonly start: number;
  readonly stride: number;
}

/** Sets out [R, K] = bias + x [R, D] · kernel, for R rows. */
export type Product = (out: Rows, x: Rows, R: number) => void;

/** What an engine offers to layers. */
export interface Kernels extends ProductKernels {
  /** x · kernel + bias to be computed many times, on rows that lie anywhere: a window that slides over a sequence. Valid until the next call of these kernels. */
  product(kernel: Tensor, bias?: Tensor): Product;
  recurrence(args: RecurrenceArgs): RecurrenceResult;
}

export interface LayerContext {
  readonly kernels: Kernels;
  /** weights by their display name: 'Wx', 'backward/Wh' */
  readonly weights: ReadonlyMap<string, Tensor>;
  /** initial states of this layer, per direction then state: [fwd h, fwd c, bwd h, bwd c] */
  readonly initial?: readonly Tensor[];
  /** `initial` comes from earlier steps of the same sequence */
  readonly continued?: boolean;
  readonly trace: boolean;
}

export interface LayerResult extends Value {
  /** final states, per direction then state */
  readonly states?: readonly Tensor[];
  /** hidden sequence of a recurrent layer [N, T, M'] (merged for bidirectional), kept when trace is on or it is the output anyway */
  readonly sequence?: Tensor;
  /** one per direction */
  readonly traces?: readonly RecurrenceTrace[];
  /** outputs beside the first, in the order of `otherOutputs` of its kind */
  readonly others?: readonly Tensor[];
}

/** Letters for this layer's own sizes: 'M', 'M2', 'K' … */
export interface LayerSymbols {
  readonly units: string;
  readonly projection: string;
}

/** Work of one sample: exact counts, null while a size they need (T) is symbolic. */
export interface LayerCost {
  /** multiply-adds of matrix products */
  readonly matmul: bigint | null;
  /** additions of biases */
  readonly bias: bigint | null;
  /** multiply-adds of gates and states */
  readonly elementwise: bigint | null;
  /** calls of activation functions */
  readonly activations: bigint | null;
  /** how `matmul` is counted: 'T*(D*4*M+M*4*M)'; '' for none */
  readonly formula: string;
}

/** One field of a layer in a spec: its type, and its default (absent = required). Checked by model/check.ts, shown by the JSON Schema. */
export type Field =
  | { readonly type: 'size'; readonly default?: number | null }
  | { readonly type: 'number'; readonly min?: number; readonly max?: number; readonly default?: number | null }
  | { readonly type: 'boolean'; readonly default?: boolean }
  | { readonly type: 'activation'; readonly default?: string | null }
  | { readonly type: 'choice'; readonly choices: readonly string[]; readonly default?: string | null }
  /** a layer inside the layer: its kind and fields; or several. `kinds`: the only ones that may stand there */
  | { readonly type: 'layer' | 'layers'; readonly kinds?: readonly string[]; readonly default?: null }
  /** a value of a special form: checked by `check`, which throws RnnError kind 'spec', and published as `schema` */
  | { readonly type: 'own'; check(value: unknown, key: string): unknown; readonly schema: object; readonly default?: unknown };

/** What every layer of a spec has. */
export interface LayerBase {
  /** unique in the model; `rnn_1`, `dense_1` … unless named */
  readonly name: string;
  /** names of the layers it reads, or 'input'; default: the layer before */
  readonly inputs: readonly string[];
  /** Keras: counted as non-trainable when false */
  readonly trainable: boolean;
  /** values that give its initial states: h, c; both directions one after the other */
  readonly states?: readonly string[];
  /**
   * the value that says which steps are real (not 0) [N, T], in place of the mask that comes with the input; null: every step is computed as
   * real, and the mask of the input is passed on
   */
  readonly mask?: string | null;
  /** the layer whose weights this call uses: the same layer, called again */
  readonly shares?: string;
  /** where a file of weights keeps its tensors, if not under its name: a group of Keras' `.weights.h5` */
  readonly tensors?: string;
}

/** An output beside the first: its value is called `layer/suffix`. */
export interface NamedShape {
  readonly suffix: string;
  readonly shape: DimShape;
  /** it has the mask of the first output */
  readonly masked?: boolean;
}

/** What a kind need not say: that it has no weights, gives the shape that it gets, and costs nothing (index.ts). */
type Usual = 'weightShapes' | 'outputShape' | 'cost';

/** A kind as its folder describes it: how it computes, or the operators that it is made of. */
export type LayerKind<S extends LayerBase & { readonly kind: string }> = Omit<WholeKind<S>, Usual | 'apply'> &
  Partial<Pick<WholeKind<S>, Usual>> &
  (Pick<WholeKind<S>, 'apply'> | { readonly nodes: Nodes<S>; readonly apply?: undefined }) &
  ThisType<WholeKind<S>>;

export interface WholeKind<S extends LayerBase & { readonly kind: string }> {
  readonly name: string;
  /** this layer's class in Keras */
  kerasClass(layer: S): string;
  /** its fields in a spec, in addition to kind, name, inputs and trainable */
  readonly fields: Readonly<Record<string, Field>>;
  /** letter of its own width in shapes and formulas: 'K'; where several layers have one letter they are numbered */
  readonly letter?: string;
  /** what it needs from the layer before: a whole sequence, or anything, which it passes on */
  readonly reads?: 'sequence' | 'anything';
  /** a step of its output follows from that step of its inputs and from its own states: it may run over a sequence in pieces */
  stepwise?(layer: S): boolean;
  /** its output has the steps of its first input, whose mask it keeps */
  passesMask?(layer: S): boolean;
  /** its input is token numbers: always, or if its output is read as such */
  readonly tokens?: 'read' | 'as what it gives';
  /** its output has the numbers of its input, possibly in other places: whole numbers stay whole */
  readonly movesNumbers?: boolean;
  /** the kind whose weights a call of it may use: another way to call that layer */
  readonly sharesWith?: string;
  /** `apply` returns the mask of its output */
  readonly givesMask?: boolean;
  /** facets: how it is written elsewhere. An absent one is refused by name */
  readonly grammar?: Grammar;
  readonly keras?: KerasFacet<S>;
  readonly onnx?: OnnxFacet<S>;
  /** of a layer made of operators, in place of `onnx` and `apply`: written to a file, and computed one after the other */
  readonly nodes?: Nodes<S>;
  readonly scripts?: ScriptFacet<S>;
  /** @param inputs shapes of the inputs, batch first */
  weightShapes(layer: S, inputs: readonly DimShape[], symbols: LayerSymbols): WeightShape[];
  /** @throws RnnError E_SEQ, E_RANK, E_MERGE: what was expected and what came */
  outputShape(layer: S, inputs: readonly DimShape[], symbols: LayerSymbols): DimShape;
  /** outputs beside the first, as values that other layers can read: the states of a recurrent layer */
  otherOutputs?(layer: S, inputs: readonly DimShape[], symbols: LayerSymbols): readonly NamedShape[];
  cost(layer: S, inputs: readonly DimShape[], symbols: LayerSymbols): LayerCost;
  /** closed formula of the parameter count for people, 'M*(D+M+1)', if it is not just the sum over the weights (layers/formula.ts) */
  formula?(layer: S, inputs: readonly DimShape[], symbols: LayerSymbols): string | null;
  apply(layer: S, inputs: readonly Value[], context: LayerContext): LayerResult;
}

import type { ActivationSpec, CellFunction } from '../activations/activation.js';
import type { Cell, CellOptions, WeightShape } from '../cells/cell.js';
import type { ProductKernels } from '../ops/operator.js';
import type { FloatArray, Tensor } from '../tensor/tensor.js';
import type { Grammar, KerasFacet, Nodes, OnnxFacet, ScriptFacet } from './facets.js';
import type { DimShape } from './shape.js';

/**
 * The layer contract. A layer kind knows the shapes of its weights and outputs, and how to compute itself with an engine's kernels.
 * It has no matrix product and no time loop of its own: those are the engine's `Kernels`.
 */

export type { Dim, DimShape } from './shape.js';

/** A value passed between layers. */
export interface Value {
  readonly tensor: Tensor;
  /** type of its numbers, for operators that treat integers and booleans differently; absent: real numbers */
  readonly kind?: 'int' | 'bool';
  /** [N·T], 1 for a real step, 0 for padding; undefined: every step is real */
  readonly mask?: Uint8Array;
}

export interface RecurrenceArgs {
  readonly cell: Cell;
  readonly options: CellOptions;
  readonly sig: CellFunction;
  readonly act: CellFunction;
  readonly actOut: CellFunction;
  /** given by name, so that an engine can choose a fused kernel for the defaults */
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
  /** whether to keep the gates and states of every step */
  readonly trace: boolean;
  /** whether to return the output of every step; if false, the result has no `sequence` */
  readonly sequence: boolean;
}

export interface RecurrenceTrace {
  /** activated gates [N, T, G·M], time order */
  readonly gates: Tensor;
  /** every state after every step [N, T, P] or [N, T, M], time order */
  readonly states: readonly Tensor[];
}

export interface RecurrenceResult {
  /** [N, T, P] in time order, whichever direction it ran in; absent unless requested */
  readonly sequence?: Tensor;
  /** output of the last processed step [N, P] (zeros if it is masked and zeroOutputForMask is set) */
  readonly last: Tensor;
  /** states after the last processed step */
  readonly states: readonly Tensor[];
  readonly trace?: RecurrenceTrace;
}

/** Rows of a matrix inside a larger buffer: row r starts at start + r·stride. Rows that are only read may overlap. */
export interface Rows {
  readonly data: FloatArray;
  readonly start: number;
  readonly stride: number;
}

/** Sets out [R, K] = bias + x [R, D] · kernel, for R rows. */
export type Product = (out: Rows, x: Rows, R: number) => void;

/** What an engine provides to layers. */
export interface Kernels extends ProductKernels {
  /** Prepares x · kernel + bias for repeated use on rows anywhere in a buffer, such as those of a sliding window. Valid until the next call of these kernels. */
  product(kernel: Tensor, bias?: Tensor): Product;
  recurrence(args: RecurrenceArgs): RecurrenceResult;
}

export interface LayerContext {
  readonly kernels: Kernels;
  /** weights by their display name: 'Wx', 'backward/Wh' */
  readonly weights: ReadonlyMap<string, Tensor>;
  /** initial states of this layer, by direction, then state: [fwd h, fwd c, bwd h, bwd c] */
  readonly initial?: readonly Tensor[];
  /** whether `initial` comes from earlier steps of the same sequence */
  readonly continued?: boolean;
  readonly trace: boolean;
}

export interface LayerResult extends Value {
  /** final states, by direction, then state */
  readonly states?: readonly Tensor[];
  /** all h of a recurrent layer [N, T, M'] (merged for bidirectional); present if trace is on or it is the output anyway */
  readonly sequence?: Tensor;
  /** one per direction */
  readonly traces?: readonly RecurrenceTrace[];
  /** outputs after the first, in the order of the kind's `otherOutputs` */
  readonly others?: readonly Tensor[];
}

/** Letters for this layer's own sizes: 'M', 'M2', 'K' … */
export interface LayerSymbols {
  readonly units: string;
  readonly projection: string;
}

/** Operations for one sample: exact counts, null while a size they depend on (T) is symbolic. */
export interface LayerCost {
  /** multiply-adds of matrix products */
  readonly matmul: bigint | null;
  /** additions of biases */
  readonly bias: bigint | null;
  /** multiply-adds of gates and states */
  readonly elementwise: bigint | null;
  /** calls of activation functions */
  readonly activations: bigint | null;
  /** formula of `matmul`: 'T*(D*4*M+M*4*M)'; '' if there is no product */
  readonly formula: string;
}

/** One field of a layer in a spec: its type, and its default (absent = required). Checked by model/check.ts, shown by the JSON Schema. */
export type Field =
  | { readonly type: 'size'; readonly default?: number | null }
  | { readonly type: 'number'; readonly min?: number; readonly max?: number; readonly default?: number | null }
  | { readonly type: 'boolean'; readonly default?: boolean }
  | { readonly type: 'activation'; readonly default?: string | null }
  | { readonly type: 'choice'; readonly choices: readonly string[]; readonly default?: string | null }
  /** one or several nested layers, each with its kind and fields. `kinds`: the kinds allowed */
  | { readonly type: 'layer' | 'layers'; readonly kinds?: readonly string[]; readonly default?: null }
  /** a value of a special form: checked by `check`, which throws RnnError kind 'spec', and published as `schema` */
  | { readonly type: 'own'; check(value: unknown, key: string): unknown; readonly schema: object; readonly default?: unknown };

/** What every layer of a spec has. */
export interface LayerBase {
  /** unique in the model; default: `rnn_1`, `dense_1` … */
  readonly name: string;
  /** names of the layers it reads, or 'input'; default: the layer before */
  readonly inputs: readonly string[];
  /** Keras: if false, the weights are counted as non-trainable */
  readonly trainable: boolean;
  /** names of the values that are its initial states: h, c; both directions one after the other */
  readonly states?: readonly string[];
  /**
   * name of the value that is its mask [N, T] (nonzero for a real step), replacing the mask of its input; null: the layer computes every
   * step as real, and passes the mask of its input on
   */
  readonly mask?: string | null;
  /** the layer whose weights this call uses: the same layer, called again */
  readonly shares?: string;
  /** where a file of weights keeps its tensors, if not under its name: a group of Keras' `.weights.h5` */
  readonly tensors?: string;
}

/** An output after the first: its value is called `layer/suffix`. */
export interface NamedShape {
  readonly suffix: string;
  readonly shape: DimShape;
  /** whether it has the mask of the first output */
  readonly masked?: boolean;
}

/** Members a kind may omit. The defaults (index.ts): no weights, the shape of the input, no cost. */
type Usual = 'weightShapes' | 'outputShape' | 'cost';

/** A kind as its folder describes it: it has either `apply`, or `nodes`, the operators it is made of. */
export type LayerKind<S extends LayerBase & { readonly kind: string }> = Omit<WholeKind<S>, Usual | 'apply'> &
  Partial<Pick<WholeKind<S>, Usual>> &
  (Pick<WholeKind<S>, 'apply'> | { readonly nodes: Nodes<S>; readonly apply?: undefined }) &
  ThisType<WholeKind<S>>;

export interface WholeKind<S extends LayerBase & { readonly kind: string }> {
  readonly name: string;
  /** Keras' class name of this layer */
  kerasClass(layer: S): string;
  /** its fields in a spec, in addition to kind, name, inputs and trainable */
  readonly fields: Readonly<Record<string, Field>>;
  /** letter of its width in shapes and formulas: 'K'; numbered if several layers have it */
  readonly letter?: string;
  /** 'sequence': its input must be a sequence; 'anything': it takes a sequence or one vector per sample, and its output is the same */
  readonly reads?: 'sequence' | 'anything';
  /** whether it reads several inputs; any other layer reads one */
  readonly joins?: true;
  /** whether each step of its output depends only on that step of its inputs and on its own states, so that a sequence can be computed in pieces */
  stepwise?(layer: S): boolean;
  /** whether its output has the steps of its first input, and so that input's mask */
  passesMask?(layer: S): boolean;
  /** whether its input is token numbers: always ('read'), or if its output is used as token numbers */
  readonly tokens?: 'read' | 'as what it gives';
  /** whether it only moves numbers of its input, so that whole numbers stay whole */
  readonly movesNumbers?: boolean;
  /** the kind whose weights it may share, because it is another way to call that layer */
  readonly sharesWith?: string;
  /** whether `apply` returns the mask of its output */
  readonly givesMask?: boolean;
  /** facets (facets.ts): how it is written outside a spec. A layer that lacks one is refused there by name */
  readonly grammar?: Grammar;
  readonly keras?: KerasFacet<S>;
  readonly onnx?: OnnxFacet<S>;
  /** the operators that the layer is made of; used to write ONNX and, in place of `apply`, to compute the layer */
  readonly nodes?: Nodes<S>;
  readonly scripts?: ScriptFacet<S>;
  /** @param inputs shapes of the inputs, batch first */
  weightShapes(layer: S, inputs: readonly DimShape[], symbols: LayerSymbols): WeightShape[];
  /** @throws RnnError E_SEQ, E_RANK, E_MERGE with the expected and the found shape */
  outputShape(layer: S, inputs: readonly DimShape[], symbols: LayerSymbols): DimShape;
  /** outputs after the first, which other layers can read: the states of a recurrent layer */
  otherOutputs?(layer: S, inputs: readonly DimShape[], symbols: LayerSymbols): readonly NamedShape[];
  cost(layer: S, inputs: readonly DimShape[], symbols: LayerSymbols): LayerCost;
  /** closed formula of the parameter count for reading, 'M*(D+M+1)', if it is shorter than the sum over the weights (formula.ts) */
  formula?(layer: S, inputs: readonly DimShape[], symbols: LayerSymbols): string | null;
  apply(layer: S, inputs: readonly Value[], context: LayerContext): LayerResult;
}

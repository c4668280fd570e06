/**
 * Activations. Elementwise ones are plain functions of one number; row activations (softmax) see the last axis.
 * `f` works in float64; the engine rounds when it stores. Parameters come from the spec: {"name":"leaky_relu","negative_slope":0.1}.
 */
export type ActivationParameters = Readonly<Record<string, number | boolean | null>>;

export interface ActivationNames {
  /** our name; the one in specs and on the command line */
  readonly name: string;
  /** other spellings accepted on input: swish -> silu */
  readonly aliases?: readonly string[];
  /** as Keras 3 serialises it; absent = Keras has none */
  readonly keras?: string;
  /** torch.nn.functional name; absent = none */
  readonly torch?: string;
  /** ONNX operator or RNN activation name; absent = none */
  readonly onnx?: string;
  /** our names of ONNX's alpha and beta, in that order, and ONNX's defaults, which may differ from ours */
  readonly onnxParameters?: readonly { readonly name: string; readonly default: number }[];
  /** parameter -> default */
  readonly parameters?: ActivationParameters;
}

export interface ElementwiseActivation extends ActivationNames {
  readonly kind: 'elementwise';
  create(parameters: ActivationParameters): (x: number) => number;
  /** f with default parameters for a whole array, if calling f costs more than computing it; x and out may be the same array */
  readonly many?: (x: ArrayLike<number>, out: { [i: number]: number }) => void;
}

export interface RowActivation extends ActivationNames {
  readonly kind: 'row';
  create(parameters: ActivationParameters): RowFunction;
}

/** Fills out[from, to) from x[from, to). x and out may be the same array. */
export type RowFunction = (x: ArrayLike<number>, from: number, to: number, out: { [i: number]: number }) => void;

/** An activation as a cell calls it: of one number, or of a row [M], one gate of one sample. */
export type CellFunction = ((x: number) => number) | { readonly row: RowFunction };

export type Activation = ElementwiseActivation | RowActivation;

/** How a spec names an activation: its name, or its name with parameters. */
export type ActivationSpec = string | ({ readonly name: string } & Readonly<Record<string, string | number | boolean | null>>);

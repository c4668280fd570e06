import type { ActivationSpec } from '../activations/activation.js';
import type { GraphBuilder } from '../formats/onnx/builder.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Json } from './kerasConfig.js';
import type { DimShape } from './shape.js';

/**
 * How a layer is written elsewhere: in the one-line grammar, in Keras, in an ONNX graph, in scripts. A facet is data and small functions in
 * the layer's own folder; the code that walks over files and graphs is in conventions/ and run/, and asks the layer. A layer without a
 * facet is refused there by name.
 */

/** `word:sizes@activation+option` of --layers */
export interface Grammar {
  /** the word that it begins with; default: the name of the kind */
  readonly word?: string;
  /** whole numbers after the colon, joined by x */
  readonly sizes?: {
    /** for messages: 'FILTERSxWIDTH', and a valid example: '64x5' */
    readonly form: string;
    readonly example: string;
    /** the meaning of the parts, if the form does not show it */
    readonly meaning?: string;
    /** the fields that they are, in order */
    readonly fields: readonly SizeField[];
  };
  /** or one real number */
  readonly number?: { readonly field: string; readonly example: string };
  /** takes @activation */
  readonly activation?: boolean;
  readonly options?: Readonly<Record<string, GrammarOption>>;
}

/** A field with one size; or the last, which has the rest of them: as many as `counts` says. */
export type SizeField =
  | string
  | { readonly list: string; readonly counts: readonly [from: number, to: number]; readonly oneForAll?: boolean };

/** +same sets fields, +sum those of a pair of directions; +stride=2 a size, in a list of as many as `axes` says. */
export type GrammarOption =
  | { readonly set: Json; readonly bidirectional?: true }
  | { readonly size: string; readonly axes?: number; readonly letter?: string };

/** Reads parts of a Keras config that other layers own. */
export interface KerasReader {
  /** 'tanh', null (linear), or a serialised object */
  activation(value: unknown): unknown;
  /** a layer inside a layer, as a layer of a spec */
  layer(config: unknown): Json;
}

/** A field with `count` sizes: all of them, or one that stands for all, or none for the default. */
export function oneForAll(list: string, count: number): SizeField {
  return { list, counts: [0, count], oneForAll: true };
}

/** Kinds over three axes of space are not in the grammar: a line of --layers cannot have such inputs. */
export function inGrammar(axes: number, grammar: Grammar): Grammar | undefined {
  return axes === 3 ? undefined : grammar;
}

export interface KerasFacet<S> {
  /** classes that are read as this kind: config -> its fields in a spec. @throws RnnError E_KERAS_OPTION */
  readonly classes: Readonly<Record<string, (config: Json, read: KerasReader) => Json>>;
  /** arguments of its call that are fields of the layer here: `use_causal_mask` -> causal */
  readonly callOptions?: Readonly<Record<string, string>>;
  /** arguments of its call that make it a layer of another kind here: `reverse` -> unembedding */
  readonly callKinds?: Readonly<Record<string, string>>;
  /** arguments of its call that are tensors: the layer reads them after its inputs, and the field says that they are there */
  readonly callInputs?: Readonly<Record<string, string>>;
  /** classes that change images: Keras records training=True for their calls, and predicts without it all the same */
  readonly forImages?: readonly string[];
  /** the field that says the type of whole numbers of its first input, where that changes what it gives */
  readonly inputType?: string;
  /** arguments of the constructor, in Keras' spelling */
  config(layer: S): Json;
  /** shapes of its outputs that Keras' symbolic call says, and its summary shows, where it computes others. @param outputs as it computes them from inputs */
  shownShapes?(layer: S, outputs: readonly DimShape[], inputs: readonly DimShape[]): readonly DimShape[];
  /** its weights' names in Keras, by ours; every weight of the layer has one */
  readonly weightNames?: Readonly<Record<string, string>>;
  /** path of a weight below the layer's group of a .weights.h5; default: vars/index. @param index among the layer's weights */
  path?(layer: S, weight: string, index: number): string;
  /** path of an array that such a file holds twice, which is not read */
  readonly repeated?: string;
}

/** What an ONNX graph is built from: the builder, the names of the inputs, the weights. */
export interface OnnxCall {
  readonly builder: GraphBuilder;
  readonly inputs: readonly string[];
  /** which steps of an input are real: names of truth values [N, T]; undefined: all are */
  readonly masks: readonly (string | undefined)[];
  /** number of axes of the first mask, if it is not [N, T]: that of an embedding of [N, S, T] has three */
  readonly maskAxes?: number;
  /** shapes of the inputs */
  readonly shapes: readonly DimShape[];
  /** types of the inputs: floats, except for operators and for the whole numbers of an embedding */
  readonly types: readonly ('f32' | 'i64' | 'bool')[];
  readonly output: DimShape;
  /** shapes of the outputs beside the first */
  readonly others: readonly DimShape[];
  /** initial states, constants or names of values, per direction then state */
  readonly initial?: readonly (Tensor | string)[];
  /** whether outputs beside the first are read by anything */
  readonly wantsOthers: boolean;
  weight(name: string): Tensor | undefined;
  /** appends an activation; @returns its output */
  activation(spec: ActivationSpec, x: string): string;
  /** appends a layer that stands inside this one, its weights under `prefix` */
  inner(layer: { readonly name: string; readonly kind: string }, prefix: string, given: Partial<OnnxCall>): OnnxResult;
}

/** Names of the outputs of a layer. */
export interface OnnxResult {
  readonly y: string;
  /** the mask of y where it is not that of the first input */
  readonly mask?: string;
  readonly maskAxes?: number;
  readonly others?: readonly string[];
  /** types of the outputs, unless floats */
  readonly type?: OnnxCall['types'][number];
  readonly otherType?: OnnxCall['types'][number];
}

/** Appends the layer's nodes. @returns the name of its output, or of all it gives @throws RnnError E_ONNX_LAYER */
export type OnnxFacet<S> = (layer: S, call: OnnxCall) => string | OnnxResult;

/** Adds nodes to a graph, or computes each of them at once (nodes.ts). */
export type NodeBuilder = Pick<GraphBuilder, 'add' | 'constant' | 'scalar' | 'integers'>;

/** What the nodes of a layer made of operators are added with: names of its inputs and their masks [N, T], shapes, weights. */
export interface NodesCall extends Pick<OnnxCall, 'inputs' | 'masks' | 'shapes' | 'weight' | 'activation'> {
  readonly builder: NodeBuilder;
}

/** Adds the nodes of a layer made of operators. @returns the name of its output, and of its mask where it gives one */
export type Nodes<S> = (layer: S, call: NodesCall) => string | Pick<OnnxResult, 'y' | 'mask'>;

/** What the Python of one layer is written from. */
export interface ScriptCall {
  readonly inputs: readonly string[];
  /** shapes of the inputs */
  readonly shapes: readonly DimShape[];
  /** as in an ONNX graph */
  readonly types: OnnxCall['types'];
  readonly output: DimShape;
  /** shapes of the outputs beside the first, and whether the expression has to return these, too */
  readonly others: readonly DimShape[];
  readonly wantsOthers: boolean;
  /** which steps of an input are real, [N, T], as Python; undefined: all */
  readonly masks?: readonly (string | undefined)[];
  /** the Python of a weight, or undefined where the layer has none of that name */
  weight(name: string): string | undefined;
  /** the Python of the activation of an expression */
  activation(spec: ActivationSpec, x: string): string;
}

/** The expression that computes the layer, and the functions that it calls (`def …`, separated by empty lines). */
export interface Script<S> {
  readonly helpers?: string;
  /** the expression leaves masked steps out; absent: a layer that masks change is refused where there are masks */
  readonly readsMasks?: true;
  expression(layer: S, call: ScriptCall): string;
  /** of its output, where that is not real numbers. @param types of the inputs */
  type?(layer: S, types: OnnxCall['types']): OnnxCall['types'][number];
  /** of a layer that gives a mask: which steps are real, [N, T]; `given` is the mask of its input */
  mask?(layer: S, x: string, given: string | undefined): string | undefined;
  /** of a layer that joins inputs: the mask of the result; absent: refused where there are masks */
  jointMask?: JointMask<S>;
}

/** @param masks of the inputs, [N, T] each, as Python @returns undefined: no step is masked @throws RnnError E_EMIT */
export type JointMask<S> = (
  layer: S,
  masks: readonly (string | undefined)[],
  call: Pick<ScriptCall, 'inputs' | 'shapes'>,
) => string | undefined;

/** The libraries in whose arrays a layer's own expression is written. */
export type ArrayLibrary = 'np' | 'torch';

/** One expression in the words of either library, and the functions that it calls. */
export function inBoth<S>(
  expression: (library: ArrayLibrary, layer: S, call: ScriptCall) => string,
  helpers?: Readonly<Record<ArrayLibrary, string>>,
): ScriptFacet<S> {
  const script = (library: ArrayLibrary): Script<S> => ({
    helpers: helpers?.[library],
    expression: (layer, call) => expression(library, layer, call),
  });
  return { numpy: script('np'), torch: script('torch') };
}

/** NumPy computes in float64, PyTorch in float32; Keras scripts are written from the Keras facet. */
export interface ScriptFacet<S> {
  readonly numpy?: Script<S>;
  readonly torch?: Script<S>;
  /** for a layer that Keras does not have */
  readonly keras?: Script<S>;
}

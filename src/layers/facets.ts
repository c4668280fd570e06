import type { ActivationSpec } from '../activations/activation.js';
import type { GraphBuilder } from '../formats/onnx/builder.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Json } from './kerasConfig.js';
import type { DimShape } from './shape.js';

/**
 * How a layer is written outside a spec: in the one-line grammar, in Keras, in an ONNX graph, in scripts. A facet is data and small functions
 * in the layer's own folder; the code that walks over files and graphs is in conventions/ and run/, and asks the layer. A layer that lacks
 * the facet is refused there by name.
 */

/** `word:sizes@activation+option` of --layers */
export interface Grammar {
  /** the word that names the kind; default: the kind's name */
  readonly word?: string;
  /** whole numbers after the colon, joined by x */
  readonly sizes?: {
    /** for messages: 'FILTERSxWIDTH', and a valid example: '64x5' */
    readonly form: string;
    readonly example: string;
    /** the meaning of the parts, if the form does not show it */
    readonly meaning?: string;
    /** the fields that the numbers set, in order */
    readonly fields: readonly SizeField[];
  };
  /** one real number after the colon, instead of sizes */
  readonly number?: { readonly field: string; readonly example: string };
  /** takes @activation */
  readonly activation?: boolean;
  readonly options?: Readonly<Record<string, GrammarOption>>;
}

/** A field with a single size; or, in last place, a list that takes the remaining sizes, as many as `counts` allows. */
export type SizeField =
  | string
  | { readonly list: string; readonly counts: readonly [from: number, to: number]; readonly oneForAll?: boolean };

/** An option that sets fields (+same), or fields of a bidirectional layer (+sum), a size (+stride=2), repeated for `axes` axes, or a number (+eps=0.1). */
export type GrammarOption =
  | { readonly set: Json; readonly bidirectional?: true }
  | { readonly size: string; readonly axes?: number; readonly letter?: string }
  | { readonly number: string; readonly example: string };

/** Reads the parts of a Keras config that do not belong to the layer itself. */
export interface KerasReader {
  /** 'tanh', null (linear), or a serialised object */
  activation(value: unknown): unknown;
  /** the config of a nested layer -> a layer of a spec */
  layer(config: unknown): Json;
}

/** A list field with `count` sizes: all are given, or one for all axes, or none for the default. */
export function oneForAll(list: string, count: number): SizeField {
  return { list, counts: [0, count], oneForAll: true };
}

/** Drops the grammar of kinds with three spatial axes: a --layers line cannot describe their inputs. */
export function inGrammar(axes: number, grammar: Grammar): Grammar | undefined {
  return axes === 3 ? undefined : grammar;
}

export interface KerasFacet<S> {
  /** Keras classes of this kind, each with a function from its config to the fields of a spec. @throws RnnError E_KERAS_OPTION */
  readonly classes: Readonly<Record<string, (config: Json, read: KerasReader) => Json>>;
  /** call arguments that are fields here: `use_causal_mask` -> causal */
  readonly callOptions?: Readonly<Record<string, string>>;
  /** call arguments that make the call a layer of another kind here: `reverse` -> unembedding */
  readonly callKinds?: Readonly<Record<string, string>>;
  /** call arguments that are tensors: they follow the layer's inputs, and the field says that they are present */
  readonly callInputs?: Readonly<Record<string, string>>;
  /** augmentation classes: Keras records training=True for their calls, but still predicts without it */
  readonly forImages?: readonly string[];
  /** the field that holds the integer type of the first input, if the output depends on it */
  readonly inputType?: string;
  /** returns the arguments of Keras' constructor */
  config(layer: S): Json;
  /** output shapes as Keras' summary shows them, if they differ from the computed ones. @param outputs the computed shapes */
  shownShapes?(layer: S, outputs: readonly DimShape[], inputs: readonly DimShape[]): readonly DimShape[];
  /** Keras' names of the layer's weights, by our names; every weight has one */
  readonly weightNames?: Readonly<Record<string, string>>;
  /** path of a weight below the layer's group of a .weights.h5; default: vars/index. @param index among the layer's weights */
  path?(layer: S, weight: string, index: number): string;
  /** path of an array that a .weights.h5 stores a second time, and that is not read */
  readonly repeated?: string;
}

/** What a layer adds its ONNX nodes with: the builder, the names of its inputs, its weights. */
export interface OnnxCall {
  readonly builder: GraphBuilder;
  readonly inputs: readonly string[];
  /** masks of the inputs: names of boolean values [N, T], true for a real step; undefined: all steps are real */
  readonly masks: readonly (string | undefined)[];
  /** rank of the first mask, if it is not [N, T]: the mask of an embedding of [N, S, T] has three axes */
  readonly maskAxes?: number;
  /** shapes of the inputs */
  readonly shapes: readonly DimShape[];
  /** types of the inputs: floats, except for operators and for the token numbers of an embedding */
  readonly types: readonly ('f32' | 'i64' | 'bool')[];
  readonly output: DimShape;
  /** shapes of the outputs after the first */
  readonly others: readonly DimShape[];
  /** initial states (constants or names of values), by direction, then state */
  readonly initial?: readonly (Tensor | string)[];
  /** whether outputs after the first are used */
  readonly wantsOthers: boolean;
  weight(name: string): Tensor | undefined;
  /** appends an activation; @returns its output */
  activation(spec: ActivationSpec, x: string): string;
  /** appends a layer nested in this one, whose weights are named with `prefix` */
  inner(layer: { readonly name: string; readonly kind: string }, prefix: string, given: Partial<OnnxCall>): OnnxResult;
}

/** Names and types of a layer's outputs. */
export interface OnnxResult {
  readonly y: string;
  /** the mask of y, if it is not that of the first input */
  readonly mask?: string;
  readonly maskAxes?: number;
  readonly others?: readonly string[];
  /** types of y and of the others; default: floats */
  readonly type?: OnnxCall['types'][number];
  readonly otherType?: OnnxCall['types'][number];
}

/** Appends the layer's nodes. @returns the name of its output, or the names of all outputs @throws RnnError E_ONNX_LAYER */
export type OnnxFacet<S> = (layer: S, call: OnnxCall) => string | OnnxResult;

/** Adds nodes to a graph, or computes each node immediately (nodes.ts). */
export type NodeBuilder = Pick<GraphBuilder, 'add' | 'constant' | 'scalar' | 'integers'>;

/** What a layer made of operators adds its nodes with: names of its inputs and their masks [N, T], shapes, weights. */
export interface NodesCall extends Pick<OnnxCall, 'inputs' | 'masks' | 'shapes' | 'weight' | 'activation'> {
  readonly builder: NodeBuilder;
}

/** Adds the nodes of a layer made of operators. @returns the name of its output, and of its mask if it makes one */
export type Nodes<S> = (layer: S, call: NodesCall) => string | Pick<OnnxResult, 'y' | 'mask'>;

/** What the Python of one layer is written from. Names of values are Python expressions. */
export interface ScriptCall {
  readonly inputs: readonly string[];
  /** shapes of the inputs */
  readonly shapes: readonly DimShape[];
  /** types of the inputs, as in OnnxCall */
  readonly types: OnnxCall['types'];
  readonly output: DimShape;
  /** shapes of the outputs after the first, and whether the expression must return them, too */
  readonly others: readonly DimShape[];
  readonly wantsOthers: boolean;
  /** masks of the inputs, [N, T], true for a real step; undefined: all steps are real */
  readonly masks?: readonly (string | undefined)[];
  /** the Python of a weight; undefined if the layer has none of that name */
  weight(name: string): string | undefined;
  /** the Python that applies an activation to the expression x */
  activation(spec: ActivationSpec, x: string): string;
}

/** The expression that computes a layer, and the functions it calls (`def …`, separated by empty lines). */
export interface Script<S> {
  readonly helpers?: string;
  /** the expression takes masks into account; if absent, a layer whose result depends on masks is refused when there is one */
  readonly readsMasks?: true;
  expression(layer: S, call: ScriptCall): string;
  /** type of the output; default: floats. @param types of the inputs */
  type?(layer: S, types: OnnxCall['types']): OnnxCall['types'][number];
  /** for a layer that makes a mask: Python of the mask [N, T], true for a real step; `given` is the mask of its input */
  mask?(layer: S, x: string, given: string | undefined): string | undefined;
  /** for a layer that merges inputs: Python of the result's mask; if absent, masked inputs are refused */
  jointMask?: JointMask<S>;
}

/** @param masks Python of the inputs' masks, [N, T] each @returns Python of the joint mask; undefined: no step is masked @throws RnnError E_EMIT */
export type JointMask<S> = (
  layer: S,
  masks: readonly (string | undefined)[],
  call: Pick<ScriptCall, 'inputs' | 'shapes'>,
) => string | undefined;

/** The libraries that a layer's own expression can be written in. */
export type ArrayLibrary = 'np' | 'torch';

/** The scripts of a layer whose expression is the same in both libraries, up to their names. */
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
  /** for a layer that Keras lacks */
  readonly keras?: Script<S>;
}

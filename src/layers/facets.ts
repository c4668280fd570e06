import type { ActivationSpec } from '../activations/activation.js';
import type { GraphBuilder } from '../formats/onnx/builder.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Json } from './kerasConfig.js';
import type { DimShape } from './shape.js';

/**
 * What a layer is elsewhere: in the one-line grammar, in Keras, in an ONNX graph, in scripts. A facet is data and small functions, and stands
 * in the layer's own folder; walks over files and graphs live in conventions/ and run/ and ask the layer. A layer without a facet is
 * refused there by name.
 */

/** `word:sizes@activation+option` of --layers */
export interface Grammar {
  /** the word it starts with; default: the kind's name */
  readonly word?: string;
  /** whole numbers after the colon, joined by x */
  readonly sizes?: {
    /** for messages: 'FILTERSxWIDTH', and one that is right: '64x5' */
    readonly form: string;
    readonly example: string;
    /** how many there may be; 0: the colon may be left out */
    readonly counts: readonly [from: number, to: number];
    /** what its parts mean, where the form does not say */
    readonly meaning?: string;
    fields(sizes: readonly number[]): Json;
  };
  /** or one real number */
  readonly number?: { readonly field: string; readonly example: string };
  /** takes @activation */
  readonly activation?: boolean;
  /** +same sets fields; +stride=2 a whole number, repeated as often as `axes` says */
  readonly options?: Readonly<Record<string, { readonly set: Json } | { readonly size: string; readonly axes?: number }>>;
}

/** Reads parts of a Keras config that other layers own. */
export interface KerasReader {
  /** 'tanh', null (linear), or a serialised object */
  activation(value: unknown): unknown;
  /** a layer inside a layer, as a layer of a spec */
  layer(config: unknown): Json;
}

/** A line of --layers has no inputs of three axes of space. */
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
  /** tensors among them that the layer reads behind its inputs, and the field that says so */
  readonly callInputs?: Readonly<Record<string, string>>;
  /** classes that change images: Keras records training=True for their calls, and predicts without it all the same */
  readonly forImages?: readonly string[];
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
  /** of the first mask, where it is not one of steps [N, T]: an embedding of [N, S, T] has one of all three */
  readonly maskAxes?: number;
  /** shapes of the inputs */
  readonly shapes: readonly DimShape[];
  /** types of the inputs: only operators see others than floats, and an embedding its whole numbers */
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

/** Names of what a layer gives. */
export interface OnnxResult {
  readonly y: string;
  /** the mask of y where it is not that of the first input */
  readonly mask?: string;
  readonly maskAxes?: number;
  readonly others?: readonly string[];
  /** where they are no floats */
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

/** What a line of Python is written from. */
export interface ScriptCall {
  readonly inputs: readonly string[];
  /** shapes of the inputs */
  readonly shapes: readonly DimShape[];
  /** as in an ONNX graph */
  readonly types: OnnxCall['types'];
  readonly output: DimShape;
  /** shapes of the outputs beside the first, and whether the expression is to give these, too */
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
  /** the expression leaves masked steps out; absent: a layer that computes something else there is not written with masks */
  readonly readsMasks?: true;
  expression(layer: S, call: ScriptCall): string;
  /** of its output, where that is not real numbers. @param types of the inputs */
  type?(layer: S, types: OnnxCall['types']): OnnxCall['types'][number];
  /** of a layer that gives a mask: which steps are real, [N, T]; `given` is the mask of its input */
  mask?(layer: S, x: string, given: string | undefined): string | undefined;
  /** of a layer that joins inputs: their masks as one, where it knows; absent: it is not written with masks */
  jointMask?: JointMask<S>;
}

/** @param masks of the inputs, [N, T] each, as Python @returns undefined: no step is masked @throws RnnError E_EMIT */
export type JointMask<S> = (
  layer: S,
  masks: readonly (string | undefined)[],
  call: Pick<ScriptCall, 'inputs' | 'shapes'>,
) => string | undefined;

/** NumPy computes in float64, PyTorch in float32; Keras scripts are written from the Keras facet. */
export interface ScriptFacet<S> {
  readonly numpy?: Script<S>;
  readonly torch?: Script<S>;
  /** where Keras has no layer for it */
  readonly keras?: Script<S>;
}

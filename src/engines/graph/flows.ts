import type { OnnxNode } from '../../formats/onnx/graph.js';
import type { Dim, DimShape } from '../../layers/layer.js';
import type { Operand } from '../../layers/operatorFields.js';
import { nodeLabel } from '../../ops/attributes.js';
import type { Precision, Tensor } from '../../tensor/tensor.js';
import type { FreeNames } from './freeNames.js';
import type { Entry, Nodes } from './nodes.js';
import { notExpressible } from './notExpressible.js';

/** The data that the rules of axisRules.ts and layerRules.ts work on: see layersOf.ts. */

/** N samples, T steps, F features; 'dirs' the two directions; 'one' an axis of size 1 */
export type Axis = 'N' | 'T' | 'F' | 'dirs' | 'one';

/** A layer's output, or part of a recurrent layer's output, with its axes named. */
export interface Flow {
  readonly layer: string;
  readonly axes: readonly Axis[];
  /** which output it is: a recurrent layer has a sequence (Y), a last state (Y_h) and a cell state (Y_c); any other layer a plain output */
  readonly view: 'plain' | 'sequence' | 'state' | 'cell';
  /** the direction, if only one of two is selected */
  readonly part?: 'forward' | 'backward';
  /** how the two directions were merged; undefined while they are separate */
  readonly merge?: 'concat' | 'sum' | 'mul' | 'ave';
  /** whether the time axis is reversed relative to the layer's own order */
  readonly flipped?: boolean;
  /** whether something else reads the layer, too */
  readonly shared?: boolean;
}

export interface Draft {
  readonly nodes: Nodes;
  readonly precision: Precision;
  /** values that come from layers, by name */
  readonly flows: Map<string, Flow>;
  readonly names: FreeNames;
  /** specs of the layers by name; whether a recurrent layer returns a sequence is decided by its readers */
  readonly layers: Map<string, Record<string, unknown>>;
  readonly weights: Map<string, Tensor>;
  readonly input: { readonly name: string; readonly N: Dim; readonly T: Dim; readonly F?: Dim };
}

/** An operator or layer of the graph that has at least one input from a layer. */
export interface Call {
  readonly entry: Entry;
  /** the operator, or the kind of the layer */
  readonly op: string;
  /** the inputs in order: flows from layers, or constants; undefined if computed in any other way */
  readonly reads: readonly (Flow | Exclude<Operand, null> | undefined)[];
  /** the first input that comes from a layer */
  readonly x: Flow;
  /** shapes of x and of the output */
  readonly from: DimShape;
  readonly to: DimShape;
  /** the node of the file from which it was made */
  readonly node: OnnxNode;
  readonly draft: Draft;
}

/** A rule moves axes, adds a layer, or changes the layer before. @returns the output as a flow */
export type Rule = (call: Call) => Flow | undefined;

export const isFlow = (read: Call['reads'][number]): read is Flow => read !== undefined && 'axes' in read;

/** Returns an attribute of the operator. @throws RnnError if its type is not that of `otherwise` */
export function attribute<T>({ entry, node }: Call, name: string, otherwise: T): T {
  const given = (entry.attributes as Readonly<Record<string, unknown>>)[name] ?? otherwise;
  if (typeof given !== typeof otherwise) throw notExpressible(`attribute ${name} of ${nodeLabel(node)} has the wrong type`);
  return given as T;
}

/** Returns the numbers of a constant input. @param otherwise the result if there is no such input @throws RnnError if it is not constant */
export function numbers({ reads, node }: Call, i: number, otherwise?: readonly number[]): readonly number[] {
  const read = reads[i];
  if (read && 'data' in read) return read.data;
  if (i >= reads.length && otherwise) return otherwise;
  throw notExpressible(`input ${i} of ${nodeLabel(node)} is ${i < reads.length ? 'only known at run time' : 'not given'}`);
}

/** Returns the axes of a layer's whole output: [N, T, F] or [N, F]. */
export function wholeAxes({ axes }: Flow): readonly Axis[] {
  return axes.includes('T') ? ['N', 'T', 'F'] : ['N', 'F'];
}

/** Fixes what a layer returns (sequence or state), so that another layer can read its output, whole and in its own order of steps. @returns its name */
export function settle(flow: Flow, draft: Draft): string {
  const layer = draft.layers.get(flow.layer);
  if (!layer || flow.view === 'plain') {
    if (flow.flipped) throw notExpressible('the input is reversed in time');
    return flow.layer;
  }
  if (flow.view === 'cell') throw notExpressible('a cell state is used as the output of a layer');
  if (flow.part) throw notExpressible('only one of two directions is used');
  if (layer.bidirectional && !flow.merge) throw notExpressible('the two directions are not merged');
  const returnSequences = flow.view === 'sequence';
  if (layer.returnSequences && !returnSequences) {
    if (layer.bidirectional || layer.goBackwards) throw notExpressible('both the sequence and the last state of one layer are used');
    return append(draft, { kind: 'last' }, [flow.layer], `${flow.layer}_last`);
  }
  const settled = layer.returnSequences !== undefined;
  if (settled && (layer.returnSequences !== returnSequences || layer.bidirectional !== flow.merge))
    throw notExpressible('the output of a layer is used in two ways');
  if (flow.flipped) throw notExpressible('a sequence is reversed in time');
  Object.assign(layer, { returnSequences, bidirectional: flow.merge });
  return flow.layer;
}

/** `settle` for a flow whose last axis must be the features; samples or steps may come first. */
export function rows(flow: Flow, draft: Draft): string {
  if (flow.axes.at(-1) !== 'F' || flow.axes.length !== wholeAxes(flow).length)
    throw notExpressible('a product along an axis other than the features');
  return settle(flow, draft);
}

/** Adds a layer that reads these inputs. By default, its output has the axes of x. */
export function added(
  { entry, node, x, draft }: Call,
  spec: Record<string, unknown>,
  inputs: readonly string[],
  axes = x.axes,
  name = node.name || String(spec.kind),
): Flow {
  return { layer: append(draft, spec, inputs, name, entry), axes, view: 'plain' };
}

/** Adds a layer to the draft. @param given the layer of the graph that has its weights @returns its name */
export function append(draft: Draft, spec: Record<string, unknown>, inputs: readonly string[], wanted: string, given?: Entry): string {
  const { layers, nodes, weights } = draft;
  // PyTorch starts the names of nodes with a slash, which separates layer and weight in our names
  const name = draft.names.of(wanted.replace(/^\/+/, '') || 'layer');
  layers.set(name, { ...spec, name, inputs });
  if (given) for (const [key, t] of nodes.weightsOf(given.name)) weights.set(`${name}/${key}`, t);
  return name;
}

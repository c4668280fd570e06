import type { OnnxNode } from '../../formats/onnx/graph.js';
import type { Dim, DimShape } from '../../layers/layer.js';
import type { Operand } from '../../layers/operatorFields.js';
import { nodeLabel } from '../../ops/attributes.js';
import type { Precision, Tensor } from '../../tensor/tensor.js';
import type { FreeNames } from './freeNames.js';
import type { Entry, Nodes } from './nodes.js';
import { notExpressible } from './notExpressible.js';

/** What the rules of axisRules.ts and layerRules.ts work on: see layersOf.ts. */

/** N samples, T steps, F features; 'dirs' the two directions; 'one' an axis of size 1 */
export type Axis = 'N' | 'T' | 'F' | 'dirs' | 'one';

/** A layer's output, or a part of a recurrent layer's, with its axes named. */
export interface Flow {
  readonly layer: string;
  readonly axes: readonly Axis[];
  /** recurrent layers give a sequence (Y), a last state (Y_h) and a cell state (Y_c); everything else one plain output */
  readonly view: 'plain' | 'sequence' | 'state' | 'cell';
  /** one direction of two */
  readonly part?: 'forward' | 'backward';
  /** how two directions became one; undefined while they are still apart */
  readonly merge?: 'concat' | 'sum' | 'mul' | 'ave';
  /** the time axis runs backwards against the layer's own order */
  readonly flipped?: boolean;
  /** something else reads the layer, too */
  readonly shared?: boolean;
}

export interface Draft {
  readonly nodes: Nodes;
  readonly precision: Precision;
  /** values that come from layers, by name */
  readonly flows: Map<string, Flow>;
  readonly names: FreeNames;
  /** by name; what a recurrent layer returns is decided by what its readers take */
  readonly layers: Map<string, Record<string, unknown>>;
  readonly weights: Map<string, Tensor>;
  readonly input: { readonly name: string; readonly N: Dim; readonly T: Dim; readonly F?: Dim };
}

/** An operator or a layer of the graph with at least one input that comes from a layer. */
export interface Call {
  readonly entry: Entry;
  /** the operator, or the kind of the layer */
  readonly op: string;
  /** the inputs in order: flows from layers, and constants; undefined: computed in any other way */
  readonly reads: readonly (Flow | Exclude<Operand, null> | undefined)[];
  /** the first input that comes from a layer */
  readonly x: Flow;
  /** shapes of x and of the output */
  readonly from: DimShape;
  readonly to: DimShape;
  /** the node of the file that it was made from */
  readonly node: OnnxNode;
  readonly draft: Draft;
}

/** @returns the output as a flow. A rule moves axes, adds a layer, or changes the last one. */
export type Rule = (call: Call) => Flow | undefined;

export const isFlow = (read: Call['reads'][number]): read is Flow => read !== undefined && 'axes' in read;

/** An attribute of the operator. @throws RnnError where its type is not that of `otherwise` */
export function attribute<T>({ entry, node }: Call, name: string, otherwise: T): T {
  const given = (entry.attributes as Readonly<Record<string, unknown>>)[name] ?? otherwise;
  if (typeof given !== typeof otherwise) throw notExpressible(`attribute ${name} of ${nodeLabel(node)} is of another type`);
  return given as T;
}

/** The numbers of a constant input. @param otherwise the result where there is no such input */
export function numbers({ reads, node }: Call, i: number, otherwise?: readonly number[]): readonly number[] {
  const read = reads[i];
  if (read && 'data' in read) return read.data;
  if (i >= reads.length && otherwise) return otherwise;
  throw notExpressible(`input ${i} of ${nodeLabel(node)} is ${i < reads.length ? 'computed while running' : 'not given'}`);
}

/** [N, T, F], or [N, F] */
export function wholeAxes({ axes }: Flow): readonly Axis[] {
  return axes.includes('T') ? ['N', 'T', 'F'] : ['N', 'F'];
}

/** A layer's output as another layer takes it: whole, and in its own order of steps. Settles what the layer returns. @returns its name */
export function settle(flow: Flow, draft: Draft): string {
  const layer = draft.layers.get(flow.layer);
  if (!layer || flow.view === 'plain') {
    if (flow.flipped) throw notExpressible('the input is reversed in time');
    return flow.layer;
  }
  if (flow.view === 'cell') throw notExpressible('a cell state is the output of no layer');
  if (flow.part) throw notExpressible('one direction is read without the other');
  if (layer.bidirectional && !flow.merge) throw notExpressible('the two directions are not merged');
  const returnSequences = flow.view === 'sequence';
  if (layer.returnSequences && !returnSequences) {
    if (layer.bidirectional || layer.goBackwards) throw notExpressible('a sequence and a last state of one layer');
    return append(draft, { kind: 'last' }, [flow.layer], `${flow.layer}_last`);
  }
  const settled = layer.returnSequences !== undefined;
  if (settled && (layer.returnSequences !== returnSequences || layer.bidirectional !== flow.merge))
    throw notExpressible('a layer is read in two ways');
  if (flow.flipped) throw notExpressible('a sequence is turned round in time');
  Object.assign(layer, { returnSequences, bidirectional: flow.merge });
  return flow.layer;
}

/** As `settle`, of a flow whose last axis is the features, with samples or steps first. */
export function rows(flow: Flow, draft: Draft): string {
  if (flow.axes.at(-1) !== 'F' || flow.axes.length !== wholeAxes(flow).length)
    throw notExpressible('a product over other axes than the features');
  return settle(flow, draft);
}

/** Adds a layer that reads these inputs; its output has the axes of x unless others are given. */
export function added(
  { entry, node, x, draft }: Call,
  spec: Record<string, unknown>,
  inputs: readonly string[],
  axes = x.axes,
  name = node.name || String(spec.kind),
): Flow {
  return { layer: append(draft, spec, inputs, name, entry), axes, view: 'plain' };
}

/** Adds a layer to the draft. @param given the layer of the graph that holds its weights @returns its name */
export function append(draft: Draft, spec: Record<string, unknown>, inputs: readonly string[], wanted: string, given?: Entry): string {
  const { layers, nodes, weights } = draft;
  // PyTorch begins the names of nodes with a slash, which the names of our weights are built with
  const name = draft.names.of(wanted.replace(/^\/+/, '') || 'layer');
  layers.set(name, { ...spec, name, inputs });
  if (given) for (const [key, t] of nodes.weightsOf(given.name)) weights.set(`${name}/${key}`, t);
  return name;
}

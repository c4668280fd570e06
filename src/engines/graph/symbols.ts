import type { Dim } from '../../layers/layer.js';
import type { GraphValue } from '../../ops/value.js';
import { reshape, type Tensor } from '../../tensor/tensor.js';
import type { Entry, Nodes, Wire } from './nodes.js';
import { stuck } from './stuck.js';

/** What a graph that is a network of layers is read with: see layersOf.ts. */

/** N samples, T steps, F features; 'dirs' the two directions; 'one' an axis of size 1 */
export type Axis = 'N' | 'T' | 'F' | 'dirs' | 'one';

/** A layer's output, or a part of a recurrent layer's, with its axes named. */
export interface Flow {
  readonly layer: string;
  readonly axes: readonly Axis[];
  /** recurrent layers give a sequence (Y) and a last state (Y_h); everything else one plain output */
  readonly view: 'plain' | 'sequence' | 'state';
  /** one direction of two */
  readonly part?: 'forward' | 'backward';
  /** how two directions became one; undefined while they are still apart */
  readonly merge?: 'concat' | 'sum' | 'mul' | 'ave';
  /** the time axis runs backwards against the layer's own order */
  readonly flipped?: boolean;
}

/** A layer being read; fields are settled as its readers show what they take. */
export interface DraftLayer {
  readonly name: string;
  readonly inputs: readonly string[];
  readonly spec: Record<string, unknown>;
  readonly weights: Map<string, Tensor>;
  /** width of its output, of one direction */
  readonly width: number | null;
  readonly directions: number;
  view?: 'sequence' | 'state';
  merge?: Flow['merge'];
}

export interface Draft {
  /** the nodes as they were followed, with the shape of every value */
  readonly nodes: Nodes;
  /** of values that come from layers */
  readonly flows: Map<string, Flow>;
  readonly layers: DraftLayer[];
  /** how many nodes read each value, outputs included */
  readonly readers: ReadonlyMap<string, number>;
  readonly inputName: string;
  /** of the input's axes */
  readonly sizes: { readonly N: Dim; readonly T: Dim; readonly F?: Dim };
  features: number | null;
}

export function flowOf(wire: Wire | undefined, what: string, { flows }: Draft): Flow {
  const flow = wire && 'value' in wire ? flows.get(wire.value) : undefined;
  if (!flow) throw stuck(`${what} does not read the output of a layer`);
  return flow;
}

export function constantOf(wire: Wire | undefined, what: string): GraphValue {
  if (wire && 'constant' in wire) return wire.constant;
  throw stuck(`${what} is computed while running`);
}

/** A layer's output as another layer takes it: whole, in its own order of steps, with these axes. Settles what the layer returns. */
export function settle(flow: Flow, axes: readonly Axis[], draft: Draft): string {
  const apart = flow.axes.filter(a => a !== 'one');
  if (apart.join() !== axes.filter(a => a !== 'one').join() || flow.axes.length !== axes.length) {
    throw stuck(`axes [${flow.axes.join(', ')}] where [${axes.join(', ')}] are needed`);
  }
  const layer = layerOf(flow, draft);
  if (!layer || flow.view === 'plain') {
    if (flow.flipped) throw stuck('the input is reversed in time');
    return flow.layer;
  }
  if (flow.part) throw stuck('one direction is read without the other');
  const merge = layer.directions === 2 ? flow.merge : undefined;
  if (layer.directions === 2 && !merge) throw stuck('the two directions are not merged');
  if (layer.view === 'sequence' && flow.view === 'state') return lastOf(layer, flow, draft);
  if (layer.view !== undefined && (layer.view !== flow.view || layer.merge !== merge)) {
    throw stuck('a layer is read in two ways');
  }
  if (flow.flipped) throw stuck('a sequence is turned round in time');
  layer.view = flow.view;
  layer.merge = merge;
  return layer.name;
}

/** The last state of a layer whose sequence is read as well: its last step. */
function lastOf(layer: DraftLayer, flow: Flow, draft: Draft): string {
  if (layer.directions === 2 || layer.spec.goBackwards) throw stuck('a sequence and a last state of one layer');
  return append(draft, { kind: 'last' }, [flow.layer], `${layer.name}_last`, layer.width).layer;
}

/** undefined: the input */
export function layerOf(flow: Flow, { layers }: Draft): DraftLayer | undefined {
  return layers.find(l => l.name === flow.layer);
}

/** @param given the layer of the graph whose weights it has */
export function append(
  draft: Draft,
  spec: Record<string, unknown>,
  inputs: readonly string[],
  name: string,
  width: number | null,
  given?: Entry,
): Flow {
  const { layers, nodes } = draft;
  const own = given ? [...nodes.weights].filter(([key]) => key.startsWith(`${given.name}/`)) : [];
  const weights = new Map(own.map(([key, t]) => [key.slice(given!.name.length + 1), reshape(t, t.shape)]));
  const unique = freeName(draft, name);
  layers.push({ name: unique, inputs, spec, weights, width, directions: spec.bidirectional ? 2 : 1 });
  return { layer: unique, axes: ['N', 'F'], view: 'plain' };
}

/** PyTorch begins the names of nodes with a slash, which the names of our weights are built with. */
function freeName(draft: Draft, wanted: string): string {
  const name = wanted.replace(/^\/+/, '') || 'layer';
  const taken = new Set([draft.inputName, 'input', ...draft.layers.map(l => l.name)]);
  if (!taken.has(name)) return name;
  for (let n = 2; ; n++) if (!taken.has(`${name}_${n}`)) return `${name}_${n}`;
}

/** Width of what flows: features of the input, units of a layer, twice for two directions side by side. */
export function widthOf(flow: Flow, draft: Draft): number | null {
  const layer = layerOf(flow, draft);
  if (!layer) return draft.features;
  return layer.width === null ? null : layer.width * (layer.directions === 2 && flow.merge === 'concat' ? 2 : 1);
}

import { RnnError } from '../../errors.js';
import type { Kernels } from '../../layers/layer.js';
import type { GraphValue } from '../../ops/value.js';
import type { Tensor } from '../../tensor/tensor.js';

/** The symbols a graph is walked with when it is read as layers: see layersOf.ts. */

/** N samples, T steps, F features; 'dirs' the two directions; 'one' an axis of size 1 */
export type Axis = 'N' | 'T' | 'F' | 'dirs' | 'one';

/** A layer's output, or a part of a recurrent layer's, with its axes named. */
export interface Flow {
  readonly is: 'flow';
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

export type Sym =
  | Flow
  | { readonly is: 'const'; readonly value: GraphValue }
  /** integers that speak of sizes: known ones, and axes of the input */
  | { readonly is: 'sizes'; readonly sizes: readonly (number | 'N' | 'T' | null)[]; readonly scalar: boolean }
  /** one number everywhere, of a shape that is not known */
  | { readonly is: 'filled'; readonly value: number }
  /** another input of the graph, or an output no layer has */
  | { readonly is: 'other'; readonly what: string };

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
  opset: number;
  readonly kernels: Kernels;
  readonly layers: DraftLayer[];
  /** how many nodes read each value, outputs included */
  readonly readers: ReadonlyMap<string, number>;
  readonly inputName: string;
  /** of the input, where the graph fixes them */
  readonly sizes: { readonly N: number | null; readonly T: number | null };
  features: number | null;
  tokens: boolean;
}

/** Not an error of the file: it only cannot be said in layers. */
export function stuck(why: string): RnnError {
  return new RnnError('unsupported', 'E_ONNX_LAYERS', why);
}

export function flowOf(sym: Sym | undefined, what: string): Flow {
  if (sym?.is === 'flow') return sym;
  throw stuck(`${what} does not read the output of a layer`);
}

export function constantOf(sym: Sym | undefined, what: string): GraphValue {
  if (sym?.is === 'const') return sym.value;
  throw stuck(`${what} is computed while running`);
}

/** A layer's output as another layer takes it: whole, in its own order of steps, with these axes. Settles what the layer returns. */
export function settle(flow: Flow, axes: readonly Axis[], draft: Draft): string {
  const apart = flow.axes.filter(a => a !== 'one');
  if (apart.join() !== axes.filter(a => a !== 'one').join() || flow.axes.length !== axes.length) {
    throw stuck(`axes [${flow.axes.join(', ')}] where [${axes.join(', ')}] are needed`);
  }
  const layer = draft.layers.find(l => l.name === flow.layer);
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

export function append(draft: Draft, spec: Record<string, unknown>, inputs: readonly string[], name: string, width: number | null): Flow {
  const unique = freeName(draft, name);
  draft.layers.push({ name: unique, inputs, spec, weights: new Map(), width, directions: 1 });
  return { is: 'flow', layer: unique, axes: ['N', 'F'], view: 'plain' };
}

/** PyTorch begins the names of nodes with a slash, which the names of our weights are built with. */
export function freeName(draft: Draft, wanted: string): string {
  const name = wanted.replace(/^\/+/, '') || 'layer';
  const taken = new Set([draft.inputName, 'input', ...draft.layers.map(l => l.name)]);
  if (!taken.has(name)) return name;
  for (let n = 2; ; n++) if (!taken.has(`${name}_${n}`)) return `${name}_${n}`;
}

/** Width of what flows: features of the input, units of a layer, twice for two directions side by side. */
export function widthOf(flow: Flow, draft: Draft): number | null {
  const layer = draft.layers.find(l => l.name === flow.layer);
  if (!layer) return draft.features;
  return layer.width === null ? null : layer.width * (layer.directions === 2 && flow.merge === 'concat' ? 2 : 1);
}

import type { LayerShapes, ModelShapes } from '../../model/shapes.js';
import { isRecurrent } from '../../model/spec.js';
import { sameShape } from '../../tensor/tensor.js';
import { attentionShapes, isTorchAttention } from './attention.js';
import { torchLayer, torchShape } from './layers.js';
import { compareNumbers, type Module, type Roles } from './modules.js';

/** One layer's tensors in a state dict. */
export interface AssignedLayer {
  /** such as `rnn.l0`, `fc` */
  readonly name: string;
  /** name of the module: `rnn` */
  readonly module: string;
  readonly recurrent: boolean;
  readonly tensors: Roles;
}

/** Modules that are not assigned yet. Their layers are taken in order. */
interface Rest {
  readonly module: Module;
  readonly from: number;
}

/**
 * Assigns tensors to each layer that has weights. The layers of one nn.LSTM stay together: once its first layer is taken, the next
 * recurrent layer is its second. A layer with the name of a module (`+name=mu`, or `tensors` in a spec) is that module; of several modules
 * that fit equally, the first is taken, by number (`fc2` before `fc10`) or else in file order.
 * @returns the next module for a layer that nothing fits, so that the error can show its shape
 */
export function assign(
  shapes: ModelShapes,
  modules: readonly Module[],
  sorted: boolean,
): { assigned: AssignedLayer[]; rest: AssignedLayer[] } {
  const layers = shapes.layers.filter(l => l.weights.length > 0);
  const ordered = [...modules].sort((a, b) => (sorted ? (compareNumbers(a.name, b.name) ?? 0) : 0));
  const start = ordered.map((module): Rest => ({ module, from: 0 }));
  const found = search(layers, start, undefined, { steps: 0 });
  if (found) return found;
  return greedy(layers, start);
}

const MOST_STEPS = 20_000;

/** Depth-first search: each layer gets a module that fits, and if possible no tensor remains unused. */
function search(
  layers: readonly LayerShapes[],
  rest: readonly Rest[],
  open: Module | undefined,
  budget: { steps: number },
): { assigned: AssignedLayer[]; rest: AssignedLayer[] } | undefined {
  if (++budget.steps > MOST_STEPS) return undefined;
  const [layer, ...others] = layers;
  if (!layer) return rest.length === 0 ? { assigned: [], rest: [] } : undefined;
  for (const one of rest) {
    if (!mayTake(layer, one, open) || !fits(layer, one) || namedOtherwise(layer, one, rest)) continue;
    const found = search(others, without(rest, one), openAfter(one, layer, open), budget);
    if (found) return { assigned: [taken(one), ...found.assigned], rest: found.rest };
  }
  return undefined;
}

function greedy(layers: readonly LayerShapes[], start: readonly Rest[]): { assigned: AssignedLayer[]; rest: AssignedLayer[] } {
  let rest = start;
  let open: Module | undefined;
  const assigned: AssignedLayer[] = [];
  for (const layer of layers) {
    const free = rest.filter(one => mayTake(layer, one, open));
    const one =
      free.find(r => fits(layer, r) && !namedOtherwise(layer, r, rest)) ??
      free.find(r => r.module.recurrent === isRecurrent(layer.layer)) ??
      free[0] ??
      rest[0];
    if (!one) break;
    assigned.push(taken(one));
    rest = without(rest, one);
    open = openAfter(one, layer, open);
  }
  return { assigned, rest: rest.flatMap(({ module, from }) => module.layers.slice(from).map((_, i) => taken({ module, from: from + i }))) };
}

/** Whether a module fits: a recurrent layer continues a module that is partly assigned. */
function mayTake({ layer }: LayerShapes, { module }: Rest, open: Module | undefined): boolean {
  return open === undefined || !isRecurrent(layer) || module === open;
}

function fits(shapes: LayerShapes, { module, from }: Rest): boolean {
  const { tensors } = module.layers[from];
  const {
    layer,
    weights: [first, second],
  } = shapes;
  if (isTorchAttention(shapes))
    return [...attentionShapes(shapes)].every(([role, own]) => sameShape(tensors.get(role)?.tensor.shape ?? [], own));
  const shape = (role: string) => tensors.get(role)?.tensor.shape ?? [];
  const turned = (s: readonly number[]) => [...s].reverse();
  if (module.recurrent !== isRecurrent(layer) || (module.kind === 'batchnorm') !== (layer.kind === 'batchnorm')) return false;
  if (isRecurrent(layer))
    return (
      sameShape(shape('weight_ih'), turned(first.shape)) &&
      sameShape(shape('weight_hh'), turned(second.shape)) &&
      tensors.has('weight_ih_reverse') === (layer.bidirectional !== null)
    );
  // a module with a bias is a Linear
  if (layer.kind === 'embedding' && tensors.has('bias')) return false;
  const theirs = torchLayer(layer.kind);
  return theirs !== undefined && sameShape(shape(theirs.roles[first.name]), torchShape(theirs, first.shape, first.role));
}

/** Whether the layer names another module, by `tensors` in the spec or by its own name. */
function namedOtherwise({ layer }: LayerShapes, { module }: Rest, rest: readonly Rest[]): boolean {
  if (layer.tensors !== undefined) return module.name !== layer.tensors;
  return module.name !== layer.name && rest.some(other => other.module.name === layer.name);
}

function without(rest: readonly Rest[], one: Rest): Rest[] {
  return rest.flatMap(r => (r !== one ? r : r.from + 1 < r.module.layers.length ? { ...r, from: r.from + 1 } : []));
}

function openAfter({ module, from }: Rest, { layer }: LayerShapes, before: Module | undefined): Module | undefined {
  if (!isRecurrent(layer)) return before;
  return from + 1 < module.layers.length ? module : undefined;
}

function taken({ module, from }: Rest): AssignedLayer {
  return { ...module.layers[from], module: module.name, recurrent: module.recurrent };
}

/** Modules of one shape that could be swapped: their names have no numbers, and no layer is named after them. */
export function interchangeable(shapes: ModelShapes, modules: readonly Module[], sorted: boolean): [AssignedLayer, AssignedLayer][] {
  const layers = shapes.layers.filter(l => l.weights.length > 0);
  const { assigned } = assign(shapes, modules, sorted);
  const pairs: [AssignedLayer, AssignedLayer][] = [];
  assigned.forEach((a, i) => {
    assigned.slice(i + 1).forEach((b, k) => {
      const said = [layers[i], layers[i + 1 + k]].some(
        ({ layer: { name, tensors = name } }) => tensors === a.module || tensors === b.module,
      );
      if (a.module !== b.module && !said && compareNumbers(a.module, b.module) === undefined && signature(a) === signature(b))
        pairs.push([a, b]);
    });
  });
  return pairs;
}

function signature({ tensors }: AssignedLayer): string {
  return [...tensors]
    .map(([role, { tensor }]) => `${role} ${tensor.shape.join('x')}`)
    .sort()
    .join();
}

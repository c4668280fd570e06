import { RnnError } from '../../errors.js';
import { graphsIn, type OnnxModel } from '../../formats/onnx/graph.js';
import { checkSpec } from '../../model/check.js';
import { inferShapes, weightShapesByLayer } from '../../model/shapes.js';
import type { ModelSpec } from '../../model/spec.js';
import type { Tensor } from '../../tensor/tensor.js';
import { checkWeights, type Weights } from '../../weights/weights.js';
import { moveAxes } from './layerMovement.js';
import { layerNode } from './layerNodes.js';
import type { Step, Wire } from './nodes.js';
import { stuck } from './stuck.js';
import { type Axis, type Draft, type Flow, settle } from './symbols.js';
import { entered, follow, type Walk } from './wiredOf.js';

/**
 * A graph as layers, where it is a network of layers, so that what matters is what it computes and not which exporter wrote it. Its nodes are
 * followed as in wiredOf.ts, which knows constants, sizes and what is a layer; here a value is a layer's output with its axes named (N, T,
 * features, directions): moving axes changes the names, products and recurrences are layers.
 * What cannot be said in layers is not converted: it is layers and operators, or `evaluateGraph` runs it node by node.
 */
export interface GraphLayers {
  readonly model: ModelSpec;
  readonly weights: Weights;
  /** the input and output have the graph's own axes ([N, T, …] in, [N, …] out), and nothing else goes in or out */
  readonly exact: boolean;
}

/** @returns the layers, or why there are none */
export function layersOfGraph(model: OnnxModel): GraphLayers | { readonly reason: string } {
  // of several readings that which gets furthest says best where the chain breaks
  let furthest = { reason: 'the graph has no input of two or three axes', nodes: -1 };
  const [first] = model.graph.inputs;
  const rank = first?.shape?.length ?? 3;
  if (!first || (rank !== 2 && rank !== 3)) return { reason: furthest.reason };
  // what says nothing of its axes has those of layers
  const inputs = model.graph.inputs.map((input, i) => ({ ...input, shape: input.shape ?? (i === 0 ? [null, null, null] : []) }));
  const graph = { ...model.graph, inputs };
  const walk = tried(() => entered({ ...model, graph }, { layout: 'own' }).walk);
  if (walk instanceof RnnError) return { reason: walk.message };
  const end = tried(() => follow(graph, walk));
  for (const axes of rank === 2 ? AXES.slice(0, 1) : AXES.slice(1)) {
    const progress = { nodes: 0 };
    const read = tried(() => interpret(model, walk, axes, progress, end));
    if (!(read instanceof RnnError)) return read;
    if (progress.nodes > furthest.nodes) furthest = { reason: read.message, nodes: progress.nodes };
  }
  return { reason: furthest.reason };
}

function tried<T>(read: () => T): T | RnnError {
  try {
    return read();
  } catch (error) {
    if (error instanceof RnnError) return error;
    throw error;
  }
}

/** Of token numbers; of what has features, batch first as layers have it, else time first as ONNX's own operators have it. */
const AXES: readonly (readonly Axis[])[] = [
  ['N', 'T'],
  ['N', 'T', 'F'],
  ['T', 'N', 'F'],
];

/** @param end why the nodes were not followed to the end, where they were not */
function interpret(model: OnnxModel, walk: Walk, axes: readonly Axis[], progress: { nodes: number }, end: unknown): GraphLayers {
  const { nodes, steps, values } = walk;
  const { inputs, outputs } = model.graph;
  if (outputs.length === 0) throw stuck('the graph has no output');
  const [input] = inputs;
  const flows = new Map<string, Flow>();
  const own = values.get(input.name)!;
  const shape = nodes.shape(own);
  const size = (axis: Axis) => shape[axes.indexOf(axis)];
  const sizes = { N: size('N'), T: size('T'), ...(axes.length === 3 ? { F: size('F') } : {}) };
  const features = sizes.F?.size ?? null;
  const draft: Draft = { nodes, flows, layers: [], readers: readersOf(model), inputName: input.name, sizes, features };
  if ('value' in own) flows.set(own.value, { layer: input.name, axes, view: 'plain' });
  for (const step of steps) {
    interpretStep(step, draft);
    progress.nodes++;
  }
  if (end instanceof RnnError) throw end;
  const wire = values.get(outputs[0].name);
  const output = wire && 'value' in wire ? flows.get(wire.value) : undefined;
  return finish(draft, outputs[0].name, output, axes[0] === 'N' && inputs.length === 1 && outputs.length === 1);
}

function interpretStep(step: Step, draft: Draft): void {
  const { node, inputs, outputs } = step;
  const { flows, nodes } = draft;
  const isFlow = (wire: Wire | undefined) => wire !== undefined && 'value' in wire && flows.has(wire.value);
  const isKnown = (wire: Wire | undefined) =>
    !wire || 'constant' in wire || nodes.shape(wire).numbers || (wire.zero && !inputs.some(isFlow)) || isFlow(wire);
  // constants, sizes, states of zeros, and what only passes on a value
  if (outputs.every(isKnown)) return;
  if (node.domain !== '') throw stuck(`${node.domain} is another operator set`);
  const [first] = inputs;
  const flow = first && 'value' in first ? flows.get(first.value) : undefined;
  const gives = (flow && moveAxes(step, flow, draft)) ?? layerNode(step, draft);
  for (const [i, wire] of outputs.entries()) if (wire && 'value' in wire && gives[i]) flows.set(wire.value, gives[i]);
}

/** A value is read by nodes, and as an output of a graph. */
function readersOf({ graph }: OnnxModel): Map<string, number> {
  const readers = new Map<string, number>();
  const graphs = graphsIn(graph);
  for (const name of graphs.flatMap(g => [...g.nodes.flatMap(n => n.inputs), ...g.outputs.map(o => o.name)]))
    readers.set(name, (readers.get(name) ?? 0) + 1);
  return readers;
}

function finish(draft: Draft, outputName: string, output: Flow | undefined, exact: boolean): GraphLayers {
  if (!output) throw stuck('the output is not that of a layer');
  const plain = output.axes.includes('T') ? (['N', 'T', 'F'] as const) : (['N', 'F'] as const);
  const own = output.axes.join() === plain.join();
  const name = settle(own ? output : { ...output, axes: plain }, plain, draft);
  const layers = draft.layers.map(l => ({
    ...l.spec,
    name: l.name,
    inputs: l.inputs,
    ...(l.view === undefined ? {} : { returnSequences: l.view === 'sequence' }),
    ...(l.directions === 2 ? { bidirectional: l.merge ?? 'concat' } : {}),
  }));
  const { N, T, F } = draft.sizes;
  const input = { name: draft.inputName, batch: N.size, timesteps: T.size, features: F ? draft.features : null };
  const outputs = [{ name: outputName, value: name }];
  const model = checkSpec({ name: 'graph', functional: true, input, layers, outputs }, 'onnx');
  const weights = new Map<string, Tensor>(
    draft.layers.flatMap(l => [...l.weights].map(([w, t]): [string, Tensor] => [`${l.name}/${w}`, t])),
  );
  checkWeights(weightShapesByLayer(inferShapes(model)), weights);
  return { model, weights, exact: exact && own };
}

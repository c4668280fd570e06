import { RnnError } from '../../errors.js';
import type { OnnxModel } from '../../formats/onnx/graph.js';
import type { OperatorSpec } from '../../layers/operatorFields.js';
import { operandsAmong } from '../../layers/operatorShapes.js';
import { checkSpec } from '../../model/check.js';
import { inferShapes, weightShapesByLayer } from '../../model/shapes.js';
import type { ModelSpec } from '../../model/spec.js';
import { nodeLabel } from '../../ops/attributes.js';
import { checkWeights, type Weights } from '../../weights/weights.js';
import { type Axis, type Call, type Draft, type Flow, isFlow, settle, wholeAxes } from './flows.js';
import { FreeNames } from './freeNames.js';
import { followNodes, startWalk } from './graphSpec.js';
import type { Walk } from './graphWalk.js';
import { RULES } from './layerRules.js';
import { type Entry, readsOf, type Wire } from './nodes.js';
import { notExpressible } from './notExpressible.js';

/**
 * Rewrites the layers and operators that graphSpec.ts makes of a graph as layers only, if it is a network of layers; the result then depends on
 * what the graph computes, not on which exporter wrote it. A value is a layer's output with named axes (N, T, features, directions): operators
 * that move axes change the names (axisRules.ts), others become layers or part of one (layerRules.ts).
 * A graph that cannot be expressed in layers keeps its operators, or is run node by node by `evaluateGraph`.
 */
export interface GraphLayers {
  readonly model: ModelSpec;
  readonly weights: Weights;
  /** whether input and output have the same axes as in the graph ([N, T, …] in, [N, …] out), and the graph has no others */
  readonly exact: boolean;
}

/** @returns the layers, or why there are none */
export function layersOfGraph(model: OnnxModel): GraphLayers | { readonly reason: string } {
  // if all readings fail, the one that gets furthest gives the best reason
  let furthest = { reason: 'the graph has no input of two or three axes', entries: -1 };
  const [first] = model.graph.inputs;
  const rank = first?.shape?.length ?? 3;
  if (!first || (rank !== 2 && rank !== 3)) return { reason: furthest.reason };
  // an input without a shape is assumed to have the axes that layers expect
  const inputs = model.graph.inputs.map((input, i) => ({ ...input, shape: input.shape ?? (i === 0 ? [null, null, null] : []) }));
  const graph = { ...model.graph, inputs };
  const walk = tried(() => startWalk({ ...model, graph }, { layout: 'own' }).walk);
  if (walk instanceof RnnError) return { reason: reasonOf(walk) };
  const end = tried(() => followNodes(graph, walk));
  for (const axes of rank === 2 ? AXES.slice(0, 1) : AXES.slice(1)) {
    const progress = { entries: 0 };
    const read = tried(() => rewritten(model, walk, axes, progress, end));
    if (!(read instanceof RnnError)) return read;
    if (progress.entries > furthest.entries) furthest = { reason: reasonOf(read), ...progress };
  }
  return { reason: furthest.reason };
}

/** Formats an error as a reason, with its place unless the message already names that. */
function reasonOf({ where = '', message }: RnnError): string {
  const bare = (place: string) => place.replace(/ at offset \d+$/, '');
  const places = where.split(': ').filter(
    (place, i, all) =>
      !message.includes(bare(place)) &&
      !all
        .slice(i + 1)
        .map(bare)
        .includes(bare(place)),
  );
  return [...places, message].join(': ');
}

function tried<T>(read: () => T): T | RnnError {
  try {
    return read();
  } catch (error) {
    if (error instanceof RnnError) return error;
    throw error;
  }
}

/** Possible axes of the input: token numbers; a sequence with the batch first, as in layers; one with the steps first, as in ONNX's operators. */
const AXES: readonly (readonly Axis[])[] = [
  ['N', 'T'],
  ['N', 'T', 'F'],
  ['T', 'N', 'F'],
];

/** @param end the error that stopped `followNodes`, if any */
function rewritten({ graph }: OnnxModel, walk: Walk, axes: readonly Axis[], progress: { entries: number }, end: unknown): GraphLayers {
  const { nodes, values, kernels } = walk;
  const { inputs, outputs } = graph;
  if (outputs.length === 0) throw notExpressible('the graph has no output');
  const [{ name }] = inputs;
  const own = nameOf(values.get(name))!;
  const [N, T, F] = (['N', 'T', 'F'] as const).map(axis => nodes.shapes.get(own)![axes.indexOf(axis)]);
  const flows = new Map<string, Flow>([[own, { layer: name, axes, view: 'plain' }]]);
  const names = new FreeNames([name, 'input']);
  const draft: Draft = {
    nodes,
    precision: kernels.precision,
    flows,
    names,
    layers: new Map(),
    weights: new Map(),
    input: { name, N, T, F },
  };
  const [y, ...others] = outputs.map(output => nameOf(values.get(output.name)));
  const gives = [y, ...others].flatMap(value => value ?? []);
  const live = end instanceof RnnError ? nodes.all : nodes.needed(gives);
  const open = live.map(({ name }) => nodes.origins.get(name)).find(node => node?.captures);
  if (open) throw notExpressible(`${open.opType} depends on computed values`);
  const readers = new Map<string, number>();
  for (const value of [...live.flatMap(readsOf), ...gives]) readers.set(value, (readers.get(value) ?? 0) + 1);
  for (const entry of live) {
    rewrite(entry, readers, draft);
    progress.entries++;
  }
  if (end instanceof RnnError) throw end;
  if (gives.some(value => !flows.has(value) && !nodes.shapes.get(value)!.numbers))
    throw notExpressible('an output of the graph is not the output of a layer');
  return finish(draft, outputs[0].name, y === undefined ? y : flows.get(y), axes[0] === 'N' && inputs.length === 1 && outputs.length === 1);
}

/** Returns the name of a computed value; undefined for constants, including zeros of a computed shape. */
function nameOf(wire: Wire | undefined): string | undefined {
  return wire && 'value' in wire && !wire.zero ? wire.value : undefined;
}

/** Rewrites one entry. Values computed from sizes and constants only are skipped: a rule that needs one knows its numbers, or refuses. */
function rewrite(entry: Entry, readers: ReadonlyMap<string, number>, draft: Draft): void {
  const { nodes, flows } = draft;
  const to = nodes.shapes.get(entry.name)!;
  if (flows.has(entry.name) || to.numbers) return;
  const own = entry.inputs.map((value): Flow | undefined => {
    const flow = flows.get(value);
    return flow && { ...flow, shared: flow.shared || readers.get(value)! > 1 };
  });
  const first = own.findIndex(isFlow);
  const isOperator = entry.kind === 'op';
  if (isOperator && first < 0) return;
  const node = nodes.origins.get(entry.name)!;
  if (first < 0) throw notExpressible(`${nodeLabel(node)} does not read the output of a layer`);
  const op = String(isOperator ? entry.op : entry.kind);
  if (!Object.hasOwn(RULES, op)) throw notExpressible(`${nodeLabel(node)} is not a layer`);
  const reads = isOperator ? operandsAmong<Call['reads'][number]>(entry as unknown as OperatorSpec, own, constant => constant) : own;
  const from = nodes.shapes.get(entry.inputs[first])!;
  const flow = RULES[op]({ entry, op, reads, x: own[first]!, from, to, node, draft });
  if (!flow) return;
  if (flow.axes.length !== to.length) throw notExpressible(`${nodeLabel(node)} changes the rank`);
  flows.set(entry.name, flow);
}

function finish(draft: Draft, outputName: string, output: Flow | undefined, exact: boolean): GraphLayers {
  if (!output) throw notExpressible('the output of the graph is not the output of a layer');
  const value = settle(output, draft);
  if (draft.layers.size === 0) throw notExpressible('the graph contains no layer');
  const layers = [...draft.layers.values()];
  const { name, N, T, F } = draft.input;
  const features = F ? (F.size ?? featuresRead(draft)) : null;
  const input = { name, batch: N.size, timesteps: T.size, features };
  const model = checkSpec({ name: 'graph', functional: true, input, layers, outputs: [{ name: outputName, value }] }, 'onnx');
  checkWeights(weightShapesByLayer(inferShapes(model)), draft.weights);
  return { model, weights: draft.weights, exact: exact && output.axes.join() === wholeAxes(output).join() };
}

/** Returns the number of input features, from the kernels of the layers that read the input. */
function featuresRead({ layers, weights, input }: Draft): number | null {
  const readers = [...layers].flatMap(([name, { inputs }]) => ((inputs as string[])[0] === input.name ? [name] : []));
  const kernels = readers.flatMap(name => ['Wx', 'forward/Wx', 'Wo'].flatMap(key => weights.get(`${name}/${key}`) ?? []));
  return kernels[0]?.shape[0] ?? null;
}

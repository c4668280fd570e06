import { RnnError } from '../../errors.js';
import { graphsIn, type OnnxGraph, type OnnxModel, type OnnxNode } from '../../formats/onnx/graph.js';
import { checkSpec } from '../../model/check.js';
import { inferShapes, weightShapesByLayer } from '../../model/shapes.js';
import type { ModelSpec } from '../../model/spec.js';
import { graphOf, intsOf } from '../../ops/attributes.js';
import { fromOnnx } from '../../ops/value.js';
import type { Tensor } from '../../tensor/tensor.js';
import { checkWeights, type Weights } from '../../weights/weights.js';
import { manualKernels } from '../manual.js';
import { runNode } from './evaluate.js';
import { moveAxes } from './layerMovement.js';
import { layerNode } from './layerNodes.js';
import { type Axis, constantOf, type Draft, type Sym, settle, stuck } from './symbols.js';

/**
 * A graph as layers, where it is a network of layers: the graph is walked once with symbols in place of numbers, so that what matters is
 * what it computes and not which exporter wrote it. A flow is a layer's output with its axes named (N, T, features, directions); moving
 * axes changes the names, arithmetic on shapes and zero states folds away, products and recurrences become layers.
 * What cannot be said in layers is not converted: `evaluateGraph` runs it node by node.
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
  for (const axes of inputAxes(model)) {
    const progress = { nodes: 0 };
    try {
      return interpret(model, axes, progress);
    } catch (error) {
      if (!(error instanceof RnnError)) throw error;
      if (progress.nodes > furthest.nodes) furthest = { reason: error.message, nodes: progress.nodes };
    }
  }
  return { reason: furthest.reason };
}

/** Batch first as layers have it, else time first as ONNX's own operators have it. */
function inputAxes({ graph }: OnnxModel): Axis[][] {
  if (graph.inputs.length === 0) return [];
  const rank = graph.inputs[0].shape?.length ?? 3;
  if (rank === 2) return [['N', 'T']];
  return rank === 3
    ? [
        ['N', 'T', 'F'],
        ['T', 'N', 'F'],
      ]
    : [];
}

function interpret(model: OnnxModel, axes: readonly Axis[], progress: { nodes: number }): GraphLayers {
  const { graph } = model;
  const [input] = graph.inputs;
  if (graph.outputs.length === 0) throw stuck('the graph has no output');
  const size = (axis: Axis) => {
    const n = input.shape?.[axes.indexOf(axis)];
    return typeof n === 'number' ? n : null;
  };
  const draft: Draft = {
    opset: model.opsets.get('') ?? 1,
    kernels: manualKernels([...graph.initializers.values()].some(t => t.dtype === 'f64') ? 'f64' : 'f32'),
    layers: [],
    readers: readersOf(model),
    inputName: input.name,
    sizes: { N: size('N'), T: size('T') },
    features: size('F'),
    tokens: axes.length === 2,
  };
  const values = new Map<string, Sym>([[input.name, { is: 'flow', layer: input.name, axes, view: 'plain' }]]);
  for (const other of graph.inputs.slice(1)) values.set(other.name, { is: 'other', what: 'another input' });
  for (const [name, t] of graph.initializers) values.set(name, { is: 'const', value: fromOnnx(t, draft.kernels.precision) });
  follow(graph, values, draft, progress);
  const batchFirst = axes[0] === 'N';
  return finish(
    draft,
    graph.outputs[0].name,
    values.get(graph.outputs[0].name),
    batchFirst && graph.inputs.length === 1 && graph.outputs.length === 1,
  );
}

/** The nodes of a graph, one after the other, with what they give put among the values. */
function follow(graph: OnnxGraph, values: Map<string, Sym>, draft: Draft, progress: { nodes: number }): void {
  const { opset } = draft;
  for (const node of graph.nodes) {
    draft.opset = node.opset ?? opset;
    const inputs = node.inputs.map(name => (name === '' ? undefined : values.get(name)));
    const outputs = node.captures ? branch(node, inputs[0], values, draft, progress) : step(node, inputs, draft);
    progress.nodes++;
    node.outputs.forEach((name, i) => {
      if (name !== '') values.set(name, outputs[i] ?? { is: 'other', what: 'an output no layer has' });
    });
  }
  draft.opset = opset;
}

/** If with a condition that is known: the nodes of that branch. */
function branch(
  node: OnnxNode,
  condition: Sym | undefined,
  values: ReadonlyMap<string, Sym>,
  draft: Draft,
  progress: { nodes: number },
): (Sym | undefined)[] {
  if (node.opType !== 'If' || condition?.is !== 'const') throw stuck(`${node.opType} decides while running`);
  const graph = graphOf(node, condition.value.data[0] === 0 ? 'else_branch' : 'then_branch');
  if (!graph) throw stuck('If has no branches');
  const inside = new Map(values);
  for (const [name, t] of graph.initializers) inside.set(name, { is: 'const', value: fromOnnx(t, draft.kernels.precision) });
  follow(graph, inside, draft, progress);
  return graph.outputs.map(({ name }) => inside.get(name));
}

/** A value is read by nodes, and as an output of a graph. */
function readersOf({ graph }: OnnxModel): Map<string, number> {
  const readers = new Map<string, number>();
  const graphs = graphsIn(graph);
  for (const name of graphs.flatMap(g => [...g.nodes.flatMap(n => n.inputs), ...g.outputs.map(o => o.name)]))
    readers.set(name, (readers.get(name) ?? 0) + 1);
  return readers;
}

function step(node: OnnxNode, inputs: readonly (Sym | undefined)[], draft: Draft): Sym[] {
  if (node.domain !== '') throw stuck(`${node.domain} is another operator set`);
  if (inputs.every(i => i === undefined || i.is === 'const')) return folded(node, inputs, draft);
  const first = inputs[0];
  if (first?.is === 'flow') {
    const moved = moveAxes(node, first, inputs, draft);
    if (moved) return moved;
  }
  if (first?.is === 'sizes' || inputs.some(i => i?.is === 'sizes' || i?.is === 'filled')) {
    const sized = onSizes(node, inputs, draft);
    if (sized) return sized;
  }
  return layerNode(node, inputs, draft);
}

/** What depends on constants alone is computed. */
function folded(node: OnnxNode, inputs: readonly (Sym | undefined)[], draft: Draft): Sym[] {
  const values = inputs.map(i => (i?.is === 'const' ? i.value : undefined));
  return runNode(node, draft.opset, values, draft.kernels).map(value => ({ is: 'const', value }));
}

/** Shapes put together from the input's, and states of zeros in such shapes. Sizes that are computed with are not followed. */
function onSizes(node: OnnxNode, inputs: readonly (Sym | undefined)[], draft: Draft): Sym[] | undefined {
  const [first] = inputs;
  if (first?.is === 'filled')
    return ['Slice', 'Gather', 'Transpose', 'Unsqueeze', 'Squeeze', 'Reshape', 'Expand', 'Identity', 'Cast'].includes(node.opType)
      ? [first]
      : undefined;
  if (node.opType === 'ConstantOfShape') {
    const [value] = runNode(node, draft.opset, [{ kind: 'int', shape: [1], data: Float64Array.of(1) }], draft.kernels);
    return [{ is: 'filled', value: value.data[0] }];
  }
  if (node.opType === 'Expand' && first?.is === 'const' && first.value.data.every(v => v === first.value.data[0]))
    return [{ is: 'filled', value: first.value.data[0] }];
  if (node.opType === 'Concat') return [{ is: 'sizes', scalar: false, sizes: inputs.flatMap(sizesOf) }];
  if (first?.is !== 'sizes') return undefined;
  switch (node.opType) {
    case 'Unsqueeze':
      return [{ ...first, scalar: false }];
    case 'Squeeze':
      return [{ ...first, scalar: true }];
    case 'Cast':
    case 'Identity':
      return [first];
    case 'Gather': {
      const index = inputs[1]?.is === 'const' ? inputs[1].value : undefined;
      if (!index) return undefined;
      return [{ is: 'sizes', scalar: index.shape.length === 0, sizes: Array.from(index.data, i => first.sizes.at(i) ?? null) }];
    }
    case 'Slice':
      return [{ is: 'sizes', scalar: false, sizes: slicedSizes(node, first.sizes, inputs) }];
    case 'Reshape':
      return [{ ...first, scalar: false }];
    case 'Mul':
      return [{ is: 'sizes', scalar: first.scalar, sizes: productSizes(first.sizes, sizesOf(inputs[1])) }];
    default:
      return [{ is: 'sizes', scalar: first.scalar, sizes: first.sizes.map(() => null) }];
  }
}

type Sizes = readonly (number | 'N' | 'T' | null)[];

/** A part of a shape. */
function slicedSizes(node: OnnxNode, sizes: Sizes, inputs: readonly (Sym | undefined)[]): Sizes {
  const [start, end, , step = 1] = [1, 2, 3, 4].map(i => (inputs[i] ? constantOf(inputs[i], 'a bound of Slice').data[0] : undefined));
  const [from, to] = [start ?? intsOf(node, 'starts')?.[0], end ?? intsOf(node, 'ends')?.[0]];
  if (step !== 1) throw stuck('a shape is turned round');
  return sizes.slice(from, to);
}

/** Numbers are multiplied, 1 leaves a symbol as it is; other products are not followed. */
function productSizes(a: Sizes, b: Sizes): Sizes {
  return a.map((x, i) => {
    const y = b[b.length === 1 ? 0 : i];
    if (typeof x === 'number' && typeof y === 'number') return x * y;
    return x === 1 ? y : y === 1 ? x : null;
  });
}

function sizesOf(sym: Sym | undefined): readonly (number | 'N' | 'T' | null)[] {
  if (sym?.is === 'sizes') return sym.sizes;
  if (sym?.is === 'const') return Array.from(sym.value.data);
  throw stuck('a shape is computed while running');
}

function finish(draft: Draft, outputName: string, output: Sym | undefined, exact: boolean): GraphLayers {
  if (output?.is !== 'flow') throw stuck('the output is not that of a layer');
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
  const input = { name: draft.inputName, batch: draft.sizes.N, timesteps: draft.sizes.T, features: draft.tokens ? null : draft.features };
  const outputs = [{ name: outputName, value: name }];
  const model = checkSpec({ name: 'graph', functional: true, input, layers, outputs }, 'onnx');
  const weights = new Map<string, Tensor>(
    draft.layers.flatMap(l => [...l.weights].map(([w, t]): [string, Tensor] => [`${l.name}/${w}`, t])),
  );
  checkWeights(weightShapesByLayer(inferShapes(model)), weights);
  return { model, weights, exact: exact && own };
}

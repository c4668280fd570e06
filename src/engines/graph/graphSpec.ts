import { RECURRENT_OPS } from '../../conventions/onnx/recurrentNode.js';
import { RnnError, within } from '../../errors.js';
import { graphsIn, type OnnxGraph, type OnnxModel, type OnnxNode } from '../../formats/onnx/graph.js';
import type { Dim, DimShape } from '../../layers/layer.js';
import { sized } from '../../layers/operatorNumbers.js';
import { checkSpec } from '../../model/check.js';
import { inferShapes, type ModelShapes, weightShapesByLayer } from '../../model/shapes.js';
import type { ModelSpec } from '../../model/spec.js';
import { intOf, nodeLabel } from '../../ops/attributes.js';
import { fromOnnx, type GraphValue, kindOfType } from '../../ops/value.js';
import { transpose } from '../../tensor/layout.js';
import { sizeOf } from '../../tensor/tensor.js';
import { checkWeights, type Weights } from '../../weights/weights.js';
import { manualKernels } from '../manual.js';
import { axisLetters } from './axisLetters.js';
import { branch, possible, Undecided } from './branches.js';
import { constantsOf } from './checkNodes.js';
import { checkRanks } from './checkRanks.js';
import { runNode } from './evaluate.js';
import type { Branch, Walk } from './graphWalk.js';
import { Nodes, type Wire } from './nodes.js';
import { notExpressible } from './notExpressible.js';
import { asOperator, turnedProduct } from './operatorOf.js';
import { recurrentLayer } from './recurrentLayer.js';
import { withWeights } from './weightedLayers.js';

export interface WiringOptions {
  /** returns the size of the axis with this letter; `said` is the size in the file */
  readonly sizeOf?: (letter: string, said: number | null) => number | null;
  /** 'own': keep the order of axes that the graph's inputs have */
  readonly layout?: 'own';
  /** the branch of an If that is taken, whatever its condition says */
  readonly taken?: ReadonlyMap<OnnxNode, Branch>;
}

export interface GraphSpec {
  readonly model: ModelSpec;
  readonly weights: Weights;
  readonly shapes: ModelShapes;
  /** names of the graph's inputs [T, N, …] whose first two axes are swapped in the model */
  readonly stepsFirst: ReadonlySet<string>;
  /** names of the inputs that are integers */
  readonly wholeInputs: ReadonlySet<string>;
}

/**
 * Converts an ONNX graph into the graph of a spec: RNN, LSTM and GRU, products with constants and look-ups become layers; every other node
 * becomes an operator in the form of operator set 21. Inputs with the steps first, [T, N, …], have the samples first in the spec, unless the
 * graph's own layout is requested.
 * @throws RnnError if a node cannot be expressed in a spec, or a shape is not known before the graph runs
 */
export function specOfGraph(model: OnnxModel, options: WiringOptions = {}): GraphSpec {
  const { walk, declared, given, stepsFirst } = followed(model, options);
  const { nodes } = walk;
  const inputs = declared.map(({ name, dims }) => ({ name, ...inputSizes(dims, nodes.isLookedUp(name)) }));
  const outputs = model.graph.outputs.map(({ name }) => {
    const wire = walk.values.get(name);
    if (!wire) throw notExpressible(`nothing computes ${name}`);
    return { name, value: nodes.value(wire) };
  });
  const layers = nodes.needed(outputs.map(o => o.value));
  const spec = checkSpec({ name: 'graph', functional: true, inputs, layers, outputs }, 'onnx');
  const weights = nodes.weightsOfAll(layers);
  const shapes = inferShapes(spec, given);
  checkWeights(weightShapesByLayer(shapes), weights);
  const wholeInputs = new Set(declared.flatMap(({ name }) => (nodes.kinds.get(name) === 'int' ? [name] : [])));
  return { model: spec, weights, shapes, stepsFirst, wholeInputs };
}

/** Most branches that are tried; each doubles the work. */
const MOST_TRIED = 3;

/**
 * Converts a graph to be shown, not run. An If that is decided while the graph runs is replaced by the branch whose shape the nodes after it can
 * read, if they can only read one. PyTorch writes such an If for `squeeze` of an axis of open size.
 * @throws RnnError as specOfGraph
 */
export function shownSpec(model: OnnxModel, options: WiringOptions = {}): GraphSpec {
  try {
    return specOfGraph(model, options);
  } catch (error) {
    const taken = options.taken ?? new Map<OnnxNode, Branch>();
    if (!(error instanceof Undecided) || taken.size >= MOST_TRIED) throw error;
    const read = (['then_branch', 'else_branch'] as const).map(branch =>
      possible(() => shownSpec(model, { ...options, taken: new Map([...taken, [error.node, branch]]) })),
    );
    const [only, ...others] = read.flatMap(spec => (spec instanceof RnnError ? [] : [spec]));
    if (!only || others.length > 0) throw error;
    return only;
  }
}

interface Entered {
  readonly walk: Walk;
  readonly declared: readonly { readonly name: string; readonly dims: DimShape }[];
  readonly given: ReadonlyMap<string, DimShape>;
  readonly stepsFirst: ReadonlySet<string>;
}

/** Follows the nodes of a graph. Axes that the file leaves open get the sizes that weights require, as far as these are known. */
function followed(model: OnnxModel, { sizeOf = (_, said) => said, ...options }: WiringOptions): Entered {
  const learned = new Map<string, number>();
  for (;;) {
    const entered = startWalk(model, { ...options, sizeOf: (letter, said) => sizeOf(letter, said) ?? learned.get(letter) ?? null });
    const letters = new Set(entered.declared.flatMap(({ dims }) => dims.map(({ symbol }) => symbol)));
    const news = () => [...entered.walk.nodes.said].filter(([letter]) => letters.has(letter) && !learned.has(letter));
    try {
      followNodes(model.graph, entered.walk);
    } catch (error) {
      if (news().length === 0) throw error;
    }
    if (news().length === 0) return entered;
    for (const [letter, size] of news()) learned.set(letter, size);
  }
}

/** The inputs of a graph whose nodes are to be followed. @throws RnnError where one has no rank */
export function startWalk({ graph, opsets }: OnnxModel, { sizeOf = (_, said) => said, layout, taken }: WiringOptions): Entered {
  const nodes = new Nodes();
  const precision = [...graph.initializers.values()].some(t => t.dtype === 'f64') ? 'f64' : 'f32';
  const walk: Walk = {
    nodes,
    taken,
    opset: opsets.get('') ?? 1,
    kernels: manualKernels(precision),
    most: 2 ** 20 + 4 * numbersIn(graph),
    readers: readersOf(graph),
    values: new Map(),
  };
  const letters = axisLetters(graph);
  const given = new Map<string, DimShape>();
  const stepsFirst = new Set<string>();
  const declared = graph.inputs.map(({ name, shape, dtype }, i) => {
    if (!shape || dtype === null)
      throw notExpressible(`the input ${name} ${shape ? 'has an element type that is not supported' : 'has no rank'}`);
    const own = nodes.free(name);
    const turned = layout !== 'own' && letters[i][0] === 'T' && letters[i][1] === 'N';
    if (turned) stepsFirst.add(name);
    const perm = shape.map((_, axis) => (turned && axis < 2 ? 1 - axis : axis));
    const dims = perm.map((axis): Dim => {
      const n = shape[axis];
      return { symbol: letters[i][axis], size: sizeOf(letters[i][axis], typeof n === 'number' ? n : null) };
    });
    given.set(own, dims);
    nodes.shapes.set(own, dims);
    const kind = kindOfType(dtype);
    nodes.kinds.set(own, kind);
    walk.values.set(name, turned ? nodes.op('turned', 'Transpose', [{ value: own }], { perm }) : { value: own });
    return { name: own, dims };
  });
  return { walk, declared, given, stepsFirst };
}

/** Returns the sizes of an input as a spec has them: [N, T, D], token numbers [N, T], or an explicit shape. */
function inputSizes(dims: DimShape, tokens: boolean): Record<string, unknown> {
  const [batch = null, ...rest] = dims.map(d => d.size);
  if (rest.length === 2 && rest[1] !== null) return { batch, timesteps: rest[0], features: rest[1] };
  return tokens && rest.length === 1 ? { batch, timesteps: rest[0], features: null } : { batch, shape: rest };
}

/** How many numbers the constants of the file have, including those of its subgraphs. */
function numbersIn(graph: OnnxGraph): number {
  const constants = graphsIn(graph).flatMap(inner => [...constantsOf(inner).values()]);
  return constants.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}

function readersOf(graph: OnnxGraph): Map<string, OnnxNode[]> {
  const readers = new Map<string, OnnxNode[]>();
  for (const node of graph.nodes) for (const name of node.inputs) readers.set(name, [...(readers.get(name) ?? []), node]);
  return readers;
}

/** Follows the nodes of a graph in order and adds their outputs to the values. */
export function followNodes(graph: OnnxGraph, walk: Walk): void {
  for (const [name, t] of graph.initializers) walk.values.set(name, { constant: fromOnnx(t, walk.kernels.precision) });
  const { opset } = walk;
  for (const node of graph.nodes) {
    walk.opset = node.opset ?? opset;
    const inputs = node.inputs.map(name => (name === '' ? undefined : walk.values.get(name)));
    walk.nodes.node = node;
    const outputs = within(nodeLabel(node), () => apply(node, inputs, walk));
    node.outputs.forEach((name, i) => {
      if (name !== '' && outputs[i]) walk.values.set(name, outputs[i]);
    });
  }
  walk.opset = opset;
}

function apply(node: OnnxNode, inputs: readonly (Wire | undefined)[], walk: Walk): readonly Wire[] {
  const { opType } = node;
  checkRanks(
    node,
    inputs.map(wire => wire && walk.nodes.shape(wire).map(dim => dim.size)),
  );
  if (node.captures) return branch(node, inputs[0], walk, followNodes);
  if (node.domain === 'com.microsoft' && opType === 'FusedMatMul') return [turnedProduct(node, inputs, walk.nodes)];
  if (node.domain !== '') throw notExpressible(`operators of the domain ${node.domain} are not supported`);
  if (inputs.every(i => i === undefined || 'constant' in i)) {
    const given = inputs.map(i => (i && 'constant' in i ? i.constant : undefined));
    return computed(node, given, walk).map(constant => ({ constant }));
  }
  if (Object.hasOwn(RECURRENT_OPS, opType)) return recurrentLayer(node, inputs, walk.nodes);
  if (opType === 'MatMul' || opType === 'Gemm') {
    const dense = product(node, inputs, walk);
    if (dense) return [dense];
  }
  if (opType === 'Gather') {
    const table = inputs[0] && 'constant' in inputs[0] ? inputs[0].constant : undefined;
    if (table?.shape.length === 2 && table.kind === 'float' && (intOf(node, 'axis') ?? 0) === 0 && isTokens(node.inputs[1], walk))
      return [embedded(node, table, inputs[1]!, walk)];
  }
  const layer = withWeights(node, inputs, walk.nodes);
  return layer ? [layer] : asOperator(node, inputs, walk.opset, walk.nodes);
}

/** Computes a node of constants. @throws RnnError E_ONNX_LAYERS if it would take too much time or memory */
function computed(node: OnnxNode, given: readonly (GraphValue | undefined)[], walk: Walk): GraphValue[] {
  try {
    return runNode(node, walk.opset, given, walk.kernels, walk.most);
  } catch (error) {
    if (error instanceof RnnError && error.kind === 'limit')
      throw notExpressible('its constants, once computed, are far larger than its file');
    throw error;
  }
}

/** Whether a value is an input with token numbers [N, T], so that an embedding layer looks them up. */
function isTokens(name: string, { values, nodes }: Walk): boolean {
  const wire = values.get(name);
  return wire !== undefined && 'value' in wire && nodes.layer(wire.value) === undefined && nodes.shape(wire).length === 2;
}

/** Turns a product with a constant matrix, and a bias that is added next, into a dense layer; undefined for any other product. */
function product(node: OnnxNode, inputs: readonly (Wire | undefined)[], { nodes, readers }: Walk): Wire | undefined {
  const [x, second, third] = inputs;
  if (!x || !('value' in x) || !second || !('constant' in second) || second.constant.shape.length !== 2) return undefined;
  if (nodes.shape(x).length === 0) return undefined;
  const gemm = node.opType === 'Gemm';
  if (gemm && nodes.shape(x).length !== 2) return undefined;
  const plain = ['alpha', 'beta'].every(name => {
    const given = node.attributes.get(name);
    return given === undefined || (given.type === 'float' && given.value === 1);
  });
  if (gemm && (!plain || (intOf(node, 'transA') ?? 0) !== 0)) return undefined;
  const { constant: W } = second;
  const kernel = gemm && (intOf(node, 'transB') ?? 0) !== 0 ? transpose(W) : W;
  const [D, K] = kernel.shape;
  nodes.needs(x, -1, D);
  const bias = third && 'constant' in third && isRow(third.constant, K) ? { ...third.constant, shape: [K] } : undefined;
  if (third && !bias) return undefined;
  const name = nodes.add(
    node.name || readers.get(node.outputs[0])?.[0]?.name || 'dense',
    { kind: 'dense', units: K, useBias: bias !== undefined },
    [x],
    ([shape]) => [...shape.slice(0, -1), sized(K)],
  );
  nodes.weigh(name, 'Wo', kernel);
  if (bias) nodes.weigh(name, 'bo', bias);
  return { value: name };
}

/** Whether it is a row of K numbers: [K], [1, K] … */
export function isRow({ shape }: Pick<GraphValue, 'shape'>, K: number): boolean {
  return sizeOf(shape) === K && shape.at(-1) === K;
}

function embedded(node: OnnxNode, table: GraphValue, tokens: Wire, { nodes }: Walk): Wire {
  const name = nodes.add(node.name || 'embedding', embeddingOf(table.shape), [tokens], ([shape]) => [...shape, sized(table.shape[1])]);
  nodes.weigh(name, 'E', table);
  return { value: name };
}

export function embeddingOf([tokens, units]: readonly number[]): Record<string, unknown> {
  return { kind: 'embedding', tokens, units };
}

import { RnnError, within } from '../../errors.js';
import { escapeText } from '../../escape.js';
import { graphsIn, type OnnxGraph, type OnnxModel, type OnnxNode, readsOf } from '../../formats/onnx/graph.js';
import type { Kernels } from '../../layers/layer.js';
import { nodeLabel, nodePlace } from '../../ops/attributes.js';
import { OPERATORS as PURE_OPERATORS } from '../../ops/index.js';
import { type Call, checkAttributes, type Operator, type Operators } from '../../ops/operator.js';
import { hold, inRoom, numbersOf, pass, release, roomFor } from '../../ops/room.js';
import { fromOnnx, type GraphValue } from '../../ops/value.js';
import { claiming } from '../claiming.js';
import { COMPOSED_OPERATORS, withParts } from './composed/index.js';
import { RECURRENT } from './recurrent.js';

/**
 * Evaluates an ONNX graph node by node, whatever exporter wrote it: its products and recurrences run on an engine's kernels, so both
 * engines run the same files. Values are dropped after their last reader.
 */
const OPERATORS: Operators = { ...PURE_OPERATORS, ...RECURRENT };

export const RUN_OPERATORS: readonly string[] = [...Object.keys(OPERATORS), ...COMPOSED_OPERATORS].sort();

/** What a node takes beside its numbers. */
const STEPS = 2000;
/** What is computed before anything runs takes no second. */
const CHEAP = { seconds: 20, work: 2e7 };

/**
 * One node on its own: for what can be computed once and for all.
 * @param most numbers that it may hold
 * @throws RnnError E_ONNX_OPERATOR; E_MEMORY, E_LIMIT_TIME where that would not be cheap
 */
export function runNode(
  node: OnnxNode,
  opset: number,
  inputs: readonly (GraphValue | undefined)[],
  kernels: Kernels,
  most = 2 ** 22,
): GraphValue[] {
  if (!Object.hasOwn(OPERATORS, keyOf(node))) throw unsupported(node);
  const operator = OPERATORS[keyOf(node)];
  return within(nodePlace(node), () => {
    checkAttributes(operator, node);
    const call = { node, opset: node.opset ?? opset, inputs, kernels: claiming(kernels) };
    return inRoom({ ...CHEAP, bytes: 8 * most }, () => operator.run(call));
  });
}

/** `LSTM`; `com.microsoft.Gelu` of another domain */
function keyOf({ domain, opType }: OnnxNode): string {
  return domain === '' ? opType : `${domain}.${opType}`;
}

/** Nodes that are not run, in graph order, those inside subgraphs too. */
export function unsupportedNodes({ graph }: OnnxModel): OnnxNode[] {
  return graphsIn(graph)
    .flatMap(g => g.nodes)
    .filter(node => !Object.hasOwn(OPERATORS, keyOf(node)));
}

/** @throws RnnError E_ONNX_OPERATOR (unsupported, exit 3) naming the first operator that is not run, E_ONNX_TYPE an input of no plain numbers */
export function checkRunnable(model: OnnxModel): void {
  const [first] = unsupportedNodes(model);
  if (first) throw unsupported(first);
  const other = model.graph.inputs.find(input => input.dtype === null && input.shape !== null);
  if (other)
    throw new RnnError('unsupported', 'E_ONNX_TYPE', `the input ${escapeText(other.name)} is not of plain numbers`, {
      where: escapeText(other.name),
      expected: 'floats of 16 bits or more, integers of 8 bits or more, booleans',
      fix: '--engine onnxruntime runs any type',
    });
}

function unsupported(first: OnnxNode): RnnError {
  return new RnnError('unsupported', 'E_ONNX_OPERATOR', `the operator ${operatorName(first)} is not run here`, {
    where: nodePlace(first),
    expected: RUN_OPERATORS.join(', '),
    found: operatorName(first),
    fix: 'rnn-cli inspect shows the recurrent layers of the file; --engine onnxruntime runs any operator',
  });
}

export function operatorName({ domain, opType }: OnnxNode): string {
  return escapeText(domain === '' ? opType : `${domain}.${opType}`, 80);
}

interface Evaluation {
  readonly kernels: Kernels;
  readonly opset: number;
}

/** What a name stands for in the graphs around a subgraph. */
type Around = (name: string) => GraphValue | undefined;

/**
 * @param inputs by name; every graph input that is no initializer must be there
 * @returns the graph's outputs by name, in their order
 * @throws RnnError E_ONNX_OPERATOR, E_ONNX_INPUT, E_ONNX_SHAPE, E_MEMORY, E_LIMIT_TIME
 */
export function evaluateGraph(given: OnnxModel, inputs: ReadonlyMap<string, GraphValue>, kernels: Kernels): Map<string, GraphValue> {
  const constants = graphsIn(given.graph).flatMap(g => [...g.initializers.values()]);
  return inRoom(roomFor(numbersOf([...inputs.values(), ...constants])), () => evaluated(given, inputs, claiming(kernels)));
}

function evaluated(given: OnnxModel, inputs: ReadonlyMap<string, GraphValue>, kernels: Kernels): Map<string, GraphValue> {
  const model = withParts(given);
  checkRunnable(model);
  const { graph } = model;
  const outputs = prepare(graph, { kernels, opset: model.opsets.get('') ?? 1 })(inputs, () => undefined);
  const list = graph.outputs.find((_, i) => outputs[i].items);
  if (list)
    throw new RnnError('unsupported', 'E_ONNX_TYPE', `the output ${escapeText(list.name)} is a sequence of tensors`, {
      expected: 'a tensor',
    });
  return new Map(graph.outputs.map(({ name }, i) => [name, outputs[i]]));
}

/** A graph, ready to be run any number of times. */
function prepare(graph: OnnxGraph, evaluation: Evaluation): (inputs: ReadonlyMap<string, GraphValue>, around: Around) => GraphValue[] {
  const constants = [...graph.initializers].map(([name, t]): [string, GraphValue] => [
    name,
    within(escapeText(name), () => fromOnnx(t, evaluation.kernels.precision)),
  ]);
  const kept = new Set(graph.outputs.map(o => o.name));
  const readers = readersOf(graph.nodes);
  const computed = new Set(graph.nodes.flatMap(node => node.outputs));
  const bodies = new Map<OnnxGraph, ReturnType<typeof prepare>>();
  return (inputs, around) => {
    const values = new Map<string, GraphValue>([...constants, ...inputs]);
    const left = new Map(readers);
    const look: Around = name => values.get(name) ?? around(name);
    for (const node of graph.nodes) {
      const body: Call['body'] = (inner, given) => {
        const run = bodies.get(inner) ?? prepare(inner, evaluation);
        bodies.set(inner, run);
        return run(new Map(inner.inputs.map(({ name }, i) => [name, given[i]])), look);
      };
      runInto(node, look, values, { ...evaluation, body });
      for (const name of readsOf(node)) {
        left.set(name, (left.get(name) ?? 0) - 1);
        if (left.get(name) === 0 && !kept.has(name) && values.has(name)) {
          if (computed.has(name)) release(values.get(name)!);
          values.delete(name);
        }
      }
    }
    for (const name of computed) if (values.has(name)) release(values.get(name)!);
    return graph.outputs.map(({ name }) => look(name) ?? missingOutput(name));
  };
}

/** Runs a node and puts what it gives among the values. */
function runInto(node: OnnxNode, look: Around, values: Map<string, GraphValue>, call: Pick<Call, 'opset' | 'kernels' | 'body'>): void {
  const operator: Operator = OPERATORS[keyOf(node)];
  const outputs = within(nodePlace(node), () => {
    checkAttributes(operator, node);
    const inputs = node.inputs.map(name => (name === '' ? undefined : look(name)));
    const given = operator.run({ node, opset: node.opset ?? call.opset, kernels: call.kernels, body: call.body, inputs });
    given.forEach((value, i) => void (node.outputs[i] && hold(value)));
    pass(STEPS + numbersOf(given));
    return given;
  });
  node.outputs.forEach((name, i) => {
    if (name === '') return;
    if (!outputs[i])
      throw new RnnError('unsupported', 'E_ONNX_OPERATOR', `${nodeLabel(node)} has no output ${i} here`, { where: nodePlace(node) });
    values.set(name, outputs[i]);
  });
}

function missingOutput(name: string): never {
  throw new RnnError('format', 'E_ONNX_INPUT', `nothing computes the output ${escapeText(name)}`, { where: escapeText(name) });
}

function readersOf(nodes: readonly OnnxNode[]): Map<string, number> {
  const left = new Map<string, number>();
  for (const node of nodes) for (const name of readsOf(node)) left.set(name, (left.get(name) ?? 0) + 1);
  return left;
}

import { RnnError, within } from '../../errors.js';
import { escapeText } from '../../escape.js';
import { graphsIn, type OnnxGraph, type OnnxModel, type OnnxNode, readsOf } from '../../formats/onnx/graph.js';
import type { Kernels } from '../../layers/layer.js';
import { nodeLabel, nodePlace } from '../../ops/attributes.js';
import { OPERATORS as PURE_OPERATORS } from '../../ops/index.js';
import { type Call, checkAttributes, type Operator, type Operators } from '../../ops/operator.js';
import { hold, inRoom, numbersOf, pass, release, roomFor } from '../../ops/room.js';
import { fromOnnx, type GraphValue } from '../../ops/value.js';
import { claimingKernels } from '../claiming.js';
import { type GraphCall, walkCalls } from '../walk.js';
import { checkRanks } from './checkRanks.js';
import { COMPOSED_OPERATORS, withParts } from './composed/index.js';
import { RECURRENT } from './recurrent.js';

/**
 * Evaluates an ONNX graph node by node, whichever exporter wrote it. Its products and recurrences run on an engine's kernels, so both engines
 * run the same files. Values are dropped after their last reader.
 */
const OPERATORS: Operators = { ...PURE_OPERATORS, ...RECURRENT };

export const RUN_OPERATORS: readonly string[] = [...Object.keys(OPERATORS), ...COMPOSED_OPERATORS].sort();

/** Fixed cost of a node, in multiply-adds. */
const STEPS = 2000;
/** Limits for computing constants before the graph runs: less than a second of work. */
const CHEAP = { seconds: 20, work: 2e7 };

/**
 * Runs a single node, to compute constants in advance.
 * @param most how many numbers the result may have
 * @throws RnnError E_ONNX_OPERATOR; E_MEMORY, E_LIMIT_TIME if it would not be cheap
 */
export function runNode(
  node: OnnxNode,
  opset: number,
  inputs: readonly (GraphValue | undefined)[],
  kernels: Kernels,
  most = 2 ** 22,
): GraphValue[] {
  if (!Object.hasOwn(OPERATORS, keyOf(node))) throw unsupported(node);
  const call = { node, opset: node.opset ?? opset, inputs, kernels: claimingKernels(kernels) };
  return inRoom({ ...CHEAP, bytes: 8 * most }, () => runCall(call));
}

/** Key of a node in OPERATORS: `LSTM`; in another domain, `com.microsoft.Gelu`. */
function keyOf({ domain, opType }: OnnxNode): string {
  return domain === '' ? opType : `${domain}.${opType}`;
}

/** Returns the nodes that cannot be run, in graph order, including those of subgraphs. */
export function unsupportedNodes({ graph }: OnnxModel): OnnxNode[] {
  return graphsIn(graph)
    .flatMap(g => g.nodes)
    .filter(node => !Object.hasOwn(OPERATORS, keyOf(node)));
}

/** @throws RnnError E_ONNX_OPERATOR (unsupported, exit 3) naming the first operator that cannot be run; E_ONNX_TYPE if an input is not a tensor of numbers */
function checkRunnable(model: OnnxModel): void {
  const [first] = unsupportedNodes(model);
  if (first) throw unsupported(first);
  const other = model.graph.inputs.find(input => input.dtype === null && input.shape !== null);
  if (other)
    throw new RnnError('unsupported', 'E_ONNX_TYPE', `the input ${escapeText(other.name)} has an element type that is not supported`, {
      where: escapeText(other.name),
      expected: 'floats of 16 bits or more, integers of 8 bits or more, booleans',
      fix: '--engine onnxruntime runs any type',
    });
}

function unsupported(first: OnnxNode): RnnError {
  return new RnnError('unsupported', 'E_ONNX_OPERATOR', `the operator ${operatorName(first)} is not supported`, {
    where: nodePlace(first),
    expected: RUN_OPERATORS.join(', '),
    found: operatorName(first),
    fix: 'rnn-cli inspect shows the recurrent layers of the file; --engine onnxruntime runs any operator',
  });
}

/** The operator with its domain, as messages name it. */
export function operatorName({ domain, opType }: OnnxNode): string {
  return escapeText(domain === '' ? opType : `${domain}.${opType}`, 80);
}

/**
 * Runs a graph.
 * @param inputs by name; every graph input that is not an initializer must be present
 * @returns the graph's outputs by name, in their order
 * @throws RnnError E_ONNX_OPERATOR, E_ONNX_INPUT, E_ONNX_SHAPE, E_MEMORY, E_LIMIT_TIME
 */
export function evaluateGraph(given: OnnxModel, inputs: ReadonlyMap<string, GraphValue>, kernels: Kernels): Map<string, GraphValue> {
  const constants = graphsIn(given.graph).flatMap(g => [...g.initializers.values()]);
  return inRoom(roomFor(numbersOf([...inputs.values(), ...constants])), () => evaluated(given, inputs, claimingKernels(kernels)));
}

function evaluated(given: OnnxModel, inputs: ReadonlyMap<string, GraphValue>, kernels: Kernels): Map<string, GraphValue> {
  const model = withParts(given);
  checkRunnable(model);
  const { graph } = model;
  const outputs = prepared(graph, kernels, model.opsets.get('') ?? 1)(inputs, () => undefined);
  const list = graph.outputs.find((_, i) => outputs[i].items);
  if (list)
    throw new RnnError('unsupported', 'E_ONNX_TYPE', `the output ${escapeText(list.name)} is a sequence of tensors`, {
      expected: 'a tensor',
    });
  return new Map(graph.outputs.map(({ name }, i) => [name, outputs[i]]));
}

type Look = (name: string) => GraphValue | undefined;

/** Prepares a graph to be run any number of times: turns its nodes into calls, and prepares subgraphs on first use. */
function prepared(
  graph: OnnxGraph,
  kernels: Kernels,
  opset: number,
): (inputs: ReadonlyMap<string, GraphValue>, around: Look) => GraphValue[] {
  const outputs = graph.outputs.map(o => o.name);
  const readers = new Map<string, number>();
  for (const name of [...graph.nodes.flatMap(readsOf), ...outputs]) readers.set(name, (readers.get(name) ?? 0) + 1);
  const bodies = new Map<OnnxGraph, ReturnType<typeof prepared>>();
  const calls = graph.nodes.map(
    (node): GraphCall<GraphValue> => ({
      reads: readsOf(node),
      gives: node.outputs,
      run: look => {
        const body: Call['body'] = (inner, given) => {
          const run = bodies.get(inner) ?? prepared(inner, kernels, opset);
          bodies.set(inner, run);
          return run(new Map(inner.inputs.map(({ name }, i) => [name, given[i]])), look);
        };
        return runCall({ node, opset: node.opset ?? opset, kernels, body, inputs: node.inputs.map(look) });
      },
    }),
  );
  const constants = [...graph.initializers].map(
    ([name, t]) => [name, within(escapeText(name), () => fromOnnx(t, kernels.precision))] as const,
  );
  return (inputs, around) => {
    const values = walkCalls<GraphValue>({ calls, constants, readers, dropped: release }, inputs, around);
    for (const name of graph.nodes.flatMap(node => node.outputs)) if (values.has(name)) release(values.get(name)!);
    return outputs.map(name => values.get(name) ?? around(name) ?? missingOutput(name));
  };
}

/** @returns the outputs of the node in their order, unnamed ones included */
function runCall(call: Call): GraphValue[] {
  const { node } = call;
  const operator: Operator = OPERATORS[keyOf(node)];
  const outputs = within(nodePlace(node), () => {
    checkAttributes(operator, node);
    checkRanks(
      node,
      call.inputs.map(value => value?.shape),
    );
    const given = operator.run(call);
    given.forEach((value, i) => void (node.outputs[i] && hold(value)));
    pass(STEPS + numbersOf(given));
    return given;
  });
  return node.outputs.map((name, i) => {
    if (name === '' || outputs[i]) return outputs[i];
    throw new RnnError('unsupported', 'E_ONNX_OPERATOR', `output ${i} of ${nodeLabel(node)} is not supported`, { where: nodePlace(node) });
  });
}

function missingOutput(name: string): never {
  throw new RnnError('format', 'E_ONNX_INPUT', `nothing computes the output ${escapeText(name)}`, { where: escapeText(name) });
}

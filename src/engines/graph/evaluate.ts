import { RnnError, within } from '../../errors.js';
import { escapeText } from '../../escape.js';
import type { OnnxModel, OnnxNode } from '../../formats/onnxGraph.js';
import type { Kernels } from '../../layers/layer.js';
import { nodeLabel, nodePlace } from '../../ops/attributes.js';
import { OPERATORS as PURE_OPERATORS } from '../../ops/index.js';
import { checkAttributes, type Operator, type Operators } from '../../ops/operator.js';
import { fromOnnx, type GraphValue } from '../../ops/value.js';
import { RECURRENT } from './recurrent.js';

/**
 * Evaluates an ONNX graph node by node, whatever exporter wrote it: its products and recurrences run on an engine's kernels, so both
 * engines run the same files. Values are dropped after their last reader.
 */
const OPERATORS: Operators = { ...PURE_OPERATORS, ...RECURRENT };

export const RUN_OPERATORS: readonly string[] = Object.keys(OPERATORS).sort();

/** One node on its own: for what can be computed once and for all. @throws RnnError E_ONNX_OPERATOR */
export function runNode(node: OnnxNode, opset: number, inputs: readonly (GraphValue | undefined)[], kernels: Kernels): GraphValue[] {
  if (!Object.hasOwn(OPERATORS, keyOf(node))) throw unsupported(node);
  const operator = OPERATORS[keyOf(node)];
  return within(nodePlace(node), () => {
    checkAttributes(operator, node);
    return operator.run({ node, opset, inputs, kernels });
  });
}

/** `LSTM`; `com.microsoft.Gelu` of another domain */
function keyOf({ domain, opType }: OnnxNode): string {
  return domain === '' ? opType : `${domain}.${opType}`;
}

/** Nodes that are not run, in graph order. */
export function unsupportedNodes({ graph }: OnnxModel): OnnxNode[] {
  return graph.nodes.filter(node => !Object.hasOwn(OPERATORS, keyOf(node)));
}

/** @throws RnnError E_ONNX_OPERATOR (unsupported, exit 3) naming the first operator that is not run */
export function checkRunnable(model: OnnxModel): void {
  const [first] = unsupportedNodes(model);
  if (first) throw unsupported(first);
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

/**
 * @param inputs by name; every graph input that is no initializer must be there
 * @returns the graph's outputs by name, in their order
 * @throws RnnError E_ONNX_OPERATOR, E_ONNX_INPUT, E_ONNX_SHAPE, E_ONNX_CYCLE
 */
export function evaluateGraph(model: OnnxModel, inputs: ReadonlyMap<string, GraphValue>, kernels: Kernels): Map<string, GraphValue> {
  checkRunnable(model);
  const { graph } = model;
  const opset = model.opsets.get('') ?? 1;
  const values = new Map<string, GraphValue>(inputs);
  for (const [name, t] of graph.initializers)
    if (!values.has(name))
      values.set(
        name,
        within(escapeText(name), () => fromOnnx(t, kernels.precision)),
      );
  const kept = new Set(graph.outputs.map(o => o.name));
  const left = readersLeft(graph.nodes);
  for (const node of inOrder(graph.nodes, new Set(values.keys()))) {
    const operator: Operator = OPERATORS[keyOf(node)];
    const outputs = within(nodePlace(node), () => {
      checkAttributes(operator, node);
      return operator.run({ node, opset, kernels, inputs: node.inputs.map(name => (name === '' ? undefined : values.get(name))) });
    });
    node.outputs.forEach((name, i) => {
      if (name === '') return;
      if (!outputs[i])
        throw new RnnError('unsupported', 'E_ONNX_OPERATOR', `${nodeLabel(node)} has no output ${i} here`, { where: nodePlace(node) });
      values.set(name, outputs[i]);
    });
    for (const name of node.inputs) {
      left.set(name, (left.get(name) ?? 0) - 1);
      if (left.get(name) === 0 && !kept.has(name)) values.delete(name);
    }
  }
  return new Map(graph.outputs.map(({ name }) => [name, outputValue(values, name)]));
}

function outputValue(values: ReadonlyMap<string, GraphValue>, name: string): GraphValue {
  const value = values.get(name);
  if (value) return value;
  throw new RnnError('format', 'E_ONNX_INPUT', `nothing computes the output ${escapeText(name)}`, { where: escapeText(name) });
}

function readersLeft(nodes: readonly OnnxNode[]): Map<string, number> {
  const left = new Map<string, number>();
  for (const node of nodes) for (const name of node.inputs) left.set(name, (left.get(name) ?? 0) + 1);
  return left;
}

/**
 * ONNX asks for nodes in an order of data flow; a file that is not is sorted, one with a cycle refused.
 * @throws RnnError E_ONNX_CYCLE, E_ONNX_INPUT
 */
export function inOrder(nodes: readonly OnnxNode[], known: Set<string>): OnnxNode[] {
  const makes = new Set(nodes.flatMap(n => n.outputs));
  const sorted: OnnxNode[] = [];
  let rest = nodes;
  while (rest.length > 0) {
    const waiting: OnnxNode[] = [];
    for (const node of rest) {
      const missing = node.inputs.find(name => name !== '' && !known.has(name));
      if (missing === undefined) {
        sorted.push(node);
        for (const name of node.outputs) known.add(name);
      } else if (!makes.has(missing)) {
        throw new RnnError('format', 'E_ONNX_INPUT', `nothing gives '${escapeText(missing, 60)}', which ${nodeLabel(node)} reads`, {
          where: nodePlace(node),
        });
      } else waiting.push(node);
    }
    if (waiting.length === rest.length) {
      throw new RnnError('format', 'E_ONNX_CYCLE', 'the nodes read each other in a circle', { where: nodePlace(waiting[0]) });
    }
    rest = waiting;
  }
  return sorted;
}

import { directionWeights, RECURRENT_OPS, type RecurrentNode, readRecurrentNode } from '../../conventions/onnx/recurrentNode.js';
import { isOperator } from '../../conventions/onnx/signatures.js';
import { RnnError, within } from '../../errors.js';
import { escapeText } from '../../escape.js';
import { graphsIn, type OnnxGraph, type OnnxModel, type OnnxNode, type OnnxTensor } from '../../formats/onnx/graph.js';
import { nodePlace } from '../../ops/attributes.js';
import { fromOnnx, type GraphValue, shapeError } from '../../ops/value.js';
import { formatShape } from '../../tensor/tensor.js';
import { checkSignatures } from './checkSignatures.js';
import { checkFeatures, checkLengths } from './recurrent.js';

/**
 * Finds faults of a graph without running it: operators that do not exist in ONNX, inputs, attributes and types that an operator cannot have,
 * and RNN, LSTM and GRU whose attributes, weights, lengths and input contradict each other. Such a file is damaged and is refused even by
 * commands that only inspect it. An operator that is merely unsupported is not a fault.
 * @throws RnnError of kind 'format', 'convention' or 'shape'
 */
export function checkNodes(model: OnnxModel): void {
  const version = model.opsets.get('') ?? 1;
  for (const graph of graphsIn(model.graph)) {
    const constants = constantsOf(graph);
    for (const node of graph.nodes) {
      if (node.domain !== '') continue;
      within(nodePlace(node), () => {
        if (!isOperator(node.opType, node.opset ?? version)) throw noOperator(node, node.opset ?? version);
        if (Object.hasOwn(RECURRENT_OPS, node.opType)) checkRecurrent(node, graph, constants);
      });
    }
  }
  checkSignatures(model);
}

function noOperator({ opType }: OnnxNode, version: number): RnnError {
  return new RnnError('format', 'E_ONNX_OPERATOR', `ONNX's operator set ${version} has no ${escapeText(opType, 60)}`, {
    expected: 'an operator of ONNX, or a custom domain',
    found: escapeText(opType, 60),
  });
}

/** Returns the tensors that are known before the graph runs: initializers and Constant nodes. */
export function constantsOf(graph: OnnxGraph): Map<string, OnnxTensor> {
  const constants = new Map(graph.initializers);
  for (const node of graph.nodes) {
    const value = node.domain === '' && node.opType === 'Constant' ? node.attributes.get('value') : undefined;
    if (value?.type === 'tensor') constants.set(node.outputs[0], value.value);
  }
  return constants;
}

function checkRecurrent(node: OnnxNode, graph: OnnxGraph, constants: ReadonlyMap<string, OnnxTensor>): void {
  const read = readOrSkip(node);
  if (!read) return;
  const [, W, R, B, lengths, h0, c0, P] = Array.from({ length: 8 }, (_, i) => {
    const tensor = constants.get(node.inputs[i] ?? '');
    return tensor?.dtype ? fromOnnx(tensor, 'f64') : undefined;
  });
  if (W && R) {
    const [{ recurrentKernel }] = directionWeights(read, W, R, B, P);
    for (const state of [h0, c0]) if (state) checkState(state, read, recurrentKernel.shape[0]);
  }
  const shape = graph.inputs.find(input => input.name === node.inputs[0])?.shape;
  if (shape) checkInput(shape, read, W, lengths);
}

/** @throws RnnError E_ONNX_SHAPE, as for a node from an exporter that drops the projection of nn.LSTM(proj_size=…) */
function checkState({ shape }: GraphValue, { layout, directions }: RecurrentNode, units: number): void {
  const way = layout === 0 ? 0 : 1;
  if (shape.length === 3 && shape[way] === directions.length && shape[2] === units) return;
  const expected = layout === 0 ? [directions.length, 'N', units] : ['N', directions.length, units];
  throw shapeError('an initial state has the wrong shape', formatShape(shape), formatShape(expected));
}

/** Reads the attributes of the node; undefined if a value is merely unsupported. */
function readOrSkip(node: OnnxNode): RecurrentNode | undefined {
  try {
    return readRecurrentNode(node);
  } catch (error) {
    if (error instanceof RnnError && error.kind === 'unsupported') return undefined;
    throw error;
  }
}

/** Checks X as far as the graph declares it; an open size is checked when the graph runs. */
function checkInput(
  shape: readonly (number | string | null)[],
  { layout }: RecurrentNode,
  W: GraphValue | undefined,
  lengths: GraphValue | undefined,
): void {
  const [steps, batch] = layout === 0 ? shape : [shape[1], shape[0]];
  if (shape.length === 3 && W && typeof shape[2] === 'number') checkFeatures(shape as readonly number[], W);
  if (lengths && typeof steps === 'number' && typeof batch === 'number') checkLengths(lengths, batch, steps);
}

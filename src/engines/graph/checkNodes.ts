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
 * Faults of a graph that can be found without running it: operators that ONNX does not have, inputs, attributes and types that they cannot have,
 * and RNN, LSTM and GRU whose attributes, weights, lengths and input contradict each other. Such a file is damaged, and is refused even by commands that only look at it;
 * an operator that is merely unsupported is no reason to refuse it.
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
    expected: 'an operator of ONNX, or a domain of its own',
    found: escapeText(opType, 60),
  });
}

/** Tensors that are known before anything runs: initializers, and Constant nodes. */
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

/** @throws RnnError E_ONNX_SHAPE: an exporter that leaves out a projection (nn.LSTM with proj_size) writes such a node */
function checkState({ shape }: GraphValue, { layout, directions }: RecurrentNode, units: number): void {
  const way = layout === 0 ? 0 : 1;
  if (shape.length === 3 && shape[way] === directions.length && shape[2] === units) return;
  const expected = layout === 0 ? [directions.length, 'N', units] : ['N', directions.length, units];
  throw shapeError('an initial state has the wrong shape', formatShape(shape), formatShape(expected));
}

/** The attributes of the node; undefined where a value is merely unsupported. */
function readOrSkip(node: OnnxNode): RecurrentNode | undefined {
  try {
    return readRecurrentNode(node);
  } catch (error) {
    if (error instanceof RnnError && error.kind === 'unsupported') return undefined;
    throw error;
  }
}

/** X as the graph declares it: a size that is open there is checked when the graph runs. */
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

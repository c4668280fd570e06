import { activations } from '../../activations/index.js';
import { plainFunction } from '../../conventions/onnx/activationNodes.js';
import { RECURRENT_OPS } from '../../conventions/onnx/recurrentNode.js';
import type { OnnxNode } from '../../formats/onnx/graph.js';
import { floatOf, intOf, intsOf, nodeLabel, textOf } from '../../ops/attributes.js';
import { axisOf } from '../../ops/value.js';
import { reshape, type Tensor } from '../../tensor/tensor.js';
import type { Step, Wire } from './nodes.js';
import { stuck } from './stuck.js';
import { append, constantOf, type Draft, type Flow, flowOf, layerOf, settle, widthOf } from './symbols.js';
import { isRow } from './wiredOf.js';

/** Nodes that become layers: recurrences, products with constants, activations, pooling over time, joining. */
export function layerNode(step: Step, draft: Draft): (Flow | undefined)[] {
  const { node, inputs } = step;
  const { opType } = node;
  if (node.captures) throw stuck(`${opType} decides while running`);
  if (Object.hasOwn(RECURRENT_OPS, opType)) return recurrent(step, draft);
  if (opType === 'MatMul' || opType === 'Gemm') return [product(step, draft)];
  if (opType === 'ReduceMax' || opType === 'ReduceMean') return [pooled(step, draft)];
  if (opType === 'Gather' && inputs[0] && 'constant' in inputs[0]) return [embedded(step, draft)];
  if (opType === 'Softmax' || opType === 'LogSoftmax') return [rowActivation(step, draft)];
  if (opType === 'Add' && inputs.some(i => i && 'constant' in i)) return [biased(node, inputs, draft)];
  if (opType === 'Concat') return [joined(node, inputs, draft)];
  if (Object.hasOwn(MERGES, opType) && inputs.length > 1) return [combined(node, inputs, draft)];
  if (opType === 'LayerNormalization' || opType === 'BatchNormalization') return [normalised(step, draft)];
  const activation = activationOf(node);
  if (activation) return [activated(node, activation, flowOf(inputs[0], nodeLabel(node), draft), draft)];
  throw stuck(`${nodeLabel(node)} is no layer`);
}

/** ONNX's elementwise combinations, as merges of two directions and as layers. */
const MERGES: Readonly<Record<string, { readonly merge: 'sum' | 'mul' | 'ave'; readonly kind: string }>> = {
  Add: { merge: 'sum', kind: 'add' },
  Sum: { merge: 'sum', kind: 'add' },
  Mul: { merge: 'mul', kind: 'multiply' },
  Mean: { merge: 'ave', kind: 'average' },
};

/** @returns Y and Y_h; a cell state is the output of no layer */
function recurrent({ node, inputs, layer }: Step, draft: Draft): Flow[] {
  const batchFirst = intOf(node, 'layout') === 1;
  const x = flowOf(inputs[0], nodeLabel(node), draft);
  if (inputs[4]) throw stuck('sequence_lens are given');
  const { name: _, inputs: __, returnSequences, states, bidirectional, ...spec } = layer!;
  if (states) throw stuck('initial states are given');
  const from = settle(x, batchFirst ? ['N', 'T', 'F'] : ['T', 'N', 'F'], draft);
  const name = node.name || `${spec.kind}_${draft.layers.length + 1}`;
  const { layer: own } = append(draft, { ...spec, bidirectional }, [from], name, Number(spec.units), layer);
  if (from === draft.inputName) draft.features ??= draft.layers.at(-1)!.weights.get(bidirectional ? 'forward/Wx' : 'Wx')!.shape[0];
  const dirs = bidirectional ? 'dirs' : 'one';
  return [
    { layer: own, view: 'sequence', flipped: Boolean(spec.goBackwards), axes: batchFirst ? ['N', 'T', dirs, 'F'] : ['T', dirs, 'N', 'F'] },
    { layer: own, view: 'state', axes: batchFirst ? ['N', dirs, 'F'] : [dirs, 'N', 'F'] },
  ];
}

/** A layer's output with features last and samples first, whichever of N and T stands first in between. */
function rows(flow: Flow, draft: Draft): { from: string; axes: Flow['axes'] } {
  const axes: Flow['axes'] = flow.axes.includes('T') ? ['N', 'T', 'F'] : ['N', 'F'];
  if (flow.axes[flow.axes.length - 1] !== 'F' || flow.axes.length !== axes.length)
    throw stuck('a product over other axes than the features');
  return { from: settle({ ...flow, axes }, axes, draft), axes: flow.axes };
}

/** Exporters name nodes by what they do: '/fc/Gemm' is the layer fc. */
function product({ node, inputs, layer }: Step, draft: Draft): Flow {
  const flow = flowOf(inputs[0], nodeLabel(node), draft);
  constantOf(inputs[1], `the second factor of ${nodeLabel(node)}`);
  if (!layer) throw stuck(`${nodeLabel(node)} is no product with one matrix`);
  const { from, axes } = rows(flow, draft);
  const { units, useBias } = layer;
  const y = append(draft, { kind: 'dense', units, useBias }, [from], node.name || 'dense', Number(units), layer);
  if (from === draft.inputName) draft.features ??= layerOf(y, draft)!.weights.get('Wo')!.shape[0];
  return { ...y, axes };
}

/** Over the features, with a weight for each; of a batch, whose channels stand behind the samples: [N, F, T], or [N, F]. */
function normalised({ node, inputs, layer }: Step, draft: Draft): Flow {
  const flow = flowOf(inputs[0], nodeLabel(node), draft);
  if (!layer || (layer.axis === 1 && flow.axes[1] !== 'F')) throw stuck(`${node.opType} of other axes than the features`);
  const { name: _, inputs: __, axis, ...spec } = layer;
  const whole: Flow['axes'] = flow.axes.includes('T') ? ['N', 'T', 'F'] : ['N', 'F'];
  const from = axis === 1 ? settle({ ...flow, axes: whole }, whole, draft) : rows(flow, draft).from;
  return { ...append(draft, spec, [from], node.name || String(spec.kind), widthOf(flow, draft), layer), axes: flow.axes };
}

/** x·W + b: the bias of the product just read, where nobody else reads that product. */
function biased(node: OnnxNode, inputs: readonly (Wire | undefined)[], draft: Draft): Flow {
  const at = inputs[0] && 'value' in inputs[0] ? 0 : 1;
  const flow = flowOf(inputs[at], nodeLabel(node), draft);
  const layer = layerOf(flow, draft);
  if (layer?.spec.kind !== 'dense' || layer.spec.useBias || layer.spec.activation || draft.readers.get(node.inputs[at]) !== 1)
    throw stuck('a constant is added');
  const bias = constantOf(inputs[1 - at], 'the bias');
  if (!isRow(bias, layer.width!)) throw stuck('what is added is no bias');
  layer.weights.set('bo', reshape(bias, [layer.width!]));
  layer.spec.useBias = true;
  return flow;
}

/** Exponential has no attribute; alpha and beta as the registry names them; 1/6 is the slope of Keras 3 and PyTorch. */
function activationOf(node: OnnxNode): unknown {
  if (node.opType === 'Exp') return 'exponential';
  if (node.opType === 'Gelu') return textOf(node, 'approximate') === 'tanh' ? 'gelu_tanh' : 'gelu';
  const activation = activations.find(a => a.onnx === node.opType && a.kind === 'elementwise');
  if (!activation) return undefined;
  const given = (activation.onnxParameters ?? []).map((p, i) => [p.name, floatOf(node, ['alpha', 'beta'][i]) ?? p.default]);
  return plainFunction({ name: activation.name, ...Object.fromEntries(given) });
}

/** Merged into the dense layer before it if nothing else reads that layer's output; else a separate layer. */
function activated(node: OnnxNode, activation: unknown, flow: Flow, draft: Draft): Flow {
  const layer = layerOf(flow, draft);
  if (layer?.spec.kind === 'dense' && layer.spec.activation === undefined && draft.readers.get(node.inputs[0]) === 1) {
    layer.spec.activation = activation;
    return flow;
  }
  const { from, axes } = rows(flow, draft);
  return { ...append(draft, { kind: 'activation', activation }, [from], node.name || 'activation', widthOf(flow, draft)), axes };
}

function rowActivation({ node, inputs, opset }: Step, draft: Draft): Flow {
  const flow = flowOf(inputs[0], nodeLabel(node), draft);
  const rank = flow.axes.length;
  const axis = axisOf(intOf(node, 'axis') ?? (opset < 13 ? 1 : -1), rank);
  if (axis !== rank - 1) throw stuck(`${node.opType} along another axis than the features`);
  return activated(node, node.opType === 'Softmax' ? 'softmax' : 'log_softmax', flow, draft);
}

function pooled({ node, inputs }: Step, draft: Draft): Flow {
  const flow = flowOf(inputs[0], nodeLabel(node), draft);
  const given = intsOf(node, 'axes') ?? (inputs[1] && Array.from(constantOf(inputs[1], 'axes').data)) ?? [];
  if (given.length !== 1) throw stuck('a reduction over several axes');
  const axis = axisOf(given[0], flow.axes.length);
  const keep = (intOf(node, 'keepdims') ?? 1) === 1;
  if (flow.axes[axis] !== 'T' || flow.axes.join('').replace('T', '') !== 'NF') throw stuck('a reduction over other axes than time');
  const from = settle({ ...flow, axes: ['N', 'T', 'F'] }, ['N', 'T', 'F'], draft);
  const y = append(draft, { kind: node.opType === 'ReduceMax' ? 'maxpool' : 'avgpool' }, [from], node.name || 'pool', widthOf(flow, draft));
  return keep ? { ...y, axes: flow.axes.map(a => (a === 'T' ? 'one' : a)) } : y;
}

function embedded({ node, inputs }: Step, draft: Draft): Flow {
  const table: Tensor = constantOf(inputs[0], 'the table');
  const flow = flowOf(inputs[1], nodeLabel(node), draft);
  if (table.shape.length !== 2 || (intOf(node, 'axis') ?? 0) !== 0 || flow.layer !== draft.inputName || draft.sizes.F)
    throw stuck('Gather is no embedding');
  const [tokens, units] = table.shape;
  const y = append(draft, { kind: 'embedding', tokens, units }, [draft.inputName], node.name || 'embedding', units);
  layerOf(y, draft)!.weights.set('E', reshape(table, table.shape));
  return { ...y, axes: [...flow.axes, 'F'] };
}

function joined(node: OnnxNode, inputs: readonly (Wire | undefined)[], draft: Draft): Flow {
  const flows = inputs.map(i => flowOf(i, nodeLabel(node), draft));
  const [first, second] = flows;
  const axis = axisOf(intOf(node, 'axis') ?? 1, first.axes.length);
  if (flows.some(f => f.axes.join() !== first.axes.join())) throw stuck('Concat of other axes');
  if (isPair(flows) && first.axes[axis] === 'F') return { ...first, axes: first.axes, part: undefined, merge: 'concat' };
  if (isPair(flows) && first.axes[axis] === 'one')
    return { ...first, axes: first.axes.map((a, i) => (i === axis ? 'dirs' : a)), part: undefined };
  if (first.axes[axis] !== 'F' || second === undefined) throw stuck('Concat along another axis than the features');
  const all = flows.map(f => rows(f, draft));
  const widths = flows.map(f => widthOf(f, draft));
  const width = widths.some(w => w === null) ? null : widths.reduce<number>((sum, w) => sum + w!, 0);
  const from = all.map(a => a.from);
  return { ...append(draft, { kind: 'concatenate' }, from, node.name || 'concatenate', width), axes: first.axes };
}

/** x·sigmoid(x), where nobody else reads the sigmoid: one activation. */
function isSilu(node: OnnxNode, [x, gate]: readonly Flow[], draft: Draft): boolean {
  const layer = layerOf(gate, draft);
  const activation = layer?.spec.activation as { name?: unknown } | undefined;
  if (
    layer?.spec.kind !== 'activation' ||
    activation?.name !== 'sigmoid' ||
    layer.inputs[0] !== x.layer ||
    draft.readers.get(node.inputs[1]) !== 1
  )
    return false;
  layer.spec.activation = 'silu';
  return true;
}

/** Forward then backward of one layer. */
function isPair([a, b, ...more]: readonly Flow[]): boolean {
  return more.length === 0 && b !== undefined && a.layer === b.layer && a.view === b.view && a.part === 'forward' && b.part === 'backward';
}

function combined(node: OnnxNode, inputs: readonly (Wire | undefined)[], draft: Draft): Flow {
  const flows = inputs.map(i => flowOf(i, nodeLabel(node), draft));
  const [first] = flows;
  if (flows.some(f => f.axes.join() !== first.axes.join())) throw stuck(`${node.opType} of other axes`);
  const { merge, kind } = MERGES[node.opType];
  if (isPair(flows)) return { ...first, part: undefined, merge };
  if (node.opType === 'Mul' && isSilu(node, flows, draft)) return flows[1];
  const all = flows.map(f => rows(f, draft));
  const from = all.map(a => a.from);
  return { ...append(draft, { kind }, from, node.name || kind, widthOf(first, draft)), axes: first.axes };
}

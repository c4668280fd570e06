import { activations } from '../../activations/index.js';
import { plainFunction } from '../../conventions/onnx/activationNodes.js';
import { directionWeights, RECURRENT_OPS, type RecurrentNode, readRecurrentNode } from '../../conventions/onnx/recurrentNode.js';
import type { OnnxNode } from '../../formats/onnx/graph.js';
import { floatOf, intOf, intsOf, nodeLabel, textOf } from '../../ops/attributes.js';
import { axisOf } from '../../ops/value.js';
import { transpose } from '../../tensor/layout.js';
import { reshape, sizeOf, type Tensor } from '../../tensor/tensor.js';
import {
  type Axis,
  append,
  constantOf,
  type Draft,
  type DraftLayer,
  type Flow,
  flowOf,
  freeName,
  type Sym,
  settle,
  stuck,
  widthOf,
} from './symbols.js';

/** Nodes that become layers: recurrences, products with constants, activations, pooling over time, joining. */
export function layerNode(node: OnnxNode, inputs: readonly (Sym | undefined)[], draft: Draft): Sym[] {
  const { opType } = node;
  if (Object.hasOwn(RECURRENT_OPS, opType)) return recurrent(node, inputs, draft);
  if (opType === 'MatMul') return [product(node, inputs, false, undefined, draft)];
  if (opType === 'Gemm') return [gemm(node, inputs, draft)];
  if (opType === 'ReduceMax' || opType === 'ReduceMean') return [pooled(node, inputs, draft)];
  if (opType === 'Gather' && inputs[0]?.is === 'const') return [embedded(node, inputs, draft)];
  if (opType === 'Softmax' || opType === 'LogSoftmax') return [rowActivation(node, inputs[0], draft)];
  if (opType === 'Add' && inputs.some(i => i?.is === 'const')) return [biased(node, inputs, draft)];
  if (opType === 'Concat') return [joined(node, inputs, draft)];
  if (Object.hasOwn(MERGES, opType) && inputs.length > 1) return [combined(node, inputs, draft)];
  if (opType === 'LayerNormalization') return [layerNormalised(node, inputs, draft)];
  if (opType === 'BatchNormalization') return [batchNormalised(node, inputs, draft)];
  const activation = activationOf(node);
  if (activation) return [activated(node, activation, flowOf(inputs[0], nodeLabel(node)), draft)];
  throw stuck(`${nodeLabel(node)} is no layer`);
}

/** ONNX's elementwise combinations, as merges of two directions and as layers. */
const MERGES: Readonly<Record<string, { readonly merge: 'sum' | 'mul' | 'ave'; readonly kind: string }>> = {
  Add: { merge: 'sum', kind: 'add' },
  Sum: { merge: 'sum', kind: 'add' },
  Mul: { merge: 'mul', kind: 'multiply' },
  Mean: { merge: 'ave', kind: 'average' },
};

function recurrent(node: OnnxNode, inputs: readonly (Sym | undefined)[], draft: Draft): Sym[] {
  const own = readRecurrentNode(node);
  const x = flowOf(inputs[0], nodeLabel(node));
  if (inputs[4]) throw stuck('sequence_lens are given');
  for (const state of [inputs[5], inputs[6]]) if (state && !isZero(state)) throw stuck('initial states are given');
  const from = settle(x, own.layout === 0 ? ['T', 'N', 'F'] : ['N', 'T', 'F'], draft);
  const weightsOf = (i: number, what: string) => inputs[i] && constantOf(inputs[i], what);
  const [W, R] = [weightsOf(1, 'W'), weightsOf(2, 'R')];
  if (!W || !R) throw stuck(`${W ? 'R' : 'W'} is not given`);
  const weights = directionWeights(own, W, R, weightsOf(3, 'B'), weightsOf(7, 'P'));
  const M = weights[0].recurrentKernel.shape[0];
  if (from === draft.inputName) draft.features ??= weights[0].kernel.shape[0];
  const layer: DraftLayer = {
    name: freeName(draft, node.name || `${own.kind}_${draft.layers.length + 1}`),
    inputs: [from],
    spec: recurrentSpec(own, M, weights[0].bias !== undefined, weights[0].peepholes !== undefined),
    weights: new Map(),
    width: M,
    directions: weights.length,
  };
  weights.forEach((w, i) => {
    const way = weights.length === 2 ? ['forward/', 'backward/'][i] : '';
    layer.weights.set(`${way}Wx`, w.kernel).set(`${way}Wh`, w.recurrentKernel);
    if (w.bias) layer.weights.set(`${way}bh`, w.bias);
    if (w.peepholes) layer.weights.set(`${way}p`, w.peepholes);
  });
  draft.layers.push(layer);
  const flipped = own.directions[0].reverse;
  const dirs = weights.length === 2 ? 'dirs' : 'one';
  const sequence: Flow = {
    is: 'flow',
    layer: layer.name,
    view: 'sequence',
    flipped,
    axes: own.layout === 0 ? ['T', dirs, 'N', 'F'] : ['N', 'T', dirs, 'F'],
  };
  const state: Flow = { is: 'flow', layer: layer.name, view: 'state', axes: own.layout === 0 ? [dirs, 'N', 'F'] : ['N', dirs, 'F'] };
  return [sequence, state, { is: 'other', what: 'a cell state' }];
}

/** @throws when the two directions have other functions: a spec has one description for both */
export function recurrentSpec(node: RecurrentNode, units: number, useBias: boolean, peepholes: boolean): Record<string, unknown> {
  const [first, second] = node.directions.map(({ reverse: _, ...functions }) => functions);
  if (second && JSON.stringify(first) !== JSON.stringify(second)) throw stuck('the two directions have other activations');
  return {
    kind: node.kind,
    units,
    activation: first.activation,
    ...(node.kind === 'rnn' ? {} : { recurrentActivation: first.recurrentActivation }),
    ...(JSON.stringify(first.outputActivation ?? first.activation) === JSON.stringify(first.activation)
      ? {}
      : { outputActivation: first.outputActivation }),
    useBias,
    twoBiases: useBias,
    clip: node.clip,
    goBackwards: node.directions[0].reverse,
    ...(node.kind === 'gru' ? { resetAfter: node.linearBeforeReset } : {}),
    ...(node.kind === 'lstm' ? { peepholes, inputForget: node.inputForget } : {}),
  };
}

function isZero(state: Sym): boolean {
  if (state.is === 'filled') return state.value === 0;
  return state.is === 'const' && state.value.data.every(v => v === 0);
}

/** A layer's output with features last and samples first, whichever of N and T stands first in between. */
function rows(flow: Flow, draft: Draft): { from: string; axes: Flow['axes'] } {
  const axes: Flow['axes'] = flow.axes.includes('T') ? ['N', 'T', 'F'] : ['N', 'F'];
  if (flow.axes[flow.axes.length - 1] !== 'F' || flow.axes.length !== axes.length)
    throw stuck('a product over other axes than the features');
  return { from: settle({ ...flow, axes }, axes, draft), axes: flow.axes };
}

function product(node: OnnxNode, inputs: readonly (Sym | undefined)[], turned: boolean, bias: Sym | undefined, draft: Draft): Flow {
  const flow = flowOf(inputs[0], nodeLabel(node));
  const given = constantOf(inputs[1], `the second factor of ${nodeLabel(node)}`);
  if (given.shape.length !== 2) throw stuck('a product with a stack of matrices');
  const Wo: Tensor = turned ? transpose(given) : reshape(given, given.shape);
  const { from, axes } = rows(flow, draft);
  if (from === draft.inputName) draft.features ??= Wo.shape[0];
  const y = append(draft, { kind: 'dense', units: Wo.shape[1], useBias: bias !== undefined }, [from], denseName(node), Wo.shape[1]);
  const layer = draft.layers[draft.layers.length - 1];
  layer.weights.set('Wo', Wo);
  if (bias) layer.weights.set('bo', biasOf(constantOf(bias, 'the bias'), Wo.shape[1]));
  return { ...y, axes };
}

/** Exporters name nodes by what they do: '/fc/Gemm' is the layer fc. */
function denseName(node: OnnxNode): string {
  return node.name || 'dense';
}

function biasOf(value: Tensor, K: number): Tensor {
  if (sizeOf(value.shape) !== K || value.shape[value.shape.length - 1] !== K) throw stuck('what is added is no bias');
  return reshape(value, [K]);
}

function gemm(node: OnnxNode, inputs: readonly (Sym | undefined)[], draft: Draft): Flow {
  if ((floatOf(node, 'alpha') ?? 1) !== 1 || (floatOf(node, 'beta') ?? 1) !== 1 || intOf(node, 'transA'))
    throw stuck('Gemm scales or turns its input');
  return product(node, inputs, intOf(node, 'transB') === 1, inputs[2], draft);
}

/** Over the features, with a weight for each. */
function layerNormalised(node: OnnxNode, inputs: readonly (Sym | undefined)[], draft: Draft): Flow {
  const flow = flowOf(inputs[0], nodeLabel(node));
  if (axisOf(intOf(node, 'axis') ?? -1, flow.axes.length) !== flow.axes.length - 1) throw stuck('LayerNormalization over several axes');
  const { from, axes } = rows(flow, draft);
  const spec = { kind: 'layernorm', center: inputs[2] !== undefined };
  return { ...normalised(node, inputs, { from, spec, names: ['gamma', 'beta'] }, flow, draft), axes };
}

/** Channels stand behind the samples: [N, F, T], or [N, F]. */
function batchNormalised(node: OnnxNode, inputs: readonly (Sym | undefined)[], draft: Draft): Flow {
  const flow = flowOf(inputs[0], nodeLabel(node));
  if (flow.axes[1] !== 'F' || intOf(node, 'training_mode') === 1) throw stuck('BatchNormalization of other axes than the features');
  const whole: readonly Axis[] = flow.axes.length === 3 ? ['N', 'T', 'F'] : ['N', 'F'];
  const from = settle({ ...flow, axes: whole }, whole, draft);
  const names = ['gamma', 'beta', 'mean', 'variance'];
  return { ...normalised(node, inputs, { from, spec: { kind: 'batchnorm' }, names }, flow, draft), axes: flow.axes };
}

/** A layer with its weights, which are the inputs behind the first. */
function normalised(
  node: OnnxNode,
  inputs: readonly (Sym | undefined)[],
  { from, spec, names }: { from: string; spec: Record<string, unknown>; names: readonly string[] },
  flow: Flow,
  draft: Draft,
): Flow {
  const epsilon = floatOf(node, 'epsilon') ?? Math.fround(1e-5);
  const y = append(draft, { ...spec, epsilon }, [from], node.name || String(spec.kind), widthOf(flow, draft));
  const { weights } = draft.layers[draft.layers.length - 1];
  names.forEach((name, i) => {
    const given = inputs[i + 1];
    if (given) weights.set(name, asVector(constantOf(given, name)));
  });
  return y;
}

function asVector(value: Tensor): Tensor {
  return reshape(value, [sizeOf(value.shape)]);
}

/** x·W + b: the bias of the product just read, where nobody else reads that product. */
function biased(node: OnnxNode, inputs: readonly (Sym | undefined)[], draft: Draft): Flow {
  const at = inputs[0]?.is === 'flow' ? 0 : 1;
  const flow = flowOf(inputs[at], nodeLabel(node));
  const layer = draft.layers.find(l => l.name === flow.layer);
  if (layer?.spec.kind !== 'dense' || layer.spec.useBias || layer.spec.activation || draft.readers.get(node.inputs[at]) !== 1)
    throw stuck('a constant is added');
  layer.weights.set('bo', biasOf(constantOf(inputs[1 - at], 'the bias'), layer.width!));
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

/** Into the dense layer before it, where nobody reads that one without it; else a layer of its own. */
function activated(node: OnnxNode, activation: unknown, flow: Flow, draft: Draft): Flow {
  const layer = draft.layers.find(l => l.name === flow.layer);
  if (layer?.spec.kind === 'dense' && layer.spec.activation === undefined && draft.readers.get(node.inputs[0]) === 1) {
    layer.spec.activation = activation;
    return flow;
  }
  const { from, axes } = rows(flow, draft);
  return { ...append(draft, { kind: 'activation', activation }, [from], node.name || 'activation', widthOf(flow, draft)), axes };
}

function rowActivation(node: OnnxNode, input: Sym | undefined, draft: Draft): Flow {
  const flow = flowOf(input, nodeLabel(node));
  const rank = flow.axes.length;
  const axis = axisOf(intOf(node, 'axis') ?? (draft.opset < 13 ? 1 : -1), rank);
  if (axis !== rank - 1) throw stuck(`${node.opType} along another axis than the features`);
  return activated(node, node.opType === 'Softmax' ? 'softmax' : 'log_softmax', flow, draft);
}

function pooled(node: OnnxNode, inputs: readonly (Sym | undefined)[], draft: Draft): Flow {
  const flow = flowOf(inputs[0], nodeLabel(node));
  const given = intsOf(node, 'axes') ?? (inputs[1] && Array.from(constantOf(inputs[1], 'axes').data)) ?? [];
  if (given.length !== 1) throw stuck('a reduction over several axes');
  const axis = axisOf(given[0], flow.axes.length);
  const keep = (intOf(node, 'keepdims') ?? 1) === 1;
  if (flow.axes[axis] !== 'T' || flow.axes.join('').replace('T', '') !== 'NF') throw stuck('a reduction over other axes than time');
  const from = settle({ ...flow, axes: ['N', 'T', 'F'] }, ['N', 'T', 'F'], draft);
  const y = append(draft, { kind: node.opType === 'ReduceMax' ? 'maxpool' : 'avgpool' }, [from], node.name || 'pool', widthOf(flow, draft));
  return keep ? { ...y, axes: flow.axes.map(a => (a === 'T' ? 'one' : a)) } : y;
}

function embedded(node: OnnxNode, inputs: readonly (Sym | undefined)[], draft: Draft): Flow {
  const table = constantOf(inputs[0], 'the table');
  const flow = flowOf(inputs[1], nodeLabel(node));
  if (table.shape.length !== 2 || (intOf(node, 'axis') ?? 0) !== 0 || flow.layer !== draft.inputName || !draft.tokens)
    throw stuck('Gather is no embedding');
  append(
    draft,
    { kind: 'embedding', tokens: table.shape[0], units: table.shape[1] },
    [draft.inputName],
    node.name || 'embedding',
    table.shape[1],
  );
  const layer = draft.layers[draft.layers.length - 1];
  layer.weights.set('E', reshape(table, table.shape));
  return { is: 'flow', layer: layer.name, view: 'plain', axes: [...flow.axes, 'F'] };
}

function joined(node: OnnxNode, inputs: readonly (Sym | undefined)[], draft: Draft): Flow {
  const flows = inputs.map(i => flowOf(i, nodeLabel(node)));
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
  return {
    ...append(
      draft,
      { kind: 'concatenate' },
      all.map(a => a.from),
      node.name || 'concatenate',
      width,
    ),
    axes: first.axes,
  };
}

/** x·sigmoid(x), where nobody else reads the sigmoid: one activation. */
function isSilu(node: OnnxNode, [x, gate]: readonly Flow[], draft: Draft): boolean {
  const layer = draft.layers.find(l => l.name === gate.layer);
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

function combined(node: OnnxNode, inputs: readonly (Sym | undefined)[], draft: Draft): Flow {
  const flows = inputs.map(i => flowOf(i, nodeLabel(node)));
  const [first] = flows;
  if (flows.some(f => f.axes.join() !== first.axes.join())) throw stuck(`${node.opType} of other axes`);
  const { merge, kind } = MERGES[node.opType];
  if (isPair(flows)) return { ...first, part: undefined, merge };
  if (node.opType === 'Mul' && isSilu(node, flows, draft)) return flows[1];
  const all = flows.map(f => rows(f, draft));
  return {
    ...append(
      draft,
      { kind },
      all.map(a => a.from),
      node.name || kind,
      widthOf(first, draft),
    ),
    axes: first.axes,
  };
}

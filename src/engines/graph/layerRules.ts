import type { Activation } from '../../activations/activation.js';
import { activations } from '../../activations/index.js';
import { plainFunction } from '../../conventions/onnx/activationNodes.js';
import { nodeLabel } from '../../ops/attributes.js';
import { axisOf } from '../../ops/value.js';
import { allocate, type Tensor } from '../../tensor/tensor.js';
import { AXIS_RULES } from './axisRules.js';
import { added, append, attribute, type Call, type Draft, type Flow, isFlow, numbers, type Rule, rows, settle } from './flows.js';
import { embeddingOf, isRow } from './graphSpec.js';
import type { Entry } from './nodes.js';
import { notExpressible } from './notExpressible.js';

/** Rules that turn the operators and layers of a graph into layers of a network. */
export const RULES: Readonly<Record<string, Rule>> = {
  ...Object.fromEntries(activations.filter(a => a.onnx).map(a => [a.onnx!, (call: Call) => activated(call, a)])),
  Exp: call => applied(call, 'exponential'),
  Gelu: call => applied(call, attribute<string>(call, 'approximate', 'none') === 'tanh' ? 'gelu_tanh' : 'gelu'),
  ...AXIS_RULES,
  Gather: call => (isFlow(call.reads[0]) ? AXIS_RULES.Gather(call) : lookedUp(call)),
  rnn: recurrent,
  lstm: recurrent,
  gru: recurrent,
  dense: call => along(call, ownSpec(call.entry)),
  layernorm: call => along(call, ownSpec(call.entry)),
  batchnorm: normalised,
  embedding: lookedUp,
  MatMul: noProduct,
  Gemm: noProduct,
  Add: call => (call.reads.some(read => read && 'data' in read) ? biased(call) : combined(call, 'add', 'sum')),
  Sum: call => combined(call, 'add', 'sum'),
  Mul: call => silu(call.draft, alike(call)) ?? combined(call, 'multiply', 'mul'),
  Mean: call => combined(call, 'average', 'ave'),
  Concat: joined,
  ReduceMax: call => pooled(call, 'maxpool'),
  ReduceMean: call => pooled(call, 'avgpool'),
};

function ownSpec({ name: _, inputs: __, ...spec }: Entry): Record<string, unknown> {
  return spec;
}

/** Adds a layer that works on the features of every step. */
function along(call: Call, spec: Record<string, unknown>): Flow {
  return added(call, spec, [rows(call.x, call.draft)]);
}

/** Adds a recurrent layer, with flows for its sequence and its last states. */
function recurrent({ entry, x, node, draft }: Call): undefined {
  const { returnSequences: _, zeroOutputForMask: __, mask, states, ...spec } = ownSpec(entry);
  if (mask) throw notExpressible('sequence_lens is given');
  if (states) throw notExpressible('initial states are given');
  if (x.axes.join() !== 'N,T,F') throw notExpressible(`the axes are [${x.axes.join(', ')}], not [N, T, F]`);
  const from = settle(x, draft);
  const layer = append(draft, spec, [from], node.name || `${spec.kind}_${draft.layers.size + 1}`, entry);
  const ways = spec.bidirectional ? (['forward', 'backward'] as const) : [undefined];
  const sequence: Flow['axes'] = ['N', 'T', spec.bidirectional ? 'dirs' : 'one', 'F'];
  draft.flows.set(draft.nodes.sequences.get(entry.name)!, { layer, view: 'sequence', axes: sequence, flipped: Boolean(spec.goBackwards) });
  for (const part of ways)
    for (const [state, view] of STATES)
      draft.flows.set([entry.name, ...(part ? [part] : []), state].join('/'), { layer, view, axes: ['N', 'F'], part });
}

const STATES = [
  ['h', 'state'],
  ['c', 'cell'],
] as const;

/** Adds a batch normalisation. ONNX has the channels after the samples: [N, F, T] or [N, F]. */
function normalised(call: Call): Flow {
  if (call.x.axes[1] !== 'F') throw notExpressible('BatchNormalization along an axis other than the features');
  const { axis: _, ...spec } = ownSpec(call.entry);
  return added(call, spec, [settle(call.x, call.draft)]);
}

/** Adds an embedding of the network's own token numbers, whose axes may be swapped. */
function lookedUp(call: Call): Flow {
  const { entry, op, reads, x, draft } = call;
  const axes: Flow['axes'] = [...x.axes, 'F'];
  if (op === 'embedding') return added(call, ownSpec(entry), [x.layer], axes);
  const [table] = reads;
  const isTable =
    table && 'data' in table && table.type === 'float' && table.shape.length === 2 && attribute<number>(call, 'axis', 0) === 0;
  if (!isTable || x.layer !== draft.input.name || draft.input.F) throw notExpressible('Gather is not an embedding');
  const y = added(call, embeddingOf(table.shape), [x.layer], axes);
  draft.weights.set(`${y.layer}/E`, weightOf(table, table.shape, draft));
  return y;
}

function weightOf({ data }: { readonly data: readonly number[] }, shape: readonly number[], { precision }: Draft): Tensor {
  const own = allocate(data.length, precision);
  own.set(data);
  return { shape, data: own };
}

function noProduct({ node }: Call): never {
  throw notExpressible(`${nodeLabel(node)} is not a product with one matrix`);
}

/** Adds the bias to the dense layer before, if nothing else reads the product. */
function biased({ reads, x, draft }: Call): Flow {
  const bias = reads.find(read => !isFlow(read));
  const layer = draft.layers.get(x.layer);
  if (layer?.kind !== 'dense' || layer.useBias || layer.activation || x.shared || x.axes.at(-1) !== 'F')
    throw notExpressible('a constant is added');
  const units = Number(layer.units);
  if (!bias || !('data' in bias) || !isRow(bias, units)) throw notExpressible('the added constant is not a bias');
  draft.weights.set(`${x.layer}/bo`, weightOf(bias, [units], draft));
  layer.useBias = true;
  return x;
}

/** Adds an activation, with alpha and beta under our names. A hard sigmoid with slope 1/6 is that of Keras 3 and PyTorch. */
function activated(call: Call, { name, kind, onnxParameters = [] }: Activation): Flow {
  const axis = attribute<number>(call, 'axis', -1);
  const rank = call.x.axes.length;
  if (kind === 'row' && (axisOf(axis, rank) !== rank - 1 || call.x.axes[rank - 1] !== 'F'))
    throw notExpressible(`${call.op} along an axis other than the features`);
  const given = onnxParameters.map((p, i) => [p.name, attribute(call, ['alpha', 'beta'][i], p.default)]);
  return applied(call, plainFunction({ name, ...Object.fromEntries(given) }));
}

/** Sets the activation of the dense layer before it, if nothing else reads that; else adds a separate layer. */
function applied(call: Call, activation: unknown): Flow {
  const layer = call.draft.layers.get(call.x.layer);
  if (layer?.kind !== 'dense' || layer.activation !== undefined || call.x.shared) return along(call, { kind: 'activation', activation });
  layer.activation = activation;
  return call.x;
}

function pooled(call: Call, kind: string): Flow {
  const { x, draft } = call;
  const axes = numbers(call, 1, []);
  if (axes.length !== 1) throw notExpressible('a reduction over several axes');
  const axis = axisOf(axes[0], x.axes.length);
  if (x.axes[axis] !== 'T' || x.axes.join('').replace('T', '') !== 'NF') throw notExpressible('a reduction over an axis other than time');
  const left: Flow['axes'] = attribute<number>(call, 'keepdims', 1) === 0 ? [] : ['one'];
  return added(call, { kind }, [settle(x, draft)], x.axes.toSpliced(axis, 1, ...left), call.node.name || 'pool');
}

/** Whether it is the forward, then the backward direction of one layer. */
function isPair([a, b, ...more]: readonly Flow[]): boolean {
  return more.length === 0 && b !== undefined && a.layer === b.layer && a.view === b.view && a.part === 'forward' && b.part === 'backward';
}

function joined(call: Call): Flow {
  const flows = alike(call);
  const [first] = flows;
  const axis = axisOf(attribute<number>(call, 'axis', 1), first.axes.length);
  const { part: _, ...both } = first;
  if (isPair(flows) && first.axes[axis] === 'F') return { ...both, merge: 'concat' };
  if (isPair(flows) && first.axes[axis] === 'one') return { ...both, axes: first.axes.with(axis, 'dirs') };
  if (first.axes[axis] !== 'F') throw notExpressible('Concat along an axis other than the features');
  return together(call, 'concatenate', flows);
}

function combined(call: Call, kind: string, merge: Flow['merge']): Flow {
  const flows = alike(call);
  const { part: _, ...both } = flows[0];
  return isPair(flows) ? { ...both, merge } : together(call, kind, flows);
}

/** Returns the inputs, which must be outputs of layers with the same axes. @throws RnnError E_ONNX_LAYERS */
function alike({ reads, op, node }: Call): Flow[] {
  if (!reads.every(isFlow)) throw notExpressible(`${nodeLabel(node)} does not read the output of a layer`);
  if (reads.length < 2) throw notExpressible(`${nodeLabel(node)} is not a layer`);
  if (reads.some(f => f.axes.join() !== reads[0].axes.join())) throw notExpressible(`${op} of values with different axes`);
  return [...reads];
}

function together(call: Call, kind: string, flows: readonly Flow[]): Flow {
  return added(
    call,
    { kind },
    flows.map(flow => rows(flow, call.draft)),
  );
}

/** Turns x·sigmoid(x) into one activation, if nothing else reads the sigmoid. */
function silu(draft: Draft, [x, gate, ...more]: readonly Flow[]): Flow | undefined {
  const layer = draft.layers.get(gate.layer);
  const activation = layer?.activation as { name?: unknown } | undefined;
  if (layer?.kind !== 'activation' || activation?.name !== 'sigmoid' || (layer.inputs as string[])[0] !== x.layer) return undefined;
  if (gate.shared || gate.flipped || more.length > 0) return undefined;
  rows(x, draft);
  layer.activation = 'silu';
  return gate;
}

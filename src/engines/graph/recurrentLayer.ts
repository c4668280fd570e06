import { directionWeights, type RecurrentNode, readRecurrentNode } from '../../conventions/onnx/recurrentNode.js';
import type { OnnxNode } from '../../formats/onnx/graph.js';
import { showShape } from '../../layers/dims.js';
import type { Dim, DimShape } from '../../layers/layer.js';
import { sized } from '../../layers/operatorNumbers.js';
import { nodeLabel } from '../../ops/attributes.js';
import { shapeError } from '../../ops/value.js';
import type { Nodes, Wire } from './nodes.js';
import { notExpressible } from './notExpressible.js';
import { isZero } from './operatorOf.js';

/** Converts an RNN, LSTM or GRU node into a layer: X [T, N, D] (layout 1: [N, T, D]) -> Y [T, dirs, N, M], Y_h and Y_c [dirs, N, M]. */
export function recurrentLayer(node: OnnxNode, inputs: readonly (Wire | undefined)[], nodes: Nodes): readonly Wire[] {
  const own = readRecurrentNode(node);
  const [X, W, R, B, lengths, h0, c0, P] = inputs;
  const constant = (wire: Wire | undefined, what: string) => {
    if (wire && 'constant' in wire) return wire.constant;
    throw notExpressible(`${what} of ${nodeLabel(node)} is ${wire ? 'only known at run time' : 'not given'}`);
  };
  if (!X) throw notExpressible(`X of ${nodeLabel(node)} is not given`);
  const weights = directionWeights(own, constant(W, 'W'), constant(R, 'R'), B && constant(B, 'B'), P && constant(P, 'P'));
  const [dirs, M] = [weights.length, weights[0].recurrentKernel.shape[0]];
  const initial = own.cell.states.map((_, s) => [h0, c0][s]);
  const N = nodes.shape(X)[own.layout === 0 ? 1 : 0];
  const expected = stateShape(own, N, M);
  nodes.needs(X, 2, weights[0].kernel.shape[0]);
  for (const wire of initial)
    expected.forEach(({ size }, axis) => {
      if (wire && size !== null) nodes.needs(wire, axis, size);
    });
  for (const wire of initial) if (wire) checkState(nodes.shape(wire), expected);
  // zeros can only be left out if their shape is known to be right; otherwise they stay initial states
  const isPlain = (wire: Wire) => isZero(wire) && nodes.shape(wire).every((dim, i) => isEqual(dim, expected[i]));
  const states = initial.some(wire => wire && !isPlain(wire))
    ? Array.from({ length: dirs }, (_, d) =>
        initial.map(wire => {
          if (!wire) throw notExpressible('only one of two initial states is given');
          return nodes.op('state', 'Gather', [wire, nodes.int(d)], { axis: own.layout === 0 ? 0 : 1 });
        }),
      ).flat()
    : [];
  const timeFirst = (wire: Wire, perm: readonly number[]) => (own.layout === 0 ? nodes.transposed(wire, perm) : wire);
  const spec = {
    ...recurrentSpec(own, M, weights[0].bias !== undefined, weights[0].peepholes !== undefined),
    returnSequences: true,
    ...(dirs === 2 ? { bidirectional: 'concat' } : {}),
    ...(states.length > 0 ? { states: states.map(s => nodes.value(s)) } : {}),
    ...(lengths ? { mask: nodes.value(realSteps(X, lengths, own.layout, nodes)), zeroOutputForMask: true } : {}),
  };
  const layer = nodes.add(node.name || own.kind, spec, [timeFirst(X, [1, 0, 2])], ([[N, T]]) => [N, T, sized(dirs * M)]);
  weights.forEach((w, i) => {
    const way = dirs === 2 ? ['forward/', 'backward/'][i] : '';
    nodes.weigh(layer, `${way}Wx`, w.kernel);
    nodes.weigh(layer, `${way}Wh`, w.recurrentKernel);
    if (w.bias) nodes.weigh(layer, `${way}bh`, w.bias);
    if (w.peepholes) nodes.weigh(layer, `${way}p`, w.peepholes);
  });
  const whole: Wire = { value: layer };
  // a layer that runs backwards returns its steps in processing order
  const sequence = dirs === 1 && own.directions[0].reverse ? nodes.flipped(whole, 1) : whole;
  const apart = nodes.op(`${layer}_directions`, 'Reshape', [sequence, nodes.int([0, 0, dirs, M])]);
  nodes.sequences.set(layer, nodes.value(apart));
  const Y = own.layout === 0 ? nodes.transposed(apart, [1, 2, 0, 3]) : apart;
  const last = own.cell.states.map(state => {
    const parts = (dirs === 2 ? ['forward/', 'backward/'] : ['']).map(way => ({ value: `${layer}/${way}${state}` }));
    for (const { value } of parts) nodes.shapes.set(value, [N, sized(M)]);
    const lifted = parts.map(part => nodes.op(`${layer}_${state}`, 'Unsqueeze', [part, nodes.int([own.layout === 0 ? 0 : 1])]));
    return dirs === 1 ? lifted[0] : nodes.op(`${layer}_${state}s`, 'Concat', lifted, { axis: own.layout === 0 ? 0 : 1 });
  });
  return [Y, ...last];
}

/** The shape of a state: [dirs, N, M] (layout 1: [N, dirs, M]). */
function stateShape({ layout, directions }: RecurrentNode, N: Dim, units: number): DimShape {
  const ways = sized(directions.length);
  return [...(layout === 0 ? [ways, N] : [N, ways]), sized(units)];
}

/** Checks an initial state as far as its sizes are known, even one of zeros: exporters that drop a projection write a wrong one. @throws RnnError E_ONNX_SHAPE */
function checkState(shape: DimShape, expected: DimShape): void {
  if (shape.length === 3 && shape.every((dim, i) => mayBeEqual(dim, expected[i]))) return;
  throw shapeError('an initial state has the wrong shape', showShape(shape), showShape(expected));
}

function isEqual(a: Dim, b: Dim): boolean {
  return a.size === b.size && (a.size !== null || a.symbol === b.symbol);
}

/** Whether two sizes may be equal: an open one may have any fixed size, but different letters are different sizes. */
function mayBeEqual(a: Dim, b: Dim): boolean {
  if (a.size !== null && b.size !== null) return a.size === b.size;
  return a.size !== null || b.size !== null || a.symbol === b.symbol || !/^\w+$/.test(`${a.symbol}${b.symbol}`);
}

/** Returns the layer's spec. @throws RnnError if the two directions have different activations, which a spec cannot express */
function recurrentSpec(node: RecurrentNode, units: number, useBias: boolean, peepholes: boolean): Record<string, unknown> {
  const [first, second] = node.directions.map(({ reverse: _, ...functions }) => functions);
  if (second && JSON.stringify(first) !== JSON.stringify(second)) throw notExpressible('the two directions have different activations');
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

/** Adds the mask of sequence_lens, [N, T]: true for the steps before each sample's length. */
function realSteps(X: Wire, lengths: Wire, layout: 0 | 1, nodes: Nodes): Wire {
  const T = nodes.op('steps', 'Gather', [nodes.op('shape', 'Shape', [X]), nodes.int(layout)]);
  const steps = nodes.op('step', 'Unsqueeze', [nodes.op('steps', 'Range', [nodes.int(0), T, nodes.int(1)]), nodes.int([0])]);
  return nodes.op('real', 'Less', [steps, nodes.op('lengths', 'Unsqueeze', [lengths, nodes.int([1])])]);
}

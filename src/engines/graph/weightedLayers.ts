import type { OnnxNode } from '../../formats/onnx/graph.js';
import { explicitConvolution, kernelTurned } from '../../layers/conv/explicit.js';
import { sized } from '../../layers/operatorNumbers.js';
import { alongSpace } from '../../layers/operatorSpaceShapes.js';
import { floatOf, intOf, intsOf, textOf } from '../../ops/attributes.js';
import type { GraphValue } from '../../ops/value.js';
import { windowAxes } from '../../ops/windows.js';
import { permuteAxes } from '../../tensor/axes.js';
import { sizeOf } from '../../tensor/tensor.js';
import type { Nodes, Wire } from './nodes.js';

/** Converts nodes with constant weights into layers: convolutions and normalisations. @returns undefined for any other node */
export function withWeights(node: OnnxNode, inputs: readonly (Wire | undefined)[], nodes: Nodes): Wire | undefined {
  const [x, ...others] = inputs;
  if (!x || !('value' in x) || others.some(i => i && !('constant' in i)) || node.domain !== '') return undefined;
  const weights = others.map(i => (i && 'constant' in i ? i.constant : undefined));
  const rank = nodes.shape(x).length;
  switch (node.opType) {
    case 'Conv':
      return convolution(node, x, weights, nodes);
    case 'LayerNormalization': {
      const axis = intOf(node, 'axis') ?? -1;
      const [gamma, beta] = weights;
      if ((axis !== -1 && axis !== rank - 1) || !isVector(gamma) || (beta && !isVector(beta)) || node.outputs.slice(1).some(o => o !== ''))
        return undefined;
      if (gamma!.data.length > 1) nodes.needs(x, -1, gamma!.data.length);
      const spec = { kind: 'layernorm', center: beta !== undefined, epsilon: floatOf(node, 'epsilon') ?? Math.fround(1e-5) };
      return layer(node, 'layernorm', spec, x, { gamma, beta }, nodes);
    }
    case 'BatchNormalization': {
      const [gamma, beta, mean, variance] = weights;
      const other = intOf(node, 'training_mode') === 1 || intOf(node, 'spatial') === 0 || node.outputs.slice(1).some(o => o !== '');
      if (other || rank < 2 || ![gamma, beta, mean, variance].every(isVector)) return undefined;
      nodes.needs(x, 1, gamma!.data.length);
      const spec = { kind: 'batchnorm', axis: 1, epsilon: floatOf(node, 'epsilon') ?? Math.fround(1e-5) };
      return layer(node, 'batchnorm', spec, x, { gamma, beta, mean, variance }, nodes);
    }
    default:
      return undefined;
  }
}

function isVector(value: GraphValue | undefined): boolean {
  return value?.shape.length === 1;
}

function layer(
  { name }: OnnxNode,
  kind: string,
  spec: Record<string, unknown>,
  x: Wire,
  weights: Readonly<Record<string, GraphValue | undefined>>,
  nodes: Nodes,
  shapeOf = (shape: ReturnType<Nodes['shape']>) => shape,
): Wire {
  const own = nodes.add(name || kind, spec, [x], ([shape]) => shapeOf([...shape]));
  for (const [key, value] of Object.entries(weights)) if (value) nodes.weigh(own, key, value);
  return { value: own };
}

/** Converts a Conv of x [N, C, …S] with W [F, C/groups, …k] and up to three spatial axes; undefined if it cannot be a layer. */
function convolution(node: OnnxNode, x: Wire, [W, b]: readonly (GraphValue | undefined)[], nodes: Nodes): Wire | undefined {
  if (!W || W.shape.length < 3 || W.shape.length > 5 || W.shape.length !== nodes.shape(x).length || sizeOf(W.shape) === 0) return undefined;
  const [F, C, ...window] = W.shape;
  const auto = textOf(node, 'auto_pad') ?? 'NOTSET';
  if (auto !== 'NOTSET' && auto !== 'VALID') return undefined;
  const ones = window.map(() => 1);
  const pads = (auto === 'VALID' ? undefined : intsOf(node, 'pads')) ?? window.flatMap(() => [0, 0]);
  const [strides, dilations] = [intsOf(node, 'strides') ?? ones, intsOf(node, 'dilations') ?? ones];
  if (strides.length !== window.length || dilations.length !== window.length || pads.length !== 2 * window.length || pads.some(n => n < 0))
    return undefined;
  const groups = intOf(node, 'group') ?? 1;
  nodes.needs(x, 1, C * groups);
  const { spec, pads: padded } = explicitConvolution({
    kernel: W.shape,
    strides,
    dilations,
    before: pads.slice(0, window.length),
    behind: pads.slice(window.length),
    groups,
    useBias: b !== undefined,
    dataFormat: 'channels_first',
  });
  const space = alongSpace(nodes.shape(x).slice(2), sizes => windowAxes({ node }, sizes, window).map(a => a.out));
  const from = padded ? nodes.op('padded', 'Pad', [x, nodes.int(padded)], { mode: 'constant' }) : x;
  const turned = { kind: W.kind, ...permuteAxes(W, kernelTurned(W.shape.length)) };
  return layer(node, 'conv', spec, from, { W: turned, b }, nodes, ([N]) => [N, sized(F), ...space]);
}

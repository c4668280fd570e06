import { runOperator } from '../ops/run.js';
import { type GraphValue, ints } from '../ops/value.js';
import { toPrecision } from '../tensor/tensor.js';
import { activated } from './activation.js';
import { symbolic } from './dims.js';
import type { NodeBuilder, Nodes } from './facets.js';
import type { LayerContext, LayerResult, Value } from './layer.js';

/** Computes a layer made of operators: its nodes, one after the other, in the precision of the kernels. */
export function computed<S>(nodes: Nodes<S>, layer: S, inputs: readonly Value[], { kernels, weights }: LayerContext): LayerResult {
  const values = new Map<string, GraphValue>();
  const named = (value: GraphValue): string => {
    const name = String(values.size);
    values.set(name, value);
    return name;
  };
  const builder: NodeBuilder = {
    add(op, names, attributes) {
      const operands = names.map(name => values.get(name)!);
      return named(runOperator(op, operands, kernels, attributes));
    },
    constant: (_name, t) => named({ kind: 'float', ...toPrecision(t, kernels.precision) }),
    scalar: value => named({ ...ints([value]), shape: [] }),
    integers: list => named(ints(list)),
  };
  const result = nodes(layer, {
    builder,
    inputs: inputs.map(({ tensor: { shape, data } }) => named({ kind: 'float', shape, data })),
    masks: inputs.map(({ tensor: { shape }, mask }) => mask && named(truths(mask, shape[0]))),
    shapes: inputs.map(({ tensor }) => symbolic(tensor.shape)),
    weight: name => weights.get(name),
    activation: (spec, x) => named({ kind: 'float', ...activated(spec, values.get(x)!) }),
  });
  const { y, mask } = typeof result === 'string' ? { y: result } : result;
  const { shape, data } = values.get(y)!;
  return { tensor: { shape, data }, ...(mask === undefined ? {} : { mask: Uint8Array.from(values.get(mask)!.data) }) };
}

/** [N·T] -> [N, T] */
function truths(mask: Uint8Array, N: number): GraphValue {
  return { kind: 'bool', shape: [N, mask.length / Math.max(1, N)], data: Float64Array.from(mask) };
}

import type { LayerShapes } from '../../model/shapes.js';
import { transpose } from '../../tensor/layout.js';
import { reshape, sizeOf, type Tensor } from '../../tensor/tensor.js';

/**
 * nn.MultiheadAttention with E features. The projections of query, key and value are stacked in in_proj_weight [3E, E], or separate if key
 * and value have a different number of features. In the spec they are [D, H, P] and [H, V, K].
 */

const PARTS = ['query', 'key', 'value'] as const;

/**
 * Whether nn.MultiheadAttention can represent the layer: its heads together have as many features as the input, and are all of one size.
 */
export function isTorchAttention({ layer, weights }: LayerShapes): boolean {
  if (layer.kind !== 'multiheadattention' || layer.keyHeads !== null || layer.useGate || layer.slidingWindow !== null) return false;
  const shape = (name: string) => weights.find(w => w.name === name)!.shape;
  const [E, heads, units] = shape('query/W');
  return E === heads * units && (layer.valueUnits ?? units) === units && shape('output/W').length === 3 && shape('output/W')[2] === E;
}

/** Names and shapes of the module's tensors. */
export function attentionShapes({ weights }: LayerShapes): Map<string, readonly number[]> {
  const features = PARTS.map(part => weights.find(w => w.name === `${part}/W`)!.shape[0]);
  const [E] = features;
  const biased = weights.some(w => w.name === 'output/b');
  const projections: [string, number[]][] = features.every(n => n === E)
    ? [['in_proj_weight', [3 * E, E]]]
    : features.map((n, i) => [`${PARTS[i][0]}_proj_weight`, [E, n]]);
  return new Map([
    ...projections,
    ['out_proj.weight', [E, E]],
    ...(biased
      ? ([
          ['in_proj_bias', [3 * E]],
          ['out_proj.bias', [E]],
        ] as [string, number[]][])
      : []),
  ]);
}

/** Converts the layer's weights to the module's tensors. @param of returns a weight of the layer by name */
export function attentionToTorch(shapes: LayerShapes, of: (name: string) => Tensor): Map<string, Tensor> {
  const matrix = (name: string, rows: number) => transpose(reshape(of(name), [rows, sizeOf(of(name).shape) / rows]));
  return new Map(
    [...attentionShapes(shapes)].map(([name, shape]): [string, Tensor] => {
      if (name === 'out_proj.weight') return [name, matrix('output/W', shape[1])];
      if (name === 'out_proj.bias') return [name, of('output/b')];
      const parts = PARTS.filter(part => name.startsWith('in_proj') || name.startsWith(part[0]));
      const each = parts.map(part => (name === 'in_proj_bias' ? of(`${part}/b`) : matrix(`${part}/W`, shape[1])));
      return [name, { shape, data: Float64Array.from(each.flatMap(t => [...t.data])) }];
    }),
  );
}

/** Converts in_proj, out_proj and their biases to the layer's weights. @param of returns a tensor of the module by name */
export function attentionFromTorch(shapes: LayerShapes, of: (name: string) => Tensor): Map<string, Tensor> {
  const known = attentionShapes(shapes);
  const E = known.get('out_proj.weight')![0];
  return new Map(
    shapes.weights.map(({ name, shape }): [string, Tensor] => {
      const [part, kind] = name.split('/');
      if (part === 'output') return [name, kind === 'b' ? of('out_proj.bias') : reshape(transpose(of('out_proj.weight')), shape)];
      const packed = known.has('in_proj_weight') || kind === 'b';
      const from = of(kind === 'b' ? 'in_proj_bias' : packed ? 'in_proj_weight' : `${part[0]}_proj_weight`);
      const width = sizeOf(shape);
      const start = packed ? PARTS.indexOf(part as (typeof PARTS)[number]) * width : 0;
      const data = from.data.slice(start, start + width);
      return [name, kind === 'b' ? { shape, data } : reshape(transpose({ shape: [E, width / E], data }), shape)];
    }),
  );
}

import { factor } from '../../cells/weightShapes.js';
import { RnnError } from '../../errors.js';
import { ints } from '../../formats/onnx/builder.js';
import { sizeOf } from '../../tensor/tensor.js';
import { multiply, showShape } from '../dims.js';
import { inBoth } from '../facets.js';
import { sizes } from '../fields.js';
import type { LayerBase, LayerKind } from '../layer.js';
import { pythonText } from '../python.js';
import type { Dim, DimShape } from '../shape.js';

/** Reshapes each sample; -1 is the size that remains (Keras Reshape). */
export interface ReshapeSpec extends LayerBase {
  readonly kind: 'reshape';
  /** without the batch */
  readonly shape: readonly number[];
}

export const reshape: LayerKind<ReshapeSpec> = {
  name: 'reshape',
  movesNumbers: true,
  reads: 'sequence',
  kerasClass: () => 'Reshape',
  fields: { shape: sizes({ from: -1 }) },
  grammar: { sizes: { form: 'AxB', example: '8x16', meaning: 'without the samples', fields: [{ list: 'shape', counts: [1, 8] }] } },
  keras: {
    classes: { Reshape: config => ({ shape: typeof config.target_shape === 'number' ? [config.target_shape] : config.target_shape }) },
    config: ({ shape }) => ({ target_shape: shape }),
  },
  outputShape: (layer, [input]) => [input[0], ...target(layer, input)],
  nodes: (layer, { builder, inputs: [x] }) => builder.add('Reshape', [x, builder.integers([0, ...layer.shape])], {}, layer.name),
  scripts: inBoth((_library, { shape }, { inputs: [x] }) => `${x}.reshape(len(${x}), ${shape.join(', ')})`),
};

/** Returns the new sizes. @throws RnnError E_RESHAPE if the number of values differs */
function target({ shape }: ReshapeSpec, input: DimShape): Dim[] {
  const count = multiply(...input.slice(1).map(d => d.size));
  const known = BigInt(sizeOf(shape.filter(n => n !== -1)));
  const open = shape.filter(n => n === -1).length;
  const wrong = open > 1 || shape.includes(0) || (count !== null && (open === 1 ? count % known !== 0n : count !== known));
  if (wrong)
    throw new RnnError('shape', 'E_RESHAPE', `cannot give ${showShape(input)} the shape (N, ${shape.join(', ')})`, {
      expected: count === null ? 'one -1 at most' : `sizes whose product is ${count}`,
      found: shape.join('×'),
    });
  const product = input
    .slice(1)
    .map(d => factor(d.symbol))
    .join('*');
  return shape.map((n): Dim => {
    if (n === -1)
      return { symbol: known === 1n ? product : `${factor(product)}/${known}`, size: count === null ? null : Number(count / known) };
    // a size that is also in the input keeps its letter
    const same = input.slice(1).find(d => d.size === n && /^[A-Z]\d*$/.test(d.symbol));
    return { symbol: same?.symbol ?? String(n), size: n };
  });
}

/** Permutes the axes of each sample, which are counted from 1 (Keras Permute). */
export interface PermuteSpec extends LayerBase {
  readonly kind: 'permute';
  readonly dims: readonly number[];
}

export const permute: LayerKind<PermuteSpec> = {
  name: 'permute',
  movesNumbers: true,
  reads: 'sequence',
  kerasClass: () => 'Permute',
  fields: { dims: sizes() },
  grammar: { sizes: { form: 'AxB', example: '2x1', meaning: 'axes, the samples left out', fields: [{ list: 'dims', counts: [2, 8] }] } },
  keras: { classes: { Permute: config => ({ dims: config.dims }) }, config: ({ dims }) => ({ dims }) },
  outputShape(layer, [input]) {
    const wanted = [...layer.dims].sort((a, b) => a - b);
    if (wanted.length !== input.length - 1 || wanted.some((axis, i) => axis !== i + 1))
      throw new RnnError('shape', 'E_PERMUTE', `cannot put the axes of ${showShape(input)} in the order ${layer.dims.join(', ')}`, {
        where: 'dims',
        expected: `each of 1 … ${input.length - 1} once`,
        found: layer.dims.join(', '),
      });
    return [input[0], ...layer.dims.map(axis => input[axis])];
  },
  nodes: (layer, { builder, inputs: [x] }) => builder.add('Transpose', [x], { perm: ints(0, ...layer.dims) }, layer.name),
  scripts: inBoth(
    (library, { dims }, { inputs: [x] }) => `${x}.${library === 'np' ? 'transpose' : 'permute'}(${pythonText([0, ...dims])})`,
  ),
};

import { weightShape } from '../cells/weightShapes.js';
import { RnnError } from '../errors.js';
import { int } from '../formats/onnx/builder.js';
import type { LayerBase, LayerKind } from './layer.js';

/** Token numbers [N, T], or of any axes -> their vectors [N, T, E]. */
export interface EmbeddingSpec extends LayerBase {
  readonly kind: 'embedding';
  /** V, number of tokens */
  readonly tokens: number;
  /** E, width of a token's vector */
  readonly units: number;
  /** token 0 is padding: its steps are masked */
  readonly maskZero: boolean;
}

/** In Python: token 0 is no step. */
function maskOf({ maskZero }: EmbeddingSpec, x: string, given: string | undefined): string | undefined {
  return maskZero ? `(${x} != 0)${given === undefined ? '' : ` & ${given}`}` : given;
}

export const embedding: LayerKind<EmbeddingSpec> = {
  name: 'embedding',
  tokens: 'read',
  letter: 'E',
  givesMask: true,
  grammar: {
    sizes: {
      form: 'VxD',
      example: '1000x16',
      meaning: 'V tokens, vectors of D',
      counts: [2, 2],
      fields: ([tokens, units]) => ({ tokens, units }),
    },
    options: { maskzero: { set: { maskZero: true } } },
  },
  kerasClass: () => 'Embedding',
  keras: {
    classes: { Embedding: config => ({ tokens: config.input_dim, units: config.output_dim, maskZero: config.mask_zero ?? false }) },
    config: ({ tokens, units, maskZero }) => ({ input_dim: tokens, output_dim: units, ...(maskZero ? { mask_zero: true } : {}) }),
    weightNames: { E: 'embeddings' },
  },
  onnx({ name, maskZero }, { builder, inputs: [x], masks: [given], maskAxes, shapes: [{ length }], weight }) {
    const y = builder.add('Gather', [builder.constant(`${name}.weight`, weight('E')!), x], { axis: int(0) }, name);
    if (!maskZero) return { y, mask: given, maskAxes };
    const real = builder.add('Not', [builder.add('Equal', [x, builder.scalar(0)], {}, name)], {}, name);
    const alike = (maskAxes ?? 2) === length;
    return { y, maskAxes: length, mask: given === undefined || !alike ? real : builder.add('And', [real, given], {}, name) };
  },
  scripts: {
    numpy: {
      expression: (_layer, { inputs: [x], weight }) => `${weight('E')}[${x}.astype(int)]`,
      mask: maskOf,
    },
    torch: { expression: (_layer, { inputs: [x], weight }) => `${weight('E')}[${x}.long()]`, mask: maskOf },
  },
  fields: { tokens: { type: 'size' }, units: { type: 'size' }, maskZero: { type: 'boolean', default: false } },

  weightShapes: (layer, _inputs, symbols) => [
    weightShape({ name: 'E', role: 'embeddings', dims: ['V', symbols.units], shape: [layer.tokens, layer.units] }),
  ],

  outputShape(layer, [input], symbols) {
    return [...input, { symbol: symbols.units, size: layer.units }];
  },

  formula: (_layer, _inputs, symbols) => `V*${symbols.units}`,

  apply(layer, [{ tensor, mask: given }], { kernels, weights }) {
    const E = layer.units;
    const count = tensor.data.length;
    const vectors = weights.get('E')!;
    const data = kernels.allocate(count * E);
    // padding that is given with the input is padding of the vectors, too
    const outer = given?.length === count ? given : undefined;
    const mask = layer.maskZero ? new Uint8Array(count) : given;
    for (let k = 0; k < count; k++) {
      const token = tensor.data[k];
      if (!Number.isInteger(token) || token < 0 || token >= layer.tokens) {
        const message = `token ${token} at [${placeOf(k, tensor.shape).join(', ')}] is not a whole number from 0 to ${layer.tokens - 1}`;
        throw new RnnError('shape', 'E_TOKEN', message, { expected: `0 … ${layer.tokens - 1}`, found: String(token) });
      }
      data.set(vectors.data.subarray(token * E, (token + 1) * E), k * E);
      if (layer.maskZero) mask![k] = token === 0 || outer?.[k] === 0 ? 0 : 1;
    }
    return { tensor: { shape: [...tensor.shape, E], data }, mask };
  },
};

/** [n, t] of the k-th number. */
function placeOf(k: number, shape: readonly number[]): number[] {
  const place: number[] = [];
  for (const size of [...shape].reverse()) {
    place.unshift(k % size);
    k = Math.floor(k / size);
  }
  return place;
}

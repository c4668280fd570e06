import type { WeightShape } from '../cells/cell.js';
import { weightShape } from '../cells/weightShapes.js';
import { RnnError } from '../errors.js';
import { int } from '../formats/onnx/builder.js';
import type { Json } from './kerasConfig.js';
import type { LayerBase, LayerKind } from './layer.js';

/** Looks up the vector of each token number: [N, T] (or any shape) -> [N, T, E]. */
export interface EmbeddingSpec extends LayerBase {
  readonly kind: 'embedding';
  /** V, number of tokens */
  readonly tokens: number;
  /** E, width of a token's vector */
  readonly units: number;
  /** token 0 is padding: its steps are masked */
  readonly maskZero: boolean;
  /** Keras' ReversibleEmbedding, which can also be called in reverse: `unembedding` */
  readonly reversible?: boolean;
  /** ReversibleEmbedding with tie_weights=False: a separate matrix [E, V] for the reverse call */
  readonly untied?: boolean;
  /** c of c·tanh(y / c) in the reverse call; null: y is not capped */
  readonly softCap?: number | null;
}

export const EMBEDDING_FIELDS: LayerKind<EmbeddingSpec>['fields'] = {
  tokens: { type: 'size' },
  units: { type: 'size' },
  maskZero: { type: 'boolean', default: false },
  reversible: { type: 'boolean', default: false },
  untied: { type: 'boolean', default: false },
  softCap: { type: 'number', default: null },
};

/** The mask as Python: token 0 is padding. */
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
      fields: ['tokens', 'units'],
    },
    options: { maskzero: { set: { maskZero: true } } },
  },
  kerasClass: ({ reversible }) => (reversible ? 'ReversibleEmbedding' : 'Embedding'),
  keras: {
    classes: {
      Embedding: read,
      ReversibleEmbedding: config => ({
        ...read(config),
        reversible: true,
        untied: config.tie_weights === false,
        ...(typeof config.logit_soft_cap === 'number' ? { softCap: config.logit_soft_cap } : {}),
      }),
    },
    callKinds: { reverse: 'unembedding' },
    config: ({ tokens, units, maskZero, untied, softCap }) => ({
      input_dim: tokens,
      output_dim: units,
      ...(maskZero ? { mask_zero: true } : {}),
      ...(untied ? { tie_weights: false } : {}),
      ...(typeof softCap === 'number' ? { logit_soft_cap: softCap } : {}),
    }),
    weightNames: { E: 'embeddings', R: 'reverse_embeddings' },
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
  fields: EMBEDDING_FIELDS,

  weightShapes: (layer, _inputs, symbols) => vectorsOf(layer, symbols.units),

  outputShape(layer, [input], symbols) {
    return [...input, { symbol: symbols.units, size: layer.units }];
  },

  formula: ({ untied }, _inputs, symbols) => `${untied ? '2*' : ''}V*${symbols.units}`,

  apply(layer, [{ tensor, mask: given }], { kernels, weights }) {
    const E = layer.units;
    const count = tensor.data.length;
    const vectors = weights.get('E')!;
    const data = kernels.allocate(count * E);
    // steps masked in the input stay masked
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

function read(config: Json): Json {
  return { tokens: config.input_dim, units: config.output_dim, maskZero: config.mask_zero ?? false };
}

/** The matrix of token vectors [V, E], and if untied the matrix [E, V] of the reverse call. */
export function vectorsOf({ tokens, units, untied }: Omit<EmbeddingSpec, 'kind'>, E: string): WeightShape[] {
  const vectors = weightShape({ name: 'E', role: 'embeddings', dims: ['V', E], shape: [tokens, units] });
  return untied ? [vectors, weightShape({ name: 'R', role: 'embeddings', dims: [E, 'V'], shape: [units, tokens] })] : [vectors];
}

/** Returns the index [n, t] of the k-th number. */
function placeOf(k: number, shape: readonly number[]): number[] {
  const place: number[] = [];
  for (const size of [...shape].reverse()) {
    place.unshift(k % size);
    k = Math.floor(k / size);
  }
  return place;
}

import { RnnError } from '../errors.js';
import { permuteAxes } from '../tensor/axes.js';
import type { Tensor } from '../tensor/tensor.js';
import { multiply, productCost, showShape, stepsFormula, stepsOf } from './dims.js';
import { EMBEDDING_FIELDS, type EmbeddingSpec, vectorsOf } from './embedding.js';
import { inBoth, type ScriptCall } from './facets.js';
import type { LayerKind } from './layer.js';
import { number } from './onnxSteps.js';

/**
 * A Keras ReversibleEmbedding called with reverse=True: [.., E] -> [.., V], a score for each token: x · Eᵀ, or x · R if the layer has a
 * separate matrix. Its weights are those of the embedding that it shares.
 */
export interface UnembeddingSpec extends Omit<EmbeddingSpec, 'kind'> {
  readonly kind: 'unembedding';
}

export const unembedding: LayerKind<UnembeddingSpec> = {
  name: 'unembedding',
  reads: 'anything',
  stepwise: () => true,
  sharesWith: 'embedding',
  kerasClass: () => 'ReversibleEmbedding',
  fields: EMBEDDING_FIELDS as LayerKind<UnembeddingSpec>['fields'],
  weightShapes: (layer, _inputs, symbols) => vectorsOf(layer, symbols.units),
  outputShape({ tokens, units }, [input]) {
    const { size } = input[input.length - 1];
    if (size !== null && size !== units)
      throw new RnnError('shape', 'E_WEIGHT_SHAPE', `needs vectors of ${units} numbers but gets ${showShape(input)}`, {
        expected: `(N, …, ${units})`,
        found: showShape(input),
      });
    return [...input.slice(0, -1), { symbol: 'V', size: tokens }];
  },
  cost(layer, [input]) {
    const steps = stepsOf(input);
    return productCost(
      { useBias: false, activation: 'linear' },
      multiply(steps, layer.units, layer.tokens),
      0n,
      `${stepsFormula(input)}E*V`,
    );
  },
  nodes(layer, { builder, inputs: [x], weight, activation }) {
    const y = builder.add('MatMul', [x, builder.constant(`${layer.name}.weight`, matrixOf(layer, weight))], {}, layer.name);
    if ((layer.softCap ?? null) === null) return y;
    const c = number(builder, layer.softCap!, layer.name);
    return builder.add('Mul', [activation('tanh', builder.add('Div', [y, c], {}, `${layer.name}/cap`)), c], {}, `${layer.name}/cap`);
  },
  scripts: inBoth((_library, layer, call) => expression(layer, call)),
};

function expression(layer: UnembeddingSpec, { inputs: [x], weight, activation }: ScriptCall): string {
  const y = `(${x} @ ${layer.untied ? weight('R') : `${weight('E')}.T`})`;
  return (layer.softCap ?? null) === null ? y : `(${activation('tanh', `(${y} / ${layer.softCap})`)} * ${layer.softCap})`;
}

/** The matrix of the reverse call, [E, V]. */
function matrixOf({ untied }: UnembeddingSpec, weight: (name: string) => Tensor | undefined): Tensor {
  return untied ? weight('R')! : permuteAxes(weight('E')!, [1, 0]);
}

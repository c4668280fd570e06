import type { ActivationSpec } from '../activations/activation.js';
import type { WeightShape } from '../cells/cell.js';
import { factor } from '../cells/weightShapes.js';
import { activated } from './activation.js';
import { multiply, stepsFormula, stepsOf, widthOf } from './dims.js';
import type { ScriptCall } from './facets.js';
import type { LayerBase, LayerKind } from './layer.js';

/** y = act(x·Wo + bo) on the last axis: once for [N, D], at every step for [N, T, D] (Keras Dense, TimeDistributed(Dense), PyTorch Linear). */
export interface DenseSpec extends LayerBase {
  readonly kind: 'dense';
  readonly units: number;
  readonly activation: ActivationSpec;
  readonly useBias: boolean;
  /** written as TimeDistributed(Dense) in Keras: the same numbers, another name in the summary */
  readonly timeDistributed: boolean;
}

export const dense: LayerKind<DenseSpec> = {
  name: 'dense',
  letter: 'K',
  reads: 'anything',
  grammar: {
    sizes: { form: 'units', example: '64', counts: [1, 1], fields: ([units]) => ({ units }) },
    activation: true,
    options: { nobias: { set: { useBias: false } } },
  },
  kerasClass: layer => (layer.timeDistributed ? 'TimeDistributed' : 'Dense'),
  fields: {
    units: { type: 'size' },
    activation: { type: 'activation', default: 'linear' },
    useBias: { type: 'boolean', default: true },
    timeDistributed: { type: 'boolean', default: false },
  },

  keras: {
    classes: {
      Dense: (config, read) => ({
        units: config.units,
        activation: read.activation(config.activation),
        useBias: config.use_bias ?? true,
      }),
    },
    config: ({ units, activation, useBias }) => ({ units, activation, use_bias: useBias }),
    weightNames: { Wo: 'kernel', bo: 'bias' },
    path: (layer, _weight, index) => `${layer.timeDistributed ? 'layer/' : ''}vars/${index}`,
  },
  onnx(layer, { builder, inputs: [x], weight, activation }) {
    const product = builder.add('MatMul', [x, builder.constant(`${layer.name}.weight`, weight('Wo')!)], {}, layer.name);
    const bias = weight('bo');
    const y = bias ? builder.add('Add', [product, builder.constant(`${layer.name}.bias`, bias)], {}, `${layer.name}/bias`) : product;
    return activation(layer.activation, y);
  },
  scripts: { numpy: { expression }, torch: { expression } },

  weightShapes(layer, [input], symbols) {
    const from = input[input.length - 1].symbol;
    const weights: WeightShape[] = [
      {
        name: 'Wo',
        role: 'kernel',
        dims: [from, symbols.units],
        shape: [widthOf(input), layer.units],
        gates: null,
        formula: `${factor(from)}*${symbols.units}`,
      },
    ];
    if (layer.useBias)
      weights.push({ name: 'bo', role: 'bias', dims: [symbols.units], shape: [layer.units], gates: null, formula: symbols.units });
    return weights;
  },

  outputShape: (layer, [input], symbols) => [...input.slice(0, -1), { symbol: symbols.units, size: layer.units }],

  cost(layer, [input], symbols) {
    const steps = stepsOf(input);
    return {
      matmul: multiply(steps, widthOf(input), layer.units),
      bias: layer.useBias ? multiply(steps, layer.units) : 0n,
      elementwise: 0n,
      activations: layer.activation === 'linear' ? 0n : multiply(steps, layer.units),
      formula: `${stepsFormula(input)}${factor(input[input.length - 1].symbol)}*${symbols.units}`,
    };
  },

  formula(layer, [input], symbols) {
    const from = input[input.length - 1].symbol;
    return layer.useBias ? `${symbols.units}*(${from}+1)` : `${symbols.units}*${factor(from)}`;
  },

  apply(layer, [input], { kernels, weights }) {
    const y = kernels.affine(input.tensor, weights.get('Wo')!, weights.get('bo'));
    return { tensor: activated(layer.activation, y), mask: input.mask };
  },
};

function expression({ activation: spec }: DenseSpec, { inputs: [x], weight, activation }: ScriptCall): string {
  const bias = weight('bo');
  return activation(spec, `(${x} @ ${weight('Wo')}${bias ? ` + ${bias}` : ''})`);
}

import type { ActivationSpec } from '../activations/activation.js';
import { factor, weightShape, withBias } from '../cells/weightShapes.js';
import type { Tensor } from '../tensor/tensor.js';
import { activated } from './activation.js';
import { multiply, productCost, stepsFormula, stepsOf, widthOf } from './dims.js';
import { inBoth, type ScriptCall } from './facets.js';
import { unlessSaid } from './kerasConfig.js';
import type { LayerBase, LayerKind } from './layer.js';
import { addTo, refuseRounded, rounded, roundedFields, roundedOnnx } from './roundedInput.js';

/** y = act(x·Wo + bo) along the last axis: once for [N, D], at every step for [N, T, D] (Keras Dense, TimeDistributed(Dense), PyTorch Linear). */
export interface DenseSpec extends LayerBase {
  readonly kind: 'dense';
  readonly units: number;
  readonly activation: ActivationSpec;
  readonly useBias: boolean;
  /** written as TimeDistributed(Dense) in Keras: the same numbers, another name in the summary */
  readonly timeDistributed: boolean;
  /** each row of x is first quantised to −127 … 127 with a scale of its own (Keras' int8 layers) */
  readonly roundedInput: boolean;
  /** such a layer also has LoRA weights, whose product takes x unrounded */
  readonly lora?: boolean;
}

export const dense: LayerKind<DenseSpec> = {
  name: 'dense',
  letter: 'K',
  reads: 'anything',
  grammar: {
    sizes: { form: 'units', example: '64', fields: ['units'] },
    activation: true,
    options: { nobias: { set: { useBias: false } } },
  },
  passesMask: () => true,
  stepwise: () => true,
  kerasClass: layer => (layer.timeDistributed ? 'TimeDistributed' : 'Dense'),
  fields: {
    units: { type: 'size' },
    activation: { type: 'activation', default: 'linear' },
    useBias: { type: 'boolean', default: true },
    timeDistributed: { type: 'boolean', default: false },
    roundedInput: { type: 'boolean', default: false },
    lora: { type: 'boolean', default: false },
  },

  keras: {
    classes: {
      Dense: (config, read) => ({
        units: config.units,
        activation: read.activation(config.activation),
        useBias: unlessSaid(config, 'use_bias', true),
        ...roundedFields(config),
      }),
    },
    config({ units, activation, useBias, roundedInput }) {
      refuseRounded(
        { roundedInput },
        'a Dense layer with an int8 input is written by model.quantize alone',
        'keep the file as Keras saved it',
      );
      return { units, activation, use_bias: useBias };
    },
    weightNames: { Wo: 'kernel', bo: 'bias', Lo: 'lora_kernel' },
    path: (layer, _weight, index) => `${layer.timeDistributed ? 'layer/' : ''}vars/${index}`,
  },
  onnx(layer, { builder, inputs, weight, activation }) {
    const x = layer.roundedInput ? roundedOnnx(layer.name, inputs[0], builder, [-1]) : inputs[0];
    const times = (given: string, name: string, kernel: Tensor) =>
      builder.add('MatMul', [given, builder.constant(`${layer.name}.${name}`, kernel)], {}, layer.name);
    const adapter = weight('Lo');
    const own = times(x, 'weight', weight('Wo')!);
    const product = adapter ? builder.add('Add', [own, times(inputs[0], 'lora', adapter)], {}, layer.name) : own;
    const bias = weight('bo');
    const y = bias ? builder.add('Add', [product, builder.constant(`${layer.name}.bias`, bias)], {}, `${layer.name}/bias`) : product;
    return activation(layer.activation, y);
  },
  scripts: inBoth((_library, layer, call) => expression(layer, call)),

  weightShapes(layer, [input], symbols) {
    const dims = [input[input.length - 1].symbol, symbols.units];
    const kernel = weightShape({ name: 'Wo', role: 'kernel', dims, shape: [widthOf(input), layer.units] });
    const weights = withBias([kernel], layer.useBias, 'bo', symbols.units, layer.units);
    return layer.lora ? [...weights, { ...kernel, name: 'Lo' }] : weights;
  },

  outputShape: (layer, [input], symbols) => [...input.slice(0, -1), { symbol: symbols.units, size: layer.units }],

  cost(layer, [input], symbols) {
    const [steps, products] = [stepsOf(input), layer.lora ? 2 : 1];
    const formula = `${stepsFormula(input)}${layer.lora ? '2*' : ''}${factor(input[input.length - 1].symbol)}*${symbols.units}`;
    return productCost(layer, multiply(steps, products, widthOf(input), layer.units), multiply(steps, layer.units), formula);
  },

  formula(layer, [input], symbols) {
    const from = input[input.length - 1].symbol;
    const own = layer.useBias ? `${symbols.units}*(${from}+1)` : `${symbols.units}*${factor(from)}`;
    return layer.lora ? `${own}+${symbols.units}*${factor(from)}` : own;
  },

  apply(layer, [input], { kernels, weights }) {
    const x = layer.roundedInput ? rounded(input.tensor, [input.tensor.shape.length - 1]) : input.tensor;
    const y = kernels.affine(x, weights.get('Wo')!, weights.get('bo'));
    const adapter = weights.get('Lo');
    if (adapter) addTo(y, kernels.affine(input.tensor, adapter));
    return { tensor: activated(layer.activation, y) };
  },
};

function expression({ activation: spec, roundedInput }: DenseSpec, { inputs: [x], weight, activation }: ScriptCall): string {
  refuseRounded({ roundedInput }, 'a script has no int8 input of a Dense layer', 'use forward, or convert to .onnx');
  const bias = weight('bo');
  return activation(spec, `(${x} @ ${weight('Wo')}${bias ? ` + ${bias}` : ''})`);
}

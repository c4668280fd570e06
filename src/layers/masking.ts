import { int, ints } from '../formats/onnx/builder.js';
import { sequenceOf } from './dims.js';
import type { Script } from './facets.js';
import type { LayerBase, LayerKind } from './layer.js';
import { cast, lifted, number, zeroedOutside } from './onnxSteps.js';

/** Masks and zeroes the steps whose features all equal `value` (Keras Masking). */
export interface MaskingSpec extends LayerBase {
  readonly kind: 'masking';
  readonly value: number;
}

/** Python of the mask; x is float32. */
function script(lib: 'np' | 'torch'): Script<MaskingSpec> {
  const steps = ({ value }: MaskingSpec, x: string) =>
    `${lib}.any(${x} != ${Number.isInteger(value) || lib === 'torch' ? value : `np.float32(${value})`}, -1)`;
  return { expression: (layer, { inputs: [x] }) => `${x} * ${steps(layer, x)}[..., None]`, mask: steps };
}

export const masking: LayerKind<MaskingSpec> = {
  name: 'masking',
  movesNumbers: true,
  reads: 'anything',
  givesMask: true,
  stepwise: () => true,
  grammar: { number: { field: 'value', example: '0.5' } },
  kerasClass: () => 'Masking',
  keras: { classes: {}, config: ({ value }) => ({ mask_value: value }) },
  fields: { value: { type: 'number', default: 0 } },
  scripts: { numpy: script('np'), torch: script('torch') },
  outputShape: (_layer, [input]) => sequenceOf(input),

  onnx({ value, name }, { builder, inputs: [x], shapes }) {
    const add = (op: string, inputs: readonly string[], attributes = {}) => builder.add(op, inputs, attributes, name);
    const differs = cast(builder, add('Not', [add('Equal', [x, number(builder, value, name)])]), 'f32', name);
    const steps = add('ReduceMax', [differs], { axes: ints(...shapes[0].slice(2).map((_, i) => i + 2)), keepdims: int(0) });
    const mask = cast(builder, steps, 'bool', name);
    return { y: zeroedOutside(builder, lifted(builder, mask, shapes[0].length, name), x, name), mask };
  },

  apply(layer, [{ tensor }], { kernels }) {
    const [N, T, D] = tensor.shape;
    const data = kernels.allocate(N * T * D);
    const mask = new Uint8Array(N * T);
    // compared in float32: 0.1 in the spec must mask float32(0.1) in the data
    const value = tensor.data instanceof Float32Array ? Math.fround(layer.value) : layer.value;
    for (let k = 0; k < N * T; k++) {
      const step = tensor.data.subarray(k * D, (k + 1) * D);
      if (step.every(v => v === value)) continue;
      mask[k] = 1;
      data.set(step, k * D);
    }
    return { tensor: { shape: tensor.shape, data }, mask };
  },
};

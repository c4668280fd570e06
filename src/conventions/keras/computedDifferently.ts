import { escapeText, wordOf } from '../../escape.js';
import { asObject, type Json, list } from '../../layers/kerasConfig.js';
import type { Assumption } from '../../model/assumptions.js';
import { nameOf } from './models.js';
import { quantizedLayers } from './quantized.js';

/** Assumptions for layers that are computed differently here than in Keras. */

/** An `.h5` has LoRA's matrices separately, and Keras' own load_model then uses the rank as alpha. */
export function alphaAssumptions(model: Json): Assumption[] {
  const others = [...quantizedLayers(model).values()].filter(({ lora }) => lora !== undefined && lora !== 1);
  if (others.length === 0) return [];
  const alphas = others.map(({ name, config }) => `${escapeText(name, 60)} ${config.lora_alpha} (rank ${config.lora_rank})`);
  return [
    {
      fact: 'description',
      what: `lora_alpha is the file's, as the network computed that was saved: ${alphas.join(', ')}`,
      value: 'lora_alpha',
      why: 'load_model of Keras 3.15 forgets it in an .h5, and takes lora_rank for it',
      say: null,
    },
  ];
}

/** Layers that Keras computes in 16 bits are run in float32. */
export function precisionAssumptions(model: Json): Assumption[] {
  const layers = narrowLayers(model);
  return [...new Set(layers.map(({ type }) => type))].map(type => {
    const share = type === 'float16' ? '0.1 %' : '1 %';
    const usual = `layers that compute in ${type} in Keras were run in float32, which usually moves y by about ${share} of its scale, more where the network amplifies rounding`;
    const dividing = layers.filter(layer => type === 'float16' && dividesByEpsilon(layer.layer)).map(({ layer }) => nameOf(layer));
    const zeros = `; a row of zeros stays zeros, and Keras, whose epsilon of ${escapeText(dividing.join(', '), 200)} is 0 in float16, makes NaN of it`;
    return {
      fact: 'precision',
      what: `${usual}${dividing.length > 0 ? zeros : ''}`,
      value: 'float32',
      why: `their policy is ${type}`,
      say: null,
    };
  });
}

/** Whether the layer divides by a length of at least 1e-12, which is 0 in float16. */
function dividesByEpsilon({ class_name, config }: Json): boolean {
  return class_name === 'UnitNormalization' || (class_name === 'Dot' && asObject(config ?? {}, 'layer').normalize === true);
}

function narrowLayers(model: Json): { type: string; layer: Json }[] {
  return list(model.layers).flatMap(l => {
    const layer = asObject(l, 'layer');
    const own = asObject(layer.config ?? {}, 'layer');
    const { name } = ((own.dtype as { config?: Json } | null | undefined)?.config ?? { name: own.dtype }) as Json;
    const [, type] = /^(?:mixed_)?(b?float16)$/.exec(wordOf(name)) ?? [];
    return [
      ...(type && layer.class_name !== 'InputLayer' ? [{ type, layer }] : []),
      ...(own.layers ? narrowLayers(own) : []),
      ...(own.layer ? narrowLayers({ layers: [own.layer] }) : []),
    ];
  });
}

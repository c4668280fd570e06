import { wordOf } from '../../escape.js';
import type { FileTensor } from '../../formats/format.js';
import { asObject, type Json, list } from '../../layers/kerasConfig.js';
import type { Assumption } from '../../model/assumptions.js';
import { lazy, load } from '../../tensor/lazy.js';
import { groupNames, MODELS, stepLayer } from './graph.js';

/**
 * Dense and Embedding layers that Keras saved as int8 or int4 (`model.quantize`): kernel, bias, scale, and where int4 has several scales a
 * column, zero points and the group of each row; two int4 in a byte, the lower half first.
 *   int8, int4     kernel / scale
 *   int4, groups   (kernel − zero[group]) · scale[group]
 */

/** Group of a `.weights.h5` -> what stands there. */
export type QuantizedLayers = ReadonlyMap<
  string,
  { readonly mode: 'int8' | 'int4'; readonly isDense: boolean; readonly useBias: boolean; readonly columns: number }
>;

export function quantizedLayers(model: Json, prefix = '', found = new Map()): QuantizedLayers {
  const layers = list(model.layers).map(l => asObject(l, 'layer'));
  const groups = groupNames(layers);
  const collect = (layer: Json, group: string): void => {
    const config = asObject(layer.config ?? {}, 'layer');
    if (MODELS.has(wordOf(layer.class_name))) quantizedLayers(config, `${group}/`, found);
    if (layer.class_name === 'TimeDistributed') collect(stepLayer(layer), `${group}/layer`);
    const mode = modeOf(config);
    const isDense = layer.class_name === 'Dense';
    if (mode && (isDense || layer.class_name === 'Embedding'))
      found.set(group, {
        mode,
        isDense,
        useBias: isDense && config.use_bias !== false,
        columns: Number(isDense ? config.units : config.output_dim),
      });
  };
  layers.forEach((layer, i) => {
    collect(layer, `${prefix}layers/${groups[i]}`);
  });
  return found;
}

/** 'int8' or 'int4' of a policy; undefined for any other */
export function modeOf({ dtype }: Json): 'int8' | 'int4' | undefined {
  const { mode } = ((dtype as { config?: Json } | null | undefined)?.config ?? {}) as Json;
  const [, name] = /^(int8|int4)(?:\/-?\d+)?$/.exec(wordOf(mode)) ?? [];
  return name as 'int8' | 'int4' | undefined;
}

/** Layers that Keras computes in 16 bits are run in float32. */
export function precisionAssumptions(model: Json): Assumption[] {
  const types = new Set(narrowTypes(model));
  return [...types].map(type => ({
    fact: 'precision',
    what: `layers that compute in ${type} in Keras were run in float32, which moves y by up to ${type === 'float16' ? '0.1 %' : '1 %'} of its scale`,
    value: 'float32',
    why: `their policy is ${type}`,
    say: null,
  }));
}

function narrowTypes(model: Json): string[] {
  return list(model.layers).flatMap(l => {
    const layer = asObject(l, 'layer');
    const { class_name } = layer;
    const own = asObject(layer.config ?? {}, 'layer');
    const { name } = ((own.dtype as { config?: Json } | null | undefined)?.config ?? { name: own.dtype }) as Json;
    const [, type] = /^(?:mixed_)?(b?float16)$/.exec(wordOf(name)) ?? [];
    return [
      ...(type && class_name !== 'InputLayer' ? [type] : []),
      ...(own.layers ? narrowTypes(own) : []),
      ...(own.layer ? narrowTypes({ layers: [own.layer] }) : []),
    ];
  });
}

/** The tensors with each such kernel as it is computed with. */
export function dequantized(tensors: ReadonlyMap<string, FileTensor>, layers: QuantizedLayers): Map<string, FileTensor> {
  const plain = new Map(tensors);
  for (const [group, { mode, isDense, useBias, columns }] of layers) {
    const at = (index: number) => tensors.get(`${group}/vars/${index}`);
    const first = useBias ? 2 : 1;
    const [kernel, scale, zero, groups] = [at(0), at(first), at(first + 1), at(first + 2)];
    if (!kernel || !scale || kernel.shape.length !== 2) continue;
    for (let i = first; plain.delete(`${group}/vars/${i}`); i++);
    const [rows, stored] = kernel.shape;
    plain.set(`${group}/vars/0`, {
      ...lazy([rows, columns], 'f32', () => {
        const numbers = { kernel: load(kernel), scale: load(scale), zero: zero && load(zero), groups: groups && load(groups) };
        const data = new Float32Array(rows * columns);
        const wide = scale.shape.length > 1 ? scale.shape[1] : 1;
        for (let i = 0; i < rows; i++) {
          for (let k = 0; k < columns; k++) {
            const whole =
              mode === 'int8' ? Number(numbers.kernel[i * stored + k]) : nibble(Number(numbers.kernel[i * stored + (k >> 1)]), k & 1);
            if (!numbers.zero || !numbers.groups) data[i * columns + k] = whole / numbers.scale[isDense ? k : i];
            else {
              const place = isDense ? Number(numbers.groups[i]) * wide + k : i * wide + Number(numbers.groups[k]);
              data[i * columns + k] = Math.fround(whole - Number(numbers.zero[place])) * numbers.scale[place];
            }
          }
        }
        return data;
      }),
      dtype: 'f32',
    });
  }
  return plain;
}

/** The lower or the upper half of a byte, −8 to 7. */
function nibble(byte: number, upper: number): number {
  const half = (upper ? byte >> 4 : byte) & 15;
  return half < 8 ? half : half - 16;
}

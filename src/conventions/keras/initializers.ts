import { wordOf } from '../../escape.js';
import type { Json } from '../../layers/kerasConfig.js';

/** Returns the initialisers in a configuration that are not Keras' defaults: 'dense: kernel_initializer HeNormal'. */
export function ownInitializers(config: unknown, layer = 'a layer'): string[] {
  if (Array.isArray(config)) return config.flatMap(part => ownInitializers(part, layer));
  if (typeof config !== 'object' || config === null) return [];
  const name = wordOf((config as Json).name) || layer;
  return Object.entries(config).flatMap(([key, value]) => {
    const [, weight] = /^(.+)_initializer$/.exec(key) ?? [];
    if (weight === undefined) return ownInitializers(value, name);
    return isUsual(weight, value) ? [] : [`${name}: ${key} ${wordOf((value as Json | null)?.class_name ?? value)}`];
  });
}

/** Whether the initialiser is Keras' default, also in Keras 2's form or given by name. */
function isUsual(weight: string, value: unknown): boolean {
  if (value === null) return true;
  const { class_name: name, config = {} } = (typeof value === 'object' ? value : { class_name: value }) as {
    class_name: string;
    config?: Json;
  };
  if ((config.seed ?? null) !== null) return false;
  const word = wordOf(name).replace(/_/g, '').toLowerCase();
  const is = (key: string, usual: number | string) => (config[key] ?? usual) === usual;
  if (weight === 'recurrent') return /^orthogonal(initializer)?$/.test(word) && is('gain', 1);
  if (weight === 'embeddings') return /^(random)?uniform$/.test(word) && is('minval', -0.05) && is('maxval', 0.05);
  if (weight === 'gamma' || weight === 'moving_variance') return word === 'ones';
  if (!/^(kernel|depthwise|pointwise)$/.test(weight)) return word === 'zeros';
  return (
    word === 'glorotuniform' ||
    (word === 'variancescaling' && is('scale', 1) && config.mode === 'fan_avg' && config.distribution === 'uniform')
  );
}

import { RnnError } from '../errors.js';
import type { KerasFacet } from './facets.js';
import type { Json } from './kerasConfig.js';
import type { Field, LayerBase } from './layer.js';

/** Keras arguments that are not just the field's name in snake case. */
const OWN_NAMES: Readonly<Record<string, string>> = { dilation: 'dilation_rate' };

/**
 * Returns the facet of a class whose arguments are the layer's fields in snake case. An argument missing from a config has the field's default;
 * null is no truth, and no value where the default is one, except as data_format: that of Keras' own configuration.
 * @param names fields in the order in which they are written. `axis[]` may be a single number; `axis+` is a number, or the first of a list;
 * `renorm?` is written only if it is not the default, `-masks` never
 */
export function kerasArguments<S extends LayerBase>(
  kerasClass: string,
  fields: Readonly<Record<string, Field>>,
  names: string,
  more: Partial<KerasFacet<S>> = {},
): KerasFacet<S> {
  const all = names.split(' ').map(word => {
    const [, less, field, how] = /^(-?)(\w+)(.*)$/.exec(word)!;
    const key = OWN_NAMES[field] ?? field.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`);
    return { field, key, how, isWritten: less === '', type: fields[field].type, otherwise: fields[field].default };
  });
  return {
    classes: {
      [kerasClass]: (config, read): Json =>
        Object.fromEntries(
          all.map(({ field, key, how, type, otherwise }) => {
            const value = config[key];
            if (type === 'activation') return [field, read.activation(value === undefined ? otherwise : value)];
            if (type === 'boolean' && value === null) return [field, false];
            if (value === null && otherwise !== null && otherwise !== undefined && key !== 'data_format') throw noValue(key, otherwise);
            if (how === '+' && Array.isArray(value)) return [field, value[0]];
            return [field, how === '[]' && typeof value === 'number' ? [value] : (value ?? otherwise)];
          }),
        ),
    },
    config(layer): Json {
      const given = layer as unknown as Json;
      const written = all.filter(({ field, how, isWritten, otherwise }) => isWritten && (how !== '?' || given[field] !== otherwise));
      return Object.fromEntries(written.map(({ field, key }) => [key, given[field]]));
    },
    ...more,
  };
}

function noValue(key: string, otherwise: unknown): RnnError {
  return new RnnError('convention', 'E_KERAS_OPTION', `${key} has no value`, {
    where: key,
    expected: `a value, such as ${JSON.stringify(otherwise)}`,
    found: 'null',
  });
}

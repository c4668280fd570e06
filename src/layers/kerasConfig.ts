import { RnnError } from '../errors.js';
import { escapeText, wordOf } from '../escape.js';

/** A Keras config as it is in the file, unchecked: any value may have any type. */
export type Json = Record<string, unknown>;

/** Shown in place of a class name that is missing. */
export const NO_CLASS = 'no class name';

/** Returns the error E_KERAS_CLASS, which lists the known classes. */
export function unsupportedClass(found: unknown, expected: string): RnnError {
  const name = typeof found === 'string' ? escapeText(found, 60) : NO_CLASS;
  const message = name === NO_CLASS ? 'the layer has no class name' : `${name} is not supported`;
  return new RnnError('unsupported', 'E_KERAS_CLASS', message, { expected, found: name });
}

/** @throws RnnError E_KERAS_CONFIG if the value is not an object */
export function asObject(value: unknown, what: string): Json {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
  throw new RnnError('convention', 'E_KERAS_CONFIG', `expected an object for the ${what}`, { found: escapeText(wordOf(value), 40) });
}

/** Returns the value if it is a list, else an empty list. */
export function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Returns the value if it is a string, else undefined. */
export function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** Refuses a layer whose option has a value that is not implemented here, rather than ignore it. @throws RnnError E_KERAS_OPTION */
export function checkOption(config: Json, key: string, allowed: readonly unknown[]): void {
  const value = config[key];
  if (value === undefined || value === null || allowed.includes(value)) return;
  const found = escapeText(wordOf(value), 60);
  throw new RnnError('unsupported', 'E_KERAS_OPTION', `${key} is ${found}`, {
    where: key,
    expected: allowed.map(wordOf).join(', '),
    found,
  });
}

/** Keras' default for an argument that is missing. null is a value: no activation, and no truth. */
export function unlessSaid(config: Json, key: string, otherwise: unknown): unknown {
  const value = config[key];
  if (value === undefined) return otherwise;
  return value === null && typeof otherwise === 'boolean' ? false : value;
}

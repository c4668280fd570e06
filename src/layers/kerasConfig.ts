import { RnnError } from '../errors.js';
import { escapeText, wordOf } from '../escape.js';

/** A Keras config as written in the file: any value may have any type. */
export type Json = Record<string, unknown>;

/** What stands for the name where a file has none. */
export const NO_CLASS = 'no class name';

/** @returns the error E_KERAS_CLASS with the classes that are known */
export function unsupportedClass(found: unknown, expected: string): RnnError {
  const name = typeof found === 'string' ? escapeText(found, 60) : NO_CLASS;
  return new RnnError('unsupported', 'E_KERAS_CLASS', `${name} is not run here`, { expected, found: name });
}

/** @throws RnnError E_KERAS_CONFIG where it is no object */
export function asObject(value: unknown, what: string): Json {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
  throw new RnnError('convention', 'E_KERAS_CONFIG', `expected an object for the ${what}`, { found: escapeText(wordOf(value), 40) });
}

/** The value if it is a list, else an empty one. */
export function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The value if it is a text, else undefined. */
export function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** An option with one meaning here: a layer that asks for another is refused, never run as if it had not. @throws RnnError E_KERAS_OPTION */
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

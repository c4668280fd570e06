import { RnnError } from '../errors.js';
import { escapeText } from '../escape.js';
import { nearest } from '../registry.js';

/** Checks the JSON values of a spec. @throws RnnError E_SPEC_TYPE, E_SPEC_KEY, E_SPEC_RANGE, E_SPEC_MISSING */

const LARGEST = 2 ** 31 - 1;

/** @throws RnnError E_SPEC_TYPE, E_SPEC_RANGE */
export function wholeNumber(value: unknown, key: string): number {
  if (typeof value !== 'number') throw typeError(key, 'a whole number', value);
  if (!Number.isInteger(value) || value < 1 || value > LARGEST) throw rangeError(key, `a whole number from 1 to ${LARGEST}`, value);
  return value;
}

export function bool(value: unknown, key: string): boolean {
  if (typeof value !== 'boolean') throw typeError(key, 'true or false', value);
  return value;
}

const LONGEST_NAME = 1024;

export function text(value: unknown, key: string): string {
  if (typeof value !== 'string') throw typeError(key, 'text', value);
  if (value.length === 0 || value.length > LONGEST_NAME)
    throw rangeError(key, `text of 1 to ${LONGEST_NAME} characters`, `${value.length} characters`);
  return value;
}

export function choice(value: unknown, key: string, choices: readonly string[]): string {
  if (typeof value === 'string' && choices.includes(value)) return value;
  const near = typeof value === 'string' ? nearest(value, choices) : undefined;
  throw new RnnError('spec', 'E_SPEC_RANGE', `${key} is ${show(value)}`, {
    where: key,
    expected: choices.join(', '),
    found: show(value),
    fix: near ? `did you mean '${near}'?` : `use one of: ${choices.join(', ')}`,
  });
}

export function asObject(json: unknown, what: string): Record<string, unknown> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw typeError('', `an object that describes the ${what}`, json);
  return json as Record<string, unknown>;
}

/** @throws RnnError E_SPEC_KEY for an unknown key, with the nearest known one */
export function checkKeys(given: Record<string, unknown>, known: readonly string[], allowed?: (key: string) => boolean): void {
  for (const key of Object.keys(given)) {
    if (known.includes(key) || given[key] === undefined || allowed?.(key)) continue;
    const near = nearest(key, known);
    throw new RnnError('spec', 'E_SPEC_KEY', `unknown key '${escapeText(key)}'`, {
      expected: known.join(', '),
      found: escapeText(key),
      fix: near ? `did you mean '${near}'?` : (meantBy(key, known) ?? `known keys: ${known.join(', ')}`),
    });
  }
}

/** Layer keys of Keras and PyTorch, and our names for them. */
const FOREIGN_KEYS: readonly (readonly [words: RegExp, key: string | null, fix: string])[] = [
  [/^(hiddensize|outfeatures|outputdim|outputsize)$/, 'units', '"units" says it'],
  [/^(type|class|classname|cell|layer)$/, 'kind', '"kind" says it'],
  [/^nonlinearity$/, 'activation', '"activation" says it'],
  [/^bias$/, 'useBias', '"useBias" says it'],
  [/^initialstates?$/, 'states', '"states" says it, by the names of values: ["encoder/h", "encoder/c"]'],
  [
    /^(batch)?inputs?(size|dim|shape|features)$|^infeatures$/,
    null,
    'leave it out; "input": { "timesteps": 10, "features": 3 } says it for the network',
  ],
  [/^numlayers$/, 'returnSequences', 'write a layer for each; all but the last have "returnSequences": true'],
  [/^returnstate$/, 'returnSequences', 'leave it out: final states are values that can be named, NAME/h and NAME/c'],
  [/^(recurrent)?dropout$/, 'returnSequences', 'leave it out: nothing is dropped when a network runs'],
  [/^batchfirst$/, null, 'leave it out: x is [N, T, D]'],
];

function meantBy(key: string, known: readonly string[]): string | undefined {
  const word = key.replaceAll('_', '').toLowerCase();
  return FOREIGN_KEYS.find(([words, own]) => words.test(word) && (own === null || known.includes(own)))?.[2];
}

/** @returns E_SPEC_TYPE */
export function typeError(where: string, expected: string, value: unknown): RnnError {
  return new RnnError('spec', 'E_SPEC_TYPE', `expected ${expected}, found ${show(value)}`, {
    where: where || undefined,
    expected,
    found: show(value),
  });
}

/** @returns E_SPEC_RANGE */
export function rangeError(where: string, expected: string, value: unknown): RnnError {
  // 50 where 0.5 is meant: suggest the fraction
  const share =
    /from 0 to 1$/.test(expected) && Number.isInteger(value) && Number(value) > 1 && Number(value) <= 100 ? Number(value) / 100 : undefined;
  return new RnnError('spec', 'E_SPEC_RANGE', `expected ${expected}, found ${show(value)}`, {
    where,
    expected,
    found: show(value),
    fix: share === undefined ? undefined : `write ${share}`,
  });
}

/** @returns E_SPEC_MISSING */
export function missing(key: string, expected: string): RnnError {
  return new RnnError('spec', 'E_SPEC_MISSING', `'${key}' is missing`, { where: key, expected, found: 'nothing', fix: `add "${key}"` });
}

/** Formats a value for an error message: short, escaped, as the user would recognise it. */
export function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return String(value);
  if (typeof value === 'string') return `'${escapeText(value, 60)}'`;
  return Array.isArray(value) ? 'a list' : 'an object';
}

import { RnnError } from '../errors.js';
import { escapeText } from '../escape.js';
import { type Flag, spellings, usualSpelling } from './flag.js';

/** A value as in argv: `--cell lstm`, or alone for a positional argument. */
export function asValue(flag: Flag, value: string | undefined): readonly string[] | undefined {
  const name = usualSpelling(flag);
  if (value === undefined) return undefined;
  return name.startsWith('-') ? [name, value] : [value];
}

/** Adds the arguments of a corrected command line, which the report prints as a whole. */
export function withCorrection(error: RnnError, flag: Flag, word: string, to: readonly string[]): RnnError {
  const flags = spellings(flag);
  error.correction = flags.length > 0 ? { word, flags, to } : { word, to };
  return error;
}

/** @returns the error E_WORD (usage) for a value that does not fit its flag */
export function wrongWord(name: string, word: string, expected: string, fix: string): RnnError {
  const found = `'${escapeText(word, 60)}'`;
  return new RnnError('usage', 'E_WORD', `expected ${expected}, found ${found}`, { where: name, expected, found, fix });
}

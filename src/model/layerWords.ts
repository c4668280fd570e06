import { isCellName } from '../cells/index.js';
import { RnnError } from '../errors.js';
import { escapeText } from '../escape.js';
import { layerKinds } from '../layers/index.js';
import { once } from '../once.js';
import { nearest } from '../registry.js';
import { isFunction, kindCalled } from './layersSpelling.js';

/** The kinds that a `--layers` line can name, by the word used there. Recurrent kinds come first, as they do in help and errors. */
export const layerWords = once(
  () =>
    new Map(
      layerKinds()
        .flatMap(kind => (kind.grammar ? [[kind.grammar.word ?? kind.name, { kind, grammar: kind.grammar }] as const] : []))
        .sort(([a], [b]) => Number(isCellName(b)) - Number(isCellName(a))),
    ),
);

/** The words of recurrent kinds, and those of the others. */
export function wordsByKind(): { cells: string[]; others: string[] } {
  const words = [...layerWords().keys()];
  return { cells: words.filter(isCellName), others: words.filter(word => !isCellName(word)) };
}

/** The layers of a line; a comma between the parameters of an activation begins none. */
export function layerTexts(line: string): string[] {
  return line.split(/,(?![^()]*\))/);
}

/** Splits the word that starts a layer into its kind and the prefix `bi`. @throws RnnError E_LAYERS with the nearest known word */
export function wordOf(word: string, text: string, from: number, to: number): { plain: string; bidirectional: boolean } {
  if (layerWords().has(word)) return { plain: word, bidirectional: false };
  const { cells, others } = wordsByKind();
  if (word.startsWith('bi') && cells.includes(word.slice(2))) return { plain: word.slice(2), bidirectional: true };
  const both = cells.map(k => `bi${k}`);
  const near = kindCalled(word) ?? nearest(word, [...cells, ...others, ...both]);
  const known = `${cells.join(' ')} (or ${both.join(' ')}) ${others.join(' ')}`;
  throw wrong(
    text,
    from,
    to,
    word === '' ? 'a layer starts with its kind' : `unknown layer kind '${escapeText(word, 40)}'`,
    near ? `did you mean '${near}'?` : isFunction(word) ? `an activation belongs to a layer: dense:10@${word}` : `kinds: ${known}`,
  );
}

/** Parses a size. @throws RnnError E_LAYERS if it is 0 or above 2^31 − 1 */
export function size(digits: string, fail: (message: string, fix: string) => RnnError): number {
  const value = Number(digits);
  if (value < 1 || value > 2 ** 31 - 1)
    throw fail(`a size must be from 1 to ${2 ** 31 - 1}, found ${digits.slice(0, 40)}`, 'use a positive size');
  return value;
}

/** Returns the error for one layer of the line. */
export type Fail = (message: string, fix: string) => RnnError;

/** Returns the error E_LAYERS, whose report underlines the characters [from, to). */
export function wrong(text: string, from: number, to: number, message: string, fix: string): RnnError {
  return new RnnError('usage', 'E_LAYERS', message, { where: '--layers', fix, excerpt: { text, from, to } });
}

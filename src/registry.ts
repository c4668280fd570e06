import { RnnError } from './errors.js';
import { escapeText } from './escape.js';

const INDEX = new WeakMap<object, ReadonlyMap<string, { readonly name: string }>>();

/**
 * Looks up a definition by its `name` in a registry (a module namespace or a record).
 * @throws RnnError E_UNKNOWN_… (spec) with the known names and the nearest one
 */
export function byName<T extends { readonly name: string }>(what: string, all: Record<string, T>, name: string): T {
  const index = INDEX.get(all) ?? new Map(Object.values(all).map(definition => [definition.name, definition]));
  INDEX.set(all, index);
  const found = index.get(name);
  if (found) return found as T;
  throw unknownName(what, name, [...index.keys()]);
}

/**
 * The error for a name that is not in `known`: E_UNKNOWN_<WHAT>.
 * @param list the command that lists the known names, if there are too many for a message
 */
export function unknownName(what: string, name: string, known: readonly string[], list?: string): RnnError {
  const near = nearest(name, known);
  return new RnnError('spec', `E_UNKNOWN_${what.toUpperCase().replace(/[^A-Z]+/g, '_')}`, `unknown ${what} '${escapeText(name, 60)}'`, {
    expected: list ? `a ${what} that ${list} lists` : known.join(', '),
    found: escapeText(name, 60),
    fix: near ? `did you mean '${near}'?` : list ? `to see every ${what}: ${list}` : `use one of: ${known.join(', ')}`,
    correction: near === undefined ? undefined : { word: name, to: [near] },
  });
}

/**
 * Returns the known word closest to `word`, or undefined. The distance is an edit distance with transpositions, at most `most` (by default
 * a third of the length). Ties go to the word with the same first letter, then to one of another length.
 */
export function nearest(word: string, known: readonly string[], most = Math.max(1, Math.floor(word.length / 3))): string | undefined {
  if (word.length > 64) return undefined;
  let best: string | undefined;
  // a word of one letter is not similar to another one
  let least = Math.min(most, word.length - 1) + 0.5;
  for (const candidate of known) {
    const isSame = candidate.toLowerCase() === word.toLowerCase();
    const tie = (candidate[0] === word[0] ? 0 : 0.2) + (candidate.length === word.length ? 0.1 : 0);
    const d = isSame ? 0 : editDistance(word, candidate) + tie;
    if (d < least) [best, least] = [candidate, d];
  }
  return best;
}

/** Damerau–Levenshtein distance (optimal string alignment). */
export function editDistance(a: string, b: string): number {
  const d = Array.from({ length: a.length + 1 }, (_, i) => [i, ...new Array<number>(b.length).fill(0)]);
  for (let j = 1; j <= b.length; j++) d[0][j] = j;
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      d[i][j] = Math.min(d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d[a.length][b.length];
}

/** Inverts a table of synonyms: { lstm: 'lstmcell cudnnlstm' } -> { lstmcell: 'lstm', cudnnlstm: 'lstm' } */
export function byWord(words: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(words).flatMap(([meaning, all]) => all.split(' ').map(word => [word, meaning])));
}

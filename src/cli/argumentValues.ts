import { RnnError } from '../errors.js';
import { escapeText } from '../escape.js';
import { nearest } from '../registry.js';
import { parseFile, parseText } from './fileValues.js';
import { type CommandName, type Flag, spellings, usualSpelling } from './flag.js';
import { flagsOf } from './options.js';
import { parseSize, parseSizes, symbolicSize } from './sizeValues.js';
import { valueSynonyms } from './synonyms.js';
import { asValue, withCorrection, wrongWord } from './valueErrors.js';

/** @throws RnnError usage (exit 2); limit E_SIZE (exit 5) for sizes beyond 2^31 − 1 */
export function parseWord(flag: Flag, word: string, command: CommandName): unknown {
  const name = usualSpelling(flag);
  const { value } = flag;
  checkNotAFlag(flag, word, command);
  switch (value.kind) {
    case 'size':
      if (word === '?' && value.symbolic) return symbolicSize(name, command, value.symbolic);
      return corrected(flag, word, text => parseSize(name, text, value.least, value.most));
    case 'sizes':
      return corrected(flag, word, text => parseSizes(name, text, value.least));
    case 'number':
      return parseNumber(name, word, value);
    case 'range':
      return parseRange(name, word);
    case 'bytes':
      return parseBytes(name, word, value.most);
    case 'choice':
      return parseChoice(flag, word, value.choices, value.instead);
    case 'choices':
      return parseChoices(flag, word, value.choices);
    case 'file':
      return parseFile(flag, word, value, command);
    case 'text':
      return parseText(name, knownName(flag, word), 'a text');
  }
}

/** Parses a range of samples: '2:5' is samples 2 to 4, '2:' from 2 on, ':5' the first 5. */
function parseRange(name: string, word: string): { from: number; to: number | null } {
  const [, a, b] = /^(\d*):(\d*)$/.exec(word) ?? [];
  const [from, to] = [Number(a || 0), b ? Number(b) : null];
  if (a === undefined || !Number.isSafeInteger(from) || !Number.isSafeInteger(to ?? 0)) {
    const [, first, last = Number(first) + 1] = /^(\d+)(?:\D(\d+))?$/.exec(word) ?? [];
    const isRange = Number(last) > Number(first) && Number.isSafeInteger(Number(last));
    const example = isRange ? `${first}:${last}` : '0:1000';
    throw wrongWord(
      name,
      word,
      'a:b, the samples a to b − 1 counted from 0',
      `write ${name} ${example}, or ${name} 1000: for all samples from 1000 on`,
    );
  }
  if (to !== null && to <= from) throw wrongWord(name, word, 'a range a:b with a below b', `write ${name} ${from}:${from + 1}`);
  return { from, to };
}

const NUMERAL = /^(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

function parseNumber(name: string, word: string, { above0 = false, most = Number.MAX_VALUE }: { above0?: boolean; most?: number }): number {
  const expected = above0 ? `a number above 0, at most ${most}` : 'a number from 0, such as 1e-6';
  const example = `write ${name} ${above0 ? '10' : '1e-6'}`;
  if (!NUMERAL.test(word)) {
    const comma = /^\d+,\d+$/.test(word);
    throw wrongWord(name, word, expected, comma ? `write ${name} ${word.replace(',', '.')}` : example);
  }
  const x = Number(word);
  if (x > most) throw wrongWord(name, word, expected, above0 ? `write ${name} ${most} or less` : 'this is more than a double can hold');
  if (above0 && x === 0) throw wrongWord(name, word, expected, example);
  return x;
}

function parseBytes(name: string, word: string, most = Number.MAX_SAFE_INTEGER): number {
  // k and kB are 1000 bytes, KiB is 1024
  const [, digits, letter = '', binary] = /^(\d+(?:\.\d+)?) ?(?:([kmgt])(?:(i)?b)?|b)?$/i.exec(word) ?? [];
  const bytes = Math.round(Number(digits) * (binary ? 1024 : 1000) ** ' kmgt'.indexOf(letter.toLowerCase()));
  if (!(bytes > 0) || !Number.isSafeInteger(bytes)) throw wrongWord(name, word, 'an amount of memory: 500MB, 4GiB', `write ${name} 4GiB`);
  if (bytes > most) throw wrongWord(name, word, `at most ${most} bytes`, `write ${name} ${most} or less`);
  return bytes;
}

function parseChoice(flag: Flag, word: string, choices: readonly string[], instead?: string): string {
  if (choices.includes(word)) return word;
  const name = usualSpelling(flag);
  // accepts torch.nn.LSTM( and /bin/bash
  const plain = word
    .replace(/.*\//, '')
    .replace(/^(?:\w+\.)+(?=\w)/, '')
    .replace(/\(.*/, '')
    .toLowerCase();
  const meant = meantBy(flag, word) ?? meantBy(flag, plain) ?? asValue(flag, nearest(plain, choices));
  const example = instead ?? (name.startsWith('-') ? `for example ${name} ${choices[0]}` : `for example ${choices[0]}`);
  const error = wrongWord(name, word, `one of ${choices.join(', ')}`, meant ? `did you mean ${meant.join(' ')}?` : example);
  throw meant ? withCorrection(error, flag, word, meant) : error;
}

/** What a value of other tools means here, as arguments of a command line. */
function meantBy(flag: Flag, word: string): readonly string[] | undefined {
  const known = valueSynonyms()[flag.key];
  const meaning = known && Object.hasOwn(known, word.toLowerCase()) ? known[word.toLowerCase()] : undefined;
  if (meaning !== undefined) return meaning.startsWith('-') ? meaning.split(' ') : asValue(flag, meaning);
  // --tol 1e-5 means --atol 1e-5
  return flag.key === 'tol' && NUMERAL.test(word) ? ['--atol', word] : undefined;
}

/** Returns the name itself, or throws an error that suggests ours for the name from another tool (xavier). @throws RnnError E_WORD */
function knownName(flag: Flag, word: string): string {
  const meant = meantBy(flag, word);
  if (!meant) return word;
  const name = usualSpelling(flag);
  throw withCorrection(wrongWord(name, word, 'a known name', `did you mean ${meant.join(' ')}?`), flag, word, meant);
}

/** Reads a size; an error suggests a correction for other spellings: none, 5x4, 1_000, 1e3. */
function corrected<T>(flag: Flag, word: string, read: (word: string) => T): T {
  try {
    return read(word);
  } catch (error) {
    if (!(error instanceof RnnError)) throw error;
    const name = usualSpelling(flag);
    const plain = word.replaceAll(/[_ ']/g, '').replaceAll(/(?<=\d)[x;/](?=\d)/g, ',');
    const to = meantBy(flag, word)?.[1] ?? (plain === '' || plain.includes(',') ? plain : String(Number(plain)));
    try {
      read(to);
    } catch {
      throw error;
    }
    throw withCorrection(Object.assign(error, { fix: `did you mean ${name} ${to}?` }), flag, word, [name, to]);
  }
}

function parseChoices(flag: Flag, word: string, choices: readonly string[]): string[] {
  const name = usualSpelling(flag);
  const chosen = word.split(',').map(part => {
    if (choices.includes(part)) return part;
    const near = meantBy({ ...flag, key: 'engine' }, part)?.[1] ?? nearest(part, choices);
    const meant = near !== undefined && word.split(',').includes(near) ? undefined : near;
    const error = wrongWord(
      name,
      part,
      `one of ${choices.join(', ')}`,
      meant ? `did you mean ${meant}?` : `for example ${name} ${choices[1]},${choices[0]}`,
    );
    throw meant
      ? withCorrection(error, flag, word, [
          name,
          word
            .split(',')
            .map(other => (other === part ? meant : other))
            .join(','),
        ])
      : error;
  });
  if (chosen.length < 2) throw wrongWord(name, word, 'two or more names, separated by commas', `write ${name} ${choices[1]},${choices[0]}`);
  if (new Set(chosen).size < chosen.length) throw wrongWord(name, word, 'different names', 'an engine always agrees with itself');
  return chosen;
}

/** Throws if the value is missing and the next flag was taken for it: `--model --layers x`. */
function checkNotAFlag(flag: Flag, word: string, command: CommandName): void {
  // a value beside the flags may begin with a dash, after --
  if (!word.startsWith('-') || spellings(flag).length === 0) return;
  const [known] = word.split('=');
  if (!flagsOf(command).some(other => spellings(other).includes(known))) return;
  throw missingWord(flag, `${escapeText(word, 60)} follows`);
}

/** @returns the error E_FLAG_WORD (usage) for a flag without its value */
export function missingWord(flag: Flag, found: string): RnnError {
  const name = usualSpelling(flag);
  const argument = /[<[](.*)[>\]]/.exec(flag.flags)![1];
  return new RnnError('usage', 'E_FLAG_WORD', `needs ${argument}, but ${found}`, {
    where: name,
    expected: argument,
    found,
    fix: `write ${name} and ${flag.value.kind === 'file' ? 'a file name' : 'its value'}: ${flag.help}`,
  });
}

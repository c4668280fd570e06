import { RnnError } from '../errors.js';
import { escapeText } from '../escape.js';
import type { CommandName } from './flag.js';
import { wrongWord } from './valueErrors.js';

/**
 * Parses the values of flags. They are checked once, here, so that a request only contains numbers and known names; files and names are
 * looked up later.
 */
const LARGEST_SIZE = 2 ** 31 - 1;

/** '5' -> 5. An error suggests how to write 1e3, 3.5, 1_000 or ten. */
export function parseSize(name: string, word: string, least: number, most?: number): number {
  const expected = `a whole number from ${least}${most === undefined ? '' : ` to ${most}`}`;
  if (/^\d+$/.test(word)) {
    const exact = BigInt(word);
    if (exact < BigInt(least)) throw wrongWord(name, word, expected, least === 1 ? zeroFix(name) : `write ${name} ${least} or more`);
    if (most !== undefined && exact > BigInt(most)) throw wrongWord(name, word, expected, `write ${name} ${most} or less`);
    if (exact > BigInt(LARGEST_SIZE)) {
      throw new RnnError('limit', 'E_SIZE', `${escapeText(word, 40)} is larger than any size can be`, {
        where: name,
        expected: `at most ${LARGEST_SIZE}`,
        found: escapeText(word, 40),
        fix: `write ${name} ${LARGEST_SIZE} or less`,
      });
    }
    return Number(exact);
  }
  throw wrongWord(name, word, expected, sizeFix(name, word, least, most));
}

/** '5,4' -> [5, 4] */
export function parseSizes(name: string, word: string, least: number): number[] {
  const parts = word.split(',');
  let from = 0;
  return parts.map(part => {
    const excerpt = { text: `${name} ${word}`, from: name.length + 1 + from, to: name.length + 1 + from + part.length };
    from += part.length + 1;
    try {
      return parseSize(name, part, least);
    } catch (error) {
      if (error instanceof RnnError && parts.length > 1) {
        error.excerpt = excerpt;
        error.fix = `write whole numbers from ${least} with commas between them, such as ${name} 5,4`;
      }
      throw error;
    }
  });
}

/** '?', an unknown size. @throws RnnError E_WORD in a command that computes numbers */
export function symbolicSize(name: string, command: CommandName, symbolic: readonly CommandName[]): '?' {
  if (symbolic.includes(command)) return '?';
  throw wrongWord(name, '?', 'a number', `${command} computes numbers, so it needs a size; only ${symbolic.join(', ')} can leave it open`);
}

function zeroFix(name: string): string {
  return name === '--M' ? 'a layer has at least one unit' : `write ${name} 1 or more`;
}

function sizeFix(name: string, word: string, least: number, most = LARGEST_SIZE): string {
  const plain = word.replaceAll(/[_ ,']/g, '');
  const x = plain.trim() === '' ? Number.NaN : Number(plain.replace(/^\+/, ''));
  if (word === '?') return 'this size is needed: write a number';
  if (/^\d+(,\d+)+$/.test(word) && !/^\d{1,3}(,\d{3})+$/.test(word)) return `write one number, such as ${name} ${word.split(',')[0]}`;
  if (!Number.isFinite(x)) return `write digits, such as ${name} ${Math.max(least, 5)}`;
  if (x < least) return least === 1 ? zeroFix(name) : `write ${name} ${least} or more`;
  if (x > most) return `write ${name} ${most} or less`;
  return Number.isInteger(x) ? `write ${name} ${x}` : `write ${name} ${Math.floor(x)} or ${name} ${Math.ceil(x)}`;
}

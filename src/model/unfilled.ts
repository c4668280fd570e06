import { RnnError } from '../errors.js';
import { escapeText } from '../escape.js';
import { layerTexts } from './layerWords.js';

/** A `_` in a --layers line, which marks a value that the user must still give. */
interface Blank {
  /** characters [from, to) of the line */
  readonly from: number;
  readonly to: number;
  readonly place: string;
}

/**
 * Checks that no `_` is left in a line copied from an E_ASK error.
 * @throws RnnError E_UNFILLED (usage) naming every place that still holds `_`
 */
export function checkFilled(text: string): void {
  const blanks = blanksOf(text);
  if (blanks.length === 0) return;
  const [{ from, to }] = blanks;
  const count = blanks.length === 1 ? 'a _' : `${blanks.length} _`;
  throw new RnnError('usage', 'E_UNFILLED', `the line still has ${count} to fill in: ${blanks.map(b => b.place).join(', ')}`, {
    where: '--layers',
    fix: 'write what the code of the model says; for no activation, write @linear',
    excerpt: { text, from, to },
  });
}

const WHAT: Record<string, string> = {
  '': 'the kind',
  ':': 'a size',
  x: 'a size',
  '@': 'the activation',
  '/': 'the activation of the gates',
};

function blanksOf(text: string): Blank[] {
  const blanks: Blank[] = [];
  let start = 0;
  layerTexts(text).forEach((part, index) => {
    // a name may have a _ in it: only one that stands alone is a blank
    for (const match of part.matchAll(/(^|[:@/+=]|(?<=[:x][\d_]+)x)(\s*)_(?=$|[:@/+,\sx])/g)) {
      const from = start + match.index + match[1].length + match[2].length;
      const what = WHAT[match[1]] ?? 'an option';
      blanks.push({ from, to: from + 1, place: `${what} of layer ${index + 1} (${escapeText(part.trim(), 60)})` });
    }
    start += part.length + 1;
  });
  return blanks;
}

/** Text in terminal columns: measuring, padding and cutting. */

export type Align = 'left' | 'right' | 'center';

/** Blocks of two-column characters (East Asian wide and fullwidth, emoji), as pairs [first, last]. */
const WIDE = [
  0x1100, 0x115f, 0x2e80, 0x303e, 0x3041, 0x33ff, 0x3400, 0x4dbf, 0x4e00, 0x9fff, 0xa000, 0xa4cf, 0xa960, 0xa97f, 0xac00, 0xd7a3, 0xf900,
  0xfaff, 0xfe30, 0xfe6f, 0xff00, 0xff60, 0xffe0, 0xffe6, 0x1f300, 0x1f64f, 0x1f900, 0x1f9ff, 0x20000, 0x3fffd,
];

/** Characters that may fill two columns or none; dashes, arrows, mathematics and boxes fill one. */
const WITH_WIDTH = /[\u0300-\u200f\u2028-\u20ff\u2c00-\uffff]/;

/** Number of columns that `text` fills on a terminal: two for wide characters, none for combining marks. */
export function displayWidth(text: string): number {
  if (!WITH_WIDTH.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

function characterWidth(character: string): number {
  const point = character.codePointAt(0)!;
  // the character classes below take a millisecond to compile
  if (!WITH_WIDTH.test(character)) return 1;
  if (/\p{Mn}|\p{Me}|\p{Cf}/u.test(character)) return 0;
  for (let i = 0; i < WIDE.length; i += 2) if (point >= WIDE[i] && point <= WIDE[i + 1]) return 2;
  return 1;
}

export function pad(text: string, width: number, align: Align = 'left'): string {
  const space = Math.max(0, width - displayWidth(text));
  if (align === 'right') return ' '.repeat(space) + text;
  if (align === 'left') return text + ' '.repeat(space);
  const left = Math.floor(space / 2);
  return ' '.repeat(left) + text + ' '.repeat(space - left);
}

/** Cuts `text` to `width` columns, with an ellipsis if it is longer. */
export function cut(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  return `${prefix(text, width - 1)}…`;
}

/** Cuts a path in the middle, since paths differ at their ends: 'layers/bi…/cell/vars/0'. */
export function cutMiddle(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  const start = prefix(text, Math.floor((width - 1) / 3));
  const reversed = [...text].reverse().join('');
  return `${start}…${[...prefix(reversed, width - 1 - displayWidth(start))].reverse().join('')}`;
}

/** The longest prefix of `text` that is at most `width` columns wide. */
export function prefix(text: string, width: number): string {
  let used = 0;
  let end = 0;
  for (const character of text) {
    used += characterWidth(character);
    if (used > width) break;
    end += character.length;
  }
  return text.slice(0, end);
}

/** Longest line that is comfortable to read. */
export const READING_WIDTH = 110;

/**
 * Breaks lines wider than `width` columns: between groups (separated by two or more spaces) if each group fits, otherwise between words.
 * Continuation lines start at column `hang`; a word that is too long is not broken. Colour codes have no width.
 */
export function wrapText(text: string, width: number, hang = 0): string {
  if (width === Number.POSITIVE_INFINITY) return text;
  return text
    .split('\n')
    .map(line => (visibleWidth(line) <= width ? line : wrapLine(line, width, hang)))
    .join('\n');
}

/** Breaks all lines wider than `width`: between words, or within a word that is longer than a line. */
export function foldText(text: string, width: number, hang?: number): string {
  if (width === Number.POSITIVE_INFINITY) return text;
  const fold = (line: string): string => {
    if (visibleWidth(line) <= width) return line;
    const column = Math.min(hang ?? Math.max(0, uncoloured(line).search(/\S/)), Math.max(0, width - 8));
    return wrapLine(line, width, column)
      .split('\n')
      .map(piece => (visibleWidth(piece) <= width ? piece : breakWords(piece, width, column)))
      .join('\n');
  };
  return text.split('\n').map(fold).join('\n');
}

function breakWords(line: string, width: number, hang: number): string {
  let [text, used] = ['', 0];
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the colours are control sequences
  for (const piece of line.match(/\x1b\[[0-9;]*m|./gu) ?? []) {
    const wide = visibleWidth(piece);
    if (used + wide > width) [text, used] = [`${text}\n${' '.repeat(hang)}`, hang];
    [text, used] = [text + piece, used + wide];
  }
  return text;
}

/** Puts the alternative fixes of an error, separated by '; or ' in one text, below each other, starting at the column of the first. */
export function alternatives(fix: string, column: number): string {
  return fix.split('; or ').join(`\n${' '.repeat(column)}or `);
}

/** Breaks code only before a comment at the end of a line, which then moves below the line, with the same indentation. */
export function wrapCode(text: string, width: number): string {
  return text
    .split('\n')
    .map(line => {
      const at = line.search(/ {2,}# /);
      if (at < 0 || visibleWidth(line) <= width) return line;
      const indent = line.search(/\S/);
      return `${line.slice(0, at)}\n${' '.repeat(indent)}${line.slice(at).trimStart()}`;
    })
    .join('\n');
}

/** Keeps a flag and its quoted text together, if there is room. */
const WORD = / *(?:--[\w-]+ "[^"]*"|\S)\S*/g;

function wrapLine(line: string, width: number, hang: number): string {
  const groups = line.match(/ *\S+(?: \S+)*/g) ?? [];
  const roomy = groups.every(group => visibleWidth(group.trimStart()) <= width - hang);
  const lines = [''];
  const words = (line.match(WORD) ?? []).flatMap(word =>
    visibleWidth(word.trimStart()) <= width - hang ? word : (word.match(/ *\S+/g) ?? []),
  );
  for (const piece of roomy ? groups : words) {
    const last = lines[lines.length - 1];
    if (last.trim() === '' || visibleWidth(last + piece) <= width) lines[lines.length - 1] = last + piece;
    else lines.push(' '.repeat(hang) + piece.trimStart());
  }
  return lines.join('\n');
}

function visibleWidth(text: string): number {
  return displayWidth(uncoloured(text));
}

function uncoloured(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the colours are control sequences
  return text.replace(/\x1b\[[0-9;]*m/g, '');
}

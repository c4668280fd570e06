import { RnnError } from '../errors.js';
import { escapeText } from '../escape.js';
import { decodeText } from './bytes/utf8.js';
import { type ByteSource, memorySource, readAll, readUpTo } from './source.js';

/**
 * Cleans text that was printed to a terminal. PowerShell's `>` writes UTF-16; Keras draws its progress bar on standard output, before the output
 * of print(y); a copied session contains prompts. Such lines are emptied, so that the others keep their line numbers, and a note says so.
 * @returns the source itself if there is nothing of the kind at its beginning
 * @throws RnnError E_ENCODING (format), E_LIMIT_TEXT (limit)
 */
export function withoutScreen(source: ByteSource): { source: ByteSource; notes: string[] } {
  const start = readUpTo(source, 0, START_BYTES);
  if (!isScreenText(start)) return { source, notes: [] };
  const bytes = readAll(source);
  const encoding = utf16Of(bytes);
  const lines = linesOf(encoding === undefined ? decodeText(bytes) : decodeUtf16(bytes, encoding));
  const left = lines.filter(isScreen);
  const such = left.length > 0 ? `'${escapeText(left[0].trim(), 40)}'` : '';
  const notes = left.length > 1 ? [`${left.length} lines such as ${such} are left out`] : left.map(() => `the line ${such} is left out`);
  return { source: memorySource(new TextEncoder().encode(lines.map(line => (isScreen(line) ? '' : line)).join('\n'))), notes };
}

/** Whether a file with this beginning needs cleaning or decoding. */
export function isScreenText(start: Uint8Array): boolean {
  if (utf16Of(start) !== undefined) return true;
  const text = start.subarray(0, START_BYTES);
  return !text.some(isBinary) && linesOf(new TextDecoder().decode(text)).some(isScreen);
}

/** Whether a terminal would not be sent this byte: a control character other than backspace, tab, line ends and escape. */
function isBinary(byte: number): boolean {
  return byte < 0x20 && byte !== 8 && byte !== 9 && byte !== 10 && byte !== 13 && byte !== 27;
}

const START_BYTES = 4096;
// colours and cursor movements
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROLS = /\u001b\[[0-9;?]*[A-Za-z]|\u0008/g;
/** `1/1 [======] - 0s 127ms/step`, `4/4 ━━━━━ 1s 62ms/step` */
const PROGRESS = /^\s*\d+\/(?:\d+|Unknown)\s+(?:\[[=>.]{5,}\]|[━╸╺]{3,}).*\d+m?s\b/;
/** `>>> print(y)`, `In [3]: y`, `$ python y.py` */
const PROMPT = /^(?:>>>|In \[\d+\]:|\$)(?:\s|$)/;

function isScreen(line: string): boolean {
  return PROGRESS.test(line) || PROMPT.test(line);
}

/** Splits lines. A progress bar is redrawn after a carriage return, which counts as a line break. */
function linesOf(text: string): string[] {
  const plain = text.replace(CONTROLS, '');
  return plain.split(/\r?\n|\r(?=\s*\d+\/)/);
}

/** Returns the UTF-16 encoding that the byte order mark states; undefined without one. */
function utf16Of([first, second]: Uint8Array): string | undefined {
  return first === 0xff && second === 0xfe ? 'utf-16le' : first === 0xfe && second === 0xff ? 'utf-16be' : undefined;
}

function decodeUtf16(bytes: Uint8Array, encoding: string): string {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    throw new RnnError('format', 'E_ENCODING', 'not valid UTF-16', { expected: 'UTF-8 or UTF-16', fix: 'save the file as UTF-8' });
  }
}

import { RnnError } from '../errors.js';
import { escapeText } from '../escape.js';
import { byName } from '../registry.js';
import * as all from './all.js';
import { joined } from './bytes/numbers.js';
import { decodesAsPrefix } from './bytes/utf8.js';
import { refuseForeign } from './foreignContent.js';
import { DEFAULT_LIMITS, type FileTensor, type Format, type Limits, type OpenPart, type TensorFile } from './format.js';
import { timed } from './limits.js';
import { withoutScreen } from './screenText.js';
import { type ByteSource, readUpTo } from './source.js';

/** Formats whose content could be mistaken for another's: magic numbers first, text last, the least certain at the end. */
const PLACED: readonly Format[] = [
  all.npy,
  all.h5,
  all.safetensors,
  all.keras,
  all.pt2,
  all.pt,
  all.npz,
  all.tensorbundle,
  all.onnx,
  all.tfjs,
  all.jsonl,
  all.printed,
  all.json,
  all.csv,
];
/** The order in which formats are tried. */
const ORDER: readonly Format[] = [...Object.values<Format>(all).filter(format => !PLACED.includes(format)), ...PLACED];
const TEXT: ReadonlySet<Format> = new Set([all.tfjs, all.jsonl, all.printed, all.json, all.csv]);

export interface ReadOptions {
  readonly limits?: Limits;
  /** the file's name or path: decides between formats that look alike, and which reader reports what is wrong if none fits */
  readonly nameHint?: string;
  /** the file's name without its folder, for formats whose parts are named after it (tensorbundle) */
  readonly ownName?: string;
  /** opens a file beside this one, for formats of several files (tfjs) */
  readonly openPart?: OpenPart;
}

export { writeOnnx } from './onnx.js';

/** @throws RnnError E_UNKNOWN_FORMAT (spec) */
export function getFormat(name: string): Format {
  return byName('format', all as unknown as Record<string, Format>, name);
}

/** Returns the format of a file name's extension; the longest one wins (`.weights.h5` before `.h5`). */
export function formatOfName(name: string): Format | undefined {
  const lower = name.toLowerCase();
  let best: { format: Format; length: number } | undefined;
  for (const format of ORDER) {
    for (const extension of format.extensions) {
      if (lower.endsWith(`.${extension}`) && extension.length > (best?.length ?? 0)) best = { format, length: extension.length };
    }
  }
  return best?.format;
}

/**
 * Detects the format by content. The name decides between text formats if several fit, and for bytes that fit none, so that the named format's
 * reader can say what is wrong.
 * @throws RnnError E_FORMAT_UNKNOWN (format)
 */
export function detectFormat(source: ByteSource, nameHint?: string): Format {
  const named = nameHint === undefined ? undefined : formatOfName(nameHint);
  const binary = ORDER.find(format => !TEXT.has(format) && format.sniff(source));
  if (binary) return binary;
  refuseForeign(source);
  const start = readUpTo(source, 0, 40);
  const isText = looksLikeText(start);
  // np.savetxt('y.npy', y): text under a binary format's name is still text; one or two bytes are too few to tell
  const claimed = isText && start.length > 2 && named !== undefined && !TEXT.has(named) ? undefined : named;
  const format = detectText(source, claimed) ?? claimed;
  if (format) return format;
  const [line] = new TextDecoder().decode(start).trim().split('\n');
  const shown = isText
    ? `text that begins with '${escapeText(line, 40)}'`
    : `bytes ${Array.from(start.subarray(0, 8), b => b.toString(16).padStart(2, '0')).join(' ')}`;
  throw new RnnError('format', 'E_FORMAT_UNKNOWN', 'the content is not in a supported format', {
    expected: ORDER.map(f => f.name).join(', '),
    found: shown,
    ...(isText ? { fix: textFix(line, named) } : {}),
  });
}

function looksLikeText(start: Uint8Array): boolean {
  return start.length > 0 && !start.some(byte => byte < 0x20 && ![9, 10, 13, 27].includes(byte)) && decodesAsPrefix(start);
}

/** The fix for text of no known format: often it is rnn-cli's own output for people, saved with a shell's `>`. */
function textFix(line: string, named: Format | undefined): string {
  if (named && !TEXT.has(named) && named !== all.npy && named !== all.npz)
    return `the file is text, and no .${named.name}; save or download it again`;
  return line.startsWith('y (N, ')
    ? 'this is what rnn-cli forward prints; it saves y with -o y.npy'
    : 'of printed arrays keep what print(y) shows, without other lines; or in Python: np.save("y.npy", y)';
}

/** Detects a text format. The name decides, except that text in brackets is never a table, and one value per line is never a single JSON value. */
function detectText(source: ByteSource, named: Format | undefined): Format | undefined {
  if (named && !TEXT.has(named)) return undefined;
  if (all.tfjs.sniff(source)) return all.tfjs;
  if (named === all.jsonl) return named;
  if (all.jsonl.sniff(source)) return all.jsonl;
  if (all.printed.sniff(source)) return all.printed;
  if (all.json.sniff(source)) return all.json;
  return named ?? (all.csv.sniff(source) ? all.csv : undefined);
}

/**
 * Reads a file as named tensors, whose numbers are read on demand.
 * The clock of `limits.seconds` starts here.
 * @throws RnnError kind 'format' (exit 3) or 'limit' (exit 5)
 */
export async function readTensors(source: ByteSource, options: ReadOptions = {}): Promise<TensorFile> {
  const plain = withoutScreen(source);
  const file = await readPlainTensors(plain.source, options);
  file.notes.push(...plain.notes);
  return file;
}

/** The same without looking for terminal output (screenText.ts). */
export async function readPlainTensors(source: ByteSource, options: ReadOptions): Promise<TensorFile> {
  const format = detectFormat(source, options.nameHint);
  const file = await format.read(source, timed(options.limits ?? DEFAULT_LIMITS), options.openPart, options.ownName);
  const named = options.nameHint === undefined ? undefined : formatOfName(options.nameHint);
  if (named && named !== format && format !== all.tfjs)
    file.notes.push(`named .${named.name} but the content is ${format.name}: read as ${format.name}`);
  return file;
}

/**
 * The bytes of these tensors in the named format; the same tensors always give the same bytes.
 * @throws RnnError E_UNKNOWN_FORMAT (spec), E_NOT_WRITABLE (unsupported), and the format's own
 */
export async function writeTensors(formatName: string, tensors: ReadonlyMap<string, FileTensor>): Promise<Uint8Array> {
  const format = getFormat(formatName);
  if (!format.write) {
    const writable = ORDER.filter(f => f.write).map(f => f.name);
    throw new RnnError('unsupported', 'E_NOT_WRITABLE', `.${formatName} files can be read but not written`, {
      fix: `write one of: ${writable.join(', ')}`,
    });
  }
  return joined(format.write(tensors));
}

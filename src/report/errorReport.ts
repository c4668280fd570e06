import { RnnError } from '../errors.js';
import { escapeText } from '../escape.js';
import { toJson } from './json.js';
import { NO_PAINT, type Paint } from './paint.js';
import { alternatives, wrapText } from './text.js';

/** An error as a document (`rnn-cli/error@1`). All keys are always present; null = not applicable. */
export interface ErrorDocument {
  readonly schema: 'rnn-cli/error@1';
  readonly code: string;
  readonly message: string;
  readonly where: string | null;
  readonly expected: string | null;
  readonly found: string | null;
  readonly fix: string | null;
  /** name of a page of `rnn-cli explain` */
  readonly more: string | null;
  /** the user's own text, and the wrong part of it as a range [from, to) of characters */
  readonly excerpt: { readonly text: string; readonly from: number; readonly to: number } | null;
  /** the limit that the file exceeds, and the flag that raises it */
  readonly limit: { readonly flag: string; readonly value: number } | null;
  /** a --layers line with the sizes found in the file, _ where the user has to fill in */
  readonly layersLine: string | null;
  /** the corrected command line */
  readonly command: string | null;
  readonly exit: number;
}

const MESSAGE_LIMIT = 400;
/** a fix may contain one or two whole --layers lines */
const FIX_LIMIT = 2000;
const EXCERPT_LIMIT = 100;
const COMMAND_LIMIT = 2000;
/** lists of known names are long, and the nearest name is in the fix */
const EXPECTED_LIMIT = 160;

/**
 * Anything thrown, as a document, with the corrected command line. What is not an RnnError is our own bug (exit 70), unless memory ran out
 * (exit 5).
 */
export function errorDocument(error: unknown, command?: string): ErrorDocument {
  if (!(error instanceof RnnError)) return foreignError(error);
  return {
    schema: 'rnn-cli/error@1',
    code: error.code,
    message: escapeText(error.message, MESSAGE_LIMIT),
    where: error.where === undefined ? null : escapeText(error.where, MESSAGE_LIMIT),
    expected: error.expected ?? null,
    found: error.found ?? null,
    fix: error.fix ?? null,
    more: error.more ?? null,
    excerpt: error.excerpt ?? null,
    limit: error.limit ?? null,
    layersLine: error.layersLine ?? null,
    command: command ?? null,
    exit: error.exit,
  };
}

/** One line of JSON. */
export function errorJson(error: unknown, command?: string): string {
  return toJson(errorDocument(error, command));
}

/**
 * For people: what happened, where, and how to fix it. Several lines, ending with a newline.
 *
 *     error: gru_2 needs a sequence (N, T, 64) but lstm_1 gives its last step only (N, 64)   [E_SEQ]
 *       lstm:64+last,gru:32
 *            ^^^^^ here
 *       fix: drop +last (Keras: return_sequences=True on lstm_1).  More: rnn-cli explain return_sequences
 */
export function errorText(error: unknown, paint: Paint = NO_PAINT, width = Number.POSITIVE_INFINITY, line?: string): string {
  const { code, message, where, expected, found, fix, more, excerpt, limit, command } = errorDocument(error, line);
  const lines = [`${paint.bad('error:')} ${where ? `${where}: ` : ''}${message}   ${paint.faint(`[${code}]`)}`];
  const excerptAt = lines.length;
  const said = `${message} ${fix ?? ''}`;
  const limited = limit !== null && message.includes(String(limit.value));
  if (expected && !limited && !said.includes(expected)) lines.push(`  expected: ${escapeText(expected, EXPECTED_LIMIT)}`);
  if (found && !said.includes(found)) lines.push(`  found: ${escapeText(found, EXPECTED_LIMIT)}`);
  const last = [
    fix ? `fix: ${alternatives(escapeText(fix, FIX_LIMIT), 7)}` : '',
    more ? `More: rnn-cli explain ${escapeText(more)}` : '',
  ].filter(Boolean);
  if (last.length > 0) lines.push(`  ${last.join(fix?.endsWith('.') ? '  ' : '.  ')}`);
  if (command) lines.push(`  try: ${escapeText(command, COMMAND_LIMIT)}`);
  const wrapped = lines.map(text => wrapText(text, width, text.startsWith('  fix: ') ? 7 : 4));
  if (excerpt) wrapped.splice(excerptAt, 0, ...excerptLines(excerpt, paint));
  return `${wrapped.join('\n')}\n`;
}

/** The text on one line, with ^^^^ under the wrong part; of a long text only the part around it. */
function excerptLines({ text, from, to }: { text: string; from: number; to: number }, paint: Paint): string[] {
  const start = from > EXCERPT_LIMIT / 2 ? from - EXCERPT_LIMIT / 2 : 0;
  const end = Math.min(text.length, Math.max(to, start) + EXCERPT_LIMIT / 2);
  const before = (start > 0 ? '…' : '') + escapeText(text.slice(start, from), EXCERPT_LIMIT * 6);
  const wrong = escapeText(text.slice(from, to), EXCERPT_LIMIT);
  const after = escapeText(text.slice(to, end), EXCERPT_LIMIT * 6) + (end < text.length ? '…' : '');
  const marks = '^'.repeat(Math.max(1, [...wrong].length));
  return [`  ${before}${wrong}${after}`, `  ${' '.repeat([...before].length)}${paint.bad(marks)} here`];
}

/** What the system or a limit of the shell refused, by Node's error code. */
const REFUSED_BY_SYSTEM: Readonly<Record<string, string>> = {
  EMFILE: 'too many files are open (ulimit -n)',
  ENFILE: 'the system has too many open files',
  EAGAIN: 'no more threads or memory (ulimit -u, ulimit -v)',
  ENOMEM: 'no more memory (ulimit -v)',
};

function systemError(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code = '', message } = error as NodeJS.ErrnoException;
  const word = [code, ...(message.match(/\b[A-Z]{5,7}\b/g) ?? [])].find(name => Object.hasOwn(REFUSED_BY_SYSTEM, name));
  if (word) return REFUSED_BY_SYSTEM[word];
  return code === 'ERR_WORKER_INIT_FAILED' ? `no thread can be started (${escapeText(message)})` : undefined;
}

function foreignError(error: unknown): ErrorDocument {
  const none = { where: null, expected: null, found: null, more: null, excerpt: null, limit: null, layersLine: null, command: null };
  const document = (code: string, message: string, fix: string, exit: number): ErrorDocument => ({
    schema: 'rnn-cli/error@1',
    code,
    message,
    ...none,
    fix,
    exit,
  });
  const refused = systemError(error);
  if (refused) {
    return document('E_SYSTEM', `the system does not give what is needed: ${refused}`, 'raise that limit, or end other programs', 4);
  }
  const memory = /allocation failed|Invalid (typed )?array (buffer )?length|Invalid string length/;
  if (error instanceof RangeError && memory.test(error.message)) {
    return document('E_MEMORY', `out of memory (${escapeText(error.message)})`, 'use smaller sizes (N, T or M)', 5);
  }
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const fix = 'please report the command line and this message; RNN_CLI_DEBUG=1 adds the place in the code';
  return document('E_INTERNAL', `this is a bug in rnn-cli: ${escapeText(text, MESSAGE_LIMIT)}`, fix, 70);
}

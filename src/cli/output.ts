import { escapeLines, escapeMarkdown, escapeText, shellWord } from '../escape.js';
import { isAsciiLocale, toAscii } from '../report/ascii.js';
import { type Assumptions, assumedText } from '../report/assumed.js';
import type { HeatMapOptions } from '../report/heatmap.js';
import { writeJson } from '../report/json.js';
import { NO_PAINT, type Paint } from '../report/paint.js';
import { type Layout, loadPaint } from '../report/table.js';
import { foldText, wrapText } from '../report/text.js';
import { colorDepth, type Io, terminalColumns, type Writer, wantsColor } from './streams.js';
import type { Values } from './values.js';

/** Output of a command: the result goes to stdout, everything else to stderr. */
export interface Output {
  /** how tables are drawn on stdout */
  readonly layout: Layout;
  /** how heat maps are drawn on stdout */
  readonly picture: HeatMapOptions;
  /** the command line as it can be typed again */
  readonly command: string;
  /** whether stdout is a terminal */
  readonly terminal: boolean;
  /** columns of that terminal, or else COLUMNS, or 80; the width that Keras would use in Python */
  readonly columns: number;
  text(text: string): void;
  /** Writes bytes, or a complete document of another kind. */
  bytes(data: Uint8Array | string): void;
  /** Resolves once the system has taken the bytes; false if the reader has gone. */
  piece(data: Uint8Array): Promise<boolean>;
  /** Shows a line at the bottom of the terminal, '' to clear it; does nothing without a terminal, or with --quiet or --json. */
  progress(line: string): void;
  /** Writes one document as one line. */
  json(document: unknown): void;
  /** Writes one line each to stderr, unless --quiet, or --json, whose document contains the notes. */
  notes(notes: readonly string[]): void;
  /** Writes what was assumed: below a text result, else to stderr; not with --json, whose document contains it. */
  assumed(assumptions: Assumptions): void;
  /** Writes to stderr with --verbose. */
  detail(text: string): void;
}

/** The smallest width: commands and code hardly fit into fewer columns. */
export const NARROW = 60;

/** Size of a picture if no terminal limits it. */
const PICTURE_WIDTH = 100;
const PICTURE_ROWS = 40;

/** Creates the output of a command line, laid out for the terminals or files behind stdout and stderr. */
export async function createOutput(values: Values, argv: readonly string[], io: Io, stdout: Writer, stderr: Writer): Promise<Output> {
  const { terminal, columns, painted, layout, shown, folds } = await surfaceOf(values, io);
  const notePaint = await paintFor(wantsColor(values.color, io.stderr, io.env));
  const noteWidth = terminalColumns(io.stderr) ?? Number.POSITIVE_INFINITY;
  const toStdout = (text: string): string => {
    const escaped = escapeLines(shown(text), painted);
    return folds ? foldText(escaped, layout.width) : escaped;
  };
  let drawn = false;
  return {
    layout,
    picture: {
      width: values.width ?? (terminal ? columns : PICTURE_WIDTH),
      depth: painted ? colorDepth(io.env) : 0,
      rows: values.full ? Number.POSITIVE_INFINITY : PICTURE_ROWS,
    },
    command: ['rnn-cli', ...argv.map(shellWord)].join(' '),
    terminal,
    columns,
    text: text => stdout.write(toStdout(text)),
    bytes: data => stdout.write(data),
    piece: data => {
      stdout.write(data);
      return stdout.taken();
    },
    progress: line => {
      if (!io.stderr.isTTY || values.quiet || values.json || (line === '' && !drawn)) return;
      drawn = line !== '';
      stderr.write(`\r${shown(escapeText(line)).slice(0, noteWidth - 1)}\x1b[K`);
    },
    json: document => {
      writeJson(document, piece => stdout.write(piece));
      stdout.write('\n');
    },
    notes: notes => {
      if (values.quiet || values.json) return;
      const texts = notes.map(note => `${notePaint.warn('note:')} ${shown(escapeText(note, Number.POSITIVE_INFINITY))}`);
      for (const text of texts) stderr.write(`${wrapText(text, noteWidth, 6)}\n`);
    },
    assumed: assumptions => {
      if (values.json) return;
      const aside = isAside(values);
      const lines = assumedText(assumptions, values.verbose ?? false, aside ? { ...layout, width: noteWidth, paint: notePaint } : layout);
      (aside ? stderr : stdout).write(aside ? lines : toStdout(lines));
    },
    detail: text => {
      if (values.verbose) stderr.write(`${notePaint.faint(shown(escapeLines(text, false)))}\n`);
    },
  };
}

/** What stdout is, and the layout for it. */
async function surfaceOf(values: Values, { stdout, env }: Io) {
  const terminal = stdout.isTTY === true;
  const columns = terminalColumns(stdout) ?? (Number(env.COLUMNS) || 80);
  const style = values.style ?? (isAsciiLocale(env) ? 'ascii' : terminal ? 'box' : 'plain');
  const shown = style === 'ascii' ? toAscii : style === 'markdown' ? escapeMarkdown : (text: string) => text;
  const painted = wantsColor(values.color, stdout, env);
  const width = values.width ?? (terminal && !values.full ? columns : Number.POSITIVE_INFINITY);
  const layout: Layout = { style, width, paint: await paintFor(painted) };
  // a terminal wraps long lines itself, so that copied text stays intact; markdown and csv are read by programs
  const folds = (values.width !== undefined || width < NARROW) && !values.summary && !['markdown', 'csv'].includes(style);
  return { terminal, columns, painted, layout, shown, folds };
}

/** Whether stdout has numbers, a picture, a page, a script or nothing, so that sentences do not belong there. */
function isAside({ quiet, jsonl, out, svg, html, emit, mermaid, summary, style, sha256 }: Values): boolean {
  const onStdout = out?.startsWith('-') || svg === '-' || html === '-';
  return (
    quiet === true ||
    jsonl === true ||
    onStdout === true ||
    emit !== undefined ||
    [mermaid, summary, sha256].includes(true) ||
    style === 'csv'
  );
}

const ROWS_ON_A_TERMINAL = 20;
const DEFAULT_DIGITS = 6;

/** Digits and rows of printed values: all rows with --full, or if stdout is not a terminal and the values are in no file. */
export function valueOptions(values: Values, { terminal }: Output, digits = DEFAULT_DIGITS): { digits: number; rows: number } {
  return {
    digits: values.precision ?? digits,
    rows: (terminal || values.out !== undefined) && !values.full ? ROWS_ON_A_TERMINAL : Number.POSITIVE_INFINITY,
  };
}

/** Loads chalk only if colours are used. */
export async function paintFor(color: boolean): Promise<Paint> {
  return color ? loadPaint(1) : NO_PAINT;
}

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

/** The output of a command: the result goes to stdout, everything else to stderr. */
export interface Output {
  /** how tables are drawn on stdout */
  readonly layout: Layout;
  /** how heat maps are drawn on stdout */
  readonly picture: HeatMapOptions;
  /** the command line as it could be typed again */
  readonly command: string;
  /** a terminal reads stdout */
  readonly terminal: boolean;
  /** columns of that terminal, or COLUMNS, or 80; as Python counts them for Keras */
  readonly columns: number;
  text(text: string): void;
  /** bytes, or a whole document of another kind */
  bytes(data: Uint8Array | string): void;
  /** Resolves when the system has taken them: true, or false where nobody reads any more. */
  piece(data: Uint8Array): Promise<boolean>;
  /** a line at the foot of the terminal, '' to clear it; nothing off a terminal, with --quiet or --json */
  progress(line: string): void;
  /** one document on one line */
  json(document: unknown): void;
  /** on stderr, one line each, unless --quiet, or --json whose document has them */
  notes(notes: readonly string[]): void;
  /** What was assumed: under a result in text, else on stderr; nothing with --json, whose document has it. */
  assumed(assumptions: Assumptions): void;
  /** on stderr with --verbose */
  detail(text: string): void;
}

/** The least width: commands and code hardly fit into fewer columns. */
export const NARROW = 60;

/** A picture needs an edge, also where no terminal gives one. */
const PICTURE_WIDTH = 100;
const PICTURE_ROWS = 40;

/** The output of a command line, laid out for the terminal or file that stdout and stderr are. */
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
      if (!values.quiet && !values.json)
        for (const note of notes) {
          const text = shown(escapeText(note, Number.POSITIVE_INFINITY));
          stderr.write(`${wrapText(`${notePaint.warn('note:')} ${text}`, noteWidth, 6)}\n`);
        }
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

/** What stdout is, and how text is laid out for it. */
async function surfaceOf(values: Values, { stdout, env }: Io) {
  const terminal = stdout.isTTY === true;
  const columns = terminalColumns(stdout) ?? (Number(env.COLUMNS) || 80);
  const style = values.style ?? (isAsciiLocale(env) ? 'ascii' : terminal ? 'box' : 'plain');
  const shown = style === 'ascii' ? toAscii : style === 'markdown' ? escapeMarkdown : (text: string) => text;
  const painted = wantsColor(values.color, stdout, env);
  const width = values.width ?? (terminal && !values.full ? columns : Number.POSITIVE_INFINITY);
  const layout: Layout = { style, width, paint: await paintFor(painted) };
  // a usual terminal folds its lines itself, so that what is copied stays whole; markdown and csv are for programs
  const folds = (values.width !== undefined || width < NARROW) && !values.summary && !['markdown', 'csv'].includes(style);
  return { terminal, columns, painted, layout, shown, folds };
}

/** Whether stdout holds numbers, a picture, a page, a script or nothing, so that sentences do not belong there. */
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

/** Digits and rows of printed values: all rows with --full, and where there is no terminal to be flooded and no file that has them. */
export function valueOptions(values: Values, { terminal }: Output, digits = DEFAULT_DIGITS): { digits: number; rows: number } {
  return {
    digits: values.precision ?? digits,
    rows: (terminal || values.out !== undefined) && !values.full ? ROWS_ON_A_TERMINAL : Number.POSITIVE_INFINITY,
  };
}

/** chalk is loaded only where something is painted. */
export async function paintFor(color: boolean): Promise<Paint> {
  return color ? loadPaint(1) : NO_PAINT;
}

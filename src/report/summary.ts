import { RnnError } from '../errors.js';
import { escapeText } from '../escape.js';
import { halfToEven } from '../numerics/halfToEven.js';
import type { Count, SummaryLayer, SummaryModel } from '../run/result.js';
import { countText } from './numbers.js';
import { type Align, displayWidth, pad, prefix } from './text.js';

/**
 * Reproduces the table of Keras 3's `model.summary()`, character for character. Keras sets the column widths, and the Python package rich
 * lays out the table; the functions below follow the rules of both, which were found by running them.
 */
export interface SummaryOptions {
  /** Keras' line_length */
  readonly lineLength?: number;
  /** columns of the terminal, from which the default line length is derived */
  readonly columns?: number;
  readonly showTrainable?: boolean;
}

interface SummaryColumn {
  readonly title: string;
  readonly align: Align;
  /** end of the column, as a fraction of the line */
  readonly end: number;
}

const CHAIN: readonly SummaryColumn[] = [
  { title: 'Layer (type)', align: 'left', end: 0.45 },
  { title: 'Output Shape', align: 'left', end: 0.8 },
  { title: 'Param #', align: 'right', end: 1 },
];
const GRAPH: readonly SummaryColumn[] = [
  { title: 'Layer (type)', align: 'left', end: 0.3 },
  { title: 'Output Shape', align: 'left', end: 0.56 },
  { title: 'Param #', align: 'right', end: 0.74 },
  { title: 'Connected to', align: 'left', end: 1 },
];

/** @throws RnnError E_WIDTH where Keras says "Insufficient console width" */
export function summaryText(model: SummaryModel, options: SummaryOptions = {}): string {
  const ordered = !model.functional || model.layers.every(layer => layer.connected);
  const layers = ordered ? model.layers : inKerasOrder(model.layers);
  const graph = model.functional && !isChain(layers);
  const columns = columnsOf(graph, options.showTrainable ?? false);
  const lineLength = options.lineLength ?? defaultLength(graph, options);
  const widths = contentWidths(columns, lineLength);
  const rows = layers.map(layer => rowOf(layer, graph, options.showTrainable ?? false));
  return `Model: "${escapeText(model.name, 1024)}"\n${drawTable(columns, rows, widths)}${totals(model)}`;
}

function columnsOf(graph: boolean, showTrainable: boolean): SummaryColumn[] {
  const columns = graph ? GRAPH : CHAIN;
  if (!showTrainable) return [...columns];
  return [...columns.map(column => ({ ...column, end: column.end * 0.9 })), { title: 'Trainable', align: 'center', end: 1 }];
}

/** Default line length: 88 columns, 108 with "Connected to", 12 more with "Trainable"; at most the terminal's columns minus four. */
function defaultLength(graph: boolean, { columns = 80, showTrainable }: SummaryOptions): number {
  return Math.min((graph ? 108 : 88) + (showTrainable ? 12 : 0), columns - 4);
}

/**
 * Text width of each column. Keras splits the line at fractions of its length and asks rich for a table as wide as the line. With rich's
 * padding (2 per column) and borders (1 per column, plus 1) that is too wide, so rich reduces the columns evenly, rounding half to even.
 */
function contentWidths(columns: readonly SummaryColumn[], lineLength: number): number[] {
  let start = 0;
  const padded = columns.map(({ end }) => {
    const width = Math.trunc(end * lineLength) - start;
    if (width < 4) throw tooNarrow(lineLength);
    start += width;
    return width + 2;
  });
  let excess = 3 * columns.length + 1;
  return padded.map((width, i) => {
    const less = Math.min(width, halfToEven(excess / (columns.length - i)));
    excess -= less;
    return width - less - 2;
  });
}

function tooNarrow(lineLength: number): RnnError {
  return new RnnError('usage', 'E_WIDTH', `a summary does not fit into ${lineLength} columns`, { where: '--width', fix: 'use --width 80' });
}

function rowOf(layer: SummaryLayer, graph: boolean, showTrainable: boolean): string[] {
  const { name, className, params } = layer;
  const row = [
    `${escapeText(name, 1024)} (${escapeText(className, 1024)})`,
    outputText(layer),
    params === null ? '0 (unbuilt)' : countText(params, true),
  ];
  if (graph)
    row.push(
      connections(layer)
        .map(input => escapeText(input, 1024))
        .join(', ') || '-',
    );
  if (showTrainable) row.push(params === null || Number(params) === 0 ? '-' : layer.trainable ? 'Y' : 'N');
  return row;
}

function connections({ connected, inputs }: SummaryLayer): readonly string[] {
  return connected ?? inputs.map(input => `${input}[0][0]`);
}

/** A shape; several shapes are printed as a Python list or dictionary. */
function outputText({ outputShape, outputShapes = [], outputKeys }: SummaryLayer): string {
  if (outputShapes.length < 2) return shapeText(outputShape);
  if (outputKeys) return `{${outputShapes.map((shape, i) => `${escapeText(outputKeys[i], 1024)}: ${shapeText(shape)}`).join(', ')}}`;
  return `[${outputShapes.map(shapeText).join(', ')}]`;
}

function shapeText(shape: readonly (number | null)[] | null): string {
  if (shape === null) return '?';
  return `(${shape.map(size => size ?? 'None').join(', ')})`;
}

function drawTable(columns: readonly SummaryColumn[], rows: readonly (readonly string[])[], widths: readonly number[]): string {
  const rule = (left: string, fill: string, middle: string, right: string): string =>
    `${left}${widths.map(width => fill.repeat(width + 2)).join(middle)}${right}\n`;
  const row = (cells: readonly string[], bar: string, place: 'top' | 'bottom' = 'top'): string => {
    const wrapped = cells.map((cell, i) => wrap(cell, widths[i], columns[i].align));
    const height = Math.max(...wrapped.map(lines => lines.length));
    const first = (lines: readonly string[]): number => (place === 'top' ? 0 : height - lines.length);
    const line = (at: number): string => wrapped.map((lines, i) => ` ${lines[at - first(lines)] ?? ' '.repeat(widths[i])} `).join(bar);
    return Array.from({ length: height }, (_, at) => `${bar}${line(at)}${bar}\n`).join('');
  };
  const header = row(
    columns.map(column => column.title),
    '┃',
    'bottom',
  );
  const body = rows.map(cells => row(cells, '│')).join(rule('├', '─', '┼', '┤'));
  return rule('┏', '━', '┳', '┓') + header + rule('┡', '━', '╇', '┩') + body + rule('└', '─', '┴', '┘');
}

/**
 * Wraps a cell into lines of exactly `width` columns. A word that does not fit moves to the next line, with the spaces after it. A word
 * longer than a line gets its own line and is cut with an ellipsis.
 */
function wrap(text: string, width: number, align: Align): string[] {
  if (width < 1) return [''];
  const lines: string[] = [''];
  let used = 0;
  for (const [word] of text.matchAll(/\s*\S+\s*/g)) {
    const fits = used + displayWidth(word.trimEnd()) <= width;
    const first = lines.length === 1 && lines[0] === '';
    if (!fits && !first) {
      lines.push(word);
      used = displayWidth(word);
    } else {
      lines[lines.length - 1] += word;
      used += displayWidth(word);
    }
  }
  return lines.map(line => pad(ellipsis(align === 'left' ? withoutEnd(line, width) : line.trimEnd(), width), width, align));
}

/** Drops trailing spaces while the line has more than `width` characters (not columns, as rich counts here). */
function withoutEnd(line: string, width: number): string {
  const spaces = line.length - line.trimEnd().length;
  return line.slice(0, line.length - Math.min(spaces, Math.max(0, [...line].length - width)));
}

/** Cuts as rich does: a wide character that would be halved becomes a space. */
function ellipsis(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  return `${pad(prefix(text, width - 1), width - 1)}…`;
}

function totals({ trainable, nonTrainable, optimizer, bytes }: SummaryModel): string {
  const line = (label: string, counts: readonly Count[], sizes: readonly number[] | undefined): string => {
    const count = counts.reduce((sum: bigint, n) => sum + BigInt(n), 0n);
    const size = sizes ? BigInt(Math.ceil(sizes.reduce((sum, n) => sum + n, 0))) : count * 4n;
    return ` ${label}: ${countText(count, true)} (${memoryText(size)})\n`;
  };
  return [
    line('Total params', [trainable, nonTrainable, optimizer ?? 0], bytes && [bytes.trainable, bytes.nonTrainable, bytes.optimizer]),
    line('Trainable params', [trainable], bytes && [bytes.trainable]),
    line('Non-trainable params', [nonTrainable], bytes && [bytes.nonTrainable]),
    optimizer === undefined ? '' : line('Optimizer params', [optimizer], bytes && [bytes.optimizer]),
  ].join('');
}

/** Memory with two decimals in the largest suitable unit, up to PB. */
export function memoryText(bytes: bigint): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB', 'PB'];
  let size = Number(bytes);
  for (const unit of units) {
    if (size / 1024 < 1) return `${twoDecimals(size)} ${unit}`;
    size /= 1024;
  }
  return `${twoDecimals(size)} PB`;
}

/** Python's '{:.2f}', which rounds halves to even, unlike toFixed (1152 B is 1.12 KB). */
function twoDecimals(x: number): string {
  const exact = x.toFixed(60);
  const point = exact.indexOf('.');
  const isHalf = /^50*$/.test(exact.slice(point + 3));
  return isHalf && Number(exact[point + 2]) % 2 === 0 ? exact.slice(0, point + 3) : x.toFixed(2);
}

/** Whether each layer reads only the one before it. */
function isChain(layers: readonly SummaryLayer[]): boolean {
  return layers.every((layer, i) => {
    const reads = connections(layer);
    return i === 0 ? reads.length === 0 : reads.length === 1 && reads[0].startsWith(`${layers[i - 1].name}[0][`);
  });
}

/**
 * Sorts the layers of a graph as Keras does: by distance from the output (along the longest path), and for equal distances in the order in
 * which a traversal from the output, inputs first to last, meets them. Layers that the output does not need are not part of the model.
 */
function inKerasOrder(layers: readonly SummaryLayer[]): SummaryLayer[] {
  const byName = new Map(layers.map(layer => [layer.name, layer]));
  const met = new Map<string, number>();
  const finished: string[] = [];
  const visit = (name: string): void => {
    if (met.has(name)) return;
    met.set(name, met.size);
    for (const input of byName.get(name)!.inputs) visit(input);
    finished.push(name);
  };
  visit(layers[layers.length - 1].name);
  const distance = new Map(finished.map(name => [name, 0]));
  for (const name of [...finished].reverse()) {
    for (const input of byName.get(name)!.inputs) distance.set(input, Math.max(distance.get(input)!, distance.get(name)! + 1));
  }
  return finished.sort((a, b) => distance.get(b)! - distance.get(a)! || met.get(a)! - met.get(b)!).map(name => byName.get(name)!);
}

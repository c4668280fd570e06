import { FAINT, INK, LINE, rect, text } from './svg.js';

/** The grid of the network's picture: steps to the right, layers upwards. Sizes in pixels. */
export const PITCH = 118;
export const BOX = { width: 78, height: 34 };
export const ZONE = 58;
export const GUTTER = { left: 178, right: 178 };
export const TOP = 84;
export const BOTTOM = 58;

export const FILL: Record<string, string> = { rnn: '#dbeafe', lstm: '#dbeafe', gru: '#dbeafe', dense: '#dcfce7' };
export const OTHER_FILL = '#fef3c7';

/** A step that is drawn: its column, and its number or letter. */
export interface Column {
  readonly x: number;
  /** '1', 'T'; '' for dots */
  readonly label: string;
}

/** The columns that are not dots. */
export function stepsOf(columns: readonly Column[]): Column[] {
  return columns.filter(column => column.label !== '');
}

/** Where the output of a layer leaves its band. */
export interface Exit {
  readonly y: number;
  /** one for each column of a sequence, otherwise a single one */
  readonly xs: readonly number[];
  readonly shape: { readonly step: string; readonly whole: string };
  /** whether this is a further input of the network, which is not drawn, but named at the layers that read it */
  readonly apart?: boolean;
}

export interface Canvas {
  /** the time axis of this band: RepeatVector begins a new one */
  readonly columns: readonly Column[];
  readonly right: number;
  readonly body: string[];
}

export function cut(name: string, length: number): string {
  return name.length > length ? `${name.slice(0, length - 1)}…` : name;
}

export function box(x: number, top: number, name: string, fill: string): string[] {
  return [
    rect(x - BOX.width / 2, top, BOX.width, BOX.height, fill, LINE, 6),
    text(x, top + BOX.height / 2 + 4.5, name, { size: 12, anchor: 'middle' }),
  ];
}

/** A bar for a layer that sees all steps at once. */
export function bar({ columns }: Canvas, top: number, height: number, name: string, fill: string): string[] {
  const from = columns[0].x - BOX.width / 2;
  const to = columns[columns.length - 1].x + BOX.width / 2;
  return [
    rect(from, top, to - from, height, fill, LINE, 6),
    text((from + to) / 2, top + height / 2 + 4.5, name, { size: 12, anchor: 'middle' }),
  ];
}

export function shapeLabel(x: number, y: number, label: string): string {
  return text(x, y, label, { size: 10.5, colour: INK });
}

export function dots(x: number, y: number): string {
  return text(x, y + 3, '· · ·', { size: 14, anchor: 'middle', colour: FAINT });
}

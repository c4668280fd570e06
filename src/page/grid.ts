import type { Scale } from '../report/palette.js';
import type { Role } from './formula.js';

/** One axis of a heat map: 'step t' with T, 'unit m' with M. */
export interface Axis {
  /** 'step' */
  readonly name: string;
  /** letter of the index: 't' */
  readonly index: string;
  /** letter of the size: 'T' */
  readonly letter: string;
  readonly length: number;
}

/** A matrix as it is in the equations, rows downwards. Indices count from 0 here, and from 1 on the page. */
export interface Grid {
  readonly rows: Axis;
  readonly columns: Axis;
  readonly scale: Scale;
  value(row: number, column: number): number;
  /** range [from, to) of columns that are known so far; absent: all */
  readonly known?: readonly [from: number, to: number];
  /** Value that determines the colour, if it is not the number itself. */
  shade?(row: number, column: number): number;
  /** labels for the ends of the scale, if the colour does not show the number */
  readonly legend?: readonly [string, string];
  /** named blocks of columns: gates */
  readonly groups?: readonly string[];
  /** named blocks of rows */
  readonly rowGroups?: readonly string[];
}

/** A rectangle of cells, both ends included, outlined in the colour of its role. */
export interface Mark {
  readonly rows: readonly [number, number];
  readonly columns: readonly [number, number];
  readonly role: Role | 'off' | 'first';
  readonly strong?: boolean;
}

export interface Shown {
  readonly grid: Grid;
  readonly selected: readonly [row: number, column: number] | null;
  readonly marks: readonly Mark[];
}

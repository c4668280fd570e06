import type { Scale } from '../report/palette.js';
import type { Role } from './formula.js';

/** One axis of a heat map: 'step t' with T, 'unit m' with M. */
export interface Axis {
  /** 'step' */
  readonly name: string;
  /** the letter of one place: 't' */
  readonly index: string;
  /** the letter of the size: 'T' */
  readonly letter: string;
  readonly length: number;
}

/** A matrix to be shown, as it stands in the equations: rows downwards. Places count from 0 here and from 1 on the page. */
export interface Grid {
  readonly rows: Axis;
  readonly columns: Axis;
  readonly scale: Scale;
  value(row: number, column: number): number;
  /** columns whose numbers are known so far, [from, to); absent: all */
  readonly known?: readonly [from: number, to: number];
  /** what the colour is of, where that is not the number itself */
  shade?(row: number, column: number): number;
  /** ends of the scale in words, where the colour is not of the number */
  readonly legend?: readonly [string, string];
  /** blocks of columns with a name each: gates */
  readonly groups?: readonly string[];
  /** the same of rows */
  readonly rowGroups?: readonly string[];
}

/** A rectangle of cells, with both ends, outlined in the colour of what it is. */
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

import { byName } from '../registry.js';
import * as all from './all.js';
import type { Cell } from './cell.js';

export const CELLS: readonly Cell[] = Object.values(all);

/** @throws RnnError E_UNKNOWN_CELL */
export function getCell(name: string): Cell {
  return byName('cell', all, name);
}

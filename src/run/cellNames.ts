import { CELLS } from '../cells/index.js';

/** The values of `--cell`: the names in src/cells/all.ts. */
export const CELL_NAMES: readonly string[] = CELLS.map(cell => cell.name);

import { CELLS } from '../cells/index.js';

/** What `--cell` takes: the names of src/cells/all.ts. */
export const CELL_NAMES: readonly string[] = CELLS.map(cell => cell.name);

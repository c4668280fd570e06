import { RnnError } from '../errors.js';
import { byName } from '../registry.js';
import * as all from './all.js';
import type { Cell, FlaxRow, NamedRow } from './cell.js';

export const CELLS: readonly Cell[] = Object.values(all);
const NAMES: ReadonlySet<string> = new Set(Object.keys(all));

export type CellName = keyof typeof all;

/** @throws RnnError E_UNKNOWN_CELL */
export function getCell(name: string): Cell {
  return byName('cell', all, name);
}

export function isCellName(name: string): name is CellName {
  return NAMES.has(name);
}

const TITLES = { keras: 'Keras', torch: 'PyTorch', onnx: 'ONNX', flax: 'Flax' } as const;

/**
 * Returns the cell's gate order and class name in a framework; for tfjs, ask for Keras.
 * @throws RnnError E_NO_SUCH_CELL (unsupported): `janet has no layer in Keras`
 */
export function rowOf(cell: Cell, framework: 'flax'): FlaxRow;
export function rowOf(cell: Cell, framework: keyof typeof TITLES): NamedRow;
export function rowOf(cell: Cell, framework: keyof typeof TITLES): NamedRow {
  const row = cell[framework];
  if (row) return row;
  const others = CELLS.filter(other => other[framework]).map(other => other.name);
  throw new RnnError('unsupported', 'E_NO_SUCH_CELL', `${cell.name} has no layer in ${TITLES[framework]}`, {
    expected: others.join(', '),
    found: cell.name,
    fix: `${cell.name} is run by the engines here; its weights are kept by --to npz, safetensors or json under our own names`,
  });
}

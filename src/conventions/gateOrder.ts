import type { Cell, FrameworkRow } from '../cells/cell.js';
import { permuteBlocks } from '../tensor/layout.js';
import type { Tensor } from '../tensor/tensor.js';

/** Permutes column blocks [..., G·M] from a framework's gate order to the canonical one. */
export function toCanonicalGates(t: Tensor, cell: Cell, row: FrameworkRow): Tensor {
  return permuteBlocks(
    t,
    cell.gates.map(gate => row.gates.indexOf(gate)),
  );
}

export function fromCanonicalGates(t: Tensor, cell: Cell, row: FrameworkRow): Tensor {
  return permuteBlocks(
    t,
    row.gates.map(gate => cell.gates.indexOf(gate)),
  );
}

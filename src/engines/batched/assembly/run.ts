import { Block } from './block';
import { Cell } from './cell';
import { copy } from './copy';
import { gruBeforeStep, gruStep, lstmStep, rnnStep } from './steps';

/*
 * The time loop. A masked row is computed like any other, and then its previous state is restored, so its values do not matter.
 */

/** Runs steps `from` to `to` (in processing order) of the window. The state is then in the block's z if to − from is even, else in zNext. */
export function runSteps(block: usize, cell: Cell, from: usize, to: usize): void {
  const b = changetype<Block>(block);
  const z = b.z;
  const zNext = b.zNext;
  for (let step: usize = from; step < to; step++) {
    const t = b.reverse ? b.T - 1 - step : step;
    if (b.mask && !anyReal(b, t)) {
      keepAll(b);
    } else {
      copyInput(b, t);
      if (b.mask && cell == Cell.lstm) saveMasked(b, t, b.c, b.saved);
      if (cell == Cell.lstm) lstmStep(b);
      else if (cell == Cell.gru) gruStep(b);
      else if (cell == Cell.gruBefore) gruBeforeStep(b);
      else rnnStep(b);
      if (b.mask) keepMasked(b, t, cell == Cell.lstm);
    }
    if (b.sequence) copyOutput(b, t);
    const swap = b.z;
    b.z = b.zNext;
    b.zNext = swap;
  }
  b.z = z;
  b.zNext = zNext;
}

@inline
function isReal(b: Block, row: usize, t: usize): bool {
  return load<u8>(b.mask + row * b.T + t) != 0;
}

function anyReal(b: Block, t: usize): bool {
  for (let r: usize = 0; r < b.rows; r++) if (isReal(b, r, t)) return true;
  return false;
}

/** Copies x_t of every row into z. */
function copyInput(b: Block, t: usize): void {
  const bytes = b.D * 4;
  let from = b.x + t * bytes;
  let to = b.z;
  for (let r: usize = 0; r < b.rows; r++) {
    copy(to, from, bytes);
    from += b.T * bytes;
    to += b.stride;
  }
}

/** Copies h of every row into the sequence. */
function copyOutput(b: Block, t: usize): void {
  const bytes = b.M * 4;
  let from = b.zNext + b.D * 4;
  let to = b.sequence + t * bytes;
  for (let r: usize = 0; r < b.rows; r++) {
    if (b.mask && b.zeroMasked && !isReal(b, r, t)) memory.fill(to, 0, bytes);
    else copy(to, from, bytes);
    from += b.stride;
    to += b.T * bytes;
  }
}

function saveMasked(b: Block, t: usize, from: usize, to: usize): void {
  for (let r: usize = 0; r < b.rows; r++) {
    if (!isReal(b, r, t)) copy(to + r * b.cStride, from + r * b.cStride, b.cStride);
  }
}

function keepMasked(b: Block, t: usize, hasC: bool): void {
  const h = b.D * 4;
  for (let r: usize = 0; r < b.rows; r++) {
    if (isReal(b, r, t)) continue;
    copy(b.zNext + r * b.stride + h, b.z + r * b.stride + h, b.M * 4);
    if (hasC) copy(b.c + r * b.cStride, b.saved + r * b.cStride, b.cStride);
  }
}

/** If every row is masked, the step is not computed: all states are kept. */
function keepAll(b: Block): void {
  memory.copy(b.zNext, b.z, b.rows * b.stride);
}

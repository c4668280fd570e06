/**
 * What one call of `run` works on: a block of samples and a window of time steps. All addresses and strides are in bytes. Written by kernel.ts,
 * 4 bytes per field (BLOCK_FIELDS there lists the fields in this order).
 */
@unmanaged
export class Block {
  rows: usize;
  /** steps in the window */
  T: usize;
  D: usize;
  M: usize;
  /** 1: runs from the window's last step to its first */
  reverse: usize;
  /** x [rows, T, D] */
  x: usize;
  /** size of a row of z: x_t [D], then h [M], padded so that h can be written in vectors of four */
  stride: usize;
  /** z of this step and of the next one: h is read from z and written to zNext */
  z: usize;
  zNext: usize;
  /** c [rows, M padded to 4]; GRU with the reset before: z, the update gate */
  c: usize;
  cStride: usize;
  /** packed weights (pack.ts) */
  weights: usize;
  /** 1: the weights do not stay in the caches from step to step (fetch.ts) */
  far: usize;
  /** pre-activations of a group of rows, 20 · 128 bytes; for a GRU with the reset before, followed by rows [x_t, r·h] laid out as z */
  scratch: usize;
  /** address of [rows, T] bytes, 1 for a real step; 0: no mask */
  mask: usize;
  /** room for c of the masked rows [rows, M padded to 4] */
  saved: usize;
  /** h of every step [rows, T, M]; 0: not stored */
  sequence: usize;
  /** 1: masked steps of the sequence are 0; 0: they repeat h */
  zeroMasked: usize;
  /** for a stream (stream.ts): recurrent weights in wide panels, and x·Wx + b of some steps */
  wide: usize;
  projected: usize;
  /** room of ASIDE_BYTES, for every thread that shares a stream */
  aside: usize;
  /** for a stream shared by threads: where they meet (meet.ts) */
  meeting: usize;
}

/** Bytes for the sums of one tile (5 × 8 numbers) or one wide panel (12 vectors); the same number is in kernel.ts. */
export const ASIDE_BYTES: usize = 192;

/** units rounded up to whole vectors */
@inline
export function padded(M: usize): usize {
  return (M + 3) & ~3;
}

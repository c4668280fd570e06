/**
 * What one call of `run` works on: a block of samples, a window of time steps. All addresses and strides in bytes. Written by kernel.ts
 * (BLOCK_FIELDS there lists the fields in this order), 4 bytes each.
 */
@unmanaged
export class Block {
  rows: usize;
  /** steps in the window */
  T: usize;
  D: usize;
  M: usize;
  /** 1: from the window's last step to its first */
  reverse: usize;
  /** x [rows, T, D] */
  x: usize;
  /** one row of z: x_t [D], then h [M], padded so that h may be written four at a time */
  stride: usize;
  /** z of the step, and of the next one: h is read from the one and written to the other */
  z: usize;
  zNext: usize;
  /** c [rows, M padded to 4]; GRU with the reset before: z, the update gate */
  c: usize;
  cStride: usize;
  /** packed weights (pack.ts) */
  weights: usize;
  /** 1: the weights are more than the caches keep from step to step (fetch.ts) */
  far: usize;
  /** preactivations of a group of rows, 20 · 128 bytes; GRU with the reset before: then z-like rows [x_t, r·h] */
  scratch: usize;
  /** [rows, T] bytes, 1 = a real step; 0: no mask */
  mask: usize;
  /** room for c of the masked rows [rows, M padded to 4] */
  saved: usize;
  /** h of every step [rows, T, M]; 0: not stored */
  sequence: usize;
  /** 1: the sequence is 0 where masked, else it repeats h */
  zeroMasked: usize;
  /** one stream (stream.ts): recurrent weights in wide panels, and x·Wx + b of some steps */
  wide: usize;
  projected: usize;
  /** ASIDE_BYTES; as many for every thread where several share a stream */
  aside: usize;
  /** one stream shared by threads: where they meet (meet.ts) */
  meeting: usize;
}

/** Bytes of the room for the sums of one tile (5 × 8 numbers) or one wide panel (12 vectors); kernel.ts has the same number. */
export const ASIDE_BYTES: usize = 192;

/** units rounded up to whole vectors */
@inline
export function padded(M: usize): usize {
  return (M + 3) & ~3;
}

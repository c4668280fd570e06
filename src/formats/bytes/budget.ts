import { RnnError } from '../../errors.js';
import { escapeText } from '../../escape.js';
import { formatShape } from '../../tensor/tensor.js';
import type { DType } from '../format.js';
import { checkTime, type Limits, overLimit } from '../limits.js';

/** Bytes of one number in a file. */
// biome-ignore format: a table
export const DTYPE_BYTES: Readonly<Record<DType, number>> = {
  bool: 1, u8: 1, i8: 1, u16: 2, i16: 2, u32: 4, i32: 4, u64: 8, i64: 8, f16: 2, bf16: 2, f32: 4, f64: 8,
};

/** The dtypes whose every value is exact in float32. */
const IN_FLOAT32: ReadonlySet<DType> = new Set(['bool', 'u8', 'i8', 'u16', 'i16', 'f16', 'bf16', 'f32']);

/** Whether float32 holds every number of the type exactly. */
export function fitsFloat32(dtype: DType): boolean {
  return IN_FLOAT32.has(dtype);
}

/** Counts what a file has taken of its limits while it is read. Everything is checked before anything is allocated. */
export interface Budget {
  readonly limits: Limits;
  tensors: number;
  bytes: bigint;
}

/** Starts a budget. */
export function newBudget(limits: Limits): Budget {
  return { limits, tensors: 0, bytes: 0n };
}

/** @throws RnnError E_LIMIT_NAME (limit) when a name from the file is longer than limits.nameBytes; E_NAME (format) for one with NUL */
export function checkName(name: string, what: string, limits: Limits): void {
  checkTime(limits);
  const bytes = Buffer.byteLength(name);
  if (bytes > limits.nameBytes) {
    throw overLimit('nameBytes', limits.nameBytes, 'E_LIMIT_NAME', `the ${what} name '${escapeText(name, 40)}' has ${bytes} bytes`, {
      found: bytes,
    });
  }
  if (name.includes('\0')) throw new RnnError('format', 'E_NAME', `the ${what} name '${escapeText(name, 60)}' has a NUL character`);
}

/**
 * Checks one tensor's shape (whole numbers, sign unchecked) against the limits, as BigInt.
 * @returns its number of elements, exact
 * @throws RnnError E_SHAPE_VALUE (format), E_LIMIT_RANK, E_LIMIT_DIMENSION (limit)
 */
export function checkShape(shape: readonly (number | bigint)[], limits: Limits): bigint {
  if (shape.length > limits.rank) {
    throw overLimit('rank', limits.rank, 'E_LIMIT_RANK', `a tensor of ${shape.length} dimensions`, { found: shape.length });
  }
  let size = 1n;
  for (const n of shape) {
    if (typeof n === 'number' && !Number.isSafeInteger(n))
      throw new RnnError('format', 'E_SHAPE_VALUE', `the shape has ${n}, which is not a whole number`);
    if (n < 0) throw new RnnError('format', 'E_SHAPE_VALUE', `the shape ${formatShape(shape)} has a negative dimension`);
    if (n > limits.dimension) {
      throw overLimit('dimension', limits.dimension, 'E_LIMIT_DIMENSION', `the shape ${formatShape(shape)} has a dimension of ${n}`, {
        found: n,
      });
    }
    size *= BigInt(n);
  }
  return size;
}

/**
 * Checks the declared size of compressed bytes before they are inflated.
 * @throws RnnError `code` (limit)
 */
export function checkRatio(limits: Limits, code: string, at: string, packed: number, inflated: number | bigint, where?: string): void {
  const most = BigInt(limits.ratio) * BigInt(packed);
  // no bytes at all are damage, not a bomb; inflating them reports that
  if (packed === 0 || BigInt(inflated) <= most) return;
  const ratio = (BigInt(inflated) + BigInt(packed) - 1n) / BigInt(packed);
  const what = `${at}: ${packed} bytes claim to hold ${inflated}, 1 to ${ratio}`;
  throw overLimit('ratio', limits.ratio, code, what, { found: ratio, where });
}

/**
 * Checks the inflated size of a whole file.
 * @param soFar given if more may follow, so that `inflated` is only a lower bound
 * @throws RnnError E_LIMIT_INFLATED (limit)
 */
export function checkInflated(limits: Limits, inflated: number, soFar?: { at: string; where: string }): void {
  if (inflated <= limits.inflatedBytes) return;
  const what = soFar ? `${soFar.at}: the file inflates to at least ${inflated} bytes` : `the file inflates to ${inflated} bytes`;
  const details = soFar ? { where: soFar.where } : { found: inflated };
  throw overLimit('inflatedBytes', limits.inflatedBytes, 'E_LIMIT_INFLATED', what, details);
}

/**
 * Takes one tensor out of the budget. Call it after the shape is checked and before the array is allocated.
 * @throws RnnError E_LIMIT_TENSORS, E_LIMIT_BYTES (limit) with the exact size
 */
export function reserve(budget: Budget, size: bigint, dtype: DType): void {
  countTensor(budget);
  reserveBytes(budget, size, dtype);
}

/** @throws RnnError E_LIMIT_TENSORS (limit) */
export function countTensor(budget: Budget): void {
  const { limits } = budget;
  checkTime(limits);
  budget.tensors += 1;
  if (budget.tensors > limits.tensors) {
    throw overLimit('tensors', limits.tensors, 'E_LIMIT_TENSORS', `at least ${budget.tensors} tensors in one file`);
  }
}

/** @throws RnnError E_LIMIT_BYTES (limit) with the exact size */
export function reserveBytes(budget: Budget, size: bigint, dtype: DType): void {
  const { limits } = budget;
  budget.bytes += size * (fitsFloat32(dtype) ? 4n : 8n);
  if (budget.bytes > BigInt(limits.totalBytes)) {
    throw overLimit('totalBytes', limits.totalBytes, 'E_LIMIT_BYTES', `the tensors need at least ${budget.bytes} bytes of memory`, {
      found: budget.bytes,
    });
  }
}

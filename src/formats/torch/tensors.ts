import { RnnError, within } from '../../errors.js';
import { escapeText } from '../../escape.js';
import type { Part } from '../../tensor/lazy.js';
import { type FloatArray, formatShape } from '../../tensor/tensor.js';
import { type Budget, checkShape, DTYPE_BYTES, reserve } from '../bytes/budget.js';
import { decodeNumbers, readNumbers } from '../bytes/numbers.js';
import type { ArrayRef, StorageRef, TensorRef } from '../bytes/pickleValues.js';
import { gatherStrided, isRowMajor } from '../bytes/strided.js';
import type { FileTensor } from '../format.js';
import { lazyTensor } from '../lazyTensor.js';
import type { ByteSource } from '../source.js';

/** Access to the numbers of storages. */
export interface Storages {
  /** returns the whole content of a storage. @throws RnnError E_PT_STORAGE if it is missing or has another size */
  find(storage: StorageRef): ByteSource;
}

/** Returns a tensor after checking it against its storage; its numbers are read on demand. @throws RnnError E_PT_VIEW, E_PT_STORAGE, E_LIMIT_… */
export function tensorOf(name: string, ref: TensorRef | ArrayRef, storages: Storages, budget: Budget): FileTensor {
  return within(`tensor '${escapeText(name, 80)}'`, () => {
    const size = checkShape(ref.shape, budget.limits);
    if (ref.kind === 'tensor') checkView(ref, size);
    if (ref.kind === 'tensor') return stored(name, ref, size, storages.find(ref.storage), budget);
    reserve(budget, size, ref.dtype);
    return arrayTensor(ref);
  });
}

function arrayTensor({ shape, dtype, fortran, bytes }: ArrayRef): FileTensor {
  const count = bytes.length / DTYPE_BYTES[dtype];
  const data = decodeNumbers(bytes, 0, count, dtype);
  if (!fortran || shape.length < 2) return { shape, dtype, data };
  let step = 1;
  const strides = shape.map(n => {
    step *= n;
    return step / n;
  });
  return { shape, dtype, data: count === 0 ? data : gatherStrided(data, shape, strides) };
}

function stored(name: string, ref: TensorRef, size: bigint, content: ByteSource, budget: Budget): FileTensor {
  const { shape, storage, quantised } = ref;
  const place = `tensor '${escapeText(name, 80)}'`;
  const numbers = () => within(place, () => numbersOf(ref, Number(size), content));
  const part: Part | undefined = isRowMajor(shape, ref.strides)
    ? (first, count, out) => within(place, () => numbersAt(storage, ref.start + first, count, content, out))
    : undefined;
  if (!quantised) return lazyTensor(content, budget, { shape, dtype: storage.dtype, size }, numbers, part);
  const { scale, zero } = quantised;
  return lazyTensor(content, budget, { shape, dtype: 'f32', size }, () => Float32Array.from(numbers(), q => (q - zero) * scale));
}

function numbersOf({ storage, start, shape, strides }: TensorRef, count: number, content: ByteSource): FloatArray {
  if (isRowMajor(shape, strides)) return numbersAt(storage, start, count, content);
  if (count === 0) return new Float32Array(0);
  const last = shape.reduce((sum, n, axis) => sum + (n - 1) * strides[axis], 0);
  return gatherStrided(numbersAt(storage, start, last + 1, content), shape, strides);
}

function numbersAt({ dtype }: TensorRef['storage'], start: number, count: number, content: ByteSource, out?: FloatArray): FloatArray {
  return readNumbers(content, start * DTYPE_BYTES[dtype], count, dtype, true, out);
}

/** Checks that all indices of a view are inside the storage, and that no two elements share a number. */
function checkView({ storage, start, shape, strides }: TensorRef, size: bigint): void {
  const last = shape.reduce((sum, n, axis) => sum + (BigInt(n) - 1n) * BigInt(strides[axis]), BigInt(start));
  if (size === 0n ? start > storage.length : last >= BigInt(storage.length)) {
    throw new RnnError(
      'format',
      'E_PT_VIEW',
      `shape ${formatShape(shape)}, strides ${formatShape(strides)} and offset ${start} reach element ${last} of a storage of ${storage.length}`,
    );
  }
  if (size === 0n) return;
  let span = 0n;
  for (const axis of [...shape.keys()].filter(axis => shape[axis] > 1).sort((a, b) => strides[a] - strides[b])) {
    if (BigInt(strides[axis]) <= span) {
      throw new RnnError('format', 'E_PT_VIEW', `shape ${formatShape(shape)} with strides ${formatShape(strides)}: elements overlap`, {
        fix: 'in Python: save tensor.contiguous()',
      });
    }
    span += BigInt(shape[axis] - 1) * BigInt(strides[axis]);
  }
}

/** @throws RnnError E_PT_STORAGE */
export function checkStorageSize({ key, length, dtype }: StorageRef, bytes: number, offset: number): void {
  const needed = BigInt(length) * BigInt(DTYPE_BYTES[dtype]);
  if (BigInt(bytes) === needed) return;
  throw new RnnError(
    'format',
    'E_PT_STORAGE',
    `offset ${offset}: storage ${key} should have ${needed} bytes (${length} × ${dtype}), it has ${bytes}`,
    { expected: `${needed} bytes`, found: `${bytes} bytes` },
  );
}

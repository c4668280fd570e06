import type { DType } from '../format.js';
import { DTYPE_BYTES } from './budget.js';
import { decodeNumbers } from './numbers.js';
import { latin1Bytes } from './pickleText.js';
import { type ArrayRef, isCount, isCounts, isRef, type ObjectRef, type Pickled } from './pickleValues.js';

/** Arrays and scalars as NumPy pickles them. Arrays of anything but plain numbers (text, records, objects) stay records. */

// biome-ignore format: a table
const DTYPES: Readonly<Record<string, DType>> = {
  b1: 'bool', i1: 'i8', u1: 'u8', i2: 'i16', u2: 'u16', i4: 'i32', u4: 'u32', i8: 'i64', u8: 'u64', f2: 'f16', f4: 'f32', f8: 'f64',
};

const RECONSTRUCTED = 'numpy.ndarray';

/** _reconstruct(ndarray, (0,), b'b'): an empty array, whose content comes with its state. */
export function emptyArray(args: readonly Pickled[]): ObjectRef {
  return { kind: 'object', name: RECONSTRUCTED, args };
}

export function isEmptyArray({ name }: ObjectRef): boolean {
  return name === RECONSTRUCTED;
}

/** (version, shape, dtype, fortran, bytes) */
export function arrayFromState(state: Pickled): ArrayRef | undefined {
  if (!Array.isArray(state) || state.length !== 5) return undefined;
  const [, shape, dtype, fortran, data] = state;
  return arrayOf(data, dtype, shape, fortran === true);
}

/** _frombuffer(bytes, dtype, shape, 'C' or 'F') */
export function arrayFromBuffer([data, dtype, shape, order]: readonly Pickled[]): ArrayRef | undefined {
  return arrayOf(data, dtype, shape, order === 'F');
}

/** scalar(dtype, bytes): a number */
export function scalarOf(dtype: Pickled | undefined, data: Pickled | undefined): number | undefined {
  const array = arrayOf(data, dtype, [], false);
  if (!array) return undefined;
  try {
    return decodeNumbers(array.bytes, 0, 1, array.dtype)[0];
  } catch {
    // an integer beyond 2^53 cannot be part of a network
    return undefined;
  }
}

function arrayOf(
  data: Pickled | undefined,
  descr: Pickled | undefined,
  shape: Pickled | undefined,
  fortran: boolean,
): ArrayRef | undefined {
  const type = typeOf(descr);
  if (!type || !isCounts(shape)) return undefined;
  const needed = shape.reduce((size, n) => size * BigInt(n), BigInt(DTYPE_BYTES[type.dtype]));
  const bytes = bytesOf(data, needed);
  if (!bytes) return undefined;
  return { kind: 'array', dtype: type.dtype, shape, fortran, bytes: type.swapped ? swapped(bytes, DTYPE_BYTES[type.dtype]) : bytes };
}

/** Returns bytes. Python 2 wrote them as text, with one character per byte. */
function bytesOf(data: Pickled | undefined, needed: bigint): Uint8Array | undefined {
  if (data instanceof Uint8Array) return BigInt(data.length) === needed ? data : undefined;
  if (typeof data !== 'string') return undefined;
  // such text was decoded as UTF-8 if it happened to be valid UTF-8
  return [latin1Bytes(data), new TextEncoder().encode(data)].find(bytes => bytes && BigInt(bytes.length) === needed);
}

/** dtype('f4', False, True) with the state (3, '<', …). */
function typeOf(descr: Pickled | undefined): { dtype: DType; swapped: boolean } | undefined {
  if (!isRef(descr, 'object') || descr.name !== 'numpy.dtype' || typeof descr.args[0] !== 'string') return undefined;
  const dtype = DTYPES[descr.args[0].replace(/^[<>=|]/, '')];
  const order = Array.isArray(descr.state) && isCount(descr.state[0]) ? descr.state[1] : descr.args[0][0];
  return dtype && { dtype, swapped: order === '>' };
}

function swapped(bytes: Uint8Array, width: number): Uint8Array {
  const out = new Uint8Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) out[i] = bytes[i - (i % width) + (width - 1 - (i % width))];
  return out;
}

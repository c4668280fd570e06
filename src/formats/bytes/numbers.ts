import { RnnError } from '../../errors.js';
import { rowPieces } from '../../tensor/lazy.js';
import { type FloatArray, reshape, sizeOf } from '../../tensor/tensor.js';
import type { DType, FileTensor } from '../format.js';
import { type ByteSource, memorySource, piecesOf, readInto } from '../source.js';
import { DTYPE_BYTES, fitsFloat32 } from './budget.js';
import { bf16ToNumber, f16ToNumber, numberToBf16, numberToF16 } from './half.js';

const HOST_IS_LITTLE = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/**
 * Decodes `count` numbers of a dtype at `start` in `bytes`. The caller has checked that they are there and taken them out of its budget. The
 * result is always a copy: files may be unaligned, and pooled buffers are reused.
 * @throws RnnError E_INT_RANGE (format) for 64-bit integers that a double cannot hold
 */
export function decodeNumbers(bytes: Uint8Array, start: number, count: number, dtype: DType, littleEndian = true): FloatArray {
  return readNumbers(memorySource(bytes), start, count, dtype, littleEndian);
}

/** The same from a source, into `out` if given; read directly into the array if the bytes are in the machine's own format. */
export function readNumbers(
  source: ByteSource,
  start: number,
  count: number,
  dtype: DType,
  littleEndian = true,
  out: FloatArray = fitsFloat32(dtype) ? new Float32Array(count) : new Float64Array(count),
): FloatArray {
  if (littleEndian === HOST_IS_LITTLE && (dtype === 'f32' || dtype === 'f64')) {
    readInto(source, start, new Uint8Array(out.buffer, out.byteOffset, out.byteLength)); // bit for bit, so NaN payloads survive
    return out;
  }
  let done = 0;
  for (const piece of piecesOf(source, start, start + count * DTYPE_BYTES[dtype])) {
    const view = new DataView(piece.buffer, piece.byteOffset, piece.byteLength);
    const some = piece.length / DTYPE_BYTES[dtype];
    READ[dtype](view, out.subarray(done, done + some), littleEndian, done);
    done += some;
  }
  return out;
}

/** The same without a copy if the bytes are in the machine's own format; they must then not change while the numbers are used. */
export function viewNumbers(bytes: Uint8Array, count: number, dtype: DType, littleEndian = true): FloatArray {
  const asTheyAre = littleEndian === HOST_IS_LITTLE && bytes.byteOffset % DTYPE_BYTES[dtype] === 0;
  if (asTheyAre && dtype === 'f32') return new Float32Array(bytes.buffer, bytes.byteOffset, count);
  if (asTheyAre && dtype === 'f64') return new Float64Array(bytes.buffer, bytes.byteOffset, count);
  return decodeNumbers(bytes, 0, count, dtype, littleEndian);
}

/** @param before elements of the tensor before these */
type Read = (view: DataView, out: FloatArray, little: boolean, before: number) => void;

function each(width: number, get: (view: DataView, at: number, little: boolean, before: number) => number): Read {
  return (view, out, little, before) => {
    for (let i = 0; i < out.length; i++) out[i] = get(view, i * width, little, before);
  };
}

const READ: Readonly<Record<DType, Read>> = {
  bool: each(1, (v, at) => (v.getUint8(at) ? 1 : 0)),
  u8: each(1, (v, at) => v.getUint8(at)),
  i8: each(1, (v, at) => v.getInt8(at)),
  u16: each(2, (v, at, little) => v.getUint16(at, little)),
  i16: each(2, (v, at, little) => v.getInt16(at, little)),
  u32: each(4, (v, at, little) => v.getUint32(at, little)),
  i32: each(4, (v, at, little) => v.getInt32(at, little)),
  u64: each(8, (v, at, little, before) => exact(v.getBigUint64(at, little), before + at / 8)),
  i64: each(8, (v, at, little, before) => exact(v.getBigInt64(at, little), before + at / 8)),
  f16: each(2, (v, at, little) => f16ToNumber(v.getUint16(at, little))),
  bf16: each(2, (v, at, little) => bf16ToNumber(v.getUint16(at, little))),
  f32: each(4, (v, at, little) => v.getFloat32(at, little)),
  f64: each(8, (v, at, little) => v.getFloat64(at, little)),
};

function exact(n: bigint, element: number): number {
  const x = Number(n);
  if (Number.isSafeInteger(x)) return x;
  throw new RnnError('format', 'E_INT_RANGE', `element ${element} is the 64-bit integer ${n}, which a double cannot hold exactly`, {
    expected: 'integers between -(2^53 - 1) and 2^53 - 1',
    found: String(n),
    fix: 'save the array as float64',
  });
}

// biome-ignore format: a table
const INT_RANGE: Partial<Record<DType, readonly [number, number]>> = {
  bool: [0, 1], u8: [0, 255], i8: [-128, 127], u16: [0, 65535], i16: [-32768, 32767], u32: [0, 2 ** 32 - 1],
  i32: [-(2 ** 31), 2 ** 31 - 1], u64: [0, Number.MAX_SAFE_INTEGER], i64: [-Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
};

/**
 * The bytes of these numbers, little-endian. Floats are rounded to the nearest value of the dtype; integers must be whole and in range.
 * @throws RnnError E_WRITE_RANGE (format)
 */
export function encodeNumbers(data: FloatArray, dtype: DType): Uint8Array {
  const own = ownBytes(data, dtype);
  if (own) return own.slice();
  const range = INT_RANGE[dtype];
  if (range) checkIntegers(data, dtype, range);
  const out = new Uint8Array(data.length * DTYPE_BYTES[dtype]);
  const view = new DataView(out.buffer);
  const set = WRITE[dtype];
  for (let i = 0; i < data.length; i++) set(view, i * DTYPE_BYTES[dtype], data[i]);
  return out;
}

/** Joins pieces into one array. */
export async function joined(pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const copies: Uint8Array[] = [];
  for await (const piece of pieces) copies.push(piece.slice());
  return Buffer.concat(copies);
}

/** Encodes a tensor some rows at a time; each piece is valid until the next. */
export function* encodedPieces(t: FileTensor, dtype = t.dtype): Generator<Uint8Array> {
  const width = t.shape.at(-1) ?? 1;
  // rows of the last axis, since the first one may be a single direction
  const rows = t.shape.length > 2 && width > 0 ? reshape(t, [sizeOf(t.shape) / width, width]) : t;
  for (const { numbers } of rowPieces(rows)) yield ownBytes(numbers, dtype) ?? encodeNumbers(numbers, dtype);
}

/** Encodes numbers without a copy if `data` already has those bytes; they then change with it. */
export function viewBytes(data: FloatArray, dtype: 'f32' | 'f64'): Uint8Array {
  return ownBytes(data, dtype) ?? encodeNumbers(data, dtype);
}

function ownBytes(data: FloatArray, dtype: DType): Uint8Array | undefined {
  const same = (dtype === 'f32' && data instanceof Float32Array) || (dtype === 'f64' && data instanceof Float64Array);
  return HOST_IS_LITTLE && same ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : undefined;
}

function checkIntegers(data: FloatArray, dtype: DType, [least, most]: readonly [number, number]): void {
  for (let i = 0; i < data.length; i++) {
    if (Number.isInteger(data[i]) && data[i] >= least && data[i] <= most) continue;
    throw new RnnError('format', 'E_WRITE_RANGE', `element ${i} is ${data[i]}, which ${dtype} cannot hold`, {
      expected: `whole numbers ${least} to ${most}`,
    });
  }
}

const WRITE: Readonly<Record<DType, (view: DataView, at: number, x: number) => void>> = {
  bool: (v, at, x) => v.setUint8(at, x),
  u8: (v, at, x) => v.setUint8(at, x),
  i8: (v, at, x) => v.setInt8(at, x),
  u16: (v, at, x) => v.setUint16(at, x, true),
  i16: (v, at, x) => v.setInt16(at, x, true),
  u32: (v, at, x) => v.setUint32(at, x, true),
  i32: (v, at, x) => v.setInt32(at, x, true),
  u64: (v, at, x) => v.setBigUint64(at, BigInt(x), true),
  i64: (v, at, x) => v.setBigInt64(at, BigInt(x), true),
  f16: (v, at, x) => v.setUint16(at, numberToF16(x), true),
  bf16: (v, at, x) => v.setUint16(at, numberToBf16(x), true),
  f32: (v, at, x) => v.setFloat32(at, x, true),
  f64: (v, at, x) => v.setFloat64(at, x, true),
};

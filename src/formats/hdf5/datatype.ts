import type { ByteReader } from '../bytes/reader.js';
import type { DType } from '../format.js';
import { type Hdf5, h5Error } from './file.js';
import { bodyOf, findMessage, MESSAGE, type Message, readMessages } from './objectHeader.js';

/** The type of an element. `size` is in bytes. */
export type H5Type =
  | { readonly kind: 'number'; readonly dtype: DType; readonly littleEndian: boolean; readonly size: number }
  | { readonly kind: 'string'; readonly size: number }
  /** a string in the global heap: length, address, index */
  | { readonly kind: 'heapString'; readonly size: number }
  | { readonly kind: 'other'; readonly name: string; readonly size: number };

export type NumberType = Extract<H5Type, { kind: 'number' }>;

// biome-ignore format: a table
const CLASSES = [
  'integer', 'float', 'time', 'string', 'bitfield', 'opaque', 'compound', 'reference', 'enumeration', 'variable-length', 'array',
];

/** The floats that are read: size in bytes, exponent bits, mantissa bits, bias. */
const FLOATS: readonly {
  readonly dtype: DType;
  readonly size: number;
  readonly exponent: number;
  readonly mantissa: number;
  readonly bias: number;
}[] = [
  { dtype: 'f16', size: 2, exponent: 5, mantissa: 10, bias: 15 },
  { dtype: 'bf16', size: 2, exponent: 8, mantissa: 7, bias: 127 },
  { dtype: 'f32', size: 4, exponent: 8, mantissa: 23, bias: 127 },
  { dtype: 'f64', size: 8, exponent: 11, mantissa: 52, bias: 1023 },
];

/** The datatype of a message, which may be a committed type elsewhere in the file. @throws RnnError E_H5_TYPE (format) */
export function readTypeMessage(file: Hdf5, message: Message): H5Type {
  return message.shared ? readSharedType(file, bodyOf(message)) : readType(bodyOf(message));
}

/** A reference to a committed datatype (IV.A.2, shared messages). */
export function readSharedType(file: Hdf5, body: ByteReader): H5Type {
  const version = body.u8('shared message version');
  const type = body.u8('shared message type');
  if (version === 1) body.take(6, 'shared message');
  if (version < 1 || version > 3 || (version === 3 && type !== 2))
    throw h5Error('E_H5_TYPE', `offset ${body.offset}: a datatype kept in a shared heap is not read`);
  const message = findMessage(readMessages(file, body.u64('shared message address')), MESSAGE.datatype);
  if (!message || message.shared)
    throw h5Error('E_H5_TYPE', `offset ${body.offset - 8}: a shared datatype points to an object that is not a datatype`);
  return readType(bodyOf(message));
}

/** IV.A.2.d. The datatype message. */
export function readType(body: ByteReader): H5Type {
  const offset = body.offset;
  const classAndVersion = body.u8('datatype');
  const bits = [body.u8('datatype'), body.u8('datatype'), body.u8('datatype')];
  const size = body.u32('datatype size');
  const className = CLASSES[classAndVersion & 15] ?? `class ${classAndVersion & 15}`;
  const version = classAndVersion >> 4;
  if (version < 1 || version > 4) throw h5Error('E_H5_TYPE', `offset ${offset}: datatype version ${version}`);
  switch (className) {
    case 'integer':
      return integerType(body, bits[0], size);
    case 'float':
      return floatType(body, bits, size);
    case 'string':
      return { kind: 'string', size };
    case 'variable-length':
      return (bits[0] & 15) === 1 && size === 16 ? { kind: 'heapString', size } : { kind: 'other', name: 'variable-length rows', size };
    case 'enumeration': {
      const base = readType(body);
      const members = bits[0] | (bits[1] << 8);
      // h5py stores a bool as an enumeration of two values over a byte
      if (base.kind === 'number' && base.dtype === 'i8' && members === 2) return { ...base, dtype: 'bool' };
      return base.kind === 'number' && base.size === size ? base : { kind: 'other', name: 'enumeration', size };
    }
  }
  return { kind: 'other', name: className, size };
}

function integerType(body: ByteReader, bits: number, size: number): H5Type {
  const bitOffset = body.u16('bit offset');
  const precision = body.u16('bit precision');
  const dtype = `${bits & 8 ? 'i' : 'u'}${size * 8}` as DType;
  if (![1, 2, 4, 8].includes(size) || bitOffset !== 0 || precision !== size * 8)
    return { kind: 'other', name: `integer of ${precision} bits`, size };
  return { kind: 'number', dtype, littleEndian: (bits & 1) === 0, size };
}

function floatType(body: ByteReader, bits: readonly number[], size: number): H5Type {
  const bitOffset = body.u16('bit offset');
  const precision = body.u16('bit precision');
  const exponentAt = body.u8('exponent position');
  const exponent = body.u8('exponent size');
  const mantissaAt = body.u8('mantissa position');
  const mantissa = body.u8('mantissa size');
  const bias = body.u32('exponent bias');
  const found = FLOATS.find(f => f.size === size && f.exponent === exponent && f.mantissa === mantissa && f.bias === bias);
  const ieee =
    bitOffset === 0 &&
    precision === size * 8 &&
    mantissaAt === 0 &&
    exponentAt === mantissa &&
    bits[1] === size * 8 - 1 &&
    (bits[0] & 0x7e) === 0x20;
  if (!found || !ieee) return { kind: 'other', name: `float of ${precision} bits`, size };
  return { kind: 'number', dtype: found.dtype, littleEndian: (bits[0] & 1) === 0, size };
}

/** IV.A.2.b. The dataspace: dimensions, or undefined for the null space, which has no elements. */
export function readSpace(body: ByteReader): bigint[] | undefined {
  const offset = body.offset;
  const version = body.u8('dataspace version');
  const rank = body.u8('rank');
  body.u8('flags');
  const type = body.u8('dataspace type');
  if (version === 1) body.take(4, 'dataspace');
  else if (version !== 2) throw h5Error('E_H5_SPACE', `offset ${offset}: dataspace version ${version}`);
  if (version === 2 && type === 2) return undefined;
  return Array.from({ length: rank }, () => body.u64('dimension'));
}

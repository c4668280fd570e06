import { ByteReader } from '../../../src/formats/bytes/reader.js';
import { readSharedType, readSpace, readType, readTypeMessage } from '../../../src/formats/hdf5/datatype.js';
import { BASE, FLOAT32, header1, INT8, Layout, space, typeHead } from '../../helpers/hdf5Bytes.js';
import { cat, patched, u16, u32, u64 } from '../../helpers/hostile/bytes.js';
import { fieldsOf, said } from '../../helpers/said.js';

const reader = (bytes: Uint8Array) => new ByteReader(new Uint8Array(bytes), 'E_H5_SHORT', 100);
const type = (bytes: Uint8Array) => readType(reader(bytes));
const number = (dtype: string, size: number, littleEndian = true) => ({ kind: 'number', dtype, littleEndian, size });
const other = (name: string, size: number) => ({ kind: 'other', name, size });

const integer = (size: number, bits: number, bitOffset = 0, precision = 8 * size) =>
  cat(typeHead(0, size, [bits, 0, 0]), u16(bitOffset), u16(precision));

/** exponent and mantissa bits, bias */
const float = (size: number, exponent: number, mantissa: number, bias: number, order = 0) =>
  cat(typeHead(1, size, [0x20 | order, 8 * size - 1, 0]), u16(0), u16(8 * size), Uint8Array.of(mantissa, exponent, 0, mantissa), u32(bias));

describe('the datatype message', () => {
  it.each([
    [1, 8],
    [2, 16],
    [4, 32],
    [8, 64],
  ])('reads integers of %i bytes, signed or not, in either byte order', (size, bits) => {
    expect([0, 1, 8, 9].map(flags => type(integer(size, flags)))).toEqual([
      number(`u${bits}`, size),
      number(`u${bits}`, size, false),
      number(`i${bits}`, size),
      number(`i${bits}`, size, false),
    ]);
  });

  it.each([
    [integer(3, 0), other('integer of 24 bits', 3)],
    [integer(4, 0, 1), other('integer of 32 bits', 4)],
    [integer(4, 0, 0, 31), other('integer of 31 bits', 4)],
    [integer(16, 0), other('integer of 128 bits', 16)],
  ])('knows no integers with padding or of other sizes', (bytes, expected) => expect(type(bytes)).toEqual(expected));

  it.each([
    ['f16', 2, 5, 10, 15],
    ['bf16', 2, 8, 7, 127],
    ['f32', 4, 8, 23, 127],
    ['f64', 8, 11, 52, 1023],
  ])('reads %s, in either byte order', (dtype, size, exponent, mantissa, bias) => {
    expect(type(float(size, exponent, mantissa, bias))).toEqual(number(dtype, size));
    expect(type(float(size, exponent, mantissa, bias, 1))).toEqual(number(dtype, size, false));
  });

  // one field of an IEEE float32 at a time: where it stands, and another value of it
  it.each<[string, number, number[], string]>([
    ['padding above', 1, [0x28], 'float of 32 bits'],
    ['VAX byte order', 1, [0x60], 'float of 32 bits'],
    ['padding below', 1, [0x22], 'float of 32 bits'],
    ['inner padding', 1, [0x24], 'float of 32 bits'],
    ['no implied one', 1, [0x00], 'float of 32 bits'],
    ['the sign elsewhere', 2, [30], 'float of 32 bits'],
    ['a bit offset', 8, [1], 'float of 32 bits'],
    ['fewer bits', 10, [31], 'float of 31 bits'],
    ['the exponent elsewhere', 12, [22], 'float of 32 bits'],
    ['a smaller exponent', 13, [7], 'float of 32 bits'],
    ['the mantissa elsewhere', 14, [1], 'float of 32 bits'],
    ['a smaller mantissa', 15, [22], 'float of 32 bits'],
    ['another bias', 16, [126], 'float of 32 bits'],
    ['half the bytes', 4, [2], 'float of 32 bits'],
  ])('knows no float32 with %s', (_, at, bytes, name) => {
    expect(type(FLOAT32)).toEqual(number('f32', 4));
    expect(type(patched(FLOAT32, at, Uint8Array.of(...bytes)))).toEqual(other(name, at === 4 ? 2 : 4));
  });

  it('knows no float16 of four bytes, nor one with a bit less', () => {
    expect(type(float(4, 5, 10, 15))).toEqual(other('float of 32 bits', 4));
    expect(type(float(2, 5, 9, 15))).toEqual(other('float of 16 bits', 2));
  });

  it('names the classes it does not read', () => {
    expect([2, 4, 5, 6, 7, 10, 11, 15].map(kind => type(typeHead(kind, 12)))).toEqual(
      ['time', 'bitfield', 'opaque', 'compound', 'reference', 'array', 'class 11', 'class 15'].map(name => other(name, 12)),
    );
  });

  it('reads strings of fixed and of variable length', () => {
    expect(type(typeHead(3, 20))).toEqual({ kind: 'string', size: 20 });
    expect(type(typeHead(9, 16, [0x11, 1, 0]))).toEqual({ kind: 'heapString', size: 16 });
    expect(type(typeHead(9, 16, [0, 0, 0]))).toEqual(other('variable-length rows', 16));
    expect(type(typeHead(9, 12, [1, 0, 0]))).toEqual(other('variable-length rows', 12));
  });

  it.each([
    ['two names over a signed byte are a bool', cat(typeHead(8, 1, [2, 0, 0]), INT8), number('bool', 1)],
    ['three are numbers', cat(typeHead(8, 1, [3, 0, 0]), INT8), number('i8', 1)],
    ['so are 258', cat(typeHead(8, 1, [2, 1, 0]), INT8), number('i8', 1)],
    ['and two over an unsigned byte', cat(typeHead(8, 1, [2, 0, 0]), integer(1, 0)), number('u8', 1)],
    ['over a type of another size they are not', cat(typeHead(8, 2, [3, 0, 0]), INT8), other('enumeration', 2)],
    ['nor over strings', cat(typeHead(8, 4, [2, 0, 0]), typeHead(3, 4)), other('enumeration', 4)],
    ['nor over a time', cat(typeHead(8, 4, [2, 0, 0]), typeHead(2, 4)), other('enumeration', 4)],
  ])('enumerations: %s', (_, bytes, expected) => expect(type(bytes)).toEqual(expected));

  it('reads versions 1 to 4', () => {
    expect([1, 2, 3, 4].map(version => type(typeHead(3, 5, [0, 0, 0], version)))).toEqual(Array(4).fill({ kind: 'string', size: 5 }));
    expect([0, 5, 15].map(version => said(() => type(typeHead(3, 5, [0, 0, 0], version))))).toEqual([
      'E_H5_TYPE offset 100: datatype version 0',
      'E_H5_TYPE offset 100: datatype version 5',
      'E_H5_TYPE offset 100: datatype version 15',
    ]);
  });

  it('names the field that is cut off', () => {
    const head = ['100: 1 datatype', '101: 1 datatype', '102: 1 datatype', '103: 1 datatype', '104: 4 datatype size'];
    const bits = ['108: 2 bit offset', '110: 2 bit precision'];
    expect(fieldsOf(INT8, type)).toEqual([...head, ...bits]);
    expect(fieldsOf(FLOAT32, type)).toEqual([
      ...head,
      ...bits,
      '112: 1 exponent position',
      '113: 1 exponent size',
      '114: 1 mantissa position',
      '115: 1 mantissa size',
      '116: 4 exponent bias',
    ]);
  });
});

describe('a datatype of an object of its own', () => {
  const layout = new Layout();
  layout.put(Buffer.alloc(24));
  const named = layout.put(header1([{ type: 3, body: INT8 }]));
  const none = layout.put(header1([{ type: 1, body: space(2) }]));
  const again = layout.put(header1([{ type: 3, body: cat(Uint8Array.of(2, 0), u64(named)), flags: 2 }]));
  const file = layout.file();
  const shared = (version: number, kind: number, address: number) =>
    cat(Uint8Array.of(version, kind), Buffer.alloc(version === 1 ? 6 : 0), u64(address));
  const read = (bytes: Uint8Array) => readSharedType(file, reader(bytes));

  it('is found by its address, in versions 1 to 3', () => {
    expect([shared(1, 0, named), shared(2, 0, named), shared(3, 2, named)].map(read)).toEqual(Array(3).fill(number('i8', 1)));
    const message = (isShared: boolean, body: Uint8Array) => ({ type: 3, shared: isShared, body: reader(body) });
    expect(readTypeMessage(file, message(true, shared(2, 0, named)))).toEqual(number('i8', 1));
    expect(readTypeMessage(file, message(false, FLOAT32))).toEqual(number('f32', 4));
  });

  it.each([
    [shared(0, 0, named), 'offset 102: a datatype kept in a shared heap is not read'],
    [shared(4, 2, named), 'offset 102: a datatype kept in a shared heap is not read'],
    [shared(3, 1, named), 'offset 102: a datatype kept in a shared heap is not read'],
    [shared(2, 0, none), 'offset 102: a shared datatype points to an object that is not a datatype'],
    [shared(2, 0, again), 'offset 102: a shared datatype points to an object that is not a datatype'],
  ])('is refused where it is none (%#)', (bytes, message) => expect(said(() => read(bytes))).toBe(`E_H5_TYPE ${message}`));

  it('names the field that is cut off', () => {
    expect(fieldsOf(shared(1, 0, named), read)).toEqual([
      '100: 1 shared message version',
      '101: 1 shared message type',
      '102: 6 shared message',
      '108: 8 shared message address',
    ]);
    expect(BASE).toBeGreaterThan(0);
  });
});

describe('the dataspace message', () => {
  const read = (bytes: Uint8Array) => readSpace(reader(bytes));

  it('has its dimensions, in versions 1 and 2; none for a scalar', () => {
    expect(read(space(2, 3, 2 ** 40))).toEqual([2n, 3n, 2n ** 40n]);
    expect(read(cat(Uint8Array.of(2, 2, 0, 1), u64(4), u64(5)))).toEqual([4n, 5n]);
    expect(read(cat(Uint8Array.of(2, 0, 0, 0)))).toEqual([]);
  });

  it('is undefined for the null space, which version 1 does not have', () => {
    expect(read(Uint8Array.of(2, 0, 0, 2))).toBeUndefined();
    expect(read(cat(Uint8Array.of(1, 1, 0, 2), u32(0), u64(7)))).toEqual([7n]);
  });

  it.each([0, 3, 255])('version %i is refused', version =>
    expect(said(() => read(cat(Uint8Array.of(version, 0, 0, 0), u32(0))))).toBe(`E_H5_SPACE offset 100: dataspace version ${version}`),
  );

  it('names the field that is cut off', () =>
    expect(fieldsOf(space(2, 3), read)).toEqual([
      '100: 1 dataspace version',
      '101: 1 rank',
      '102: 1 flags',
      '103: 1 dataspace type',
      '104: 4 dataspace',
      '108: 8 dimension',
      '116: 8 dimension',
    ]));
});

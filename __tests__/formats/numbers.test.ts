import { crc32, crc32ByTable } from '../../src/formats/bytes/crc32.js';
import { bf16ToNumber, f16ToNumber, numberToBf16, numberToF16 } from '../../src/formats/bytes/half.js';
import { decodeNumbers, encodeNumbers } from '../../src/formats/bytes/numbers.js';
import type { DType } from '../../src/formats/format.js';

const same = (a: number, b: number) => Object.is(a, b);

describe('16-bit floats', () => {
  it('every f16 that is a number comes back as its own bits', () => {
    const wrong: number[] = [];
    for (let bits = 0; bits < 65536; bits++) {
      const x = f16ToNumber(bits);
      if (!Number.isNaN(x) && numberToF16(x) !== bits) wrong.push(bits);
      if (Number.isNaN(x) && ((bits & 0x7c00) !== 0x7c00 || (bits & 1023) === 0)) wrong.push(bits);
    }
    expect(wrong).toEqual([]);
  });

  it('every bf16 that is a number comes back as its own bits', () => {
    const wrong: number[] = [];
    for (let bits = 0; bits < 65536; bits++) {
      const x = bf16ToNumber(bits);
      if (!Number.isNaN(x) && numberToBf16(x) !== bits) wrong.push(bits);
      if (Number.isNaN(x) && ((bits & 0x7f80) !== 0x7f80 || (bits & 127) === 0)) wrong.push(bits);
    }
    expect(wrong).toEqual([]);
  });

  it('has the f16 values of IEEE 754', () => {
    const known: [number, number][] = [
      [0x0001, 2 ** -24],
      [0x03ff, 0.00006097555160522461],
      [0x0400, 0.00006103515625],
      [0x3555, 0.333251953125],
      [0x3c00, 1],
      [0x7bff, 65504],
      [0x7c00, Number.POSITIVE_INFINITY],
      [0x8000, -0],
      [0xc000, -2],
    ];
    for (const [bits, x] of known) expect([bits, f16ToNumber(bits)]).toEqual([bits, x]);
  });

  it('rounds to nearest, ties to even, once', () => {
    const step = 2 ** -10;
    expect(numberToF16(1 + step / 2)).toBe(0x3c00);
    expect(numberToF16(1 + step + step / 2)).toBe(0x3c02);
    expect(numberToF16(1 + step / 2 + 2 ** -40)).toBe(0x3c01); // by way of float32 this would be a tie and go down
    expect(numberToF16(65519.99)).toBe(0x7bff);
    expect(numberToF16(65520)).toBe(0x7c00);
    expect(numberToF16(2 ** -25)).toBe(0);
    expect(numberToF16(2 ** -25 * 1.0001)).toBe(1);
    expect(numberToF16(-1e300)).toBe(0xfc00);
    expect(numberToF16(Number.NaN)).toBe(0x7e00);
    expect(numberToBf16(Number.NaN)).toBe(0x7fc0);
    expect(numberToBf16(3.4e38)).toBe(0x7f80);
    expect(numberToBf16(1 + 2 ** -8)).toBe(0x3f80);
    expect(numberToBf16(1 + 3 * 2 ** -8)).toBe(0x3f82);
  });
});

describe('numbers as bytes', () => {
  const samples: [DType, number[], number[]][] = [
    ['i8', [-128, 127], [0x80, 0x7f]],
    ['u16', [0x1234], [0x34, 0x12]],
    ['i16', [-2], [0xfe, 0xff]],
    ['u32', [0x12345678], [0x78, 0x56, 0x34, 0x12]],
    ['i32', [-1], [255, 255, 255, 255]],
    ['i64', [-(2 ** 53) + 1], [1, 0, 0, 0, 0, 0, 0xe0, 0xff]],
    ['u64', [2 ** 40 + 3], [3, 0, 0, 0, 0, 1, 0, 0]],
    ['f16', [-2], [0, 0xc0]],
    ['bf16', [1], [0x80, 0x3f]],
    ['f32', [1], [0, 0, 0x80, 0x3f]],
    ['f64', [-0], [0, 0, 0, 0, 0, 0, 0, 0x80]],
    ['bool', [1, 0], [1, 0]],
  ];
  it.each(samples)('%s %j is %j, both ways, both byte orders', (dtype, values, bytes) => {
    expect([...encodeNumbers(Float64Array.from(values), dtype)]).toEqual(bytes);
    const big = bytes.length > values.length ? [...bytes].reverse() : bytes;
    for (const [b, little] of [
      [bytes, true],
      [big, false],
    ] as const) {
      const shifted = new Uint8Array([9, ...b]); // at an odd address
      const back = decodeNumbers(shifted, 1, values.length, dtype, little);
      expect(Array.from(back).every((x, i) => same(x, values[i]))).toBe(true);
    }
  });

  it('keeps the bits of a NaN in float32 and float64', () => {
    const bytes = new Uint8Array([0x34, 0x12, 0xa0, 0x7f]);
    expect([...encodeNumbers(decodeNumbers(bytes, 0, 1, 'f32'), 'f32')]).toEqual([...bytes]);
  });

  it('refuses 64-bit integers beyond a double, by name', () => {
    const bytes = new Uint8Array(16).fill(255);
    expect(() => decodeNumbers(bytes, 0, 2, 'u64')).toThrow('element 0 is the 64-bit integer 18446744073709551615');
  });

  it('counts crc32 the same with and without the native function', () => {
    expect(crc32ByTable(new TextEncoder().encode('123456789'))).toBe(0xcbf43926);
    const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => (i * 31) & 255);
    expect(crc32(bytes)).toBe(crc32ByTable(bytes));
    const [start, end] = [bytes.subarray(0, 1000), bytes.subarray(1000)];
    expect(crc32(end, crc32(start))).toBe(crc32ByTable(bytes));
  });
});

import {
  checkInflated,
  checkName,
  checkRatio,
  checkShape,
  DTYPE_BYTES,
  fitsFloat32,
  newBudget,
  reserve,
} from '../../src/formats/bytes/budget.js';
import { decodeNumbers, encodeNumbers, viewBytes, viewNumbers } from '../../src/formats/bytes/numbers.js';
import { formatNumber, losesDigits, parseDecimal, parseSpecial } from '../../src/formats/bytes/numberText.js';
import { ByteReader } from '../../src/formats/bytes/reader.js';
import { gatherStrided, isRowMajor } from '../../src/formats/bytes/strided.js';
import { decodeText, decodeUtf8 } from '../../src/formats/bytes/utf8.js';
import { DEFAULT_LIMITS, type DType } from '../../src/formats/format.js';
import { cat, f32, u64 } from '../helpers/hostile/bytes.js';
import { said } from '../helpers/said.js';

const WIDTHS: Readonly<Record<DType, number>> = {
  bool: 1,
  u8: 1,
  i8: 1,
  u16: 2,
  i16: 2,
  u32: 4,
  i32: 4,
  u64: 8,
  i64: 8,
  f16: 2,
  bf16: 2,
  f32: 4,
  f64: 8,
};
const DTYPES = Object.keys(WIDTHS) as DType[];
const WIDE: readonly DType[] = ['u32', 'i32', 'u64', 'i64', 'f64'];

describe('the budget of a file', () => {
  it.each(DTYPES)('a tensor of %s takes 4 bytes a number in memory, or 8 where float32 does not hold it', dtype => {
    expect([DTYPE_BYTES[dtype], fitsFloat32(dtype)]).toEqual([WIDTHS[dtype], !WIDE.includes(dtype)]);
    const bytes = WIDE.includes(dtype) ? 8 : 4;
    const budget = newBudget({ ...DEFAULT_LIMITS, totalBytes: 3 * bytes });
    reserve(budget, 1n, dtype);
    reserve(budget, 2n, dtype);
    expect([budget.tensors, budget.bytes]).toEqual([2, BigInt(3 * bytes)]);
    expect(said(() => reserve(budget, 1n, dtype))).toBe(
      `(limit) E_LIMIT_BYTES the tensors need at least ${4 * bytes} bytes of memory; the limit is ${3 * bytes} | expected: at most ${3 * bytes} bytes | found: ${4 * bytes} bytes | fix: raise it with --max-memory if the machine has room`,
    );
  });

  it('counts tensors', () => {
    const budget = newBudget({ ...DEFAULT_LIMITS, tensors: 1 });
    reserve(budget, 0n, 'f32');
    expect(said(() => reserve(budget, 0n, 'f32'))).toBe(
      '(limit) E_LIMIT_TENSORS at least 2 tensors in one file; the limit is 1 | expected: at most 1 | fix: if you trust the file, raise it with --max-tensors',
    );
  });

  it('has names of so many bytes', () => {
    const limits = { ...DEFAULT_LIMITS, nameBytes: 4 };
    for (const name of ['', 'abcd', 'éé']) checkName(name, 'tensor', limits);
    expect(said(() => checkName('ééa', 'tensor', limits))).toBe(
      "(limit) E_LIMIT_NAME the tensor name 'ééa' has 5 bytes; the limit is 4 | expected: at most 4 bytes | found: 5 bytes | fix: if you trust the file, add --max-name 5",
    );
    expect(said(() => checkName('a\0b', 'member', limits))).toBe("E_NAME the member name 'a\\u0000b' has a NUL character");
  });

  it('has shapes of whole numbers, their product exact', () => {
    const limits = { ...DEFAULT_LIMITS, rank: 3, dimension: 2 ** 40 };
    expect([[], [0], [7], [2, 3n, 4], [2 ** 40, 2 ** 40, 2n ** 40n]].map(shape => checkShape(shape, limits))).toEqual([
      1n,
      0n,
      7n,
      24n,
      2n ** 120n,
    ]);
    const refused = (...shape: (number | bigint)[]) => said(() => checkShape(shape, limits));
    expect(refused(1, 1, 1, 1)).toMatch(
      /^\(limit\) E_LIMIT_RANK a tensor of 4 dimensions; the limit is 3 \| expected: at most 3 \| found: 4 /,
    );
    expect(refused(2, 1.5)).toBe('E_SHAPE_VALUE the shape has 1.5, which is not a whole number');
    expect(refused(2, -1)).toBe('E_SHAPE_VALUE the shape [2, -1] has a negative dimension');
    expect(refused(2, -1n)).toBe('E_SHAPE_VALUE the shape [2, -1] has a negative dimension');
    expect(refused(2, 2n ** 40n + 1n)).toMatch(
      /^\(limit\) E_LIMIT_DIMENSION the shape \[2, 1099511627777\] has a dimension of 1099511627777; the limit is 1099511627776 \| expected: at most 1099511627776 \| found: 1099511627777 /,
    );
  });

  it('bounds what inflates', () => {
    const limits = { ...DEFAULT_LIMITS, ratio: 10, inflatedBytes: 100 };
    checkRatio(limits, 'E_X', 'here', 3, 30);
    checkRatio(limits, 'E_X', 'here', 0, 30);
    expect(said(() => checkRatio(limits, 'E_X', 'here', 3, 31, 'there'))).toMatch(
      /^\(limit\) E_X there: here: 3 bytes claim to hold 31, 1 to 11; the limit is 10 \| expected: at most 10 \| found: 11 /,
    );
    checkInflated(limits, 100);
    expect(said(() => checkInflated(limits, 101))).toBe(
      '(limit) E_LIMIT_INFLATED the file inflates to 101 bytes; the limit is 100 | expected: at most 100 bytes | found: 101 bytes | fix: if you trust the file, add --max-inflated 101',
    );
    expect(said(() => checkInflated(limits, 101, { at: 'here', where: 'there' }))).toBe(
      '(limit) E_LIMIT_INFLATED there: here: the file inflates to at least 101 bytes; the limit is 100 | expected: at most 100 bytes | fix: if you trust the file, raise it with --max-inflated',
    );
  });
});

// dtype, numbers, their little-endian bytes
const SAMPLES: readonly (readonly [DType, readonly number[], readonly number[]])[] = [
  ['bool', [1, 0], [1, 0]],
  ['u8', [0, 255], [0, 255]],
  ['i8', [-128, 127], [128, 127]],
  ['u16', [0, 65535, 258], [0, 0, 255, 255, 2, 1]],
  ['i16', [-32768, 32767], [0, 128, 255, 127]],
  ['u32', [2 ** 32 - 1, 16909060], [255, 255, 255, 255, 4, 3, 2, 1]],
  ['i32', [-(2 ** 31), 2 ** 31 - 1], [0, 0, 0, 128, 255, 255, 255, 127]],
  ['u64', [2 ** 53 - 1, 0], [255, 255, 255, 255, 255, 255, 31, 0, 0, 0, 0, 0, 0, 0, 0, 0]],
  ['i64', [-(2 ** 53) + 1, 2 ** 53 - 1], [1, 0, 0, 0, 0, 0, 0xe0, 255, 255, 255, 255, 255, 255, 255, 31, 0]],
  ['f16', [1.5, -2], [0, 0x3e, 0, 0xc0]],
  ['bf16', [1.5, -2], [0xc0, 0x3f, 0, 0xc0]],
  ['f32', [1.5, -2], [0, 0, 0xc0, 0x3f, 0, 0, 0, 0xc0]],
  ['f64', [1.5, -2], [0, 0, 0, 0, 0, 0, 0xf8, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0xc0]],
];

describe('numbers as bytes', () => {
  it.each(SAMPLES)('%s %j', (dtype, numbers, bytes) => {
    const own = WIDE.includes(dtype) ? Float64Array.from(numbers) : Float32Array.from(numbers);
    const width = WIDTHS[dtype];
    // not aligned, and something behind
    const file = Uint8Array.from([9, ...bytes, 9, 9, 9, 9, 9, 9, 9, 9]);
    const big = Uint8Array.from([9, ...numbers.flatMap((_, i) => bytes.slice(i * width, (i + 1) * width).reverse())]);
    expect(decodeNumbers(file, 1, numbers.length, dtype)).toEqual(own);
    expect(decodeNumbers(big, 1, numbers.length, dtype, false)).toEqual(own);
    for (const start of [0, 1]) {
      const view = new Uint8Array(16 + bytes.length);
      view.set(bytes, start);
      expect(viewNumbers(view.subarray(start, start + bytes.length), numbers.length, dtype)).toEqual(own);
      view.set(big.subarray(1), start);
      expect(viewNumbers(view.subarray(start, start + bytes.length), numbers.length, dtype, false)).toEqual(own);
    }
    for (const data of [Float64Array.from(numbers), Float32Array.from(numbers)])
      if (data.every((x, i) => x === numbers[i])) expect([dtype, Array.from(encodeNumbers(data, dtype))]).toEqual([dtype, bytes]);
  });

  it('are a view only where the bytes are what the machine computes with', () => {
    const buffer = new ArrayBuffer(64);
    const shares = (dtype: DType, offset: number, littleEndian = true) =>
      viewNumbers(new Uint8Array(buffer, offset, 16), 2, dtype, littleEndian).buffer === buffer;
    expect([shares('f32', 4), shares('f64', 8)]).toEqual([true, true]);
    expect([shares('f32', 2), shares('f64', 4), shares('f32', 4, false), shares('f64', 8, false), shares('u8', 0)]).toEqual(
      Array(5).fill(false),
    );
    expect(viewNumbers(new Uint8Array(buffer, 4, 16), 2, 'f32')).toHaveLength(2);
    expect(decodeNumbers(new Uint8Array(buffer), 0, 2, 'f32').buffer === buffer).toBe(false);
  });

  it('are a view of an array that has them, and else a copy', () => {
    const single = Float32Array.of(0, 1.5, -2).subarray(1);
    const double = Float64Array.of(0, 1.5, -2).subarray(1);
    expect([viewBytes(single, 'f32').buffer === single.buffer, viewBytes(double, 'f64').buffer === double.buffer]).toEqual([true, true]);
    expect([viewBytes(single, 'f64').buffer === single.buffer, viewBytes(double, 'f32').buffer === double.buffer]).toEqual([false, false]);
    expect([viewBytes(single, 'f32'), viewBytes(double, 'f32')].map(bytes => Array.from(bytes))).toEqual([
      [...f32(1.5, -2)],
      [...f32(1.5, -2)],
    ]);
    const written = encodeNumbers(single, 'f32');
    single[0] = 7;
    expect([written.buffer === single.buffer, Array.from(written)]).toEqual([false, [...f32(1.5, -2)]]);
  });

  const RANGES: readonly (readonly [DType, number, number])[] = [
    ['bool', 0, 1],
    ['u8', 0, 255],
    ['i8', -128, 127],
    ['u16', 0, 65535],
    ['i16', -32768, 32767],
    ['u32', 0, 4294967295],
    ['i32', -2147483648, 2147483647],
    ['u64', 0, 9007199254740991],
    ['i64', -9007199254740991, 9007199254740991],
  ];
  it.each(RANGES)('%s holds whole numbers from %i to %i', (dtype, least, most) => {
    encodeNumbers(Float64Array.of(least, most), dtype);
    for (const x of [least - 1, most + 1, least + 0.5, Number.NaN])
      if (x !== least && x !== least + 1)
        expect(said(() => encodeNumbers(Float64Array.of(least, x), dtype))).toBe(
          `E_WRITE_RANGE element 1 is ${x}, which ${dtype} cannot hold | expected: whole numbers ${least} to ${most}`,
        );
  });

  it('of 64 bits are exact or refused', () => {
    for (const [n, dtype] of [
      [2n ** 53n, 'u64'],
      [2n ** 64n - 1n, 'u64'],
      [-(2n ** 53n), 'i64'],
    ] as const)
      expect(said(() => decodeNumbers(new Uint8Array(cat(u64(1), u64(n))), 0, 2, dtype))).toBe(
        `E_INT_RANGE element 1 is the 64-bit integer ${n}, which a double cannot hold exactly | expected: integers between -(2^53 - 1) and 2^53 - 1 | found: ${n} | fix: save the array as float64`,
      );
  });

  it('booleans are whatever is not 0', () => {
    expect(Array.from(decodeNumbers(Uint8Array.of(0, 1, 2, 255), 0, 4, 'bool'))).toEqual([0, 1, 1, 1]);
  });
});

describe('text', () => {
  it('may begin with a byte order mark, and only there', () => {
    expect(decodeText(cat('\xef\xbb\xbfab'))).toBe('ab');
    expect(decodeText(cat('a\xef\xbb\xbfb'))).toBe('a\ufeffb');
    for (const start of ['\xef\xbb', '\xef\xbb\xbe', '\xef\xba\xbf', '\xee\xbb\xbf'])
      expect(said(() => decodeText(cat(start, 'ab'))) === 'nothing' ? decodeText(cat(start, 'ab')) : 'refused').not.toBe('ab');
    expect(decodeText(cat('\xee\xbb\xbf'))).toHaveLength(1);
    expect(decodeText(new Uint8Array(0))).toBe('');
  });

  it.each<[string, string]>([
    ['\xff\xfea\0', 'E_ENCODING offset 0: the text is UTF-16 | expected: UTF-8 | found: UTF-16 | fix: save the file as UTF-8'],
    ['\xfe\xff\0a', 'E_ENCODING offset 0: the text is UTF-16 | expected: UTF-8 | found: UTF-16 | fix: save the file as UTF-8'],
    ['\xff\xffa', 'E_ENCODING offset 0: not valid UTF-8 | expected: UTF-8 | fix: save the file as UTF-8'],
    ['\xfe\xfea', 'E_ENCODING offset 0: not valid UTF-8 | expected: UTF-8 | fix: save the file as UTF-8'],
    ['a\0b', 'E_ENCODING offset 1: a NUL byte: this is not a text file | expected: UTF-8 text | found: binary data'],
    ['\0', 'E_ENCODING offset 0: a NUL byte: this is not a text file | expected: UTF-8 text | found: binary data'],
    ['abc\xe4d', 'E_ENCODING offset 4: not valid UTF-8 | expected: UTF-8 | fix: save the file as UTF-8'],
    ['\xef\xbb\xbfabc\xe4d', 'E_ENCODING offset 7: not valid UTF-8 | expected: UTF-8 | fix: save the file as UTF-8'],
    ['\xc3\xa4\xc3\xa4\xc3', 'E_ENCODING offset 4: not valid UTF-8 | expected: UTF-8 | fix: save the file as UTF-8'],
  ])('%j is refused', (text, words) => expect(said(() => decodeText(cat(text)))).toBe(words));

  it('the first wrong byte is found wherever it stands', () => {
    for (let length = 1; length < 40; length++)
      for (let at = 0; at < length; at++) {
        const bytes = Buffer.alloc(length, 'x');
        bytes[at] = 0xff;
        expect(said(() => decodeUtf8(bytes, 100))).toMatch(new RegExp(`^E_ENCODING offset ${100 + at}: `));
      }
  });
});

describe('numerals', () => {
  it.each<[string, unknown]>([
    ['1', 1],
    ['-1.', -1],
    ['.25', 0.25],
    ['-.25e+2', -25],
    ['12.5E-1', 1.25],
    ['1e400', 'range'],
    ['-1e400', 'range'],
    ['9007199254740993', 'precision'],
    ['9007199254740992', 9007199254740992],
    ['9007199254740993.0', 9007199254740992],
    ['123456789012345680000', 123456789012345680000],
    ['123456789012345678901', 'precision'],
    ...['', '.', '-', 'e5', '1e', '+1', '1e5.5', '1.2.3', '0x10', ' 1', '1 ', '1a', '--1', 'nan'].map((text): [string, unknown] => [
      text,
      'syntax',
    ]),
  ])("'%s'", (text, value) => expect(parseDecimal(text)).toBe(value));

  it('of .25 and .123 have all their digits', () => {
    expect(['.1', '.12', '-.123', '1e12', '1e-123', '12e+1'].map(parseDecimal)).toEqual([0.1, 0.12, -0.123, 1e12, 1e-123, 120]);
  });

  it('that are no numbers have names', () => {
    const names = ['nan', 'NaN', 'inf', 'Infinity', 'INF', '-inf', '-Infinity', 'infinit', '', '-nan', '+inf', '1'];
    const [nan, inf] = [Number.NaN, Number.POSITIVE_INFINITY];
    expect(names.map(parseSpecial)).toEqual([nan, nan, inf, inf, inf, -inf, -inf, undefined, undefined, undefined, undefined, undefined]);
    expect([nan, inf, -inf].map(formatNumber)).toEqual(['NaN', 'Infinity', '-Infinity']);
  });

  it('are as short as they can be, and say no more than the double', () => {
    expect([0, -0, 1.5, 1e21, 2 ** 53, 2 ** 53 - 1, -(2 ** 60), 0.1, 5e-324].map(formatNumber)).toEqual([
      '0',
      '-0',
      '1.5',
      '1e+21',
      '9.007199254740992e+15',
      '9007199254740991',
      '-1.152921504606847e+18',
      '0.1',
      '5e-324',
    ]);
    expect(losesDigits('9007199254740991', 9007199254740991)).toBe(false);
    expect(losesDigits('9007199254740993', 9007199254740992)).toBe(true);
  });
});

describe('strides', () => {
  it('are those of C order where each is the product of the sizes behind it; an axis of 1 may have any', () => {
    expect(isRowMajor([2, 3], [3, 1])).toBe(true);
    expect(isRowMajor([2, 3, 4], [12, 4, 1])).toBe(true);
    expect(isRowMajor([1, 3], [77, 1])).toBe(true);
    expect(isRowMajor([2, 1, 3], [3, 99, 1])).toBe(true);
    expect(isRowMajor([], [])).toBe(true);
    expect([isRowMajor([2, 3], [1, 2]), isRowMajor([2, 3], [3, 2]), isRowMajor([2, 3], [4, 1]), isRowMajor([2], [2])]).toEqual(
      Array(4).fill(false),
    );
  });

  it('lead to the elements in C order', () => {
    const all = Float32Array.from({ length: 30 }, (_, i) => i);
    expect(Array.from(gatherStrided(all, [2, 3], [1, 2]))).toEqual([0, 2, 4, 1, 3, 5]);
    expect(Array.from(gatherStrided(all, [2, 2, 2], [1, 10, 3]))).toEqual([0, 3, 10, 13, 1, 4, 11, 14]);
    expect(Array.from(gatherStrided(all, [], []))).toEqual([0]);
    expect(gatherStrided(all, [0, 3], [3, 1])).toEqual(new Float32Array(0));
    expect(gatherStrided(Float64Array.of(1, 2, 3), [2], [2])).toEqual(Float64Array.of(1, 3));
  });
});

it('a reader is little-endian, moves on, and knows where it is', () => {
  const reader = new ByteReader(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4, 5, 6, 7, 8), 'E_X', 50);
  expect([reader.u8(), reader.u16(), reader.u32(), reader.i32('it'), reader.offset, reader.remaining]).toEqual([
    1, 0x302, 0x07060504, -1, 61, 8,
  ]);
  expect(said(() => reader.take(9, 'thing'))).toBe(
    'E_X offset 61: expected 9 bytes of thing, found 8 | expected: 9 bytes | found: 8 bytes | fix: the file looks truncated or damaged; save or download it again',
  );
  expect([reader.u64(), reader.remaining, reader.take(0).length]).toEqual([0x0807060504030201n, 0, 0]);
  expect(said(() => reader.u8())).toMatch(/^E_X offset 69: expected 1 bytes of it, found 0/);
});

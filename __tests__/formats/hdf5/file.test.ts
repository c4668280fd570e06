import { ByteReader } from '../../../src/formats/bytes/reader.js';
import { DEFAULT_LIMITS } from '../../../src/formats/format.js';
import { findSignature, nodeAt, openHdf5, readerAt, readUint } from '../../../src/formats/hdf5/file.js';
import { lookup3 } from '../../../src/formats/hdf5/lookup3.js';
import { memorySource } from '../../../src/formats/source.js';
import { fileOf, jenkins, NOWHERE, summed } from '../../helpers/hdf5Bytes.js';
import { cat, patched, u16, u32, u64 } from '../../helpers/hostile/bytes.js';
import { fieldsOf, said } from '../../helpers/said.js';

const SIGNATURE = '\x89HDF\r\n\x1a\n';

/** Superblock versions 0 and 1, for a file of `end` bytes. */
const superblock0 = (version: number, { base = 0, end = 200, root = 96 } = {}) =>
  cat(
    SIGNATURE,
    Uint8Array.of(version, 0, 0, 0, 0, 8, 8, 0),
    u16(4),
    u16(16),
    u32(0),
    version === 1 ? u32(32) : '',
    u64(base),
    u64(NOWHERE),
    u64(end),
    u64(NOWHERE),
    u64(0),
    u64(root),
  );

/** Superblock versions 2 and 3. */
const superblock2 = (version: number, { base = 0, end = 200, root = 48 } = {}) =>
  summed(SIGNATURE, Uint8Array.of(version, 8, 8, 0), u64(base), u64(NOWHERE), u64(end), u64(root));

const filled = (start: Uint8Array, length = 200) => new Uint8Array(cat(start, Buffer.alloc(length - start.length)));
const open = (bytes: Uint8Array) => openHdf5(memorySource(bytes), DEFAULT_LIMITS);
const facts = (bytes: Uint8Array) => {
  const { base, root, steps } = open(bytes);
  return [base, root, steps];
};

describe('the superblock', () => {
  it('versions 0 to 3 say where the root is', () => {
    expect([0, 1].map(version => facts(filled(superblock0(version))))).toEqual(Array(2).fill([0, 96n, 0]));
    expect([2, 3].map(version => facts(filled(superblock2(version))))).toEqual(Array(2).fill([0, 48n, 0]));
  });

  it('stands at 0, or at 512, 1024, 2048 …', () => {
    const behind = (at: number) => cat(Buffer.alloc(at, 1), SIGNATURE);
    expect([0, 512, 1024, 2048, 4096].map(at => findSignature(memorySource(behind(at))))).toEqual([0, 512, 1024, 2048, 4096]);
    expect([1, 256, 511, 513, 1536].map(at => findSignature(memorySource(behind(at))))).toEqual(Array(5).fill(-1));
    expect(findSignature(memorySource(Buffer.from(SIGNATURE, 'latin1').subarray(0, 7)))).toBe(-1);
    for (let i = 0; i < 8; i++) expect(findSignature(memorySource(patched(behind(0), i, Uint8Array.of(0))))).toBe(-1);
  });

  it('behind a user block its base is 0 or that block', () => {
    const behind = (base: number) => cat(Buffer.alloc(512), filled(superblock0(0, { base, end: 712 })));
    expect([0, 512].map(base => facts(behind(base)))).toEqual([
      [0, 96n, 0],
      [512, 96n, 0],
    ]);
    expect(said(() => open(behind(256)))).toBe('E_H5_SUPERBLOCK superblock: offset 512: the base address is 256 | expected: 512');
    expect(said(() => open(filled(superblock0(0, { base: 512 }))))).toBe(
      'E_H5_SUPERBLOCK superblock: offset 0: the base address is 512 | expected: 0',
    );
  });

  it.each<[string, Uint8Array, string]>([
    ['no signature', Buffer.alloc(600), 'E_H5_SIGNATURE signature: offset 0: no HDF5 signature | expected: \\x89HDF\\r\\n\\x1a\\n'],
    ['version 4', filled(superblock0(4)), 'E_H5_SUPERBLOCK superblock: offset 8: superblock version 4 | expected: 0 to 3'],
    [
      'version 4 behind a block',
      cat(Buffer.alloc(512), superblock0(4)),
      'E_H5_SUPERBLOCK superblock: offset 520: superblock version 4 | expected: 0 to 3',
    ],
    [
      'addresses of 4 bytes',
      filled(patched(superblock0(0), 13, Uint8Array.of(4))),
      'E_H5_SUPERBLOCK superblock: offset 13: addresses of 4 and lengths of 8 bytes | expected: 8 and 8',
    ],
    [
      'lengths of 4 bytes',
      filled(patched(superblock2(2), 10, Uint8Array.of(4))),
      'E_H5_SUPERBLOCK superblock: offset 9: addresses of 8 and lengths of 4 bytes | expected: 8 and 8',
    ],
    [
      'a driver block',
      filled(patched(superblock0(0), 48, u64(96))),
      'E_H5_SUPERBLOCK offset 48: the file is one part of several (a driver block)',
    ],
    [
      'an end beyond the file',
      filled(superblock0(0, { end: 201 })),
      'E_H5_SHORT offset 200: the file should have 201 bytes, it has 200 | expected: 201 bytes | found: 200 bytes | fix: the file looks truncated; save or download it again',
    ],
    [
      'a wrong checksum',
      filled(patched(superblock2(2), 36, u64(49))),
      'E_H5_CHECKSUM superblock: offset 0: the checksum of the superblock is wrong: the file is damaged | fix: save or download the file again',
    ],
    [
      'a wrong checksum behind a block',
      cat(Buffer.alloc(512), patched(superblock2(2, { end: 560 }), 44, u32(1))),
      'E_H5_CHECKSUM superblock: offset 512: the checksum of the superblock is wrong: the file is damaged | fix: save or download the file again',
    ],
  ])('is refused with %s', (_, bytes, message) => expect(said(() => open(bytes))).toBe(message));

  it('names the field that is cut off', () => {
    const least = (bytes: Uint8Array) => fieldsOf(bytes, open).filter(field => !field.includes('signature'));
    expect(least(superblock0(1))).toEqual([
      '8: 1 superblock version',
      '9: 4 versions',
      '13: 1 size of addresses',
      '14: 1 size of lengths',
      '15: 13 tree sizes',
      '28: 8 base address',
      '36: 8 free space address',
      '44: 8 end of file address',
      '52: 8 driver address',
      '60: 8 name of the root',
      '68: 8 root address',
    ]);
    expect(least(superblock2(2))).toEqual([
      '8: 1 superblock version',
      '9: 1 size of addresses',
      '10: 1 size of lengths',
      '11: 1 flags',
      '12: 8 base address',
      '20: 8 extension address',
      '28: 8 end of file address',
      '36: 8 root address',
      '44: 4 checksum',
    ]);
  });
});

describe('a structure at an address', () => {
  const file = () => fileOf(Buffer.from('abcdefgh'));

  it('lies in the file, to its last byte', () => {
    const reader = readerAt(file(), 2n, 6, 'thing');
    expect([Buffer.from(reader.bytes).toString(), reader.offset]).toEqual(['cdefgh', 34]);
    expect(Buffer.from(nodeAt(file(), 5n, 24, 16, 'thing').bytes).toString()).toBe('fgh');
    expect(readerAt(file(), 8n, 0, 'thing').bytes).toHaveLength(0);
  });

  it.each<[() => unknown, string]>([
    [() => readerAt(file(), 2n, 7, 'thing'), 'E_H5_ADDRESS thing: offset 34: thing of 7 bytes lies outside the file of 40'],
    [() => readerAt(file(), NOWHERE, 7, 'thing'), 'E_H5_ADDRESS thing: offset none: thing of 7 bytes lies outside the file of 40'],
    [() => nodeAt(file(), 8n, 24, 16, 'thing'), 'E_H5_ADDRESS thing: offset 40: thing of 1 bytes lies outside the file of 40'],
    [() => nodeAt(file(), 99n, 24, 16, 'thing'), 'E_H5_ADDRESS thing: offset 131: thing of 1 bytes lies outside the file of 40'],
  ])('and nowhere else (%#)', (read, message) => expect(said(read)).toBe(message));

  it('there are 250,000 of them at most', () => {
    const one = file();
    one.steps = 249_999;
    readerAt(one, 0n, 1, 'thing');
    expect(said(() => readerAt(one, 0n, 1, 'thing'))).toBe(
      '(limit) E_LIMIT_STEPS more than 250000 structures in the file, damaged or built to be endless, 25 for each tensor that is allowed; the limit is 10000 | expected: at most 10000 | fix: if you trust the file, raise it with --max-tensors',
    );
  });

  it('numbers of any width are little-endian', () => {
    const read = (size: number) => readUint(new ByteReader(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), 'E_H5_SHORT'), size, 'n');
    expect([0, 1, 2, 3, 8].map(read)).toEqual([0n, 1n, 0x201n, 0x30201n, 0x0807060504030201n]);
    expect(said(() => read(9))).toMatch(/expected 9 bytes of n, found 8/);
  });
});

it('the checksum is lookup3 at every length and for high bytes', () => {
  const bytes = Uint8Array.from({ length: 60 }, (_, i) => (i * 151 + 130) & 255);
  for (let length = 0; length <= 60; length++) expect(lookup3(bytes.subarray(0, length))).toBe(jenkins(bytes.subarray(0, length)));
});

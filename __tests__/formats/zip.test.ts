import { deflateRawSync } from 'node:zlib';
import { readZip } from '../../src/formats/bytes/zip.js';
import { findEnd, looksLikeZip, peekNames } from '../../src/formats/bytes/zipEnd.js';
import { DEFAULT_LIMITS, type Limits } from '../../src/formats/format.js';
import { memorySource } from '../../src/formats/source.js';
import { cat, crc, patched, u16, u32, u64 } from '../helpers/hostile/bytes.js';
import { type MemberParts, zipBytes } from '../helpers/hostile/zipBytes.js';
import { said, saidLater } from '../helpers/said.js';
import { writeZip } from '../helpers/writeZip.js';

const member = (name: string, content: string, more: Partial<MemberParts> = {}): MemberParts => ({
  name,
  content: Buffer.from(content),
  ...more,
});
async function read(bytes: Uint8Array, limits: Partial<Limits> = {}) {
  const notes: string[] = [];
  const members = readZip(memorySource(bytes), { ...DEFAULT_LIMITS, ...limits }, notes);
  return { members: members.map(m => [m.name, m.offset, m.size, Buffer.from(m.read()).toString()]), notes };
}
const contents = async (bytes: Uint8Array) => (await read(bytes)).members.map(([name, , , text]) => [name, text]);
const words = (bytes: Uint8Array, limits: Partial<Limits> = {}) => saidLater(() => read(bytes, limits));
const a = (more: Partial<MemberParts> = {}) => member('a', 'content of a', more);
const b = (more: Partial<MemberParts> = {}) => member('b', 'b', more);

describe('an archive', () => {
  it('has its members in order, with the place and size of their content', async () => {
    const bytes = zipBytes([a(), b({ deflate: true }), member('dir/', ''), member('dir/c', ''), member('file/', 'x')]);
    const { members, notes } = await read(bytes);
    expect(members).toEqual([
      ['a', 31, 12, 'content of a'],
      ['b', 43 + 31, 1, 'b'],
      ['dir/c', expect.any(Number), 0, ''],
      ['file/', expect.any(Number), 1, 'x'],
    ]);
    expect(notes).toEqual([]);
  });

  it('may have a comment, bytes before it, and gaps', async () => {
    expect(await contents(zipBytes([a()], { comment: Buffer.from('a comment') }))).toEqual([['a', 'content of a']]);
    expect(await contents(zipBytes([a()], { comment: Buffer.alloc(65535, 'x') }))).toEqual([['a', 'content of a']]);
    expect(await contents(zipBytes([a()], { gap: Buffer.alloc(9) }))).toEqual([['a', 'content of a']]);
    expect(await read(zipBytes([a()], { prefix: Buffer.from('#!/bin/sh\n') }))).toEqual({
      members: [['a', 41, 12, 'content of a']],
      notes: ['10 bytes before the archive were left alone'],
    });
    expect((await read(zipBytes([]))).members).toEqual([]);
  });

  it('may give sizes behind the data, and extra fields', async () => {
    const descriptor = a({ flags: 0x808, local: { size: 0, packedSize: 0, crc: 0 } });
    expect(await contents(zipBytes([descriptor]))).toEqual([['a', 'content of a']]);
    const field = (id: number, ...content: Uint8Array[]) => cat(u16(id), u16(cat(...content).length), ...content);
    const max = 0xffffffff;
    const zip64 = field(1, u64(12), u64(12));
    for (const localExtra of [zip64, cat(field(7, u32(5)), zip64), cat(zip64, field(9)), cat(field(9), field(8, u16(1)), zip64)])
      expect(await contents(zipBytes([a({ local: { size: max, packedSize: max }, localExtra })]))).toEqual([['a', 'content of a']]);
    // only one of the two sizes is kept there
    expect(await contents(zipBytes([a({ local: { packedSize: max }, localExtra: field(1, u64(12)) })]))).toEqual([['a', 'content of a']]);
    expect(await contents(zipBytes([a({ local: { size: max }, localExtra: field(1, u64(12)) })]))).toEqual([['a', 'content of a']]);
    for (const localExtra of [
      field(1, u64(12), u64(13)),
      field(1, u64(13), u64(12)),
      field(1, u64(12)),
      field(1, u64(12), u32(12)),
      field(2, u64(12), u64(12)),
      Buffer.alloc(0),
      cat(u16(1), u16(16)).subarray(0, 3),
    ])
      expect(await words(zipBytes([a({ local: { size: max, packedSize: max }, localExtra })]))).toBe(
        "E_ZIP_HEADERS member 'a': offset 0: sizes or CRC in the local header and in the central directory differ",
      );
    // the directory has room for comments of members
    expect(await contents(zipBytes([a({ extra: field(9, u64(1)) }), b()]))).toEqual([
      ['a', 'content of a'],
      ['b', 'b'],
    ]);
  });

  it('may have comments on its members', async () => {
    const plain = zipBytes([a(), b()]);
    const at = plain.indexOf(cat(u32(0x02014b50)));
    const commented = cat(plain.subarray(0, at + 32), u16(3), plain.subarray(at + 34, at + 47), 'xyz', plain.subarray(at + 47));
    const size = plain.readUInt32LE(plain.length - 10) + 3;
    const bytes = patched(commented, commented.length - 10, u32(size));
    expect(await contents(bytes)).toEqual([
      ['a', 'content of a'],
      ['b', 'b'],
    ]);
    expect(peekNames(memorySource(bytes))).toEqual(['a', 'b']);
  });

  const DIRECTORY = 30 + 1 + 12;
  const PREFIX = Buffer.alloc(100, 'x');
  it.each<[string, Uint8Array, string]>([
    [
      'encrypted',
      zipBytes([b(), a({ flags: 0x801 })], { prefix: PREFIX }),
      "E_ZIP_ENCRYPTED member 'a': offset 132: the member is encrypted",
    ],
    [
      'encrypted, as its local header says',
      zipBytes([a({ local: { flags: 0x801 } })]),
      "E_ZIP_ENCRYPTED member 'a': offset 0: the member is encrypted",
    ],
    [
      'in another method',
      zipBytes([a({ method: 12 })]),
      "E_ZIP_METHOD member 'a': offset 0: compression method 12; only stored (0) and deflate (8) are read",
    ],
    [
      'a symbolic link',
      zipBytes([a({ attributes: 0o120777 * 65536 })]),
      "E_ZIP_SYMLINK member 'a': offset 0: the member is a symbolic link",
    ],
    [
      'stored in another size',
      zipBytes([a({ size: 13 })]),
      "E_ZIP_SIZE member 'a': offset 0: a stored member of 12 bytes claims to hold 13",
    ],
    [
      'of another local name',
      zipBytes([a({ local: { name: 'z\x1b' } })]),
      "E_ZIP_NAME member 'a': offset 0: the local header names it 'z\\u001b'",
    ],
    [
      'of another local method',
      zipBytes([a({ local: { method: 8 } })]),
      "E_ZIP_HEADERS member 'a': offset 0: the two headers name different compression methods",
    ],
    ...([{ size: 13 }, { packedSize: 13 }, { crc: 1 }] as const).map((local): [string, Uint8Array, string] => [
      `of another local ${Object.keys(local)[0]}`,
      zipBytes([a({ local })]),
      "E_ZIP_HEADERS member 'a': offset 0: sizes or CRC in the local header and in the central directory differ",
    ]),
    ['without a name', zipBytes([b(), member('', 'x')]), "E_ZIP_NAME member '': offset 32: the name is empty"],
    [
      'of a name that is no UTF-8',
      zipBytes([{ name: Buffer.from([0x61, 0xff]), content: Buffer.alloc(0) }]),
      "E_ZIP_NAME member 'a\ufffd': offset 0: the name is not valid UTF-8",
    ],
    ['named to leave the folder', zipBytes([member('../x', 'x')]), "E_ZIP_NAME member '../x': offset 0: invalid relative path: ../x"],
    ['of an absolute name', zipBytes([member('/x', 'x')]), "E_ZIP_NAME member '/x': offset 0: absolute path: /x"],
    [
      'of two different names',
      zipBytes([a({ flags: 0, extra: cat(u16(0x7075), u16(7), Uint8Array.of(1), u32(0xe8b7be43), 'zz') })]),
      "E_ZIP_NAME member 'a': offset 0: the member has two different names",
    ],
    ['there twice', zipBytes([a(), a()], { prefix: PREFIX }), "E_ZIP_DUPLICATE member 'a': offset 143: two members are called 'a'"],
    [
      'over the one before',
      zipBytes([a(), b({ offset: 10 }), a({ offset: 0, name: 'c' })]),
      'E_ZIP_DIRECTORY central directory: offset 118: the central directory is damaged: no local header at offset 10',
    ],
    [
      'the same bytes as the one before',
      zipBytes([a(), a({ offset: 0, phantom: true })], { prefix: PREFIX }),
      "E_ZIP_OVERLAP member 'a': offset 100: the member overlaps the one before it",
    ],
    [
      'longer than there is room',
      patched(zipBytes([a({ size: 13, packedSize: 13, crc: 5 })], { prefix: PREFIX }), 0, 'y'),
      "E_ZIP_OVERLAP member 'a': offset 100: the member's 13 bytes reach into the central directory",
    ],
    [
      'in a directory longer than its entries',
      zipBytes([a()], { directorySize: 46, directoryOffset: DIRECTORY + 1 }),
      'E_ZIP_DIRECTORY central directory: offset 44: the central directory is damaged: no entry at offset 44',
    ],
  ])('is refused with a member that is %s', async (_, bytes, message) =>
    expect((await words(bytes)).slice(0, message.length)).toBe(message),
  );

  it.each<[string, Uint8Array, string]>([
    [
      'two entries where it says one',
      zipBytes([a(), b()], { entries: 1 }),
      'E_ZIP_DIRECTORY central directory: offset 75: the central directory has 94 bytes, its 1 entries 47',
    ],
    [
      'an empty archive before it',
      cat(zipBytes([]), zipBytes([a()])),
      'E_ZIP_POLYGLOT archive: offset 0: another archive stands before this one',
    ],
    [
      'another archive before it',
      cat(zipBytes([b()]), zipBytes([a()])),
      'E_ZIP_POLYGLOT archive: offset 79: another archive stands before this one',
    ],
    [
      'bytes behind it',
      zipBytes([a()], { suffix: Buffer.from('x') }),
      'E_ZIP_END end record: offset 90: the end record and its comment do not reach the end of the file: bytes trail the archive, or it is cut | fix: save or download the file again',
    ],
    [
      'a comment that is cut',
      zipBytes([a()], { comment: Buffer.from('abc') }).subarray(0, -1),
      'E_ZIP_END end record: offset 90: the end record and its comment do not reach the end of the file: bytes trail the archive, or it is cut | fix: save or download the file again',
    ],
    [
      'no end record',
      zipBytes([a()]).subarray(0, -22),
      'E_ZIP_END end record: offset 90: no end-of-directory record: not a zip archive, or cut off | fix: the file looks truncated; save or download it again',
    ],
    [
      'half an end record',
      zipBytes([a()]).subarray(0, -1),
      'E_ZIP_END end record: offset 111: no end-of-directory record: not a zip archive, or cut off | fix: the file looks truncated; save or download it again',
    ],
    [
      'nothing in it',
      Buffer.alloc(0),
      'E_ZIP_END end record: offset 0: no end-of-directory record: not a zip archive, or cut off | fix: the file looks truncated; save or download it again',
    ],
    [
      'an end record in its comment',
      zipBytes([a()], { comment: cat('x', zipBytes([])) }),
      'E_ZIP_END end record: offset 90: a second end record at 113 stands in the comment of this one | fix: save or download the file again',
    ],
    [
      'a directory that begins behind it',
      zipBytes([a()], { directoryOffset: 44 }),
      'E_ZIP_END end record: offset 90: the central directory (47 bytes at 44) does not fit before the end record | fix: save or download the file again',
    ],
    [
      'a directory larger than it',
      zipBytes([a()], { directorySize: 2 ** 32 - 1, directoryOffset: 1 }),
      'E_ZIP_END end record: offset 90: the central directory (4294967295 bytes at 1) does not fit before the end record | fix: save or download the file again',
    ],
  ])('is refused with %s', async (_, bytes, message) => expect(await words(bytes)).toBe(message));

  it('notices damage of its content', async () => {
    const FIX = ' | fix: save or download the file again';
    expect(await words(zipBytes([b(), a({ crc: 0x12 })], { prefix: PREFIX }))).toBe(
      `E_ZIP_CRC member 'a': offset 163: the CRC-32 is wrong: the data are damaged | expected: 0x00000012 | found: 0x${crc(Buffer.from('content of a')).toString(16)}${FIX}`,
    );
    const deflated = (more: Partial<MemberParts>) => words(zipBytes([a({ deflate: true, ...more })]));
    const packed = deflateRawSync(Buffer.from('content of a'));
    expect(await deflated({ size: 10 })).toBe(
      "E_ZIP_SIZE member 'a': offset 31: the member inflates to more than the 10 bytes it declares",
    );
    expect(await deflated({ size: 11 })).toBe("E_ZIP_SIZE member 'a': offset 31: the member declares 11 bytes and inflates to 12");
    expect(await deflated({ size: 13 })).toBe("E_ZIP_SIZE member 'a': offset 31: the member declares 13 bytes and inflates to 12");
    expect(await deflated({ packed: cat(packed, 'tail') })).toBe("E_ZIP_SIZE member 'a': offset 31: the compressed data end 4 bytes early");
    expect(await deflated({ packed: Buffer.alloc(20, 0x37) })).toMatch(
      /^E_ZIP_DEFLATE member 'a': offset 31: the compressed data are damaged: invalid /,
    );
  });

  it('is bounded, at exactly its limits', async () => {
    const two = zipBytes([a(), b()]);
    expect((await read(two, { tensors: 2, nameBytes: 1, inflatedBytes: 13, totalBytes: 13 })).members).toHaveLength(2);
    expect(await words(two, { tensors: 1 })).toMatch(
      /^\(limit\) E_LIMIT_TENSORS offset 169: the archive claims 2 members; the limit is 1 /,
    );
    expect(await words(zipBytes([member('ab', '')]), { nameBytes: 1 })).toMatch(/^\(limit\) E_LIMIT_NAME the member name 'ab' has 2 bytes/);
  });
});

/** The zip64 forms of the end records behind a plain archive. */
function zip64(change: { entries?: bigint; size?: bigint; offset?: bigint; record?: Uint8Array; at?: bigint; locator?: string } = {}) {
  const plain = zipBytes([a()], { prefix: Buffer.from('12345') });
  const body = plain.subarray(0, -22);
  const { entries = 1n, size = 47n, offset = 43n, at = BigInt(body.length - 5) } = change;
  const record =
    change.record ?? cat(u32(0x06064b50), u64(44), u16(45), u16(45), u32(0), u32(0), u64(entries), u64(entries), u64(size), u64(offset));
  const locator = cat(change.locator ?? 'PK\x06\x07', u32(0), u64(at), u32(1));
  const end = cat(u32(0x06054b50), u16(0), u16(0), u16(0xffff), u16(0xffff), u32(0xffffffff), u32(0xffffffff), u16(0));
  return cat(body, record, locator, end);
}

describe('the end records of zip64', () => {
  it('say where the directory is', () => {
    const bytes = zip64();
    expect(findEnd(memorySource(bytes))).toEqual({ offset: bytes.length - 22, entries: 1, directory: 48, directoryEnd: 95, prefix: 5 });
    expect(findEnd(memorySource(zip64({ entries: 70_000n }))).entries).toBe(70_000);
  });

  it.each<[string, Parameters<typeof zip64>[0], string]>([
    ['a locator that points elsewhere', { at: 1n }, 'the zip64 locator points elsewhere'],
    ['another record', { record: cat(u32(0x06064b51), u64(44), Buffer.alloc(44)) }, 'the zip64 end record is not where it belongs'],
    ['a longer record', { record: cat(u32(0x06064b50), u64(45), Buffer.alloc(44)) }, 'the zip64 end record is not where it belongs'],
    [
      'a directory of 2^63 bytes',
      { size: 2n ** 63n },
      `the central directory (${2n ** 63n} bytes at 43) does not fit before the end record`,
    ],
    ['a directory at 2^63', { offset: 2n ** 63n }, `the central directory (47 bytes at ${2n ** 63n}) does not fit before the end record`],
  ])('are refused with %s', (_, change, message) => {
    const bytes = zip64(change);
    expect(said(() => findEnd(memorySource(bytes)))).toBe(
      `E_ZIP_END end record: offset ${bytes.length - 22}: ${message} | fix: save or download the file again`,
    );
  });

  it('without room for a record are refused, and no locator is none', () => {
    const tail = zip64().subarray(-42);
    expect(said(() => findEnd(memorySource(tail)))).toBe(
      'E_ZIP_END end record: offset 20: the zip64 end record is not where it belongs | fix: save or download the file again',
    );
    expect(said(() => findEnd(memorySource(zip64({ locator: 'PK\x06\x08' }))))).toMatch(
      /the central directory \(4294967295 bytes at 4294967295\) does not fit/,
    );
  });
});

describe('a file looks like a zip', () => {
  it.each<[string, string, boolean]>([
    ['a member', 'PK\x03\x04', true],
    ['an empty archive', 'PK\x05\x06', true],
    ['an end record of its last 22 bytes', `prefix${'PK\x05\x06'.padEnd(22, '\0')}`, true],
    ...['XK\x03\x04', 'PX\x03\x04', 'PK\x05\x04', 'PK\x03\x06', 'PK\x01\x02', 'PK', ''].map((text): [string, string, boolean] => [
      JSON.stringify(text),
      text,
      false,
    ]),
    ...['XK\x05\x06', 'PX\x05\x06', 'PK\x03\x06', 'PK\x05\x04'].map((text): [string, string, boolean] => [
      `${JSON.stringify(text)} near the end`,
      `x${text.padEnd(22, '\0')}`,
      false,
    ]),
    ['an end record elsewhere', `prefix${'PK\x05\x06'.padEnd(23, '\0')}`, false],
  ])('%s', (_, text, expected) => expect(looksLikeZip(memorySource(cat(text)))).toBe(expected));

  it('its names are guessed even where it is damaged', () => {
    const bytes = zipBytes([a(), b(), member('third', 'x')]);
    expect(peekNames(memorySource(bytes))).toEqual(['a', 'b', 'third']);
    expect(peekNames(memorySource(bytes), 2)).toEqual(['a', 'b']);
    expect(peekNames(memorySource(cat('12345', bytes)))).toEqual(['a', 'b', 'third']);
    expect(peekNames(memorySource(bytes.subarray(0, 60)))).toEqual(['a']);
    expect(peekNames(memorySource(bytes.subarray(0, 31)))).toEqual(['a']);
    expect(peekNames(memorySource(bytes.subarray(0, 30)))).toEqual([]);
    expect(peekNames(memorySource(new Uint8Array(zipBytes([member('abcdef', 'x')])).slice(0, 33)))).toEqual(['abc']);
    expect(peekNames(memorySource(new Uint8Array(0)))).toEqual([]);
    // a view into a larger buffer
    expect(peekNames(memorySource(new Uint8Array(cat('xyz', bytes, 'x')).subarray(3, 3 + bytes.length)))).toEqual(['a', 'b', 'third']);
    expect(peekNames(memorySource(new Uint8Array(cat('xyz', bytes)).subarray(3, 3 + 60)))).toEqual(['a']);
  });
});

describe('an archive is written', () => {
  it('stored, dated 1980, the same every time', async () => {
    const write = () => writeZip(new Map(Object.entries({ a: Buffer.from('content of a'), 'b/c': Buffer.from('b') })));
    const bytes = await write();
    expect(Buffer.from(bytes).equals(Buffer.from(await write()))).toBe(true);
    expect((await read(bytes)).members).toEqual([
      ['a', 31, 12, 'content of a'],
      ['b/c', expect.any(Number), 1, 'b'],
    ]);
    const local = Buffer.from(bytes);
    expect([local.readUInt16LE(8), local.readUInt16LE(10), local.readUInt16LE(12)]).toEqual([0, 0, 0x21]);
    // -rw-r--r--
    const directory = local.indexOf(cat(u32(0x02014b50)));
    expect(local.readUInt32LE(directory + 38) >>> 16).toBe(0o100644);
  });

  it('unless a name leads out of it', async () => {
    expect(await saidLater(() => writeZip(new Map([['../x', Buffer.alloc(1)]])))).toBe(
      "E_ZIP_NAME '../x' cannot be a member of a zip: invalid relative path: ../x | fix: rename the tensor, or write .safetensors",
    );
  });
});

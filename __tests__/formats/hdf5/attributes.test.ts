import { ByteReader } from '../../../src/formats/bytes/reader.js';
import { readAttributes } from '../../../src/formats/hdf5/attributes.js';
import { readLinks } from '../../../src/formats/hdf5/groups.js';
import {
  attribute1,
  FLOAT32,
  fileOf,
  hardLink,
  header1,
  INT8,
  jenkins,
  Layout,
  NOWHERE,
  placed,
  space,
  summed,
  typeHead,
} from '../../helpers/hdf5Bytes.js';
import { cat, f32, patched, u16, u32, u64 } from '../../helpers/hostile/bytes.js';
import { fieldsOf, said } from '../../helpers/said.js';

const message = (type: number, body: Uint8Array, shared = false) => ({
  type,
  shared,
  body: new ByteReader(new Uint8Array(body), 'E_H5_SHORT', 1000),
});
const read = (...bodies: Uint8Array[]) => [
  ...readAttributes(
    fileOf(Buffer.alloc(0)),
    bodies.map(body => message(12, body)),
  ),
];
const TEXT8 = typeHead(3, 8);

/** Versions 2 and 3: nothing is padded, and version 3 says which characters the name has. */
const attribute = (version: number, name: string, type: Uint8Array, dataspace: Uint8Array, data: Uint8Array, flags = 0) =>
  cat(
    Uint8Array.of(version, flags),
    u16(name.length + 1),
    u16(type.length),
    u16(dataspace.length),
    version === 3 ? Uint8Array.of(1) : '',
    name,
    '\0',
    type,
    dataspace,
    data,
  );

describe('an attribute', () => {
  it.each<[string, Uint8Array, Uint8Array, Uint8Array, unknown]>([
    ['one number', FLOAT32, space(), f32(1.5), 1.5],
    ['a row of numbers', INT8, space(3), Uint8Array.of(1, 2, 255), [1, 2, -1]],
    ['no numbers', INT8, space(0), Buffer.alloc(0), []],
    ['a string, to its first NUL', TEXT8, space(), Buffer.from('abc\0\0xyz'), 'abc'],
    ['a string that fills its place', TEXT8, space(), Buffer.from('abcdefgh'), 'abcdefgh'],
    ['a row of strings', TEXT8, space(2), Buffer.from('one\0\0\0\0\0three\0\0\0'), ['one', 'three']],
  ])('of %s is read in versions 1 to 3', (_, type, dataspace, data, value) => {
    expect(read(attribute1('name', type, dataspace, data))).toEqual([['name', value]]);
    expect([2, 3].map(version => read(attribute(version, 'name', type, dataspace, data)))).toEqual(Array(2).fill([['name', value]]));
  });

  it('of another type, or without a space, is left out', () => {
    expect(read(attribute(3, 'time', typeHead(2, 8), space(), Buffer.alloc(8)))).toEqual([]);
    expect(read(attribute(3, 'null', FLOAT32, Uint8Array.of(2, 0, 0, 2), Buffer.alloc(0)))).toEqual([]);
    expect(readAttributes(fileOf(Buffer.alloc(0)), [message(11, Buffer.alloc(0))]).size).toBe(0);
  });

  it('may have a type of an object of its own', () => {
    const layout = new Layout();
    const named = layout.put(header1([{ type: 3, body: INT8 }]));
    const of = (version: number) => [
      ...readAttributes(layout.file(), [
        message(12, attribute(version, 'n', cat(Uint8Array.of(2, 0), u64(named)), space(), Uint8Array.of(7), 1)),
      ]),
    ];
    expect([2, 3].map(of)).toEqual(Array(2).fill([['n', 7]]));
    // version 1 has no flags: what stands there is reserved
    expect(read(patched(attribute1('n', INT8, space(), Uint8Array.of(7)), 1, Uint8Array.of(3)))).toEqual([['n', 7]]);
  });

  it.each<[string, () => unknown, string]>([
    ['version 0', () => read(attribute(0, 'n', INT8, space(), Uint8Array.of(1))), 'E_H5_ATTRIBUTE offset 1000: attribute version 0'],
    ['version 4', () => read(attribute(4, 'n', INT8, space(), Uint8Array.of(1))), 'E_H5_ATTRIBUTE offset 1000: attribute version 4'],
    [
      'a shared space',
      () => read(attribute(2, 'n', INT8, space(), Uint8Array.of(1), 2)),
      'E_H5_ATTRIBUTE offset 1000: a shared dataspace is not read',
    ],
    [
      'a place in a shared heap',
      () => readAttributes(fileOf(Buffer.alloc(0)), [message(12, attribute(2, 'n', INT8, space(), Uint8Array.of(1)), true)]),
      'E_H5_ATTRIBUTE offset 1000: an attribute kept in a shared heap is not read',
    ],
    [
      'a name that stands twice',
      () => read(attribute(2, 'n', INT8, space(), Uint8Array.of(1)), attribute(3, 'n', INT8, space(), Uint8Array.of(1))),
      "E_H5_DUPLICATE offset 1000: two attributes are called 'n'",
    ],
    [
      'a name of 1,025 bytes',
      () => read(attribute(3, 'n'.repeat(1025), INT8, space(), Uint8Array.of(1))),
      `(limit) E_LIMIT_NAME the attribute name '${'n'.repeat(39)}…' has 1025 bytes; the limit is 1024 | expected: at most 1024 bytes | found: 1025 bytes | fix: if you trust the file, add --max-name 1025`,
    ],
    [
      'a name that is no UTF-8',
      () => read(attribute(2, 'n\xff', INT8, space(), Uint8Array.of(1))),
      'E_ENCODING offset 1009: not valid UTF-8 | expected: UTF-8 | fix: save the file as UTF-8',
    ],
    [
      'a string that is no UTF-8',
      () => read(attribute(2, 'n', TEXT8, space(2), cat('abcdefgh', 'xy\xffabcde'))),
      'E_ENCODING offset 1044: not valid UTF-8 | expected: UTF-8 | fix: save the file as UTF-8',
    ],
    [
      'nine dimensions',
      () => read(attribute(2, 'n', INT8, space(1, 1, 1, 1, 1, 1, 1, 1, 1), Uint8Array.of(1))),
      '(limit) E_LIMIT_RANK a tensor of 9 dimensions; the limit is 8 | expected: at most 8 | found: 9 | fix: if you trust the file, add --max-rank 9',
    ],
    [
      'more numbers than memory, of which none is there',
      () => read(attribute(2, 'n', INT8, space(2 ** 30), Uint8Array.of(1))),
      'E_H5_SHORT offset 1038: expected 1073741824 bytes of attribute value, found 1 | expected: 1073741824 bytes | found: 1 bytes | fix: the file looks truncated or damaged; save or download it again',
    ],
    [
      'more numbers than memory',
      () =>
        readAttributes(fileOf(Buffer.alloc(0), { totalBytes: 8 }), [message(12, attribute(2, 'n', INT8, space(2), Uint8Array.of(1, 2)))]),
      '(limit) E_LIMIT_BYTES the tensors need at least 16 bytes of memory; the limit is 8 | expected: at most 8 bytes | found: 16 bytes | fix: raise it with --max-memory if the machine has room',
    ],
  ])('is refused with %s', (_, run, words) => expect(said(run)).toBe(words));

  it('names the field that is cut off', () => {
    const head = [
      '1000: 1 attribute version',
      '1001: 1 attribute flags',
      '1002: 2 name size',
      '1004: 2 datatype size',
      '1006: 2 dataspace size',
    ];
    expect(fieldsOf(attribute1('name', INT8, space(), Uint8Array.of(1)), part => read(part))).toEqual([
      ...head,
      '1008: 5 attribute',
      '1013: 3 padding',
      '1016: 12 attribute',
      '1028: 4 padding',
      '1032: 8 attribute',
      '1040: 1 attribute value',
    ]);
    expect(fieldsOf(attribute(3, 'name', TEXT8, space(), Buffer.alloc(8)), part => read(part))).toEqual([
      ...head,
      '1008: 1 character set',
      '1009: 5 attribute',
      '1014: 8 attribute',
      '1022: 8 attribute',
      '1030: 8 attribute value',
    ]);
    expect(said(() => read(attribute(3, 'n', INT8.subarray(0, 9), space(), Uint8Array.of(1))))).toMatch(
      /^E_H5_SHORT offset 1019: expected 2 bytes of bit offset, found 1 /,
    );
  });
});

describe('a string in a global heap', () => {
  const STRING = typeHead(9, 16, [1, 0, 0]);
  const object = (index: number, content: string, size = content.length) =>
    cat(u16(index), u16(1), u32(0), u64(size), content, Buffer.alloc((8 - (content.length % 8)) % 8));
  const heap = (...objects: Uint8Array[]) => {
    const all = cat(...objects);
    return cat('GCOL', Uint8Array.of(1, 0, 0, 0), u64(16 + all.length), all);
  };
  const reference = (length: number, address: number, index: number) => cat(u32(length), u64(address), u32(index));
  const value = (collection: Uint8Array, length: number, index: number, more: Uint8Array = Buffer.alloc(40)) => {
    const layout = new Layout();
    layout.put(Buffer.alloc(6));
    const at = layout.put(collection);
    layout.put(more);
    const body = attribute(3, 'n', STRING, space(), reference(length, at, index));
    return readAttributes(layout.file(), [message(12, body)]).get('n');
  };
  const free = cat(u16(0), u16(0), u32(0), u64(0));

  it('is found by its index, whatever lies before it', () => {
    const three = heap(object(1, 'exactly8'), object(5, 'nine bytes'), object(2, 'third'), free);
    expect([value(three, 8, 1), value(three, 10, 5), value(three, 5, 2), value(three, 4, 5)]).toEqual([
      'exactly8',
      'nine bytes',
      'third',
      'nine',
    ]);
    expect(value(heap(object(7, '')), 0, 99)).toBe('');
  });

  it('may be the last of its heap, without free space behind it', () => {
    expect(value(heap(object(3, 'abcdefgh')), 8, 3)).toBe('abcdefgh');
    expect(value(patched(heap(object(3, 'abc')), 8, u64(16 + 19)), 3, 3)).toBe('abc');
  });

  it.each<[string, Uint8Array, number, number, string]>([
    [
      'another signature',
      patched(heap(object(1, 'a')), 0, 'GCOX'),
      1,
      1,
      'E_H5_SIGNATURE global heap: offset 38: expected global heap (GCOL), found other bytes',
    ],
    [
      'a heap outside the file',
      patched(heap(object(1, 'a')), 8, u64(999)),
      1,
      1,
      'E_H5_ADDRESS global heap: offset 38: global heap of 999 bytes lies outside the file of 118',
    ],
    [
      'an index that is not there',
      heap(object(1, 'a'), free, object(2, 'b')),
      1,
      2,
      'E_H5_HEAP offset 54: the global heap has no object 2',
    ],
    ['an index beyond the end', heap(object(1, 'a')), 1, 2, 'E_H5_HEAP offset 54: the global heap has no object 2'],
    ['more bytes than its object', heap(object(1, 'ab')), 3, 1, 'E_H5_HEAP offset 70: a string of 3 bytes in an object of 2'],
    [
      'an object larger than the heap',
      heap(object(1, 'ab', 2 ** 40), free),
      3,
      2,
      'E_H5_SHORT offset 70: expected 1099511627776 bytes of global heap object, found 24 | expected: 1099511627776 bytes | found: 24 bytes | fix: the file looks truncated or damaged; save or download it again',
    ],
    [
      'an object that leaves the heap',
      heap(object(1, 'ab', 30)),
      30,
      1,
      'E_H5_SHORT offset 70: expected 30 bytes of string, found 8 | expected: 30 bytes | found: 8 bytes | fix: the file looks truncated or damaged; save or download it again',
    ],
    [
      'bytes that are no UTF-8',
      heap(object(1, 'ab\xff')),
      3,
      1,
      'E_ENCODING offset 72: not valid UTF-8 | expected: UTF-8 | fix: save the file as UTF-8',
    ],
  ])('is refused with %s', (_, collection, length, index, words) => {
    expect(said(() => value(collection, length, index))).toBe(words);
  });
});

/** Objects in one direct block of a fractal heap, and a tree of records that name them. Offsets take 2 bytes, lengths 2. */
function dense(objects: readonly Uint8Array[], recordType: number, record: (id: Buffer) => Uint8Array) {
  const layout = new Layout();
  layout.put(Buffer.alloc(9));
  const block = Buffer.alloc(512);
  cat('FHDB', Uint8Array.of(0), u64(0), u16(0)).copy(block);
  const ids: Buffer[] = [];
  let at = 19;
  for (const object of objects) {
    block.set(object, at);
    ids.push(cat(Uint8Array.of(0), u16(at), u16(object.length), Buffer.alloc(recordType === 8 ? 3 : 2)));
    at += object.length;
  }
  u32(jenkins(block)).copy(block, 15);
  const root = layout.put(block);
  const head = cat('FRHP', Uint8Array.of(0), u16(recordType === 8 ? 8 : 7), u16(0), Uint8Array.of(2), u32(4096), Buffer.alloc(96));
  const heap = layout.put(summed(head, u16(4), u64(512), u64(512), u16(16), u16(1), u64(root), u16(0)));
  const records = ids.map(record);
  const leaf = cat(summed('BTLF', Uint8Array.of(0, recordType), ...records), Buffer.alloc(512));
  const leafAt = layout.put(leaf.subarray(0, 512));
  const tree = layout.put(
    summed(
      'BTHD',
      Uint8Array.of(0, recordType),
      u32(512),
      u16(records[0].length),
      u16(0),
      u16(0),
      u64(leafAt),
      u16(records.length),
      u64(records.length),
    ),
  );
  return { layout, root, heap, tree, leafAt };
}

describe('attributes in a fractal heap', () => {
  const bodies = [attribute(3, 'one', INT8, space(), Uint8Array.of(1)), attribute(3, 'two', TEXT8, space(), Buffer.from('zwei\0\0\0\0'))];
  const flagsOf = (own: number) => dense(bodies, 8, id => cat(id, Uint8Array.of(own), u32(0), u32(7)));
  const info = (flags: number, heap: number | bigint, tree: number) =>
    cat(Uint8Array.of(0, flags), flags & 1 ? u16(5) : '', u64(heap), u64(tree), flags & 2 ? u64(0) : '');

  it.each([0, 1, 2, 3])('are found by the records of a tree, with flags %i', flags => {
    const { layout, heap, tree } = flagsOf(0);
    const file = layout.file();
    expect([
      ...readAttributes(file, [message(12, attribute(3, 'own', INT8, space(), Uint8Array.of(9))), message(21, info(flags, heap, tree))]),
    ]).toEqual([
      ['own', 9],
      ['one', 1],
      ['two', 'zwei'],
    ]);
    expect(readAttributes(file, [message(21, info(flags, NOWHERE, 3))]).size).toBe(0);
  });

  it('are refused where a shared heap has them', () => {
    const { layout, heap, tree, leafAt } = flagsOf(2);
    expect(said(() => readAttributes(layout.file(), [message(21, info(0, heap, tree))]))).toBe(
      placed('E_H5_ATTRIBUTE offset <leaf+15>: an attribute kept in a shared heap is not read', { leaf: leafAt }),
    );
  });

  it('name the field that is cut off', () => {
    const { layout, heap, tree } = flagsOf(0);
    expect(fieldsOf(info(1, heap, tree), part => readAttributes(layout.file(), [message(21, part)]))).toEqual([
      '1000: 1 attribute info version',
      '1001: 1 attribute info flags',
      '1002: 2 creation index',
      '1004: 8 fractal heap address',
      '1012: 8 B-tree address',
    ]);
    const short = dense(bodies, 8, id => id);
    expect(said(() => readAttributes(short.layout.file(), [message(21, info(0, short.heap, short.tree))]))).toMatch(
      /^E_H5_SHORT offset \d+: expected 1 bytes of message flags, found 0 /,
    );
    const shorter = dense(bodies, 8, id => id.subarray(0, 7));
    expect(said(() => readAttributes(shorter.layout.file(), [message(21, info(0, shorter.heap, shorter.tree))]))).toMatch(
      /^E_H5_SHORT offset \d+: expected 8 bytes of heap id, found 7 /,
    );
  });
});

describe('links in a fractal heap', () => {
  const bodies = [hardLink('one', 11), hardLink('two', 22)];
  const info = (flags: number, heap: number | bigint, tree: number, version = 0) =>
    cat(Uint8Array.of(version, flags), flags & 1 ? u64(5) : '', u64(heap), u64(tree));
  const links = (layout: Layout, body: Uint8Array) => readLinks(layout.file(), [message(2, body)]);

  it('are found by the records of a tree', () => {
    const { layout, heap, tree } = dense(bodies, 5, id => cat(u32(99), id));
    const expected = [
      ['one', { kind: 'hard', address: 11n }],
      ['two', { kind: 'hard', address: 22n }],
    ];
    expect([0, 1].map(flags => links(layout, info(flags, heap, tree)))).toEqual([expected, expected]);
    expect(links(layout, info(0, NOWHERE, 3))).toEqual([]);
    expect(said(() => links(layout, info(0, heap, tree, 1)))).toBe('E_H5_LINK offset 1002: link info version 1');
    expect(fieldsOf(info(1, heap, tree), part => links(layout, part))).toEqual([
      '1000: 1 link info version',
      '1001: 1 link info flags',
      '1002: 8 creation index',
      '1010: 8 fractal heap address',
      '1018: 8 B-tree address',
    ]);
  });

  it('are refused where a record has no room for an id', () => {
    const short = dense(bodies, 5, () => u16(1));
    expect(said(() => links(short.layout, info(0, short.heap, short.tree)))).toMatch(
      /^E_H5_SHORT offset \d+: expected 4 bytes of hash, found 2 /,
    );
    const shorter = dense(bodies, 5, id => cat(u32(1), id.subarray(0, 6)));
    expect(said(() => links(shorter.layout, info(0, shorter.heap, shorter.tree)))).toMatch(
      /^E_H5_SHORT offset \d+: expected 7 bytes of heap id, found 6 /,
    );
  });
});

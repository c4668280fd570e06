import { ByteReader } from '../../../src/formats/bytes/reader.js';
import { isGroup, readLinks } from '../../../src/formats/hdf5/groups.js';
import { memorySource, readAll } from '../../../src/formats/source.js';
import { BASE, fileOf, hardLink, Layout, NOWHERE, placed } from '../../helpers/hdf5Bytes.js';
import { cat, patched, u16, u32, u64 } from '../../helpers/hostile/bytes.js';
import { fieldsOf, said } from '../../helpers/said.js';

const message = (type: number, body: Uint8Array) => ({
  type,
  shared: false,
  body: new ByteReader(new Uint8Array(body), 'E_H5_SHORT', 1000),
});
const links = (bytes: Uint8Array) => readLinks(fileOf(Buffer.alloc(0)), [message(6, bytes)]);
const hard = (name: string, address: number) => [name, { kind: 'hard', address: BigInt(address) }];

describe('a link message', () => {
  it('leads to an object, or is the path of one', () => {
    expect(links(hardLink('wé', 77))).toEqual([hard('wé', 77)]);
    expect(links(cat(Uint8Array.of(1, 8, 1, 1), 'w', u16(4), '/a/b'))).toEqual([['w', { kind: 'soft', path: '/a/b' }]]);
  });

  it('has whatever its flags say: creation order, character set, a wider length', () => {
    const body = (flags: number) =>
      cat(
        Uint8Array.of(1, flags),
        flags & 8 ? Uint8Array.of(0) : '',
        flags & 4 ? u64(9) : '',
        flags & 16 ? Uint8Array.of(1) : '',
        u64(3).subarray(0, 2 ** (flags & 3)),
        'abc',
        u64(5),
      );
    for (let flags = 0; flags < 32; flags++) expect(links(body(flags))).toEqual([hard('abc', 5)]);
    expect(fieldsOf(body(29), links)).toEqual([
      '1000: 1 link version',
      '1001: 1 link flags',
      '1002: 1 link type',
      '1003: 8 creation order',
      '1011: 1 character set',
      '1012: 2 name length',
      '1014: 3 link name',
      '1017: 8 object header address',
    ]);
    expect(fieldsOf(cat(Uint8Array.of(1, 8, 1, 1), 'w', u16(4), '/a/b'), links).slice(-2)).toEqual(['1005: 2 path length', '1007: 4 path']);
  });

  it.each<[string, Uint8Array, string]>([
    ['version 2', Uint8Array.of(2, 0), 'E_H5_LINK offset 1000: link version 2'],
    ['no name', cat(Uint8Array.of(1, 0, 0), u64(5)), "E_H5_LINK offset 1000: a member called ''"],
    ['a slash in its name', hardLink('a/b', 5), "E_H5_LINK offset 1000: a member called 'a/b'"],
    ['NUL in its name', hardLink('a\0', 5), "E_NAME the member name 'a\\u0000' has a NUL character"],
    [
      'a name that is no UTF-8',
      cat(Uint8Array.of(1, 0, 2), 'a\xff', u64(5)),
      'E_ENCODING offset 1004: not valid UTF-8 | expected: UTF-8 | fix: save the file as UTF-8',
    ],
    [
      'a path that is no UTF-8',
      cat(Uint8Array.of(1, 8, 1, 1), 'w', u16(2), 'a\xff'),
      'E_ENCODING offset 1008: not valid UTF-8 | expected: UTF-8 | fix: save the file as UTF-8',
    ],
    [
      'an external type',
      cat(Uint8Array.of(1, 8, 64, 1), 'w'),
      "E_H5_EXTERNAL link: offset 1000: 'w' is an external link: it points into another file, which is never opened",
    ],
    ['an unknown type', cat(Uint8Array.of(1, 8, 2, 1), 'w'), "E_H5_LINK link: offset 1000: 'w' is a link of the unknown type 2"],
  ])('is refused with %s', (_, bytes, words) => expect(said(() => links(bytes))).toBe(words));

  it('members stand in the order of their bytes, each name once', () => {
    const all = ['b', 'ä', 'a', 'B'].map((name, i) => message(6, hardLink(name, i)));
    expect(readLinks(fileOf(Buffer.alloc(0)), all).map(([name]) => name)).toEqual(['B', 'a', 'b', 'ä']);
    expect(said(() => readLinks(fileOf(Buffer.alloc(0)), [...all, all[2]]))).toBe("E_H5_DUPLICATE offset 1000: two members are called 'a'");
  });
});

it('a group has links, a table of symbols, or a place for links', () => {
  const of = (type: number) => isGroup([message(1, Buffer.alloc(0)), message(type, Buffer.alloc(0))]);
  expect([2, 6, 17].map(of)).toEqual([true, true, true]);
  expect([1, 3, 8, 12].map(of)).toEqual([false, false, false, false]);
});

const NAMES = '\0\0\0\0\0\0\0\0w\0bias\0soft\0/a/b\0open';
const symbol = (name: number, header: number, cache = 0, scratch: Uint8Array = Buffer.alloc(16)) =>
  cat(u64(name), u64(header), u32(cache), u32(0), scratch);
const leaf = (...symbols: Uint8Array[]) => cat('SNOD', Uint8Array.of(1, 0), u16(symbols.length), ...symbols);
const tree = (level: number, ...children: number[]) =>
  cat('TREE', Uint8Array.of(0, level), u16(children.length), u64(NOWHERE), u64(NOWHERE), ...children.map(child => cat(u64(0), u64(child))));

/** A group of four members in two leaves under a tree of two levels; `bend` changes a part before it is put. */
function oldGroup(bend: (part: Buffer, name: string) => Buffer = part => part) {
  const layout = new Layout();
  const at: Record<string, number> = {};
  const put = (name: string, part: Buffer) => {
    at[name] = layout.put(bend(part, name));
    return at[name];
  };
  put('gap', Buffer.alloc(5));
  const data = put('names', cat(NAMES));
  const heap = put('heap', cat('HEAP', Uint8Array.of(0, 0, 0, 0), u64(NAMES.length), u64(1), u64(data)));
  const first = put('leaf', leaf(symbol(8, 800), symbol(10, 1000, 1)));
  const second = put('leaf2', leaf(symbol(15, 0, 2, cat(u32(20), Buffer.alloc(12)))));
  const below = put('tree', tree(0, first));
  const beside = put('tree2', tree(0, second));
  const top = put('root', tree(1, below, beside));
  return { layout, at, body: cat(u64(top), u64(heap)) };
}
const readOld = ({ layout, body }: ReturnType<typeof oldGroup>) => readLinks(layout.file(), [message(17, body)]);

describe('a group with a table of symbols', () => {
  it('has the members of all its leaves', () => {
    expect(readOld(oldGroup())).toEqual([hard('bias', 1000), ['soft', { kind: 'soft', path: '/a/b' }], hard('w', 800)]);
  });

  it.each<[string, string, number, Uint8Array | string, string]>([
    [
      'a heap of another signature',
      'heap',
      0,
      'HEAX',
      'E_H5_SIGNATURE local heap: offset <heap>: expected local heap (HEAP), found other bytes',
    ],
    [
      'heap data outside the file',
      'heap',
      24,
      u64(9000),
      'E_H5_ADDRESS local heap data: offset 9032: local heap data of 29 bytes lies outside the file of 370',
    ],
    ['a name outside the heap', 'leaf', 8, u64(29), 'E_H5_LINK offset <names>: a name at 29 of a heap of 29 bytes'],
    ['a name without an end', 'leaf', 8, u64(25), 'E_H5_LINK offset <names>: a name at 25 of a heap of 29 bytes'],
    [
      'a name that is no UTF-8',
      'names',
      11,
      '\xff',
      'E_ENCODING offset <names+11>: not valid UTF-8 | expected: UTF-8 | fix: save the file as UTF-8',
    ],
    ['an empty name', 'leaf', 8, u64(9), "E_H5_LINK offset <leaf+8>: a member called ''"],
    ['one name twice', 'leaf', 48, u64(8), "E_H5_DUPLICATE offset <leaf+48>: two members are called 'w'"],
    [
      'a leaf of another signature',
      'leaf',
      0,
      'SNOX',
      'E_H5_SIGNATURE symbol table node: offset <leaf>: expected symbol table node (SNOD), found other bytes',
    ],
    ['a leaf of version 2', 'leaf', 4, Uint8Array.of(2), 'E_H5_TREE offset <leaf+4>: symbol node version 2'],
    ['a symbol of an unknown kind', 'leaf', 24, u32(3), "E_H5_LINK offset <leaf+8>: 'w' has the unknown cache type 3"],
    [
      'a tree of another signature',
      'tree',
      0,
      'TREX',
      'E_H5_SIGNATURE group B-tree node: offset <tree>: expected group B-tree node (TREE), found other bytes',
    ],
    ['a tree of chunks', 'tree', 4, Uint8Array.of(1), 'E_H5_TREE offset <tree+6>: a node of type 1, level 0 in a group'],
    ['a child of another level', 'tree', 5, Uint8Array.of(1), 'E_H5_TREE offset <tree+6>: a node of type 0, level 1 in a group'],
    [
      'a tree outside the file',
      'root',
      32,
      u64(5000),
      'E_H5_ADDRESS group B-tree node: offset 5032: group B-tree node of 1 bytes lies outside the file of 370',
    ],
  ])('is refused with %s', (_, part, at, bytes, words) => {
    const bent = oldGroup((bytesOf, name) => (name === part ? patched(bytesOf, at, bytes) : bytesOf));
    expect(said(() => readOld(bent))).toBe(placed(words, bent.at));
  });

  it('a node that stands in its tree twice is refused', () => {
    const { at, layout, body } = oldGroup();
    const twice = layout.put(tree(1, at.tree, at.tree));
    expect(said(() => readLinks(layout.file(), [message(17, cat(u64(twice), body.subarray(8)))]))).toBe(
      placed('E_H5_TREE offset <tree>: a B-tree node that occurs twice in its tree', at),
    );
  });

  it('names the field that is cut off', () => {
    const { layout, at, body } = oldGroup();
    const whole = Buffer.from(readAll(layout.file().source));
    const cutFrom = (start: number, address: number) =>
      fieldsOf(whole.subarray(start), part => {
        const file = layout.file();
        return readLinks({ ...file, source: memorySource(cat(whole.subarray(0, start), part)) }, [
          message(17, cat(u64(address), body.subarray(8))),
        ]);
      }).filter(field => !field.startsWith('cut at 0:'));
    const root = at.root + BASE;
    expect(cutFrom(root, at.root)).toEqual(
      [
        [0, '4 group B-tree node'],
        [4, '1 node type'],
        [5, '1 node level'],
        [6, '2 entries used'],
        [8, '16 siblings'],
        [24, '8 key'],
        [32, '8 child address'],
        [40, '8 key'],
        [48, '8 child address'],
      ].map(([offset, field]) => `${Number(offset) + root}: ${field}`),
    );
    // a leaf at the end of the file
    const last = layout.put(leaf(symbol(8, 800), symbol(10, 1000, 1)));
    const above = new Layout();
    for (const part of [Buffer.from(readAll(layout.file().source).subarray(BASE, BASE + last))]) above.put(part);
    const top = above.put(tree(0, above.next + 40));
    const lastLeaf = above.put(leaf(symbol(8, 800)));
    const bytes = Buffer.from(readAll(above.file().source));
    const start = lastLeaf + BASE;
    const fields = fieldsOf(bytes.subarray(start), part =>
      readLinks({ ...above.file(), source: memorySource(cat(bytes.subarray(0, start), part)) }, [
        message(17, cat(u64(top), body.subarray(8))),
      ]),
    );
    expect(fields.slice(1)).toEqual(
      [
        [0, '4 symbol table node'],
        [4, '1 symbol node version'],
        [5, '1 reserved'],
        [6, '2 number of symbols'],
        [8, '8 link name offset'],
        [16, '8 object header address'],
        [24, '4 cache type'],
        [28, '4 reserved'],
        [32, '16 scratch space'],
      ].map(([offset, field]) => `${Number(offset) + start}: ${field}`),
    );
    expect(fieldsOf(body, part => readLinks(layout.file(), [message(17, part)]))).toEqual([
      '1000: 8 B-tree address',
      '1008: 8 local heap address',
    ]);
  });
});

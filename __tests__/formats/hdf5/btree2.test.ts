import { readTree2 } from '../../../src/formats/hdf5/btree2.js';
import { Layout, NOWHERE, placed, summed } from '../../helpers/hdf5Bytes.js';
import { cat, patched, u16, u32, u64 } from '../../helpers/hostile/bytes.js';
import { said } from '../../helpers/said.js';

interface Header {
  type?: number;
  nodeBytes?: number;
  recordBytes?: number;
  depth?: number;
  root: number | bigint;
  rootRecords: number;
  total: number;
}
const header = ({ type = 5, nodeBytes = 64, recordBytes = 4, depth = 0, root, rootRecords, total }: Header) =>
  summed(
    'BTHD',
    Uint8Array.of(0, type),
    u32(nodeBytes),
    u16(recordBytes),
    u16(depth),
    Uint8Array.of(98, 40),
    u64(root),
    u16(rootRecords),
    u64(total),
  );

/** A node is as large as its tree says; its checksum follows its last entry. */
const node = (signature: string, entries: Uint8Array, nodeBytes = 64) => {
  const start = summed(signature, Uint8Array.of(0, 5), entries);
  return cat(start, Buffer.alloc(nodeBytes - start.length, 0xaa));
};
const leaf = (...records: string[]) => node('BTLF', cat(...records));
/** child address, records in it, records below it (from level 2 on) */
const child = (address: number, records: number, below?: number) =>
  cat(u64(address), Uint8Array.of(records), below === undefined ? '' : Uint8Array.of(below));

function read(layout: Layout, address: number, type = 5): string[] {
  const seen: string[] = [];
  readTree2(layout.file(), BigInt(address), type, record => seen.push(Buffer.from(record.bytes).toString()));
  return seen;
}

// Nodes of 64 bytes hold 13 records of 4 bytes in a leaf, and (64 - 10 - 9) / (4 + 9) = 3 above it; so one byte counts the records of a child,
// and one the 55 that lie below a node of level 2
describe('a version 2 B-tree', () => {
  it('without records has no root', () => {
    const layout = new Layout();
    expect(read(layout, layout.put(header({ root: NOWHERE, rootRecords: 0, total: 0 })))).toEqual([]);
  });

  it('of one leaf gives its records in order', () => {
    const layout = new Layout();
    const root = layout.put(leaf('aaaa', 'bbbb', 'cccc'));
    expect(read(layout, layout.put(header({ root, rootRecords: 3, total: 3 })))).toEqual(['aaaa', 'bbbb', 'cccc']);
  });

  it('fills its nodes to the last byte', () => {
    const layout = new Layout();
    const records = Array.from({ length: 13 }, (_, i) => `r${100 + i}`);
    const root = layout.put(leaf(...records));
    expect(read(layout, layout.put(header({ root, rootRecords: 13, total: 13 })))).toEqual(records);
    const over = header({ root, rootRecords: 14, total: 14 });
    expect(said(() => read(layout, layout.put(over)))).toBe('E_H5_TREE offset 32: 14 records in a node that holds 13');
  });

  it('of depth 1 has the records of an inner node between those of its children', () => {
    const layout = new Layout();
    const [a, b, c, d] = ['aaaa', 'cccc', 'eeee', 'gggg'].map(record => layout.put(leaf(record)));
    const root = layout.put(node('BTIN', cat('bbbb', 'dddd', 'ffff', child(a, 1), child(b, 1), child(c, 1), child(d, 1))));
    const tree = layout.put(header({ depth: 1, root, rootRecords: 3, total: 7 }));
    expect(read(layout, tree)).toEqual(['aaaa', 'bbbb', 'cccc', 'dddd', 'eeee', 'ffff', 'gggg']);
    const over = layout.put(header({ depth: 1, root, rootRecords: 4, total: 7 }));
    expect(said(() => read(layout, over))).toBe(placed('E_H5_TREE offset <root>: 4 records in a node that holds 3', { root }));
  });

  it('of depth 2 counts what lies below a child, too', () => {
    const layout = new Layout();
    const inner = ['abc', 'efg'].map(([x, y, z]) => {
      const [left, right] = [x, z].map(letter => layout.put(leaf(letter.repeat(4))));
      return layout.put(node('BTIN', cat(y.repeat(4), child(left, 1), child(right, 1))));
    });
    const root = layout.put(node('BTIN', cat('dddd', child(inner[0], 1, 3), child(inner[1], 1, 3))));
    const tree = layout.put(header({ depth: 2, root, rootRecords: 1, total: 7 }));
    expect(read(layout, tree)).toEqual(['aaaa', 'bbbb', 'cccc', 'dddd', 'eeee', 'ffff', 'gggg']);
  });

  it('counts in as many bytes as the largest count needs', () => {
    // 300 records of 1 byte in a leaf take 2 bytes; (310 - 10 - 10) / 11 = 26 in a node above take 1, and the 26 + 27 · 300 below it 2
    const layout = new Layout();
    const wide = (signature: string, entries: Uint8Array) => node(signature, entries, 310);
    const leafAt = layout.put(wide('BTLF', cat('abc')));
    const other = layout.put(wide('BTLF', cat('e')));
    const inner = layout.put(wide('BTIN', cat('d', u64(leafAt), u16(3), u64(other), u16(1))));
    const last = layout.put(wide('BTLF', cat('g')));
    const lastInner = layout.put(wide('BTIN', cat('h', u64(last), u16(1), u64(layout.put(wide('BTLF', cat('i')))), u16(1))));
    const root = layout.put(wide('BTIN', cat('f', u64(inner), Uint8Array.of(1), u16(5), u64(lastInner), Uint8Array.of(1), u16(3))));
    const tree = layout.put(header({ nodeBytes: 310, recordBytes: 1, depth: 2, root, rootRecords: 1, total: 9 }));
    expect(read(layout, tree).join('')).toBe('abcdefghi');
  });

  it('a count of 255 takes one byte, one of 256 two', () => {
    for (const most of [255, 256]) {
      const layout = new Layout();
      const nodeBytes = most + 10;
      const wide = (signature: string, entries: Uint8Array) => node(signature, entries, nodeBytes);
      const count = (n: number) => (most === 255 ? Uint8Array.of(n) : u16(n));
      const [a, c] = ['a', 'c'].map(record => layout.put(wide('BTLF', cat(record))));
      const root = layout.put(wide('BTIN', cat('b', u64(a), count(1), u64(c), count(1))));
      expect(read(layout, layout.put(header({ nodeBytes, recordBytes: 1, depth: 1, root, rootRecords: 1, total: 3 }))).join('')).toBe(
        'abc',
      );
    }
  });

  it.each<[string, (at: { root: number; tree: number }) => Header | Uint8Array, string]>([
    [
      'another signature',
      ({ root }) => patched(header({ root, rootRecords: 1, total: 1 }), 0, 'BTHX'),
      'E_H5_SIGNATURE B-tree header: offset <tree>: expected B-tree header (BTHD), found other bytes',
    ],
    [
      'another record type',
      ({ root }) => ({ type: 6, root, rootRecords: 1, total: 1 }),
      'E_H5_TREE offset <tree+5>: a B-tree of records of type 6 | expected: 5',
    ],
    [
      'a changed byte',
      ({ root }) => patched(header({ root, rootRecords: 1, total: 1 }), 14, Uint8Array.of(1)),
      'E_H5_CHECKSUM B-tree header: offset <tree>: the checksum of the B-tree header is wrong: the file is damaged | fix: save or download the file again',
    ],
    [
      'records of no bytes',
      ({ root }) => ({ recordBytes: 0, root, rootRecords: 1, total: 1 }),
      'E_H5_TREE offset <tree+38>: nodes of 64 and records of 0 bytes',
    ],
    [
      'nodes smaller than a record',
      ({ root }) => ({ nodeBytes: 13, root, rootRecords: 1, total: 1 }),
      'E_H5_TREE offset <tree+38>: nodes of 13 and records of 4 bytes',
    ],
    [
      'a depth its nodes have no room for',
      ({ root }) => ({ nodeBytes: 31, depth: 1, root, rootRecords: 1, total: 1 }),
      'E_H5_TREE a B-tree of depth 1 over nodes of 31 bytes',
    ],
    [
      'a depth of more than 2^64 records',
      ({ root }) => ({ depth: 60, root, rootRecords: 1, total: 1 }),
      'E_H5_TREE a B-tree of depth 60 over nodes of 64 bytes',
    ],
    [
      'more records than there are',
      ({ root }) => ({ root, rootRecords: 1, total: 2 }),
      'E_H5_TREE offset <tree+38>: the B-tree claims 2 records and has 1',
    ],
    [
      'a leaf where a node should be',
      ({ root }) => ({ depth: 1, root, rootRecords: 1, total: 1 }),
      'E_H5_SIGNATURE B-tree node: offset <root>: expected B-tree node (BTIN), found other bytes',
    ],
    [
      'a root that does not exist',
      () => ({ root: 9999, rootRecords: 1, total: 1 }),
      'E_H5_ADDRESS B-tree node: offset 10031: B-tree node of 64 bytes lies outside the file of <end>',
    ],
    [
      'a node of another number of records',
      ({ root }) => ({ root, rootRecords: 2, total: 2 }),
      'E_H5_CHECKSUM B-tree node: offset <root>: the checksum of the B-tree node is wrong: the file is damaged | fix: save or download the file again',
    ],
    [
      'a header that is cut off',
      () => header({ root: 0, rootRecords: 0, total: 0 }).subarray(0, 37),
      'E_H5_ADDRESS B-tree header: offset <tree>: B-tree header of 38 bytes lies outside the file of <end>',
    ],
  ])('is refused with %s', (_, make, message) => {
    const layout = new Layout();
    layout.put(Buffer.alloc(3));
    const root = layout.put(leaf('aaaa'));
    const tree = layout.next;
    const made = make({ root, tree });
    layout.put(made instanceof Uint8Array ? made : header(made));
    expect(said(() => read(layout, tree))).toBe(placed(message, { root, tree, end: layout.next }));
  });

  it('a node of depth 1 needs 32 bytes for records of 4', () => {
    const layout = new Layout();
    const wide = (signature: string, entries: Uint8Array) => node(signature, entries, 32);
    const [a, c] = ['aaaa', 'cccc'].map(record => layout.put(wide('BTLF', cat(record))));
    const root = layout.put(wide('BTIN', cat('bbbb', child(a, 1), child(c, 1))));
    expect(read(layout, layout.put(header({ nodeBytes: 32, depth: 1, root, rootRecords: 1, total: 3 })))).toEqual(['aaaa', 'bbbb', 'cccc']);
  });

  it('a node that stands in it twice is refused', () => {
    const layout = new Layout();
    const only = layout.put(leaf('aaaa'));
    const root = layout.put(node('BTIN', cat('bbbb', child(only, 1), child(only, 1))));
    const tree = layout.put(header({ depth: 1, root, rootRecords: 1, total: 3 }));
    expect(said(() => read(layout, tree))).toBe('E_H5_TREE offset 32: a B-tree node that occurs twice in its tree');
  });

  it('a record that is too short says where it stands', () => {
    const layout = new Layout();
    const root = layout.put(leaf('aaaa'));
    const tree = layout.put(header({ root, rootRecords: 1, total: 1 }));
    expect(said(() => readTree2(layout.file(), BigInt(tree), 5, record => record.take(5, 'thing')))).toMatch(
      /^E_H5_SHORT offset 38: expected 5 bytes of thing, found 4 /,
    );
  });
});

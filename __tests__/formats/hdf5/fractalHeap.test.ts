import { openHeap } from '../../../src/formats/hdf5/fractalHeap.js';
import { readAll } from '../../../src/formats/source.js';
import { jenkins, Layout, NOWHERE, placed, summed } from '../../helpers/hdf5Bytes.js';
import { cat, patched, u16, u32, u64 } from '../../helpers/hostile/bytes.js';
import { said } from '../../helpers/said.js';

interface Header {
  idBytes?: number;
  filters?: number;
  flags?: number;
  maxManaged?: number;
  width?: number;
  start?: number;
  maxDirect?: number;
  bits?: number;
  root: number | bigint;
  rows?: number;
}
const header = ({
  idBytes = 7,
  filters = 0,
  flags = 2,
  maxManaged = 100,
  width = 2,
  start = 64,
  maxDirect = 128,
  bits = 16,
  root,
  rows = 0,
}: Header) =>
  summed(
    'FRHP',
    Uint8Array.of(0),
    u16(idBytes),
    u16(filters),
    Uint8Array.of(flags),
    u32(maxManaged),
    Buffer.alloc(96, 0x55),
    u16(width),
    u64(start),
    u64(maxDirect),
    u16(bits),
    u16(1),
    u64(root),
    u16(rows),
  );

/** A direct block of `size` bytes; its content begins at `at`. Offsets take 2 bytes. */
function direct(size: number, at: number, content: string, checked = true): Buffer {
  const block = Buffer.alloc(size, 0x33);
  cat('FHDB', Uint8Array.of(0), u64(0), u16(0), checked ? u32(0) : '').copy(block);
  block.write(content, at, 'latin1');
  if (checked) u32(jenkins(block)).copy(block, 15);
  return block;
}
const indirect = (...children: (number | bigint)[]) => summed('FHIB', Uint8Array.of(0), u64(0), u16(0), ...children.map(u64));
const id = (offset: number, length: number) => cat(Uint8Array.of(0), u16(offset), Uint8Array.of(length));

/** A heap whose header is put last. */
function open(layout: Layout, options: Header) {
  const address = layout.put(header(options));
  return openHeap(layout.file(), BigInt(address));
}
const found = (heap: ReturnType<typeof openHeap>, bytes: Uint8Array) => {
  const reader = heap(new Uint8Array(bytes));
  return [Buffer.from(reader.bytes).toString('latin1'), reader.offset - 32];
};

describe('a fractal heap', () => {
  it.each([true, false])('of one block finds objects in it (checksums: %s)', checked => {
    const layout = new Layout();
    layout.put(Buffer.alloc(10));
    const least = checked ? 19 : 15;
    const root = layout.put(direct(64, least, 'hello', checked));
    const heap = open(layout, { root, flags: checked ? 2 : 0 });
    expect(heap.idBytes).toBe(7);
    expect([found(heap, id(least, 5)), found(heap, id(least + 1, 2))]).toEqual([
      ['hello', 10 + least],
      ['el', 11 + least],
    ]);
    // to the last byte of the block, and from the first behind its header
    expect(found(heap, id(60, 4))).toEqual(['3333', 70]);
    for (const [at, length] of [
      [60, 5],
      [least - 1, 3],
      [64, 1],
    ])
      expect(said(() => heap(id(at, length)))).toBe(
        placed(`E_H5_HEAP offset <root>: a heap object [${at}, ${at + length}) of a block of 64 bytes`, { root }),
      );
  });

  it('keeps tiny objects in their ids', () => {
    const layout = new Layout();
    const heap = open(layout, { root: NOWHERE });
    expect(found(heap, cat(Uint8Array.of(0x20), 'abc'))).toEqual(['a', 146]);
    expect(found(heap, cat(Uint8Array.of(0x22), 'abcde'))).toEqual(['abc', 146]);
  });

  // rows of 2 blocks: the first two rows have the starting size, each further one twice the size of the one before
  it('of rows finds a block by its offset: sizes 64, 64, 128, then tables again', () => {
    const layout = new Layout();
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const blocks = names.map((name, i) => layout.put(direct(i < 4 ? 64 : 128, 20, name.repeat(8))));
    // row 3 is of 256 bytes each, more than a direct block may have: tables of 1 row of 64 and 1 of 64
    const inner = ['g', 'h', 'i', 'j'].map(name => layout.put(direct(64, 20, name.repeat(8))));
    const table = layout.put(indirect(...inner));
    const root = layout.put(indirect(...blocks, table, NOWHERE));
    const heap = open(layout, { root, rows: 4 });
    const starts = [0, 64, 128, 192, 256, 384, 512, 576, 640, 704];
    expect(starts.map(start => found(heap, id(start + 20, 8))[0])).toEqual([...names, 'g', 'h', 'i', 'j'].map(name => name.repeat(8)));
    expect(starts.map(start => found(heap, id(start + 21, 3))[1])).toEqual([...blocks, ...inner].map(at => at + 21));
    expect(said(() => heap(id(768 + 20, 1)))).toBe(
      placed('E_H5_HEAP offset <root+71>: a heap object in a block that does not exist', { root }),
    );
    expect(said(() => heap(id(1024, 1)))).toBe(placed('E_H5_HEAP offset <root>: a heap object at 1024, beyond 4 rows', { root }));
  });

  it('looks at the checksum of a block once, however many objects lie in it', () => {
    const layout = new Layout();
    const block = layout.put(direct(64, 20, 'hello'));
    const root = layout.put(indirect(block, NOWHERE));
    const address = layout.put(header({ root, rows: 1 }));
    const file = layout.file();
    const heap = openHeap(file, BigInt(address));
    heap(id(20, 5));
    const bytes = readAll(file.source);
    bytes[32 + block + 30] ^= 1;
    bytes[32 + root + 14] ^= 1;
    expect(found(heap, id(20, 5))[0]).toBe('hello');
    expect(said(() => openHeap(file, BigInt(address))(id(20, 5)))).toBe(
      placed(
        'E_H5_CHECKSUM fractal heap block: offset <root>: the checksum of the fractal heap block is wrong: the file is damaged | fix: save or download the file again',
        { root },
      ),
    );
    bytes[32 + root + 14] ^= 1;
    expect(said(() => openHeap(file, BigInt(address))(id(20, 5)))).toBe(
      placed(
        'E_H5_CHECKSUM fractal heap block: offset <block>: the checksum of the fractal heap block is wrong: the file is damaged | fix: save or download the file again',
        { block },
      ),
    );
  });

  it('writes offsets and lengths in as many bytes as the largest needs', () => {
    const layout = new Layout();
    const block = Buffer.alloc(1024);
    cat('FHDB', Uint8Array.of(0), u64(0), Buffer.alloc(3)).copy(block);
    block.write('hello', 100, 'latin1');
    const root = layout.put(block);
    const read = (options: Partial<Header>, ...rest: Uint8Array[]) =>
      found(open(layout, { root, start: 1024, maxDirect: 1024, bits: 17, flags: 0, ...options }), cat(Uint8Array.of(0), ...rest))[0];
    const offset = Uint8Array.of(100, 0, 0);
    expect(read({ maxManaged: 255 }, offset, Uint8Array.of(5))).toBe('hello');
    expect(read({ maxManaged: 256 }, offset, u16(5))).toBe('hello');
    expect(read({ maxManaged: 100_000 }, offset, u16(5))).toBe('hello');
    expect(read({ maxManaged: 100_000, maxDirect: 65536 }, offset, Uint8Array.of(5, 0, 0))).toBe('hello');
    expect(read({ bits: 24 }, offset, Uint8Array.of(5))).toBe('hello');
    expect(said(() => read({ maxManaged: 256 }, offset, Uint8Array.of(5)))).toMatch(
      /^E_H5_HEAP offset \d+: expected 2 bytes of heap length, found 1 /,
    );
    expect(said(() => read({}, Uint8Array.of(100, 0)))).toMatch(/^E_H5_HEAP offset \d+: expected 3 bytes of heap offset, found 2 /);
    expect(said(() => open(layout, { root })(Buffer.alloc(0)))).toMatch(/^E_H5_HEAP offset \d+: expected 1 bytes of heap id, found 0 /);
  });

  it.each<[string, Partial<Header>, Uint8Array, string]>([
    ['filters', { filters: 1 }, id(20, 5), 'E_H5_HEAP offset <heap+7>: a fractal heap with filters is not read'],
    ['blocks of no bytes', { start: 0 }, id(20, 5), 'E_H5_HEAP offset <heap+146>: a fractal heap of impossible sizes'],
    ['blocks of 63 bytes', { start: 63 }, id(20, 5), 'E_H5_HEAP offset <heap+146>: a fractal heap of impossible sizes'],
    ['a largest block of 127 bytes', { maxDirect: 127 }, id(20, 5), 'E_H5_HEAP offset <heap+146>: a fractal heap of impossible sizes'],
    [
      'a largest block smaller than the first',
      { maxDirect: 32 },
      id(20, 5),
      'E_H5_HEAP offset <heap+146>: a fractal heap of impossible sizes',
    ],
    ['rows of 3', { width: 3 }, id(20, 5), 'E_H5_HEAP offset <heap+146>: a fractal heap of impossible sizes'],
    ['offsets of 65 bits', { bits: 65 }, id(20, 5), 'E_H5_HEAP offset <heap+146>: a fractal heap of impossible sizes'],
    [
      'a huge object',
      {},
      cat(Uint8Array.of(0x10), 'abc'),
      'E_H5_HEAP offset <heap+146>: an object of more than a block in a fractal heap is not read',
    ],
    [
      'an object of a kind of its own',
      {},
      cat(Uint8Array.of(0x30), 'abc'),
      'E_H5_HEAP offset <heap+146>: an object of an unknown kind in a fractal heap is not read',
    ],
    [
      'a table that is a block',
      { rows: 1 },
      id(20, 5),
      'E_H5_SIGNATURE fractal heap block: offset <block>: expected fractal heap block (FHIB), found other bytes',
    ],
    [
      'a block outside the file',
      { root: 9999 },
      id(20, 5),
      'E_H5_ADDRESS fractal heap block: offset 10031: fractal heap block of 64 bytes lies outside the file of <end>',
    ],
    [
      'a block that is none',
      { root: 0 },
      id(20, 5),
      'E_H5_SIGNATURE fractal heap block: offset 32: expected fractal heap block (FHDB), found other bytes',
    ],
    [
      'a table outside the file',
      { root: 9999, rows: 2 },
      id(20, 5),
      'E_H5_ADDRESS fractal heap block: offset 10031: fractal heap block of 51 bytes lies outside the file of <end>',
    ],
  ])('is refused with %s', (_, options, bytes, words) => {
    const layout = new Layout();
    layout.put(Buffer.alloc(70));
    const block = layout.put(direct(64, 20, 'hello'));
    const heap = layout.put(header({ root: block, ...options }));
    expect(said(() => openHeap(layout.file(), BigInt(heap))(bytes))).toBe(placed(words, { heap, block, end: layout.next }));
  });

  it('has the sizes that are allowed', () => {
    const layout = new Layout();
    for (const options of [{ start: 128 }, { width: 1 }, { bits: 64 }, { start: 1, maxDirect: 1 }])
      open(layout, { root: NOWHERE, ...options });
    const address = layout.put(header({ root: NOWHERE }));
    for (const [at, what] of [
      [0, 'E_H5_SIGNATURE fractal heap: offset <heap>: expected fractal heap (FRHP), found other bytes'],
      [
        30,
        'E_H5_CHECKSUM fractal heap: offset <heap>: the checksum of the fractal heap is wrong: the file is damaged | fix: save or download the file again',
      ],
    ] as const) {
      const bent = new Layout();
      const heap = bent.put(patched(header({ root: NOWHERE }), at, 'X'));
      expect(said(() => openHeap(bent.file(), BigInt(heap)))).toBe(placed(what, { heap }));
    }
    expect(said(() => openHeap(layout.file(), BigInt(address + 1)))).toBe(
      placed('E_H5_ADDRESS fractal heap: offset <heap+1>: fractal heap of 146 bytes lies outside the file of <end>', {
        heap: address,
        end: layout.next,
      }),
    );
  });
});

import { deflateSync } from 'node:zlib';
import { ByteReader } from '../../../src/formats/bytes/reader.js';
import type { Limits } from '../../../src/formats/format.js';
import { readChunkLayout, readChunks } from '../../../src/formats/hdf5/chunks.js';
import { memorySource, readAll } from '../../../src/formats/source.js';
import { Layout, NOWHERE, placed } from '../../helpers/hdf5Bytes.js';
import { cat, counting, f32, patched, u16, u32, u64 } from '../../helpers/hostile/bytes.js';
import { fieldsOf, said } from '../../helpers/said.js';

const FLOAT = { kind: 'number', dtype: 'f32', littleEndian: true, size: 4 } as const;
const layoutOf = (tree: number | bigint, chunk: readonly number[], elementBytes = 4) =>
  cat(Uint8Array.of(chunk.length + 1), u64(tree), ...chunk.map(u32), u32(elementBytes));

interface Chunk {
  readonly start: readonly number[];
  readonly bytes: Uint8Array;
  readonly mask?: number;
  readonly stored?: number;
  readonly address?: number;
}
/** One key and child of a node. */
const entry = (stored: number, mask: number, start: readonly number[], child: number) =>
  cat(u32(stored), u32(mask), ...start.map(u64), u64(0), u64(child));
const node = (level: number, entries: readonly Uint8Array[], type = 1) =>
  cat('TREE', Uint8Array.of(type, level), u16(entries.length), u64(NOWHERE), u64(NOWHERE), ...entries);

/** Chunks, and a tree of one leaf over them. */
function chunked(chunks: readonly Chunk[]) {
  const layout = new Layout();
  layout.put(Buffer.alloc(5));
  const entries = chunks.map(({ start, bytes, mask = 0, stored, address }) => {
    const at = layout.put(bytes);
    return entry(stored ?? bytes.length, mask, start, address ?? at);
  });
  const tree = layout.put(node(0, entries));
  return { layout, tree };
}

const reader = (bytes: Uint8Array, base: number) => new ByteReader(new Uint8Array(bytes), 'E_H5_SHORT', base);
interface Options {
  shape: readonly number[];
  chunk: readonly number[];
  filters?: Uint8Array;
  layoutBytes?: Uint8Array;
  totalBytes?: number;
  limits?: Partial<Limits>;
}
function read(
  { layout, tree }: { layout: Layout; tree: number | bigint },
  { shape, chunk, filters, layoutBytes, totalBytes = 2 ** 32, limits }: Options,
) {
  const out = new Float32Array(shape.reduce((product, n) => product * n, 1)).fill(-7);
  const message = filters && { type: 11, shared: false, body: reader(filters, 2000) };
  const file = layout.file({ totalBytes, ...limits });
  readChunks(file, readChunkLayout(file, reader(layoutBytes ?? layoutOf(tree, chunk), 1000), message, FLOAT, shape), FLOAT, shape, out);
  return Array.from(out);
}

/** Version 2: a name only for filters of 256 and above. */
const filters2 = (...filters: (readonly [id: number, values: number, name?: string])[]) =>
  cat(
    Uint8Array.of(2, filters.length),
    ...filters.map(([id, values, name = '']) =>
      cat(u16(id), id >= 256 ? u16(name.length) : '', u16(1), u16(values), id >= 256 ? name : '', Buffer.alloc(4 * values)),
    ),
  );
/** Version 1: always a name, padded to 8; an odd number of values is padded, too. */
const filters1 = (...filters: (readonly [id: number, values: number, name: string])[]) =>
  cat(
    Uint8Array.of(1, filters.length),
    Buffer.alloc(6),
    ...filters.map(([id, values, name]) =>
      cat(
        u16(id),
        u16(name.length),
        u16(1),
        u16(values),
        name,
        Buffer.alloc((8 - (name.length % 8)) % 8),
        Buffer.alloc(4 * values),
        Buffer.alloc(values % 2 === 1 ? 4 : 0),
      ),
    ),
  );

describe('chunks', () => {
  it('are laid side by side, cut at the edge of the shape', () => {
    const chunks = [
      { start: [0, 0], bytes: f32(1, 2, 11, 12) },
      { start: [0, 2], bytes: f32(3, 99, 13, 99) },
      { start: [2, 0], bytes: f32(21, 22, 99, 99) },
      { start: [2, 2], bytes: f32(23, 99, 99, 99) },
    ];
    expect(read(chunked(chunks), { shape: [3, 3], chunk: [2, 2] })).toEqual([1, 2, 3, 11, 12, 13, 21, 22, 23]);
  });

  it('of one and of three dimensions', () => {
    expect(read(chunked([{ start: [3], bytes: f32(4, 5, 6) }]), { shape: [5], chunk: [3] })).toEqual([-7, -7, -7, 4, 5]);
    const cube = [
      { start: [0, 0, 0], bytes: counting(12) },
      { start: [1, 0, 0], bytes: f32(...Array.from({ length: 12 }, (_, i) => 101 + i)) },
    ];
    expect(read(chunked(cube), { shape: [2, 2, 3], chunk: [1, 3, 4] })).toEqual([1, 2, 3, 5, 6, 7, 101, 102, 103, 105, 106, 107]);
  });

  it('that do not exist leave what is there', () => {
    const { layout } = chunked([]);
    expect(read({ layout, tree: NOWHERE }, { shape: [2], chunk: [2] })).toEqual([-7, -7]);
    expect(read(chunked([]), { shape: [2], chunk: [2] })).toEqual([-7, -7]);
  });

  it('are found through a tree of several levels', () => {
    const layout = new Layout();
    const [a, b, c] = [1, 2, 3].map(n => layout.put(f32(n)));
    const left = layout.put(node(0, [entry(4, 0, [0], a), entry(4, 0, [1], b)]));
    const right = layout.put(node(0, [entry(4, 0, [2], c)]));
    const tree = layout.put(node(1, [entry(0, 0, [0], left), entry(0, 0, [2], right)]));
    expect(read({ layout, tree }, { shape: [3], chunk: [1] })).toEqual([1, 2, 3]);
    const crooked = layout.put(node(2, [entry(0, 0, [0], left)]));
    expect(said(() => read({ layout, tree: crooked }, { shape: [3], chunk: [1] }))).toBe(
      placed('E_H5_TREE offset <left+6>: a node of type 1, level 0 in a chunk index', { left }),
    );
    const twice = layout.put(node(1, [entry(0, 0, [0], left), entry(0, 0, [2], left)]));
    expect(said(() => read({ layout, tree: twice }, { shape: [3], chunk: [1] }))).toBe(
      placed('E_H5_TREE offset <left>: a B-tree node that occurs twice in its tree', { left }),
    );
    const ofGroup = layout.put(node(0, [entry(4, 0, [0], a)], 0));
    expect(said(() => read({ layout, tree: ofGroup }, { shape: [3], chunk: [1] }))).toBe(
      placed('E_H5_TREE offset <at+6>: a node of type 0, level 0 in a chunk index', { at: ofGroup }),
    );
  });

  const one = (more: Partial<Chunk> = {}) => chunked([{ start: [0], bytes: f32(1, 2), ...more }]);
  const SHAPE = { shape: [4], chunk: [2] };
  it.each<[string, ReturnType<typeof chunked>, Partial<Options>, string]>([
    ['of another rank', one(), { layoutBytes: layoutOf(0, [2, 2]) }, 'E_H5_LAYOUT offset 1000: chunks of 2 dimensions for shape [4]'],
    ['of a scalar', one(), { shape: [], layoutBytes: layoutOf(0, []) }, 'E_H5_LAYOUT offset 1000: chunks of 0 dimensions for shape []'],
    ['of other elements', one(), { layoutBytes: layoutOf(0, [2], 8) }, 'E_H5_LAYOUT offset 1000: chunks [2] of elements of 8 bytes'],
    ['of no elements', one(), { layoutBytes: layoutOf(0, [0]) }, 'E_H5_LAYOUT offset 1000: chunks [0] of elements of 4 bytes'],
    [
      'larger than memory',
      one(),
      { totalBytes: 7 },
      '(limit) E_LIMIT_BYTES offset 1000: one chunk [2] takes 8 bytes; the limit is 7 | expected: at most 7 bytes | found: 8 bytes | fix: raise it with --max-memory if the machine has room',
    ],
    [
      'beyond the shape',
      one({ start: [4] }),
      {},
      'E_H5_CHUNK offset <tree+24>: a chunk at [4] of shape [4], outside it or for the second time',
    ],
    [
      'off the grid',
      one({ start: [1] }),
      {},
      'E_H5_CHUNK offset <tree+24>: a chunk at [1] of shape [4], outside it or for the second time',
    ],
    [
      'there already',
      chunked([0, 0].map(start => ({ start: [start], bytes: f32(1, 2) }))),
      {},
      'E_H5_CHUNK offset <tree+56>: a chunk at [0] of shape [4], outside it or for the second time',
    ],
    ['too short', one({ bytes: f32(1) }), {}, 'E_H5_CHUNK offset <tree+24>: the chunk has 4 bytes | expected: 8 bytes | found: 4 bytes'],
    [
      'too long',
      one({ bytes: f32(1, 2, 3) }),
      {},
      'E_H5_CHUNK offset <tree+24>: the chunk has 12 bytes | expected: 8 bytes | found: 12 bytes',
    ],
    ['outside the file', one({ address: 9999 }), {}, 'E_H5_ADDRESS chunk: offset 10031: chunk of 8 bytes lies outside the file of <end>'],
    [
      'in a tree of another signature',
      { layout: one().layout, tree: 1 },
      {},
      'E_H5_SIGNATURE chunk B-tree node: offset 33: expected chunk B-tree node (TREE), found other bytes',
    ],
    [
      'in a tree outside the file',
      { layout: one().layout, tree: 9999 },
      {},
      'E_H5_ADDRESS chunk B-tree node: offset 10031: chunk B-tree node of 1 bytes lies outside the file of <end>',
    ],
  ])('%s are refused', (_, parts, options, words) => {
    expect(said(() => read(parts, { ...SHAPE, ...options }))).toBe(placed(words, { tree: parts.tree, end: parts.layout.next }));
  });

  it('may take all the memory there is', () => {
    expect(read(one(), { ...SHAPE, totalBytes: 8 })).toEqual([1, 2, -7, -7]);
  });

  it('names the field that is cut off', () => {
    const parts = one();
    expect(fieldsOf(layoutOf(parts.tree, [2]), layoutBytes => read(parts, { ...SHAPE, layoutBytes }))).toEqual([
      '1000: 1 chunk rank',
      '1001: 8 chunk index address',
      '1009: 4 chunk dimension',
      '1013: 4 element size',
    ]);
    const whole = Buffer.from(readAll(parts.layout.file().source));
    const start = parts.tree + 32;
    const fields = fieldsOf(whole.subarray(start), part => {
      const file = { ...parts.layout.file(), source: memorySource(cat(whole.subarray(0, start), part)) };
      const chunks = readChunkLayout(file, reader(layoutOf(parts.tree, [2]), 1000), undefined, FLOAT, [4]);
      return readChunks(file, chunks, FLOAT, [4], new Float32Array(4));
    });
    expect(fields.slice(1)).toEqual(
      [
        [0, '4 chunk B-tree node'],
        [4, '1 node type'],
        [5, '1 node level'],
        [6, '2 entries used'],
        [8, '16 siblings'],
        [24, '4 chunk size'],
        [28, '4 filter mask'],
        [32, '8 chunk position'],
        [40, '8 element position'],
        [48, '8 child address'],
      ].map(([offset, field]) => `${Number(offset) + start}: ${field}`),
    );
  });
});

/** HDF5's Fletcher-32 over 16-bit big-endian words, an odd byte as the upper half of one; stored little-endian. */
function fletcher(bytes: Uint8Array): Buffer {
  let [a, b] = [0, 0];
  for (let i = 0; i < bytes.length; i += 2) {
    a = (a + 256 * bytes[i] + (bytes[i + 1] ?? 0)) % 65535;
    b = (b + a) % 65535;
  }
  return cat(bytes, u32(b * 65536 + a));
}
const shuffled = (bytes: Uint8Array) => Buffer.from(bytes.map((_, i) => bytes[(i % 2) * 4 + Math.floor(i / 2)]));

describe('filters', () => {
  const shape = [2];
  const one = (bytes: Uint8Array, filters: Uint8Array, mask = 0) =>
    read(chunked([{ start: [0], bytes, mask }]), { shape, chunk: shape, filters });
  const data = f32(1.5, -2);
  const values = [1.5, -2];
  const [DEFLATE, SHUFFLE, FLETCHER] = [
    [1, 1, 'deflate\0'],
    [2, 1, 'shuffle\0'],
    [3, 0, 'fletcher32\0'],
  ] as const;

  it('are undone in the reverse of their order, in both versions of their message', () => {
    for (const filters of [filters1, filters2]) {
      expect(one(deflateSync(data), filters(DEFLATE))).toEqual(values);
      expect(one(shuffled(data), filters(SHUFFLE))).toEqual(values);
      expect(one(fletcher(data), filters(FLETCHER))).toEqual(values);
      expect(one(fletcher(deflateSync(shuffled(data))), filters(SHUFFLE, DEFLATE, FLETCHER))).toEqual(values);
      expect(one(deflateSync(fletcher(shuffled(data))), filters(SHUFFLE, FLETCHER, DEFLATE))).toEqual(values);
      expect(one(data, filters())).toEqual(values);
    }
  });

  it('that the mask of a chunk names were left out for it', () => {
    const all = filters2(SHUFFLE, DEFLATE, FLETCHER);
    expect(one(data, all, 7)).toEqual(values);
    expect(one(fletcher(deflateSync(data)), all, 1)).toEqual(values);
    expect(one(fletcher(shuffled(data)), all, 2)).toEqual(values);
    expect(one(deflateSync(shuffled(data)), all, 4)).toEqual(values);
  });

  it('a sum over all ones, 0xffff where a reader has 0, is the same', () => {
    const zeros = Buffer.alloc(8);
    expect(one(cat(zeros, u32(0xffffffff)), filters2(FLETCHER))).toEqual([0, 0]);
    expect(one(cat(zeros, u32(0xffff)), filters2(FLETCHER))).toEqual([0, 0]);
    expect(one(cat(zeros, u32(0xffff0000)), filters2(FLETCHER))).toEqual([0, 0]);
  });

  it('a sum covers an odd last byte', () => {
    // the deflated bytes are of any number
    for (const content of [f32(1, 2), f32(3, -3), f32(0.1, 5e-5), f32(1, 1)])
      expect(one(fletcher(deflateSync(content)), filters2(DEFLATE, FLETCHER))).toEqual(
        Array.from(new Float32Array(new Uint8Array(content).buffer)),
      );
    expect(one(fletcher(cat(deflateSync(data, { level: 0 }))), filters2(DEFLATE, FLETCHER))).toEqual(values);
    expect(deflateSync(data, { level: 0 }).length % 2).toBe(1);
  });

  it.each([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])('a sum notices a change of byte %i', at => {
    const bent = fletcher(data);
    bent[at] ^= 0x41;
    expect(said(() => one(bent, filters2(FLETCHER)))).toMatch(
      /^E_H5_CHUNK offset \d+: the Fletcher-32 sum of the chunk is wrong: the data are damaged$/,
    );
  });

  it('a chunk too short for a sum is refused', () => {
    expect(said(() => one(Uint8Array.of(0, 0, 0), filters2(FLETCHER)))).toMatch(/^E_H5_CHUNK offset \d+: the Fletcher-32 sum/);
  });

  it('deflated chunks that are damaged or too long are refused', () => {
    const damaged = patched(deflateSync(data), 2, Uint8Array.of(0xff, 0xff));
    expect(said(() => one(damaged, filters2(DEFLATE)))).toMatch(
      /^E_H5_CHUNK offset \d+: the compressed chunk is damaged or larger than it may be: invalid /,
    );
    expect(said(() => one(deflateSync(counting(3)), filters2(DEFLATE)))).toMatch(
      /^E_H5_CHUNK offset \d+: the chunk has 12 bytes \| expected: 8 bytes/,
    );
    expect(said(() => one(deflateSync(Buffer.alloc(13)), filters2(DEFLATE)))).toMatch(
      /^E_H5_CHUNK offset \d+: the compressed chunk is damaged or larger than it may be: Cannot create a Buffer larger than 12 bytes/,
    );
  });

  it('what deflated chunks become is bounded, each and together; others count for nothing', () => {
    const zeros = deflateSync(Buffer.alloc(4000));
    const ratio = Math.ceil(4000 / zeros.length);
    const shape = { shape: [2000], chunk: [1000], filters: filters2(DEFLATE) };
    const two = () =>
      chunked([
        { start: [0], bytes: zeros },
        { start: [1000], bytes: zeros },
      ]);
    expect(read(two(), { ...shape, limits: { ratio, inflatedBytes: 8000 } })).toEqual(new Array(2000).fill(0));
    expect(said(() => read(two(), { ...shape, limits: { ratio: ratio - 1 } }))).toMatch(
      new RegExp(
        `^\\(limit\\) E_LIMIT_RATIO chunk: offset \\d+: ${zeros.length} bytes claim to hold 4000, 1 to ${ratio}; the limit is ${ratio - 1} .*--max-ratio ${ratio}$`,
      ),
    );
    expect(said(() => read(two(), { ...shape, limits: { inflatedBytes: 7999 } }))).toMatch(
      /^\(limit\) E_LIMIT_INFLATED chunk: offset \d+: the file inflates to at least 8000 bytes; the limit is 7999 .*raise it with --max-inflated$/,
    );
    // bit 0 of a chunk's mask: its filter was left out
    const plain = { ...shape, shape: [2], chunk: [2], limits: { inflatedBytes: 1, ratio: 1 } };
    expect(read(chunked([{ start: [0], bytes: counting(2), mask: 1 }]), plain)).toEqual([1, 2]);
  });

  it('what shuffling left over stands at the end', () => {
    const odd = cat(shuffled(data), Uint8Array.of(9));
    expect(said(() => one(odd, filters2(SHUFFLE)))).toMatch(/the chunk has 9 bytes/);
    // a deflated run behind it, of no multiple of 4
    const run = deflateSync(data, { level: 0 });
    const planes = cat(run);
    const count = Math.floor(run.length / 4);
    for (let i = 0; i < count; i++) for (let plane = 0; plane < 4; plane++) planes[plane * count + i] = run[4 * i + plane];
    expect(run.length % 4).not.toBe(0);
    expect(one(planes, filters2(DEFLATE, SHUFFLE))).toEqual(values);
  });

  it.each<[Uint8Array, string]>([
    [filters2([4, 2]), 'E_H5_FILTER offset 2002: the filter 4 (szip) is not read'],
    [filters2([5, 2]), 'E_H5_FILTER offset 2002: the filter 5 (nbit) is not read'],
    [filters2([6, 2]), 'E_H5_FILTER offset 2002: the filter 6 (scaleoffset) is not read'],
    [filters2([307, 2, 'x']), 'E_H5_FILTER offset 2002: the filter 307 (bzip2) is not read'],
    [filters2([32000, 2, 'x']), 'E_H5_FILTER offset 2002: the filter 32000 (lzf) is not read'],
    [filters2([32001, 2, 'x']), 'E_H5_FILTER offset 2002: the filter 32001 (blosc) is not read'],
    [filters2([32004, 2, 'x']), 'E_H5_FILTER offset 2002: the filter 32004 (lz4) is not read'],
    [filters2([32015, 2, 'x']), 'E_H5_FILTER offset 2002: the filter 32015 (zstd) is not read'],
    [filters2([256, 1, 'own one\0and rest']), 'E_H5_FILTER offset 2002: the filter 256 (own one) is not read'],
    [filters2([255, 1]), 'E_H5_FILTER offset 2002: the filter 255 (unknown) is not read'],
    [filters2([0, 1]), 'E_H5_FILTER offset 2002: the filter 0 (unknown) is not read'],
    [filters1([7, 1, 'mine\0']), 'E_H5_FILTER offset 2008: the filter 7 (mine) is not read'],
    [filters2(DEFLATE, [9, 1]), 'E_H5_FILTER offset 2012: the filter 9 (unknown) is not read'],
    [filters1(DEFLATE, [9, 1, '']), 'E_H5_FILTER offset 2032: the filter 9 (unknown) is not read'],
  ])('others are refused by name (%#)', (filters, words) =>
    expect(said(() => one(data, filters))).toBe(
      `${words} | expected: deflate, shuffle, fletcher32 | fix: in Python: create_dataset(…, compression="gzip"), or none`,
    ),
  );

  it('the message has version 1 or 2', () => {
    for (const version of [0, 3])
      expect(said(() => one(data, Uint8Array.of(version, 0)))).toBe(`E_H5_FILTER offset 2002: filter pipeline version ${version}`);
    const fields = ['2008: 2 filter', '2010: 2 filter name length', '2012: 2 filter flags', '2014: 2 filter values'];
    expect(fieldsOf(filters1(DEFLATE), filters => one(deflateSync(data), filters))).toEqual([
      '2000: 1 filter version',
      '2001: 1 number of filters',
      '2002: 6 filter pipeline',
      ...fields,
      '2016: 8 filter name',
      '2024: 8 filter values',
    ]);
  });
});

import { DEFAULT_LIMITS } from '../../src/formats/format.js';
import { h5 } from '../../src/formats/h5.js';
import { readWhole } from '../helpers/readFormat.js';
import { referenceBytes, refusal } from './reference.js';

/** A good file with some bytes changed: each edit is told where in the file its structure stands. */
type Edit = (bytes: Buffer, at: (signature: string, nth?: number) => number) => void;

async function code(name: string, edit: Edit): Promise<string> {
  const bytes = Buffer.from(referenceBytes('hdf5', name));
  const at = (signature: string, nth = 0): number => {
    let found = bytes.indexOf(signature, 0, 'latin1');
    for (; nth > 0 && found >= 0; nth--) found = bytes.indexOf(signature, found + 1, 'latin1');
    if (found < 0) throw new Error(`${name} has no ${signature}`);
    return found;
  };
  edit(bytes, at);
  return (await refusal(() => readWhole(h5, new Uint8Array(bytes), DEFAULT_LIMITS))).code;
}

// Offsets below are those of the HDF5 File Format Specification, version 3
const u64 = (b: Buffer, at: number, value: number | bigint) => b.writeBigUInt64LE(BigInt(value), at);

describe('HDF5 structures bent by hand', () => {
  it.each<[string, string, Edit, string]>([
    ['superblock version 9', 'ok_contiguous.h5', b => b.writeUInt8(9, 8), 'E_H5_SUPERBLOCK'],
    ['addresses of 4 bytes', 'ok_contiguous.h5', b => b.writeUInt8(4, 13), 'E_H5_SUPERBLOCK'],
    ['a base address elsewhere', 'ok_contiguous.h5', b => u64(b, 24, 8), 'E_H5_SUPERBLOCK'],
    ['an end beyond the file', 'ok_contiguous.h5', b => u64(b, 40, b.length + 1), 'E_H5_SHORT'],
    ['a driver block: one file of several', 'ok_contiguous.h5', b => u64(b, 48, 96), 'E_H5_SUPERBLOCK'],
    ['a root outside the file', 'ok_contiguous.h5', b => u64(b, 64, 2n ** 63n), 'E_H5_ADDRESS'],
    ['a root that is no object', 'ok_contiguous.h5', b => u64(b, 64, 8), 'E_H5_SIGNATURE'],
    ['a tree node of chunks in a group', 'ok_contiguous.h5', (b, at) => b.writeUInt8(1, at('TREE') + 4), 'E_H5_TREE'],
    [
      'a tree whose node is its own child',
      'ok_contiguous.h5',
      (b, at) => {
        b.writeUInt8(1, at('TREE') + 5);
        u64(b, at('TREE') + 32, at('TREE'));
      },
      'E_H5_TREE',
    ],
    ['a tree whose child is no symbol node', 'ok_contiguous.h5', (b, at) => u64(b, at('TREE') + 32, at('HEAP')), 'E_H5_SIGNATURE'],
    ['more symbols than there are', 'ok_contiguous.h5', (b, at) => b.writeUInt16LE(65535, at('SNOD') + 6), 'E_H5_LINK'],
    ['a symbol node of version 2', 'ok_contiguous.h5', (b, at) => b.writeUInt8(2, at('SNOD') + 4), 'E_H5_TREE'],
    ['a name outside its heap', 'ok_contiguous.h5', (b, at) => u64(b, at('SNOD') + 8, 2n ** 40n), 'E_H5_LINK'],
    ['a name that is empty', 'ok_contiguous.h5', (b, at) => u64(b, at('SNOD') + 8, 0), 'E_H5_LINK'],
    ['an unknown kind of symbol', 'ok_contiguous.h5', (b, at) => b.writeUInt32LE(7, at('SNOD') + 24), 'E_H5_LINK'],
    ['a heap without its data', 'ok_contiguous.h5', (b, at) => u64(b, at('HEAP') + 24, 2n ** 62n), 'E_H5_ADDRESS'],
    ['a local heap of another signature', 'ok_contiguous.h5', (b, at) => b.write('HEAX', at('HEAP'), 'latin1'), 'E_H5_SIGNATURE'],
    ['a link message of version 2 with a broken checksum', 'ok_latest.h5', (b, at) => b.writeUInt8(3, at('OHDR') + 4), 'E_H5_MESSAGE'],
    ['a checksum that is wrong', 'ok_latest.h5', (b, at) => b.writeUInt8(b[at('OHDR', 1) + 20] ^ 1, at('OHDR', 1) + 20), 'E_H5_CHECKSUM'],
    ['a superblock whose checksum is wrong', 'ok_latest.h5', b => b.writeUInt8(b[11] ^ 4, 11), 'E_H5_CHECKSUM'],
    ['a B-tree of another record type', 'ok_dense_group.h5', (b, at) => b.writeUInt8(6, at('BTHD') + 5), 'E_H5_TREE'],
    ['a B-tree leaf of another signature', 'ok_dense_group.h5', (b, at) => b.write('BTLX', at('BTLF'), 'latin1'), 'E_H5_SIGNATURE'],
    ['a fractal heap of another signature', 'ok_dense_group.h5', (b, at) => b.write('FRHX', at('FRHP'), 'latin1'), 'E_H5_SIGNATURE'],
    [
      'a heap block whose bytes changed',
      'ok_dense_group.h5',
      (b, at) => b.writeUInt8(b[at('FHDB') + 60] ^ 1, at('FHDB') + 60),
      'E_H5_CHECKSUM',
    ],
    ['a global heap of another signature', 'ok_attributes.h5', (b, at) => b.write('GCOX', at('GCOL'), 'latin1'), 'E_H5_SIGNATURE'],
    ['a global heap larger than the file', 'ok_attributes.h5', (b, at) => u64(b, at('GCOL') + 8, 2n ** 60n), 'E_H5_ADDRESS'],
    ['a chunk off its grid', 'ok_chunked.h5', (b, at) => u64(b, at('TREE', 1) + 32, 1), 'E_H5_CHUNK'],
    ['a chunk outside the shape', 'ok_chunked.h5', (b, at) => u64(b, at('TREE', 1) + 32, 1000), 'E_H5_CHUNK'],
    ['a chunk of another size', 'ok_chunked.h5', (b, at) => b.writeUInt32LE(8, at('TREE', 1) + 24), 'E_H5_CHUNK'],
    [
      'a chunk that stands twice',
      'ok_many_chunks.h5',
      (b, at) => u64(b, at('TREE', 2) + 32 + 32, b.readBigUInt64LE(at('TREE', 2) + 32)),
      'E_H5_CHUNK',
    ],
    [
      'a deflated chunk that is damaged',
      'ok_gzip.h5',
      (b, at) => b.fill(0xff, Number(b.readBigUInt64LE(at('TREE', 1) + 56)), Number(b.readBigUInt64LE(at('TREE', 1) + 56)) + 8),
      'E_H5_CHUNK',
    ],
  ])('%s (%s)', async (_, name, edit, expected) => {
    expect(await code(name, edit)).toBe(expected);
  });

  it('an object header that continues in itself ends', async () => {
    // message 0x10 of a version 1 header: the first message of the root becomes a continuation to its own block
    const bent = await code('ok_contiguous.h5', b => {
      const header = Number(b.readBigUInt64LE(64));
      b.writeUInt16LE(0x10, header + 16);
      u64(b, header + 24, header + 16);
      u64(b, header + 32, b.readUInt32LE(header + 8));
    });
    expect(bent).toBe('E_H5_MESSAGE');
  });

  it('a tree whose nodes share their children is refused, instead of unfolding 60^12 of them', async () => {
    const source = Buffer.from(referenceBytes('hdf5', 'ok_contiguous.h5'));
    const tree = source.indexOf('TREE', 0, 'latin1');
    const fan = 60;
    const levels = 12;
    const nodeBytes = 24 + 16 * fan + 8;
    const extra = Buffer.alloc(levels * nodeBytes);
    for (let level = 0; level < levels; level++) {
      const at = level * nodeBytes;
      extra.write('TREE', at, 'latin1');
      extra.writeUInt8(level, at + 5);
      extra.writeUInt16LE(fan, at + 6);
      const child = level === 0 ? source.indexOf('SNOD', 0, 'latin1') : source.length + (level - 1) * nodeBytes;
      for (let i = 0; i < fan; i++) u64(extra, at + 24 + 16 * i + 8, child);
    }
    const symbols = source.indexOf('SNOD', 0, 'latin1');
    source.writeUInt16LE(0, symbols + 6); // no symbols, so that no duplicate ends it early
    const bytes = Buffer.concat([source, extra]);
    const top = source.length + (levels - 1) * nodeBytes;
    extra.copy(bytes, source.length);
    // the root's symbol table message holds the tree's address
    const root = Number(bytes.readBigUInt64LE(64));
    const message = bytes.indexOf(Buffer.from(new BigUint64Array([BigInt(tree)]).buffer), root);
    u64(bytes, message, top);
    const error = await refusal(() => readWhole(h5, new Uint8Array(bytes), DEFAULT_LIMITS));
    expect([error.code, error.message]).toEqual(['E_H5_TREE', expect.stringContaining('twice')]);
  });
});

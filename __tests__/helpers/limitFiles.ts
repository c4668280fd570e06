import { deflateRawSync } from 'node:zlib';
import { cat, u16, u32, u64 } from './hostile/bytes.js';
import { zipBytes } from './hostile/zipBytes.js';

/** Files with exactly so many of something; they share no code with the readers. */

/** A .npy of zeros, its header padded to `headerBytes` where that is more. */
export function npyOf(shape: readonly number[], headerBytes = 0): Buffer {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const header = `${`{'descr': '<f4', 'fortran_order': False, 'shape': ${tuple}, }`.padEnd(Math.max(headerBytes, 118) - 1)}\n`;
  const version = header.length > 0xffff ? 2 : 1;
  const length = version === 1 ? u16(header.length) : u32(header.length);
  const count = shape.reduce((product, n) => product * n, 1);
  return cat('\x93NUMPY', Buffer.from([version, 0]), length, header, Buffer.alloc(4 * count));
}

/** One float32 tensor; its header padded with spaces to `headerBytes`. */
export function safetensorsOf({
  name = 'w',
  shape = [1],
  headerBytes = 0,
}: {
  name?: string;
  shape?: readonly number[];
  headerBytes?: number;
}): Buffer {
  const count = shape.reduce((product, n) => product * n, 1);
  const entry = { dtype: 'F32', shape, data_offsets: [0, 4 * count] };
  const json = Buffer.from(JSON.stringify({ [name]: entry }));
  const header = Buffer.concat([json, Buffer.alloc(Math.max(0, headerBytes - json.length), ' ')]);
  return cat(u64(header.length), header, Buffer.alloc(4 * count));
}

/** An .npz of `count` arrays of one number. */
export function npzOf(count: number): Buffer {
  const content = npyOf([1]);
  return zipBytes(Array.from({ length: count }, (_, i) => ({ name: `a${i}.npy`, content })));
}

/** An .npz of one deflated array whose member inflates to `bytes`. */
export function deflatedNpz(bytes: number): Buffer {
  const header = 128;
  return zipBytes([{ name: 'w.npy', content: npyOf([(bytes - header) / 4]), deflate: true }]);
}

/** How many bytes a compressed byte of that member becomes, rounded up. */
export function ratioOf(bytes: number): number {
  return Math.ceil(bytes / deflateRawSync(npyOf([(bytes - 128) / 4])).length);
}

/** A Keras description with `depth` levels of arrays and objects. */
export function nestedConfig(depth: number): Buffer {
  const inner = `${'['.repeat(depth - 1)}1${']'.repeat(depth - 1)}`;
  return Buffer.from(`{"class_name":"Sequential","note":${inner}}`);
}

/** HDF5 groups inside each other, `depth` below the root: version 1 headers of one link message each. */
export function nestedGroups(depth: number): Buffer {
  const first = 96;
  const each = 40;
  const address = (i: number) => first + each * i;
  const groups = Array.from({ length: depth }, (_, i) => {
    const link = cat(Buffer.from([1, 0, 1]), 'g', u64(address(i + 1)), Buffer.alloc(4));
    return cat(Buffer.from([1, 0]), u16(1), u32(1), u32(24), Buffer.alloc(4), u16(6), u16(link.length), Buffer.alloc(4), link);
  });
  const last = cat(Buffer.from([1, 0]), u16(0), u32(1), u32(0), Buffer.alloc(4), Buffer.alloc(each - 16));
  const undefinedAddress = 2n ** 64n - 1n;
  const superblock = cat(
    '\x89HDF\r\n\x1a\n',
    Buffer.from([0, 0, 0, 0, 0, 8, 8, 0]),
    u16(4),
    u16(16),
    u32(0),
    u64(0),
    u64(undefinedAddress),
    u64(address(depth + 1)),
    u64(undefinedAddress),
    u64(0),
    u64(first),
    Buffer.alloc(24),
  );
  return cat(superblock.subarray(0, first), ...groups, last);
}

/** A state dict without tensors: a number in dicts inside dicts, `depth` of them. */
export function nestedPickle(depth: number): Buffer {
  const key = cat('X', u32(1), 'a');
  const pickle = cat('\x80\x02', ...Array.from({ length: depth }, () => cat('}', '(', key)), 'K\x01', 'u'.repeat(depth), '.');
  return zipBytes([
    { name: 'm/data.pkl', content: pickle },
    { name: 'm/version', content: Buffer.from('3\n') },
  ]);
}

import { cat, u32, u64 } from './hostile/bytes.js';
import { fixed32, int, part, varint } from './protobufBytes.js';

/** An assembler for the index of a TensorFlow checkpoint, and for its entries. It shares no code with the reader. */

/** CRC-32C bit by bit, masked as LevelDB and TensorFlow store it. */
export function maskedCrc(bytes: Uint8Array): number {
  let c = 0xffffffff;
  for (const byte of bytes) {
    c ^= byte;
    for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0x82f63b78 : c >>> 1;
  }
  c = (c ^ 0xffffffff) >>> 0;
  return ((((c >>> 15) | (c << 17)) >>> 0) + 0xa282ead8) >>> 0;
}

export interface EntryParts {
  dtype?: number;
  shape?: readonly (number | bigint)[];
  shard?: number;
  offset?: number | bigint;
  size?: number | bigint;
  crc?: number;
  more?: Uint8Array;
}

/** BundleEntryProto; by default float32 [2, 3] at the beginning of shard 0. */
export function entry({
  dtype = 1,
  shape = [2, 3],
  shard = 0,
  offset = 0,
  size = 24,
  crc = 0,
  more = Buffer.alloc(0),
}: EntryParts = {}): Buffer {
  const dims = shape.map(n => part(2, int(1, n)));
  return cat(int(1, dtype), part(2, ...dims), int(3, shard), int(4, offset), int(5, size), fixed32(6, u32(crc)), more);
}

/** BundleHeaderProto */
export function header(shards = 1, endianness = 0): Buffer {
  return cat(int(1, shards), int(2, endianness), part(3, int(1, 1)));
}

type Pair = readonly [key: string, value: Uint8Array];

export interface TableParts {
  /** compression of the blocks: 0 none, 1 Snappy (as one literal), or any other number */
  compression?: number;
  /** the packed bytes of a data block in place of those of `compression` */
  pack?: (block: Buffer) => Buffer;
  /** keys share their beginnings, as LevelDB writes them */
  shared?: boolean;
  perBlock?: number;
  crc?: (bytes: Buffer) => number;
  magic?: bigint;
}

/** A table of these pairs, in blocks of `perBlock`. */
export function table(pairs: readonly Pair[], parts: TableParts = {}): Buffer {
  const { compression = 0, shared = true, perBlock = 16, crc = maskedCrc, magic = 0xdb4775248b80fb57n } = parts;
  const pack = parts.pack ?? (compression === 1 ? snappyLiteral : (block: Buffer) => block);
  const chunks: Buffer[] = [];
  let at = 0;
  const add = (content: Buffer, type: number): Buffer => {
    const body = cat(content, Uint8Array.of(type));
    chunks.push(body, u32(crc(body)));
    const handle = cat(varint(at), varint(content.length));
    at += content.length + 5;
    return handle;
  };
  const handles: Pair[] = [];
  for (let i = 0; i < pairs.length; i += perBlock) {
    const some = pairs.slice(i, i + perBlock);
    handles.push([some[some.length - 1][0], add(pack(block(some, shared)), compression)]);
  }
  const metaindex = add(block([], true), 0);
  const index = add(block(handles, false), 0);
  const footer = cat(metaindex, index);
  return cat(...chunks, footer, Buffer.alloc(40 - footer.length), u64(magic));
}

export function block(pairs: readonly Pair[], shared: boolean): Buffer {
  let before = '';
  const entries = pairs.map(([key, value]) => {
    let same = 0;
    while (shared && same < Math.min(before.length, key.length) && before[same] === key[same]) same++;
    before = key;
    const own = key.slice(same);
    return cat(varint(same), varint(own.length), varint(value.length), own, value);
  });
  return cat(...entries, u32(0), u32(1));
}

/** Snappy without any copy: the length, then one literal. */
export function snappyLiteral(bytes: Buffer): Buffer {
  const length = bytes.length - 1;
  const tag = length < 60 ? Uint8Array.of(length << 2) : cat(Uint8Array.of(61 << 2), Uint8Array.of(length & 255, length >> 8));
  return cat(varint(bytes.length), tag, bytes);
}

/** Snappy with copies of every kind: greedy, against what came before. */
export function snappy(bytes: Buffer): Buffer {
  const out: Buffer[] = [varint(bytes.length)];
  let literal = 0;
  const flush = (to: number) => {
    for (let from = literal; from < to; from += 60) {
      const piece = bytes.subarray(from, Math.min(to, from + 60));
      out.push(cat(Uint8Array.of((piece.length - 1) << 2), piece));
    }
  };
  let kind = 0;
  for (let at = 0; at < bytes.length; ) {
    const [offset, length] = longest(bytes, at);
    if (length < 4) {
      at++;
      continue;
    }
    flush(at);
    kind = (kind + 1) % 3;
    if (kind === 0 && offset < 2048 && length < 12) out.push(Buffer.of(((offset >> 8) << 5) | ((length - 4) << 2) | 1, offset & 255));
    else if (kind === 1) out.push(cat(Uint8Array.of(((length - 1) << 2) | 2, offset & 255, offset >> 8)));
    else out.push(cat(Uint8Array.of(((length - 1) << 2) | 3), u32(offset)));
    at += length;
    literal = at;
  }
  flush(bytes.length);
  return cat(...out);
}

function longest(bytes: Buffer, at: number): [offset: number, length: number] {
  let best: [number, number] = [0, 0];
  for (let offset = 1; offset <= Math.min(at, 300); offset++) {
    let length = 0;
    while (length < 64 && at + length < bytes.length && bytes[at + length] === bytes[at + length - offset]) length++;
    if (length > best[1]) best = [offset, length];
  }
  return best;
}

import { DEFAULT_LIMITS, type Limits } from '../../src/formats/format.js';
import { memorySource } from '../../src/formats/source.js';
import { cat, u16, u32, u64 } from './hostile/bytes.js';

/** Structures of the HDF5 File Format Specification (version 3), byte by byte. Nothing here is shared with the reader. */

/** Addresses in these files count from here, as behind a user block: an offset in a message is an address plus this. */
export const BASE = 32;
export const NOWHERE = 2n ** 64n - 1n;

/** hashlittle of Bob Jenkins' lookup3.c with start value 0. */
export function jenkins(bytes: Uint8Array): number {
  const padded = Buffer.concat([bytes, Buffer.alloc(12)]);
  const rotl = (x: number, k: number) => ((x << k) | (x >>> (32 - k))) >>> 0;
  const state = Array.from({ length: 3 }, () => (0xdeadbeef + bytes.length) >>> 0);
  const add = (i: number, n: number) => {
    state[i] = (state[i] + n) >>> 0;
  };
  let at = 0;
  const words = () => {
    for (let i = 0; i < 3; i++) add(i, padded.readUInt32LE(at + 4 * i));
  };
  for (; bytes.length - at > 12; at += 12) {
    words();
    for (const [x, y, z, k] of [
      [0, 2, 1, 4],
      [1, 0, 2, 6],
      [2, 1, 0, 8],
      [0, 2, 1, 16],
      [1, 0, 2, 19],
      [2, 1, 0, 4],
    ]) {
      state[x] = ((state[x] - state[y]) ^ rotl(state[y], k)) >>> 0;
      add(y, state[z]);
    }
  }
  if (at === bytes.length) return state[2];
  words();
  for (const [x, y, k] of [
    [2, 1, 14],
    [0, 2, 11],
    [1, 0, 25],
    [2, 1, 16],
    [0, 2, 4],
    [1, 0, 14],
    [2, 1, 24],
  ])
    state[x] = ((state[x] ^ state[y]) - rotl(state[y], k)) >>> 0;
  return state[2];
}

/** With its checksum behind it. */
export function summed(...parts: (Uint8Array | string)[]): Buffer {
  const bytes = cat(...parts);
  return cat(bytes, u32(jenkins(bytes)));
}

/** A file under construction: each part gets the next address. */
export class Layout {
  private readonly parts: Uint8Array[] = [];
  private length = 0;

  /** @returns its address */
  put(part: Uint8Array): number {
    const address = this.length;
    this.parts.push(part);
    this.length += part.length;
    return address;
  }

  /** The address the next part will have. */
  get next(): number {
    return this.length;
  }

  file(limits: Partial<Limits> = {}) {
    return fileOf(cat(...this.parts), limits);
  }
}

/** The file as the readers of structures get it, its addresses counting from BASE. */
export function fileOf(bytes: Uint8Array, limits: Partial<Limits> = {}) {
  return {
    source: memorySource(cat(Buffer.alloc(BASE, 0xee), bytes)),
    base: BASE,
    limits: { ...DEFAULT_LIMITS, ...limits },
    root: 0n,
    steps: 0,
    inflated: 0,
  };
}

export interface MessageParts {
  readonly type: number;
  readonly body: Uint8Array;
  readonly flags?: number;
}

/** Messages of a version 1 object header, one after the other. */
export function messages1(messages: readonly MessageParts[]): Buffer {
  return cat(...messages.map(({ type, body, flags = 0 }) => cat(u16(type), u16(body.length), Uint8Array.of(flags, 0, 0, 0), body)));
}

export function header1(messages: readonly MessageParts[], { count = messages.length, tail = Buffer.alloc(0) as Uint8Array } = {}): Buffer {
  const block = cat(messages1(messages), tail);
  return cat(Uint8Array.of(1, 0), u16(count), u32(1), u32(block.length), u32(0), block);
}

/** flags: 0-1 width of the size, 2 creation order of messages, 4 attribute thresholds, 5 times */
export function header2(messages: readonly MessageParts[], flags = 0, { tail = Buffer.alloc(0) as Uint8Array, version = 2 } = {}): Buffer {
  const block = cat(messages2(messages, flags), tail);
  const size = u64(block.length).subarray(0, 2 ** (flags & 3));
  return summed(
    'OHDR',
    Uint8Array.of(version, flags),
    Buffer.alloc(flags & 32 ? 16 : 0, 7),
    Buffer.alloc(flags & 16 ? 4 : 0, 8),
    size,
    block,
  );
}

export function messages2(messages: readonly MessageParts[], flags = 0): Buffer {
  return cat(
    ...messages.map(({ type, body, flags: own = 0 }) =>
      cat(Uint8Array.of(type), u16(body.length), Uint8Array.of(own), Buffer.alloc(flags & 4 ? 2 : 0, 9), body),
    ),
  );
}

/** The first eight bytes of a datatype message: version and class, 24 bits, size. */
export function typeHead(kind: number, size: number, bits: readonly number[] = [0, 0, 0], version = 1): Buffer {
  return cat(Uint8Array.of((version << 4) | kind, ...bits), u32(size));
}

export const FLOAT32 = cat(typeHead(1, 4, [0x20, 31, 0]), u16(0), u16(32), Uint8Array.of(23, 8, 0, 23), u32(127));
export const INT8 = cat(typeHead(0, 1, [8, 0, 0]), u16(0), u16(8));

/** A version 1 dataspace. */
export function space(...dimensions: number[]): Buffer {
  return cat(Uint8Array.of(1, dimensions.length, 0, 0), u32(0), ...dimensions.map(u64));
}

/** A version 1 link message to an object. */
export function hardLink(name: string, address: number): Buffer {
  const bytes = Buffer.from(name);
  return cat(Uint8Array.of(1, 0, bytes.length), bytes, u64(address));
}

/** A version 1 attribute message; names, types and spaces are padded to 8 bytes. */
export function attribute1(name: string, type: Uint8Array, dataspace: Uint8Array, data: Uint8Array): Buffer {
  const padded = (bytes: Uint8Array) => cat(bytes, Buffer.alloc((8 - (bytes.length % 8)) % 8));
  const bytes = cat(name, '\0');
  return cat(
    Uint8Array.of(1, 0),
    u16(bytes.length),
    u16(type.length),
    u16(dataspace.length),
    padded(bytes),
    padded(type),
    padded(dataspace),
    data,
  );
}

/** `offset <leaf+8>` with the place of that part in the file. */
export function placed(words: string, at: Readonly<Record<string, number>>): string {
  return words.replace(/<(\w+)(?:\+(\d+))?>/g, (_, name, more) => String(at[name] + BASE + Number(more ?? 0)));
}

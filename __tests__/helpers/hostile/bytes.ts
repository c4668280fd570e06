/** Byte builders for files that no honest program writes. They share no code with the readers. */

export function u16(n: number): Buffer {
  const b = Buffer.alloc(2);
  b.writeUInt16LE(n & 0xffff);
  return b;
}

export function u32(n: number): Buffer {
  const b = Buffer.alloc(4);
  b.writeUInt32LE(n >>> 0);
  return b;
}

export function u64(n: number | bigint): Buffer {
  const b = Buffer.alloc(8);
  b.writeBigUInt64LE(BigInt.asUintN(64, BigInt(n)));
  return b;
}

export function cat(...parts: (Uint8Array | string)[]): Buffer {
  return Buffer.concat(parts.map(part => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part)));
}

export function f32(...values: number[]): Buffer {
  return Buffer.from(new Float32Array(values).buffer);
}

/** [1, 2, …, n] as little-endian float32. */
export function counting(n: number): Buffer {
  return f32(...Array.from({ length: n }, (_, k) => k + 1));
}

/** A copy with some bytes replaced. */
export function patched(bytes: Uint8Array, at: number, replacement: Uint8Array | string): Buffer {
  const copy = Buffer.from(bytes);
  copy.set(typeof replacement === 'string' ? Buffer.from(replacement, 'latin1') : replacement, at);
  return copy;
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});

/** CRC-32 as zip has it (IEEE 802.3, reflected). */
export function crc(bytes: Uint8Array): number {
  let c = 0xffffffff;
  for (const byte of bytes) c = CRC_TABLE[(c ^ byte) & 255] ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}

export interface NpyParts {
  magic?: string;
  version?: readonly [number, number];
  header?: string;
  descr?: string;
  order?: string;
  shape?: string;
  headerLength?: number;
  data?: Uint8Array;
}

/** An .npy file with any part replaced; by default float32 [2, 3] of 1 … 6. */
export function npy(parts: NpyParts = {}): Buffer {
  const { magic = '\x93NUMPY', version = [1, 0], descr = "'<f4'", order = 'False', shape = '(2, 3)', data = counting(6) } = parts;
  const body = parts.header ?? `{'descr': ${descr}, 'fortran_order': ${order}, 'shape': ${shape}, }`;
  const fixed = version[0] === 1 ? 10 : 12;
  const header = Buffer.from(`${body}${' '.repeat((64 - ((fixed + body.length + 1) % 64)) % 64)}\n`, 'latin1');
  const length = parts.headerLength ?? header.length;
  return cat(magic, Uint8Array.of(...version), version[0] === 1 ? u16(length) : u32(length), header, data);
}

/** A .safetensors file: header text (or object), data, and a length that may lie. */
export function safetensors(header: unknown, data: Uint8Array = counting(6), headerLength?: number | bigint): Buffer {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  return cat(u64(headerLength ?? text.length), text, data);
}

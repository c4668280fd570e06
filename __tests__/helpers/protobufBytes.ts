import { cat } from './hostile/bytes.js';

/** An assembler for protocol buffers; shares no code with the reader. */

export function varint(value: number | bigint): Buffer {
  const out: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n; rest >>= 7n) out.push(Number(rest & 127n) + 128);
  return Buffer.from([...out, Number(rest)]);
}

export function tag(field: number, wire: number): Buffer {
  return varint(field * 8 + wire);
}

export function int(field: number, value: number | bigint): Buffer {
  return cat(tag(field, 0), varint(value));
}

/** Bytes, text or an embedded message. */
export function part(field: number, ...content: (Uint8Array | string)[]): Buffer {
  const bytes = cat(...content.map(piece => (typeof piece === 'string' ? Buffer.from(piece) : piece)));
  return cat(tag(field, 2), varint(bytes.length), bytes);
}

export function fixed32(field: number, bytes: Uint8Array): Buffer {
  return cat(tag(field, 5), bytes);
}

export function fixed64(field: number, bytes: Uint8Array): Buffer {
  return cat(tag(field, 1), bytes);
}

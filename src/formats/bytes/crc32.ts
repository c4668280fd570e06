import zlib from 'node:zlib';

/** Below this many bytes the table is faster than loading node:zlib. */
const SHORT = 2 ** 15;

/**
 * CRC-32 of zip and gzip (polynomial 0xedb88320). Native in Node 20.15 and later; earlier versions, and few bytes, use a table.
 * @param before CRC of the preceding bytes
 */
export function crc32(bytes: Uint8Array, before = 0): number {
  return bytes.length < SHORT || typeof zlib.crc32 !== 'function' ? crc32ByTable(bytes, before) : zlib.crc32(bytes, before);
}

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
  return c;
});

/** The same with a table. */
export function crc32ByTable(bytes: Uint8Array, before = 0): number {
  let crc = ~before;
  for (let i = 0; i < bytes.length; i++) crc = (crc >>> 8) ^ TABLE[(crc ^ bytes[i]) & 255];
  return ~crc >>> 0;
}

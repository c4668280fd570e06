import zlib from 'node:zlib';

/** Bytes for which loading node:zlib takes longer than the table. */
const SHORT = 2 ** 15;

/**
 * CRC-32 of zip and gzip (polynomial 0xedb88320). Node 20.15 and later has it natively; a table serves the versions before, and few bytes.
 * @param before that of the bytes in front of these
 */
export function crc32(bytes: Uint8Array, before = 0): number {
  return bytes.length < SHORT || typeof zlib.crc32 !== 'function' ? crc32ByTable(bytes, before) : zlib.crc32(bytes, before);
}

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
  return c;
});

/** The same by a table. */
export function crc32ByTable(bytes: Uint8Array, before = 0): number {
  let crc = ~before;
  for (let i = 0; i < bytes.length; i++) crc = (crc >>> 8) ^ TABLE[(crc ^ bytes[i]) & 255];
  return ~crc >>> 0;
}

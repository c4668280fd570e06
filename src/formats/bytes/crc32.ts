import zlib from 'node:zlib';

/** CRC-32 of zip and gzip (polynomial 0xedb88320). Node 20.15 and later has it natively; a table serves the versions before. */
export const crc32: (bytes: Uint8Array) => number = typeof zlib.crc32 === 'function' ? bytes => zlib.crc32(bytes) : crc32ByTable;

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
  return c;
});

export function crc32ByTable(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) crc = (crc >>> 8) ^ TABLE[(crc ^ bytes[i]) & 255];
  return (crc ^ 0xffffffff) >>> 0;
}

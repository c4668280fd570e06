import { RnnError } from '../../errors.js';
import type { ByteReader } from './reader.js';

/**
 * Decompresses a block of raw Snappy (google/snappy, format_description.txt): the length of the result, then literals and copies of earlier
 * output. @param reader over the block @param most bytes of the result
 * @throws RnnError E_SNAPPY (format) for an invalid block; `tooLong` if the result has more than `most` bytes
 */
export function readSnappy(reader: ByteReader, most: number, tooLong: (length: number) => RnnError): Uint8Array {
  const length = reader.varint('the length of the result');
  if (length > most) throw tooLong(length);
  const result = new Uint8Array(length);
  let at = 0;
  const room = (count: number) => {
    if (count > length - at) throw snappyError(reader, `${count} more bytes than the ${length} of the result`);
  };
  while (reader.remaining > 0) {
    const tag = reader.u8();
    const kind = tag & 3;
    if (kind === 0) {
      const count = 1 + (tag >> 2 < 60 ? tag >> 2 : littleEndian(reader, (tag >> 2) - 59));
      room(count);
      result.set(reader.take(count, 'a literal'), at);
      at += count;
    } else {
      const count = kind === 1 ? 4 + ((tag >> 2) & 7) : 1 + (tag >> 2);
      const offset = kind === 1 ? ((tag >> 5) << 8) | reader.u8() : littleEndian(reader, kind === 2 ? 2 : 4);
      if (offset === 0 || offset > at) throw snappyError(reader, `a copy from ${offset} bytes before byte ${at} of the result`);
      room(count);
      // byte by byte, because a copy may overlap its own output
      for (const end = at + count; at < end; at++) result[at] = result[at - offset];
    }
  }
  if (at !== length) throw snappyError(reader, `${at} bytes where ${length} were announced`);
  return result;
}

function littleEndian(reader: ByteReader, bytes: number): number {
  let value = 0;
  for (let i = 0; i < bytes; i++) value += reader.u8() * 256 ** i;
  return value;
}

function snappyError(reader: ByteReader, message: string): RnnError {
  return new RnnError('format', 'E_SNAPPY', `offset ${reader.offset}: ${message}`);
}

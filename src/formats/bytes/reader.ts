import { RnnError } from '../../errors.js';
import type { ByteSource } from '../source.js';

/**
 * A little-endian reader with a position, over part of a file. Every read is first checked against the end. Errors give the offset in the file,
 * for which `base` is where this part begins.
 */
export class ByteReader {
  private readonly view: DataView;
  position = 0;

  /** @param code of the error when the bytes run out, such as `E_NPY_SHORT` */
  constructor(
    readonly bytes: Uint8Array,
    private readonly code: string,
    private readonly base = 0,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Position in the file. */
  get offset(): number {
    return this.base + this.position;
  }

  get remaining(): number {
    return this.bytes.length - this.position;
  }

  /**
   * Checks that `count` bytes of `what` are left. Structures of fixed size are checked as a whole, so their fields need no name.
   * @throws RnnError with the code given to the constructor
   */
  need(count: number | bigint, what = 'it'): void {
    if (count > this.remaining) throw tooShort(this.code, this.offset, count, what, this.remaining);
  }

  take(count: number, what?: string): Uint8Array {
    this.need(count, what);
    const part = this.bytes.subarray(this.position, this.position + count);
    this.position += count;
    return part;
  }

  u8(what?: string): number {
    this.need(1, what);
    return this.bytes[this.position++];
  }

  u16(what?: string): number {
    this.need(2, what);
    this.position += 2;
    return this.view.getUint16(this.position - 2, true);
  }

  u32(what?: string): number {
    this.need(4, what);
    this.position += 4;
    return this.view.getUint32(this.position - 4, true);
  }

  /** An unsigned LEB128 integer below 2^53. */
  varint(what: string): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.u8(what);
      value += (byte & 0x7f) * scale;
      if (value > Number.MAX_SAFE_INTEGER)
        throw new RnnError('format', this.code, `offset ${this.offset}: ${what} is beyond 2^53`, { expected: 'at most 2^53' });
      if (byte < 0x80) return value;
    }
  }

  i32(what: string): number {
    return this.u32(what) | 0;
  }

  u64(what?: string): bigint {
    this.need(8, what);
    this.position += 8;
    return this.view.getBigUint64(this.position - 8, true);
  }
}

/** Reads `count` bytes of a source. @throws RnnError with this code if it ends before */
export function readPart(source: ByteSource, at: number, count: number | bigint, what: string, code: string): Uint8Array {
  needPart(source, at, count, what, code);
  return source.read(at, Number(count));
}

/** @throws RnnError with this code if the source ends before at + count */
export function needPart({ size }: ByteSource, at: number, count: number | bigint, what: string, code: string): void {
  if (count > size - at) throw tooShort(code, at, count, what, size - at);
}

function tooShort(code: string, offset: number, expected: number | bigint, what: string, found: number): RnnError {
  return new RnnError('format', code, `offset ${offset}: expected ${expected} bytes of ${what}, found ${found}`, {
    expected: `${expected} bytes`,
    found: `${found} bytes`,
    fix: 'the file looks truncated or damaged; save or download it again',
  });
}

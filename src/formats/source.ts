/**
 * Random access to the bytes of a file. A format reads the descriptions of the tensors immediately, and the numbers of a tensor when they are
 * needed.
 */
export interface ByteSource {
  /** bytes of the whole file */
  readonly size: number;
  /** file, and member in it, with which errors of deferred reads start; undefined: the caller adds it */
  readonly where?: readonly string[];
  /**
   * Returns the bytes [offset, offset + length), which must lie inside. They may be shared and must not be modified.
   * @throws RnnError kind 'io' if the file cannot be read or was changed since it was opened
   */
  read(offset: number, length: number): Uint8Array;
  /** Reads directly into `target`; present if that saves a copy. */
  readInto?(offset: number, target: Uint8Array): void;
  /** whether reading a part costs as much as reading everything */
  readonly atOnce?: boolean;
  /** Reads everything once and compares it with its checksum; absent if there is none. Called before numbers are read. @throws RnnError kind 'format' */
  check?(): void;
}

/** A source over bytes in memory. Readers get plain Uint8Arrays, since a Buffer's slice() would share memory instead of copying. */
export function memorySource(bytes: Uint8Array): ByteSource {
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { size: plain.length, read: (offset, length) => plain.subarray(offset, offset + length) };
}

/** A source over the bytes [offset, offset + size) of another. */
export function sliceSource(source: ByteSource, offset: number, size: number): ByteSource {
  return {
    size,
    where: source.where,
    read: (from, length) => source.read(offset + from, length),
    readInto: (from, target) => readInto(source, offset + from, target),
  };
}

/** Concatenates sources. */
export function joinedSource(parts: readonly ByteSource[]): ByteSource {
  const size = parts.reduce((sum, part) => sum + part.size, 0);
  const fill = (offset: number, target: Uint8Array): void => {
    let start = 0;
    for (const part of parts) {
      const from = Math.max(offset, start);
      const to = Math.min(offset + target.length, start + part.size);
      if (from < to) readInto(part, from - start, target.subarray(from - offset, to - offset));
      start += part.size;
    }
  };
  return {
    size,
    read(offset, length) {
      const bytes = new Uint8Array(length);
      fill(offset, bytes);
      return bytes;
    },
    readInto: fill,
  };
}

/** Reads at most `length` bytes from `offset`, fewer if the file ends before. */
export function readUpTo(source: ByteSource, offset: number, length: number): Uint8Array {
  const from = Math.min(offset, source.size);
  return source.read(from, Math.min(length, source.size - from));
}

/** Reads all bytes of a source. @throws RnnError as its `read` */
export function readAll(source: ByteSource): Uint8Array {
  return source.read(0, source.size);
}

/** Fills the target with the bytes from `offset` on. @throws RnnError if there are fewer */
export function readInto(source: ByteSource, offset: number, target: Uint8Array): void {
  if (source.readInto) source.readInto(offset, target);
  else target.set(source.read(offset, target.length));
}

const PIECE = 2 ** 20;

/** Yields the bytes [from, to) in pieces of at most 1 MiB, each valid until the next. */
export function* piecesOf(source: ByteSource, from = 0, to = source.size): Generator<Uint8Array> {
  const buffer = source.readInto && new Uint8Array(Math.min(PIECE, to - from));
  for (let at = from; at < to; at += PIECE) {
    const length = Math.min(PIECE, to - at);
    const own = buffer?.subarray(0, length);
    if (own) source.readInto?.(at, own);
    yield own ?? source.read(at, length);
  }
}

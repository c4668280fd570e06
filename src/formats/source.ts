/**
 * The bytes of a file, some at a time. A format reads what describes the tensors from it at once, and the numbers of a tensor when somebody
 * asks for them.
 */
export interface ByteSource {
  /** bytes of the whole file */
  readonly size: number;
  /** the file, the member in it: what messages say first where numbers are read late; undefined: the caller says it */
  readonly where?: readonly string[];
  /**
   * Exactly the bytes [offset, offset + length), which must lie inside. They may be shared: nobody writes into them.
   * @throws RnnError kind 'io' where the file cannot be read or was changed since it was opened
   */
  read(offset: number, length: number): Uint8Array;
  /** The same straight into `target`, where that saves a copy. */
  readInto?(offset: number, target: Uint8Array): void;
  /** a part costs as much as everything */
  readonly atOnce?: boolean;
  /** Reads everything once to compare it with its checksum, where it has one. Called before numbers are read. @throws RnnError kind 'format' */
  check?(): void;
}

/** Bytes that are in memory. A Buffer's slice() shares memory where a Uint8Array's copies, so readers get the latter. */
export function memorySource(bytes: Uint8Array): ByteSource {
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { size: plain.length, read: (offset, length) => plain.subarray(offset, offset + length) };
}

/** The bytes [offset, offset + size) of a source as one of their own. */
export function sliceSource(source: ByteSource, offset: number, size: number): ByteSource {
  return {
    size,
    where: source.where,
    read: (from, length) => source.read(offset + from, length),
    readInto: (from, target) => readInto(source, offset + from, target),
  };
}

/** Sources one after the other, as one. */
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

/** At most `length` bytes from `offset` on: fewer where the file ends before. */
export function readUpTo(source: ByteSource, offset: number, length: number): Uint8Array {
  const from = Math.min(offset, source.size);
  return source.read(from, Math.min(length, source.size - from));
}

/** All bytes of a source. @throws RnnError as its `read` */
export function readAll(source: ByteSource): Uint8Array {
  return source.read(0, source.size);
}

/** Fills the target with the bytes from an offset on. @throws RnnError where there are fewer */
export function readInto(source: ByteSource, offset: number, target: Uint8Array): void {
  if (source.readInto) source.readInto(offset, target);
  else target.set(source.read(offset, target.length));
}

const PIECE = 2 ** 20;

/** The bytes [from, to) in pieces of at most a MiB, each valid until the next, for what needs to see each of them once. */
export function* piecesOf(source: ByteSource, from = 0, to = source.size): Generator<Uint8Array> {
  const buffer = source.readInto && new Uint8Array(Math.min(PIECE, to - from));
  for (let at = from; at < to; at += PIECE) {
    const length = Math.min(PIECE, to - at);
    const own = buffer?.subarray(0, length);
    if (own) source.readInto?.(at, own);
    yield own ?? source.read(at, length);
  }
}

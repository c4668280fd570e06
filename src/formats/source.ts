/**
 * The bytes of a file, some at a time. A format reads what describes the tensors from it at once, and the numbers of a tensor when somebody
 * asks for them.
 */
export interface ByteSource {
  /** bytes of the whole file */
  readonly size: number;
  /** what messages call the file, for errors that come after it was opened; undefined: the caller says it */
  readonly where?: string;
  /**
   * Exactly the bytes [offset, offset + length), which must lie inside. They may be shared: nobody writes into them.
   * @throws RnnError kind 'io' where the file cannot be read or was changed since it was opened
   */
  read(offset: number, length: number): Uint8Array;
}

/** Bytes that are in memory. A Buffer's slice() shares memory where a Uint8Array's copies, so readers get the latter. */
export function memorySource(bytes: Uint8Array): ByteSource {
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { size: plain.length, read: (offset, length) => plain.subarray(offset, offset + length) };
}

/** At most `length` bytes from `offset` on: fewer where the file ends before. */
export function readUpTo(source: ByteSource, offset: number, length: number): Uint8Array {
  const from = Math.min(offset, source.size);
  return source.read(from, Math.min(length, source.size - from));
}

export function readAll(source: ByteSource): Uint8Array {
  return source.read(0, source.size);
}

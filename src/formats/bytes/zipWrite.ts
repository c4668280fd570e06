import { Readable } from 'node:stream';
import { RnnError } from '../../errors.js';
import { escapeText } from '../../escape.js';

/** Members larger than this are produced while they are written; their checksum then follows them. */
const MOST_AT_ONCE = 2 ** 24;

const MOST_COPIED = 2 ** 20;

export interface Member {
  /** bytes */
  readonly size: number;
  /** each valid until the next */
  pieces(): Iterable<Uint8Array>;
}

/**
 * Yields a zip of these members in this order, in pieces. Members are stored and dated 1980-01-01 (the zero of DOS time), so equal members always
 * give equal bytes. @throws RnnError E_ZIP_NAME (format) for a name that is not allowed in an archive
 */
export async function* zipPieces(members: ReadonlyMap<string, Member>): AsyncGenerator<Uint8Array> {
  const {
    default: { ZipFile },
  } = await import('yazl');
  const zip = new ZipFile();
  const options = { mtime: new Date(1980, 0, 1), mode: 0o100644, compress: false, forceDosTimestamp: true };
  zip.on('error', error => (zip.outputStream as Readable).destroy(error));
  for (const [name, { size, pieces }] of members) {
    try {
      if (size <= MOST_AT_ONCE) zip.addBuffer(Buffer.concat([...copies(pieces())]), name, options);
      else zip.addReadStream(Readable.from(copies(pieces()), { highWaterMark: 1 }), name, { ...options, size });
    } catch (error) {
      const message = `'${escapeText(name)}' cannot be a member of a zip: ${escapeText((error as Error).message, 80)}`;
      throw new RnnError('format', 'E_ZIP_NAME', message, { fix: 'rename the tensor, or write .safetensors' });
    }
  }
  zip.end();
  for await (const chunk of zip.outputStream) yield chunk as Buffer;
}

/** Copies that may be kept, each of at most 1 MiB. */
function* copies(pieces: Iterable<Uint8Array>): Generator<Buffer> {
  for (const piece of pieces) {
    for (let at = 0; at < piece.length; at += MOST_COPIED) yield Buffer.from(piece.subarray(at, at + MOST_COPIED));
  }
}

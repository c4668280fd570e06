import { Readable } from 'node:stream';
import { RnnError } from '../../errors.js';
import { escapeText } from '../../escape.js';

/** Larger members are made while they are written: their checksum stands behind them then. */
const MOST_AT_ONCE = 2 ** 24;

export interface Member {
  /** bytes */
  readonly size: number;
  /** each valid until the next */
  pieces(): Iterable<Uint8Array>;
}

/**
 * A zip of these members in this order, in pieces; stored, all dated 1980-01-01 (the zero of DOS time): the same members always give the same bytes.
 * @throws RnnError E_ZIP_NAME (format) for a name that no archive may hold
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

function* copies(pieces: Iterable<Uint8Array>): Generator<Buffer> {
  for (const piece of pieces) yield Buffer.from(piece);
}

import { Readable } from 'node:stream';
import { RnnError } from '../../errors.js';
import { escapeText } from '../../escape.js';

// yazl takes buffers up to 1 GiB at once; larger ones go in as a stream
const MAX_BUFFER = 0x3fffffff;

/**
 * A zip of these members in this order, stored, all dated 1980-01-01 (the zero of DOS time): the same members always give the same bytes.
 * @throws RnnError E_ZIP_NAME (format) for a name that no archive may hold
 */
export async function writeZip(members: ReadonlyMap<string, Uint8Array>): Promise<Uint8Array> {
  const {
    default: { ZipFile },
  } = await import('yazl');
  const zip = new ZipFile();
  const options = { mtime: new Date(1980, 0, 1), mode: 0o100644, compress: false, forceDosTimestamp: true };
  const chunks: Buffer[] = [];
  const done = new Promise<void>((resolve, reject) => {
    zip.outputStream.on('data', (chunk: Buffer) => chunks.push(chunk));
    zip.outputStream.on('end', resolve);
    zip.outputStream.on('error', reject);
    zip.on('error', reject);
  });
  for (const [name, content] of members) {
    const buffer = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
    try {
      if (buffer.length <= MAX_BUFFER) zip.addBuffer(buffer, name, options);
      else zip.addReadStream(Readable.from(pieces(buffer)), name, { ...options, size: buffer.length });
    } catch (error) {
      throw new RnnError(
        'format',
        'E_ZIP_NAME',
        `'${escapeText(name)}' cannot be a member of a zip: ${escapeText((error as Error).message, 80)}`,
        {
          fix: 'rename the tensor, or write .safetensors',
        },
      );
    }
  }
  zip.end();
  await done;
  return Buffer.concat(chunks);
}

function* pieces(buffer: Buffer): Generator<Buffer> {
  const step = 2 ** 24;
  for (let at = 0; at < buffer.length; at += step) yield buffer.subarray(at, at + step);
}

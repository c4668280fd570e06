import { createHash } from 'node:crypto';
import { type ByteSource, piecesOf } from '../../formats/source.js';

/** sha256 of a file's bytes, in hexadecimal. */
export function sha256OfSource(source: ByteSource): string {
  const hash = createHash('sha256');
  for (const piece of piecesOf(source)) hash.update(piece);
  return hash.digest('hex');
}

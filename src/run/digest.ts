import { createHash } from 'node:crypto';

/** sha256 of a file's bytes, in hexadecimal. */
export function sha256OfBytes(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

import { RnnError } from '../../errors.js';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

// V8's longest string, 2^29 - 24 characters, less some room; a longer text is refused before it is decoded
const MAX_TEXT_BYTES = 2 ** 29 - 1024;

/**
 * Decodes strict UTF-8. A byte order mark is dropped; errors name UTF-16 and NUL bytes.
 * @param offset of the bytes in the file
 * @throws RnnError E_ENCODING (format) with the offset of the first wrong byte; E_LIMIT_TEXT (limit)
 */
export function decodeText(bytes: Uint8Array, offset = 0): string {
  if (offset === 0 && ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff))) {
    throw new RnnError('format', 'E_ENCODING', 'offset 0: the text is UTF-16', {
      expected: 'UTF-8',
      found: 'UTF-16',
      fix: 'save the file as UTF-8',
    });
  }
  if (bytes.length > MAX_TEXT_BYTES) {
    throw new RnnError('limit', 'E_LIMIT_TEXT', `the text has ${bytes.length} bytes, more than the ${MAX_TEXT_BYTES} one string can hold`, {
      fix: 'save it as .npy or .npz',
    });
  }
  const bom = offset === 0 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  const nul = bytes.indexOf(0);
  if (nul >= 0) {
    throw new RnnError('format', 'E_ENCODING', `offset ${offset + nul}: a NUL byte: this is not a text file`, {
      expected: 'UTF-8 text',
      found: 'binary data',
    });
  }
  return decodeUtf8(bytes.subarray(bom), offset + bom);
}

/** Decodes strict UTF-8, keeping everything. `offset` is that of the bytes in the file. @throws RnnError E_ENCODING (format) */
export function decodeUtf8(bytes: Uint8Array, offset = 0): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new RnnError('format', 'E_ENCODING', `offset ${offset + firstInvalid(bytes)}: not valid UTF-8`, {
      expected: 'UTF-8',
      fix: 'save the file as UTF-8',
    });
  }
}

/** Index of the first invalid byte, found by bisection: a prefix is valid if it decodes as a stream. */
function firstInvalid(bytes: Uint8Array): number {
  let good = 0;
  let bad = bytes.length;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (decodesAsPrefix(bytes.subarray(0, middle))) good = middle;
    else bad = middle;
  }
  return good;
}

/** Whether the bytes are UTF-8, except for a last character that may be incomplete. */
export function decodesAsPrefix(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}

import type { Packed } from '../run/page/pageData.js';
import type { Tensor } from '../tensor/tensor.js';

/** Unpacks numbers into tensors and masks. */

/** Decodes a tensor that was packed in base64. */
export function unpack(packed: Packed): Tensor {
  const bytes = bytesOf(packed.base64);
  return { shape: packed.shape, data: packed.dtype === 'f32' ? new Float32Array(bytes.buffer) : new Float64Array(bytes.buffer) };
}

/** Decodes a mask [N·T] of 0 and 1. */
export function unpackMask({ base64 }: Packed): Uint8Array {
  return bytesOf(base64);
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  const { fromBase64 } = Uint8Array as unknown as { fromBase64?: (text: string) => Uint8Array<ArrayBuffer> };
  if (fromBase64) return fromBase64.call(Uint8Array, base64);
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let k = 0; k < text.length; k++) bytes[k] = text.charCodeAt(k);
  return bytes;
}

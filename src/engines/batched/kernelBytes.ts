declare const __KERNEL__: string | undefined;
declare const __FAST_KERNEL__: string | undefined;

/**
 * Returns a compiled kernel (assembly/), which the build inserts as base64: the plain one, or with fused multiply-add for --fast. Undefined if
 * run from source. A separate module, imported on use, so that small commands never load it.
 */
export function kernelBytes(fast: boolean, fromBase64: (text: string) => Uint8Array): Uint8Array | undefined {
  const text = fast ? typeof __FAST_KERNEL__ === 'string' && __FAST_KERNEL__ : typeof __KERNEL__ === 'string' && __KERNEL__;
  return text ? fromBase64(text) : undefined;
}

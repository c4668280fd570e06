declare const __KERNEL__: string | undefined;
declare const __FAST_KERNEL__: string | undefined;

/**
 * The compiled kernels (assembly/), put in by the build as base64: plain, and with fused multiply-add for --fast. Undefined when run from source.
 * A separate module, imported only when needed: a small command never reads it.
 */
export function kernelBytes(fast: boolean): Uint8Array | undefined {
  const text = fast ? typeof __FAST_KERNEL__ === 'string' && __FAST_KERNEL__ : typeof __KERNEL__ === 'string' && __KERNEL__;
  return text ? Uint8Array.from(atob(text), c => c.charCodeAt(0)) : undefined;
}

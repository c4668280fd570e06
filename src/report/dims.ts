import type { DimsJson } from '../run/result.js';

/** Whether axis 1 is the time axis: [N, T, …], or token numbers [N, T]. */
export function isSequence({ dims }: DimsJson): boolean {
  return dims.length === 3 || dims[1] === 'T';
}

/** '(N, T, D)' */
export function symbolsText({ dims }: DimsJson): string {
  return `(${dims.join(', ')})`;
}

/** 'N×10×3': each size, or its letter if it is not known */
export function sizesText({ dims, shape }: DimsJson): string {
  return shape.map((size, i) => size ?? dims[i]).join('×');
}

/** 'N×3': `sizesText` of one step */
export function stepSizesText({ dims, shape }: DimsJson): string {
  const others = <T>(list: readonly T[]) => (isSequence({ dims, shape }) ? list.filter((_, i) => i !== 1) : list);
  return sizesText({ dims: others(dims), shape: others(shape) });
}

import { log } from '../numerics/log.js';

/**
 * Marsaglia's polar method: two standard normals from a point drawn in the unit disc. The first call gives `first`'s coordinate times the
 * radius factor, the next one the other's; NumPy gives the second coordinate first.
 */
export function polarNormals(uniform: () => number, first: 'x' | 'y'): () => number {
  let spare: number | null = null;
  return () => {
    if (spare !== null) {
      const kept = spare;
      spare = null;
      return kept;
    }
    for (;;) {
      const x = 2 * uniform() - 1;
      const y = 2 * uniform() - 1;
      const q = x * x + y * y;
      if (q > 0 && q < 1) {
        const scale = Math.sqrt((-2 * log(q)) / q);
        spare = scale * (first === 'x' ? y : x);
        return scale * (first === 'x' ? x : y);
      }
    }
  };
}

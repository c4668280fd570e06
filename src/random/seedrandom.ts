import seedrandom from 'seedrandom';
import { log } from '../numerics/log.js';
import type { RandomStream } from './random.js';

/**
 * npm's seedrandom (ARC4), seeded by `seed/name`: one independent stream per tensor name, so that adding a layer changes no other weight.
 * Neither Math.random nor entropy takes part. Normals by the polar method with our own logarithm: the same bits on every machine.
 */
export function seedrandomStream(seed: string, name: string): RandomStream {
  const uniform = seedrandom(`${plain(seed)}/${plain(name)}`);
  let spare: number | null = null;

  // Marsaglia's polar method: two normals from a point in the unit disc, the second one is kept
  function normal(): number {
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
        spare = y * scale;
        return x * scale;
      }
    }
  }

  return { promise: 'seedrandom/v1', uniform: () => uniform(), normal };
}

/** seedrandom reads the lower eight bits of each character only: spell out the others, so that different names stay different. */
function plain(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, c => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

import seedrandomPackage from 'seedrandom';
import { fill } from './fill.js';
import { polarNormals } from './polar.js';
import type { ArrayStream, StreamKind } from './random.js';

const PROMISE = 'seedrandom/v1';

/**
 * npm's seedrandom (ARC4), seeded by `seed/name`: one independent stream per tensor name, so that adding a layer changes no other weight.
 * Neither Math.random nor entropy takes part. Normals by the polar method with our own logarithm: the same bits on every machine.
 */
export function seedrandomStream(seed: string, name: string): ArrayStream {
  const next = seedrandomPackage(`${plain(seed)}/${plain(name)}`);
  const uniform = () => next();
  const normal = polarNormals(uniform, 'x');
  return {
    uniform,
    normal,
    normals: count => fill(new Float32Array(count), normal),
    integers: (high, count) => fill(new Float64Array(count), () => Math.floor(high * uniform())),
  };
}

/** Its stream for the input, which is called 'x'. */
export const seedrandom: StreamKind<ArrayStream> = { name: 'seedrandom', promise: PROMISE, open: seed => seedrandomStream(seed, 'x') };

/** seedrandom reads the lower eight bits of each character only: spell out the others, so that different names stay different. */
function plain(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, c => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

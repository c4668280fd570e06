import { Block } from './block';

const LINE: usize = 64;

/**
 * Prefetches weights that are not in the caches, by reading one vector of every cache line before a tile needs them: the processor itself
 * fetches only a few lines ahead, and a tile has too few loads in flight to hide the latency. These loads depend on nothing, so many are in
 * flight at once.
 */
export function fetch(b: Block, w: usize, bytes: usize): void {
  if (!b.far) return;
  let all = f32x4.splat(0);
  for (const end = w + bytes; w < end; w += LINE) all = v128.or(all, v128.load(w));
  v128.store(b.aside, all); // or the compiler would remove the unused loads
}

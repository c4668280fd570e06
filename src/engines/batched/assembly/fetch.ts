import { Block } from './block';

const LINE: usize = 64;

/**
 * Reads weights that come from far away, one vector of every line, before a tile needs them: the processor itself fetches only a few lines ahead, and
 * a tile has too few loads under way to hide what is left of the wait. These loads wait for nothing, so many are under way at once.
 */
export function fetch(b: Block, w: usize, bytes: usize): void {
  if (!b.far) return;
  let all = f32x4.splat(0);
  for (const end = w + bytes; w < end; w += LINE) all = v128.or(all, v128.load(w));
  v128.store(b.aside, all); // or the compiler would see that nobody wants them
}

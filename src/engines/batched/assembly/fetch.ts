import { Block } from './block';

/**
 * Reads weights that come from far away, one vector of every line, before a tile needs them: the processor itself fetches only a few lines ahead, and
 * a tile has too few loads under way to hide what is left of the wait. These loads wait for nothing, so many are under way at once.
 */
export function fetch(b: Block, w: usize, bytes: usize): void {
  if (!b.far) return;
  let all = v128.load(w);
  for (const end = w + bytes; w + 512 <= end; w += 512) {
    all = v128.or(all, v128.load(w));
    all = v128.or(all, v128.load(w, 64));
    all = v128.or(all, v128.load(w, 128));
    all = v128.or(all, v128.load(w, 192));
    all = v128.or(all, v128.load(w, 256));
    all = v128.or(all, v128.load(w, 320));
    all = v128.or(all, v128.load(w, 384));
    all = v128.or(all, v128.load(w, 448));
  }
  v128.store(b.aside, all); // or the compiler would see that nobody wants them
}

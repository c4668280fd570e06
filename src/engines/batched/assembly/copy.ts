/** Copies `rows` rows of `bytes` bytes, `stride` apart, to `to` without gaps, so that JavaScript can read them in one copy instead of one per row. */
export function gatherRows(from: usize, stride: usize, rows: usize, bytes: usize, to: usize): void {
  for (; rows > 0; rows--) {
    copy(to, from, bytes);
    from += stride;
    to += bytes;
  }
}

/** Copies a multiple of 4 bytes. Rows are short, and memory.copy would be a call into the runtime. */
@inline
export function copy(to: usize, from: usize, bytes: usize): void {
  const end = from + bytes;
  while (from + 16 <= end) {
    v128.store(to, v128.load(from));
    from += 16;
    to += 16;
  }
  while (from < end) {
    store<u32>(to, load<u32>(from));
    from += 4;
    to += 4;
  }
}

/** `rows` rows of `bytes` bytes, `stride` apart, to where they stand without gaps: one copy out of WASM instead of one a row */
export function gatherRows(from: usize, stride: usize, rows: usize, bytes: usize, to: usize): void {
  for (; rows > 0; rows--) {
    copy(to, from, bytes);
    from += stride;
    to += bytes;
  }
}

/** memory.copy is a call into the engine; rows are short. A multiple of 4 bytes. */
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

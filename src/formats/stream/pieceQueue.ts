/** Bytes that came in pieces, taken out in pieces of other lengths. */
export class PieceQueue {
  private buffer = new Uint8Array(2 ** 16);
  private from = 0;
  private to = 0;

  get length(): number {
    return this.to - this.from;
  }

  /** Copies the bytes in. */
  push(bytes: Uint8Array): void {
    if (this.to + bytes.length > this.buffer.length) this.makeRoom(bytes.length);
    this.buffer.set(bytes, this.to);
    this.to += bytes.length;
  }

  /** Everything there is; valid until the next push. */
  peek(): Uint8Array {
    return this.buffer.subarray(this.from, this.to);
  }

  /** The next `count` bytes out; valid until the next push. */
  take(count: number): Uint8Array {
    this.from += count;
    return this.buffer.subarray(this.from - count, this.from);
  }

  private makeRoom(count: number): void {
    const rest = this.peek();
    const needed = rest.length + count;
    if (needed > this.buffer.length) {
      const larger = new Uint8Array(Math.max(needed, Math.min(2 * this.buffer.length, this.buffer.length + 2 ** 24)));
      larger.set(rest);
      this.buffer = larger;
    } else this.buffer.copyWithin(0, this.from, this.to);
    this.from = 0;
    this.to = rest.length;
  }
}

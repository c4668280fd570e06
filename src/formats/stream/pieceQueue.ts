/** A queue of bytes that are pushed and taken in pieces of different lengths. */
export class PieceQueue {
  private buffer: Uint8Array = new Uint8Array(0);
  private own = this.buffer;
  private from = 0;
  private to = 0;

  get length(): number {
    return this.to - this.from;
  }

  /**
   * Adds a piece. It is copied, unless its buffer has `headroom` bytes before it: then it is used in place until the next push, and the bytes
   * that are left in the queue are copied into the headroom.
   */
  push(bytes: Uint8Array, headroom = 0): void {
    const rest = this.length;
    if (rest <= headroom && headroom > 0) {
      const whole = new Uint8Array(bytes.buffer, bytes.byteOffset - rest, rest + bytes.length);
      whole.set(this.peek());
      this.buffer = whole;
      this.from = 0;
      this.to = whole.length;
      return;
    }
    if (this.buffer !== this.own || this.to + bytes.length > this.buffer.length) this.makeRoom(bytes.length);
    this.buffer.set(bytes, this.to);
    this.to += bytes.length;
  }

  /** Returns all bytes in the queue; valid until the next push. */
  peek(): Uint8Array {
    return this.buffer.subarray(this.from, this.to);
  }

  /** Removes and returns the next `count` bytes; valid until the next push. */
  take(count: number): Uint8Array {
    this.from += count;
    return this.buffer.subarray(this.from - count, this.from);
  }

  private makeRoom(count: number): void {
    const rest = this.peek();
    const needed = rest.length + count;
    if (needed > this.own.length) {
      const larger = new Uint8Array(Math.max(needed, 2 ** 16, Math.min(2 * this.own.length, this.own.length + 2 ** 24)));
      larger.set(rest);
      this.own = larger;
    } else this.own.set(rest);
    this.buffer = this.own;
    this.from = 0;
    this.to = rest.length;
  }
}

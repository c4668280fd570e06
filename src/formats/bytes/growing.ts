/** Numbers of an unknown count, outside the heap that a JavaScript array of as many would fill. */
export class Growing {
  private data = new Float64Array(1024);
  private position = 0;

  get length(): number {
    return this.position;
  }

  push(value: number): void {
    if (this.position === this.data.length) {
      const more = new Float64Array(2 * this.data.length);
      more.set(this.data);
      this.data = more;
    }
    this.data[this.position++] = value;
  }

  /** A copy of the numbers from `from` to `to` − 1; all of them unless said. */
  finish(from = 0, to = this.position): Float64Array {
    return this.data.slice(from, to);
  }
}

/** A growing list of numbers in typed arrays, which do not fill V8's heap as a JavaScript array would. */
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

  /** Returns a copy of the numbers [from, to), by default all of them. */
  finish(from = 0, to = this.position): Float64Array {
    return this.data.slice(from, to);
  }
}

/** A small seeded stream (mulberry32): the same seed and case number always give the same mutant. */
export class Randomness {
  private state: number;

  constructor(seed: number, index: number) {
    this.state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b)) >>> 0;
  }

  word(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  }

  /** 0 … n-1 */
  below(n: number): number {
    return n <= 0 ? 0 : this.word() % n;
  }

  one<T>(list: readonly T[]): T {
    return list[this.below(list.length)];
  }
}

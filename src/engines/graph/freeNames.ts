/** Makes names unique: `add`, `add_2`, `add_3`. */
export class FreeNames {
  private readonly given: Set<string>;
  /** by requested name, the number to try next */
  private readonly next = new Map<string, number>();

  constructor(taken: Iterable<string> = []) {
    this.given = new Set(taken);
  }

  of(wanted: string): string {
    let name = wanted;
    let n = this.next.get(wanted) ?? 2;
    while (this.given.has(name)) name = `${wanted}_${n++}`;
    this.next.set(wanted, n);
    this.given.add(name);
    return name;
  }
}

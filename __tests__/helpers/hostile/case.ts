/** One hostile file: its name decides how it is offered to the readers, the table in __tests__/hostile what must be said. */
export interface HostileCase {
  /** file name, unique; the ending is the format it claims to be */
  readonly name: string;
  readonly bytes: () => Uint8Array | Promise<Uint8Array>;
}

/** `{ 'empty.npy': () => bytes }` as a list. */
export function casesOf(table: Readonly<Record<string, () => Uint8Array | string | Promise<Uint8Array>>>): HostileCase[] {
  return Object.entries(table).map(([name, make]) => ({
    name,
    bytes: () => {
      const made = make();
      return typeof made === 'string' ? Buffer.from(made) : made;
    },
  }));
}

/** A file that is being read, and how long that may take. */
export interface Reading {
  readonly where: string;
  readonly seconds: number;
}

let tell: ((reading: Reading | null) => void) | undefined;

/** In a thread (cli/thread.ts): the main one is notified when reading begins and ends (null), and ends it where a reader is stuck. */
export function watchedBy(watcher: (reading: Reading | null) => void): void {
  tell = watcher;
}

/** Reads a file while the watcher is told about it. */
export async function reading<T>(what: Reading, body: () => Promise<T>): Promise<T> {
  tell?.(what);
  try {
    return await body();
  } finally {
    tell?.(null);
  }
}

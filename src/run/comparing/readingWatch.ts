/** A file that is being read, and the time limit for it. */
export interface Reading {
  readonly where: string;
  readonly seconds: number;
}

let tell: ((reading: Reading | null) => void) | undefined;

/**
 * Called in a worker thread (cli/thread.ts): the main thread is told when reading begins and ends (null), and stops a reader that hangs.
 */
export function setReadingWatcher(watcher: (reading: Reading | null) => void): void {
  tell = watcher;
}

/** Reads a file and tells the watcher about it. */
export async function watchReading<T>(what: Reading, body: () => Promise<T>): Promise<T> {
  tell?.(what);
  try {
    return await body();
  } finally {
    tell?.(null);
  }
}

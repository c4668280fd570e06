import { removePending } from '../run/files/atomicWrite.js';

/**
 * SIGINT and SIGTERM end a command at once, with 130 or 143. Cleaning up is only necessary while a file is being written; that happens in
 * pieces, between which signals are handled. A large JSON text is read in a thread (thread.ts).
 */
export const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const;

/** Runs `body`; an interrupt meanwhile removes unfinished files and ends the program with 130 or 143. */
export async function guarded<T>(body: () => Promise<T>): Promise<T> {
  const handlers = Object.entries(SIGNALS).map(([signal, exit]) => ({
    signal,
    end: () => {
      removePending().finally(() => process.exit(exit));
    },
  }));
  for (const { signal, end } of handlers) process.on(signal, end);
  try {
    return await body();
  } finally {
    for (const { signal, end } of handlers) process.off(signal, end);
  }
}

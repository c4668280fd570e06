import { removePending } from '../run/atomicWrite.js';

/**
 * Long work is done in a thread (thread.ts), and the main thread answers interrupts. A command too small for that is ended by SIGINT and SIGTERM
 * themselves, and a shell sees 130 or 143 as well; only while it writes a file is there something to clean up first.
 */
export const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const;

/** Runs `body`; an interrupt meanwhile removes half-written files, then ends the program with 130 or 143. */
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

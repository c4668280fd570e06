let kept: Map<string, Map<string, unknown>> | undefined;

/**
 * Runs one command line, several parts of which look at the same network: first to see what it is, at last to run it. They read it once.
 * A program that calls the library may be given another network by the same path: there nothing is kept.
 */
export async function keepingNetworks<T>(body: () => Promise<T>): Promise<T> {
  kept = new Map();
  try {
    return await body();
  } finally {
    kept = undefined;
  }
}

/** What is kept of one kind, by path; undefined outside of `keepingNetworks`. */
export function keptNetworks<T>(kind: string): Map<string, T> | undefined {
  if (kept && !kept.has(kind)) kept.set(kind, new Map());
  return kept?.get(kind) as Map<string, T> | undefined;
}

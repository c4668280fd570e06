let kept: Map<string, Map<string, unknown>> | undefined;

/**
 * Runs a command whose parts each need the same network (to identify it, then to run it), so that it is read once.
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

/** The values of one kind that are kept, by path; undefined outside `keepingNetworks`. */
export function keptNetworks<T>(kind: string): Map<string, T> | undefined {
  if (kept && !kept.has(kind)) kept.set(kind, new Map());
  return kept?.get(kind) as Map<string, T> | undefined;
}

let kept: Map<string, Map<string, unknown>> | undefined;

/**
 * Runs a command whose parts need the same network (to identify it, then to run it), so that it is read once. Library callers may pass
 * another network by the same path later, so nothing is kept between calls.
 */
export async function keepingNetworks<T>(body: () => Promise<T>): Promise<T> {
  kept = new Map();
  try {
    return await body();
  } finally {
    kept = undefined;
  }
}

/** The kept values of one kind, by path; undefined outside `keepingNetworks`. */
export function keptNetworks<T>(kind: string): Map<string, T> | undefined {
  if (kept && !kept.has(kind)) kept.set(kind, new Map());
  return kept?.get(kind) as Map<string, T> | undefined;
}

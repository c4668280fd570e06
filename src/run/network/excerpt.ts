import { RnnError } from '../../errors.js';
import type { Assumption } from '../../model/assumptions.js';
import { checkSpec } from '../../model/check.js';
import type { ParsedLayers } from '../../model/parse.js';

/** A description that has not been checked yet. */
export interface Draft {
  readonly spec: Record<string, unknown>;
  readonly parsed?: { text: string; spans: ParsedLayers['spans'] };
  /** for a network inferred from weights alone */
  readonly assumptions?: readonly Assumption[];
  readonly ask?: RnnError;
}

/** Underlines the layer that an error is about, if the network was given as one line. */
export function withExcerpt<T>(draft: Draft, body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (error instanceof RnnError && draft.parsed && !error.excerpt) {
      const place = layerIndex(error, draft);
      const span = place === undefined ? undefined : draft.parsed.spans[place];
      if (span) error.excerpt = { text: draft.parsed.text, from: span.from, to: span.to };
    }
    throw error;
  }
}

/** Index of the layer that an error is about: from its cause if known, else from `where`. */
function layerIndex(error: RnnError, { spec }: Draft): number | undefined {
  const byNumber = /layers\[(\d+)\]/.exec(error.where ?? '') ?? /\(layer (\d+)\)/.exec(error.message);
  if (byNumber) return Number(byNumber[1]) - (error.where?.includes('layers[') ? 0 : 1);
  const name = error.layer ?? error.where?.split(':')[0];
  if (name === undefined || !Array.isArray(spec.layers)) return undefined;
  try {
    const index = checkSpec(spec).layers.findIndex(l => l.name === name);
    return index < 0 ? undefined : index;
  } catch {
    return undefined;
  }
}

import { RnnError } from '../errors.js';
import { wordOf } from '../escape.js';
import { findLayerKind } from '../layers/index.js';
import { isCellName } from './frameworks.js';

/**
 * Sets `returnSequences` where it is not given: true if a later layer needs the sequence. Marks the layers it set.
 * The layers must form a chain, as those of `--layers` and of the tutorial sizes do.
 * @throws RnnError E_ASSUMED if `strict` (as in Keras, nothing is inferred) and a layer would need it
 */
export function inferSequences(layers: readonly Record<string, unknown>[], strict: boolean): Record<string, unknown>[] {
  return layers.map((layer, index) => {
    if (!isCellName(wordOf(layer.kind)) || layer.returnSequences !== undefined) return layer;
    const reader = layers.slice(index + 1).find(next => readsOf(next) !== 'anything');
    if (!reader || readsOf(reader) !== 'sequence') return { ...layer, returnSequences: false };
    if (strict) {
      const message = `${reader.kind} needs a sequence but ${layer.kind} (layer ${index + 1}) gives its last step only`;
      throw new RnnError('shape', 'E_ASSUMED', message, {
        expected: '(N, T, features)',
        fix: `write +seq on layer ${index + 1} (Keras: return_sequences=True), or drop --strict to have it inferred`,
        more: 'return_sequences',
      });
    }
    return { ...layer, returnSequences: true, inferredSequences: true };
  });
}

function readsOf(layer: Record<string, unknown>): 'sequence' | 'anything' | undefined {
  return findLayerKind(String(layer.kind))?.reads;
}

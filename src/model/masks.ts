import { getLayerKind, readsMask } from '../layers/index.js';
import { isRecurrent, type LayerSpec, type ModelSpec } from './spec.js';

/**
 * Follows a mask of time steps that is given with the input: each layer passes it on, drops it, or skips the masked steps. When a network
 * runs, the layers' own `apply` does this; here it is derived from the description, before anything is computed.
 */

/** Whether the output of the layer has the mask of its input. */
export function carriesMask(layer: LayerSpec): boolean {
  return passes(layer) && !ends(layer);
}

function passes(layer: LayerSpec): boolean {
  const kind = getLayerKind(layer.kind);
  return kind.givesMask === true || kind.passesMask?.(layer) === true;
}

/** Whether the layer ends the sequence or starts a new one, so that the layers after it do not see the steps of the input. */
function ends(layer: LayerSpec): boolean {
  if (isRecurrent(layer)) return !layer.returnSequences;
  return ['maxpool', 'avgpool', 'last', 'flatten', 'repeat', 'eachstep'].includes(layer.kind);
}

/** Whether the layer makes a mask or is given one by another layer. */
function makesMask(layer: LayerSpec): boolean {
  return layer.kind === 'masking' || (layer.kind === 'embedding' && layer.maskZero) || typeof layer.mask === 'string';
}

/** Whether any step may be masked, by a mask given with the input or by one that a layer makes. */
export function hasMask({ model, input }: { readonly model: ModelSpec; readonly input: { readonly mask?: unknown } }): boolean {
  return input.mask !== undefined || model.layers.some(makesMask);
}

/**
 * Returns the names of the layers that a mask given with the input reaches and that use it (`readers`), and of the recurrent layers that
 * it does not reach because a layer before them, such as a convolution, drops it (`unreached`).
 */
export function maskReaders({ input, layers }: ModelSpec): { readonly readers: readonly string[]; readonly unreached: readonly string[] } {
  const masked = new Set([input.name]);
  const lost = new Set<string>();
  const readers: string[] = [];
  const unreached: string[] = [];
  for (const layer of layers) {
    if (layer.mask !== undefined) continue;
    const reached = layer.inputs.some(name => masked.has(name));
    const dropped = !reached && layer.inputs.some(name => lost.has(name));
    if (reached && readsMask(layer)) readers.push(layer.name);
    if (dropped && isRecurrent(layer)) unreached.push(layer.name);
    if (ends(layer)) continue;
    if (reached && passes(layer)) masked.add(layer.name);
    else if (reached || dropped) lost.add(layer.name);
  }
  return { readers, unreached };
}

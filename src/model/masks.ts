import { getLayerKind, readsMask } from '../layers/index.js';
import { isRecurrent, type LayerSpec, type ModelSpec } from './spec.js';

/**
 * Where a mask of steps, given with the input, goes: from layer to layer as each passes it on, to those that leave masked steps out. The layers' own `apply` does
 * it; here it is derived from the description, before anything is computed.
 */

/** Layers behind it have the mask of its input. */
export function carriesMask(layer: LayerSpec): boolean {
  return passes(layer) && !ends(layer);
}

function passes(layer: LayerSpec): boolean {
  const kind = getLayerKind(layer.kind);
  return kind.givesMask === true || kind.passesMask?.(layer) === true;
}

/** It ends the sequence, or starts one of its own: layers behind it do not see the steps of the input. */
function ends(layer: LayerSpec): boolean {
  if (isRecurrent(layer)) return !layer.returnSequences;
  return ['maxpool', 'avgpool', 'last', 'flatten', 'repeat', 'eachstep'].includes(layer.kind);
}

/** It gives a mask, or is given a value as one. */
function makesMask(layer: LayerSpec): boolean {
  return layer.kind === 'masking' || (layer.kind === 'embedding' && layer.maskZero) || typeof layer.mask === 'string';
}

/** Whether any step may be masked: by the mask that comes with the input, or by one that a layer makes. */
export function hasMask({ model, input }: { readonly model: ModelSpec; readonly input: { readonly mask?: unknown } }): boolean {
  return input.mask !== undefined || model.layers.some(makesMask);
}

/** Names of the layers that read a mask given with the input, and of recurrent ones that would, had no layer before them (a convolution) dropped it. */
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

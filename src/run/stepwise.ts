import { getLayerKind } from '../layers/index.js';
import type { LayerSpec } from '../model/spec.js';
import type { Network } from './network/network.js';

/**
 * Whether a network can be run step by step: each step of each layer follows from that step of its inputs and from the layer's own state.
 */
export function stepwise({ model, shapes }: Network): boolean {
  const { input, otherInputs, otherOutputs, layers } = model;
  if (otherInputs || otherOutputs || input.shape || input.features === null) return false;
  return layers.every(layer => {
    const wired = layer.states ?? layer.shares ?? layer.tensors;
    if (wired !== undefined || layer.mask !== undefined || !getLayerKind(layer.kind).stepwise?.(layer)) return false;
    const ranks = layer.inputs.map(name => shapes.values.get(name)!.length);
    return ranks.every(rank => rank === ranks[0]) && layer.inputs.every(name => !name.includes('/') || isLayer(name, layers));
  });
}

function isLayer(name: string, layers: readonly LayerSpec[]): boolean {
  return layers.some(layer => layer.name === name);
}

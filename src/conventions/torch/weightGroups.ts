import type { TorchModule } from '../../formats/torch/module.js';
import { isCellName } from '../../model/frameworks.js';
import { layerText } from '../../model/layersLine.js';
import { inferSequences } from '../../model/sequences.js';
import { layerOfGroup, type WeightGroup } from '../inferLayers.js';
import { convolutionOf, functionOf, normalisationOf } from './moduleFacts.js';
import type { Placed } from './moduleOrder.js';
import { type Module, type Roles, widthsOf } from './modules.js';

/** Modules in the order in which they run, as groups of weights and as `--layers` has them. */

/** What modules are called in messages. */
export type Titles = ReadonlyMap<Module, string>;

/** Writes modules in this order as --layers has them, `lstm:8+seq`, `dense:2` …, without what is asked or assumed. */
export function partsOf(order: readonly Placed[], titles: Titles, whole?: TorchModule): string[] {
  return layersIn(order, titles, whole).map(layer => layerText(layer, 'torch'));
}

export function layersIn(order: readonly Placed[], titles: Titles, whole?: TorchModule): Record<string, unknown>[] {
  const layers = groupsOf(order, titles, whole).map(group => layerOfGroup(group, {}, 'torch'));
  const last = layers.findLastIndex(({ kind }) => isCellName(String(kind)));
  return inferSequences(
    layers.map((layer, i) => (i === last ? { ...layer, returnSequences: false } : layer)),
    false,
  );
}

/** @param everyStep whether what follows the last recurrent module reads every step */
export function groupsOf(order: readonly Placed[], titles: Titles, whole?: TorchModule, everyStep = false): WeightGroup[] {
  const last = order.findLastIndex(({ module }) => module.recurrent);
  return order.flatMap(({ module, embedding }, i) => {
    const title = titles.get(module);
    const axes = i < last || everyStep ? 3 : 2;
    const reader = order[i + 1] && widthsOf(order[i + 1].module).input;
    return module.layers.map(({ tensors }, depth): WeightGroup => {
      const deepest = depth === module.layers.length - 1;
      const merged = deepest && reader !== undefined && reader !== widthsOf(module).outputs[0];
      const activation = whole && functionOf(whole, module.name, axes);
      const group = groupOf(module, tensors, embedding);
      if (whole && group.other && module.kind !== 'conv') group.other = { ...group.other, ...normalisationOf(whole, module.name) };
      if (whole && group.other && module.kind === 'conv') {
        const said = convolutionOf(whole, module.name);
        group.other = { ...group.other, ...said, ...(activation ? { activation } : {}) };
        group.width = Number(group.width) * Number(said.groups ?? 1);
      }
      return { title, ...group, ...(merged ? { merged } : {}), ...(activation ? { activation } : {}) };
    });
  });
}

/** Returns the weight shapes of a layer in canonical layout: [G·M, D] becomes [D, G·M]. */
function groupOf({ recurrent, kind }: Module, tensors: Roles, embedding: boolean): WeightGroup {
  const shape = (role: string) => tensors.get(role)?.tensor.shape;
  const turned = (role: string) => {
    const s = shape(role);
    return s && [...s].reverse();
  };
  if (embedding) return { embedding: shape('weight') };
  if (kind === 'conv') {
    const [filters, width, size] = shape('weight')!;
    return { other: { kind: 'conv1d', filters, kernelSize: [size], padding: '_', useBias: tensors.has('bias') }, width };
  }
  if (kind === 'batchnorm') {
    const [scale, center] = [tensors.has('weight'), tensors.has('bias')];
    return { other: { kind: 'batchnorm', scale, center }, width: shape('running_mean')![0] };
  }
  if (kind === 'norm') return { other: { kind: 'layernorm', center: tensors.has('bias') }, width: shape('weight')![0] };
  if (!recurrent) return { dense: turned('weight'), bias: shape('bias') };
  const bias = shape('bias_ih');
  return {
    kernel: turned('weight_ih'),
    recurrent: turned('weight_hh'),
    bias: bias && [2, bias[0]],
    projection: shape('weight_hr')?.[0],
    bidirectional: tensors.has('weight_ih_reverse'),
  };
}

import type { Tensor } from '../tensor/tensor.js';
import type { NamedTensors } from './convention.js';
import { plainWeights, weightOfPart } from './reparametrised.js';

/**
 * PyTorch's names: `[prefix.]weight_ih_l0`, `bias_hh_l0_reverse`, `weight_hr_l1`, `weight_ih` of an LSTMCell; everything else is
 * `prefix.weight`, `prefix.bias`.
 */
const RECURRENT = /^(.*?)(weight|bias)_(ih|hh|hr)(?:_l(\d+)(_reverse)?)?$/;

interface Entry {
  /** as the file names it */
  readonly name: string;
  readonly tensor: Tensor;
}

/** The tensors of one layer: role (`weight_ih`, `bias_hh_reverse`, `weight`) -> entry. */
export type Roles = ReadonlyMap<string, Entry>;

/** One module (an nn.LSTM with all its layers, an LSTMCell, a Linear, an Embedding) of a state dict. */
export interface Module {
  /** `rnn`, `fc`; '' for tensors without a prefix */
  readonly name: string;
  readonly recurrent: boolean;
  /** one for each layer of an nn.LSTM, one for any other module */
  readonly layers: readonly { readonly name: string; readonly tensors: Roles }[];
}

export function hasRecurrentNames(names: readonly string[]): boolean {
  return names.some(name => RECURRENT.test(name) || RECURRENT.test(weightOfPart(name) ?? ''));
}

/** State dict entries by module, in file order; the layers of one module together, by number. */
export function modulesOf(tensors: NamedTensors): Module[] {
  const modules = new Map<
    string,
    { name: string; recurrent: boolean; layers: Map<number, { name: string; tensors: Map<string, Entry> }> }
  >();
  for (const [name, tensor] of plainWeights(tensors)) {
    const match = RECURRENT.exec(name);
    const module = match ? match[1].replace(/\.$/, '') : name.replace(/\.?(weight|bias)$/, '');
    // a Linear and a recurrent module without any prefix are two
    const key = `${match ? 'cell' : 'other'} ${module}`;
    const found = modules.get(key) ?? {
      name: module,
      recurrent: match !== null,
      layers: new Map<number, { name: string; tensors: Map<string, Entry> }>(),
    };
    const depth = Number(match?.[4] ?? 0);
    const layer = found.layers.get(depth) ?? { name: match?.[4] ? `${match[1]}l${depth}` : module, tensors: new Map<string, Entry>() };
    layer.tensors.set(match ? `${match[2]}_${match[3]}${match[5] ?? ''}` : (/(weight|bias)$/.exec(name)?.[0] ?? name), { name, tensor });
    found.layers.set(depth, layer);
    modules.set(key, found);
  }
  return [...modules.values()].map(({ layers, ...module }) => ({
    ...module,
    layers: [...layers].sort(([a], [b]) => a - b).map(([, layer]) => layer),
  }));
}

/** What a module reads and gives, as far as its tensors show it. */
export interface Widths {
  /** null: token numbers */
  readonly input: number | null;
  /** both directions side by side, or merged into one */
  readonly outputs: readonly number[];
}

/** @param asEmbedding a matrix [V, E] of token vectors, where it could also be the weight [K, in] of a Linear */
export function widthsOf(module: Module, asEmbedding = false): Widths {
  const shape = (layer: Roles, role: string) => layer.get(role)?.tensor.shape ?? [];
  const first = module.layers[0].tensors;
  if (!module.recurrent) {
    const [outputs = 0, inputs = 0] = shape(first, 'weight');
    return asEmbedding ? { input: null, outputs: [inputs] } : { input: inputs, outputs: [outputs] };
  }
  const last = module.layers[module.layers.length - 1].tensors;
  const one = shape(last, 'weight_hr')[0] ?? shape(last, 'weight_hh')[1] ?? 0;
  return { input: shape(first, 'weight_ih')[1] ?? 0, outputs: last.has('weight_ih_reverse') ? [2 * one, one] : [one] };
}

/** A matrix without a bias: a Linear's, or the vectors of an Embedding. */
export function mayBeEmbedding({ recurrent, layers }: Module): boolean {
  const { tensors } = layers[0];
  return !recurrent && !tensors.has('bias') && tensors.get('weight')?.tensor.shape.length === 2;
}

/** Whether the names stand in the order of the alphabet (safetensors writes them so): then it says nothing of the modules. */
export function isSorted(tensors: NamedTensors): boolean {
  const names = [...tensors.keys()];
  return names.length > 2 && names.every((name, i) => i === 0 || names[i - 1] < name);
}

/** `fc2` before `fc10`, `net.0` before `net.3`: modules whose names differ in numbers alone. undefined: others. */
export function compareNumbers(a: string, b: string): number | undefined {
  const [as, bs] = [a, b].map(name => name.split(/(\d+)/));
  if (as.length !== bs.length || as.length === 1) return undefined;
  if (as.some((part, i) => i % 2 === 0 && part !== bs[i])) return undefined;
  const at = as.findIndex((part, i) => part !== bs[i]);
  return at < 0 ? 0 : Number(as[at]) - Number(bs[at]);
}

/** The names of modules without the part that all of them begin with: `lstm`, `fc` of `model.net.lstm`, `model.net.fc`. */
export function shortNames(modules: readonly { readonly name: string }[]): string[] {
  const paths = modules.map(m => m.name.split('.'));
  let same = 0;
  while (paths.length > 0 && paths.every(path => path.length > same + 1 && path[same] === paths[0][same])) same++;
  return paths.map(path => path.slice(same).join('.'));
}

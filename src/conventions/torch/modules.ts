import type { FileTensor } from '../../formats/format.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { NamedTensors } from '../convention.js';
import { isDynamicallyQuantised, plainWeights, weightOfPart } from './reparametrised.js';

/**
 * PyTorch's names: `[prefix.]weight_ih_l0`, `bias_hh_l0_reverse`, `weight_hr_l1`, `weight_ih` of an LSTMCell; everything else is
 * `prefix.weight`, `prefix.bias`.
 */
const RECURRENT = /^(.*?)(weight|bias)_(ih|hh|hr)(?:_l(\d+)(_reverse)?)?$/;

interface Entry {
  /** name in the file */
  readonly name: string;
  readonly tensor: Tensor;
}

/** The tensors of one layer: role (`weight_ih`, `bias_hh_reverse`, `weight`) -> entry. */
export type Roles = ReadonlyMap<string, Entry>;

/** The kind of a module as far as its tensors show it: a matrix belongs to a Linear or an Embedding, a norm to a LayerNorm or a GroupNorm. */
export type ModuleKind = 'recurrent' | 'matrix' | 'conv' | 'norm' | 'batchnorm' | 'attention' | 'state' | 'loss' | 'other';

/** One module (an nn.LSTM with all its layers, an LSTMCell, a Linear, an Embedding …) of a state dict. */
export interface Module {
  /** `rnn`, `fc`; '' for tensors without a prefix */
  readonly name: string;
  readonly kind: ModuleKind;
  readonly recurrent: boolean;
  /** one for each layer of an nn.LSTM, one for any other module */
  readonly layers: readonly { readonly name: string; readonly tensors: Roles }[];
}

/** Whether any name is that of a weight of nn.RNN, nn.LSTM or nn.GRU. */
export function hasRecurrentNames(names: readonly string[]): boolean {
  return isDynamicallyQuantised(names) || names.some(name => RECURRENT.test(name) || RECURRENT.test(weightOfPart(name) ?? ''));
}

interface Found {
  readonly name: string;
  readonly recurrent: boolean;
  readonly layers: Map<number, { readonly name: string; readonly tensors: Map<string, Entry> }>;
}

/** Groups state dict entries by module, in file order, with the layers of a module by number. */
export function modulesOf(tensors: NamedTensors): Module[] {
  const modules = new Map<string, Found>();
  const attentions = new Set([...tensors.keys()].flatMap(name => ATTENTION.exec(name)?.[1] ?? []));
  for (const [name, tensor] of plainWeights(tensors)) {
    if (isCounter(tensor)) continue;
    const { module, role, depth, layer } = placeOf(name, attentions);
    // a Linear and a recurrent module, both without a prefix, are two modules
    const key = `${depth === undefined ? 'other' : 'cell'} ${module}`;
    const found: Found = modules.get(key) ?? { name: module, recurrent: depth !== undefined, layers: new Map() };
    const own = found.layers.get(depth ?? 0) ?? { name: layer, tensors: new Map<string, Entry>() };
    own.tensors.set(role, { name, tensor });
    found.layers.set(depth ?? 0, own);
    modules.set(key, found);
  }
  return [...modules.values()].map(({ name, recurrent, layers }) => {
    const inOrder = [...layers].sort(([a], [b]) => a - b).map(([, layer]) => layer);
    return { name, recurrent, kind: recurrent ? 'recurrent' : kindOf(inOrder[0].tensors), layers: inOrder };
  });
}

/** Returns the modules used to compute y, without initial states and losses. */
export function usedModules(tensors: NamedTensors): Module[] {
  return modulesOf(tensors).filter(({ kind }) => kind !== 'state' && kind !== 'loss');
}

/** Whether it is a counter such as `n_averaged` of torch.optim.swa_utils.AveragedModel, which no computation uses. */
function isCounter(tensor: Tensor): boolean {
  const { dtype } = tensor as Partial<FileTensor>;
  return tensor.shape.length === 0 && dtype !== undefined && /^([iu]\d+|bool)$/.test(dtype);
}

/** in_proj_weight and related parameters of an nn.MultiheadAttention, whose out_proj is a nested module */
const ATTENTION = /^(.*\.|)(?:in_proj_weight|in_proj_bias|[qkv]_proj_weight|bias_[kv])$/;
/** The tensors of a module that is neither recurrent nor an attention. */
export const OWN = /(?:^|\.)(weight|bias|running_mean|running_var|num_batches_tracked)$/;

/** @returns the module a tensor belongs to, its role there, and, for a recurrent module, the layer */
function placeOf(name: string, attentions: ReadonlySet<string>): { module: string; role: string; layer: string; depth?: number } {
  const match = RECURRENT.exec(name);
  if (match) {
    const module = match[1].replace(/\.$/, '');
    const role = `${match[2]}_${match[3]}${match[5] ?? ''}`;
    return { module, role, layer: match[4] ? `${match[1]}l${Number(match[4])}` : module, depth: Number(match[4] ?? 0) };
  }
  const attention = [...attentions].find(
    prefix => name.startsWith(prefix) && /^(in_proj|[qkv]_proj|bias_[kv]|out_proj\.)/.test(name.slice(prefix.length)),
  );
  if (attention !== undefined) {
    const module = attention.replace(/\.$/, '');
    return { module, role: name.slice(attention.length), layer: module };
  }
  const module = name.replace(OWN, '');
  return { module, role: OWN.exec(name)?.[1] ?? name, layer: module };
}

/** A parameter with a name that is usual for an initial state. */
const STATE =
  /(^|[._])(h|c|hx|cx)_?0$|(^|[._])init(ial)?_?(h|c|hidden|cell|state)|(^|[._])(hidden|cell|state)_?(init|0)$|(^|[._])learned_(h|c)/i;

/** Whether the parameter has a name that is usual for an initial state: `h0`, `init_hidden`. */
export function isStateName(name: string): boolean {
  return STATE.test(name);
}

/** Class weights of an nn.CrossEntropyLoss, nn.NLLLoss or nn.BCEWithLogitsLoss among a network's modules. */
const LOSS = /(^|\.)(criterion|crit|\w*loss(_?(fn|func|function))?)\.weight$|(^|\.)pos_weight$/i;

/** Whether a tensor has the name and shape of class weights of a loss: `criterion.weight`, `loss_fn.pos_weight`. */
export function isOfLoss(name: string, { shape }: Tensor): boolean {
  return shape.length <= 1 && LOSS.test(name);
}

function kindOf(roles: Roles): ModuleKind {
  const [first, ...more] = roles.values();
  if (more.length === 0 && isOfLoss(first.name, first.tensor)) return 'loss';
  const rank = roles.get('weight')?.tensor.shape.length;
  const names = [...roles.keys()];
  const only = (...allowed: string[]) => names.every(name => allowed.includes(name));
  if (names.some(name => ATTENTION.test(name))) return 'attention';
  if (roles.has('running_mean') && roles.has('running_var') && only('weight', 'bias', 'running_mean', 'running_var', 'num_batches_tracked'))
    return 'batchnorm';
  if (rank !== undefined && only('weight', 'bias')) return rank === 2 ? 'matrix' : rank === 3 ? 'conv' : rank === 1 ? 'norm' : 'other';
  return names.length === 1 && isStateName(names[0]) ? 'state' : 'other';
}

/** The input and output of a module, as far as its tensors show them. */
export interface Widths {
  /** null: token numbers */
  readonly input: number | null;
  /** possible output widths: both directions concatenated, or merged into one */
  readonly outputs: readonly number[];
}

/** @param asEmbedding whether to take a matrix as token vectors [V, E] rather than as the weight [K, in] of a Linear */
export function widthsOf(module: Module, asEmbedding = false): Widths {
  const shape = (layer: Roles, role: string) => layer.get(role)?.tensor.shape ?? [];
  const first = module.layers[0].tensors;
  if (module.kind === 'recurrent') {
    const last = module.layers[module.layers.length - 1].tensors;
    const one = shape(last, 'weight_hr')[0] ?? shape(last, 'weight_hh')[1] ?? 0;
    return { input: shape(first, 'weight_ih')[1] ?? 0, outputs: last.has('weight_ih_reverse') ? [2 * one, one] : [one] };
  }
  if (module.kind === 'norm' || module.kind === 'batchnorm') {
    const [width = 0] = shape(first, module.kind === 'norm' ? 'weight' : 'running_mean');
    return { input: width, outputs: [width] };
  }
  const [outputs = 0, inputs = 0] = shape(first, 'weight');
  return asEmbedding ? { input: null, outputs: [inputs] } : { input: inputs, outputs: [outputs] };
}

/** Whether it is a matrix without a bias, which may be a Linear or an Embedding. */
export function mayBeEmbedding({ kind, layers }: Module): boolean {
  return kind === 'matrix' && !layers[0].tensors.has('bias');
}

/** Whether the names are in alphabetical order, as in safetensors, so that their order does not show the order of the modules. */
export function isSorted(tensors: NamedTensors): boolean {
  const names = [...tensors.keys()];
  return names.length > 2 && names.every((name, i) => i === 0 || names[i - 1] < name);
}

/** Compares modules whose names differ only in numbers: `fc2` before `fc10`, `net.0` before `net.3`; undefined for others. */
export function compareNumbers(a: string, b: string): number | undefined {
  const [as, bs] = [a, b].map(name => name.split(/(\d+)/));
  if (as.length !== bs.length || as.length === 1) return undefined;
  if (as.some((part, i) => i % 2 === 0 && part !== bs[i])) return undefined;
  const at = as.findIndex((part, i) => part !== bs[i]);
  return at < 0 ? 0 : Number(as[at]) - Number(bs[at]);
}

/** Returns the names of modules without their common prefix: `lstm`, `fc` for `model.net.lstm`, `model.net.fc`. */
export function shortNames(modules: readonly { readonly name: string }[]): string[] {
  const paths = modules.map(m => m.name.split('.'));
  let same = 0;
  while (paths.length > 0 && paths.every(path => path.length > same + 1 && path[same] === paths[0][same])) same++;
  return paths.map(path => path.slice(same).join('.'));
}

import type { Tensor } from '../tensor/tensor.js';
import type { NamedTensors } from './convention.js';

/**
 * PyTorch's names: `[prefix.]weight_ih_l0`, `bias_hh_l0_reverse`, `weight_hr_l1`, `weight_ih` of an LSTMCell; everything else is
 * `prefix.weight`, `prefix.bias`.
 */
const RECURRENT = /^(.*?)(weight|bias)_(ih|hh|hr)(?:_l(\d+)(_reverse)?)?$/;

/** One layer of a recurrent module, or one other module (Linear, Embedding), of a state dict. */
export interface Module {
  /** `rnn.l0`, `fc` */
  readonly name: string;
  /** `rnn.`, shared by the layers of one module */
  readonly prefix: string;
  readonly recurrent: boolean;
  /** role (`weight_ih`, `bias_hh_reverse`, `weight`) -> the entry as the file names it */
  readonly tensors: Map<string, { readonly name: string; readonly tensor: Tensor }>;
}

export function hasRecurrentNames(names: readonly string[]): boolean {
  return names.some(name => RECURRENT.test(name));
}

/**
 * State dict entries by module, in the order in which data flows. Files keep the order of construction, except those that sort by name
 * (safetensors), so an order is taken in which each module's input is as wide as the output before it; file order where there is none.
 */
export function modulesInOrder(tensors: NamedTensors): Module[] {
  const modules = modulesOf(tensors);
  return chain([], modules) ?? modules;
}

/** State dict entries by module, in file order; the layers of one module by number. */
export function modulesOf(tensors: NamedTensors): Module[] {
  const modules = new Map<string, Module & { place: number; depth: number }>();
  const places = new Map<string, number>();
  for (const [name, tensor] of tensors) {
    const match = RECURRENT.exec(name);
    const prefix = match ? match[1] : name.replace(/\.?(weight|bias)$/, '');
    if (!places.has(prefix)) places.set(prefix, places.size);
    const depth = Number(match?.[4] ?? 0);
    const key = match?.[4] ? `${prefix}l${depth}` : prefix;
    const module = modules.get(key) ?? {
      name: key,
      prefix,
      recurrent: match !== null,
      tensors: new Map(),
      place: places.get(prefix)!,
      depth,
    };
    const role = match ? `${match[2]}_${match[3]}${match[5] ?? ''}` : (/(weight|bias)$/.exec(name)?.[0] ?? name);
    module.tensors.set(role, { name, tensor });
    modules.set(key, module);
  }
  return [...modules.values()].sort((a, b) => a.place - b.place || a.depth - b.depth);
}

const MOST_MODULES_TRIED = 8;

/** Depth-first: the first order, preferring file order, in which widths fit. Layers of one module stay in their order. */
function chain(done: readonly Module[], rest: readonly Module[]): Module[] | undefined {
  if (rest.length === 0) return [...done];
  if (done.length + rest.length > MOST_MODULES_TRIED) return undefined;
  for (const module of firstOfEach(rest)) {
    if (done.length > 0 && !outputWidths(done[done.length - 1], module).some(width => accepts(module, width))) continue;
    if (done.length === 0 && !module.recurrent && !opensNetwork(module, rest)) continue;
    const found = chain(
      [...done, module],
      rest.filter(m => m !== module),
    );
    if (found) return found;
  }
  return undefined;
}

/** Of the layers of one module only the lowest that is left: l0 comes before l1. */
export function firstOfEach(modules: readonly Module[]): Module[] {
  const seen = new Set<string>();
  return modules.filter(({ prefix }) => {
    if (seen.has(prefix)) return false;
    seen.add(prefix);
    return true;
  });
}

/** A Linear or Embedding stands first only where a recurrent module can read it. */
function opensNetwork(module: Module, all: readonly Module[]): boolean {
  return all.some(m => m.recurrent && outputWidths(module, m).some(width => accepts(m, width)));
}

function accepts(module: Module, width: number): boolean {
  const weight = module.tensors.get(module.recurrent ? 'weight_ih' : 'weight')?.tensor;
  return weight !== undefined && weight.shape.length === 2 && weight.shape[1] === width;
}

/** Widths that a module may put out: both directions side by side, or merged into one; an embedding and a Linear differ in the axis. */
function outputWidths(module: Module, reader: Module): number[] {
  const of = (role: string) => module.tensors.get(role)?.tensor.shape ?? [];
  if (!module.recurrent)
    return of('weight')
      .slice(isEmbedding(module, reader) ? 1 : 0)
      .slice(0, 1);
  const one = of('weight_hr')[0] ?? of('weight_hh')[1] ?? 0;
  return module.tensors.has('weight_ih_reverse') ? [2 * one, one] : [one];
}

/** A matrix without a bias whose rows are as wide as the recurrent module's input: token vectors [V, E]. */
export function isEmbedding(module: Module, reader: Module | undefined): boolean {
  const weight = module.tensors.get('weight')?.tensor.shape;
  const input = reader?.recurrent ? reader.tensors.get('weight_ih')?.tensor.shape[1] : undefined;
  return !module.recurrent && weight?.length === 2 && !module.tensors.has('bias') && weight[1] === input && weight[0] !== input;
}

import { RnnError } from '../../errors.js';
import { escapeText, wordOf } from '../../escape.js';
import { checkName } from '../bytes/budget.js';
import { type ArrayRef, isRef, type ObjectRef, type Pickled, type TensorRef } from '../bytes/pickleValues.js';
import { checkTime, type Limits, overLimit } from '../limits.js';
import { childrenOf, isModule, moduleTree, ownTensors, packedWeights, type TorchModule } from './module.js';

/** The content of an unpickled checkpoint: tensors by dotted names, and everything else. */
export interface Collected {
  readonly tensors: ReadonlyMap<string, TensorRef | ArrayRef>;
  /** the dicts, lists and modules that hold tensors: path -> names of their tensors, in order */
  readonly sets: ReadonlyMap<string, readonly string[]>;
  /** whole modules by their path */
  readonly modules: ReadonlyMap<string, TorchModule>;
  /** plain values at the top, as text */
  readonly metadata: ReadonlyMap<string, string>;
  /** names of classes that stayed records */
  readonly classes: ReadonlySet<string>;
}

/**
 * Walks dicts, lists, modules and the attributes of all other objects. A container that occurs twice is read once, so the work is limited by the
 * size of the pickle.
 * @throws RnnError E_LIMIT_DEPTH, E_LIMIT_TENSORS, E_LIMIT_NAME, E_LIMIT_TIME (limit), E_PT_DUPLICATE, E_PT_TENSOR (format)
 */
export function collect(root: Pickled, limits: Limits): Collected {
  const walk = new Walk(limits);
  walk.visit(root, '', '', 0);
  return walk;
}

class Walk implements Collected {
  readonly tensors = new Map<string, TensorRef | ArrayRef>();
  readonly sets = new Map<string, string[]>();
  readonly modules = new Map<string, TorchModule>();
  readonly metadata = new Map<string, string>();
  readonly classes = new Set<string>();
  private readonly seen = new Set<object>();

  constructor(private readonly limits: Limits) {}

  /** @param set path of the container of the value */
  visit(value: Pickled, path: string, set: string, depth: number): void {
    if (depth > this.limits.depth)
      throw overLimit('depth', this.limits.depth, 'E_LIMIT_DEPTH', `nested at least ${this.limits.depth + 1} levels deep`, {
        where: 'data.pkl',
      });
    if (isRef(value, 'tensor') || isRef(value, 'array')) {
      this.add(path, set, value);
      return;
    }
    if (depth === 1 && value !== null && !(value instanceof Map)) this.describe(path, value);
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return;
    if (this.seen.has(value) || isRef(value, 'global') || isRef(value, 'storage')) return;
    this.seen.add(value);
    if (isRef(value, 'object') && isModule(value)) this.module(value, path, depth);
    else if (isRef(value, 'object')) this.object(value, path, set, depth);
    else this.entries(value, path, PACKED.test(path) ? set : path, depth);
  }

  private entries(value: Pickled[] | Map<Pickled, Pickled>, path: string, set: string, depth: number): void {
    let count = 0;
    for (const [key, child] of value.entries() as Iterable<[Pickled, Pickled]>) {
      if (++count % 4096 === 0) checkTime(this.limits);
      this.visit(child, joined(path, wordOf(key)), set, depth + 1);
    }
  }

  /** Collects a module; its tensors have the names of its state dict. */
  private module(module: ObjectRef, path: string, depth: number): void {
    this.modules.set(path, moduleTree(module, this.limits.depth - depth));
    this.moduleTensors(module, path, path, depth);
  }

  private moduleTensors(module: ObjectRef, path: string, set: string, depth: number): void {
    if (depth > this.limits.depth)
      throw overLimit('depth', this.limits.depth, 'E_LIMIT_DEPTH', `modules nested at least ${this.limits.depth + 1} levels deep`);
    this.classes.add(module.name);
    for (const [name, tensor] of ownTensors(module)) this.add(joined(path, name), set, tensor);
    for (const [name, packed] of packedWeights(module)) this.visit(packed, joined(path, name), set, depth + 1);
    for (const [name, child] of childrenOf(module)) this.moduleTensors(child, joined(path, name), set, depth + 1);
  }

  /** Collects any other object: its attributes, the items of a dict or list, and the arguments it was made from. */
  private object({ name, state, items, list, args }: ObjectRef, path: string, set: string, depth: number): void {
    this.classes.add(name);
    // a recurrent module lists its parameters a second time
    if (state instanceof Map) {
      state.delete('_flat_weights');
      this.entries(state, path, set, depth + 1);
    } else if (state !== undefined) this.visit(state, path, set, depth + 1);
    for (const part of [items, list]) if (part !== undefined) this.visit(part, path, path, depth + 1);
    args.forEach((arg, i) => {
      this.visit(arg, joined(path, String(i)), path, depth + 1);
    });
  }

  private add(path: string, set: string, tensor: TensorRef | ArrayRef): void {
    const name = path === '' ? 'tensor' : path;
    const { limits } = this;
    checkName(name, 'tensor', limits);
    if (this.tensors.has(name))
      throw new RnnError('format', 'E_PT_DUPLICATE', `two tensors are called '${escapeText(name, 80)}'`, { where: 'data.pkl' });
    if (this.tensors.size >= limits.tensors)
      throw overLimit('tensors', limits.tensors, 'E_LIMIT_TENSORS', `at least ${limits.tensors + 1} tensors in one file`, {
        where: 'data.pkl',
      });
    this.tensors.set(name, tensor);
    const names = this.sets.get(set) ?? [];
    names.push(name);
    this.sets.set(set, names);
  }

  private describe(path: string, value: Pickled): void {
    if (typeof value !== 'object') this.metadata.set(path, String(value));
    else if (isRef(value, 'object') && !isModule(value)) this.metadata.set(path, `${value.name}(${shown(value)})`);
  }
}

/** Lists in which a quantised module keeps its packed weights; they are not a separate network. */
const PACKED = /(^|\.)(_packed_params|_packed_weight_[ih]h|_all_weight_values)(\.|$)/;

const MOST_SHOWN = 6;

/** Formats the attributes of a record on one line: lr=0.1, hidden=8. */
function shown({ state, args }: ObjectRef): string {
  const named = state instanceof Map ? [...state].map(([key, value]) => `${wordOf(key)}=${word(value)}`) : args.map(word);
  return named.slice(0, MOST_SHOWN).join(', ') + (named.length > MOST_SHOWN ? ', …' : '');
}

function word(value: Pickled): string {
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (Array.isArray(value) || value instanceof Map) return wordOf(value);
  if (isRef(value, 'global') || isRef(value, 'object')) return value.name;
  return isRef(value, 'tensor') || isRef(value, 'array') ? `a ${value.kind}` : String(value);
}

function joined(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

import { isRef, type ObjectRef, type Pickled, type TensorRef } from '../bytes/pickleValues.js';

/**
 * A pickled nn.Module as data: its class by name, its plain attributes, the names of its own tensors, and the modules inside it, in the
 * order of their registration. No class was imported for it.
 */
export interface TorchModule {
  /** 'torch.nn.modules.rnn.LSTM', '__main__.Net' */
  readonly className: string;
  /** numbers, text, booleans and lists of them: hidden_size, nonlinearity, batch_first, eps, p … */
  readonly attributes: ReadonlyMap<string, Plain>;
  readonly children: ReadonlyMap<string, TorchModule>;
}

export type Plain = null | boolean | number | string | readonly Plain[];

/** A module's state: a dict with its parameters, buffers and modules, which every nn.Module has. */
function stateOf({ state }: ObjectRef): Map<Pickled, Pickled> | undefined {
  return state instanceof Map && state.get('_modules') instanceof Map && state.get('_parameters') instanceof Map ? state : undefined;
}

export function isModule(value: ObjectRef): boolean {
  return stateOf(value) !== undefined;
}

/** The tensors a module has itself, by name: parameters, then the buffers that its state dict would have. */
export function ownTensors(module: ObjectRef): [string, TensorRef][] {
  const state = stateOf(module)!;
  const apart = state.get('_non_persistent_buffers_set');
  const all = ['_parameters', '_buffers'].flatMap(key => [...((state.get(key) as Map<Pickled, Pickled>) ?? [])]);
  return all.flatMap(([name, value]): [string, TensorRef][] =>
    isRef(value, 'tensor') && !(Array.isArray(apart) && apart.includes(name)) ? [[String(name), value]] : [],
  );
}

/** Weights that a quantised module keeps packed, by the names of its attributes. */
export function packedWeights(module: ObjectRef): [string, ObjectRef][] {
  return [...stateOf(module)!].flatMap(([name, value]): [string, ObjectRef][] =>
    isRef(value, 'object') && value.name === 'torch.ScriptObject' ? [[String(name), value]] : [],
  );
}

export function childrenOf(module: ObjectRef): [string, ObjectRef][] {
  const modules = stateOf(module)!.get('_modules') as Map<Pickled, Pickled>;
  return [...modules].flatMap(([name, value]): [string, ObjectRef][] =>
    isRef(value, 'object') && isModule(value) ? [[String(name), value]] : [],
  );
}

/** @param depth levels of modules at most; what is deeper is left out */
export function moduleTree(module: ObjectRef, depth: number): TorchModule {
  const state = stateOf(module)!;
  const attributes = new Map<string, Plain>();
  for (const [key, value] of state) {
    const plain = typeof key === 'string' && !key.startsWith('_') ? plainOf(value, 3) : undefined;
    if (plain !== undefined) attributes.set(key as string, plain);
  }
  const children =
    depth === 0 ? [] : childrenOf(module).map(([name, child]): [string, TorchModule] => [name, moduleTree(child, depth - 1)]);
  return { className: module.name, attributes, children: new Map(children) };
}

function plainOf(value: Pickled, depth: number): Plain | undefined {
  if (value === null || typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string') return value;
  if (!Array.isArray(value) || depth === 0 || value.length > 64) return undefined;
  const parts = value.map(part => plainOf(part, depth - 1));
  return parts.every(part => part !== undefined) ? parts : undefined;
}

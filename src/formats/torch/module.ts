import { isRef, type ObjectRef, type Pickled, type TensorRef } from '../bytes/pickleValues.js';

/**
 * A pickled nn.Module as data: the name of its class, its plain attributes, the names of its own tensors, and its submodules in the order of
 * their registration. No class is imported for it.
 */
export interface TorchModule {
  /** 'torch.nn.modules.rnn.LSTM', '__main__.Net' */
  readonly className: string;
  /** numbers, text, booleans and lists of them: hidden_size, nonlinearity, batch_first, eps, p … */
  readonly attributes: ReadonlyMap<string, Plain>;
  readonly children: ReadonlyMap<string, TorchModule>;
}

export type Plain = null | boolean | number | string | readonly Plain[];

/** Returns a module's state, a dict with the parameters, buffers and modules that every nn.Module has; undefined for any other object. */
function stateOf({ state }: ObjectRef): Map<Pickled, Pickled> | undefined {
  return state instanceof Map && state.get('_modules') instanceof Map && state.get('_parameters') instanceof Map ? state : undefined;
}

export function isModule(value: ObjectRef): boolean {
  return stateOf(value) !== undefined;
}

/** Returns a module's own tensors by name: parameters, then the buffers that its state dict would contain. */
export function ownTensors(module: ObjectRef): [string, TensorRef][] {
  const state = stateOf(module)!;
  const apart = state.get('_non_persistent_buffers_set');
  const all = ['_parameters', '_buffers'].flatMap(key => [...((state.get(key) as Map<Pickled, Pickled>) ?? [])]);
  return all.flatMap(([name, value]): [string, TensorRef][] =>
    isRef(value, 'tensor') && !(Array.isArray(apart) && apart.includes(name)) ? [[String(name), value]] : [],
  );
}

/** Returns the packed weights of a quantised module, by the names of its attributes. */
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

/** @param depth most levels of modules; deeper ones are left out */
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

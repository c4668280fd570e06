import { RnnError } from '../../errors.js';
import { escapeText } from '../../escape.js';
import { type Json, list } from '../../layers/kerasConfig.js';

/** Arguments of a call in a Keras config: tensors, numbers, arrays and lists mixed. Keras 3 marks tensors, Keras 2 writes [layer, call, output]. */
export type Argument = TensorArgument | number | string | boolean | null | ArrayArgument | SliceArgument | readonly Argument[];

/** A tensor of the network: output `output` of call `call` of a layer. */
export interface TensorArgument {
  readonly tensor: readonly [layer: string, call: number, output: number];
  /** shape, as Keras 3 records it */
  readonly shape?: readonly (number | null)[];
  readonly dtype?: string;
}

/** A constant array. */
export interface ArrayArgument {
  readonly array: unknown;
  readonly dtype: string;
}

/** Part of an index, start:stop:step, each of which may be computed. */
export interface SliceArgument {
  readonly slice: readonly [start: Argument, stop: Argument, step: Argument];
}

export interface CallArguments {
  readonly args: readonly Argument[];
  readonly kwargs: Readonly<Record<string, Argument>>;
}

const DEEPEST = 16;

/**
 * Parses one entry of `inbound_nodes`.
 * @param models names of nested models, whose calls Keras 2 counts from 1, because the first is their own
 * @throws RnnError E_KERAS_CONFIG
 */
export function callArguments(node: unknown, models: ReadonlySet<string> = new Set()): CallArguments {
  if (Array.isArray(node)) return oldCall(node, models);
  const { args, kwargs } = (node ?? {}) as Json;
  const named = Object.entries((kwargs ?? {}) as Json).map(([key, value]) => [key, argumentOf(value, 0)]);
  return { args: list(args).map(a => argumentOf(a, 0)), kwargs: Object.fromEntries(named) };
}

/** Keras 2: [[layer, call, output, kwargs], …], the tensors of a single argument; kwargs are those of the first. */
function oldCall(node: readonly unknown[], models: ReadonlySet<string>): CallArguments {
  const tensorAt = (layer: string, call: unknown, output: unknown): TensorArgument => ({
    tensor: [layer, Math.max(0, Number(call ?? 0) - (models.has(layer) ? 1 : 0)), Number(output ?? 0)],
  });
  const single = typeof node[0] === 'string' ? [node] : node;
  const tensors: Argument[] = [];
  const kwargs: Record<string, Argument> = {};
  for (const entry of single) {
    const [layer, call, output, named] = list(entry);
    if (typeof layer !== 'string') throw badCall(entry);
    if (layer === '_CONSTANT_VALUE') tensors.push(oldArgument(output, 0, tensorAt));
    else tensors.push(tensorAt(layer, call, output));
    for (const [key, value] of Object.entries((named ?? {}) as Json)) kwargs[key] = oldArgument(value, 0, tensorAt);
  }
  return { args: tensors.length > 1 ? [tensors] : tensors, kwargs };
}

/** A keyword argument of Keras 2, in which a list that starts with a name and two numbers is a tensor. */
function oldArgument(value: unknown, depth: number, tensorAt: (...path: [string, unknown, unknown]) => TensorArgument): Argument {
  if (Array.isArray(value) && typeof value[0] === 'string' && typeof value[1] === 'number') return tensorAt(value[0], value[1], value[2]);
  const own = (v: unknown) => oldArgument(v, checkDepth(depth), tensorAt);
  if (Array.isArray(value)) return value.map(own);
  if (typeof value === 'object' && value !== null && 'start' in value && 'stop' in value) return sliceOf(value as Json, own);
  return argumentOf(value, depth);
}

function argumentOf(value: unknown, depth: number): Argument {
  if (value === undefined || value === null) return null;
  if (Array.isArray(value)) return value.map(v => argumentOf(v, checkDepth(depth)));
  if (typeof value !== 'object') return value as number | string | boolean;
  const object = value as Json;
  const config = (object.config ?? {}) as Json;
  if (object.class_name === '__keras_tensor__') {
    const [layer, call, output] = list(config.keras_history);
    if (typeof layer !== 'string') throw badCall(value);
    const shape = Array.isArray(config.shape) ? { shape: config.shape as (number | null)[] } : {};
    const dtype = typeof config.dtype === 'string' ? { dtype: config.dtype } : {};
    return { tensor: [layer, Number(call ?? 0), Number(output ?? 0)], ...shape, ...dtype };
  }
  if (object.class_name === '__numpy__' || object.class_name === '__tensor__')
    return { array: config.value, dtype: String(config.dtype ?? 'float32') };
  if (object.class_name === '__tuple__') return list(config.value ?? object.items).map(v => argumentOf(v, checkDepth(depth)));
  const own = (v: unknown) => argumentOf(v, checkDepth(depth));
  if (object.class_name === undefined && 'start' in object && 'stop' in object) return sliceOf(object, own);
  if (object.class_name === '__slice__' || object.__slice__ !== undefined) return sliceOf((object.__slice__ ?? config) as Json, own);
  if (object.class_name === '__ellipsis__' || object.__ellipsis__ !== undefined) return '...';
  if (object.class_name === 'DTypePolicy') return String(config.name);
  throw badCall(value);
}

function sliceOf({ start, stop, step }: Json, of: (value: unknown) => Argument): SliceArgument {
  return { slice: [of(start), of(stop), of(step)] };
}

function checkDepth(depth: number): number {
  if (depth < DEEPEST) return depth + 1;
  throw new RnnError('convention', 'E_KERAS_CONFIG', 'inbound_nodes are nested too deeply', { expected: `at most ${DEEPEST} levels` });
}

function badCall(value: unknown): RnnError {
  return new RnnError('unsupported', 'E_KERAS_CONFIG', 'an argument of a call has an unsupported form', {
    where: 'inbound_nodes',
    expected: 'tensors, numbers, arrays, slices',
    found: escapeText(JSON.stringify(value) ?? 'nothing', 80),
  });
}

export function isSlice(argument: Argument | undefined): argument is SliceArgument {
  return typeof argument === 'object' && argument !== null && !Array.isArray(argument) && 'slice' in argument;
}

export function isTensor(argument: Argument | undefined): argument is TensorArgument {
  return typeof argument === 'object' && argument !== null && 'tensor' in argument;
}

/** Every tensor in an argument, in order. */
export function tensorsOf(argument: Argument | undefined): TensorArgument[] {
  if (isTensor(argument)) return [argument];
  if (isSlice(argument)) return argument.slice.flatMap(tensorsOf);
  return Array.isArray(argument) ? argument.flatMap(tensorsOf) : [];
}

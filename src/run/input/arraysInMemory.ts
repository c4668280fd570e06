import { RnnError } from '../../errors.js';
import { type ByteSource, memorySource } from '../../formats/source.js';
import { sizeOf } from '../../tensor/tensor.js';
import type { Nested, TensorData } from '../result.js';

/**
 * Arrays in place of paths, for library callers: during a call they act as a file of that name, so that readers, checks and messages are
 * the same.
 */

/** A tensor, a tensor whose data is a plain array, or nested lists of numbers. */
export type ArrayData = TensorData | { readonly shape: readonly number[]; readonly data: readonly number[] } | readonly Nested[];

/** Several arrays: by name, or as a list in the order of Keras' get_weights(). */
export type ArraysData = Readonly<Record<string, ArrayData>> | readonly ArrayData[];

const held = new Map<string, Uint8Array>();

/** The bytes that replace the file `path` while a call holds them. */
export function heldArrays(path: string): ByteSource | undefined {
  const bytes = held.get(path);
  return bytes && memorySource(bytes);
}

/** Holds a tensor under its own name until `release`. @throws RnnError E_ARRAY */
export async function holdArray(what: string, array: ArrayData): Promise<string> {
  return hold(what, await encoded('npy', new Map([['npy', tensorFrom(what, array)]])));
}

/** @throws RnnError E_ARRAY */
export async function holdArrays(what: string, arrays: ArraysData): Promise<string> {
  const named = Array.isArray(arrays) ? arrays.map((array, i): [string, ArrayData] => [`arr_${i}`, array]) : Object.entries(arrays);
  const tensors = named.map(([name, array]): [string, TensorData] => [name, tensorFrom(`${what}: ${name}`, array)]);
  return hold(what, await encoded('npz', new Map(tensors)));
}

/** Loads the writers only if arrays are held: a small command that reads a file needs none. */
async function encoded(format: string, tensors: ReadonlyMap<string, TensorData>): Promise<Uint8Array> {
  const { encodeTensors } = await import('../files/save.js');
  return encodeTensors(format, tensors);
}

/** '<input>', or '<input 2>' if another call holds that name */
function hold(what: string, bytes: Uint8Array): string {
  let name = `<${what}>`;
  for (let k = 2; held.has(name); k++) name = `<${what} ${k}>`;
  held.set(name, bytes);
  return name;
}

export function release(names: readonly string[]): void {
  for (const name of names) held.delete(name);
}

/** Checks that shape and data match. @throws RnnError E_ARRAY (usage) */
export function tensorFrom(what: string, array: unknown): TensorData {
  if (Array.isArray(array)) return fromLists(what, array);
  const { shape, data } = (typeof array === 'object' && array !== null ? array : {}) as { shape?: unknown; data?: unknown };
  if (!Array.isArray(shape) || !shape.every(n => Number.isSafeInteger(n) && n >= 0)) throw wrong(what, 'has no shape of whole numbers');
  const numbers = typed(data);
  if (!numbers) throw wrong(what, 'has no data: a Float32Array, a Float64Array or an array of numbers');
  const size = sizeOf(shape);
  if (numbers.length !== size) throw wrong(what, `has ${numbers.length} numbers, and its shape [${shape.join(', ')}] has ${size}`);
  return { shape, data: numbers };
}

function typed(data: unknown): Float32Array | Float64Array | undefined {
  if (data instanceof Float32Array || data instanceof Float64Array) return data;
  const plain = Array.isArray(data) || (ArrayBuffer.isView(data) && !(data instanceof DataView));
  return plain && Array.prototype.every.call(data, v => typeof v === 'number') ? Float64Array.from(data as number[]) : undefined;
}

function fromLists(what: string, lists: readonly unknown[]): TensorData {
  const shape: number[] = [];
  for (let inner: unknown = lists; Array.isArray(inner); [inner] = inner) shape.push(inner.length);
  const numbers: number[] = [];
  const visit = (value: unknown, depth: number): boolean => {
    if (depth < shape.length) return Array.isArray(value) && value.length === shape[depth] && value.every(part => visit(part, depth + 1));
    numbers.push(value as number);
    return typeof value === 'number';
  };
  if (!visit(lists, 0)) throw wrong(what, 'has lists of different lengths, or an element that is not a number');
  return { shape, data: Float64Array.from(numbers) };
}

function wrong(what: string, problem: string): RnnError {
  return new RnnError('usage', 'E_ARRAY', `${what} ${problem}`, {
    where: what,
    expected: 'a path, { shape, data } or nested lists of numbers',
  });
}

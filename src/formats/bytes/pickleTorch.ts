import type { RnnError } from '../../errors.js';
import { escapeText } from '../../escape.js';
import type { DType } from '../format.js';

/** What PyTorch's names in a pickle stand for: storages, and three calls, each carried out here. Nothing else has a meaning. */
export type Pickled = null | boolean | number | string | Pickled[] | Map<Pickled, Pickled> | TensorRef | StorageRef | GlobalRef;

/** One allowed Python name. */
export interface GlobalRef {
  readonly kind: 'global';
  readonly name: string;
}

/** A block of numbers that lies in another member of the archive. */
export interface StorageRef {
  readonly kind: 'storage';
  readonly dtype: DType;
  readonly key: string;
  /** how many numbers the pickle says it has */
  readonly length: number;
}

/** A strided view of a storage; sizes and strides as the pickle states them, not yet checked against it. */
export interface TensorRef {
  readonly kind: 'tensor';
  readonly storage: StorageRef;
  readonly start: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

const STORAGES: ReadonlyMap<string, DType> = new Map([
  ['torch.FloatStorage', 'f32'],
  ['torch.DoubleStorage', 'f64'],
  ['torch.HalfStorage', 'f16'],
  ['torch.BFloat16Storage', 'bf16'],
  ['torch.LongStorage', 'i64'],
  ['torch.IntStorage', 'i32'],
  ['torch.ShortStorage', 'i16'],
  ['torch.CharStorage', 'i8'],
  ['torch.ByteStorage', 'u8'],
  ['torch.BoolStorage', 'bool'],
]);

const ORDERED_DICT = 'collections.OrderedDict';
const REBUILD_TENSOR = 'torch._utils._rebuild_tensor_v2';
const REBUILD_PARAMETER = 'torch._utils._rebuild_parameter';
const CALLABLE: ReadonlySet<string> = new Set([ORDERED_DICT, REBUILD_TENSOR, REBUILD_PARAMETER]);

/** Names a pickle may have: types of storages, and what it may call. */
export function isAllowed(name: string): boolean {
  return STORAGES.has(name) || CALLABLE.has(name);
}

export function isCallable(name: string): boolean {
  return CALLABLE.has(name);
}

type Fail = (code: string, message: string) => RnnError;

/** What a call of an allowed name gives. @throws RnnError E_PT_PICKLE, E_PT_TENSOR */
export function called(name: string, args: readonly Pickled[], fail: Fail): Pickled {
  if (name === ORDERED_DICT) {
    if (args.length > 0) throw fail('E_PT_PICKLE', 'an OrderedDict is made from arguments');
    return new Map();
  }
  if (name === REBUILD_TENSOR) return tensorOf(args, fail);
  if (!isRef(args[0], 'tensor')) throw fail('E_PT_PICKLE', 'a parameter is made of what is no tensor');
  return args[0];
}

function tensorOf(args: readonly Pickled[], fail: Fail): TensorRef {
  const [storage, start, shape, strides] = args;
  if (
    !isRef(storage, 'storage') ||
    !isCount(start) ||
    !isCounts(shape) ||
    !isCounts(strides) ||
    shape.length !== strides.length ||
    args.length < 6
  ) {
    throw fail('E_PT_TENSOR', 'a tensor needs a storage, an offset, sizes and as many strides, none negative');
  }
  return { kind: 'tensor', storage, start, shape, strides };
}

/** ('storage', type, key, device, length) @throws RnnError E_PT_TENSOR */
export function storageOf(id: Pickled, fail: Fail): StorageRef {
  const [word, type, key, , length] = Array.isArray(id) ? id : [];
  const dtype = isRef(type, 'global') ? STORAGES.get(type.name) : undefined;
  if (word !== 'storage' || !dtype || typeof key !== 'string' || !isCount(length))
    throw fail('E_PT_TENSOR', 'a persistent id that is no storage');
  if (!/^\d{1,9}$/.test(key)) throw fail('E_PT_TENSOR', `the storage key '${escapeText(key, 40)}' is no number`);
  return { kind: 'storage', dtype, key, length };
}

export function isRef<K extends 'global' | 'storage' | 'tensor'>(
  value: Pickled | undefined,
  kind: K,
): value is Extract<Pickled, { kind: K }> {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === kind;
}

function isCount(value: Pickled | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isCounts(value: Pickled | undefined): value is number[] {
  return Array.isArray(value) && value.every(isCount);
}

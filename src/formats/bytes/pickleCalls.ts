import type { RnnError } from '../../errors.js';
import { escapeText } from '../../escape.js';
import type { DType } from '../format.js';
import { DTYPE_BYTES } from './budget.js';
import { arrayFromBuffer, arrayFromState, emptyArray, isEmptyArray, scalarOf } from './pickleNumpy.js';
import { latin1Bytes } from './pickleText.js';
import { type GlobalRef, isCount, isCounts, isRef, type ObjectRef, type Pickled, type StorageRef, type TensorRef } from './pickleValues.js';

/**
 * The closed list of functions that a pickle may call, implemented here on plain values: those with which PyTorch makes tensors, NumPy arrays,
 * and Python dicts and bytes. Everything else becomes a record.
 */

// biome-ignore format: a table
const STORAGES: ReadonlyMap<string, DType> = new Map([
  ['torch.FloatStorage', 'f32'], ['torch.DoubleStorage', 'f64'], ['torch.HalfStorage', 'f16'], ['torch.BFloat16Storage', 'bf16'],
  ['torch.LongStorage', 'i64'], ['torch.IntStorage', 'i32'], ['torch.ShortStorage', 'i16'], ['torch.CharStorage', 'i8'],
  ['torch.ByteStorage', 'u8'], ['torch.BoolStorage', 'bool'], ['torch.QInt8Storage', 'i8'], ['torch.QUInt8Storage', 'u8'],
  ['torch.QInt32Storage', 'i32'],
]);

/** Bytes per number of storages that are not read; their tensors stay records. */
const UNREAD: Readonly<Record<string, number>> = {
  'torch.ComplexFloatStorage': 8,
  'torch.ComplexDoubleStorage': 16,
  'torch.QUInt4x2Storage': 1,
  'torch.QUInt2x4Storage': 1,
};

/** Returns the bytes per number of a storage type; undefined if it is unknown. */
export function storageWidth(type: string): number | undefined {
  const dtype = UNTYPED.has(type) ? 'u8' : STORAGES.get(type);
  return dtype ? DTYPE_BYTES[dtype] : UNREAD[type];
}

/** Storages of raw bytes, whose type is stated by the tensor. */
const UNTYPED: ReadonlySet<string> = new Set(['torch.UntypedStorage', 'torch.storage.UntypedStorage']);

// biome-ignore format: a table
const DTYPES: ReadonlyMap<string, DType> = new Map([
  ['torch.float32', 'f32'], ['torch.float64', 'f64'], ['torch.float16', 'f16'], ['torch.bfloat16', 'bf16'], ['torch.int64', 'i64'],
  ['torch.int32', 'i32'], ['torch.int16', 'i16'], ['torch.int8', 'i8'], ['torch.uint8', 'u8'], ['torch.uint16', 'u16'],
  ['torch.uint32', 'u32'], ['torch.uint64', 'u64'], ['torch.bool', 'bool'],
]);

type Fail = (code: string, message: string) => RnnError;

/** Returns the result, or undefined to record the call. */
type Call = (args: readonly Pickled[], fail: Fail) => Pickled | undefined;

/** Python 2 creates an OrderedDict from a list of pairs. */
const dict: Call = ([pairs = []], fail) => {
  if (Array.isArray(pairs) && pairs.every(pair => Array.isArray(pair) && pair.length === 2)) return new Map(pairs as [Pickled, Pickled][]);
  throw fail('E_PT_PICKLE', 'an OrderedDict is made from arguments that are not pairs');
};
const list: Call = ([items = []]) => (Array.isArray(items) ? [...items] : undefined);
const parameter: Call = ([tensor], fail) => {
  if (isRef(tensor, 'tensor') || isRef(tensor, 'object')) return tensor;
  throw fail('E_PT_PICKLE', 'a parameter is made of something that is not a tensor');
};
const fromType: Call = ([make, , args], fail) =>
  isRef(make, 'global') && Array.isArray(args) ? CALLS.get(make.name)?.(args, fail) : undefined;
const bytesOf: Call = ([text]) =>
  text instanceof Uint8Array ? text : typeof text === 'string' ? latin1Bytes(text) : text === undefined ? new Uint8Array(0) : undefined;

const CALLS: ReadonlyMap<string, Call> = new Map<string, Call>([
  ['collections.OrderedDict', dict],
  ['collections.defaultdict', () => new Map()],
  ['builtins.dict', ([items]) => (items === undefined ? new Map() : undefined)],
  ['builtins.set', list],
  ['builtins.frozenset', list],
  ['__builtin__.set', list],
  ['builtins.bytearray', bytesOf],
  ['_codecs.encode', bytesOf],
  ['torch.Size', list],
  ['torch._utils._rebuild_tensor', tensorOf(4)],
  ['torch._utils._rebuild_tensor_v2', tensorOf(6)],
  ['torch._utils._rebuild_tensor_v3', untypedTensor],
  ['torch._utils._rebuild_qtensor', quantisedTensor],
  ['torch._utils._rebuild_parameter', parameter],
  ['torch._utils._rebuild_parameter_with_state', parameter],
  ['torch._tensor._rebuild_from_type_v2', fromType],
  ...['numpy.core.multiarray', 'numpy._core.multiarray'].flatMap((module): [string, Call][] => [
    [`${module}._reconstruct`, emptyArray],
    [`${module}.scalar`, ([dtype, bytes]) => scalarOf(dtype, bytes)],
  ]),
  ...['numpy.core.numeric', 'numpy._core.numeric'].map((module): [string, Call] => [`${module}._frombuffer`, arrayFromBuffer]),
]);

/** Executes a call if it is on the list, else records it. @throws RnnError E_PT_PICKLE, E_PT_TENSOR if a known function has wrong arguments */
export function called(callee: Pickled, args: readonly Pickled[], fail: Fail): Pickled {
  const name = isRef(callee, 'global') ? callee.name : isRef(callee, 'object') ? callee.name : 'a call of no name';
  const result = isRef(callee, 'global') ? CALLS.get(callee.name)?.(args, fail) : undefined;
  return result ?? { kind: 'object', name, args };
}

/** Gives a value its state (opcode BUILD). @returns false if it cannot have one */
export function built(value: Pickled, state: Pickled): boolean {
  // an OrderedDict's state is its _metadata (module versions), a parameter's are hooks: no number depends on either
  if (value instanceof Map || isRef(value, 'tensor')) return true;
  if (!isRef(value, 'object')) return false;
  const array = isEmptyArray(value) ? arrayFromState(state) : undefined;
  // in place: other parts of the pickle may already refer to it
  if (array) Object.assign(value, array);
  else value.state = state;
  return true;
}

function tensorOf(arity: number): Call {
  return (args, fail) => {
    const [storage, start, shape, strides] = args;
    // a type that is not read: complex, 8-bit floats
    if (isRef(storage, 'object')) return undefined;
    if (
      !isRef(storage, 'storage') ||
      !isCount(start) ||
      !isCounts(shape) ||
      !isCounts(strides) ||
      shape.length !== strides.length ||
      args.length < arity
    ) {
      throw fail('E_PT_TENSOR', 'a tensor needs a storage, an offset, sizes and as many strides, none negative');
    }
    return { kind: 'tensor', storage, start: start + (storage.from ?? 0), shape, strides };
  };
}

/** A tensor over an untyped storage, whose length is in bytes; an argument states the type. */
function untypedTensor(args: readonly Pickled[], fail: Fail): TensorRef | undefined {
  const [storage] = args;
  const dtype = isRef(args[6], 'global') ? DTYPES.get(args[6].name) : undefined;
  if (!isRef(storage, 'storage') || dtype === undefined) return undefined;
  const typed: StorageRef = { ...storage, dtype, length: Math.floor(storage.length / DTYPE_BYTES[dtype]) };
  return tensorOf(7)([typed, ...args.slice(1)], fail) as TensorRef;
}

/** (storage, offset, sizes, strides, (scheme, scale, zero), …); one scale for the whole tensor. */
function quantisedTensor(args: readonly Pickled[], fail: Fail): TensorRef | undefined {
  const [scheme, scale, zero] = Array.isArray(args[4]) ? args[4] : [];
  if (!isRef(scheme, 'global') || scheme.name !== 'torch.per_tensor_affine') return undefined;
  if (typeof scale !== 'number' || typeof zero !== 'number') return undefined;
  const tensor = tensorOf(6)(args, fail) as TensorRef | undefined;
  return tensor && { ...tensor, quantised: { scale, zero } };
}

/**
 * ('storage', type, key, device, length[, view]) or ('module', class, file, source) of files before PyTorch 1.6.
 * @throws RnnError E_PT_TENSOR
 */
export function persistent(id: Pickled, fail: Fail): StorageRef | GlobalRef | ObjectRef {
  const [word, type, key, , length, view] = Array.isArray(id) ? id : [];
  if (word === 'module' && isRef(type, 'global')) return type;
  if (word !== 'storage' || !isRef(type, 'global') || typeof key !== 'string' || !isCount(length))
    throw fail('E_PT_TENSOR', 'a persistent id that is not a storage');
  if (!/^\d{1,40}$/.test(key)) throw fail('E_PT_TENSOR', `the storage key '${escapeText(key, 40)}' is not a number`);
  const dtype = UNTYPED.has(type.name) ? 'u8' : STORAGES.get(type.name);
  if (dtype === undefined) {
    if (/^torch\.\w*Storage$/.test(type.name)) return { kind: 'object', name: type.name, args: [] };
    throw fail('E_PT_TENSOR', 'a persistent id that is not a storage');
  }
  // (key of the view, its first number, its length): the tensor is a view of the view
  if (Array.isArray(view) && isCount(view[1])) return { kind: 'storage', dtype, key, length, from: view[1] };
  return { kind: 'storage', dtype, key, length };
}

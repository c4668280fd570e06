import type { DType } from '../format.js';

/**
 * The values that a pickle builds: plain values, tensors and arrays, and records of everything else. A class or function that is not on the
 * closed list of pickleCalls.ts is only a name: nothing is imported, nothing is called.
 */
export type Pickled =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | Pickled[]
  | Map<Pickled, Pickled>
  | TensorRef
  | StorageRef
  | GlobalRef
  | ArrayRef
  | ObjectRef;

/** A Python name. */
export interface GlobalRef {
  readonly kind: 'global';
  readonly name: string;
}

/** A block of numbers elsewhere in the file. */
export interface StorageRef {
  readonly kind: 'storage';
  readonly dtype: DType;
  readonly key: string;
  /** how many numbers the pickle says it has */
  readonly length: number;
  /** index of the first number, if this is part of a storage (before PyTorch 1.6) */
  readonly from?: number;
}

/** A strided view of a storage; sizes and strides as the pickle states them, not yet checked against it. */
export interface TensorRef {
  readonly kind: 'tensor';
  readonly storage: StorageRef;
  readonly start: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  /** of a quantised tensor: value = (number − zero) · scale */
  readonly quantised?: { readonly scale: number; readonly zero: number };
}

/** A NumPy array, whose numbers are in the pickle itself. */
export interface ArrayRef {
  readonly kind: 'array';
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** first axis fastest */
  readonly fortran: boolean;
  /** little-endian */
  readonly bytes: Uint8Array;
}

/** A record of an object or call that is not known here. */
export interface ObjectRef {
  readonly kind: 'object';
  /** 'argparse.Namespace', 'torch.device' */
  readonly name: string;
  readonly args: readonly Pickled[];
  /** the state that the pickle gives to the object, mostly its attributes */
  state?: Pickled;
  /** items, if the class is a dict */
  items?: Map<Pickled, Pickled>;
  /** elements, if the class is a list or a set */
  list?: Pickled[];
}

type Kinds = { global: GlobalRef; storage: StorageRef; tensor: TensorRef; array: ArrayRef; object: ObjectRef };

export function isRef<K extends keyof Kinds>(value: Pickled | undefined, kind: K): value is Kinds[K] {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === kind;
}

/** A number that may be a size, an offset or a stride. */
export function isCount(value: Pickled | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

export function isCounts(value: Pickled | undefined): value is number[] {
  return Array.isArray(value) && value.every(isCount);
}

import type { DType } from '../format.js';

/**
 * What a pickle builds: plain values, tensors and arrays, and records of everything else. A class or function that is not on the closed
 * list of pickleCalls.ts is a name and nothing more: nothing is imported, nothing is called.
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

/** A block of numbers that lies elsewhere in the file. */
export interface StorageRef {
  readonly kind: 'storage';
  readonly dtype: DType;
  readonly key: string;
  /** how many numbers the pickle says it has */
  readonly length: number;
  /** the first of them, where this is a part of a storage (before PyTorch 1.6) */
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

/** An object of a class, or the result of a call, that has no meaning here. */
export interface ObjectRef {
  readonly kind: 'object';
  /** 'argparse.Namespace', 'torch.device' */
  readonly name: string;
  readonly args: readonly Pickled[];
  /** what the pickle hands to the object when it is made: mostly its attributes */
  state?: Pickled;
  /** of a class that is a dict: its items */
  items?: Map<Pickled, Pickled>;
  /** of a class that is a list or a set */
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

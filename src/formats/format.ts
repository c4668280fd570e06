import type { Tensor } from '../tensor/tensor.js';
import type { Limits } from './limits.js';
import type { ByteSource } from './source.js';

/**
 * A format converts between bytes and named tensors: no file system, and no knowledge of what a tensor means (conventions have that).
 * `data` is a Float32Array if float32 holds every value of the file's dtype exactly (bool, 8 and 16 bit integers, f16, bf16, f32),
 * else a Float64Array. 64-bit integers beyond ±2^53 are refused (E_INT_RANGE), never rounded.
 */
export type DType = 'bool' | 'u8' | 'i8' | 'u16' | 'i16' | 'u32' | 'i32' | 'u64' | 'i64' | 'f16' | 'bf16' | 'f32' | 'f64';

/** A tensor of a file. Shape and dtype are known immediately; accessing `data` may read the file (lazyTensor.ts). */
export interface FileTensor extends Tensor {
  readonly dtype: DType;
}

export interface TensorFile {
  /** name of the Format that read it */
  readonly format: string;
  /** in file order */
  readonly tensors: Map<string, FileTensor>;
  /** the network's description as the file has it, if any: Keras config, ONNX graph, tfjs topology */
  readonly architecture?: unknown;
  /** for a checkpoint with several dicts or modules: the path of each -> the names of its tensors, in its order */
  readonly sets?: ReadonlyMap<string, readonly string[]>;
  /** texts in the file, by path, read on demand: the vocabularies of a `.keras` */
  readonly texts?: ReadonlyMap<string, () => string>;
  /** strings such as framework and version */
  readonly metadata: Map<string, string>;
  /** for a text format: the number of decimals with which a tensor was written, if the text shows it */
  readonly decimals?: ReadonlyMap<string, number>;
  /** what was skipped or is unusual; shown to the user as warnings */
  readonly notes: string[];
}

export { DEFAULT_LIMITS, type Limits } from './limits.js';

export { type ByteSource, memorySource, readAll, readUpTo } from './source.js';

/**
 * Opens a file next to the one being read, by relative path. Used by formats that have several files.
 * @param inside links must not lead out of the folder
 * @throws RnnError kind 'io'
 */
export type OpenPart = (path: string, inside?: 'inside') => ByteSource;

export interface Format {
  /** file extension without the dot: 'npy', 'npz', … */
  readonly name: string;
  readonly extensions: readonly string[];
  /** Whether these bytes look like this format. Content decides, not the extension; text formats are asked last. */
  sniff(source: ByteSource): boolean;
  /**
   * Reads names, shapes and dtypes; the numbers are read on demand if the format allows it.
   * @param ownName the file's plain name, for formats whose parts are named after it
   * @throws RnnError kind 'format' (exit 3) or 'limit' (exit 5); the message has the offset, `where` the field
   */
  read(source: ByteSource, limits: Limits, openPart?: OpenPart, ownName?: string): Promise<TensorFile>;
  /** Returns the file in pieces, each valid until the next; equal tensors always give equal bytes. Absent if the format cannot be written. */
  write?(tensors: ReadonlyMap<string, FileTensor>): Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

import type { Tensor } from '../tensor/tensor.js';
import type { Limits } from './limits.js';
import type { ByteSource } from './source.js';

/**
 * A format is bytes <-> named tensors: pure, no file system, no idea of what a tensor means (that is a convention's business).
 * `data` is Float32Array where float32 holds every value of the file's dtype exactly (bool, 8 and 16 bit integers, f16, bf16, f32),
 * else Float64Array. 64-bit integers beyond ±2^53 are refused (E_INT_RANGE), never rounded.
 */
export type DType = 'bool' | 'u8' | 'i8' | 'u16' | 'i16' | 'u32' | 'i32' | 'u64' | 'i64' | 'f16' | 'bf16' | 'f32' | 'f64';

/** Shape and dtype are known at once; reading `data` may read the file (lazyTensor.ts). */
export interface FileTensor extends Tensor {
  readonly dtype: DType;
}

export interface TensorFile {
  /** name of the Format that read it */
  readonly format: string;
  /** in file order */
  readonly tensors: Map<string, FileTensor>;
  /** the network's own description, where the file holds one (Keras config JSON, ONNX graph, tfjs topology), as that file states it */
  readonly architecture?: unknown;
  /** where tensors stand in several dicts or modules of a checkpoint: path of each -> names of its tensors, in its order */
  readonly sets?: ReadonlyMap<string, readonly string[]>;
  /** texts that lie beside the numbers, by their path in the file, read on demand: the vocabularies of a `.keras` */
  readonly texts?: ReadonlyMap<string, () => string>;
  /** strings such as framework and version */
  readonly metadata: Map<string, string>;
  /** of a text: with how many decimals the numbers of a tensor were written; absent where only the numbers themselves tell */
  readonly decimals?: ReadonlyMap<string, number>;
  /** what was skipped or is unusual; shown to the user as warnings */
  readonly notes: string[];
}

export { DEFAULT_LIMITS, type Limits } from './limits.js';

export { type ByteSource, memorySource, readAll, readUpTo } from './source.js';

/**
 * Opens a file that lies beside the one being read, by its path there. Only formats of several files ask for it.
 * @param inside links may not lead out of the folder
 * @throws RnnError kind 'io'
 */
export type OpenPart = (path: string, inside?: 'inside') => ByteSource;

export interface Format {
  /** file extension without the dot: 'npy', 'npz', … */
  readonly name: string;
  readonly extensions: readonly string[];
  /** Whether these bytes look like this format; decides, not the extension. Text formats answer last. */
  sniff(source: ByteSource): boolean;
  /**
   * Names, shapes and dtypes; the numbers are read on demand, where the format allows it.
   * @param ownName the file's plain name, for formats whose parts are named after it
   * @throws RnnError kind 'format' (exit 3) or 'limit' (exit 5); the message has the offset, `where` the field
   */
  read(source: ByteSource, limits: Limits, openPart?: OpenPart, ownName?: string): Promise<TensorFile>;
  /** The file in pieces, each valid until the next; the same tensors always give the same bytes. Absent where the format is read only. */
  write?(tensors: ReadonlyMap<string, FileTensor>): Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

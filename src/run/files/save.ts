import type { FileTensor } from '../../formats/format.js';
import { formatOfName, writeTensors } from '../../formats/index.js';
import type { TensorData } from '../result.js';
import { type WriteOptions, writeFileAtomic } from './atomicWrite.js';

/** Writes results to files. */

/** Writes tensors in the format of the file's extension (npy if that is unknown), as a whole or not at all. */
export async function saveTensors(path: string, tensors: ReadonlyMap<string, TensorData>, options: WriteOptions): Promise<void> {
  await writeFileAtomic(path, await encodeTensors(formatOfName(path)?.name ?? 'npy', tensors), options);
}

/** Writes text (a picture) to a file, as a whole or not at all. @throws RnnError E_EXISTS, E_WRITE (io) */
export async function saveText(path: string, text: string, options: WriteOptions): Promise<void> {
  await writeFileAtomic(path, new TextEncoder().encode(text), options);
}

/** Encodes tensors in a format. */
export async function encodeTensors(format: string, tensors: ReadonlyMap<string, TensorData>): Promise<Uint8Array> {
  const files = new Map<string, FileTensor>();
  for (const [name, { shape, data }] of tensors) files.set(name, { shape, data, dtype: data instanceof Float32Array ? 'f32' : 'f64' });
  return writeTensors(format, files);
}

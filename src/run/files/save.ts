import type { FileTensor } from '../../formats/format.js';
import { formatOfName, writeTensors } from '../../formats/index.js';
import type { TensorData } from '../result.js';
import { type WriteOptions, writeFileAtomic } from './atomicWrite.js';

/** Results as files. */

/**
 * The tensors in the format of the file's extension (npy where it has none that is known), whole or not at all.
 * @throws RnnError E_EXISTS, E_WRITE (io), E_NOT_WRITABLE, and the format's own (one array only, rank)
 */
export async function saveTensors(path: string, tensors: ReadonlyMap<string, TensorData>, options: WriteOptions): Promise<void> {
  await writeFileAtomic(path, await encodeTensors(formatOfName(path)?.name ?? 'npy', tensors), options);
}

/** Text (a picture) into a file, whole or not at all. @throws RnnError E_EXISTS, E_WRITE (io) */
export async function saveText(path: string, text: string, options: WriteOptions): Promise<void> {
  await writeFileAtomic(path, new TextEncoder().encode(text), options);
}

/** The bytes of the tensors in a format. */
export async function encodeTensors(format: string, tensors: ReadonlyMap<string, TensorData>): Promise<Uint8Array> {
  const files = new Map<string, FileTensor>();
  for (const [name, { shape, data }] of tensors) files.set(name, { shape, data, dtype: data instanceof Float32Array ? 'f32' : 'f64' });
  return writeTensors(format, files);
}

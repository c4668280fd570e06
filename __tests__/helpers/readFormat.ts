import type { Format, Limits, OpenPart, TensorFile } from '../../src/formats/format.js';
import { type ReadOptions, readTensors as read } from '../../src/formats/index.js';
import { memorySource } from '../../src/formats/source.js';

/** Everything a format finds in these bytes, with the numbers of every tensor: what is refused late is refused here. */
export async function readWhole(
  format: Pick<Format, 'read'>,
  bytes: Uint8Array,
  limits: Limits,
  parts?: (name: string) => Uint8Array,
): Promise<TensorFile> {
  return loaded(await format.read(memorySource(bytes), limits, parts && partsOf(parts)));
}

/** The same of whatever format it is. */
export async function readTensors(
  bytes: Uint8Array,
  { readPart, ...options }: Omit<ReadOptions, 'openPart'> & { readPart?: (name: string) => Uint8Array } = {},
): Promise<TensorFile> {
  return loaded(await read(memorySource(bytes), { ...options, openPart: readPart && partsOf(readPart) }));
}

function partsOf(parts: (name: string) => Uint8Array): OpenPart {
  return name => memorySource(parts(name));
}

function loaded(file: TensorFile): TensorFile {
  for (const tensor of file.tensors.values()) tensor.data;
  return file;
}

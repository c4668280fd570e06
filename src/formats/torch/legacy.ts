import { RnnError } from '../../errors.js';
import { DTYPE_BYTES } from '../bytes/budget.js';
import { readPickleAt } from '../bytes/pickle.js';
import type { Pickled, StorageRef } from '../bytes/pickleValues.js';
import type { Limits } from '../format.js';
import { overLimit } from '../limits.js';
import { type ByteSource, sliceSource } from '../source.js';
import { checkStorageSize, type Storages } from './tensors.js';

/**
 * The .pt form from before PyTorch 1.6: five pickles in a row (magic number, protocol 1001, the system, the object, the keys of its
 * storages), then for each key in that order how many numbers it has and the numbers. (torch/serialization.py, _legacy_load)
 */
export const LEGACY_MAGIC = [0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e];

const PROTOCOL = 1001;

export interface LegacyFile {
  readonly value: Pickled;
  readonly storages: Storages;
}

/** @throws RnnError E_PT_LEGACY, E_PT_STORAGE, E_PT_PICKLE (format), E_LIMIT_HEADER (limit) */
export function readLegacy(file: ByteSource, limits: Limits): LegacyFile {
  // where the pickles end only reading them tells: as many bytes as they may have
  const head = file.read(0, Math.min(file.size, limits.headerBytes));
  const read = (at: number): { value: Pickled; length: number } => {
    try {
      return readPickleAt(head, at, limits);
    } catch (error) {
      if (head.length === file.size || !(error instanceof RnnError) || error.code !== 'E_PT_PICKLE') throw error;
      throw overLimit('headerBytes', limits.headerBytes, 'E_LIMIT_HEADER', `the pickles have more than ${limits.headerBytes} bytes`);
    }
  };
  const [, protocol, system, object, keys] = inTurn(read, 5);
  if (protocol.value !== PROTOCOL) throw damaged(`protocol ${String(protocol.value)}; only ${PROTOCOL} is read`);
  if (system.value instanceof Map && system.value.get('little_endian') === false) throw damaged('the numbers are big-endian');
  if (!Array.isArray(keys.value) || !keys.value.every(key => typeof key === 'string')) throw damaged('the keys of its storages are no text');
  return { value: object.value, storages: storagesOf(file, keys.value as string[], keys.length) };
}

function inTurn(read: (at: number) => { value: Pickled; length: number }, count: number): { value: Pickled; length: number }[] {
  const all: { value: Pickled; length: number }[] = [];
  for (let at = 0; all.length < count; at = all[all.length - 1].length) all.push(read(at));
  return all;
}

/** Their sizes follow one another: what a storage's numbers take the reference to it says, so all of them are looked at in turn. */
function storagesOf(file: ByteSource, keys: readonly string[], start: number): Storages {
  const places = new Map<string, { at: number; count: number }>();
  const dtypes = new Map<string, StorageRef>();
  let done = false;
  const locate = (): void => {
    let at = start;
    for (const key of keys) {
      const storage = dtypes.get(key);
      if (at + 8 > file.size) throw damaged(`offset ${at}: the count of storage ${key} is missing`);
      const bytes = file.read(at, 8);
      const count = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigInt64(0, true));
      const width = storage && DTYPE_BYTES[storage.dtype];
      if (width === undefined) throw damaged(`storage ${key} is of no tensor`);
      places.set(key, { at: at + 8, count });
      at += 8 + count * width;
      if (count < 0 || at > file.size) throw damaged(`offset ${at}: storage ${key} of ${count} numbers ends beyond the file`);
    }
    if (at < file.size) throw damaged(`offset ${at}: ${file.size - at} bytes follow the last storage`);
    done = true;
  };
  return {
    expect(storage) {
      const known = dtypes.get(storage.key);
      if (!known) dtypes.set(storage.key, storage);
    },
    find(storage) {
      if (!done) locate();
      const place = places.get(storage.key);
      if (!place) throw new RnnError('format', 'E_PT_STORAGE', `the file has no storage ${storage.key}`);
      const size = place.count * DTYPE_BYTES[storage.dtype];
      checkStorageSize(storage, size, place.at);
      return sliceSource(file, place.at, size);
    },
  };
}

function damaged(message: string): RnnError {
  return new RnnError('format', 'E_PT_LEGACY', message, {
    where: 'form before PyTorch 1.6',
    fix: 'in Python: torch.save(torch.load(file), new_file) with PyTorch 1.6 or later',
  });
}

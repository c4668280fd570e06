import { RnnError } from '../../errors.js';
import { escapeText } from '../../escape.js';
import { type PickleInRow, readPickleAt } from '../bytes/pickle.js';
import { storageWidth } from '../bytes/pickleCalls.js';
import type { Pickled } from '../bytes/pickleValues.js';
import { type Limits, overLimit } from '../limits.js';
import { type ByteSource, sliceSource } from '../source.js';
import { checkStorageSize, type Storages } from './tensors.js';

/**
 * The .pt format before PyTorch 1.6: five consecutive pickles (magic number, protocol 1001, system info, the object, the keys of its storages),
 * then for each key, in that order, the count of its numbers and the numbers. (torch/serialization.py, _legacy_load)
 */
export const LEGACY_MAGIC = [0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e];

const PROTOCOL = 1001;
const PICKLES = 5;
const COUNT_BYTES = 8;

export interface LegacyFile {
  readonly value: Pickled;
  readonly storages: Storages;
}

/** @throws RnnError E_PT_LEGACY, E_PT_STORAGE, E_PT_PICKLE (format), E_LIMIT_HEADER (limit) */
export function readLegacy(file: ByteSource, limits: Limits): LegacyFile {
  // only reading the pickles shows where they end, so as many bytes are read as they may have
  const head = file.read(0, Math.min(file.size, limits.headerBytes));
  const pickles: PickleInRow[] = [];
  for (let at = 0; pickles.length < PICKLES; at = pickles[pickles.length - 1].end) pickles.push(pickleAt(head, at, file, limits));
  const [, protocol, system, object, keys] = pickles;
  if (protocol.value !== PROTOCOL) throw damaged(`protocol ${shown(protocol.value)}; only ${PROTOCOL} is read`);
  if (system.value instanceof Map && system.value.get('little_endian') === false) throw damaged('the numbers are big-endian');
  if (!Array.isArray(keys.value) || !keys.value.every(key => typeof key === 'string'))
    throw damaged(`offset ${object.end}: the storage keys are not a list of strings`);
  const places = placesOf(file, keys.value as string[], keys.end, object.storages);
  return {
    value: object.value,
    storages: {
      find(storage) {
        const place = places.get(storage.key);
        if (!place) throw new RnnError('format', 'E_PT_STORAGE', `the file has no storage ${storage.key}`);
        checkStorageSize(storage, place.size, place.at);
        return sliceSource(file, place.at, place.size);
      },
    },
  };
}

function pickleAt(head: Uint8Array, at: number, file: ByteSource, limits: Limits): PickleInRow {
  try {
    return readPickleAt(head, at, limits);
  } catch (error) {
    if (head.length === file.size || !(error instanceof RnnError) || error.code !== 'E_PT_PICKLE') throw error;
    throw overLimit('headerBytes', limits.headerBytes, 'E_LIMIT_HEADER', `the pickles have more than ${limits.headerBytes} bytes`);
  }
}

function shown(value: Pickled): string {
  return typeof value === 'object' ? 'of no number' : escapeText(String(value), 40);
}

/** Finds the numbers of each storage; the storages follow each other, each with its count and its numbers. */
function placesOf(
  file: ByteSource,
  keys: readonly string[],
  start: number,
  types: ReadonlyMap<string, string>,
): Map<string, { at: number; size: number }> {
  const places = new Map<string, { at: number; size: number }>();
  let at = start;
  for (const key of keys) {
    const type = types.get(key) ?? 'no tensor';
    const width = storageWidth(type);
    const name = escapeText(key, 40);
    if (width === undefined) throw damaged(`offset ${at}: storage ${name} is of ${escapeText(type, 60)}, which is not supported`);
    if (at + COUNT_BYTES > file.size) throw damaged(`offset ${at}: the count of storage ${name} is missing`);
    const bytes = file.read(at, COUNT_BYTES);
    const count = new DataView(bytes.buffer, bytes.byteOffset, COUNT_BYTES).getBigInt64(0, true);
    const end = BigInt(at + COUNT_BYTES) + count * BigInt(width);
    if (count < 0n || end > BigInt(file.size)) throw damaged(`offset ${at}: storage ${name} of ${count} numbers ends beyond the file`);
    places.set(key, { at: at + COUNT_BYTES, size: Number(count) * width });
    at = Number(end);
  }
  if (at < file.size) throw damaged(`offset ${at}: ${file.size - at} bytes follow the last storage`);
  return places;
}

function damaged(message: string): RnnError {
  return new RnnError('format', 'E_PT_LEGACY', message, {
    where: 'form before PyTorch 1.6',
    fix: 'in Python: torch.save(torch.load(file), new_file) with PyTorch 1.6 or later',
  });
}

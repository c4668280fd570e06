import { RnnError, within } from '../errors.js';
import { escapeText } from '../escape.js';
import type { TableEntry } from './bytes/levelTable.js';
import { type Read, readMessage, type Schema, schema, set } from './bytes/protobuf.js';
import { decodeUtf8 } from './bytes/utf8.js';
import type { DType, Limits } from './format.js';
import { memorySource } from './source.js';

/** A tensor in the index of a TensorFlow checkpoint (tensorflow/core/protobuf/tensor_bundle.proto). */
export interface BundleEntry {
  readonly name: string;
  /** null: text, or another type that is not read */
  readonly dtype: DType | null;
  /** TensorFlow's number of the dtype */
  readonly dtypeNumber: number;
  readonly shape: readonly bigint[];
  readonly shard: number;
  readonly offset: number;
  readonly size: number;
  /** masked CRC-32C of the bytes */
  readonly crc32c: number;
}

export interface Bundle {
  readonly shards: number;
  readonly littleEndian: boolean;
  readonly entries: readonly BundleEntry[];
}

/** DataType of tensorflow/core/framework/types.proto */
// biome-ignore format: a table
const DTYPES: Readonly<Record<number, DType>> = {
  1: 'f32', 2: 'f64', 3: 'i32', 4: 'u8', 5: 'i16', 6: 'i8', 9: 'i64', 10: 'bool', 14: 'bf16', 17: 'u16', 19: 'f16', 22: 'u32',
  23: 'u64',
};

interface Draft {
  dtype: number;
  shape: bigint[];
  unknownRank: boolean;
  shard: number;
  offset: number;
  size: number;
  crc32c: number;
  slices: number;
}

const DIMENSION: Schema<{ size: bigint }> = schema('TensorShapeProto.Dim', [[1, 'size', set('size', field => field.int())]]);
const SHAPE: Schema<Draft> = schema('TensorShapeProto', [
  [2, 'dim', (draft, field) => draft.shape.push(field.message(DIMENSION, { size: 0n }).size), 'repeated'],
  [
    3,
    'unknown_rank',
    (draft, field) => {
      draft.unknownRank = field.int() !== 0n;
    },
  ],
]);
const whole: (key: 'dtype' | 'shard' | 'offset' | 'size') => Read<Draft> = key => (draft, field) => {
  const value = field.int();
  if (value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER)) throw entryError(`the field ${key} is ${value}`);
  draft[key] = Number(value);
};
const ENTRY: Schema<Draft> = schema('BundleEntryProto', [
  [1, 'dtype', whole('dtype')],
  [
    2,
    'shape',
    (draft, field) => {
      field.message(SHAPE, draft);
    },
  ],
  [3, 'shard_id', whole('shard')],
  [4, 'offset', whole('offset')],
  [5, 'size', whole('size')],
  [6, 'crc32c', set('crc32c', field => field.fixed32())],
  [
    7,
    'slices',
    draft => {
      draft.slices++;
    },
    'repeated',
  ],
]);
const HEADER: Schema<{ shards: number; endianness: number }> = schema('BundleHeaderProto', [
  [1, 'num_shards', set('shards', field => Number(field.int()))],
  [2, 'endianness', set('endianness', field => Number(field.int()))],
]);

/**
 * @param table the entry of the empty key is the header
 * @throws RnnError E_BUNDLE (format), E_BUNDLE_SLICES (unsupported)
 */
export function readBundle(table: readonly TableEntry[], limits: Limits): Bundle {
  const [first, ...rest] = table;
  if (first?.key !== '') throw entryError('the index has no header (the entry of the empty key)');
  const header = readMessage(memorySource(first.value), HEADER, { shards: 0, endianness: 0 }, limits);
  const entries = rest.map(({ key, value }) => {
    const name = decodeUtf8(
      Uint8Array.from(key, c => c.charCodeAt(0)),
      0,
    );
    return within(`'${escapeText(name, 100)}'`, () =>
      entryOf(name, readMessage(memorySource(value), ENTRY, emptyDraft(), limits), header.shards),
    );
  });
  return { shards: header.shards, littleEndian: header.endianness === 0, entries };
}

function emptyDraft(): Draft {
  return { dtype: 0, shape: [], unknownRank: false, shard: 0, offset: 0, size: 0, crc32c: 0, slices: 0 };
}

function entryOf(name: string, draft: Draft, shards: number): BundleEntry {
  if (draft.slices > 0)
    throw new RnnError('unsupported', 'E_BUNDLE_SLICES', 'the variable is stored in slices (a partitioned variable)', {
      expected: 'one tensor',
      found: `${draft.slices} slices`,
      fix: 'save the checkpoint without a partitioner',
    });
  if (draft.unknownRank) throw entryError('the shape is unknown');
  if (draft.shard >= shards) throw entryError(`is in shard ${draft.shard} of ${shards}`);
  const dtype = Object.hasOwn(DTYPES, draft.dtype) ? DTYPES[draft.dtype] : null;
  const { shape, shard, offset, size, crc32c, dtype: dtypeNumber } = draft;
  return { name, dtype, dtypeNumber, shape, shard, offset, size, crc32c };
}

function entryError(message: string): RnnError {
  return new RnnError('format', 'E_BUNDLE', message, { fix: 'the file is damaged or not of this type; save or download it again' });
}

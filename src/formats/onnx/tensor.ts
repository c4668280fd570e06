import { within } from '../../errors.js';
import { escapeText } from '../../escape.js';
import type { Part } from '../../tensor/lazy.js';
import { type FloatArray, formatShape } from '../../tensor/tensor.js';
import { checkName, checkShape, DTYPE_BYTES } from '../bytes/budget.js';
import { decodeNumbers, readNumbers } from '../bytes/numbers.js';
import { type Field, number, type Span, schema, set, text } from '../bytes/protobuf.js';
import type { DType } from '../format.js';
import { lateReader, lazyTensor } from '../lazyTensor.js';
import type { OnnxTensor } from './graph.js';
import { checkUnsigned, externalPlace, fromSpans, integersAt, type Numbers, type Place, tensorError } from './numbers.js';
import { ONNX_DTYPES, OTHER_DTYPES } from './types.js';

/** A TensorProto while its fields are being read; `finishTensor` checks them together. */
export interface TensorDraft {
  name: string;
  readonly dims: bigint[];
  dataType: number;
  raw?: Span;
  /** packed or one by one */
  readonly floats: Span[];
  readonly doubles: Span[];
  readonly int32s: bigint[];
  readonly int64s: bigint[];
  readonly uint64s: bigint[];
  strings: number;
  /** not 0: the data are in another file */
  location: number;
  /** where: location, offset, length … */
  readonly external: Map<string, string>;
  segment: boolean;
  readonly offset: number;
}

export function newTensor(offset: number): TensorDraft {
  return {
    name: '',
    dims: [],
    dataType: 0,
    floats: [],
    doubles: [],
    int32s: [],
    int64s: [],
    uint64s: [],
    strings: 0,
    location: 0,
    external: new Map(),
    segment: false,
    offset,
  };
}

/** A pair of strings: metadata, and where external data are. */
export const ENTRY = schema<{ key: string; value: string }>('StringStringEntryProto', [
  [1, 'key', set('key', text)],
  [2, 'value', set('value', text)],
]);

export const TENSOR = schema<TensorDraft>('TensorProto', [
  [1, 'dims', (d, f) => f.ints(d.dims), 'repeated'],
  [2, 'data_type', set('dataType', number)],
  [3, 'segment', set('segment', () => true)],
  [4, 'float_data', (d, f) => f.fixedSpans(d.floats, 4), 'repeated'],
  [5, 'int32_data', (d, f) => f.ints(d.int32s), 'repeated'],
  [6, 'string_data', d => void d.strings++, 'repeated'],
  [7, 'int64_data', (d, f) => f.ints(d.int64s), 'repeated'],
  [8, 'name', set('name', text)],
  [9, 'raw_data', set('raw', f => f.span())],
  [10, 'double_data', (d, f) => f.fixedSpans(d.doubles, 8), 'repeated'],
  [11, 'uint64_data', (d, f) => f.ints(d.uint64s), 'repeated'],
  [13, 'external_data', readLocation, 'repeated'],
  [14, 'data_location', set('location', number)],
]);

function readLocation(draft: TensorDraft, field: Field): void {
  const { key, value } = field.message(ENTRY, { key: '', value: '' });
  // with two, readers could use different ones
  if (draft.external.has(key)) throw tensorError('E_ONNX_EXTERNAL', draft.offset, `external_data names '${escapeText(key, 40)}' twice`);
  draft.external.set(key, value);
}

// up to this many integers are read immediately, since they may be shapes and axes
const FEW = 2n ** 16n;

/**
 * Returns the tensor of a draft. Everything is checked except the numbers, which stay in the file until they are needed.
 * @throws RnnError E_ONNX_EXTERNAL, E_ONNX_TENSOR, E_ONNX_DTYPE (format), E_LIMIT_… (limit)
 */
export function finishTensor(draft: TensorDraft, numbers: Numbers): OnnxTensor {
  const { dims, dataType, offset } = draft;
  const { limits } = numbers.budget;
  checkName(draft.name, 'tensor', limits);
  if (draft.segment) throw tensorError('E_ONNX_TENSOR', offset, 'data in segments is not supported');
  const dtype = ONNX_DTYPES.get(dataType);
  if (!dtype && !OTHER_DTYPES.has(dataType))
    throw tensorError('E_ONNX_DTYPE', offset, `data_type ${dataType} does not exist`, String(dataType));
  const size = within(`dims at offset ${offset}`, () => checkShape(dims, limits));
  const shape = dims.map(Number);
  if (!dtype) return { shape, dtype: null, data: new Float32Array(0) };
  const stored = storedOf(draft, dtype, size, numbers);
  const label = draft.name === '' ? 'a constant' : `initializer '${escapeText(draft.name, 80)}'`;
  const head = { shape, dtype, size };
  if (dtype === 'i64' || dtype === 'u64') {
    const late = lateReader(numbers.source, numbers.budget, head);
    const read = () => late(() => within(label, () => integersOf(stored, Number(size), dtype, offset)));
    return size <= FEW && !isExternal(draft) ? { shape, dtype, data: read() } : lazyIntegers(shape, dtype, read);
  }
  const part: Part = (first, count, out) =>
    within(label, () => {
      const { source, start } = (stored as () => Place)();
      return readNumbers(source, start + first * DTYPE_BYTES[dtype], count, dtype, true, out);
    });
  if (typeof stored === 'function') return lazyTensor(numbers.source, numbers.budget, head, () => part(0, Number(size)), part);
  return lazyTensor(numbers.source, numbers.budget, head, () => within(label, () => stored.read() as FloatArray));
}

/** The place of raw bytes, or a function that reads numbers in another form. */
type Stored = (() => Place) | { readonly read: () => OnnxTensor['data'] };

function integersOf(stored: Stored, size: number, dtype: 'i64' | 'u64', offset: number): BigInt64Array {
  return typeof stored === 'function' ? integersAt(stored(), size, dtype, offset) : (stored.read() as BigInt64Array);
}

function lazyIntegers(shape: readonly number[], dtype: DType, read: () => BigInt64Array): OnnxTensor {
  let kept: BigInt64Array | undefined;
  const tensor = {
    shape,
    dtype,
    get data() {
      kept ??= read();
      return kept;
    },
  };
  return Object.defineProperty(tensor, 'load', { value: () => kept ?? read() });
}

function isExternal({ location, external }: TensorDraft): boolean {
  return location !== 0 || external.size > 0;
}

/** Finds the numbers, which must be in one place and as many as the shape needs. */
function storedOf(draft: TensorDraft, dtype: DType, size: bigint, numbers: Numbers): Stored {
  const { raw, dims, offset } = draft;
  const typed = typedData(draft, dtype);
  const kinds = [draft.floats, draft.doubles, draft.int32s, draft.int64s, draft.uint64s].filter(list => list !== typed && list.length > 0);
  if (kinds.length > 0 || draft.strings > 0) throw tensorError('E_ONNX_TENSOR', offset, `the type of the data is not ${dtype}`);
  const needed = size * BigInt(DTYPE_BYTES[dtype]);
  if (isExternal(draft)) {
    const place = externalPlace(draft, dtype, Number(size), numbers);
    if (typed.length > 0 || raw) throw tensorError('E_ONNX_TENSOR', offset, 'the data is given both here and in another file');
    return place;
  }
  if (raw && raw.length > 0) {
    if (typed.length > 0) throw tensorError('E_ONNX_TENSOR', offset, 'raw_data and typed data are both given');
    if (BigInt(raw.length) !== needed) {
      const message = `shape ${formatShape(dims)} ${dtype} needs ${needed} bytes of raw_data`;
      throw tensorError('E_ONNX_TENSOR', offset, message, `${raw.length} bytes`, undefined, `${needed} bytes`);
    }
    return () => ({ source: numbers.source, start: raw.offset });
  }
  const isSpans = typed === draft.floats || typed === draft.doubles;
  const count = isSpans ? countOf(typed, DTYPE_BYTES[dtype]) : typed.length;
  if (BigInt(count) !== size) {
    const message = `shape ${formatShape(dims)} needs ${size} values`;
    throw tensorError('E_ONNX_TENSOR', offset, message, `${count} values`, undefined, `${size} values`);
  }
  if (isSpans) return { read: () => fromSpans(typed, count, dtype as 'f32' | 'f64', numbers.source) };
  const values = fromTyped(typed as bigint[], dtype, offset);
  return { read: () => values.slice() };
}

function countOf(spans: readonly Span[], width: number): number {
  return spans.reduce((sum, { length }) => sum + length / width, 0);
}

/** Where onnx.proto puts the numbers of a type when they are not raw bytes. */
function typedData(draft: TensorDraft, dtype: DType): readonly Span[] | readonly bigint[] {
  if (dtype === 'f32') return draft.floats;
  if (dtype === 'f64') return draft.doubles;
  if (dtype === 'i64') return draft.int64s;
  return dtype === 'u64' || dtype === 'u32' ? draft.uint64s : draft.int32s;
}

const BITS: Partial<Record<DType, number>> = { f16: 16, bf16: 16, u8: 8, u16: 16, u32: 32, bool: 1 };

function fromTyped(values: readonly bigint[], dtype: DType, offset: number): OnnxTensor['data'] {
  if (dtype === 'i64' || dtype === 'u64') return checkUnsigned(BigInt64Array.from(values), dtype, offset);
  const unsigned = BITS[dtype];
  const width = BigInt(unsigned ?? 8 * DTYPE_BYTES[dtype]);
  for (const value of values) {
    const fits = unsigned ? BigInt.asUintN(Number(width), value) === value : BigInt.asIntN(Number(width), value) === value;
    if (!fits) throw tensorError('E_ONNX_TENSOR', offset, `the value ${value} is out of the range of ${dtype}`);
  }
  // converted through the bytes of the dtype, which also handles 16-bit floats, whose bits these integers are
  const bytes = new Uint8Array(values.length * DTYPE_BYTES[dtype]);
  const view = new DataView(bytes.buffer);
  const step = DTYPE_BYTES[dtype];
  values.forEach((value, i) => {
    if (step === 1) view.setUint8(i, Number(BigInt.asUintN(8, value)));
    else if (step === 2) view.setUint16(2 * i, Number(BigInt.asUintN(16, value)), true);
    else view.setUint32(4 * i, Number(BigInt.asUintN(32, value)), true);
  });
  return decodeNumbers(bytes, 0, values.length, dtype);
}

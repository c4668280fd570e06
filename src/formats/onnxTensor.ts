import { RnnError, within } from '../errors.js';
import { escapeText } from '../escape.js';
import { formatShape } from '../tensor/tensor.js';
import { type Budget, checkName, checkShape, DTYPE_BYTES, reserve } from './bytes/budget.js';
import { decodeNumbers } from './bytes/numbers.js';
import { type Field, number, schema, set, text } from './bytes/protobuf.js';
import type { DType } from './format.js';
import type { OnnxTensor } from './onnxGraph.js';
import { ONNX_DTYPES, OTHER_DTYPES } from './onnxTypes.js';

/** A TensorProto as its fields come; `finishTensor` checks them together. */
export interface TensorDraft {
  name: string;
  dims: bigint[];
  dataType: number;
  raw?: Uint8Array;
  floats: number[];
  doubles: number[];
  int32s: bigint[];
  int64s: bigint[];
  uint64s: bigint[];
  strings: number;
  /** not 0: the data are in another file */
  location: number;
  /** the name of that file */
  externalFile?: string;
  segment: boolean;
  offset: number;
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
  [4, 'float_data', (d, f) => f.floats(d.floats, 4), 'repeated'],
  [5, 'int32_data', (d, f) => f.ints(d.int32s), 'repeated'],
  [6, 'string_data', d => void d.strings++, 'repeated'],
  [7, 'int64_data', (d, f) => f.ints(d.int64s), 'repeated'],
  [8, 'name', set('name', text)],
  [9, 'raw_data', set('raw', f => f.bytes())],
  [10, 'double_data', (d, f) => f.floats(d.doubles, 8), 'repeated'],
  [11, 'uint64_data', (d, f) => f.ints(d.uint64s), 'repeated'],
  [13, 'external_data', readLocation, 'repeated'],
  [14, 'data_location', set('location', number)],
]);

function readLocation(draft: TensorDraft, field: Field): void {
  const { key, value } = field.message(ENTRY, { key: '', value: '' });
  if (key === 'location' || draft.externalFile === undefined) draft.externalFile = key === 'location' ? value : '';
}

/**
 * The tensor of a draft; its size is checked and reserved before its data are copied.
 * @throws RnnError E_ONNX_EXTERNAL, E_ONNX_TENSOR, E_ONNX_DTYPE (format), E_LIMIT_… (limit)
 */
export function finishTensor(draft: TensorDraft, budget: Budget): OnnxTensor {
  const { dims, dataType, offset } = draft;
  checkName(draft.name, 'tensor', budget.limits);
  if (draft.location !== 0 || draft.externalFile !== undefined) {
    const found = escapeText(draft.externalFile ?? '', 80);
    throw tensorError(
      'E_ONNX_EXTERNAL',
      offset,
      `the data are in another file${found ? ` ('${found}')` : ''}, which is never opened`,
      found,
      'in Python: onnx.save(model, file) without save_as_external_data',
    );
  }
  if (draft.segment) throw tensorError('E_ONNX_TENSOR', offset, 'the data are in segments, which are not read');
  const dtype = ONNX_DTYPES.get(dataType);
  if (!dtype && !OTHER_DTYPES.has(dataType))
    throw tensorError('E_ONNX_DTYPE', offset, `data_type ${dataType} does not exist`, String(dataType));
  const size = within(`dims at offset ${offset}`, () => checkShape(dims, budget.limits));
  const shape = dims.map(Number);
  if (!dtype) return { shape, dtype: null, data: new Float32Array(0) };
  reserve(budget, size, dtype);
  return { shape, dtype, data: readData(draft, dtype, size) };
}

function readData(draft: TensorDraft, dtype: DType, size: bigint): OnnxTensor['data'] {
  const { raw, dims, offset } = draft;
  const typed: readonly (number | bigint)[] = typedData(draft, dtype);
  const others =
    draft.floats.length +
    draft.doubles.length +
    draft.int32s.length +
    draft.int64s.length +
    draft.uint64s.length +
    draft.strings -
    typed.length;
  if (others > 0) throw tensorError('E_ONNX_TENSOR', offset, `data of another type than ${dtype}`);
  if (raw && raw.length > 0) {
    if (typed.length > 0) throw tensorError('E_ONNX_TENSOR', offset, 'raw_data and typed data are both given');
    const needed = size * BigInt(DTYPE_BYTES[dtype]);
    if (BigInt(raw.length) !== needed) {
      throw tensorError(
        'E_ONNX_TENSOR',
        offset,
        `shape ${formatShape(dims)} ${dtype} needs ${needed} bytes of raw_data`,
        `${raw.length} bytes`,
        undefined,
        `${needed} bytes`,
      );
    }
    return dtype === 'i64' || dtype === 'u64' ? rawIntegers(raw, dtype, offset) : decodeNumbers(raw, 0, Number(size), dtype);
  }
  if (BigInt(typed.length) !== size) {
    throw tensorError(
      'E_ONNX_TENSOR',
      offset,
      `shape ${formatShape(dims)} needs ${size} values`,
      `${typed.length} values`,
      undefined,
      `${size} values`,
    );
  }
  return fromTyped(typed, dtype, offset);
}

/** Where onnx.proto puts the numbers of a type when they are not raw bytes. */
function typedData(draft: TensorDraft, dtype: DType): readonly (number | bigint)[] {
  if (dtype === 'f32') return draft.floats;
  if (dtype === 'f64') return draft.doubles;
  if (dtype === 'i64') return draft.int64s;
  return dtype === 'u64' || dtype === 'u32' ? draft.uint64s : draft.int32s;
}

const BITS: Partial<Record<DType, number>> = { f16: 16, bf16: 16, u8: 8, u16: 16, u32: 32, bool: 1 };

function fromTyped(values: readonly (number | bigint)[], dtype: DType, offset: number): OnnxTensor['data'] {
  if (dtype === 'f32') return Float32Array.from(values as number[]);
  if (dtype === 'f64') return Float64Array.from(values as number[]);
  if (dtype === 'i64' || dtype === 'u64') return checkUnsigned(BigInt64Array.from(values as bigint[]), dtype, offset);
  const unsigned = BITS[dtype];
  const width = BigInt(unsigned ?? 8 * DTYPE_BYTES[dtype]);
  for (const value of values as bigint[]) {
    const fits = unsigned ? BigInt.asUintN(Number(width), value) === value : BigInt.asIntN(Number(width), value) === value;
    if (!fits) throw tensorError('E_ONNX_TENSOR', offset, `the value ${value} is out of the range of ${dtype}`);
  }
  // by way of the bytes of the dtype, so that the 16-bit floats, whose bits these are, need nothing of their own
  const bytes = new Uint8Array(values.length * DTYPE_BYTES[dtype]);
  const view = new DataView(bytes.buffer);
  const step = DTYPE_BYTES[dtype];
  (values as bigint[]).forEach((value, i) => {
    if (step === 1) view.setUint8(i, Number(BigInt.asUintN(8, value)));
    else if (step === 2) view.setUint16(2 * i, Number(BigInt.asUintN(16, value)), true);
    else view.setUint32(4 * i, Number(BigInt.asUintN(32, value)), true);
  });
  return decodeNumbers(bytes, 0, values.length, dtype);
}

function rawIntegers(raw: Uint8Array, dtype: 'i64' | 'u64', offset: number): BigInt64Array {
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  return checkUnsigned(
    BigInt64Array.from({ length: raw.length / 8 }, (_, i) => view.getBigInt64(8 * i, true)),
    dtype,
    offset,
  );
}

function checkUnsigned(values: BigInt64Array, dtype: 'i64' | 'u64', offset: number): BigInt64Array {
  if (dtype === 'u64' && values.some(value => value < 0n)) throw tensorError('E_INT_RANGE', offset, 'a uint64 of 2^63 or more is not read');
  return values;
}

function tensorError(code: string, offset: number, message: string, found?: string, fix?: string, expected?: string): RnnError {
  return new RnnError('format', code, `offset ${offset}: ${message}${expected && found ? `, found ${found}` : ''}`, {
    expected,
    found,
    fix,
  });
}

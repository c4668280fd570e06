import { RnnError } from '../../errors.js';
import { escapeText } from '../../escape.js';
import { allocate, type FloatArray } from '../../tensor/tensor.js';
import { type Budget, DTYPE_BYTES } from '../bytes/budget.js';
import { readNumbers } from '../bytes/numbers.js';
import type { Span } from '../bytes/protobuf.js';
import type { ByteSource, DType, OpenPart } from '../format.js';

/** The files that contain the numbers of a model. */
export interface Numbers {
  readonly source: ByteSource;
  readonly budget: Budget;
  readonly openPart?: OpenPart;
  /** files of external data, opened when their first number is read */
  readonly parts: Map<string, ByteSource>;
  /** whether any numbers are in such files */
  external: boolean;
}

/** Where the bytes of a tensor begin. */
export interface Place {
  readonly source: ByteSource;
  readonly start: number;
}

/**
 * Returns where a tensor's numbers are in another file (onnx.proto, external_data): `location` is a path inside the model's folder. The file is
 * opened when the first number is needed. @throws RnnError E_ONNX_EXTERNAL (format)
 */
export function externalPlace(
  { external, offset }: { readonly external: ReadonlyMap<string, string>; readonly offset: number },
  dtype: DType,
  size: number,
  numbers: Numbers,
): () => Place {
  numbers.external = true;
  const location = external.get('location') ?? '';
  const fail = (message: string, fix?: string) => tensorError('E_ONNX_EXTERNAL', offset, message, escapeText(location, 80), fix);
  if (location === '') throw fail('the data are in another file, which is not named');
  if (/^[/\\]|^[A-Za-z]:|[\\\0]/.test(location) || location.split('/').includes('..'))
    throw fail(`the data are in '${escapeText(location, 80)}', which is not a path inside the model's folder`);
  const needed = size * DTYPE_BYTES[dtype];
  const [start, length] = [external.get('offset') ?? '0', external.get('length') ?? String(needed)].map(wholeNumber);
  if (start === undefined || length !== needed)
    throw fail(
      `the data are at offset ${shown(external, 'offset')}, ${shown(external, 'length')} bytes long, where ${needed} bytes are needed`,
    );
  const { parts, openPart } = numbers;
  return () => {
    if (!openPart)
      throw fail(
        `the data are in '${escapeText(location, 80)}' beside the model, and there is no folder to look in`,
        'give the path of the model instead of piping it in',
      );
    const part = parts.get(location) ?? openPart(location, 'inside');
    parts.set(location, part);
    if (start + needed > part.size) {
      const message = `needs bytes ${start} to ${start + needed} of '${escapeText(location, 80)}', which has ${part.size}`;
      throw fail(message, 'the data file is truncated or belongs to another model; save or download both again');
    }
    return { source: part, start };
  };
}

function wholeNumber(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function shown(external: ReadonlyMap<string, string>, key: string): string {
  return `'${escapeText(external.get(key) ?? '', 30)}'`;
}

export function fromSpans(spans: readonly Span[], count: number, dtype: 'f32' | 'f64', source: ByteSource): FloatArray {
  const out = allocate(count, dtype);
  let at = 0;
  for (const { offset, length } of spans) {
    const some = length / DTYPE_BYTES[dtype];
    out.set(readNumbers(source, offset, some, dtype), at);
    at += some;
  }
  return out;
}

/** @throws RnnError E_INT_RANGE (format) */
export function integersAt({ source, start }: Place, count: number, dtype: 'i64' | 'u64', offset: number): BigInt64Array {
  const raw = source.read(start, 8 * count);
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  return checkUnsigned(
    BigInt64Array.from({ length: count }, (_, i) => view.getBigInt64(8 * i, true)),
    dtype,
    offset,
  );
}

export function checkUnsigned(values: BigInt64Array, dtype: 'i64' | 'u64', offset: number): BigInt64Array {
  if (dtype === 'u64' && values.some(value => value < 0n)) throw tensorError('E_INT_RANGE', offset, 'a uint64 of 2^63 or more is not read');
  return values;
}

export function tensorError(code: string, offset: number, message: string, found?: string, fix?: string, expected?: string): RnnError {
  return new RnnError('format', code, `offset ${offset}: ${message}${expected && found ? `, found ${found}` : ''}`, {
    expected,
    found,
    fix,
  });
}

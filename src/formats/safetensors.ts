import { RnnError, within } from '../errors.js';
import { escapeText } from '../escape.js';
import type { Part } from '../tensor/lazy.js';
import { formatShape, sizeOf } from '../tensor/tensor.js';
import { type Budget, checkName, checkShape, DTYPE_BYTES, newBudget } from './bytes/budget.js';
import { isObject, type JsonObject, type JsonValue, parseJson } from './bytes/jsonText.js';
import { encodedPieces, readNumbers } from './bytes/numbers.js';
import { ByteReader, needPart, readPart } from './bytes/reader.js';
import { decodeUtf8 } from './bytes/utf8.js';
import type { DType, FileTensor, Format, Limits, TensorFile } from './format.js';
import { lazyTensor, type TensorHead } from './lazyTensor.js';
import { overLimit } from './limits.js';
import { type ByteSource, readUpTo } from './source.js';

/**
 * .safetensors: eight bytes of header length, a JSON header, the data. All rules of the format are checked (huggingface/safetensors, README and
 * tensor.rs): the header starts with `{`, no key occurs twice, and the tensors fill the data exactly, without gaps, overlaps or a remainder, so
 * that no second file can hide inside. Data is written aligned: largest dtype first, then in the given order.
 */
export const safetensors: Format = {
  name: 'safetensors',
  extensions: ['safetensors'],
  sniff(source: ByteSource): boolean {
    const bytes = readUpTo(source, 0, 9);
    // a header length below 2^40 and then an object
    return (
      bytes.length >= 9 &&
      bytes[5] === 0 &&
      bytes[6] === 0 &&
      bytes[7] === 0 &&
      (bytes[8] === 0x7b || (isSpace(bytes[8]) && bytes[4] === 0))
    );
  },
  async read(source: ByteSource, limits: Limits): Promise<TensorFile> {
    const { header, offsetOf, dataStart } = readHeader(source, limits);
    const metadata = readMetadata(header, offsetOf);
    const budget = newBudget(limits);
    const named = Object.entries(header).filter(([name]) => name !== '__metadata__');
    if (named.length > limits.tensors)
      throw overLimit('tensors', limits.tensors, 'E_LIMIT_TENSORS', `${named.length} tensors in one file`, { found: named.length });
    const entries = named.map(([name, value]) => entryOf(name, value, budget, offsetOf));
    entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
    checkContiguous(entries, source.size - dataStart, dataStart);
    const tensors = new Map<string, FileTensor>();
    for (const entry of entries) {
      const { name, dtype, size, begin } = entry;
      const part: Part = (first, count, out) =>
        within(`tensor '${escapeText(name, 80)}'`, () =>
          readNumbers(source, dataStart + begin + first * DTYPE_BYTES[dtype], count, dtype, true, out),
        );
      tensors.set(
        name,
        lazyTensor(source, budget, entry, () => part(0, Number(size)), part),
      );
    }
    return { format: 'safetensors', tensors: withTied(tensors, metadata, limits), metadata, notes: [] };
  },
  write: filePieces,
};

const SHORT = 'E_SAFETENSORS_SHORT';

// In the order of the reference implementation's enum, by which it sorts; types that no recurrent network uses are left out
// biome-ignore format: a table
const DTYPES: ReadonlyMap<string, DType> = new Map([
  ['BOOL', 'bool'], ['U8', 'u8'], ['I8', 'i8'], ['I16', 'i16'], ['U16', 'u16'], ['F16', 'f16'], ['BF16', 'bf16'], ['I32', 'i32'],
  ['U32', 'u32'], ['F32', 'f32'], ['F64', 'f64'], ['I64', 'i64'], ['U64', 'u64'],
]);

interface Entry extends TensorHead {
  readonly name: string;
  /** [begin, end) in the data */
  readonly begin: number;
  readonly end: number;
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}

/** Reads the header. `offsetOf` returns where the entry of a name starts in the file. */
function readHeader(source: ByteSource, limits: Limits): { header: JsonObject; offsetOf: (name: string) => number; dataStart: number } {
  const length = new ByteReader(readPart(source, 0, 8, 'header length', SHORT), SHORT).u64();
  needPart(source, 8, length, 'header', SHORT);
  if (length > limits.headerBytes) {
    throw overLimit('headerBytes', limits.headerBytes, 'E_LIMIT_HEADER', `offset 0: the header has ${length} bytes`, {
      found: length,
      where: 'header length',
    });
  }
  const bytes = source.read(8, Number(length));
  if (bytes[0] !== 0x7b) {
    throw new RnnError('format', 'E_SAFETENSORS_HEADER', "offset 8: the header does not begin with '{'", {
      where: 'header',
      expected: '{',
      found: `byte ${bytes[0] ?? 'none'}`,
    });
  }
  const header = within('header', () => parseJson(decodeUtf8(bytes, 8), limits)) as JsonObject;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // a name written with escapes is not found this way; its offset is that of the header
  return { header, offsetOf: name => 8 + Math.max(0, text.indexOf(JSON.stringify(name))), dataStart: 8 + bytes.length };
}

/**
 * `safetensors.torch.save_model` writes tensors that share their memory once, and in the metadata the other names: `{"encoder.weight":
 * "decoder.weight"}`. In a file in alphabetical order they stand in it, too.
 */
function withTied(tensors: Map<string, FileTensor>, metadata: ReadonlyMap<string, string>, limits: Limits): Map<string, FileTensor> {
  const tied = [...metadata].filter(([name, kept]) => tensors.has(kept) && !tensors.has(name));
  if (tied.length === 0) return tensors;
  const count = tensors.size + tied.length;
  if (count > limits.tensors)
    throw overLimit('tensors', limits.tensors, 'E_LIMIT_TENSORS', `${count} tensors in one file`, { found: count });
  const names = [...tensors.keys()];
  const isSorted = names.every((name, i) => i === 0 || names[i - 1] < name);
  const all = [...tensors, ...tied.map(([name, kept]): [string, FileTensor] => [name, tensors.get(kept)!])];
  return new Map(isSorted ? all.sort(([a], [b]) => (a < b ? -1 : 1)) : all);
}

function readMetadata(header: JsonObject, offsetOf: (name: string) => number): Map<string, string> {
  const raw: JsonValue | undefined = header.__metadata__;
  if (raw === undefined) return new Map();
  if (!isObject(raw) || Object.values(raw).some(value => typeof value !== 'string')) {
    throw new RnnError('format', 'E_SAFETENSORS_METADATA', `offset ${offsetOf('__metadata__')}: __metadata__ must map strings to strings`, {
      where: 'header',
    });
  }
  return new Map(Object.entries(raw) as [string, string][]);
}

/** Checks an entry. Its offset is only computed for an error, since a header may have thousands of names. */
function entryOf(name: string, value: JsonValue, budget: Budget, offsetOf: (name: string) => number): Entry {
  try {
    return checkEntry(name, value, budget);
  } catch (error) {
    return within(`tensor '${escapeText(name, 80)}' at offset ${offsetOf(name)}`, () => {
      throw error;
    });
  }
}

function checkEntry(name: string, value: JsonValue, budget: Budget): Entry {
  checkName(name, 'tensor', budget.limits);
  if (!isObject(value)) throw headerError('the entry is not an object');
  for (const key of Object.keys(value)) {
    if (key !== 'dtype' && key !== 'shape' && key !== 'data_offsets') throw headerError(`unknown key '${escapeText(key, 40)}'`);
  }
  const dtype = DTYPES.get(value.dtype as string);
  if (!dtype) {
    const found = typeof value.dtype === 'string' ? `'${escapeText(value.dtype, 20)}'` : 'none';
    throw new RnnError('format', 'E_SAFETENSORS_DTYPE', `dtype ${found} is not read`, { expected: [...DTYPES.keys()].join(' '), found });
  }
  const shape = integers(value.shape, 'shape');
  const offsets = integers(value.data_offsets, 'data_offsets');
  if (offsets.length !== 2) throw headerError('data_offsets must be two numbers');
  const [begin, end] = offsets;
  const size = checkShape(shape, budget.limits);
  const needed = size * BigInt(DTYPE_BYTES[dtype]);
  if (begin > end || BigInt(end - begin) !== needed) {
    throw new RnnError(
      'format',
      'E_SAFETENSORS_OFFSETS',
      `data_offsets [${begin}, ${end}] span ${end - begin} bytes, but shape ${formatShape(shape)} ${value.dtype} needs ${needed}`,
      { expected: `${needed} bytes`, found: `${end - begin} bytes` },
    );
  }
  return { name, dtype, shape, size, begin, end };
}

function integers(value: JsonValue | undefined, what: string): number[] {
  if (Array.isArray(value) && value.every(n => typeof n === 'number' && Number.isSafeInteger(n) && n >= 0)) return value as number[];
  throw headerError(`${what} must be an array of whole numbers that are not negative`);
}

function headerError(message: string): RnnError {
  return new RnnError('format', 'E_SAFETENSORS_HEADER', message);
}

/** Checks that each entry, sorted by offset, begins where the one before ended, and that the last one ends with the file. */
function checkContiguous(entries: readonly Entry[], length: number, dataStart: number): void {
  let free = 0;
  for (const { name, begin, end } of entries) {
    if (begin !== free) {
      const what = begin < free ? 'overlaps the tensor before it' : `leaves a hole of ${begin - free} bytes before it`;
      throw new RnnError('format', 'E_SAFETENSORS_OFFSETS', `offset ${dataStart + begin}: the tensor ${what}`, {
        where: `tensor '${escapeText(name, 80)}'`,
      });
    }
    free = end;
  }
  if (free === length) return;
  const what =
    free < length ? `${length - free} bytes trail the last tensor` : `the file ends ${free - length} bytes short of the last tensor`;
  throw new RnnError('format', 'E_SAFETENSORS_SHORT', `offset ${dataStart + Math.min(free, length)}: ${what}`, {
    expected: `${free} bytes of data`,
    found: `${length} bytes`,
  });
}

function* filePieces(tensors: ReadonlyMap<string, FileTensor>): Generator<Uint8Array> {
  const order = [...DTYPES.values()];
  // largest dtype first, so that every tensor is aligned; the given order within a dtype, so that a network's order survives
  const sorted = [...tensors].sort(([, s], [, t]) => order.indexOf(t.dtype) - order.indexOf(s.dtype));
  const parts: string[] = [];
  let at = 0;
  for (const [name, t] of sorted) {
    if (name === '__metadata__')
      throw new RnnError('format', 'E_SAFETENSORS_HEADER', "no tensor may be called '__metadata__'", { fix: 'rename the tensor' });
    const bytes = sizeOf(t.shape) * DTYPE_BYTES[t.dtype];
    const [dtype] = [...DTYPES].find(([, dtype]) => dtype === t.dtype) as [string, DType];
    parts.push(`${JSON.stringify(name)}:{"dtype":"${dtype}","shape":[${t.shape.join(',')}],"data_offsets":[${at},${at + bytes}]}`);
    at += bytes;
  }
  const json = Buffer.from(`{${parts.join(',')}}`);
  const header = Buffer.concat([json, Buffer.alloc((8 - (json.length % 8)) % 8, ' ')]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  yield Buffer.concat([length, header]);
  for (const [, t] of sorted) yield* encodedPieces(t);
}

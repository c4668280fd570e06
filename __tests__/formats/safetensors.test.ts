import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { DEFAULT_LIMITS, type DType, type FileTensor } from '../../src/formats/format.js';
import { writeTensors } from '../../src/formats/index.js';
import { safetensors } from '../../src/formats/safetensors.js';
import { readTensors, readWhole } from '../helpers/readFormat.js';
import { corruptCases, expectCutsRefused, expectNumbers, flatten, REFERENCE, referenceBytes, refusal } from './reference.js';

const CASES = corruptCases('st_');

describe('safetensors files of the reference folder', () => {
  it.each(CASES.filter(c => c.expect === 'ok').map(c => [c.file, c] as const))('reads %s exactly', async (name, c) => {
    const { tensors } = await readTensors(referenceBytes('corrupt', name), { nameHint: name });
    if (c.values_str) expectNumbers([...tensors.values()][0].data, c.values_str.map(Number));
    if (c.members) expect([...tensors.keys()].sort()).toEqual(Object.keys(c.members).sort());
    for (const [key, t] of Object.entries(c.members ?? {})) {
      expect(tensors.get(key)!.shape).toEqual(t.shape);
      expectNumbers(tensors.get(key)!.data, flatten(t.values));
    }
  });

  it.each(CASES.filter(c => c.expect === 'error').map(c => [c.file]))('refuses %s', async name => {
    const error = await refusal(() => readTensors(referenceBytes('corrupt', name), { nameHint: name }));
    expect(`${error.where} ${error.message}`).toMatch(/offset \d|tensor '|header|is empty/);
  });

  it('refuses every cut of every small file', async () => {
    for (const c of CASES.filter(c => c.expect === 'ok')) await expectCutsRefused(referenceBytes('corrupt', c.file), c.file);
  });
});

/** A file of this header text and this many zero bytes of data. */
/** @param data its bytes, or how many zeros */
function file(header: string, data: number | Uint8Array): Uint8Array {
  const text = Buffer.from(header);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return new Uint8Array(Buffer.concat([length, text, typeof data === 'number' ? Buffer.alloc(data) : data]));
}

const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'));
const read = (b: Uint8Array) => readWhole(safetensors, b, DEFAULT_LIMITS);
const code = async (b: Uint8Array) => (await refusal(() => read(b))).code;
const TEST = '{"test":{"dtype":"I32","shape":[2,2],"data_offsets":[0,16]}}';

// One for one, the tests of the safetensors project (safetensors/src/tensor.rs), under their own names
it('a tensor that save_model wrote under another name has its own, too, where its name would stand', async () => {
  const file = (metadata: Record<string, string>) => {
    const header = JSON.stringify({
      __metadata__: { format: 'pt', ...metadata },
      'b.weight': { dtype: 'F32', shape: [2], data_offsets: [0, 8] },
      'd.bias': { dtype: 'F32', shape: [1], data_offsets: [8, 12] },
    });
    const size = Buffer.alloc(8);
    size.writeBigUInt64LE(BigInt(header.length));
    return new Uint8Array(Buffer.concat([size, Buffer.from(header), Buffer.from(Float32Array.of(1.5, 2, 3).buffer)]));
  };
  const { tensors } = await readTensors(file({ 'c.weight': 'b.weight', other: 'gone', 'd.bias': 'b.weight' }), {
    nameHint: 'x.safetensors',
  });
  expect([...tensors].map(([name, { data }]) => [name, ...data])).toEqual([
    ['b.weight', 1.5, 2],
    ['c.weight', 1.5, 2],
    ['d.bias', 3],
  ]);
  const limits = { ...DEFAULT_LIMITS, tensors: 2 };
  await expect(readTensors(file({ c: 'b.weight' }), { nameHint: 'x.safetensors', limits })).rejects.toMatchObject({
    code: 'E_LIMIT_TENSORS',
  });
});

describe('the tests of the safetensors project', () => {
  it('test_deserialization', async () => {
    expect((await read(file(TEST, 16))).tensors.get('test')).toEqual({ shape: [2, 2], data: new Float64Array(4), dtype: 'i32' });
  });
  it('test_empty', async () => {
    expect((await read(bytes('\x08\0\0\0\0\0\0\0{}      '))).tensors.size).toBe(0);
    expect(Buffer.from(await writeTensors('safetensors', new Map())).toString('latin1')).toBe('\x08\0\0\0\0\0\0\0{}      ');
  });
  it('test_empty_shapes_allowed', async () => {
    expect((await read(file('{"test":{"dtype":"I32","shape":[],"data_offsets":[0,4]}}', 4))).tensors.get('test')!.shape).toEqual([]);
  });
  it('test_serialization', async () => {
    const t: FileTensor = { shape: [1, 2, 3], data: Float32Array.of(0, 1, 2, 3, 4, 5), dtype: 'f32' };
    const written = await writeTensors('safetensors', new Map([['attn.0', t]]));
    expect(Buffer.from(written.subarray(0, 72)).toString('latin1')).toBe(
      '@\0\0\0\0\0\0\0{"attn.0":{"dtype":"F32","shape":[1,2,3],"data_offsets":[0,24]}}',
    );
  });
  it('test_serialization_forced_alignement', async () => {
    const t: FileTensor = { shape: [1, 1, 2, 3], data: Float32Array.of(0, 1, 2, 3, 4, 5), dtype: 'f32' };
    const written = await writeTensors('safetensors', new Map([['attn0', t]]));
    expect(Buffer.from(written.subarray(0, 80)).toString('latin1')).toBe(
      'H\0\0\0\0\0\0\0{"attn0":{"dtype":"F32","shape":[1,1,2,3],"data_offsets":[0,24]}}       ',
    );
  });
  it('test_json_attack', async () => {
    const entries = Array.from({ length: 10 }, (_, i) => `"weight_${i}":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}`);
    expect(await code(file(`{${entries.join(',')}}`, 16))).toBe('E_SAFETENSORS_OFFSETS');
  });
  it('test_metadata_incomplete_buffer', async () => {
    expect(await code(new Uint8Array([...file(TEST, 16), ...bytes('extra_bogus_data_for_polyglot_file')]))).toBe('E_SAFETENSORS_SHORT');
    expect(await code(file(TEST, 14))).toBe('E_SAFETENSORS_SHORT');
  });
  it('test_header_too_large', async () => {
    expect(await code(bytes(`<\0\0\0\0\xff\xff\xff${TEST}${'\0'.repeat(16)}`))).toBe('E_SAFETENSORS_SHORT');
    expect(await code(file(`{}${' '.repeat(DEFAULT_LIMITS.headerBytes)}`, 0))).toBe('E_LIMIT_HEADER');
  });
  it('test_header_too_small', async () => {
    expect(await code(bytes(''))).toBe('E_SAFETENSORS_SHORT');
  });
  it('test_invalid_header_length', async () => {
    expect(await code(bytes('<\0\0\0\0\0\0\0'))).toBe('E_SAFETENSORS_SHORT');
  });
  it('test_invalid_header_non_utf8', async () => {
    expect(await code(bytes('\x02\0\0\0\0\0\0\0{\xff'))).toBe('E_ENCODING');
    expect(await code(bytes('\x01\0\0\0\0\0\0\0\xff'))).toBe('E_SAFETENSORS_HEADER');
  });
  it('test_invalid_header_not_json', async () => {
    expect(await code(bytes('\x01\0\0\0\0\0\0\0{'))).toBe('E_JSON_SYNTAX');
  });
  it('test_whitespace_padded_header', async () => {
    expect((await read(bytes('\x06\0\0\0\0\0\0\0{}\x0d\x20\x09\x0a'))).tensors.size).toBe(0);
  });
  it('test_whitespace_start_padded_header_is_not_allowed', async () => {
    expect(await code(bytes('\x06\0\0\0\0\0\0\0\x09\x0a{}\x0d\x20'))).toBe('E_SAFETENSORS_HEADER');
  });
  it('test_zero_sized_tensor', async () => {
    expect((await read(file('{"test":{"dtype":"I32","shape":[2,0],"data_offsets":[0, 0]}}', 0))).tensors.get('test')!.shape).toEqual([
      2, 0,
    ]);
  });
  it('test_invalid_info', async () => {
    expect(await code(file('{"test":{"dtype":"I32","shape":[2,2],"data_offsets":[0, 4]}}', 0))).toBe('E_SAFETENSORS_OFFSETS');
  });
  it('test_validation_overflow', async () => {
    expect(await code(file('{"test":{"dtype":"I32","shape":[2,18446744073709551614],"data_offsets":[0,16]}}', 16))).toBe('E_JSON_NUMBER');
    expect(await code(file('{"test":{"dtype":"I32","shape":[2,9223372036854775807],"data_offsets":[0,16]}}', 16))).toBe('E_JSON_NUMBER');
    expect(await code(file('{"test":{"dtype":"I32","shape":[2,9007199254740991],"data_offsets":[0,16]}}', 16))).toBe('E_LIMIT_DIMENSION');
  });
});

describe('safetensors from strangers', () => {
  it('a shape whose product wraps 64 bits to 4 is refused', async () => {
    const header = '{"w":{"dtype":"I8","shape":[4194305,4194305,211106198978564],"data_offsets":[0,4]}}';
    expect(await code(file(header, 4))).toBe('E_LIMIT_DIMENSION');
    const dims = await refusal(() => readWhole(safetensors, file(header, 4), { ...DEFAULT_LIMITS, dimension: Number.MAX_SAFE_INTEGER }));
    expect([dims.code, dims.expected]).toEqual(['E_SAFETENSORS_OFFSETS', `${4194305n * 4194305n * 211106198978564n} bytes`]);
  });

  it.each([
    ['{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}}', 4, 'E_SAFETENSORS_HEADER'],
    ['{"w":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}}', 1, 'E_SAFETENSORS_DTYPE'],
    ['{"w":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}', 4, 'E_SAFETENSORS_HEADER'],
    ['{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}', 4, 'E_SAFETENSORS_HEADER'],
    ['{"w":[]}', 0, 'E_SAFETENSORS_HEADER'],
    ['{"__metadata__":{"a":1}}', 0, 'E_SAFETENSORS_METADATA'],
    ['{"__metadata__":[]}', 0, 'E_SAFETENSORS_METADATA'],
    [
      '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"z":{"dtype":"F32","shape":[0],"data_offsets":[4,4]}}',
      8,
      'E_SAFETENSORS_OFFSETS',
    ],
    [
      '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}',
      12,
      'E_SAFETENSORS_OFFSETS',
    ],
  ])('%s is refused', async (header, data, expected) => {
    expect(await code(file(header, data))).toBe(expected);
  });

  it('a hundred thousand tensors are over the limit', async () => {
    const entries = Array.from({ length: 100_000 }, (_, i) => `"t${i}":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}`);
    expect(await code(file(`{${entries.join(',')}}`, 0))).toBe('E_LIMIT_TENSORS');
  });

  it('an ESC in a name does not reach the message', async () => {
    const error = await refusal(() => read(file('{"\\u001b[31mred":{"dtype":"F99","shape":[1],"data_offsets":[0,4]}}', 4)));
    expect(error.where).toBe("tensor '\\u001b[31mred' at offset 9");
  });
});

describe('safetensors written', () => {
  const files = [
    ...readdirSync(join(REFERENCE, 'models', 'torch'))
      .filter(f => f.endsWith('.safetensors'))
      .map(f => ['models/torch', f] as const),
    ['digits', 'digits_torch.safetensors'] as const,
  ];
  it.each(files)('gives the same bytes as the file it was read from, without its metadata: %s/%s', async (folder, name) => {
    const original = referenceBytes(folder, name);
    const start = 8 + Number(Buffer.from(original).readBigUInt64LE());
    const header = Buffer.from(original).toString('utf8', 8, start).replace('"__metadata__":{"format":"pt"},', '').trimEnd();
    const { tensors } = await readTensors(original);
    const expected = file(header.padEnd(Math.ceil(header.length / 8) * 8), original.subarray(start));
    expect(Buffer.compare(await writeTensors('safetensors', tensors), expected)).toBe(0);
  });

  it('is read back exactly', async () => {
    const numbers = fc.array(fc.integer({ min: 0, max: 1 }), { maxLength: 6 });
    const dtype = fc.constantFrom<DType>('bool', 'u8', 'i8', 'u16', 'i16', 'u32', 'i32', 'u64', 'i64', 'f16', 'bf16', 'f32', 'f64');
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.string({ unit: 'grapheme', maxLength: 20 }), fc.tuple(dtype, numbers)), async arrays => {
        const tensors = new Map<string, FileTensor>();
        for (const [name, [kind, values]] of Object.entries(arrays)) {
          if (name === '__metadata__' || name.includes('\0')) continue;
          const data = ['u32', 'i32', 'u64', 'i64', 'f64'].includes(kind) ? Float64Array.from(values) : Float32Array.from(values);
          tensors.set(name, { shape: [values.length], data, dtype: kind });
        }
        const back = await readTensors(await writeTensors('safetensors', tensors), { nameHint: 'x.safetensors' });
        expect(new Map([...back.tensors].sort())).toEqual(new Map([...tensors].sort()));
      }),
    );
  });

  it('is told from a pickle when its header has 0x280 bytes, which read as protocol 2', async () => {
    const header = `{"w":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}`.padEnd(0x280);
    expect((await readTensors(file(header, 0))).format).toBe('safetensors');
  });

  it('keeps __metadata__ for itself', async () => {
    const t: FileTensor = { shape: [], data: Float32Array.of(1), dtype: 'f32' };
    expect((await refusal(() => writeTensors('safetensors', new Map([['__metadata__', t]])))).code).toBe('E_SAFETENSORS_HEADER');
  });
});

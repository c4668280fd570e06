import { DEFAULT_LIMITS, type Limits, type TensorFile } from '../../src/formats/format.js';
import { h5 } from '../../src/formats/h5.js';
import { writeTensors } from '../../src/formats/index.js';
import { keras } from '../../src/formats/keras.js';
import { npy } from '../../src/formats/npy.js';
import { npz } from '../../src/formats/npz.js';
import { pt } from '../../src/formats/pt.js';
import { safetensors } from '../../src/formats/safetensors.js';
import { memorySource } from '../../src/formats/source.js';
import { tfjs } from '../../src/formats/tfjs.js';
import { attribute1, FLOAT32, hardLink, header1, NOWHERE, space, typeHead } from '../helpers/hdf5Bytes.js';
import { cat, counting, f32, npy as npyBytes, safetensors as stBytes, u16, u32, u64 } from '../helpers/hostile/bytes.js';
import { type MemberParts, zipBytes } from '../helpers/hostile/zipBytes.js';
import { readWhole } from '../helpers/readFormat.js';
import { saidLater } from '../helpers/said.js';

const SHORT_FIX = 'fix: the file looks truncated or damaged; save or download it again';
const plain = ({ tensors }: TensorFile) => [...tensors].map(([name, t]) => [name, t.shape, t.dtype, Array.from(t.data)]);

describe('.safetensors', () => {
  const read = (bytes: Uint8Array, limits: Partial<Limits> = {}) =>
    readWhole(safetensors, new Uint8Array(bytes), { ...DEFAULT_LIMITS, ...limits });
  const entry = (more: object = {}) => ({ dtype: 'F32', shape: [2, 3], data_offsets: [0, 24], ...more });

  it.each([
    ['BOOL', 'bool', 1],
    ['U8', 'u8', 1],
    ['I8', 'i8', 1],
    ['I16', 'i16', 2],
    ['U16', 'u16', 2],
    ['F16', 'f16', 2],
    ['BF16', 'bf16', 2],
    ['I32', 'i32', 4],
    ['U32', 'u32', 4],
    ['F32', 'f32', 4],
    ['F64', 'f64', 8],
    ['I64', 'i64', 8],
    ['U64', 'u64', 8],
  ])('%s is %s, of %i bytes', async (name, dtype, width) => {
    const file = await read(stBytes({ w: { dtype: name, shape: [2], data_offsets: [0, 2 * width] } }, Buffer.alloc(2 * width)));
    expect(file).toEqual({ format: 'safetensors', tensors: expect.any(Map), metadata: new Map(), notes: [] });
    expect(plain(file)).toEqual([['w', [2], dtype, [0, 0]]]);
    const back = Buffer.from(await writeTensors('safetensors', file.tensors));
    expect(JSON.parse(back.toString('utf8', 8, 8 + back.readUInt32LE(0)))).toEqual({
      w: { dtype: name, shape: [2], data_offsets: [0, 2 * width] },
    });
  });

  it('has its tensors by their place and its metadata as text', async () => {
    const header = {
      b: entry({ shape: [2], data_offsets: [8, 16] }),
      __metadata__: { format: 'pt', a: '' },
      a: entry({ shape: [2], data_offsets: [0, 8] }),
      none: entry({ shape: [0], data_offsets: [8, 8] }),
    };
    const file = await read(stBytes(header, counting(4)));
    expect(plain(file)).toEqual([
      ['a', [2], 'f32', [1, 2]],
      ['none', [0], 'f32', []],
      ['b', [2], 'f32', [3, 4]],
    ]);
    expect([...file.metadata]).toEqual([
      ['format', 'pt'],
      ['a', ''],
    ]);
  });

  const DTYPES = 'BOOL U8 I8 I16 U16 F16 BF16 I32 U32 F32 F64 I64 U64';
  const OFFSET = (more: object = {}) => 8 + JSON.stringify({ w: entry(more) }).indexOf('"w"');
  const one = (more: object, data?: Uint8Array) => stBytes({ w: entry(more) }, data);
  const W = (more: object = {}) => `tensor 'w' at offset ${OFFSET(more)}: `;
  const WHOLE = 'must be an array of whole numbers that are not negative';
  const dataOf = (header: object) => 8 + JSON.stringify(header).length;
  const two = (begin: number, end: number) => ({
    a: entry({ shape: [4], data_offsets: [0, 16] }),
    b: entry({ shape: [(end - begin) / 4], data_offsets: [begin, end] }),
  });
  it.each<[string, Uint8Array, string]>([
    [
      'nothing',
      Buffer.alloc(0),
      `E_SAFETENSORS_SHORT offset 0: expected 8 bytes of header length, found 0 | expected: 8 bytes | found: 0 bytes | ${SHORT_FIX}`,
    ],
    [
      'a header that is cut',
      cat(u64(9), '{}'),
      `E_SAFETENSORS_SHORT offset 8: expected 9 bytes of header, found 2 | expected: 9 bytes | found: 2 bytes | ${SHORT_FIX}`,
    ],
    [
      'no header',
      cat(u64(0)),
      "E_SAFETENSORS_HEADER header: offset 8: the header does not begin with '{' | expected: { | found: byte none",
    ],
    [
      'a space first',
      stBytes(' {}', Buffer.alloc(0)),
      "E_SAFETENSORS_HEADER header: offset 8: the header does not begin with '{' | expected: { | found: byte 32",
    ],
    [
      'broken JSON',
      stBytes('{"a"', Buffer.alloc(0)),
      'E_JSON_SYNTAX header: line 1, column 5: expected \':\' after the key "a", found the end of the text | fix: the file looks truncated; save or download it again',
    ],
    ['no UTF-8', cat(u64(3), '{\xff}'), 'E_ENCODING header: offset 9: not valid UTF-8 | expected: UTF-8 | fix: save the file as UTF-8'],
    [
      'metadata that is a number',
      stBytes({ __metadata__: { a: 'b', c: 3 } }, Buffer.alloc(0)),
      'E_SAFETENSORS_METADATA header: offset 9: __metadata__ must map strings to strings',
    ],
    [
      'metadata that is a list',
      stBytes({ __metadata__: ['a'] }, Buffer.alloc(0)),
      'E_SAFETENSORS_METADATA header: offset 9: __metadata__ must map strings to strings',
    ],
    ['an entry that is a list', stBytes({ w: [] }), "E_SAFETENSORS_HEADER tensor 'w' at offset 9: the entry is not an object"],
    ['an unknown key', one({ x: 1 }), `E_SAFETENSORS_HEADER ${W({ x: 1 })}unknown key 'x'`],
    ['an unknown dtype', one({ dtype: 'F8' }), `E_SAFETENSORS_DTYPE ${W()}dtype 'F8' is not read | expected: ${DTYPES} | found: 'F8'`],
    ['no dtype', one({ dtype: undefined }), `E_SAFETENSORS_DTYPE ${W()}dtype none is not read | expected: ${DTYPES} | found: none`],
    ['no shape', one({ shape: undefined }), `E_SAFETENSORS_HEADER ${W()}shape ${WHOLE}`],
    ['a shape of text', one({ shape: ['2'] }), `E_SAFETENSORS_HEADER ${W()}shape ${WHOLE}`],
    ['a broken dimension', one({ shape: [1.5] }), `E_SAFETENSORS_HEADER ${W()}shape ${WHOLE}`],
    ['a negative dimension', one({ shape: [-1] }), `E_SAFETENSORS_HEADER ${W()}shape ${WHOLE}`],
    ['no offsets', one({ data_offsets: undefined }), `E_SAFETENSORS_HEADER ${W()}data_offsets ${WHOLE}`],
    ['three offsets', one({ data_offsets: [0, 24, 24] }), `E_SAFETENSORS_HEADER ${W()}data_offsets must be two numbers`],
    ['one offset', one({ data_offsets: [24] }), `E_SAFETENSORS_HEADER ${W()}data_offsets must be two numbers`],
    [
      'offsets of another length',
      one({ data_offsets: [0, 20] }),
      `E_SAFETENSORS_OFFSETS ${W()}data_offsets [0, 20] span 20 bytes, but shape [2, 3] F32 needs 24 | expected: 24 bytes | found: 20 bytes`,
    ],
    [
      'offsets the wrong way',
      one({ shape: [0], data_offsets: [24, 0] }),
      `E_SAFETENSORS_OFFSETS ${W()}data_offsets [24, 0] span -24 bytes, but shape [0] F32 needs 0 | expected: 0 bytes | found: -24 bytes`,
    ],
    [
      'an overlap',
      stBytes(two(12, 24), counting(6)),
      `E_SAFETENSORS_OFFSETS tensor 'b': offset ${dataOf(two(12, 24)) + 12}: the tensor overlaps the tensor before it`,
    ],
    [
      'a hole',
      stBytes(two(20, 24), counting(6)),
      `E_SAFETENSORS_OFFSETS tensor 'b': offset ${dataOf(two(20, 24)) + 20}: the tensor leaves a hole of 4 bytes before it`,
    ],
    [
      'bytes behind it',
      one({}, counting(7)),
      `E_SAFETENSORS_SHORT offset ${dataOf({ w: entry() }) + 24}: 4 bytes trail the last tensor | expected: 24 bytes of data | found: 28 bytes`,
    ],
    [
      'data that are cut',
      one({}, counting(5)),
      `E_SAFETENSORS_SHORT offset ${dataOf({ w: entry() }) + 20}: the file ends 4 bytes short of the last tensor | expected: 24 bytes of data | found: 20 bytes`,
    ],
    [
      'a name with NUL',
      stBytes({ 'a\0': entry() }),
      "E_NAME tensor 'a\\u0000' at offset 9: the tensor name 'a\\u0000' has a NUL character",
    ],
    ['a name in escapes', stBytes('{"\\u0077":[]}'), "E_SAFETENSORS_HEADER tensor 'w' at offset 8: the entry is not an object"],
  ])('with %s is refused', async (_, bytes, words) => expect(await saidLater(() => read(bytes))).toBe(words));

  it('is bounded at exactly its limits', async () => {
    const bytes = stBytes({ w: entry() });
    const length = JSON.stringify({ w: entry() }).length;
    expect((await read(bytes, { headerBytes: length, tensors: 1, totalBytes: 24, nameBytes: 1, rank: 2, dimension: 3 })).tensors.size).toBe(
      1,
    );
    expect(await saidLater(() => read(bytes, { headerBytes: length - 1 }))).toMatch(
      /^\(limit\) E_LIMIT_HEADER header length: offset 0: the header has \d+ bytes; the limit is/,
    );
    expect(await saidLater(() => read(bytes, { tensors: 0 }))).toMatch(/^\(limit\) E_LIMIT_TENSORS 1 tensors in one file; the limit is 0/);
  });

  it.each<[string, Uint8Array, boolean]>([
    ['an object', stBytes({}, Buffer.alloc(0)), true],
    ['an object behind a long header', cat(u64(2 ** 40 - 1), '{'), true],
    ['a space and an object', stBytes(' {}'), true],
    ['a space behind a header of 4 GiB', cat(u64(2 ** 32), ' {'), false],
    ['a tab', cat(u64(5), '\t'), true],
    ['a line feed', cat(u64(5), '\n'), true],
    ['a carriage return', cat(u64(5), '\r'), true],
    ['a list', stBytes('[]'), false],
    ['eight bytes', u64(0), false],
    ...[5, 6, 7].map((at): [string, Uint8Array, boolean] => [`a length with byte ${at}`, cat(u64(2n ** BigInt(8 * at)), '{'), false]),
  ])('looks like %s: %#', (_, bytes, expected) => expect(safetensors.sniff(memorySource(new Uint8Array(bytes)))).toBe(expected));

  it('is written with the largest dtype first, aligned', async () => {
    const tensors = new Map([
      ['a', { shape: [1], dtype: 'f16' as const, data: Float32Array.of(1) }],
      ['b', { shape: [1], dtype: 'f64' as const, data: Float64Array.of(1) }],
      ['c', { shape: [1], dtype: 'f16' as const, data: Float32Array.of(2) }],
    ]);
    const text = `{"b":{"dtype":"F64","shape":[1],"data_offsets":[0,8]},"a":{"dtype":"F16","shape":[1],"data_offsets":[8,10]},"c":{"dtype":"F16","shape":[1],"data_offsets":[10,12]}}`;
    const header = Buffer.from(text);
    const padded = cat(header, ' '.repeat((8 - (header.length % 8)) % 8));
    const expected = cat(u64(padded.length), padded, Uint8Array.of(0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0, 0x3c, 0, 0x40));
    expect(Buffer.from(await writeTensors('safetensors', tensors)).toString('latin1')).toBe(expected.toString('latin1'));
    expect(await saidLater(() => writeTensors('safetensors', new Map([['__metadata__', tensors.get('a')!]])))).toBe(
      "E_SAFETENSORS_HEADER no tensor may be called '__metadata__' | fix: rename the tensor",
    );
  });
});

describe('.pt', () => {
  const text = (s: string) => cat('X', u32(Buffer.byteLength(s)), Buffer.from(s));
  const int = (n: number) => cat('J', u32(n));
  const tuple = (...items: Uint8Array[]) => cat('(', ...items, 't');
  const dict = (...items: Uint8Array[]) => cat('}(', ...items, 'u');
  interface View {
    storage?: string;
    key?: string;
    length?: number;
    start?: number;
    shape?: number[];
    strides?: number[];
  }
  const tensor = ({ storage = 'FloatStorage', key = '0', length = 6, start = 0, shape = [2, 3], strides = [3, 1] }: View = {}) =>
    cat(
      'ctorch._utils\n_rebuild_tensor_v2\n',
      tuple(
        cat(tuple(text('storage'), cat(`ctorch\n${storage}\n`), text(key), text('cpu'), int(length)), 'Q'),
        int(start),
        tuple(...shape.map(int)),
        tuple(...strides.map(int)),
        cat('\x89'),
        cat('}'),
      ),
      'R',
    );
  const pickle = (...items: Uint8Array[]) => cat('\x80\x02', ...items, '.');
  const archive = (pkl: Uint8Array, storage: Uint8Array = counting(6), more: readonly MemberParts[] = [], root = 'm/') =>
    zipBytes([{ name: `${root}data.pkl`, content: pkl }, { name: `${root}data/0`, content: storage }, ...more]);
  const read = (bytes: Uint8Array, limits: Partial<Limits> = {}) => readWhole(pt, new Uint8Array(bytes), { ...DEFAULT_LIMITS, ...limits });
  const view = (v: View, storage?: Uint8Array) => archive(pickle(dict(text('w'), tensor(v))), storage);

  it('has its tensors under dotted names, other values as metadata', async () => {
    const state = dict(
      text('a'),
      dict(text('w'), tensor(), int(1), tuple(tensor({ shape: [2], strides: [1], start: 4 }))),
      text('epoch'),
      int(7),
      text('none'),
      cat('N'),
      text('deep'),
      dict(text('x'), int(1)),
    );
    for (const root of ['m/', '']) {
      const file = await read(archive(pickle(state), counting(6), [], root));
      expect(plain(file)).toEqual([
        ['a.w', [2, 3], 'f32', [1, 2, 3, 4, 5, 6]],
        ['a.1.0', [2], 'f32', [5, 6]],
      ]);
      expect([[...file.metadata], file.notes, file.format]).toEqual([[['epoch', '7']], [], 'pt']);
    }
    expect((await read(archive(pickle(dict())))).notes).toEqual(['the file holds no tensors']);
    for (const order of ['little', 'little\n', ' little '])
      expect((await read(archive(pickle(state), counting(6), [{ name: 'm/byteorder', content: Buffer.from(order) }]))).tensors.size).toBe(
        2,
      );
  });

  it.each<[string, View, number[]]>([
    ['transposed', { strides: [1, 2] }, [1, 3, 5, 2, 4, 6]],
    ['cut out', { shape: [2, 2], strides: [3, 1], start: 1 }, [2, 3, 5, 6]],
    ['every other', { shape: [3], strides: [2], start: 1 }, [2, 4, 6]],
    ['the last', { shape: [], strides: [], start: 5 }, [6]],
    ['none, at the end', { shape: [0], strides: [1], start: 6 }, []],
    ['none of two', { shape: [0, 2], strides: [9, 1], start: 0 }, []],
    ['none, in other strides', { shape: [0, 2], strides: [9, 5], start: 0 }, []],
    ['an axis of one with any stride', { shape: [1, 3], strides: [99, 2] }, [1, 3, 5]],
    ['an axis of one with stride 0', { shape: [3, 1], strides: [1, 0] }, [1, 2, 3]],
    ['an axis of one inside', { shape: [2, 1, 3], strides: [3, 77, 1] }, [1, 2, 3, 4, 5, 6]],
    ['three axes', { shape: [1, 2, 2], strides: [0, 1, 2], start: 1 }, [2, 4, 3, 5]],
  ])('may hold a view that is %s', async (_, v, values) => {
    const [[, shape, , found]] = plain(await read(view(v)));
    expect([shape, found]).toEqual([v.shape ?? [2, 3], values]);
  });

  const REACH = (shape: string, strides: string, start: number, last: number) =>
    `E_PT_VIEW tensor 'w': shape ${shape}, strides ${strides} and offset ${start} reach element ${last} of a storage of 6`;
  const OVERLAP = (shape: string, strides: string) =>
    `E_PT_VIEW tensor 'w': shape ${shape} with strides ${strides}: elements overlap | fix: in Python: save tensor.contiguous()`;
  it.each<[string, Uint8Array, string]>([
    ['a view one element too far', view({ start: 1 }), REACH('[2, 3]', '[3, 1]', 1, 6)],
    ['a stride too far', view({ strides: [4, 1] }), REACH('[2, 3]', '[4, 1]', 0, 6)],
    ['an empty view behind its storage', view({ shape: [0], strides: [1], start: 7 }), REACH('[0]', '[1]', 7, 6)],
    ['the same element twice', view({ shape: [2], strides: [0] }), OVERLAP('[2]', '[0]')],
    ['overlapping rows', view({ shape: [2, 3], strides: [2, 1] }), OVERLAP('[2, 3]', '[2, 1]')],
    ['two axes of one stride', view({ shape: [2, 2], strides: [1, 1] }), OVERLAP('[2, 2]', '[1, 1]')],
    [
      'a storage of another size',
      view({}, counting(5)),
      "E_PT_STORAGE tensor 'w': offset <data>: storage 0 should have 24 bytes (6 × f32), it has 20 | expected: 24 bytes | found: 20 bytes",
    ],
    ['a storage that is not there', view({ key: '1' }), "E_PT_STORAGE tensor 'w': the archive has no member 'm/data/1'"],
    [
      'no pickle',
      zipBytes([{ name: 'm/data/0', content: Buffer.alloc(1) }]),
      'E_PT_PICKLE archive: offset 0: expected one data.pkl in the archive, found 0',
    ],
    [
      'two pickles',
      archive(pickle(dict()), counting(1), [{ name: 'n/data.pkl', content: pickle(dict()) }]),
      'E_PT_PICKLE archive: offset 0: expected one data.pkl in the archive, found 2',
    ],
    [
      'a pickle in a folder of folders',
      archive(pickle(dict()), counting(1), [], 'a/b/'),
      'E_PT_PICKLE archive: offset 0: expected one data.pkl in the archive, found 0',
    ],
    [
      'a pickle of a longer name',
      archive(pickle(dict()), counting(1), [], 'a'),
      'E_PT_PICKLE archive: offset 0: expected one data.pkl in the archive, found 0',
    ],
    [
      'big-endian numbers',
      archive(pickle(dict()), counting(1), [{ name: 'm/byteorder', content: Buffer.from('big') }]),
      "E_PT_BYTEORDER byteorder: offset 129: the byte order is 'big'; only little is read",
    ],
    [
      'a long byte order',
      archive(pickle(dict()), counting(1), [{ name: 'm/byteorder', content: Buffer.from('little'.padEnd(17)) }]),
      "E_PT_BYTEORDER byteorder: offset 129: the byte order is ''; only little is read",
    ],
    [
      'one name twice',
      archive(pickle(dict(text('a.b'), tensor(), text('a'), dict(text('b'), tensor())))),
      "E_PT_DUPLICATE data.pkl: two tensors are called 'a.b'",
    ],
    [
      'a tensor whose numbers a bare pickle does not have',
      pickle(dict(text('w'), tensor())),
      "E_PT_STORAGE tensor 'w': the numbers of storage 0 are not in a pickle alone | fix: in Python: torch.save(model.state_dict(), file)",
    ],
  ])('with %s is refused', async (_, bytes, words) => {
    const place = Buffer.from(bytes).indexOf('m/data/0') + 8;
    expect(await saidLater(() => read(bytes))).toBe(words.replace('<data>', String(place)));
  });

  it('is bounded at exactly its limits', async () => {
    const pkl = pickle(dict(text('w'), tensor()));
    const bytes = archive(pkl);
    expect(
      (await read(bytes, { headerBytes: pkl.length, tensors: 2, depth: 1, nameBytes: 10, totalBytes: pkl.length + 24 })).tensors.size,
    ).toBe(1);
    expect(await saidLater(() => read(bytes, { headerBytes: pkl.length - 1 }))).toMatch(
      /^\(limit\) E_LIMIT_HEADER data\.pkl: offset 40: the pickle has \d+ bytes; the limit is/,
    );
    expect(await saidLater(() => read(bytes, { depth: 0 }))).toMatch(/^\(limit\) E_LIMIT_DEPTH data\.pkl: /);
    const three = archive(pickle(dict(...['a', 'b', 'c'].flatMap(name => [text(name), tensor()]))));
    expect((await read(three, { tensors: 3 })).tensors.size).toBe(3);
    expect(await saidLater(() => read(three, { tensors: 2 }))).toMatch(/^\(limit\) E_LIMIT_TENSORS /);
  });

  it.each<[string, Uint8Array, boolean]>([
    ['an archive with a pickle', archive(pickle(dict())), true],
    ['one in its root', archive(pickle(dict()), counting(1), [], ''), true],
    ['an archive without', zipBytes([{ name: 'm/data', content: Buffer.alloc(0) }]), false],
    ['an archive with another pickle', zipBytes([{ name: 'mdata.pkl', content: Buffer.alloc(0) }]), false],
    ['an archive with a longer name', zipBytes([{ name: 'm/data.pkl.txt', content: Buffer.alloc(0) }]), false],
    ...[2, 3, 4, 5].map((n): [string, Uint8Array, boolean] => [`a pickle of protocol ${n}`, Uint8Array.of(0x80, n), true]),
    ['protocol 1', Uint8Array.of(0x80, 1), false],
    ['protocol 6', Uint8Array.of(0x80, 6), false],
    ['other bytes', Uint8Array.of(0x81, 2), false],
    ['nothing', Buffer.alloc(0), false],
  ])('looks like %s: %#', (_, bytes, expected) => expect(pt.sniff(memorySource(new Uint8Array(bytes)))).toBe(expected));
});

describe('.npy and .npz', () => {
  const read = (bytes: Uint8Array, limits: Partial<Limits> = {}) => readWhole(npy, new Uint8Array(bytes), { ...DEFAULT_LIMITS, ...limits });

  it.each([
    ['|b1', 'bool', 1],
    ['|i1', 'i8', 1],
    ['|u1', 'u8', 1],
    ['<i2', 'i16', 2],
    ['<u2', 'u16', 2],
    ['<i4', 'i32', 4],
    ['<u4', 'u32', 4],
    ['<i8', 'i64', 8],
    ['<u8', 'u64', 8],
    ['<f2', 'f16', 2],
    ['<f4', 'f32', 4],
    ['<f8', 'f64', 8],
  ])('%s is %s, in any byte order', async (descr, dtype, width) => {
    const little = Buffer.alloc(2 * width);
    little[width] = dtype.startsWith('f') ? 0 : 1;
    const file = await read(npyBytes({ descr: `'${descr}'`, shape: '(2,)', data: little }));
    expect(file).toEqual({ format: 'npy', tensors: expect.any(Map), metadata: new Map(), notes: [] });
    const values = dtype.startsWith('f') ? [0, 0] : [0, 1];
    expect(plain(file)).toEqual([['npy', [2], dtype, values]]);
    for (const order of width === 1 ? ['<', '>', '='] : ['=', ''])
      expect(plain(await read(npyBytes({ descr: `'${order}${descr.slice(1)}'`, shape: '(2,)', data: little })))).toEqual([
        ['npy', [2], dtype, values],
      ]);
    const big = Buffer.alloc(2 * width);
    big[2 * width - 1] = values[1];
    expect(plain(await read(npyBytes({ descr: `'>${descr.slice(1)}'`, shape: '(2,)', data: big })))).toEqual([['npy', [2], dtype, values]]);
    if (width > 1)
      expect(await saidLater(() => read(npyBytes({ descr: `'|${descr.slice(1)}'`, shape: '(2,)', data: little })))).toMatch(
        /^E_NPY_DTYPE descr: /,
      );
  });

  it('may be in Fortran order', async () => {
    const order = 'True';
    expect(plain(await read(npyBytes({ order })))).toEqual([['npy', [2, 3], 'f32', [1, 3, 5, 2, 4, 6]]]);
    expect(plain(await read(npyBytes({ order, shape: '(1, 2, 3)' })))).toEqual([['npy', [1, 2, 3], 'f32', [1, 3, 5, 2, 4, 6]]]);
    expect(plain(await read(npyBytes({ order, shape: '(0, 3)', data: Buffer.alloc(0) })))).toEqual([['npy', [0, 3], 'f32', []]]);
    expect(plain(await read(npyBytes({ order, shape: '()', data: counting(1) })))).toEqual([['npy', [], 'f32', [1]]]);
  });

  const DTYPE = (what: string, found: string) =>
    `E_NPY_DTYPE descr: the array before offset 128 holds ${what} | expected: f2 f4 f8, i1…i8, u1…u8 or b1 | found: ${found} | fix: in Python: np.save(file, a.astype("float32"))`;
  it.each<[string, Uint8Array, string]>([
    [
      'other bytes',
      Buffer.from('\x93NUMPX\x01\x00', 'latin1'),
      'E_NPY_MAGIC magic: offset 0: this is not an .npy file | expected: \\x93NUMPY | found: 93 4e 55 4d 50 58',
    ],
    [
      'half a magic',
      Buffer.from('\x93NUM', 'latin1'),
      `E_NPY_SHORT offset 0: expected 6 bytes of magic, found 4 | expected: 6 bytes | found: 4 bytes | ${SHORT_FIX}`,
    ],
    [
      'no version',
      Buffer.from('\x93NUMPY', 'latin1'),
      `E_NPY_SHORT offset 6: expected 1 bytes of version, found 0 | expected: 1 bytes | found: 0 bytes | ${SHORT_FIX}`,
    ],
    [
      'half a version',
      Buffer.from('\x93NUMPY\x01', 'latin1'),
      `E_NPY_SHORT offset 7: expected 1 bytes of version, found 0 | expected: 1 bytes | found: 0 bytes | ${SHORT_FIX}`,
    ],
    [
      'version 0',
      npyBytes({ version: [0, 0] }),
      'E_NPY_VERSION version: offset 6: .npy version 0.0 | expected: 1.0, 2.0 or 3.0 | found: 0.0',
    ],
    [
      'version 4',
      npyBytes({ version: [4, 0] }),
      'E_NPY_VERSION version: offset 6: .npy version 4.0 | expected: 1.0, 2.0 or 3.0 | found: 4.0',
    ],
    [
      'version 1.1',
      npyBytes({ version: [1, 1] }),
      'E_NPY_VERSION version: offset 6: .npy version 1.1 | expected: 1.0, 2.0 or 3.0 | found: 1.1',
    ],
    [
      'half a length',
      Buffer.from('\x93NUMPY\x01\x00\x01', 'latin1'),
      `E_NPY_SHORT offset 8: expected 2 bytes of header length, found 1 | expected: 2 bytes | found: 1 bytes | ${SHORT_FIX}`,
    ],
    [
      'half a longer length',
      Buffer.from('\x93NUMPY\x02\x00\x01\x00\x00', 'latin1'),
      `E_NPY_SHORT offset 8: expected 4 bytes of header length, found 3 | expected: 4 bytes | found: 3 bytes | ${SHORT_FIX}`,
    ],
    [
      'a header that is cut',
      npyBytes().subarray(0, 100),
      `E_NPY_SHORT offset 10: expected 118 bytes of header, found 90 | expected: 118 bytes | found: 90 bytes | ${SHORT_FIX}`,
    ],
    [
      'data that are cut',
      npyBytes({ data: counting(5) }),
      `E_NPY_SHORT offset 128: expected 24 bytes of data for shape [2, 3] f32, found 20 | expected: 24 bytes | found: 20 bytes | ${SHORT_FIX}`,
    ],
    ['objects', npyBytes({ descr: "'|O'" }), DTYPE('Python objects (a pickle), which are never loaded', '|O')],
    ['text', npyBytes({ descr: "'<U5'" }), DTYPE("the dtype '<U5', which is not a plain number", '<U5')],
    ['float16 of one byte', npyBytes({ descr: "'<f1'" }), DTYPE("the dtype '<f1', which is not a plain number", '<f1')],
    ['a dtype with text behind it', npyBytes({ descr: "'<f4x'" }), DTYPE("the dtype '<f4x', which is not a plain number", '<f4x')],
    ['a dtype with text before it', npyBytes({ descr: "'x<f4'" }), DTYPE("the dtype 'x<f4', which is not a plain number", 'x<f4')],
  ])('with %s is refused', async (_, bytes, words) => expect(await saidLater(() => read(bytes))).toBe(words));

  it('may have bytes behind it, which are noted', async () => {
    expect((await read(cat(npyBytes(), 'abc'))).notes).toEqual(['npy: 3 bytes after the array were left alone']);
    const archive = zipBytes([
      { name: 'w.npy', content: cat(npyBytes(), 'abc') },
      { name: 'plain', content: npyBytes() },
      { name: 'x.txt', content: Buffer.from('x') },
    ]);
    const file = await readWhole(npz, new Uint8Array(archive), DEFAULT_LIMITS);
    expect([file.format, [...file.tensors.keys()], file.notes]).toEqual([
      'npz',
      ['w', 'plain'],
      ['w.npy: 3 bytes after the array were left alone', "member 'x.txt' is not an array and was skipped"],
    ]);
    expect((await readWhole(npz, new Uint8Array(zipBytes([])), DEFAULT_LIMITS)).notes).toEqual(['the archive holds no arrays']);
    const other = zipBytes([{ name: '[Content_Types].xml', content: Buffer.from('x') }]);
    await expect(readWhole(npz, new Uint8Array(other), DEFAULT_LIMITS)).rejects.toThrow(
      expect.objectContaining({ code: 'E_NO_MODEL', exit: 3, message: expect.stringContaining('Word, Excel or PowerPoint') }),
    );
    const twice = zipBytes([
      { name: 'w.npy', content: npyBytes() },
      { name: 'w', content: npyBytes() },
    ]);
    expect(await saidLater(() => readWhole(npz, new Uint8Array(twice), DEFAULT_LIMITS))).toBe(
      "E_ZIP_DUPLICATE offset 218: two members are called 'w'",
    );
    const bad = zipBytes([{ name: 'w.npy', content: Buffer.from('x') }]);
    expect(await saidLater(() => readWhole(npz, new Uint8Array(bad), DEFAULT_LIMITS))).toMatch(
      /^E_NPY_SHORT member 'w.npy': offset 0: expected 6 bytes of magic/,
    );
  });

  it('has a header of UTF-8 in version 3, of latin-1 before', async () => {
    const header = "{'descr': '<é', 'fortran_order': False, 'shape': (), }";
    expect(await saidLater(() => read(npyBytes({ version: [3, 0], header })))).toMatch(/^E_ENCODING offset \d+: not valid UTF-8/);
    for (const major of [1, 2]) expect(await saidLater(() => read(npyBytes({ version: [major, 0], header })))).toMatch(/the dtype '<é'/);
    for (const major of [1, 2, 3]) expect((await read(npyBytes({ version: [major, 0] }))).tensors.size).toBe(1);
  });
});

describe('TensorFlow.js', () => {
  const weight = (more: object = {}) => ({ name: 'w', shape: [2], dtype: 'float32', ...more });
  const document = (groups: unknown, more: object = {}) => Buffer.from(JSON.stringify({ weightsManifest: groups, ...more }));
  const group = (weights: unknown = [weight()], paths: unknown = ['a.bin']) => ({ paths, weights });
  const read = (bytes: Uint8Array, shards: Record<string, Uint8Array> = { 'a.bin': f32(1, 2) }, limits: Partial<Limits> = {}) =>
    readWhole(tfjs, new Uint8Array(bytes), { ...DEFAULT_LIMITS, ...limits }, name => shards[name]);
  const quantised = (quantization: object, dtype = 'float32') => document([group([weight({ dtype, quantization })])]);

  it('has weights of several groups, its topology and metadata', async () => {
    const bytes = document([group(), group([weight({ name: 'b', shape: [] })], ['b.bin'])], {
      format: 'f',
      generatedBy: 'g',
      convertedBy: 'c',
      other: 'x',
      modelTopology: { a: 1 },
    });
    expect(await read(bytes, { 'a.bin': f32(1, 2), 'b.bin': f32(3) })).toEqual({
      format: 'tfjs',
      tensors: new Map([
        ['w', { shape: [2], dtype: 'f32', data: Float32Array.of(1, 2) }],
        ['b', { shape: [], dtype: 'f32', data: Float32Array.of(3) }],
      ]),
      architecture: { a: 1 },
      metadata: new Map([
        ['format', 'f'],
        ['generatedBy', 'g'],
        ['convertedBy', 'c'],
      ]),
      notes: [],
    });
    expect((await read(document([], { format: 3, modelTopology: null }))).architecture).toBeUndefined();
    expect((await readWhole(tfjs, new Uint8Array(document([group([], [])])), DEFAULT_LIMITS)).tensors.size).toBe(0);
  });

  it.each<[string, Uint8Array, Uint8Array, string, number[]]>([
    ['int32', document([group([weight({ dtype: 'int32' })])]), Buffer.from(Int32Array.of(-3, 4).buffer), 'i32', [-3, 4]],
    ['bool', document([group([weight({ dtype: 'bool' })])]), Uint8Array.of(1, 0), 'bool', [1, 0]],
    ['uint8', quantised({ dtype: 'uint8', scale: 0.5, min: -1 }), Uint8Array.of(0, 200), 'f32', [-1, 99]],
    ['uint16', quantised({ dtype: 'uint16', scale: 2, min: 0 }), u32(0x00010100), 'f32', [512, 2]],
    ['float16', quantised({ dtype: 'float16' }), u32(0x3c00c000), 'f32', [-2, 1]],
    ['whole numbers', quantised({ dtype: 'uint8', scale: 0.3, min: 0.4 }, 'int32'), Uint8Array.of(1, 7), 'i32', [1, 3]],
  ])('holds %s', async (_, bytes, shard, dtype, values) => {
    const file = await read(bytes, { 'a.bin': new Uint8Array(shard) });
    expect(plain(file)).toEqual([['w', [2], dtype, values]]);
    expect(file.tensors.get('w')!.data).toBeInstanceOf(dtype === 'i32' ? Float64Array : Float32Array);
  });

  const M = 'E_TFJS_MANIFEST model.json: ';
  const G = '$.weightsManifest[0]';
  it.each<[string, Uint8Array, string]>([
    ['no manifest', Buffer.from('{}'), `${M}$.weightsManifest: expected an array of weight groups`],
    ['a list', Buffer.from('[]'), `${M}$.weightsManifest: expected an array of weight groups`],
    ['a group that is a number', document([3]), `${M}${G}: expected {"paths": […], "weights": […]}`],
    ['no paths', document([{ weights: [] }]), `${M}${G}: expected {"paths": […], "weights": […]}`],
    ['no weights', document([{ paths: [] }]), `${M}${G}: expected {"paths": […], "weights": […]}`],
    ...['../a', '/a', 'a\\b', 'c:a', '..', '.', '', 'a\0'].map((path): [string, Uint8Array, string] => [
      `the path ${JSON.stringify(path)}`,
      document([group([], ['ok', path])]),
      `E_TFJS_PATH model.json: ${G}.paths[1]: '${path.replace('\0', '\\u0000')}' is not a plain file name beside model.json`,
    ]),
    [
      'a path that is a number',
      document([group([], [3])]),
      `E_TFJS_PATH model.json: ${G}.paths[0]: '3' is not a plain file name beside model.json`,
    ],
    ['a weight that is a number', document([group([3])]), `${M}${G}.weights[0]: expected {"name", "shape", "dtype"}`],
    [
      'a weight without a name',
      document([group([weight(), weight({ name: 3 })])]),
      `${M}${G}.weights[1]: expected {"name", "shape", "dtype"}`,
    ],
    ['a weight without a shape', document([group([weight({ shape: 3 })])]), `${M}${G}.weights[0]: expected {"name", "shape", "dtype"}`],
    [
      'an unknown dtype',
      document([group([weight({ dtype: 'string' })])]),
      `E_TFJS_DTYPE model.json: ${G}.weights[0].dtype: 'string' is not read`,
    ],
    ['a shape of text', document([group([weight({ shape: ['2'] })])]), `${M}${G}.weights[0].shape: expected whole numbers`],
    [
      'a broken dimension',
      document([group([weight({ shape: [1.5] })])]),
      `E_SHAPE_VALUE ${G}.weights[0]: the shape has 1.5, which is not a whole number`,
    ],
    [
      'an unknown quantisation',
      quantised({ dtype: 'uint4' }),
      `E_TFJS_DTYPE model.json: ${G}.weights[0].quantization.dtype: 'uint4' is not read`,
    ],
    ['no scale', quantised({ dtype: 'uint8', min: 0 }), `${M}${G}.weights[0].quantization: expected numbers as scale and min`],
    ['no minimum', quantised({ dtype: 'uint8', scale: 1 }), `${M}${G}.weights[0].quantization: expected numbers as scale and min`],
    ['one name twice', document([group([weight({ shape: [1] }), weight({ shape: [1] })])]), `${M}two weights are called 'w'`],
    [
      'a shard that is short',
      document([group([weight({ shape: [3] })])]),
      'E_TFJS_SHARD a.bin: offset 8: the weights of this group need 12 bytes, its shards have only 8 | expected: 12 bytes | found: 8 bytes',
    ],
    [
      'a shard that is long',
      document([group([weight({ shape: [1] })])]),
      'E_TFJS_SHARD a.bin: offset 8: the weights of this group need 4 bytes, its shards have at least 8 | expected: 4 bytes | found: 8 bytes',
    ],
    [
      'no shards',
      document([group([weight()], [])]),
      'E_TFJS_SHARD model.json: offset 0: the weights of this group need 8 bytes, its shards have only 0 | expected: 8 bytes | found: 0 bytes',
    ],
  ])('with %s is refused', async (_, bytes, words) => expect(await saidLater(() => read(bytes))).toBe(words));

  it('needs its shards, and is bounded at exactly its limits', async () => {
    const bytes = document([group()]);
    expect(await saidLater(() => readWhole(tfjs, new Uint8Array(bytes), DEFAULT_LIMITS))).toBe(
      'E_TFJS_SHARD model.json needs its weight files beside it, and there is no folder to look in | found: a.bin | fix: give the path of model.json instead of piping it in',
    );
    expect((await read(bytes, undefined, { headerBytes: bytes.length, tensors: 1, totalBytes: 8, nameBytes: 1 })).tensors.size).toBe(1);
    expect(await saidLater(() => read(bytes, undefined, { headerBytes: bytes.length - 1 }))).toMatch(
      /^\(limit\) E_LIMIT_HEADER model.json has \d+ bytes; the limit is/,
    );
    expect(await saidLater(() => read(document([group([weight()], ['a', 'b'])]), undefined, { tensors: 1 }))).toMatch(
      /^\(limit\) E_LIMIT_TENSORS \$\.weightsManifest\[0\]: 2 shards; the limit is 1/,
    );
    expect(
      [bytes, Buffer.from(' {"weightsManifest"'), Buffer.from('{"weights"'), Buffer.from('x"weightsManifest"')].map(b =>
        tfjs.sniff(memorySource(new Uint8Array(b))),
      ),
    ).toEqual([true, true, false, false]);
  });
});

describe('.h5 and .keras', () => {
  const at = (k: number) => 1024 * (k + 1);
  const STRING = typeHead(3, 64);
  const string = (name: string, value: string) => attribute1(name, STRING, space(), Buffer.from(value.padEnd(64, '\0')));
  /** A root group with attributes, one group in it with another, and a tensor. */
  function hdf5(config: string | undefined, tensors = true): Uint8Array {
    const bytes = Buffer.alloc(at(3));
    const place = { type: 2, body: cat(Uint8Array.of(0, 0), u64(NOWHERE), u64(NOWHERE)) };
    const attributes = (...all: Uint8Array[]) => all.map(body => ({ type: 12, body }));
    const link = (name: string, k: number) => ({ type: 6, body: hardLink(name, at(k)) });
    const superblock = cat('\x89HDF\r\n\x1a\n', Uint8Array.of(0, 0, 0, 0, 0, 8, 8, 0), Buffer.alloc(8));
    cat(superblock, u64(0), u64(NOWHERE), u64(bytes.length), u64(NOWHERE), u64(0), u64(at(0))).copy(bytes);
    header1([
      place,
      link('g', 1),
      ...attributes(string('keras_version', '3.9.0'), ...(config === undefined ? [] : [string('model_config', config)])),
    ]).copy(bytes, at(0));
    header1([
      place,
      ...(tensors ? [link('w', 2)] : []),
      ...attributes(string('model_config', 'of g'), attribute1('n', FLOAT32, space(2), f32(1, 2))),
    ]).copy(bytes, at(1));
    header1([
      { type: 1, body: space(2) },
      { type: 3, body: FLOAT32 },
      { type: 8, body: cat(Uint8Array.of(3, 0), u16(8), f32(1, 2)) },
    ]).copy(bytes, at(2));
    return new Uint8Array(bytes);
  }
  const W = new Map([['g/w', { shape: [2], dtype: 'f32', data: Float32Array.of(1, 2) }]]);
  const OF_GROUP: [string, string][] = [
    ['g@model_config', 'of g'],
    ['g@n', '[1,2]'],
  ];

  it('.h5 has the configuration of its root, every other attribute is metadata', async () => {
    const metadata = new Map([['keras_version', '3.9.0'], ...OF_GROUP]);
    expect(await readWhole(h5, hdf5('{"a":1}'), DEFAULT_LIMITS)).toEqual({
      format: 'h5',
      tensors: W,
      architecture: { a: 1 },
      metadata,
      notes: [],
    });
    expect(await readWhole(h5, hdf5(undefined, false), DEFAULT_LIMITS)).toEqual({
      format: 'h5',
      tensors: new Map(),
      architecture: undefined,
      metadata,
      notes: ['the file holds no tensors'],
    });
    expect(await saidLater(() => readWhole(h5, hdf5('{'), DEFAULT_LIMITS))).toMatch(
      /^E_JSON_SYNTAX attribute 'model_config': line 1, column 2: /,
    );
    expect((await readWhole(h5, hdf5('{"a":1}'), { ...DEFAULT_LIMITS, headerBytes: 7 })).architecture).toEqual({ a: 1 });
    expect(await saidLater(() => readWhole(h5, hdf5('{"a":1}'), { ...DEFAULT_LIMITS, headerBytes: 6 }))).toMatch(
      /^\(limit\) E_LIMIT_HEADER attribute 'model_config': the description has 7 bytes; the limit is 6/,
    );
  });

  const parts = (config: string, description: string, more: readonly MemberParts[] = []): MemberParts[] => [
    { name: 'metadata.json', content: Buffer.from(description) },
    { name: 'config.json', content: Buffer.from(config) },
    { name: 'model.weights.h5', content: hdf5(undefined) },
    ...more,
  ];
  const read = (members: readonly MemberParts[], limits: Partial<Limits> = {}) =>
    readWhole(keras, new Uint8Array(zipBytes(members)), { ...DEFAULT_LIMITS, ...limits });

  it('.keras has its configuration, the tensors of its weights, and the metadata of both', async () => {
    const description = '{"keras_version":"3.10.0","date_saved":"today","n":3}';
    expect(await read(parts('{"class_name":"Functional"}', description, [{ name: 'other/x\x1b', content: Buffer.alloc(1) }]))).toEqual({
      format: 'keras',
      tensors: W,
      architecture: { class_name: 'Functional' },
      metadata: new Map([['keras_version', '3.10.0'], ...OF_GROUP, ['date_saved', 'today']]),
      notes: ["member 'other/x\\u001b' was not read"],
      texts: new Map(),
    });
  });

  const HAS_NO = (name: string, found: string, sharded = '') =>
    `E_KERAS_MEMBER archive: offset 0: the archive has no '${name}'${sharded} | expected: config.json, metadata.json and model.weights.h5 | found: ${found} | fix: in Python: ${sharded ? 'model.save(file) without max_shard_size' : 'model.save("net.keras") with Keras 3'}`;
  const all = parts('{}', '{}');
  it.each<[string, MemberParts[], string]>([
    ['no configuration', all.filter(p => p.name !== 'config.json'), HAS_NO('config.json', 'metadata.json, model.weights.h5')],
    ['no description', all.filter(p => p.name !== 'metadata.json'), HAS_NO('metadata.json', 'config.json, model.weights.h5')],
    ['no weights', all.slice(0, 2), HAS_NO('model.weights.h5', 'metadata.json, config.json')],
    [
      'weights in shards',
      [...all.slice(0, 2), { name: 'model.weights.json', content: Buffer.alloc(0) }],
      HAS_NO('model.weights.h5', 'metadata.json, config.json, model.weights.json', ': its weights are sharded'),
    ],
    [
      'seven other members',
      ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map(name => ({ name, content: Buffer.alloc(0) })),
      HAS_NO('config.json', 'a, b, c, d, e, f'),
    ],
    [
      'a configuration that is a list',
      parts('[]', '{}'),
      'E_KERAS_CONFIG config.json: config.json and metadata.json must each hold one JSON object',
    ],
    [
      'a description that is a list',
      parts('{}', '[]'),
      'E_KERAS_CONFIG metadata.json: config.json and metadata.json must each hold one JSON object',
    ],
    [
      'a broken configuration',
      parts('{', '{}'),
      "E_JSON_SYNTAX member 'config.json': line 1, column 2: expected a key in double quotes, found the end of the text | fix: the file looks truncated; save or download it again",
    ],
    [
      'broken weights',
      [...all.slice(0, 2), { name: 'model.weights.h5', content: Buffer.from('x') }],
      "E_H5_SIGNATURE member 'model.weights.h5': signature: offset 0: no HDF5 signature | expected: \\x89HDF\\r\\n\\x1a\\n",
    ],
  ])('.keras with %s is refused', async (_, members, words) => expect(await saidLater(() => read(members))).toBe(words));

  it('.keras is bounded, and known by any of its parts', async () => {
    expect((await read(all, { headerBytes: 2 })).tensors.size).toBe(1);
    expect(await saidLater(() => read(parts('{ }', '{}'), { headerBytes: 2 }))).toMatch(
      /^\(limit\) E_LIMIT_HEADER member 'config.json': offset \d+: config.json has 3 bytes; the limit is 2/,
    );
    const named = (name: string) => keras.sniff(memorySource(new Uint8Array(zipBytes([{ name, content: Buffer.alloc(0) }]))));
    expect(['config.json', 'metadata.json', 'model.weights.h5', 'x', 'a/config.json'].map(named)).toEqual([true, true, true, false, false]);
    expect(keras.sniff(memorySource(new TextEncoder().encode('config.json')))).toBe(false);
  });
});

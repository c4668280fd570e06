import assert from 'node:assert';
import { DEFAULT_LIMITS, type Limits } from '../../../src/formats/format.js';
import type { OnnxAttribute, OnnxModel } from '../../../src/formats/onnx/graph.js';
import { onnx, writeOnnx } from '../../../src/formats/onnx.js';
import { memorySource } from '../../../src/formats/source.js';
import { lazy, type Part } from '../../../src/tensor/lazy.js';
import { cat, f32, u64 } from '../../helpers/hostile/bytes.js';
import { fixed32, int, part, tag, varint } from '../../helpers/protobufBytes.js';
import { readWhole } from '../../helpers/readFormat.js';
import { saidLater } from '../../helpers/said.js';

const read = (bytes: Uint8Array, limits: Partial<Limits> = {}) => readWhole(onnx, new Uint8Array(bytes), { ...DEFAULT_LIMITS, ...limits });
const model = async (bytes: Uint8Array) => (await read(bytes)).architecture as OnnxModel;
const f64 = (...values: number[]) => Buffer.from(new Float64Array(values).buffer);
const i64 = (...values: (number | bigint)[]) => cat(...values.map(u64));

const tensor = (name: string, type: number, dims: readonly (number | bigint)[], ...data: Uint8Array[]) =>
  cat(...dims.map(d => int(1, d)), int(2, type), part(8, name), ...data);
const value = (name: string, type: number, ...dims: (number | string | null)[]) =>
  cat(
    part(1, name),
    part(2, part(1, int(1, type), part(2, ...dims.map(d => part(1, d === null ? '' : typeof d === 'number' ? int(1, d) : part(2, d)))))),
  );

it('a model is read with everything in it', async () => {
  const node = cat(
    ...['x', '', 'w'].map(name => part(1, name)),
    ...['y', 'z'].map(name => part(2, name)),
    part(3, 'my node'),
    part(4, 'LSTM'),
    part(5, part(1, 'hidden_size'), int(3, 4), int(20, 2)),
    part(7, 'com.example'),
  );
  const graph = cat(
    part(1, node),
    part(2, 'a graph'),
    part(5, tensor('w', 1, [2], part(9, f32(1, 2)))),
    part(11, value('x', 1, 3, 'batch', -1, null)),
    part(11, value('w', 1, 2)),
    part(11, part(1, 'untyped')),
    part(11, part(1, 'sequence'), part(2, part(4, ''))),
    part(11, part(1, 'ranked by none'), part(2, part(1, int(1, 7)))),
    part(11, value('strings', 8, 2)),
    part(12, value('y', 11)),
  );
  const bytes = cat(
    int(1, 9),
    part(2, 'a maker'),
    part(3, '1.2'),
    part(7, graph),
    part(8, part(1, 'ai.onnx'), int(2, 17)),
    part(8, part(1, 'com.example'), int(2, 3)),
    part(14, part(1, 'note'), part(2, 'mine')),
    part(14, part(1, 'empty')),
    part(20, 'training'),
    part(25, part(1, 'f'), part(10, 'com.example')),
    part(25, part(1, 'g')),
  );
  const offset = bytes.indexOf(node);
  expect(await read(bytes)).toEqual({
    format: 'onnx',
    tensors: new Map([['w', { shape: [2], dtype: 'f32', data: Float32Array.of(1, 2) }]]),
    architecture: {
      irVersion: 9,
      producerName: 'a maker',
      producerVersion: '1.2',
      opsets: new Map([
        ['', 17],
        ['com.example', 3],
      ]),

      graph: {
        name: 'a graph',
        initializers: new Map([['w', { shape: [2], dtype: 'f32', data: Float32Array.of(1, 2) }]]),
        // w is an initializer, so it is no input
        inputs: [
          { name: 'x', dtype: 'f32', shape: [3, 'batch', null, null] },
          { name: 'untyped', dtype: null, shape: null },
          { name: 'sequence', dtype: null, shape: null },
          { name: 'ranked by none', dtype: 'i64', shape: null },
          { name: 'strings', dtype: null, shape: [2] },
        ],
        outputs: [{ name: 'y', dtype: 'f64', shape: [] }],
        nodes: [
          {
            name: 'my node',
            opType: 'LSTM',
            domain: 'com.example',
            inputs: ['x', '', 'w'],
            outputs: ['y', 'z'],
            attributes: new Map([['hidden_size', { type: 'int', value: 4n }]]),
            // where the message begins: its length is one byte before
            offset: offset - 1,
          },
        ],
      },
    },
    metadata: new Map([
      ['note', 'mine'],
      ['empty', ''],
      ['producer_name', 'a maker'],
      ['producer_version', '1.2'],
      ['ir_version', '9'],
      ['opset', '17'],
      ['opset com.example', '3'],
    ]),
    notes: ['the training part of the model was not read'],
  });
});

it('what a model leaves out is empty', async () => {
  expect(await read(part(7, ''))).toEqual({
    format: 'onnx',
    tensors: new Map(),
    architecture: {
      irVersion: 0,
      producerName: '',
      producerVersion: '',
      opsets: new Map(),
      graph: { name: '', inputs: [], outputs: [], initializers: new Map(), nodes: [] },
    },
    metadata: new Map([
      ['producer_name', ''],
      ['producer_version', ''],
      ['ir_version', '0'],
    ]),
    notes: [],
  });
  const { graph, opsets } = await model(
    cat(part(7, part(1, part(7, 'ai.onnx')), part(11, value('x', 1, 2 ** 53, 2 ** 53 - 1))), part(8, '')),
  );
  expect(graph.nodes).toEqual([
    { name: '', opType: '', domain: '', inputs: [], outputs: [], attributes: new Map(), offset: expect.any(Number) },
  ]);
  expect(graph.inputs[0].shape).toEqual([null, 2 ** 53 - 1]);
  expect([...opsets]).toEqual([['', 0]]);
  expect((await read(cat(part(7, ''), part(14, '')))).metadata.get('')).toBe('');
  expect((await model(part(7, part(11, '')))).graph.inputs).toEqual([{ name: '', dtype: null, shape: null }]);
  const dimensions = (...dims: Uint8Array[]) => part(7, part(11, part(1, 'x'), part(2, part(1, part(2, ...dims.map(d => part(1, d)))))));
  expect((await model(dimensions(int(1, 0), part(2, ''), part(2, 'T')))).graph.inputs[0].shape).toEqual([0, null, 'T']);
});

describe('an attribute', () => {
  const SCALAR = part(5, int(2, 1), part(4, f32(5)));
  const tensorValue = { shape: [], dtype: 'f32', data: Float32Array.of(5) };
  const attribute = async (...fields: Uint8Array[]) => {
    const { graph } = await model(part(7, part(1, part(5, part(1, 'a'), ...fields))));
    return graph.nodes[0].attributes.get('a');
  };
  const NO_GRAPH = { name: '', inputs: [], outputs: [], initializers: new Map(), nodes: [] };
  const DATA: readonly (readonly [type: number, data: Uint8Array, value: unknown, empty: unknown])[] = [
    [1, fixed32(2, f32(0.5)), { type: 'float', value: 0.5 }, { type: 'float', value: 0 }],
    [2, int(3, -7n), { type: 'int', value: -7n }, { type: 'int', value: 0n }],
    [3, part(4, 'text'), { type: 'string', value: 'text' }, { type: 'string', value: '' }],
    [4, SCALAR, { type: 'tensor', value: tensorValue }, { type: 'other' }],
    [5, part(6, ''), { type: 'graph', value: NO_GRAPH }, { type: 'other' }],
    [6, cat(fixed32(7, f32(1)), part(7, f32(2, 3))), { type: 'floats', value: [1, 2, 3] }, { type: 'floats', value: [] }],
    [7, cat(int(8, 1), part(8, varint(2), varint(-3n))), { type: 'ints', value: [1n, 2n, -3n] }, { type: 'ints', value: [] }],
    [8, cat(part(9, 'a'), part(9, 'b')), { type: 'strings', value: ['a', 'b'] }, { type: 'strings', value: [] }],
  ];

  it.each(DATA)('of type %i has its value, and a default one where it is missing', async (type, data, expected, empty) => {
    expect(await attribute(data, int(20, type))).toEqual(expected);
    expect(await attribute(int(20, type))).toEqual(empty);
  });

  it.each(DATA)('that states no type has that of its data (%i)', async (_, data, expected) => {
    expect(await attribute(data)).toEqual(expected);
  });

  it('takes the data of its type, whatever else is there', async () => {
    const all = cat(...DATA.map(([, data]) => data));
    for (const [type, , expected] of DATA) expect(await attribute(all, int(20, type))).toEqual(expected);
    expect(await attribute(all)).toEqual(DATA[0][2]);
  });

  it('is of another kind where its type or its data are none of these', async () => {
    expect(await attribute()).toEqual({ type: 'other' });
    for (const type of [9, 10, 11, 13]) expect(await attribute(int(20, type))).toEqual({ type: 'other' });
    expect(await attribute(part(4, Uint8Array.of(0xff)), int(20, 3))).toEqual({ type: 'other' });
    expect(await attribute(part(9, 'a'), part(9, Uint8Array.of(0xff)), int(20, 8))).toEqual({ type: 'other' });
    expect(await attribute(part(4, Uint8Array.of(0xff)))).toEqual({ type: 'other' });
  });
});

// field number of onnx.proto, dtype, [1, 2] as raw bytes, as typed data
const TYPES: readonly (readonly [code: number, dtype: string, raw: Uint8Array, typed: Uint8Array])[] = [
  [1, 'f32', f32(1, 2), part(4, f32(1, 2))],
  [2, 'u8', Uint8Array.of(1, 2), part(5, varint(1), varint(2))],
  [3, 'i8', Uint8Array.of(1, 2), part(5, varint(1), varint(2))],
  [4, 'u16', Uint8Array.of(1, 0, 2, 0), part(5, varint(1), varint(2))],
  [5, 'i16', Uint8Array.of(1, 0, 2, 0), part(5, varint(1), varint(2))],
  [6, 'i32', Uint8Array.of(1, 0, 0, 0, 2, 0, 0, 0), part(5, varint(1), varint(2))],
  [7, 'i64', i64(1, 2), part(7, varint(1), varint(2))],
  [10, 'f16', Uint8Array.of(0, 0x3c, 0, 0x40), part(5, varint(0x3c00), varint(0x4000))],
  [11, 'f64', f64(1, 2), part(10, f64(1, 2))],
  [12, 'u32', Uint8Array.of(1, 0, 0, 0, 2, 0, 0, 0), part(11, varint(1), varint(2))],
  [13, 'u64', i64(1, 2), part(11, varint(1), varint(2))],
  [16, 'bf16', Uint8Array.of(0x80, 0x3f, 0, 0x40), part(5, varint(0x3f80), varint(0x4000))],
];

describe('an initializer', () => {
  const initializer = (bytes: Uint8Array) => read(part(7, part(5, bytes)));
  const only = async (bytes: Uint8Array) => (await initializer(bytes)).tensors.get('w');

  it.each(TYPES)('of type %i is %s, raw or typed', async (code, dtype, raw, typed) => {
    const wide = ['f64', 'i32', 'u32', 'i64', 'u64'].includes(dtype);
    const expected = { shape: [2, 1], dtype, data: wide ? Float64Array.of(1, 2) : Float32Array.of(1, 2) };
    expect(await only(tensor('w', code, [2, 1], part(9, raw)))).toEqual(expected);
    expect(await only(tensor('w', code, [2, 1], typed))).toEqual(expected);
    // in the graph 64-bit integers are exact
    const { graph } = (await initializer(tensor('w', code, [2, 1], typed))).architecture as OnnxModel;
    const exact = dtype === 'i64' || dtype === 'u64' ? BigInt64Array.of(1n, 2n) : expected.data;
    expect(graph.initializers.get('w')).toEqual({ ...expected, data: exact });
    expect(await onnxDtype(code)).toBe(dtype);
  });

  const onnxDtype = async (code: number) => (await model(part(7, part(11, value('x', code))))).graph.inputs[0].dtype;

  it.each([
    [6, 5, 'i32'],
    [7, 7, 'i64'],
    [12, 11, 'u32'],
  ])('of type %i may have its numbers one by one (field %i)', async (code, field, dtype) => {
    const expected = { shape: [2], dtype, data: Float64Array.of(1, 2) };
    expect(await only(tensor('w', code, [2], int(field, 1), int(field, 2)))).toEqual(expected);
  });

  it('of booleans is 0 and 1', async () => {
    const expected = { shape: [2], dtype: 'bool', data: Float32Array.of(1, 0) };
    expect(await only(tensor('w', 9, [2], part(9, Uint8Array.of(1, 0))))).toEqual(expected);
    expect(await only(tensor('w', 9, [2], part(5, varint(1), varint(0))))).toEqual(expected);
    expect(await onnxDtype(9)).toBe('bool');
  });

  it.each([8, 14, 15, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26])('of type %i holds no plain numbers', async code => {
    const file = await initializer(tensor('w', code, [2]));
    expect([file.tensors.size, file.notes]).toEqual([0, ["the initializer 'w' holds no plain numbers and is not among the tensors"]]);
    expect((file.architecture as OnnxModel).graph.initializers.get('w')).toEqual({ shape: [2], dtype: null, data: new Float32Array(0) });
    expect(await onnxDtype(code)).toBeNull();
  });

  it.each([0, 27, 99])('of type %i does not exist', async code => {
    expect(await saidLater(() => initializer(tensor('w', code, [2])))).toBe(
      `E_ONNX_DTYPE initializer 'w': offset 3: data_type ${code} does not exist | found: ${code}`,
    );
  });

  it.each<[number, string, Uint8Array, number[]]>([
    [3, 'i8', part(5, varint(-128n), varint(127)), [-128, 127]],
    [2, 'u8', part(5, varint(0), varint(255)), [0, 255]],
    [5, 'i16', part(5, varint(-32768n), varint(32767)), [-32768, 32767]],
    [4, 'u16', part(5, varint(0), varint(65535)), [0, 65535]],
    [6, 'i32', part(5, varint(-(2n ** 31n)), varint(2 ** 31 - 1)), [-(2 ** 31), 2 ** 31 - 1]],
    [12, 'u32', part(11, varint(0), varint(2 ** 32 - 1)), [0, 2 ** 32 - 1]],
    [7, 'i64', part(7, varint(-(2n ** 53n)), varint(2n ** 53n)), [-(2 ** 53), 2 ** 53]],
    [16, 'bf16', part(5, varint(0xbf80), varint(0)), [-1, 0]],
  ])('of type %i (%s) holds the ends of its range', async (code, dtype, typed, expected) => {
    const found = await only(tensor('w', code, [2], typed));
    expect([found?.dtype, Array.from(found?.data ?? [])]).toEqual([dtype, expected]);
  });

  it('of 64-bit integers that no double holds stays in the graph', async () => {
    for (const data of [part(9, i64(2n ** 53n + 1n)), part(7, varint(2n ** 53n + 1n))]) {
      const file = await initializer(tensor('w', 7, [1], data));
      expect([file.tensors.size, file.notes]).toEqual([0, ["the initializer 'w' holds integers beyond 2^53 and is not among the tensors"]]);
      expect((file.architecture as OnnxModel).graph.initializers.get('w')?.data).toEqual(BigInt64Array.of(2n ** 53n + 1n));
    }
  });

  const [RAW, FLOATS] = [part(9, f32(1, 2)), part(4, f32(1, 2))];
  it.each<[string, Uint8Array, string]>([
    ['raw and typed data', tensor('w', 1, [2], RAW, FLOATS), 'E_ONNX_TENSOR raw_data and typed data are both given'],
    ...(
      [
        [5, 'int32'],
        [7, 'int64'],
        [11, 'uint64'],
      ] as const
    ).map(([field, name]): [string, Uint8Array, string] => [
      `${name} data`,
      tensor('w', 1, [2], RAW, part(field, varint(1))),
      'E_ONNX_TENSOR the type of the data is not f32',
    ]),
    ['double data', tensor('w', 1, [2], RAW, part(10, f64(1))), 'E_ONNX_TENSOR the type of the data is not f32'],
    ['strings', tensor('w', 1, [2], RAW, part(6, 'a')), 'E_ONNX_TENSOR the type of the data is not f32'],
    ['float data among doubles', tensor('w', 11, [2], part(10, f64(1, 2)), FLOATS), 'E_ONNX_TENSOR the type of the data is not f64'],
    [
      'too few bytes',
      tensor('w', 1, [2, 2], RAW),
      'E_ONNX_TENSOR shape [2, 2] f32 needs 16 bytes of raw_data, found 8 bytes | expected: 16 bytes | found: 8 bytes',
    ],
    [
      'too many bytes',
      tensor('w', 3, [7], RAW),
      'E_ONNX_TENSOR shape [7] i8 needs 7 bytes of raw_data, found 8 bytes | expected: 7 bytes | found: 8 bytes',
    ],
    [
      'too few values',
      tensor('w', 1, [3], FLOATS),
      'E_ONNX_TENSOR shape [3] needs 3 values, found 2 values | expected: 3 values | found: 2 values',
    ],
    ['no data at all', tensor('w', 1, []), 'E_ONNX_TENSOR shape [] needs 1 values, found 0 values | expected: 1 values | found: 0 values'],
    ['segments', tensor('w', 1, [2], RAW, part(3, '')), 'E_ONNX_TENSOR data in segments is not supported'],
    ...(
      [
        [2, 'u8', 256],
        [2, 'u8', -1],
        [3, 'i8', 128],
        [3, 'i8', -129],
        [4, 'u16', 65536],
        [5, 'i16', 32768],
        [6, 'i32', 2 ** 31],
        [9, 'bool', 2],
        [10, 'f16', 65536],
        [16, 'bf16', 65536],
      ] as const
    ).map(([code, dtype, n]): [string, Uint8Array, string] => [
      `${n} as ${dtype}`,
      tensor('w', code, [1], part(5, varint(BigInt(n)))),
      `E_ONNX_TENSOR the value ${n} is out of the range of ${dtype}`,
    ]),
    ['2^32 as u32', tensor('w', 12, [1], part(11, varint(2 ** 32))), 'E_ONNX_TENSOR the value 4294967296 is out of the range of u32'],
    ['2^63 as u64', tensor('w', 13, [1], part(9, i64(2n ** 63n))), 'E_INT_RANGE a uint64 of 2^63 or more is not read'],
    ['2^63 as typed u64', tensor('w', 13, [2], part(11, varint(0), varint(2n ** 63n))), 'E_INT_RANGE a uint64 of 2^63 or more is not read'],
  ])('with %s is refused', async (_, bytes, words) => {
    const [code, ...rest] = words.split(' ');
    const offset = part(7, part(5, bytes)).length - bytes.length - (bytes.length > 127 ? 2 : 1);
    expect(await saidLater(() => initializer(bytes))).toBe(`${code} initializer 'w': offset ${offset}: ${rest.join(' ')}`);
  });

  it('of zero elements needs no data, and the largest u64 is 2^63 - 1', async () => {
    expect(await only(tensor('w', 1, [0, 3]))).toEqual({ shape: [0, 3], dtype: 'f32', data: new Float32Array(0) });
    expect(await only(tensor('w', 1, [0, 3], part(9, '')))).toEqual({ shape: [0, 3], dtype: 'f32', data: new Float32Array(0) });
    const { graph } = (await initializer(tensor('w', 13, [2], part(9, i64(0, 2n ** 63n - 1n))))).architecture as OnnxModel;
    expect(graph.initializers.get('w')?.data).toEqual(BigInt64Array.of(0n, 2n ** 63n - 1n));
  });

  const location = (...pairs: [string, string][]) => cat(...pairs.map(([key, text]) => part(13, part(1, key), part(2, text))));
  const said = (message: string, found: string, fix = '') =>
    `E_ONNX_EXTERNAL initializer 'w': offset 3: ${message} | found: ${found}${fix && ` | fix: ${fix}`}`;
  const BESIDE = said(
    "the data are in 'w.bin' beside the model, and there is no folder to look in",
    'w.bin',
    'give the path of the model instead of piping it in',
  );
  const NOWHERE = said('the data are in another file, which is not named', '');
  const OUT = (path: string) => said(`the data are in '${path}', which is not a path inside the model's folder`, path);
  it.each<[Uint8Array, string]>([
    [location(['location', 'w.bin']), BESIDE],
    [location(['offset', '0'], ['location', 'w.bin'], ['length', '8']), BESIDE],
    [location(['location', 'a'], ['location', 'b']), "E_ONNX_EXTERNAL offset 3: external_data names 'location' twice"],
    [location(['offset', '0']), NOWHERE],
    [part(13, part(1, 'location')), NOWHERE],
    [int(14, 1), NOWHERE],
    ...['../w.bin', 'a/../../w', '/etc/passwd', 'C:/w', 'a\\b'].map((path): [Uint8Array, string] => [
      location(['location', path]),
      OUT(path),
    ]),
    ...[
      ['', '9'],
      ['-1', '8'],
      ['1e3', '8'],
      ['0', '7'],
    ].map(([at, length]): [Uint8Array, string] => [
      location(['location', 'w.bin'], ['offset', at], ['length', length]),
      said(`the data are at offset '${at}', '${length}' bytes long, where 8 bytes are needed`, 'w.bin'),
    ]),
    [
      cat(location(['location', 'w.bin']), part(9, f32(1, 2))),
      "E_ONNX_TENSOR initializer 'w': offset 3: the data is given both here and in another file",
    ],
  ])('in another file is refused (%#)', async (more, words) => {
    expect(await saidLater(() => initializer(tensor('w', 1, [2], more)))).toBe(words);
  });

  it('in another file is read from there when its numbers are asked for', async () => {
    const asked: unknown[] = [];
    const bytes = part(7, part(5, tensor('w', 1, [2], location(['location', 'sub/w.bin'], ['offset', '4']))));
    const file = await onnx.read(memorySource(bytes), DEFAULT_LIMITS, (...words) => {
      asked.push(words);
      return memorySource(f32(1, 2, 3));
    });
    const w = file.tensors.get('w')!;
    expect([w.shape, w.dtype, asked]).toEqual([[2], 'f32', []]);
    expect([w.data, asked]).toEqual([Float32Array.of(2, 3), [['sub/w.bin', 'inside']]]);
    const short = await onnx.read(memorySource(bytes), DEFAULT_LIMITS, () => memorySource(f32(1, 2)));
    expect(() => short.tensors.get('w')!.data).toThrow("needs bytes 4 to 12 of 'sub/w.bin', which has 8");
  });

  it('bounds what it declares before its data are looked at', async () => {
    const bomb = (limits: Partial<Limits>, dims: readonly (number | bigint)[]) =>
      saidLater(() => read(part(7, part(5, tensor('w', 1, dims))), limits));
    expect(await bomb({}, [-1n])).toBe("E_SHAPE_VALUE initializer 'w': dims at offset 3: the shape [-1] has a negative dimension");
    expect(await bomb({}, Array(9).fill(1))).toBe(
      "(limit) E_LIMIT_RANK initializer 'w': dims at offset 3: a tensor of 9 dimensions; the limit is 8 | expected: at most 8 | found: 9 | fix: if you trust the file, add --max-rank 9",
    );
    const full = (limits: Partial<Limits>) => saidLater(() => read(part(7, part(5, tensor('w', 1, [2], part(9, f32(1, 2))))), limits));
    expect(await full({ totalBytes: 7 })).toMatch(/^\(limit\) E_LIMIT_BYTES the tensors need at least 8 bytes/);
    expect(await full({ totalBytes: 8 })).toBe('nothing');
    expect(await bomb({ nameBytes: 0 }, [2])).toMatch(/^\(limit\) E_LIMIT_NAME initializer 'w': the tensor name 'w' has 1 bytes/);
  });

  it('of another number of tensors counts over the whole file', async () => {
    const two = part(7, part(5, tensor('a', 1, [], part(4, f32(1)))), part(5, tensor('b', 1, [], part(4, f32(1)))));
    expect((await read(two, { tensors: 2 })).tensors.size).toBe(2);
    expect(await saidLater(() => read(two, { tensors: 1 }))).toBe(
      "(limit) E_LIMIT_TENSORS initializer 'b': at least 2 tensors in one file; the limit is 1 | expected: at most 1 | fix: if you trust the file, raise it with --max-tensors",
    );
  });
});

describe('a model is refused', () => {
  const FIX = ' | fix: the file is damaged or not of this type; save or download it again';
  const node = (op: string, inputs: string[], outputs: string[], name = '') =>
    part(1, ...inputs.map(n => part(1, n)), ...outputs.map(n => part(2, n)), name && part(3, name), part(4, op));
  it.each<[string, Uint8Array, string]>([
    [
      'without a graph',
      int(1, 8),
      'E_ONNX_GRAPH ModelProto.graph: offset 0: there is no graph in it: not an ONNX model, or an empty file | found: 2 bytes',
    ],
    [
      'with two operator sets of a domain',
      cat(part(7, ''), part(8, ''), part(8, part(1, 'ai.onnx'))),
      "E_ONNX_DUPLICATE offset 5: two operator sets are called ''",
    ],
    [
      'with two initializers of a name',
      part(7, part(5, tensor('w', 1, [], part(4, f32(1)))), part(5, tensor('w', 1, [], part(4, f32(1))))),
      "E_ONNX_DUPLICATE offset 16: two initializers are called 'w'",
    ],
    [
      'with two attributes of a name',
      part(7, part(1, part(5, part(1, 'a')), part(5, part(1, 'a')))),
      "E_ONNX_DUPLICATE offset 10: two attributes of a node are called 'a'",
    ],
    ['with sparse initializers', part(7, part(15, '')), 'E_ONNX_SPARSE GraphProto: offset 3: sparse initializers are not read'],
    [
      'with one name given twice',
      part(7, node('A', [], ['y']), node('B', [], ['y'], 'b')),
      "E_ONNX_DUPLICATE graph: offset 11: the node 'b' (B) computes 'y', which already exists",
    ],
    [
      'with an input given again',
      part(7, part(11, part(1, 'x')), node('A', [], ['x'])),
      "E_ONNX_DUPLICATE graph: offset 8: the node (A) computes 'x', which already exists",
    ],
    [
      'with a name nothing gives',
      part(7, node('A', ['', 'x'], ['y'])),
      "E_ONNX_MISSING graph: offset 3: the node (A) reads 'x', which nothing computes",
    ],
    ['with an output nothing gives', part(7, part(12, part(1, 'y'))), "E_ONNX_MISSING graph: nothing computes the graph's output 'y'"],
    [
      'with nodes that wait for each other',
      part(7, node('A', [], ['a']), node('B', ['a', 'd'], ['b'], 'b'), node('C', ['b'], ['d'])),
      "E_ONNX_CYCLE graph: offset 11: the node 'b' (B) depends on its own output, directly or through other nodes",
    ],
    [
      'with a varint of 11 bytes',
      cat(tag(1, 0), Buffer.alloc(10, 0x80), '\x01'),
      `E_PROTOBUF ModelProto: offset 1: a value is not a varint of at most 10 bytes inside the message${FIX}`,
    ],
    [
      'with a tag that does not end',
      Uint8Array.of(0x88),
      `E_PROTOBUF ModelProto: offset 0: a field tag is not a varint of at most 10 bytes inside the message${FIX}`,
    ],
    [
      'with a length that does not end',
      Uint8Array.of(0x3a, 0x80),
      `E_PROTOBUF ModelProto: offset 1: a length is not a varint of at most 10 bytes inside the message${FIX}`,
    ],
    ['with field 0', Uint8Array.of(0, 0), `E_PROTOBUF ModelProto: offset 0: the field number 0 does not exist${FIX}`],
    ['with field 2^29', cat(varint(2n ** 32n), '\x01'), `E_PROTOBUF ModelProto: offset 0: the field number 536870912 does not exist${FIX}`],
    ['with a group', Uint8Array.of(0x3b), `E_PROTOBUF ModelProto: offset 0: a group in field 7: not read${FIX}`],
    ['with the end of a group', cat(int(1, 8), '\x3c'), `E_PROTOBUF ModelProto: offset 2: a group in field 7: not read${FIX}`],
    ['with wire type 6', Uint8Array.of(0x3e), `E_PROTOBUF ModelProto: offset 0: wire type 6 in field 7: not read${FIX}`],
    ['with wire type 7', Uint8Array.of(0x3f), `E_PROTOBUF ModelProto: offset 0: wire type 7 in field 7: not read${FIX}`],
    [
      'with a length beyond the end',
      Uint8Array.of(0x3a, 3, 0, 0),
      `E_PROTOBUF ModelProto: offset 0: field 7 has 3 bytes, but its message ends after 2${FIX}`,
    ],
    [
      'with 4 bytes of which 3 are there',
      Uint8Array.of(0x3d, 1, 2, 3),
      `E_PROTOBUF ModelProto: offset 0: field 7 has 4 bytes, but its message ends after 3${FIX}`,
    ],
    [
      'with 8 bytes of which 7 are there',
      cat(int(1, 8), Uint8Array.of(0x39), Buffer.alloc(7)),
      `E_PROTOBUF ModelProto: offset 2: field 7 has 8 bytes, but its message ends after 7${FIX}`,
    ],
    [
      'with a packed varint that does not end',
      part(7, part(5, part(1, Uint8Array.of(1, 0x80)))),
      `E_PROTOBUF TensorProto.dims: offset 7: a value is not a varint of at most 10 bytes inside the message${FIX}`,
    ],
    [
      'with half a packed float',
      part(7, part(5, part(4, Buffer.alloc(6)))),
      `E_PROTOBUF TensorProto.float_data: offset 6: 6 bytes of numbers of 4 bytes${FIX}`,
    ],
    [
      'with half a packed double',
      part(7, part(5, part(10, Buffer.alloc(12)))),
      `E_PROTOBUF TensorProto.double_data: offset 6: 12 bytes of numbers of 8 bytes${FIX}`,
    ],
    [
      'with a name that is no UTF-8',
      part(7, part(2, Uint8Array.of(0x61, 0xff))),
      'E_ENCODING offset 4: not valid UTF-8 | expected: UTF-8 | fix: save the file as UTF-8',
    ],
  ])('%s', async (_, bytes, words) => expect(await saidLater(() => read(bytes))).toBe(words));

  it('with messages nested too deep, at exactly the limit', async () => {
    const deep = part(7, part(11, part(2, part(1, part(2, part(1, int(1, 3)))))));
    expect((await read(deep, { depth: 6 })).format).toBe('onnx');
    expect(await saidLater(() => read(deep, { depth: 5 }))).toBe(
      '(limit) E_LIMIT_DEPTH TensorShapeProto.Dimension: offset 12: messages nested at least 6 levels deep; the limit is 5 | expected: at most 5 | fix: if you trust the file, raise it with --max-nesting',
    );
  });

  it('nodes out of order are sorted, those that are ready in the order of the file', async () => {
    const names = async (...nodes: Uint8Array[]) => {
      const file = await read(part(7, ...nodes));
      return [(file.architecture as OnnxModel).graph.nodes.map(n => n.opType).join(''), file.notes];
    };
    const NOTE = ['the nodes were not in order of computation and were sorted'];
    expect(await names(node('A', [], ['a']), node('B', ['a'], ['b']), node('C', ['', 'a', 'b'], ['c', '']))).toEqual(['ABC', []]);
    expect(await names(node('C', ['b', 'b', 'a'], ['c']), node('B', ['a'], ['b']), node('A', [], ['a']))).toEqual(['ABC', NOTE]);
    expect(await names(node('D', ['a'], ['d']), node('A', [], ['a']), node('B', ['a'], ['b']), node('C', [], ['c']))).toEqual([
      'ACDB',
      NOTE,
    ]);
    // two nodes that nobody names share the name '' of outputs left out
    expect(await names(node('A', [], ['']), node('B', [], ['']))).toEqual(['AB', []]);
  });
});

describe('a file looks like a model', () => {
  const graph = Uint8Array.of(0x3a);
  it.each<[string, Uint8Array, boolean]>([
    ['an IR version and a graph', cat(int(1, 8), graph), true],
    ['the smallest version', cat(int(1, 1), graph), true],
    ['the largest version', cat(int(1, 64), graph), true],
    ['version 0', cat(int(1, 0), graph), false],
    ['version 65', cat(int(1, 65), graph), false],
    ['no version', cat(part(2, 'x'), graph), false],
    [
      'every other field before the graph',
      cat(int(1, 8), int(5, 300), ...[2, 3, 4, 6, 8, 14, 20, 25].map(f => part(f, 'ab')), graph),
      true,
    ],
    ...[2, 3, 4, 6, 8, 14, 20, 25].map((f): [string, Uint8Array, boolean] => [
      `field ${f} before the graph`,
      cat(int(1, 8), part(f, 'ab'), graph),
      true,
    ]),
    ['an unknown field', cat(int(1, 8), part(9, 'ab'), graph), false],
    ['a number where a length belongs', cat(int(1, 8), int(2, 5), graph), false],
    ['a length where a number belongs', cat(int(1, 8), part(5, 'x'), graph), false],
    ['another wire type', cat(int(1, 8), fixed32(2, f32(1)), graph), false],
    ['a long text before the graph', cat(int(1, 8), part(2, 'x'.repeat(300)), graph), true],
    ['a text that ends behind the file', cat(int(1, 8), tag(2, 2), varint(9), graph), false],
    ['a number of 10 bytes', cat(int(1, 8), int(5, 2n ** 64n - 1n), graph), true],
    ['a tag of 11 bytes', cat(int(1, 8), Buffer.alloc(10, 0x80), '\x3a', graph), false],
    ['only a version', int(1, 8), false],
    ['255 fields before the graph', cat(int(1, 8), ...Array.from({ length: 254 }, () => part(2, 'a')), graph), true],
    ['256 fields before the graph', cat(int(1, 8), ...Array.from({ length: 255 }, () => part(2, 'a')), graph), false],
    ['nothing', Buffer.alloc(0), false],
  ])('%s', (_, bytes, expected) => expect(onnx.sniff(memorySource(new Uint8Array(bytes)))).toBe(expected));
});

describe('a model is written', () => {
  const EMPTY: OnnxModel = {
    irVersion: 0,
    producerName: '',
    producerVersion: '',
    opsets: new Map(),
    graph: { name: '', inputs: [], outputs: [], initializers: new Map(), nodes: [] },
  };
  it('field by field, in the order of onnx.proto', async () => {
    const scalar = { shape: [], dtype: 'f32', data: Float32Array.of(5) } as const;
    const written = await writeOnnx({
      irVersion: 8,
      producerName: 'me',
      producerVersion: '1',
      opsets: new Map([
        ['', 14],
        ['my.domain', 1],
      ]),
      graph: {
        name: 'g',
        inputs: [
          { name: 'x', dtype: 'f32', shape: [1, 'T', null] },
          { name: 'any', dtype: null, shape: null },
          { name: 'unranked', dtype: 'i64', shape: null },
        ],
        outputs: [{ name: 'y', dtype: 'f64', shape: [] }],
        initializers: new Map([
          ['w', { shape: [1, 2], dtype: 'f32', data: Float32Array.of(1, 2) }],
          ['i', { shape: [2], dtype: 'i64', data: BigInt64Array.of(-1n, 2n ** 62n) }],
        ]),
        nodes: [
          {
            name: 'n',
            opType: 'Op',
            domain: 'my.domain',
            inputs: ['x', ''],
            outputs: ['y', ''],
            attributes: new Map<string, never>(
              Object.entries({
                f: { type: 'float', value: 0.5 },
                i: { type: 'int', value: -2n },
                s: { type: 'string', value: 'text' },
                t: { type: 'tensor', value: scalar },
                fs: { type: 'floats', value: [1, 2] },
                is: { type: 'ints', value: [3n, 300n] },
                ss: { type: 'strings', value: ['a', ''] },
              }) as never,
            ),
          },
        ],
      },
    });
    const node = cat(
      part(1, 'x'),
      part(1, ''),
      part(2, 'y'),
      part(2, ''),
      part(3, 'n'),
      part(4, 'Op'),
      part(5, part(1, 'f'), fixed32(2, f32(0.5)), int(20, 1)),
      part(5, part(1, 'i'), int(3, -2n), int(20, 2)),
      part(5, part(1, 's'), part(4, 'text'), int(20, 3)),
      part(5, part(1, 't'), part(5, int(2, 1), part(9, f32(5))), int(20, 4)),
      part(5, part(1, 'fs'), fixed32(7, f32(1)), fixed32(7, f32(2)), int(20, 6)),
      part(5, part(1, 'is'), int(8, 3), int(8, 300), int(20, 7)),
      part(5, part(1, 'ss'), part(9, 'a'), part(9, ''), int(20, 8)),
      part(7, 'my.domain'),
    );
    const graph = cat(
      part(1, node),
      part(2, 'g'),
      part(5, int(1, 1), int(1, 2), int(2, 1), part(8, 'w'), part(9, f32(1, 2))),
      part(5, int(1, 2), int(2, 7), part(8, 'i'), part(9, i64(-1n, 2n ** 62n))),
      part(11, value('x', 1, 1, 'T', null)),
      part(11, part(1, 'any')),
      part(11, part(1, 'unranked'), part(2, part(1, int(1, 7)))),
      part(12, value('y', 11)),
    );
    const expected = cat(
      int(1, 8),
      part(2, 'me'),
      part(3, '1'),
      part(7, graph),
      part(8, int(2, 14)),
      part(8, part(1, 'my.domain'), int(2, 1)),
    );
    expect(Buffer.from(written).toString('hex')).toBe(expected.toString('hex'));
  });

  it('with its numbers read some rows at a time, however few directions they have', async () => {
    const shape = [1, 9, 2 ** 20];
    const rows: number[] = [];
    const unread = () => assert.fail('all of them are read');
    const part: Part = (first, count, out = new Float32Array(count)) => {
      rows.push(count / 2 ** 20);
      return out.fill(first / 2 ** 20);
    };
    const initializers = new Map([['W', Object.assign(lazy(shape, 'f32', unread, part), { dtype: 'f32' as const })]]);
    const written = await writeOnnx({ ...EMPTY, graph: { ...EMPTY.graph, initializers } });
    expect(rows).toEqual([8, 1]);
    const back = (await model(written)).graph.initializers.get('W')!;
    expect([back.shape, back.data[0], back.data[8 * 2 ** 20 - 1], back.data[8 * 2 ** 20]]).toEqual([shape, 0, 0, 8]);
  });

  it('up to 2^31 − 1 bytes: a protocol buffer holds no more, and no number of a larger one is read', async () => {
    const unread = () => assert.fail('numbers are read');
    const large = Object.assign(lazy([2 ** 13, 2 ** 16], 'f32', unread, unread), { dtype: 'f32' as const });
    const graph = { ...EMPTY.graph, initializers: new Map([['W', large]]) };
    expect(await saidLater(() => writeOnnx({ ...EMPTY, graph }))).toMatch(/^E_ONNX_WRITE the model takes 21474836\d\d bytes, more than/);
  });

  it('unless something was not kept', async () => {
    const graph = { ...EMPTY.graph };
    const withNode = (attribute: OnnxAttribute): OnnxModel => ({
      ...EMPTY,
      graph: {
        ...graph,
        nodes: [{ name: '', opType: 'If', domain: '', inputs: [], outputs: [], attributes: new Map([['a', attribute]]) }],
      },
    });
    const text = { shape: [1], dtype: null, data: new Float32Array(0) };
    expect(await saidLater(() => writeOnnx(withNode({ type: 'other' })))).toBe(
      "E_ONNX_WRITE the attribute 'a' holds a value that was not kept, so it cannot be written",
    );
    expect(await saidLater(() => writeOnnx({ ...EMPTY, graph: { ...graph, initializers: new Map([['s', text]]) } }))).toBe(
      "E_ONNX_WRITE the tensor 's' has an element type that cannot be written",
    );
  });
});

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { DEFAULT_LIMITS, type TensorFile } from '../../src/formats/format.js';
import { detectFormat, writeOnnx } from '../../src/formats/index.js';
import type { OnnxAttribute, OnnxModel, OnnxTensor, OnnxValue } from '../../src/formats/onnx/graph.js';
import { onnx } from '../../src/formats/onnx.js';
import { memorySource } from '../../src/formats/source.js';
import { cases } from '../helpers/effort.js';
import { readTensors, readWhole } from '../helpers/readFormat.js';
import { corruptCases, expectCutsRefused, REFERENCE, referenceBytes, refusal } from './reference.js';

const FOLDER = join(REFERENCE, 'onnx_dump');
const TYPES: Record<string, string | null> = {
  FLOAT: 'f32',
  UINT8: 'u8',
  INT8: 'i8',
  UINT16: 'u16',
  INT16: 'i16',
  INT32: 'i32',
  INT64: 'i64',
  BOOL: 'bool',
  FLOAT16: 'f16',
  DOUBLE: 'f64',
  UINT32: 'u32',
  UINT64: 'u64',
};

interface DumpTensor {
  dims: number[];
  type: string;
  values?: (number | string)[];
  sha256?: string;
}
interface Dump {
  ir: number;
  producer: string[];
  opsets: Record<string, number>;
  inputs: { name: string; type: string; dims: (number | string)[] | null }[];
  outputs: { name: string; type: string; dims: (number | string)[] | null }[];
  initializers: Record<string, DumpTensor>;
  nodes: {
    name: string;
    op: string;
    domain: string;
    inputs: string[];
    outputs: string[];
    attributes: Record<string, { type: string; value: unknown }>;
  }[];
}
const dumps = JSON.parse(readFileSync(join(FOLDER, 'dump.json'), 'utf8')) as Record<string, Dump>;

const modelOf = (file: TensorFile) => file.architecture as OnnxModel;
const load = (path: string) => new Uint8Array(readFileSync(join(FOLDER, path)));
const special: Record<string, number> = { nan: Number.NaN, inf: Number.POSITIVE_INFINITY, '-inf': Number.NEGATIVE_INFINITY };

function expectTensor(actual: OnnxTensor, expected: DumpTensor): void {
  expect([actual.shape, actual.dtype]).toEqual([expected.dims, TYPES[expected.type]]);
  if (actual.data instanceof BigInt64Array) expect(Array.from(actual.data, String)).toEqual(expected.values);
  else if (expected.values) expect(Array.from(actual.data)).toEqual(expected.values.map(v => (typeof v === 'string' ? special[v] : v)));
  else
    expect(
      createHash('sha256')
        .update(new Uint8Array(Float64Array.from(actual.data).buffer))
        .digest('hex'),
    ).toBe(expected.sha256);
}

function expectAttribute(actual: OnnxAttribute, expected: { type: string; value: unknown }): void {
  expect(actual.type).toBe(expected.type.toLowerCase());
  if (actual.type === 'tensor') expectTensor(actual.value, expected.value as DumpTensor);
  else if (actual.type === 'int') expect(String(actual.value)).toBe(expected.value);
  else if (actual.type === 'ints') expect(actual.value.map(String)).toEqual(expected.value);
  else if (actual.type === 'graph') expect(actual.value.nodes.map(n => n.opType)).toEqual(['Identity']);
  else if ('value' in actual) expect(actual.value).toEqual(expected.value);
}

function expectValues(actual: readonly OnnxValue[], expected: Dump['inputs']): void {
  // protobuf reads an absent size as 0
  const seen = actual.map(v => ({ name: v.name, dtype: v.dtype, shape: v.shape?.map(n => n ?? 0) ?? null }));
  expect(seen).toEqual(expected.map(v => ({ name: v.name, dtype: TYPES[v.type], shape: v.dims })));
}

describe('ONNX files', () => {
  it.each(Object.entries(dumps))('%s is what the onnx package reads from it', async (path, dump) => {
    const file = await readTensors(load(path), { nameHint: path });
    const model = modelOf(file);
    expect([model.irVersion, model.producerName, model.producerVersion, Object.fromEntries(model.opsets)]).toEqual([
      dump.ir,
      ...dump.producer,
      dump.opsets,
    ]);
    expectValues(model.graph.inputs, dump.inputs);
    expectValues(model.graph.outputs, dump.outputs);
    expect([...model.graph.initializers.keys()]).toEqual(Object.keys(dump.initializers));
    for (const [name, t] of model.graph.initializers) expectTensor(t, dump.initializers[name]);
    expect(model.graph.nodes.map(({ name, opType, domain, inputs, outputs }) => ({ name, op: opType, domain, inputs, outputs }))).toEqual(
      dump.nodes.map(({ attributes: _, ...node }) => node),
    );
    for (const [i, node] of model.graph.nodes.entries()) {
      expect([...node.attributes.keys()].sort()).toEqual(Object.keys(dump.nodes[i].attributes).sort());
      for (const [name, a] of node.attributes) expectAttribute(a, dump.nodes[i].attributes[name]);
    }
    expect(Object.keys(dumps).length).toBeGreaterThan(35);
  });

  it.each(Object.keys(dumps).filter(path => path !== 'types.onnx'))('%s is written so that it reads back as the same model', async path => {
    const model = modelOf(await readTensors(load(path), { nameHint: path }));
    const bytes = await writeOnnx(model);
    expect(Buffer.compare(bytes, await writeOnnx(model))).toBe(0);
    expect(detectFormat(memorySource(bytes)).name).toBe('onnx');
    expect(modelOf(await readTensors(bytes))).toEqual(model);
  });

  it.each(Object.keys(dumps))('%s is known by its content', path => {
    expect(detectFormat(memorySource(load(path))).name).toBe('onnx');
  });

  it('64-bit integers beyond 2^53 stay in the graph and are noted', async () => {
    const { tensors, notes } = await readTensors(load('types.onnx'));
    expect(notes).toContain("the initializer 'raw_INT64' holds integers beyond 2^53 and is not among the tensors");
    expect([tensors.has('raw_INT64'), tensors.has('raw_UINT64'), tensors.has('raw_INT32')]).toEqual([false, true, true]);
  });

  it('the weights of an exported network are those of its .npz, whatever their order', async () => {
    const { tensors } = await readTensors(referenceBytes('digits', 'digits_torch.onnx'));
    const { tensors: torch } = await readTensors(referenceBytes('digits', 'digits_torch.safetensors'));
    const sum = (t: { data: ArrayLike<number> }) => Array.from(t.data).sort((a, b) => a - b);
    const fc = [...tensors.values()].find(
      t =>
        t.shape.join() === torch.get('fc.weight')!.shape.join() || t.shape.join() === [...torch.get('fc.weight')!.shape].reverse().join(),
    )!;
    expect(sum(fc)).toEqual(sum(torch.get('fc.weight')!));
  });

  it('refuses every cut of small files', async () => {
    for (const name of ['onnx_ok_rnn.onnx', 'onnx_ok_const_weights.onnx', 'onnx_ok_float_data.onnx'])
      await expectCutsRefused(referenceBytes('corrupt', name), name);
  });
});

// Graphs that are well-formed and mean nothing an operator could compute: the convention refuses those (__tests__/conventions)
const MEANING = ['op', 'activation', 'direction', 'bidir_w1', 'hidden_mismatch', 'w_rank', 'seq_lens'].map(n => `onnx_bad_${n}.onnx`);

describe('ONNX files of reference/corrupt', () => {
  const bad = corruptCases('onnx_bad').filter(c => !MEANING.includes(c.file));
  it.each(bad.map(c => [c.file]))('%s is refused', async name => {
    const error = await refusal(() => readTensors(referenceBytes('corrupt', name), { nameHint: name }));
    expect(`${error.where} ${error.message}`).toMatch(/offset \d+|node|shape|is empty|in a supported format/);
  });

  it('each for its own reason', async () => {
    const codes: Record<string, string> = {};
    for (const c of bad)
      codes[c.file.slice(9, -5)] = (await refusal(() => readTensors(referenceBytes('corrupt', c.file), { nameHint: c.file }))).code;
    expect(codes).toEqual({
      empty: 'E_FORMAT_UNKNOWN',
      trunc: 'E_PROTOBUF',
      trunc_1: 'E_PROTOBUF',
      garbage: 'E_PROTOBUF',
      text: 'E_FORMAT_UNKNOWN',
      varint: 'E_PROTOBUF',
      len_huge: 'E_PROTOBUF',
      len_2e63: 'E_PROTOBUF',
      wiretype: 'E_PROTOBUF',
      group: 'E_FORMAT_UNKNOWN',
      dims_negative: 'E_SHAPE_VALUE',
      dims_huge: 'E_LIMIT_DIMENSION',
      raw_size: 'E_ONNX_TENSOR',
      dtype: 'E_ONNX_DTYPE',
      external: 'E_ONNX_EXTERNAL',
      missing_init: 'E_ONNX_MISSING',
      cycle: 'E_ONNX_CYCLE',
    });
  });

  it.each(MEANING)('%s is a sound graph, whose meaning is not the format’s business', async name => {
    const { architecture } = await readTensors(referenceBytes('corrupt', name), { nameHint: name });
    expect((architecture as OnnxModel).graph.nodes.length).toBeGreaterThan(0);
  });
});

// An encoder for messages written by hand
const varint = (n: number | bigint): number[] => {
  let rest = BigInt.asUintN(64, BigInt(n));
  const out: number[] = [];
  for (; rest > 127n; rest >>= 7n) out.push(Number(rest & 127n) | 128);
  return [...out, Number(rest)];
};
const num = (field: number, n: number | bigint) => [...varint(field * 8), ...varint(n)];
const len = (field: number, content: readonly number[] | string) => {
  const bytes = typeof content === 'string' ? [...Buffer.from(content)] : content;
  return [...varint(field * 8 + 2), ...varint(bytes.length), ...bytes];
};
const f32 = (...values: number[]) => [...new Uint8Array(Float32Array.of(...values).buffer)];
const model = (...graph: number[][]) => new Uint8Array([...num(1, 8), ...len(7, graph.flat())]);
const initializer = (...fields: number[][]) => len(5, [...len(8, 'w'), ...fields.flat()]);

describe('protocol buffers from strangers', () => {
  const code = async (bytes: Uint8Array, limits = DEFAULT_LIMITS) => (await refusal(() => readWhole(onnx, bytes, limits))).code;
  const node = (op: string, inputs: string[], outputs: string[]) =>
    len(1, [...inputs.flatMap(i => len(1, i)), ...outputs.flatMap(o => len(2, o)), ...len(4, op)]);

  it.each<[string, Uint8Array, string]>([
    ['field number 0', new Uint8Array([0, 1]), 'E_PROTOBUF'],
    ['a field number of 2^29', new Uint8Array([...varint(2 ** 32), 1]), 'E_PROTOBUF'],
    ['a group', new Uint8Array([0x0b, 0x0c]), 'E_PROTOBUF'],
    ['a graph that is a number', new Uint8Array(num(7, 1)), 'E_PROTOBUF'],
    ['a name that is no UTF-8', model(len(2, [0xff])), 'E_ENCODING'],
    ['two graphs', new Uint8Array([...len(7, []), ...len(7, [])]), 'E_PROTOBUF'],
    ['raw_data beside float_data', model(initializer(num(1, 1), num(2, 1), len(9, f32(1)), len(4, f32(1)))), 'E_ONNX_TENSOR'],
    ['data of another type', model(initializer(num(1, 1), num(2, 1), len(7, varint(5)))), 'E_ONNX_TENSOR'],
    ['too few values', model(initializer(num(1, 2), num(2, 1), len(4, f32(1)))), 'E_ONNX_TENSOR'],
    ['floats of 5 bytes', model(initializer(num(1, 1), num(2, 1), len(4, [1, 2, 3, 4, 5]))), 'E_PROTOBUF'],
    ['a value out of range', model(initializer(num(1, 1), num(2, 2), len(5, varint(256)))), 'E_ONNX_TENSOR'],
    ['a uint64 beyond 2^63', model(initializer(num(1, 1), num(2, 13), len(11, varint(2n ** 63n)))), 'E_INT_RANGE'],
    ['a packed varint without end', model(initializer(len(1, [0x80]), num(2, 1))), 'E_PROTOBUF'],
    ['nine dimensions', model(initializer(...Array.from({ length: 9 }, () => num(1, 1)), num(2, 1), len(4, f32(1)))), 'E_LIMIT_RANK'],
    ['a product of 2^62', model(initializer(num(1, 2 ** 31 - 1), num(1, 2 ** 31 - 1), num(2, 1))), 'E_ONNX_TENSOR'],
    ['a segment', model(initializer(num(1, 1), num(2, 1), len(3, []))), 'E_ONNX_TENSOR'],
    [
      'an external file outside the folder',
      model(initializer(num(1, 1), num(2, 1), len(13, [...len(1, 'location'), ...len(2, '../x')]))),
      'E_ONNX_EXTERNAL',
    ],
    ['two initializers of one name', model(initializer(num(1, 0), num(2, 1)), initializer(num(1, 0), num(2, 1))), 'E_ONNX_DUPLICATE'],
    ['a sparse initializer', model(len(15, [])), 'E_ONNX_SPARSE'],
    ['an output given twice', model(node('A', [], ['y']), node('B', [], ['y'])), 'E_ONNX_DUPLICATE'],
    ['an output that shadows an initializer', model(initializer(num(1, 0), num(2, 1)), node('A', [], ['w'])), 'E_ONNX_DUPLICATE'],
    ['a graph output that nothing gives', model(len(12, len(1, 'y'))), 'E_ONNX_MISSING'],
    ['a node that reads itself', model(node('A', ['y'], ['y'])), 'E_ONNX_CYCLE'],
    [
      'an attribute twice',
      model(len(1, [...len(5, [...len(1, 'a'), ...num(3, 1), ...num(20, 2)]), ...len(5, [...len(1, 'a'), ...num(3, 1), ...num(20, 2)])])),
      'E_ONNX_DUPLICATE',
    ],
    ['two operator sets of one domain', new Uint8Array([...len(8, num(2, 1)), ...len(8, num(2, 2))]), 'E_ONNX_DUPLICATE'],
  ])('%s is refused', async (_, bytes, expected) => {
    expect(await code(bytes)).toBe(expected);
  });

  it('takes packed and unpacked numbers mixed', async () => {
    const bytes = model(initializer(num(1, 2), len(1, varint(2)), num(2, 1), len(4, f32(1, 2)), [4 * 8 + 5, ...f32(3)], len(4, f32(4))));
    expect((await readWhole(onnx, bytes, DEFAULT_LIMITS)).tensors.get('w')).toEqual({
      shape: [2, 2],
      data: Float32Array.of(1, 2, 3, 4),
      dtype: 'f32',
    });
  });

  it('bounds the depth of messages', async () => {
    const deep = model(len(1, len(5, len(5, num(1, 1)))));
    expect(await code(deep, { ...DEFAULT_LIMITS, depth: 2 })).toBe('E_LIMIT_DEPTH');
  });

  it('sorts nodes that are out of order and says so', async () => {
    const bytes = model(node('B', ['a'], ['b']), node('C', ['b'], ['c']), node('A', [], ['a']));
    const { architecture, notes } = await readWhole(onnx, bytes, DEFAULT_LIMITS);
    expect((architecture as OnnxModel).graph.nodes.map(n => n.opType)).toEqual(['A', 'B', 'C']);
    expect(notes).toContain('the nodes were not in order of computation and were sorted');
  });

  it('guesses the type of attributes that state none, as IR version 1 does', async () => {
    const attribute = (...fields: number[][]) => len(5, fields.flat());
    const bytes = model(
      len(1, [
        ...attribute(len(1, 'f'), [2 * 8 + 5, ...f32(0.5)]),
        ...attribute(len(1, 'i'), num(3, -3)),
        ...attribute(len(1, 's'), len(4, 'x')),
        ...attribute(len(1, 'n'), num(8, 1), num(8, 2)),
      ]),
    );
    const [first] = ((await readWhole(onnx, bytes, DEFAULT_LIMITS)).architecture as OnnxModel).graph.nodes;
    expect(Object.fromEntries(first.attributes)).toEqual({
      f: { type: 'float', value: 0.5 },
      i: { type: 'int', value: -3n },
      s: { type: 'string', value: 'x' },
      n: { type: 'ints', value: [1n, 2n] },
    });
  });

  it('any bytes are read or refused, never worse', async () => {
    const good = referenceBytes('corrupt', 'onnx_ok_rnn.onnx');
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }), async edits => {
        const bytes = good.slice();
        for (const [at, byte] of edits) bytes[at] = byte;
        await readWhole(onnx, bytes, DEFAULT_LIMITS).catch(error => expect(error.code).toMatch(/^E_/));
      }),
      { numRuns: cases(2000) },
    );
  });
});

describe('ONNX written', () => {
  const graph = { name: 'g', inputs: [], outputs: [], initializers: new Map(), nodes: [] };
  const base: OnnxModel = { irVersion: 8, producerName: 'p', producerVersion: '', opsets: new Map([['', 14]]), graph };

  it('refuses what was not kept', async () => {
    const node = {
      name: '',
      opType: 'If',
      domain: '',
      inputs: [],
      outputs: [],
      attributes: new Map<string, OnnxAttribute>([['then_branch', { type: 'other' }]]),
    };
    expect((await refusal(() => writeOnnx({ ...base, graph: { ...graph, nodes: [node] } }))).code).toBe('E_ONNX_WRITE');
    const strings: OnnxTensor = { shape: [1], dtype: null, data: new Float32Array(0) };
    expect((await refusal(() => writeOnnx({ ...base, graph: { ...graph, initializers: new Map([['s', strings]]) } }))).code).toBe(
      'E_ONNX_WRITE',
    );
  });

  it('keeps every int64 and every length of message', async () => {
    const ints = fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(ints, fc.string({ maxLength: 300 }), async (values, name) => {
        const tensor: OnnxTensor = { shape: [values.length], dtype: 'i64', data: BigInt64Array.from(values) };
        const attributes = new Map<string, OnnxAttribute>([
          ['v', { type: 'ints', value: values }],
          ['t', { type: 'tensor', value: tensor }],
          ['s', { type: 'string', value: name }],
        ]);
        const written = { ...base, graph: { ...graph, nodes: [{ name, opType: 'X', domain: '', inputs: [''], outputs: [], attributes }] } };
        const read = modelOf(await readTensors(await writeOnnx(written)));
        const nodes = read.graph.nodes.map(({ offset: _, ...node }) => node);
        expect({ ...read, graph: { ...read.graph, nodes } }).toEqual(written);
      }),
      { numRuns: cases(100) },
    );
  });
});

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { writeZip } from '../../src/formats/bytes/zipWrite.js';
import { DEFAULT_LIMITS } from '../../src/formats/format.js';
import { detectFormat } from '../../src/formats/index.js';
import { pt } from '../../src/formats/pt.js';
import { memorySource } from '../../src/formats/source.js';
import { readTensors, readWhole } from '../helpers/readFormat.js';
import { expectCutsRefused, expectNumbers, REFERENCE, referenceBytes, refusal } from './reference.js';

describe('state dicts of the reference folder', () => {
  const names = readdirSync(join(REFERENCE, 'models', 'torch')).filter(f => f.endsWith('.pt'));
  it.each(names)('%s holds the tensors of the .safetensors and the .npz beside it', async name => {
    const file = await readTensors(referenceBytes('models', 'torch', name));
    expect(file.format).toBe('pt');
    for (const other of ['.safetensors', '.npz']) {
      const { tensors } = await readTensors(referenceBytes('models', 'torch', name.replace('.pt', other)));
      const weights = new Map([...tensors].filter(([key]) => !/^(x|y|input|output)/.test(key)));
      expect([...file.tensors.keys()].sort()).toEqual([...weights.keys()].sort());
      for (const [key, t] of weights) expect([key, file.tensors.get(key)]).toEqual([key, t]);
    }
    expect(names).toHaveLength(6);
  });

  it('the digits network is the same in .pt and .safetensors, in order', async () => {
    const a = await readTensors(referenceBytes('digits', 'digits_torch.pt'));
    const b = await readTensors(referenceBytes('digits', 'digits_torch.safetensors'));
    expect([...a.tensors]).toEqual([...b.tensors]);
  });

  it('refuses every cut', async () => {
    await expectCutsRefused(referenceBytes('models', 'torch', 'lstm_states_io_op14.pt'), 'a.pt');
  });
});

// An assembler for pickles: just enough to write what torch.save writes, and what an attacker would
const text = (s: string) => {
  const bytes = Buffer.from(s);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  return Buffer.concat([Buffer.from('X'), length, bytes]);
};
const op = (s: string) => Buffer.from(s, 'latin1');
const global = (module: string, name: string) => op(`c${module}\n${name}\n`);
const int = (n: number) => {
  const b = Buffer.alloc(5);
  b[0] = 0x4a;
  b.writeInt32LE(n, 1);
  return b;
};
const tuple = (...parts: Buffer[]) => Buffer.concat([op('('), ...parts, op('t')]);
const pickle = (...parts: Buffer[]) => Buffer.concat([op('\x80\x02'), ...parts, op('.')]);
const dict = (...pairs: Buffer[]) => Buffer.concat([op('}('), ...pairs, op('u')]);
interface View {
  type?: string;
  key?: string;
  length?: number;
  start?: number;
  shape?: number[];
  strides?: number[];
}
const storage = ({ type = 'FloatStorage', key = '0', length = 6 }: View = {}) =>
  Buffer.concat([tuple(text('storage'), global('torch', type), text(key), text('cpu'), int(length)), op('Q')]);
const tensor = (view: View = {}) => {
  const { start = 0, shape = [2, 3], strides = [3, 1] } = view;
  const hooks = Buffer.concat([global('collections', 'OrderedDict'), op(')R')]);
  return Buffer.concat([
    global('torch._utils', '_rebuild_tensor_v2'),
    tuple(storage(view), int(start), tuple(...shape.map(int)), tuple(...strides.map(int)), op('\x89'), hooks),
    op('R'),
  ]);
};
const six = new Uint8Array(Float32Array.of(1, 2, 3, 4, 5, 6).buffer);
const archive = (pkl: Uint8Array, extra: Record<string, Uint8Array> = {}) =>
  writeZip(new Map(Object.entries({ 'm/data.pkl': pkl, 'm/byteorder': Buffer.from('little'), 'm/data/0': six, ...extra })));
const read = async (pkl: Uint8Array, extra: Record<string, Uint8Array> = {}) => readWhole(pt, await archive(pkl, extra), DEFAULT_LIMITS);

describe('pickles written by hand', () => {
  it('give their tensors', async () => {
    const { tensors, metadata } = await read(pickle(dict(text('w'), tensor(), text('epoch'), int(7))));
    expect([...tensors]).toEqual([['w', { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6), dtype: 'f32' }]]);
    expect([...metadata]).toEqual([['epoch', '7']]);
  });

  it('give strided views in C order: transposed, cut out, a scalar, an empty one', async () => {
    const views: [View, number[], number[]][] = [
      [{ shape: [3, 2], strides: [1, 3] }, [3, 2], [1, 4, 2, 5, 3, 6]],
      [{ shape: [2, 2], strides: [3, 1], start: 1 }, [2, 2], [2, 3, 5, 6]],
      [{ shape: [2], strides: [3], start: 2 }, [2], [3, 6]],
      [{ shape: [], strides: [], start: 5 }, [], [6]],
      [{ shape: [0, 3], strides: [3, 1] }, [0, 3], []],
      [{ shape: [1, 6], strides: [99, 1] }, [1, 6], [1, 2, 3, 4, 5, 6]],
    ];
    for (const [view, shape, values] of views) {
      const t = (await read(pickle(dict(text('w'), tensor(view))))).tensors.get('w')!;
      expect(t.shape).toEqual(shape);
      expectNumbers(t.data, values);
    }
  });

  it('name tensors in nested dicts and lists by dots', async () => {
    const inner = dict(text('w'), tensor());
    const { tensors } = await read(
      pickle(dict(text('model'), inner, text('list'), Buffer.concat([op(']('), tensor(), tensor(), op('e')]))),
    );
    expect([...tensors.keys()]).toEqual(['model.w', 'list.0', 'list.1']);
  });

  it('read parameters and the state of an OrderedDict', async () => {
    const ordered = Buffer.concat([global('collections', 'OrderedDict'), op(')R')]);
    const parameter = Buffer.concat([global('torch._utils', '_rebuild_parameter'), tuple(tensor(), op('\x88'), ordered), op('R')]);
    const state = dict(text('_metadata'), ordered);
    expect([...(await read(pickle(ordered, text('w'), parameter, op('s'), state, op('b')))).tensors.keys()]).toEqual(['w']);
  });

  it.each([
    ['HalfStorage', new Uint8Array([0, 0x3c, 0, 0xc0]), 'f16', [1, -2]],
    ['BFloat16Storage', new Uint8Array([0x80, 0x3f, 0, 0xc0]), 'bf16', [1, -2]],
    ['DoubleStorage', new Uint8Array(Float64Array.of(0.1, -2).buffer), 'f64', [0.1, -2]],
    ['LongStorage', new Uint8Array(BigInt64Array.of(5n, -6n).buffer), 'i64', [5, -6]],
    ['BoolStorage', new Uint8Array([1, 0]), 'bool', [1, 0]],
  ])('read %s', async (type, bytes, dtype, values) => {
    const t = (
      await read(pickle(dict(text('w'), tensor({ type, length: 2, shape: [2], strides: [1] }))), { 'm/data/0': bytes })
    ).tensors.get('w')!;
    expect([t.dtype, Array.from(t.data)]).toEqual([dtype, values]);
  });
});

describe('pickles from strangers', () => {
  const refused = async (pkl: Uint8Array, extra: Record<string, Uint8Array> = {}) => {
    const error = await refusal(() => read(pkl, extra));
    return `${error.code} ${error.message}`;
  };

  it.each([
    [
      'GLOBAL',
      pickle(global('os', 'system'), tuple(text('true')), op('R')),
      /^E_PT_GLOBAL offset \d+: the pickle refers to 'os.system', which is not loaded$/,
    ],
    ['STACK_GLOBAL', pickle(text('builtins'), text('eval'), op('\x93')), /^E_PT_GLOBAL offset \d+: .*'builtins.eval'/],
    ['a network class', pickle(global('__main__', 'Net')), /whole Python object/],
    ['INST', pickle(op('(ios\nsystem\n')), /^E_PT_OPCODE offset \d+: the pickle opcode INST \(0x69\)/],
    ['OBJ', pickle(op('(o')), /OBJ/],
    ['NEWOBJ', pickle(op('\x81')), /NEWOBJ/],
    ['EXT1', pickle(op('\x82\x01')), /EXT1/],
    ['EXT4', pickle(op('\x84\x01\0\0\0')), /EXT4/],
    ['PERSID', pickle(op('P0\n')), /PERSID/],
    ['NEXT_BUFFER', pickle(op('\x97')), /NEXT_BUFFER/],
    ['an unknown opcode', pickle(op('\xff')), /unknown \(0xff\)/],
    ['BUILD of a tensor', pickle(tensor(), dict(), op('b')), /^E_PT_OPCODE .*BUILD/],
    ['REDUCE of a storage', pickle(global('torch', 'FloatStorage'), op(')R')), /^E_PT_GLOBAL .*calls/],
    ['OrderedDict of arguments', pickle(global('collections', 'OrderedDict'), tuple(int(1)), op('R')), /from arguments/],
    ['_load_from_bytes', pickle(global('torch.storage', '_load_from_bytes')), /torch.storage._load_from_bytes/],
    ['an empty stack', pickle(op('R')), /empty stack/],
    ['a mark that was never set', pickle(op('t')), /mark/],
    ['an unwritten memo', pickle(op('h\x05')), /memo 5/],
    ['a huge LONG4', pickle(op('\x8b\xff\xff\xff\x7f')), /^E_PT_PICKLE offset \d+: expected 2147483647 bytes of integer/],
    ['an integer of 200 bytes', pickle(op(`\x8a\xc8${'\x01'.repeat(200)}`)), /an integer of 200 bytes/],
    ['a frame past the end', pickle(op('\x95\xff\xff\xff\xff\xff\xff\xff\x7f')), /expected 9223372036854775807 bytes of frame/],
    ['a string past the end', pickle(op('\x8d\xff\xff\xff\xff\0\0\0\0')), /expected 4294967295 bytes of string/],
    ['values left over', pickle(int(1), int(2)), /left over/],
    ['bytes after the end', Buffer.concat([pickle(int(1)), op('cos\nsystem\n')]), /11 bytes follow the end/],
    ['no end', op('\x80\x02}'), /expected 1 bytes of opcode, found 0/],
    ['protocol 0', op('\x80\x00}.'), /protocol 0/],
    ['a key set twice', pickle(dict(text('w'), tensor(), text('w'), tensor())), /^E_PT_DUPLICATE .*'w'/],
    ['a tensor as key', pickle(dict(tensor(), tensor())), /neither a string nor a number/],
    ['items of a list', pickle(op(']'), int(1), int(2), op('s')), /no dict/],
    ['append to a dict', pickle(op('}'), int(1), op('a')), /no list/],
    ['a bare storage', pickle(dict(text('w'), storage())), /'w' is a storage/],
  ])('%s is refused', async (_, pkl, expected) => {
    expect(await refused(pkl)).toMatch(expected);
  });

  it.each<[string, View, RegExp]>([
    ['a storage key that leaves the archive', { key: '../x' }, /storage key '..\/x' is no number/],
    ['a storage that is not there', { key: '7' }, /no member 'm\/data\/7'/],
    ['a storage of another size', { length: 7 }, /^E_PT_STORAGE offset \d+: storage 0 should have 28 bytes/],
    ['a view past its storage', { start: 1 }, /^E_PT_VIEW .*reach element 6 of a storage of 6/],
    ['a negative stride', { strides: [-3, 1] }, /none negative/],
    ['a negative size', { shape: [-2, -3] }, /none negative/],
    ['elements that overlap', { strides: [1, 1] }, /^E_PT_VIEW .*overlap/],
    ['a stride of 0', { shape: [2, 3], strides: [0, 1] }, /overlap/],
    ['one size too few', { shape: [2] }, /as many strides/],
    ['a rank over the limit', { shape: new Array(9).fill(1), strides: new Array(9).fill(1) }, /^E_LIMIT_RANK/],
    ['an unknown storage type', { type: 'QInt8Storage' }, /torch.QInt8Storage/],
  ])('%s is refused', async (_, view, expected) => {
    expect(await refused(pickle(dict(text('w'), tensor(view))))).toMatch(expected);
  });

  it('a pickle that unfolds without end is stopped', async () => {
    // each dict holds the one before twice: 2^40 tensors in 1 kB
    const layers = Array.from({ length: 40 }, (_, i) =>
      Buffer.concat([
        op('}('),
        text('a'),
        op(`h${String.fromCharCode(i)}`),
        text('b'),
        op(`h${String.fromCharCode(i)}`),
        op(`uq${String.fromCharCode(i + 1)}`),
      ]),
    );
    expect(
      await refused(
        pickle(
          dict(),
          op('q\0'),
          ...layers,
          Buffer.concat([op('('), ...layers.map((_, i) => op(`h${String.fromCharCode(i)}`)), op('t')]),
          op('\x86'),
        ),
      ),
    ).toMatch(/E_PT_PICKLE|E_LIMIT_TENSORS/);
  });

  it('a list that holds itself is stopped', async () => {
    expect(await refused(pickle(op(']q\0h\0a')))).toMatch(/^E_LIMIT_DEPTH/);
  });

  it('other forms of .pt are refused by name', async () => {
    const legacy = new Uint8Array([0x80, 2, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e]);
    expect((await refusal(() => readTensors(legacy, { nameHint: 'a.pt' }))).message).toContain('before PyTorch 1.6');
    expect((await refusal(() => readTensors(new Uint8Array([0x80, 4, 0x4e, 0x2e])))).message).toContain('a bare pickle');
    expect(await refused(pickle(dict()), { 'm/constants.pkl': six })).toMatch(/^E_PT_TORCHSCRIPT/);
    expect(await refused(pickle(dict()), { 'm/code/__torch__.py': six })).toMatch(/^E_PT_TORCHSCRIPT/);
    expect(await refused(pickle(dict()), { 'm/byteorder': Buffer.from('big') })).toMatch(/^E_PT_BYTEORDER .*'big'/);
    expect(await refused(pickle(dict()), { 'n/data.pkl': pickle(dict()) })).toMatch(/expected one data.pkl in the archive, found 2/);
    expect(detectFormat(memorySource(await archive(pickle(dict())))).name).toBe('pt');
  });

  it('a pickle over the header limit is refused before it is read', async () => {
    const bytes = await archive(pickle(dict(text('w'), tensor())));
    expect((await refusal(() => readWhole(pt, bytes, { ...DEFAULT_LIMITS, headerBytes: 50 }))).code).toBe('E_LIMIT_HEADER');
    expect((await refusal(() => readWhole(pt, bytes, { ...DEFAULT_LIMITS, totalBytes: 23 }))).code).toBe('E_LIMIT_BYTES');
  });
});

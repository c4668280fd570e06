import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DEFAULT_LIMITS } from '../../src/formats/format.js';
import { detectFormat } from '../../src/formats/index.js';
import { pt } from '../../src/formats/pt.js';
import { memorySource } from '../../src/formats/source.js';
import { readTensors, readWhole } from '../helpers/readFormat.js';
import { writeZip } from '../helpers/writeZip.js';
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

// pickle.dumps of [[0.5, -2], [0.001, 3]], Python 3.11
const ARRAY =
  'cnumpy._core.multiarray\n_reconstruct\np0\n(cnumpy\nndarray\np1\n(I0\ntp2\nc_codecs\nencode\np3\n(Vb\np4\nVlatin1\np5\ntp6\nRp7\ntp8\nRp9\n(I1\n(I2\nI2\ntp10\ncnumpy\ndtype\np11\n(Vf4\np12\nI00\nI01\ntp13\nRp14\n(I3\nV<\np15\nNNNI-1\nI-1\nI0\ntp16\nbI00\ng3\n(V\\u0000\\u0000\\u0000?\\u0000\\u0000\\u0000\xc0o\x12\x83:\\u0000\\u0000@@\np17\ng5\ntp18\nRp19\ntp20\nb';
describe('pickles without a magic number', () => {
  const [y, list] = [Float32Array.of(0.5, -2, 0.001, 3), Float64Array.of(0.5, -2, 0.001, 3)];
  it.each<[string, string, Float32Array | Float64Array]>([
    ['an array, protocol 0', `${ARRAY}.`, y],
    ['a dict with an array, protocol 0', `(dp0\nVy\np31\n${ARRAY}s.`, y],
    ['a list of an array, protocol 0', `(lp0\n${ARRAY}a.`, y],
    ['a list of lists, protocol 0', '(lp0\n(lp1\nF0.5\naF-2.0\naa(lp2\nF0.001\naF3.0\naa.', list],
    [
      'a list of lists, protocol 1',
      ']q\0(]q\x01(G?\xe0\0\0\0\0\0\0G\xc0\0\0\0\0\0\0\0e]q\x02(G?PbM\xd2\xf1\xa9\xfcG@\x08\0\0\0\0\0\0ee.',
      list,
    ],
  ])('%s', async (_, text, data) => {
    const { format, tensors } = await readTensors(Buffer.from(text, 'latin1'));
    expect([format, [...tensors.values()]]).toEqual(['pt', [{ shape: [2, 2], dtype: data === y ? 'f32' : 'f64', data }]]);
  });

  it('are no tables and no arrays that were printed', () => {
    for (const text of ['[0.5, -2.]\n[3., 4.].', '(1, 2.5).', 'cnumpy\nx.', 'count\n1\n2.'])
      expect(pt.sniff(memorySource(Buffer.from(text)))).toBe(false);
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

describe('what stands beside the tensors', () => {
  const object = (module: string, name: string, state: Buffer) => Buffer.concat([global(module, name), op(')\x81'), state, op('b')]);

  it('is a record, named in a note, with the tensors in its attributes', async () => {
    const args = object('argparse', 'Namespace', dict(text('lr'), op('G\x3f\xb9\x99\x99\x99\x99\x99\x9a'), text('w'), tensor()));
    const system = Buffer.concat([global('os', 'system'), text('true'), op('\x85R')]);
    const { tensors, metadata, notes } = await read(pickle(dict(text('args'), args, text('evil'), system, text('epoch'), int(3))));
    expect([...tensors.keys()]).toEqual(['args.w']);
    expect([...metadata]).toEqual([
      ['args', 'argparse.Namespace(lr=0.1, w=a tensor)'],
      ['evil', 'os.system(true)'],
      ['epoch', '3'],
    ]);
    expect(notes).toEqual(['kept as records, not loaded: argparse.Namespace, os.system']);
  });

  it('is told apart by the dicts it stands in', async () => {
    const { sets } = await read(
      pickle(dict(text('model'), dict(text('a.w'), tensor()), text('opt'), dict(int(0), dict(text('m'), tensor())))),
    );
    expect(sets).toEqual(
      new Map([
        ['model', ['model.a.w']],
        ['opt.0', ['opt.0.m']],
      ]),
    );
  });

  it('of kinds that are not read is left out: complex numbers, quantised channels', async () => {
    const { tensors, notes } = await read(pickle(dict(text('z'), tensor({ type: 'ComplexFloatStorage' }), text('w'), tensor())));
    expect([...tensors.keys()]).toEqual(['w']);
    expect(notes[0]).toContain('torch._utils._rebuild_tensor_v2');
  });

  it('of one scale for all is dequantised', async () => {
    const scheme = tuple(global('torch', 'per_tensor_affine'), op('G\x3f\xe0\0\0\0\0\0\0'), int(1));
    const q = Buffer.concat([
      global('torch._utils', '_rebuild_qtensor'),
      tuple(storage({ type: 'QInt8Storage', length: 2 }), int(0), tuple(int(2)), tuple(int(1)), scheme, op('\x89'), dict()),
      op('R'),
    ]);
    const t = (await read(pickle(dict(text('w'), q)), { 'm/data/0': new Uint8Array([3, 0xff]) })).tensors.get('w')!;
    expect([t.dtype, [...t.data]]).toEqual(['f32', [1, -1]]);
  });

  it('has the names of a state dict where it is a whole module, whose attributes are kept as they are', async () => {
    const module = (name: string, own: Buffer[], children: Buffer[], attributes: Buffer[]) =>
      object(
        '__main__',
        name,
        dict(text('_parameters'), dict(...own), text('_buffers'), dict(), text('_modules'), dict(...children), ...attributes),
      );
    const inner = module(
      'LSTM',
      [text('weight'), tensor(), text('bias'), op('N')],
      [],
      [text('hidden_size'), int(5), text('hooks'), dict()],
    );
    const file = await read(pickle(module('Net', [], [text('lstm'), inner], [text('training'), op('\x89')])));
    expect([...file.tensors.keys()]).toEqual(['lstm.weight']);
    expect(file.architecture).toEqual(
      new Map([
        [
          '',
          {
            className: '__main__.Net',
            attributes: new Map([['training', false]]),
            children: new Map([['lstm', { className: '__main__.LSTM', attributes: new Map([['hidden_size', 5]]), children: new Map() }]]),
          },
        ],
      ]),
    );
  });
});

describe('the form before PyTorch 1.6', () => {
  const magic = Buffer.from([0x80, 2, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e]);
  const protocol = pickle(op('M\xe9\x03'));
  const count = (n: number) => Buffer.from(BigInt64Array.of(BigInt(n)).buffer);
  const key = '94012345678901';
  interface Parts {
    protocol?: Buffer;
    system?: Buffer;
    object?: Buffer;
    keys?: Buffer;
    numbers?: Buffer;
  }
  const legacy = (parts: Parts = {}) =>
    new Uint8Array(
      Buffer.concat([
        magic,
        parts.protocol ?? protocol,
        parts.system ?? pickle(dict(text('little_endian'), op('\x88'))),
        parts.object ?? pickle(dict(text('w'), tensor({ key }))),
        parts.keys ?? pickle(op(']'), text(key), op('a')),
        parts.numbers ?? Buffer.concat([count(6), six]),
      ]),
    );
  const readLegacy = (parts: Parts = {}) => readWhole(pt, legacy(parts), DEFAULT_LIMITS);

  it('has its numbers behind five pickles', async () => {
    expect([...(await readLegacy()).tensors]).toEqual([['w', { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6), dtype: 'f32' }]]);
    expect(detectFormat(memorySource(legacy())).name).toBe('pt');
  });

  it('may have views of storages, and modules with their source', async () => {
    const view = Buffer.concat([
      tuple(text('storage'), global('torch', 'FloatStorage'), text(key), text('cpu'), int(6), tuple(text('1'), int(2), int(4))),
      op('Q'),
    ]);
    const t = Buffer.concat([
      global('torch._utils', '_rebuild_tensor_v2'),
      tuple(view, int(1), tuple(int(3)), tuple(int(1)), op('\x89'), dict()),
      op('R'),
    ]);
    expect([...(await readLegacy({ object: pickle(dict(text('w'), t)) })).tensors.get('w')!.data]).toEqual([4, 5, 6]);
    const source = Buffer.concat([tuple(text('module'), global('__main__', 'Net'), text('net.py'), text('class Net')), op('Q')]);
    const object = pickle(dict(text('net'), Buffer.concat([source, op(')\x81}b')]), text('w'), tensor({ key })));
    expect((await readLegacy({ object })).notes).toEqual(['kept as records, not loaded: __main__.Net']);
  });

  it.each<[string, Parts, RegExp]>([
    ['another protocol', { protocol: pickle(op('M\xea\x03')) }, /^E_PT_LEGACY protocol 1002; only 1001 is read/],
    ['big-endian numbers', { system: pickle(dict(text('little_endian'), op('\x89'))) }, /big-endian/],
    ['keys that are no text', { keys: pickle(op(']'), int(1), op('a')) }, /the storage keys are not a list of strings/],
    ['a key of no tensor', { keys: pickle(op(']'), text('7'), op('a')) }, /storage 7 is of no tensor/],
    ['no count', { numbers: Buffer.alloc(0) }, /the count of storage \d+ is missing/],
    ['a count beyond the file', { numbers: Buffer.concat([count(7), six]) }, /storage \d+ of 7 numbers ends beyond the file/],
    ['a negative count', { numbers: Buffer.concat([count(-1), six]) }, /of -1 numbers/],
    ['another count than the tensor says', { numbers: Buffer.concat([count(5), six.subarray(4)]) }, /^E_PT_STORAGE .*should have 24 bytes/],
    ['bytes behind the last storage', { numbers: Buffer.concat([count(6), six, six]) }, /24 bytes follow the last storage/],
    ['a storage that has no numbers', { keys: pickle(op(']')), numbers: Buffer.alloc(0) }, /^E_PT_STORAGE the file has no storage/],
  ])('is refused with %s', async (_, parts, expected) => {
    const error = await refusal(() => readLegacy(parts));
    expect(`${error.code} ${error.message}`).toMatch(expected);
  });

  it('is refused at every cut', async () => {
    const bytes = legacy();
    for (let n = 0; n < bytes.length; n++) await refusal(() => readWhole(pt, bytes.subarray(0, n), DEFAULT_LIMITS));
  });

  it('may have pickles of as many bytes as a header', async () => {
    const limits = { ...DEFAULT_LIMITS, headerBytes: 100 };
    expect(await refusal(() => readWhole(pt, legacy(), limits))).toMatchObject({ code: 'E_LIMIT_HEADER', exit: 5 });
  });
});

describe('pickles from strangers', () => {
  const refused = async (pkl: Uint8Array, extra: Record<string, Uint8Array> = {}) => {
    const error = await refusal(() => read(pkl, extra));
    return `${error.code} ${error.message}`;
  };

  it.each([
    ['EXT1', pickle(op('\x82\x01')), /EXT1/],
    ['EXT4', pickle(op('\x84\x01\0\0\0')), /EXT4/],
    ['PERSID', pickle(op('P0\n')), /PERSID/],
    ['NEXT_BUFFER', pickle(op('\x97')), /NEXT_BUFFER/],
    ['an unknown opcode', pickle(op('\xff')), /unknown \(0xff\)/],
    ['OrderedDict of arguments', pickle(global('collections', 'OrderedDict'), tuple(int(1)), op('R')), /from arguments that are not pairs/],
    ['an empty stack', pickle(op('R')), /empty stack/],
    ['a mark that was never set', pickle(op('t')), /mark/],
    ['an unwritten memo', pickle(op('h\x05')), /memo 5/],
    ['a huge LONG4', pickle(op('\x8b\xff\xff\xff\x7f')), /^E_PT_PICKLE offset \d+: expected 2147483647 bytes of integer/],
    ['a frame past the end', pickle(op('\x95\xff\xff\xff\xff\xff\xff\xff\x7f')), /expected 9223372036854775807 bytes of frame/],
    ['a string past the end', pickle(op('\x8d\xff\xff\xff\xff\0\0\0\0')), /expected 4294967295 bytes of string/],
    ['values left over', pickle(int(1), int(2)), /left over/],
    ['bytes after the end', Buffer.concat([pickle(int(1)), op('cos\nsystem\n')]), /11 bytes follow the end/],
    ['no end', op('\x80\x02}'), /expected 1 bytes of opcode, found 0/],
    ['a key set twice', pickle(dict(text('w'), tensor(), text('w'), tensor())), /^E_PT_DUPLICATE .*'w'/],
    ['items of a list', pickle(op(']'), int(1), int(2), op('s')), /not a dict/],
    ['append to a dict', pickle(op('}'), int(1), op('a')), /not a list/],
  ])('%s is refused', async (_, pkl, expected) => {
    expect(await refused(pkl)).toMatch(expected);
  });

  it.each<[string, View, RegExp]>([
    ['a storage key that leaves the archive', { key: '../x' }, /storage key '..\/x' is not a number/],
    ['a storage that is not there', { key: '7' }, /no member 'm\/data\/7'/],
    ['a storage of another size', { length: 7 }, /^E_PT_STORAGE offset \d+: storage 0 should have 28 bytes/],
    ['a view past its storage', { start: 1 }, /^E_PT_VIEW .*reach element 6 of a storage of 6/],
    ['a negative stride', { strides: [-3, 1] }, /none negative/],
    ['a negative size', { shape: [-2, -3] }, /none negative/],
    ['elements that overlap', { strides: [1, 1] }, /^E_PT_VIEW .*overlap/],
    ['a stride of 0', { shape: [2, 3], strides: [0, 1] }, /overlap/],
    ['one size too few', { shape: [2] }, /as many strides/],
    ['a rank over the limit', { shape: new Array(9).fill(1), strides: new Array(9).fill(1) }, /^E_LIMIT_RANK/],
  ])('%s is refused', async (_, view, expected) => {
    expect(await refused(pickle(dict(text('w'), tensor(view))))).toMatch(expected);
  });

  it('a pickle that unfolds without end is read once, as one that holds itself is', async () => {
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
    const nested = pickle(
      dict(text('w'), tensor()),
      op('q\0'),
      ...layers,
      op('('),
      ...layers.map((_, i) => op(`h${String.fromCharCode(i)}`)),
      op('t\x86'),
    );
    expect(await refused(nested)).toMatch(/E_PT_PICKLE/);
    const once = pickle(dict(text('w'), tensor()), op('q\0'), op('('), ...layers, op(`h${String.fromCharCode(40)}t\x86`));
    expect((await read(once)).tensors.size).toBe(1);
    expect((await read(pickle(op(']q\0h\0a'), tensor(), op('a')))).tensors.size).toBe(1);
  });

  it('a pickle nested too deep is stopped', async () => {
    expect(await refused(pickle(op(']'.repeat(70)), op('a'.repeat(69))))).toMatch(/^E_LIMIT_DEPTH/);
  });

  it('other forms of .pt are refused by name', async () => {
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

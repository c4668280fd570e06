import { readPickle } from '../../src/formats/bytes/pickle.js';
import { cat, u16, u32, u64 } from '../helpers/hostile/bytes.js';
import { fieldsOf, said } from '../helpers/said.js';

// Opcodes and their arguments as CPython's Lib/pickletools.py has them, assembled here
const read = (...parts: (Uint8Array | string)[]) => readPickle(new Uint8Array(cat(...parts)), {}, 1000);
const text = (s: string) => cat('X', u32(Buffer.byteLength(s)), Buffer.from(s));
const f64 = (x: number) => {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(x);
  return bytes;
};
const global = (module: string, name: string) => `c${module}\n${name}\n`;
const ORDERED = global('collections', 'OrderedDict');
const FIX = ' | fix: in Python: torch.save(model.state_dict(), file)';

describe('a pickle of plain values', () => {
  it.each<[string, (Uint8Array | string)[], unknown]>([
    ['NONE', ['N'], null],
    ['NEWTRUE', ['\x88'], true],
    ['NEWFALSE', ['\x89'], false],
    ['BININT', ['J', u32(-5)], -5],
    ['BININT1', ['K\xff'], 255],
    ['BININT2', ['M', u16(65535)], 65535],
    ['LONG1 of no bytes', ['\x8a\x00'], 0],
    ['LONG1', ['\x8a\x02', Uint8Array.of(0, 128)], -32768],
    ['LONG1 of 8 bytes', ['\x8a\x08', u64(2n ** 53n - 1n)], 2 ** 53 - 1],
    ['LONG1, negative', ['\x8a\x07', Uint8Array.of(1, 0, 0, 0, 0, 0, 0xe0)], -(2 ** 53) + 1],
    ['LONG4', ['\x8b', u32(3), Uint8Array.of(1, 2, 3)], 0x030201],
    ['BINFLOAT', ['G', f64(-1.5)], -1.5],
    ['BINUNICODE', ['X', u32(3), Buffer.from('é!')], 'é!'],
    ['SHORT_BINUNICODE', ['\x8c\x02ab'], 'ab'],
    ['BINUNICODE8', ['\x8d', u64(2), 'ab'], 'ab'],
    ['BINSTRING', ['T', u32(2), 'ab'], 'ab'],
    ['SHORT_BINSTRING', ['U\x02ab'], 'ab'],
    ['EMPTY_TUPLE', [')'], []],
    ['EMPTY_LIST', [']'], []],
    ['EMPTY_DICT', ['}'], new Map()],
    ['TUPLE', ['(K\x01K\x02t'], [1, 2]],
    ['LIST', ['(K\x01K\x02l'], [1, 2]],
    ['TUPLE1', ['K\x01\x85'], [1]],
    ['TUPLE2', ['K\x01K\x02\x86'], [1, 2]],
    ['TUPLE3', ['K\x01K\x02K\x03\x87'], [1, 2, 3]],
    ['DICT', ['(K\x01K\x02d'], new Map([[1, 2]])],
    ['APPEND', [']K\x01aK\x02a'], [1, 2]],
    ['APPENDS', [']K\x01a(K\x02K\x03e'], [1, 2, 3]],
    ['SETITEM', ['}', text('a'), 'K\x01s'], new Map([['a', 1]])],
    [
      'SETITEMS',
      ['}(', text('a'), 'K\x01', text('b'), 'K\x02u'],
      new Map([
        ['a', 1],
        ['b', 2],
      ]),
    ],
    ['BINPUT and BINGET', ['K\x05q\x07K\x06h\x07\x87'], [5, 6, 5]],
    ['LONG_BINPUT and LONG_BINGET', ['K\x05r', u32(300), 'K\x06j', u32(300), '\x87'], [5, 6, 5]],
    ['MEMOIZE', ['K\x05\x94K\x06\x94h\x01\x87'], [5, 6, 6]],
    ['MEMOIZE after BINPUT', ['K\x05q\x00K\x06\x94h\x01\x87'], [5, 6, 6]],
    ['FRAME', ['\x95', u64(2), 'K\x01'], 1],
    ['marks inside marks', ['(K\x01(K\x02tt'], [1, [2]]],
    ['an OrderedDict', [ORDERED, ')R'], new Map()],
    ['an OrderedDict with a state', [ORDERED, ')R}b'], new Map()],
    ['a name', [ORDERED], { kind: 'global', name: 'collections.OrderedDict' }],
    ['a name from the stack', [text('torch'), text('FloatStorage'), '\x93'], { kind: 'global', name: 'torch.FloatStorage' }],
    ['LONG1 beyond 2^53', ['\x8a\x09', Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 1)], 2n ** 64n],
    ['BINBYTES', ['B', u32(2), 'ab'], Uint8Array.of(97, 98)],
    ['SHORT_BINBYTES', ['C\x02ab'], Uint8Array.of(97, 98)],
    ['BINBYTES8', ['\x8e', u64(1), 'a'], Uint8Array.of(97)],
    ['BYTEARRAY8', ['\x96', u64(1), 'a'], Uint8Array.of(97)],
    ['bytes of protocol 2', [global('_codecs', 'encode'), text('a\u00ff'), text('latin1'), '\x86R'], Uint8Array.of(97, 255)],
    ['a text of Python 2 that is UTF-8', ['U\x02\xc3\xa9'], 'é'],
    ['a text of Python 2 that is none', ['U\x02\xe9!'], 'é!'],
    ['INT', ['I-12\n'], -12],
    ['INT of a boolean', ['I01\n'], true],
    ['LONG', ['L12L\n'], 12],
    ['FLOAT', ['F-1.5e3\n'], -1500],
    ['FLOAT that is none', ['Fnan\n'], Number.NaN],
    ['STRING', ["S'it\\'s \\x41\\n'\n"], "it's A\n"],
    ['UNICODE', ['Va\\u00e9\n'], 'aé'],
    ['GET and PUT', ['K\x05p3\nK\x06g3\n\x87'], [5, 6, 5]],
    ['POP', ['K\x05K\x060'], 5],
    ['POP of a mark', ['K\x05(0'], 5],
    ['POP_MARK', ['K\x05(K\x06K\x071'], 5],
    ['DUP', ['K\x052\x86'], [5, 5]],
    ['a set', ['\x8f(K\x01K\x02\x90'], [1, 2]],
    ['a frozen set', ['(K\x01K\x02\x91'], [1, 2]],
    [
      'keys of every kind',
      ['}(NK\x01K\x02\x85K\x03u'],
      new Map<unknown, unknown>([
        [null, 1],
        [[2], 3],
      ]),
    ],
    ['an OrderedDict of Python 2', [ORDERED, '](', text('a'), 'K\x01\x86e\x85R'], new Map([['a', 1]])],
    [
      'a defaultdict',
      [global('collections', 'defaultdict'), global('builtins', 'list'), '\x85R', text('a'), 'K\x01s'],
      new Map([['a', 1]]),
    ],
    ['a size', [global('torch', 'Size'), '(K\x02K\x03t\x85R'], [2, 3]],
    ['a set of Python 2', [global('__builtin__', 'set'), ']K\x01a\x85R'], [1]],
    ['any other name', [global('os', 'system')], { kind: 'global', name: 'os.system' }],
    ['any other call', [global('os', 'system'), text('true'), '\x85R'], { kind: 'object', name: 'os.system', args: ['true'] }],
    ['a call of a result', [global('a', 'f'), ')R)R'], { kind: 'object', name: 'a.f', args: [] }],
    [
      'NEWOBJ',
      [global('argparse', 'Namespace'), ')\x81}', text('lr'), 'K\x01sb'],
      { kind: 'object', name: 'argparse.Namespace', args: [], state: new Map([['lr', 1]]) },
    ],
    ['NEWOBJ_EX', [global('a', 'B'), 'K\x01\x85}\x92'], { kind: 'object', name: 'a.B', args: [1, new Map()] }],
    ['INST', ['(K\x01ia\nB\n'], { kind: 'object', name: 'a.B', args: [1] }],
    ['OBJ', ['(', global('a', 'B'), 'K\x01o'], { kind: 'object', name: 'a.B', args: [1] }],
    [
      'an object that is a dict',
      [global('a', 'B'), ')\x81(K\x01K\x02u'],
      { kind: 'object', name: 'a.B', args: [], items: new Map([[1, 2]]) },
    ],
    ['an object that is a list', [global('a', 'B'), ')\x81(K\x01K\x02e'], { kind: 'object', name: 'a.B', args: [], list: [1, 2] }],
  ])('%s', (_, parts, value) => {
    expect(read('\x80\x02', ...parts, '.')).toEqual(value);
    expect(read(...parts, '.')).toEqual(value);
  });

  it('has protocol 0 to 5', () => {
    expect([0, 1, 2, 3, 4, 5].map(n => read(Uint8Array.of(0x80, n), 'N.'))).toEqual([null, null, null, null, null, null]);
    for (const n of [6, 255])
      expect(said(() => read(Uint8Array.of(0x80, n), 'N.'))).toBe(
        `E_PT_PICKLE data.pkl: offset 1000: pickle protocol ${n}; 0 to 5 are read`,
      );
  });
});

const STORAGES: readonly (readonly [name: string, dtype: string])[] = [
  ['FloatStorage', 'f32'],
  ['DoubleStorage', 'f64'],
  ['HalfStorage', 'f16'],
  ['BFloat16Storage', 'bf16'],
  ['LongStorage', 'i64'],
  ['IntStorage', 'i32'],
  ['ShortStorage', 'i16'],
  ['CharStorage', 'i8'],
  ['ByteStorage', 'u8'],
  ['BoolStorage', 'bool'],
];
const storage = ({
  word = text('storage'),
  type = global('torch', 'FloatStorage'),
  key = text('0'),
  length = 'K\x06' as Uint8Array | string,
} = {}) => cat('(', word, type, key, text('cpu'), length, 'tQ');
const STORAGE = { kind: 'storage', dtype: 'f32', key: '0', length: 6 };
const REBUILD = global('torch._utils', '_rebuild_tensor_v2');
const PARAMETER = global('torch._utils', '_rebuild_parameter');
interface View {
  first?: Uint8Array;
  start?: string;
  shape?: string;
  strides?: string;
  rest?: string;
}
const tensor = ({ first = storage(), start = 'K\x01', shape = 'K\x02K\x03\x86', strides = 'K\x03K\x01\x86', rest = '\x89}' }: View = {}) =>
  cat(REBUILD, '(', first, start, shape, strides, rest, 'tR');
const TENSOR = { kind: 'tensor', storage: STORAGE, start: 1, shape: [2, 3], strides: [3, 1] };

describe('what PyTorch writes', () => {
  it.each(STORAGES)('torch.%s holds %s', (name, dtype) => {
    expect(read(storage({ type: global('torch', name) }), '.')).toEqual({ ...STORAGE, dtype });
  });

  it('tensors and parameters', () => {
    expect(read(tensor(), '.')).toEqual(TENSOR);
    expect(read(tensor({ shape: ')', strides: ')' }), '.')).toEqual({ ...TENSOR, shape: [], strides: [] });
    expect(read(tensor({ rest: '\x89}N' }), '.')).toEqual(TENSOR);
    expect(read(PARAMETER, '(', tensor(), '\x88}tR.')).toEqual(TENSOR);
  });

  const TENSOR_NEEDS = 'a tensor needs a storage, an offset, sizes and as many strides, none negative';
  it.each<[string, (Uint8Array | string)[], string]>([
    ['a tensor of no storage', [tensor({ first: Buffer.from('N') })], TENSOR_NEEDS],
    ['a tensor of a name', [tensor({ first: cat(ORDERED) })], TENSOR_NEEDS],
    ['a tensor of a tensor', [tensor({ first: tensor() })], TENSOR_NEEDS],
    ['a negative offset', [tensor({ start: 'J\xff\xff\xff\xff' })], TENSOR_NEEDS],
    ['an offset that is text', [tensor({ start: '\x8c\x011' })], TENSOR_NEEDS],
    ['an offset that is no whole number', [tensor({ start: cat('G', f64(0.5)).toString('latin1') })], TENSOR_NEEDS],
    ['a shape that is a number', [tensor({ shape: 'K\x06' })], TENSOR_NEEDS],
    ['a negative size', [tensor({ shape: 'K\x02J\xff\xff\xff\xff\x86' })], TENSOR_NEEDS],
    ['strides that are a number', [tensor({ strides: 'K\x06' })], TENSOR_NEEDS],
    ['a negative stride', [tensor({ strides: 'K\x03J\xff\xff\xff\xff\x86' })], TENSOR_NEEDS],
    ['fewer strides than sizes', [tensor({ strides: 'K\x03\x85' })], TENSOR_NEEDS],
    ['five arguments', [tensor({ rest: '\x89' })], TENSOR_NEEDS],
    ['a storage that is none', [storage({ word: text('stowage') })], 'a persistent id that is not a storage'],
    ['a storage of a type that is none', [storage({ type: ORDERED })], 'a persistent id that is not a storage'],
    [
      'a storage of text as type',
      [storage({ type: cat(text('torch.FloatStorage')).toString('latin1') })],
      'a persistent id that is not a storage',
    ],
    ['a storage with a number as key', [storage({ key: Buffer.from('K\x00', 'latin1') })], 'a persistent id that is not a storage'],
    ['a storage of a negative length', [storage({ length: 'J\xff\xff\xff\xff' })], 'a persistent id that is not a storage'],
    ['a number as id', ['K\x01Q'], 'a persistent id that is not a storage'],
    ['a key that leads elsewhere', [storage({ key: text('../0') })], "the storage key '../0' is not a number"],
    ['an empty key', [storage({ key: text('') })], "the storage key '' is not a number"],
    ['a key with text behind it', [storage({ key: text('0x') })], "the storage key '0x' is not a number"],
  ])('%s is refused', (_, parts, words) => {
    expect(said(() => read(...parts, '.'))).toMatch(/^E_PT_TENSOR data\.pkl: offset \d+: /);
    expect(said(() => read(...parts, '.'))).toContain(`: ${words} | fix: in Python: torch.save(model.state_dict(), file)`);
  });

  it('a key may have as many digits as a pointer', () => {
    expect(read(storage({ key: text('94012345678901') }), '.')).toEqual({ ...STORAGE, key: '94012345678901' });
  });
});

describe('a pickle is refused', () => {
  it.each([
    [0x50, 'PERSID'],
    [0x82, 'EXT1'],
    [0x83, 'EXT2'],
    [0x84, 'EXT4'],
    [0x97, 'NEXT_BUFFER'],
    [0x98, 'READONLY_BUFFER'],
    [0x00, 'unknown'],
    [0xff, 'unknown'],
  ])('at opcode 0x%s, %s', (opcode, name) => {
    expect(said(() => read('N', Uint8Array.of(opcode), 'xyz\n.'))).toBe(
      `E_PT_OPCODE data.pkl: offset 1001: the pickle opcode ${name} (0x${opcode.toString(16)}) is not supported: what it needs is not in the file | found: opcode ${name}${FIX}`,
    );
  });

  it.each<[string, (Uint8Array | string)[], string]>([
    ['with values left over', ['NN.'], 'E_PT_PICKLE data.pkl: offset 1002: the pickle ends with values left over'],
    ['with a mark left over', ['(N.'], 'E_PT_PICKLE data.pkl: offset 1002: the pickle ends with values left over'],
    ['with bytes behind its end', ['N.xyz'], 'E_PT_PICKLE data.pkl: offset 1001: 3 bytes follow the end of the pickle'],
    ['that ends empty', ['.'], 'E_PT_PICKLE data.pkl: offset 1000: the pickle takes a value from an empty stack'],
    ['that takes what is not there', ['K\x01\x86.'], 'E_PT_PICKLE data.pkl: offset 1002: the pickle takes a value from an empty stack'],
    ['that takes from below a mark', ['N(a.'], 'E_PT_PICKLE data.pkl: offset 1002: the pickle takes a value from an empty stack'],
    ['that goes back to no mark', ['Nt.'], 'E_PT_PICKLE data.pkl: offset 1001: the pickle goes back to a mark that was never set'],
    ['that reads a memo never written', ['h\x05.'], 'E_PT_PICKLE data.pkl: offset 1000: the pickle reads memo 5, which was never written'],
    ['that appends to a number', ['K\x01K\x02a.'], 'E_PT_PICKLE data.pkl: offset 1004: the pickle appends to something that is not a list'],
    [
      'that sets items of a list',
      [']K\x01K\x02s.'],
      'E_PT_PICKLE data.pkl: offset 1005: the pickle sets items of something that is not a dict',
    ],
    ['that sets half an item', ['}(K\x01u.'], 'E_PT_PICKLE data.pkl: offset 1004: the pickle sets items of something that is not a dict'],
    ['with a key twice', ['}(K\x01NK\x01Nu.'], `E_PT_DUPLICATE data.pkl: offset 1008: the key '1' is set twice${FIX}`],
    [
      'with an integer of 1025 bytes',
      ['\x8b', u32(1025), Buffer.alloc(1025), '.'],
      'E_PT_PICKLE data.pkl: offset 1000: an integer of 1025 bytes',
    ],
    ['with a number that is none', ['F1.2.3\n.'], "E_PT_PICKLE data.pkl: offset 1000: '1.2.3' is not a number"],
    ['with an integer that is none', ['I1e3\n.'], "E_PT_PICKLE data.pkl: offset 1000: '1e3' is not an integer"],
    ['with a text without quotes', ['Sabc\n.'], 'E_PT_PICKLE data.pkl: offset 1000: abc is not a string in quotes'],
    ['with a memo index that is none', ['Np-1\n.'], "E_PT_PICKLE data.pkl: offset 1001: the memo index '-1' is not a number"],
    ['with a name that is not ended', ['ctorch\nFloat'], 'E_PT_PICKLE data.pkl: offset 1000: a name is not terminated'],
    ['with a name of a module that is not ended', ['ctorch'], 'E_PT_PICKLE data.pkl: offset 1000: a name is not terminated'],
    [
      'with a text that is no UTF-8',
      ['\x8c\x03ab\xff.'],
      'E_ENCODING offset 1004: not valid UTF-8 | expected: UTF-8 | fix: save the file as UTF-8',
    ],
    [
      'that makes an OrderedDict of something',
      [ORDERED, 'K\x01\x85R.'],
      'E_PT_PICKLE data.pkl: offset 1028: an OrderedDict is made from arguments that are not pairs',
    ],
    [
      'that makes a parameter of nothing',
      [PARAMETER, ')R.'],
      'E_PT_PICKLE data.pkl: offset 1034: a parameter is made of something that is not a tensor',
    ],
    [
      'that makes a parameter of a number',
      [PARAMETER, 'K\x01\x85R.'],
      'E_PT_PICKLE data.pkl: offset 1036: a parameter is made of something that is not a tensor',
    ],
    ['that sets the state of a list', [']}b.'], 'E_PT_PICKLE data.pkl: offset 1002: the pickle sets the state of something that has none'],
    [
      'with a name of no text',
      ['K\x01', text('a'), '\x93.'],
      "E_PT_PICKLE data.pkl: offset 1008: the pickle refers to '1.a', which is not a name",
    ],
    ['that calls a number', ['K\x01)R.'], 'E_PT_PICKLE data.pkl: offset 1003: the pickle calls something that is not a name'],
    [
      'that calls with a number',
      [ORDERED, 'K\x01R.'],
      'E_PT_PICKLE data.pkl: offset 1027: the pickle calls a function with something that is not a list of arguments',
    ],
  ])('%s', (_, parts, words) => expect(said(() => read(...parts))).toBe(words));

  it.each<[string, string[]]>([
    ['\x80\x02.', ['1000: 1 opcode', '1001: 1 protocol', '1002: 1 opcode']],
    ['\x95\x00\x00\x00\x00\x00\x00\x00\x00N.', ['1000: 1 opcode', '1001: 8 frame length', '1009: 1 opcode', '1010: 1 opcode']],
    ['Nq\x00.', ['1000: 1 opcode', '1001: 1 opcode', '1002: 1 memo index', '1003: 1 opcode']],
    ['Nr\x00\x00\x00\x00.', ['1000: 1 opcode', '1001: 1 opcode', '1002: 4 memo index', '1006: 1 opcode']],
    ['J\x00\x00\x00\x00.', ['1000: 1 opcode', '1001: 4 integer', '1005: 1 opcode']],
    ['K\x00.', ['1000: 1 opcode', '1001: 1 integer', '1002: 1 opcode']],
    ['M\x00\x00.', ['1000: 1 opcode', '1001: 2 integer', '1003: 1 opcode']],
    ['\x8a\x02\x00\x00.', ['1000: 1 opcode', '1001: 1 length', '1002: 2 integer', '1004: 1 opcode']],
    ['\x8b\x02\x00\x00\x00\x00\x00.', ['1000: 1 opcode', '1001: 4 length', '1005: 2 integer', '1007: 1 opcode']],
    ['G\x00\x00\x00\x00\x00\x00\x00\x00.', ['1000: 1 opcode', '1001: 8 float', '1009: 1 opcode']],
    ['X\x02\x00\x00\x00ab.', ['1000: 1 opcode', '1001: 4 string length', '1005: 2 string', '1007: 1 opcode']],
    ['\x8c\x02ab.', ['1000: 1 opcode', '1001: 1 string length', '1002: 2 string', '1004: 1 opcode']],
    ['\x8d\x02\x00\x00\x00\x00\x00\x00\x00ab.', ['1000: 1 opcode', '1001: 8 string length', '1009: 2 string', '1011: 1 opcode']],
    ['T\x02\x00\x00\x00ab.', ['1000: 1 opcode', '1001: 4 string length', '1005: 2 string', '1007: 1 opcode']],
    ['U\x02ab.', ['1000: 1 opcode', '1001: 1 string length', '1002: 2 string', '1004: 1 opcode']],
  ])('%j when it is cut, with the name of what is missing', (bytes, fields) => {
    expect(fieldsOf(cat(bytes), part => read(part))).toEqual(fields);
  });

  it('when a memo index is cut', () => {
    expect(said(() => read('h'))).toMatch(/^E_PT_PICKLE offset 1001: expected 1 bytes of memo index, found 0 /);
    expect(said(() => read('j\x00'))).toMatch(/^E_PT_PICKLE offset 1001: expected 4 bytes of memo index, found 1 /);
    expect(said(() => read('\x95', u64(3), 'N.'))).toMatch(/^E_PT_PICKLE offset 1009: expected 3 bytes of frame, found 2 /);
    expect(said(() => read('\x8d', u64(2n ** 63n), 'N.'))).toMatch(/expected 9223372036854775808 bytes of string, found 2 /);
    expect(said(() => read('\x8b', u32(2 ** 32 - 1), 'N.'))).toMatch(/expected 4294967295 bytes of integer, found 2 /);
  });
});

describe('NumPy in a pickle', () => {
  const dtype = (descr: string, order = '<') =>
    cat(global('numpy', 'dtype'), text(descr), '\x89\x88\x87R(K\x03', text(order), 'NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb');
  const array = (module: string, descr: Uint8Array, shape: string, bytes: Uint8Array, fortran = '\x89') =>
    cat(
      global(module, '_reconstruct'),
      global('numpy', 'ndarray'),
      'K\x00\x85C\x01b\x87R(K\x01',
      shape,
      descr,
      fortran,
      'C',
      Uint8Array.of(bytes.length),
      bytes,
      'tb',
    );
  const six = new Uint8Array(Float32Array.of(1, 2, 3, 4, 5, 6).buffer);

  it.each(['numpy.core.multiarray', 'numpy._core.multiarray'])('arrays of %s', module => {
    const of = (...args: [Uint8Array, string, Uint8Array, string?]) => read(array(module, ...args), '.');
    const ours = { kind: 'array', dtype: 'f32', shape: [2, 3], fortran: false, bytes: six };
    expect(of(dtype('f4'), 'K\x02K\x03\x86', six)).toMatchObject(ours);
    expect(of(dtype('f4'), 'K\x02K\x03\x86', six, '\x88')).toMatchObject({ ...ours, fortran: true });
    expect(of(dtype('i2', '>'), 'K\x02\x85', Uint8Array.of(1, 2, 3, 4))).toMatchObject({ dtype: 'i16', bytes: Uint8Array.of(2, 1, 4, 3) });
    // text, too few bytes: records
    expect(of(dtype('U4'), 'K\x01\x85', six)).toMatchObject({ kind: 'object', name: 'numpy.ndarray' });
    expect(of(dtype('f4'), 'K\x07\x85', six)).toMatchObject({ kind: 'object', name: 'numpy.ndarray' });
  });

  it('an array that something refers to before it has its numbers', () => {
    const [both] = [read(array('numpy.core.multiarray', dtype('f4'), 'K\x06\x85', six).subarray(0, -1), 'b\x94h\x00\x86.')];
    expect(both).toMatchObject([{ kind: 'array' }, { kind: 'array' }]);
  });

  it('scalars, and arrays of protocol 5', () => {
    const scalar = (descr: string, bytes: Uint8Array) =>
      read(global('numpy.core.multiarray', 'scalar'), dtype(descr), 'C', Uint8Array.of(bytes.length), bytes, '\x86R.');
    expect(scalar('f8', new Uint8Array(Float64Array.of(0.1).buffer))).toBe(0.1);
    expect(scalar('i8', new Uint8Array(BigInt64Array.of(-5n).buffer))).toBe(-5);
    expect(scalar('i8', new Uint8Array(BigInt64Array.of(2n ** 60n).buffer))).toMatchObject({ kind: 'object' });
    const buffer = read(global('numpy._core.numeric', '_frombuffer'), '(C\x18', six, dtype('f4'), 'K\x06\x85', text('C'), 'tR.');
    expect(buffer).toMatchObject({ kind: 'array', shape: [6] });
  });
});

describe('names that would do something', () => {
  // https://github.com/trailofbits/fickling, picklescan: what attacks on model files call
  const DANGEROUS = [
    'os.system',
    'os.popen',
    'posix.system',
    'nt.system',
    'subprocess.Popen',
    'subprocess.check_output',
    'builtins.eval',
    'builtins.exec',
    'builtins.compile',
    'builtins.open',
    'builtins.getattr',
    'builtins.__import__',
    '__builtin__.eval',
    '__builtin__.file',
    'runpy.run_code',
    'importlib.import_module',
    'pickle.loads',
    '_pickle.loads',
    'marshal.loads',
    'shutil.rmtree',
    'socket.create_connection',
    'webbrowser.open',
    'ctypes.CDLL',
    'pty.spawn',
    'sys.exit',
    'timeit.timeit',
    'operator.attrgetter',
    'functools.partial',
    'types.CodeType',
    'numpy.load',
    'numpy.testing._private.utils.runstring',
    'numpy.core.multiarray.fromfile',
    'torch.load',
    'torch.storage._load_from_bytes',
    'torch.hub.load',
    'torch.jit.load',
    'torch._utils._rebuild_wrapper_subclass',
    'torch.serialization.load',
    'torch.utils.data.datapipes.utils.decoder.basichandlers',
    'requests.get',
    'urllib.request.urlopen',
    'asyncio.create_subprocess_shell',
    'code.InteractiveInterpreter',
    'pip.main',
    'venv.create',
  ];

  it.each(DANGEROUS)('%s stays a record, called in every way a pickle can', name => {
    const at = name.lastIndexOf('.');
    const [module, attribute] = [name.slice(0, at), name.slice(at + 1)];
    const record = { kind: 'object', name, args: ['x'] };
    expect(read(global(module, attribute), text('x'), '\x85R.')).toEqual(record);
    expect(read(text(module), text(attribute), '\x93', text('x'), '\x85R.')).toEqual(record);
    expect(read(global(module, attribute), text('x'), '\x85\x81.')).toEqual(record);
    expect(read('(', text('x'), `i${module}\n${attribute}\n.`)).toEqual(record);
    expect(read('(', global(module, attribute), text('x'), 'o.')).toEqual(record);
  });
});

import { parseJson } from '../../src/formats/bytes/jsonText.js';
import { DEFAULT_LIMITS, type FileTensor, type Limits } from '../../src/formats/format.js';
import { detectFormat, formatOfName, getFormat, writeTensors } from '../../src/formats/index.js';
import { json } from '../../src/formats/json.js';
import { jsonl } from '../../src/formats/jsonl.js';
import { memorySource } from '../../src/formats/source.js';
import { cat, npy, safetensors } from '../helpers/hostile/bytes.js';
import { zipBytes } from '../helpers/hostile/zipBytes.js';
import { readTensors, readWhole } from '../helpers/readFormat.js';
import { said, saidLater } from '../helpers/said.js';

const bytes = (text: string) => new Uint8Array(cat(Buffer.from(text)));
const single = (shape: number[], data: number[], dtype: FileTensor['dtype'] = 'f64'): FileTensor => ({
  shape,
  dtype,
  data: ['f64', 'i64'].includes(dtype) ? Float64Array.from(data) : Float32Array.from(data),
});

describe('JSON text', () => {
  const parse = (text: string, depth = 64) => parseJson(text, { depth });

  it.each<[string, unknown]>([
    ['null', null],
    [' true ', true],
    ['false', false],
    ['-0', -0],
    ['12.5e-1', 1.25],
    ['1E5', 1e5],
    ['1e05', 1e5],
    ['"a\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\uDE00"', 'a"\\/\b\f\n\r\té😀'],
    ['"é😀"', 'é😀'],
    ['[]', []],
    ['[ 1 ,\t[2\r\n] ]', [1, [2]]],
    ['{}', {}],
    ['{"a":{"b":[]},"c":null}', { a: { b: [] }, c: null }],
    ['123456789012345680000', 123456789012345680000],
    ['9007199254740992', 2 ** 53],
    ['9007199254740993.0', 2 ** 53],
    ['90071992547409930e-1', 2 ** 53],
  ])('%s', (text, value) => {
    expect(JSON.stringify(parse(text))).toBe(JSON.stringify(value));
    expect(parse(text)).toEqual(value);
  });

  it.each<[string, string]>([
    ['', 'E_JSON_SYNTAX line 1, column 1: the text ends where a value should begin | fix: the file is empty: save or download it again'],
    ['\n ', 'E_JSON_SYNTAX line 2, column 2: the text ends where a value should begin | fix: the file is empty: save or download it again'],
    ['[1]\n x', "E_JSON_SYNTAX line 2, column 2: text after the end of the JSON value: 'x'"],
    ['tru', "E_JSON_SYNTAX line 1, column 1: unexpected 'tru'"],
    ['trues', "E_JSON_SYNTAX line 1, column 1: unexpected 'trues'"],
    ['falsy', "E_JSON_SYNTAX line 1, column 1: unexpected 'falsy'"],
    ['nullx', "E_JSON_SYNTAX line 1, column 1: unexpected 'nullx'"],
    ['NaN', 'E_JSON_SYNTAX line 1, column 1: unexpected \'NaN\' (write it as a string, "NaN" or "Infinity": JSON has no such number)'],
    [
      '[-Infinity]',
      'E_JSON_SYNTAX line 1, column 2: unexpected \'-Infinity\' (write it as a string, "NaN" or "Infinity": JSON has no such number)',
    ],
    ['NaNs', "E_JSON_SYNTAX line 1, column 1: unexpected 'NaNs'"],
    ['xNaN', "E_JSON_SYNTAX line 1, column 1: unexpected 'xNaN'"],
    ['+1', "E_JSON_SYNTAX line 1, column 1: unexpected '+1'"],
    ['.5', "E_JSON_SYNTAX line 1, column 1: unexpected '.5'"],
    ["'a'", "E_JSON_SYNTAX line 1, column 1: unexpected ''' | fix: JSON has double quotes: in Python json.dump(x.tolist(), file)"],
    ['abcdefghijklmnopqrstuvwxyz', "E_JSON_SYNTAX line 1, column 1: unexpected 'abcdefghijklmnopqrst'"],
    [
      '[1',
      "E_JSON_SYNTAX line 1, column 3: expected ',' or ']', found the end of the text | fix: the file looks truncated; save or download it again",
    ],
    ['[1 2]', "E_JSON_SYNTAX line 1, column 4: expected ',' or ']', found '2'"],
    ['[1,]', "E_JSON_SYNTAX line 1, column 4: unexpected ']' | fix: drop the comma before it"],
    [
      '{"a":1',
      "E_JSON_SYNTAX line 1, column 7: expected ',' or '}', found the end of the text | fix: the file looks truncated; save or download it again",
    ],
    ['{"a" 1}', "E_JSON_SYNTAX line 1, column 6: expected ':' after the key \"a\", found '1'"],
    ['{a:1}', "E_JSON_SYNTAX line 1, column 2: expected a key in double quotes, found 'a'"],
    ['{"a":1,}', "E_JSON_SYNTAX line 1, column 8: expected a key in double quotes, found '}' | fix: drop the comma before it"],
    ['{"a":1,"b":2,"a":3}', 'E_JSON_DUPLICATE line 1, column 14: the key "a" occurs twice in one object'],
    ['["abc', 'E_JSON_SYNTAX line 1, column 2: the string is not closed'],
    ['"a\nb"', 'E_JSON_SYNTAX line 1, column 3: a control character (\\u000a) inside a string'],
    ['"a\x1f"', 'E_JSON_SYNTAX line 1, column 3: a control character (\\u001f) inside a string'],
    ['"a\\x"', "E_JSON_SYNTAX line 1, column 3: unknown escape '\\x'"],
    ['"\\', "E_JSON_SYNTAX line 1, column 2: unknown escape '\\'"],
    ['"\\u12g4"', 'E_JSON_SYNTAX line 1, column 4: expected four hexadecimal digits after \\u'],
    ['"\\u123"', 'E_JSON_SYNTAX line 1, column 4: expected four hexadecimal digits after \\u'],
    ['"\\ug123"', 'E_JSON_SYNTAX line 1, column 4: expected four hexadecimal digits after \\u'],
    ['["\\ud800"]', 'E_JSON_SURROGATE line 1, column 2: the string has half of a surrogate pair'],
    ['"\\udc00\\ud800"', 'E_JSON_SURROGATE line 1, column 1: the string has half of a surrogate pair'],
    ['"\ud800"', 'E_JSON_SURROGATE line 1, column 1: the string has half of a surrogate pair'],
    ['"\udfff"', 'E_JSON_SURROGATE line 1, column 1: the string has half of a surrogate pair'],
    ['01', "E_JSON_SYNTAX line 1, column 1: '01' is not a JSON number"],
    ['1.', "E_JSON_SYNTAX line 1, column 1: '1.' is not a JSON number"],
    ['[1e+]', "E_JSON_SYNTAX line 1, column 2: '1e+' is not a JSON number"],
    ['0x10', "E_JSON_SYNTAX line 1, column 1: '0x10' is not a JSON number"],
    ['1-2', "E_JSON_SYNTAX line 1, column 1: '1-2' is not a JSON number"],
    ['[-1e999]', 'E_JSON_NUMBER line 1, column 2: -1e999 is beyond the largest double, 1.8e308'],
    ['9007199254740993', 'E_JSON_NUMBER line 1, column 1: 9007199254740993 would become 9007199254740992: a double cannot hold it'],
  ])('%j is refused', (text, words) => expect(said(() => parse(text))).toBe(words));

  it('is nested as deep as allowed', () => {
    expect(parse('[[{"a":1}]]', 3)).toEqual([[{ a: 1 }]]);
    expect(parse('[[],[],[]]', 2)).toEqual([[], [], []]);
    expect(said(() => parse('[[{"a":1}]]', 2))).toMatch(
      /^\(limit\) E_LIMIT_DEPTH line 1, column 3: nested (deeper than 2 levels|at least 3 levels deep)/,
    );
  });
});

describe('.json', () => {
  const read = (text: string, limits: Partial<Limits> = {}) => readWhole(json, bytes(text), { ...DEFAULT_LIMITS, ...limits });
  it.each<[string, [string, FileTensor][], [string, string][], string[]]>([
    ['7', [['json', single([], [7])]], [], []],
    ['[[1,2],[3,4]]', [['json', single([2, 2], [1, 2, 3, 4])]], [], []],
    ['[true,false]', [['json', single([2], [1, 0], 'bool')]], [], []],
    ['["NaN","-Infinity",1]', [['json', single([3], [Number.NaN, -1 / 0, 1])]], [], []],
    ['[]', [['json', single([0], [])]], [], []],
    ['[[],[]]', [['json', single([2, 0], [])]], [], []],
    ['{"shape":[1,2],"data":[3,4]}', [['json', single([1, 2], [3, 4])]], [], []],
    ['{"shape":[2],"data":[3,4],"dtype":"float32"}', [['json', single([2], [3, 4], 'f32')]], [], []],
    ['{"shape":[2],"data":[3,4],"dtype":"float64"}', [['json', single([2], [3, 4])]], [], []],
    ['{"shape":[0,3],"data":[]}', [['json', single([0, 3], [])]], [], []],
    [
      '{"a":[1],"note":"x","b":{"shape":[],"data":[2]},"schema":"mine"}'.replace('"shape":[],"data":[2]', '"shape":[1],"data":[2]'),
      [
        ['a', single([1], [1])],
        ['b', single([1], [2])],
      ],
      [['schema', 'mine']],
      [],
    ],
    [
      '{"shape":[2],"data":3}'.replace('"data":3', '"other":3'),
      [
        ['shape', single([1], [2])],
        ['other', single([], [3])],
      ],
      [],
      [],
    ],
    ['{"a":"text"}', [], [], ['the document holds no tensors']],
    ['{"schema":"rnn-cli/forward@1","y":[[1]],"other":null}', [['y', single([1, 1], [1])]], [['schema', 'rnn-cli/forward@1']], []],
    ['{"schema":"rnn-cli/forward@12","y":[1],"dtype":"float32"}', [['y', single([1], [1], 'f32')]], [['schema', 'rnn-cli/forward@12']], []],
    ['\ufeff [1]', [['json', single([1], [1])]], [], []],
  ])('%s', async (text, tensors, metadata, notes) => {
    expect(await read(text)).toEqual({ format: 'json', tensors: new Map(tensors), metadata: new Map(metadata), notes });
  });

  const IS = (schema: string, fix = '') =>
    `E_JSON_TENSOR schema: this is a ${schema} document, not numbers | expected: arrays of numbers, or rnn-cli/forward@1 | found: ${schema}${fix}`;
  it.each<[string, string]>([
    ['{"schema":"rnn-cli/forward@1"}', 'E_JSON_TENSOR y: the forward document has no "y"'],
    [
      '{"schema":"rnn-cli/forward@1","y":"x"}',
      'E_JSON_TENSOR $.y: expected a number, found the string "x" | expected: a number | found: the string "x"',
    ],
    [
      '{"schema":["rnn-cli/forward@1"],"y":[1]}',
      'E_JSON_TENSOR $.schema[0]: expected a number, found the string "rnn-cli/forward@1" | expected: a number | found: the string "rnn-cli/forward@1"',
    ],
    ['{"schema":"rnn-cli/forward@x","y":[1]}', IS('rnn-cli/forward@x')],
    ['{"schema":"rnn-cli/forward@1x","y":[1]}', IS('rnn-cli/forward@1x')],
    ['{"schema":"rnn-cli/spec@1"}', IS('rnn-cli/spec@1', ' | fix: a network goes to --model')],
    ['{"schema":"rnn-cli/shapes@1"}', IS('rnn-cli/shapes@1')],
    ['{"a":{"b":1}}', 'E_JSON_TENSOR $.a: expected a number, found an object | expected: a number | found: an object'],
    ['{"a":null}', 'E_JSON_TENSOR $.a: expected a number, found null | expected: a number | found: null'],
    [
      '[[1,2],3]',
      'E_JSON_TENSOR $[1]: expected an array of 2 values, like its neighbours, found 3 | expected: an array of 2 values, like its neighbours | found: 3',
    ],
    [
      '[[1,2],[3]]',
      'E_JSON_RAGGED $[1]: expected 2 values, like the first of its neighbours, found 1 | expected: 2 values | found: 1 value | fix: make all of one length: pad the shorter sequences, and give --lengths',
    ],
    ['[1,[2]]', 'E_JSON_TENSOR $[1]: expected a number, found an array | expected: a number | found: an array'],
    ['[1,true]', 'E_JSON_TENSOR $[1]: expected a number, found true | expected: a number | found: true'],
    ['[true,1]', 'E_JSON_TENSOR $[1]: expected true or false, found 1 | expected: true or false | found: 1'],
    [
      '[true,"nan"]',
      'E_JSON_TENSOR $[1]: expected true or false, found the string "nan" | expected: true or false | found: the string "nan"',
    ],
    ['{"shape":[2,2],"data":[1,2,3]}', 'E_JSON_TENSOR $: shape [2, 2] does not fit data of shape [3]'],
    ['{"shape":[2],"data":[[1,2]]}', 'E_JSON_TENSOR $: shape [2] does not fit data of shape [1, 2]'],
    ['{"shape":[1,2],"data":[[1,2]]}', 'E_JSON_TENSOR $: shape [1, 2] does not fit data of shape [1, 2]'],
    ['{"w":{"shape":["2"],"data":[1,2]}}', 'E_SHAPE_VALUE $.w.shape: "2" is not a dimension'],
    ['{"shape":[-1],"data":[1]}', 'E_SHAPE_VALUE $.shape: -1 is not a dimension'],
    ['{"shape":[1.5],"data":[1]}', 'E_SHAPE_VALUE $.shape: 1.5 is not a dimension'],
    [
      '{"shape":[1],"data":["x"]}',
      'E_JSON_TENSOR $.data[0]: expected a number, found the string "x" | expected: a number | found: the string "x"',
    ],
    ['{"a\\u0000":[1]}', "E_NAME the tensor name 'a\\u0000' has a NUL character"],
  ])('%s is refused', async (text, words) => expect(await saidLater(() => read(text))).toBe(words));

  it('is bounded at exactly its limits', async () => {
    const text = '{"ab":[[1,2,3]],"c":[1]}';
    expect((await read(text, { nameBytes: 2, tensors: 2, totalBytes: 32, rank: 2, dimension: 3 })).tensors.size).toBe(2);
    for (const [limits, code] of [
      [{ nameBytes: 1 }, 'NAME'],
      [{ tensors: 1 }, 'TENSORS'],
      [{ totalBytes: 31 }, 'BYTES'],
      [{ rank: 1 }, 'RANK'],
      [{ dimension: 2 }, 'DIMENSION'],
    ] as const)
      expect(await saidLater(() => read(text, limits))).toMatch(new RegExp(`^\\(limit\\) E_LIMIT_${code} `));
    expect(await saidLater(() => read('{"shape":[99999999999],"data":[]}'))).toMatch(/^\(limit\) E_LIMIT_DIMENSION /);
  });

  it('is written with one tensor bare, several by name', async () => {
    const write = async (...tensors: [string, FileTensor][]) => Buffer.from(await writeTensors('json', new Map(tensors))).toString();
    expect(await write(['json', single([2, 1], [1, Number.NaN])])).toBe('[[1],["NaN"]]\n');
    expect(await write(['w', single([], [-0])])).toBe('{"w":-0}\n');
    expect(await write(['json', single([1], [1])], ['b"', single([2], [1, 0], 'bool')])).toBe('{"json":[1],\n"b\\"":[true,false]}\n');
    expect(await write(['json', single([0, 2], [])])).toBe('{"shape":[0,2],"data":[]}\n');
  });

  it.each<[string, boolean]>([
    ['[', true],
    ['{', true],
    [' \n\r\t[', true],
    ['\ufeff{', true],
    ['1', false],
    ['', false],
    ['[\0', false],
    ['\u00ef[', false],
    ['(', false],
    ['"', false],
  ])('%j looks like it: %s', (text, expected) => expect(json.sniff(memorySource(bytes(text)))).toBe(expected));
  it('half a byte order mark is none', () => {
    for (const start of ['\xef\xbb[', '\xef\xbb\xbe[', '\xef\xbe\xbf[', '\xee\xbb\xbf['])
      expect(json.sniff(memorySource(new Uint8Array(cat(start, '1]'))))).toBe(false);
    expect(json.sniff(memorySource(new Uint8Array(cat('\xef\xbb\xbf[', '1]'))))).toBe(true);
  });
});

describe('JSON Lines', () => {
  const read = (text: string, limits: Partial<Limits> = {}) => readWhole(jsonl, bytes(text), { ...DEFAULT_LIMITS, ...limits });
  it.each<[string, [string, FileTensor][], string[]]>([
    ['[1,2]\n[3,4]\n', [['jsonl', single([2, 2], [1, 2, 3, 4])]], []],
    ['\n1\r\n\n2', [['jsonl', single([2], [1, 2])]], []],
    ['[true]\n[false]\n', [['jsonl', single([2, 1], [1, 0], 'bool')]], []],
    [
      '{"a":[1],"b":2,"t":"x"}\n{"b":3,"a":[4],"t":null,"o":{}}\n',
      [
        ['a', single([2, 1], [1, 4])],
        ['b', single([2], [2, 3])],
      ],
      ['"t" holds no numbers and was skipped', '"o" holds no numbers and was skipped'],
    ],
  ])('%j', async (text, tensors, notes) => {
    expect(await read(text)).toEqual({ format: 'jsonl', tensors: new Map(tensors), metadata: new Map(), notes });
  });

  it.each<[string, string]>([
    ['\n \n', 'E_JSONL_EMPTY offset 0: no lines | expected: one JSON value per line'],
    ['[1]\n\n[1,2]\n', 'E_JSON_RAGGED line 3: jsonl: expected shape [1] like the first line, found [2] | expected: [1] | found: [2]'],
    ['{"a":[1]}\n{"a":[true]}', 'E_JSON_RAGGED line 2: a: expected shape [1] like the first line, found [1] | expected: [1] | found: [1]'],
    ['{"a":1}\n{"a":1,"b":2}', 'E_JSONL_KEYS line 2: the key "b" is not in the lines before'],
    ['{"a":1,"b":2}\n{"a":1}', 'E_JSONL_KEYS line 2: the key "b" of the lines before is missing'],
    ['{"a":1}\n[1]', 'E_JSONL_KEYS line 2: the key "jsonl" is not in the lines before'],
    [
      '[1]\n[1,',
      'E_JSON_SYNTAX line 2: line 1, column 4: the text ends where a value should begin | fix: the file looks truncated; save or download it again',
    ],
    ['{"a":["x"]}', 'E_JSON_TENSOR line 1: $.a[0]: expected a number, found the string "x" | expected: a number | found: the string "x"'],
    ['["x"]', 'E_JSON_TENSOR line 1: $[0]: expected a number, found the string "x" | expected: a number | found: the string "x"'],
  ])('%j is refused', async (text, words) => expect(await saidLater(() => read(text))).toBe(words));

  it('is bounded at exactly its limits, its samples being no tensors of their own', async () => {
    const text = '{"ab":[1,2]}\n{"ab":[3,4]}\n{"ab":[5,6]}\n';
    expect((await read(text, { nameBytes: 2, tensors: 1, totalBytes: 48, rank: 2, dimension: 3 })).tensors.get('ab')?.shape).toEqual([
      3, 2,
    ]);
    for (const [limits, code] of [
      [{ nameBytes: 1 }, 'NAME'],
      [{ tensors: 0 }, 'TENSORS'],
      [{ totalBytes: 47 }, 'BYTES'],
      [{ rank: 1 }, 'RANK'],
      [{ dimension: 2 }, 'DIMENSION'],
    ] as const)
      expect(await saidLater(() => read(text, limits))).toMatch(new RegExp(`^\\(limit\\) E_LIMIT_${code} `));
  });

  it('is written a sample a line', async () => {
    const write = async (...tensors: [string, FileTensor][]) => Buffer.from(await writeTensors('jsonl', new Map(tensors))).toString();
    expect(await write(['jsonl', single([2, 2], [1, 2, 3, 4])])).toBe('[1,2]\n[3,4]\n');
    expect(await write(['w', single([2], [1, 2])])).toBe('{"w":1}\n{"w":2}\n');
    expect(await write(['jsonl', single([1, 1], [1])], ['b', single([1], [0], 'bool')])).toBe('{"jsonl":[1],"b":false}\n');
    const NEEDS = 'E_JSONL_ROWS JSON Lines needs tensors with the same number of samples along the first axis, at least one';
    expect(await saidLater(() => write())).toBe(NEEDS);
    expect(await saidLater(() => write(['a', single([], [1])]))).toBe(NEEDS);
    expect(await saidLater(() => write(['a', single([2, 0], [])]))).toBe(NEEDS);
    expect(await saidLater(() => write(['a', single([1], [1])], ['b', single([2], [1, 2])]))).toBe(NEEDS);
  });

  it.each<[string, boolean]>([
    ['[1]\n[2]', true],
    ['{"a":1}\n\n{', true],
    ['[1]\n', false],
    ['[1]', false],
    ['[1,\n2]', false],
    ['[1]\n2', false],
    ['1\n[2]', false],
    [`${'['.repeat(500)}${']'.repeat(500)}\n[`, true],
    [`${'['.repeat(501)}${']'.repeat(501)}\n[`, false],
    [`[${' '.repeat(2 ** 20 - 2)}]\n[`, true],
    [`[${' '.repeat(2 ** 20 - 1)}]\n[`, false],
  ])('is known by its first line (%#)', (text, expected) => expect(jsonl.sniff(memorySource(bytes(text)))).toBe(expected));
});

describe('which format it is', () => {
  const h5 = cat('\x89HDF\r\n\x1a\n');
  const model = Uint8Array.of(8, 8, 0x3a);
  const zip = zipBytes([{ name: 'x', content: Buffer.alloc(0) }]);
  it.each<[string, Uint8Array, string | undefined, string]>([
    ['npy', npy(), undefined, 'npy'],
    ['h5', h5, undefined, 'h5'],
    ['safetensors', safetensors({}, Buffer.alloc(0)), undefined, 'safetensors'],
    ['keras', zipBytes([{ name: 'config.json', content: Buffer.alloc(0) }]), undefined, 'keras'],
    ['pt', zipBytes([{ name: 'data.pkl', content: Buffer.alloc(0) }]), undefined, 'pt'],
    ['npz', zip, undefined, 'npz'],
    ['onnx', model, undefined, 'onnx'],
    ['tfjs', bytes('{"weightsManifest":[]}'), undefined, 'tfjs'],
    ['tfjs whatever its name', bytes('{"weightsManifest":[]}'), 'model.json', 'tfjs'],
    ['jsonl', bytes('[1]\n[2]\n'), undefined, 'jsonl'],
    ['jsonl by name', bytes('1\n2\n'), 'x.jsonl', 'jsonl'],
    ['json', bytes('[1]'), undefined, 'json'],
    ['jsonl named json', bytes('[1]\n[2]\n'), 'x.json', 'jsonl'],
    ['json named csv', bytes('[1]'), 'x.csv', 'json'],
    ['csv', bytes('1,2'), undefined, 'csv'],
    ['csv by name', bytes('*'), 'x.csv', 'csv'],
    ['json by name', bytes('1,2'), 'x.json', 'json'],
    ['text named as a binary format', bytes('1,2'), 'x.npy', 'csv'],
    ['an array named as another', npy(), 'x.h5', 'npy'],
  ])('%s', (_, content, name, expected) => expect(detectFormat(memorySource(new Uint8Array(content)), name).name).toBe(expected));

  it.each([
    [
      'version https://git-lfs.github.com/spec/v1\noid sha256:0\n',
      'x.h5',
      'a Git LFS pointer, not the file itself | fix: fetch the file: git lfs pull',
    ],
    [
      '\n<!DOCTYPE html>\n<html>',
      'x.onnx',
      'HTML or XML, not the file itself | fix: download the file itself: the link "raw" or "download" of its page',
    ],
    ['\x1f\x8b\x08', 'x.npy', 'compressed with gzip | fix: unpack it: gunzip FILE, or tar xzf FILE'],
    [
      '# -*- coding: utf-8 -*-\nimport numpy\n',
      'x.csv',
      'a program, which is never run | fix: save its numbers in it: np.save("y.npy", y)',
    ],
    [
      '\x81\xa6params\x82\xa7Dense_0',
      'x.msgpack',
      'msgpack, as flax.serialization.to_bytes writes it | fix: in Python: p = flax.traverse_util.flatten_dict(flax.serialization.msgpack_restore(open(FILE, "rb").read()), sep="/"); np.savez("net.npz", **p)',
    ],
  ])('%j in place of a model is said', (text, name, words) => {
    expect(said(() => detectFormat(memorySource(Buffer.from(text, 'latin1')), name))).toBe(`E_FORMAT_UNKNOWN this is ${words}`);
  });

  const ALL = 'npy, h5, safetensors, keras, pt2, pt, npz, tensorbundle, onnx, tfjs, jsonl, printed, json, csv';
  it('is refused where it is none', async () => {
    const empty = 'E_FORMAT_UNKNOWN the file is empty | found: 0 bytes | fix: save or download it again';
    for (const name of [undefined, 'x.onnx', 'x.csv']) expect(said(() => detectFormat(memorySource(new Uint8Array(0)), name))).toBe(empty);
    expect(said(() => detectFormat(memorySource(Uint8Array.of(0, 1, 255, 3, 4, 5, 6, 7, 8)), 'x.txt'))).toBe(
      `E_FORMAT_UNKNOWN the content is not in a supported format | expected: ${ALL} | found: bytes 00 01 ff 03 04 05 06 07`,
    );
  });

  it('has an ending or several, the longest of which counts', () => {
    const names = [
      'a.npy',
      'a.npz',
      'A.H5',
      'a.hdf5',
      'a.weights.h5',
      'a.keras',
      'a.pt',
      'a.pth',
      'a.onnx',
      'a.safetensors',
      'a.csv',
      'a.tsv',
      'a.json',
      'a.jsonl',
      'a.ndjson',
    ];
    expect(names.map(name => formatOfName(name)?.name)).toEqual([
      'npy',
      'npz',
      'h5',
      'h5',
      'h5',
      'keras',
      'pt',
      'pt',
      'onnx',
      'safetensors',
      'csv',
      'csv',
      'json',
      'jsonl',
      'jsonl',
    ]);
    expect(['npy', 'a.npyx', 'anpy', 'a', ''].map(formatOfName)).toEqual(Array(5).fill(undefined));
  });

  it('is said where name and content differ, but for tfjs', async () => {
    const notes = async (content: Uint8Array, nameHint?: string) => (await readTensors(content, { nameHint })).notes;
    expect(await notes(npy(), 'x.csv')).toEqual(['named .csv but the content is npy: read as npy']);
    expect([await notes(npy(), 'x.npy'), await notes(npy(), 'x.bin'), await notes(npy())]).toEqual([[], [], []]);
    expect(await notes(bytes('{"weightsManifest":[]}'), 'model.json')).toEqual([]);
  });

  it('is written by name, where it can be', async () => {
    const w = new Map([['w', single([1], [1])]]);
    expect(Buffer.from(await writeTensors('csv', w)).toString()).toBe('1\n');
    expect(await saidLater(() => writeTensors('h5', w))).toBe(
      '(unsupported) E_NOT_WRITABLE .h5 files can be read but not written | fix: write one of: npy, safetensors, npz, jsonl, json, csv',
    );
    expect(getFormat('pt').name).toBe('pt');
  });
});

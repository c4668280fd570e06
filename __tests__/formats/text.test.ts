import fc from 'fast-check';
import { parseJson } from '../../src/formats/bytes/jsonText.js';
import { formatNumber, parseDecimal } from '../../src/formats/bytes/numberText.js';
import { DEFAULT_LIMITS, type FileTensor } from '../../src/formats/format.js';
import { writeTensors } from '../../src/formats/index.js';
import { cases } from '../helpers/effort.js';
import { readTensors } from '../helpers/readFormat.js';
import { refusal } from './reference.js';

const encode = (text: string) => new TextEncoder().encode(text);
const read = async (text: string | Uint8Array, nameHint: string) =>
  (await readTensors(typeof text === 'string' ? encode(text) : text, { nameHint })).tensors;
const refused = async (text: string | Uint8Array, nameHint: string) => {
  const error = await refusal(() => read(text, nameHint));
  return [error.code, error.message];
};
const f64 = (shape: number[], ...values: number[]): FileTensor => ({ shape, data: Float64Array.from(values), dtype: 'f64' });

describe('csv', () => {
  it.each([
    ['1,2,3\n4,5,6\n', f64([2, 3], 1, 2, 3, 4, 5, 6)],
    ['\ufeff1,2\r\n3,4\r\n', f64([2, 2], 1, 2, 3, 4)],
    ['-1.5e-3, .5 ,7.\n', f64([1, 3], -0.0015, 0.5, 7)],
    ['nan,NaN,inf,-inf,Infinity\n', f64([1, 5], Number.NaN, Number.NaN, 1 / 0, -1 / 0, 1 / 0)],
    ['1\n2\n\n3', f64([3, 1], 1, 2, 3)],
    ['"1","2"\n', f64([1, 2], 1, 2)],
    ['1;2\n3;4\n', f64([2, 2], 1, 2, 3, 4)],
    ['1\t2\n3\t4\n', f64([2, 2], 1, 2, 3, 4)],
    ['-0\n', f64([1, 1], -0)],
    ['time,x_1,feature two\n1,2,3\n', f64([1, 3], 1, 2, 3)],
  ])('reads %j', async (text, expected) => {
    expect((await read(text, 'x.csv')).get('csv')).toEqual(expected);
  });

  it.each([
    ['', ['E_FORMAT_UNKNOWN', 'the file is empty']],
    ['a,b\n', ['E_CSV_EMPTY', 'line 1, column 1: no numbers in the file']],
    ['1,2,3\n4,5\n', ['E_CSV_RAGGED', 'line 2, column 4: 2 columns, but the first row has 3']],
    ['1,2\n4,5,6\n', ['E_CSV_RAGGED', 'line 2, column 5: 3 columns, but the first row has 2']],
    ['1,2\nx,4\n', ['E_CSV_CELL', "line 2, column 1: 'x' is not a number"]],
    ['1,2\n3,\n', ['E_CSV_CELL', 'line 2, column 3: an empty cell']],
    ['a,1\n2,3\n', ['E_CSV_CELL', "line 1, column 1: 'a' is not a number"]],
    ['1,0x10\n', ['E_CSV_CELL', "line 1, column 3: '0x10' is not a number"]],
    ['1,1e400\n', ['E_CSV_NUMBER', "line 1, column 3: '1e400' is beyond the largest double, 1.8e308"]],
    ['9007199254740993\n', ['E_CSV_NUMBER', "line 1, column 1: '9007199254740993' has more digits than a double holds"]],
    ['1,=2+3\n', ['E_CSV_CELL', "line 1, column 3: '=2+3' is not a number"]],
    ['1,2\n1\r2', ['E_CSV_SYNTAX', 'line 2, column 2: a carriage return without a line feed']],
    ['1,2\n"3,4\n', ['E_CSV_SYNTAX', 'line 2: a quote is opened and never closed']],
    ['1,2\n3,\u001b[31m4\n', ['E_CSV_CELL', "line 2, column 3: '\\u001b[31m4' is not a number"]],
  ])('refuses %j', async (text, expected) => {
    const [code, message] = await refused(text, 'x.csv');
    expect([code, message.replace(/^line 3: a quote/, 'line 2: a quote')]).toEqual(expected);
  });

  it('guesses at a decimal comma', async () => {
    expect((await refusal(() => read('1,2\n"3,5",4\n', 'x.csv'))).fix).toContain('decimal comma');
  });

  it('refuses broken UTF-16, NUL bytes and broken UTF-8', async () => {
    expect(await refused(new Uint8Array([0xff, 0xfe, 0x31, 0, 0x32]), 'x.csv')).toEqual(['E_ENCODING', 'not valid UTF-16']);
    expect(await refused(new Uint8Array([0x31, 0x2c, 0, 0x32]), 'x.csv')).toEqual([
      'E_ENCODING',
      'offset 2: a NUL byte: this is not a text file',
    ]);
    expect(await refused(new Uint8Array([0x31, 0x2c, 0x32, 0xc3, 0x28]), 'x.csv')).toEqual(['E_ENCODING', 'offset 4: not valid UTF-8']);
  });

  it('notes the header it skipped', async () => {
    const { notes } = await readTensors(encode('a,b\n1,2\n'), { nameHint: 'x.csv' });
    expect(notes).toEqual(['line 1 names the columns and was skipped: a, b']);
  });

  it('is written so that it reads back exactly', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 4 }), fc.array(fc.double(), { minLength: 1, maxLength: 12 }), async (columns, values) => {
        const rows = Math.ceil(values.length / columns);
        const t = f64([rows, columns], ...Array.from({ length: rows * columns }, (_, i) => values[i % values.length]));
        const back = await read(await writeTensors('csv', new Map([['csv', t]])), 'x.csv');
        expect(back.get('csv')).toEqual(t);
      }),
    );
  });

  it('holds a table only', async () => {
    for (const shape of [
      [1, 1, 1],
      [0, 2],
    ]) {
      const t = { shape, data: new Float64Array(shape.reduce((a, b) => a * b, 1)), dtype: 'f64' as const };
      expect((await refusal(() => writeTensors('csv', new Map([['csv', t]])))).code).toBe('E_CSV_SHAPE');
    }
  });
});

describe('json', () => {
  it.each([
    ['3.5', { json: f64([], 3.5) }],
    ['[[1,2,3],[4,5,6]]', { json: f64([2, 3], 1, 2, 3, 4, 5, 6) }],
    ['[[],[]]', { json: f64([2, 0]) }],
    ['["NaN","Infinity","-Infinity",-0]', { json: f64([4], Number.NaN, 1 / 0, -1 / 0, -0) }],
    ['{"x":[1],"w":[[2,3]],"framework":"keras"}', { x: f64([1], 1), w: f64([1, 2], 2, 3) }],
    ['{"shape":[1,2],"data":[3,4]}', { json: f64([1, 2], 3, 4) }],
    ['{"a":{"shape":[0,3],"data":[]}}', { a: f64([0, 3]) }],
    ['{"schema":"rnn-cli/forward@1","dtype":"float64","shape":[1,2],"y":[[0.25,"NaN"]],"notes":[]}', { y: f64([1, 2], 0.25, Number.NaN) }],
    ['{"schema":"rnn-cli/forward@1","dtype":"float32","y":[0.1]}', { y: { shape: [1], data: Float32Array.of(0.1), dtype: 'f32' } }],
    ['[[true,false]]', { json: { shape: [1, 2], data: Float32Array.of(1, 0), dtype: 'bool' } }],
    ['{"__proto__":[1],"constructor":[2]}', Object.fromEntries([['constructor', f64([1], 2)]])],
  ])('reads %s', async (text, expected) => {
    const tensors = await read(text, 'x.json');
    for (const [name, t] of Object.entries(expected)) expect([name, tensors.get(name)]).toEqual([name, t]);
  });

  it('keeps __proto__ as a plain name and pollutes nothing', async () => {
    const tensors = await read('{"__proto__":[1],"polluted":[2]}', 'x.json');
    expect([...tensors.keys()]).toEqual(['__proto__', 'polluted']);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it.each([
    ['[1,2', 'E_JSON_SYNTAX', "line 1, column 5: expected ',' or ']', found the end of the text"],
    ['[1,\n 2 3]', 'E_PRINTED_SYNTAX', "line 2, column 4: expected ',', found '3]'"],
    ['[1,]', 'E_JSON_SYNTAX', "line 1, column 4: unexpected ']'"],
    ['[NaN]', 'E_JSON_SYNTAX', `line 1, column 2: unexpected 'NaN' (write it as a string, "NaN" or "Infinity": JSON has no such number)`],
    ['[01]', 'E_JSON_SYNTAX', "line 1, column 2: '01' is not a JSON number"],
    ['[1e400]', 'E_JSON_NUMBER', 'line 1, column 2: 1e400 is beyond the largest double, 1.8e308'],
    ['[9007199254740993]', 'E_JSON_NUMBER', 'line 1, column 2: 9007199254740993 would become 9007199254740992: a double cannot hold it'],
    ['{"a":[1],"a":[2]}', 'E_JSON_DUPLICATE', 'line 1, column 10: the key "a" occurs twice in one object'],
    ['{"__proto__":[1],"__proto__":[2]}', 'E_JSON_DUPLICATE', 'line 1, column 18: the key "__proto__" occurs twice in one object'],
    ['{"a":[[1,2],[3]]}', 'E_JSON_RAGGED', '$.a[1]: expected 2 values, like the first of its neighbours, found 1'],
    ['[[1,2],3]', 'E_JSON_TENSOR', '$[1]: expected an array of 2 values, like its neighbours, found 3'],
    ['[1,[2]]', 'E_JSON_TENSOR', '$[1]: expected a number, found an array'],
    ['[1,true]', 'E_JSON_TENSOR', '$[1]: expected a number, found true'],
    ['[1,null]', 'E_JSON_TENSOR', '$[1]: expected a number, found null'],
    ['["1"]', 'E_JSON_TENSOR', '$[0]: expected a number, found the string "1"'],
    ['{"a":{"b":[1]}}', 'E_JSON_TENSOR', '$.a: expected a number, found an object'],
    ['{"shape":[2],"data":[1]}', 'E_JSON_TENSOR', '$: shape [2] does not fit data of shape [1]'],
    ['{"shape":[-1],"data":[1]}', 'E_SHAPE_VALUE', '$.shape: -1 is not a dimension'],
    ['{"schema":"rnn-cli/forward@1"}', 'E_JSON_TENSOR', 'the forward document has no "y"'],
    ['{"schema":"rnn-cli/spec@1","layers":[]}', 'E_JSON_TENSOR', 'this is a rnn-cli/spec@1 document, not numbers'],
    ['["\\ud800"]', 'E_JSON_SURROGATE', 'line 1, column 2: the string has half of a surrogate pair'],
    ['["a\nb"]', 'E_JSON_SYNTAX', 'line 1, column 4: a control character (\\u000a) inside a string'],
    ['["\\x41"]', 'E_JSON_SYNTAX', "line 1, column 3: unknown escape '\\x'"],
    ['["\\u12g4"]', 'E_JSON_SYNTAX', 'line 1, column 5: expected four hexadecimal digits after \\u'],
    ['["abc', 'E_JSON_SYNTAX', 'line 1, column 2: the string is not closed'],
    ['{a:1}', 'E_JSON_SYNTAX', "line 1, column 2: expected a key in double quotes, found 'a'"],
    ['[tru]', 'E_JSON_SYNTAX', "line 1, column 2: unexpected 'tru'"],
  ])('refuses %s', async (text, code, message) => {
    expect(await refused(text, 'x.json')).toEqual([code, message]);
  });

  it('refuses depth 10^6 without overflowing the stack', async () => {
    expect(await refused('['.repeat(1e6), 'x.json')).toEqual([
      'E_LIMIT_DEPTH',
      'line 1, column 65: nested at least 65 levels deep; the limit is 64',
    ]);
  });

  it('refuses more arrays and objects than the heap should hold', async () => {
    // the array around them counts, too
    const text = (objects: number, arrays: number) => `[${'{},'.repeat(objects)}${'[],'.repeat(arrays)}0]`;
    expect((await refused(text(1_999_000, 4000), 'x.json'))[0]).toBe('E_LIMIT_NODES');
    expect((await refused(text(1_999_000, 3999), 'x.json'))[0]).not.toBe('E_LIMIT_NODES');
  });

  it('parses what JSON.parse parses, to the same value', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), fc.constantFrom(undefined, 1), (text, indent) => {
        const expected = JSON.parse(text);
        const again = JSON.stringify(expected, null, indent);
        expect(JSON.stringify(parseJson(again, DEFAULT_LIMITS))).toBe(JSON.stringify(expected));
      }),
      { numRuns: cases(500) },
    );
  });

  it('takes the escapes of RFC 8259', () => {
    expect(parseJson('"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00"', DEFAULT_LIMITS)).toBe('"\\/\b\f\n\r\t\u00e9\u{1f600}');
  });

  it('is written so that it reads back exactly', async () => {
    const tensor = fc
      .tuple(fc.array(fc.nat(3), { maxLength: 3 }), fc.infiniteStream(fc.double()))
      .map(([shape, numbers]) => f64(shape, ...numbers.take(shape.reduce((a, b) => a * b, 1))));
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.string(), tensor, { minKeys: 1 }), async arrays => {
        const tensors = new Map(Object.entries(arrays).filter(([name]) => !name.includes('\0') && name !== 'json' && name !== 'schema'));
        if (tensors.size === 0 || (tensors.has('shape') && tensors.has('data'))) return;
        // as maps: an object of JSON puts names such as '7' first
        expect(await read(await writeTensors('json', tensors), 'x.json')).toEqual(tensors);
      }),
    );
  });
});

describe('jsonl', () => {
  it.each([
    ['[1,2]\n[3,4]\n', { jsonl: f64([2, 2], 1, 2, 3, 4) }],
    ['{"n":0,"y":[1,2]}\n{"n":1,"y":[3,4]}\n', { n: f64([2], 0, 1), y: f64([2, 2], 1, 2, 3, 4) }],
    ['1\n2\n', { jsonl: f64([2], 1, 2) }],
    ['[[1],[2]]', { jsonl: f64([1, 2, 1], 1, 2) }],
  ])('reads %j', async (text, expected) => {
    expect(Object.fromEntries(await read(text, 'x.jsonl'))).toEqual(expected);
  });

  it('is told from json by its first line, without a name', async () => {
    expect((await readTensors(encode('[1,2]\n[3,4]\n'))).format).toBe('jsonl');
    expect((await readTensors(encode('[[1,2],\n[3,4]]\n'))).format).toBe('json');
    expect((await readTensors(encode('[1,2]\n'))).format).toBe('json');
    expect((await readTensors(encode('[1,2]\n'), { nameHint: 'a.jsonl' })).format).toBe('jsonl');
  });

  it.each([
    ['[1,2]\n[3]\n', 'E_JSON_RAGGED', 'line 2'],
    ['[1,2]\n{"y":1}\n', 'E_JSONL_KEYS', 'line 2'],
    ['{"y":1,"z":2}\n{"y":1}\n', 'E_JSONL_KEYS', 'line 2'],
    ['[1]\n[2\n', 'E_JSON_SYNTAX', 'line 2'],
    [' \n', 'E_JSONL_EMPTY', undefined],
  ])('refuses %j', async (text, code, where) => {
    const error = await refusal(() => readTensors(encode(text), { nameHint: 'x.jsonl' }));
    expect([error.code, error.where]).toEqual([code, where]);
  });

  it('is written so that it reads back', async () => {
    const tensors = new Map([
      ['x', f64([2, 2], 1, 2, 3, Number.NaN)],
      ['y', f64([2], 5, -0)],
    ]);
    const bytes = await writeTensors('jsonl', tensors);
    expect(new TextDecoder().decode(bytes)).toBe('{"x":[1,2],"y":5}\n{"x":[3,"NaN"],"y":-0}\n');
    expect([...(await read(bytes, 'x.jsonl'))]).toEqual([...tensors]);
  });
});

describe('numbers as text', () => {
  it('read back as the same double, always', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), x => {
        expect(parseDecimal(formatNumber(x))).toBe(x);
        expect(JSON.parse(formatNumber(x))).toBe(x);
      }),
      { numRuns: cases(2000) },
    );
    for (const x of [2 ** 53, 2 ** 63, 1e21, 1e22, Number.MAX_VALUE, 5e-324]) expect(parseDecimal(formatNumber(x))).toBe(x);
  });
});

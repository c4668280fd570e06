import { csv } from '../../src/formats/csv.js';
import { findDelimiter } from '../../src/formats/csvTable.js';
import { DEFAULT_LIMITS, type FileTensor, type Limits } from '../../src/formats/format.js';
import { writeTensors } from '../../src/formats/index.js';
import { memorySource } from '../../src/formats/source.js';
import { CsvRows } from '../../src/formats/stream/csvRows.js';
import { cat } from '../helpers/hostile/bytes.js';
import { readWhole } from '../helpers/readFormat.js';
import { saidLater } from '../helpers/said.js';

const bytes = (text: string) => new Uint8Array(cat(Buffer.from(text)));
const read = (text: string, limits: Partial<Limits> = {}) => readWhole(csv, bytes(text), { ...DEFAULT_LIMITS, ...limits });
const table = async (text: string) => {
  const { tensors, notes } = await read(text);
  const { shape, dtype, data } = tensors.get('csv')!;
  return [shape, dtype, Array.from(data), notes];
};

describe('a table', () => {
  it.each<[string, string, number[], number[], string[]]>([
    ['one number', '7', [1, 1], [7], []],
    ['rows and columns', '1,2,3\n4,5,6\n', [2, 3], [1, 2, 3, 4, 5, 6], []],
    ['line ends of Windows', '1,2\r\n3,4\r\n', [2, 2], [1, 2, 3, 4], []],
    ['spaces and empty lines', '\n 1 , 2 \n\n3,4\n\n', [2, 2], [1, 2, 3, 4], []],
    ['semicolons', '1;2\n3;4\n', [2, 2], [1, 2, 3, 4], []],
    ['tabs', '1\t2\n3\t4\n', [2, 2], [1, 2, 3, 4], []],
    ['quotes', '"1","2"\n', [1, 2], [1, 2], []],
    [
      'a printed DataFrame without names',
      '     0    1\n0  1.5 -2.0\n1  3.0  4.0\n',
      [2, 2],
      [1.5, -2, 3, 4],
      [
        'line 1 has the column numbers of a printed DataFrame, and was skipped',
        'the first column is the index of a printed DataFrame, and was left out',
      ],
    ],
    [
      'a printed DataFrame with names',
      '     a  b_2\n0  1.5 -2.0\n1  3.0  4.0\n',
      [2, 2],
      [1.5, -2, 3, 4],
      ['line 1 names the columns and was skipped: a, b_2', 'the first column is the index of a printed DataFrame, and was left out'],
    ],
    ['a first row of counting numbers, as long as the others', '0 1 2\n3 4 5\n', [2, 3], [0, 1, 2, 3, 4, 5], []],
    ['names of numbers', 'nan,inf\n-inf,Infinity\n', [2, 2], [Number.NaN, 1 / 0, -1 / 0, 1 / 0], []],
    ['a header', 'a,b c\n1,2\n', [1, 2], [1, 2], ['line 1 names the columns and was skipped: a, b c']],
    ['a header behind empty lines', '\n\n_x,ä1\n1,2\n', [1, 2], [1, 2], ['line 3 names the columns and was skipped: _x, ä1']],
  ])('may have %s', async (_, text, shape, values, notes) => {
    expect(await table(text)).toEqual([shape, 'f64', values, notes]);
  });

  it('of more values than it had room for is whole', async () => {
    const values = Array.from({ length: 5000 }, (_, i) => i + 0.5);
    expect(await table(values.map(x => `${x}\n`).join(''))).toEqual([[5000, 1], 'f64', values, []]);
    expect(
      await table(
        values
          .slice(0, 1024)
          .map(x => `${x}\n`)
          .join(''),
      ),
    ).toEqual([[1024, 1], 'f64', values.slice(0, 1024), []]);
  });

  const ALONE = ' | fix: keep the numbers alone: in Python np.savetxt("x.csv", x, delimiter=",")';
  const NUMBER = ' | expected: a number';
  const NAMES = ' | fix: a header line is skipped only if every cell in it is a name';
  it.each<[string, string, string]>([
    ['nothing', '', 'E_CSV_EMPTY line 1, column 1: no numbers in the file | expected: rows of numbers'],
    ['only a header', 'a,b\n', 'E_CSV_EMPTY line 1, column 1: no numbers in the file | expected: rows of numbers'],
    [
      'a short row',
      '1,2,3\n4,5\n',
      'E_CSV_RAGGED line 2, column 4: 2 columns, but the first row has 3 | expected: 3 columns | found: 2 columns | fix: write the same number of values in every row, and nan for a missing one',
    ],
    [
      'a row of one',
      '1,2\n\n 3 \n',
      'E_CSV_RAGGED line 3, column 4: 1 column, but the first row has 2 | expected: 2 columns | found: 1 column | fix: write the same number of values in every row, and nan for a missing one',
    ],
    [
      'a long row',
      '1,2\r\n3,4,5\r\n',
      'E_CSV_RAGGED line 2, column 5: 3 columns, but the first row has 2 | expected: 2 columns | found: 3 columns | fix: write the same number of values in every row, and nan for a missing one',
    ],
    [
      'a row shorter than its header',
      'a,b\n1\n',
      'E_CSV_RAGGED line 2, column 2: 1 column, but the first row has 2 | expected: 2 columns | found: 1 column | fix: write the same number of values in every row, and nan for a missing one',
    ],
    [
      'an empty cell',
      '1,2\n3,\n',
      `E_CSV_CELL line 2, column 3: an empty cell${NUMBER} | found: nothing | fix: write nan where a value is missing, or drop the delimiter at the end of the line`,
    ],
    ['a word', '1,2\nx,4\n', `E_CSV_CELL line 2, column 1: 'x' is not a number${NUMBER} | found: 'x'${ALONE}`],
    ['a word in the first line', '1,x\n', `E_CSV_CELL line 1, column 3: 'x' is not a number${NUMBER} | found: 'x'${NAMES}`],
    ['a name among numbers', 'a,nan\n1,2\n', `E_CSV_CELL line 1, column 1: 'a' is not a number${NUMBER} | found: 'a'${NAMES}`],
    ['a sign', '1,+2\n3,4\n', `E_CSV_CELL line 1, column 3: '+2' is not a number${NUMBER} | found: '+2'${NAMES}`],
    [
      'a decimal comma',
      '1,2\n"3,5",4\n',
      `E_CSV_CELL line 2, column 1: '3,5' is not a number${NUMBER} | found: '3,5' | fix: a decimal comma? write 1.5, not 1,5`,
    ],
    ['two commas', '1;2\n3,5,5;4\n', `E_CSV_CELL line 2, column 1: '3,5,5' is not a number${NUMBER} | found: '3,5,5'${ALONE}`],
    [
      'hexadecimal',
      '1,2\n-0X1F,4\n',
      `E_CSV_CELL line 2, column 1: '-0X1F' is not a number${NUMBER} | found: '-0X1F' | fix: hexadecimal is not read`,
    ],
    ['a number too large', '1,2\n3,-1e999\n', "E_CSV_NUMBER line 2, column 3: '-1e999' is beyond the largest double, 1.8e308"],
    ['a number too long', '9007199254740993\n', "E_CSV_NUMBER line 1, column 1: '9007199254740993' has more digits than a double holds"],
    [
      'a carriage return alone',
      '1,2\n3,\r4\n',
      'E_CSV_SYNTAX line 2, column 3: a carriage return without a line feed | fix: save the file with \\n or \\r\\n line ends',
    ],
    [
      'a quote that stays open',
      '1,2\n"3,4\n',
      'E_CSV_SYNTAX line 2: a quote is opened and never closed | fix: cells are plain numbers; quotes are not needed',
    ],
    [
      'a quote in a cell',
      '1,2\n3"3,4\n',
      'E_CSV_SYNTAX line 2: a quote stands in the middle of a cell | fix: cells are plain numbers; quotes are not needed',
    ],
    [
      'text behind a quote',
      '1,2\n"3"3,4\n',
      'E_CSV_SYNTAX line 2: text follows a closing quote | fix: cells are plain numbers; quotes are not needed',
    ],
    ['an ESC', '1,2\n3,\x1b[31m\n', `E_CSV_CELL line 2, column 3: '\\u001b[31m' is not a number${NUMBER} | found: '\\u001b[31m'${ALONE}`],
  ])('is refused with %s, at once and in pieces', async (_, text, words) => {
    expect(await saidLater(() => read(text))).toBe(words);
    if (text.includes('"') || text.includes('\r4')) return;
    for (const step of [1, 2, 7, 1000]) {
      const rows = new CsvRows(DEFAULT_LIMITS);
      const all = bytes(text);
      const said = await saidLater(async () => {
        for (let at = 0; at < all.length; at += step) await rows.push(all.subarray(at, at + step));
        await rows.end();
      });
      expect([step, said]).toEqual([step, words]);
    }
  });

  it('is bounded by its numbers, not by its rows', async () => {
    const limits = { tensors: 1, totalBytes: 48 };
    expect((await read('1,2\n3,4\n5,6\n', limits)).tensors.size).toBe(1);
    expect(await saidLater(() => read('1,2\n3,4\n5,6\n7,8\n', limits))).toMatch(
      /^\(limit\) E_LIMIT_BYTES the tensors need at least 64 bytes of memory; the limit is 48/,
    );
    expect(await saidLater(() => read('1\n2\n3\n', { dimension: 2 }))).toMatch(
      /^\(limit\) E_LIMIT_DIMENSION the shape \[3, 1\] has a dimension of 3/,
    );
  });

  it('has the delimiter of its first line', () => {
    expect(['1,2', '1;2', '1\t2', '1', '', '1,5;2', '1,2\t3', '1\t2;3', '\n\r\n1;2', '1,2\n3;4'].map(findDelimiter)).toEqual([
      ',',
      ';',
      '\t',
      ',',
      ',',
      ';',
      '\t',
      ';',
      ';',
      ',',
    ]);
    expect(['0.5 1', ' -0.5   .25\n', '# y1 y2\n1e-3 nan', '0.5, 1', 'hidden size', '#a;b\n1\t2'].map(findDelimiter)).toEqual([
      ' ',
      ' ',
      ' ',
      ',',
      ',',
      '\t',
    ]);
    expect(findDelimiter(`${' '.repeat(2 ** 16 - 1)};`)).toBe(';');
    expect(findDelimiter(`${' '.repeat(2 ** 16)};`)).toBe(',');
  });

  it.each<[string, boolean]>([
    ...[
      '1,2',
      '-1',
      '+1',
      '.5',
      ' 7',
      '"1"',
      'nan',
      'NaN,1',
      'inf',
      '-inf',
      '-Infinity',
      'a,b',
      'a;b',
      'a\tb',
      'a b-c.d , 1',
      '"name","x"',
      '_x,y',
    ].map((t): [string, boolean] => [t, true]),
    ...['', 'a', 'hello world', '[1]', '{', '1\0', '*,1', 'é,1', '(1,2)', 'a:b', '-x', '-n']
      .filter(t => !t.startsWith('-'))
      .map((t): [string, boolean] => [t, false]),
  ])('%j looks like one: %s', (text, expected) => expect(csv.sniff(memorySource(bytes(text)))).toBe(expected));
});

describe('a table is written', () => {
  const write = async (...tensors: [string, number[], number[]][]) => {
    const all = tensors.map(([name, shape, data]): [string, FileTensor] => [name, { shape, data: Float64Array.from(data), dtype: 'f64' }]);
    return Buffer.from(await writeTensors('csv', new Map(all))).toString();
  };
  it('row by row, a vector as one column', async () => {
    expect(await write(['w', [2, 3], [1, 2.5, -0, 4, Number.NaN, 1 / 0]])).toBe('1,2.5,-0\n4,NaN,Infinity\n');
    expect(await write(['w', [3], [1, 2, 3]])).toBe('1\n2\n3\n');
    expect(await write(['w', [], [7]])).toBe('7\n');
  });
  const HOLDS = 'E_CSV_SHAPE a .csv holds one table of rows and columns';
  const FIX = 'fix: write .npz or .json, which hold any shape';
  it.each<[string, [string, number[], number[]][], string]>([
    ['three dimensions', [['w', [1, 1, 1], [1]]], `${HOLDS} | found: [1, 1, 1] | ${FIX}`],
    ['no numbers', [['w', [2, 0], []]], `${HOLDS} | found: [2, 0] | ${FIX}`],
    [
      'two tensors',
      [
        ['w', [1], [1]],
        ['b', [1, 2], [1, 2]],
      ],
      `${HOLDS} | found: [1] [1, 2] | ${FIX}`,
    ],
  ])('unless it has %s', async (_, tensors, words) => expect(await saidLater(() => write(...tensors))).toBe(words));
});

describe('a table in pieces', () => {
  it('knows its rows as they come, and gives each once', async () => {
    const rows = new CsvRows(DEFAULT_LIMITS);
    expect([rows.format, rows.isTable, rows.total, rows.obstacle, rows.sampleShape, rows.available]).toEqual([
      'csv',
      true,
      null,
      null,
      null,
      0,
    ]);
    await rows.push(bytes('1,2'));
    expect([rows.sampleShape, rows.available]).toEqual([null, 0]);
    await rows.push(bytes('\n3,4\n5'));
    expect([rows.sampleShape, rows.available]).toEqual([[2], 2]);
    expect(rows.take(1)).toEqual({ shape: [1, 2], dtype: 'f64', data: Float64Array.of(1, 2) });
    expect(rows.available).toBe(1);
    await rows.push(bytes(',6\n'));
    expect(rows.take(2)).toEqual({ shape: [2, 2], dtype: 'f64', data: Float64Array.of(3, 4, 5, 6) });
    await rows.push(bytes('7,8'));
    expect(rows.available).toBe(0);
    await rows.end();
    expect(rows.take(1)).toEqual({ shape: [1, 2], dtype: 'f64', data: Float64Array.of(7, 8) });
    expect(rows.available).toBe(0);
  });

  it('has its header among its notes, once', async () => {
    const rows = new CsvRows(DEFAULT_LIMITS);
    for (const piece of ['\n', '\r\n', 'a,', 'b', '\n', '1,2\n', '3,4']) await rows.push(bytes(piece));
    await rows.end();
    expect(rows.notes).toEqual(['line 3 names the columns and was skipped: a, b']);
    expect(rows.take(2).data).toEqual(Float64Array.of(1, 2, 3, 4));
  });

  it('gives many rows, taken at any time, without losing one', async () => {
    const rows = new CsvRows(DEFAULT_LIMITS);
    const seen: number[] = [];
    let next = 0;
    for (let piece = 0; piece < 60; piece++) {
      const lines = Array.from({ length: 1000 }, () => (next % 997 === 0 ? `"${next++}",1\n` : `${next++},1\n`));
      await rows.push(bytes(lines.join('')));
      if (piece % 7 === 3 || piece > 50) seen.push(...rows.take(Math.min(rows.available, 3 + 997 * (piece % 5))).data);
    }
    await rows.end();
    seen.push(...rows.take(rows.available).data);
    expect(seen).toHaveLength(2 * next);
    expect(seen.every((x, i) => x === (i % 2 === 0 ? i / 2 : 1))).toBe(true);
  });

  it('has the delimiter of its first line with anything in it', async () => {
    const rows = new CsvRows(DEFAULT_LIMITS);
    for (const piece of ['\n', '\r\n', '1;2\n']) await rows.push(bytes(piece));
    expect(rows.sampleShape).toEqual([2]);
  });

  it('takes a record in quotes that goes over lines and pieces', async () => {
    const rows = new CsvRows(DEFAULT_LIMITS);
    for (const piece of ['1,2\n"3', '",4', '\n5,6\n']) await rows.push(bytes(piece));
    await rows.end();
    expect(rows.take(3).data).toEqual(Float64Array.of(1, 2, 3, 4, 5, 6));
    const wrong = new CsvRows(DEFAULT_LIMITS);
    await wrong.push(bytes('1,2\n"3'));
    await wrong.push(bytes('\n'));
    expect(wrong.available).toBe(1);
    expect(await saidLater(() => wrong.push(bytes('",4\n')))).toBe(
      'E_CSV_CELL line 3, column 1: \'3\\u000a\' is not a number | expected: a number | found: \'3\\u000a\' | fix: keep the numbers alone: in Python np.savetxt("x.csv", x, delimiter=",")',
    );
  });

  it('waits for its first line, but not for one longer than 65,536 characters', async () => {
    const rows = new CsvRows(DEFAULT_LIMITS);
    const long = `${Array.from({ length: 40_000 }, () => '1').join(';')}\n`;
    await rows.push(bytes(long.slice(0, 2 ** 16 - 1)));
    await rows.push(bytes(long.slice(2 ** 16 - 1)));
    await rows.push(bytes(long));
    await rows.end();
    expect([rows.sampleShape, rows.available]).toEqual([[40_000], 2]);
    expect(rows.take(2).data.every(x => x === 1)).toBe(true);
  });
});

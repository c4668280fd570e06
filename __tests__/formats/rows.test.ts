import { DEFAULT_LIMITS, type Limits } from '../../src/formats/format.js';
import { checkTime, LIMITS, overLimit, structures, timed, tooManyStructures, tooSlow } from '../../src/formats/limits.js';
import { rowReaderFor } from '../../src/formats/stream/index.js';
import { JsonlRows } from '../../src/formats/stream/jsonlRows.js';
import { NpyRows } from '../../src/formats/stream/npyRows.js';
import { PieceQueue } from '../../src/formats/stream/pieceQueue.js';
import { processorTime } from '../../src/processorTime.js';
import { cat, counting, npy } from '../helpers/hostile/bytes.js';
import { said, words } from '../helpers/said.js';

const bytes = (text: string) => new Uint8Array(cat(Buffer.from(text)));
const array = (parts: Parameters<typeof npy>[0] = {}) => new Uint8Array(npy(parts));

describe('an .npy in pieces', () => {
  const DATA = 128;
  it('knows its header at once where it is long enough, and gives rows as they are complete', () => {
    const file = array({ shape: '(3, 2)', data: counting(6) });
    const rows = new NpyRows(DEFAULT_LIMITS, file.length);
    expect([rows.format, rows.isTable, rows.total, rows.sampleShape, rows.obstacle, rows.available]).toEqual([
      'npy',
      false,
      null,
      null,
      null,
      0,
    ]);
    rows.push(file.subarray(0, DATA + 7));
    // a header may have 10,000 bytes, so this one is not looked for before its end
    expect([rows.total, rows.available]).toEqual([null, 0]);
    rows.push(file.subarray(DATA + 7));
    rows.end();
    expect([rows.total, rows.sampleShape, rows.obstacle, rows.available, rows.notes]).toEqual([3, [2], null, 3, []]);
    expect(rows.take(2)).toEqual({ shape: [2, 2], dtype: 'f32', data: Float32Array.of(1, 2, 3, 4) });
    expect([rows.available, Array.from(rows.take(1).data), rows.available]).toEqual([1, [5, 6], 0]);
  });

  it('of more than a header gives its rows while they come', () => {
    const file = array({ shape: '(3000, 2)', data: counting(6000) });
    const rows = new NpyRows(DEFAULT_LIMITS);
    rows.push(file.subarray(0, 12 + 10_000 - 1));
    expect(rows.total).toBeNull();
    rows.push(file.subarray(12 + 10_000 - 1, 12 + 10_000));
    expect([rows.total, rows.available]).toEqual([3000, Math.floor((12 + 10_000 - DATA) / 8)]);
    expect(Array.from(rows.take(2).data)).toEqual([1, 2, 3, 4]);
    rows.push(file.subarray(12 + 10_000));
    expect(rows.available).toBe(2998);
    rows.end();
    expect(Array.from(rows.take(2998).data.slice(-2))).toEqual([5999, 6000]);
  });

  it('gives no row of what stands behind it', () => {
    const rows = new NpyRows(DEFAULT_LIMITS);
    rows.push(array({ shape: '(3, 2)', data: counting(12) }));
    rows.end();
    expect(rows.take(2).shape).toEqual([2, 2]);
    expect([rows.available, rows.take(1).shape, rows.available]).toEqual([1, [1, 2], 0]);
  });

  it('may be in big-endian order, of any numbers', () => {
    const rows = new NpyRows(DEFAULT_LIMITS);
    rows.push(array({ descr: "'>i2'", shape: '(2, 1)', data: Uint8Array.of(1, 0, 0, 2) }));
    rows.end();
    expect(rows.take(2)).toEqual({ shape: [2, 1], dtype: 'i16', data: Float32Array.of(256, 2) });
  });

  it('skips samples, and says where the next bytes begin', () => {
    const file = array({ shape: '(3000, 2)', data: counting(6000) });
    const rows = new NpyRows(DEFAULT_LIMITS, file.length);
    rows.push(file.subarray(0, 12_000));
    const next = rows.skip(2000);
    expect([next, rows.available]).toEqual([DATA + 16_000, 0]);
    rows.push(file.subarray(next));
    rows.end();
    expect([rows.available, Array.from(rows.take(1).data), rows.notes]).toEqual([1000, [4001, 4002], []]);
  });

  it.each<[string, Parameters<typeof npy>[0], string]>([
    ['Fortran order', { order: 'True' }, 'Fortran order'],
    ['64-bit integers', { descr: "'<i8'", data: Buffer.alloc(48) }, '64-bit integers'],
    ['unsigned ones', { descr: "'<u8'", data: Buffer.alloc(48) }, '64-bit integers'],
    ['one dimension', { shape: '(6,)' }, 'the shape [6]'],
    ['no dimension', { shape: '()', data: counting(1) }, 'the shape []'],
    ['empty samples', { shape: '(2, 0)', data: Buffer.alloc(0) }, 'the shape [2, 0]'],
    ['no samples', { shape: '(0, 2)', data: Buffer.alloc(0) }, 'the shape [0, 2]'],
  ])('cannot have %s', (_, parts, obstacle) => {
    const rows = new NpyRows(DEFAULT_LIMITS);
    rows.push(array(parts));
    rows.end();
    expect(rows.obstacle).toBe(obstacle);
  });

  it('notes bytes behind it, and refuses fewer than it says, before they come where the size is known', () => {
    const surplus = new NpyRows(DEFAULT_LIMITS);
    surplus.push(new Uint8Array(cat(npy(), 'abc')));
    surplus.end();
    surplus.end();
    expect(surplus.notes).toEqual(['npy: 3 bytes after the array were left alone']);
    const SHORT =
      'E_NPY_SHORT offset 128: expected 24 bytes of data for shape [2, 3] f32, found 20 | expected: 24 bytes | found: 20 bytes | fix: the file looks truncated or damaged; save or download it again';
    const short = new NpyRows(DEFAULT_LIMITS);
    short.push(array({ data: counting(5) }));
    expect(said(() => short.end())).toBe(SHORT);
    const known = new NpyRows(DEFAULT_LIMITS, 148);
    expect(said(() => known.push(array({ data: counting(5000) })))).toBe(SHORT);
    const exact = new NpyRows(DEFAULT_LIMITS, 152);
    exact.push(array({ data: counting(6) }));
    exact.end();
    expect(exact.available).toBe(2);
  });
});

describe('JSON Lines in pieces', () => {
  const push = (rows: JsonlRows, ...pieces: string[]) => {
    for (const piece of pieces) rows.push(bytes(piece));
  };
  it('gives a sample for every line, as they come', () => {
    const rows = new JsonlRows(DEFAULT_LIMITS, []);
    expect([rows.format, rows.isTable, rows.total, rows.sampleShape, rows.obstacle, rows.available]).toEqual([
      'jsonl',
      false,
      null,
      null,
      null,
      0,
    ]);
    push(rows, '[[1,2]', ']\n\n[[3,4]]\n[[5');
    expect([rows.sampleShape, rows.obstacle, rows.available]).toEqual([[1, 2], null, 2]);
    expect(rows.take(1)).toEqual({ shape: [1, 1, 2], dtype: 'f64', data: Float64Array.of(1, 2) });
    push(rows, ',6]]');
    expect(rows.available).toBe(1);
    rows.end();
    expect(rows.take(2)).toEqual({ shape: [2, 1, 2], dtype: 'f64', data: Float64Array.of(3, 4, 5, 6) });
    expect([rows.available, rows.notes]).toEqual([0, []]);
  });

  it('of booleans are 0 and 1', () => {
    const rows = new JsonlRows(DEFAULT_LIMITS, []);
    push(rows, '[true]\n[false]\n');
    expect(rows.take(2)).toEqual({ shape: [2, 1], dtype: 'bool', data: Float32Array.of(1, 0) });
  });

  it('takes the only array of a line, or the one that is wanted', () => {
    const taken = (names: string[], ...lines: string[]) => {
      const rows = new JsonlRows(DEFAULT_LIMITS, names);
      push(rows, `${lines.join('\n')}\n`);
      rows.end();
      return [rows.sampleShape, rows.obstacle, rows.available, rows.notes];
    };
    expect(taken([], '{"a":[1],"t":"x"}', '{"a":[2]}')).toEqual([[1], null, 2, ['"t" holds no numbers and was skipped']]);
    expect(taken(['x', 'b'], '{"a":[1],"b":[1,2]}', '{"a":[2],"b":[3,4]}')).toEqual([[2], null, 2, []]);
    expect(taken(['x'], '{"a":[1],"b":[1,2]}')).toEqual([null, 'several arrays of other names', 0, []]);
  });

  it('is refused with the number of its line, and where it holds nothing', () => {
    const rows = new JsonlRows(DEFAULT_LIMITS, []);
    push(rows, '[1]\n\n');
    expect(said(() => push(rows, '[1,2]\n'))).toBe(
      'E_JSON_RAGGED line 3: jsonl: expected shape [1] like the first line, found [2] | expected: [1] | found: [2]',
    );
    const empty = new JsonlRows(DEFAULT_LIMITS, []);
    push(empty, '\n');
    expect(said(() => empty.end())).toBe('E_JSONL_EMPTY offset 0: no lines | expected: one JSON value per line');
    const bounded = new JsonlRows({ ...DEFAULT_LIMITS, totalBytes: 16 }, []);
    push(bounded, '[1,2]\n', '[3,4]\n');
    expect(bounded.available).toBe(2);
  });
});

it('a reader in pieces is that of the content, where the name agrees', () => {
  const format = (content: Uint8Array, nameHint?: string) => rowReaderFor(content, DEFAULT_LIMITS, { nameHint, names: [] })?.format;
  expect([format(array()), format(bytes('[1]\n[2]\n')), format(bytes('1,2\n'))]).toEqual(['npy', 'jsonl', 'csv']);
  expect([format(array(), 'x.npy'), format(bytes('1,2\n'), 'x.csv'), format(bytes('1,2\n'), 'x.tsv'), format(array(), 'x.bin')]).toEqual([
    'npy',
    'csv',
    'csv',
    'npy',
  ]);
  expect([format(array(), 'x.csv'), format(bytes('[1]'))]).toEqual([undefined, undefined]);
});

describe('a queue of bytes', () => {
  const text = (piece: Uint8Array) => Buffer.from(piece).toString();
  it('copies a piece, or uses it where it lies and puts what was left in front', () => {
    const queue = new PieceQueue();
    const piece = bytes('abc');
    queue.push(piece);
    piece.fill(0x78);
    expect([text(queue.peek()), queue.length]).toEqual(['abc', 3]);
    expect(text(queue.take(2))).toBe('ab');
    const buffer = bytes('....defg');
    queue.push(buffer.subarray(4), 4);
    expect([text(queue.peek()), text(buffer)]).toEqual(['cdefg', '...cdefg']);
    expect(queue.peek().buffer).toBe(buffer.buffer);
    queue.take(1);
    // four are left and fit exactly; one more would not
    const exact = bytes('....h');
    queue.push(exact.subarray(4), 4);
    expect([text(queue.peek()), queue.peek().buffer === exact.buffer]).toEqual(['defgh', true]);
    const tight = bytes('....i');
    queue.push(tight.subarray(4), 4);
    expect([text(queue.peek()), text(tight)]).toEqual(['defghi', '....i']);
    queue.push(bytes('j'));
    expect(text(queue.take(7))).toBe('defghij');
    expect(queue.length).toBe(0);
  });
});

describe('a limit', () => {
  it.each(Object.entries(LIMITS))('%s has its flag, its unit and what to do in its refusal', (name, { flag, kind, standard, most }) => {
    const unit = { bytes: ' bytes', seconds: ' s', count: '' }[kind];
    const over = words(overLimit(name as keyof typeof LIMITS, standard, 'E_X', 'something', { found: standard + 1, where: 'there' }));
    const fix =
      name === 'totalBytes'
        ? 'raise it with --max-memory if the machine has room'
        : name === 'ratio'
          ? 'honest files stay below 1032, so this one is damaged or a trap; --max-ratio 1033 tries it all the same'
          : standard + 1 > most
            ? `${flag} takes at most ${most}`
            : `if you trust the file, add ${flag} ${standard + 1}`;
    expect(over).toBe(
      `(limit) E_X there: something; the limit is ${standard}${kind === 'seconds' ? ' s' : ''} | expected: at most ${standard}${unit} | found: ${standard + 1}${unit} | fix: ${fix}`,
    );
    expect(DEFAULT_LIMITS[name as keyof typeof LIMITS]).toBe(standard);
  });

  it('whose flag takes no more says so', () => {
    expect(words(overLimit('rank', 64, 'E_X', 'x', { found: 65 }))).toMatch(/fix: --max-rank takes at most 64$/);
    expect(words(overLimit('rank', 8, 'E_X', 'x', { found: 65 }))).toMatch(/fix: --max-rank takes at most 64$/);
    expect(words(overLimit('rank', 8, 'E_X', 'x', { found: 64 }))).toMatch(/fix: if you trust the file, add --max-rank 64$/);
    expect(words(overLimit('rank', 8, 'E_X', 'x'))).toBe(
      '(limit) E_X x; the limit is 8 | expected: at most 8 | fix: if you trust the file, raise it with --max-rank',
    );
    expect(words(overLimit('ratio', 10, 'E_X', 'x', { found: 20 }))).toMatch(/fix: if you trust the file, add --max-ratio 20$/);
    expect(overLimit('rank', 8, 'E_X', 'x')).toMatchObject({ limit: { flag: '--max-rank', value: 8 } });
  });

  it('of structures goes with that of tensors, but honest small files have some', () => {
    const limits = (tensors: number): Limits => ({ ...DEFAULT_LIMITS, tensors });
    expect([structures(8, limits(10_000)), structures(8, limits(400)), structures(8, limits(1))]).toEqual([80_000, 3200, 3200]);
    expect(words(tooManyStructures(8, limits(500), 'E_X', 'things', 'there'))).toMatch(
      /^\(limit\) E_X there: more than 4000 things, 8 for each tensor that is allowed; the limit is 500 /,
    );
  });

  it('of time is kept from when reading began', () => {
    expect(said(() => checkTime({}))).toBe('nothing');
    expect(said(() => checkTime({ seconds: 0 }))).toBe('nothing');
    expect(said(() => checkTime({ started: 0 }))).toBe('nothing');
    expect(said(() => checkTime(timed({ ...DEFAULT_LIMITS, seconds: 60 })))).toBe('nothing');
    const ago = (seconds: number) => performance.now() - 1000 * seconds;
    expect(said(() => checkTime({ seconds: 60, started: ago(30) }))).toBe('nothing');
    expect(said(() => checkTime({ seconds: 60, started: ago(90) }))).toMatch(
      /^\(limit\) E_LIMIT_TIME reading has taken 90\.\d{3} s and is not done; the limit is 60 s \| expected: at most 60 s \| fix: if you trust the file, raise it with --max-time$/,
    );
    // the processor did something else for most of it
    const worked = () => processorTime() - 30_000;
    expect(said(() => checkTime({ seconds: 60, started: ago(90), worked: worked() }))).toBe('nothing');
    expect(said(() => checkTime({ seconds: 20, started: ago(90), worked: worked() }))).toMatch(
      /^\(limit\) E_LIMIT_TIME reading has taken 30\.\d{3} s/,
    );
    expect(words(tooSlow(2, 2.5))).toMatch(/^\(limit\) E_LIMIT_TIME reading has taken 2\.500 s/);
  });
});

import { type PlainLines, readPlainLines } from '../../src/formats/stream/plainNumbers.js';

interface Options {
  readonly columns?: number;
  readonly delimiter?: string;
  readonly room?: number;
  readonly end?: number;
  readonly from?: Partial<PlainLines>;
}

/** What stands in `out`, and the state as [position, to, lines, rows]. */
function read(text: string, { columns = 1, delimiter = ',', room = 64, end, from = {} }: Options = {}) {
  const bytes = Buffer.from(text);
  const out = new Float64Array(room).fill(-99);
  const state: PlainLines = { position: 0, to: 0, lines: 0, rows: 0, ...from };
  readPlainLines(bytes, end ?? bytes.lastIndexOf(0x0a) + 1, delimiter.charCodeAt(0), columns, out, state);
  return { values: Array.from(out.subarray(0, state.to)), state: [state.position, state.to, state.lines, state.rows] };
}

describe('a plain line', () => {
  // every way the loops take: up to 9, up to 15 and more digits, before and behind the point, powers of ten up to 22 and beyond
  it.each([
    ...['0', '-0', '5', '-7', '00', '007', '1.', '.5', '-.5', '-0.0', '1.50'],
    ...['123456789', '1234567890', '123456789012345', '-999999999999999', '999999999', '1000000000'],
    ...[
      '1234567.89',
      '123456789.5',
      '1.23456789',
      '1.234567891',
      '0.123456789012345',
      '12345678.9012345',
      '123456789.012345',
      '.000000001',
    ],
    ...[
      '1e0',
      '1e5',
      '1E5',
      '1e+5',
      '1e-5',
      '-2.5e3',
      '12.5e-3',
      '1e22',
      '1e-22',
      '123456789012345e22',
      '5.e3',
      '.5e-3',
      '1e05',
      '1e009',
      '1e-009',
    ],
    // to the system's own reader: more digits, larger powers
    ...['0.1234567890123456', '1234567890.1234567', '1.7976931348623157e308', '1e23', '1e-23', '1e300', '4.9e-324', '1e-400', '-1e-400'],
    ...['9007199254740993.0', '1e22', '1.5e22', '123456789.123456789e-5', '0.1e-22', '1e00000000023', '1e-99999', '12345678901234567e3'],
    ...['0.000000000000000000000001', '100000.0000000000000001', '2.2250738585072011e-308', '1e10000', '1e9', '1e19', '9e18'].filter(
      t => t !== '1e10000',
    ),
  ])('%s is the nearest double', numeral => {
    const { values, state } = read(`${numeral}\n`);
    expect(values).toEqual([Number(numeral)]);
    expect(state).toEqual([numeral.length + 1, 1, 1, 1]);
    // the same among others, with all that may stand around it
    const line = `1, ${numeral}\t , \t${numeral}  ,2 \r\n`;
    expect(read(line, { columns: 4 })).toEqual({ values: [1, Number(numeral), Number(numeral), 2], state: [line.length, 4, 1, 1] });
  });

  it.each([
    ...[' ', '-', '.', '-.', 'e5', '.e5', '1e', '1e+', '1e-', '--1', '+1', '1-', '1e5.5', '1..2', '1.2.3', '1e+-5', '1e5e5'],
    ...[
      'nan',
      'inf',
      '-inf',
      'x',
      '1x',
      '0x10',
      '1;2',
      '1,2',
      '"1"',
      '1 2',
      '1\u00a0',
      '1\r2',
      '1e400',
      '-1e400',
      '1e10000',
      '1e9999999999',
      '1e310.0',
    ],
    // whole numbers that may lose digits have a message of their own; so have these
    ...[
      '9007199254740993',
      '1234567890123456',
      '-12345678901234567890',
      '1/2',
      '1:2',
      ':',
      '/',
      '1e/',
      '1e:',
      '1./',
      '1.:',
      '1e5/',
      '1e5:',
    ],
  ])("'%s' is left alone", text => {
    expect(read(`${text}\n`)).toEqual({ values: [], state: [0, 0, 0, 0] });
    // and with it the line it is in, not those before
    expect(read(`7,8\n9,${text}\n1,2\n`, { columns: 2 })).toEqual({ values: [7, 8], state: [4, 2, 1, 1] });
    expect(read(`7,8\n${text},9\n1,2\n`, { columns: 2 })).toEqual({ values: [7, 8], state: [4, 2, 1, 1] });
  });

  it('has exactly as many columns as the table', () => {
    expect(read('1,2\n3\n', { columns: 2 }).state).toEqual([4, 2, 1, 1]);
    expect(read('1,2\n3,4,5\n', { columns: 2 }).state).toEqual([4, 2, 1, 1]);
    expect(read('1,2\n3,4,\n', { columns: 2 }).state).toEqual([4, 2, 1, 1]);
    expect(read('1,2\n,3,4\n', { columns: 2 }).state).toEqual([4, 2, 1, 1]);
  });

  it('may be parted by semicolons or tabs', () => {
    expect(read('1;2\n', { columns: 2, delimiter: ';' }).values).toEqual([1, 2]);
    expect(read('1\t2\n', { columns: 2, delimiter: '\t' }).values).toEqual([1, 2]);
    expect(read(' 1 \t 2 \n', { columns: 2, delimiter: '\t' }).values).toEqual([1, 2]);
    // a tab that parts cells is no space
    expect(read('1\t\t2\n', { columns: 2, delimiter: '\t' }).state).toEqual([0, 0, 0, 0]);
    expect(read('\t1\t2\n', { columns: 2, delimiter: '\t' }).state).toEqual([0, 0, 0, 0]);
    expect(read('1\t2\t\n', { columns: 2, delimiter: '\t' }).state).toEqual([0, 0, 0, 0]);
    expect(read('1\t2\n', { columns: 2 }).state).toEqual([0, 0, 0, 0]);
  });
});

describe('plain lines', () => {
  it('are counted, empty ones too', () => {
    expect(read('\n1\n\r\n\n2\r\n\n')).toEqual({ values: [1, 2], state: [10, 2, 6, 2] });
  });

  it('are read up to the end that is given, and from where the state stands', () => {
    expect(read('1\n2\n3\n', { end: 4 })).toEqual({ values: [1, 2], state: [4, 2, 2, 2] });
    const from = { position: 2, to: 1, lines: 7, rows: 5 };
    expect(read('1\n2\n3\n', { from })).toEqual({ values: [-99, 2, 3], state: [6, 3, 9, 7] });
    expect(read('1\n', { end: 0 })).toEqual({ values: [], state: [0, 0, 0, 0] });
  });

  it('are read as long as a whole line has room', () => {
    expect(read('1,2\n3,4\n5,6\n', { columns: 2, room: 4 })).toEqual({ values: [1, 2, 3, 4], state: [8, 4, 2, 2] });
    expect(read('1,2\n3,4\n5,6\n', { columns: 2, room: 5 })).toEqual({ values: [1, 2, 3, 4], state: [8, 4, 2, 2] });
    expect(read('1,2\n', { columns: 2, room: 1 })).toEqual({ values: [], state: [0, 0, 0, 0] });
  });

  it('leave what a bad line wrote behind them, outside the count', () => {
    expect(read('1,2,3\n4,5,x\n', { columns: 3 })).toEqual({ values: [1, 2, 3], state: [6, 3, 1, 1] });
    expect(read('4,5,6x\n', { columns: 3 })).toEqual({ values: [], state: [0, 0, 0, 0] });
  });

  it('of random numerals are what Number reads', () => {
    let seed = 7;
    const random = (n: number) => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      return Math.floor((seed / 2 ** 32) * n);
    };
    const digits = (most: number) => Array.from({ length: 1 + random(most) }, () => random(10)).join('');
    const numerals = Array.from({ length: 3000 }, () => {
      const whole = random(4) === 0 ? '' : digits(9);
      const fraction = whole === '' || random(2) === 0 ? `.${digits(12)}` : '';
      const exponent = random(3) === 0 ? `e${['', '-', '+'][random(3)]}${random(30)}` : '';
      return `${random(2) === 0 ? '-' : ''}${whole}${fraction}${exponent}`;
    });
    const { values, state } = read(`${numerals.join(',')}\n`, { columns: 3000, room: 3000 });
    expect(values).toEqual(numerals.map(Number));
    expect(state[3]).toBe(1);
  });
});

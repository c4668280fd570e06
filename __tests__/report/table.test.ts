import { alignPoints, bytesText, countText, formulaText, smallText, valueText } from '../../src/report/numbers.js';
import { NO_PAINT } from '../../src/report/paint.js';
import { drawTable, loadPaint, PLAIN, type Table } from '../../src/report/table.js';
import { cut, displayWidth, pad } from '../../src/report/text.js';

const table: Table = {
  columns: [{ title: 'layer' }, { title: 'params', align: 'right', whole: true }, { title: 'how', gap: 4, optional: true }],
  rows: [
    ['rnn_1', '15', 'D·M'],
    ['', '25', 'M·M'],
    ['a|b', '1181696', ''],
  ],
  groups: new Set([2]),
};

describe('drawTable', () => {
  it('plain: columns and spaces, numbers to the right, nothing at the end of a line', async () => {
    expect(await drawTable(table, PLAIN)).toBe(
      [' layer   params    how', ' rnn_1       15    D·M', '             25    M·M', ' a|b    1181696', ''].join('\n'),
    );
  });

  it('box: lines under the header and between groups', async () => {
    expect(await drawTable(table, { ...PLAIN, style: 'box' })).toBe(
      [
        '┌───────┬─────────┬─────┐',
        '│ layer │  params │ how │',
        '├───────┼─────────┼─────┤',
        '│ rnn_1 │      15 │ D·M │',
        '│       │      25 │ M·M │',
        '├───────┼─────────┼─────┤',
        '│ a|b   │ 1181696 │     │',
        '└───────┴─────────┴─────┘',
        '',
      ].join('\n'),
    );
  });

  it('box: no rows is a header', async () => {
    expect(await drawTable({ ...table, rows: [] }, { ...PLAIN, style: 'box' })).toBe(
      ['┌───────┬────────┬─────┐', '│ layer │ params │ how │', '└───────┴────────┴─────┘', ''].join('\n'),
    );
  });

  it('markdown: aligned, bars escaped', async () => {
    expect(await drawTable(table, { ...PLAIN, style: 'markdown' })).toBe(
      [
        '| layer |  params | how |',
        '| ----- | ------: | --- |',
        '| rnn_1 |      15 | D·M |',
        '|       |      25 | M·M |',
        '| a\\|b  | 1181696 |     |',
        '',
      ].join('\n'),
    );
  });

  it('leaves out optional columns, then cuts texts, never numbers', async () => {
    const long: Table = { ...table, rows: [['encoder_of_the_first_tower', '1181696', 'D·M']] };
    for (const style of ['box', 'plain'] as const) {
      const drawn = await drawTable(long, { ...PLAIN, style, width: 30 });
      expect(drawn).toContain('1181696');
      expect(drawn).toContain('…');
      expect(drawn).not.toContain('D·M');
      expect(drawn).toContain('no room for how');
      for (const line of drawn.trimEnd().split('\n')) expect(displayWidth(line)).toBeLessThanOrEqual(30);
    }
  });

  it('puts an optional column below, beside the columns that name a row', async () => {
    const wide: Table = {
      columns: [{ title: 'layer', key: true }, { title: 'what', key: true }, { title: 'shape' }, { title: 'how', optional: true }],
      rows: [
        ['input', 'x', '(N, T, D)', ''],
        ['lstm_1', '', '(N, T)', ''],
        ['', 'Wx', 'D×4M [i f g o]', '4·D·M'],
        ['', 'Wh', 'M×4M [i f g o]', '4·M·M'],
        ['total', '', '', '768 B'],
      ],
      groups: new Set([1, 4]),
    };
    const [above, below] = (await drawTable(wide, { ...PLAIN, style: 'plain', width: 34 })).split('\n\n');
    expect(above).not.toContain('how');
    expect(below.split('\n')).toEqual([' layer   what  how', ' lstm_1  Wx    4·D·M', '         Wh    4·M·M', ' total         768 B', '']);
    const box = (await drawTable(wide, { ...PLAIN, style: 'box', width: 40 })).split('\n\n')[1];
    expect(
      box
        .split('\n')
        .map(line => line[0])
        .join(''),
    ).toBe('┌│├││├│└');
    expect((await drawTable(wide, { ...PLAIN, style: 'plain', width: 60 })).split('\n\n')).toHaveLength(1);
  });

  it('paints the words, not the spaces', async () => {
    const paint = { ...NO_PAINT, bad: (text: string) => `<${text}>` };
    const drawn = await drawTable(
      { columns: [{ title: 'x', align: 'right', paint: 'bad' }, { title: 'y' }], rows: [['1', '2']] },
      { ...PLAIN, paint },
    );
    expect(drawn).toBe(' x  y\n <1>  2\n');
  });

  it('loads colours only on demand', async () => {
    const paint = await loadPaint(1);
    expect(paint.bad('x')).toBe('\u001b[31mx\u001b[39m');
  });
});

describe('text', () => {
  it('knows wide and combining characters', () => {
    expect(displayWidth('a注é')).toBe(4);
    expect(displayWidth('e\u0301')).toBe(1);
    expect(pad('注', 4, 'right')).toBe('  注');
    expect(pad('ab', 5, 'center')).toBe(' ab  ');
    expect(cut('注意事項', 5)).toBe('注意…');
    expect(cut('abc', 3)).toBe('abc');
  });
});

describe('numbers', () => {
  it('separates thousands when asked', () => {
    expect(countText(1181696)).toBe('1181696');
    expect(countText(1181696n, true)).toBe('1,181,696');
    expect(countText(2n ** 64n, true)).toBe('18,446,744,073,709,551,616');
  });

  it.each([
    [228, '228 B'],
    [1023, '1023 B'],
    [1024, '1.00 KB'],
    [8861184, '8.45 MB'],
    [256_000_000_000_000_000n, '227.37 PB'],
  ])('%s bytes are %s', (bytes, text) => expect(bytesText(bytes)).toBe(text));

  it.each([
    [0, '0'],
    [7.4489e-8, '7.4e-8'],
    [0.00352, '3.5e-3'],
    [0.0352, '0.035'],
    [12345678, '1.2e7'],
    [Number.NaN, 'NaN'],
  ])('a difference of %s is %s', (x, text) => expect(smallText(x)).toBe(text));

  it.each([
    [0.755674, 6, false, '0.755674'],
    [-0.0012345678, 6, false, '-0.00123457'],
    [12.3456789, 6, false, '12.3457'],
    [123456.7, 6, false, '123457'],
    [1e-5, 6, false, '1.00000e-5'],
    [3.2e9, 3, false, '3.20e9'],
    [-0, 6, false, '0'],
    [Number.NEGATIVE_INFINITY, 6, false, '-Infinity'],
    [Math.fround(0.1), 17, true, '0.1'],
    [0.1, 17, false, '0.1'],
  ])('%s in %s digits (float32 %s) is %s', (x, digits, float32, text) => expect(valueText(x, digits, float32)).toBe(text));

  it('sets decimal points below each other', () => {
    expect(alignPoints(['1.25', '-10.5', '3', 'NaN'])).toEqual(['  1.25', '-10.5 ', '  3   ', 'NaN   ']);
  });

  it('writes formulas with dots', () => expect(formulaText('M*(D+M+1)')).toBe('M·(D + M + 1)'));
});

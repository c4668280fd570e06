import { errorText } from '../../src/report/errorReport.js';
import { inspectText } from '../../src/report/inspectReport.js';
import { PLAIN } from '../../src/report/table.js';
import { valueTable } from '../../src/report/values.js';
import { runInspect } from '../../src/run/inspect.js';
import { temporaryFolder } from '../helpers/files.js';

const tensor = (...shape: number[]) => ({ shape, data: Float64Array.from({ length: shape.reduce((a, b) => a * b) }, (_, k) => k / 8) });
const { write } = temporaryFolder();

describe('a table of values', () => {
  const narrow = { ...PLAIN, width: 40 };
  it('goes on below where columns do not fit, each with its number', async () => {
    const text = await valueTable(tensor(2, 5), 'y', narrow, { digits: 3, rows: 9 });
    expect(text.split('\n')).toEqual(
      [
        ' sample      y1      y2      y3',
        '      1   0       0.125   0.250',
        '      2   0.625   0.750   0.875',
        '',
        ' sample      y4      y5',
        '      1   0.375   0.500',
        '      2   1.00    1.13',
        '',
      ].map(line => line.trimEnd()),
    );
  });

  it.each([
    [undefined, ['sample', 'step']],
    [
      ['N', 'T', 'K'],
      ['sample', 'step'],
    ],
    [
      ['T', 'N', 'K'],
      ['step', 'sample'],
    ],
    [
      ['N', 'H', 'W', 'C'],
      ['sample', 'axis 2', 'axis 3'],
    ],
    [
      ['axis 0', 'axis 1', 'axis 2'],
      ['axis 0', 'axis 1'],
    ],
  ])('of axes %j is headed %j', async (dims, heads) => {
    const text = await valueTable(tensor(...Array.from({ length: heads.length + 1 }, () => 2)), 'y', narrow, { digits: 3, rows: 1, dims });
    expect(text.split('\n')[0].trim().split(/ {2,}/).slice(0, heads.length)).toEqual(heads);
  });

  it('counts what is left out, and a file of values is whole', async () => {
    expect(await valueTable(tensor(3, 900), 'y', narrow, { digits: 3, rows: 2 })).toContain(
      ' … 1 more row and 867 more columns (--full prints all)',
    );
    const csv = await valueTable(tensor(3, 9), 'y', { ...narrow, style: 'csv' }, { digits: 3, rows: 2 });
    expect(
      csv
        .trimEnd()
        .split('\n')
        .map(line => line.split(',').length),
    ).toEqual([10, 10, 10, 10]);
  });
});

it('an inspected file begins with its name, its kind and its size', async () => {
  const file = write('net.json', '{"input":{"features":3},"layers":[{"kind":"gru","units":2}]}');
  const text = await inspectText(await runInspect({ file }), PLAIN);
  expect(text.split('\n')[0]).toMatch(/net\.json {2}json, keras, 60 B$/);
});

it('our own mistake is said to be one, with what to do', () => {
  expect(errorText(new TypeError('x of undefined'))).toBe(
    'error: this is a bug in rnn-cli: TypeError: x of undefined   [E_INTERNAL]\n  fix: please report the command line and this message; RNN_CLI_DEBUG=1 adds the place in the code\n',
  );
});

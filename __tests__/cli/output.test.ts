import { createOutput, valueOptions } from '../../src/cli/output.js';
import type { Io, OutputStream, Writer } from '../../src/cli/streams.js';
import type { Values } from '../../src/cli/values.js';

/** What becomes of a text, a note and a line of progress: on a terminal, in a pipe, with each flag that changes it. */
interface Around {
  /** columns of a terminal on stdout and on stderr; none: a pipe */
  readonly out?: number;
  readonly err?: number;
  readonly env?: Record<string, string>;
}

async function output(values: Partial<Values>, { out, err, env = {} }: Around = {}, argv: readonly string[] = []) {
  const said = { out: '', err: '' };
  const writer = (to: 'out' | 'err') =>
    ({
      write(data: string | Uint8Array) {
        said[to] += data;
      },
    }) as Writer;
  const stream = (columns?: number) => ({ isTTY: columns !== undefined, columns }) as OutputStream;
  const io = { stdout: stream(out), stderr: stream(err), env } as Io;
  return { said, output: await createOutput(values as Values, argv, io, writer('out'), writer('err')) };
}

const WORDS = 'one two three four five six seven eight nine ten eleven twelve thirteen';

describe('a long line', () => {
  it.each<[string, Partial<Values>, Around, boolean]>([
    ['in a pipe', {}, {}, false],
    ['with --width', { width: 30 }, {}, true],
    ['with --width in a terminal', { width: 30 }, { out: 80 }, true],
    ['in a narrow terminal', {}, { out: 30 }, true],
    ['in a narrow terminal with --full', { full: true }, { out: 30 }, false],
    ['in the narrowest terminal that folds its lines itself', {}, { out: 60 }, false],
    ['as markdown', { width: 30, style: 'markdown' }, {}, false],
    ['as csv', { width: 30, style: 'csv' }, {}, false],
    ['as a summary', { width: 30, summary: true }, {}, false],
    ['as a summary in a narrow terminal', { summary: true }, { out: 30 }, false],
    ['in ASCII', { width: 30, style: 'ascii' }, {}, true],
  ])('%s is folded or not', async (_, values, around, folds) => {
    const { said, output: one } = await output(values, around);
    one.text(`${WORDS}\n`);
    expect(said.out.split('\n').length > 2).toBe(folds);
    expect(said.out.replace(/\s+/g, ' ').trim()).toBe(WORDS);
  });
});

describe('the style and the width of tables', () => {
  it.each<[string, Partial<Values>, Around, string, number]>([
    ['in a pipe', {}, {}, 'plain', Infinity],
    ['in a terminal', {}, { out: 90 }, 'box', 90],
    ['in a terminal with --full', { full: true }, { out: 90 }, 'box', Infinity],
    ['in a terminal without Unicode', {}, { out: 90, env: { LC_ALL: 'de_DE.ISO-8859-1' } }, 'ascii', 90],
    ['in a pipe without Unicode', {}, { env: { LC_ALL: 'de_DE.ISO-8859-1' } }, 'ascii', Infinity],
    ['asked for', { style: 'box', width: 44 }, { out: 90, env: { LC_ALL: 'de_DE.ISO-8859-1' } }, 'box', 44],
    ['asked for with --full', { width: 44, full: true }, { out: 90 }, 'box', 44],
  ])('%s', async (_, values, around, style, width) => {
    const { layout } = (await output(values, around)).output;
    expect([layout.style, layout.width]).toEqual([style, width]);
  });

  it.each<[string, Partial<Values>, Around, number, number, boolean]>([
    ['in a pipe', {}, {}, 100, 40, false],
    ['in a pipe whose COLUMNS are known', {}, { env: { COLUMNS: '70' } }, 100, 40, false],
    ['in a terminal', {}, { out: 90 }, 90, 40, true],
    ['with --full', { full: true }, { out: 90 }, 90, Infinity, true],
    ['with --width', { width: 50 }, { out: 90 }, 50, 40, true],
  ])('of a picture %s', async (_, values, around, width, rows, terminal) => {
    const { output: one } = await output(values, around);
    expect([one.picture.width, one.picture.rows, one.terminal]).toEqual([width, rows, terminal]);
  });

  it.each<[Around, number]>([
    [{}, 80],
    [{ env: { COLUMNS: '70' } }, 70],
    [{ env: { COLUMNS: 'many' } }, 80],
    [{ out: 90, env: { COLUMNS: '70' } }, 90],
  ])('%j has the columns that Python counts', async (around, columns) => {
    expect((await output({}, around)).output.columns).toBe(columns);
  });

  it.each<[Partial<Values>, Around, number]>([
    [{}, {}, 0],
    [{}, { out: 90 }, 1],
    [{ color: 'never' }, { out: 90 }, 0],
    [{ color: 'always' }, {}, 1],
    [{ color: 'always' }, { env: { TERM: 'xterm-256color' } }, 2],
    [{ color: 'always' }, { env: { COLORTERM: 'truecolor' } }, 3],
    [{}, { env: { COLORTERM: 'truecolor' } }, 0],
  ])('%j in %j is painted so many bits deep', async (values, around, depth) => {
    expect((await output(values, around)).output.picture.depth).toBe(depth);
  });
});

describe('a line of progress', () => {
  const drawn = async (values: Partial<Values>, around: Around, ...lines: string[]) => {
    const { said, output: one } = await output(values, around);
    for (const line of lines) one.progress(line);
    return said.err;
  };

  it('stands at the foot of a terminal, a column less than it, and is cleared once', async () => {
    expect(await drawn({}, { err: 20 }, 'half', '', '')).toBe('\rhalf\x1b[K\r\x1b[K');
    expect(await drawn({}, { err: 20 }, '')).toBe('');
    expect(await drawn({}, { err: 6 }, '12345678')).toBe('\r12345\x1b[K');
    expect(await drawn({}, { err: 30, env: { LC_ALL: 'de_DE.ISO-8859-1' } }, '█░')).toBe('\r#.\x1b[K');
    expect(await drawn({}, { err: 30 }, 'a\x1b[31mb')).not.toContain('\x1b[31m');
  });

  it('is nothing off a terminal, with --quiet and with --json', async () => {
    expect(await drawn({}, { out: 80 }, 'half', '')).toBe('');
    expect(await drawn({ quiet: true }, { err: 80 }, 'half', '')).toBe('');
    expect(await drawn({ json: true }, { err: 80 }, 'half', '')).toBe('');
  });
});

describe('beside the result', () => {
  const say = async (values: Partial<Values>, around: Around = {}) => {
    const { said, output: one } = await output(values, around);
    one.notes(['one thing', 'another, which is long enough for two lines']);
    one.detail('a detail');
    return said;
  };

  it('notes are on stderr, folded to its terminal, but with --quiet and --json', async () => {
    expect(await say({})).toEqual({ out: '', err: 'note: one thing\nnote: another, which is long enough for two lines\n' });
    expect((await say({}, { err: 30, env: { TERM: 'dumb' } })).err).toBe(
      'note: one thing\nnote: another, which is long\n      enough for two lines\n',
    );
    expect((await say({}, { out: 30 })).err.split('\n').length).toBe(3);
    expect(await say({ quiet: true })).toEqual({ out: '', err: '' });
    expect(await say({ json: true })).toEqual({ out: '', err: '' });
  });

  it('details are there with --verbose', async () => {
    expect((await say({ verbose: true, quiet: true })).err).toBe('a detail\n');
  });

  it.each<[Partial<Values>, 'out' | 'err' | null]>([
    [{}, 'out'],
    [{ json: true }, null],
    [{ json: true, quiet: true }, null],
    [{ quiet: true }, 'err'],
    [{ jsonl: true }, 'err'],
    [{ out: '-' }, 'err'],
    [{ out: '-.csv' }, 'err'],
    [{ out: 'y.npy' }, 'out'],
    [{ svg: '-' }, 'err'],
    [{ svg: 'net.svg' }, 'out'],
    [{ html: '-' }, 'err'],
    [{ html: 'net.html' }, 'out'],
    [{ emit: 'keras' }, 'err'],
    [{ mermaid: true }, 'err'],
    [{ summary: true }, 'err'],
    [{ sha256: true }, 'err'],
    [{ style: 'csv' }, 'err'],
    [{ style: 'markdown' }, 'out'],
  ])('with %j what was assumed stands on %s', async (values, where) => {
    const { said, output: one } = await output(values);
    one.assumed([{ fact: 'backend', what: 'a thing', value: 'numpy', why: 'reason', say: null }]);
    const stands = Object.entries(said).flatMap(([stream, text]) => (text.includes('a thing') ? [stream] : []));
    expect(stands).toEqual(where === null ? [] : [where]);
  });
});

it('a command line can be typed again', async () => {
  const { command } = (
    await output({}, {}, ['forward', '--layers', "it's x", 'a/b.npy:c', '-i', '@f', '--T=5', 'a,b', '10%', '1+2', 'a b', '$x', ''])
  ).output;
  expect(command).toBe(`rnn-cli forward --layers "it's x" a/b.npy:c -i @f --T=5 a,b 10% 1+2 "a b" '$x' ""`);
});

it.each<[Partial<Values>, Around, { digits: number; rows: number }]>([
  [{}, {}, { digits: 6, rows: Infinity }],
  [{}, { out: 80 }, { digits: 6, rows: 20 }],
  [{ full: true }, { out: 80 }, { digits: 6, rows: Infinity }],
  [{ out: 'y.npy' }, {}, { digits: 6, rows: 20 }],
  [{ out: 'y.npy', full: true }, {}, { digits: 6, rows: Infinity }],
  [{ precision: 3 }, {}, { digits: 3, rows: Infinity }],
])('of values with %j in %j so many digits and rows are shown', async (values, around, expected) => {
  expect(valueOptions(values as Values, (await output(values, around)).output)).toEqual(expected);
});

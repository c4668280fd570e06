import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { usualSpelling } from '../../src/cli/flag.js';
import { FLAGS } from '../../src/cli/options.js';
import { runInThread } from '../../src/cli/thread.js';
import { DEFAULT_LIMITS, type Limits } from '../../src/formats/format.js';
import { LIMITS } from '../../src/formats/limits.js';
import { memorySource } from '../../src/formats/source.js';
import { readJsonModel } from '../../src/run/files/jsonModel.js';
import { THOROUGH } from '../helpers/effort.js';
import { temporaryFolder } from '../helpers/files.js';
import { deflatedNpz, nestedConfig, nestedGroups, nestedPickle, npyOf, npzOf, ratioOf, safetensorsOf } from '../helpers/limitFiles.js';
import { readTensors } from '../helpers/readFormat.js';
import { runCli } from '../helpers/runCli.js';

/**
 * Every limit of docs/reliability.md: a file exactly at it is read, one over it is refused with its size and the flag, and that flag lets
 * it in: through the readers at the usual limit, through the command line and the real program at one that was asked for.
 */
const BINARY = join(__dirname, '..', '..', 'bin', 'rnn-cli.js');
const { write, path } = temporaryFolder();

interface Case {
  readonly flag: string;
  readonly code: string;
  readonly extension: string;
  /** a file with exactly n of it */
  file(n: number): Buffer;
  /** the limit asked for */
  readonly n: number;
  /** smallest step over it */
  readonly step?: number;
  /** the size of a file is not known when it is refused: "at least n + 1" */
  readonly counted?: true;
  /** flags it needs besides */
  readonly beside?: string;
}

const CASES: readonly Case[] = [
  { flag: '--max-header', code: 'E_LIMIT_HEADER', extension: 'safetensors', file: n => safetensorsOf({ headerBytes: n }), n: 300 },
  { flag: '--max-header', code: 'E_LIMIT_HEADER', extension: 'npy', file: n => npyOf([2, 3], n), n: 12_086 },
  {
    flag: '--max-header',
    code: 'E_LIMIT_HEADER',
    extension: 'json',
    file: n => Buffer.concat([nestedConfig(2), Buffer.alloc(n - nestedConfig(2).length, ' ')]),
    n: 90,
  },
  { flag: '--max-tensors', code: 'E_LIMIT_TENSORS', extension: 'npz', file: npzOf, n: 7 },
  {
    flag: '--max-name',
    code: 'E_LIMIT_NAME',
    extension: 'safetensors',
    file: n => safetensorsOf({ name: `é${'w'.repeat(n - 2)}` }),
    n: 40,
  },
  { flag: '--max-rank', code: 'E_LIMIT_RANK', extension: 'npy', file: n => npyOf(new Array(n).fill(1)), n: 3 },
  { flag: '--max-rank', code: 'E_LIMIT_RANK', extension: 'safetensors', file: n => safetensorsOf({ shape: new Array(n).fill(1) }), n: 12 },
  { flag: '--max-dim', code: 'E_LIMIT_DIMENSION', extension: 'npy', file: n => npyOf([n, 2]), n: 5 },
  { flag: '--max-dim', code: 'E_LIMIT_DIMENSION', extension: 'csv', file: n => Buffer.from('1,2\n'.repeat(n)), n: 5 },
  { flag: '--max-inflated', code: 'E_LIMIT_INFLATED', extension: 'npz', file: deflatedNpz, n: 2000, step: 4 },
  { flag: '--max-memory', code: 'E_LIMIT_BYTES', extension: 'csv', file: n => Buffer.from('1\n'.repeat(n / 8)), n: 400, step: 8 },
  { flag: '--max-file', code: 'E_FILE_SIZE', extension: 'npy', file: n => npyOf([25], n - 110), n: 250 },
  { flag: '--max-nesting', code: 'E_LIMIT_DEPTH', extension: 'json', file: nestedConfig, n: 9, counted: true },
  { flag: '--max-nesting', code: 'E_LIMIT_DEPTH', extension: 'h5', file: nestedGroups, n: 70, counted: true },
  { flag: '--max-nesting', code: 'E_LIMIT_DEPTH', extension: 'pt', file: nestedPickle, n: 12, counted: true },
];

it.each(CASES)(
  '$flag of a .$extension: at the limit, over it, and let in',
  async ({ flag, code, extension, file, n, step = 1, counted }) => {
    const [at, over] = [n, n + step].map(size => write(`${size}.${extension}`, file(size)));
    expect(await runCli(`inspect ${at} ${flag} ${n} -q`)).toMatchObject({ exit: 0, stderr: '' });
    const refused = await runCli(`inspect ${over} ${flag} ${n} --json`);
    const error = JSON.parse(refused.stderr);
    expect([refused.exit, refused.stdout, error.code, error.limit]).toEqual([5, '', code, { flag, value: n }]);
    expect(`${error.message} ${error.found}`).toMatch(new RegExp(`\\b${n + step}\\b`));
    expect(error.message).toContain(`${n}`);
    expect(error.fix).toContain(flag);
    if (!counted && !/memory|file/.test(flag)) expect(error.fix).toBe(`if you trust the file, add ${flag} ${n + step}`);
    expect((await runCli(`inspect ${over} ${flag} ${n + step} -q`)).exit).toBe(0);
  },
);

it('--max-ratio: bytes that one compressed byte becomes', async () => {
  const ratio = ratioOf(40_000);
  const file = write('ratio.npz', deflatedNpz(40_000));
  expect(ratio).toBeGreaterThan(100);
  expect((await runCli(`inspect ${file} -q`)).exit).toBe(0);
  const { exit, stderr } = await runCli(`inspect ${file} --max-ratio ${ratio - 1}`);
  expect([exit, stderr]).toEqual([
    5,
    expect.stringContaining(
      `40000, 1 to ${ratio}; the limit is ${ratio - 1}   [E_ZIP_RATIO]\n  fix: if you trust the file, add --max-ratio ${ratio}`,
    ),
  ]);
  expect((await runCli(`inspect ${file} -q --max-ratio ${ratio}`)).exit).toBe(0);
});

it('every flag of the group has a limit here and a line in docs/reliability.md, and the real program has them', () => {
  const cases = new Map(CASES.map(one => [one.flag, one]));
  const run = (...words: string[]) => spawnSync(process.execPath, [BINARY, 'inspect', ...words], { encoding: 'utf8' });
  // what they say is the same in this process (above); that the program says it is seen at two of them
  for (const [flag, { extension, file, n, step = 1, code }] of THOROUGH ? cases : [...cases].slice(0, 2)) {
    const over = write(`real.${extension}`, file(n + step));
    const refused = run(over, flag, String(n));
    expect([flag, refused.status, refused.stdout]).toEqual([flag, 5, '']);
    expect(refused.stderr).toContain(`[${code}]\n  fix: `);
    expect(refused.stderr.split('fix: ')[1]).toContain(flag);
    expect(run(over, flag, String(n + step), '-q').status).toBe(0);
  }
  const of = FLAGS.filter(flag => flag.group === 'Limits').map(usualSpelling);
  expect([...cases.keys(), '--max-ratio', '--max-time'].sort()).toEqual(of.sort());
  const page = readFileSync(join(__dirname, '..', '..', 'docs', 'reliability.md'), 'utf8');
  expect(of.filter(flag => !page.includes(`| \`${flag}\` |`))).toEqual([]);
});

it('a description that fills the heap is refused, and no dump is printed, however small the heap', () => {
  const layers = '{"kind":"rnn","units":3,"returnSequences":true}';
  const file = write('layers.json', `{"input":{"features":3},"layers":[${`${layers},`.repeat(4999)}${layers}]}`);
  const env = { ...process.env, NODE_OPTIONS: '--max-old-space-size=16' };
  const { status, stdout, stderr } = spawnSync(process.execPath, [BINARY, 'shapes', file], { encoding: 'utf8', env });
  expect([status, stdout, stderr]).toEqual([5, '', expect.stringMatching(/^error: [^\n]* {3}\[E_HEAP\]\n {2}fix: [^\n]*\n$/)]);
});

describe('at the usual limit', () => {
  const read = (bytes: Uint8Array, limits: Partial<Limits> = {}) =>
    readTensors(new Uint8Array(bytes), { limits: { ...DEFAULT_LIMITS, ...limits } });

  it.each<[string, (n: number) => Buffer, number, string]>([
    ['bytes of a header', n => safetensorsOf({ headerBytes: n }), 8 * 2 ** 20, 'E_LIMIT_HEADER'],
    ['bytes of the header of an .npy', n => npyOf([1], n), 10_000, 'E_LIMIT_HEADER'],
    ['tensors', npzOf, 10_000, 'E_LIMIT_TENSORS'],
    ['bytes of a name', n => safetensorsOf({ name: 'w'.repeat(n) }), 1024, 'E_LIMIT_NAME'],
    ['dimensions', n => npyOf(new Array(n).fill(1)), 8, 'E_LIMIT_RANK'],
    ['one dimension', n => npyOf([n, 0]), 2 ** 31 - 1, 'E_LIMIT_DIMENSION'],
    ['groups', nestedGroups, 64, 'E_LIMIT_DEPTH'],
    ['dicts of a pickle', nestedPickle, 64, 'E_LIMIT_DEPTH'],
  ])('%s', async (_, file, n, code) => {
    await expect(read(file(n))).resolves.toBeDefined();
    await expect(read(file(n + 1))).rejects.toMatchObject({ code, exit: 5, limit: { value: n } });
  });

  it('nesting of a description, and 500 levels of each where that was asked for', async () => {
    await expect(readJsonModel(memorySource(nestedConfig(64)))).resolves.toBeDefined();
    await expect(readJsonModel(memorySource(nestedConfig(65)))).rejects.toMatchObject({
      code: 'E_LIMIT_DEPTH',
      limit: { flag: '--max-nesting', value: 64 },
    });
    for (const [extension, bytes] of Object.entries({ json: nestedConfig(500), h5: nestedGroups(500), pt: nestedPickle(500) }))
      expect((await runCli(`inspect ${write(`deep.${extension}`, bytes)} --max-nesting 500 -q`)).exit).toBe(0);
    expect((await runCli(`inspect ${path('deep.h5')} --max-nesting 501`)).exit).toBe(2);
  });

  it('1,032 bytes of one, which no deflated member can exceed, and 1 GiB inflated', async () => {
    const lying = { ratio: LIMITS.ratio.standard, inflatedBytes: LIMITS.inflatedBytes.standard };
    expect(lying).toEqual({ ratio: 1032, inflatedBytes: 2 ** 30 });
    const file = deflatedNpz(40_000);
    await expect(read(file, { inflatedBytes: 39_999 })).rejects.toMatchObject({ code: 'E_LIMIT_INFLATED', found: '40000 bytes' });
    // the same member, said to hold more than deflate can make
    const bent = Buffer.from(file);
    for (const at of [22, bent.indexOf('PK\x01\x02', 0, 'latin1') + 24]) bent.writeUInt32LE(1e6, at);
    await expect(read(bent)).rejects.toMatchObject({ code: 'E_ZIP_RATIO', fix: expect.stringContaining('a trap; --max-ratio') });
    // let through, it is found out all the same
    await expect(read(bent, { ratio: 1e6 })).rejects.toMatchObject({ code: 'E_ZIP_SIZE', exit: 3 });
  });

  it('samples of a .jsonl are a dimension, too', async () => {
    const lines = (n: number) => Buffer.from('[1,2]\n'.repeat(n));
    await expect(read(lines(5), { dimension: 5 })).resolves.toBeDefined();
    await expect(read(lines(6), { dimension: 5 })).rejects.toMatchObject({ code: 'E_LIMIT_DIMENSION', found: '6' });
  });

  it('a lower limit of tensors leaves the structures that a small file needs', async () => {
    for (const file of ['ok_dense_group.h5', 'ok_gzip_rank3.h5']) {
      const { status, stderr } = spawnSync(
        process.execPath,
        [BINARY, 'inspect', join(__dirname, '../reference/hdf5', file), '--max-tensors', '300', '-q'],
        { encoding: 'utf8' },
      );
      expect([status, stderr]).toEqual([0, '']);
    }
  });
});

describe('--max-time', () => {
  const table = Buffer.from(`[${'[1.5,2.5],'.repeat(60_000)}[1,2]]`);

  it('counts in every reader that can take long', async () => {
    const files = [
      table,
      npzOf(500),
      nestedGroups(60),
      npyOf([5]),
      safetensorsOf({}),
      Buffer.from('1,2\n'.repeat(5000)),
      Buffer.from('[1,2]\n'.repeat(5000)),
    ];
    for (const bytes of files) {
      const limits = { ...DEFAULT_LIMITS, seconds: 1e-9 };
      await expect(readTensors(new Uint8Array(bytes), { limits })).rejects.toMatchObject({ code: 'E_LIMIT_TIME', exit: 5 });
      await expect(readTensors(new Uint8Array(bytes), { limits: DEFAULT_LIMITS })).resolves.toBeDefined();
    }
  });

  it('ends reading with exit code 5 and its flag', async () => {
    const file = write('slow.json', table);
    const { exit, stderr } = await runCli(`forward -i ${file} --D 2 --max-time 0.001`);
    expect([exit, stderr]).toEqual([
      5,
      expect.stringMatching(
        /slow\.json: reading has taken 0\.\d{3} s and is not done; the limit is 0\.001 s {3}\[E_LIMIT_TIME\]\n {2}fix: if you trust the file, raise it with --max-time\n$/,
      ),
    ]);
    expect((await runCli(`forward -i ${file} --D 2 -q`)).exit).toBe(0);
  });

  it('has no limit for a file in pieces unless it is given', async () => {
    const file = write('rows.csv', '1,2,3\n'.repeat(50_000));
    const call = `forward -i ${file} --T 10 --chunk 100 -o ${path('y.npy')} --force`;
    expect((await runCli(call)).exit).toBe(0);
    expect(await runCli(`${call} --max-time 0.0001`)).toMatchObject({ exit: 5, stderr: expect.stringContaining('[E_LIMIT_TIME]') });
  });

  it.each(['0', '-1', 'soon', '1e9', '1s'])('--max-time %s is no time', async word => {
    expect(await runCli(['inspect', 'x.npy', '--max-time', word])).toMatchObject({
      exit: 2,
      stderr: expect.stringContaining('a number above 0'),
    });
  });

  it('ends a reader that is stuck, from outside', async () => {
    const [, program] = process.argv;
    process.argv[1] = join(__dirname, '..', 'helpers', 'stuckProgram.cjs');
    try {
      await expect(runInThread([])).rejects.toMatchObject({
        code: 'E_LIMIT_TIME',
        exit: 5,
        where: 'x.npy',
        limit: { flag: '--max-time', value: 0.01 },
      });
    } finally {
      process.argv[1] = program;
      process.removeAllListeners('SIGINT').removeAllListeners('SIGTERM');
    }
  });
});

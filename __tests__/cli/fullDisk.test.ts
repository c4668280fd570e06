import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bytesOf, temporaryFolder } from '../helpers/files.js';

/** Full disks, closed outputs and readers that go away, for everything that prints or writes: the real program under a real shell. */
const BINARY = join(__dirname, '..', '..', 'bin', 'rnn-cli.js');
const { path, write } = temporaryFolder();

const posix = process.platform === 'win32' ? describe.skip : describe;
// what a size limit and a closed output look like differs between systems; these words are those of Linux
const onLinux = process.platform === 'linux' ? it : it.skip;
const withFull = existsSync('/dev/full') ? it : it.skip;

function sh(script: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const line = script.replaceAll('rnn-cli ', `"${process.execPath}" "${BINARY}" `);
  return new Promise(resolve => {
    execFile('sh', ['-c', line], { cwd: path('.'), maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

const FULL = /^error: (stdout|full\.npy): no space is left on the device {3}\[E_WRITE\]\n$/;
/** What prints: the exit code where the output cannot be written is 4, whatever it would have been. */
const PRINTS = [
  'forward --trace',
  'forward --emit keras',
  'forward --jsonl',
  'forward -o -.csv',
  'forward --plot',
  'forward --svg -',
  'compare --N 4 --simulate state-carry --no-explain',
  'explain state-carry',
  'completion bash',
  'schema spec',
  'inspect w.npz --json',
  'probe --N 2 --T 2 -o -',
];

posix('where a shell starts it (skipped on Windows)', () => {
  beforeAll(async () => {
    write('w.npz', await bytesOf('npz', { arr_0: { shape: [3, 5], data: new Float32Array(15) } }));
    if (existsSync('/dev/full')) symlinkSync('/dev/full', path('full.npy'));
    write('x.npy', await bytesOf('npy', { x: { shape: [4000, 10, 3], data: new Float32Array(120_000) } }));
  });

  withFull('a full disk is exit code 4 for everything that prints', async () => {
    const results = await Promise.all(PRINTS.map(line => sh(`rnn-cli ${line} > /dev/full`)));
    for (const [i, { code, stderr }] of results.entries()) {
      expect([PRINTS[i], code]).toEqual([PRINTS[i], 4]);
      expect(stderr).toMatch(/--json/.test(PRINTS[i]) ? /^\{"schema":"rnn-cli\/error@1","code":"E_WRITE".*"exit":4\}\n$/ : FULL);
    }
  });

  withFull('and for files that are written, in pieces too', async () => {
    for (const line of [
      'forward -o full.npy',
      'forward -i x.npy --chunk 100 -o full.npy',
      'forward -i x.npy --chunk 100 -o -.csv > /dev/full',
    ]) {
      const { code, stderr } = await sh(`rnn-cli ${line}`);
      expect([line, code]).toEqual([line, 4]);
      expect(stderr).toMatch(FULL);
    }
  });

  onLinux('a file that may not grow so far leaves the old one, and nothing else', async () => {
    writeFileSync(path('y.npy'), 'old');
    const before = readdirSync(path('.'));
    for (const line of ['forward -i x.npy -o y.npy --force', 'forward -i x.npy --chunk 100 -o y.npy --force']) {
      const { code, stdout, stderr } = await sh(`ulimit -f 8; rnn-cli ${line}`);
      expect([line, code, stdout, stderr]).toEqual([
        line,
        4,
        '',
        'error: y.npy: the file is larger than the file system allows   [E_WRITE]\n',
      ]);
      expect(readFileSync(path('y.npy'), 'utf8')).toBe('old');
    }
    expect(readdirSync(path('.'))).toEqual(before);
  });

  it('a reader that goes away is no error, also in the middle of pieces', async () => {
    for (const line of [
      'forward -i x.npy --chunk 100 -o -.csv',
      'forward -i x.npy --chunk 100 -o -',
      'forward -i x.npy --json',
      'schema spec',
      'completion zsh',
    ]) {
      const { code, stdout, stderr } = await sh(`{ rnn-cli ${line}; echo $? >&2; } | head -c 10`);
      expect([line, code, stdout.length, stderr]).toEqual([line, 0, 10, '0\n']);
    }
  });

  onLinux('closed outputs: Node opens the null device in their place, and an error does not hang on a closed stderr', async () => {
    for (const line of ['forward --trace >&-', 'forward -i x.npy --chunk 100 -o -.csv >&-', 'inspect w.npz --json >&-'])
      expect([line, (await sh(`rnn-cli ${line}`)).code]).toEqual([line, 0]);
    expect((await sh('rnn-cli forward -i nowhere.npy 2>&-')).code).toBe(4);
    expect((await sh('rnn-cli shapes --M ten >&- 2>&-')).code).toBe(2);
  });
});

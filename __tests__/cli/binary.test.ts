import { execFile, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** Windows has no signals: kill() ends a process there without asking it. */
const withSignals = process.platform === 'win32' ? it.skip : it;

/** The real binary in a real shell: what only a process can show. Everything else about the command line is tested in-process. */
const binary = join(__dirname, '..', '..', 'bin', 'rnn-cli.js');
const run = promisify(execFile);

// a process is 0.15 s on a free machine and some seconds on a busy one
jest.setTimeout(60_000);

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

describe('the binary', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'rnn-cli-'));
    writeFileSync(join(folder, 'ragged.csv'), '1,2,3\n4,5\n');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** A shell line; `rnn-cli` in it is the binary. Never throws for an exit code. */
  async function sh(line: string, env: Record<string, string> = {}): Promise<Ended> {
    const script = `rnn-cli() { "${process.execPath}" "${binary}" "$@"; }\n${line}`;
    const options = { cwd: folder, env: { ...process.env, FORCE_COLOR: undefined, ...env } as NodeJS.ProcessEnv, maxBuffer: 1 << 28 };
    return run('bash', ['-c', script], options).then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      error => ({ code: error.code, stdout: error.stdout, stderr: error.stderr }),
    );
  }

  it.each([
    [0, 'rnn-cli shapes'],
    [0, 'rnn-cli compare -q --no-explain'],
    [1, 'rnn-cli compare --N 4 --simulate state-carry -q --no-explain'],
    [2, 'rnn-cli shapes --t 10'],
    [3, 'rnn-cli forward -i ragged.csv'],
    [4, 'rnn-cli forward -i missing.npy'],
    [5, 'rnn-cli forward --N 1000000 --T 100000 --M 10000 --max-memory 4GiB'],
  ])('exits with %i: %s', async (code, line) => {
    const ended = await sh(line);
    expect(ended.code).toBe(code);
    expect(ended.stderr === '').toBe(code < 2);
    expect(ended.stdout === '').toBe(code >= 2 || line.includes('-q'));
  });

  it('ends a computation, a hanging reader included, when --max-time is over', async () => {
    // a pipe that this shell itself holds open is silent as long as the program lives, however slow the machine
    const silent = 'mkfifo pipe && exec 3<>pipe && rnn-cli forward -i - --max-time 0.1 <&3';
    for (const line of ['rnn-cli forward --M 2000 --T 2000 --N 100 --max-time 0.1', silent]) {
      const { code: exit, stdout, stderr } = await sh(line);
      expect([exit, stdout, stderr]).toEqual([
        5,
        '',
        expect.stringMatching(/has taken \d+\.\d+ s and is not done; the limit is 0\.1 s {3}\[E_LIMIT_TIME\]/),
      ]);
    }
  });

  it('says that a thread cannot be started, or a file of its own not be opened, wherever the descriptors end', async () => {
    for (const most of [19, 20, 21, 22]) {
      const { code: exit, stderr } = await sh(`ulimit -n ${most}; rnn-cli forward --N 2000 --T 110 --M 100 -q -o few.npy --force`);
      // how many descriptors Node itself takes depends on its version; where it cannot begin, nothing of ours is named
      expect([most, stderr]).toEqual([most, expect.not.stringMatching(/dist.cli/)]);
      if (exit === 4) expect(stderr).toContain('[E_SYSTEM]\n  fix: ');
    }
  });

  it('whose bundle cannot be loaded says how to build it', async () => {
    const broken = mkdtempSync(join(folder, 'bin-'));
    writeFileSync(join(broken, 'rnn-cli.cjs'), readFileSync(binary));
    const { status, stderr } = spawnSync(process.execPath, [join(broken, 'rnn-cli.cjs')], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 70, stderr: expect.stringContaining('npm run build') });
  });

  it('| head is no error, and nothing is said', async () => {
    const { stdout, stderr, code } = await sh('set -o pipefail; rnn-cli forward --N 10000 --json | head -c 1; echo " $?"');
    expect({ stdout, stderr, code }).toEqual({ stdout: '{ 0\n', stderr: '', code: 0 });
  });

  it('a pipe takes every byte of a long output', async () => {
    const { stdout } = await sh('rnn-cli forward --N 15000 --json');
    expect(stdout.length).toBeGreaterThan(300_000);
    expect(JSON.parse(stdout).y).toHaveLength(15000);
  });

  it('a slow reader gets every byte', async () => {
    const { stdout } = await sh('rnn-cli forward --N 15000 --json | (sleep 0.3; wc -l)');
    expect(stdout.trim()).toBe('1');
  });

  const onLinux = process.platform === 'linux' ? it : it.skip;
  onLinux('a full disk is exit 4', async () => {
    for (const line of ['rnn-cli shapes > /dev/full', 'rnn-cli forward -o - > /dev/full', 'rnn-cli --help > /dev/full']) {
      const { code, stderr } = await sh(line);
      expect({ code, stderr }).toEqual({ code: 4, stderr: 'error: stdout: no space is left on the device   [E_WRITE]\n' });
    }
    const { code, stderr } = await sh('rnn-cli forward --json > /dev/full');
    expect({ code, error: JSON.parse(stderr) }).toMatchObject({ code: 4, error: { code: 'E_WRITE', where: 'stdout', exit: 4 } });
  });

  onLinux('a silenced stdout is no error', async () => {
    for (const to of ['>', '1<>', '1<']) expect((await sh(`rnn-cli shapes ${to} /dev/null`)).code).toBe(0);
    expect(spawnSync(process.execPath, [binary, 'shapes'], { stdio: 'ignore' }).status).toBe(0);
  });

  it('a loop over M, as in a script', async () => {
    const pick = `node -e 'const d=JSON.parse(require("fs").readFileSync(0,"utf8"));console.log(d.dims.M+"\\t"+d.totals.params)'`;
    const { stdout } = await sh(`for M in 16 32 64; do rnn-cli shapes --T 10 --D 3 --M $M --K 2 --json | ${pick}; done`);
    expect(stdout).toBe('16\t354\n32\t1218\n64\t4482\n');
  });

  it('forward into compare, through a pipe', async () => {
    const { stdout, code } = await sh('rnn-cli forward --N 3 --cell gru -o - | rnn-cli compare --N 3 --cell gru --against - --no-explain');
    expect(stdout).toMatch(/^SAME {3}6 of 6 values, largest 0, /);
    expect(code).toBe(0);
  });

  it('a network and an input from stdin', async () => {
    expect((await sh(`echo '{"layers":[{"kind":"lstm","units":4}]}' | rnn-cli shapes --model - --D 2 --json`)).stdout).toContain(
      '"params":112',
    );
    expect((await sh(`printf '1,2,3\\n4,5,6\\n' | rnn-cli forward -i - --jsonl`)).stdout).toMatch(/^\{"n":0,"y":\[.*\]\}\n$/);
  });

  it('is quiet where nobody asked: no colour and no box off a terminal, colour on demand', async () => {
    const plain = await sh('rnn-cli compare --no-explain');
    const forced = await sh('rnn-cli compare --no-explain', { FORCE_COLOR: '1' });
    const flagged = await sh('rnn-cli compare --no-color --no-explain', { FORCE_COLOR: '1' });
    expect(plain.stdout).not.toContain('\u001b');
    expect(forced.stdout).toContain('\u001b[32mSAME');
    expect(flagged.stdout).toBe(plain.stdout);
  });

  withSignals.each([
    ['SIGINT', 130, ['--N', '4000', '--T', '300', '--M', '64', '--engine', 'manual']],
    ['SIGTERM', 143, ['-i', 'large.json']],
    ['SIGINT', 130, ['-i', '-']],
  ] as const)('%s ends a long run, a shell sees %i, and no file is left: forward %j', async (signal, exit, words) => {
    writeFileSync(join(folder, 'large.json'), `[${'[1,2,3],'.repeat(2_000_000)}[1,2,3]]`);
    const child = spawn(process.execPath, [binary, 'forward', ...words, '-o', 'long.npy', '-v'], { cwd: folder });
    child.stdin.on('error', () => undefined);
    child.stdin.end(words[1] === '-' ? readFileSync(join(folder, 'large.json')) : '');
    const ended = new Promise(resolve => child.on('exit', (code, by) => resolve(code ?? 128 + constants.signals[by!])));
    await new Promise(resolve => setTimeout(resolve, 500));
    child.kill(signal);
    expect(await ended).toBe(exit);
    expect(readdirSync(folder).filter(name => name.includes('long.npy') || name.endsWith('.tmp'))).toEqual([]);
  });

  it('gives the same bytes from a thread as without one', async () => {
    writeFileSync(join(folder, 'rows.json'), `[${'[1,2,3],'.repeat(20_000)}[1,2,3]]`);
    const [piped, named] = await Promise.all([
      sh('rnn-cli forward -i - -v -o piped.npy < rows.json'),
      sh('rnn-cli forward -i rows.json -v -o named.npy --max-time 600'),
    ]);
    expect([piped.code, named.code, named.stderr]).toEqual([0, 0, expect.stringContaining('a thread does it')]);
    expect(piped.stderr).not.toContain('a thread does it');
    expect(readFileSync(join(folder, 'piped.npy')).equals(readFileSync(join(folder, 'named.npy')))).toBe(true);
  });
});

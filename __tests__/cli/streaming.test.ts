import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Windows has no signals: kill() ends a process there without asking it. */
const withSignals = process.platform === 'win32' ? it.skip : it;

/** What only a process can show of an input in pieces: its memory, its pipes, its end by a signal. */
const binary = join(__dirname, '..', '..', 'bin', 'rnn-cli.js');
const [T, D] = [10, 4];

// not resourceUsage(): Linux lets a child begin with the peak of its parent
const PEAK =
  "process.on('exit', () => process._rawDebug('peak ' + /VmHWM:\\s+(\\d+)/.exec(require('fs').readFileSync('/proc/self/status'))[1]));\n";

jest.setTimeout(120_000);

describe('forward in pieces', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'rnn-cli-'));
    writeFileSync(join(folder, 'peak.cjs'), PEAK);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function writeInput(name: string, N: number): string {
    const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${N}, ${T}, ${D}), }`.padEnd(117);
    const data = Float32Array.from({ length: N * T * D }, (_, k) => ((k * 37) % 101) / 50 - 1);
    const bytes = Buffer.concat([
      Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, 118, 0]),
      Buffer.from(`${header}\n`),
      Buffer.from(data.buffer),
    ]);
    writeFileSync(join(folder, name), bytes);
    return name;
  }

  // /proc tells the peak of a process, and only Linux has it
  const onLinux = process.platform === 'linux' ? it : it.skip;
  onLinux('takes the same memory for eight times the samples', () => {
    const peak = (N: number): number => {
      const input = writeInput('x.npy', N);
      const words = ['forward', '-i', input, '-o', 'y.npy', '--M', '1', '--K', '0', '--chunk', '2000', '--force'];
      const { status, stderr } = spawnSync(process.execPath, ['--require', './peak.cjs', binary, ...words], {
        cwd: folder,
        encoding: 'utf8',
      });
      expect(status).toBe(0);
      return Number(/peak (\d+)/.exec(stderr)![1]) / 1024;
    };
    // 8 MB and 64 MB of input
    const [small, large] = [peak(50_000), peak(400_000)];
    expect(large - small).toBeLessThan(16);
  });

  it('gives a pipe what it gives a file', () => {
    const input = writeInput('piped.npy', 3000);
    const run = (...words: string[]) =>
      spawnSync(process.execPath, [binary, 'forward', '-i', '-', ...words], {
        cwd: folder,
        input: readFileSync(join(folder, input)),
        maxBuffer: 1 << 26,
      });
    const whole = spawnSync(process.execPath, [binary, 'forward', '-i', input, '-o', 'whole.csv'], { cwd: folder });
    expect(whole.status).toBe(0);
    expect(run('-o', '-.csv', '--chunk', '700').stdout.equals(readFileSync(join(folder, 'whole.csv')))).toBe(true);
    const parts = ['0:1000', '1000:'].map(rows => run('-o', '-.csv', '--chunk', '700', '--rows', rows).stdout);
    expect(Buffer.concat(parts).equals(readFileSync(join(folder, 'whole.csv')))).toBe(true);
    expect(run('-o', '-.csv', '--chunk', '700', '--max-file', '300000').status).toBe(5);
    expect(run('-o', 'piped-out.csv').status).toBe(0);
    expect(readFileSync(join(folder, 'piped-out.csv')).equals(readFileSync(join(folder, 'whole.csv')))).toBe(true);
  });

  withSignals.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('ended by %s leaves no file and exits with %i', async (signal, exit) => {
    const input = writeInput('long.npy', 100_000);
    const words = ['forward', '-i', input, '-o', 'never.npy', '--chunk', '1', '--cell', 'lstm', '--M', '40'];
    const child = spawn(process.execPath, [binary, ...words], { cwd: folder, stdio: 'ignore' });
    const ended = new Promise<number | null>(resolve => child.on('exit', resolve));
    while (!readdirSync(folder).some(name => name.endsWith('.tmp')) && child.exitCode === null)
      await new Promise(resolve => setTimeout(resolve, 20));
    child.kill(signal);
    expect(await ended).toBe(exit);
    expect(readdirSync(folder).filter(name => name.endsWith('.tmp') || name === 'never.npy')).toEqual([]);
  });
});

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { THOROUGH } from '../helpers/effort.js';
import { runCli } from '../helpers/runCli.js';

/** Programs that call it: exit codes and output as from a shell, whatever they do with its streams. */
const binary = join(__dirname, '..', '..', 'bin', 'rnn-cli.js');
const has = (program: string) => process.platform !== 'win32' && spawnSync(program, ['--version']).error === undefined;
const withPython = has('python3') ? it : it.skip;
const withMake = has('make') ? it : it.skip;
const withTmux = spawnSync('tmux', ['-V']).error === undefined ? it : it.skip;

jest.setTimeout(120_000);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'callers-'));
  const program = `#!/bin/sh\nexec "${process.execPath}" "${binary}" "$@"\n`;
  writeFileSync(join(folder, 'rnn-cli'), program, { mode: 0o755 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const PATH = () => `${folder}:${process.env.PATH}`;
const env = (more: Record<string, string> = {}): NodeJS.ProcessEnv => ({
  ...process.env,
  FORCE_COLOR: undefined,
  NO_COLOR: undefined,
  PATH: PATH(),
  ...more,
});

function python(script: string): string {
  const { stdout, stderr } = spawnSync('python3', ['-c', script], { cwd: folder, encoding: 'utf8', env: env() });
  return stdout + stderr;
}

const COMMANDS = `
cmds = {'forward -o': ['forward', '-o', 'o.npy'], 'forward --json': ['forward', '--json'], 'shapes --svg': ['shapes', '--svg', 'o.svg'],
        'same': ['compare', '--N', '4'], 'different': ['compare', '--N', '4', '--simulate', 'state-carry', '--no-explain'], 'probe': ['probe', '--N', '2', '--T', '2', '-o', 'o.npz'], 'version': ['-V']}
import subprocess as sp, os
few = ('forward -o', 'shapes --svg', 'different')
def codes(names=${THOROUGH ? 'tuple(cmds)' : 'few'}, **kw):
    found = []
    for name in names:
        c = cmds[name]
        for f in ('o.npy', 'o.svg', 'o.npz'):
            if os.path.exists(f): os.remove(f)
        r = sp.run(['rnn-cli'] + c, **kw)
        written = [f for f in ('o.npy', 'o.svg', 'o.npz') if os.path.exists(f)]
        expected = ['o.npy'] if '-o' in name else ['o.svg'] if 'svg' in name else ['o.npz'] if name == 'probe' else []
        found.append(r.returncode if written == expected else (name, written))
    return found
`;

const EXPECTED = THOROUGH ? '[0, 0, 0, 0, 1, 0, 0]' : '[0, 0, 1]';

describe('from Python', () => {
  withPython('stdout and stderr may be DEVNULL, which is opened for reading and writing, or for reading alone', () => {
    const script = `${COMMANDS}
print(codes(few[2:], stdout=sp.DEVNULL, stderr=sp.PIPE), codes(stdout=sp.DEVNULL, stderr=sp.DEVNULL, stdin=sp.DEVNULL))
print(codes(few[2:], stdout=open('/dev/null', 'rb'), stderr=sp.PIPE))`;
    expect(python(script)).toBe(`[1] ${EXPECTED}\n[1]\n`);
  });

  withPython('any of the three descriptors may be closed, alone and together', () => {
    const script = `${COMMANDS}
for fds in ((0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)):
    streams = {name: sp.PIPE for fd, name in ((1, 'stdout'), (2, 'stderr')) if fd not in fds}
    names = {} if ${THOROUGH ? 'True' : 'len(fds) == 1'} else {'names': ('different',)}
    print(codes(**names, **streams, preexec_fn=lambda: [os.close(fd) for fd in fds]))`;
    expect(python(script)).toBe(`${EXPECTED}\n`.repeat(3) + `${THOROUGH ? EXPECTED : '[1]'}\n`.repeat(4));
  });

  withPython('a terminal of 0 columns has 80', () => {
    const script = `
import pty, os
pid, fd = pty.fork()
if pid == 0: os.execvp('rnn-cli', ['rnn-cli', 'shapes'])
out = b''
try:
    while True:
        d = os.read(fd, 4096)
        if not d: break
        out += d
except OSError: pass
import re
lines = re.sub('\\x1b\\\\[[0-9;]*m', '', out.decode()).splitlines()
print(max(map(len, lines)), min(map(len, lines[5:-5])))`;
    const [longest, shortest] = python(script).split(' ').map(Number);
    expect(longest).toBeLessThanOrEqual(80);
    expect(shortest).toBeGreaterThan(40);
  });

  withPython('at a terminal -i - says that it is waiting', () => {
    const script = `
import pty, os, time
pid, fd = pty.fork()
if pid == 0: os.execvp('rnn-cli', ['rnn-cli', 'forward', '-i', '-', '--jsonl'])
out = b''
while b'waiting' not in out: out += os.read(fd, 4096)
os.write(fd, b'1,2,3\\n4,5,6\\n\\x04')
try:
    while True:
        d = os.read(fd, 4096)
        if not d: break
        out += d
except OSError: pass
print(out.decode())`;
    const out = python(script);
    expect(out).toContain('waiting for standard input; Ctrl-D ends it, Ctrl-C stops');
    expect(out).toContain('{"n":0,"y":[');
  });
});

describe('from Node', () => {
  it.each<[string, import('node:child_process').StdioOptions]>([
    ['ignore', 'ignore'],
    ['ignore, ignore, pipe', ['ignore', 'ignore', 'pipe']],
    ['pipe, ignore, pipe', ['pipe', 'ignore', 'pipe']],
    ['ignore, pipe, ignore', ['ignore', 'pipe', 'ignore']],
  ])('with stdio %s', (_, stdio) => {
    const codes = [
      ['forward', '--json'],
      ['compare', '--N', '4', '--simulate', 'state-carry', '--no-explain'],
    ].map(argv => spawnSync(process.execPath, [binary, ...argv], { stdio }).status);
    expect(codes).toEqual([0, 1]);
  });
});

describe('through pipes', () => {
  const bash = (line: string) => spawnSync('bash', ['-c', line], { cwd: folder, encoding: 'utf8', env: env() });
  const student = join(__dirname, '..', 'reference', 'student');
  const model = join(student, 'model.keras');
  const printed = (name: string) => join(student, 'printed', name);
  const hasBash = has('bash') ? it : it.skip;

  hasBash('a network beside the flags comes from standard input or a process substitution as from its file', () => {
    const sha = (line: string) => JSON.parse(bash(line).stdout).ySha256;
    expect(bash(`cat "${model}" | rnn-cli shapes -`).stdout).toBe(bash(`rnn-cli shapes "${model}"`).stdout);
    expect(sha(`rnn-cli forward <(cat "${model}") --json`)).toBe(sha(`rnn-cli forward "${model}" --json`));
    expect(sha(`rnn-cli forward - --T 4 --json < <(cat "${printed('w.npz')}")`)).toBe(
      sha(`rnn-cli forward "${printed('w.npz')}" --T 4 --json`),
    );
    expect(bash(`rnn-cli compare <(cat "${model}") <(cat "${model}") --json`)).toMatchObject({ status: 0, stderr: '' });
    expect(bash(`cat "${printed('y.npy')}" | rnn-cli compare "${printed('y.npy')}" -`).stdout).toContain('y.npy and stdin');
    expect(bash(`cat "${model}" | rnn-cli probe - --N 2 -q`)).toMatchObject({ status: 0, stderr: '' });
  });

  hasBash('standard input is read for one thing alone', () => {
    for (const line of ['compare - -', 'forward - -i -', 'compare - --against -', 'forward --weights - -i -', 'forward -i - --h0 -'])
      expect([line, bash(`cat "${model}" | rnn-cli ${line}`)]).toEqual([
        line,
        expect.objectContaining({ status: 2, stderr: expect.stringContaining('both read stdin') }),
      ]);
  });
});

describe('from make', () => {
  withMake('the exit code is the answer, and a file that is there is not made again', () => {
    writeFileSync(
      join(folder, 'Makefile'),
      'y.npy:\n\trnn-cli forward --N 4 -o $@\ncheck: y.npy\n\trnn-cli compare --N 4 --seed 42 --against y.npy -q\nbroken:\n\trnn-cli compare --N 4 --simulate state-carry --no-explain -q\n',
    );
    const make = (target: string) =>
      spawnSync('make', [target], { cwd: folder, encoding: 'utf8', env: env({ MAKEFLAGS: '', MAKELEVEL: '' }) });
    expect(make('check')).toMatchObject({ status: 0, stderr: '' });
    expect(make('check').stdout).not.toContain('forward');
    expect(make('broken')).toMatchObject({ status: 2, stderr: expect.stringContaining('Error 1') });
  });
});

describe('with hardly any environment, as from cron', () => {
  const run = (argv: readonly string[], environment: NodeJS.ProcessEnv) =>
    spawnSync(process.execPath, [binary, ...argv], { cwd: folder, encoding: 'utf8', env: environment });

  it('an empty environment, or only PATH and HOME, changes nothing', () => {
    const usual = run(['forward', '--N', '4'], env());
    for (const environment of [{}, { PATH: '/usr/bin:/bin', HOME: folder, SHELL: '/bin/sh' }, { LANG: 'C' }, { LC_ALL: 'POSIX' }]) {
      expect(run(['forward', '--N', '4'], environment as NodeJS.ProcessEnv)).toMatchObject({ status: 0, stdout: usual.stdout, stderr: '' });
    }
    expect(run(['shapes'], {} as NodeJS.ProcessEnv).stdout).toContain('N×10×3');
  });

  it('a locale whose character set is not UTF-8 gets ASCII, tables, notes and errors', async () => {
    const latin = { LANG: 'de_DE.ISO-8859-1' };
    for (const argv of [
      ['shapes'],
      ['forward', '--trace'],
      ['compare', '--simulate', 'state-carry', '--N', '3'],
      ['shapes', '--help'],
      ['explain', 'lstm'],
      ['shapes', '--M', '0'],
    ]) {
      const { stdout, stderr } = await runCli(argv, { env: latin });
      expect([argv, (stdout + stderr).replace(/[\0-\x7f]/g, '')]).toEqual([argv, '']);
      expect((stdout + stderr).length).toBeGreaterThan(50);
    }
    expect(run(['shapes'], latin as never).stdout).toBe((await runCli('shapes --style ascii')).stdout);
    expect((await runCli('shapes', { env: { LANG: 'en_US.utf8' } })).stdout).toContain('×');
  });
});

describe('in tmux', () => {
  withTmux('the table is drawn, with colour, and the exit code is right', () => {
    const socket = join(folder, 'tmux');
    const tmux = (...argv: string[]) => spawnSync('tmux', ['-S', socket, ...argv], { encoding: 'utf8', env: env({ TMUX: '' }) });
    const out = join(folder, 'code');
    tmux(
      'new-session',
      '-d',
      '-x',
      '80',
      '-y',
      '40',
      `rnn-cli compare --N 4 --simulate state-carry > /dev/tty; echo $? > "${out}"; tmux -S "${socket}" wait-for -S done; sleep 5`,
    );
    tmux('wait-for', 'done');
    const screen = tmux('capture-pane', '-p', '-e').stdout;
    tmux('kill-server');
    expect(existsSync(out) && readFileSync(out, 'utf8')).toBe('1\n');
    expect(screen).toContain('DIFFERENT');
    expect(screen).toContain('\u001b[31m');
  });
});

describe('--svg and -o', () => {
  it('report on the same stream', () => {
    const run = (...argv: string[]) =>
      spawnSync(process.execPath, [binary, ...argv, '--force'], { cwd: folder, encoding: 'utf8', env: env() });
    expect(run('forward', '-o', 'a.npy', '--svg', 'a.svg')).toMatchObject({
      stderr: '',
      stdout: expect.stringMatching(/^ saved +a\.npy, a\.svg$/m),
    });
    expect(run('shapes', '--svg', 'b.svg')).toMatchObject({ stderr: '', stdout: expect.stringMatching(/^ saved b\.svg$/m) });
  });
});

describe('at a terminal', () => {
  it('boxes and colours are drawn, by packages that are loaded for them alone', () => {
    const { status, stdout } = spawnSync(process.execPath, [binary, 'shapes', '--style', 'box', '--color', 'always'], { encoding: 'utf8' });
    expect([status, stdout.includes('┌'), stdout.includes('\u001b[36m')]).toEqual([0, true, true]);
  });
});

describe('--color never', () => {
  it('may stand anywhere on the line, before the command too, in both spellings, for errors as well', async () => {
    const forced = { env: { FORCE_COLOR: '1' } };
    const lines = [
      ['--color=never', 'shapes', '--M', '0'],
      ['shapes', '--color', 'never', '--M', '0'],
      ['--no-color', 'shapes', '--M', '0'],
      ['shapes', '--M', '0', '--no-color'],
      ['--color', 'never', 'compare', '--no-explain'],
    ];
    for (const line of lines) {
      const { stdout, stderr } = await runCli(line, forced);
      expect([line, (stdout + stderr).includes('\u001b')]).toEqual([line, false]);
      expect(stdout + stderr).toMatch(/SAME|--M: expected/);
    }
    const real = (...argv: string[]) => spawnSync(process.execPath, [binary, ...argv], { encoding: 'utf8', env: env(forced.env) }).stderr;
    expect(real('shapes', '--M', '0')).toContain('\u001b');
    expect(real('--color=never', 'shapes', '--M', '0')).not.toContain('\u001b');
  });
});

import { writeFileSync } from 'node:fs';
import { temporaryFolder } from '../helpers/files.js';
import { type Around, runCli } from '../helpers/runCli.js';

/** What the line, the terminal and the environment say of colour, of ASCII and of threads, also where the line itself is wrong. */
const ESC = '\u001b[';
const TERMINAL = { columns: 100 };

describe('an error is coloured', () => {
  it.each<[line: string, around: Around, coloured: boolean]>([
    ['shapes --x', {}, false],
    ['shapes --x', TERMINAL, true],
    ['shapes --x --color always', {}, true],
    ['shapes --x --color=always', {}, true],
    ['--color always shapes --x', {}, true],
    ['shapes --x --color never', TERMINAL, false],
    ['shapes --x --color=never', TERMINAL, false],
    ['shapes --x --no-color', TERMINAL, false],
    ['shapes --x --color auto', TERMINAL, true],
    ['shapes --x --color auto', {}, false],
    ['shapes --x --color sometimes', {}, false],
    ['shapes --x --color=', TERMINAL, true],
    ['shapes --x always', {}, false],
    ['shapes --x always --color never', TERMINAL, false],
    // the last one counts
    ['shapes --x --color always --color never', TERMINAL, false],
    ['shapes --x --color never --color always', {}, true],
    ['shapes --x --color always --no-color', TERMINAL, false],
    ['shapes --x --no-color --color=always', {}, true],
    ['shapes --x --color always --color auto', {}, false],
    // behind -- nothing is a flag
    ['shapes --x -- --color always', {}, false],
    ['shapes --x --xcolor=always', {}, false],
    // the environment
    ['shapes --x', { env: { FORCE_COLOR: '1' } }, true],
    ['shapes --x', { env: { FORCE_COLOR: '0' }, ...TERMINAL }, false],
    ['shapes --x', { env: { FORCE_COLOR: 'false' }, ...TERMINAL }, false],
    ['shapes --x', { env: { NO_COLOR: '1' }, ...TERMINAL }, false],
    ['shapes --x', { env: { NO_COLOR: '' }, ...TERMINAL }, true],
    ['shapes --x', { env: { NO_COLOR: '1', FORCE_COLOR: '1' } }, false],
    ['shapes --x', { env: { TERM: 'dumb' }, ...TERMINAL }, false],
    ['shapes --x', { env: { TERM: 'dumb', FORCE_COLOR: '1' } }, true],
    ['shapes --x --color always', { env: { NO_COLOR: '1' } }, true],
  ])('%s, %j: %s', async (line, around, coloured) => {
    const { stderr, exit } = await runCli(line, around);
    expect([exit, stderr.includes(ESC)]).toEqual([2, coloured]);
  });
});

describe('an error is a document with --json, before -- only', () => {
  it.each([
    ['shapes --x --json', true],
    ['--json shapes --x', true],
    ['forward --x --jsonl', true],
    ['shapes --x -- --json', false],
    ['shapes --x --json=1', false],
    ['shapes --x', false],
  ])('%s: %s', async (line, json) => {
    expect((await runCli(line)).stderr.startsWith('{"schema":"rnn-cli/error@1"')).toBe(json);
  });
});

describe('an error is in ASCII where that is asked for, or where nothing else is understood', () => {
  const line = 'forward --rows 1-2 --ünknown';
  it.each<[extra: string, env: Record<string, string>, ascii: boolean]>([
    ['', {}, false],
    ['--style ascii', {}, true],
    ['--style=ascii', {}, true],
    ['--style plain', {}, false],
    ['ascii', {}, false],
    ['--width ascii', {}, false],
    ['', { LANG: 'C' }, false],
    ['', { LANG: 'de_DE.ISO-8859-1' }, true],
    ['', { LC_ALL: 'de_DE.ISO-8859-1@euro', LANG: 'de_DE.UTF-8' }, true],
    ['', { LC_CTYPE: 'de_DE.ISO-8859-1' }, true],
    ['', { LANG: 'en_US.UTF-8' }, false],
    ['', { LC_ALL: 'en_US.utf8', LANG: 'de_DE.ISO-8859-1' }, false],
    ['', { LC_ALL: '', LANG: 'xx.UTF-81' }, true],
  ])('%s %j: %s', async (extra, env, ascii) => {
    const { stderr } = await runCli(`${line} ${extra}`, { env });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII
    expect(/^[\x00-\x7f]*$/.test(stderr)).toBe(ascii);
  });

  it('the place in the code is shown to those who ask', async () => {
    expect((await runCli('shapes --x', { env: { RNN_CLI_DEBUG: '1' } })).stderr).toMatch(/\n {4}at /);
    expect((await runCli('shapes --x', { env: { RNN_CLI_DEBUG: '0' } })).stderr).not.toMatch(/\n {4}at /);
    expect((await runCli('shapes --x --json', { env: { RNN_CLI_DEBUG: '1' } })).stderr).toMatch(/^\{.*\}\nRnnError: .*\n {4}at /);
  });
});

describe('a thread takes the whole command', () => {
  const { path } = temporaryFolder();
  beforeAll(() => {
    writeFileSync(path('small.json'), '{"layers":[{"kind":"rnn","units":5}]}');
    writeFileSync(path('large.json'), `{"layers":[{"kind":"rnn","units":5}]}${' '.repeat(5_000_001)}`);
    writeFileSync(path('large.csv'), '1,2,3\n'.repeat(900_000));
  });

  const taken = async (line: string, env: Record<string, string> = {}) => {
    const calls: unknown[] = [];
    const runInThread: Around['runInThread'] = async (...call) => {
      calls.push(call);
      return 9;
    };
    const { exit, stderr } = await runCli(line, { env, runInThread });
    return { exit, calls, stderr };
  };

  it('with --max-time, whose seconds it gets, and standard input where the line reads it', async () => {
    expect(await taken('shapes --max-time 5 -v')).toEqual({
      exit: 9,
      calls: [[['shapes', '--max-time', '5', '-v'], { seconds: 5, stdin: false }]],
      stderr: 'a thread does it, and this one listens for interrupts\n',
    });
    for (const line of [
      'forward -i -',
      'forward -i -:x',
      'shapes -',
      'shapes --model -',
      'compare --against -',
      'compare a -',
      'inspect -',
    ])
      expect([line, (await taken(`${line} --max-time 5`)).calls]).toEqual([line, [[expect.any(Array), { seconds: 5, stdin: true }]]]);
    expect((await taken('forward -i a-:x --max-time 5')).calls).toEqual([[expect.any(Array), { seconds: 5, stdin: false }]]);
  });

  it('for a large description, and for no other file', async () => {
    expect((await taken(`shapes ${path('large.json')}`)).calls).toEqual([
      [['shapes', path('large.json')], { seconds: undefined, stdin: false }],
    ]);
    expect((await taken(`shapes ${path('small.json')} --D 3`)).calls).toEqual([]);
    expect((await taken(`inspect ${path('large.csv')}`)).calls).toEqual([]);
    expect((await taken('shapes')).calls).toEqual([]);
    expect((await taken('shapes', { NODE_OPTIONS: '--max-old-space-size=100000' })).calls).toEqual([]);
  });
});

describe('standard input at a terminal is waited for, and the line says so', () => {
  it('only where it is read', async () => {
    const { main } = await import('../../src/cli/main.js');
    const said = async (argv: string[], stdinIsTerminal: boolean) => {
      let text = '';
      const stream = {
        write(data: string | Uint8Array, done: () => void) {
          text += String(data);
          done();
        },
        on: () => undefined,
      };
      const quiet = { write: (_: string | Uint8Array, done: () => void) => done(), on: () => undefined };
      const runInThread = async () => 0;
      await main(argv, { stdout: quiet, stderr: stream, env: {}, stdinIsTerminal: () => stdinIsTerminal, runInThread });
      return text;
    };
    const note = 'note: waiting for standard input; Ctrl-D ends it, Ctrl-C stops\n';
    expect(await said(['forward', '-i', '-', '--max-time', '5'], true)).toBe(note);
    expect(await said(['forward', '-i', '-', '--max-time', '5'], false)).toBe('');
    expect(await said(['forward', '--max-time', '5'], true)).toBe('');
  });
});

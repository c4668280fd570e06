import { linkSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { COMMAND_WORDS, COMMANDS } from '../../src/cli/commandWords.js';
import type { CommandName } from '../../src/cli/flag.js';
import { FLAGS } from '../../src/cli/options.js';
import { WRITES } from '../../src/cli/outputs.js';
import { checkOutputFiles } from '../../src/run/files/outputFiles.js';
import { withFolder } from '../helpers/inputFile.js';
import { runCli } from '../helpers/runCli.js';

/** What a command writes is never what it reads, and no two of its files are one: said before anything is written. */

/** q.npz and its other names, a folder under two names, and a spec. */
async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  await withFolder(async folder => {
    mkdirSync(join(folder, 'sub'));
    symlinkSync(folder, join(folder, 'linked'));
    writeFileSync(join(folder, 'net.json'), '{"layers":[{"kind":"rnn","units":2}],"input":{"timesteps":3,"features":2}}');
    writeFileSync(join(folder, 'q.npz'), 'old');
    for (const name of ['hard.npz', 'hard.svg', 'hard.html', 'hard.json']) linkSync(join(folder, 'q.npz'), join(folder, name));
    for (const name of ['soft.npz', 'soft.svg', 'soft.html']) symlinkSync('q.npz', join(folder, name));
    await body(folder);
  });
}

const flagged = (...paths: string[]) => paths.map((path, i) => ({ flag: `--${i}`, path }));

describe('one file by two names', () => {
  it.each([
    ['the same path', 'new.npz', 'new.npz'],
    ['another path', 'new.npz', 'sub/.././new.npz'],
    ['a linked folder', 'new.npz', 'linked/new.npz'],
    ['another case', 'new.npz', 'New.NPZ'],
    ['another way to write an accent', 'e\u0301.npz', '\u00e9.npz'],
    ['the same path of an old file', 'q.npz', 'sub/../q.npz'],
    ['a hard link', 'q.npz', 'hard.npz'],
    ['a symbolic link', 'q.npz', 'soft.npz'],
    ['two links', 'hard.svg', 'linked/soft.html'],
  ])('%s', (_, a, b) =>
    inFolder(async folder => {
      const [first, second] = [join(folder, a), `${folder}/${b}`];
      const conflict = expect.objectContaining({ code: 'E_CONFLICT', exit: 2 });
      await expect(checkOutputFiles(flagged(first, join(folder, 'other.npz'), second), [], true)).rejects.toEqual(conflict);
      await expect(checkOutputFiles(flagged(first, join(folder, 'other.npz')), [join(folder, 'x.npz')], true)).resolves.toBeUndefined();
    }),
  );

  it('an input by any of its names, with a key or a name of an array', () =>
    inFolder(async folder => {
      const inputs = ['@q.npz', '@hard.json', '@soft.svg', '@sub/../q.npz:key', 'a=@q.npz', 'a=absent.npy,b=@hard.npz:k'];
      for (const input of inputs.map(text => text.replace('@', `${folder}/`)))
        expect([input, await checkOutputFiles(flagged(join(folder, 'q.npz')), ['-', input], true).catch(e => e.code)]).toEqual([
          input,
          'E_SAME_FILE',
        ]);
    }));

  it('may be the null device', async () => {
    await expect(checkOutputFiles(flagged('/dev/null', '/dev/null'), ['/dev/null'], false)).resolves.toBeUndefined();
  });
});

const EXTENSION: Partial<Record<string, string>> = { svg: 'svg', html: 'html' };
const nameOf = (key: PropertyKey, stem: string) => `${stem}.${EXTENSION[String(key)] ?? 'npz'}`;
const LINE: Partial<Record<CommandName, string[]>> = { inspect: ['net.json'], convert: ['net.json'] };
const PAIRS = COMMANDS.flatMap(command =>
  WRITES[command].flatMap((a, i) => WRITES[command].slice(0, i).map(b => [command, a, b] as const)),
);

describe('every pair of outputs of every command', () => {
  it.each(PAIRS)('%s: --%s and --%s', (command, a, b) =>
    inFolder(async folder => {
      const before = readdirSync(folder);
      const argv = [command, `--${a}`, join(folder, nameOf(a, 'hard')), `--${b}`, join(folder, nameOf(b, 'soft')), '--force'];
      const { exit, stdout, stderr } = await runCli(argv);
      expect(stderr).toContain('write the same file');
      expect([exit, stdout, readdirSync(folder), readFileSync(join(folder, 'q.npz'), 'utf8')]).toEqual([2, '', before, 'old']);
    }),
  );
});

describe('every output of every command, on every input', () => {
  const cases = COMMANDS.flatMap(command => {
    const read = [...FLAGS.filter(f => f.commands.includes(command)), ...COMMAND_WORDS[command].slice(0, 1)];
    const inputs = read.filter(({ value }) => value.kind === 'file' && !value.output);
    return WRITES[command].flatMap(to => inputs.map(({ key }) => [command, to, key] as const));
  });

  it.each(cases)('%s: --%s is what %s reads', (command, to, from) =>
    inFolder(async folder => {
      const flag = FLAGS.find(f => f.key === from)?.flags.match(/--[a-zA-Z0-9-]+/)?.[0];
      const [old, target] = [join(folder, 'q.npz'), join(folder, nameOf(to, 'hard'))];
      const given = flag ? [...(LINE[command] ?? []).map(name => join(folder, name)), flag, old] : [old];
      const { exit, stderr } = await runCli([command, ...given, ...(to === 'output' ? [target] : [`--${to}`, target]), '--force']);
      expect([stderr, exit]).toEqual([expect.stringContaining('the output is the input'), 4]);
      expect(readFileSync(old, 'utf8')).toBe('old');
    }),
  );
});

describe('an output that cannot be written', () => {
  it.each([
    ['exists', 'hard.svg', 'E_EXISTS'],
    ['is a folder', 'folder.svg', 'E_IS_DIRECTORY'],
    ['stands in no folder', 'nowhere/a.svg', 'E_WRITE'],
  ])('%s: the others are not written either', (_, name, code) =>
    inFolder(async folder => {
      mkdirSync(join(folder, 'folder.svg'));
      const before = readdirSync(folder);
      const { exit, stderr } = await runCli(['forward', '-o', join(folder, 'new.npz'), '--svg', join(folder, name)]);
      expect([exit, readdirSync(folder)]).toEqual([4, before]);
      expect(stderr).toContain(code);
    }),
  );
});

describe('several outputs where one array fits', () => {
  const at = join(__dirname, '..', 'reference', 'keras_models', 'multi_out');
  const run = (...words: string[]) => runCli(['forward', `${at}.keras`, '-i', `${at}.x.npy`, ...words]);
  const said = 'note: y is dense, one of 2 outputs; --output dense_1 gives another one, --json or -o FILE.npz all\n';

  it.each([['--jsonl'], ['--style csv']])('%s prints the first and says so', async words => {
    const { stdout, stderr } = await run(...words.split(' '));
    expect([stdout.includes('1.25086'), stderr]).toEqual([true, said]);
  });

  it.each([['--output dense_1 --jsonl'], ['--json'], ['--style markdown']])('%s needs no such note', async words => {
    const { stdout, stderr } = await run(...words.split(' '));
    expect([stdout.includes('0.268'), stderr]).toEqual([true, '']);
  });
});

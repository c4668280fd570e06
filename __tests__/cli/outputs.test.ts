import { linkSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { COMMAND_WORDS, COMMANDS } from '../../src/cli/commandWords.js';
import type { CommandName } from '../../src/cli/flag.js';
import { FLAGS } from '../../src/cli/options.js';
import { WRITES } from '../../src/cli/outputs.js';
import { checkOutputFiles } from '../../src/run/files/outputFiles.js';
import { array, bytesOf } from '../helpers/files.js';
import { withFolder } from '../helpers/inputFile.js';
import { referencePath } from '../helpers/reference.js';
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
      expect(stderr).toMatch(/ write the same file \((\S+hard\.\w+ is \S+soft\.\w+|\S+soft\.\w+ is \S+hard\.\w+)\)/);
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

/** A state dict says neither which step its head reads nor its activation: every command that says something of it says so, once, on every way out. */
describe('what was assumed is said', () => {
  const net = referencePath('models/torch', 'lstm2_linear_last_op13.pt');

  it.each([
    ['out', `shapes ${net}`],
    ['out', `shapes ${net} --svg net.svg`],
    ['err', `shapes ${net} --svg -`],
    ['err', `shapes ${net} --mermaid`],
    ['err', `shapes ${net} --summary`],
    ['json', `shapes ${net} --json`],
    ['out', `inspect ${net}`],
    ['json', `inspect ${net} --json`],
    ['out', `forward ${net} -i x.npy`],
    ['out', `forward ${net} -i x.npy --trace`],
    ['out', `forward ${net} -i x.npy --plot`],
    ['out', `forward ${net} -i x.npy --step 2`],
    ['out', `forward ${net} -i x.npy -o y.npy`],
    ['out', `forward ${net} -i x.npy -o y.npy --chunk 1`],
    ['out', `forward ${net} -i x.npy -o y.csv --rows 1:2`],
    ['err', `forward ${net} -i x.npy -o y.npy --chunk 1 --quiet`],
    ['err', `forward ${net} -i x.npy -o -.csv`],
    ['err', `forward ${net} -i x.npy -o -.csv --chunk 1`],
    ['err', `forward ${net} -i x.npy --quiet`],
    ['err', `forward ${net} -i x.npy --jsonl`],
    ['err', `forward ${net} -i x.npy --svg -`],
    ['err', `forward ${net} -i x.npy --emit torch`],
    ['err', `forward ${net} -i x.npy --style csv`],
    ['json', `forward ${net} -i x.npy --json`],
    ['out', `compare ${net} -i x.npy`],
    ['out', `compare ${net} -i x.npy --against other.npy --no-explain`],
    ['err', `compare ${net} -i x.npy --quiet`],
    ['json', `compare ${net} -i x.npy --json`],
    ['json', `compare ${net} ${net} --json`],
    ['out', `convert ${net} net.onnx`],
    ['err', `convert ${net} net.onnx --quiet`],
    ['json', `convert ${net} net.onnx --json`],
    ['out', `probe ${net} --T 2`],
  ])('on %s: %s', async (where, line) => {
    await withFolder(async folder => {
      writeFileSync(join(folder, 'x.npy'), await bytesOf('npy', { npy: array(3, 6, 4) }));
      writeFileSync(join(folder, 'other.npy'), await bytesOf('npy', { npy: array(3, 3) }));
      const { stdout, stderr } = await runCli(
        line.split(' ').map(word => (/^\w+\.(npy|csv|svg|onnx)$/.test(word) ? join(folder, word) : word)),
      );
      const step = /fc\s+reads\s+the\s+last\s+step/g;
      const said = [stdout, stderr].map(text => text.match(step)?.length ?? 0);
      // a document has it in its place
      if (where !== 'json') return expect(said).toEqual(where === 'out' ? [1, 0] : [0, 1]);
      expect(JSON.parse(stdout).assumptions.map(({ fact }: { fact: string }) => fact)).toContain('step');
      expect(stderr).toBe('');
    });
  });
});

/** In pieces y goes into its file, and nothing else is known: what is asked for beside it must still be there. */
describe('--chunk changes nothing that is shown or written', () => {
  it.each([
    '',
    '--quiet',
    '--full',
    '--json',
    '--jsonl',
    '--plot',
    '--svg h.svg',
    '--trace',
    '--trace t.npz',
    '--states',
    '--step 2',
    '--unit 2',
    '--style csv',
  ])('beside %s', flags =>
    withFolder(async folder => {
      writeFileSync(join(folder, 'x.npy'), await bytesOf('npy', { npy: array(3, 4, 2) }));
      const seen = [];
      for (const chunk of ['', '--chunk 2']) {
        const line = `forward --layers lstm:3,dense:2 -i x.npy -o y.npy ${flags} ${chunk}`;
        const { exit, stdout, stderr } = await runCli(
          line
            .split(' ')
            .filter(Boolean)
            .map(word => (/^\w+\.(np[yz]|svg)$/.test(word) ? join(folder, word) : word)),
        );
        const written = readdirSync(folder).map(name => [name, readFileSync(join(folder, name)).toString('base64')]);
        seen.push({ exit, stdout, stderr, written });
        for (const name of readdirSync(folder)) if (name !== 'x.npy') rmSync(join(folder, name));
      }
      expect(seen[1]).toEqual(seen[0]);
    }),
  );
});

import { COMMAND_WORDS, COMMANDS } from '../../src/cli/commandWords.js';
import { type CommandName, type Flag, spellings, usualSpelling } from '../../src/cli/flag.js';
import { commandHelp, mainHelp } from '../../src/cli/help.js';
import { FLAGS, flagsOf } from '../../src/cli/options.js';
import { parseArgv } from '../../src/cli/program.js';
import type { Values } from '../../src/cli/values.js';
import type { RnnError } from '../../src/errors.js';

/** A right word for a flag. */
function wordFor({ value, flags }: Flag): string | undefined {
  switch (value.kind) {
    case 'switch':
      return undefined;
    case 'size':
      return String(Math.max(value.least, 7));
    case 'sizes':
      return '7';
    case 'number':
      return '1e-3';
    case 'range':
      return '2:5';
    case 'bytes':
      return '20MiB';
    case 'choice':
      return value.choices[0];
    case 'choices':
      return value.choices.slice(0, 2).join(',');
    case 'file':
      return `some.${value.extensions[0]}`;
    case 'text':
      return flags.includes('layers') ? 'rnn:5' : 'word';
  }
}

function parse(...argv: string[]): Values {
  const invocation = parseArgv(argv);
  if (invocation.kind !== 'run') throw new Error(`a run was expected, not ${invocation.kind}`);
  return invocation.values;
}

const NEEDS: Record<string, string[]> = {
  sample: ['--step=2'],
  timeMajor: ['-i', 'x.npy'],
  chunk: ['-i', 'x.npy', '-o', 'y.npy'],
  showTrainable: ['--summary'],
};

/** What must stand on the line beside the flag: another flag, and the command's own words. */
function beside(command: CommandName, flag: Flag): string[] {
  const words = COMMAND_WORDS[command].flatMap(({ optional, value }) => {
    if (optional) return [];
    return value.kind === 'choice' ? [value.choices[0]] : value.kind === 'file' ? [`a.${value.extensions[0]}`] : [];
  });
  const needs =
    flag.key === 'force' && command !== 'convert'
      ? [['shapes', 'compare', 'inspect'].includes(command) ? '--html=n.html' : '--out=y.npy']
      : flag.key === 'engine' && command === 'compare'
        ? ['--against=y.npy']
        : (NEEDS[flag.key] ?? []);
  return [...words, ...needs];
}

describe('the table of flags', () => {
  it('gives no spelling twice, and every flag a command, a help text and a key', () => {
    const all = FLAGS.flatMap(spellings);
    expect(new Set(all).size).toBe(all.length);
    expect(new Set(FLAGS.map(flag => flag.key)).size).toBe(FLAGS.length);
    for (const flag of FLAGS) {
      expect(flag.commands.length).toBeGreaterThan(0);
      expect(flag.help).toMatch(/^[^.]/);
    }
  });

  it('has words of other tools that are no spellings of its own', () => {
    const own = new Set(FLAGS.flatMap(spellings));
    expect(FLAGS.flatMap(flag => flag.otherNames).filter(word => own.has(word))).toEqual([]);
  });

  const everyWay = COMMANDS.flatMap(command =>
    flagsOf(command)
      .filter(flag => !['help', 'version'].includes(flag.key))
      .flatMap(flag => spellings(flag).map(spelling => [command, spelling, flag] as [CommandName, string, Flag])),
  );

  it.each(everyWay)('%s takes %s', (command, spelling, flag) => {
    const word = wordFor(flag);
    const values = parse(command, ...beside(command, flag), spelling, ...(word === undefined ? [] : [word]));
    const key = flag.key === 'noColor' ? 'color' : flag.key === 'noExplain' ? 'explain' : (flag.key as keyof Values);
    expect(values[key as keyof Values]).toBeDefined();
    if (word !== undefined && spelling.startsWith('--')) {
      expect(parse(command, ...beside(command, flag), `${spelling}=${word}`)).toEqual(values);
    }
  });

  it.each(COMMANDS)('%s --help opens with examples and names every flag, within the width', command => {
    const [page, main] = [commandHelp(command, 80), mainHelp(80)];
    expect(page.split('\n\n')[1]).toMatch(/^Examples\n/);
    for (const flag of flagsOf(command)) {
      const shared = flag.group === 'General' || flag.group === 'Limits';
      expect(page).toContain(shared ? usualSpelling(flag) : spellings(flag).join(', '));
      if (shared) expect(main).toContain(spellings(flag).join(', '));
    }
    expect(page.indexOf('Examples')).toBeLessThan(page.indexOf(usualSpelling(flagsOf(command)[0])));
    const flags = page.slice(page.indexOf('\nNetwork'), page.indexOf('\nExit codes'));
    for (const line of flags.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });
});

describe('parseArgv', () => {
  it('a number has nothing behind it', () => {
    for (const word of ['1e-5x', '5 ', '1e', '1.2.3', '0x10', '-1', ''])
      expect(() => parse('compare', '--atol', word)).toThrow(expect.objectContaining({ exit: 2 }));
    expect(parse('compare', '--atol', '1E-5')).toEqual({ atol: 1e-5 });
  });

  it('reads numbers, lists and names', () => {
    expect(parse('shapes', '--M', '5,4', '--T', '?', '--K=0', '--bidirectional')).toEqual({ M: [5, 4], T: '?', K: 0, bidirectional: true });
    expect(parse('compare', '--atol', '1e-5', '--engines', 'manual,batched', '--no-explain')).toEqual({
      atol: 1e-5,
      engines: ['manual', 'batched'],
      explain: false,
    });
    expect(parse('forward', '--max-memory', '1.5GiB', '--trace', '-qi', '-')).toEqual({
      maxMemory: 1610612736,
      trace: true,
      quiet: true,
      input: '-',
    });
  });

  it('takes a general flag as it is written last, joins inputs by name, and refuses two values of any other flag', () => {
    expect(parse('shapes', '--color', 'always', '--no-color')).toEqual({ color: false });
    expect(parse('shapes', '--max-rank', '3', '--max-rank', '4')).toEqual({ maxRank: 4 });
    expect(parse('forward', '-i', 'a=x.npy', '--input', 'b=y.npy')).toEqual({ input: 'a=x.npy,b=y.npy' });
    expect(parse('shapes', '--M', '3', '--units', '3')).toEqual({ M: [3] });
    expect(() => parse('shapes', '--M', '3', '--units', '8')).toThrow('--M is given twice: 3 and 8');
    expect(() => parse('compare', '--against', 'a.npy', '--against', 'b.npy')).toThrow('--against is given twice: a.npy and b.npy');
  });

  it('knows dashes and quotes of typography', () => {
    const meant = (...argv: string[]) => {
      try {
        parse(...argv);
        return undefined;
      } catch (error) {
        return ((error as RnnError).correction as { line: string[] }).line.join(' ');
      }
    };
    expect(meant('shapes', '\u2013layers', '\u201clstm:5,dense:2\u201d')).toBe('shapes --layers lstm:5,dense:2');
    expect(meant('shapes', '\u2014M', '5')).toBe('shapes --M 5');
    expect(meant('forward', '\u2013i', 'x.npy')).toBe('forward -i x.npy');
  });

  it('knows help and version wherever they stand', () => {
    for (const argv of [['-h'], ['--help'], ['help']]) expect(parseArgv(argv)).toEqual({ kind: 'help', command: undefined });
    for (const argv of [
      ['help', 'forward'],
      ['forward', '-h'],
      ['forward', '--M', 'ten', '--help'],
    ]) {
      expect(parseArgv(argv)).toEqual({ kind: 'help', command: 'forward' });
    }
    for (const argv of [['-V'], ['--version'], ['shapes', '--version']]) expect(parseArgv(argv)).toEqual({ kind: 'version' });
    expect(parseArgv([])).toEqual({ kind: 'tour' });
  });
});

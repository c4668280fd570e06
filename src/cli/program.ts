import { fileURLToPath } from 'node:url';
import { Command, CommanderError, Option } from 'commander';
import { RnnError } from '../errors.js';
import { escapeText } from '../escape.js';
import { nearest } from '../registry.js';
import type { RowRange } from '../run/request.js';
import { missingWord, parseWord } from './argumentValues.js';
import { COMMAND_WORDS, COMMANDS } from './commandWords.js';
import { checkConflicts } from './conflicts.js';
import { asFlag, type CommandName, type Flag, spellings, usualSpelling } from './flag.js';
import { excessWord, misplacedWord, missingCommandWord } from './lineWords.js';
import { FLAGS, flagsOf } from './options.js';
import { typographicSigns, unknownCommand, unknownFlag } from './suggestions.js';
import { commandHints, commandSynonyms } from './synonyms.js';
import type { Values } from './values.js';

/** What a command line asks for. */
export type Invocation =
  | { readonly kind: 'tour' | 'version' }
  | { readonly kind: 'help'; readonly command?: CommandName }
  | {
      readonly kind: 'run';
      readonly command: CommandName;
      readonly values: Values;
      /** for `help WORD`: the error if WORD is not a topic of explain either */
      readonly unknownTopic?: RnnError;
    };

/**
 * Parses argv (without node and script). Pure: prints nothing and never exits.
 * @throws RnnError usage (exit 2) for unknown, malformed or contradictory arguments
 */
export function parseArgv(argv: readonly string[]): Invocation {
  const [first, ...rest] = argv;
  if (first === undefined) return { kind: 'tour' };
  const typographic = argv.some(word => /[\u0080-\uffff]/.test(word)) ? typographicSigns(argv) : undefined;
  if (typographic) throw typographic;
  const command = COMMANDS.find(name => name === first);
  if (command !== undefined) return parseCommand(command, rest);
  if (first === '-h' || first === '--help' || first === 'help') return helpFor(rest.filter(word => !word.startsWith('-')));
  const general = generalFlagsBefore(argv);
  if (general > 0) return parseArgv([argv[general], ...argv.slice(0, general), ...argv.slice(general + 1)]);
  const isFlag = first.startsWith('-') && !Object.hasOwn(commandSynonyms(), first);
  if (isFlag && asksForHelp(argv)) return { kind: 'help', command: COMMANDS.find(name => argv.includes(name)) };
  if (isFlag && (argv.includes('--version') || argv.includes('-V'))) return { kind: 'version' };
  throw isFlag ? flagBeforeCommand(first, argv) : unknownCommand(first, [...COMMANDS, 'help']);
}

/** Number of arguments before the command that are general flags (--color never), which every command has; 0 if there are others. */
function generalFlagsBefore(argv: readonly string[]): number {
  const general = FLAGS.filter(({ group }) => group === 'General');
  let at = 0;
  while (at < argv.length) {
    const [word] = argv[at].split('=');
    const flag = general.find(known => spellings(known).includes(word));
    if (!flag) break;
    at += flag.value.kind === 'switch' || argv[at].includes('=') ? 1 : 2;
  }
  return COMMANDS.some(name => name === argv[at]) ? at : 0;
}

/** `help WORD`: the help of a command, or the page of a topic; for any other word, the command that was probably meant. */
function helpFor(words: readonly string[]): Invocation {
  const [word] = words;
  const command = COMMANDS.find(name => name === word);
  if (word === undefined || word.startsWith('-') || command !== undefined) return { kind: 'help', command };
  const unknown = unknownCommand(word, COMMANDS);
  const to = unknown.correction && 'to' in unknown.correction ? unknown.correction.to : [];
  // suggests rnn-cli --version, or the help page, which is the same with any flags
  if (to.length > 0) unknown.correction = { line: to[0].startsWith('-') ? to : ['help', to[0]] };
  const isNear = to.length > 0 || Object.hasOwn(commandHints(), word);
  return { ...parseCommand('explain', words), ...(isNear ? { unknownTopic: unknown } : {}) };
}

function parseCommand(command: CommandName, words: readonly string[]): Invocation {
  const argv = words.map(withPaths);
  // a request for help is answered, whatever else is wrong
  if (asksForHelp(argv) || (argv.length === 1 && argv[0] === 'help')) return { kind: 'help', command };
  const options = optionsOn(argv, command);
  const parser = commanderOf(command, [...options.values()]);
  try {
    parser.parse([...argv], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) throw lastWordMissing(command, argv);
    throw error;
  }
  const read = parser.opts();
  if (read.help) return { kind: 'help', command };
  if (read.version) return { kind: 'version' };
  const values = { ...valuesOf(options, read), ...wordsOf(command, parser.args, argv) };
  checkConflicts(values, command);
  return { kind: 'run', command, values };
}

/**
 * Decodes file URLs: 'x=file:///home/my%20net.npy' -> 'x=/home/my net.npy', as a file manager or a browser copies them. URLs of other hosts
 * stay unchanged.
 */
function withPaths(word: string): string {
  return word.replace(/(?<=^|[=,])file:\/\/[^,]*/gi, address => {
    try {
      return fileURLToPath(address);
    } catch {
      return address;
    }
  });
}

function asksForHelp(argv: readonly string[]): boolean {
  return argv.includes('--help') || argv.includes('-h');
}

/** Options only for flags that may be on the line (perhaps some more): setting up all sixty takes commander longer than parsing. */
function optionsOn(argv: readonly string[], command: CommandName): ReadonlyMap<Flag, Option> {
  const words = argv.filter(word => word.startsWith('-')).flatMap(flagsIn);
  return new Map(
    flagsOf(command)
      .filter(({ flags }) => words.some(word => flags.includes(word)))
      .map(flag => [flag, optionOf(flag, command)]),
  );
}

/** Flags that an argument may contain: '--M=5' -> ['--M']; '--no-color' -> also the flag it negates; '-qi' -> ['-q', '-i']. */
function flagsIn(word: string): string[] {
  if (!word.startsWith('--')) return [...word.slice(1)].map(letter => `-${letter}`);
  const [flag] = word.split('=');
  return flag.startsWith('--no-') ? [flag, `--${flag.slice('--no-'.length)}`] : [flag];
}

/** Sets up commander for splitting (`--M=5`, `-qi x.npy`, `--`); unknown arguments are left for us to explain. */
function commanderOf(command: CommandName, options: readonly Option[]): Command {
  const parser = new Command(command)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .helpOption(false)
    .allowUnknownOption()
    .allowExcessArguments();
  for (const option of options) parser.addOption(option);
  return parser;
}

function optionOf(flag: Flag, command: CommandName): Option {
  const word = flag.value.kind === 'switch' ? '' : / \[/.test(flag.flags) ? ' [word]' : ' <word>';
  const option = new Option(spellings(flag).join(', ') + word, flag.help);
  return flag.value.kind === 'switch'
    ? option
    : option.argParser((text: string, before: unknown) => onlyValue(flag, before, parseWord(flag, text, command)));
}

/**
 * The value of a flag given more than once. Inputs by name are joined; of a general flag (--color, a limit) the last value counts, so that
 * an alias can set it.
 * @throws RnnError E_CONFLICT
 */
function onlyValue(flag: Flag, before: unknown, value: unknown): unknown {
  if (before === undefined || flag.group === 'General' || flag.group === 'Limits') return value;
  const given = [before, value].map(one => (flag.value.kind === 'range' ? rangeText(one as RowRange) : String(one)));
  if (given[0] === given[1]) return value;
  if (flag.key === 'input' && given.every(text => /^[^=]+=./.test(text))) return given.join(',');
  const name = usualSpelling(flag);
  const [first, second] = given.map(text => escapeText(text, 60));
  throw new RnnError('usage', 'E_CONFLICT', `${name} is given twice: ${first} and ${second}`, {
    fix: flag.key === 'against' ? 'to compare two outputs, give both as arguments: rnn-cli compare A B' : 'give it once',
  });
}

function rangeText({ from, to }: RowRange): string {
  return `${from}:${to ?? ''}`;
}

/** Renames commander's keys, which are the last long spelling (--batch: 'batch'), to the keys of the table. */
function valuesOf(options: ReadonlyMap<Flag, Option>, read: Record<string, unknown>): Values {
  const values: Record<string, unknown> = {};
  for (const [flag, option] of options) {
    const value = read[option.attributeName()];
    // --no-color sets `color`, which has its own row in the table
    if (!option.negate) values[flag.key] = value;
  }
  return values as Values;
}

/** Positional arguments, by the command's own table. */
function wordsOf(command: CommandName, given: readonly string[], argv: readonly string[]): Record<string, unknown> {
  const words = COMMAND_WORDS[command];
  // explain hidden state: several words are one topic
  const args = command === 'explain' && given.length > 1 ? [given.join(' ')] : given;
  // after --, nothing is a flag
  const behind = argv.includes('--') ? argv.length - argv.indexOf('--') - 1 : 0;
  const flag = given.slice(0, given.length - behind).find(word => /^-[^-]|^--./.test(word));
  if (flag !== undefined) throw unknownFlag(flag, command, argv[argv.indexOf(flag) + 1] ?? '');
  const misplaced = misplacedWord(args, command, argv);
  if (misplaced) throw misplaced;
  if (args.length > words.length) throw excessWord(args[words.length], command, argv, args);
  const missing = words[args.length];
  if (missing !== undefined && !missing.optional) throw missingCommandWord(missing, command, argv, args);
  return Object.fromEntries(args.map((word, i) => [words[i].key, parseWord(asFlag(words[i], command), word, command)]));
}

/** The only error that commander finds itself: the last flag has no value. */
function lastWordMissing(command: CommandName, argv: readonly string[]): RnnError {
  const last = argv[argv.length - 1];
  // matches --input, -i, -qi
  const ends = (spelling: string) => spelling === last || (!last.startsWith('--') && last.endsWith(spelling[1]));
  return missingWord(flagsOf(command).find(known => spellings(known).some(ends))!, 'nothing follows');
}

function flagBeforeCommand(flag: string, argv: readonly string[]): RnnError {
  const found = escapeText(flag, 60);
  const at = argv.findIndex(word => (COMMANDS as readonly string[]).includes(word));
  const hasFlag = (command: CommandName) => flagsOf(command).some(known => spellings(known).includes(flag.split('=')[0]));
  const owner = COMMANDS.find(hasFlag);
  const near = nearest(flag, ['--version', '--help']);
  if (at > 0 && !hasFlag(argv[at] as CommandName)) return unknownFlag(flag, argv[at] as CommandName, argv[1]);
  const line = at > 0 ? [argv[at], ...argv.slice(0, at), ...argv.slice(at + 1)] : owner && [owner, ...argv];
  return new RnnError('usage', 'E_COMMAND', `expected a command, found ${found}`, {
    expected: COMMANDS.join(', '),
    found,
    fix: line
      ? `flags come after the command: rnn-cli ${line[0]} ${found}`
      : near
        ? `did you mean rnn-cli ${near}?`
        : 'rnn-cli --help lists the commands',
    correction: line || near ? { line: line ?? [near!] } : undefined,
  });
}

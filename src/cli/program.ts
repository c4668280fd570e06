import { Command, CommanderError, Option } from 'commander';
import { RnnError } from '../errors.js';
import { escapeText } from '../escape.js';
import { checkConflicts } from './conflicts.js';
import { asFlag, COMMAND_WORDS, COMMANDS, type CommandName, type CommandWord, FLAGS, type Flag, flagsOf, spellings } from './options.js';
import { unknownCommand, unknownFlag } from './unknown.js';
import type { Values } from './values.js';
import { missingWord, parseWord } from './words.js';

/** What a command line asks for. */
export type Invocation =
  | { readonly kind: 'tour' | 'version' }
  | { readonly kind: 'help'; readonly command?: CommandName }
  | { readonly kind: 'run'; readonly command: CommandName; readonly values: Values };

/**
 * argv (without node and script) -> what to do. Pure: prints nothing and never exits.
 * @throws RnnError usage (exit 2) for unknown, malformed or contradictory words
 */
export function parseArgv(argv: readonly string[]): Invocation {
  const [first, ...rest] = argv;
  if (first === undefined) return { kind: 'tour' };
  if (first === '-h' || first === '--help' || first === 'help') return helpFor(rest[0]);
  if (first === '-V' || first === '--version') return { kind: 'version' };
  const general = generalFlagsBefore(argv);
  if (general > 0) return parseArgv([argv[general], ...argv.slice(0, general), ...argv.slice(general + 1)]);
  if (first.startsWith('-')) throw flagBeforeCommand(first);
  const command = COMMANDS.find(name => name === first);
  if (command === undefined) throw unknownCommand(first, [...COMMANDS, 'help']);
  return parseCommand(command, rest);
}

/** How many words before the command are flags that every command has (--color never); 0 where others are among them. */
function generalFlagsBefore(argv: readonly string[]): number {
  const general = FLAGS.filter(({ group, key }) => group === 'General' && key !== 'help' && key !== 'version');
  let at = 0;
  while (at < argv.length) {
    const [word] = argv[at].split('=');
    const flag = general.find(known => spellings(known).includes(word));
    if (!flag) break;
    at += flag.value.kind === 'switch' || argv[at].includes('=') ? 1 : 2;
  }
  return COMMANDS.some(name => name === argv[at]) ? at : 0;
}

function helpFor(word: string | undefined): Invocation {
  const command = COMMANDS.find(name => name === word);
  if (word !== undefined && !word.startsWith('-') && command === undefined) throw unknownCommand(word, COMMANDS);
  return { kind: 'help', command };
}

function parseCommand(command: CommandName, argv: readonly string[]): Invocation {
  // who asks for help gets it, whatever else is wrong
  if (argv.includes('--help') || argv.includes('-h')) return { kind: 'help', command };
  const options = optionsOn(argv, command);
  const parser = commanderOf(command, [...options.values()]);
  try {
    parser.parse([...argv], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) throw fromCommander(error, command, argv);
    throw error;
  }
  const read = parser.opts();
  if (read.help) return { kind: 'help', command };
  if (read.version) return { kind: 'version' };
  const values = { ...valuesOf(options, read), ...wordsOf(command, parser.args) };
  checkConflicts(values, command);
  return { kind: 'run', command, values };
}

/** Options for the flags that the line may name, and maybe for others: commander takes longer over all sixty than over the rest of the line. */
function optionsOn(argv: readonly string[], command: CommandName): ReadonlyMap<Flag, Option> {
  const words = argv.filter(word => word.startsWith('-')).flatMap(flagsIn);
  return new Map(
    flagsOf(command)
      .filter(({ flags }) => words.some(word => flags.includes(word)))
      .map(flag => [flag, optionOf(flag, command)]),
  );
}

/** '--M=5' -> ['--M']; '--no-color' -> also the flag whose value it sets; '-qi' -> ['-q', '-i'] */
function flagsIn(word: string): string[] {
  if (!word.startsWith('--')) return [...word.slice(1)].map(letter => `-${letter}`);
  const [flag] = word.split('=');
  return flag.startsWith('--no-') ? [flag, `--${flag.slice('--no-'.length)}`] : [flag];
}

/** commander does the splitting (`--M=5`, `-qi x.npy`, `--`); what is unknown is left over for us to explain. */
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
  return flag.value.kind === 'switch' ? option : option.argParser((text: string) => parseWord(flag, text, command));
}

/** commander keys its values by the last long spelling (--batch: 'batch'); ours are the keys of the table. */
function valuesOf(options: ReadonlyMap<Flag, Option>, read: Record<string, unknown>): Values {
  const values: Record<string, unknown> = {};
  for (const [flag, option] of options) {
    const value = read[option.attributeName()];
    // --no-color sets `color`, which stands in the table itself
    if (value !== undefined && !option.negate) values[flag.key] = value;
  }
  return values as Values;
}

/** What stands on the line beside flags, by the command's own table. */
function wordsOf(command: CommandName, args: readonly string[]): Record<string, unknown> {
  const words = COMMAND_WORDS[command];
  const flag = args.find(word => word.startsWith('-') && word !== '-');
  if (flag !== undefined) throw unknownFlag(flag, command);
  if (args.length > words.length) throw excessWord(args[words.length], command);
  const missing = words[args.length];
  if (missing !== undefined && !missing.optional) throw missingCommandWord(missing, command);
  return Object.fromEntries(args.map((word, i) => [words[i].key, parseWord(asFlag(words[i], command), word, command)]));
}

function missingCommandWord({ name, value, help }: CommandWord, command: CommandName): RnnError {
  const choices = value.kind === 'choice' ? value.choices : undefined;
  return new RnnError('usage', 'E_WORD_MISSING', `${command} needs ${name}: ${help}`, {
    expected: choices?.join(', ') ?? name,
    fix: `write rnn-cli ${command} ${choices?.[0] ?? name}`,
  });
}

/** The one error commander still finds itself: the last flag of the line has no word. */
function fromCommander(error: CommanderError, command: CommandName, argv: readonly string[]): Error {
  const last = argv[argv.length - 1] ?? '';
  const flag = flagsOf(command).find(known =>
    spellings(known).some(spelling => spelling === last || (spelling.length === 2 && last.endsWith(spelling[1]))),
  );
  if (error.code === 'commander.optionMissingArgument' && flag) return missingWord(flag, 'nothing follows');
  return new RnnError('usage', 'E_USAGE', error.message.replace(/^error: /, ''), { fix: `rnn-cli ${command} --help` });
}

function flagBeforeCommand(flag: string): RnnError {
  const found = escapeText(flag, 60);
  const owner = COMMANDS.find(command => flagsOf(command).some(known => spellings(known).includes(flag.split('=')[0])));
  return new RnnError('usage', 'E_COMMAND', `expected a command, found ${found}`, {
    expected: COMMANDS.join(', '),
    found,
    fix: owner ? `flags come after the command: rnn-cli ${owner} ${found}` : 'rnn-cli --help lists the commands',
  });
}

function excessWord(word: string, command: CommandName): RnnError {
  const found = `'${escapeText(word, 60)}'`;
  const { length } = COMMAND_WORDS[command];
  const takes = length === 1 && COMMAND_WORDS[command][0].value.kind === 'file' ? '1 file and flags' : `${length} words and flags`;
  const file = /\.(json|keras|h5|onnx)$/.test(word);
  return new RnnError('usage', 'E_EXCESS', `${command} takes ${takes}, found ${found}`, {
    found,
    fix: file
      ? `did you mean --model ${escapeText(word, 60)}?`
      : /:/.test(word)
        ? `did you mean --layers "${escapeText(word, 60)}"?`
        : `rnn-cli ${command} --help`,
  });
}

import { COMMAND_WORDS, COMMANDS } from './commandWords.js';
import { type CommandName, type Flag, spellings } from './flag.js';
import { COMMAND_HELP, EXIT_CODES } from './help.js';
import { FLAGS } from './options.js';

/** The manual page rnn-cli(1) in roff's man macros, from the same tables as the help. scripts/man.mjs writes the file. */
export function manPage(version: string): string {
  return [
    `.TH RNN-CLI 1 "" "rnn-cli ${version}" "User Commands"`,
    '.ad l',
    ...section('NAME', ['rnn\\-cli \\- shapes, parameter counts and numbers of recurrent networks, and why two computations differ']),
    ...section('SYNOPSIS', COMMANDS.flatMap(synopsis)),
    ...section('DESCRIPTION', [
      text(
        'Three questions about a recurrent network (SimpleRNN, LSTM, GRU), answered without Python: what shapes and parameter counts it has,',
      ),
      text('which numbers it should compute, and whether two computations are equal, and if not, why.'),
      text('Every size has a default, so that every command runs with no flags at all.'),
    ]),
    ...section('COMMANDS', COMMANDS.flatMap(commandLines)),
    ...section('OPTIONS', GROUPS.flatMap(groupLines)),
    ...section(
      'EXIT STATUS',
      EXIT_CODES.flatMap(([code, meaning]) => ['.TP', `.B ${code}`, text(meaning)]),
    ),
    ...section(
      'ENVIRONMENT',
      ENVIRONMENT.flatMap(([name, meaning]) => ['.TP', `.B ${name}`, text(meaning)]),
    ),
    ...section(
      'EXAMPLES',
      COMMANDS.flatMap(name => COMMAND_HELP[name].examples.flatMap(exampleLines)),
    ),
    '',
  ].join('\n');
}

const GROUPS = [...new Set(FLAGS.map(flag => flag.group))];

const ENVIRONMENT: readonly (readonly [string, string])[] = [
  ['NO_COLOR', 'no colour, unless --color says otherwise'],
  ['FORCE_COLOR', 'colour also where no terminal reads the output; 0 is none, 2 is 256 colours, 3 is 24 bits'],
  ['COLORTERM, TERM', 'how many colours a heat map is drawn in'],
  ['COLUMNS', 'characters in a line where no terminal says it'],
  ['RNN_CLI_DEBUG', '1 adds the place in the code to an error'],
];

function section(title: string, lines: readonly string[]): string[] {
  return [`.SH ${title}`, ...lines];
}

function synopsis(name: CommandName): string[] {
  const words = COMMAND_WORDS[name].map(word => (word.optional ? ` [\\fI${word.name}\\fR]` : ` \\fI${word.name}\\fR`)).join('');
  return [`.B rnn\\-cli ${name}\\fR${words} [\\fIflags\\fR]`, '.br'];
}

function commandLines(name: CommandName): string[] {
  return ['.TP', `.B ${name}`, text(COMMAND_HELP[name].summary), ...COMMAND_HELP[name].about.flatMap(line => ['.br', text(line)])];
}

function groupLines(group: string): string[] {
  return [`.SS ${group}`, ...FLAGS.filter(flag => flag.group === group).flatMap(flagLines)];
}

function flagLines(flag: Flag): string[] {
  const argument = / [<[](.*)[>\]]$/.exec(flag.flags)?.[1];
  const names = spellings(flag)
    .map(spelling => `\\fB${roff(spelling)}\\fR`)
    .join(', ');
  const choices = flag.value.kind === 'choice' || flag.value.kind === 'choices' ? `: ${flag.value.choices.join(', ')}` : '';
  const standard = flag.default === undefined ? '' : `. Default: ${flag.default}`;
  const everywhere = ['shapes', 'forward', 'compare'].every(name => flag.commands.includes(name as CommandName));
  const of = everywhere ? '' : ` (${flag.commands.join(', ')})`;
  return ['.TP', argument === undefined ? names : `${names} \\fI${roff(argument)}\\fR`, text(`${flag.help}${choices}${standard}${of}`)];
}

function exampleLines([command, why]: readonly [string, string]): string[] {
  return ['.TP', `.B ${roff(command)}`, text(why)];
}

/** A line of text; a dot or an apostrophe at its start is escaped, because it would make it a request. */
function text(content: string): string {
  return roff(content).replace(/^[.']/, '\\&$&');
}

/** Escapes backslashes and hyphens; an unescaped hyphen may become a typographic one. */
function roff(content: string): string {
  return content.replaceAll('\\', '\\e').replaceAll('-', '\\-');
}

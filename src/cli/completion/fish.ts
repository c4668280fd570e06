import type { CommandCompletion, FlagCompletion, WordCompletion } from './commands.js';

const FILES = `# files that end so, and folders on the way to them
function __rnn_cli_files
    set -l pattern (string join '|' $argv)
    set -l word (string replace -r '^--?[^=]*=' '' -- (commandline -ct))
    __fish_complete_path $word | string match -r "^[^\\t]*(?:/|\\.(?:$pattern))(?:\\t.*)?"'$'
end

`;

/** A completion script for fish 3: sourced, or ~/.config/fish/completions/rnn-cli.fish. */
export function fishScript(commands: readonly CommandCompletion[]): string {
  const names = commands.map(command => command.name).join(' ');
  return [
    '# fish completion for rnn-cli; load it with: rnn-cli completion fish | source\n\n',
    FILES,
    'complete -c rnn-cli -f\n',
    ...commands.map(({ name, summary }) => `complete -c rnn-cli -n __fish_use_subcommand -a ${name} -d ${quote(summary)}\n`),
    `complete -c rnn-cli -n __fish_use_subcommand -a help -d 'the page of a command'\n`,
    `complete -c rnn-cli -n '__fish_seen_subcommand_from help' -a '${names}'\n`,
    ...commands.flatMap(command => [
      '\n',
      ...command.words.map(word => wordLine(command, word)),
      ...command.flags.map(flag => flagLine(command, flag)),
    ]),
  ].join('');
}

function wordLine({ name }: CommandCompletion, word: WordCompletion): string {
  return `complete -c rnn-cli -n ${condition(name)} ${action(word)}\n`;
}

function flagLine({ name }: CommandCompletion, { spellings, help, word }: FlagCompletion): string {
  const forms = spellings.map(spelling => (spelling.startsWith('--') ? `-l ${spelling.slice(2)}` : `-s ${spelling.slice(1)}`)).join(' ');
  // -x: a value is required; an optional value cannot be declared
  const value = word === undefined || word.optional ? '' : ` -x ${action(word)}`;
  return `complete -c rnn-cli -n ${condition(name)} ${forms}${value.trimEnd()} -d ${quote(help)}\n`;
}

function action({ values, extensions }: WordCompletion): string {
  if (values) return `-a '${values.join(' ')}'`;
  if (!extensions) return '';
  return `-a '(__rnn_cli_files ${extensions.join(' ')})'`;
}

function condition(command: string): string {
  return `'__fish_seen_subcommand_from ${command}'`;
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

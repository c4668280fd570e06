import type { CommandCompletion, WordCompletion } from './commands.js';

/** A completion script for bash 3.2 and later (macOS still ships 3.2). */
export function bashScript(commands: readonly CommandCompletion[]): string {
  return `# bash completion for rnn-cli; load it with: source <(rnn-cli completion bash)

# files that end so, and folders on the way to them
_rnn_cli_files() {
  local extension
  compopt -o filenames 2>/dev/null
  COMPREPLY=($(compgen -d -- "$cur"))
  for extension in "$@"; do
    COMPREPLY+=($(compgen -f -X "!*.$extension" -- "$cur"))
  done
}

_rnn_cli() {
  local IFS=$' \\t\\n'
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} command=\${COMP_WORDS[1]}
  COMPREPLY=()
  # bash takes --flag=value apart at the sign
  if [[ $cur == = ]]; then
    cur=
  elif [[ $prev == = ]]; then
    prev=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W '${commands.map(command => command.name).join(' ')} help --help --version' -- "$cur"))
    return
  fi
  case "$command $prev" in
${commands.map(valueCases).join('')}  esac
  local flags= words=
  case $command in
${commands.map(flagCase).join('')}    help)
      words='${commands.map(command => command.name).join(' ')}'
      ;;
  esac
  if [[ $cur == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$cur"))
  elif [[ -n $words ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
  fi
}

complete -F _rnn_cli rnn-cli
`;
}

/** One case for each flag with a value: what may follow it. */
function valueCases({ name, flags }: CommandCompletion): string {
  return flags
    .filter(flag => flag.word !== undefined && !(flag.word.optional && flag.word.extensions === undefined))
    .map(({ spellings, word }) => {
      const pattern = spellings.map(spelling => `'${name} ${spelling}'`).join(' | ');
      return `    ${pattern})\n      ${action(word!)}\n      return\n      ;;\n`;
    })
    .join('');
}

function action({ values, extensions }: WordCompletion): string {
  if (values) return `COMPREPLY=($(compgen -W '${values.join(' ')}' -- "$cur"))`;
  return extensions ? `_rnn_cli_files ${extensions.join(' ')}` : ':';
}

function flagCase({ name, flags, words }: CommandCompletion): string {
  const values = words.flatMap(word => word.values ?? []);
  const files = words.flatMap(word => word.extensions ?? []);
  return [
    `    ${name})\n`,
    `      flags='${flags.flatMap(flag => flag.spellings).join(' ')}'\n`,
    values.length > 0 ? `      words='${values.join(' ')}'\n` : '',
    files.length > 0 ? `      [[ $cur != -* ]] && _rnn_cli_files ${[...new Set(files)].join(' ')}\n` : '',
    '      ;;\n',
  ].join('');
}

import type { CommandCompletion, FlagCompletion, WordCompletion } from './commands.js';

/** A completion script for zsh: a file _rnn-cli in a folder of $fpath, or sourced. */
export function zshScript(commands: readonly CommandCompletion[]): string {
  return `#compdef rnn-cli
# zsh completion for rnn-cli; load it with: source <(rnn-cli completion zsh)

_rnn-cli() {
  local context state state_descr line
  typeset -A opt_args
  _arguments -C '1:command:->command' '*::argument:->argument'
  case $state in
    command)
      local -a commands
      commands=(
${commands.map(({ name, summary }) => `        ${quote(`${name}:${summary}`)}\n`).join('')}        'help:the page of a command'
      )
      _describe -t commands command commands
      ;;
    argument)
      case $line[1] in
${commands.map(commandCase).join('')}        help)
          _values command ${commands.map(command => command.name).join(' ')}
          ;;
      esac
      ;;
  esac
}

if [[ $funcstack[1] == _rnn-cli ]]; then
  _rnn-cli "$@"
else
  (( $+functions[compdef] )) || { autoload -Uz compinit && compinit; }
  compdef _rnn-cli rnn-cli
fi
`;
}

function commandCase({ name, flags, words }: CommandCompletion): string {
  const specs = [...flags.map(flagSpec), ...words.map((word, i) => quote(`${i + 1}:${plain(word.name)}:${action(word)}`))];
  return `        ${name})\n          _arguments -s \\\n${specs.map(spec => `            ${spec}`).join(' \\\n')}\n          ;;\n`;
}

/** '(-i --input)'{-i+,--input=}'[help]:FILE:_files -g "*.npy"' */
function flagSpec({ spellings, help, word }: FlagCompletion): string {
  const exclusive = spellings.length > 1 ? quote(`(${spellings.join(' ')})`) : '';
  // a long flag takes its value after = or a space, a short one also directly
  const forms = spellings.map(spelling =>
    word === undefined || word.optional ? spelling : spelling.length > 2 ? `${spelling}=` : `${spelling}+`,
  );
  const names = forms.length > 1 ? `{${forms.join(',')}}` : quote(forms[0]);
  const rest = `[${help.replaceAll(/[[\]]/g, '')}]${word === undefined ? '' : `:${word.optional ? ':' : ''}${plain(word.name)}:${action(word)}`}`;
  return `${exclusive}${names}${quote(rest)}`;
}

function action({ values, extensions }: WordCompletion): string {
  if (values) return `(${values.map(value => value.replaceAll(':', '\\:')).join(' ')})`;
  return extensions ? `_files -g "*.(${extensions.join('|')})(-.)"` : ' ';
}

/** Removes colons and brackets, which have a meaning in a spec. */
function plain(name: string): string {
  return name.replaceAll(':', ' ').replaceAll(/[[\]]/g, '');
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

#compdef rnn-cli
# zsh completion for rnn-cli; load it with: source <(rnn-cli completion zsh)

_rnn-cli() {
  local context state state_descr line
  typeset -A opt_args
  _arguments -C '1:command:->command' '*::argument:->argument'
  case $state in
    command)
      local -a commands
      commands=(
        'brew:make '\''tea'\'', with\without milk'
        'wash:clean'
        'rest:wait'
        'help:the page of a command'
      )
      _describe -t commands command commands
      ;;
    argument)
      case $line[1] in
        brew)
          _arguments -s \
            '--hot''[a switch always]' \
            '(-q --quiet)'{-q,--quiet}'[don'\''t say \ it]' \
            '--kind=''[one of a list]:name:(green a\:b)' \
            '(-i --input)'{-i+,--input=}'[a file]:FILE key:_files -g "*.(npy|csv)(-.)"' \
            '(--cups --n)'{--cups=,--n=}'[a number]:n,n: ' \
            '--log''[a file that may be left out]::FILE:_files -g "*.(txt)(-.)"' \
            '--when''[a text that may be left out]::text: ' \
            '1:A:_files -g "*.(json|h5)(-.)"' \
            '2:B|C:_files -g "*.(h5|pt)(-.)"'
          ;;
        wash)
          _arguments -s \
            '-v''[loud]' \
            '1:WHAT:(pot cup)'
          ;;
        rest)
          _arguments -s \

          ;;
        help)
          _values command brew wash rest
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

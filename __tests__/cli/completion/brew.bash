# bash completion for rnn-cli; load it with: source <(rnn-cli completion bash)

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
  local IFS=$' \t\n'
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]}
  COMPREPLY=()
  # bash takes --flag=value apart at the sign
  if [[ $cur == = ]]; then
    cur=
  elif [[ $prev == = ]]; then
    prev=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W 'brew wash rest help --help --version' -- "$cur"))
    return
  fi
  case "$command $prev" in
    'brew --kind')
      COMPREPLY=($(compgen -W 'green a:b' -- "$cur"))
      return
      ;;
    'brew -i' | 'brew --input')
      _rnn_cli_files npy csv
      return
      ;;
    'brew --cups' | 'brew --n')
      :
      return
      ;;
    'brew --log')
      _rnn_cli_files txt
      return
      ;;
  esac
  local flags= words=
  case $command in
    brew)
      flags='--hot -q --quiet --kind -i --input --cups --n --log --when'
      [[ $cur != -* ]] && _rnn_cli_files json h5 pt
      ;;
    wash)
      flags='-v'
      words='pot cup'
      ;;
    rest)
      flags=''
      ;;
    help)
      words='brew wash rest'
      ;;
  esac
  if [[ $cur == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$cur"))
  elif [[ -n $words ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
  fi
}

complete -F _rnn_cli rnn-cli

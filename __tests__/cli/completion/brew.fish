# fish completion for rnn-cli; load it with: rnn-cli completion fish | source

# files that end so, and folders on the way to them
function __rnn_cli_files
    set -l pattern (string join '|' $argv)
    set -l word (string replace -r '^--?[^=]*=' '' -- (commandline -ct))
    __fish_complete_path $word | string match -r "^[^\t]*(?:/|\.(?:$pattern))(?:\t.*)?"'$'
end

complete -c rnn-cli -f
complete -c rnn-cli -n __fish_use_subcommand -a brew -d 'make \'tea\', with\\without milk'
complete -c rnn-cli -n __fish_use_subcommand -a wash -d 'clean'
complete -c rnn-cli -n __fish_use_subcommand -a rest -d 'wait'
complete -c rnn-cli -n __fish_use_subcommand -a help -d 'the page of a command'
complete -c rnn-cli -n '__fish_seen_subcommand_from help' -a 'brew wash rest'

complete -c rnn-cli -n '__fish_seen_subcommand_from brew' -a '(__rnn_cli_files json h5)'
complete -c rnn-cli -n '__fish_seen_subcommand_from brew' -a '(__rnn_cli_files h5 pt)'
complete -c rnn-cli -n '__fish_seen_subcommand_from brew' -l hot -d 'a switch [always]'
complete -c rnn-cli -n '__fish_seen_subcommand_from brew' -s q -l quiet -d 'don\'t say \\ it'
complete -c rnn-cli -n '__fish_seen_subcommand_from brew' -l kind -x -a 'green a:b' -d 'one of a list'
complete -c rnn-cli -n '__fish_seen_subcommand_from brew' -s i -l input -x -a '(__rnn_cli_files npy csv)' -d 'a file'
complete -c rnn-cli -n '__fish_seen_subcommand_from brew' -l cups -l n -x -d 'a number'
complete -c rnn-cli -n '__fish_seen_subcommand_from brew' -l log -d 'a file that may be left out'
complete -c rnn-cli -n '__fish_seen_subcommand_from brew' -l when -d 'a text that may be left out'

complete -c rnn-cli -n '__fish_seen_subcommand_from wash' -a 'pot cup'
complete -c rnn-cli -n '__fish_seen_subcommand_from wash' -s v -d 'loud'


# h is not reset to zero between samples.
dir=$(mktemp -d) && trap 'rm -r "$dir"' EXIT
network='--layers rnn:4,dense:2 --D 2'
rnn-cli probe $network -q -o "$dir/probe.json"
node loops.mjs state-leak "$dir/probe.json" | rnn-cli compare $network --weights "$dir/probe.json" -i "$dir/probe.json:x" --against - || [ $? = 1 ]

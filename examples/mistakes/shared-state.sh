# nntrainer pull 1038: one state for the whole batch.
dir=$(mktemp -d) && trap 'rm -r "$dir"' EXIT
network='--layers rnn:4,dense:2 --D 2'
rnn-cli probe $network -q -o "$dir/probe.json"
node loops.mjs shared-state "$dir/probe.json" | rnn-cli compare $network --weights "$dir/probe.json" -i "$dir/probe.json:x" --against - || [ $? = 1 ]

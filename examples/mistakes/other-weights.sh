# The output is of a model that was built again, with other weights. What can be said is printed, and nothing is guessed.
dir=$(mktemp -d) && trap 'rm -r "$dir"' EXIT
network='--layers rnn:4,dense:2 --D 2'
rnn-cli probe $network -q -o "$dir/probe.json"
node loops.mjs other-weights "$dir/probe.json" | rnn-cli compare $network --weights "$dir/probe.json" -i "$dir/probe.json:x" --budget 60 --against - || [ $? = 1 ]

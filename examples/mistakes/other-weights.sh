# The notebook: the output of a model that was made again has other weights. Said is what can be said, not a guess.
dir=$(mktemp -d) && trap 'rm -r "$dir"' EXIT
network='--layers rnn:4,dense:2 --D 2'
rnn-cli probe $network -q -o "$dir/probe.json"
node loops.mjs other-weights "$dir/probe.json" | rnn-cli compare $network --weights "$dir/probe.json" -i "$dir/probe.json:x" --against - || [ $? = 1 ]

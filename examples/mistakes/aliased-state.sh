# pytorch pull 142303: the documented equivalent loop keeps one array for every step.
dir=$(mktemp -d) && trap 'rm -r "$dir"' EXIT
network='--layers rnn:4+seq,dense:2 --D 2'
rnn-cli probe $network -q -o "$dir/probe.json"
node loops.mjs aliased-state "$dir/probe.json" | rnn-cli compare $network --weights "$dir/probe.json" -i "$dir/probe.json:x" --against - || [ $? = 1 ]

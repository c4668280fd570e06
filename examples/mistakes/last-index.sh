# out[:, -1] of a bidirectional network is not h_n.
dir=$(mktemp -d) && trap 'rm -r "$dir"' EXIT
network='--layers birnn:4,dense:2 --D 2'
rnn-cli probe $network -q -o "$dir/probe.json"
node loops.mjs last-index "$dir/probe.json" | rnn-cli compare $network --weights "$dir/probe.json" -i "$dir/probe.json:x" --against - || [ $? = 1 ]

# keras issues 8720 and 15915: a GRU's gates z r h read as r z n.
dir=$(mktemp -d) && trap 'rm -r "$dir"' EXIT
network='--layers gru:4,dense:2 --D 2'
rnn-cli probe $network -q -o "$dir/probe.json"
node loops.mjs gru-between-frameworks "$dir/probe.json" | rnn-cli compare $network --weights "$dir/probe.json" -i "$dir/probe.json:x" --against - || [ $? = 1 ]

# tensorflow issue 47495: a hard sigmoid where the model has the sigmoid.
dir=$(mktemp -d) && trap 'rm -r "$dir"' EXIT
network='--layers lstm:4,dense:2 --D 2'
rnn-cli probe $network -q -o "$dir/probe.json"
node loops.mjs hard-sigmoid "$dir/probe.json" | rnn-cli compare $network --weights "$dir/probe.json" -i "$dir/probe.json:x" --against - || [ $? = 1 ]

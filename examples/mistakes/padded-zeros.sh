# onnxruntime issue 12492: padded steps give zeros instead of the last h.
dir=$(mktemp -d) && trap 'rm -r "$dir"' EXIT
network='--layers rnn:4+seq,dense:2 --D 2'
rnn-cli probe $network -q -o "$dir/probe.json"
node loops.mjs padded-zeros "$dir/probe.json" | rnn-cli compare $network --lengths 3,2,3,3 --weights "$dir/probe.json" -i "$dir/probe.json:x" --against - || [ $? = 1 ]

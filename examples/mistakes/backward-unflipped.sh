# onnxruntime issue 4187: the backward output is not flipped.
dir=$(mktemp -d) && trap 'rm -r "$dir"' EXIT
network='--layers birnn:4+seq,dense:2 --D 2'
rnn-cli probe $network -q -o "$dir/probe.json"
node loops.mjs backward-unflipped "$dir/probe.json" | rnn-cli compare $network --weights "$dir/probe.json" -i "$dir/probe.json:x" --against - || [ $? = 1 ]

# Shares of the samples, a process each; one is killed and repeated. The parts put one after the other are the whole, bit for bit.
set -e
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cd "$here"
awk 'BEGIN { for (r = 0; r < 900; r++) print sin(r) "," cos(r) "," r % 7 / 7 }' > x.csv # 90 samples of 10 steps
net="--layers lstm:8,dense:2 --D 3 --T 10 --seed 4 -i x.csv --quiet"

rnn-cli forward $net --rows 0:30 -o y-00.csv &
rnn-cli forward $net --rows 60:90 -o y-60.csv &
rnn-cli forward $net --rows 30:60 -o y-30.csv &
{ kill -9 $! && wait $!; } 2> /dev/null || true # a machine that goes away
wait
ls y-*.csv
rnn-cli forward $net --rows 30:60 -o y-30.csv --force
cat y-00.csv y-30.csv y-60.csv > y.csv
rnn-cli forward $net -o whole.csv
cmp y.csv whole.csv && echo "the same as in one piece"

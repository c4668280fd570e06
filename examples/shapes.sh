#!/usr/bin/env bash
# What shapes does the tutorial's network have, and how does the number of parameters grow with the hidden units M?
set -euo pipefail

rnn-cli shapes --T 10 --D 3 --M 5 --K 2

echo
echo "M   rnn    lstm   gru"
for M in 16 32 64; do
  row="$M"
  for cell in rnn lstm gru; do
    params=$(rnn-cli shapes --M "$M" --cell "$cell" --json | sed 's/.*"totals":{"params":\([0-9]*\).*/\1/')
    row="$row  $params"
  done
  echo "$row"
done

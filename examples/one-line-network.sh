#!/usr/bin/env bash
# A whole network on one line: its summary as Keras prints it, then one wiring mistake and how it is answered.
set -euo pipefail

rnn-cli shapes --layers "bilstm:8,gru:6,dense:3@softmax" --D 4 --T 12 --summary --width 80

echo
rnn-cli shapes --layers "lstm:8+last,gru:6" --D 4 2>&1 || echo "exit code $?"

#!/usr/bin/env bash
# Outputs through a pipe: y of one engine, as .npy bytes, judged by the other.
set -euo pipefail

rnn-cli forward --N 3 --cell gru --engine manual -o - | rnn-cli compare --N 3 --cell gru --against -

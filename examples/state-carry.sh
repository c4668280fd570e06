#!/usr/bin/env bash
# The classic mistake of a hand-written loop: h is set to zero before the loop over samples and never again. compare sees it and says why;
# its exit code is 1 where outputs differ, so a script can ask.
set -euo pipefail

rnn-cli compare --N 4

echo
rnn-cli compare --N 4 --simulate state-carry || echo "exit code $?"

#!/usr/bin/env bash
# One page that shows where the loop of leaky.npy goes wrong: bash page.sh leaky.html, then open leaky.html in a browser.
set -euo pipefail
page=$(realpath "${1:-$(mktemp -d)/leaky.html}")
cd "$(dirname "$0")/tutorial"
rnn-cli compare model.keras -i x.npy --against leaky.npy --html "$page" --quiet || test $? = 1
grep -o '<title>[^<]*' "$page"

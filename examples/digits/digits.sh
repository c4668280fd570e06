#!/usr/bin/env bash
# A network trained in Keras, run without Keras: its weights, 360 real images, the same output, and how many digits it reads rightly.
set -euo pipefail

network=(--layers "bilstm:24,gru:24,dense:10@softmax" --D 8 --weights digits_weights.npz)

# Is every probability the one Keras gave? (exit 1 if not)
rnn-cli compare "${network[@]}" -i digits_test_x_f32.npy --against digits_test_y_keras.npy --atol 5e-6 --no-explain

# The most probable digit of each image against the label on it.
rnn-cli forward "${network[@]}" -i digits_test_x_f32.npy --jsonl |
  node -e '
    const lines = require("node:fs").readFileSync(0, "utf8").trim().split("\n").map(line => JSON.parse(line).y);
    const npy = require("node:fs").readFileSync("digits_test_labels.npy");
    const labels = npy.subarray(npy.length - lines.length); // one byte each, behind the header
    const right = lines.filter((y, n) => y.indexOf(Math.max(...y)) === labels[n]).length;
    console.log(`${right} of ${lines.length} digits right (${((100 * right) / lines.length).toFixed(1)} %)`);
  '

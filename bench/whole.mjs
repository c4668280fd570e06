// Whole processes, in turn, on one thread: rnn-cli against the PyTorch script that prints the y of a seed, and against one that reads the same weights and x
// and writes y; and, where Python has it, against ONNX Runtime on the same network as an .onnx.
//   node bench/whole.mjs [--only W1,W2] [--pairs 5] [--python PATH] [--json]        (after npm run build; where Python has torch and numpy)
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { median } from './median.mjs';
import { WORKLOADS } from './workloads.mjs';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    pairs: { type: 'string', default: '5' },
    python: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const here = name => fileURLToPath(new URL(name, import.meta.url));
const binary = here('../bin/rnn-cli.js');
/** of the script that prints the tutorial's y; everywhere else to be ahead at all */
const PRINTED = 8;

/** times as fast as ONNX Runtime from Python, whole processes */
const WITH_ORT = { W1: 1.2, W2: 1.2, W3: 0.9, W4: 0.9, W5: 1.2, W6: 1.2, W7: 0.3 };

const python = (values.python ? [values.python] : ['/usr/bin/python3', 'python3']).find(command => {
  if (command.startsWith('/') && !existsSync(command)) return false;
  return spawnSync(command, ['-c', 'import torch, numpy'], { stdio: 'ignore' }).status === 0;
});
if (!python) {
  console.error('whole: no Python with torch and numpy');
  process.exit();
}

const hasOrt = spawnSync(python, ['-c', 'import onnxruntime'], { stdio: 'ignore' }).status === 0;

function milliseconds(command, argv) {
  const started = process.hrtime.bigint();
  const { status, stderr } = spawnSync(command, argv, { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${argv.join(' ')}\n${stderr}`);
  return Number(process.hrtime.bigint() - started) / 1e6;
}

/** float32 numbers of an .npy file of version 1 */
function numbers(path) {
  const bytes = readFileSync(path);
  const start = 10 + bytes.readUInt16LE(8);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset + start, bytes.byteOffset + bytes.length));
}

function difference(folder) {
  const [ours, theirs] = ['ours.npy', 'torch.npy'].map(name => numbers(join(folder, name)));
  if (ours.length !== theirs.length) throw new Error(`${ours.length} numbers, PyTorch has ${theirs.length}`);
  return ours.reduce((most, y, k) => Math.max(most, Math.abs(y - theirs[k])), 0);
}

function measure({ name, what, cell, N, T, D, M, K = 0 }) {
  const folder = mkdtempSync(join(tmpdir(), 'rnn-cli-bench-'));
  try {
    milliseconds(python, [here('torchScript.py'), 'make', folder, cell, ...[N, T, D, M, K].map(String)]);
    const [net, x, y] = ['net.pt', 'x.npy', 'ours.npy'].map(file => join(folder, file));
    const ours = [binary, 'forward', '--weights', net, '-i', x, '-o', y, '--force', '--threads', '1', '--engine', 'batched', '--quiet'];
    const theirs = [here('torchScript.py'), 'run', folder, cell, String(M), String(K)];
    const pairs = Array.from({ length: Number(values.pairs) }, () => [milliseconds(process.execPath, ours), milliseconds(python, theirs)]);
    const torch = { name, what, against: 'PyTorch', ...medians(pairs), target: 1, apart: difference(folder) };
    return hasOrt ? [torch, measureOrt(name, folder)] : [torch];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function measureOrt(name, folder) {
  const [net, onnx, x, y, theirs] = ['net.pt', 'net.onnx', 'x.npy', 'ours.npy', 'torch.npy'].map(file => join(folder, file));
  milliseconds(process.execPath, [binary, 'convert', net, onnx, '--quiet']);
  const ours = [binary, 'forward', '--model', onnx, '-i', x, '-o', y, '--force', '--threads', '1', '--engine', 'batched', '--quiet'];
  const script = [here('ortScript.py'), onnx, x, theirs];
  const pairs = Array.from({ length: Number(values.pairs) }, () => [milliseconds(process.execPath, ours), milliseconds(python, script)]);
  return { name, what: 'the .onnx', against: 'ONNX Runtime', ...medians(pairs), target: WITH_ORT[name], apart: difference(folder) };
}

/** The tutorial drawn from a seed of PyTorch, against the script that `--emit torch` prints for it. */
function measurePrinted() {
  const folder = mkdtempSync(join(tmpdir(), 'rnn-cli-bench-'));
  try {
    const ours = [binary, 'forward', ...'--T 10 --D 3 --M 5 --K 2 --rng torch --init torch --seed 1'.split(' ')];
    const theirs = [join(folder, 'script.py')];
    writeFileSync(theirs[0], output(process.execPath, [...ours, '--emit', 'torch']));
    const y = JSON.parse(output(process.execPath, [...ours, '--json'])).y[0];
    const printed = [...output(python, theirs).matchAll(/-?\d+\.\d+(?:e[+-]\d+)?/g)].map(([text]) => Number(text));
    const apart = Math.max(...y.map((value, k) => Math.abs(value - printed[k])));
    const times = { length: 3 * Number(values.pairs) };
    const pairs = Array.from(times, () => [milliseconds(process.execPath, ours), milliseconds(python, theirs)]);
    return { name: 'W1', what: 'drawn from a seed', against: 'PyTorch', ...medians(pairs), target: PRINTED, apart };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function output(command, argv) {
  return spawnSync(command, argv, { encoding: 'utf8' }).stdout;
}

function medians(pairs) {
  return { ours: median(pairs.map(p => p[0])), theirs: median(pairs.map(p => p[1])), ratio: median(pairs.map(([a, b]) => b / a)) };
}

const only = values.only?.split(',');
const printed = !only || only.includes('W1') ? [measurePrinted()] : [];
const rows = [...printed, ...WORKLOADS.filter(w => !only || only.includes(w.name)).flatMap(measure)];
if (values.json) console.log(JSON.stringify({ bench: 'whole', node: process.version, pairs: Number(values.pairs), rows }));
else
  for (const { name, what, against, ours, theirs, ratio, target, apart } of rows) {
    const verdict = `${target}× wanted: ${ratio >= target ? 'reached' : 'missed'}`;
    console.log(
      `${name}  ${what.padEnd(24)}${ours.toFixed(0).padStart(6)} ms  ${against.padEnd(12)} ${theirs.toFixed(0).padStart(6)} ms  ${ratio.toFixed(1).padStart(5)}×  ${verdict}   y apart by ${apart.toExponential(1)}`,
    );
  }

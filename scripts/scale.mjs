// The recipes of examples/scale that need Python, really run: npm run scale -- --python PATH     (a Python with ray[data], onnxruntime and numpy)
// A network is converted to ONNX, Ray Data computes y on one processor, on two, and on two of whose workers one is lost; y has to be ours to 2e-6, in order.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { uniform, writeNpy, writeSafetensors } from '../bench/files.mjs';

const { values } = parseArgs({ options: { python: { type: 'string', default: 'python3' } } });
const here = name => fileURLToPath(new URL(name, import.meta.url));
const [FILES, N, T, D, M] = [8, 250, 20, 3, 16];
const CLOSE = 2e-6;

function run(command, argv, seconds) {
  const { status, stderr, error } = spawnSync(command, argv, { encoding: 'utf8', timeout: 1000 * seconds });
  if (status !== 0) throw new Error(`${command} ${argv.join(' ')}\n${error?.message ?? ''}\n${stderr.slice(-2000)}`);
}

/** float32 numbers of an .npy file of version 1 */
function numbers(path) {
  const bytes = readFileSync(path);
  const start = 10 + bytes.readUInt16LE(8);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset + start, bytes.byteOffset + bytes.length));
}

/** An LSTM with a linear layer, as PyTorch saves them. */
function stateDict() {
  const drawn = (...shape) => ({
    shape,
    data: uniform(
      shape.reduce((a, b) => a * b),
      0.5,
      shape[0] + shape.length,
    ),
  });
  const lstm = { weight_ih_l0: drawn(4 * M, D), weight_hh_l0: drawn(4 * M, M), bias_ih_l0: drawn(4 * M), bias_hh_l0: drawn(4 * M) };
  const named = Object.fromEntries(Object.entries(lstm).map(([name, t]) => [`lstm.${name}`, t]));
  return { ...named, 'fc.weight': drawn(2, M), 'fc.bias': drawn(2) };
}

if (spawnSync(values.python, ['-c', 'import ray.data, onnxruntime, numpy'], { stdio: 'ignore' }).status !== 0) {
  console.error(`scale: ${values.python} has no ray[data], onnxruntime and numpy`);
  process.exit(1);
}
const folder = mkdtempSync(join(tmpdir(), 'rnn-cli-scale-'));
try {
  const [net, x, whole, ours, mark] = ['net.onnx', 'x', 'x.npy', 'ours.npy', 'lost'].map(name => join(folder, name));
  const all = uniform(FILES * N * T * D, 1);
  mkdirSync(x);
  for (let k = 0; k < FILES; k++) writeNpy(join(x, `${k}.npy`), [N, T, D], all.slice(k * N * T * D, (k + 1) * N * T * D));
  writeNpy(whole, [FILES * N, T, D], all);
  const weights = join(folder, 'net.safetensors');
  writeSafetensors(weights, stateDict());
  run(process.execPath, [here('../bin/rnn-cli.js'), 'forward', '--weights', weights, '-i', whole, '-o', ours, '--quiet'], 60);
  run(process.execPath, [here('../bin/rnn-cli.js'), 'convert', weights, net, '--quiet'], 60);
  const expected = numbers(ours);
  for (const [what, more] of [
    ['1 processor', ['--cpus', '1']],
    ['2 processors', ['--cpus', '2']],
    ['2 processors, a worker lost on the way', ['--cpus', '2', '--lose-a-worker', mark]],
  ]) {
    const y = join(folder, 'y.npy');
    const started = performance.now();
    run(values.python, [here('../examples/scale/ray_data.py'), net, x, y, ...more], 300);
    const found = numbers(y);
    const apart = found.length === expected.length ? found.reduce((most, v, k) => Math.max(most, Math.abs(v - expected[k])), 0) : Infinity;
    const lost = more.includes(mark) && !existsSync(mark) ? ', but no worker was lost' : '';
    if (apart > CLOSE || lost) process.exitCode = 1;
    const seconds = ((performance.now() - started) / 1000).toFixed(0);
    console.log(`${what}: ${found.length} numbers in order, apart by ${apart.toExponential(1)} at most, ${seconds} s${lost}`);
  }
} finally {
  rmSync(folder, { recursive: true });
}

// Processor time and peak memory per byte of input: npm run bench:bytes -- [--units 400] [--python PATH]   (after npm run build)
// Every format that the program also writes, with all its numbers read: two sizes of a network's weights, or of an input, so that the start of
// the process falls out of the difference. Then descriptions: layers of a spec. PATH is a Python with Keras, TensorFlow and PyTorch, which write
// the formats that the program only reads.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { units: { type: 'string', default: '400' }, python: { type: 'string' } },
});
const binary = fileURLToPath(new URL('../bin/rnn-cli.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'rnn-cli-bytes-'));
const at = name => join(folder, name);

// each process says what it took when it ends
writeFileSync(
  at('usage.cjs'),
  `process.on('exit', () => { const u = process.resourceUsage(); require('node:fs').writeFileSync(process.env.USAGE, JSON.stringify([(u.userCPUTime + u.systemCPUTime) / 1e6, u.maxRSS / 1024])); });`,
);

/** @returns seconds of the processor and MiB of memory at most */
function run(...argv) {
  const env = { ...process.env, USAGE: at('usage.json') };
  const { status, stderr } = spawnSync(process.execPath, ['--require', at('usage.cjs'), binary, ...argv], {
    cwd: folder,
    env,
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
  });
  if (status !== 0) throw new Error(`${argv.join(' ')}\n${stderr}`);
  return JSON.parse(readFileSync(at('usage.json'), 'utf8'));
}

function row(name, [small, large], command) {
  const [a, b] = [small, large].map(file => ({ bytes: statSync(at(file)).size, of: run(...command(file)) }));
  const more = b.bytes - a.bytes;
  const per = k => Math.max(0, b.of[k] - a.of[k]) / more;
  const ns = (per(0) * 1e9).toFixed(1);
  const memory = (per(1) * 2 ** 20).toFixed(1);
  console.log(`| ${name} | ${(b.bytes / 1e6).toFixed(1)} MB | ${b.of[0].toFixed(2)} s | ${Math.round(b.of[1])} MiB | ${ns} | ${memory} |`);
}

/** Formats that others write. */
function readOnly([small, large]) {
  const made = spawnSync(values.python, [fileURLToPath(new URL('live/bytes.py', import.meta.url)), `small=${small}`, `large=${large}`], {
    cwd: folder,
    encoding: 'utf8',
  });
  if (made.status !== 0) throw new Error(made.stderr);
  const net = file => ['--layers', `lstm:${file.includes('large') ? large : small}`, '--D', `${file.includes('large') ? large : small}`];
  const sized = ['--N', '1', '--T', '1', '-q'];
  for (const extension of ['weights.h5', 'pt']) {
    row(`weights, .${extension}`, pair('m', extension), file => ['forward', ...net(file), '--weights', file, ...sized]);
  }
  for (const extension of ['keras', 'pt2']) row(`model, .${extension}`, pair('m', extension), file => ['forward', file, '--N', '1', '-q']);
  row('model, tfjs', pair('m', 'bin'), file => ['forward', file.replace('bin', 'json'), '--N', '1', '-q']);
  const bundle = pair('m', 'data-00000-of-00001');
  row('weights, TensorBundle', bundle, file => ['forward', ...net(file), '--weights', file.replace(/data.*/, 'index'), ...sized]);
}

const pair = (name, extension) => ['small', 'large'].map(size => `${name}-${size}.${extension}`);
const numbers = count => Float32Array.from({ length: count }, (_, k) => Math.fround(Math.sin(k + 1)));

/** x [N, 10, 3] in every format of an input. */
function inputs(N) {
  const x = numbers(30 * N);
  const samples = Array.from({ length: N }, (_, n) =>
    Array.from({ length: 10 }, (_, t) => [...x.subarray(30 * n + 3 * t, 30 * n + 3 * t + 3)]),
  );
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${N}, 10, 3), }`;
  return {
    npy: Buffer.concat([Buffer.from('\x93NUMPY\x01\x00\x76\x00', 'latin1'), Buffer.from(`${header.padEnd(117)}\n`), Buffer.from(x.buffer)]),
    json: JSON.stringify(samples),
    jsonl: samples.map(sample => `${JSON.stringify(sample)}\n`).join(''),
    csv: samples.flatMap(sample => sample.map(row => `${row.join(',')}\n`)).join(''),
  };
}

const spec = layers =>
  JSON.stringify({
    input: { features: 3 },
    layers: Array.from({ length: layers }, () => ({ kind: 'rnn', units: 3, returnSequences: true })),
  });

try {
  console.log('| input | size | processor | peak memory | ns per byte | bytes of memory per byte |\n|---|--:|--:|--:|--:|--:|');
  const sizes = [Math.round(Number(values.units) / 4), Number(values.units)];
  const net = file => ['--layers', `lstm:${sizes[Number(file.includes('large'))]}`, '--D', `${sizes[Number(file.includes('large'))]}`];
  for (const extension of ['npz', 'json'])
    for (const file of pair('w', extension)) run('probe', ...net(file), '--N', '1', '--T', '1', '-q', '-o', file);
  for (const [extension, to] of [['npz'], ['json'], ['safetensors', 'torch'], ['onnx', 'onnx']]) {
    const files = pair('w', extension);
    if (to) for (const [i, file] of files.entries()) run('convert', pair('w', 'npz')[i], file, ...net(file), '--to', to, '-q');
    const read = extension === 'onnx' ? file => [file] : file => [...net(file), '--weights', file];
    row(`weights, .${extension}`, files, file => ['forward', ...read(file), '--N', '1', '--T', '1', '-q']);
  }
  if (values.python) readOnly(sizes);
  for (const [i, N] of [Number(values.units) * 10, Number(values.units) * 40].entries())
    for (const [extension, bytes] of Object.entries(inputs(N))) writeFileSync(at(pair('x', extension)[i]), bytes);
  for (const extension of ['npy', 'csv', 'json', 'jsonl'])
    row(`input, .${extension}, the whole`, pair('x', extension), file => ['forward', '-i', file, '--T', '10', '-q']);
  for (const [i, layers] of [1000, 10_000].entries()) writeFileSync(at(pair('s', 'json')[i]), spec(layers));
  row('layers of a spec', pair('s', 'json'), file => ['shapes', file, '-q']);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

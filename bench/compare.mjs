// compare that finds nothing against forward, whole processes in turn: the same weights and x; y as forward wrote it, and the two engines.
//   node bench/compare.mjs [--only W3,C1] [--pairs 5] [--threads 1] [--json]        (after npm run build)
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { uniform, writeNpy, writeSafetensors } from './files.mjs';
import { median } from './median.mjs';
import { GATES, WORKLOADS } from './workloads.mjs';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    pairs: { type: 'string', default: '5' },
    threads: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
});
const binary = fileURLToPath(new URL('../bin/rnn-cli.js', import.meta.url));
/** times forward */
const TARGET = values.threads === '1' ? 5 : 3.5;
const SIZES = [
  { name: 'C1', cell: 'lstm', N: 16, T: 100, D: 32, M: 128 },
  { name: 'C2', cell: 'lstm', N: 16, T: 200, D: 64, M: 256 },
  { name: 'C3', cell: 'lstm', N: 1, T: 2000, D: 128, M: 384 },
  ...WORKLOADS.filter(w => w.name !== 'W7'),
];

function milliseconds(argv) {
  const started = process.hrtime.bigint();
  const { status, stderr } = spawnSync(process.execPath, [binary, ...argv, '--threads', values.threads, '--quiet'], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${argv.join(' ')}\n${stderr}`);
  return Number(process.hrtime.bigint() - started) / 1e6;
}

/** A state dict of PyTorch. */
function weightsOf({ cell, D, M, K = 0 }) {
  const rows = GATES[cell] * M;
  const matrix = (seed, ...shape) => ({
    shape,
    data: uniform(
      shape.reduce((a, b) => a * b),
      1 / Math.sqrt(M),
      seed,
    ),
  });
  return {
    'rnn.weight_ih_l0': matrix(2, rows, D),
    'rnn.weight_hh_l0': matrix(3, rows, M),
    'rnn.bias_ih_l0': matrix(4, rows),
    'rnn.bias_hh_l0': matrix(5, rows),
    ...(K ? { 'fc.weight': matrix(6, K, M), 'fc.bias': matrix(7, K) } : {}),
  };
}

function measure(size) {
  const { name, cell, N, T, D, M } = size;
  const folder = mkdtempSync(join(tmpdir(), 'rnn-cli-bench-'));
  try {
    const [net, x, y] = ['net.safetensors', 'x.npy', 'y.npy'].map(file => join(folder, file));
    writeSafetensors(net, weightsOf(size));
    writeNpy(x, [N, T, D], uniform(N * T * D, 1));
    const given = ['--weights', net, '-i', x];
    const runs = Array.from({ length: Number(values.pairs) }, () => {
      const forward = milliseconds(['forward', ...given, '-o', y, '--force', '--engine', 'batched']);
      return {
        forward,
        same: milliseconds(['compare', ...given, '--against', y]) / forward,
        engines: milliseconds(['compare', ...given]) / forward,
      };
    });
    const middle = key => median(runs.map(run => run[key]));
    return {
      name,
      what: `${cell} N=${N} T=${T} D=${D} M=${M}`,
      forward: middle('forward'),
      same: middle('same'),
      engines: middle('engines'),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const only = values.only?.split(',');
const rows = SIZES.filter(w => !only || only.includes(w.name)).map(measure);
if (values.json) console.log(JSON.stringify({ bench: 'compare', node: process.version, target: TARGET, rows }));
else
  for (const { name, what, forward, same, engines } of rows) {
    const verdict = `${TARGET}× at most wanted: ${same <= TARGET ? 'reached' : 'missed'}`;
    console.log(
      `${name}  ${what.padEnd(32)}forward ${forward.toFixed(0).padStart(6)} ms  compare with its y ${same.toFixed(1).padStart(5)}×  ${verdict}   two engines ${engines.toFixed(1).padStart(5)}×`,
    );
  }

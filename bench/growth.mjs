// How the time of a whole process grows with what it is given: from one size to the next in one run. No curve may be steeper than what is computed.
//   node bench/growth.mjs [--only inspect,steps] [--most 1000000] [--runs 1] [--json]        (after npm run build)
// Processor time is told, of all threads, which a busy machine disturbs least; the least of the runs counts.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeSafetensors } from './files.mjs';
import { BINARY, measure } from './processes.mjs';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    most: { type: 'string', default: '1000000' },
    runs: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
});
const folder = mkdtempSync(join(tmpdir(), 'rnn-cli-bench-'));
const rnn = argv => measure([BINARY, ...argv, '-q'], { cwd: folder });

/** An LSTM against its own y. */
const compared = (N, T, M) => ofCompare(['--cell', 'lstm', '--N', N, '--T', T, '--D', 8, '--M', M, '--K', 0]);

/** @returns a function that compares a network drawn from a seed with what forward says of it */
function ofCompare(words) {
  const net = [...words.map(String), '--seed', '1'];
  rnn(['forward', ...net, '-o', 'y.npy', '--force']);
  return () => rnn(['compare', ...net, '--against', 'y.npy']);
}

function ofTensors(count) {
  const file = `${count}.safetensors`;
  writeSafetensors(join(folder, file), Object.fromEntries(Array.from({ length: count }, (_, k) => [`l${k}.weight`, { shape: [4, 4] }])));
  return () => rnn(['inspect', file, '--max-tensors', '1000000', '--max-header', '128MiB']);
}

/** `work`: times as much to compute for a size ten times (units: four times) as large */
const CURVES = [
  { name: 'inspect', of: 'tensors', sizes: [10, 100, 1000, 10_000, 100_000, 1_000_000], work: 10, make: ofTensors },
  {
    name: 'shapes',
    of: 'layers',
    sizes: [1, 10, 100, 1000, 10_000, 100_000],
    work: 10,
    make: count => () => rnn(['shapes', '--layers', `lstm:8+seq+x${count}`, '--D', '3']),
  },
  {
    name: 'layers',
    of: 'layers compared',
    sizes: [1, 10, 100, 1000],
    work: 10,
    make: count => ofCompare(['--layers', `rnn:3+seq+x${count}`, '--D', 3, '--T', 4]),
  },
  { name: 'steps', of: 'steps compared', sizes: [100, 1000, 10_000, 100_000], work: 10, make: T => compared(4, T, 16) },
  { name: 'samples', of: 'samples compared', sizes: [100, 1000, 10_000, 100_000], work: 10, make: N => compared(N, 20, 16) },
  { name: 'units', of: 'units compared', sizes: [16, 64, 256, 1024], work: 16, make: M => compared(4, 20, M) },
];

/** @returns per size: the least seconds and MiB of some runs, and times the seconds of the size before, without what an empty process takes */
function curveOf({ sizes, make }, empty) {
  const points = sizes
    .filter(size => size <= Number(values.most))
    .map(size => {
      const run = make(size);
      const runs = Array.from({ length: Number(values.runs) }, run);
      return { size, seconds: Math.min(...runs.map(r => r.cpu)), peak: Math.min(...runs.map(r => r.peak)) };
    });
  return points.map((point, k) => ({
    ...point,
    times: k === 0 ? undefined : (point.seconds - empty) / (points[k - 1].seconds - empty),
  }));
}

const only = values.only?.split(',');
try {
  const empty = Math.min(...[1, 2, 3].map(() => measure(['-e', '0']).cpu));
  const curves = [];
  for (const curve of CURVES.filter(({ name }) => !only || only.includes(name))) {
    const { name, of, work } = curve;
    curves.push({ name, of, work, points: curveOf(curve, empty) });
    if (!values.json) print(curves.at(-1));
  }
  if (values.json) console.log(JSON.stringify({ bench: 'growth', node: process.version, empty, curves }));
} finally {
  rmSync(folder, { recursive: true });
}

function print({ of, work, points }) {
  console.log(`${of}   (${work} times the work from one to the next)`);
  for (const { size, seconds, peak, times } of points) {
    const growth = times === undefined ? '' : `${times.toFixed(1).padStart(8)}×${times > 1.5 * work ? '   steeper than the work' : ''}`;
    console.log(`  ${String(size).padStart(9)}${seconds.toFixed(2).padStart(8)} s${peak.toFixed(0).padStart(7)} MiB${growth}`);
  }
}

// forward over a large .npy in pieces: time, rate and peak memory of the whole process, at two sizes, and a table read from .csv.
//   node bench/streaming.mjs [--N 100000] [--times 10] [--cells lstm,rnn] [--rows 6000000] [--json]        (after npm run build)
// Processor time is told beside the time by the clock: on a busy machine only the first says something.
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { BINARY, measure } from './processes.mjs';
import { WORKLOAD, writeInput } from './streamInput.mjs';

const { values } = parseArgs({
  options: {
    N: { type: 'string', default: '100000' },
    times: { type: 'string', default: '10' },
    cells: { type: 'string', default: 'lstm,rnn' },
    rows: { type: 'string', default: '6000000' },
    json: { type: 'boolean', default: false },
  },
});
const folder = mkdtempSync(join(tmpdir(), 'rnn-cli-bench-'));

/** Seconds for a million samples by cell, MiB between the sizes, MiB above the empty process, megabytes a second: docs/internals/performance.md. */
const TARGETS = { lstm: 4, rnn: 1, flat: 8, above: 64, csv: 250 };

function run(cell, N) {
  const input = join(folder, `${N}.npy`);
  const words = ['--cell', cell, '--M', String(WORKLOAD.M), '--K', '0', '--threads', '1', '--force'];
  const { seconds, cpu, peak } = measure([BINARY, 'forward', '-i', input, '-o', join(folder, 'y.npy'), ...words]);
  const perMillion = (seconds / N) * 1e6;
  return { cell, N, seconds, cpu, peak, megabytes: statSync(input).size / 1e6 / seconds, perMillion, target: TARGETS[cell] };
}

/** A table of plain numerals into the least network there is: nearly all of it is reading. */
function runCsv(rows) {
  const input = join(folder, 'table.csv');
  const file = openSync(input, 'w');
  for (let from = 0; from < rows; from += 10_000) {
    const line = k => Array.from({ length: 4 }, (_, c) => ((((from + k) * 4 + c) * 0.618033988749895) % 1).toFixed(8)).join(',');
    writeSync(file, `${Array.from({ length: Math.min(10_000, rows - from) }, (_, k) => line(k)).join('\n')}\n`);
  }
  closeSync(file);
  const words = ['--T', '20', '--cell', 'rnn', '--M', '1', '--K', '0', '--threads', '1', '--force'];
  const whole = measure([BINARY, 'forward', '-i', input, '-o', join(folder, 'y.npy'), ...words]);
  const size = statSync(input).size / 1e6;
  return { rows, ...whole, megabytes: size / whole.seconds, megabytesCpu: size / whole.cpu, target: TARGETS.csv };
}

try {
  const sizes = [Number(values.N), Number(values.N) * Number(values.times)];
  for (const N of sizes) writeInput(join(folder, `${N}.npy`), N);
  const empty = measure(['-e', '0']);
  const rows = values.cells.split(',').flatMap(cell => sizes.map(N => run(cell, N)));
  const csv = runCsv(Number(values.rows));
  const peaks = values.cells.split(',').map(cell => rows.filter(row => row.cell === cell).map(row => row.peak));
  const flat = Math.max(...peaks.map(list => Math.max(...list) - Math.min(...list)));
  const above = Math.max(...rows.map(row => row.peak)) - empty.peak;
  const memory = { empty: empty.peak, flat, above };
  if (values.json)
    console.log(JSON.stringify({ bench: 'streaming', node: process.version, workload: WORKLOAD, targets: TARGETS, rows, csv, memory }));
  else print(rows, csv, memory);
} finally {
  rmSync(folder, { recursive: true });
}

function print(rows, csv, { flat, above }) {
  const verdict = reached => (reached ? 'reached' : 'missed');
  for (const { cell, N, seconds, cpu, megabytes, peak, perMillion, target } of rows) {
    const rate = `${megabytes.toFixed(0).padStart(5)} MB/s   peak ${peak.toFixed(1)} MiB`;
    // a target for a million: what is less is mostly the start
    const goal = `${perMillion.toFixed(2)} s a million${N < 1e6 ? '' : `, ${target} wanted: ${verdict(perMillion <= target)}`}`;
    console.log(
      `${cell.padEnd(6)}N ${String(N).padStart(9)}${seconds.toFixed(2).padStart(8)} s (${cpu.toFixed(2)} s of processors)${rate}   ${goal}`,
    );
  }
  const { seconds, cpu, megabytes, megabytesCpu, target } = csv;
  console.log(`csv   ${csv.rows} rows of 4${seconds.toFixed(2).padStart(8)} s (${cpu.toFixed(2)} s of processors)`);
  console.log(
    `      ${megabytes.toFixed(0)} MB/s, ${megabytesCpu.toFixed(0)} by processor time, ${target} wanted: ${verdict(megabytes >= target)}`,
  );
  console.log(`memory: ${flat.toFixed(1)} MiB between the sizes, ${TARGETS.flat} allowed: ${verdict(flat <= TARGETS.flat)}`);
  console.log(`        ${above.toFixed(1)} MiB above an empty process, ${TARGETS.above} allowed: ${verdict(above <= TARGETS.above)}`);
}

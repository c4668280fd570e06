// forward over a large .npy in pieces: time, rate and peak memory of the whole process, at two sizes.
//   node bench/streaming.mjs [--N 100000] [--times 10] [--cells lstm,rnn] [--json]        (after npm run build)
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { WORKLOAD, writeInput } from './streamInput.mjs';

const { values } = parseArgs({
  options: {
    N: { type: 'string', default: '100000' },
    times: { type: 'string', default: '10' },
    cells: { type: 'string', default: 'lstm,rnn' },
    json: { type: 'boolean', default: false },
  },
});
const binary = fileURLToPath(new URL('../bin/rnn-cli.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'rnn-cli-bench-'));

/** seconds of the whole process, and the most memory it held, in MiB */
function run(cell, N) {
  const { M } = WORKLOAD;
  const input = join(folder, `${N}.npy`);
  const argv = [join(folder, 'peak.cjs'), binary, 'forward', '-i', input, '-o', join(folder, 'y.npy')];
  const words = ['--cell', cell, '--M', String(M), '--K', '0', '--threads', '1', '--chunk', '512', '--force'];
  const started = process.hrtime.bigint();
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--require', argv[0], ...argv.slice(1), ...words], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  return {
    cell,
    N,
    seconds,
    megabytes: statSync(input).size / 1e6 / seconds,
    peak: Number(/peak (\d+)/.exec(stderr)[1]) / 1024,
    sha256: /sha256 +(\w+)/.exec(stdout)[1],
  };
}

const descriptor = openSync(join(folder, 'peak.cjs'), 'w');
writeSync(
  descriptor,
  "process.on('exit', () => process._rawDebug('peak ' + /VmHWM:\\s+(\\d+)/.exec(require('fs').readFileSync('/proc/self/status'))[1]));\n",
);
closeSync(descriptor);
try {
  const sizes = [Number(values.N), Number(values.N) * Number(values.times)];
  for (const N of sizes) writeInput(join(folder, `${N}.npy`), N);
  const rows = values.cells.split(',').flatMap(cell => sizes.map(N => run(cell, N)));
  if (values.json) console.log(JSON.stringify({ bench: 'streaming', node: process.version, workload: WORKLOAD, rows }));
  else {
    for (const { cell, N, seconds, megabytes, peak } of rows)
      console.log(
        `${cell.padEnd(6)}N ${String(N).padStart(9)}${seconds.toFixed(2).padStart(8)} s${megabytes.toFixed(1).padStart(8)} MB/s   peak ${peak.toFixed(1)} MiB`,
      );
  }
} finally {
  rmSync(folder, { recursive: true });
}

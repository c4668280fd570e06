// Whole processes against `node -e 0`, one after the other in turn, so that a busy machine weighs on both: the median of the ratios counts.
//   node bench/startup.mjs [--pairs 31] [--json]        (after npm run build)
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { median } from './median.mjs';

const { values } = parseArgs({ options: { pairs: { type: 'string', default: '31' }, json: { type: 'boolean', default: false } } });
const binary = fileURLToPath(new URL('../bin/rnn-cli.js', import.meta.url));
const TUTORIAL = ['--T', '10', '--D', '3', '--M', '5', '--K', '2'];
const COMMANDS = [
  { name: 'node -e 0', argv: ['-e', '0'] },
  { name: 'shapes', argv: [binary, 'shapes', ...TUTORIAL] },
  { name: 'forward', argv: [binary, 'forward', ...TUTORIAL] },
];
const TARGET = 1.25;

function milliseconds(argv) {
  const started = process.hrtime.bigint();
  const { status } = spawnSync(process.execPath, argv, { stdio: 'ignore' });
  if (status !== 0) throw new Error(`${argv.join(' ')} ended with ${status}`);
  return Number(process.hrtime.bigint() - started) / 1e6;
}

const times = COMMANDS.map(() => []);
for (let i = 0; i < Number(values.pairs); i++) for (const [k, { argv }] of COMMANDS.entries()) times[k].push(milliseconds(argv));
const rows = COMMANDS.map(({ name }, k) => ({
  name,
  ms: median(times[k]),
  ratio: median(times[k].map((ms, i) => ms / times[0][i])),
})).map((row, k) => ({ ...row, reached: k === 0 || row.ratio <= TARGET }));
if (values.json)
  console.log(JSON.stringify({ bench: 'startup', node: process.version, pairs: Number(values.pairs), target: TARGET, rows }));
else
  for (const [k, { name, ms, ratio, reached }] of rows.entries()) {
    const verdict = k === 0 ? '' : `   ${TARGET}× wanted: ${reached ? 'reached' : 'missed'}`;
    console.log(`${name.padEnd(12)}${ms.toFixed(1).padStart(8)} ms${ratio.toFixed(3).padStart(8)}×${verdict}`);
  }

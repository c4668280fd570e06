// Random networks made, saved and run by the installed PyTorch, against this checkout: y of every one.
//   npm run live:torch -- --python PATH [--seed s] [--count n] [--form program] [--keep FOLDER]
// PATH is a Python with torch, safetensors, onnx and onnxscript. Forms: modules.py. Not part of the tests: the frameworks weigh gigabytes.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/** Relative to the largest number of y: float32 sums in another order. */
const TOLERANCE = 1e-5;

const { values: flags } = parseArgs({
  options: {
    python: { type: 'string' },
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '80' },
    form: { type: 'string', multiple: true, default: [] },
    keep: { type: 'string' },
  },
});
if (!flags.python) {
  console.error('usage: npm run live:torch -- --python PATH [--seed s] [--count n] [--form program] [--keep FOLDER]');
  process.exit(2);
}
const here = file => fileURLToPath(new URL(file, import.meta.url));
const folder = flags.keep ?? mkdtempSync(join(tmpdir(), 'rnn-cli-live-'));
execFileSync(flags.python, [here('modules.py'), folder, flags.seed, flags.count, ...flags.form], { stdio: ['ignore', 'ignore', 'ignore'] });
const { torch, cases, skipped } = JSON.parse(readFileSync(join(folder, 'cases.json'), 'utf8'));
const count = { equal: 0, refused: 0, wrong: 0 };
for (const one of cases) {
  const { verdict, what } = judged(one);
  count[verdict]++;
  if (verdict !== 'equal') console.log(` ${verdict.toUpperCase()}  ${one.name}  ${one.line}\n          ${what}`);
}
for (const [name, what] of skipped) console.log(` not made  ${name}  ${what}`);
console.log(
  ` PyTorch ${torch}, seed ${flags.seed}: ${count.equal} of ${cases.length} equal, ${count.refused} refused, ${count.wrong} wrong; ${skipped.length} not made`,
);
if (!flags.keep) rmSync(folder, { recursive: true });
process.exitCode = count.wrong > 0 ? 1 : 0;

function judged({ name, args, shape, y }) {
  const path = join(folder, name);
  const named = args.map(arg => (arg.startsWith('.') ? path + arg : arg));
  const framework = args.includes('--weights') ? ['--framework', 'torch'] : [];
  const call = [here('../../bin/rnn-cli.js'), 'forward', ...named, ...framework, '-i', `${path}.x.npy`, '--json'];
  const run = spawnSync(process.execPath, call, { encoding: 'utf8', maxBuffer: 2 ** 28 });
  if (run.status !== 0) return { verdict: [2, 3].includes(run.status) ? 'refused' : 'wrong', what: run.stderr.slice(0, 300) };
  const found = JSON.parse(run.stdout);
  if (String(found.shape) !== String(shape)) return { verdict: 'wrong', what: `shape ${found.shape}, PyTorch has ${shape}` };
  const values = found.y.flat(Number.POSITIVE_INFINITY).map(Number);
  const scale = Math.max(1e-30, ...y.map(Math.abs));
  const worst = Math.max(...values.map((v, i) => Math.abs(v - y[i]))) / scale;
  return worst <= TOLERANCE ? { verdict: 'equal' } : { verdict: 'wrong', what: `off by ${worst.toExponential(1)} of the largest` };
}

// Random networks made and run by the installed Keras, against this checkout: y, counts and the summary of every one.
//   npm run live -- --python PATH [--seed s] [--count n] [--kind chain] [--keep FOLDER]
// PATH is a Python that has what requirements.txt lists. Not part of the tests: the frameworks weigh gigabytes.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/** Relative to the largest number of y: float32 sums in another order. */
const TOLERANCE = 2e-6;

const { values: flags } = parseArgs({
  options: {
    python: { type: 'string' },
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '100' },
    kind: { type: 'string', multiple: true, default: [] },
    keep: { type: 'string' },
  },
});
if (!flags.python) {
  console.error('usage: npm run live -- --python PATH [--seed s] [--count n] [--kind chain] [--keep FOLDER]');
  process.exit(2);
}
const here = file => fileURLToPath(new URL(file, import.meta.url));
const folder = flags.keep ?? mkdtempSync(join(tmpdir(), 'rnn-cli-live-'));
if (!process.env.LIVE_AGAIN)
  execFileSync(flags.python, [here('make.py'), folder, flags.seed, flags.count, ...flags.kind], { stdio: ['ignore', 'ignore', 'inherit'] });
const { keras, backend, cases, skipped } = JSON.parse(readFileSync(join(folder, 'cases.json'), 'utf8'));
const results = cases.map(one => ({ ...one, ...judged(one) }));
const wrong = results
  .filter(r => r.verdict === 'wrong' || r.verdict === 'summary')
  .sort((a, b) => a.layers.length - b.layers.length || a.parameters - b.parameters);
const refused = results.filter(r => r.verdict === 'refused');
for (const r of refused) console.log(` refused  ${r.name}  ${r.layers.join(' ')}\n          ${r.what}`);
for (const r of wrong)
  console.log(
    ` ${r.verdict === 'wrong' ? 'WRONG  ' : 'SUMMARY'}  ${r.name}  ${r.layers.join(' ')}  (${r.parameters} parameters)\n          ${r.what}`,
  );
if (wrong.length > 0)
  console.log(
    ` smallest: npm run live -- --python ${flags.python} --seed ${flags.seed} --count ${Number(wrong[0].name.split('_').pop()) + 1} --keep FOLDER, then ${wrong[0].name}`,
  );
console.log(
  ` Keras ${keras} (${backend}), seed ${flags.seed}: ${results.length - wrong.length - refused.length} of ${results.length} equal, ${refused.length} refused, ${wrong.filter(r => r.verdict === 'wrong').length} wrong, ${wrong.filter(r => r.verdict === 'summary').length} with another summary; ${skipped.length} not made`,
);
if (!flags.keep) rmSync(folder, { recursive: true });
process.exitCode = wrong.length > 0 ? 1 : 0;

function judged({ name, y: recorded }) {
  const path = join(folder, name);
  const run = cli('forward', '--model', `${path}.keras`, '-i', `${path}.x.npz`, '--json');
  if (run.status !== 0) return { verdict: [2, 3].includes(run.status) ? 'refused' : 'wrong', what: messageOf(run.stderr) };
  const document = JSON.parse(run.stdout);
  const found = document.outputs ?? [{ y: document.y }];
  const expected = recorded.map(numbers);
  if (found.length !== expected.length) return { verdict: 'wrong', what: `${found.length} outputs for ${expected.length}` };
  for (const [i, { y }] of found.entries()) {
    const off = distance(y.flat(Infinity).map(Number), expected[i]);
    if (!(off <= TOLERANCE) && !isNoise(path, i, off, expected[i]))
      return { verdict: 'wrong', what: `y off by ${off.toExponential(2)} of its scale` };
  }
  const table = cli('shapes', '--model', `${path}.keras`, '--summary', '--width', '80');
  const [ours, theirs] = [table.stdout, readFileSync(`${path}.summary`, 'utf8')].map(t => t.trimEnd().split('\n'));
  const line = theirs.findIndex((text, k) => text !== ours[k]);
  if (line >= 0) return { verdict: 'summary', what: `${ours[line]} for ${theirs[line]}` };
  return { verdict: 'equal', what: '' };
}

/** float64 is as far from y: what float32 loses in this network moves it by as much. */
function isNoise(path, i, off, expected) {
  if (!(off <= 1e-4)) return false;
  const run = cli('forward', '--model', `${path}.keras`, '-i', `${path}.x.npz`, '--json', '--dtype', 'f64');
  if (run.status !== 0) return false;
  const document = JSON.parse(run.stdout);
  const exact = (document.outputs ?? [document])[i].y.flat(Infinity).map(Number);
  return distance(exact, expected) >= off / 10 && distance(exact, expected) <= 10 * off && off < 1e-4;
}

function cli(...words) {
  return spawnSync(process.execPath, [here('../../bin/rnn-cli.js'), ...words], { encoding: 'utf8', maxBuffer: 2 ** 28 });
}

function messageOf(stderr) {
  const last = stderr.trim().split('\n').pop();
  try {
    const { code, where, message } = JSON.parse(last);
    return `${code} ${where ?? ''}: ${message}`;
  } catch {
    return last;
  }
}

/** float64 numbers in base64 */
function numbers(text) {
  const raw = Buffer.from(text, 'base64');
  return Array.from(new Float64Array(raw.buffer.slice(raw.byteOffset, raw.byteOffset + raw.byteLength)));
}

function distance(found, expected) {
  if (found.length !== expected.length) return Number.POSITIVE_INFINITY;
  const scale = Math.max(1e-30, ...expected.filter(Number.isFinite).map(Math.abs));
  return Math.max(0, ...found.map((v, i) => (Object.is(v, expected[i]) || v === expected[i] ? 0 : Math.abs(v - expected[i])))) / scale;
}

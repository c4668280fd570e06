// Every test case of ONNX's own operators (the package `onnx` holds them with their answers) against this checkout.
//   npm run live:nodes -- --python PATH [--only TEXT] [--keep FOLDER]
// PATH is a Python with onnx. Equal, refused by name (exit 2 or 3), wrong, crashed: the last two must not be. Not part of the tests.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { commandLine } from './program.mjs';

const { values: flags } = parseArgs({
  options: { python: { type: 'string' }, only: { type: 'string', default: '' }, keep: { type: 'string' } },
});
const folder = flags.keep ?? mkdtempSync(join(tmpdir(), 'rnn-cli-live-'));
if (!existsSync(join(folder, 'cases.json')))
  execFileSync(flags.python, [fileURLToPath(new URL('nodes.py', import.meta.url)), folder], { stdio: ['ignore', 'ignore', 'inherit'] });
const { onnx, cases } = JSON.parse(readFileSync(join(folder, 'cases.json'), 'utf8'));
const cli = await commandLine();
const verdicts = new Map();
const count = {};
for (const one of cases.filter(c => c.plain && c.name.includes(flags.only))) {
  const { verdict, what = '' } = await judged(one);
  count[verdict] = (count[verdict] ?? 0) + 1;
  if (verdict === 'equal') continue;
  const kind = `${verdict.toUpperCase()}  ${one.ops.join(' ')}`;
  if (!verdicts.has(kind)) verdicts.set(kind, []);
  verdicts.get(kind).push(`${one.name}: ${what}`);
}
for (const [kind, list] of [...verdicts].sort())
  console.log(` ${kind}  ${list.length}\n          ${list.slice(0, flags.only ? 99 : 3).join('\n          ')}`);
console.log(` onnx ${onnx}: ${JSON.stringify(count)}; ${cases.filter(c => !c.plain).length} cases are not of plain numbers`);
if (!flags.keep) rmSync(folder, { recursive: true });
process.exitCode = count.wrong || count.crashed ? 1 : 0;

/** Half precision is run in single precision, and said; a number far below the largest of its tensor is noise. */
async function judged({ name, rtol, atol, half, outputs }) {
  const path = join(folder, name);
  const run = await cli('forward', '--model', `${path}.onnx`, '-i', `${path}.x.npz`, '--json');
  if (run.exit !== 0) {
    const last = run.stderr.trim().split('\n').pop();
    const { code, message, found = '' } = last.startsWith('{') ? JSON.parse(last) : { code: '?', message: run.stderr.slice(0, 300) };
    return { verdict: [2, 3].includes(run.exit) ? 'refused' : 'crashed', what: `${code} ${message} ${found}`.slice(0, 250) };
  }
  const document = JSON.parse(run.stdout);
  const found = document.outputs ?? [document];
  for (const [i, [output, expected]] of Object.entries(outputs).entries()) {
    const one = found.length > 1 ? found.find(o => o.name === output) : found[i];
    if (!one) return { verdict: 'wrong', what: `there is no output ${output}` };
    if (String(one.shape) !== String(expected.shape)) return { verdict: 'wrong', what: `${output} ${one.shape} for ${expected.shape}` };
    const values = [one.y].flat(Number.POSITIVE_INFINITY).map(Number);
    const theirs = expected.y.map(v =>
      typeof v === 'string' ? { nan: Number.NaN, inf: Number.POSITIVE_INFINITY, '-inf': Number.NEGATIVE_INFINITY }[v] : v,
    );
    const least = Math.max(atol, (half ? 1e-2 : 1e-6) * Math.max(...theirs.filter(Number.isFinite).map(Math.abs), 0));

    const off = theirs.findIndex(
      (v, k) => !(Object.is(v, values[k]) || v === values[k] || Math.abs(v - values[k]) <= least + rtol * Math.abs(v)),
    );
    if (off >= 0) return { verdict: 'wrong', what: `${output}[${off}] ${values[off]} for ${theirs[off]}` };
  }
  return { verdict: 'equal' };
}

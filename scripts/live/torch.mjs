// Random networks made, saved and run by the installed PyTorch, against this checkout: y of every one.
//   npm run live:torch -- --python PATH [--seed s] [--count n] [--form program] [--keep FOLDER]
// PATH is a Python with torch, safetensors, onnx and onnxscript. Forms: modules.py. Not part of the tests: the frameworks weigh gigabytes.
//
// A state dict does not say all. So it is run twice: as it is, and with the line of --layers that says the rest. As it is, y is equal; or it is asked
// for (E_ASK), and the line that is printed, its gaps filled, gives y; or y is another and a printed assumption says what was taken. Nothing else.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { commandLine } from './program.mjs';

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
if (!flags.python && !flags.keep) {
  console.error('usage: npm run live:torch -- --python PATH [--seed s] [--count n] [--form program] [--keep FOLDER]');
  process.exit(2);
}
const here = file => fileURLToPath(new URL(file, import.meta.url));
const folder = flags.keep ?? mkdtempSync(join(tmpdir(), 'rnn-cli-live-'));
if (!existsSync(join(folder, 'cases.json')))
  execFileSync(flags.python, [here('modules.py'), folder, flags.seed, flags.count, ...flags.form], {
    stdio: ['ignore', 'ignore', 'ignore'],
    maxBuffer: 2 ** 28,
  });
const { torch, cases, skipped } = JSON.parse(readFileSync(join(folder, 'cases.json'), 'utf8'));
const cli = await commandLine();
const count = {};
const forms = {};
for (const one of cases) {
  const { verdict, what } = await judged(one);
  count[verdict] = (count[verdict] ?? 0) + 1;
  const form = one.name.replace(/_\d+$/, '');
  forms[form] ??= {};
  forms[form][verdict] = (forms[form][verdict] ?? 0) + 1;
  if (/WRONG|refused/.test(verdict)) console.log(` ${verdict}  ${one.name}  ${one.what} ${one.line}\n          ${what}`);
}
for (const [name, what] of skipped) console.log(` not made  ${name}  ${what}`);
console.table(forms);
console.log(` PyTorch ${torch}, seed ${flags.seed}: ${cases.length} networks ${JSON.stringify(count)}; ${skipped.length} not made`);
if (!flags.keep) rmSync(folder, { recursive: true });
process.exitCode = Object.keys(count).some(verdict => verdict.includes('WRONG')) ? 1 : 0;

async function judged(one) {
  const path = join(folder, one.name);
  const named = one.args.map(arg => (arg.startsWith('.') ? path + arg : arg));
  const state = named[0] === '--weights';
  const run = (...more) => ran(one, [...named, ...(state ? ['--framework', 'torch'] : []), '-i', `${path}.x.npy`, ...more]);
  const plain = await run();
  if (!state) return plain;
  const looked = await cli('inspect', named[1], '--json');
  if (looked.exit !== 0) return { verdict: 'WRONG: not inspected', what: looked.stderr.slice(0, 300) };
  const said = one.line ? await run('--layers', one.line) : undefined;
  if (said?.verdict === 'WRONG' || said?.verdict === 'other, and said') return { ...said, verdict: 'WRONG with the line' };
  if (plain.verdict === 'WRONG' || plain.verdict === 'equal') return plain;
  if (/^(script|frozen)_/.test(one.name)) {
    const told = plain.verdict === 'refused' && /torch\.export/.test(plain.fix);
    return told ? { verdict: 'told to export' } : { ...plain, verdict: 'WRONG: not told to export' };
  }
  const filled = plain.verdict === 'asked' && one.line && plain.line ? filledIn(plain.line, one.line) : undefined;
  if (filled) {
    const again = await run('--layers', filled);
    // what the line takes beside is said with it
    if (again.verdict === 'refused' || again.verdict === 'asked' || (again.verdict === 'WRONG' && !/which also says/.test(plain.fix)))
      return { verdict: 'WRONG with its own line', what: `${plain.line}: ${filled}: ${again.what}` };
  }
  if (said?.verdict === 'equal') return { verdict: `${plain.verdict}, equal with the line` };
  return said ? { ...said, verdict: `${plain.verdict}, refused with the line` } : plain;
}

async function ran({ shape, y }, words) {
  const run = await cli('forward', ...words, '--json');
  if (run.exit !== 0) {
    const last = run.stderr.trim().split('\n').pop();
    const error = last.startsWith('{') ? JSON.parse(last) : { code: '?', message: run.stderr.slice(0, 300) };
    const what = `${error.code} ${error.message} ${error.found ?? ''}`;
    if (![2, 3].includes(run.exit)) return { verdict: 'WRONG', what };
    return { verdict: error.code === 'E_ASK' ? 'asked' : 'refused', what, line: error.layersLine, fix: String(error.fix) };
  }
  const found = JSON.parse(run.stdout);
  const values = found.y.flat(Number.POSITIVE_INFINITY).map(Number);
  const scale = Math.max(1e-30, ...y.map(Math.abs));
  const sameShape = String(found.shape) === String(shape);
  const worst = Math.max(...values.map((v, i) => Math.abs(v - y[i]))) / scale;
  if (sameShape && worst <= TOLERANCE) return { verdict: 'equal' };
  const what = sameShape ? `off by ${worst.toExponential(1)} of the largest` : `shape ${found.shape}, PyTorch has ${shape}`;
  return { verdict: found.assumptions.length > 0 ? 'other, and said' : 'WRONG', what };
}

/** The printed line with its gaps filled from the true one: the k-th of a kind from the k-th of that kind. undefined: a whole module is a gap */
function filledIn(printed, truth) {
  const parts = truth.split(',');
  const seen = {};
  const words = printed.split(',').map(word => {
    const kind = word.replace(/[:@+].*/, '');
    seen[kind] = (seen[kind] ?? 0) + 1;
    if (!word.includes('_')) return word;
    const at = parts.findIndex(
      (part, i) => part.split(/[:@+]/)[0] === kind && parts.slice(0, i + 1).filter(p => p.split(/[:@+]/)[0] === kind).length === seen[kind],
    );
    if (at < 0) return undefined;
    const act = /@(\w+)/.exec(parts[at])?.[1] ?? /^activation@(\w+)/.exec(parts[at + 1] ?? '')?.[1] ?? 'linear';
    return word.replace('@_', `@${act}`).replace('+_', '+same');
  });
  return words.includes(undefined) ? undefined : words.join(',');
}

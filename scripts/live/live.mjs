// Random networks made and run by the installed Keras, against this checkout: y, counts and the summary of every one, then the same network
// from .h5, from JSON and .weights.h5, and as an ONNX graph run by ONNX Runtime (npm ci --prefix bench).
//   npm run live -- --python PATH [--seed s] [--from n] [--count n] [--kind chain] [--form onnx] [--keep FOLDER]
// PATH is a Python that has what requirements.txt lists. Not part of the tests: the frameworks weigh gigabytes.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { commandLine, onnxruntime } from './program.mjs';

/** Relative to the largest number of y: float32 sums in another order; what a policy computes in less; constants that TensorFlow's float64 kernels hold in float32. */
const TOLERANCE = { float32: 2e-6, float64: 5e-7, mixed_float16: 5e-3, float16: 5e-3, mixed_bfloat16: 4e-2, bfloat16: 4e-2 };
const ONNX_TOLERANCE = 1e-5;
/** ONNX Runtime's sigmoid is exact to about this, however small y is. */
const LEAST = 5e-8;
const FORMS = ['keras', 'h5', 'json', 'onnx'];

const { values: flags } = parseArgs({
  options: {
    python: { type: 'string' },
    seed: { type: 'string', default: '1' },
    from: { type: 'string', default: '0' },
    count: { type: 'string', default: '100' },
    kind: { type: 'string', multiple: true, default: [] },
    form: { type: 'string', multiple: true, default: FORMS },
    keep: { type: 'string' },
  },
});
if (!flags.python) {
  console.error(
    'usage: npm run live -- --python PATH [--seed s] [--from n] [--count n] [--kind chain] [--form keras|h5|json|onnx] [--keep FOLDER]',
  );
  process.exit(2);
}
const here = file => fileURLToPath(new URL(file, import.meta.url));
const folder = flags.keep ?? mkdtempSync(join(tmpdir(), 'rnn-cli-live-'));
const cli = await commandLine();
const ort = flags.form.includes('onnx') ? onnxruntime() : undefined;
if (flags.form.includes('onnx') && !ort)
  console.log(' ONNX Runtime is not installed (npm ci --prefix bench): the graphs are written and not run');

// Keras makes the next while this one is judged
const python = spawn(flags.python, [here('make.py'), folder, flags.seed, flags.from, flags.count, ...flags.kind], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
const found = [];
let about = {};
for await (const line of createInterface({ input: python.stdout })) {
  if (!line.startsWith('{"live"')) continue;
  const one = JSON.parse(line);
  if (one.live === 'about') about = one;
  else for (const form of flags.form) await judge(one, form);
}

const counts = {};
for (const { form, verdict } of found) {
  counts[form] ??= { equal: 0, unsteady: 0, refused: 0, wrong: 0, summary: 0 };
  counts[form][verdict]++;
}
const bad = found
  .filter(r => r.verdict === 'wrong' || r.verdict === 'summary')
  .sort((a, b) => a.layers.length - b.layers.length || a.parameters - b.parameters);
if (bad.length > 0)
  console.log(
    ` smallest: npm run live -- --python ${flags.python} --seed ${flags.seed} --from ${bad[0].number} --count 1${flags.kind.map(k => ` --kind ${k}`).join('')} --keep FOLDER, then ${bad[0].name}`,
  );
console.log(
  ` Keras ${about.keras} (${about.backend}), seed ${flags.seed}; ${about.skipped?.length} not made: ${about.skipped?.slice(0, 3).join('; ')}`,
);
for (const [form, { equal, unsteady, refused, wrong, summary }] of Object.entries(counts))
  console.log(
    ` ${form.padEnd(6)} ${equal} equal, ${unsteady} unsteady, ${refused} refused, ${wrong} wrong${form === 'keras' ? `, ${summary} with another summary` : ''}`,
  );
if (!flags.keep) rmSync(folder, { recursive: true });
process.exitCode = bad.length > 0 || !about.keras ? 1 : 0;

/** One network in one form. */
async function judge(one, form) {
  const path = join(folder, one.name);
  if ((form === 'h5' || form === 'json') && !existsSync(`${path}.${form}`)) return;
  const { verdict, what } = await (form === 'onnx' ? judgedAsOnnx(one, path) : judgedAsRead(one, path, form));
  found.push({ form, verdict, name: one.name, number: one.number, layers: one.layers, parameters: one.parameters });
  if (verdict !== 'equal') console.log(` ${form} ${verdict.toUpperCase()}  ${one.name}  ${one.layers.join(' ')}\n          ${what}`);
}

async function judgedAsRead(one, path, form) {
  const model = { keras: [`${path}.keras`], h5: [`${path}.h5`], json: [`${path}.json`, '--weights', `${path}.weights.h5`] }[form];
  const run = await cli(
    'forward',
    '--model',
    ...model,
    '-i',
    `${path}.x.npz`,
    '--json',
    ...(one.policy === 'float64' ? ['--dtype', 'f64'] : []),
  );
  if (run.exit !== 0) return refusal(run);
  const document = JSON.parse(run.stdout);
  const off = difference(outputsOf(document), one.y.map(numbers));
  if (!(off <= TOLERANCE[one.policy]) && !(await isNoise(one, path, off)))
    return saysBackend(document) ? { verdict: 'equal' } : otherY(one, off, 'y');
  return form === 'keras' ? judgedSummary(path) : { verdict: 'equal' };
}

/** Keras' own y moves at least half as far once x is another in its last digit: nothing is judged there. */
function otherY({ unsteadiness }, off, whose) {
  const what = `${whose} off by ${off.toExponential(2)} of its scale, Keras' own by ${unsteadiness.toExponential(2)} for another last digit of x`;
  return { verdict: unsteadiness >= off / 2 ? 'unsteady' : 'wrong', what };
}

/** That Keras on TensorFlow computes something else is said; in a graph, that whole numbers may be rounded otherwise. */
function saysBackend({ assumptions }, inGraph = false) {
  return assumptions.some(a => a.fact === 'backend' && (a.value !== 'tensorflow' || (inGraph && a.what.includes('halfway'))));
}

function outputsOf(document) {
  return (document.outputs ?? [document]).map(({ y }) => [y].flat(Number.POSITIVE_INFINITY).map(Number));
}

async function judgedSummary(path) {
  const table = await cli('shapes', '--model', `${path}.keras`, '--summary', '--width', '80');
  if (table.exit !== 0) return refusal(table);
  const [ours, theirs] = [table.stdout, readFileSync(`${path}.summary`, 'utf8')].map(t => t.trimEnd().split('\n'));
  const line = theirs.findIndex((text, k) => text !== ours[k]);
  return line >= 0 ? { verdict: 'summary', what: `${ours[line]} for ${theirs[line]}` } : { verdict: 'equal' };
}

async function judgedAsOnnx(one, path) {
  const run = await cli('convert', `${path}.keras`, `${path}.onnx`, '--force', '--json');
  if (run.exit !== 0) return refusal(run);
  if (!ort) return { verdict: 'equal' };
  try {
    const session = await ort.InferenceSession.create(`${path}.onnx`, { logSeverityLevel: 4 });
    const given = one.x.map(x => x.name);
    const feeds = Object.fromEntries(
      session.inputNames.map((name, i) => [
        name,
        tensorOf(one.x[given.includes(name) ? given.indexOf(name) : i], session.inputMetadata?.[i].type),
      ]),
    );
    const result = await session.run(feeds);
    const ys = session.outputNames.map(name => Array.from(result[name].data, Number));
    await session.release();
    const wanted = one.y.map(numbers);
    const off = difference(ys, wanted);
    const close =
      off * Math.max(...wanted.flat().map(Math.abs)) <= LEAST ||
      saysBackend(JSON.parse(run.stdout), true) ||
      off <= Math.max(ONNX_TOLERANCE, TOLERANCE[one.policy]) ||
      (await isNoise(one, path, off));
    return close ? { verdict: 'equal' } : otherY(one, off, 'ONNX Runtime: y');
  } catch (error) {
    return { verdict: 'wrong', what: `ONNX Runtime: ${String(error.message).slice(0, 300)}` };
  }
}

/** @param type that the graph asks for: whole numbers that are computed with are floats there */
function tensorOf({ dtype, shape, data }, type) {
  const raw = Buffer.from(data, 'base64');
  const bytes = raw.buffer.slice(raw.byteOffset, raw.byteOffset + raw.byteLength);
  // an image is of floats in a graph, and what counts something int64
  if (dtype === 'uint8') return new ort.Tensor('float32', Float32Array.from(new Uint8Array(bytes)), shape);
  if (dtype === 'int32' && type === 'float32') return new ort.Tensor('float32', Float32Array.from(new Int32Array(bytes)), shape);
  if (dtype === 'int32') return new ort.Tensor('int64', BigInt64Array.from(new Int32Array(bytes), BigInt), shape);
  return new ort.Tensor('float32', new Float32Array(bytes), shape);
}

/** float64 is as far from Keras' y: what float32 loses in this network moves it by as much. */
async function isNoise(one, path, off) {
  if (one.policy !== 'float32' || !(off <= 1e-3)) return false;
  const run = await cli('forward', '--model', `${path}.keras`, '-i', `${path}.x.npz`, '--json', '--dtype', 'f64');
  if (run.exit !== 0) return false;
  const exact = difference(outputsOf(JSON.parse(run.stdout)), one.y.map(numbers));
  return exact >= off / 10 && exact <= 10 * off;
}

function refusal({ exit, stderr }) {
  const last = stderr.trim().split('\n').pop();
  const verdict = [2, 3].includes(exit) ? 'refused' : 'wrong';
  try {
    const { code, where, message, found } = JSON.parse(last);
    return { verdict, what: `${code} ${where ?? ''}: ${message}${found ? ` (${found})` : ''}` };
  } catch {
    return { verdict, what: stderr.slice(0, 400) };
  }
}

/** float64 numbers in base64 */
function numbers(text) {
  const raw = Buffer.from(text, 'base64');
  return Array.from(new Float64Array(raw.buffer.slice(raw.byteOffset, raw.byteOffset + raw.byteLength)));
}

/** The largest difference of all outputs, relative to each one's largest number. */
function difference(found, expected) {
  if (found.length !== expected.length) return Number.POSITIVE_INFINITY;
  return Math.max(0, ...found.map((y, i) => distance(y, expected[i])));
}

function distance(found, expected) {
  if (found.length !== expected.length) return Number.POSITIVE_INFINITY;
  let scale = 1e-30;
  let most = 0;
  for (const [i, e] of expected.entries()) {
    if (Number.isFinite(e)) scale = Math.max(scale, Math.abs(e));
    const off = Object.is(found[i], e) || found[i] === e ? 0 : Math.abs(found[i] - e);
    most = Math.max(most, Number.isNaN(off) ? Number.POSITIVE_INFINITY : off);
  }
  return most / scale;
}

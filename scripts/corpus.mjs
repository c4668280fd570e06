// How often `compare` names what went wrong, and how often it names something else: every mistake of scripts/wrongOutputs.mjs on random
// networks (cell, directions, layers, last step or every step, sizes, weights, the way the other array is written), through compare itself.
//
//   npm run corpus -- [--seeds 10] [--from 0] [--only 'x, h'] [--numbers float32] [--budget 0.3] [--out docs/internals/diagnosis.md] [--verbose]
//   A long run in pieces: --dump a.jsonl writes each case, --read a.jsonl,b.jsonl --out … makes the table of them. --set listed, unlisted,
//   invented or later: those alone; --harsh: chaotic, exploding and tiny networks.
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { INVENTED } from './inventedOutputs.mjs';
import { LATER } from './laterOutputs.mjs';
import { falseSentences } from './sentences.mjs';
import { UNLISTED } from './unlistedOutputs.mjs';
import { makeCase, shapeOf, specOf, tensorsOf } from './wrongCases.mjs';
import { bfloat, deep, half, MISTAKES as LISTED } from './wrongOutputs.mjs';

const SETS = { listed: LISTED, unlisted: UNLISTED, invented: INVENTED, later: LATER };
const MISTAKES = { ...LISTED, ...UNLISTED, ...INVENTED, ...LATER };

const { values: args } = parseArgs({
  options: {
    seeds: { type: 'string', default: '10' },
    from: { type: 'string', default: '0' },
    only: { type: 'string' },
    numbers: { type: 'string' },
    budget: { type: 'string', default: '0.3' },
    out: { type: 'string' },
    verbose: { type: 'boolean', default: false },
    keep: { type: 'string' },
    dump: { type: 'string' },
    read: { type: 'string' },
    set: { type: 'string' },
    harsh: { type: 'boolean', default: false },
  },
});
const root = fileURLToPath(new URL('..', import.meta.url));
const folder = args.keep ?? mkdtempSync(join(tmpdir(), 'rnn-cli-corpus-'));
const { runCompare } = await loadTool();

/** compare, from source. */
async function loadTool() {
  const outfile = join(folder, 'compare.mjs');
  await build({
    stdin: { contents: "export { runCompare } from './src/run/compare.js';", resolveDir: root },
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    bundle: true,
    format: 'esm',
    platform: 'node',
    outfile,
    external: ['onnxruntime-node'],
    absWorkingDir: root,
    logLevel: 'error',
  });
  return import(outfile);
}

// ---- files -----------------------------------------------------------------------------------------------------------------------------

function writeNpy(name, nested, type = 'f4') {
  const flat = nested.flat(Infinity);
  const shape = shapeOf(nested);
  let header = `{'descr': '<${type}', 'fortran_order': False, 'shape': (${shape.join(', ')}${shape.length === 1 ? ',' : ''}), }`;
  header = `${header.padEnd(Math.ceil((header.length + 11) / 64) * 64 - 11)}\n`;
  const bytes =
    type === 'i4'
      ? Int32Array.from(flat)
      : type === 'f2'
        ? Uint16Array.from(flat, halfBits)
        : type === 'f8'
          ? Float64Array.from(flat)
          : Float32Array.from(flat);
  const head = Buffer.from(`\x93NUMPY\x01\x00  ${header}`, 'latin1');
  head.writeUInt16LE(header.length, 8);
  return write(`${name}.npy`, Buffer.concat([head, Buffer.from(bytes.buffer)]));
}

function halfBits(v) {
  const sign = v < 0 || Object.is(v, -0) ? 0x8000 : 0;
  const a = Math.abs(half(v));
  if (a === 0) return sign;
  if (a < 2 ** -14) return sign | Math.round(a / 2 ** -24);
  const e = Math.floor(Math.log2(a));
  return sign | ((e + 15) << 10) | Math.round((a / 2 ** e - 1) * 1024);
}

function writeSafetensors(name, tensors) {
  const header = {};
  const parts = [];
  let at = 0;
  for (const [key, nested] of tensors) {
    const data = Float32Array.from(nested.flat(Infinity));
    header[key] = { dtype: 'F32', shape: shapeOf(nested), data_offsets: [at, at + data.byteLength] };
    parts.push(Buffer.from(data.buffer));
    at += data.byteLength;
  }
  const text = Buffer.from(JSON.stringify(header));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(text.length));
  return write(`${name}.safetensors`, Buffer.concat([size, text, ...parts]));
}

function write(name, content) {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** What the other side may be written as, and how far that moves its numbers. */
const WRITTEN = {
  float32: y => writeNpy('y', y),
  float64: y => writeNpy('y', y, 'f8'),
  float16: y => writeNpy('y', y, 'f2'),
  '4 decimals': y => write('y.json', JSON.stringify(deep(y, v => Number(v.toFixed(4))))),
  '8 digits': y => write('y.json', JSON.stringify(deep(y, v => Number(v.toPrecision(8))))),
  '6 decimals': y => write('y.json', JSON.stringify(deep(y, v => Number(v.toFixed(6))))),
  '5 decimals': y => write('y.json', JSON.stringify(deep(y, v => Number(v.toFixed(5))))),
  csv: y =>
    write(
      'y.csv',
      `${rowsIn(y)
        .map(row => row.join(','))
        .join('\n')}\n`,
    ),
  bfloat16: y => write('y.txt', `tensor(${JSON.stringify(deep(y, bfloat))}, dtype=torch.bfloat16)\n`),
  torch: y => write('y.txt', `tensor(${JSON.stringify(deep(y, v => Math.round(v * 1e4) / 1e4))})\n`),
};
/** What is read again of a number. */
const READ = {
  float16: half,
  bfloat16: bfloat,
  ...Object.fromEntries([4, 5, 6].map(d => [`${d} decimals`, v => Number(v.toFixed(d))])),
  torch: v => Math.round(v * 1e4) / 1e4,
};
/** How far rounding to that may have moved a number. */
const SLACK = {
  float16: v => Math.max(2 ** -11 * Math.abs(v), 2 ** -25),
  bfloat16: v => 2 ** -8 * Math.abs(v),
  ...Object.fromEntries([4, 5, 6].map(d => [`${d} decimals`, () => 0.5 * 10 ** -d])),
  torch: () => 0.5e-4,
};
const OFTEN = ['float32', 'float32', 'float64', 'float16', '4 decimals', '8 digits'];

/** [N, K] or [N, T, K] -> rows */
function rowsIn(y) {
  return Array.isArray(y[0][0]) ? y.flat() : y;
}

function toolRequest(one) {
  const { net, X } = one;
  return {
    model: write('model.json', JSON.stringify(specOf(one))),
    weights: writeSafetensors('w', tensorsOf(one)),
    input: net.tokens ? writeNpy('x', net.tokens, 'i4') : writeNpy('x', X),
    ...(net.lengths ? { lengths: net.lengths.join(',') } : {}),
  };
}

// ---- cases -----------------------------------------------------------------------------------------------------------------------------

/** A case, and how its y is written. */
function drawCase(name, mistake, seed) {
  const made = makeCase(name, mistake, seed, { harsh: args.harsh });
  if (!made) return undefined;
  const { rng, ...one } = made;
  const numbers =
    args.numbers ??
    (one.y.flat(Infinity).every(Number.isFinite) ? mistake.written : 'float32') ??
    rng.pick(mistake.right ? Object.keys(WRITTEN) : OFTEN);
  return { ...one, numbers };
}

async function judge(one, { codes, also = [] }) {
  const request = { ...toolRequest(one), against: WRITTEN[one.numbers](one.y), budget: Number(args.budget) };
  const result = await runCompare(request);
  const accepted = result.explanations.filter(e => e.verdict !== 'rejected').map(e => e.code);
  const isRight = code => code.split('+').length === 1 && [...codes, ...also].includes(code.replace(/[:@].*/, ''));
  const visible = off(one.right, one.y) > 100 * Math.max(result.tolerance.atol, result.max?.allowed ?? 0);
  return { outcome: outcomeOf(result, accepted, isRight, codes), visible, accepted, result };
}

function outcomeOf({ status, verdict }, accepted, isRight, codes) {
  if (status === 'SAME') return 'equal';
  if (status === 'UNDECIDED') return 'undecided';
  const found = accepted.filter(isRight);
  if (verdict === 'fits' || verdict === 'tie')
    return found.length === 0 ? (codes.length === 0 ? 'named' : 'wrong') : accepted.length === 1 ? 'right' : 'tied';
  if (verdict === 'likely') return found.length > 0 ? 'likely' : 'likely other';
  return 'silent';
}

function off(a, b) {
  const [x, y] = [a.flat(Infinity), b.flat(Infinity)];
  return x.length === y.length ? x.reduce((m, v, k) => Math.max(m, Math.abs(v - y[k])), 0) : Infinity;
}

const OUTCOMES = ['right', 'tied', 'likely', 'silent', 'likely other', 'wrong', 'named', 'undecided', 'equal'];
const MOST_DRAWS = 60;
const began = performance.now();
const records = args.read ? args.read.split(',').flatMap(recordsIn) : [];
if (!args.read) await runAllCases();
if (!args.keep) rmSync(folder, { recursive: true });
const lines = tableOf(records);
console.log(lines.join('\n'));
console.error(`${((performance.now() - began) / 1000).toFixed(0)} s`);
if (args.out) {
  rewrite(args.out, lines);
  rewrite('docs/diagnosis.md', summaryOf(records));
}

/** What stands between the marks of a page. */
function rewrite(path, text) {
  const [before, , after] = readFileSync(path, 'utf8').split(/(?<=<!-- corpus -->\n)([\s\S]*?)(?=<!-- end of the corpus -->)/);
  writeFileSync(path, `${before}${text.join('\n')}\n${after}`);
}

/** The same for readers who do not want every row. */
function summaryOf(all) {
  const row = (words, list, known) => {
    const count = (...outcomes) => list.filter(r => outcomes.includes(r.outcome)).length;
    const kinds = new Set(list.map(r => r.name)).size;
    const [found, other] = known ? [count('right'), count('wrong', 'named')] : ['–', count('named', 'wrong', 'likely other')];
    const alike = known ? count('tied') : count('right', 'tied', 'likely');
    return `| ${kinds} ${words} | ${list.length} | ${found} | ${alike} | ${known ? count('likely') : '–'} | ${count('silent')} | ${other} | ${count('undecided')} | ${count('equal')} |`;
  };
  const is = { right: r => MISTAKES[r.name].right, known: r => MISTAKES[r.name].codes.length > 0 };
  return [
    '| | cases | found | tied, or another true name | likely | unexplained | wrong name | undecided | equal |',
    '|---|--:|--:|--:|--:|--:|--:|--:|--:|',
    row('mistakes that compare knows', all.filter(is.known), true),
    row(
      'that it does not know',
      all.filter(r => !is.known(r) && !is.right(r)),
      false,
    ),
    row('correct programs', all.filter(is.right), true),
  ];
}

/** What --dump wrote, of a run that was made in pieces. */
function recordsIn(path) {
  return readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line));
}

async function runAllCases() {
  const chosen = Object.entries(args.set ? SETS[args.set] : MISTAKES).filter(
    ([name]) => !args.only || args.only.split(', ').some(part => name.includes(part)),
  );
  const lowest = Number(args.from);
  for (const [name, mistake] of chosen) {
    for (let seed = lowest; seed < lowest + Number(args.seeds); seed++) {
      let one;
      for (let draw = 0; !one && draw < MOST_DRAWS; draw++) one = drawCase(name, mistake, `${seed} ${draw}`);
      if (!one) continue;
      const record = recordOf(name, seed, one, await judge(one, mistake));
      records.push(record);
      if (args.dump) appendFileSync(args.dump, `${JSON.stringify(record)}\n`);
      if (args.verbose && isBad(record, mistake)) console.error(said(record));
    }
  }
}

function recordOf(name, seed, one, { outcome, visible, accepted, result }) {
  const { evidence, explanations, asSpecified, tolerance, tried } = result;
  const untrue = falseSentences(
    evidence,
    { ...one, y: deep(one.y, READ[one.numbers] ?? (v => v)) },
    SLACK[one.numbers] ?? (() => 0),
    tolerance.noise,
  );
  const shown = explanations.slice(0, 4).map(({ code, residual, verdict, why }) => ({ code, residual, verdict, why }));
  return { name, seed, outcome, visible, accepted, evidence, untrue, shown, asSpecified, tolerance, tried, ...one };
}

function isBad({ outcome, visible }, mistake) {
  if (mistake.right) return !['equal', 'undecided'].includes(outcome);
  return ['wrong', 'named', 'likely other'].includes(outcome) || (visible && outcome === 'silent' && mistake.codes.length > 0);
}

/** One case in two lines, for whoever looks for the reason. */
function said({ name, seed, outcome, net, sizes, init, numbers, place, shown, asSpecified, tolerance, tried, evidence }) {
  const network = `${net.cell}${net.bi ? ` ${net.bi}` : ''} ×${net.layers} ${net.seq ? 'seq' : (net.pool ?? 'last')} ${net.head ?? ''}`;
  const found = shown.map(e => `${e.code} ${Number(e.residual).toExponential(1)} ${e.verdict}`).join(', ');
  const [off, allowed, noise] = [asSpecified, tolerance.atol, tolerance.noise].map(v => Number(v).toExponential(1));
  return `${outcome.toUpperCase()} ${name} #${seed} ${network} ${JSON.stringify(sizes)} ${init} ${numbers} place ${place} ${net.lengths ?? ''}
   ${found}; off ${off}, allowed ${allowed}, noise ${noise}, tried ${tried}; ${evidence.slice(0, 3).join('; ')}`;
}

/** A row for each mistake, and what was called something else. */
function tableOf(all) {
  const names = [...new Set(all.map(r => r.name))];
  const called = new Map();
  for (const r of all.filter(({ outcome }) => ['wrong', 'named', 'likely other'].includes(outcome))) {
    const key = `${r.outcome}: ${r.name}, called ${r.accepted.join(' | ')}`;
    called.set(key, (called.get(key) ?? 0) + 1);
  }
  const untrue = all.flatMap(r => r.untrue.map(sentence => `- ${r.name} #${r.seed}: ${sentence}`));
  const isKnown = r => MISTAKES[r.name].codes.length > 0;
  return [
    `| mistake | cases | visible | named, tied or likely | ${OUTCOMES.join(' | ')} |`,
    `|---|--:|--:|--:|${OUTCOMES.map(() => '--:').join('|')}|`,
    ...names.map(name =>
      lineOf(
        name,
        all.filter(r => r.name === name),
      ),
    ),
    lineOf('all that compare knows', all.filter(isKnown)),
    lineOf(
      'all that it does not know',
      all.filter(r => !isKnown(r) && !MISTAKES[r.name].right),
    ),
    ...(called.size > 0 ? ['', 'Called something else:', ''] : []),
    ...[...called].sort((a, b) => b[1] - a[1]).map(([key, n]) => `- ${n} × ${key}`),
    '',
    `${all.reduce((n, r) => n + r.evidence.length, 0)} sentences of evidence, ${untrue.length} of them false.`,
    ...untrue,
  ];
}

function lineOf(name, list) {
  const known = list.some(r => MISTAKES[r.name].codes.length > 0);
  const visible = list.filter(r => r.visible && r.outcome !== 'undecided');
  const good = visible.filter(r => ['right', 'tied', 'likely'].includes(r.outcome));
  const part = !known ? 'in no list' : visible.length === 0 ? '–' : `${((100 * good.length) / visible.length).toFixed(0)} %`;
  return `| ${name} | ${list.length} | ${visible.length} | ${part} | ${OUTCOMES.map(o => list.filter(r => r.outcome === o).length).join(' | ')} |`;
}

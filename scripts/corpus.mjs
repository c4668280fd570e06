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
import { GATES, network, runAll } from './plainLoops.mjs';
import { falseSentences } from './sentences.mjs';
import { UNLISTED } from './unlistedOutputs.mjs';
import { bfloat, deep, half, MISTAKES as LISTED, otherOrder } from './wrongOutputs.mjs';

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

// ---- numbers ---------------------------------------------------------------------------------------------------------------------------

/** xorshift128 from a text; uniform in [0, 1) and standard normal. */
function stream(text) {
  let [a, b, c, d] = [0x9e3779b9, 0x243f6a88, 0xb7e15162, 0xdeadbeef];
  for (let i = 0; i < text.length; i++) {
    b = (b << 5) | (b >>> 27);
    a = Math.imul(a ^ text.charCodeAt(i), 0x85ebca6b) ^ b;
  }
  const next = () => {
    const t = d ^ (d << 11);
    [d, c, b] = [c, b, a];
    a = a ^ (a >>> 19) ^ t ^ (t >>> 8);
    return (a >>> 0) / 2 ** 32;
  };
  for (let i = 0; i < 40; i++) next();
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  return { next, normal, pick: list => list[Math.floor(next() * list.length)] };
}

const matrix = (rows, columns, draw) => Array.from({ length: rows }, () => Array.from({ length: columns }, draw));

const HARSH_WEIGHTS = normal => ({ chaotic: normal(4), exploding: normal(30), tiny: normal(1e-4), nan: normal(0.5) });

/** wide: normal 0.5 · torch: uniform ±1/√M · keras: glorot, zero biases, forget gate 1 · trained: keras with biases · large: normal 1.5 */
function drawWeights(net, D, init, rng) {
  const { M, K } = net;
  const G = GATES[net.cell];
  const uniform = a => () => Math.fround((2 * rng.next() - 1) * a);
  const normal = s => () => Math.fround(s * rng.normal());
  const glorot = uniform(Math.sqrt(6 / (M + G * M)));
  const draw = {
    wide: normal(0.5),
    torch: uniform(1 / Math.sqrt(M)),
    keras: glorot,
    trained: glorot,
    large: normal(1.5),
    ...HARSH_WEIGHTS(normal),
  }[init];
  const bias = () =>
    Array.from({ length: G * M }, (_, k) => {
      const unit = net.cell === 'lstm' && k >= M && k < 2 * M ? 1 : 0;
      return init === 'keras' ? unit : init === 'trained' ? Math.fround(unit + 0.2 * rng.normal()) : draw();
    });
  const direction = rows => ({
    Wx: matrix(rows, G * M, draw),
    Wh: matrix(M, G * M, draw),
    b: bias(),
    b2: net.twoBiases ? (init === 'keras' ? Array(G * M).fill(0) : bias()) : undefined,
    p: net.peepholes ? matrix(3, M, draw) : undefined,
  });
  const width = net.bi === 'concat' ? 2 * M : M;
  const layers = Array.from({ length: net.layers }, (_, l) => ({
    f: direction(l === 0 ? D : width),
    r: net.bi ? direction(l === 0 ? D : width) : undefined,
  }));
  const each = make => Array.from({ length: width }, make);
  const norm = net.norm && { gamma: each(() => 1 + 0.3 * draw()), beta: each(draw) };
  if (net.norm === 'batchnorm') Object.assign(norm, { mean: each(draw), variance: each(() => 0.05 + rng.next()) });
  return { layers, norm, Wo: matrix(width, K, draw), bo: Array.from({ length: K }, () => (init === 'keras' ? 0 : draw())) };
}

// ---- files -----------------------------------------------------------------------------------------------------------------------------

function shapeOf(nested) {
  const shape = [];
  for (let v = nested; Array.isArray(v); v = v[0]) shape.push(v.length);
  return shape;
}

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

function toolRequest(net, weights, X) {
  const D = X[0][0].length;
  const layers = weights.layers.map((_, l) => ({
    kind: net.cell,
    name: `r${l}`,
    units: net.M,
    ...(net.peepholes ? { peepholes: true } : {}),
    ...(net.cell === 'gru' ? { resetAfter: net.resetAfter } : net.twoBiases ? { twoBiases: true } : {}),
    ...(net.bi ? { bidirectional: net.bi } : {}),
    returnSequences: l < weights.layers.length - 1 || net.seq || (net.pool ?? 'last') !== 'last',
  }));
  const embedding = net.tokens ? [{ kind: 'embedding', name: 'emb', tokens: weights.E.length, units: D }] : [];
  const pool = net.pool === 'max' ? [{ kind: 'maxpool' }] : net.pool === 'mean' ? [{ kind: 'avgpool' }] : [];
  const norm = net.norm ? [{ kind: net.norm, name: 'norm', epsilon: net.epsilon }] : [];
  const head = { kind: 'dense', name: 'head', units: net.K, activation: net.head ?? 'linear' };
  const model = write(
    'model.json',
    JSON.stringify({
      schema: 'rnn-cli/spec@2',
      input: { ...(net.tokens ? {} : { features: D }), timesteps: X[0].length },
      layers: [...embedding, ...layers, ...pool, ...norm, head],
    }),
  );
  const tensors = new Map();
  weights.layers.forEach((w, l) => {
    for (const [way, own] of net.bi
      ? [
          ['forward/', w.f],
          ['backward/', w.r],
        ]
      : [['', w.f]]) {
      tensors.set(`r${l}/${way}Wx`, own.Wx);
      tensors.set(`r${l}/${way}Wh`, own.Wh);
      tensors.set(`r${l}/${way}bh`, own.b2 ? [own.b, own.b2] : own.b);
      if (net.peepholes) tensors.set(`r${l}/${way}p`, own.p);
    }
  });
  if (net.tokens) tensors.set('emb/E', weights.E);
  for (const [key, v] of Object.entries(weights.norm ?? {})) tensors.set(`norm/${key}`, v);
  tensors.set('head/Wo', weights.Wo);
  tensors.set('head/bo', weights.bo);
  const lengths = net.lengths ? { lengths: net.lengths.join(',') } : {};
  return {
    model,
    weights: writeSafetensors('w', tensors),
    input: net.tokens ? writeNpy('x', net.tokens, 'i4') : writeNpy('x', X),
    ...lengths,
  };
}

// ---- cases -----------------------------------------------------------------------------------------------------------------------------

/** Tokens of an embedding. */
const VOCABULARY = 7;

const NUMBERS = { round: Math.fround, order: 1 };

/** Networks whose numbers are chaotic, explode, hold a NaN or are badly scaled: what x is multiplied by. */
const HARSH = { chaotic: 1, exploding: 1e3, tiny: 1e-6, nan: 1 };

/** A network, an input and the wrong y of one mistake; undefined where the mistake cannot happen on the network that was drawn. */
function makeCase(name, mistake, seed) {
  const rng = stream(`${name} ${seed}`);
  const { pick } = rng;
  const cell = pick(['rnn', 'lstm', 'gru']);
  const sizes = {
    N: pick([1, 2, 3, 5, 8]),
    T: pick([3, 4, 6, 10, 20, 50]),
    D: pick([1, 2, 3, 5, 8]),
    M: pick([2, 3, 5, 8, 16, 32]),
    K: pick([1, 2, 3, 5]),
  };
  const layers = pick([1, 1, 2, 2, 3]);
  const bi = pick([null, null, 'concat']);
  Object.assign(sizes, mistake.sizes?.(sizes));
  const pooled = pick([null, null, null, null, 'max', 'mean']);
  const seq = pooled === null && rng.next() < 0.35;
  const resetAfter = cell === 'gru' && rng.next() < 0.8;
  const net = {
    cell,
    M: sizes.M,
    K: sizes.K,
    layers,
    bi,
    seq,
    ...(pooled ? { pool: pooled } : {}),
    resetAfter,
    twoBiases: cell === 'gru' && resetAfter,
  };
  if (mistake.net?.twoBiases && cell === 'gru' && !resetAfter) return undefined;
  const own = Object.fromEntries(Object.entries(mistake.net ?? {}).filter(([k]) => k !== 'lengths'));
  Object.assign(net, own);
  if (net.pool) net.seq = false;
  if (net.cell === 'gru') net.twoBiases = net.resetAfter;
  else net.twoBiases = Boolean(own.twoBiases);
  const harsh = args.harsh ? pick(Object.keys(HARSH)) : undefined;
  const init = harsh ?? pick(mistake.biases ? ['wide', 'torch', 'trained', 'large'] : ['wide', 'torch', 'keras', 'trained', 'large']);
  if (mistake.when && !mistake.when(net, sizes)) return undefined;
  if (mistake.net?.lengths)
    net.lengths = Array.from({ length: sizes.N }, (_, n) => (n === sizes.N - 1 ? sizes.T : 2 + Math.floor(rng.next() * (sizes.T - 2))));
  const drawn = Array.from({ length: sizes.N }, () => matrix(sizes.T, sizes.D, () => Math.fround(rng.normal())));
  const prepared = mistake.prepare ? mistake.prepare(drawn, rng) : drawn;
  const E = net.tokens ? matrix(VOCABULARY, sizes.D, () => Math.fround(rng.normal())) : undefined;
  if (E) net.tokens = matrix(sizes.N, sizes.T, () => Math.floor(rng.next() * VOCABULARY));
  const X = E ? net.tokens.map(row => row.map(token => E[token])) : harsh ? deep(prepared, v => Math.fround(v * HARSH[harsh])) : prepared;
  if (harsh === 'nan') X[0][0][0] = Number.NaN;
  const weights = { ...drawWeights(net, sizes.D, init, rng), E };
  const place = net.layers === 1 ? 0 : pick([undefined, ...Array.from({ length: net.layers }, (_, l) => l)]);
  const gate = Math.floor(rng.next() * GATES[net.cell]);
  const order = otherOrder(Math.max(2, GATES[net.cell]), rng);
  const all = runAll(net, weights, X, {}, NUMBERS);
  const context = { net, weights, X, rng, sizes, all, right: all.y, place, gate, order, numbers: NUMBERS };
  const made = mistake.make(context);
  const y = made.y ?? network({ ...net, ...made.net }, made.weights ?? weights, made.X ?? X, made.fault ?? {}, made.numbers ?? NUMBERS);
  const numbers =
    args.numbers ??
    (y.flat(Infinity).every(Number.isFinite) ? mistake.written : 'float32') ??
    pick(mistake.right ? Object.keys(WRITTEN) : OFTEN);
  return { net, sizes, init, numbers, place, weights, X, y, right: all.y };
}

async function judge(one, { codes, also = [] }) {
  const request = { ...toolRequest(one.net, one.weights, one.X), against: WRITTEN[one.numbers](one.y), budget: Number(args.budget) };
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
      for (let draw = 0; !one && draw < MOST_DRAWS; draw++) one = makeCase(name, mistake, `${seed} ${draw}`);
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

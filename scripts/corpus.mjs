// How often `compare` names the mistake, and how often it names a wrong one: every code × cell × {1 layer, 2 layers, bidirectional} × sizes ×
// initial weights × {float64, float32, float16 weights} × seeds. The wrong outputs come from scripts/plainLoops.mjs, which shares no code with src/.
//
//   node scripts/corpus.mjs [--seeds 20] [--pairs 300] [--right 5000] [--out docs/diagnosis.md]
//   node scripts/corpus.mjs --seeds 4-8 --pairs 0 --right 0 --save part2.json     a part of it: seeds 4 … 7
//   node scripts/corpus.mjs --merge part1.json,part2.json --out docs/diagnosis.md parts put together
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { GATES, network } from './plainLoops.mjs';

const { values: args } = parseArgs({
  options: {
    seeds: { type: 'string', default: '20' },
    pairs: { type: 'string', default: '300' },
    right: { type: 'string', default: '5000' },
    only: { type: 'string' },
    out: { type: 'string' },
    save: { type: 'string' },
    merge: { type: 'string' },
    verbose: { type: 'boolean', default: false },
  },
});
const root = fileURLToPath(new URL('..', import.meta.url));
const tool = await loadTool();

/** The diagnosis as `compare` uses it, from source. */
async function loadTool() {
  const contents = `
    export { checkSpec } from './src/model/check.js';
    export { diagnose } from './src/diagnosis/diagnose.js';
    export { roundingOf, runScenario } from './src/diagnosis/run.js';
    export { scenarioOf } from './src/diagnosis/scenario.js';`;
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: root },
    bundle: true,
    format: 'esm',
    platform: 'node',
    write: false,
    absWorkingDir: root,
  });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].text).toString('base64')}`);
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

function half(v) {
  if (v === 0) return 0;
  const e = Math.max(-14, Math.floor(Math.log2(Math.abs(v))));
  const unit = 2 ** (e - 10);
  return even(v / unit) * unit;
}

/** To the nearest whole number, ties to even. */
function even(v) {
  const below = Math.floor(v);
  return v - below === 0.5 ? below + (Math.abs(below) % 2) : Math.round(v);
}

const matrix = (rows, columns, draw) => Array.from({ length: rows }, () => Array.from({ length: columns }, draw));

/** init: 'wide' normal 0.5 with biases · 'torch' uniform ±1/√M · 'keras' glorot-like, zero biases, forget gate 1 */
function drawWeights(net, D, init, rng, store) {
  const { M, K } = net;
  const G = GATES[net.cell];
  const limit = 1 / Math.sqrt(M);
  const uniform = a => () => store((2 * rng.next() - 1) * a);
  const draw = { wide: () => store(0.5 * rng.normal()), torch: uniform(limit), keras: uniform(Math.sqrt(6 / (M + G * M))) }[init];
  const bias = () =>
    Array.from({ length: G * M }, (_, k) => (init === 'keras' ? (net.cell === 'lstm' && k >= M && k < 2 * M ? 1 : 0) : draw()));
  const direction = rows => ({
    Wx: matrix(rows, G * M, draw),
    Wh: matrix(M, G * M, draw),
    b: bias(),
    b2: net.twoBiases ? (init === 'keras' ? Array(G * M).fill(0) : bias()) : undefined,
  });
  const width = net.bi === 'concat' ? 2 * M : M;
  const layers = Array.from({ length: net.layers }, (_, l) => ({
    f: direction(l === 0 ? D : width),
    r: net.bi ? direction(l === 0 ? D : width) : undefined,
  }));
  return { layers, Wo: matrix(width, K, draw), bo: Array.from({ length: K }, () => (init === 'keras' ? 0 : draw())) };
}

// ---- the same network for the tool -----------------------------------------------------------------------------------------------------

const tensor = (shape, nested) => ({ shape, data: Float32Array.from(nested.flat(Infinity)) });

function toolScenario(net, weights, X) {
  const D = X[0][0].length;
  const G = GATES[net.cell];
  const layers = weights.layers.map((_, l) => ({
    kind: net.cell,
    name: `r${l}`,
    units: net.M,
    twoBiases: net.cell === 'gru' ? undefined : net.twoBiases,
    ...(net.cell === 'gru' ? { resetAfter: net.resetAfter } : {}),
    ...(net.bi ? { bidirectional: net.bi } : {}),
    returnSequences: l < weights.layers.length - 1 || net.seq || (net.pool ?? 'last') !== 'last',
    zeroOutputForMask: net.zeroMask ?? false,
  }));
  for (const l of layers) for (const key of Object.keys(l)) if (l[key] === undefined) delete l[key];
  const pool = net.pool === 'max' ? [{ kind: 'maxpool' }] : net.pool === 'mean' ? [{ kind: 'avgpool' }] : [];
  const head = [{ kind: 'dense', name: 'head', units: net.K, activation: net.softmax ? 'softmax' : 'linear' }];
  const model = tool.checkSpec({ input: { features: D, timesteps: X[0].length }, layers: [...layers, ...pool, ...head] });
  const named = new Map();
  weights.layers.forEach((w, l) => {
    for (const [way, own] of net.bi
      ? [
          ['forward/', w.f],
          ['backward/', w.r],
        ]
      : [['', w.f]]) {
      named.set(`r${l}/${way}Wx`, tensor([own.Wx.length, G * net.M], own.Wx));
      named.set(`r${l}/${way}Wh`, tensor([net.M, G * net.M], own.Wh));
      named.set(`r${l}/${way}bh`, own.b2 ? tensor([2, G * net.M], [own.b, own.b2]) : tensor([G * net.M], own.b));
    }
  });
  named.set('head/Wo', tensor([weights.Wo.length, net.K], weights.Wo));
  named.set('head/bo', tensor([net.K], weights.bo));
  const [N, T] = [X.length, X[0].length];
  const mask = net.lengths && Uint8Array.from({ length: N * T }, (_, k) => (k % T < net.lengths[Math.floor(k / T)] ? 1 : 0));
  return tool.scenarioOf(model, named, { x: tensor([N, T, D], X), mask });
}

// ---- mistakes --------------------------------------------------------------------------------------------------------------------------

const blocks = (row, order) => {
  const M = row.length / order.length;
  return order.flatMap(b => row.slice(b * M, (b + 1) * M));
};
const eachWay = (weights, only, change) => ({
  ...weights,
  layers: weights.layers.map((w, l) => (only === undefined || only === l ? { f: change(w.f), r: w.r && change(w.r) } : w)),
});
const transposed = W => W[0].map((_, j) => W.map(row => row[j]));
const blockTransposed = (W, G) => {
  const M = W[0].length / G;
  return W.map((_, i) => Array.from({ length: G * M }, (_, k) => W[k % M][Math.floor(k / M) * M + i]));
};
const reshapedFrom = W => {
  const flat = transposed(W).flat();
  return W.map((row, i) => row.map((_, j) => flat[i * row.length + j]));
};
const times = (b, f) => b?.map(v => v * f);
const ORDERS = { lstm: 'ifgo', gru: 'zrg' };

/** code -> {net: what the network must be, make(context): {fault, weights, X, y, code}} ; y: a change of the output */
const MISTAKES = {
  'state-carry': { make: () => ({ fault: { carry: 'all' } }) },
  'state-carry-c-only': { cells: ['lstm'], make: () => ({ fault: { carry: 'c' } }) },
  'time-reversed': { make: () => ({ fault: { reversed: true } }) },
  'axes-swapped': {
    bi: false,
    make: ({ X, run }) => {
      const swapped = X[0].map((_, t) => X.map(rows => rows[t]));
      const all = run({ X: swapped, fault: { seq: true } }); // [t][n][K]
      return { result: X.map((_, n) => all[all.length - 1][n]) };
    },
  },
  'stops-early': { make: ({ X, rng }) => ({ fault: { to: X[0].length - 1 - Math.floor(rng.next() * 2) } }) },
  'starts-late': { make: ({ rng }) => ({ fault: { from: 1 + Math.floor(rng.next() * 2) } }) },
  'first-step': { make: ({ net }) => ({ fault: { firstStep: true, layer: net.layers - 1 } }) },
  'in-place-update': { make: () => ({ fault: { inPlace: true } }) },
  'head-on-input': {
    make: ({ X, net, rng }) => {
      const W = matrix(X[0][0].length, net.K, () => rng.normal());
      return { result: X.map(rows => rows.map(x => W[0].map((_, k) => Math.fround(x.reduce((s, v, d) => s + v * W[d][k], 0.1 * k))))) };
    },
  },
  'head-every-step': { make: () => ({ fault: { seq: true } }) },
  'head-last': { net: { seq: true }, make: () => ({ fault: { seq: false } }) },
  'pool-max': { make: () => ({ fault: { pool: 'max' } }) },
  'pool-mean': { make: () => ({ fault: { pool: 'mean' } }) },
  'pool-last': { net: { pool: 'max' }, make: () => ({ fault: { pool: 'last' } }) },
  'wx-transposed': {
    square: true,
    make: ({ net, weights }) => ({ weights: eachWay(weights, 0, w => ({ ...w, Wx: blockTransposed(w.Wx, GATES[net.cell]) })) }),
  },
  'wh-transposed': {
    make: ({ net, weights, place }) => ({ weights: eachWay(weights, place, w => ({ ...w, Wh: blockTransposed(w.Wh, GATES[net.cell]) })) }),
  },
  'wx-reshaped': {
    make: ({ weights, place }) => ({
      code: weights.layers.every((w, l) => (place !== undefined && place !== l) || w.f.Wx.length === w.f.Wx[0].length)
        ? 'wx-transposed'
        : undefined,
      weights: eachWay(weights, place, w => ({ ...w, Wx: reshapedFrom(w.Wx) })),
    }),
  },
  'gate-order': {
    cells: ['lstm', 'gru'],
    make: ({ net, weights, rng, place }) => {
      const letters = ORDERS[net.cell];
      const order = [...letters];
      while (order.join('') === letters) order.sort(() => rng.next() - 0.5);
      const take = [...letters].map(g => order.indexOf(g));
      const change = w => ({
        Wx: w.Wx.map(r => blocks(r, take)),
        Wh: w.Wh.map(r => blocks(r, take)),
        b: blocks(w.b, take),
        b2: w.b2 && blocks(w.b2, take),
      });
      return { weights: eachWay(weights, place, change), code: `gate-order:${order.join('')}` };
    },
  },
  'gru-reset-before': { cells: ['gru'], make: () => ({ net: { resetAfter: false } }) },
  'gru-reset-after': { cells: ['gru'], net: { resetAfter: false, twoBiases: false }, make: () => ({ net: { resetAfter: true } }) },
  'gru-update-swapped': { cells: ['gru'], make: ({ place }) => ({ fault: { updateSwapped: true, layer: place } }) },
  'bias-missing': {
    make: ({ weights, place }) => ({ weights: eachWay(weights, place, w => ({ ...w, b: times(w.b, 0), b2: times(w.b2, 0) })) }),
  },
  'bias-once-of-two': {
    net: { twoBiases: true },
    make: ({ weights, rng, place }) => {
      const second = rng.next() < 0.5;
      return { weights: eachWay(weights, place, w => (second ? { ...w, b2: times(w.b2, 0) } : { ...w, b: times(w.b, 0) })) };
    },
  },
  'bias-twice': {
    make: ({ weights, place }) => ({ weights: eachWay(weights, place, w => ({ ...w, b: times(w.b, 2), b2: times(w.b2, 2) })) }),
  },
  'forget-bias-plus-1': {
    cells: ['lstm'],
    make: ({ net, weights, place }) => ({
      weights: eachWay(weights, place, w => ({ ...w, b: w.b.map((v, k) => (k >= net.M && k < 2 * net.M ? v + 1 : v)) })),
    }),
  },
  'hard-sigmoid': {
    cells: ['lstm', 'gru'],
    make: ({ rng, place }) => ({ fault: { gate: rng.next() < 0.5 ? 'hard6' : 'hard5', layer: place } }),
  },
  activation: {
    make: ({ rng, place }) => {
      const activation = rng.pick(['linear', 'relu', 'sigmoid', 'softsign', 'elu']);
      return { fault: { activation, layer: place }, code: `activation:${activation}` };
    },
  },
  'bidirectional-order': {
    bi: true,
    make: ({ rng, weights }) =>
      rng.next() < 0.5
        ? { fault: { swapHalves: true } }
        : { weights: { ...weights, layers: weights.layers.map(w => ({ f: w.r, r: w.f })) } },
  },
  'bidirectional-last-step': { bi: true, make: ({ net }) => ({ fault: { endOfBoth: true, layer: net.layers - 1 } }) },
  'bidirectional-merge': {
    bi: true,
    net: { bi: 'sum' },
    make: ({ rng }) => {
      const merge = rng.pick(['ave', 'mul']);
      return { fault: { merge }, code: `bidirectional-merge:${merge}` };
    },
  },
  'backward-not-flipped': { bi: true, net: { seq: true }, make: () => ({ fault: { notFlipped: true } }) },
  'mask-zeros': { net: { lengths: true, seq: true }, make: () => ({ net: { zeroMask: true } }) },
  'mask-hold': { net: { lengths: true, seq: true, zeroMask: true }, make: () => ({ net: { zeroMask: false } }) },
  'mask-ignored': { net: { lengths: true }, make: () => ({ fault: { ignoreMask: true } }) },
  'softmax-missing': { net: { softmax: true }, make: () => ({ fault: { noSoftmax: true } }) },
  'softmax-twice': { net: { softmax: true }, make: () => ({ fault: { softmaxTwice: true } }) },
  'samples-permuted': {
    make: ({ X, rng }) => {
      const order = X.map((_, n) => n);
      while (order.every((m, n) => m === n)) order.sort(() => rng.next() - 0.5);
      return { y: y => order.map(n => y[n]) };
    },
  },
  'stale-weights': {
    many: true,
    make: ({ weights, rng }) => ({
      weights: { ...weights, Wo: weights.Wo.map(row => row.map(() => rng.normal())), bo: weights.bo.map(() => rng.normal()) },
    }),
  },
  float16: {
    make: ({ weights, X, rng }) => (rng.next() < 0.5 ? { weights: mapWeights(weights, half) } : { X: X.map(r => r.map(v => v.map(half))) }),
  },
  bfloat16: { make: ({ weights }) => ({ weights: mapWeights(weights, v => bfloat(v)) }) },
};

function bfloat(v) {
  if (v === 0) return 0;
  const unit = 2 ** (Math.floor(Math.log2(Math.abs(v))) - 7);
  return even(v / unit) * unit;
}

function mapWeights(weights, f) {
  const deep = v => (Array.isArray(v) ? v.map(deep) : typeof v === 'number' ? f(v) : v);
  return {
    layers: weights.layers.map(l => ({ f: deepWay(l.f, deep), r: l.r && deepWay(l.r, deep) })),
    Wo: deep(weights.Wo),
    bo: deep(weights.bo),
  };
}
const deepWay = (w, deep) => Object.fromEntries(Object.entries(w).map(([k, v]) => [k, v && deep(v)]));

// ---- cases -----------------------------------------------------------------------------------------------------------------------------

const SIZES = [
  { N: 4, T: 10, D: 3, M: 5, K: 2 },
  { N: 3, T: 6, D: 4, M: 4, K: 3 },
];
const SHAPES = [
  { layers: 1, bi: null },
  { layers: 2, bi: null },
  { layers: 1, bi: 'concat' },
];
const INITS = ['wide', 'torch', 'keras'];
const NUMBERS = {
  float32: { round: Math.fround, order: 1, store: Math.fround },
  float16: { round: Math.fround, order: -1, store: half },
};

function makeCase(code, mistake, { cell, shape, size, init, numbers, seed, second }) {
  const rng = stream(`${code} ${cell} ${JSON.stringify(shape)} ${JSON.stringify(size)} ${init} ${numbers} ${seed}`);
  const how = NUMBERS[numbers];
  const net = { cell, ...shape, M: size.M, K: size.K, resetAfter: cell === 'gru', twoBiases: cell === 'gru', seq: false, ...mistake.net };
  if (net.bi !== null && shape.bi === null) net.bi = null;
  if (cell === 'gru' && mistake.net?.twoBiases && !net.resetAfter) net.twoBiases = false;
  const N = mistake.many ? 24 : size.N;
  const D = mistake.square ? size.M : size.D;
  if (net.lengths) net.lengths = Array.from({ length: N }, (_, n) => (n === 0 ? size.T : 2 + Math.floor(rng.next() * (size.T - 2))));
  const X = Array.from({ length: N }, () => matrix(size.T, D, () => how.store(rng.normal())));
  const weights = drawWeights(net, D, init, rng, how.store);
  const place = net.layers === 1 ? 0 : rng.pick([undefined, 0, 1]);
  let now = { net, weights, X, fault: {}, y: y => y };
  let result;
  const codes = [];
  for (const [name, m] of second ? [[code, mistake], second] : [[code, mistake]]) {
    const run = o => network({ ...now.net, ...o.net }, o.weights ?? now.weights, o.X ?? now.X, { ...now.fault, ...o.fault }, how);
    const made = m.make({ ...now, rng, place: second ? undefined : place, run });
    codes.push(made.code ?? name);
    const before = now;
    if (made.result) result = made.result;
    now = {
      net: { ...now.net, ...made.net },
      weights: made.weights ?? now.weights,
      X: made.X ?? now.X,
      fault: { ...now.fault, ...made.fault },
      y: made.y ? y => made.y(before.y(y)) : now.y,
    };
  }
  result ??= now.y(network(now.net, now.weights, now.X, now.fault, how));
  return { net, weights, X, result, code: nameOf(codes) };
}

/** Codes in one order. The first steps of a reversed sequence are the last ones: leaving either out is the same. */
function nameOf(codes) {
  return codes
    .map(c => (c === 'starts-late' && codes.includes('time-reversed') ? 'stops-early' : c))
    .sort()
    .join('+');
}

/** Milliseconds this process has computed for: a busy machine does not shorten the budget. */
function processorTime() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function judge({ net, weights, X, result, code }, budget) {
  const scenario = toolScenario(net, weights, X);
  const right = tool.runScenario(scenario);
  const shape = [result.length, ...(Array.isArray(result[0][0]) ? [result[0].length, result[0][0].length] : [result[0].length])];
  const other = tensor(shape, result);
  const noise = tool.roundingOf(scenario, right);
  const magnitude = right.y.data.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
  const tolerance = Math.max(16 * noise, 4 * 2 ** (Math.floor(Math.log2(magnitude)) - 23));
  const sameShape = shape.join() === right.y.shape.join();
  const off = sameShape ? right.y.data.reduce((m, v, k) => Math.max(m, Math.abs(v - other.data[k])), 0) : Infinity;
  if (off <= tolerance) return { outcome: 'equal', off };
  const found = tool.diagnose(scenario, right, other, { noise, budget, now: processorTime });
  const likely = found.findings.filter(f => f.verdict === 'likely').map(f => nameOf(f.codes));
  const top = found.findings[0] && nameOf(found.findings[0].codes);
  // below this a mistake is too small to be named: power says so
  const visible = off > 1000 * found.noise;
  if (found.verdict === 'fits') return { outcome: top === code ? 'right' : 'wrong', named: top, visible, off, found };
  if (found.verdict === 'likely')
    return {
      outcome: likely.includes(code) ? (likely.length > 1 ? 'tied' : 'likely') : 'likely-other',
      named: likely.join(' | '),
      visible,
      off,
      found,
    };
  return { outcome: 'silent', visible, off, found };
}

function* settings(mistake, seeds) {
  for (const cell of mistake.cells ?? ['rnn', 'lstm', 'gru']) {
    for (const shape of SHAPES) {
      if (mistake.bi === true && !shape.bi) continue;
      if (mistake.bi === false && shape.bi) continue;
      for (const size of SIZES)
        for (const init of INITS)
          for (const numbers of Object.keys(NUMBERS))
            for (let seed = seeds.from; seed < seeds.to; seed++) yield { cell, shape, size, init, numbers, seed };
    }
  }
}

const OUTCOMES = ['right', 'wrong', 'tied', 'likely', 'likely-other', 'silent', 'equal'];
const lines = [];
const say = text => {
  lines.push(text);
  console.log(text);
};

function table(rows) {
  say(`| mistake | cases | hidden (too small to name) | ${OUTCOMES.join(' | ')} | of the visible: right | right or tied |`);
  say(`|---|--:|--:|${OUTCOMES.map(() => '--:').join('|')}|--:|--:|`);
  for (const [name, r] of rows) {
    const percent = n => (r.visible === 0 ? '–' : `${((100 * n) / r.visible).toFixed(1)} %`);
    say(
      `| ${name} | ${r.cases} | ${r.cases - r.visible} | ${OUTCOMES.map(o => r[o] ?? 0).join(' | ')} | ${percent(r.visibleRight)} | ${percent(r.visibleRight + r.visibleTied)} |`,
    );
  }
}

/** '20' is seeds 0 … 19, '4-8' is 4 … 7 */
function seedRange(text) {
  const [first, second] = text.split('-').map(Number);
  return second === undefined ? { from: 0, to: first } : { from: first, to: second };
}

function tally(into, { outcome, visible = false }) {
  into.cases++;
  into[outcome] = (into[outcome] ?? 0) + 1;
  if (visible) into.visible++;
  if (visible && outcome === 'right') into.visibleRight++;
  if (visible && outcome === 'tied') into.visibleTied++;
}
const empty = () => ({ cases: 0, visible: 0, visibleRight: 0, visibleTied: 0 });

const began = performance.now();
const chosen = Object.entries(MISTAKES).filter(([name]) => !args.only || args.only.split(',').includes(name));

/** What a run counted: the parts of a corpus add up. {singles, pairs: {rows, confusions}, right: {count, alarms, worst}} */
function counted() {
  const seeds = seedRange(args.seeds);
  return {
    singles: seeds.to > seeds.from ? singles(seeds) : undefined,
    pairs: Number(args.pairs) > 0 ? pairs() : undefined,
    right: Number(args.right) > 0 ? rightOnes() : undefined,
  };
}

function singles(seeds) {
  const rows = {};
  const confusions = {};
  for (const [code, mistake] of chosen) {
    rows[code] = empty();
    for (const setting of settings(mistake, seeds)) {
      const verdict = judge(makeCase(code, mistake, setting), 0.3);
      tally(rows[code], verdict);
      if (verdict.outcome === 'wrong' || verdict.outcome === 'likely-other' || (verdict.outcome === 'tied' && verdict.visible)) {
        const key = `${verdict.outcome}: ${code} taken for ${verdict.named}`;
        confusions[key] = (confusions[key] ?? 0) + 1;
      }
      if (args.verbose && (verdict.outcome === 'wrong' || (verdict.visible && !['right', 'tied'].includes(verdict.outcome))))
        console.error(
          code,
          JSON.stringify(setting),
          verdict.outcome,
          verdict.named,
          verdict.off,
          verdict.found?.noise,
          verdict.found?.findings.slice(0, 3).map(f => `${f.code} ${f.residual} ${f.margin}`),
        );
    }
  }
  return { rows, confusions };
}

function pairs() {
  const count = Number(args.pairs);
  const plain = [
    'state-carry',
    'time-reversed',
    'stops-early',
    'starts-late',
    'wh-transposed',
    'bias-missing',
    'bias-twice',
    'gate-order',
    'hard-sigmoid',
    'activation',
    'gru-reset-before',
    'forget-bias-plus-1',
    'wx-reshaped',
    'in-place-update',
  ];
  const rng = stream('pairs');
  const row = empty();
  const confusions = {};
  while (row.cases < count) {
    const [a, b] = [rng.pick(plain), rng.pick(plain)];
    // a bias cannot be both missing and added twice
    if (a >= b || (a === 'bias-missing' && b === 'bias-twice')) continue;
    const cell = rng.pick(['rnn', 'lstm', 'gru']);
    if ([a, b].some(c => MISTAKES[c].cells && !MISTAKES[c].cells.includes(cell))) continue;
    const setting = {
      cell,
      shape: SHAPES[0],
      size: SIZES[0],
      init: rng.pick(['wide', 'torch']),
      numbers: 'float32',
      seed: row.cases,
      second: [b, MISTAKES[b]],
    };
    const verdict = judge(makeCase(a, MISTAKES[a], setting), 2);
    tally(row, verdict);
    if (verdict.visible && verdict.outcome !== 'right') {
      const key = `${verdict.outcome}: ${a}+${b} (${cell}) ${verdict.named ? `taken for ${verdict.named}` : ''}`;
      confusions[key] = (confusions[key] ?? 0) + 1;
    }
  }
  return { rows: { pairs: row }, confusions };
}

function rightOnes() {
  const count = Number(args.right);
  const rng = stream('right');
  let alarms = 0;
  let worst = 0;
  for (let i = 0; i < count; i++) {
    const setting = {
      cell: rng.pick(['rnn', 'lstm', 'gru']),
      shape: rng.pick(SHAPES),
      size: rng.pick([...SIZES, { N: 1, T: 30, D: 2, M: 8, K: 1 }, { N: 2, T: 1, D: 5, M: 3, K: 4 }, { N: 1, T: 100, D: 8, M: 16, K: 2 }]),
      init: rng.pick(INITS),
      numbers: rng.pick(['float32', 'float16']),
      seed: `right ${i}`,
    };
    const verdict = judge(makeCase('none', { make: () => ({}), net: { seq: rng.next() < 0.3 } }, setting), 0);
    if (verdict.outcome !== 'equal') alarms++;
    worst = Math.max(worst, verdict.off);
    if (args.verbose && verdict.outcome !== 'equal') console.error(JSON.stringify(setting), verdict.off, verdict.found.noise);
  }
  return { count, alarms, worst };
}

/** The counts of several parts as one. */
function merged(parts) {
  const tables = name => {
    const own = parts.flatMap(p => p[name] ?? []);
    return own.length === 0
      ? undefined
      : {
          rows: added(
            own.map(p => p.rows),
            added,
          ),
          confusions: added(own.map(p => p.confusions)),
        };
  };
  const right = parts.flatMap(p => p.right ?? []);
  const sum = key => right.reduce((n, r) => n + r[key], 0);
  return {
    singles: tables('singles'),
    pairs: tables('pairs'),
    right: right.length === 0 ? undefined : { count: sum('count'), alarms: sum('alarms'), worst: Math.max(...right.map(r => r.worst)) },
  };
}

/** Objects added up by key. */
function added(objects, add = values => values.reduce((a, b) => a + b, 0)) {
  const keys = new Set(objects.flatMap(o => Object.keys(o)));
  return Object.fromEntries([...keys].map(key => [key, add(objects.flatMap(o => (key in o ? [o[key]] : [])))]));
}

function report({ singles, pairs, right }) {
  if (singles) {
    say('### One mistake\n');
    const visible = Object.entries(singles.rows);
    table([...visible, ['all', added(visible.map(([, row]) => row))]]);
    const named = Object.entries(singles.confusions).sort((a, b) => b[1] - a[1]);
    if (named.length > 0) say('\nNot told apart, and named otherwise:\n');
    for (const [key, count] of named.slice(0, 40)) say(`- ${count} × ${key}`);
  }
  if (pairs) {
    say('\n### Two mistakes at once (one layer, N=4 T=10 D=3 M=5 K=2, budget 2 s of processor time)\n');
    table(Object.entries(pairs.rows));
    const named = Object.entries(pairs.confusions).sort((a, b) => b[1] - a[1]);
    if (named.length > 0) say('\nNot named:\n');
    for (const [key, n] of named.slice(0, 30)) say(`- ${n} × ${key}`);
  }
  if (right)
    say(
      `\n### Right outputs\n\n${right.count} right outputs (float32 in order, float16 weights and input with sums in reverse order): ${right.alarms} called different. Largest difference ${right.worst.toExponential(1)}.`,
    );
}

const counts = args.merge ? merged(args.merge.split(',').map(file => JSON.parse(readFileSync(file, 'utf8')))) : counted();
if (args.save) writeFileSync(args.save, JSON.stringify(counts));
report(counts);
console.error(`${((performance.now() - began) / 1000).toFixed(0)} s`);
if (args.out) {
  const old = readFileSync(args.out, 'utf8');
  const mark = '<!-- corpus -->';
  writeFileSync(args.out, `${old.slice(0, old.indexOf(mark) + mark.length)}\n${lines.join('\n')}\n`);
}

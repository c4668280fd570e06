// Scripts of --emit, run by the installed PyTorch, Keras and NumPy: each must print the y of the run that printed it.
//   npm run live:emit -- --python PATH [--seed s] [--count n] [--target torch|keras|numpy]
// PATH is a Python with numpy, and torch and keras (with TensorFlow) for their targets. A network that a target does not have is counted as refused.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import seedrandom from 'seedrandom';
import { commandLine } from './program.mjs';

/** Relative to the largest number of y: float32 sums in another order. */
const TOLERANCE = 5e-6;

const { values: flags } = parseArgs({
  options: {
    python: { type: 'string' },
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '60' },
    target: { type: 'string', multiple: true, default: ['torch', 'keras', 'numpy'] },
  },
});
if (!flags.python) {
  console.error('usage: npm run live:emit -- --python PATH [--seed s] [--count n] [--target torch|keras|numpy]');
  process.exit(2);
}

/** With other parameters than the default ones, too. */
const FUNCTIONS = [
  ...[
    'softmax',
    'log_softmax',
    'sparsemax',
    'tanh',
    'linear',
    'elu',
    'selu',
    'celu',
    'gelu',
    'gelu_tanh',
    'mish',
    'silu',
    'softplus',
    'softsign',
  ],
  ...['relu6', 'hard_sigmoid', 'hard_sigmoid_keras2', 'hard_silu', 'hard_tanh', 'hard_shrink', 'soft_shrink', 'tanh_shrink', 'log_sigmoid'],
  ...['sparse_plus', 'sparse_sigmoid', 'squareplus', 'exponential', 'threshold', 'thresholded_relu', 'affine', 'scaled_tanh', 'leaky_relu'],
  { name: 'relu', max_value: 0.4 },
  { name: 'relu', max_value: 0.9, negative_slope: 0.2, threshold: 0.1 },
  { name: 'leaky_relu', negative_slope: 0.05 },
  { name: 'elu', alpha: 0.7 },
  { name: 'celu', alpha: 0.7 },
  { name: 'gelu', approximate: true },
  { name: 'hard_shrink', threshold: 0.2 },
  { name: 'soft_shrink', threshold: 0.2 },
  { name: 'threshold', threshold: 0.2, default_value: -0.4 },
  { name: 'thresholded_relu', theta: 0.3 },
  { name: 'squareplus', b: 2.5 },
  { name: 'hard_sigmoid_keras2', alpha: 0.3, beta: 0.4 },
  { name: 'affine', alpha: 1.5, beta: 0.25 },
  { name: 'scaled_tanh', alpha: 1.5, beta: 0.25 },
];

/** Every script in one process, for importing takes longer than they do; a script that fails prints its error. */
const RUN_ALL = `import json, sys, io, contextlib, traceback, numpy
numpy.set_printoptions(precision=17, threshold=10**9)
printed = []
for script in json.load(sys.stdin):
    with contextlib.redirect_stdout(io.StringIO()) as text:
        try: exec(script, {})
        except Exception: print("failed: " + traceback.format_exc())
    printed.append(text.getvalue())
print(json.dumps(printed))`;

const random = seedrandom(flags.seed);
const folder = mkdtempSync(join(tmpdir(), 'rnn-cli-live-'));
const networks = Array.from({ length: Number(flags.count) }, (_, i) => (i % 4 === 3 ? networkOfGraph(i) : randomNetwork()));
const cli = await commandLine();
const table = {};
for (const target of flags.target) {
  const count = { equal: 0, refused: 0, WRONG: 0 };
  const runs = [];
  for (const argv of networks) {
    const words = argv.map(word => (word === 'ITS-OWN' ? (target === 'numpy' ? 'pcg64' : target) : word));
    const script = await cli('forward', ...words, '--emit', target);
    if (script.exit === 3) count.refused++;
    else runs.push({ words, script, expected: await cli('forward', ...words, '--json') });
  }
  const python = spawnSync(flags.python, ['-W', 'ignore', '-c', RUN_ALL], {
    input: JSON.stringify(runs.map(run => run.script.stdout)),
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const printed = JSON.parse(python.stdout.trim().split('\n').at(-1));
  for (const [i, run] of runs.entries()) {
    const fault = faultOf(run, printed[i]);
    count[fault ? 'WRONG' : 'equal']++;
    if (fault) console.log(` ${target}  forward ${run.words.join(' ')}\n   ${fault}`);
  }
  table[target] = count;
}
console.table(table);
rmSync(folder, { recursive: true });
process.exitCode = Object.values(table).some(count => count.WRONG > 0) ? 1 : 0;

/** What is wrong with what the script printed, undefined where it is the run's y. */
function faultOf({ script, expected }, printed) {
  if (script.exit !== 0 || expected.exit !== 0) return `exit ${script.exit}: ${script.stderr || expected.stderr}`;
  if (printed.startsWith('failed: ')) return printed.trim().split('\n').slice(-2).join(' ');
  const y = JSON.parse(expected.stdout).outputs[0].y.flat(9);
  const found = (printed.match(/-?\d+\.?\d*(e[-+]?\d+)?/gi) ?? []).map(Number);
  if (found.length !== y.length) return `${found.length} numbers printed, y has ${y.length}`;
  const scale = Math.max(1, ...y.map(Math.abs));
  const off = Math.max(...y.map((v, k) => Math.abs(v - found[k]))) / scale;
  return off < TOLERANCE ? undefined : `off by ${off} of the largest number`;
}

/** A chain with a recurrent layer at least, its sizes all different, and where its weights come from. */
function randomNetwork() {
  const layers = [];
  const depth = 1 + Math.floor(random() * 3);
  const tokens = random() < 0.2;
  if (tokens) layers.push('embedding:11x5');
  for (let i = 0; i < depth; i++) {
    const cell = one(['rnn', 'lstm', 'gru', 'birnn', 'bilstm', 'bigru']);
    const activation = cell.endsWith('rnn') ? some(0.3, '@relu') : some(0.1, '@relu');
    const merge = cell.startsWith('bi') ? some(0.2, one(['+sum', '+mul', '+ave'])) : '';
    const sequences = i < depth - 1 || random() < 0.5 ? '+seq' : '';
    const reset = cell.endsWith('gru') ? some(0.2, '+resetbefore') : '';
    layers.push(`${cell}:${3 + i}${activation}${sequences}${some(0.15, '+nobias')}${reset}${merge}`);
    layers.push(...some(0.2, 'dropout:0.3').split(' ').filter(Boolean));
    if (!sequences) break;
    if (i === depth - 1)
      layers.push(
        ...some(0.5, one(['maxpool', 'avgpool', 'last', 'flatten']))
          .split(' ')
          .filter(Boolean),
      );
  }
  if (random() < 0.8) layers.push(`dense:2${some(0.5, one(['@softmax', '@tanh', '@sigmoid', '@silu', '@elu', '@softplus']))}`);
  return ['--layers', layers.join(','), '--T', '7', ...(tokens ? [] : ['--D', '2']), ...drawing()];
}

/** An encoder whose states a decoder starts from, one layer called twice, or two inputs. */
function networkOfGraph(i) {
  const ways = random() < 0.5 ? null : 'concat';
  const recurrent = (kind, name, units, others) => ({ kind, name, units, bidirectional: ways, ...others });
  const kind = one(['rnn', 'lstm', 'gru']);
  const states = kind === 'lstm' ? ['h', 'c'] : ['h'];
  const encoded = ways
    ? ['forward', 'backward'].flatMap(way => states.map(state => `a/${way}/${state}`))
    : states.map(state => `a/${state}`);
  const head = inputs => ({ kind: 'dense', name: 'y', units: 2, inputs, activation: one(FUNCTIONS) });
  const form = one(['states', 'shared', 'inputs', 'read', 'function']);
  const layers = [recurrent(kind, 'a', 4, { returnSequences: form === 'shared' })];
  if (form === 'states')
    layers.push(recurrent(kind, 'b', 4, { inputs: ['x'], states: encoded, returnSequences: random() < 0.5 }), head(['b']));
  if (form === 'shared')
    layers.push({ kind: 'dense', name: 'd', units: ways ? 8 : 4 }, { kind: 'dense', name: 'e', units: 2, shares: 'd', inputs: ['d'] });
  if (form === 'shared') layers[2].units = layers[1].units;
  if (form === 'inputs')
    layers.push(recurrent('gru', 'b', 3, { inputs: ['z'] }), { kind: 'concatenate', name: 'c', inputs: ['a', 'b'] }, head(['c']));
  if (form === 'read') layers.push({ kind: 'concatenate', name: 'c', inputs: ['a', one(encoded)] }, head(['c']));
  // every function by itself
  if (form === 'function') layers.splice(0, 1, { ...head(), kind: 'dense', activation: FUNCTIONS[(i >> 2) % FUNCTIONS.length] });
  layers[0].inputs = ['x'];
  const inputs = [
    { name: 'x', timesteps: 6, features: 3 },
    { name: 'z', timesteps: 5, features: 4 },
  ].slice(0, form === 'inputs' ? 2 : 1);
  const file = join(folder, `${i}-${form}.json`);
  writeFileSync(file, JSON.stringify({ inputs, layers }));
  return ['--model', file, ...drawing()];
}

/** How many samples, and where the weights come from. */
function drawing() {
  const weights = one([[], ['--rng', 'ITS-OWN'], ['--framework', 'torch']]);
  return ['--N', '3', '--seed', String(Math.floor(random() * 1000)), ...weights];
}

function one(list) {
  return list[Math.floor(random() * list.length)];
}

function some(probability, text) {
  return random() < probability ? text : '';
}

import { CELL_NAMES } from '../run/cellNames.js';
import { TARGETS } from '../run/convertFormats.js';
import { LIMITS } from '../run/limits.js';
import { ENGINE_NAMES, FRAMEWORK_NAMES, RANGES, RNG_NAMES } from '../run/request.js';
import { COMMANDS } from './commandWords.js';
import type { CommandName, Flag, FlagGroup, FlagValue } from './flag.js';

/**
 * Every flag, once. This table configures commander and produces help, man page and completions, so they cannot disagree. The allowed
 * values are in `value`, which cli/argumentValues.ts reads.
 */
const NETWORKS: readonly CommandName[] = ['shapes', 'forward', 'compare', 'probe'];
const RESULTS: readonly CommandName[] = ['shapes', 'forward', 'compare', 'inspect', 'convert'];
/** commands that read a model file; weights alone may leave these to flags */
const FILES: readonly CommandName[] = ['inspect', 'convert'];
const RUNS: readonly CommandName[] = ['forward', 'compare'];
const ARRAYS = ['npy', 'npz', 'csv', 'json', 'jsonl'];

export const STYLES = ['box', 'plain', 'ascii', 'markdown', 'csv'] as const;

const NETWORK = flags('Network', NETWORKS, {
  N: {
    flags: '--N, --batch <n>',
    value: { kind: 'size', ...RANGES.N, symbolic: ['shapes'] },
    default: '1; symbolic in shapes',
    help: 'samples',
    otherNames: 'batch-size samples num-samples n-samples',
  },
  T: {
    flags: '--T, --timesteps <n|?>',
    value: { kind: 'size', ...RANGES.T, symbolic: ['shapes', 'inspect'] },
    default: '10; in shapes symbolic with --layers or a file',
    help: 'time steps; ? keeps it symbolic',
    otherNames: 'steps n-steps num-steps seq-len seqlen seq-length sequence-length max-len time window window-size lookback',
    commands: [...NETWORKS, ...FILES],
  },
  D: {
    flags: '--D, --features <n>',
    value: { kind: 'size', ...RANGES.D },
    default: '3',
    help: 'input features',
    otherNames: 'input-size input-dim input-features in-features num-features feature-size inputs',
    commands: [...NETWORKS, ...FILES],
  },
  M: {
    flags: '--M, --units <n[,n]>',
    value: { kind: 'sizes', ...RANGES.M },
    default: '5',
    help: 'hidden units; 5,4 is a stack of two layers',
    otherNames:
      'hidden hidden-size hidden-units hidden-dim num-units nhid neurons n-hidden num-hidden rnn-units lstm-units state-size size',
  },
  K: {
    flags: '--K, --outputs <n>',
    value: { kind: 'size', ...RANGES.K },
    default: '2',
    help: 'outputs of the dense layer; 0: no dense layer',
    otherNames: 'output-size output-dim classes num-classes num-outputs out-features target-size labels',
  },
  cell: { flags: '--cell <name>', value: { kind: 'choice', choices: CELL_NAMES }, default: 'rnn', help: 'kind of recurrent layer' },
  task: {
    flags: '--task <name>',
    value: { kind: 'choice', choices: ['many-to-one', 'many-to-many'] },
    default: 'many-to-one',
    help: 'dense on the last h, or on the h of every step',
    commands: [...NETWORKS, ...FILES],
  },
  pool: {
    flags: '--pool <name>',
    value: { kind: 'choice', choices: ['last', 'max', 'mean'] },
    default: 'last',
    help: 'many to one: take the last h, or the maximum or mean over time',
    otherNames: 'pooling',
    commands: [...NETWORKS, ...FILES],
  },
  bidirectional: { flags: '--bidirectional', help: 'run forwards and backwards, outputs concatenated', otherNames: 'bi bidir' },
  stack: {
    flags: '--stack <n>',
    value: { kind: 'size', ...RANGES.stack },
    default: '1',
    help: 'recurrent layers of M units on top of each other',
    otherNames: 'num-layers n-layers nlayers num-rnn-layers depth',
  },
  activation: {
    flags: '--activation <name>',
    value: { kind: 'text', names: 'activations' },
    default: 'tanh',
    help: 'activation of the recurrent layers: tanh, relu, sigmoid, …',
    otherNames: 'nonlinearity',
    commands: [...NETWORKS, ...FILES],
  },
  recurrentActivation: {
    flags: '--recurrent-activation <name>',
    value: { kind: 'text', names: 'activations' },
    default: 'sigmoid; by --framework',
    help: 'activation of the gates of an LSTM or a GRU: sigmoid, hard_sigmoid, …',
    otherNames: 'gate-activation inner-activation',
    commands: [...NETWORKS, ...FILES],
  },
  layers: {
    flags: '--layers <text>',
    value: { kind: 'text', names: 'layers' },
    help: 'the network on one line: "lstm:64,gru:32,dense:10"',
    otherNames: 'net network arch architecture',
    commands: [...NETWORKS, ...FILES],
  },
  model: {
    flags: '--model <FILE|->',
    value: { kind: 'file', extensions: ['json', 'keras', 'h5', 'onnx', 'pt2'], stdin: true },
    help: 'a spec (.json) or a trained model; - reads stdin',
    otherNames: 'spec file',
  },
  weights: {
    flags: '--weights <FILE>',
    value: { kind: 'file', extensions: ['npz', 'safetensors', 'pt', 'pth', 'h5', 'index'] },
    help: 'weights for the network; enough alone if they determine it (a PyTorch state dict)',
    otherNames: 'checkpoint state-dict load weights-file w',
    commands: [...NETWORKS, ...FILES],
  },
  framework: {
    flags: '--framework <name>',
    value: { kind: 'choice', choices: FRAMEWORK_NAMES },
    default: 'keras',
    help: 'whose counting rules, weight layouts and defaults',
    otherNames: 'convention backend lib library',
    commands: [...NETWORKS, ...FILES],
  },
  strict: { flags: '--strict', help: 'assume and infer nothing: what neither the file nor a flag says is an error' },
});

const INPUT = flags('Weights and input', RUNS, {
  seed: {
    flags: '--seed <s>',
    value: { kind: 'text' },
    default: '42',
    help: 'seed of weights and input, one stream per tensor',
    otherNames: 'random-seed random-state manual-seed',
    commands: [...RUNS, 'probe'],
  },
  rng: {
    flags: '--rng <name>',
    value: { kind: 'choice', choices: RNG_NAMES },
    default: 'seedrandom',
    help: 'random generator, so that the numbers are those of your own script',
  },
  inputRng: {
    flags: '--input-rng <name>',
    value: { kind: 'choice', choices: RNG_NAMES },
    default: 'that of --rng',
    help: 'random generator of the input, if it differs',
  },
  init: {
    flags: '--init <name>',
    value: { kind: 'text', names: 'initializers' },
    default: 'that of --rng, --framework',
    help: 'how weights are drawn: keras, torch, …',
    otherNames: 'initializer',
    commands: [...RUNS, 'probe'],
  },
  input: {
    flags: '-i, --input <FILE|->',
    value: { kind: 'file', extensions: ARRAYS, stdin: true },
    default: 'seeded standard normal',
    help: 'X [N, T, D]; FILE.npz:key picks an array; - reads stdin',
    otherNames: 'x data',
  },
  rows: {
    flags: '--rows <a:b>',
    value: { kind: 'range' },
    default: 'all',
    help: 'samples a to b − 1 of the input, counted from 0',
    otherNames: 'slice samples-range',
    commands: ['forward'],
  },
  timeMajor: { flags: '--time-major', help: 'the input file is [T, N, D]' },
  lengths: {
    flags: '--lengths <FILE|a,b>',
    value: { kind: 'file', extensions: ARRAYS, list: true },
    help: 'true length of each sample; the rest is padding',
    otherNames: 'lens seq-lens sequence-lens seq-lengths sequence-lengths input-lengths',
  },
  mask: {
    flags: '--mask <FILE>',
    value: { kind: 'file', extensions: ARRAYS },
    help: '[N, T], 0 = skip this step',
    otherNames: 'attention-mask',
  },
  h0: {
    flags: '--h0 <FILE>',
    value: { kind: 'file', extensions: ARRAYS },
    default: 'zeros',
    help: 'initial hidden state',
    otherNames: 'initial-state initial-hidden initial-h init-state hidden-state hx',
  },
  c0: {
    flags: '--c0 <FILE>',
    value: { kind: 'file', extensions: ARRAYS },
    default: 'zeros',
    help: 'initial cell state of an LSTM',
    otherNames: 'cell-state initial-c initial-cell cx',
  },
});

const COMPUTING = flags('Computing', RUNS, {
  engine: {
    flags: '--engine <name>',
    value: { kind: 'choice', choices: ['auto', ...ENGINE_NAMES] },
    default: 'auto',
    help: 'batched: fast, float32. manual: the textbook loop, float64. onnxruntime: needs that package. auto: batched, or what is faster',
  },
  dtype: {
    flags: '--dtype <f32|f64>',
    value: { kind: 'choice', choices: ['f32', 'f64'] },
    default: 'f32 (batched), f64 (manual)',
    help: 'arithmetic',
    otherNames: 'float type',
  },
  threads: {
    flags: '--threads <n>',
    value: { kind: 'size', ...RANGES.threads },
    default: 'cores',
    help: 'threads; the result is the same, bit for bit, for every n',
    otherNames: 'jobs workers num-threads cores cpus',
  },
  fast: {
    flags: '--fast',
    help: 'fused multiply-add if the processor has it; the last digits then depend on the machine',
    otherNames: 'ffast-math fma',
    commands: ['forward'],
  },
  strictFinite: { flags: '--strict-finite', help: 'NaN or infinity anywhere is an error' },
  simulate: {
    flags: '--simulate <CODE>',
    value: { kind: 'text', names: 'mistakes' },
    help: 'inject a known mistake, such as state-carry',
    otherNames: 'mistake bug fault inject',
  },
});

const COMPARING = flags('Comparing', ['compare'], {
  against: {
    flags: '--against <FILE|->',
    value: { kind: 'file', extensions: ARRAYS, stdin: true },
    default: 'another engine',
    help: 'the output to judge; - reads stdin',
    otherNames:
      'with expect expected actual target targets ref reference truth ground-truth ours mine prediction predictions y y-true y-pred yhat',
  },
  engines: {
    flags: '--engines <a,b[,c]>',
    value: { kind: 'choices', choices: ENGINE_NAMES },
    default: 'manual,batched',
    help: 'the engines to compare',
  },
  atol: {
    flags: '--atol <x>',
    value: { kind: 'number' },
    help: 'allowed: |a − e| ≤ atol + rtol·|e|',
    otherNames: 'tolerance threshold eps epsilon abs abs-tol absolute',
  },
  rtol: { flags: '--rtol <x>', value: { kind: 'number' }, help: 'see --atol', otherNames: 'rel rel-tol relative' },
  tol: {
    flags: '--tol <auto>',
    value: { kind: 'choice', choices: ['auto'], instead: 'a tolerance of your own is --atol 1e-6, or --rtol 1e-4' },
    default: 'auto',
    help: 'for each value 16 × its own float32 noise, at least 4 ulp of what is summed',
  },
  decimals: {
    flags: '--decimals <n>',
    value: { kind: 'size', ...RANGES.decimals },
    help: 'decimals to which a binary file was rounded; in a text file they are counted',
    otherNames: 'round',
  },
  explain: { flags: '--explain', default: 'on when different', help: 'search for the cause', otherNames: 'why' },
  budget: {
    flags: '--budget <seconds>',
    value: { kind: 'number' },
    default: '2',
    help: 'work spent on pairs of mistakes: what a typical machine does in that time',
    otherNames: 'timeout time-limit',
  },
  noExplain: { flags: '--no-explain', help: 'only say whether they differ' },
});

const OUTPUT = flags('Output', RESULTS, {
  to: {
    flags: '--to <name>',
    value: { kind: 'choice', choices: TARGETS },
    default: 'by the extension of OUT',
    help: 'keras: get_weights() as .npz; torch: a state dict; onnx: a standard graph; npz, safetensors, json: the same weights in that format',
    commands: ['convert'],
  },
  sha256: { flags: '--sha256', help: 'print only the digest of the file', commands: ['inspect'] },
  expectSha256: {
    flags: '--expect-sha256 <hex>',
    value: { kind: 'text' },
    help: 'refuse a file with another digest',
    commands: ['inspect'],
  },
  emit: {
    flags: '--emit <name>',
    value: { kind: 'choice', choices: ['keras', 'torch', 'numpy'], instead: 'the script is printed: --emit keras > model.py' },
    help: 'print a Python script with the same weights and input that gives the same y',
    otherNames: 'script code generate',
    commands: ['forward'],
  },
  summary: { flags: '--summary', help: "print what Keras' model.summary() prints", commands: ['shapes'] },
  showTrainable: { flags: '--show-trainable', help: 'with --summary: the column Trainable', commands: ['shapes'] },
  states: {
    flags: '--states',
    help: 'print h of every step; compare: the other file holds hidden states',
    otherNames: 'hidden-states all-states return-hidden hiddens',
    commands: ['forward', 'compare'],
  },
  trace: {
    flags: '--trace [FILE]',
    value: { kind: 'file', extensions: ['npz', 'json'], output: true },
    help: 'every h and every gate, as tables or into FILE.npz',
    otherNames: 'gates intermediate dump',
    commands: ['forward'],
  },
  sample: {
    flags: '--sample <n>',
    value: { kind: 'size', ...RANGES.sample },
    help: 'the hand calculation or the picture of one sample, counted from 1',
    commands: ['forward'],
  },
  step: {
    flags: '--step <t>',
    value: { kind: 'size', ...RANGES.step },
    help: 'the hand calculation of one step, counted from 1',
    commands: ['forward'],
  },
  unit: {
    flags: '--unit <m>',
    value: { kind: 'size', ...RANGES.unit },
    help: 'every product and sum behind the numbers of one unit',
    commands: ['forward'],
  },
  plot: { flags: '--plot', help: 'draw states and gates as heat maps, units down, time across', commands: ['forward'] },
  svg: {
    flags: '--svg <FILE|->',
    value: { kind: 'file', extensions: ['svg'], stdin: true, output: true },
    help: 'draw into a file: forward the heat maps, shapes the network unrolled over time',
    commands: ['shapes', 'forward'],
  },
  html: {
    flags: '--html <FILE|->',
    value: { kind: 'file', extensions: ['html'], stdin: true, output: true },
    help: 'write one interactive page that opens without a server',
    otherNames: 'page interactive report',
    commands: ['shapes', 'forward', 'compare', 'inspect'],
  },
  mermaid: { flags: '--mermaid', help: 'print the network as a Mermaid flowchart', commands: ['shapes'] },
  out: {
    flags: '-o, --out <FILE|->',
    value: { kind: 'file', extensions: ['npy', 'npz', 'csv', 'json', 'jsonl'], stdin: true, output: true },
    help: 'forward: save y, by extension (.npz: all outputs); - is .npy on stdout, -.csv and -.jsonl text; probe: save x and weights',
    otherNames: 'save save-to outfile out-file output-file export write dest',
    commands: ['forward', 'probe'],
  },
  output: {
    flags: '--output <NAME>',
    value: { kind: 'text' },
    default: 'all, the first as y',
    help: 'which output is y, if the network has several',
    commands: ['forward'],
  },
  chunk: {
    flags: '--chunk <n>',
    value: { kind: 'size', least: 1 },
    default: 'from the size of the network',
    help: 'samples computed at a time for a large input that is written to a file; the output is the same, bit for bit',
    otherNames: 'batch-rows chunk-size',
    commands: ['forward'],
  },
  force: {
    flags: '--force',
    help: 'overwrite an existing file',
    otherNames: 'overwrite',
    commands: ['shapes', 'forward', 'compare', 'inspect', 'probe', 'convert'],
  },
  json: {
    flags: '--json',
    help: 'one JSON document on one line',
    otherNames: 'as-json to-json',
    commands: [...NETWORKS, ...FILES, 'explain'],
  },
  jsonl: { flags: '--jsonl', help: 'one line of JSON per sample', otherNames: 'ndjson', commands: ['forward'] },
  precision: {
    flags: '--precision <n>',
    value: { kind: 'size', least: 1, most: 17 },
    default: '6',
    help: 'digits of printed values',
    otherNames: 'digits round',
    commands: RUNS,
  },
  full: { flags: '--full', default: 'always if stdout is not a terminal', help: 'print all rows', otherNames: 'all', commands: RUNS },
  style: {
    flags: '--style <name>',
    value: { kind: 'choice', choices: STYLES },
    default: 'box; plain if stdout is not a terminal; ascii if the locale is not UTF-8',
    help: 'how tables are drawn',
    otherNames: 'format',
  },
  width: {
    flags: '--width <n>',
    value: { kind: 'size', least: 20, most: 10000 },
    default: 'that of the terminal',
    help: 'characters in a line',
    otherNames: 'line-length columns',
  },
});

/** limits on what a file may require; names and defaults are in the readers' table */
const LIMIT_FLAGS = flags('Limits', [...NETWORKS, ...FILES], {
  maxFile: {
    flags: '--max-file <bytes>',
    value: { kind: 'bytes' },
    default: 'half of RAM, at most 4GiB',
    help: 'one file, or standard input',
  },
  maxMemory: {
    flags: '--max-memory <bytes>',
    value: { kind: 'bytes' },
    default: 'half of RAM, at most 4GiB',
    help: 'all tensors of a file, and all that a run computes with: 500MB, 4GiB',
  },
  ...Object.fromEntries(Object.values(LIMITS).flatMap(row => (row.key === undefined ? [] : [[row.key, limitFlag(row)]]))),
});

function limitFlag({ flag, kind, standard, most, help }: (typeof LIMITS)[keyof typeof LIMITS]): FlagRow {
  if (kind === 'seconds')
    return { flags: `${flag} <seconds>`, value: { kind: 'number', above0: true, most }, default: String(standard), help };
  if (kind === 'count') return { flags: `${flag} <n>`, value: { kind: 'size', least: 1, most }, default: String(standard), help };
  return { flags: `${flag} <bytes>`, value: { kind: 'bytes', most }, default: inUnits(standard), help };
}

/** 8388608 -> '8MiB', if the number is exact in that unit */
function inUnits(bytes: number): string {
  const power = Math.floor(Math.log2(bytes) / 10);
  return Number.isInteger(bytes / 1024 ** power) ? `${bytes / 1024 ** power}${['', 'KiB', 'MiB', 'GiB'][power]}` : String(bytes);
}

const GENERAL = flags('General', COMMANDS, {
  quiet: { flags: '-q, --quiet', help: 'no notes; compare: the exit code only', otherNames: 'silent' },
  verbose: {
    flags: '-v, --verbose',
    help: 'what was read, which engine ran, how long it took',
    otherNames: 'vv debug details log',
  },
  color: {
    flags: '--color <when>',
    value: { kind: 'choice', choices: ['auto', 'always', 'never'] },
    default: 'auto',
    help: 'overrides NO_COLOR, FORCE_COLOR and TERM',
    otherNames: 'colour colors',
  },
  noColor: { flags: '--no-color', help: 'the same as --color never', otherNames: 'no-colour' },
  help: { flags: '-h, --help', help: 'this page', otherNames: 'usage' },
  version: { flags: '-V, --version', help: 'version of rnn-cli' },
});

interface FlagRow {
  readonly flags: string;
  /** default: a switch */
  readonly value?: FlagValue;
  readonly default?: string;
  readonly help: string;
  /** names in other tools, without dashes; only used for "did you mean" */
  readonly otherNames?: string;
  /** the commands that have it, if not those of the whole table */
  readonly commands?: readonly CommandName[];
}

function flags(group: FlagGroup, commands: readonly CommandName[], table: Record<string, FlagRow>): Flag[] {
  return Object.entries(table).map(([key, row]) => ({
    key,
    group,
    commands,
    value: { kind: 'switch' },
    ...row,
    otherNames: row.otherNames?.split(' ') ?? [],
  }));
}

export const FLAGS: readonly Flag[] = [...NETWORK, ...INPUT, ...COMPUTING, ...COMPARING, ...OUTPUT, ...LIMIT_FLAGS, ...GENERAL];

/** The flags that a command takes, in the order of the table. */
export function flagsOf(command: CommandName): readonly Flag[] {
  return FLAGS.filter(flag => flag.commands.includes(command));
}

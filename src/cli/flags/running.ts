import { ENGINE_NAMES, RANGES, RNG_NAMES } from '../../run/request.js';
import { ARRAYS, flags, RUNS } from './row.js';

/** Flags of weights and input: drawn or read. */
export const INPUT = flags('Weights and input', RUNS, {
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

/** Flags of how numbers are computed. */
export const COMPUTING = flags('Computing', RUNS, {
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

/** Flags of `compare`. */
export const COMPARING = flags('Comparing', ['compare'], {
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

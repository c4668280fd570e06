import { CELL_NAMES } from '../../run/cellNames.js';
import { FRAMEWORK_NAMES, RANGES } from '../../run/request.js';
import { flags, MODELS, NETWORKS } from './row.js';

/** Flags that describe a network: sizes, layers, files. */
export const NETWORK = flags('Network', NETWORKS, {
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
    commands: MODELS,
  },
  D: {
    flags: '--D, --features <n>',
    value: { kind: 'size', ...RANGES.D },
    default: '3',
    help: 'input features',
    otherNames: 'input-size input-dim input-features in-features num-features feature-size inputs',
    commands: MODELS,
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
    commands: MODELS,
  },
  pool: {
    flags: '--pool <name>',
    value: { kind: 'choice', choices: ['last', 'max', 'mean'] },
    default: 'last',
    help: 'many to one: take the last h, or the maximum or mean over time',
    otherNames: 'pooling',
    commands: MODELS,
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
    commands: MODELS,
  },
  recurrentActivation: {
    flags: '--recurrent-activation <name>',
    value: { kind: 'text', names: 'activations' },
    default: 'sigmoid; by --framework',
    help: 'activation of the gates of an LSTM or a GRU: sigmoid, hard_sigmoid, …',
    otherNames: 'gate-activation inner-activation',
    commands: MODELS,
  },
  layers: {
    flags: '--layers <text>',
    value: { kind: 'text', names: 'layers' },
    help: 'the network on one line: "lstm:64,gru:32,dense:10"',
    otherNames: 'net network arch architecture',
    commands: MODELS,
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
    commands: MODELS,
  },
  framework: {
    flags: '--framework <name>',
    value: { kind: 'choice', choices: FRAMEWORK_NAMES },
    default: 'keras',
    help: 'whose counting rules, weight layouts and defaults',
    otherNames: 'convention backend lib library',
    commands: MODELS,
  },
  strict: { flags: '--strict', help: 'assume and infer nothing: what neither the file nor a flag says is an error' },
});

/**
 * What other tools, frameworks and papers call it: the words that people try first, and what they mean here. A value is one word of the flag
 * itself, or the words of a line that stand for flag and value together.
 */
type Meaning = string | readonly string[];

const KERAS: Record<string, Meaning> = {
  tensorflow: 'keras',
  tf: 'keras',
  'tf.keras': 'keras',
  tf2: 'keras',
  keras3: 'keras',
  keras2: 'keras',
};
const TORCH: Record<string, Meaning> = { pytorch: 'torch', pt: 'torch', libtorch: 'torch' };

/** By the key of the flag, then by the word in lower case. */
export const VALUE_SYNONYMS: Readonly<Record<string, Readonly<Record<string, Meaning>>>> = {
  cell: {
    simplernn: 'rnn',
    simple: 'rnn',
    vanilla: 'rnn',
    elman: 'rnn',
    basicrnn: 'rnn',
    simplernncell: 'rnn',
    rnncell: 'rnn',
    lstmcell: 'lstm',
    grucell: 'gru',
    cudnnlstm: 'lstm',
    cudnngru: 'gru',
    bilstm: ['--cell', 'lstm', '--bidirectional'],
    bigru: ['--cell', 'gru', '--bidirectional'],
    birnn: ['--cell', 'rnn', '--bidirectional'],
  },
  framework: { ...KERAS, ...TORCH, onnxruntime: 'onnx', ort: 'onnx', js: 'tfjs', 'tensorflow.js': 'tfjs', tensorflowjs: 'tfjs' },
  rng: { ...KERAS, ...TORCH, random: 'numpy', mt19937: 'numpy', np: 'numpy', default_rng: 'pcg64', js: 'seedrandom' },
  inputRng: { ...KERAS, ...TORCH, random: 'numpy', mt19937: 'numpy', np: 'numpy', default_rng: 'pcg64', js: 'seedrandom' },
  init: {
    ...KERAS,
    ...TORCH,
    xavier: 'glorot_uniform',
    glorot: 'glorot_uniform',
    kaiming: 'he_uniform',
    he: 'he_uniform',
    normal: 'standard_normal',
  },
  emit: { ...KERAS, ...TORCH, np: 'numpy', python: 'numpy' },
  to: { ...KERAS, ...TORCH, numpy: 'npz', np: 'npz', pth: 'torch', h5: 'keras' },
  engine: {
    numpy: 'manual',
    loop: 'manual',
    naive: 'manual',
    reference: 'manual',
    fast: 'batched',
    onnx: 'onnxruntime',
    ort: 'onnxruntime',
    cpu: 'auto',
  },
  dtype: {
    float32: 'f32',
    float: 'f32',
    single: 'f32',
    fp32: 'f32',
    'np.float32': 'f32',
    float64: 'f64',
    double: 'f64',
    fp64: 'f64',
    'np.float64': 'f64',
  },
  task: {
    many2many: 'many-to-many',
    manytomany: 'many-to-many',
    seq2seq: 'many-to-many',
    sequence: 'many-to-many',
    tagging: 'many-to-many',
    many2one: 'many-to-one',
    manytoone: 'many-to-one',
    classification: 'many-to-one',
    regression: 'many-to-one',
  },
  pool: { avg: 'mean', average: 'mean', globalmaxpooling1d: 'max', globalaveragepooling1d: 'mean', none: 'last' },
  style: { table: 'box', unicode: 'box', md: 'markdown', text: 'plain', simple: 'plain', json: ['--json'] },
  color: {
    off: 'never',
    no: 'never',
    none: 'never',
    false: 'never',
    '0': 'never',
    on: 'always',
    yes: 'always',
    true: 'always',
    '1': 'always',
  },
  shell: { pwsh: 'powershell', ps: 'powershell', ps1: 'powershell', sh: 'bash' },
  document: { model: 'spec', network: 'spec', config: 'spec' },
  K: { none: '0', no: '0', null: '0' },
};

/** Flags that do not exist, and what is probably meant by them; by the name without dashes. */
export const FLAG_SYNONYMS: Readonly<Record<string, readonly string[]>> = {
  'return-sequences': ['--task', 'many-to-many'],
  'many-to-many': ['--task', 'many-to-many'],
  'many-to-one': ['--task', 'many-to-one'],
  lstm: ['--cell', 'lstm'],
  gru: ['--cell', 'gru'],
  rnn: ['--cell', 'rnn'],
  keras: ['--framework', 'keras'],
  torch: ['--framework', 'torch'],
  pytorch: ['--framework', 'torch'],
  tensorflow: ['--framework', 'keras'],
  onnx: ['--framework', 'onnx'],
  float64: ['--dtype', 'f64'],
  double: ['--dtype', 'f64'],
  markdown: ['--style', 'markdown'],
  csv: ['--style', 'csv'],
};

/** Flags whose subject is not here: the text shown instead of a suggestion. */
export const FLAG_HINTS: Readonly<Record<string, string>> = {
  train: 'rnn-cli does not train; it computes with weights that are there',
  epochs: 'rnn-cli does not train; it computes with weights that are there',
  epoch: 'rnn-cli does not train; it computes with weights that are there',
  lr: 'rnn-cli does not train; it computes with weights that are there',
  'learning-rate': 'rnn-cli does not train; it computes with weights that are there',
  optimizer: 'rnn-cli does not train; it computes with weights that are there',
  loss: 'rnn-cli does not train; it computes with weights that are there',
  gpu: 'rnn-cli computes on the processor: leave it out; --threads sets how many of its cores',
  cuda: 'rnn-cli computes on the processor: leave it out; --threads sets how many of its cores',
  device: 'rnn-cli computes on the processor: leave it out; --threads sets how many of its cores',
  'batch-first': 'the input is [N, T, D] already: leave it out; --time-major is for [T, N, D]',
  print: 'y is printed anyway: leave it out; --full prints all rows',
  dropout: 'dropout does nothing when a trained network is run: leave it out',
  bias: 'biases are there unless --layers says +nobias: --layers "rnn:5+nobias,dense:2"',
  'no-bias': 'write it in --layers: --layers "rnn:5+nobias,dense:2"',
  'use-bias': 'biases are there unless --layers says +nobias: --layers "rnn:5+nobias,dense:2"',
  'return-state': 'the last states are in the document of --json: .states.final',
  'go-backwards': 'write it in --layers: --layers "rnn:5+backwards,dense:2"',
  stateful: 'write it in --layers: --layers "rnn:5+stateful,dense:2"',
  'input-shape': 'give its sizes: --T for the steps, --D for the features, such as --T 10 --D 3',
  shape: 'give its sizes: --N for the samples, --T for the steps, --D for the features, such as --N 4 --T 10 --D 3',
  'vocab-size': 'write it in --layers: --layers "embedding:1000x8,lstm:5,dense:2"',
  'mask-value': 'write it in --layers: --layers "masking:0,lstm:5,dense:2"',
  unroll: 'it changes no number: leave it out',
  'reset-after': 'write it in --layers: --layers "gru:5+resetafter,dense:2", or +resetbefore',
};

/** Commands of other tools. */
export const COMMAND_SYNONYMS: Readonly<Record<string, readonly string[]>> = {
  version: ['--version'],
  '-v': ['--version'],
  '-version': ['--version'],
  '--v': ['--version'],
  ver: ['--version'],
  usage: ['--help'],
  '-?': ['--help'],
  '/?': ['--help'],
  man: ['--help'],
  predict: ['forward'],
  run: ['forward'],
  infer: ['forward'],
  inference: ['forward'],
  evaluate: ['forward'],
  eval: ['forward'],
  compute: ['forward'],
  plot: ['forward', '--plot'],
  trace: ['forward', '--trace'],
  summary: ['shapes', '--summary'],
  params: ['shapes'],
  count: ['shapes'],
  shape: ['shapes'],
  model: ['shapes'],
  draw: ['shapes', '--mermaid'],
  info: ['inspect'],
  show: ['inspect'],
  describe: ['inspect'],
  cat: ['inspect'],
  view: ['inspect'],
  ls: ['inspect'],
  load: ['inspect'],
  open: ['inspect'],
  allclose: ['compare'],
  diff: ['compare'],
  cmp: ['compare'],
  check: ['compare'],
  verify: ['compare'],
  test: ['compare'],
  debug: ['compare'],
  export: ['convert'],
  translate: ['convert'],
  mistakes: ['explain'],
  errors: ['explain'],
  completions: ['completion'],
  lstm: ['shapes', '--cell', 'lstm'],
  gru: ['shapes', '--cell', 'gru'],
  rnn: ['shapes', '--cell', 'rnn'],
};

export const COMMAND_HINTS: Readonly<Record<string, string>> = {
  train: 'rnn-cli does not train; it computes with weights that are there: rnn-cli forward --help',
  fit: 'rnn-cli does not train; it computes with weights that are there: rnn-cli forward --help',
  install: 'rnn-cli is installed; rnn-cli --help lists the commands',
};

/** The flag behind which a file of this ending belongs, by command; the model's and the weights' own place is beside the flags. */
export function flagForFile(path: string, command: string): string | undefined {
  if (/\.(npy|csv|tsv|txt|jsonl)$/i.test(path)) return command === 'compare' ? '--against' : command === 'forward' ? '--input' : undefined;
  if (/\.(keras|h5|hdf5|onnx|json|pt2)$/i.test(path)) return '--model';
  return /\.(npz|pt|pth|safetensors|pkl)$/i.test(path) ? '--weights' : undefined;
}

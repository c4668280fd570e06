import { byWord } from '../registry.js';

/**
 * Names from other tools, frameworks and papers, which people try first, and what they mean here: a value of the flag, or a flag with its
 * value. The tables list them by meaning; they are only inverted when an unknown word has to be looked up.
 */
type Meanings = Readonly<Record<string, string>>;

const BOTH = { keras: 'tensorflow tf tf.keras tf2 keras3 keras2', torch: 'pytorch pt libtorch' };
const RNG = { ...BOTH, numpy: 'random mt19937 np', pcg64: 'default_rng', seedrandom: 'js' };

/** By key of the flag, then by value in lower case. */
export const valueSynonyms = (): Readonly<Record<string, Meanings>> => ({
  cell: byWord({
    rnn: 'simplernn simple vanilla elman basicrnn simplernncell rnncell',
    lstm: 'lstmcell cudnnlstm',
    gru: 'grucell cudnngru',
    '--cell lstm --bidirectional': 'bilstm blstm',
    '--cell gru --bidirectional': 'bigru',
    '--cell rnn --bidirectional': 'birnn',
    '--bidirectional': 'bidirectional',
  }),
  framework: byWord({ ...BOTH, flax: 'jax', onnx: 'onnxruntime ort', tfjs: 'js tensorflow.js tensorflowjs' }),
  rng: byWord(RNG),
  inputRng: byWord(RNG),
  init: byWord({ ...BOTH, glorot_uniform: 'xavier glorot', he_uniform: 'kaiming he', standard_normal: 'normal' }),
  emit: byWord({ ...BOTH, numpy: 'np python' }),
  to: byWord({ keras: `${BOTH.keras} h5`, torch: `${BOTH.torch} pth`, npz: 'numpy np' }),
  engine: byWord({ manual: 'numpy loop naive reference', batched: 'fast', onnxruntime: 'onnx ort', auto: 'cpu' }),
  dtype: byWord({ f32: 'float32 float single fp32 np.float32', f64: 'float64 double fp64 np.float64' }),
  task: byWord({
    'many-to-many': 'many2many manytomany seq2seq sequence tagging',
    'many-to-one': 'many2one manytoone classification regression',
  }),
  pool: byWord({ mean: 'avg average globalaveragepooling1d', max: 'globalmaxpooling1d', last: 'none' }),
  style: byWord({ box: 'table unicode', markdown: 'md', plain: 'text simple', '--json': 'json' }),
  color: byWord({ never: 'off no none false 0', always: 'on yes true 1' }),
  shell: byWord({ powershell: 'pwsh ps ps1', bash: 'sh' }),
  document: byWord({ spec: 'model network config' }),
  K: byWord({ 0: 'none no null' }),
});

/** Flags of other tools and what they mean here, by name without dashes. */
export const flagSynonyms = () =>
  byWord({
    '--task many-to-many': 'return-sequences many-to-many',
    '--task many-to-one': 'many-to-one',
    '--cell lstm': 'lstm',
    '--cell gru': 'gru',
    '--cell rnn': 'rnn',
    '--framework keras': 'keras tensorflow tf',
    '--framework torch': 'torch pytorch pt',
    '--framework onnx': 'onnx',
    '--dtype f64': 'float64 double',
    '--style markdown': 'markdown md',
    '--style csv': 'csv tsv',
    '--style box': 'table',
    '--style plain': 'plain',
    '--style ascii': 'ascii',
    '--framework flax': 'jax flax',
    '--cell lstm --bidirectional': 'bilstm',
    '--cell gru --bidirectional': 'bigru',
    '--cell rnn --bidirectional': 'birnn',
    '--dtype f32': 'float32',
    '--input -': 'stdin',
    '--precision': 'decimals',
    '--strict': 'no-assume no-assumptions',
    '--cell': 'c',
    '--layers': 'l',
    '--seed': 's',
    '--against': 'a',
    '--json': 'j',
    '--svg': 'save-svg',
  });

const TRAINING = 'rnn-cli does not train; it computes with weights that are there';
const PROCESSOR = 'rnn-cli computes on the processor: leave it out; --threads sets how many of its cores';
const EMBEDDING = 'write it in --layers: --layers "embedding:1000x8,lstm:5,dense:2"';
const DIRECTIONS = 'both directions are --bidirectional; from the last step to the first: --layers "lstm:5+backwards,dense:2"';
const COUNTED = 'the table of shapes has it anyway; for scripts: rnn-cli shapes --json | jq .totals';
const DRAWN = 'x is drawn from --seed; any other numbers come from a file: -i x.npy';
const PICTURE = 'a picture is --svg FILE.svg, and shapes --mermaid prints a flowchart';
const PER_LAYER = 'the table has every tensor of every layer anyway: leave it out';
const EXPORT = 'there are --style markdown, --style csv and --json';
const HALF = 'rnn-cli computes in f32 or f64: leave it out, or compare with --simulate float16';

/** Flags for what this program does not do: the text shown instead of a suggestion. */
export const flagHints = (): Meanings => ({
  ...byWord({
    [TRAINING]: 'train epochs epoch lr learning-rate optimizer loss',
    [PROCESSOR]: 'gpu cuda cpu device',
    [HALF]: 'fp16 float16 half bf16',
    [EMBEDDING]: 'vocab vocab-size vocabulary embedding embedding-dim embedding-size embed-dim embed-size emb-dim emb-size',
    [DIRECTIONS]: 'direction directions num-directions reverse',
    [COUNTED]: 'params parameters flops macs count memory',
    [DRAWN]: 'random ones zeros rand randn uniform',
    [PICTURE]: 'png image draw diagram picture pdf',
    [PER_LAYER]: 'by-layer per-layer tensors',
    [EXPORT]: 'latex tex no-header xlsx',
  }),
  yaml: 'there is --json, for example --json | jq .',
  pretty: 'there is --json, for example --json | jq .',
  'exit-code': 'the exit code is the answer anyway: 0 equal, 1 different, 6 undecided',
  numpy: 'a script in NumPy is --emit numpy, the textbook loop is --engine manual',
  list: 'to see every topic: rnn-cli explain; every schema: rnn-cli schema',
  from: 'the content of IN says what it is: leave it out',
  opset: 'the written graph has opset 17: leave it out',
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
  'mask-value': 'write it in --layers: --layers "masking:0,lstm:5,dense:2"',
  'proj-size': 'write it in --layers: --layers "lstm:5+proj=2,dense:2"',
  'merge-mode': 'write it in --layers: --layers "bilstm:5+sum,dense:2" (or +mul, +ave, +concat)',
  'reset-states': 'every sample starts with zeros: leave it out; --h0 FILE gives another first state',
  layer: 'every layer is computed: leave it out; forward --trace prints what each of them computes',
  last: 'y is that of the last step unless the network returns every h: leave it out',
  frameworks: 'shapes counts by the rules of every framework; two files are compared by rnn-cli compare A B',
  unroll: 'it changes no number: leave it out',
  'reset-after': 'write it in --layers: --layers "gru:5+resetafter,dense:2", or +resetbefore',
});

/** Commands of other tools and what they mean here. */
export const commandSynonyms = () =>
  byWord({
    '--version': 'version -v -version --v ver',
    '--help': 'usage -? /? man',
    forward: 'predict run infer inference evaluate eval compute',
    'forward --plot': 'plot',
    'forward --trace': 'trace',
    'shapes --summary': 'summary',
    shapes: 'params count shape model',
    'shapes --mermaid': 'draw',
    inspect: 'info show describe cat view ls load open',
    compare: 'allclose diff cmp check verify test debug',
    convert: 'export translate',
    explain: 'mistakes errors',
    'shapes --cell lstm': 'lstm',
    'shapes --cell gru': 'gru',
    'shapes --cell rnn': 'rnn',
  });

const EXAMPLES = 'every command runs without flags, such as rnn-cli compare; rnn-cli COMMAND --help begins with examples';
const PAGE = 'an interactive page is --html FILE of shapes, forward, compare or inspect: rnn-cli forward --html net.html';

export const commandHints = (): Meanings => ({
  ...byWord({
    [`${TRAINING}: rnn-cli forward --help`]: 'train fit',
    [EXAMPLES]: 'examples example demo tutorial docs',
    [PAGE]: 'html web gui serve',
  }),
  list: 'rnn-cli --help lists the commands, rnn-cli explain the topics',
  install: 'rnn-cli is installed; rnn-cli --help lists the commands',
});

/** The flag, by command, that takes a file with this extension; models and weights may also be positional. */
export function flagForFile(path: string, command: string): string | undefined {
  if (/\.(npy|csv|tsv|txt|jsonl)$/i.test(path)) return command === 'compare' ? '--against' : command === 'forward' ? '--input' : undefined;
  if (/\.(keras|h5|hdf5|onnx|json|pt2)$/i.test(path)) return '--model';
  return /\.(npz|pt|pth|safetensors|pkl)$/i.test(path) ? '--weights' : undefined;
}

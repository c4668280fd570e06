import { byWord, nearest } from '../registry.js';

/** Our kinds, by the names that frameworks and papers use. */
const KINDS = byWord({
  dense: 'linear fc ff ffn fullyconnected output',
  bilstm: 'blstm',
  bigru: 'bgru',
  rnn: 'simplernn vanilla elman vanillarnn rnncell simplernncell',
  lstm: 'cudnnlstm lstmcell',
  gru: 'cudnngru grucell',
  embedding: 'emb embed',
  masking: 'mask',
  dropout: 'drop',
  maxpool: 'maxpooling globalmaxpool globalmaxpooling1d',
  avgpool: 'avgpooling meanpool globalaveragepooling1d',
  repeat: 'repeatvector',
  conv: 'conv1d',
  batchnorm: 'batchnormalization batchnorm1d batchnorm2d bn',
  layernorm: 'layernormalization ln',
  groupnorm: 'groupnormalization',
  rmsnorm: 'rmsnormalization',
  unitnorm: 'unitnormalization',
  maxpool1d: 'maxpooling1d',
  avgpool1d: 'averagepooling1d',
  globalmaxpool2d: 'globalmaxpooling2d',
  globalavgpool2d: 'globalaveragepooling2d',
  upsample1d: 'upsampling1d',
  zeropad1d: 'zeropadding1d',
  crop1d: 'cropping1d',
});
/** Kinds whose size follows from their input. PyTorch asks for it all the same: nn.BatchNorm1d(64). */
const WITHOUT_SIZE = /^(batchnorm|layernorm|rmsnorm|unitnorm|flatten|last|maxpool|avgpool|globalmaxpool2d|globalavgpool2d)$/;
const RECURRENT = /(lstm|gru|mgu|rnn)$/;
const FUNCTIONS = new Set(['relu', 'sigmoid', 'softmax', 'tanh', 'linear', 'elu', 'selu', 'gelu', 'softplus', 'leaky_relu']);

/** Returns our kind for another framework's name. */
export function kindCalled(word: string): string | undefined {
  return Object.hasOwn(KINDS, word) ? KINDS[word] : undefined;
}

/** Whether the word names an activation that people write as a layer. */
export function isFunction(word: string): boolean {
  return FUNCTIONS.has(word);
}

/**
 * Guesses what a misspelled --layers line means: other separators, capitals, brackets, names of frameworks, an activation as a layer of its
 * own. The guess may not parse either; the caller tries it.
 * @param kinds the words of the grammar
 */
export function usualSpelling(text: string, kinds: readonly string[]): string {
  // a layer is missing between two commas, and nothing tells which
  if (/^\s*,|,\s*(?:,|$)/.test(text)) return text;
  const parts = text
    .trim()
    .replace(/\bbi(?:directional)?[ -]+(?=[a-z])/gi, 'bi')
    .replace(/\bfully[- ]connected\b/gi, 'dense')
    .replace(/(?<=[a-z])\[(\d+)\]/gi, ':$1')
    .replace(/^(?:[\w.]*Sequential\()?\[|\]\)?$/g, '')
    .split(/\s+\+\s+|\s*(?:->|\u2192|=>|[;|>]|\/(?=\s*[A-Za-z]+[:(\d])|,(?![^(]{0,200}\)))\s*|(?<=[\w)])\s+(?=[A-Za-z_]+\b(?:[:(\d]|$))/)
    .filter(part => part !== '');
  const layers: string[] = [];
  for (const part of parts) {
    const layer = layerOf(part, kinds);
    const last = layers[layers.length - 1];
    // dense:10,softmax
    if (FUNCTIONS.has(layer) && last !== undefined && /^(dense|conv)/.test(last) && !last.includes('@'))
      layers[layers.length - 1] = `${last}@${layer}`;
    else layers.push(layer);
  }
  return layers.join(',');
}

/** Wrapper layers, with the layer they wrap. */
const AROUND = /^(?:\w+\.)*(Bidirectional|TimeDistributed)\((.*)\)$/i;
const SIZE_KEYWORDS = ['units', 'hidden_size', 'out_features', 'filters'];

function layerOf(written: string, kinds: readonly string[]): string {
  // 2xlstm:64
  const [, times, repeated] = /^(\d+) ?[x*] ?(?=[a-z])(.*)$/i.exec(written.trim()) ?? [];
  if (times !== undefined) return `${layerOf(repeated, kinds)}+x${times}`;
  // lstm-64, embedding:1000:64, lstm:64+bidirectional
  const [, before, after] = /^([^+]*.*)\+bi(?:directional)?(?:=true)?(?=\+|$)(.*)$/i.exec(written.trim()) ?? [];
  if (before !== undefined) return `bi${layerOf(before + after, kinds)}`;
  const part = written
    .trim()
    .replace(/^([A-Za-z]+)-(?=\d)/, '$1:')
    .replace(/^((?:emb|conv)\w*:\d+):(?=\d+$)/i, '$1x');
  const [, around, held] = AROUND.exec(part.trim()) ?? [];
  if (around !== undefined) {
    // Bidirectional(LSTM(8), merge_mode="sum")
    const [, call = held, merge] = /^(.*\)),\s*merge_mode=["'](\w+)["']$/.exec(held) ?? [];
    const layer = layerOf(call, kinds);
    return /^b/i.test(around) ? `bi${layer}${merge ? `+${merge}` : ''}` : layer;
  }
  const [, name, bracket, behind] =
    /^(?:(?:nn|layers|keras|torch|tf)\.)*([A-Za-z_]+?(?:[12][dD])?)[_ ]?(?=[\d:@+(\s=]|$)(?:\(([^)]*)\)|[ =]?(?=\d))?(.*)$/.exec(
      part.trim(),
    ) ?? [];
  if (name === undefined) return part;
  const word = wordOf(name, kinds);
  if (bracket !== undefined) return (callOf(word, bracket) ?? part) + behind.toLowerCase();
  const number = /^\d/.test(behind) ? ':' : '';
  // dense:10:softmax, lstm:64:return_sequences
  const rest = behind
    .toLowerCase()
    .replace(/^(:\d+)\.0*(?!\d)/, '$1')
    .replace(/^(:\d+)[x:](?=\d+$)/, RECURRENT.test(word) ? '$1+x' : '$&')
    .replace(/^(:\d+):([a-z_]+)$/, (_, size, option) => `${size}${/^(return_)?seq/.test(option) ? '+seq' : `@${option}`}`)
    .replace(/\+return_?seq\w*(=true)?/, '+seq')
    .replace(/\+reset_?after=(?:false|0)\b/, '+resetbefore')
    .replace(/\+reset_after\b(?:=true)?/, '+resetafter')
    .replace(/\+(?:use_)?bias=(?:false|0)\b/, '+nobias')
    .replace(/\+go_?backwards(?:=true)?/, '+backwards')
    .replace(/\+padding=(?=same|valid|causal)/, '+')
    .replace(/\+(?:num_)?layers=/, '+x')
    .replace(/\+proj_size=/, '+proj=')
    .replace(/\+(?:recurrent_)?dropout[=:]?(0?\.\d+)$/, ',dropout:$1')
    .replace(/\+strides=/, '+stride=');
  return word + number + rest;
}

/** Arguments that change neither a shape nor a number of a trained network, or that `callOf` reads. */
const READ_OR_WITHOUT_EFFECT =
  /^(units|hidden_size|out_features|filters|activation|nonlinearity|recurrent_activation|bidirectional|return_sequences|reset_after|go_backwards|stateful|use_bias|bias|num_layers|proj_size|padding|strides?|mask_zero|merge_mode|batch_first|input_\w+|batch_input_shape|in_\w+|\w*dropout|return_state|unroll|name|\w+_(initializer|regularizer|constraint)|dtype|device|trainable|seed|implementation|kernel_size)$/;

/**
 * Translates the call of a layer: LSTM(64, return_sequences=True) in Keras; nn.LSTM(3, 64, 2, bidirectional=True) in PyTorch, where the
 * input size comes first.
 * @returns undefined if it has an argument that changes the result and has no counterpart here
 */
function callOf(word: string, bracket: string): string | undefined {
  const given = bracket.split(/\s*,\s*/).filter(Boolean);
  const named = new Map(given.flatMap(text => (/=/.test(text) ? [text.split(/\s*=\s*/) as [string, string]] : [])));
  if ([...named.keys()].some(key => !READ_OR_WITHOUT_EFFECT.test(key))) return undefined;
  const places = given.filter(text => !text.includes('='));
  const numbers = places.filter(text => /^\d+(\.\d+)?$/.test(text));
  const strings = places.map(text => /^["'](\w+)["']$/.exec(text)?.[1]).filter(Boolean);
  const sizes =
    word === 'conv' ? numbers.slice(-2) : word === 'embedding' ? numbers.slice(0, 2) : numbers.length > 1 ? [numbers[1]] : numbers;
  const kernel = word === 'conv' && sizes.length < 2 ? named.get('kernel_size') : undefined;
  const units = sizes.join('x') || SIZE_KEYWORDS.map(key => named.get(key)).find(Boolean);
  const size = WITHOUT_SIZE.test(word) ? undefined : [units, kernel].filter(Boolean).join('x');
  const layers = RECURRENT.test(word) ? (named.get('num_layers') ?? numbers[2]) : undefined;
  const gates = plainName(named.get('recurrent_activation'));
  const activation = plainName(named.get('activation') ?? named.get('nonlinearity')) ?? strings[0] ?? (gates && 'tanh');
  return [
    named.get('bidirectional') === 'True' ? `bi${word}` : word,
    size ? `:${size}` : '',
    activation ? `@${activation}` : '',
    gates ? `/${gates}` : '',
    named.get('return_sequences') === 'True' ? '+seq' : '',
    named.get('reset_after') === 'False' ? '+resetbefore' : '',
    named.get('go_backwards') === 'True' ? '+backwards' : '',
    named.get('stateful') === 'True' ? '+stateful' : '',
    named.get('use_bias') === 'False' || named.get('bias') === 'False' ? '+nobias' : '',
    word.startsWith('bi') && plainName(named.get('merge_mode')) ? `+${plainName(named.get('merge_mode'))}` : '',
    named.get('proj_size') ? `+proj=${named.get('proj_size')}` : '',
    plainName(named.get('padding')) ? `+${plainName(named.get('padding'))}` : '',
    named.get('strides') ? `+stride=${named.get('strides')}` : '',
    named.get('mask_zero') === 'True' ? '+maskzero' : '',
    layers && layers !== '1' ? `+x${layers}` : '',
  ].join('');
}

/** Removes quotes: `"relu"` and `'relu'` become `relu`; undefined if it is not a plain name. */
function plainName(written: string | undefined): string | undefined {
  return /^["']?([A-Za-z]\w*)["']?$/.exec(written ?? '')?.[1];
}

function wordOf(name: string, kinds: readonly string[]): string {
  const word = name.toLowerCase().replaceAll('_', '');
  const bi = /^bi(?:directional)?/.exec(word)?.[0] ?? '';
  for (const [prefix, plain] of [
    ['', word],
    ['bi', word.slice(bi.length)],
  ]) {
    if (prefix === 'bi' && bi === '') continue;
    const known = Object.hasOwn(KINDS, plain) ? KINDS[plain] : plain;
    if (kinds.includes(prefix + known)) return prefix + known;
  }
  return FUNCTIONS.has(word) ? word : (nearest(word, kinds) ?? word);
}

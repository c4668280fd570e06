import { nearest } from '../registry.js';

/** Layers by the names of frameworks and papers. */
const KINDS: Readonly<Record<string, string>> = {
  linear: 'dense',
  fc: 'dense',
  ff: 'dense',
  ffn: 'dense',
  fullyconnected: 'dense',
  output: 'dense',
  simplernn: 'rnn',
  vanilla: 'rnn',
  elman: 'rnn',
  vanillarnn: 'rnn',
  cudnnlstm: 'lstm',
  cudnngru: 'gru',
  emb: 'embedding',
  embed: 'embedding',
  mask: 'masking',
  drop: 'dropout',
  maxpooling: 'maxpool',
  globalmaxpool: 'maxpool',
  globalmaxpooling1d: 'maxpool',
  avgpooling: 'avgpool',
  meanpool: 'avgpool',
  globalaveragepooling1d: 'avgpool',
  repeatvector: 'repeat',
  conv1d: 'conv',
};
const FUNCTIONS = new Set(['relu', 'sigmoid', 'softmax', 'tanh', 'linear', 'elu', 'selu', 'gelu', 'softplus', 'leaky_relu']);

/** Whether the word is the name of an activation that people write as a layer. */
export function isFunction(word: string): boolean {
  return FUNCTIONS.has(word);
}

/**
 * What a line of --layers in another spelling probably means: separators, capitals, brackets, names of frameworks, an activation as a
 * layer of its own. The result need not be right either; the caller reads it.
 * @param kinds the words that the grammar has
 */
export function usualSpelling(text: string, kinds: readonly string[]): string {
  // what is missing between two commas nobody knows
  if (/^\s*,|,\s*(?:,|$)/.test(text)) return text;
  const parts = text
    .trim()
    .replace(/^\[|\]$/g, '')
    .split(/\s*(?:->|\u2192|=>|[;|>]|,(?![^(]{0,200}\)))\s*|(?<=[\w)])\s+(?=[A-Za-z_]+\b(?:[:(\d]|$))/)
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

function layerOf(part: string, kinds: readonly string[]): string {
  const [, name, bracket, behind] =
    /^(?:(?:nn|layers|keras|torch|tf)\.)*([A-Za-z_]+?)[_ ]?(?=[\d:@+(\s=]|$)(?:\(([^)]*)\)|[ =]?(?=\d))?(.*)$/.exec(part.trim()) ?? [];
  if (name === undefined) return part;
  const [size, ...keywords] = (bracket ?? '').split(/\s*,\s*/);
  const word = wordOf(name, kinds);
  const number = bracket !== undefined ? (size === '' ? '' : `:${size}`) : /^\d/.test(behind) ? ':' : '';
  const activation = keywords.map(keyword => /^activation=["']?(\w+)["']?$/.exec(keyword)?.[1]).find(found => found !== undefined);
  const sequences = keywords.some(keyword => /^return_sequences=True$/.test(keyword));
  // dense:10:softmax
  const rest = behind.replace(/^(:\d+):([a-z_]+)$/, '$1@$2').toLowerCase();
  return `${word}${number}${rest}${activation === undefined ? '' : `@${activation}`}${sequences ? '+seq' : ''}`;
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

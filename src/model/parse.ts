import { RnnError } from '../errors.js';
import { escapeText } from '../escape.js';
import { nearest } from '../registry.js';
import { isCellName } from './frameworks.js';
import { checkFilled } from './unfilled.js';

/**
 * The one-line network, `lstm:64,gru:32,dense:10`, into a spec (plain JSON, for checkSpec):
 *   layer[,layer…]   layer = [bi]kind[:units][@activation][+option…]
 */
export interface ParsedLayers {
  /** layers of a spec, names given only where the user named them */
  readonly layers: Record<string, unknown>[];
  /** one per layer: its characters [from, to) in the text */
  readonly spans: readonly { readonly from: number; readonly to: number }[];
}

const CELL_KINDS = ['rnn', 'lstm', 'gru'];
/** kinds that take no number, one number (with the field it goes to), or VxD */
const ARGUMENT: Record<string, string | null> = {
  rnn: 'units',
  lstm: 'units',
  gru: 'units',
  dense: 'units',
  maxpool: null,
  avgpool: null,
  last: null,
  flatten: null,
  embedding: 'VxD',
  masking: 'value',
  dropout: 'rate',
  repeat: 'times',
};
const KINDS = Object.keys(ARGUMENT);
const OPTIONS = [
  'seq',
  'last',
  'nobias',
  'resetbefore',
  'resetafter',
  'backwards',
  'stateful',
  'sum',
  'ave',
  'mul',
  'concat',
  'proj=P',
  'name=NAME',
  'xN',
];
const MOST_LAYERS = 10_000;

/** @throws RnnError E_LAYERS (usage) with the wrong part underlined; E_UNFILLED (usage) where a `_` is left */
export function parseLayers(text: string): ParsedLayers {
  checkFilled(text);
  const layers: Record<string, unknown>[] = [];
  const spans: { from: number; to: number }[] = [];
  let from = 0;
  for (const part of text.split(',')) {
    const span = { from, to: from + part.length };
    const { layer, times } = parseLayer(part, span, text);
    if (layers.length + times > MOST_LAYERS) throw wrong(text, span.from, span.to, `more than ${MOST_LAYERS} layers`, 'use fewer layers');
    for (let i = 0; i < times; i++) {
      layers.push({ ...layer });
      spans.push(span);
    }
    from = span.to + 1;
  }
  return { layers, spans };
}

function parseLayer(part: string, span: { from: number; to: number }, text: string): { layer: Record<string, unknown>; times: number } {
  const [head, ...options] = part.split('+');
  const match = /^([a-z]*)(?::([^@]*))?(?:@(.*))?$/.exec(head.trim());
  if (part.trim() === '')
    throw wrong(
      text,
      span.from,
      Math.max(span.to, span.from + 1),
      'a layer is missing',
      'write kind:units between commas, such as lstm:64',
    );
  if (!match)
    throw wrong(
      text,
      span.from,
      span.from + head.length,
      `cannot read '${escapeText(head, 40)}' as a layer`,
      'write [bi]kind[:units][@activation][+option], such as bilstm:64@tanh+seq',
    );
  const [, word, argument, activation] = match;
  const { kind, bidirectional } = kindOf(word, text, span.from, span.from + head.length);
  const layer: Record<string, unknown> = { kind, ...argumentOf(kind, argument, text, span) };
  if (bidirectional) layer.bidirectional = 'concat';
  if (activation !== undefined) {
    if (!isCellName(kind) && kind !== 'dense')
      throw wrong(text, span.from, span.to, `${kind} has no activation`, `drop @${escapeText(activation, 30)}`);
    layer.activation = activation;
  }
  let times = 1;
  let at = span.from + head.length + 1;
  for (const option of options) {
    times *= applyOption(layer, option, { text, from: at, to: at + option.length });
    at += option.length + 1;
  }
  if (times > 1 && layer.name !== undefined)
    throw wrong(
      text,
      span.from,
      span.to,
      `${times} layers cannot all be called '${escapeText(String(layer.name), 40)}'`,
      'drop +name or +xN',
    );
  return { layer, times };
}

function kindOf(word: string, text: string, from: number, to: number): { kind: string; bidirectional: boolean } {
  if (KINDS.includes(word)) return { kind: word, bidirectional: false };
  if (word.startsWith('bi') && CELL_KINDS.includes(word.slice(2))) return { kind: word.slice(2), bidirectional: true };
  const near = nearest(word, [...KINDS, ...CELL_KINDS.map(k => `bi${k}`)]);
  const known = `rnn lstm gru (or birnn bilstm bigru) ${KINDS.slice(3).join(' ')}`;
  throw wrong(
    text,
    from,
    to,
    word === '' ? 'a layer starts with its kind' : `unknown layer kind '${escapeText(word, 40)}'`,
    near ? `did you mean '${near}'?` : `kinds: ${known}`,
  );
}

function argumentOf(kind: string, argument: string | undefined, text: string, span: { from: number; to: number }): Record<string, unknown> {
  const field = ARGUMENT[kind];
  const fail = (message: string, fix: string) => wrong(text, span.from, span.to, message, fix);
  if (field === null) {
    if (argument !== undefined) throw fail(`${kind} takes no number`, `write ${kind}`);
    return {};
  }
  if (field === 'VxD') {
    const sizes = /^(\d+)x(\d+)$/.exec(argument ?? '');
    if (!sizes)
      throw fail(
        `embedding needs its two sizes, found '${escapeText(argument ?? 'nothing', 40)}'`,
        'write embedding:VxD, such as embedding:1000x16 (V tokens, vectors of D)',
      );
    return { tokens: size(sizes[1], fail), units: size(sizes[2], fail) };
  }
  if (argument === undefined) {
    if (kind === 'masking' || kind === 'dropout') return {};
    throw fail(`${kind} needs a number of ${field}`, `write ${kind}:${kind === 'repeat' ? 10 : 64}`);
  }
  if (kind === 'masking' || kind === 'dropout') {
    if (!/^-?(\d+\.?\d*|\.\d+)(e-?\d+)?$/i.test(argument))
      throw fail(`${kind} needs a number, found '${escapeText(argument, 40)}'`, `write ${kind}:0.5`);
    return { [field]: Number(argument) };
  }
  if (!/^\d+$/.test(argument))
    throw fail(`${field} of ${kind} must be a whole number, found '${escapeText(argument, 40)}'`, `write ${kind}:64`);
  return { [field]: size(argument, fail) };
}

function size(digits: string, fail: (message: string, fix: string) => RnnError): number {
  const value = Number(digits);
  if (value < 1 || value > 2 ** 31 - 1)
    throw fail(`a size must be from 1 to ${2 ** 31 - 1}, found ${digits.slice(0, 40)}`, 'use a positive size');
  return value;
}

/** Writes one +option into the layer. @returns how many times the layer is repeated (+xN), else 1 */
function applyOption(layer: Record<string, unknown>, option: string, at: { text: string; from: number; to: number }): number {
  const kind = String(layer.kind);
  const fail = (message: string, fix: string) => wrong(at.text, at.from, at.to, message, fix);
  const only = (allowed: boolean, who: string) => {
    if (!allowed) throw fail(`+${option} is for ${who}, not for ${kind}`, `drop +${option}`);
  };
  const repeat = /^x(\d+)$/.exec(option);
  if (repeat) {
    const times = Number(repeat[1]);
    if (times < 1 || times > MOST_LAYERS) throw fail(`+${option} is no number of layers from 1 to ${MOST_LAYERS}`, 'write +x3');
    return times;
  }
  const named = /^name=(.+)$/.exec(option);
  const projected = /^proj=(\d+)$/.exec(option);
  const recurrent = isCellName(kind);
  if (named) layer.name = named[1];
  else if (projected) {
    only(kind === 'lstm', 'lstm');
    layer.projection = size(projected[1], fail);
  } else if (option === 'seq' || option === 'last') {
    only(recurrent, 'recurrent layers');
    if (layer.returnSequences !== undefined && layer.returnSequences !== (option === 'seq'))
      throw fail('+seq and +last contradict each other', 'keep one of them');
    layer.returnSequences = option === 'seq';
  } else if (option === 'nobias') {
    only(recurrent || kind === 'dense', 'recurrent layers and dense');
    layer.useBias = false;
  } else if (option === 'resetbefore' || option === 'resetafter') {
    only(kind === 'gru', 'gru');
    layer.resetAfter = option === 'resetafter';
  } else if (option === 'backwards' || option === 'stateful') {
    only(recurrent, 'recurrent layers');
    layer[option === 'backwards' ? 'goBackwards' : 'stateful'] = true;
  } else if (['sum', 'ave', 'mul', 'concat'].includes(option)) {
    only(layer.bidirectional !== undefined, `bidirectional layers (bi${recurrent ? kind : 'lstm'})`);
    layer.bidirectional = option;
  } else {
    const near = nearest(option, OPTIONS);
    throw fail(
      `unknown option '+${escapeText(option, 40)}'`,
      near ? `did you mean '+${near}'?` : `options: ${OPTIONS.map(o => `+${o}`).join(' ')}`,
    );
  }
  return 1;
}

function wrong(text: string, from: number, to: number, message: string, fix: string): RnnError {
  return new RnnError('usage', 'E_LAYERS', message, { where: '--layers', fix, excerpt: { text, from, to } });
}

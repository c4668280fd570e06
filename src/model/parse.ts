import { getCell, isCellName } from '../cells/index.js';
import { RnnError } from '../errors.js';
import { escapeText } from '../escape.js';
import type { Grammar } from '../layers/facets.js';
import { LAYER_KINDS } from '../layers/index.js';
import { nearest } from '../registry.js';
import { isFunction, kindCalled, usualSpelling } from './layersSpelling.js';
import { MOST_LAYERS } from './spec.js';
import { checkFilled } from './unfilled.js';

/**
 * The one-line network, `lstm:64,gru:32,dense:10`, into a spec (plain JSON, for checkSpec):
 *   layer[,layer…]   layer = [bi]kind[:sizes][@activation[/activation of the gates]][+option…]
 * Which words there are and what may stand behind them is the kinds' own: their grammar facet.
 */
export interface ParsedLayers {
  /** layers of a spec, names given only where the user named them */
  readonly layers: Record<string, unknown>[];
  /** one per layer: its characters [from, to) in the text */
  readonly spans: readonly { readonly from: number; readonly to: number }[];
}

/** Kinds that can be written on a line, by their word; recurrent ones first, since that is what the line is for. */
const WORDS = new Map(
  LAYER_KINDS.flatMap(kind => (kind.grammar ? [[kind.grammar.word ?? kind.name, { kind, grammar: kind.grammar }] as const] : [])).sort(
    ([a], [b]) => Number(isCellName(b)) - Number(isCellName(a)),
  ),
);
const KINDS = [...WORDS.keys()];
const CELL_KINDS: readonly string[] = KINDS.filter(isCellName);

/**
 * @throws RnnError E_LAYERS (usage) with the wrong part underlined, and with the line that was probably meant; E_UNFILLED (usage) where a
 *   `_` is left
 */
export function parseLayers(text: string): ParsedLayers {
  checkFilled(text);
  try {
    return parseLine(text);
  } catch (error) {
    if (error instanceof RnnError) suggest(error, text);
    throw error;
  }
}

function suggest(error: RnnError, text: string): void {
  if (/^\d+$/.test(text.trim())) {
    error.fix = `--layers is the network on one line, --stack the number of recurrent layers: --stack ${text.trim()}`;
    error.correction = { word: text, flags: ['--layers'], to: ['--stack', text.trim()] };
    return;
  }
  if (/^[\w./-]+\.(json|keras|h5|hdf5|onnx|pt2)$/i.test(text)) {
    error.fix = `a file that describes the network is --model ${escapeText(text, 100)}`;
    error.correction = { word: text, flags: ['--layers'], to: ['--model', text] };
    return;
  }
  const [input, ...sizes] = INPUT_LAYER.exec(text) ?? [''];
  const meant = usualSpelling(text.slice(input.length), [...KINDS, ...CELL_KINDS.map(kind => `bi${kind}`)]);
  if (meant === text) return;
  try {
    parseLine(meant);
  } catch (other) {
    // nn.LSTM: the kind is known now, its size is not
    if (other instanceof RnnError && error.message.startsWith('cannot read')) error.fix = other.fix;
    return;
  }
  const flags = sizes.flatMap((size, i) => (/\d/.test(size ?? '') ? [['--T', '--D'][i], size] : []));
  if (flags.length > 0 || !error.fix?.startsWith('did you mean'))
    error.fix = `did you mean ${[`--layers "${escapeText(meant, 200)}"`, ...flags].join(' ')}?`;
  error.correction = { word: text, flags: ['--layers'], to: ['--layers', meant, ...flags] };
}

/** `Input((10, 3)),`, `input:10x3,`: the sizes of the input are flags. */
const INPUT_LAYER = /^\s*input(?:layer)?\s*[:(]\s*(?:shape=)?\(?\s*(\d+|None)\s*[x,]\s*(\d+)[\s)]*,\s*(?=\S)/i;

function parseLine(text: string): ParsedLayers {
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
  const match = /^([a-z]*[0-9]*[a-z]*)(?::([^@]*))?(?:@(.*))?$/.exec(head.trim());
  if (part.trim() === '')
    throw wrong(
      text,
      span.from,
      Math.max(span.to, span.from + 1),
      'a layer is missing',
      'write kind:units between commas, such as lstm:64, or drop the comma',
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
  const { plain, bidirectional } = wordOf(word, text, span.from, span.from + head.length);
  const { kind, grammar } = WORDS.get(plain)!;
  const layer: Record<string, unknown> = { kind: kind.name, ...argumentOf(plain, grammar, argument, text, span) };
  if (bidirectional) layer.bidirectional = 'concat';
  if (activation !== undefined) {
    if (!grammar.activation) throw wrong(text, span.from, span.to, `${plain} has no activation`, `drop @${escapeText(activation, 30)}`);
    Object.assign(layer, activationsOf(plain, kind, activation, text, span));
  }
  let times = 1;
  let at = span.from + head.length + 1;
  for (const option of options) {
    times *= applyOption(layer, plain, grammar, option, { text, from: at, to: at + option.length });
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

/** `tanh`, `tanh/hard_sigmoid`: the activation, and that of the gates. */
function activationsOf(
  word: string,
  { fields }: { readonly fields: Readonly<Record<string, unknown>> },
  activation: string,
  text: string,
  span: { from: number; to: number },
): Record<string, unknown> {
  const [own, gates] = activation.split('/');
  if (gates === undefined) return { activation };
  if (!('recurrentActivation' in fields)) throw wrong(text, span.from, span.to, `${word} has no gates`, `write @${escapeText(own, 30)}`);
  return { ...(own === '' ? {} : { activation: own }), recurrentActivation: gates };
}

function wordOf(word: string, text: string, from: number, to: number): { plain: string; bidirectional: boolean } {
  if (WORDS.has(word)) return { plain: word, bidirectional: false };
  if (word.startsWith('bi') && CELL_KINDS.includes(word.slice(2))) return { plain: word.slice(2), bidirectional: true };
  const both = CELL_KINDS.map(k => `bi${k}`);
  const near = kindCalled(word) ?? nearest(word, [...KINDS, ...both]);
  const known = `${CELL_KINDS.join(' ')} (or ${both.join(' ')}) ${KINDS.slice(CELL_KINDS.length).join(' ')}`;
  throw wrong(
    text,
    from,
    to,
    word === '' ? 'a layer starts with its kind' : `unknown layer kind '${escapeText(word, 40)}'`,
    near ? `did you mean '${near}'?` : isFunction(word) ? `an activation belongs to a layer: dense:10@${word}` : `kinds: ${known}`,
  );
}

const COUNTED = ['', 'one', 'two', 'three', 'four'];
const NUMBER = /^-?(\d+\.?\d*|\.\d+)(e-?\d+)?$/i;

/** What stands behind the colon, as fields of the layer. */
function argumentOf(
  word: string,
  { sizes, number }: Grammar,
  argument: string | undefined,
  text: string,
  span: { from: number; to: number },
): Record<string, unknown> {
  const fail = (message: string, fix: string) => wrong(text, span.from, span.to, message, fix);
  if (number) {
    if (argument === undefined) return {};
    if (NUMBER.test(argument)) return { [number.field]: Number(argument) };
    throw fail(`${word} needs a number, found '${escapeText(argument, 40)}'`, `write ${word}:${number.example}`);
  }
  if (!sizes) {
    if (argument === undefined) return {};
    throw fail(`${word} takes no number`, `write ${word}`);
  }
  const [least, most] = sizes.counts;
  if (argument === undefined && least === 0) return {};
  const parts = argument?.split('x') ?? [];
  const right = parts.length >= least && parts.length <= most && parts.every(digits => /^\d+$/.test(digits));
  if (right) return sizes.fields(parts.map(digits => size(digits, fail)));
  const example = `write ${word}:${sizes.example}`;
  if (most > 1) {
    const count = least === most ? `its ${COUNTED[least]} sizes` : 'its sizes';
    throw fail(
      `${word} needs ${count}, found '${escapeText(argument ?? 'nothing', 40)}'`,
      `write ${word}:${sizes.form}, such as ${word}:${sizes.example}${sizes.meaning === undefined ? '' : ` (${sizes.meaning})`}`,
    );
  }
  if (argument === undefined) throw fail(`${word} needs a number of ${sizes.form}`, example);
  throw fail(`${sizes.form} of ${word} must be a whole number, found '${escapeText(argument, 40)}'`, example);
}

/** Options of a kind as they are written: 'same', 'stride=2'. */
function optionsOf({ options = {} }: Grammar): string[] {
  return Object.entries(options).map(([name, option]) => ('size' in option ? `${name}=2` : name));
}

function size(digits: string, fail: (message: string, fix: string) => RnnError): number {
  const value = Number(digits);
  if (value < 1 || value > 2 ** 31 - 1)
    throw fail(`a size must be from 1 to ${2 ** 31 - 1}, found ${digits.slice(0, 40)}`, 'use a positive size');
  return value;
}

/** Writes one +option into the layer. @returns how many times the layer is repeated (+xN), else 1 */
function applyOption(
  layer: Record<string, unknown>,
  word: string,
  grammar: Grammar,
  option: string,
  at: { text: string; from: number; to: number },
): number {
  const fail = (message: string, fix: string) => wrong(at.text, at.from, at.to, message, fix);
  const repeat = /^x(\d+)$/.exec(option);
  if (repeat) {
    const times = Number(repeat[1]);
    if (times < 1 || times > MOST_LAYERS) throw fail(`+${option} is not a number of layers from 1 to ${MOST_LAYERS}`, 'write +x3');
    return times;
  }
  const named = /^name=(.+)$/.exec(option);
  if (named) {
    layer.name = named[1];
    return 1;
  }
  const own = ownOption(grammar, option, fail);
  if (own) Object.assign(layer, own);
  else if (!applyRecurrent(layer, option, fail)) throw unknownOption(word, option, fail);
  return 1;
}

type Fail = (message: string, fix: string) => RnnError;

/** The fields that one of the kind's own options sets. */
function ownOption({ options = {} }: Grammar, text: string, fail: Fail): Record<string, unknown> | undefined {
  const [name, digits] = text.split('=');
  const option = Object.hasOwn(options, name) ? options[name] : undefined;
  if (!option) return undefined;
  if ('set' in option) {
    if (digits === undefined) return option.set;
    throw fail(`+${name} takes no number`, `write +${name}`);
  }
  if (!/^\d+$/.test(digits ?? ''))
    throw fail(`+${name} needs a whole number, found '${escapeText(digits ?? 'nothing', 40)}'`, `write +${name}=2`);
  const value = size(digits, fail);
  return { [option.size]: option.axes === undefined ? value : new Array(option.axes).fill(value) };
}

/** @returns whether it is an option of recurrent layers */
function applyRecurrent(layer: Record<string, unknown>, option: string, fail: Fail): boolean {
  const kind = String(layer.kind);
  const recurrent = isCellName(kind);
  const only = (allowed: boolean, who: string) => {
    if (!allowed) throw fail(`+${option} is for ${who}, not for ${kind}`, `drop +${option}`);
  };
  const projected = /^proj=(\d+)$/.exec(option);
  if (projected) {
    only(hasField(kind, 'projection'), owners('projection'));
    layer.projection = size(projected[1], fail);
  } else if (option === 'seq' || option === 'last') {
    only(recurrent, 'recurrent layers');
    if (layer.returnSequences !== undefined && layer.returnSequences !== (option === 'seq'))
      throw fail('+seq and +last contradict each other', 'keep one of them');
    layer.returnSequences = option === 'seq';
  } else if (option === 'resetbefore' || option === 'resetafter') {
    only(hasField(kind, 'resetAfter'), owners('resetAfter'));
    layer.resetAfter = option === 'resetafter';
  } else if (option === 'peepholes') {
    only(hasField(kind, option), owners(option));
    layer.peepholes = true;
  } else if (option === 'backwards' || option === 'stateful') {
    only(recurrent, 'recurrent layers');
    layer[option === 'backwards' ? 'goBackwards' : 'stateful'] = true;
  } else if (['sum', 'ave', 'mul', 'concat'].includes(option)) {
    only(layer.bidirectional !== undefined, `bidirectional layers (bi${recurrent ? kind : 'lstm'})`);
    layer.bidirectional = option;
  } else return false;
  return true;
}

function hasField(kind: string, field: string): boolean {
  return isCellName(kind) && getCell(kind).fields[field] !== undefined;
}

/** The options of a recurrent layer; those of a pair of directions among them, although `bi` may be missing. */
function recurrentOptions(kind: string): readonly string[] {
  if (!isCellName(kind)) return [];
  const own = [
    ['resetAfter', 'resetbefore'],
    ['resetAfter', 'resetafter'],
    ['projection', 'proj=P'],
    ['peepholes', 'peepholes'],
  ].flatMap(([field, option]) => (hasField(kind, field) ? [option] : []));
  return ['seq', 'last', ...own, 'backwards', 'stateful', 'sum', 'ave', 'mul', 'concat'];
}

function owners(field: string): string {
  return CELL_KINDS.filter(kind => hasField(kind, field)).join(', ');
}

function unknownOption(word: string, option: string, fail: Fail): RnnError {
  const owners = KINDS.filter(kind => Object.hasOwn(WORDS.get(kind)!.grammar.options ?? {}, option.split('=')[0]));
  if (owners.length > 0) {
    const whose = owners.length > 3 ? 'is' : `is for ${owners.join(', ')},`;
    return fail(`+${escapeText(option, 40)} ${whose} not for ${word}`, `drop +${escapeText(option, 40)}`);
  }
  const { kind, grammar } = WORDS.get(word)!;
  const known = [...recurrentOptions(kind.name), ...optionsOf(grammar), 'name=NAME', 'xN'];
  const near = nearest(option, known);
  return fail(
    `unknown option '+${escapeText(option, 40)}'`,
    near ? `did you mean '+${near}'?` : `options of ${word}: ${known.map(o => `+${o}`).join(' ')}`,
  );
}

function wrong(text: string, from: number, to: number, message: string, fix: string): RnnError {
  return new RnnError('usage', 'E_LAYERS', message, { where: '--layers', fix, excerpt: { text, from, to } });
}

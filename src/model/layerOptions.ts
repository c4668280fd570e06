import { getCell, isCellName } from '../cells/index.js';
import type { RnnError } from '../errors.js';
import { escapeText } from '../escape.js';
import type { Grammar } from '../layers/facets.js';
import { nearest } from '../registry.js';
import { CELL_KINDS, type Fail, KINDS, size, WORDS, wrong } from './layerWords.js';
import { MOST_LAYERS } from './spec.js';

/** Options of a kind as they are written: 'same', 'stride=2'. */
function optionsOf({ options = {} }: Grammar): string[] {
  return Object.entries(options).map(([name, option]) => ('size' in option ? `${name}=2` : name));
}

/** Writes one +option into the layer. @returns how many times the layer is repeated (+xN), else 1 */
export function applyOption(
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

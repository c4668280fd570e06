import { isCellName } from '../cells/index.js';
import type { RnnError } from '../errors.js';
import { escapeText } from '../escape.js';
import type { Grammar, GrammarOption } from '../layers/facets.js';
import { nearest } from '../registry.js';
import { type Fail, layerWords, size, wordsByKind, wrong } from './layerWords.js';
import { MOST_LAYERS } from './spec.js';

/** A layer of a `--layers` line while it is parsed: its fields so far, and the option that set each. */
export interface LayerRead {
  readonly word: string;
  readonly grammar: Grammar;
  readonly fields: Record<string, unknown>;
  readonly setBy: Map<string, string>;
}

/** The options of a kind, each as a user would write it: 'same', 'stride=2'. */
function optionsOf({ options = {} }: Grammar): string[] {
  return Object.entries(options).map(([name, option]) =>
    'size' in option ? `${name}=${option.letter ?? 2}` : 'number' in option ? `${name}=${option.example}` : name,
  );
}

/** Sets the fields of one +option. @returns N for +xN, which repeats the layer; 1 for any other option. @throws RnnError E_LAYERS */
export function applyOption(layer: LayerRead, option: string, at: { text: string; from: number; to: number }): number {
  const fail = (message: string, fix: string) => wrong(at.text, at.from, at.to, message, fix);
  const repeat = /^x(\d+)$/.exec(option);
  if (repeat) {
    const times = Number(repeat[1]);
    if (times < 1 || times > MOST_LAYERS) throw fail(`+${option} must repeat the layer 1 to ${MOST_LAYERS} times`, 'write +x3');
    return times;
  }
  const [, name] = /^name=(.+)$/.exec(option) ?? [];
  const set = name === undefined ? ownOption(layer, option, fail) : { name };
  for (const [field, value] of Object.entries(set)) {
    const before = layer.setBy.get(field);
    if (before !== undefined && JSON.stringify(layer.fields[field]) !== JSON.stringify(value))
      throw fail(`+${escapeText(before, 40)} and +${escapeText(option, 40)} contradict each other`, 'keep one of them');
    layer.setBy.set(field, option);
    layer.fields[field] = value;
  }
  return 1;
}

/** Returns the fields that an option of this kind sets. */
function ownOption({ word, grammar, fields }: LayerRead, text: string, fail: Fail): Record<string, unknown> {
  const [name, digits] = text.split('=');
  const option = optionOf(grammar, name);
  if (!option) throw unknownOption(word, text, fail);
  if ('set' in option) {
    if (digits !== undefined) throw fail(`+${name} takes no number`, `write +${name}`);
    if (option.bidirectional && fields.bidirectional === undefined)
      throw misplaced(word, text, fail, 'bidirectional layers', `(bi${word})`);
    return option.set;
  }
  if ('number' in option) {
    if (!/^\d*\.?\d+(e-?\d+)?$/i.test(digits ?? ''))
      throw fail(`+${name} needs a number, found '${escapeText(digits ?? 'nothing', 40)}'`, `write +${name}=${option.example}`);
    return { [option.number]: Number(digits) };
  }
  if (!/^\d+$/.test(digits ?? ''))
    throw fail(`+${name} needs a whole number, found '${escapeText(digits ?? 'nothing', 40)}'`, `write +${name}=2`);
  const value = size(digits, fail);
  return { [option.size]: option.axes === undefined ? value : new Array(option.axes).fill(value) };
}

function optionOf({ options = {} }: Grammar, name: string): GrammarOption | undefined {
  return Object.hasOwn(options, name) ? options[name] : undefined;
}

function unknownOption(word: string, text: string, fail: Fail): RnnError {
  const name = text.split('=')[0];
  const having = [...layerWords()].filter(([, { grammar }]) => optionOf(grammar, name));
  const owners = having.map(([owner]) => owner);
  const [first] = having.map(([, { grammar }]) => optionOf(grammar, name)!);
  if (first && 'set' in first && first.bidirectional) return misplaced(word, text, fail, 'bidirectional layers', '(bilstm)');
  if (owners.length > 0 && owners.every(isCellName) && owners.length === wordsByKind().cells.length)
    return misplaced(word, text, fail, 'recurrent layers');
  if (owners.length > 0) return misplaced(word, text, fail, owners.length > 3 ? undefined : owners.join(', '));
  const known = [...optionsOf(layerWords().get(word)!.grammar), 'name=NAME', 'xN'];
  const near = nearest(text, known);
  return fail(
    `unknown option '+${escapeText(text, 40)}'`,
    near ? `did you mean '+${near}'?` : `options of ${word}: ${known.map(o => `+${o}`).join(' ')}`,
  );
}

/** The error for an option that belongs to other kinds of layers. */
function misplaced(word: string, text: string, fail: Fail, owners?: string, such = ''): RnnError {
  const option = escapeText(text, 40);
  const whose = owners === undefined ? 'is' : `is for ${[owners, such].join(' ').trim()},`;
  return fail(`+${option} ${whose} not for ${word}`, `drop +${option}`);
}

import { hashingOf } from '../../../layers/hashing/hashing.js';
import { add, choose, less, mul, sub } from './arithmetic.js';
import { type OperatorCall, wrongArgument } from './call.js';
import { encoded, refused } from './encoded.js';
import { cast, type Expression, FLOAT, INT, node, type Operand } from './expression.js';

/**
 * IntegerLookup. Indices: the mask token first (if there is one), then the out-of-vocabulary indices, then one index per number of the
 * vocabulary.
 */

const whole = (value: unknown): Operand => ({ constant: { type: 'int', value } });

/** Stands for the mask, which sets no bit in one_hot, multi_hot or count rows. */
const NOWHERE = whole(-1);

/** Keras IntegerLookup: replaces integers by their indices in the vocabulary. */
export function integerLookup(call: OperatorCall): Expression {
  const mode = MODES[String(call.given(-1, 'output_mode') ?? 'int')] ?? String(call.given(-1, 'output_mode'));
  const mask = call.given(-1, 'mask_token') ?? null;
  const unknown = call.number(-1, 'num_oov_indices', 1);
  if (!(Number.isInteger(unknown) && unknown >= 0)) throw wrongArgument('num_oov_indices', unknown);
  const first = mask === null || mode !== 'int' ? 0 : 1;
  const keys = vocabularyOf(call, [...(first === 1 ? [mask] : []), ...Array(unknown).fill(call.given(-1, 'oov_token') ?? null)]);
  if (unknown === 0 && mode !== 'int')
    throw refused('num_oov_indices', 'at least 1 with this output_mode: otherwise Keras fails at unknown numbers', 0);
  const x = cast(call.operand(0, 'inputs'), INT);
  const places = keys.map((_, i) => first + unknown + i);
  const isMask = (token: unknown) => node('Equal', [x, whole(Number(token))]);
  if (call.flag(-1, 'invert')) {
    const token = lookedUp(x, places, keys, call.number(-1, 'oov_token', -1));
    return mask === null ? token : choose(isMask(0), whole(Number(mask)), token);
  }
  const place =
    unknown > 1 ? spread(call, x, lookedUp(x, keys, places, -1), first, unknown) : lookedUp(x, keys, places, unknown === 1 ? first : -1);
  const known = mask === null ? place : choose(isMask(mask), first === 1 ? whole(0) : NOWHERE, place);
  const size = unknown + keys.length;
  const depth = call.flag(-1, 'pad_to_max_tokens') ? call.number(-1, 'max_tokens', size) : size;
  if (mode !== 'tf_idf') return encoded(call, known, depth, { mode });
  const weights = call.given(-1, 'idf_weights');
  if (!Array.isArray(weights)) throw refused('idf_weights', 'numbers', weights ?? null);
  return mul(cast(encoded(call, known, depth, { mode: 'count' }), FLOAT), { constant: inPlaces(weights as number[], size, depth) });
}

/** Names used by earlier versions of Keras. */
const MODES: Readonly<Record<string, string>> = { binary: 'multi_hot', 'tf-idf': 'tf_idf' };

/** @param special tokens that may precede the vocabulary: mask and out-of-vocabulary @throws RnnError E_KERAS_OPTION */
function vocabularyOf(call: OperatorCall, special: readonly unknown[]): readonly number[] {
  const words = call.given(-1, 'vocabulary');
  if (!Array.isArray(words) || words.length === 0 || !words.every(Number.isSafeInteger)) {
    const expected = 'whole numbers (a layer that was adapted keeps them in assets/… of its .keras, which no other file holds)';
    throw refused('vocabulary', expected, words ?? null);
  }
  const keys = (special.every((token, i) => words[i] === token) ? words.slice(special.length) : words) as number[];
  const places = new Map(keys.map((key, i) => [key, i]));
  const repeated = keys.find((key, i) => places.get(key) !== i);
  if (repeated !== undefined) throw refused('vocabulary', 'numbers that all differ', `${repeated} twice`);
  return keys;
}

/** Replaces a negative index (unknown) by one of the out-of-vocabulary indices, chosen by remainder or by hash. */
function spread(call: OperatorCall, x: Operand, place: Operand, first: number, unknown: number): Expression {
  const method = call.given(-1, 'oov_method') ?? 'floormod';
  if (method !== 'floormod' && method !== 'farmhash') throw refused('oov_method', 'floormod, farmhash', method);
  const attributes = hashingOf({ num_bins: unknown, salt: call.given(-1, 'salt') });
  const bin: Operand = method === 'farmhash' ? { kind: 'hashing', op: '', operands: [x], attributes } : node('Mod', [x, whole(unknown)]);
  return choose(less(place, whole(0)), add(cast(bin, INT), whole(first)), place);
}

/**
 * Looks x up in a table of keys and values; `otherwise` if it has no such key. Dense keys index an array, others are found by binary
 * search.
 */
function lookedUp(x: Operand, keys: readonly number[], values: readonly number[], otherwise: number): Expression {
  const sorted = keys.map((key, i) => ({ key, value: values[i] })).sort((a, b) => a.key - b.key);
  const [low, high] = [sorted[0].key, sorted[sorted.length - 1].key];
  if (high - low < 64 + 16 * keys.length) {
    const table = Array<number>(high - low + 3).fill(otherwise);
    for (const { key, value } of sorted) table[key - low + 1] = value;
    return node('Gather', [whole(table), sub(node('Clip', [x, whole(low - 1), whole(high + 1)]), whole(low - 1))]);
  }
  const size = 2 ** Math.ceil(Math.log2(keys.length));
  const padded = Array.from({ length: size }, (_, i) => sorted[Math.min(i, sorted.length - 1)]);
  const tableOf = (name: 'key' | 'value') => whole(padded.map(entry => entry[name]));
  let at: Operand = mul(x, whole(0));
  for (let step = size / 2; step >= 1; step /= 2) {
    const next: Operand = add(at, whole(step));
    const isBelow = node('GreaterOrEqual', [x, node('Gather', [tableOf('key'), next])]);
    at = choose(isBelow, next, at);
  }
  return choose(node('Equal', [x, node('Gather', [tableOf('key'), at])]), node('Gather', [tableOf('value'), at]), whole(otherwise));
}

/** Weights by index: out-of-vocabulary indices without a weight get the mean of all weights, indices beyond the weights get 0. */
function inPlaces(weights: readonly number[], size: number, depth: number): number[] {
  const mean = weights.reduce((sum, w) => sum + w, 0) / weights.length;
  const front = weights.length < size ? Array<number>(size - weights.length).fill(mean) : [];
  return [...front, ...weights, ...Array<number>(Math.max(0, depth - front.length - weights.length)).fill(0)];
}

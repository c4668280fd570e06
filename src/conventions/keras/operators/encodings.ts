import { RnnError } from '../../../errors.js';
import { escapeText, wordOf } from '../../../escape.js';
import { hashingOf } from '../../../layers/hashing/hashing.js';
import { type Argument, isTensor } from '../arguments.js';
import { cast, type Expression, FLOAT, INT, ints, node, type Operand, type OperatorCall, type Rule, wrongArgument } from './call.js';
import { autoContrast, randomCrop } from './images.js';
import { placesAlong } from './movement.js';
import { melSpectrogram } from './spectra.js';

/** Layers of Keras without weights that make token numbers of numbers, or rows of 0 and 1 (or counts) of token numbers. */

const whole = (value: unknown): Operand => ({ constant: { type: 'int', value } });

/** @throws RnnError E_KERAS_OPTION */
function refused(option: string, expected: string, found: unknown): RnnError {
  return new RnnError('unsupported', 'E_KERAS_OPTION', `${option} is ${escapeText(wordOf(found), 60)}`, {
    where: option,
    expected,
    found: escapeText(wordOf(found), 60),
  });
}

function only(call: OperatorCall, option: string, allowed: readonly unknown[]): void {
  const found = call.given(-1, option) ?? null;
  if (found !== null && !allowed.includes(found)) throw refused(option, allowed.map(wordOf).join(', '), found);
}

/** Places [N, T] as they are, or as rows of 0 and 1 for each, for all together, or counted (times what is given for each). */
function encoded(call: OperatorCall, places: Operand, depth: number, weights?: Operand): Expression {
  only(call, 'sparse', [false]);
  const mode = String(call.given(-1, 'output_mode') ?? 'int');
  const shape = call.shape(0, 'inputs');
  const rank = shape.length;
  if (mode === 'int') return cast(places, INT);
  if (rank < 2) throw wrongArgument('inputs', 'numbers without an axis beside the samples');
  if (mode === 'one_hot') {
    const single = shape[rank - 1] === 1;
    return placesAlong(single ? node('Squeeze', [places, ints([-1])]) : places, single ? rank - 1 : rank, -1, depth);
  }
  // Keras itself says another shape than it gives there
  if (rank > 2) throw refused('output_mode', 'int or one_hot of so many axes', mode);
  const each = placesAlong(places, rank, -1, depth);
  if (mode === 'multi_hot') return node('ReduceMax', [each, ints([1])], { keepdims: 0 });
  if (mode !== 'count') throw refused('output_mode', 'int, one_hot, multi_hot, count', mode);
  const counted = weights ? node('Mul', [each, node('Unsqueeze', [weights, ints([-1])])]) : each;
  return node('ReduceSum', [counted, ints([1])], { keepdims: 0 });
}

/** What stands for a number in a table: of keys and values, else `otherwise`. */
function lookedUp(x: Operand, keys: readonly number[], values: readonly number[], otherwise: Operand): Expression {
  const hits = node('Equal', [node('Unsqueeze', [x, ints([-1])]), whole(keys)]);
  const sum = (value: Operand) => node('ReduceSum', [node('Mul', [cast(hits, INT), value]), ints([-1])], { keepdims: 0 });
  const found = node('Greater', [sum(whole(1)), whole(0)]);
  return node('Where', [found, sum(whole(values)), otherwise]);
}

/** Bins of numbers by their hash, as they are or encoded. */
function hashedPlaces(call: OperatorCall, inputs: readonly (Argument | undefined)[]): Expression {
  const tensors = inputs.filter(isTensor);
  if (tensors.length !== inputs.length || tensors.some(({ dtype }) => dtype === 'string'))
    throw refused('inputs', 'whole numbers: no text is read here', tensors[0]?.dtype ?? null);
  const names = ['num_bins', 'salt', 'mask_value', 'sparse'];
  const attributes = hashingOf(Object.fromEntries(names.map(name => [name, call.given(-1, name)])));
  const bins: Expression = { kind: 'hashing', op: '', operands: tensors.map(call.valueOf), attributes };
  const mode = call.given(-1, 'output_mode') ?? 'int';
  if (mode === 'int') return bins;
  const alone: OperatorCall = { ...call, shape: () => tensors[0].shape ?? call.shape(0, 'inputs') };
  // Keras itself says another shape than it gives there
  if (mode === 'one_hot' && alone.shape(0, 'inputs').at(-1) !== 1) throw refused('output_mode', 'int, or one number a sample', mode);
  return encoded(alone, bins, Number(call.given(-1, 'num_bins')));
}

export const ENCODINGS: Readonly<Record<string, Rule>> = {
  AutoContrast: autoContrast,
  RandomCrop: randomCrop,
  Hashing: call => hashedPlaces(call, [call.given(0, 'inputs')]),
  HashedCrossing: call => hashedPlaces(call, [call.given(0, 'inputs')].flat() as Argument[]),
  MelSpectrogram: melSpectrogram,
  CategoryEncoding(call) {
    const tokens = call.given(-1, 'num_tokens');
    if (typeof tokens !== 'number') throw wrongArgument('num_tokens', tokens ?? null);
    const weights = (call.given(1, 'count_weights') ?? null) === null ? undefined : call.float(1, 'count_weights');
    return encoded(call, call.operand(0, 'inputs'), tokens, weights);
  },
  /** How many of the borders are at most x. */
  Discretization(call) {
    const borders = call.given(-1, 'bin_boundaries');
    if (!Array.isArray(borders)) throw refused('bin_boundaries', 'numbers in the configuration', borders ?? null);
    const reached = node('GreaterOrEqual', [node('Unsqueeze', [call.float(0, 'inputs'), ints([-1])]), { constant: borders }]);
    return encoded(call, node('ReduceSum', [cast(reached, FLOAT), ints([-1])], { keepdims: 0 }), borders.length + 1);
  },
  /** A vocabulary of whole numbers: behind the place of the mask and those of unknown numbers each has its own. */
  IntegerLookup(call) {
    const words = call.given(-1, 'vocabulary');
    if (!Array.isArray(words) || !words.every(Number.isInteger))
      throw refused(
        'vocabulary',
        'whole numbers in the configuration (a layer that was adapted keeps them in a file beside it)',
        words ?? null,
      );
    only(call, 'oov_method', ['floormod']);
    only(call, 'pad_to_max_tokens', [false]);
    const mode = String(call.given(-1, 'output_mode') ?? 'int');
    const mask = call.given(-1, 'mask_token') ?? null;
    const unknown = call.number(-1, 'num_oov_indices', 1);
    if ((mask !== null || unknown === 0) && mode !== 'int') throw refused('output_mode', 'int', mode);
    const first = mask === null ? 0 : 1;
    const keys = words as number[];
    const places = keys.map((_, i) => first + unknown + i);
    const x = cast(call.operand(0, 'inputs'), INT);
    const isMask = (of: number) => node('Equal', [x, whole(of)]);
    if (call.flag(-1, 'invert')) {
      const token = lookedUp(x, places, keys, whole(call.number(-1, 'oov_token', -1)));
      return mask === null ? token : node('Where', [isMask(0), whole(mask), token]);
    }
    const none = unknown === 0 ? whole(-1) : whole(first);
    const spread = node('Add', [node('Mod', [x, whole(Math.max(1, unknown))]), none]);
    const place = lookedUp(x, keys, places, unknown > 1 ? spread : none);
    const known = mask === null ? place : node('Where', [isMask(Number(mask)), whole(0), place]);
    return encoded(call, known, unknown + keys.length);
  },
};

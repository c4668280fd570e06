import { RnnError } from '../../../errors.js';
import { escapeText, wordOf } from '../../../escape.js';
import { mul } from './arithmetic.js';
import { type OperatorCall, wrongArgument } from './call.js';
import { cast, type Expression, INT, ints, node, type Operand } from './expression.js';
import { placesAlong } from './movement.js';

/** @returns E_KERAS_OPTION for a value of an option that is not supported */
export function refused(option: string, expected: string, found: unknown): RnnError {
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

/** Encodes indices [N, T] by output_mode: int (unchanged), or rows of one_hot, multi_hot or count; counts may be multiplied by weights. */
export function encoded(
  call: OperatorCall,
  places: Operand,
  depth: number,
  { mode = String(call.given(-1, 'output_mode') ?? 'int'), weights }: { mode?: string; weights?: Operand } = {},
): Expression {
  only(call, 'sparse', [false]);
  const shape = call.shape(0, 'inputs');
  const rank = shape.length;
  if (mode === 'int') return cast(places, INT);
  if (rank < 2) throw wrongArgument('inputs', 'a tensor without an axis after the samples');
  if (mode === 'one_hot') {
    const single = shape[rank - 1] === 1;
    return placesAlong(single ? node('Squeeze', [places, ints([-1])]) : places, single ? rank - 1 : rank, -1, depth);
  }
  // the shape that Keras reports here is not the shape that it computes
  if (rank > 2) throw refused('output_mode', 'int or one_hot for an input of this rank', mode);
  const each = placesAlong(places, rank, -1, depth);
  if (mode === 'multi_hot') return node('ReduceMax', [each, ints([1])], { keepdims: 0 });
  if (mode !== 'count') throw refused('output_mode', 'int, one_hot, multi_hot, count', mode);
  const counted = weights ? mul(each, node('Unsqueeze', [weights, ints([-1])])) : each;
  return node('ReduceSum', [counted, ints([1])], { keepdims: 0 });
}

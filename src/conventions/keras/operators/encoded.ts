import { RnnError } from '../../../errors.js';
import { escapeText, wordOf } from '../../../escape.js';
import { cast, type Expression, INT, ints, node, type Operand, type OperatorCall, wrongArgument } from './call.js';
import { placesAlong } from './movement.js';

/** The error for an option that is not supported here: E_KERAS_OPTION. */
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

/** Indices [N, T] as they are (int), or as one_hot, multi_hot or count rows; counts are multiplied by weights where these are given. */
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

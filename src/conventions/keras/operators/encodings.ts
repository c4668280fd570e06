import { hashingOf } from '../../../layers/hashing/hashing.js';
import { type Argument, isTensor } from '../arguments.js';
import { type OperatorCall, type Rule, wrongArgument } from './call.js';
import { encoded, refused } from './encoded.js';
import { cast, type Expression, FLOAT, ints, node } from './expression.js';
import { autoContrast, randomCrop } from './images.js';
import { melSpectrogram } from './spectra.js';
import { integerLookup } from './vocabulary.js';

/** Layers of Keras without weights that turn numbers into token numbers, or token numbers into rows of 0 and 1 (or counts). */

/** Hashes numbers into bins, and encodes these by output_mode. */
function hashedPlaces(call: OperatorCall, inputs: readonly (Argument | undefined)[]): Expression {
  const tensors = inputs.filter(isTensor);
  if (tensors.length !== inputs.length || tensors.some(({ dtype }) => dtype === 'string'))
    throw refused('inputs', 'integers: text is not supported', tensors[0]?.dtype ?? null);
  const names = ['num_bins', 'salt', 'mask_value', 'sparse'];
  const attributes = hashingOf(Object.fromEntries(names.map(name => [name, call.given(-1, name)])));
  const bins: Expression = { kind: 'hashing', op: '', operands: tensors.map(t => call.operandFor(t)), attributes };
  const mode = call.given(-1, 'output_mode') ?? 'int';
  if (mode === 'int') return bins;
  const alone = call.with({ shape: () => tensors[0].shape ?? call.shape(0, 'inputs') });
  // the shape that Keras reports here is not the shape that it computes
  if (mode === 'one_hot' && alone.shape(0, 'inputs').at(-1) !== 1) throw refused('output_mode', 'int, or one number per sample', mode);
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
    if (typeof tokens !== 'number' || !(tokens >= 1)) throw wrongArgument('num_tokens', tokens ?? null);
    const weights = !call.has(1, 'count_weights') ? undefined : call.float(1, 'count_weights');
    return encoded(call, call.operand(0, 'inputs'), tokens, { weights });
  },
  /** The number of bin boundaries that are at most x. */
  Discretization(call) {
    const borders = call.given(-1, 'bin_boundaries');
    if (!Array.isArray(borders)) throw refused('bin_boundaries', 'numbers in the configuration', borders ?? null);
    if (borders.some((border, i) => i > 0 && !(borders[i - 1] <= border)))
      throw refused('bin_boundaries', 'numbers in ascending order', borders);
    const reached = node('GreaterOrEqual', [node('Unsqueeze', [call.float(0, 'inputs'), ints([-1])]), { constant: borders }]);
    return encoded(call, node('ReduceSum', [cast(reached, FLOAT), ints([-1])], { keepdims: 0 }), borders.length + 1);
  },
  IntegerLookup: integerLookup,
};

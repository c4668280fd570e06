import { canonicalActivation } from '../../activations/index.js';
import type { RecurrenceArgs } from '../../layers/layer.js';
import type { FloatArray } from '../../tensor/tensor.js';
import { biasRows } from '../recurrentWeights.js';
import type { FusedCell } from './kernel.js';

/**
 * Returns the fused cell for a recurrence; undefined if it has none. SimpleRNN, LSTM and GRU have one, with their default activations and
 * without projection, peepholes, clip and input_forget. Everything else runs through cell.step.
 */
export function fusedCell({ cell, options, weights, ...spec }: RecurrenceArgs): FusedCell | undefined {
  if (weights.projection || weights.peepholes || options.clip !== null || options.inputForget) return undefined;
  if (canonicalActivation(spec.activation) !== 'tanh') return undefined;
  if (spec.outputActivation !== null && canonicalActivation(spec.outputActivation) !== 'tanh') return undefined;
  if (cell.name === 'rnn') return 'rnn';
  if (canonicalActivation(spec.recurrentActivation) !== 'sigmoid') return undefined;
  if (cell.name === 'lstm') return 'lstm';
  if (cell.name === 'gru') return options.resetAfter ? 'gru' : 'gruBefore';
  return undefined;
}

/**
 * Returns the values that the accumulators start at, [G·M] each. Two bias rows are added up beforehand; only the candidate of a GRU with the
 * reset after the product keeps a separate recurrent bias, the last M numbers of `recurrent`.
 */
export function startValues(args: RecurrenceArgs): { input: FloatArray | undefined; recurrent: FloatArray | undefined } {
  const [input, recurrent] = biasRows(args);
  if (!input || !recurrent) return { input, recurrent };
  const candidate = 2 * args.units;
  return { input: input.map((v, k) => (k < candidate ? v + recurrent[k] : v)), recurrent };
}

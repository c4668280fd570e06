import type { EngineInput } from '../../engines/engine.js';
import { RnnError } from '../../errors.js';
import type { Assumption } from '../../model/assumptions.js';
import { samplesAreIndependent } from '../../model/samples.js';
import { isRecurrent } from '../../model/spec.js';
import { sliceFirst } from '../../tensor/layout.js';
import type { Network } from '../network/network.js';
import type { RowRange } from '../request.js';

/** Clips a range to N samples. @throws RnnError E_ROWS_RANGE if none is left */
export function rowsOf({ from, to }: RowRange, N: number): { from: number; to: number } {
  if (from < N) return { from, to: Math.min(to ?? N, N) };
  throw new RnnError('usage', 'E_ROWS_RANGE', `sample ${from} does not exist: the input has ${N} (0 to ${N - 1})`, {
    where: '--rows',
    expected: `from 0 to ${N - 1}`,
    found: String(from),
  });
}

/**
 * Refuses --rows and --chunk if samples depend on each other.
 * @throws RnnError E_CONFLICT
 */
export function checkApart(
  { rows, chunk }: { readonly rows?: RowRange; readonly chunk?: number },
  { model, shapes, graph }: Network,
): void {
  const flag = rows ? '--rows' : chunk === undefined ? undefined : '--chunk';
  if (!flag) return;
  const asItStands = graph && !graph.exact;
  if (!asItStands && samplesAreIndependent(model, shapes)) return;
  const message = asItStands
    ? 'no axis of this graph is known to be that of the samples'
    : 'the samples of this network depend on each other';
  throw new RnnError('usage', 'E_CONFLICT', message, {
    where: flag,
    expected: 'a network that computes each sample independently',
    found: asItStands
      ? 'a graph that is run node by node'
      : 'an operator that reads across samples, or a state kept from one call to the next',
    fix: `leave ${flag} out: all samples are computed together`,
  });
}

/** The default batch size of Keras' `predict`. */
const KERAS_BATCH = 32;

/**
 * An assumption: Keras' `predict` computes 32 samples at a time; if samples depend on each other, its y differs from that of all samples
 * together.
 */
export function computedTogether({ model, shapes, framework }: Network, N: number): Assumption[] {
  const stateful = model.layers.some(layer => isRecurrent(layer) && layer.stateful);
  if (framework !== 'keras' || N <= KERAS_BATCH || stateful || samplesAreIndependent(model, shapes)) return [];
  const why = `an operator reads across samples, and predict(x) takes ${KERAS_BATCH} at a time: predict(x, batch_size=${N}) gives this y`;
  return [{ fact: 'batch', what: `the ${N} samples are computed together`, value: String(N), why, say: null }];
}

/** Selects a range of samples from x [N, T, …], mask [N·T] and states [N, M]. */
export function rowsOfInput({ x, mask, initialStates }: EngineInput, range: RowRange): EngineInput {
  const [N, T] = x.shape;
  const { from, to } = rowsOf(range, N);
  return {
    x: sliceFirst(x, from, to),
    mask: mask?.subarray(from * T, to * T),
    initialStates: initialStates && new Map([...initialStates].map(([name, states]) => [name, states.map(s => sliceFirst(s, from, to))])),
  };
}

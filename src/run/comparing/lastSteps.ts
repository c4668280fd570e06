import { type EngineInput, type EngineOutput, finalStatesOf, type Rounding } from '../../engines/engine.js';
import { isRecurrent } from '../../model/spec.js';
import { distance } from '../../tensor/difference.js';
import { stepsOf } from '../../tensor/layout.js';
import type { FloatArray } from '../../tensor/tensor.js';
import { productsIn } from '../memory.js';
import type { Prepared } from '../prepare.js';
import { stepwise } from '../stepwise.js';

/**
 * Measures rounding noise mostly on the last steps. Most networks forget: rounding in the early steps no longer shows in the last output.
 * So one run with changed rounding covers all steps, and the others only the last ones, from the states that the first run reached. How far
 * the first run moved y shows whether that suffices.
 */
export interface LastSteps {
  /** squared difference of each value of y in the run through all steps */
  readonly whole: Float64Array;
  /** summed squares of the other runs, through the last steps; undefined if the network does not forget the early ones */
  readonly others: Float64Array | undefined;
}

/** Multiply-adds of a run from which skipping steps pays off. */
const WORTH_CUTTING = 2e7;
/** The other runs cover 1/PART of the steps, but at least FEWEST. */
const PART = 8;
const FEWEST = 4;
/**
 * A value is far off if its square exceeds the mean of the others FAR times. By chance alone, one in seven does (F distribution with 1 and
 * 3 degrees of freedom).
 */
const FAR = 4;
const MOST_FAR = 0.25;

type Run = (part: Prepared, rounding?: Rounding) => Promise<EngineOutput>;

/**
 * @param data y
 * @param seeds of the changed roundings; the first is used for the run through all steps
 * @returns undefined if the steps cannot be run in pieces, or it would not pay off
 */
export async function movedInLastSteps(
  prepared: Prepared,
  data: FloatArray,
  seeds: readonly number[],
  run: Run,
): Promise<LastSteps | undefined> {
  const { network, input, graphInputs } = prepared;
  const [, T] = input.x.shape;
  const last = Math.max(FEWEST, Math.ceil(T / PART));
  if (graphInputs || input.mask || T < 2 * last || productsIn(prepared) < WORTH_CUTTING) return undefined;
  if (network.shapes.output.length > 2 || !stepwise(network)) return undefined;
  const { model } = network;
  const open = { ...prepared, network: { ...network, model: { ...model, input: { ...model.input, timesteps: null } } } };
  const [first, ...rest] = seeds;
  const early = await run({ ...open, input: { ...input, x: stepsOf(input.x, 0, T - last) } }, { jitter: first });
  const initialStates: EngineInput['initialStates'] = new Map(
    model.layers.filter(isRecurrent).map(({ name }) => [name, finalStatesOf(early, name)!]),
  );
  const end = { ...open, input: { x: stepsOf(input.x, T - last, T), initialStates, continued: true } };
  const [whole, others] = [new Float64Array(data.length), new Float64Array(data.length)];
  addSquares(whole, data, (await run(end, { jitter: first })).y.data);
  const right = (await run(end)).y.data;
  for (const seed of rest) addSquares(others, right, (await run(end, { jitter: seed })).y.data);
  return { whole, others: forgets(whole, others, rest.length) ? others : undefined };
}

/** Whether the run through all steps moved y no further than the others did. */
function forgets(whole: Float64Array, others: Float64Array, runs: number): boolean {
  let far = 0;
  for (let k = 0; k < whole.length; k++) if (!(whole[k] * runs <= FAR * others[k])) far++;
  return far <= MOST_FAR * whole.length;
}

/** squares[k] += (a[k] − b[k])² */
export function addSquares(squares: Float64Array, a: ArrayLike<number>, b: ArrayLike<number>): void {
  for (let k = 0; k < a.length; k++) {
    const d = distance(a[k], b[k]);
    squares[k] += d * d;
  }
}

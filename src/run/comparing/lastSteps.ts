import { type EngineInput, type EngineOutput, finalStatesOf, type Rounding } from '../../engines/engine.js';
import { isRecurrent } from '../../model/spec.js';
import { distance } from '../../tensor/difference.js';
import { stepsOf } from '../../tensor/layout.js';
import type { FloatArray } from '../../tensor/tensor.js';
import { productsIn } from '../memory.js';
import type { Prepared } from '../prepare.js';
import { stepwise } from '../stepwise.js';

/**
 * Most networks forget: what rounding did to the early steps is no longer in their last output. So one run with other roundings goes through all steps,
 * and the others through the last ones alone, from the states that it left there; whether that is enough is seen in how far the whole one came out.
 */
export interface LastSteps {
  /** squares by which one run through all steps moved each value of y */
  readonly whole: Float64Array;
  /** the sum of those of the other runs, through the last steps; undefined where the early ones are not forgotten */
  readonly others: Float64Array | undefined;
}

/** Multiply-adds of a run from which fewer steps are worth the look. */
const WORTH_CUTTING = 2e7;
/** The part of the steps that the others go through, and the fewest. */
const PART = 8;
const FEWEST = 4;
/** A value is far off where its square is so many times that of the others, which by chance alone is one of seven (F with 1 and 3 degrees of freedom). */
const FAR = 4;
const MOST_FAR = 0.25;

type Run = (part: Prepared, rounding?: Rounding) => Promise<EngineOutput>;

/**
 * @param data y
 * @param seeds of the roundings: the first run is that through all steps
 * @returns undefined where the steps cannot be run in pieces, or are not worth it
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

/** Whether the run through all steps came out no further than the others. */
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

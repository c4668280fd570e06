import type { EngineInput } from '../engines/engine.js';
import { RnnError } from '../errors.js';
import { joined } from '../formats/bytes/numbers.js';
import { memorySource } from '../formats/source.js';
import type { ModelSpec } from '../model/spec.js';
import { largestDifference, largestMagnitude } from '../tensor/difference.js';
import { allocate, precisionOf, type Tensor } from '../tensor/tensor.js';
import type { Weights } from '../weights/weights.js';
import { inOneRow, runOutputs, type Written } from './encoded.js';
import type { Execution } from './execute.js';

/** Checks that a written file gives the same outputs as the original. */

/** Relative tolerance: a different order of rounding changes y by less, a wrong conversion by more. */
const TOLERANCE = 1e-2;

/** Sums in another float32 order may differ by this many times the difference between float32 and float64. */
const OTHER_SUMS = 100;

/** Most halvings of the weights; they bring a weight of 1000 below 1. */
const MOST_HALVINGS = 10;

export interface Converted {
  /** the original network */
  readonly model: ModelSpec;
  readonly weights: Weights;
  readonly input: EngineInput;
  /** Encodes the same file with other weights of the same shapes. */
  encode(weights: Weights): Promise<Written>;
}

/** How the outputs of the written file were computed. */
export type Way = 'read again' | 'run by ONNX Runtime';

/**
 * Compares the outputs of a written file with those of the original. With large recurrent weights, rounding can grow without bounds, so
 * that two correct runs have nothing in common. The weights are then halved until float32 and float64 agree, and the files with the smaller
 * weights are compared.
 * @returns the divisor of the weights; 1 if they were not changed
 * @throws RnnError E_CONVERT_CHECK
 */
export async function checkConverted(theirs: Float64Array, ours: Float64Array, way: Way, converted: Converted): Promise<number> {
  const difference = relativeDifference(theirs, ours);
  if (difference <= TOLERANCE) return 1;
  const steady = await withLittleRounding(converted);
  if (steady.divisor === 1) throw wrongFile(way, TOLERANCE, difference);
  const written = await converted.encode(steady.weights);
  const source = memorySource(await joined(written.pieces));
  const outputs = await (way === 'read again' ? written.y(source, converted.input) : written.onnxruntime?.(source, converted.input));
  const smaller = outputs ? relativeDifference(inOneRow(outputs).data, steady.ours) : Number.POSITIVE_INFINITY;
  if (smaller > steady.allowed) throw wrongFile(way, steady.allowed, smaller);
  return steady.divisor;
}

interface Steady {
  readonly divisor: number;
  readonly weights: Weights;
  readonly ours: Float64Array;
  /** relative to the largest number */
  readonly allowed: number;
}

/** Divides the weights by the smallest power of two that keeps rounding small. */
async function withLittleRounding({ model, weights, input }: Converted): Promise<Steady> {
  for (let divisor = 1; divisor <= 2 ** MOST_HALVINGS; divisor *= 2) {
    const smaller = divided(weights, divisor);
    const ours = inOneRow(await runOutputs(model, smaller, input)).data;
    const allowed = Math.max(TOLERANCE / 1000, OTHER_SUMS * (await ownDifference(ours, { model, weights: smaller, input })));
    if (allowed <= TOLERANCE) return { divisor, weights: smaller, ours, allowed };
  }
  // rounding is not what makes the outputs differ, or there is no way to know
  return { divisor: 1, weights, ours: new Float64Array(), allowed: TOLERANCE };
}

/**
 * How far rounding alone moves y: in float64, with sums in another order, and with the operands of products changed in their last digit.
 */
async function ownDifference(ours: Float64Array, { model, weights, input }: Omit<Converted, 'encode'>): Promise<number> {
  const ways: readonly Partial<Execution>[] = [
    { dtype: 'f64' },
    { rounding: { general: true } },
    ...JITTERS.map(jitter => ({ rounding: { jitter } })),
  ];
  let most = 0;
  for (const way of ways) most = Math.max(most, relativeDifference(inOneRow(await runOutputs(model, weights, input, way)).data, ours));
  return most;
}

const JITTERS = [1, 2, 3];

/** Divides all weights by a power of two, which is exact. */
function divided(weights: Weights, divisor: number): Weights {
  const smaller = (t: Tensor): Tensor => {
    const data = allocate(t.data.length, precisionOf(t));
    for (let k = 0; k < data.length; k++) data[k] = t.data[k] / divisor;
    return { shape: t.shape, data };
  };
  return divisor === 1 ? weights : new Map([...weights].map(([name, t]) => [name, smaller(t)]));
}

/** The largest difference divided by the largest expected magnitude; infinite if the lengths differ. */
export function relativeDifference(found: Float64Array, expected: Float64Array): number {
  if (found.length !== expected.length) return Number.POSITIVE_INFINITY;
  return largestDifference(found, expected).abs / Math.max(largestMagnitude(expected), 1e-30);
}

function wrongFile(way: Way, allowed: number, found: number): RnnError {
  return new RnnError('unsupported', 'E_CONVERT_CHECK', `${way}, the written file gives different numbers, so it was not kept`, {
    expected: `a difference of at most ${allowed} of the largest number`,
    found: String(found),
    fix: 'please report this file; another --to may work',
  });
}

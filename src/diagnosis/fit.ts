import { largestDifference } from '../tensor/difference.js';
import type { FloatArray, Tensor } from '../tensor/tensor.js';
import { NEAR_NOISE } from './thresholds.js';

/**
 * Estimates a few unknown numbers of a computation from its output: least squares by Levenberg–Marquardt, with derivatives from finite
 * differences. Meant for about a dozen unknowns, and outputs that are exact to float32.
 */
export interface Fitted {
  readonly values: readonly number[];
  readonly y: Tensor;
}

/** Most iterations, and most attempts with a shorter step in each. */
const MOST_STEPS = 40;
const MOST_TRIES = 8;
/** Relative step of a finite difference. */
const DIFFERENCE = 1e-6;

/**
 * @param run y for given values; undefined if there is none
 * @param near largest difference that counts as none
 * @param patience iterations after which the difference must be half as large, or no more are made
 * @returns the values found; undefined if they leave more than `near`
 */
export function fitTo(
  other: Tensor,
  start: readonly number[],
  run: (values: readonly number[]) => Tensor | undefined,
  near: number,
  patience = Infinity,
): Fitted | undefined {
  let values = [...start];
  let y = run(values);
  if (y?.data.length !== other.data.length) return undefined;
  let left = squaredDistance(y.data, other.data);
  const hoped = left / 4;
  let damping = 1e-3;
  for (let step = 0; step < MOST_STEPS && largestDifference(y.data, other.data).abs > near / 4; step++) {
    const before: number = left;
    const rows = values.map((v, p) => derivative(run, values, p, v, y!));
    if (rows.some(r => r === undefined)) return undefined;
    for (let attempt = 0; attempt < MOST_TRIES; attempt++) {
      const moved = solved(rows as Float64Array[], y.data, other.data, damping);
      const next = moved && values.map((v, p) => v + moved[p]);
      const there = next && run(next);
      const rest = there ? squaredDistance(there.data, other.data) : Infinity;
      if (next && there && rest < left) {
        [values, y, left, damping] = [next, there, rest, damping / 8];
        break;
      }
      damping *= 8;
    }
    if (!(left < 0.999 * before) || (step + 1 >= patience && left > hoped)) break;
  }
  return largestDifference(y.data, other.data).abs <= near ? { values, y } : undefined;
}

/** Largest weight of a difference. */
const MOST_WEIGHT = 1e4;

/**
 * `fitTo` for values with different noise: a value rounded by more than `noise` (a large float16 number) counts less and may differ more;
 * with `exact`, a value rounded by less counts more, too.
 */
export function fitWithin(
  other: Tensor,
  start: readonly number[],
  run: (values: readonly number[]) => Tensor | undefined,
  noise: number,
  each: FloatArray,
  { exact = false, patience }: { readonly exact?: boolean; readonly patience?: number } = {},
): Fitted | undefined {
  const weights = Float64Array.from(each, v => Math.min(exact ? MOST_WEIGHT : 1, noise / Math.max(v, Number.MIN_VALUE)));
  const weighted = (t: Tensor): Tensor => ({ shape: t.shape, data: Float64Array.from(t.data, (v, k) => v * weights[k]) });
  const weightedRun = (values: readonly number[]) => {
    const y = run(values);
    return y && weighted(y);
  };
  const found = fitTo(weighted(other), start, weightedRun, NEAR_NOISE * noise, patience);
  const y = found && run(found.values);
  return y && { values: found.values, y };
}

function derivative(run: (values: readonly number[]) => Tensor | undefined, values: readonly number[], p: number, v: number, y: Tensor) {
  const by = DIFFERENCE * Math.max(1, Math.abs(v));
  const there = run(values.map((u, k) => (k === p ? u + by : u)));
  return there && Float64Array.from(there.data, (u, k) => (u - y.data[k]) / by);
}

/** Solves (JᵀJ + damping·diag) d = Jᵀ(other − y) by elimination with pivoting; undefined if nothing moves y. */
function solved(rows: readonly Float64Array[], y: FloatArray, other: FloatArray, damping: number): number[] | undefined {
  const P = rows.length;
  const A = rows.map((a, p) => {
    const row = rows.map(b => dot(a, b));
    row[p] *= 1 + damping;
    row[p] += Number.MIN_VALUE;
    let to = 0;
    for (let k = 0; k < a.length; k++) to += a[k] * (other[k] - y[k]);
    return [...row, to];
  });
  for (let c = 0; c < P; c++) {
    let pivot = c;
    for (let r = c + 1; r < P; r++) if (Math.abs(A[r][c]) > Math.abs(A[pivot][c])) pivot = r;
    [A[c], A[pivot]] = [A[pivot], A[c]];
    if (!(Math.abs(A[c][c]) > 0)) return undefined;
    for (let r = 0; r < P; r++) {
      const f = A[r][c] / A[c][c];
      if (r !== c && f !== 0) for (let k = c; k <= P; k++) A[r][k] -= f * A[c][k];
    }
  }
  const moved = A.map((row, p) => row[P] / row[p]);
  return moved.every(Number.isFinite) ? moved : undefined;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += a[k] * b[k];
  return sum;
}

/** Sum of squared differences. */
export function squaredDistance(a: FloatArray, b: FloatArray): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += (a[k] - b[k]) ** 2;
  return Number.isFinite(sum) ? sum : Infinity;
}

import { applyTo } from '../cells/apply.js';
import { stepContext } from '../cells/cell.js';
import type { RecurrenceArgs } from '../layers/layer.js';
import { allocate, type FloatArray, type Precision } from '../tensor/tensor.js';
import type { RowProduct } from './products.js';

/** What the step reads from its loop. */
interface Step {
  readonly args: RecurrenceArgs;
  readonly options: { readonly precision: Precision };
  readonly M: number;
  /** G·M */
  readonly width: number;
  /** x·Wx + b; overwritten by the activated gates */
  readonly gates: FloatArray;
  /** h·Wh */
  readonly product: RowProduct;
  readonly recurrentBias: FloatArray | undefined;
}

/**
 * for m in range(M): h[m] = … h·Wh[:, m] …: each unit sees the new h of the units before it. A GRU with the reset before the product needs
 * all r first, so there z and r see the old h, and only the candidate sees the mixed one. h·Wh is computed once for the old h; each new
 * h[m] then changes it by row Wh[m].
 */
export function stepInPlace(loop: Step, state: readonly FloatArray[], next: readonly FloatArray[]): void {
  const { args, M, width, gates, product, recurrentBias } = loop;
  const G = width / M;
  const Wh = args.weights.recurrentKernel!.data;
  const [h] = state;
  const seen = product(h, 0, 0, width, recurrentBias).slice();
  const reset = args.cell.name === 'gru' && !args.options.resetAfter ? resetGates(loop, seen) : undefined;
  const candidate = 2 * M;
  if (reset) {
    const mixed = h.map((v, m) => v * reset[m]);
    seen.set(product(mixed, 0, candidate, M, recurrentBias?.subarray(candidate)), candidate);
  }
  const one = (length: number) => allocate(length, loop.options.precision);
  const [own, now, old, sums, peepholes] = [one(G), next.map(() => one(1)), state.map(() => one(1)), one(G), one(3)];
  const step = stepContext(args, {
    ...{ N: 1, M: 1, gates: own, state: old, next: now, peepholes: args.weights.peepholes && peepholes },
    recurrent: (_h, from, to) => (from === 0 && to === G ? sums : sums.subarray(from, to)),
  });
  for (let m = 0; m < M; m++) {
    for (let g = 0; g < G; g++) {
      own[g] = gates[g * M + m];
      sums[g] = seen[g * M + m];
    }
    for (let s = 0; s < old.length; s++) old[s][0] = state[s][m];
    if (args.weights.peepholes) for (let r = 0; r < 3; r++) peepholes[r] = args.weights.peepholes.data[r * M + m];
    args.cell.step(step);
    for (let s = 0; s < now.length; s++) next[s][m] = now[s][0];
    for (let g = 0; g < G; g++) gates[g * M + m] = own[g];
    addRow(seen, Wh, m * width, (next[0][m] - state[0][m]) * (reset ? reset[m] : 1), reset ? candidate : 0);
  }
}

/** sums[k] += by · w[row + k], from column `from` on */
function addRow(sums: FloatArray, w: FloatArray, row: number, by: number, from: number): void {
  for (let k = from; k < sums.length; k++) sums[k] += by * w[row + k];
}

/** All r [M] from the old h. */
function resetGates({ args, M, gates }: Step, seen: FloatArray): FloatArray {
  const r = Float64Array.from({ length: M }, (_, m) => gates[M + m] + seen[M + m]);
  applyTo(args.sig, r, 0, M, M);
  return r;
}

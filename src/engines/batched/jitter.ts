import type { Kernels, RecurrenceArgs } from '../../layers/layer.js';
import type { FloatArray, Tensor } from '../../tensor/tensor.js';

/**
 * The same kernels with other roundings: every number that enters a product or a recurrence is first multiplied by 1 + r·ε, r in [−1, 1) and ε a unit in its
 * last place. Two runs of the same code then differ by what rounding alone does to the result, and by nothing else: a mistake in that code is in both.
 * Zeros, infinities and NaN stay what they are, and so do the whole numbers of a graph, which are float64 in either precision.
 */
export function jittered(kernels: Kernels, seed: number): Kernels {
  const next = jitterFrom(seed, kernels.precision === 'f64');
  const jitter = (t: Tensor): Tensor => ({ shape: t.shape, data: next(t.data) });
  const maybe = (t: Tensor | undefined) => t && jitter(t);
  return {
    ...kernels,
    affine: (x, kernel, bias) => kernels.affine(jitter(x), jitter(kernel), maybe(bias)),
    recurrence: args => kernels.recurrence(jitteredArgs(args, jitter)),
  };
}

function jitteredArgs(args: RecurrenceArgs, jitter: (t: Tensor) => Tensor): RecurrenceArgs {
  const weights = Object.fromEntries(Object.entries(args.weights).map(([name, t]) => [name, t && jitter(t)]));
  return { ...args, weights, x: jitter(args.x), initial: args.initial?.map(jitter) };
}

/** Deterministic: a linear congruential generator, whose high bits are random enough for this. */
function jitterFrom(seed: number, double: boolean): (data: FloatArray) => FloatArray {
  let state = Math.imul(seed + 1, 0x9e3779b1);
  return data => {
    if (data instanceof Float64Array && !double) return data;
    const scale = data instanceof Float32Array ? 2 ** -54 : 2 ** -83;
    const out = data.slice();
    let s = state;
    for (let k = 0; k < out.length; k++) {
      s = (Math.imul(s, 1664525) + 1013904223) | 0;
      if (!double || !Number.isInteger(out[k])) out[k] *= 1 + s * scale;
    }
    state = s;
    return out;
  };
}

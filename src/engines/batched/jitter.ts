import type { ActivationSpec, CellFunction } from '../../activations/activation.js';
import type { Kernels, RecurrenceArgs } from '../../layers/layer.js';
import type { FloatArray, Precision, Tensor } from '../../tensor/tensor.js';

/**
 * Returns kernels that round differently: every number that enters a product or a recurrence is first multiplied by 1 + r·ε, with r in [−1, 1)
 * and ε one unit in the last place. Two such runs differ only by the effect of rounding, since any mistake in the code is in both. Zeros,
 * infinities and NaN are not changed, nor are the integers of a graph, which are float64 in either precision.
 */
export function jittered(kernels: Kernels, seed: number): Kernels {
  const next = jitterFrom(seed, kernels.precision === 'f64');
  const jitter = (t: Tensor): Tensor => ({ shape: t.shape, data: next(t.data) });
  const maybe = (t: Tensor | undefined) => t && jitter(t);
  const unit = units(Math.imul(seed + 1, 0x27d4eb2f), kernels.precision);
  return {
    ...kernels,
    rounded: v => v * (1 + unit()),
    affine: (x, kernel, bias) => kernels.affine(jitter(x), jitter(kernel), maybe(bias)),
    recurrence: args => kernels.recurrence(withRoundedActivations(jitteredArgs(args, jitter), seed, kernels.precision)),
  };
}

function jitteredArgs(args: RecurrenceArgs, jitter: (t: Tensor) => Tensor): RecurrenceArgs {
  const weights = Object.fromEntries(Object.entries(args.weights).map(([name, t]) => [name, t && jitter(t)]));
  return { ...args, weights, x: jitter(args.x), initial: args.initial?.map(jitter) };
}

/**
 * Adds the differences that programs have in σ and tanh. σ: half a unit in the last place of 1, even if σ is small, because rational
 * approximations and σ computed from tanh are no more exact. tanh: the same, as when it is computed from exponentials, but at most 128 units
 * in its own last place. Only the general path is affected; fused paths compute their own σ and tanh.
 */
function withRoundedActivations(args: RecurrenceArgs, seed: number, precision: Precision): RecurrenceArgs {
  const next = units(Math.imul(seed + 1, 0x85ebca6b), precision);
  const ofSigmoid = (v: number) => v + next() / 2;
  const ofTanh = (v: number) => {
    const size = Math.abs(v);
    return v + next() * Math.max(size, Math.min(0.5, 128 * size));
  };
  const ofOthers = (v: number) => v + next() * Math.abs(v);
  const rounded = (f: CellFunction, spec: ActivationSpec | null): CellFunction => {
    const name = (typeof spec === 'object' ? spec?.name : spec) ?? '';
    // chosen once: doing so for every value would take longer than the function
    const round = /sigmoid/.test(name) ? ofSigmoid : name === 'tanh' ? ofTanh : ofOthers;
    if (typeof f === 'function') return x => round(f(x));
    return {
      row(x, from, to, out) {
        f.row(x, from, to, out);
        for (let k = from; k < to; k++) out[k] = round(out[k]);
      },
    };
  };
  return {
    ...args,
    sig: rounded(args.sig, args.recurrentActivation),
    act: rounded(args.act, args.activation),
    actOut: rounded(args.actOut, args.outputActivation ?? args.activation),
  };
}

/** Returns a generator of random numbers r·ε, with r in [−1, 1) and ε a unit in the last place of 1. */
function units(seed: number, precision: Precision): () => number {
  const epsilon = precision === 'f32' ? 2 ** -23 : 2 ** -52;
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state * 2 ** -31 * epsilon;
  };
}

/** Returns a function that jitters an array. Deterministic: a linear congruential generator, whose high bits are random enough here. */
function jitterFrom(seed: number, double: boolean): (data: FloatArray) => FloatArray {
  let state = Math.imul(seed + 1, 0x9e3779b1);
  return data => {
    if (data instanceof Float64Array && !double) return data;
    const out = data.slice();
    state = out instanceof Float32Array ? jitterSingles(out, state) : jitterDoubles(out, state);
    return out;
  };
}

/** Jitters float32 numbers. A loop per array type lets V8 specialise it: a quarter of the time. @returns the state of the generator */
function jitterSingles(out: Float32Array, state: number): number {
  for (let k = 0; k < out.length; k++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    out[k] *= 1 + state * 2 ** -54;
  }
  return state;
}

function jitterDoubles(out: Float64Array, state: number): number {
  for (let k = 0; k < out.length; k++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    if (!Number.isInteger(out[k])) out[k] *= 1 + state * 2 ** -83;
  }
  return state;
}

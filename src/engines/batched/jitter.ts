import type { ActivationSpec, CellFunction } from '../../activations/activation.js';
import type { Kernels, RecurrenceArgs } from '../../layers/layer.js';
import type { FloatArray, Precision, Tensor } from '../../tensor/tensor.js';

/**
 * The same kernels with other roundings: every number that enters a product or a recurrence is first multiplied by 1 + r·ε, r in [−1, 1) and ε a unit in its
 * last place. Two runs of the same code then differ by what rounding alone does to the result, and by nothing else: a mistake in that code is in both.
 * Zeros, infinities and NaN stay what they are, and so do the whole numbers of a graph, which are float64 in either precision.
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
 * What programs differ by in σ and tanh. Of σ a unit in the last place of 1, however small it is: rational approximations and σ by way of tanh are no better.
 * Of tanh the same where it is made of exponentials, but no more than 128 units in its own last place. Seen on the general path alone: fused ones compute their own.
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
    // asked once: of a value it would take longer than the function
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

/** Parts of a unit in the last place of 1, in [−1, 1), one after the other. */
function units(seed: number, precision: Precision): () => number {
  const epsilon = precision === 'f32' ? 2 ** -23 : 2 ** -52;
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state * 2 ** -31 * epsilon;
  };
}

/** Deterministic: a linear congruential generator, whose high bits are random enough for this. */
function jitterFrom(seed: number, double: boolean): (data: FloatArray) => FloatArray {
  let state = Math.imul(seed + 1, 0x9e3779b1);
  return data => {
    if (data instanceof Float64Array && !double) return data;
    const out = data.slice();
    state = out instanceof Float32Array ? jitterSingles(out, state) : jitterDoubles(out, state);
    return out;
  };
}

/** Loops of their own, in which V8 knows the array: a quarter of the time. @returns the state of the generator */
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

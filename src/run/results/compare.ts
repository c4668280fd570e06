import type { Assuming } from './document.js';

/** What `compare` gives of one network: the verdict, and what explains a difference. */

export interface Explanation {
  readonly code: string;
  /** largest difference left when y is computed this way */
  readonly residual: number;
  readonly verdict: 'fits' | 'tie' | 'likely' | 'rejected';
  /** how many times smaller than the next best */
  readonly margin: number | null;
  readonly why: string;
  readonly fix: string;
  /** its parts: one code, or two where only a pair explains it */
  readonly codes: readonly string[];
  /** the layer each part sits in; null where it sits in all of them or in none */
  readonly layers: readonly (string | null)[];
  /** the same repair in NumPy, Keras, PyTorch */
  readonly fixes: { readonly numpy?: string; readonly keras?: string; readonly torch?: string };
  /** the flag under which the same call says SAME, where it is the description that may be wrong: --layers "gru:5+resetbefore,dense:2", --states */
  readonly call: string | null;
}

export interface CompareResult extends Assuming<'rnn-cli/compare@1'> {
  /** UNDECIDED: rounding alone may move y by more than what is compared */
  readonly status: 'SAME' | 'DIFFERENT' | 'UNDECIDED';
  /** false where undecided */
  readonly equal: boolean;
  /** why this input cannot decide, how many of its values, and what would decide; null where it does */
  readonly undecided: { readonly reason: string; readonly values: number; readonly decide: string } | null;
  /** with how many digits the other side was written, where those are few: '4 decimals', 'float16'; all of them count as equal */
  readonly written: string | null;
  /** what was set side by side: ['manual', 'batched'] or ['batched', 'y.npy'] */
  readonly sides: { readonly expected: string; readonly actual: string };
  /** auto: each value has its own, from its own noise; atol and noise are the largest of those that decide. scale: root mean square of y */
  readonly tolerance: {
    readonly mode: 'auto' | 'fixed';
    readonly atol: number;
    readonly rtol: number;
    readonly noise: number;
    readonly scale: number;
  };
  readonly shape: { readonly expected: readonly number[]; readonly actual: readonly number[]; readonly equal: boolean };
  /** the largest difference, of those that are too large if any is, and what is allowed there */
  readonly max: {
    readonly abs: number;
    readonly index: readonly number[];
    readonly expected: number;
    readonly actual: number;
    readonly allowed: number;
  } | null;
  readonly mismatched: number;
  readonly total: number;
  readonly perSample: readonly {
    readonly n: number;
    readonly maxAbs: number;
    /** no value is shown to differ */
    readonly ok: boolean;
    /** none, for rounding alone decides about some that do */
    readonly undecided: boolean;
    /** where in the sample, and both values there */
    readonly index: readonly number[];
    readonly expected: number;
    readonly actual: number;
    readonly allowed: number;
  }[];
  /** largest difference of every step where the output is a sequence */
  readonly perStep: readonly { readonly t: number; readonly maxAbs: number; readonly ok: boolean }[] | null;
  readonly firstDifference: { readonly sample: number; readonly step: number | null; readonly layer: string | null } | null;
  readonly explanations: readonly Explanation[];
  /** residual as the network is specified */
  readonly asSpecified: number | null;
  readonly cannotDetect: readonly string[];
  /** mistakes that would move y, but by too little to be named with confidence */
  readonly cannotName: readonly string[];
  /** tie: several explanations give the same y on this input; null: equal, or nobody asked why */
  readonly verdict: 'fits' | 'tie' | 'likely' | 'unexplained' | null;
  /** what was accepted: the one that fits, all of a tie, what is likely */
  readonly codes: readonly string[];
  /** of a tie: the shortest input found on which its explanations give different y */
  readonly tellApart: string | null;
  /** explanations whose y was computed */
  readonly tried: number;
  /** what the other output was taken for where it is not y: 'y at every step [4, 10, 2]', 'the hidden states of rnn_1 [4, 10, 5]' */
  readonly view: string | null;
  /** what the shapes and the pattern of the differences say */
  readonly evidence: readonly string[];
  readonly simulated: string | null;
  readonly seed: string;
  /** with --threads: how many were asked for; no bit depends on it */
  readonly threads?: number;
  readonly rng: string;
  readonly promises: { readonly weights: string | null; readonly input: string | null };
  readonly exit: 0 | 1 | 6;
}

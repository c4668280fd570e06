import type { Assuming } from './document.js';

/** The result of `compare` for one network: the verdict, and what explains a difference. */

export interface Explanation {
  readonly code: string;
  /** largest difference that remains if y is computed with this mistake */
  readonly residual: number;
  readonly verdict: 'fits' | 'tie' | 'likely' | 'rejected';
  /** ratio of the next best residual to this one */
  readonly margin: number | null;
  readonly why: string;
  readonly fix: string;
  /** the mistakes it consists of: one code, or two if only a pair explains the difference */
  readonly codes: readonly string[];
  /** the layer in which each mistake is; null if it is in all layers or in none */
  readonly layers: readonly (string | null)[];
  /** the same fix in NumPy, Keras, PyTorch */
  readonly fixes: { readonly numpy?: string; readonly keras?: string; readonly torch?: string };
  /**
   * the flag with which the same call says SAME, if the description may be what is wrong: --layers "gru:5+resetbefore,dense:2", --states
   */
  readonly call: string | null;
}

export interface CompareResult extends Assuming<'rnn-cli/compare@1'> {
  /** UNDECIDED: rounding alone may move y by more than the differences compared */
  readonly status: 'SAME' | 'DIFFERENT' | 'UNDECIDED';
  /** false if undecided */
  readonly equal: boolean;
  /** why this input cannot decide, for how many values, and what would decide; null if it can */
  readonly undecided: { readonly reason: string; readonly values: number; readonly decide: string } | null;
  /** precision in which the other side was written, if it is low: '4 decimals', 'float16'; all numbers that round to it count as equal */
  readonly written: string | null;
  /** what was compared: ['manual', 'batched'] or ['batched', 'y.npy'] */
  readonly sides: { readonly expected: string; readonly actual: string };
  /**
   * auto: each value has its own tolerance, from its own noise; atol and noise are the largest of the values that can be decided. scale:
   * root mean square of y
   */
  readonly tolerance: {
    readonly mode: 'auto' | 'fixed';
    readonly atol: number;
    readonly rtol: number;
    readonly noise: number;
    readonly scale: number;
  };
  readonly shape: { readonly expected: readonly number[]; readonly actual: readonly number[]; readonly equal: boolean };
  /** the largest difference (among those that are too large, if there are any), and the tolerance there */
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
    /** whether no value is shown to differ */
    readonly ok: boolean;
    /** whether there are differences, but only ones that cannot be decided because of rounding */
    readonly undecided: boolean;
    /** position in the sample, and both values there */
    readonly index: readonly number[];
    readonly expected: number;
    readonly actual: number;
    readonly allowed: number;
  }[];
  /** largest difference at each step, if the output is a sequence */
  readonly perStep: readonly { readonly t: number; readonly maxAbs: number; readonly ok: boolean }[] | null;
  readonly firstDifference: { readonly sample: number; readonly step: number | null; readonly layer: string | null } | null;
  readonly explanations: readonly Explanation[];
  /** residual of the network as specified */
  readonly asSpecified: number | null;
  readonly cannotDetect: readonly string[];
  /** mistakes that would move y, but by too little to be named with confidence */
  readonly cannotName: readonly string[];
  /** tie: several explanations give the same y on this input; null: equal, or no explanation was requested */
  readonly verdict: 'fits' | 'tie' | 'likely' | 'unexplained' | null;
  /** accepted codes: the one that fits, all of a tie, or the likely one */
  readonly codes: readonly string[];
  /** for a tie: the shortest input found on which the explanations give different y */
  readonly tellApart: string | null;
  /** number of explanations whose y was computed */
  readonly tried: number;
  /** how the other output was interpreted if it is not y: 'y at every step [4, 10, 2]', 'the hidden states of rnn_1 [4, 10, 5]' */
  readonly view: string | null;
  /** what the shapes and the pattern of the differences show */
  readonly evidence: readonly string[];
  readonly simulated: string | null;
  readonly seed: string;
  /** the value of --threads, if given; the numbers do not depend on it */
  readonly threads?: number;
  readonly rng: string;
  readonly promises: { readonly weights: string | null; readonly input: string | null };
  readonly exit: 0 | 1 | 6;
}

import type { Tensor } from '../tensor/tensor.js';
import type { Noise } from './noise.js';
import type { Outcome } from './run.js';
import type { Change, Scenario } from './scenario.js';

/**
 * A hypothesis is one way to compute y wrongly. It lists the variants that can occur in a network (in which layer, with which gate order,
 * with which activation). The search recomputes y under each variant and measures the residual; `--simulate` applies one on purpose. A new
 * hypothesis is a file in mistakes/ and a line in its all.ts.
 */
export interface Hypothesis {
  /** the code without its parameter: 'state-carry', 'gate-order' */
  readonly name: string;
  /** title in lists: 'h is not reset between samples' */
  readonly title: string;
  /** whether the mistake is common: then it is printed first among those that give the same y */
  readonly often?: boolean;
  /** explanation for the user */
  readonly why: string;
  readonly fix: Fix;
  /**
   * the network on which `explain` shows the mistake; default `rnn:3,dense:1` with N=2, T=3, D=2; null: no network on one line can show it
   */
  readonly example?: Example | null;
  /** Every way in which it can happen in this scenario; empty if it cannot. */
  variants(scenario: Scenario): Variant[];
  /** Candidates computed from the other output: another order of samples, a common scale. */
  fromOutput?(scenario: Scenario, right: Outcome, other: Tensor, noise: number, each: Noise): Candidate[];
  /**
   * Candidates for which numbers must be estimated from the other output, such as other weights in the last layer; only tried if nothing
   * else explains it.
   */
  estimate?(scenario: Scenario, right: Outcome, other: Tensor, noise: number, each: Noise): Candidate[];
  /** whether it is never combined with a second mistake */
  readonly alone?: boolean;
  /** whether it changes what a step computes, not which steps are run: then a few steps of a long sequence suffice to reject it */
  readonly insideStep?: boolean;
}

/** The fix as lines of code, by framework. */
export interface Fix {
  readonly numpy?: string;
  readonly keras?: string;
  readonly torch?: string;
}

export interface Variant {
  /** full code: 'gate-order:iofg' */
  readonly code: string;
  /** the layer in which the mistake is; null: in all layers where it can be */
  readonly layer: string | null;
  readonly change: Change;
  /**
   * the samples it needs to see: one alone, also those before it, or all of them; 'input': all of x, after which samples are independent
   * again
   */
  readonly needs?: 'sample' | 'before' | 'all' | 'input';
  /** first sample (from 0) that the mistake can change */
  readonly from?: number;
  /** replaces the explanation of the hypothesis */
  readonly why?: string;
  readonly fix?: Fix;
  /** number of labels, if the output consists of labels, which prove less than real numbers */
  readonly labels?: number;
  /** whether it is only tried if no usual mistake explains the difference */
  readonly rare?: boolean;
  /** names of mistakes that may give the same y: if one of them explains it, this rare one is tried, too */
  readonly rivalOf?: readonly string[];
  /** false: not inside the step, although the hypothesis is */
  readonly insideStep?: boolean;
  /** whether it is only for --simulate and detectability, because it is found in another way, or fits too easily to be believed */
  readonly unsearched?: boolean;
}

/** A variant whose y is already known. */
export interface Candidate {
  readonly code: string;
  readonly layer: string | null;
  readonly y: Tensor;
  readonly why: string;
  readonly fix?: Fix;
  /** number of values taken from the other output: the more an explanation may choose, the less it explains */
  readonly chosen: number;
  /** how many numbers it explains beyond those, if a better figure is known */
  readonly told?: number;
  /** upper limit of that figure: how many numbers the network can make different */
  readonly most?: number;
  /** decimal digits of evidence, if they are not counted by equal numbers */
  readonly digits?: number;
  /** how far rounding moves its y, if that differs from the noise of the correct y */
  readonly floor?: number;
}

/**
 * A variant of a mistake. Its code is the mistake's name with the parameter after a colon; it applies everywhere unless it names a layer.
 */
export interface Way extends Omit<Variant, 'code' | 'layer'> {
  readonly parameter?: string | number;
  readonly layer?: string | null;
}

/** `Way` for a candidate computed from the other output. */
export type Found = Omit<Candidate, 'code' | 'layer'> & { readonly layer?: string | null };

export interface Example {
  readonly layers: string;
  readonly N?: number;
  readonly T?: number;
  readonly D?: number;
  /** the framework whose rules apply; Keras' by default */
  readonly framework?: 'torch';
  /** real steps of each sample */
  readonly lengths?: readonly number[];
}

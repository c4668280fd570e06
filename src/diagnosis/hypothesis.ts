import type { Tensor } from '../tensor/tensor.js';
import type { Noise } from './noise.js';
import type { Outcome } from './run.js';
import type { Change, Scenario } from './scenario.js';

/**
 * A hypothesis is one way to compute y wrongly. It lists the variants in which it can occur in a network (which layer, which gate order,
 * which activation); the search recomputes y under each and measures the residual; `--simulate` puts one in on purpose.
 * A new one is a file in mistakes/ and a line in its all.ts.
 */
export interface Hypothesis {
  /** the code without its parameter: 'state-carry', 'gate-order' */
  readonly name: string;
  /** one line for lists: 'h is not reset between samples' */
  readonly title: string;
  /** happens to many: printed first among those that give the same y */
  readonly often?: boolean;
  /** what happened, for people */
  readonly why: string;
  readonly fix: Fix;
  /** the network on which `explain` shows it; `rnn:3,dense:1` with N=2, T=3, D=2 unless given; null: none that is written on one line has it */
  readonly example?: Example | null;
  /** every way it can have happened here; none where it cannot */
  variants(scenario: Scenario): Variant[];
  /** ways that can be read off the other output: samples in another order, one scale */
  fromOutput?(scenario: Scenario, right: Outcome, other: Tensor, noise: number, each: Noise): Candidate[];
  /** the same where numbers must be estimated from it, which is tried where nothing else explains it: other weights in the last layer */
  estimate?(scenario: Scenario, right: Outcome, other: Tensor, noise: number, each: Noise): Candidate[];
  /** not looked for together with a second mistake */
  readonly alone?: boolean;
  /** changes what a step computes, not which steps are run: a few steps of a long sequence show whether it can be it */
  readonly insideStep?: boolean;
}

/** The repair as lines of code, by framework. */
export interface Fix {
  readonly numpy?: string;
  readonly keras?: string;
  readonly torch?: string;
}

export interface Variant {
  /** full code: 'gate-order:iofg' */
  readonly code: string;
  /** the one layer it sits in; null: everywhere it can */
  readonly layer: string | null;
  readonly change: Change;
  /**
   * what it needs to see: one sample alone, the samples before it too, or all of them; 'input': all of x, after which each sample is for
   * itself again
   */
  readonly needs?: 'sample' | 'before' | 'all' | 'input';
  /** the first sample (from 0) that it can change */
  readonly from?: number;
  /** instead of the hypothesis' own words */
  readonly why?: string;
  readonly fix?: Fix;
  /** its numbers are one of so many: a label proves less than a number */
  readonly labels?: number;
  /** tested only where nothing usual explains it */
  readonly rare?: boolean;
  /** false: not even where its hypothesis is inside the step */
  readonly insideStep?: boolean;
  /** for --simulate and detectability only: found in another way, or too free to be believed */
  readonly unsearched?: boolean;
}

/** A variant whose y is known already. */
export interface Candidate {
  readonly code: string;
  readonly layer: string | null;
  readonly y: Tensor;
  readonly why: string;
  readonly fix?: Fix;
  /** numbers taken from the other output to make it fit: an explanation that may choose much explains little */
  readonly chosen: number;
  /** how many numbers it explains beyond those, where that is known better */
  readonly told?: number;
  /** the same, whatever else says more: as many numbers as the network can make different */
  readonly most?: number;
  /** decimal digits of evidence, where they are counted in another way than by the numbers that are equal */
  readonly digits?: number;
  /** how far rounding moves its y, where that is not what it does to the right one */
  readonly floor?: number;
}

/** A variant of a mistake, whose code is the mistake's name, with the parameter behind a colon; everywhere unless it names its layer. */
export interface Way extends Omit<Variant, 'code' | 'layer'> {
  readonly parameter?: string | number;
  readonly layer?: string | null;
}

/** The same of what was read off the other output. */
export type Found = Omit<Candidate, 'code' | 'layer'> & { readonly layer?: string | null };

export interface Example {
  readonly layers: string;
  readonly N?: number;
  readonly T?: number;
  readonly D?: number;
  /** whose rules; Keras' unless given */
  readonly framework?: 'torch';
  /** real steps of each sample */
  readonly lengths?: readonly number[];
}

import type { Tensor } from '../tensor/tensor.js';
import type { Outcome } from './run.js';
import type { Change, Scenario } from './scenario.js';

/**
 * A hypothesis is one way to compute y wrongly. It lists the variants in which it can occur in a network (which layer, which gate order,
 * which activation); the search recomputes y under each and looks at what is left over; `--simulate` puts one in on purpose.
 */
export interface Hypothesis {
  /** code of CLI.md without its parameter: 'state-carry', 'gate-order' */
  readonly name: string;
  /** one line for lists: 'h is not reset between samples' */
  readonly title: string;
  /** what happened, for people */
  readonly why: string;
  readonly fix: Fix;
  /** the network on which `explain` shows it; the notebook's unless given */
  readonly example?: Example;
  /** every way it can have happened here; none where it cannot */
  variants(scenario: Scenario): Variant[];
  /** ways that can only be told from the other output itself: a permutation of samples, other weights in the last layer */
  fromOutput?(scenario: Scenario, right: Outcome, other: Tensor, noise: number): Candidate[];
}

/** The mend as lines of code. The one written first stands in reports; the others are for who uses that framework. */
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
  /** what it needs to see: one sample alone, the samples before it too, or all of them */
  readonly needs?: 'sample' | 'before' | 'all';
  /** instead of the hypothesis' own words */
  readonly why?: string;
  readonly fix?: Fix;
  /** tried only where nothing usual explains it */
  readonly rare?: boolean;
  /** for --simulate and power only: found in another way, or too free to be believed */
  readonly unsearched?: boolean;
}

/** A variant whose y is known already. */
export interface Candidate {
  readonly code: string;
  readonly layer: string | null;
  readonly y: Tensor;
  readonly why: string;
  /** numbers taken from the other output to make it fit, and how many it has in all: an explanation that may choose much explains little */
  readonly chosen: number;
}

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

export function fixText(fix: Fix): string {
  return Object.values(fix)[0] ?? '';
}

import type { EngineInput, EngineOutput } from '../engines/engine.js';
import type { ModelSpec } from '../model/spec.js';
import type { Weights } from '../weights/weights.js';

/**
 * A hypothesis is one way to compute y wrongly: where it can occur, how y comes out then, why, and the mend. The search recomputes y under
 * each and looks at what is left over; `--simulate` puts one in on purpose.
 */
export interface Subject {
  readonly model: ModelSpec;
  readonly weights: Weights;
  readonly input: EngineInput;
  /** an engine's run with its options bound */
  run(model: ModelSpec, weights: Weights, input: EngineInput): Promise<EngineOutput>;
}

export interface Hypothesis {
  /** code of CLI.md: 'state-carry' */
  readonly name: string;
  /** what happened, one sentence for people */
  readonly why: string;
  /** the mend as lines of code or one sentence */
  readonly fix: string;
  /** whether this mistake is possible here at all */
  applies(subject: Subject): boolean;
  /** the output under this mistake; undefined where it can only be told from shapes */
  recompute?(subject: Subject): Promise<EngineOutput>;
  /** a sentence when the two shapes alone show the mistake */
  fromShapes?(subject: Subject, expected: readonly number[], actual: readonly number[]): string | undefined;
}

import { largestDifference } from '../tensor/difference.js';
import { sameShape, type Tensor } from '../tensor/tensor.js';
import type { Hypothesis, Subject } from './hypothesis.js';

/** Which mistake turns the right output into the other one. */
export interface Finding {
  readonly code: string;
  /** largest difference left when y is computed this way; 0 where the shapes alone tell */
  readonly residual: number;
  readonly verdict: 'fits' | 'likely' | 'rejected';
  readonly margin: number | null;
  readonly why: string;
  readonly fix: string;
}

/** Accept only within this many times the noise floor, and this many times below the second best: crying wolf is worse than silence. */
const NEAR_NOISE = 10;
const AHEAD_OF_SECOND = 100;

/**
 * Every hypothesis that applies, best first.
 * @param actual the other output; its shape may differ from the right one's, then only shapes are looked at
 * @param asSpecified largest difference to the output as the network is specified
 * @param noise the network's own float32-versus-float64 difference
 */
export async function search(
  hypotheses: readonly Hypothesis[],
  subject: Subject,
  expected: Tensor,
  actual: Tensor,
  asSpecified: number,
  noise: number,
): Promise<Finding[]> {
  const applicable = hypotheses.filter(h => h.applies(subject));
  if (!sameShape(expected.shape, actual.shape)) return fromShapes(applicable, subject, expected.shape, actual.shape);
  const residuals: { hypothesis: Hypothesis; residual: number }[] = [];
  for (const hypothesis of applicable) {
    const output = await hypothesis.recompute?.(subject);
    if (output && sameShape(output.y.shape, actual.shape))
      residuals.push({ hypothesis, residual: largestDifference(output.y.data, actual.data).abs });
  }
  residuals.sort((a, b) => a.residual - b.residual);
  return residuals.map(({ hypothesis, residual }, i) => {
    const second = i === 0 ? Math.min(asSpecified, residuals[1]?.residual ?? Infinity) : residuals[0].residual;
    const margin = second / Math.max(residual, noise / NEAR_NOISE, Number.MIN_VALUE);
    const verdict = i === 0 ? verdictOf(residual, margin, asSpecified, noise) : 'rejected';
    return {
      code: hypothesis.name,
      residual,
      verdict,
      margin: Number.isFinite(margin) ? margin : null,
      why: hypothesis.why,
      fix: hypothesis.fix,
    };
  });
}

function verdictOf(residual: number, margin: number, asSpecified: number, noise: number): Finding['verdict'] {
  if (residual <= NEAR_NOISE * noise && margin >= AHEAD_OF_SECOND) return 'fits';
  return residual * AHEAD_OF_SECOND <= asSpecified ? 'likely' : 'rejected';
}

function fromShapes(
  hypotheses: readonly Hypothesis[],
  subject: Subject,
  expected: readonly number[],
  actual: readonly number[],
): Finding[] {
  return hypotheses.flatMap(h => {
    const sentence = h.fromShapes?.(subject, expected, actual);
    return sentence === undefined
      ? []
      : [{ code: h.name, residual: 0, verdict: 'fits' as const, margin: null, why: `${sentence}\n${h.why}`, fix: h.fix }];
  });
}

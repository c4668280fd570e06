import { largestDifference } from '../tensor/difference.js';
import { sameShape, type Tensor } from '../tensor/tensor.js';
import type { Hypothesis, Subject } from './hypothesis.js';

/** What this input cannot show, computed: a mistake under which y does not move beyond `tolerance`, or that this input rules out. */
export async function cannotDetect(
  hypotheses: readonly Hypothesis[],
  subject: Subject,
  expected: Tensor,
  tolerance: number,
): Promise<string[]> {
  const hidden: string[] = [];
  for (const hypothesis of hypotheses) {
    if (!hypothesis.recompute) continue;
    if (!hypothesis.applies(subject)) {
      hidden.push(hypothesis.name);
      continue;
    }
    const { y } = await hypothesis.recompute(subject);
    if (sameShape(y.shape, expected.shape) && largestDifference(y.data, expected.data).abs <= tolerance) hidden.push(hypothesis.name);
  }
  return hidden;
}

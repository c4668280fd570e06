import { fixIn } from '../../diagnosis/fixes.js';
import type { Diagnosis, Finding } from '../../diagnosis/index.js';
import { lengthsOf } from '../../diagnosis/mistakes/masks.js';
import type { Scenario } from '../../diagnosis/scenario.js';
import { layersLineOf } from '../../model/layersLine.js';
import { hasMask } from '../../model/masks.js';
import { largestMagnitude } from '../../tensor/difference.js';
import { swapBatchAndTime } from '../../tensor/layout.js';
import { sameShape, type Tensor } from '../../tensor/tensor.js';
import type { Prepared } from '../prepare.js';
import type { CompareRequest } from '../request.js';
import type { CompareResult } from '../result.js';
import type { DiagnosisSubject } from './diagnosis.js';

/** Explains the causes found: why, what to write instead, and the flags with which both sides agree. */
export function explanationsOf(
  diagnosis: Diagnosis | null,
  subject: DiagnosisSubject | null,
  prepared: Prepared,
  request: CompareRequest,
  y: Tensor,
): CompareResult['explanations'] {
  return (diagnosis?.findings ?? []).map(({ change, again: _, needsAll: __, ...finding }) => ({
    ...finding,
    ...repairOf(finding, prepared),
    call: finding.verdict === 'rejected' ? null : callOf(finding.code, change, subject!.scenario, prepared, request, y),
  }));
}

/** The assumption about precision, if any: this side computes in more bits than the file asks for. */
const precisionOf = ({ assumptions }: Prepared) => assumptions.find(({ fact }) => fact === 'precision');

/** Why, and what to write instead; no fix if the file itself asks for what the other side does. */
function repairOf({ code, why, fixes }: Pick<Finding, 'code' | 'why' | 'fixes'>, prepared: Prepared): { why: string; fix: string } {
  if (precisionOf(prepared) && /^b?float16$/.test(code))
    return { why: `${why}\nThe file asks for it, see assumed: neither side is wrong.`, fix: '' };
  // what is compared with a PyTorch state dict is usually PyTorch; anything else is usually a loop written by hand
  return { why, fix: fixIn(fixes, prepared.network.framework === 'torch' ? 'torch' : 'numpy') };
}

/** Largest difference, as a fraction of y, that rounding to 8 or 16 bits inside a network may cause. */
const LITTLE = 0.02;

/** A note for when no cause was found. */
export function roundedElsewhere(diagnosis: Diagnosis | null, max: CompareResult['max'], expected: Tensor, prepared: Prepared): string[] {
  const isLittle = max !== null && max.abs <= LITTLE * largestMagnitude(expected.data);
  return diagnosis?.verdict === 'unexplained' && isLittle && precisionOf(prepared)
    ? ['your side may compute in fewer bits, as the file asks for (see assumed), which may move y by as much']
    : [];
}

/** The flag that makes a network described on the command line equal to the other side, if there is one. */
function callOf(
  code: string,
  change: Finding['change'],
  scenario: Scenario,
  { network }: Prepared,
  request: CompareRequest,
  y: Tensor,
): string | null {
  if (code === 'head-missing') return '--states';
  if (code === 'padding-skipped') return lengthsFlag(scenario, change?.(scenario));
  if (code === 'axes-swapped') return isReadTimeMajor(scenario, change?.(scenario), request, y) ? '--time-major' : null;
  const changed = request.model === undefined ? change?.(scenario) : undefined;
  const isModelAlone =
    changed && (['weights', 'input', 'loops', 'masks', 'finish'] as const).every(part => changed[part] === scenario[part]);
  const isMasked = hasMask(scenario);
  const line = isModelAlone && changed.model !== scenario.model ? layersLineOf(changed.model, network.framework, isMasked) : null;
  return line === null || line === layersLineOf(scenario.model, network.framework) ? null : `--layers "${line}"`;
}

/** Whether the mistake is a transposed (not reshaped) input, so that x in the file is [T, N, D]. @param y [N, K] */
function isReadTimeMajor(scenario: Scenario, changed: Scenario | undefined, request: CompareRequest, y: Tensor): boolean {
  if (changed === undefined || request.input === undefined || request.timeMajor || y.shape.length !== 2) return false;
  const exchanged = swapBatchAndTime(scenario.input.x);
  return sameShape(exchanged.shape, changed.input.x.shape) && exchanged.data.every((v: number, k: number) => v === changed.input.x.data[k]);
}

/** A longer list of lengths is not worth copying from a message. */
const MOST_LENGTHS = 20;

function lengthsFlag(scenario: Scenario, changed: Scenario | undefined): string | null {
  const lengths = changed?.model === scenario.model ? lengthsOf(changed) : undefined;
  return lengths && lengths.length <= MOST_LENGTHS ? `--lengths ${lengths.join(',')}` : null;
}

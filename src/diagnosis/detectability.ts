import type { Kernel } from '../engines/batched/kernel.js';
import { samplesAreIndependent } from '../model/samples.js';
import { largestDifference } from '../tensor/difference.js';
import { sameShape, type Tensor } from '../tensor/tensor.js';
import { excerptsOf } from './excerpt.js';
import { allFuse } from './fusedLoop.js';
import { HYPOTHESES } from './hypotheses.js';
import type { Hypothesis, Variant } from './hypothesis.js';
import { type Outcome, type Part, runScenario } from './run.js';
import { computeOutputs, isComputed, outputUnder, partOf, variantsOf } from './runCache.js';
import type { Scenario } from './scenario.js';
import { isInsideStep } from './trial.js';

/** What an input can reveal, found by comparing y under each mistake with the correct y. */
export interface Detectability {
  /** mistakes that change y by at most `tolerance` in every layer; 'code@layer' if only that layer hides the mistake */
  readonly cannotDetect: readonly string[];
  /** mistakes that move y, but by too little to be named with confidence */
  readonly cannotName: readonly string[];
  /** mistakes that were not computed, because the work limit was reached */
  readonly unchecked: readonly string[];
}

export interface DetectabilityOptions {
  readonly tolerance: number;
  /** a mistake can only be named if it moves y by more than this: 100 times the residual */
  readonly nameable: number;
  /** the sample to try first: the search used it, so its y under each mistake is known */
  readonly sample: number;
  /** multiply-adds of one run of one sample */
  readonly work: number;
  /** most multiply-adds of all runs; work is counted, so that the report does not depend on the speed of the machine */
  readonly most: number;
  /** layers in which mistakes are tried; undefined: all */
  readonly layers?: ReadonlySet<string>;
  /** given if float32 is precise enough for the tolerance and there is much work: the mistakes are then run on this kernel if possible */
  readonly kernel?: Kernel;
}

/** @param whole the scenario that contains the sample to try first @param part the samples and steps that are computed */
export function detectabilityOf(whole: Scenario, part: Part, options: DetectabilityOptions): Detectability {
  const { scenario } = part;
  const cannotDetect: string[] = [];
  const cannotName: string[] = [];
  const unchecked: string[] = [];
  const parts = partsOf(whole, part, options.sample);
  let left = options.most;
  const isLooked = ({ layer }: Variant) => layer === null || options.layers?.has(layer) !== false;
  const all = JUDGED.flatMap(h => shownBy(h, scenario)).filter(isLooked);
  computeOutputs(all, parts[0]);
  computeOutputs(
    all.filter(v => isComputed(v, parts[0]) && !((moveOn(v, parts[0]) ?? Infinity) > options.nameable)),
    part,
  );
  for (const hypothesis of JUDGED) {
    const moves: { variant: Variant; by: number }[] = [];
    for (const variant of shownBy(hypothesis, scenario)) {
      if (!isLooked(variant)) continue;
      const { by, samples } = moveOf(hypothesis, variant, parts, options, Math.floor(left / options.work));
      left -= samples * options.work;
      if (by === 'not computed') {
        unchecked.push(hypothesis.name);
        break;
      }
      if (by !== undefined) moves.push({ variant, by });
    }
    if (moves.length === 0 || unchecked.includes(hypothesis.name)) continue;
    if (moves.every(m => m.by <= options.tolerance)) cannotDetect.push(hypothesis.name);
    else {
      for (const layer of new Set(moves.map(m => m.variant.layer))) {
        const own = moves.filter(m => m.variant.layer === layer);
        if (layer !== null && own.every(m => m.by <= options.tolerance)) cannotDetect.push(`${hypothesis.name}@${layer}`);
      }
      if (moves.every(m => m.by <= options.nameable)) cannotName.push(hypothesis.name);
    }
  }
  return { cannotDetect, cannotName, unchecked };
}

/** Number of mistakes to try, counting each once per layer. */
export function mistakesIn(scenario: Scenario): number {
  return JUDGED.reduce((sum, h) => sum + shownBy(h, scenario).length, 0);
}

/**
 * Mistakes in the loop, its weights and its equations. What happens to x before, or to y afterwards, always shows or does not depend on the
 * input.
 */
const JUDGED = HYPOTHESES.filter(h => !h.alone || h.name === 'samples-permuted');

/**
 * The most usual variants in each layer, and in all layers: an input may hide an h kept between samples, but not one shared by all of them.
 * Of variants with a parameter (activation:relu) none is the usual one, so a few are tried.
 */
function shownBy(hypothesis: Hypothesis, scenario: Scenario): Variant[] {
  const seen = new Map<string | null, number>();
  return variantsOf(hypothesis, scenario).filter(({ layer, code }) => {
    const count = seen.get(layer) ?? 0;
    seen.set(layer, code === hypothesis.name ? SHOWN : count + 1);
    return count < SHOWN;
  });
}

const SHOWN = 3;

/** Parts from small to large: most mistakes show on one sample, those between samples on two, and the rest are computed on all. */
function partsOf(whole: Scenario, all: Part, sample: number): readonly Part[] {
  const { scenario } = all;
  const N = scenario.input.x.shape[0];
  if (N === 1 || !samplesAreIndependent(scenario.model)) return [all];
  const one = whole.input.x.shape[1] === scenario.input.x.shape[1] ? partOf(whole, sample, sample + 1) : partOf(scenario, 0, 1);
  return N > 2 ? [one, partOf(scenario, 0, 2), all] : [one, all];
}

/** How far a mistake moves y: on a few samples if that is more than `enough`, else on all. undefined: it cannot happen here. */
function moveOf(
  hypothesis: Hypothesis,
  variant: Variant,
  parts: readonly Part[],
  { nameable: enough, kernel }: DetectabilityOptions,
  most: number,
): { by: number | undefined | 'not computed'; samples: number } {
  const least =
    variant.needs === 'all' || variant.needs === 'input'
      ? parts.length - 1
      : variant.needs === 'before'
        ? Math.min(1, parts.length - 1)
        : 0;
  let samples = 0;
  let by: number | undefined;
  if (isInsideStep({ hypothesis, variant }) && least === 0)
    for (const excerpt of excerptsOf(parts[0])) {
      const quick = excerpt.moved(variant) ?? 0;
      if (quick > CERTAIN * enough) return { by: quick, samples: EXCERPT_WORK };
    }
  for (const part of new Set([parts[least], parts[parts.length - 1]])) {
    const N = part.scenario.input.x.shape[0];
    if (samples + N > most) return { by: 'not computed', samples };
    const known = isComputed(variant, part);
    samples += known ? 0 : kernel ? N * FUSED_WORK : N;
    by = kernel && !known ? moveOnKernel(variant, part, kernel) : moveOn(variant, part);
    if (by === undefined || by > enough) break;
  }
  return { by, samples };
}

/** Cost of an excerpt, relative to a run of one sample. */
const EXCERPT_WORK = 0.1;
/** Approximate cost of a run on the kernel; one in five mistakes cannot use it. */
const FUSED_WORK = 0.25;
/**
 * An excerpt starts from the correct states, so its effect on y differs from that of the whole; if it is this many times what is needed, it
 * is certain.
 */
const CERTAIN = 10;

function moveOn(variant: Variant, part: Part): number | undefined {
  return apart(outputUnder(variant, part), part.right.y);
}

function apart(y: Tensor | undefined, right: Tensor): number | undefined {
  return y && (sameShape(y.shape, right.shape) ? largestDifference(y.data, right.data).abs : Infinity);
}

const singles = new WeakMap<Scenario, Outcome | undefined>();

/** The float32 outcome of a scenario on the batched engine's kernel, cached; undefined if its parts do not fit together. */
export function inFloat32(scenario: Scenario, kernel: Kernel): Outcome | undefined {
  if (!singles.has(scenario)) singles.set(scenario, runScenario(scenario, { fused: kernel }));
  return singles.get(scenario);
}

/** `moveOn` with the kernel, if the mistake allows it. */
function moveOnKernel(variant: Variant, part: Part, kernel: Kernel): number | undefined {
  const changed = variant.change(part.scenario);
  if (!changed) return undefined;
  if (!allFuse(changed)) return moveOn(variant, part);
  const right = inFloat32(part.scenario, kernel);
  return right && apart(runScenario(changed, { fused: kernel, like: right })?.y, right.y);
}

import type { Kernel } from '../engines/batched/kernel.js';
import { samplesApart } from '../model/samples.js';
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

/** What an input can show, computed: y under each mistake, against y as it should be. */
export interface Detectability {
  /** mistakes under which y stays within `tolerance`, in any layer they may sit in; 'code@layer' where only that layer hides it */
  readonly cannotDetect: readonly string[];
  /** mistakes that move y, but by too little to be named with confidence */
  readonly cannotName: readonly string[];
  /** not computed: the work allowed was done before */
  readonly unchecked: readonly string[];
}

export interface DetectabilityOptions {
  readonly tolerance: number;
  /** y must move by more than this for a mistake to be named: 100 times the residual */
  readonly nameable: number;
  /** the sample looked at first: the one the search looked at, whose y under every mistake is known */
  readonly sample: number;
  /** multiply-adds of one run of one sample */
  readonly work: number;
  /** multiply-adds of all runs at most: counted, for the report must not depend on how fast the machine is */
  readonly most: number;
  /** layers whose mistakes are looked at; undefined: all */
  readonly layers?: ReadonlySet<string>;
  /** where float32 is fine enough for the tolerance, and there is much to do: runs it where it can */
  readonly kernel?: Kernel;
}

/** @param whole where the sample looked at first is @param part the samples and steps that it is computed on */
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

/** How many mistakes there are to look at, one of a kind in each layer. */
export function mistakesIn(scenario: Scenario): number {
  return JUDGED.reduce((sum, h) => sum + shownBy(h, scenario).length, 0);
}

/** Mistakes in the loop, its weights and its equations; what happens to x before or to y behind always shows, or has nothing to do with the input. */
const JUDGED = HYPOTHESES.filter(h => !h.alone || h.name === 'samples-permuted');

/**
 * The most usual variant in each layer, and in all: an h that is kept from sample to sample may be hidden where one that all samples share is
 * not. Where they have a parameter (activation:relu) none is the usual one, and a few are looked at.
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

/** Smaller to larger: most mistakes show on one sample, what passes between samples on two, and the rest is computed on all. */
function partsOf(whole: Scenario, all: Part, sample: number): readonly Part[] {
  const { scenario } = all;
  const N = scenario.input.x.shape[0];
  if (N === 1 || !samplesApart(scenario.model)) return [all];
  const one = whole.input.x.shape[1] === scenario.input.x.shape[1] ? partOf(whole, sample, sample + 1) : partOf(scenario, 0, 1);
  return N > 2 ? [one, partOf(scenario, 0, 2), all] : [one, all];
}

/** How far it moves y: on a few samples if that is more than `enough`, else on all. undefined: it cannot happen here. */
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

/** Of a run of one sample. */
const EXCERPT_WORK = 0.1;
/** The same on the kernel, about: one in five mistakes cannot. */
const FUSED_WORK = 0.25;
/** What a few steps from right states move y by is not what all of them do; that much is not lost in those before. */
const CERTAIN = 10;

function moveOn(variant: Variant, part: Part): number | undefined {
  return apart(outputUnder(variant, part), part.right.y);
}

function apart(y: Tensor | undefined, right: Tensor): number | undefined {
  return y && (sameShape(y.shape, right.shape) ? largestDifference(y.data, right.data).abs : Infinity);
}

const singles = new WeakMap<Scenario, Outcome | undefined>();

/** What a scenario gives in float32 on the batched engine's kernel, computed once; undefined where it does not fit. */
export function inSingle(scenario: Scenario, kernel: Kernel): Outcome | undefined {
  if (!singles.has(scenario)) singles.set(scenario, runScenario(scenario, { fused: kernel }));
  return singles.get(scenario);
}

/** The same as `moveOn` in that way, where the mistake lets it. */
function moveOnKernel(variant: Variant, part: Part, kernel: Kernel): number | undefined {
  const changed = variant.change(part.scenario);
  if (!changed) return undefined;
  if (!allFuse(changed)) return moveOn(variant, part);
  const right = inSingle(part.scenario, kernel);
  return right && apart(runScenario(changed, { fused: kernel, like: right })?.y, right.y);
}

import { inFloat32, mistakesIn } from '../../diagnosis/detectability.js';
import {
  type Detectability,
  type Diagnosis,
  detectabilityOf,
  diagnose,
  noiseOf,
  readingOf,
  runScenario,
  type SearchOptions,
  scenarioOf,
} from '../../diagnosis/index.js';
import { uniformNoise } from '../../diagnosis/noise.js';
import type { OutputReading } from '../../diagnosis/outputReadings.js';
import type { Outcome, Part } from '../../diagnosis/run.js';
import { lazyPart } from '../../diagnosis/runCache.js';
import { type Scenario, samplesOf } from '../../diagnosis/scenario.js';
import { differingSamples } from '../../diagnosis/slices.js';
import { NEAR_NOISE } from '../../diagnosis/thresholds.js';
import { someLayers } from '../../diagnosis/together.js';
import { type Kernel, loadKernel } from '../../engines/batched/kernel.js';
import { layerCost } from '../../model/counts.js';
import { samplesAreIndependent } from '../../model/samples.js';
import { isRecurrent, layersBehind } from '../../model/spec.js';
import { once } from '../../once.js';
import { largestDifference, largestMagnitude } from '../../tensor/difference.js';
import { sliceFirst, stepsOf } from '../../tensor/layout.js';
import { sameShape, sizeOf, type Tensor } from '../../tensor/tensor.js';
import type { Prepared } from '../prepare.js';

/** The part of a comparison on which mistakes are simulated, in float64. */
export interface DiagnosisSubject {
  readonly scenario: Scenario;
  /** largest effect of rounding on y, measured on the first samples */
  readonly rounding: number;
  /** how the other output is interpreted; null if it has the shape of y, or fits nothing */
  readonly view: OutputReading | null;
  diagnose(options: SearchOptions): Diagnosis;
  /** The mistakes that this input cannot reveal. */
  detectability(of: { readonly tolerance: number; readonly noise: number }): Detectability & { readonly bounds: string | null };
}

/** Multiply-adds of one run of the network; if a run costs more, mistakes are simulated on fewer samples. */
const MOST_WORK = 6e7;
/** Fixed cost of a step, in multiply-adds. */
const STEP_WORK = 1500;
/** Fixed cost of a layer per run, in multiply-adds. */
const LAYER_WORK = 40_000;
/** Multiply-adds for finding what this input cannot reveal, over all mistakes. */
const MOST_DETECTABILITY_WORK = 1e9;
/** Multiply-adds by which the number of steps is chosen where steps can be dropped: about a tenth of a second. */
const DETECTABILITY_WORK = 5e8;
/**
 * That search uses as many samples as cost this many multiply-adds per run, but at least three: states pass from one sample to the next.
 */
const MOST_SAMPLES_WORK = 2e7;
const FEWEST_SAMPLES = 3;
/**
 * Average runs of a sample that one mistake needs, since most show on a few steps. If the budget does not allow them, the first steps of
 * the sample are used.
 */
const RUNS_OF_A_MISTAKE = 0.5;
/** Multiply-adds from which noise is measured with the batched engine's kernel. */
const WORTH_FUSING = 1e6;
/** float32 is precise enough if the tolerance is at least this many times the noise. */
const COARSE = 8;
/** A mistake is only named if it moves y by 100 times the residual, which in turn may be 10 times the noise. */
const NAMEABLE = 1000;
/** Multiply-adds of a sample from which compiling the WASM kernel pays off: over a hundred mistakes are tried. */
const WORTH_COMPILING = 1e5;
/** Samples on which rounding is measured. */
const NOISE_SAMPLES = 16;

export async function subjectOf(prepared: Prepared, expected: Tensor, actual: Tensor, hidden: string | null): Promise<DiagnosisSubject> {
  const sides = await sidesOf(prepared, expected, actual, hidden);
  const { scenario, right, other, from, all, sameKind } = sides;
  const budget = budgetOf(prepared, sides);
  const rounding = once(() => {
    // the search measures noise in the same way
    const part = sameKind ? { scenario, right: right() } : budget.part(budget.fewSamples, budget.share());
    return largestMagnitude(noiseOf(part.scenario, part.right).data);
  });
  return {
    scenario,
    get rounding() {
      return rounding();
    },
    view: sameKind ? null : readingOf(scenario, right(), actual, hidden),
    detectability: of => shownBy(sides, budget, of),
    diagnose(options) {
      const each = options.each && (all ? options.each : sliceFirst(options.each, from, from + other.shape[0]));
      const at = from * sizeOf(other.shape.slice(1));
      const off = options.off && { ...options.off, isOff: (k: number) => options.off!.isOff(at + k) };
      const diagnosis = diagnose(scenario, right(), other, { ...options, each, off }, hidden);
      return from === 0 || !diagnosis.first
        ? diagnosis
        : { ...diagnosis, first: { ...diagnosis.first, sample: diagnosis.first.sample + from } };
    },
  };
}

/** The samples on which mistakes are simulated, and the outputs of both sides for them. */
interface Sides {
  readonly whole: Scenario;
  readonly scenario: Scenario;
  readonly right: () => Outcome;
  /** the other output for these samples */
  readonly other: Tensor;
  /** index of the first of these samples */
  readonly from: number;
  /** whether these are all samples */
  readonly all: boolean;
  /** whether samples are independent */
  readonly apart: boolean;
  /** whether the other output has the shape of y */
  readonly sameKind: boolean;
  /** multiply-adds per sample */
  readonly work: number;
  readonly kernel: Kernel | undefined;
}

async function sidesOf(prepared: Prepared, expected: Tensor, actual: Tensor, hidden: string | null): Promise<Sides> {
  const { network, weights, input } = prepared;
  const whole = scenarioOf(network.model, weights, input);
  const work = workOfSample(prepared);
  const kernel = work >= WORTH_COMPILING ? await loadKernel(false) : undefined;
  const apart = samplesAreIndependent(network.model, network.shapes);
  const sameKind = hidden === null && sameShape(expected.shape, actual.shape);
  const N = input.x.shape[0];
  const [from, to] = sameKind && apart ? windowOf(expected, actual, Math.max(4, Math.floor(MOST_WORK / work))) : [0, N];
  const all = from === 0 && to === N;
  const scenario = all ? whole : samplesOf(whole, from, to);
  const right = once(() => computed(scenario));
  const other = all ? actual : sliceFirst(actual, from, to);
  return { whole, scenario, right, other, from, all, apart, sameKind, work, kernel };
}

/** How many samples, steps and layers can be recomputed for every mistake. */
interface Budget {
  /** multiply-adds of a run of one sample, including the fixed cost of the layers */
  readonly cost: number;
  /** number of samples on which rounding is measured */
  readonly fewSamples: number;
  /** Fraction of the steps of a sample that can be recomputed for every mistake. */
  share(): number;
  /** Names of the layers in which mistakes are simulated; undefined: all. */
  layers(): ReadonlySet<string> | undefined;
  part(samples: number, share: number, fused?: Kernel): Part;
}

function budgetOf({ input }: Prepared, { whole, scenario, right, all, apart, work }: Sides): Budget {
  const { layers } = whole.model;
  const [N, T = 1] = input.x.shape;
  const cost = work + LAYER_WORK * layers.length;
  const share = once(() => MOST_DETECTABILITY_WORK / cost / mistakesIn(whole) / RUNS_OF_A_MISTAKE);
  return {
    cost,
    fewSamples: Math.max(1, Math.min(NOISE_SAMPLES, Math.floor(MOST_WORK / 4 / work))),
    share,
    layers: once(() => someLayers(layers, layers.length * RUNS_OF_A_MISTAKE * share() * Math.max(1, T / FEWEST_STEPS))),
    part: (samples, steps, fused) =>
      (N <= samples && all) || !apart
        ? boundedTo(scenario, steps, fused, right)
        : boundedTo(samplesOf(whole, 0, Math.min(N, samples)), steps, fused),
  };
}

/** Finds what this input cannot reveal, on the compared samples if the budget covers them. */
function shownBy(sides: Sides, budget: Budget, { tolerance, noise }: { readonly tolerance: number; readonly noise: number }) {
  const { whole, scenario, right, other, sameKind, work, kernel } = sides;
  const fused = work >= WORTH_FUSING && tolerance >= COARSE * noise ? kernel : undefined;
  const steps = (budget.share() * DETECTABILITY_WORK) / MOST_DETECTABILITY_WORK;
  const part = budget.part(Math.max(FEWEST_SAMPLES, Math.floor(MOST_SAMPLES_WORK / work)), steps, fused);
  const { first, worst } =
    sameKind && part.scenario === scenario
      ? differingSamples(right().y, other, uniformNoise(other, tolerance / NEAR_NOISE))
      : { first: -1, worst: 0 };
  const looked = budget.layers();
  const limits = {
    sample: first < 0 ? 0 : worst,
    work: budget.cost * Math.min(1, steps),
    most: MOST_DETECTABILITY_WORK,
    kernel: fused,
    layers: looked ?? layersBehind(whole.model),
  };
  return {
    ...detectabilityOf(scenario, part, { tolerance, nameable: NAMEABLE * noise, ...limits }),
    bounds: boundsOf(part.scenario, whole, looked),
  };
}

/**
 * Keeps the first steps of a sample that costs too much; keeps all if the network needs them.
 * @param fused the kernel if float32 is precise enough; the float64 outputs may then not be needed
 * @param right the outputs of the scenario, if known
 */
function boundedTo(scenario: Scenario, share: number, fused: Kernel | undefined, right?: () => Outcome): Part {
  const { model, input } = scenario;
  const [N, T] = input.x.shape;
  const steps = Math.max(FEWEST_STEPS, Math.floor(T * share));
  const whole = lazyPart(scenario, right);
  if (steps >= T || model.input.shape || model.otherInputs) return whole;
  const mask = input.mask && Uint8Array.from({ length: N * steps }, (_, k) => input.mask![Math.floor(k / steps) * T + (k % steps)]);
  const some = {
    ...scenario,
    model: { ...model, input: { ...model.input, timesteps: null } },
    input: { ...input, x: stepsOf(input.x, 0, steps), mask },
  };
  if (fused) return inFloat32(some, fused) ? lazyPart(some) : whole;
  const outcome = runScenario(some);
  return outcome ? lazyPart(some, () => outcome) : whole;
}

const FEWEST_STEPS = 8;

/** Describes the part of the input that was used; null if it is all of it. */
function boundsOf(part: Scenario, whole: Scenario, layers: ReadonlySet<string> | undefined): string | null {
  const [n, t] = part.input.x.shape;
  const [N, T] = whole.input.x.shape;
  const bounds = [
    ...(n < N ? [`samples 1 to ${n} of ${N}`] : []),
    ...(t < T ? [`steps 1 to ${t} of ${T}`] : []),
    ...(layers ? [`${layers.size} of ${whole.model.layers.length} layers`] : []),
  ];
  return bounds.length === 0 ? null : bounds.join(', ');
}

function computed(scenario: Scenario): Outcome {
  const outcome = runScenario(scenario);
  if (!outcome) throw new Error('a network that an engine has run does not run here');
  return outcome;
}

/** Multiply-adds of one sample, including a fixed cost per step. */
export function workOfSample({ network, input }: Prepared): number {
  const steps = input.x.shape[1];
  const T = BigInt(steps);
  // with a symbolic T the cost is unknown: the products of one step times T are counted instead
  const products = network.shapes.layers.reduce(
    (sum, l) => sum + (layerCost(l).matmul ?? T * l.weights.reduce((n, w) => n + BigInt(w.shape.reduce((a, b) => a * b, 1)), 0n)),
    0n,
  );
  const recurrent = network.model.layers.filter(isRecurrent).reduce((sum, l) => sum + (l.bidirectional ? 2 : 1), 0);
  return Number(products) + STEP_WORK * (steps * recurrent + 1);
}

/**
 * The range of samples to use: all, or `most` of them. They are the first ones, so that a state carried between samples shows, unless both
 * sides are equal there.
 */
function windowOf(expected: Tensor, actual: Tensor, most: number): [number, number] {
  const N = expected.shape[0];
  if (N <= most) return [0, N];
  const size = expected.data.length / N;
  const scale = largestDifference(expected.data, actual.data).abs;
  let first = 0;
  while (first < N - 1 && largestDifference(expected.data, actual.data, first * size, (first + 1) * size).abs < scale / 1000) first++;
  const from = first < most ? 0 : Math.min(first, N - most);
  return [from, from + most];
}

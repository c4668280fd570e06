import { plural } from '../escape.js';
import { largestDifference, largestMagnitude, scaleOf } from '../tensor/difference.js';
import { sliceFirst } from '../tensor/layout.js';
import { formatShape, type Tensor } from '../tensor/tensor.js';
import { countIn, type DifferingValues } from './differingValues.js';
import { evidenceOf } from './evidence.js';
import { type FirstDifference, firstDifferenceOf } from './firstDifference.js';
import { inCell, inHead } from './fixes.js';
import { getHypothesis, HYPOTHESES } from './hypotheses.js';
import { headOf } from './mistakes/heads.js';
import { narrowRun, narrowWeights } from './narrowRun.js';
import { differBeyondNoise, largerNoise, type Noise, noiseOf } from './noise.js';
import { finiteSamples, isNonFinite, nonFiniteSentences } from './nonFinite.js';
import { type OutputReading, outputReadings } from './outputReadings.js';
import { type Finding, rank } from './ranking.js';
import { type Outcome, runScenario } from './run.js';
import { partOf, variantsOf } from './runCache.js';
import { recurrentLayers, type Scenario } from './scenario.js';
import { type SearchResult, search, type SearchOptions as WithNoise } from './search.js';
import { onInput, shapeSentences, withShapes } from './shapeSentences.js';
import { shortestInput } from './shortestInput.js';
import { maySize } from './sizesUnder.js';
import { NEAR_NOISE } from './thresholds.js';
import { shapeTrial } from './trial.js';

/** Options as measured by the caller: the least noise of every value and, if the values are those of y, the noise of each one. */
export interface SearchOptions extends Omit<WithNoise, 'noise'> {
  readonly noise: number;
  readonly each?: Noise;
  /** a tenth of what the written digits leave open for a value, at most: the only noise measured for readings other than y */
  readonly digits?: number;
  /** the values that the verdict found to differ */
  readonly off?: DifferingValues;
}

export interface Diagnosis extends SearchResult {
  /** how the other output was interpreted; null: as nothing that this network could output */
  readonly view: OutputReading | null;
  /** derived from the explanation that fits; null without one */
  readonly first: FirstDifference | null;
  /** facts to report if nothing fits, and what the shapes show */
  readonly evidence: readonly string[];
  /** accepted codes: the one that fits, all of a tie, or the likely one */
  readonly codes: readonly string[];
  /** for a tie: the shortest input found on which the explanations differ */
  readonly tellApart: string | null;
}

/** Interprets the other output by its shape and, if several readings fit, by its numbers. */
export function readingOf(scenario: Scenario, right: Outcome, other: Tensor, hidden: string | null = null): OutputReading | null {
  const views = outputReadings(scenario, right, other, hidden);
  const off = views.map(v => largestDifference(v.right.y.data, v.other.data).abs);
  // the first reading, unless another one is far closer
  let best = 0;
  for (let i = 1; i < views.length; i++) if (off[i] * 100 < off[best]) best = i;
  return views[best] ?? null;
}

/** Explains why `other` differs from the scenario's y. @param hidden the layer whose hidden states `other` contains, if known */
export function diagnose(
  scenario: Scenario,
  right: Outcome,
  other: Tensor,
  options: SearchOptions,
  hidden: string | null = null,
): Diagnosis {
  const explained = explain(scenario, right, other, options, hidden);
  const { layers } = scenario.model;
  const fixes = (f: Finding) => inCell(inHead(f.fixes, layers, headOf(scenario)), layerAt(scenario, f.layers[0]));
  const found = { ...explained, findings: explained.findings.map(f => ({ ...f, fixes: fixes(f) })) };
  const accepted = found.findings.filter(f => f.verdict !== 'rejected');
  const isTie = found.verdict === 'tie' || (found.verdict === 'likely' && accepted.length > 1);
  return {
    ...found,
    codes: accepted.map(f => f.code),
    tellApart: isTie ? tellApartText(found.view?.scenario ?? scenario, accepted) : null,
  };
}

/** The recurrent layer of that name; for a mistake in all layers, or in what reads their output, the last one. */
function layerAt(scenario: Scenario, layer: string | null) {
  const layers = recurrentLayers(scenario);
  return layers.find(l => l.name === layer) ?? layers.at(-1);
}

function tellApartText(scenario: Scenario, tied: readonly Finding[]): string | null {
  const changes = tied.flatMap(f => f.again ?? []);
  const shortest = changes.length < tied.length ? undefined : shortestInput(scenario, changes);
  if (!shortest) return null;
  const { size, alike } = shortest;
  if (!size) return 'no input of up to 4 samples and 10 steps distinguishes them with these weights';
  const rest =
    alike.length === 0
      ? ''
      : ` (except ${alike.map(([i, j]) => `${tied[i].code} and ${tied[j].code}`).join(', ')}, which give the same y there, too)`;
  return `an input of ${plural(size.N, 'sample')} and ${plural(size.T, 'step')} distinguishes them: rnn-cli probe with the same network and --N ${size.N} --T ${size.T} makes one${rest}`;
}

type Explained = Omit<Diagnosis, 'codes' | 'tellApart'>;

function explain(scenario: Scenario, right: Outcome, other: Tensor, options: SearchOptions, hidden: string | null): Explained {
  const views = outputReadings(scenario, right, other, hidden);
  const shapes = shapeSentences(scenario, right, other);
  if (views.length === 0) return fromShapesAlone(scenario, right, other, options, shapes);
  const equal = views.find(v => v.code !== null && hidden === null && isEqual(v, options));
  if (equal) return explainedByReading(equal, shapes);
  if (views[0].kind === 'y') return inView(views[0], options, shapes);
  // the readings share the work; the first that explains everything is used
  const results = views.filter(view => !view.whole).map(view => inView(view, { ...options, work: options.work / views.length }, shapes));
  if (results.every(r => r.verdict !== 'fits')) results.push(fromShapesAlone(scenario, right, other, options, shapes));
  return (['fits', 'tie', 'likely'] as const).flatMap(verdict => results.find(r => r.verdict === verdict) ?? [])[0] ?? results[0];
}

/**
 * Whether a reading is equal up to rounding. In a chaotic network, only the values that rounding leaves unchanged count, and there must be
 * some.
 */
function isEqual(view: OutputReading, options: SearchOptions): boolean {
  const { right, other } = view;
  const { data } = noiseIn(view, options);
  const decided = data.filter(v => NEAR_NOISE * v <= LEAST_DECIDED * scaleOf(right.y)).length;
  return decided >= Math.min(FEWEST_DECIDED, data.length) && !differBeyondNoise(right.y.data, other.data, data);
}

/** A value can be decided if rounding moves it by less than this fraction of y's size; at least so many such values must be equal. */
const LEAST_DECIDED = 0.1;
const FEWEST_DECIDED = 3;

/** Noise of each value of this reading: y as a whole may be chaotic while its first steps are not. */
function noiseIn({ kind, scenario, right }: OutputReading, { noise, each, digits = noise }: SearchOptions): Noise {
  return largerNoise(noiseOf(scenario, right), kind !== 'y' ? digits : each ? each.data : noise);
}

function inView(view: OutputReading, options: SearchOptions, shapes: readonly string[], noise = noiseIn(view, options)): Explained {
  if (isNonFinite(view)) return explainNonFinite(view, options, shapes, noise);
  const searched = search(view.scenario, view.right, view.other, { ...options, noise });
  const narrow = searched.verdict === 'unexplained' ? (narrowRun(view, noise) ?? narrowWeights(view)) : undefined;
  const result = narrow ? { ...searched, verdict: 'likely' as const, findings: [narrow, ...searched.findings] } : searched;
  const best = result.findings[0];
  const first = best && best.verdict !== 'rejected' ? firstDifferenceOf(view, best, noise) : null;
  const findings = result.findings.map(f => (f.code === 'head-on-input' ? { ...f, why: [...shapes.map(onInput), f.why].join('\n') } : f));
  const evidence = result.verdict === 'unexplained' ? evidenceOf(view, countIn(view, noise, options.off)) : [];
  return { ...result, findings, view, first, evidence: [...shapes, ...evidence] };
}

/** No known mistake produces NaN or infinities. Reports where they are, and searches for the cause in the samples without any. */
function explainNonFinite(view: OutputReading, options: SearchOptions, shapes: readonly string[], noise: Noise): Explained {
  const counted = countIn(view, noise, options.off);
  const evidence = [...shapes, ...nonFiniteSentences(view, counted)];
  const samples = finiteSamples(view);
  const part = samples && view.other.shape[0] === view.scenario.input.x.shape[0] ? partOfView(view, ...samples) : undefined;
  const own = samples && sliceFirst(noise, ...samples);
  const found =
    part && differBeyondNoise(part.right.y.data, part.other.data, own!.data)
      ? inView(part, { ...options, off: undefined }, [], own)
      : NOTHING_TRIED;
  const isHeld = !samples || holdsBeside(view, found.findings, noise, samples);
  const rest = isHeld
    ? found
    : { ...found, verdict: 'unexplained' as const, findings: found.findings.map(f => ({ ...f, verdict: 'rejected' as const })) };
  return {
    ...rest,
    view,
    first: null,
    evidence: [...evidence, ...(rest.evidence.length > 0 || !isHeld ? evidenceOf(view, counted) : [])],
  };
}

/**
 * Whether the findings for samples [from, to) also hold for the other finite values; a finding that used the other output cannot be checked
 * there.
 */
function holdsBeside(
  { scenario, right, other }: OutputReading,
  findings: readonly Finding[],
  noise: Noise,
  [from, to]: readonly [number, number],
): boolean {
  const size = other.data.length / other.shape[0];
  const isIn = (k: number) => k >= from * size && k < to * size;
  const beside = Array.from(other.data.keys()).filter(k => !isIn(k) && Number.isFinite(other.data[k]) && Number.isFinite(right.y.data[k]));
  if (beside.length === 0) return true;
  return findings.every(({ verdict, change }) => {
    if (verdict === 'rejected') return true;
    const changed = change?.(scenario);
    const y = changed && runScenario(changed, { like: right })?.y;
    return y?.data.length === other.data.length && beside.every(k => !differBeyondNoise(y.data, other.data, noise.data, k, k + 1));
  });
}

const NOTHING_TRIED = { verdict: 'unexplained' as const, findings: [], tried: 0, stopped: false, layers: null, evidence: [] };

function partOfView(view: OutputReading, from: number, to: number): OutputReading {
  const { scenario, right } = partOf(view.scenario, from, to);
  return { ...view, scenario, right, other: sliceFirst(view.other, from, to) };
}

/** The finding for equal numbers: another tensor was returned, or its axes are in another order. */
function explainedByReading(view: OutputReading, shapes: readonly string[]): Explained {
  const hypothesis = getHypothesis(view.code!);
  const residual = largestDifference(view.right.y.data, view.other.data).abs;
  const isChaotic = residual > LEAST_DECIDED * scaleOf(view.right.y);
  const finding: Finding = {
    code: hypothesis.name,
    codes: [hypothesis.name],
    layers: [view.layer],
    residual,
    verdict: 'fits',
    margin: null,
    why: [
      ...shapes,
      `Your array is ${view.words}: the numbers are equal${isChaotic ? ', as far as rounding lets them' : ''}.`,
      hypothesis.why,
    ].join('\n'),
    fixes: view.fix ?? hypothesis.fix,
    change: () => view.scenario,
    needsAll: true,
  };
  return { ...NOTHING_TRIED, verdict: 'fits', findings: [finding], tried: 1, view, first: null };
}

/** Looks for mistakes under which y has the shape of the other output, if no part of this network has it. */
function fromShapesAlone(scenario: Scenario, right: Outcome, other: Tensor, options: SearchOptions, shapes: readonly string[]): Explained {
  const noise = Math.max(options.noise, Number.MIN_VALUE);
  const fits = maySize(scenario, other.shape);
  const trials = HYPOTHESES.flatMap(hypothesis =>
    variantsOf(hypothesis, scenario).flatMap(
      variant => (fits(hypothesis, variant) && shapeTrial({ hypothesis, variant }, scenario, right, other, noise)) || [],
    ),
  );
  const tried = HYPOTHESES.reduce((n, h) => n + variantsOf(h, scenario).length, 0);
  const { verdict, findings } = rank(trials, { asSpecified: (largestMagnitude(other.data) || 1) / noise }, tried);
  const nothing = `neither this network nor a known mistake in it gives an array of shape ${formatShape(other.shape)} with these numbers`;
  return {
    ...{ verdict, tried, stopped: false, layers: null, view: null, first: null },
    findings: findings.map(f => ({ ...f, why: withShapes(shapes, f) })),
    evidence: verdict === 'unexplained' ? [...shapes, nothing] : [],
  };
}

import { plural } from '../escape.js';
import { largestDifference, largestMagnitude, scaleOf } from '../tensor/difference.js';
import { sliceFirst } from '../tensor/layout.js';
import { formatShape, type Tensor } from '../tensor/tensor.js';
import { evidenceOf } from './evidence.js';
import { type FirstDifference, firstDifferenceOf } from './firstDifference.js';
import { inCell, inHead } from './fixes.js';
import { getHypothesis, HYPOTHESES } from './hypotheses.js';
import { headOf } from './mistakes/heads.js';
import { narrowRun, narrowWeights } from './narrowRun.js';
import { areApart, largerNoise, type Noise, noiseOf } from './noise.js';
import { finiteSamples, isNonFinite, nonFiniteSentences } from './nonFinite.js';
import { countedIn, type Off } from './offValues.js';
import { type OutputReading, outputReadings } from './outputReadings.js';
import { type Finding, rank } from './ranking.js';
import { type Outcome, runScenario } from './run.js';
import { partOf, variantsOf } from './runCache.js';
import { recurrentLayers, type Scenario } from './scenario.js';
import { type SearchResult, search, type SearchOptions as WithNoise } from './search.js';
import { onInput, shapeSentences, withShapes } from './shapeSentences.js';
import { maySize } from './sizesUnder.js';
import { shortestInput } from './tellApart.js';
import { NEAR_NOISE } from './thresholds.js';
import { shapeTrial } from './trial.js';

/** As the caller measured it: the noise that every value has at least, and where they are those of y, of each one. */
export interface SearchOptions extends Omit<WithNoise, 'noise'> {
  readonly noise: number;
  readonly each?: Noise;
  /** what the digits of the other output leave open, of a value at most, a tenth of it: all that was measured of another reading than y */
  readonly digits?: number;
  /** which values the verdict found off */
  readonly off?: Off;
}

export interface Diagnosis extends SearchResult {
  /** what the other output was taken for; null: none of what this network could output */
  readonly view: OutputReading | null;
  /** told by the explanation that fits: null without one */
  readonly first: FirstDifference | null;
  /** what can be said where nothing fits, and what the shapes say */
  readonly evidence: readonly string[];
  /** what was accepted: the one that fits, all of a tie, what is likely */
  readonly codes: readonly string[];
  /** of a tie: the shortest input found on which its explanations differ */
  readonly tellApart: string | null;
}

/** What the other output is, told by its shape and, where several readings fit, by its numbers. */
export function readingOf(scenario: Scenario, right: Outcome, other: Tensor, hidden: string | null = null): OutputReading | null {
  const views = outputReadings(scenario, right, other, hidden);
  const off = views.map(v => largestDifference(v.right.y.data, v.other.data).abs);
  // the first unless another one is far closer
  let best = 0;
  for (let i = 1; i < views.length; i++) if (off[i] * 100 < off[best]) best = i;
  return views[best] ?? null;
}

/** Why `other` differs from what the scenario gives. @param hidden the layer whose hidden states it is, where that is known */
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

/** A recurrent layer; for all together, and for what reads their output, the last one. */
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
  if (equal) return onlyTheView(equal, shapes);
  if (views[0].kind === 'y') return inView(views[0], options, shapes);
  // each reading gets its share of the work; the first that explains everything is it
  const results = views.filter(view => !view.whole).map(view => inView(view, { ...options, work: options.work / views.length }, shapes));
  if (results.every(r => r.verdict !== 'fits')) results.push(fromShapesAlone(scenario, right, other, options, shapes));
  return (['fits', 'tie', 'likely'] as const).flatMap(verdict => results.find(r => r.verdict === verdict) ?? [])[0] ?? results[0];
}

/** Within what rounding moves this reading's own numbers by: of a chaotic network by no more than those that it leaves as they are. */
function isEqual(view: OutputReading, options: SearchOptions): boolean {
  const { right, other } = view;
  const { data } = noiseIn(view, options);
  const decided = data.filter(v => NEAR_NOISE * v <= LEAST_DECIDED * scaleOf(right.y)).length;
  return decided >= Math.min(FEWEST_DECIDED, data.length) && !areApart(right.y.data, other.data, data);
}

/** A number decides where rounding moves it by less than this part of y's size; so many that do must be equal. */
const LEAST_DECIDED = 0.1;
const FEWEST_DECIDED = 3;

/** Of each value of this reading's own numbers: y as a whole may be chaotic where its first steps are not. */
function noiseIn({ kind, scenario, right }: OutputReading, { noise, each, digits = noise }: SearchOptions): Noise {
  return largerNoise(noiseOf(scenario, right), kind !== 'y' ? digits : each ? each.data : noise);
}

function inView(view: OutputReading, options: SearchOptions, shapes: readonly string[], noise = noiseIn(view, options)): Explained {
  if (isNonFinite(view)) return withoutNumbers(view, options, shapes, noise);
  const searched = search(view.scenario, view.right, view.other, { ...options, noise });
  const narrow = searched.verdict === 'unexplained' ? (narrowRun(view, noise) ?? narrowWeights(view)) : undefined;
  const result = narrow ? { ...searched, verdict: 'likely' as const, findings: [narrow, ...searched.findings] } : searched;
  const best = result.findings[0];
  const first = best && best.verdict !== 'rejected' ? firstDifferenceOf(view, best, noise) : null;
  const findings = result.findings.map(f => (f.code === 'head-on-input' ? { ...f, why: [...shapes.map(onInput), f.why].join('\n') } : f));
  const evidence = result.verdict === 'unexplained' ? evidenceOf(view, countedIn(view, noise, options.off)) : [];
  return { ...result, findings, view, first, evidence: [...shapes, ...evidence] };
}

/** No known mistake makes NaN and infinities: the report says where they are, and the cause is searched for in the samples without any. */
function withoutNumbers(view: OutputReading, options: SearchOptions, shapes: readonly string[], noise: Noise): Explained {
  const counted = countedIn(view, noise, options.off);
  const evidence = [...shapes, ...nonFiniteSentences(view, counted)];
  const samples = finiteSamples(view);
  const part = samples && view.other.shape[0] === view.scenario.input.x.shape[0] ? partOfView(view, ...samples) : undefined;
  const own = samples && sliceFirst(noise, ...samples);
  const found =
    part && areApart(part.right.y.data, part.other.data, own!.data) ? inView(part, { ...options, off: undefined }, [], own) : NOTHING_TRIED;
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

/** Whether what fits samples [from, to) fits the other finite numbers, too; what took its own from the output is not known there. */
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
    return y?.data.length === other.data.length && beside.every(k => !areApart(y.data, other.data, noise.data, k, k + 1));
  });
}

const NOTHING_TRIED = { verdict: 'unexplained' as const, findings: [], tried: 0, stopped: false, layers: null, evidence: [] };

function partOfView(view: OutputReading, from: number, to: number): OutputReading {
  const { scenario, right } = partOf(view.scenario, from, to);
  return { ...view, scenario, right, other: sliceFirst(view.other, from, to) };
}

/** The numbers are equal: what differs is which tensor was returned, or the order of its axes. */
function onlyTheView(view: OutputReading, shapes: readonly string[]): Explained {
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

/** No part of this network has the other's shape: mistakes under which y has it. */
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

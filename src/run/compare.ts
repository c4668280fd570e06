import type { Diagnosis } from '../diagnosis/index.js';
import { RnnError } from '../errors.js';
import { escapeText } from '../escape.js';
import { distance, largestDifference, largestMagnitude } from '../tensor/difference.js';
import { reshape, sameShape, type Tensor } from '../tensor/tensor.js';
import { subjectOf } from './diagnosis.js';
import { takesLong } from './elsewhere.js';
import { positionOf } from './finite.js';
import { outputOf } from './forward.js';
import { readOtherSide } from './hiddenStates.js';
import { OUTPUT_NAMES, readArray, stepsForSamples } from './input.js';
import { type Prepared, prepare, productsIn } from './prepare.js';
import type { CompareRequest, EngineName } from './request.js';
import type { CompareResult } from './result.js';
import { VERSION } from './version.js';

/** Seconds for the search for pairs of mistakes, unless the request says otherwise. */
const DEFAULT_BUDGET = 2;

/** What `compare` may be given beside its request: where progress is shown, which clock is read. */
export interface CompareHooks {
  readonly onProgress?: (tried: number, of: number) => void;
  readonly now?: () => number;
}

/** Passes over the input: both sides and the noise, and the mistakes that are tried beside them. */
const A_COMPARISON = 4;
const A_SEARCH = 200;

/** Sets two outputs side by side: two engines', or the network's and somebody else's, and says what differs and why. */
export async function runCompare(request: CompareRequest, hooks: CompareHooks = {}): Promise<CompareResult> {
  checkSides(request);
  const prepared = await prepare(request);
  if (prepared.graphInputs) return compareGraph(prepared, request);
  takesLong({ plain: productsIn(prepared) * (request.explain === false ? A_COMPARISON : A_SEARCH) });
  const sides = await bothSides(prepared, request);
  const subject = await subjectOf(prepared, sides.expected, sides.actual, sides.hidden ?? null);
  const noise = Math.max(await noiseOf(prepared, request), subject.rounding);
  const tolerance = toleranceOf(request, noise, sides.expected);
  const view = subject.view;
  const hidden = view !== null && view.layer !== null;
  const expected = view === null || view.kind === 'y' ? sides.expected : view.right.y;
  const actual = view === null || view.kind === 'y' ? sides.actual : view.other;
  const comparable = sameShape(expected.shape, actual.shape);
  const values = comparable ? compareValues(expected, actual, tolerance) : NOT_COMPARABLE;
  const equal = comparable && values.mismatched === 0 && (view === null || view.kind === 'y' || hidden);
  const now = hooks.now ?? (() => performance.now());
  const options = { noise, budget: request.budget ?? DEFAULT_BUDGET, now, onProgress: hooks.onProgress };
  const explain = request.explain ?? true;
  const diagnosis = equal || !explain ? null : subject.diagnose(options);
  // told from the shapes: a table of differences at every step would say less
  const byShape =
    diagnosis !== null &&
    BY_SHAPE.has(diagnosis.findings[0]?.code) &&
    diagnosis.verdict !== 'unexplained' &&
    !sameShape(sides.expected.shape, actual.shape);
  const shown = byShape ? NOT_COMPARABLE : values;
  const power = explain ? subject.power({ tolerance: tolerance.atol, nameable: NAMEABLE * noise }) : NO_POWER;
  const { cannotDetect, cannotName, unchecked } = power;
  return {
    schema: 'rnn-cli/compare@1',
    version: VERSION,
    equal,
    sides: sides.names,
    tolerance,
    shape: byShape
      ? { expected: sides.expected.shape, actual: sides.actual.shape, equal: false }
      : { expected: expected.shape, actual: actual.shape, equal: comparable },
    ...shown,
    firstDifference: equal ? null : (sides.parted ?? firstDifference(expected, shown, diagnosis, view?.layer ?? null)),
    explanations: (diagnosis?.findings ?? []).map(({ change: _, ...finding }) => finding),
    asSpecified: shown.max?.abs ?? null,
    cannotDetect,
    cannotName,
    verdict: diagnosis?.verdict ?? null,
    codes: diagnosis?.codes ?? [],
    tellApart: diagnosis?.tellApart ?? null,
    tried: diagnosis?.tried ?? 0,
    view: view === null || view.kind === 'y' ? null : view.words,
    evidence: diagnosis?.evidence ?? [],
    simulated: request.simulate ?? null,
    seed: prepared.seed,
    rng: prepared.rng,
    promises: prepared.promises,
    notes: [
      ...prepared.notes,
      ...sides.notes,
      ...stepsForSamples(prepared, sides.actual),
      ...(view === null || view.kind === 'y' || byShape ? [] : [`the other side was taken for ${view.words} and compared with that`]),
      ...(diagnosis?.stopped ? ['the search for pairs of mistakes was stopped by its time budget; --budget gives it more seconds'] : []),
      ...(unchecked.length > 0 ? [`not computed, for the network is large: whether this input can show ${unchecked.join(', ')}`] : []),
    ],
    assumptions: prepared.assumptions,
    exit: equal ? 0 : 1,
  };
}

/** With --no-explain nothing is said of causes, nor of what this input cannot show. */
const NO_POWER = { cannotDetect: [], cannotName: [], unchecked: [] };

/** A graph that is no chain of layers: its numbers are compared, no mistakes are looked for. */
async function compareGraph(prepared: Prepared, request: CompareRequest): Promise<CompareResult> {
  const { expected, actual, names, notes } = await bothSides(prepared, request);
  const tolerance = toleranceOf(request, await noiseOf(prepared, request), expected);
  const comparable = sameShape(expected.shape, actual.shape);
  const values = comparable ? compareValues(expected, actual, tolerance) : NOT_COMPARABLE;
  const equal = comparable && values.mismatched === 0;
  return {
    schema: 'rnn-cli/compare@1',
    version: VERSION,
    equal,
    sides: names,
    tolerance,
    shape: { expected: expected.shape, actual: actual.shape, equal: comparable },
    ...values,
    firstDifference: equal ? null : firstDifference(expected, values, null, null),
    explanations: [],
    asSpecified: values.max?.abs ?? null,
    cannotDetect: [],
    cannotName: [],
    verdict: null,
    codes: [],
    tellApart: null,
    tried: 0,
    view: null,
    evidence: [],
    simulated: null,
    seed: prepared.seed,
    rng: prepared.rng,
    promises: prepared.promises,
    notes: [...prepared.notes, ...notes, ...(equal ? [] : ['the graph is no chain of layers: causes are not looked for'])],
    assumptions: prepared.assumptions,
    exit: equal ? 0 : 1,
  };
}

const BY_SHAPE = new Set(['head-every-step', 'head-last', 'head-on-input']);
/** A mistake is named only where it moves y by 100 times what is left over, which may be 10 times the noise. */
const NAMEABLE = 1000;

function checkSides(request: CompareRequest): void {
  if (request.against !== undefined && request.simulate !== undefined) {
    throw new RnnError('usage', 'E_CONFLICT', '--against brings the other output, --simulate makes one', { fix: 'use one of them' });
  }
  if (request.against !== undefined && request.engines !== undefined) {
    throw new RnnError('usage', 'E_CONFLICT', '--against and --engines both name the other side', { fix: 'use one of them' });
  }
  if (request.engines !== undefined && request.engines.length < 2) {
    throw new RnnError('usage', 'E_ENGINES', `--engines needs two or more to compare, found ${request.engines.length}`, {
      fix: '--engines manual,batched',
    });
  }
}

interface Sides {
  readonly expected: Tensor;
  readonly actual: Tensor;
  readonly names: { readonly expected: string; readonly actual: string };
  readonly notes: readonly string[];
  /** whose hidden states the other side is, where its file says so */
  readonly hidden?: string | null;
  /** where hidden states of several layers part */
  readonly parted?: CompareResult['firstDifference'];
}

async function bothSides(prepared: Prepared, request: CompareRequest): Promise<Sides> {
  if (request.against !== undefined) {
    const engine = request.engine === undefined || request.engine === 'auto' ? 'batched' : request.engine;
    const expected = (await outputOf(prepared, { engine, dtype: request.dtype, threads: request.threads }, undefined)).y;
    const other = prepared.graphInputs
      ? { ...(await readArray(request.against, OUTPUT_NAMES)), layer: null, parted: null }
      : await readOtherSide(request.against, prepared);
    return {
      expected,
      actual: other.layer === null ? sameButForOnes(expected, other.tensor) : other.tensor,
      hidden: other.layer,
      parted: other.parted,
      names: { expected: engine, actual: escapeText(request.against) },
      notes: other.notes,
    };
  }
  const engines: readonly EngineName[] = request.engines ?? ['manual', 'batched'];
  const [first, ...others] = engines;
  const expected = (await outputOf(prepared, { engine: first, threads: request.threads }, undefined)).y;
  const outputs: { name: EngineName; y: Tensor }[] = [];
  for (const name of others)
    outputs.push({
      name,
      y: (await outputOf(prepared, { engine: name, threads: request.threads, dtype: request.dtype }, request.simulate)).y,
    });
  const worst = outputs.reduce((a, b) =>
    largestDifference(expected.data, b.y.data).abs > largestDifference(expected.data, a.y.data).abs ? b : a,
  );
  const notes =
    others.length > 1
      ? outputs.map(o => `${first} and ${o.name} differ by ${largestDifference(expected.data, o.y.data).abs.toExponential(2)}`)
      : [];
  return { expected, actual: worst.y, names: { expected: first, actual: worst.name }, notes };
}

/** [2] for [1, 2], [4, 10] for [4, 10, 1]: axes of size 1 may be missing or surplus. */
function sameButForOnes(expected: Tensor, actual: Tensor): Tensor {
  const core = (shape: readonly number[]) => shape.filter(n => n !== 1);
  return !sameShape(actual.shape, expected.shape) && sameShape(core(actual.shape), core(expected.shape))
    ? reshape(actual, expected.shape)
    : actual;
}

/** The network's own float noise on this input: how far its float32 output is from its float64 output. */
async function noiseOf(prepared: Prepared, { threads }: CompareRequest): Promise<number> {
  const [f32, f64] = await Promise.all(
    (['f32', 'f64'] as const).map(dtype => outputOf(prepared, { engine: 'batched', dtype, threads }, undefined)),
  );
  return largestDifference(f64.y.data, f32.y.data).abs;
}

const TIMES_NOISE = 16;
const LEAST_ULPS = 4;
const FLOAT32_EPSILON = 2 ** -23;

/** auto: 16 times the network's own noise, at least 4 ulp of the largest value. */
function toleranceOf(request: CompareRequest, noise: number, expected: Tensor): CompareResult['tolerance'] {
  if (request.atol !== undefined || request.rtol !== undefined)
    return { mode: 'fixed', atol: request.atol ?? 0, rtol: request.rtol ?? 0, noise };
  const ulps = LEAST_ULPS * ulp32(largestMagnitude(expected.data));
  return { mode: 'auto', atol: Math.max(TIMES_NOISE * noise, ulps), rtol: 0, noise };
}

/** Distance from x to the next float32. */
function ulp32(x: number): number {
  const bits = new Uint32Array(new Float32Array([x]).buffer)[0] >>> 23;
  return bits === 0 ? 2 ** -149 : 2 ** (bits - 127) * FLOAT32_EPSILON;
}

type Values = Pick<CompareResult, 'max' | 'mismatched' | 'total' | 'perSample' | 'perStep'>;
const NOT_COMPARABLE: Values = { max: null, mismatched: 0, total: 0, perSample: [], perStep: null };

function compareValues(expected: Tensor, actual: Tensor, tolerance: CompareResult['tolerance']): Values {
  const { shape } = expected;
  const N = shape[0] ?? 1;
  const size = expected.data.length / Math.max(1, N);
  const off = (k: number) => distance(actual.data[k], expected.data[k]) > allowed(expected.data[k], tolerance);
  const anyOff = (from: number, to: number, stride = 1) => {
    for (let k = from; k < to; k += stride) if (off(k)) return true;
    return false;
  };
  let mismatched = 0;
  for (let k = 0; k < expected.data.length; k++) if (off(k)) mismatched++;
  const perSample = Array.from({ length: N }, (_, n) => {
    const { abs, index } = largestDifference(expected.data, actual.data, n * size, (n + 1) * size);
    return {
      n,
      maxAbs: abs,
      ok: !anyOff(n * size, (n + 1) * size),
      index: positionOf(index, shape).slice(1),
      expected: expected.data[index],
      actual: actual.data[index],
    };
  });
  const { abs, index } = largestDifference(expected.data, actual.data);
  const max = index < 0 ? null : { abs, index: positionOf(index, shape), expected: expected.data[index], actual: actual.data[index] };
  return { max, mismatched, total: expected.data.length, perSample, perStep: shape.length === 3 ? stepsOf(expected, actual, off) : null };
}

/** |a − e| ≤ atol + rtol·|e| */
function allowed(expected: number, { atol, rtol }: CompareResult['tolerance']): number {
  return rtol === 0 || !Number.isFinite(expected) ? atol : atol + rtol * Math.abs(expected);
}

function stepsOf(expected: Tensor, actual: Tensor, off: (k: number) => boolean): CompareResult['perStep'] {
  const [N, T, K] = expected.shape;
  return Array.from({ length: T }, (_, t) => {
    let maxAbs = 0;
    let ok = true;
    for (let n = 0; n < N; n++) {
      const from = (n * T + t) * K;
      maxAbs = Math.max(maxAbs, largestDifference(expected.data, actual.data, from, from + K).abs);
      for (let k = from; k < from + K; k++) if (off(k)) ok = false;
    }
    return { t, maxAbs, ok };
  });
}

/** The first sample that parts; its step and layer where the explanation or the output itself tells. */
function firstDifference(
  expected: Tensor,
  values: Values,
  diagnosis: Diagnosis | null,
  layer: string | null,
): CompareResult['firstDifference'] {
  const sample = values.perSample.find(s => !s.ok);
  if (!sample) return null;
  if (diagnosis?.first && diagnosis.first.sample === sample.n) return diagnosis.first;
  const step = values.perStep && expected.shape.length === 3 ? (values.perStep.find(s => !s.ok)?.t ?? null) : null;
  return { sample: sample.n, step, layer };
}

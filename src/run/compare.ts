import { HYPOTHESES } from '../diagnosis/index.js';
import { cannotDetect } from '../diagnosis/power.js';
import { type Finding, search } from '../diagnosis/search.js';
import type { EngineInput, EngineOutput } from '../engines/engine.js';
import { RnnError } from '../errors.js';
import { escapeText } from '../escape.js';
import type { ModelSpec } from '../model/spec.js';
import { distance, largestDifference, largestMagnitude } from '../tensor/difference.js';
import { reshape, sameShape, type Tensor } from '../tensor/tensor.js';
import type { Weights } from '../weights/weights.js';
import { execute } from './execute.js';
import { outputOf } from './forward.js';
import { readArray } from './input.js';
import { type Prepared, positionOf, prepare } from './prepare.js';
import type { CompareRequest, EngineName } from './request.js';
import type { CompareResult } from './result.js';
import { VERSION } from './version.js';

/** Sets two outputs side by side: two engines', or the network's and somebody else's, and says what differs and why. */
export async function runCompare(request: CompareRequest): Promise<CompareResult> {
  checkSides(request);
  const prepared = await prepare(request);
  const sides = await bothSides(prepared, request);
  const noise = await noiseOf(prepared, request);
  const tolerance = toleranceOf(request, noise, sides.expected);
  const equalShapes = sameShape(sides.expected.shape, sides.actual.shape);
  const values = equalShapes ? compareValues(sides.expected, sides.actual, tolerance) : NOT_COMPARABLE;
  const equal = equalShapes && values.mismatched === 0;
  const subject = { model: prepared.network.model, weights: prepared.weights, input: prepared.input, run: runner(request) };
  const wanted = request.explain ?? true;
  const findings =
    equal || !wanted ? [] : await search(HYPOTHESES, subject, sides.expected, sides.actual, values.max?.abs ?? Infinity, noise);
  return {
    schema: 'rnn-cli/compare@1',
    version: VERSION,
    equal,
    sides: sides.names,
    tolerance,
    shape: { expected: sides.expected.shape, actual: sides.actual.shape, equal: equalShapes },
    ...values,
    firstDifference: equal ? null : firstDifference(prepared, sides.expected, values, findings),
    explanations: findings,
    asSpecified: values.max?.abs ?? null,
    cannotDetect: await cannotDetect(HYPOTHESES, subject, sides.expected, tolerance.atol),
    simulated: request.simulate ?? null,
    seed: prepared.seed,
    rng: prepared.rng,
    promises: prepared.promises,
    notes: [...prepared.notes, ...sides.notes],
    exit: equal ? 0 : 1,
  };
}

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
}

async function bothSides(prepared: Prepared, request: CompareRequest): Promise<Sides> {
  if (request.against !== undefined) {
    const engine = request.engine ?? 'batched';
    const expected = (await outputOf(prepared, { engine, dtype: request.dtype, threads: request.threads }, undefined)).y;
    const array = await readArray(request.against, ['y', 'Y', 'output', 'arr_0']);
    return {
      expected,
      actual: sameButForOnes(expected, array.tensor),
      names: { expected: engine, actual: escapeText(request.against) },
      notes: array.notes,
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

/** Hypotheses are recomputed in float64, so that what is left over is the other side's noise alone. */
function runner(request: CompareRequest) {
  return (model: ModelSpec, weights: Weights, input: EngineInput): Promise<EngineOutput> =>
    execute(model, weights, input, { engine: 'batched', dtype: 'f64', threads: request.threads });
}

/** The network's own float noise on this input: how far its float32 output is from its float64 output. */
async function noiseOf({ network, weights, input }: Prepared, request: CompareRequest): Promise<number> {
  const [f32, f64] = await Promise.all(
    (['f32', 'f64'] as const).map(dtype => execute(network.model, weights, input, { engine: 'batched', dtype, threads: request.threads })),
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

/** The first sample that parts; its first step where the output is a sequence, or where the explanation says so. */
function firstDifference(
  { network }: Prepared,
  expected: Tensor,
  values: Values,
  findings: readonly Finding[],
): CompareResult['firstDifference'] {
  const sample = values.perSample.find(s => !s.ok);
  if (!sample) return null;
  const carried = findings[0]?.code === 'state-carry' && findings[0].verdict === 'fits';
  const recurrent = network.model.layers.find(l => l.kind === 'rnn' || l.kind === 'lstm' || l.kind === 'gru');
  const step = values.perStep && expected.shape.length === 3 ? (values.perStep.find(s => !s.ok)?.t ?? null) : null;
  return { sample: sample.n, step: carried ? 0 : step, layer: carried && recurrent ? recurrent.name : null };
}

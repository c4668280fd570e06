import { jittered } from '../engines/batched/jitter.js';
import type { Kernel } from '../engines/batched/kernel.js';
import { asValue, initialOf, maskedInputs } from '../engines/walk.js';
import { RnnError } from '../errors.js';
import { layerOutputs } from '../layers/index.js';
import type { Kernels, LayerResult, Value } from '../layers/layer.js';
import { inferShapes } from '../model/shapes.js';
import { isRecurrent, type LayerSpec, type ModelSpec } from '../model/spec.js';
import { takeAlong } from '../tensor/axes.js';
import { type Precision, precisionOf, sameShape, type Tensor, toPrecision } from '../tensor/tensor.js';
import { Mismatch } from './affine.js';
import { kernelsOf } from './loop.js';
import type { Loop, LoopOptions } from './loopState.js';
import type { LayerWeights, LoopFault, Scenario } from './scenario.js';

/** The result of a scenario with the inputs and outputs of each layer, so that another scenario only recomputes what it changes. */
export interface Outcome {
  readonly y: Tensor;
  readonly layers: ReadonlyMap<string, LayerRun>;
}

/** A scenario, or its first samples, with its result. */
export interface Part {
  readonly scenario: Scenario;
  readonly right: Outcome;
}

interface LayerRun {
  readonly layer: LayerSpec;
  readonly weights: LayerWeights | undefined;
  readonly fault: LoopFault | undefined;
  readonly masks: boolean;
  readonly initial: readonly Tensor[] | undefined;
  readonly inputs: readonly Value[];
  /** loops over time, by direction */
  readonly cores: readonly Loop[];
  readonly result: LayerResult;
}

export interface RunOptions {
  readonly precision?: LoopOptions['precision'];
  readonly order?: LoopOptions['order'];
  /** keep gates and states of every step */
  readonly trace?: boolean;
  /** compute activations to the last digit, for numbers that are shown */
  readonly exact?: boolean;
  /** run in float32 on the batched engine's kernel; only if canFuse holds for every loop */
  readonly fused?: Kernel;
  /** seed of changed rounding (engines/batched/jitter.ts) */
  readonly jitter?: number;
  /** reuse results of layers with the same inputs from this outcome */
  readonly like?: Outcome;
}

/** y of a scenario, float64 by default; undefined if its parts do not fit together. */
export function runScenario(scenario: Scenario, options: RunOptions = {}): Outcome | undefined {
  return ifItFits(() => walkScenario(scenario, options));
}

function ifItFits<R>(run: () => R): R | undefined {
  try {
    return run();
  } catch (error) {
    // a RangeError means that a convolution is wider than the remaining steps
    if (error instanceof Mismatch || error instanceof RnnError || error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Approximate multiply-adds of one run, plus a fixed cost per step; with `from`, only from that layer on. */
export function workOf({ weights, input, model }: Scenario, from?: string): number {
  const [N, T] = input.x.shape;
  const names = model.layers.map(l => l.name);
  let products = STEP_WORK;
  for (const name of from === undefined ? weights.keys() : names.slice(names.indexOf(from)))
    for (const t of weights.get(name)?.values() ?? []) products += t.data.length;
  return products * N * T;
}

const STEP_WORK = 500;

/** Runs one layer of a scenario in float64, on its inputs in `like`, or on `inputs`. undefined if its parts do not fit together. */
export function runLayer(
  scenario: Scenario,
  name: string,
  like: Outcome | undefined,
  inputs: readonly Value[] = like!.layers.get(name)!.inputs,
  kernels?: Kernels,
): LayerResult | undefined {
  const layer = scenario.model.layers.find(l => l.name === name)!;
  const options = { precision: 'f64', order: 1, trace: false, exact: false } as const;
  return ifItFits(() =>
    applyLayer(scenario, layer, { inputs, initial: undefined }, { ...options, kernels }, like?.layers.get(name)?.cores, []),
  );
}

function walkScenario(scenario: Scenario, { order = 1, trace = false, exact = false, like, fused, jitter, ...asked }: RunOptions): Outcome {
  const precision = fused ? 'f32' : (asked.precision ?? 'f64');
  const { model, input, masks } = scenario;
  const same = like?.layers.values().next().value?.inputs[0];
  const x = typedInPrecision(input.x, precision);
  const start: Value =
    same && same.tensor.data === x.data && sameShape(same.tensor.shape, x.shape) && same.mask === (masks ? input.mask : undefined)
      ? same
      : masks && input.mask
        ? { ...wrappedValue(x, precision), mask: input.mask }
        : wrappedValue(x, precision);
  const values = new Map<string, Value>([[model.input.name, start]]);
  for (const { name } of model.otherInputs ?? []) {
    const other = input.others?.get(name);
    if (!other) throw new Mismatch(`no array for ${name}`);
    values.set(name, wrappedValue(other, precision));
  }
  const parts = partsOf(model);
  const layers = new Map<string, LayerRun>();
  for (const layer of model.layers) {
    const read = layer.inputs.map(name => values.get(name)!);
    const inputs = masks ? maskedInputs(read, layer, values) : read;
    const weights = scenario.weights.get(layer.name);
    const fault = scenario.loops.get(layer.name);
    const initial = initialOf(layer, values, input);
    const before = like?.layers.get(layer.name);
    const given = { layer, weights, fault, masks, initial, inputs };
    const cores: Loop[] = [];
    const run = (): LayerRun => {
      const options = { precision, order, trace, exact, fused, jitter };
      return { ...given, cores, result: applyLayer(scenario, layer, given, options, before?.cores, cores) };
    };
    const done = before && isUnchanged(before, given) ? before : run();
    const { result } = done;
    layers.set(layer.name, done);
    const passed = masks && layer.mask === null && result.tensor.shape.length > 2;
    values.set(layer.name, passed ? { ...result, mask: inputs[0].mask } : result);
    parts.get(layer.name)?.forEach((suffix, i) => {
      values.set(`${layer.name}/${suffix}`, wrappedValue(result.others![i], precision));
    });
    if (layer.name === model.output) break;
  }
  let y = values.get(model.output)!.tensor;
  for (const finish of scenario.finish) y = finish(y);
  return { y, layers };
}

/** Whether a layer gets the same as in an earlier run, so that its result can be kept. */
function isUnchanged(before: LayerRun, { layer, weights, fault, masks, initial, inputs }: Omit<LayerRun, 'cores' | 'result'>): boolean {
  return (
    before.layer === layer &&
    before.weights === weights &&
    before.fault === fault &&
    before.masks === masks &&
    before.initial?.length === initial?.length &&
    (initial ?? []).every((t, i) => t === before.initial![i]) &&
    before.inputs.length === inputs.length &&
    inputs.every((v, i) => v === before.inputs[i])
  );
}

/** The names of what a layer gives in addition to its output (states), by layer; empty if nothing reads such a value. */
function partsOf(model: ModelSpec): ReadonlyMap<string, readonly string[]> {
  const names = new Set([model.input.name, ...(model.otherInputs ?? []).map(i => i.name), ...model.layers.map(l => l.name)]);
  const read = model.layers.flatMap(l => [...l.inputs, ...(l.states ?? []), ...(l.mask ? [l.mask] : [])]);
  if ([...read, model.output].every(name => names.has(name))) return new Map();
  return new Map(inferShapes(model).layers.map(({ layer, others }) => [layer.name, others.map(o => o.suffix)]));
}

const wrapped = new WeakMap<Tensor, Value>();

/** Returns the same value object for the same tensor, so that an unchanged input is recognised. */
function wrappedValue(t: Tensor, precision: Precision): Value {
  const tensor = typedInPrecision(t, precision);
  const value = wrapped.get(tensor) ?? asValue(tensor, precision);
  wrapped.set(tensor, value);
  return value;
}

function typedInPrecision(t: Tensor, precision: Precision): Tensor {
  return t.kind === undefined || t.kind === 'float' ? inPrecision(t, precision) : t;
}

const singles = new WeakMap<Tensor, Tensor>();

/** Returns the same array each time, so that an unchanged input is recognised. */
function inPrecision(t: Tensor, precision: Precision): Tensor {
  if (precision === precisionOf(t)) return t;
  const known = singles.get(t) ?? toPrecision(t, precision);
  singles.set(t, known);
  return known;
}

interface LayerOptions extends Required<Omit<RunOptions, 'like' | 'fused' | 'jitter'>> {
  readonly fused?: Kernel;
  readonly jitter?: number;
  /** those of an engine, for a layer without a mistake */
  readonly kernels?: Kernels;
}

function applyLayer(
  { weights, loops, masks, model }: Scenario,
  layer: LayerSpec,
  { inputs, initial: states }: Pick<LayerRun, 'inputs' | 'initial'>,
  { precision, order, trace, exact, fused, jitter, kernels }: LayerOptions,
  known: readonly Loop[] | undefined,
  cores: Loop[],
): LayerResult {
  const fault = loops.get(layer.name);
  const own = new Map([...(weights.get(layer.name) ?? [])].map(([name, t]) => [name, inPrecision(t, precision)]));
  const B = model.input.batch;
  const every = isRecurrent(layer) && layer.stateful && B !== null && inputs[0].tensor.shape[0] > B ? B : undefined;
  const initial = states?.map(t => inPrecision(t, precision));
  const ran = kernels ?? kernelsOf(fault, { precision, order, every, exact, fused }, known, cores);
  const context = {
    kernels: jitter === undefined ? ran : jittered(ran, jitter),
    weights: own,
    initial,
    trace,
  };
  const result = layerOutputs(layer, inputs, context);
  const seen = masks ? result : { ...result, mask: undefined };
  const width = seen.tensor.shape[seen.tensor.shape.length - 1];
  const swapped =
    fault?.swapped && isRecurrent(layer) && layer.bidirectional === 'concat'
      ? { ...seen, tensor: takeAlong(seen.tensor, seen.tensor.shape.length - 1, width, k => (k + width / 2) % width) }
      : seen;
  return fault?.merged ? { ...swapped, tensor: fault.merged(swapped.tensor, inputs[0].tensor) } : swapped;
}

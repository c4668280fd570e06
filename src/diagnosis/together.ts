import { batchedKernels } from '../engines/batched/engine.js';
import { loadedKernel } from '../engines/batched/kernel.js';
import { samplesAreIndependent } from '../model/samples.js';
import type { LayerSpec } from '../model/spec.js';
import { concatFirst, sliceFirst } from '../tensor/layout.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Variant } from './hypothesis.js';
import { type Part, runLayer } from './run.js';
import type { Scenario } from './scenario.js';

/**
 * In a deep network, most of the work is in the layers after the mistake, and it is the same work for each mistake. So each layer is run
 * once for all mistakes before it, with their values as its samples.
 */

/** Least number of layers for which this saves time. */
const DEEP = 6;
/** Most numbers that pass through a layer together. */
const MOST_NUMBERS = 4e6;
/** Fewer variants than this are computed one by one. */
const FEWEST = 8;

/** Values of the same shape, concatenated, and the variant of each. */
interface Group {
  readonly variants: readonly Variant[];
  readonly values: Tensor;
}

/** Whether the network is a chain of many layers whose samples are independent, without masks or given states. */
export function isDeep({ scenario, right }: Part): boolean {
  const { model, input, finish } = scenario;
  return (
    model.layers.length >= DEEP &&
    !model.otherInputs &&
    !input.mask &&
    !input.initialStates &&
    finish.length === 0 &&
    model.layers[model.layers.length - 1].name === model.output &&
    model.layers.every((l, i) => !l.states && !l.mask && l.inputs.length === 1 && (i === 0 || l.inputs[0] === model.layers[i - 1].name)) &&
    [...right.layers.values()].every(run => run.inputs.every(v => !v.mask)) &&
    samplesAreIndependent(model)
  );
}

/** Networks of up to this many layers are examined completely, since their work is limited by the number of samples and steps. */
const MOST_LAYERS = 16;

/** Names of at least `count` layers: the first, the last and some between; undefined: all of them. */
export function someLayers(layers: readonly LayerSpec[], count: number): ReadonlySet<string> | undefined {
  const most = Math.max(MOST_LAYERS, Math.floor(count));
  if (most >= layers.length) return undefined;
  return new Set(Array.from({ length: most }, (_, i) => layers[Math.round((i * (layers.length - 1)) / (most - 1))].name));
}

/** Cost in multiply-adds beside the products: of one unit per step, and of a layer if mistakes are run one by one. */
const UNIT = 30;
const ALONE = 1e5;

/**
 * The layers whose mistakes can be tried with `work` multiply-adds; each mistake is run through all layers after its own. undefined: all.
 */
export function layersWithin(work: number, variants: readonly Variant[], part: Part): ReadonlySet<string> | undefined {
  const { layers, input } = { ...part.scenario.model, input: part.scenario.input };
  const inOne = variants.reduce((n, v) => n + (v.layer === null ? 0 : 1), 0);
  let numbers = 0;
  for (const own of part.scenario.weights.values())
    for (const t of own.values()) numbers += t.data.length + UNIT * t.shape[t.shape.length - 1];
  const each = (numbers * input.x.shape[0] * (input.x.shape[1] ?? 1)) / 2 + (isDeep(part) ? 0 : (ALONE * layers.length) / 2);
  return someLayers(layers, (work / each / inOne) * layers.length);
}

/**
 * Calls `found` with y under each variant that only changes one layer (undefined: it cannot happen there). Other variants are left to the
 * caller.
 */
export function computeTogether(variants: readonly Variant[], part: Part, found: (variant: Variant, y: Tensor | undefined) => void): void {
  const { layers } = part.scenario.model;
  const byLayer = new Map<string, { variant: Variant; changed: Scenario }[]>();
  for (const variant of variants) {
    const changed = variant.layer === null ? undefined : variant.change(part.scenario);
    const layer = changed && onlyChanged(part.scenario, changed);
    if (layer) byLayer.set(layer, [...(byLayer.get(layer) ?? []), { variant, changed }]);
  }
  let most = 0;
  for (const run of part.right.layers.values()) most = Math.max(most, ...run.inputs.map(v => v.tensor.data.length));
  const atOnce = MOST_NUMBERS / most;
  if (atOnce < FEWEST) return;
  let groups: Group[] = [];
  let passing = 0;
  const passRest = (from: number) => {
    for (const layer of layers.slice(from)) groups = groups.flatMap(group => passed(group, layer, part, found));
    for (const { variants: own, values } of groups)
      for (const [i, variant] of own.entries()) found(variant, sampleOf(values, i, own.length));
    [groups, passing] = [[], 0];
  };
  layers.forEach((layer, i) => {
    groups = groups.flatMap(group => passed(group, layer, part, found));
    const own = (byLayer.get(layer.name) ?? []).map(({ variant, changed }) => ({
      variant,
      values: runLayer(changed, layer.name, part.right)?.tensor,
    }));
    for (const { variant, values } of own) if (!values) found(variant, undefined);
    groups = merged([...groups, ...own.flatMap(({ variant, values }) => (values ? [{ variants: [variant], values }] : []))]);
    passing += own.length;
    if (passing > atOnce || i === layers.length - 1) passRest(i + 1);
  });
}

/** The layer that a change is in, if it only changes one layer. */
function onlyChanged(before: Scenario, after: Scenario): string | undefined {
  const [a, b] = [before.model, after.model];
  const sameAround =
    after.input === before.input &&
    after.masks === before.masks &&
    after.finish === before.finish &&
    b.output === a.output &&
    b.input === a.input &&
    b.layers.length === a.layers.length;
  if (!sameAround) return undefined;
  const changed = a.layers.filter(
    (l, i) =>
      b.layers[i] !== l || after.weights.get(l.name) !== before.weights.get(l.name) || after.loops.get(l.name) !== before.loops.get(l.name),
  );
  const [{ name, inputs } = { name: undefined, inputs: [] }, ...others] = changed;
  const now = b.layers.find(l => l.name === name);
  return others.length === 0 && now?.inputs[0] === inputs[0] ? name : undefined;
}

function passed({ variants, values }: Group, layer: LayerSpec, part: Part, found: (variant: Variant, y: undefined) => void): Group[] {
  // the engine's kernels do not check sizes, so values of other sizes are left to the caller
  const { shape } = part.right.layers.get(layer.name)!.inputs[0].tensor;
  if (shape.length !== values.shape.length || shape[shape.length - 1] !== values.shape[shape.length - 1]) return [];
  const result = runLayer(part.scenario, layer.name, undefined, [{ tensor: values }], batchedKernels('f64', loadedKernel(false)));
  if (result) return [{ variants, values: result.tensor }];
  for (const variant of variants) found(variant, undefined);
  return [];
}

/** Joins groups of the same shape. */
function merged(groups: readonly Group[]): Group[] {
  const byShape = new Map<string, Group[]>();
  for (const group of groups) {
    const [all, ...rest] = group.values.shape;
    const key = `${all / group.variants.length} ${rest}`;
    byShape.set(key, [...(byShape.get(key) ?? []), group]);
  }
  return [...byShape.values()].map(alike =>
    alike.length === 1 ? alike[0] : { variants: alike.flatMap(g => g.variants), values: concatFirst(alike.map(g => g.values)) },
  );
}

/** One variant's values, copied so that the array of all of them can be freed. */
function sampleOf(values: Tensor, i: number, count: number): Tensor {
  const N = values.shape[0] / count;
  const { shape, data } = sliceFirst(values, i * N, (i + 1) * N);
  return { shape, data: data.slice() };
}

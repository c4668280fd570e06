import type { StepContext } from '../cells/cell.js';
import type { EngineInput } from '../engines/engine.js';
import { isRecurrent, type LayerSpec, type ModelSpec, type RecurrentSpec } from '../model/spec.js';
import { sliceFirst, stepsOf } from '../tensor/layout.js';
import { doublesOf, type Tensor, toPrecision } from '../tensor/tensor.js';
import type { Weights } from '../weights/weights.js';

/**
 * A computation into which mistakes can be put: the network, its weights and input, and what goes wrong inside its loops. A mistake is a
 * function from one scenario to another, so two mistakes are applied one after the other.
 */
export interface Scenario {
  readonly model: ModelSpec;
  /** layer -> weight -> tensor, float64 */
  readonly weights: ReadonlyMap<string, LayerWeights>;
  readonly input: EngineInput;
  /** by layer: what goes wrong in its loop over samples, steps and units */
  readonly loops: ReadonlyMap<string, LoopFault>;
  /** false: no layer receives a mask */
  readonly masks: boolean;
  /** functions applied to y at the end, in order */
  readonly finish: readonly ((y: Tensor) => Tensor)[];
  /** for a part: index of its first sample in the whole input */
  readonly firstSample?: number;
}

export type LayerWeights = ReadonlyMap<string, Tensor>;

/** What can go wrong between the steps of a layer and cannot be expressed by weights or options. */
export interface LoopFault {
  /**
   * A sample starts with the last state of the one before (or of the one `lag` before): all states, h or c. This happens after its last
   * step or, with 'step', at every step, so that all samples share one state.
   */
  readonly carry?: { readonly what: 'all' | 'h' | 'c'; readonly by: 'sample' | 'step'; readonly lag?: number };
  /** directions (0 forward, 1 backward) that ignore the mask */
  readonly unmasked?: readonly number[];
  /** whether unit m already sees the new h of the units before it */
  readonly inPlace?: boolean;
  /** whether the list of outputs contains the same array T times, so that every step shows the last h */
  readonly aliased?: boolean;
  /** whether the backward sequence is merged in the order in which it was computed */
  readonly notFlipped?: boolean;
  /** the step taken for the last one: the first in time, the last in time in both directions, or this many steps before the last */
  readonly last?: 'first' | 'end' | number;
  /** the state that is returned: 0 for h, 1 for c */
  readonly output?: 0 | 1;
  /** steps that each direction omits, in its order of computation: the first and the last ones; their rows of the sequence stay zero */
  readonly skip?: { readonly first: number; readonly last: number };
  /** whether the backward half comes before the forward half */
  readonly swapped?: boolean;
  /** applied to the layer's output after merging the directions; `input` is the input of the layer */
  readonly merged?: (t: Tensor, input: Tensor) => Tensor;
  /** applied to every state after every step */
  readonly round?: (v: number) => number;
  /** computes a step in another way */
  readonly step?: StepFault;
}

/**
 * Fills context.next. `right` is the cell's own step, `left` the number of steps that follow, `reverse` whether the loop runs from the end.
 */
export type StepFault = (context: StepContext, right: (context: StepContext) => void, left: number, reverse: boolean) => void;

/** Turns a correct computation into a wrong one; undefined if it cannot be applied (for example because its layer no longer exists). */
export type Change = (scenario: Scenario) => Scenario | undefined;

export function scenarioOf(model: ModelSpec, weights: Weights, input: EngineInput): Scenario {
  const byLayer = new Map<string, Map<string, Tensor>>();
  for (const layer of model.layers) byLayer.set(layer.name, new Map());
  // layers that share weights get those of their owner: a mistake may be in a single call of a layer
  for (const layer of model.layers) if (layer.shares) byLayer.set(layer.name, byLayer.get(layer.shares)!);
  for (const layer of model.layers) {
    const own = byLayer.get(layer.name)!;
    for (const [key, t] of weights) if (key.startsWith(`${layer.name}/`)) own.set(key.slice(layer.name.length + 1), toPrecision(t, 'f64'));
  }
  const initialStates =
    input.initialStates && new Map([...input.initialStates].map(([name, s]) => [name, s.map(t => toPrecision(t, 'f64'))]));
  return {
    model,
    weights: byLayer,
    input: { ...input, x: toPrecision(input.x, 'f64'), others: mapped(input.others, t => toPrecision(t, 'f64')), initialStates },
    loops: new Map(),
    masks: true,
    finish: [],
  };
}

/** Keeps only samples [from, to). */
export function samplesOf(scenario: Scenario, from: number, to: number): Scenario {
  const { x, others, mask, initialStates } = scenario.input;
  const T = x.shape[1];
  return {
    ...scenario,
    firstSample: (scenario.firstSample ?? 0) + from,
    input: {
      x: sliceFirst(x, from, to),
      others: mapped(others, t => sliceFirst(t, from, to)),
      mask: mask?.subarray(from * T, to * T),
      initialStates: initialStates && new Map([...initialStates].map(([name, s]) => [name, s.map(t => sliceFirst(t, from, to))])),
    },
  };
}

function mapped<T>(all: ReadonlyMap<string, T> | undefined, change: (value: T) => T): ReadonlyMap<string, T> | undefined {
  return all && new Map([...all].map(([name, value]) => [name, change(value)]));
}

/** Keeps only steps [from, to) of x, starting from the given states. */
export function withSteps(scenario: Scenario, from: number, to: number, initialStates: Scenario['input']['initialStates']): Scenario {
  return { ...scenario, model: anySteps(scenario), input: { x: stepsOf(scenario.input.x, from, to), initialStates } };
}

/** The network with any number of steps and, if `batch` is null, of samples. */
export function anySteps({ model }: Scenario, batch: number | null = model.input.batch): ModelSpec {
  return { ...model, input: { ...model.input, timesteps: null, batch } };
}

export function recurrentLayers({ model }: Scenario): RecurrentSpec[] {
  return model.layers.filter(isRecurrent);
}

export function layerNamed({ model }: Scenario, name: string): LayerSpec | undefined {
  return model.layers.find(l => l.name === name);
}

/** Whether the layer has one direction, from the first step to the last. */
export function runsForward({ bidirectional, goBackwards }: RecurrentSpec): boolean {
  return bidirectional === null && !goBackwards;
}

/** Prefixes of a recurrent layer's weights: one, or one per direction. */
export function waysOf(layer: RecurrentSpec): readonly string[] {
  return layer.bidirectional ? ['forward/', 'backward/'] : [''];
}

/** Changes fields of one layer. */
export function changeLayer(scenario: Scenario, name: string, fields: Partial<Record<string, unknown>>): Scenario {
  const layers = scenario.model.layers.map(l => (l.name === name ? ({ ...l, ...fields } as LayerSpec) : l));
  return { ...scenario, model: { ...scenario.model, layers } };
}

/** Replaces weights of one layer. The others remain the same objects, by which a run recognises that a layer need not be recomputed. */
export function changeWeights(scenario: Scenario, name: string, change: (weight: string, t: Tensor) => Tensor): Scenario {
  const own = scenario.weights.get(name);
  if (!own) return scenario;
  const weights = new Map(scenario.weights);
  weights.set(name, new Map([...own].map(([weight, t]) => [weight, change(weight, t)])));
  return { ...scenario, weights };
}

export function changeLoop(scenario: Scenario, name: string, fault: LoopFault): Scenario {
  const before = scenario.loops.get(name);
  const step = before?.step && fault.step ? nested(before.step, fault.step) : (fault.step ?? before?.step);
  return { ...scenario, loops: new Map([...scenario.loops, [name, { ...before, ...fault, step }]]) };
}

/** Combines two changes of a step: the second around the first. */
function nested(inner: StepFault, outer: StepFault): StepFault {
  return (context, right, left, reverse) => outer(context, changed => inner(changed, right, left, reverse), left, reverse);
}

/** Applies a change to several layers, one after the other. */
export function inLayers(names: readonly string[], change: (scenario: Scenario, layer: LayerSpec) => Scenario | undefined): Change {
  return start => {
    let scenario: Scenario | undefined = start;
    for (const name of names) {
      const layer: LayerSpec | undefined = scenario && layerNamed(scenario, name);
      if (!scenario || !layer) return undefined;
      scenario = change(scenario, layer);
    }
    return scenario;
  };
}

/** Where a mistake can be: in every layer at once, in those of one cell, or in one layer. */
export interface Place {
  readonly names: readonly string[];
  /** the layer to report; null: several */
  readonly layer: string | null;
  /** description: its name, or 'every LSTM'; null: all of them */
  readonly where: string | null;
}

export function placesOf(layers: readonly LayerSpec[]): Place[] {
  const one = layers.map(({ name }) => ({ names: [name], layer: name, where: name }));
  return layers.length < 2 ? one : [{ names: layers.map(l => l.name), layer: null, where: null }, ...ofEachCell(layers), ...one];
}

/** All layers of each kind of cell, if there are several kinds: one class or one conversion may have gone wrong. */
function ofEachCell(layers: readonly LayerSpec[]): Place[] {
  const kinds = [...new Set(layers.filter(isRecurrent).map(l => l.kind))];
  const groups = kinds.length < 2 ? [] : kinds.map(kind => layers.filter(l => l.kind === kind));
  return groups
    .filter(group => group.length > 1)
    .map(group => ({ names: group.map(l => l.name), layer: null, where: `every ${group[0].kind.toUpperCase()}` }));
}

/** Applies a function to each number of the last axis, with its column k (a feature or an output). */
export function eachColumn(t: Tensor, f: (v: number, k: number) => number): Tensor {
  const K = t.shape[t.shape.length - 1];
  return mapData(t, (v, i) => f(v, i % K));
}

/** Applies a function to each number; the result is float64. */
export function mapData(t: Tensor, f: (v: number, k: number) => number): Tensor {
  return { shape: t.shape, data: doublesOf(t.data, f) };
}

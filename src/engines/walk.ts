import { RnnError, within } from '../errors.js';
import { escapeText } from '../escape.js';
import { layerOutputs } from '../layers/index.js';
import type { Kernels, LayerResult, Value } from '../layers/layer.js';
import { inferShapes } from '../model/shapes.js';
import { type InputSpec, isRecurrent, type LayerSpec, type ModelSpec } from '../model/spec.js';
import { checkRoom, hold, inRoom, numbersOf, roomFor } from '../ops/room.js';
import { formatShape, type Precision, type Tensor, toPrecision } from '../tensor/tensor.js';
import type { Weights } from '../weights/weights.js';
import { claimingKernels } from './claiming.js';
import type { EngineInput, EngineOptions, EngineOutput } from './engine.js';

/** One call of a layer of a network, or a node of an ONNX graph. It runs once all values it reads have been computed. */
export interface GraphCall<V> {
  readonly reads: readonly string[];
  /** names of its outputs; '' for one that is left out */
  readonly gives: readonly string[];
  /** @param look returns the value of a name @returns the values of `gives`, in that order */
  run(look: (name: string) => V | undefined): readonly V[];
}

/** Calls, each after those whose values it reads. The body of a node may be run any number of times. */
export interface CallGraph<V> {
  readonly calls: readonly GraphCall<V>[];
  readonly constants: readonly (readonly [string, V])[];
  /** how often each value is read, plus one for an output. A value is dropped after its last reader; if absent, all values are kept */
  readonly readers?: ReadonlyMap<string, number>;
  dropped?(value: V): void;
}

/**
 * Runs every call on the values of the calls before it; layers, ONNX graphs and their bodies all run here.
 * @param around looks a name up in the graphs that enclose a body
 * @returns the values that were kept, by name
 */
export function walkCalls<V>(graph: CallGraph<V>, inputs: ReadonlyMap<string, V>, around: (name: string) => V | undefined): Map<string, V> {
  const values = new Map<string, V>([...graph.constants, ...inputs]);
  const left = new Map(graph.readers);
  const computed = new Set<string>();
  const look = (name: string) => values.get(name) ?? around(name);
  for (const { reads, gives, run } of graph.calls) {
    run(look).forEach((value, i) => {
      if (gives[i] === '') return;
      values.set(gives[i], value);
      computed.add(gives[i]);
    });
    if (!graph.readers) continue;
    for (const name of reads) {
      left.set(name, (left.get(name) ?? 0) - 1);
      if (left.get(name) !== 0 || !values.has(name)) continue;
      if (computed.has(name)) graph.dropped?.(values.get(name)!);
      values.delete(name);
    }
  }
  return values;
}

/**
 * Applies the layers of a model with an engine's kernels. The spec lists a layer after the layers it reads.
 * @throws RnnError E_INPUT_SHAPE, E_STATE_SHAPE
 */
export function walk(model: ModelSpec, weights: Weights, input: EngineInput, options: EngineOptions, kernels: Kernels): EngineOutput {
  const own = numbersOf([...weights.values()]);
  const [N, T = 1] = input.x.shape;
  const numbers = own + numbersOf([input.x, ...(input.others?.values() ?? [])]);
  return inRoom(roomFor(numbers, own * N * T), () => walked(model, weights, input, options, claimingKernels(kernels)));
}

function walked(model: ModelSpec, weights: Weights, input: EngineInput, options: EngineOptions, kernels: Kernels): EngineOutput {
  const layers = new Map<string, LayerResult>();
  const shapes = inferShapes(model);
  const owned = new Map(shapes.layers.map(l => [l.layer.name, l.weights]));
  const calls = shapes.layers.map(({ layer, others }): GraphCall<Value> => {
    const owner = layer.shares ?? layer.name;
    return {
      reads: layer.inputs,
      gives: [layer.name, ...others.map(({ suffix }) => `${layer.name}/${suffix}`)],
      run(look) {
        const own = new Map(owned.get(owner)!.map(w => [w.name, toPrecision(weights.get(`${owner}/${w.name}`)!, kernels.precision)]));
        const initial = initialOf(layer, { get: look }, input)?.map(s => toPrecision(s, kernels.precision));
        const inputs = layer.inputs.map(name => look(name)!);
        if (layer.states) checkRows(layer, initial!, inputs[0].tensor);
        const context = { kernels, weights: own, initial, continued: input.continued, trace: options.trace };
        const result = within(layer.name, () => layerOutputs(layer, maskedInputs(inputs, layer, { get: look }), context));
        hold(result.tensor);
        layers.set(layer.name, result);
        checkRoom();
        options.onProgress?.(layers.size, shapes.layers.length);
        const isSequence = result.tensor.shape.length > 2;
        const { mask } = layer.mask === null && isSequence ? inputs[0] : result;
        const beside = others.map(({ masked }, i) => ({
          ...asValue(result.others![i], kernels.precision),
          mask: masked ? mask : undefined,
        }));
        return [{ ...result, mask }, ...beside];
      },
    };
  });
  const values = walkCalls({ calls, constants: [] }, inputValues(model, input, kernels), () => undefined);
  const rest = (model.otherOutputs ?? []).map(({ name, value }): [string, Tensor] => [name, values.get(value)!.tensor]);
  return { y: values.get(model.output)!.tensor, layers, warnings: [], ...(rest.length > 0 ? { others: new Map(rest) } : {}) };
}

/** Wraps a tensor as a value. Integers and booleans stay float64, as operators expect them. */
export function asValue(t: Tensor, precision: Precision): Value {
  return t.kind === undefined || t.kind === 'float' ? { tensor: toPrecision(t, precision) } : { tensor: t, kind: t.kind };
}

/** Returns the inputs by name, after checking their shapes. @throws RnnError E_INPUT_SHAPE, E_INPUT_MISSING */
function inputValues(model: ModelSpec, input: EngineInput, kernels: Kernels): Map<string, Value> {
  const values = new Map<string, Value>([
    [model.input.name, { ...asValue(checkInput(model.input, input.x), kernels.precision), mask: input.mask }],
  ]);
  for (const other of model.otherInputs ?? []) {
    const tensor = input.others?.get(other.name);
    if (!tensor) throw missingInput(other.name);
    values.set(other.name, asValue(checkInput(other, tensor), kernels.precision));
  }
  return values;
}

function missingInput(name: string): RnnError {
  return new RnnError('shape', 'E_INPUT_MISSING', `the input '${escapeText(name, 60)}' is not given`, {
    where: 'input',
    expected: `an array for ${escapeText(name, 60)}`,
    found: 'nothing',
    fix: `-i ${escapeText(name, 60)}=FILE, or one .npz with an array for each input, under its name`,
  });
}

/** Checks that states have a row per sample: while N is open, a state with a fixed number of rows passed the check of the spec. @throws RnnError E_STATE_SHAPE */
function checkRows({ name, states = [] }: LayerSpec, initial: readonly Tensor[], x: Tensor): void {
  const at = initial.findIndex(({ shape }) => shape[0] !== x.shape[0]);
  if (at < 0) return;
  throw new RnnError(
    'shape',
    'E_STATE_SHAPE',
    `its initial state ${escapeText(states[at], 60)} and its input differ in the number of samples`,
    {
      where: escapeText(name, 60),
      expected: formatShape([x.shape[0], ...initial[at].shape.slice(1)]),
      found: formatShape(initial[at].shape),
      fix: `give as many samples as the network makes states for: ${initial[at].shape[0]}`,
    },
  );
}

type Values = Pick<ReadonlyMap<string, Value>, 'get'>;

/** Returns a layer's initial states: those computed by the network, else those given by the caller. */
export function initialOf(layer: LayerSpec, values: Values, input: EngineInput): readonly Tensor[] | undefined {
  if (layer.states) return layer.states.map(name => values.get(name)!.tensor);
  return isRecurrent(layer) ? input.initialStates?.get(layer.name) : undefined;
}

/** Returns the inputs. If the call names a mask, it replaces that of the first one. @throws RnnError E_MASK */
export function maskedInputs(inputs: readonly Value[], { mask }: LayerSpec, values: Values): readonly Value[] {
  if (mask === undefined) return inputs;
  if (mask === null) return [{ ...inputs[0], mask: undefined }, ...inputs.slice(1)];
  const { data, shape } = values.get(mask)!.tensor;
  // the mask of token numbers with several axes has as many axes
  const steps = inputs[0].tensor.shape.slice(0, Math.max(2, shape.length));
  if (!steps.every((n, i) => n === shape[i] || (i > 1 && shape[i] === 1))) {
    throw new RnnError('shape', 'E_MASK', `the mask ${escapeText(mask, 60)} must have one number for each step of each sample`, {
      expected: formatShape(steps),
      found: formatShape(shape),
      fix: `a mask of shape ${formatShape(steps)}, or null for none`,
    });
  }
  return [{ ...inputs[0], mask: Uint8Array.from(data, v => (v === 0 ? 0 : 1)) }, ...inputs.slice(1)];
}

/** Checks that x is [N, T, D] with the model's D and, if fixed, T; or token numbers [N, T]; or has the input's explicit shape. @throws RnnError E_INPUT_SHAPE */
function checkInput({ timesteps, features, shape }: InputSpec, x: Tensor): Tensor {
  const sequence = features === null ? ['N', timesteps ?? 'T'] : ['N', timesteps ?? 'T', features];
  const expected = shape ? ['N', ...shape.map((n, i) => n ?? `axis ${i + 1}`)] : sequence;
  const fits = x.shape.length === expected.length && expected.every((n, axis) => typeof n === 'string' || n === x.shape[axis]);
  if (!fits) {
    throw new RnnError('shape', 'E_INPUT_SHAPE', `expected X of shape ${formatShape(expected)}, found ${formatShape(x.shape)}`, {
      where: 'input',
      expected: formatShape(expected),
      found: formatShape(x.shape),
      fix: inputFix(x.shape, expected),
    });
  }
  return x;
}

/** Suggests a fix for an input whose shape differs from the network's. */
function inputFix(found: readonly number[], expected: readonly (number | string)[]): string {
  if (found.length !== expected.length)
    return expected.length === 2 ? 'token numbers have two axes, samples and steps' : 'X has three axes: samples, steps, features';
  const names = expected.map((_, axis) => (expected.length > 3 ? `axis ${axis + 1}` : 'NTD'[axis]));
  const sizes = expected.flatMap((n, axis) =>
    typeof n === 'number' && n !== found[axis] ? [`${names[axis]} = ${found[axis]}, the network ${names[axis]} = ${n}`] : [],
  );
  const [T, D] = expected.slice(1);
  if (expected.length === 3 && found[0] === T && found[2] === D)
    return 'samples and steps are exchanged: add --time-major (or drop it, where it is given)';
  return `the input has ${sizes.join('; ')}: give the input that belongs to this network, or a network of that size`;
}

import { RnnError } from '../errors.js';
import { operatorSamples, type Samples } from '../layers/operatorSamples.js';
import { inferShapes, type ModelShapes } from './shapes.js';
import { inputsOf, isRecurrent, type LayerSpec, type ModelSpec, outputsOf } from './spec.js';

/**
 * Whether every sample is computed independently of the others, so that part of a batch gives the same numbers as the whole batch. False if
 * states are carried from one call to the next, or if an operator combines samples: a mean over the batch axis, or time steps in its place.
 */
export function samplesAreIndependent(model: ModelSpec, known?: ModelShapes): boolean {
  if (model.layers.some(layer => isRecurrent(layer) && layer.stateful)) return false;
  if (model.layers.every(layer => layer.kind !== 'op')) return true;
  return model.input.batch === null ? differBeyondNoise(model, known ?? inferShapes(model)) : takesOtherBatches(model, model.input.batch);
}

/** Whether the network can run on any number of samples. If its input states a batch size, its operators may depend on that size, too. */
export function takesAnySamples(model: ModelSpec): boolean {
  return model.input.batch === null || model.layers.every(({ kind }) => kind !== 'op') || samplesAreIndependent(model);
}

/** Whether a network with a stated batch size gives batch + 1 samples for batch + 1 samples: its operators may contain the stated size. */
function takesOtherBatches(model: ModelSpec, batch: number): boolean {
  const more = <I extends { readonly batch: number | null }>(input: I): I => ({ ...input, batch: batch + 1 });
  const larger = { ...model, input: more(model.input), ...(model.otherInputs && { otherInputs: model.otherInputs.map(more) }) };
  try {
    const shapes = inferShapes(larger);
    const outputs = outputsOf(larger).map(({ value }) => shapes.values.get(value)![0]);
    return outputs.every(N => N?.size === batch + 1) && differBeyondNoise(larger, shapes);
  } catch (error) {
    if (error instanceof RnnError) return false;
    throw error;
  }
}

function differBeyondNoise(model: ModelSpec, shapes: ModelShapes): boolean {
  const [N] = shapes.input;
  if (N?.symbol !== 'N') return false;
  const samplesOf = new Map<string, Samples>(inputsOf(model).map(({ name }) => [name, 'each']));
  for (const { layer, inputs, output, others } of shapes.layers) {
    const values = layer.inputs.map((name, i) => ({ samples: samplesOf.get(name)!, shape: inputs[i] }));
    const samples = layer.kind === 'op' ? operatorSamples(layer, values, output, N) : layerSamples(layer, samplesOf);
    samplesOf.set(layer.name, samples);
    for (const { suffix } of others) samplesOf.set(`${layer.name}/${suffix}`, samples);
  }
  return outputsOf(model).every(({ value }) => samplesOf.get(value) === 'each');
}

/** A layer keeps the samples separate if all its inputs, states and its mask hold them in the same way. */
function layerSamples({ inputs, states = [], mask }: LayerSpec, known: ReadonlyMap<string, Samples>): Samples {
  const [first, ...others] = [...inputs, ...states, ...(mask ? [mask] : [])].map(name => known.get(name)!);
  return others.every(samples => samples === first) ? first : 'mixed';
}

/** The batch size that a network prescribes, by its input or by its initial states; null: any. */
export function ownSamples(model: ModelSpec, { values }: ModelShapes): number | null {
  if (model.input.batch !== null) return model.input.batch;
  for (const name of model.layers.flatMap(layer => layer.states ?? [])) {
    const rows = values.get(name)?.[0];
    if (rows && rows.size !== null && rows.symbol !== 'N') return rows.size;
  }
  return null;
}

import { RnnError } from '../errors.js';
import { operatorSamples, type Samples } from '../layers/operatorSamples.js';
import { inferShapes, type ModelShapes } from './shapes.js';
import { inputsOf, isRecurrent, type LayerSpec, type ModelSpec, outputsOf } from './spec.js';

/**
 * Whether every sample is computed independently of the others, so that a part of the batch gives the same numbers as the whole. Not where states pass from one call
 * to the next, nor where an operator reads along the axis of the samples: a mean over it, or a network with the steps first.
 */
export function samplesApart(model: ModelSpec, known?: ModelShapes): boolean {
  if (model.layers.some(layer => isRecurrent(layer) && layer.stateful)) return false;
  if (model.layers.every(layer => layer.kind !== 'op')) return true;
  return model.input.batch === null ? areApart(model, known ?? inferShapes(model)) : takesOtherBatches(model, model.input.batch);
}

/** Whether it takes any number of samples: where its input fixes one, that number may stand in its operators, too. */
export function takesAnySamples(model: ModelSpec): boolean {
  return model.input.batch === null || model.layers.every(({ kind }) => kind !== 'op') || samplesApart(model);
}

/** Where the file says how many samples there are, that number may stand in its operators: whether they give as many samples for one more. */
function takesOtherBatches(model: ModelSpec, batch: number): boolean {
  const more = <I extends { readonly batch: number | null }>(input: I): I => ({ ...input, batch: batch + 1 });
  const larger = { ...model, input: more(model.input), ...(model.otherInputs && { otherInputs: model.otherInputs.map(more) }) };
  try {
    const shapes = inferShapes(larger);
    const outputs = outputsOf(larger).map(({ value }) => shapes.values.get(value)![0]);
    return outputs.every(N => N?.size === batch + 1) && areApart(larger, shapes);
  } catch (error) {
    if (error instanceof RnnError) return false;
    throw error;
  }
}

function areApart(model: ModelSpec, shapes: ModelShapes): boolean {
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

/** A layer keeps samples apart where all that it reads does. */
function layerSamples({ inputs, states = [], mask }: LayerSpec, known: ReadonlyMap<string, Samples>): Samples {
  const [first, ...others] = [...inputs, ...states, ...(mask ? [mask] : [])].map(name => known.get(name)!);
  return others.every(samples => samples === first) ? first : 'mixed';
}

/** How many samples a network takes: the number its input says, or that of the states that it starts from. null: any. */
export function ownSamples(model: ModelSpec, { values }: ModelShapes): number | null {
  if (model.input.batch !== null) return model.input.batch;
  for (const name of model.layers.flatMap(layer => layer.states ?? [])) {
    const rows = values.get(name)?.[0];
    if (rows && rows.size !== null && rows.symbol !== 'N') return rows.size;
  }
  return null;
}

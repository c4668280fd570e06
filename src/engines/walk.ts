import { RnnError, within } from '../errors.js';
import { getLayerKind } from '../layers/index.js';
import type { Kernels, LayerResult, Value } from '../layers/layer.js';
import { inferShapes } from '../model/shapes.js';
import { isRecurrent, type ModelSpec } from '../model/spec.js';
import { formatShape, type Tensor, toPrecision } from '../tensor/tensor.js';
import type { Weights } from '../weights/weights.js';
import type { EngineInput, EngineOptions, EngineOutput } from './engine.js';

/**
 * Applies the layers of a model in order with an engine's kernels. The spec lists a layer after the layers it reads, so one pass suffices.
 * @throws RnnError E_INPUT_SHAPE, E_STATE_SHAPE
 */
export function walk(model: ModelSpec, weights: Weights, input: EngineInput, options: EngineOptions, kernels: Kernels): EngineOutput {
  const x = toPrecision(checkInput(model, input), kernels.precision);
  const values = new Map<string, Value>([[model.input.name, { tensor: x, mask: input.mask }]]);
  const layers = new Map<string, LayerResult>();
  const shapes = inferShapes(model);
  for (const { layer, weights: expected } of shapes.layers) {
    const own = new Map(expected.map(w => [w.name, toPrecision(weights.get(`${layer.name}/${w.name}`)!, kernels.precision)]));
    const initial = isRecurrent(layer) ? input.initialStates?.get(layer.name)?.map(s => toPrecision(s, kernels.precision)) : undefined;
    const inputs = layer.inputs.map(name => values.get(name)!);
    const result = within(layer.name, () =>
      getLayerKind(layer.kind).apply(layer, inputs, { kernels, weights: own, initial, trace: options.trace }),
    );
    values.set(layer.name, result);
    layers.set(layer.name, result);
    options.onProgress?.(layers.size, shapes.layers.length);
  }
  return { y: values.get(model.output)!.tensor, layers, warnings: [] };
}

/** X must be [N, T, D] with the model's T (where fixed) and D, or [N, T] token numbers. */
function checkInput(model: ModelSpec, { x }: EngineInput): Tensor {
  const { timesteps, features } = model.input;
  const expected = features === null ? ['N', timesteps ?? 'T'] : ['N', timesteps ?? 'T', features];
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

/** The size that is another one: of the input, or of the network. */
function inputFix(found: readonly number[], expected: readonly (number | string)[]): string {
  if (found.length !== expected.length)
    return expected.length === 2 ? 'token numbers have two axes, samples and steps' : 'X has three axes: samples, steps, features';
  const names = ['N', 'T', 'D'];
  const sizes = expected.flatMap((n, axis) =>
    typeof n === 'number' && n !== found[axis] ? [`${names[axis]} = ${found[axis]} (here ${n})`] : [],
  );
  return `the input fits ${sizes.join(', ')}: give the network that size, or another input`;
}

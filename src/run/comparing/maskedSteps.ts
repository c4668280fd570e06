import { inputsOf, type LayerSpec, type ModelSpec } from '../../model/spec.js';
import type { Tensor } from '../../tensor/tensor.js';

/**
 * Drawn inputs [N, T, …] with steps that one of the networks leaves out: some at the end of a sample and one inside another. Drawn numbers hold none,
 * and a mask would change nothing that is compared. Without masks: the same inputs.
 */
export function withMaskedSteps(inputs: ReadonlyMap<string, Tensor>, models: readonly ModelSpec[]): ReadonlyMap<string, Tensor> {
  const values = [...new Set(models.flatMap(maskedValues))];
  if (values.length === 0) return inputs;
  return new Map([...inputs].map(([name, t]) => [name, t.shape.length < 2 ? t : masked(t, values)]));
}

/** What a step holds that is left out: of masking layers, embeddings, and comparisons of an input, as Keras writes a mask into the graph. */
function maskedValues(model: ModelSpec): number[] {
  const names = new Set(inputsOf(model).map(({ name }) => name));
  return model.layers.flatMap((layer: LayerSpec) => {
    if (layer.kind === 'masking') return [layer.value];
    if (layer.kind === 'embedding') return layer.maskZero ? [0] : [];
    if (layer.kind !== 'op' || layer.op !== 'Equal' || !names.has(layer.inputs[0])) return [];
    return layer.operands?.find(operand => operand?.data.length === 1)?.data ?? [];
  });
}

function masked({ shape, data }: Tensor, values: readonly number[]): Tensor {
  const [N, T] = shape;
  const filled = data.slice();
  const width = data.length / (N * T);
  // a token is a row of a table
  const isTokens = data.every(v => Number.isInteger(v) && v >= 0);
  const fits = values.filter(v => !isTokens || v === 0 || data.includes(v));
  fits.forEach((value, j) => {
    const fill = (n: number, from: number, to: number) => filled.fill(value, (n * T + from) * width, (n * T + to) * width);
    fill((j + 1) % N, Math.ceil(T / 2), T);
    if (T > 3) fill(j % N, 1, 2);
  });
  return { shape, data: filled };
}

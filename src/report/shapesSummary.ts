import { RnnError } from '../errors.js';
import type { ShapesResult } from '../run/result.js';
import { type SummaryOptions, summaryText } from './summary.js';

/** `shapes --summary`: the result as Keras' model.summary() prints it. @throws RnnError E_SIZE (usage): it has no letters for a size */
export function kerasSummary(result: ShapesResult, options: SummaryOptions): string {
  const { model, input, layers, totals } = result;
  if (totals.params === null)
    throw new RnnError('usage', 'E_SIZE', 'the summary counts parameters, which need the number of features D', {
      where: '--D',
      fix: 'give --D',
    });
  const nameOf = new Map(layers.map(layer => [layer.name, layer.kerasName]));
  const rows = layers.map(layer => ({
    name: layer.kerasName,
    className: layer.kerasClass,
    outputShape: layer.output.shape,
    params: layer.params!,
    trainable: layer.trainable,
    inputs: layer.inputs.map(name => nameOf.get(name) ?? model.inputName),
  }));
  const inputLayer = { name: model.inputName, className: 'InputLayer', outputShape: input.shape, params: 0, trainable: true, inputs: [] };
  return summaryText(
    {
      name: model.name,
      functional: model.functional,
      layers: model.functional ? [inputLayer, ...rows] : rows,
      trainable: totals.trainable!,
      nonTrainable: totals.nonTrainable!,
    },
    options,
  );
}

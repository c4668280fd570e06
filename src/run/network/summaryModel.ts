import type { KerasDetails, KerasRow } from '../../conventions/keras/outlined.js';
import { RnnError } from '../../errors.js';
import type { ShapesResult, SummaryLayer, SummaryModel } from '../result.js';
import { adapted, countsOf, keptWeights } from './fileCounts.js';
import type { Network } from './network.js';
import { type Symbolic, symbolicShapes } from './symbolicShapes.js';

/**
 * What Keras' model.summary() shows of a network; for a Keras file, with the file's own layers. @throws RnnError E_SIZE (usage) if D is not
 * known, since a summary has no letters
 */
export function summaryModel(result: ShapesResult, network: Network): SummaryModel {
  if (result.totals.params === null)
    throw new RnnError('usage', 'E_SIZE', 'to count parameters, the summary needs the number of features D', {
      where: '--D',
      fix: 'give --D',
    });
  const outline = network.described?.outline?.(network.described.file);
  const { name, functional } = result.model;
  if (!outline) return { name, functional, layers: rowsOfLayers(result), ...plainTotals(result) };
  const symbolic = symbolicShapes(network.shapes);
  const layers = outline.rows.map(row => rowOf(row, result, symbolic, outline.details));
  return { name, functional, layers, ...countsOf(result, network, outline.details) };
}

function plainTotals({ totals }: ShapesResult): Pick<SummaryModel, 'trainable' | 'nonTrainable'> {
  return { trainable: totals.trainable!, nonTrainable: totals.nonTrainable! };
}

/** The rows of a network without a Keras file: one per layer, under Keras' names. */
function rowsOfLayers({ model, input, layers }: ShapesResult): SummaryLayer[] {
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
  return model.functional ? [inputLayer, ...rows] : rows;
}

function rowOf(row: KerasRow, result: ShapesResult, symbolic: Symbolic, details: ReadonlyMap<string, KerasDetails>): SummaryLayer {
  const own = result.layers.filter(({ name }) => name === row.name || (row.isModel && name.startsWith(`${row.name}/`)));
  const computed = row.outputs.map(value => shapeOf(value, result, symbolic));
  const shapes = SYMBOLIC[row.className]?.(computed, () => shapeOf(valueRead(row.reads[0]), result, symbolic)) ?? computed;
  return {
    name: row.name,
    className: row.className,
    outputShape: shapes[0] ?? null,
    outputShapes: shapes,
    outputKeys: row.keys,
    params: own.reduce((sum, layer) => {
      const quantized = details.get(layer.name)?.quantized;
      const kept = quantized ? keptWeights(layer, quantized) : undefined;
      const held = kept ? kept.reduce((n, weight) => n + weight.count, 0n) : BigInt(layer.params ?? 0);
      return sum + held + adapted(layer, details);
    }, 0n),
    trainable: row.trainable,
    inputs: [],
    connected: row.reads,
  };
}

type Shown = readonly (number | null)[] | null;

/** Functions of keras.ops that consist of several operators here, and whose symbolic shapes differ from the computed ones. */
const SYMBOLIC: Readonly<Record<string, (computed: readonly Shown[], x: () => Shown) => readonly Shown[]>> = {
  Corrcoef: (_, x) => [x()],
  Slogdet: ([, logarithm]) => [[], logarithm],
};

/** Converts 'lstm[1][2]', output 2 of the second call, to the value name `lstm#2/2`. */
function valueRead(read: string): string {
  const [, name, call, output] = /^(.*)\[(\d+)\]\[(\d+)\]$/.exec(read)!;
  return `${name}${call === '0' ? '' : `#${Number(call) + 1}`}${output === '0' ? '' : `/${output}`}`;
}

function shapeOf(value: string, { layers }: ShapesResult, symbolic: Symbolic): Shown {
  const row = layers.find(layer => layer.kind === 'unknown' && layer.name === value);
  const known = symbolic.get(value)?.map(dim => dim.size) ?? null;
  return row ? (row.output.dims[0] === '?' ? known : row.output.shape) : known;
}

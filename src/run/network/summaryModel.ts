import type { KerasDetails, KerasRow } from '../../conventions/keras/outlined.js';
import { RnnError } from '../../errors.js';
import { getLayerKind } from '../../layers/index.js';
import type { DimShape } from '../../layers/layer.js';
import type { ShapesResult, SummaryLayer, SummaryModel } from '../result.js';
import { adapted, countsOf, keptWeights } from './fileCounts.js';
import type { Network } from './network.js';

/** What Keras' model.summary() shows of a network: of a Keras file by the file's own layers. @throws RnnError E_SIZE (usage): it has no letters for a size */
export function summaryModel(result: ShapesResult, network: Network): SummaryModel {
  if (result.totals.params === null)
    throw new RnnError('usage', 'E_SIZE', 'the summary counts parameters, which need the number of features D', {
      where: '--D',
      fix: 'give --D',
    });
  const outline = network.described?.outline?.(network.described.file);
  const { name, functional } = result.model;
  if (!outline) return { name, functional, layers: rowsOfLayers(result), ...plainTotals(result) };
  const layers = outline.rows.map(row => rowOf(row, result, network, outline.details));
  return { name, functional, layers, ...countsOf(result, network, outline.details) };
}

function plainTotals({ totals }: ShapesResult): Pick<SummaryModel, 'trainable' | 'nonTrainable'> {
  return { trainable: totals.trainable!, nonTrainable: totals.nonTrainable! };
}

/** A network that no Keras file describes: a layer a row, under Keras' names. */
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

function rowOf(row: KerasRow, result: ShapesResult, network: Network, details: ReadonlyMap<string, KerasDetails>): SummaryLayer {
  const own = result.layers.filter(({ name }) => name === row.name || (row.isModel && name.startsWith(`${row.name}/`)));
  const computed = row.outputs.map(value => shapeOf(value, result, network));
  const shapes = SYMBOLIC[row.className]?.(computed, () => shapeOf(valueRead(row.reads[0]), result, network)) ?? computed;
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

/** Operators whose symbolic shapes are others in Keras than those of what it computes. */
const SYMBOLIC: Readonly<Record<string, (computed: readonly Shown[], x: () => Shown) => readonly Shown[]>> = {
  Corrcoef: (_, x) => [x()],
  Slogdet: ([, logarithm]) => [[], logarithm],
};

/** 'lstm[1][2]', output 2 of the second call, as the value `lstm#2/2`. */
function valueRead(read: string): string {
  const [, name, call, output] = /^(.*)\[(\d+)\]\[(\d+)\]$/.exec(read)!;
  return `${name}${call === '0' ? '' : `#${Number(call) + 1}`}${output === '0' ? '' : `/${output}`}`;
}

function shapeOf(value: string, { layers }: ShapesResult, { shapes }: Network): readonly (number | null)[] | null {
  const row = layers.find(layer => layer.kind === 'unknown' && layer.name === value);
  const known = shownShape(value, shapes)?.map(dim => dim.size) ?? null;
  return row ? (row.output.dims[0] === '?' ? known : row.output.shape) : known;
}

/** As the layer's class shows it in Keras. */
function shownShape(value: string, shapes: Network['shapes']): DimShape | undefined {
  const { layers, values } = shapes;
  const giver = layers.find(({ layer, others }) => value === layer.name || others.some(o => value === `${layer.name}/${o.suffix}`));
  if (!giver) return values.get(value);
  const { layer, inputs, output, others } = giver;
  const all = [output, ...others.map(o => o.shape)];
  const shownShapes = getLayerKind(layer.kind).keras?.shownShapes;
  const same = output.length === inputs[0]?.length && output.every((d, i) => d.size === inputs[0][i].size);
  if (!shownShapes && same && others.length === 0) return shownShape(layer.inputs[0], shapes);
  const shown = shownShapes?.(layer, all) ?? all;
  return value === layer.name ? shown[0] : shown[1 + others.findIndex(o => value === `${layer.name}/${o.suffix}`)];
}

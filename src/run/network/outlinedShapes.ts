import type { KerasOutline, OutlinedLayer } from '../../conventions/keras/outlined.js';
import { RnnError } from '../../errors.js';
import { escapeText } from '../../escape.js';
import type { TensorFile } from '../../formats/format.js';
import { checkSpec } from '../../model/check.js';
import { inferShapes } from '../../model/shapes.js';
import { sizeOf } from '../../tensor/tensor.js';
import type { ModelFile } from '../files/describedFile.js';
import type { DimsJson, LayerRow, ShapesResult } from '../result.js';
import { isFixed, STATISTIC } from './fileCounts.js';
import type { Network } from './network.js';
import { shapesOf } from './shapesResult.js';

/** A network that cannot be run, with what is known of it. */
export interface Outlined {
  /** the layers whose shapes are known */
  readonly network: Network;
  readonly shapes: ShapesResult;
}

/**
 * @param beside the file of its weights, if separate
 * @returns undefined if the file holds no Keras model, or one that can be run
 */
export function outlinedShapes(described: ModelFile | undefined, path: string, beside?: TensorFile): Outlined | undefined {
  const opened = described && beside ? { ...described, file: beside } : described;
  const outline = outlineOf(opened);
  if (!opened || !outline || outline.blockers.length === 0) return undefined;
  const { file, framework = 'keras' } = opened;
  const source = { framework, weightsSource: path, notes: file.notes, assumptions: [], described: opened };
  const model = checkSpec(outline.known, framework);
  const network: Network = { ...source, model, shapes: inferShapes(model) };
  return { network, shapes: withUnknown(shapesOf(network), outline, opened) };
}

function outlineOf(opened: ModelFile | undefined): KerasOutline | undefined {
  try {
    return opened?.outline?.(opened.file);
  } catch (error) {
    if (error instanceof RnnError) return undefined;
    throw error;
  }
}

const TRAINED = 'of layers that are not supported, all numbers count as trained but moving means and variances';

const ANY_SHAPE: DimsJson = { dims: ['?'], shape: [null] };

function withUnknown(known: ShapesResult, outline: KerasOutline, { file }: ModelFile): ShapesResult {
  const rows = new Map(known.layers.map(row => [row.name, row]));
  const layers = outline.layers.map(layer => rows.get(layer.name) ?? unknownRow(layer, file));
  const sum = (of: readonly LayerRow[]) => of.reduce((total, row) => total + BigInt(row.params ?? 0), 0n);
  const params = sum(layers);
  const unknown = layers.filter(row => !rows.has(row.name));
  const fixed = unknown.flatMap(row => row.weights.filter(isFixed)).reduce((total, { count }) => total + BigInt(count ?? 0), 0n);
  const trainable = BigInt(known.totals.trainable ?? 0) + sum(unknown) - fixed;
  const outputs = outline.outputs.map(({ name, isKnown }) => known.outputs.find(o => isKnown && o.name === name) ?? { name, ...ANY_SHAPE });
  const { dims, shape } = outputs[0];
  return {
    ...known,
    title: `${outline.ownClass ?? known.title.replace(/, many to .*/, '')}, not supported`,
    layers,
    ...inputsOf(known, outline),
    outputs,
    output: { dims, shape },
    totals: {
      ...known.totals,
      params: Number(params),
      trainable: Number(trainable),
      nonTrainable: Number(params - trainable),
      byFramework: { keras: Number(params) },
      macsPerSample: null,
      macsFormula: '',
      bytes: Number(params * 4n),
      trainingBytes: null,
    },
    notes: [
      ...known.notes,
      ...outline.blockers.map(e => `not run: ${e.where === undefined ? '' : `${e.where}: `}${e.message}`),
      ...(file.tensors.size === 0 ? ['the file holds no weights'] : []),
      ...(unknown.some(row => row.params) ? [TRAINED] : []),
      ...(outline.unordered
        ? ['the order of the layers is that of the file of weights: which runs after which stands in the code alone']
        : []),
    ],
  };
}

/** The model's own inputs, without the outputs of layers whose code is unknown. */
function inputsOf({ input, inputs, dims }: ShapesResult, outline: KerasOutline): Pick<ShapesResult, 'input' | 'inputs' | 'dims'> {
  const own = inputs.filter(({ name }) => outline.inputs.includes(name));
  if (!outline.unshaped) return { input, inputs: own, dims };
  return { input: ANY_SHAPE, inputs: own.map(({ name }) => ({ name, ...ANY_SHAPE })), dims: { N: null, T: null, D: null } };
}

/** The row of a layer of which the file only gives the class, the tensors and sometimes the output shape. */
function unknownRow(layer: OutlinedLayer, file: ModelFile['file']): LayerRow {
  const tensors = tensorsOfLayer(file, layer);
  const weights = tensors.map(([name, { shape }]) => ({
    name: escapeText(name, 60),
    role: isStatistic(name, tensors) ? STATISTIC : 'other',
    dims: shape.map(String),
    shape: [...shape],
    count: sizeOf(shape),
    gates: null,
    formula: '',
  }));
  const params = weights.reduce((sum, w) => sum + w.count, 0);
  const output = layer.shape
    ? { dims: layer.shape.map((size, i) => (size === null ? (i === 0 ? 'N' : '?') : String(size))), shape: layer.shape }
    : ANY_SHAPE;
  return {
    name: layer.name,
    kind: 'unknown',
    kerasClass: layer.kerasClass,
    kerasName: layer.name,
    units: null,
    bidirectional: false,
    merge: null,
    returnSequences: null,
    inferred: [],
    inputs: layer.inputs,
    input: ANY_SHAPE,
    output,
    weights,
    params,
    trainable: true,
    formula: null,
    macs: { matmul: null, bias: null, elementwise: null, activations: null },
    bytes: { weights: params * 4, state: 0, training: null },
    options: {},
  };
}

type NamedShape = [name: string, tensor: { readonly shape: readonly number[] }];

/** Whether a tensor is a moving mean or variance, by its name or as one of the last two of a BatchNormalization's four vectors. */
function isStatistic(name: string, tensors: readonly NamedShape[]): boolean {
  if (/moving_(mean|variance)(:0)?$/.test(name)) return true;
  const [, place, number] = /^(.*\/)?vars\/([23])$/.exec(name) ?? [];
  if (number === undefined) return false;
  const four = tensors.filter(([other]) => other.replace(/\d+$/, '') === `${place ?? ''}vars/`);
  return four.length === 4 && four.every(([, { shape }]) => shape.length === 1 && shape[0] === four[0][1].shape[0]);
}

/** The tensors of a layer, by its group in a .weights.h5 or by its name in a legacy .h5; for the model itself, those of no layer. */
function tensorsOfLayer({ tensors }: ModelFile['file'], { name, group }: OutlinedLayer): NamedShape[] {
  const starts = group === '' ? [`model_weights/${name}/`, 'vars/', ...TOP_LEVEL] : [`${group}/`, `model_weights/${name}/`];
  return [...tensors].flatMap(([path, tensor]) => {
    const start = starts.find(s => path.startsWith(s));
    return start && !/(^|\/)seed_generator\//.test(path) ? [[path.slice(start.length), tensor] as NamedShape] : [];
  });
}

const TOP_LEVEL = ['model_weights/top_level_model_weights/', 'top_level_model_weights/'];

import type { KerasOutline, OutlinedLayer } from '../../conventions/keras/outline.js';
import { RnnError } from '../../errors.js';
import { escapeText } from '../../escape.js';
import { checkSpec } from '../../model/check.js';
import { inferShapes } from '../../model/shapes.js';
import { sizeOf } from '../../tensor/tensor.js';
import type { ModelFile } from '../files/modelFile.js';
import type { DimsJson, LayerRow, ShapesResult } from '../result.js';
import type { Network } from './network.js';
import { shapesOf } from './shapesResult.js';

/** A network that cannot be run, with what can be told of it. */
export interface Outlined {
  /** its layers whose shapes are known */
  readonly network: Network;
  readonly shapes: ShapesResult;
}

/** undefined where the file holds no Keras model, or nothing that keeps its layers from being run */
export function outlinedShapes(opened: ModelFile | undefined, path: string): Outlined | undefined {
  const outline = outlineOf(opened);
  if (!opened || !outline || outline.blockers.length === 0) return undefined;
  const { file, framework = 'keras' } = opened;
  const described = { framework, weightsSource: path, notes: file.notes, assumptions: [], described: opened };
  const model = checkSpec(outline.known, framework);
  const network: Network = { ...described, model, shapes: inferShapes(model) };
  return { network, shapes: withUnknown(shapesOf(network), outline, opened) };
}

function outlineOf(opened: ModelFile | undefined): KerasOutline | undefined {
  try {
    return opened?.outline?.();
  } catch (error) {
    if (error instanceof RnnError) return undefined;
    throw error;
  }
}

const ANY_SHAPE: DimsJson = { dims: ['?'], shape: [null] };

function withUnknown(known: ShapesResult, outline: KerasOutline, { file }: ModelFile): ShapesResult {
  const rows = new Map(known.layers.map(row => [row.name, row]));
  const layers = outline.layers.map(layer => rows.get(layer.name) ?? unknownRow(layer, file));
  const sum = (of: readonly LayerRow[]) => of.reduce((total, row) => total + BigInt(row.params ?? 0), 0n);
  const params = sum(layers);
  const unknown = layers.filter(row => !rows.has(row.name));
  const trainable = BigInt(known.totals.trainable ?? 0) + sum(unknown.filter(row => row.trainable));
  const outputs = outline.outputs.map(({ name, isKnown }) => known.outputs.find(o => isKnown && o.name === name) ?? { name, ...ANY_SHAPE });
  const { dims, shape } = outputs[0];
  return {
    ...known,
    title: `${known.title.replace(/, many to .*/, '')}, not run here`,
    layers,
    inputs: known.inputs.filter(({ name }) => outline.inputs.includes(name)),
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
      ...outline.blockers.map(e => `not run: ${e.where}: ${e.message}`),
      ...(file.tensors.size === 0 ? ['the file holds no weights'] : []),
    ],
  };
}

/** A layer of which the file says its class, its tensors and sometimes the shape it gives. */
function unknownRow(layer: OutlinedLayer, file: ModelFile['file']): LayerRow {
  const weights = tensorsOfLayer(file, layer).map(([name, { shape }]) => ({
    name: escapeText(name, 60),
    role: 'other',
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

/** The tensors of a layer by its group in a .weights.h5, or by its own name in a legacy .h5. */
function tensorsOfLayer({ tensors }: ModelFile['file'], { name, group }: OutlinedLayer): [string, { shape: readonly number[] }][] {
  const starts = [...(group ? [`${group}/`] : []), `model_weights/${name}/`];
  return [...tensors].flatMap(([path, tensor]) => {
    const start = starts.find(s => path.startsWith(s));
    return start && !/(^|\/)seed_generator\//.test(path)
      ? [[path.slice(start.length), tensor] as [string, { shape: readonly number[] }]]
      : [];
  });
}

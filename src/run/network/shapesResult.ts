import { layerNameOfClass } from '../../conventions/keras/classes.js';
import { getLayerKind } from '../../layers/index.js';
import type { DimShape, LayerCost } from '../../layers/layer.js';
import { isLikeWeights } from '../../layers/operatorFields.js';
import {
  countsByFramework,
  layerCost,
  layerFormula,
  parameterCount,
  stateSize,
  totalParameters,
  trainableParameters,
  trainingSize,
} from '../../model/counts.js';
import type { LayerShapes, ModelShapes } from '../../model/shapes.js';
import { inputsOf, isRecurrent, type ModelSpec, outputsOf } from '../../model/spec.js';
import { exactSize } from '../../tensor/tensor.js';
import type { Count, DimsJson, LayerRow, ShapesResult } from '../result.js';
import { VERSION } from '../version.js';
import { type Network, titleOf } from './network.js';

const BYTES = 4n; // float32

/** Shapes, weights, parameters, work and memory of a network, from its description alone. */
export function shapesOf(
  network: Pick<Network, 'model' | 'shapes' | 'framework' | 'notes' | 'assumptions' | 'ask' | 'described'>,
): ShapesResult {
  const { model, shapes, framework } = network;
  const counts = countsByFramework(model, framework, shapes);
  const costs = shapes.layers.map(layerCost);
  const params = totalParameters(shapes);
  const trainable = trainableParameters(shapes);
  const names = network.described?.outline ? model.layers.map(layer => layer.name) : kerasNames(model);
  return {
    schema: 'rnn-cli/shapes@1',
    version: VERSION,
    framework,
    dims: dimsOf(model, shapes),
    title: titleOf(network),
    model: { name: model.name, functional: model.functional, inputName: model.input.name },
    input: dimsJson(shapes.input),
    inputs: inputsOf(model).map(({ name }) => ({ name, ...dimsJson(shapes.values.get(name) ?? []) })),
    outputs: outputsOf(model).map(({ name, value }) => ({ name, ...dimsJson(shapes.values.get(value) ?? shapes.output) })),
    output: dimsJson(shapes.output),
    layers: shapes.layers.map((l, i) => layerRow(l, costs[i], names[i])),
    totals: {
      params: toCount(params),
      trainable: toCount(trainable),
      nonTrainable: toCount(params - trainable),
      byFramework: Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, toCountOrNull(count.params)])),
      macsPerSample: toCountOrNull(sum(costs.map(cost => cost.matmul))),
      macsFormula: costs.flatMap(cost => cost.formula || []).join('+'),
      bytes: toCount(params * BYTES),
      stateBytes: toCount(shapes.layers.reduce((total, l) => total + stateSize(l), 0n) * BYTES),
      trainingBytes: toCountOrNull(times(sum(shapes.layers.map(trainingSize)), BYTES)),
    },
    notes: [
      ...network.notes,
      ...(network.ask ? [`numbers need an answer: ${network.ask.message}`] : []),
      ...new Set(Object.values(counts).flatMap(c => c.note ?? [])),
      ...uncounted(network),
    ],
    assumptions: network.assumptions,
  };
}

function layerRow(shapes: LayerShapes, cost: LayerCost, kerasName: string): LayerRow {
  const { layer, inputs, output, weights } = shapes;
  const params = parameterCount(shapes);
  const training = trainingSize(shapes);
  return {
    name: layer.name,
    kind: layer.kind,
    kerasClass: getLayerKind(layer.kind).kerasClass(layer),
    kerasName,
    units: 'units' in layer ? layer.units : null,
    bidirectional: isRecurrent(layer) && layer.bidirectional !== null,
    merge: isRecurrent(layer) ? layer.bidirectional : null,
    returnSequences: isRecurrent(layer) ? layer.returnSequences : null,
    inferred: isRecurrent(layer) && layer.inferredSequences ? ['returnSequences'] : [],
    inputs: layer.inputs,
    input: dimsJson(inputs[0] ?? []),
    output: dimsJson(output),
    weights: weights.map(w => ({
      name: w.name,
      role: w.role,
      dims: w.dims,
      shape: w.shape,
      count: toCount(exactSize(w.shape)),
      gates: w.gates,
      formula: w.formula,
    })),
    params: toCount(params),
    trainable: layer.trainable,
    formula: layerFormula(shapes),
    macs: {
      matmul: toCountOrNull(cost.matmul),
      bias: toCountOrNull(cost.bias),
      elementwise: toCountOrNull(cost.elementwise),
      activations: toCountOrNull(cost.activations),
    },
    bytes: { weights: toCount(params * BYTES), state: toCount(stateSize(shapes) * BYTES), training: toCountOrNull(times(training, BYTES)) },
    options: optionsOf(layer as unknown as Record<string, unknown>),
  };
}

/** Names by Keras' rules (simple_rnn, simple_rnn_1 …) for layers without a name. */
function kerasNames({ layers }: ModelSpec): string[] {
  const used = new Map<string, number>();
  return layers.map(layer => {
    if (!/^[a-z]+_\d+$/.test(layer.name) || !layer.name.startsWith(`${layer.kind}_`)) return layer.name;
    const base = layerNameOfClass(getLayerKind(layer.kind).kerasClass(layer));
    const count = used.get(base) ?? 0;
    used.set(base, count + 1);
    return count === 0 ? base : `${base}_${count}`;
  });
}

/** The options of a layer that are worth showing beside its sizes: those of its kind that are not null. */
function optionsOf(layer: Record<string, unknown>): Record<string, unknown> {
  const options: Record<string, unknown> = {};
  for (const key in getLayerKind(String(layer.kind)).fields) if (!SHOWN.has(key) && layer[key] !== null) options[key] = layer[key];
  return options;
}

/** Options that the table shows in the row itself. */
const SHOWN: ReadonlySet<string> = new Set(['units', 'returnSequences', 'inferredSequences', 'bidirectional']);

/** Sizes by letter: N, T, D, those of the inputs, then those of the layers. */
function dimsOf({ otherInputs = [] }: ModelSpec, shapes: ModelShapes): Record<string, number | null> {
  const dims: Record<string, number | null> = { N: null, T: null, D: null };
  for (const { symbol, size } of shapes.input) dims[symbol] = size;
  for (const other of otherInputs) for (const { symbol, size } of shapes.values.get(other.name)!.slice(1)) dims[symbol] = size;
  for (const { layer, symbols } of shapes.layers) {
    if ('units' in layer) dims[symbols.units] = layer.units;
    if (isRecurrent(layer) && layer.projection !== null) dims[symbols.projection] = layer.projection;
    if (layer.kind === 'embedding') dims.V = layer.tokens;
    if (layer.kind === 'repeat') dims.R = layer.times;
    if ('filters' in layer) dims[symbols.units] = layer.filters;
  }
  return dims;
}

/** A note on numbers of the file that belong to operators and are not counted. */
export function uncounted({ model, framework }: Pick<Network, 'model' | 'framework'>): string[] {
  if (framework !== 'torch' && framework !== 'onnx') return [];
  const held = model.layers.flatMap(layer => {
    const numbers = layer.kind === 'op' ? (layer.operands ?? []).filter(isLikeWeights) : [];
    return numbers.length > 0 ? [{ name: layer.name, count: numbers.reduce((total, o) => total + o!.data.length, 0) }] : [];
  });
  if (held.length === 0) return [];
  const total = held.reduce((all, { count }) => all + count, 0);
  const what = total === 1 ? '1 number that stands in an operator is' : `${total} numbers that stand in operators are`;
  return [`${what} not counted (${held.map(({ name, count }) => `${name} ${count}`).join(', ')})`];
}

/** A shape as letters and sizes. */
export function dimsJson(shape: DimShape): DimsJson {
  return { dims: shape.map(d => d.symbol), shape: shape.map(d => d.size) };
}

/** As a number if that is exact, else as a bigint. */
export function toCount(value: bigint): Count {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}

function toCountOrNull(value: bigint | null): Count | null {
  return value === null ? null : toCount(value);
}

function sum(values: readonly (bigint | null)[]): bigint | null {
  let total = 0n;
  for (const value of values) {
    if (value === null) return null;
    total += value;
  }
  return total;
}

function times(value: bigint | null, factor: bigint): bigint | null {
  return value === null ? null : value * factor;
}

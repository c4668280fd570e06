import type { ActivationSpec } from '../../activations/activation.js';
import { RnnError, within } from '../../errors.js';
import { type GraphBuilder, newBuilder } from '../../formats/onnx/builder.js';
import type { OnnxModel } from '../../formats/onnx/graph.js';
import { getLayerKind } from '../../layers/index.js';
import type { LayerShapes, ModelShapes } from '../../model/shapes.js';
import { inputsOf, isRecurrent, type ModelSpec, outputsOf } from '../../model/spec.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { Weights } from '../../weights/weights.js';
import { addActivation } from './activationNodes.js';
import { isOperator } from './operators.js';
import { addRecurrent } from './writeRecurrent.js';

/** Operator set 17: what ONNX Runtime 1.12 and everything since runs. */
const OPSET = 17;
const IR_VERSION = 8;

export const INPUT = 'input';
export const OUTPUT = 'output';

/**
 * A network as a standard ONNX graph, float32: input [N, T, D] (token numbers [N, T] as int64), output [N, K] or [N, T, K]; N symbolic, T
 * where the network leaves it open. `initialStates` become constants, for engines.
 * @throws RnnError E_ONNX_LAYER, E_ONNX_ACTIVATION (unsupported): what ONNX has no operator for
 */
export function toOnnxModel(
  model: ModelSpec,
  shapes: ModelShapes,
  weights: Weights,
  { version = '', initialStates }: { version?: string; initialStates?: ReadonlyMap<string, readonly Tensor[]> } = {},
): OnnxModel {
  const inputNames = inputsOf(model).map(({ name }) => (model.otherInputs ? name : INPUT));
  const outputNames = outputsOf(model).map(({ name }) => (model.otherOutputs ? unlike(name, inputNames) : OUTPUT));
  const builder = newBuilder([...inputNames, ...outputNames]);
  const values = new Map<string, string>(inputsOf(model).map(({ name }, i) => [name, inputNames[i]]));
  const wanted = wantedStates(model);
  for (const layer of shapes.layers) {
    const spec = layer.layer;
    if (typeof spec.mask === 'string') throw within(spec.name, () => noLayer('a mask that is given to a layer'));
    const owner = spec.shares ?? spec.name;
    const own = (name: string) => weights.get(`${owner}/${name}`);
    const given = spec.states?.map(name => values.get(name)!) ?? initialStates?.get(spec.name);
    within(spec.name, () => {
      const inputs = spec.inputs.map(name => values.get(name)!);
      const outputs = addLayer(builder, layer, inputs, own, given, wanted.has(spec.name));
      values.set(spec.name, outputs[0]);
      layer.others.forEach(({ suffix }, i) => {
        values.set(`${spec.name}/${suffix}`, outputs[i + 1]);
      });
    });
  }
  const newer = builder.nodes.find(({ opType }) => !isOperator(opType, OPSET));
  if (newer) throw noLayer(`${newer.opType}, which is newer than operator set ${OPSET}`);
  outputsOf(model).forEach(({ value }, i) => {
    const attributes = new Map();
    builder.nodes.push({ name: '', opType: 'Identity', domain: '', inputs: [values.get(value)!], outputs: [outputNames[i]], attributes });
  });
  const sizes = (shape: ModelShapes['input']) => shape.map((d, axis) => (axis === 0 ? 'N' : (d.size ?? d.symbol)));
  return {
    irVersion: IR_VERSION,
    producerName: 'rnn-cli',
    producerVersion: version,
    opsets: new Map([['', OPSET]]),
    graph: {
      name: model.name,
      inputs: inputsOf(model).map(({ name, features }, i) => ({
        name: inputNames[i],
        dtype: features === null ? ('i64' as const) : ('f32' as const),
        shape: sizes(shapes.values.get(name)!),
      })),
      outputs: outputsOf(model).map(({ value }, i) => ({
        name: outputNames[i],
        dtype: typeOf(model, value),
        shape: sizes(shapes.values.get(value)!),
      })),
      initializers: builder.initializers,
      nodes: builder.nodes,
    },
  };
}

/** Operators count, compare and convert; everything else gives floats. */
function typeOf({ layers }: ModelSpec, value: string): 'f32' | 'i64' | 'bool' {
  const layer = layers.find(l => l.name === value.replace(/\/\d+$/, ''));
  if (layer?.kind !== 'op') return 'f32';
  if (/^(ArgMax|ArgMin|Shape|Size|NonZero)$/.test(layer.op) || (layer.op === 'TopK' && value !== layer.name)) return 'i64';
  if (/^(Equal|Less|Greater|LessOrEqual|GreaterOrEqual|And|Or|Xor|Not|IsNaN|IsInf)$/.test(layer.op)) return 'bool';
  if (layer.op === 'Cast') return ({ 7: 'i64', 9: 'bool' } as const)[Number(layer.attributes.to)] ?? 'f32';
  return layer.op === 'Identity' && layer.inputs.length > 0 ? typeOf({ layers } as ModelSpec, layer.inputs[0]) : 'f32';
}

/** A graph has one name for one value: an output that is called like an input gets another. */
function unlike(name: string, taken: readonly string[]): string {
  return taken.includes(name) ? `${name}_out` : name;
}

/** Layers of whose states something is made: another layer's input or initial state, or an output. */
function wantedStates(model: ModelSpec): ReadonlySet<string> {
  const read = [...model.layers.flatMap(l => [...l.inputs, ...(l.states ?? [])]), ...outputsOf(model).map(o => o.value)];
  return new Set(model.layers.filter(l => read.some(value => value.startsWith(`${l.name}/`))).map(l => l.name));
}

type Own = (name: string) => Tensor | undefined;

/** @returns the layer's output, then what it gives beside it where that is wanted */
function addLayer(
  builder: GraphBuilder,
  { layer, inputs: shapes, output, others }: LayerShapes,
  inputs: readonly string[],
  own: Own,
  initial: readonly Tensor[] | readonly string[] | undefined,
  withStates: boolean,
): readonly string[] {
  if (isRecurrent(layer)) return addRecurrent(builder, layer, inputs[0], own, { initial, withStates });
  const { name } = layer;
  const { onnx } = getLayerKind(layer.kind);
  if (!onnx || others.length > 0) throw noLayer(`${layer.kind} over ${shapes[0].length} axes`);
  const activation = (spec: ActivationSpec, y: string) => addActivation(builder, spec, y, `${name}/activation`);
  return [onnx(layer, { builder, inputs, shapes, output, weight: own, activation })];
}

function noLayer(what: string): RnnError {
  return new RnnError('unsupported', 'E_ONNX_LAYER', `an ONNX graph cannot hold ${what}`, {
    fix: 'leave the masking out, and give --lengths to whatever runs the graph',
  });
}

import type { ActivationSpec } from '../../activations/activation.js';
import { RnnError, within } from '../../errors.js';
import { type GraphBuilder, int, newBuilder } from '../../formats/onnxBuilder.js';
import type { OnnxModel } from '../../formats/onnxGraph.js';
import { getLayerKind } from '../../layers/index.js';
import type { LayerShapes, ModelShapes } from '../../model/shapes.js';
import { isRecurrent, type ModelSpec } from '../../model/spec.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { Weights } from '../../weights/weights.js';
import { addActivation } from './activationNodes.js';
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
  const builder = newBuilder([INPUT, OUTPUT]);
  const values = new Map<string, string>([[model.input.name, INPUT]]);
  for (const layer of shapes.layers) {
    const inputs = layer.layer.inputs.map(name => values.get(name)!);
    const own = (name: string) => weights.get(`${layer.layer.name}/${name}`);
    const out = within(layer.layer.name, () => addLayer(builder, layer, inputs, own, initialStates?.get(layer.layer.name)));
    values.set(layer.layer.name, out);
  }
  builder.nodes.push({
    name: '',
    opType: 'Identity',
    domain: '',
    inputs: [values.get(model.output)!],
    outputs: [OUTPUT],
    attributes: new Map(),
  });
  const tokens = model.input.features === null;
  const sizes = (shape: ModelShapes['input']) => shape.map((d, axis) => (axis === 0 ? 'N' : (d.size ?? d.symbol)));
  return {
    irVersion: IR_VERSION,
    producerName: 'rnn-cli',
    producerVersion: version,
    opsets: new Map([['', OPSET]]),
    functions: [],
    graph: {
      name: model.name,
      inputs: [{ name: INPUT, dtype: tokens ? 'i64' : 'f32', shape: sizes(shapes.input) }],
      outputs: [{ name: OUTPUT, dtype: 'f32', shape: sizes(shapes.output) }],
      initializers: builder.initializers,
      nodes: builder.nodes,
    },
  };
}

type Own = (name: string) => Tensor | undefined;

function addLayer(
  builder: GraphBuilder,
  { layer, inputs: shapes, output }: LayerShapes,
  inputs: readonly string[],
  own: Own,
  initial: readonly Tensor[] | undefined,
): string {
  if (isRecurrent(layer)) return addRecurrent(builder, layer, inputs[0], own, initial);
  const [x] = inputs;
  const { name } = layer;
  const { onnx } = getLayerKind(layer.kind);
  if (onnx) {
    const activation = (spec: ActivationSpec, y: string) => addActivation(builder, spec, y, `${name}/activation`);
    return onnx(layer, { builder, inputs, shapes, output, weight: own, activation });
  }
  switch (layer.kind) {
    case 'concatenate':
      return inputs.length === 1 ? x : builder.add('Concat', inputs, { axis: int(-1) }, name);
    case 'add':
      return inputs.length === 1 ? x : builder.add('Sum', inputs, {}, name);
    case 'average':
      return inputs.length === 1 ? x : builder.add('Mean', inputs, {}, name);
    case 'multiply':
      return inputs.slice(1).reduce((product, next, i) => builder.add('Mul', [product, next], {}, i === 0 ? name : `${name}/${i}`), x);
    default:
      throw noLayer(`${layer.kind} over ${shapes[0].length} axes`);
  }
}

function noLayer(what: string): RnnError {
  return new RnnError('unsupported', 'E_ONNX_LAYER', `an ONNX graph cannot hold ${what}`, {
    fix: 'leave the masking out, and give --lengths to whatever runs the graph',
  });
}

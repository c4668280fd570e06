import { RnnError, within } from '../../errors.js';
import { type GraphBuilder, newBuilder } from '../../formats/onnx/builder.js';
import type { OnnxModel, OnnxNode } from '../../formats/onnx/graph.js';
import type { OnnxCall, OnnxResult } from '../../layers/facets.js';
import { type AnyLayer, getLayerKind, otherSteps, readsMask } from '../../layers/index.js';
import { cast } from '../../layers/onnxSteps.js';
import type { Dim } from '../../layers/shape.js';
import { takesAnySamples } from '../../model/samples.js';
import type { LayerShapes, ModelShapes } from '../../model/shapes.js';
import { type InputSpec, inputsOf, isRecurrent, type LayerSpec, type ModelSpec, outputsOf, type RecurrentSpec } from '../../model/spec.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { Weights } from '../../weights/weights.js';
import { addActivation } from './activationNodes.js';
import { inOlderSet } from './operators.js';
import { isOperator } from './signatures.js';
import { addRecurrent } from './writeRecurrent.js';

/** Operator set 17: what ONNX Runtime 1.12 and everything since runs. */
const OPSET = 17;
const IR_VERSION = 8;

export const INPUT = 'input';
export const OUTPUT = 'output';

/**
 * Writes a network as a standard ONNX graph in float32: input [N, T, D] (token numbers [N, T] as int64), output [N, K] or [N, T, K]; N is symbolic,
 * and so is T if the network leaves it open. `initialStates` become constants, for engines.
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
  const values = new Map<string, OnnxResult>(
    inputsOf(model).map(({ name }, i) => [name, { y: inputNames[i], type: inputType(inputsOf(model)[i]) }]),
  );
  const wanted = wantedOthers(model);
  for (const own of shapes.layers) {
    const { name, shares = name } = own.layer;
    within(name, () =>
      addCall(own, values, inputNames, {
        builder,
        weight: weight => weights.get(`${shares}/${weight}`),
        initial: initialStates?.get(name),
        wantsOthers: wanted.has(name),
      }),
    );
  }
  const nodes = builder.nodes.map(ofThisSet);
  outputsOf(model).forEach(({ value }, i) => {
    const attributes = new Map();
    nodes.push({ name: '', opType: 'Identity', domain: '', inputs: [values.get(value)!.y], outputs: [outputNames[i]], attributes });
  });
  // a letter means a single size, so inputs with different batch sizes keep their own
  const batches = new Set(inputsOf(model).map(({ batch }) => batch));
  const isOfAnyN = batches.size === 1 && takesAnySamples(model);
  const isOpen = (axis: number, { symbol }: Dim) => axis === 0 && symbol === 'N' && isOfAnyN;
  const sizes = (shape: ModelShapes['input']) => shape.map((d, axis) => (isOpen(axis, d) ? 'N' : (d.size ?? d.symbol)));
  return {
    irVersion: IR_VERSION,
    producerName: 'rnn-cli',
    producerVersion: version,
    opsets: new Map([['', OPSET]]),
    graph: {
      name: model.name,
      inputs: inputsOf(model).map((input, i) => ({
        name: inputNames[i],
        dtype: inputType(input),
        shape: sizes(shapes.values.get(input.name)!),
      })),
      outputs: outputsOf(model).map(({ value }, i) => ({
        name: outputNames[i],
        dtype: values.get(value)!.type ?? 'f32',
        shape: sizes(shapes.values.get(value)!),
      })),
      initializers: builder.initializers,
      nodes,
    },
  };
}

/** Adds the nodes of a call and records the names of its outputs. */
function addCall(
  own: LayerShapes,
  values: Map<string, OnnxResult>,
  inputNames: readonly string[],
  call: Pick<OnnxCall, 'builder' | 'weight' | 'initial' | 'wantsOthers'>,
): void {
  const { layer, output, others } = own;
  const { builder } = call;
  const nameOf = (value: string) => values.get(value)!.y;
  const given = layer.inputs.map(name => values.get(name)!);
  const result = addLayer(layer, {
    ...call,
    ...readsOf(own, given, inputNames, builder),
    ...masksOf(layer, given, builder, nameOf),
    initial: layer.states?.map(nameOf) ?? call.initial,
  });
  if (call.wantsOthers && result.others?.length !== others.length) throw noLayer(`any output of ${layer.kind} but the first`);
  const { mask, maskAxes } = layer.mask === null && output.length > 2 ? given[0] : result;
  values.set(layer.name, { ...result, mask, maskAxes });
  others.forEach(({ suffix, masked }, i) => {
    const beside = { y: result.others?.[i] ?? '', type: result.otherType };
    values.set(`${layer.name}/${suffix}`, masked ? { ...beside, mask, maskAxes } : beside);
  });
}

/** Inputs of a layer as floats, except for operators and the whole numbers of an embedding. */
function readsOf(
  { layer, inputs, output, others }: LayerShapes,
  given: readonly OnnxResult[],
  inputNames: readonly string[],
  builder: GraphBuilder,
): Pick<OnnxCall, 'inputs' | 'types' | 'shapes' | 'output' | 'others'> {
  const types = given.map(({ y, type = 'f32' }) => (layer.kind === 'op' && !inputNames.includes(y) ? type : 'f32'));
  const names = given.map(({ y, type = 'f32' }, i) => {
    const wanted = layer.kind === 'embedding' ? 'i64' : types[i];
    return type === wanted ? y : cast(builder, y, wanted, y);
  });
  return { inputs: names, types, shapes: inputs, output, others: others.map(o => o.shape) };
}

/** Returns the masks of the inputs. If the call names a mask, that is the first one. */
function masksOf({ mask }: LayerSpec, given: readonly OnnxResult[], builder: GraphBuilder, nameOf: (value: string) => string) {
  const own = given.map(value => value.mask);
  if (mask === undefined) return { masks: own, maskAxes: given[0]?.maskAxes };
  // all but 0 are real steps
  const named = mask === null ? undefined : cast(builder, nameOf(mask), 'bool', 'mask');
  return { masks: [named, ...own.slice(1)], maskAxes: 2 };
}

/** A node as set 17 has it. @throws RnnError E_ONNX_LAYER where it is newer */
function ofThisSet(node: OnnxNode): OnnxNode {
  const older = isOperator(node.opType, OPSET) ? inOlderSet(node) : { newer: node.opType };
  if ('newer' in older) throw noLayer(`${older.newer}, which is newer than operator set ${OPSET}`);
  return older;
}

/** Token numbers are whole. */
function inputType({ features }: InputSpec): 'f32' | 'i64' {
  return features === null ? 'i64' : 'f32';
}

/** Renames an output that has the name of an input, since names in a graph are unique. */
function unlike(name: string, taken: readonly string[]): string {
  return taken.includes(name) ? `${name}_out` : name;
}

/** Layers whose further outputs are used: as an input or initial state of another layer, or as an output. */
function wantedOthers(model: ModelSpec): ReadonlySet<string> {
  const read = [...model.layers.flatMap(l => [...l.inputs, ...(l.states ?? []), l.mask ?? '']), ...outputsOf(model).map(o => o.value)];
  const names = new Set(model.layers.map(l => l.name));
  return new Set(read.filter(value => !names.has(value)).map(value => longestName(value, names)));
}

/** 'lstm/h' -> 'lstm'; names may hold slashes themselves. */
function longestName(value: string, names: ReadonlySet<string>): string {
  let name = value;
  while (name.includes('/') && !names.has(name)) name = name.slice(0, name.lastIndexOf('/'));
  return name;
}

function addLayer(layer: AnyLayer, own: Omit<OnnxCall, 'activation' | 'inner'>): OnnxResult {
  const { name } = layer;
  const kind = getLayerKind(layer.kind);
  const call: OnnxCall = {
    ...own,
    activation: (spec, x) => addActivation(own.builder, spec, x, `${name}/activation`),
    inner(inner, prefix, given) {
      const weight = prefix === '' ? own.weight : (weightName: string) => own.weight(`${prefix}/${weightName}`);
      return addLayer(
        { ...(inner as AnyLayer), name: `${name}/${prefix || inner.kind}` },
        { ...own, masks: [], initial: undefined, weight, ...given },
      );
    },
  };
  if (own.masks[0] && (own.maskAxes ?? 2) !== 2 && readsMask(layer)) throw otherSteps(layer);
  if (isRecurrent(layer as LayerSpec)) return withMask(addRecurrent(layer as RecurrentSpec, call));
  if (!kind.onnx) throw noLayer(`${layer.kind} over ${own.shapes[0].length} axes`);
  const result = kind.onnx(layer, call);
  return withMask(typeof result === 'string' ? { y: result, type: own.types[own.inputs.indexOf(result)] } : result);

  function withMask(given: OnnxResult): OnnxResult {
    return kind.passesMask?.(layer) && own.masks[0] ? { mask: own.masks[0], maskAxes: own.maskAxes, ...given } : given;
  }
}

function noLayer(what: string): RnnError {
  return new RnnError('unsupported', 'E_ONNX_LAYER', `an ONNX graph cannot hold ${what}`, { fix: 'run it here: rnn-cli forward' });
}

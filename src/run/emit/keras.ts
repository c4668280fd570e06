import type { ActivationSpec } from '../../activations/activation.js';
import { getCell, rowOf } from '../../cells/index.js';
import { foreignWeight } from '../../conventions/keras/keras.js';
import { type AnyLayer, getLayerKind } from '../../layers/index.js';
import type { BothWaysSpec } from '../../layers/nested/bothWays.js';
import type { StackedSpec } from '../../layers/nested/stacked.js';
import { pythonText } from '../../layers/python.js';
import { hasMask } from '../../model/masks.js';
import { inferShapes, type LayerShapes } from '../../model/shapes.js';
import { isRecurrent, type LayerSpec, type RecurrentSpec } from '../../model/spec.js';
import type { Weights } from '../../weights/weights.js';
import { adapted } from '../convertTarget.js';
import type { Network } from '../network/network.js';
import { kerasActivation } from './activations.js';
import { type DrawnSource, drawnHeader } from './drawn.js';
import {
  arrayText,
  assignments,
  callOf,
  cannotEmit,
  type Given,
  header,
  helpersFor,
  helpersOf,
  inputLines,
  maskLine,
  outputText,
  type ScriptSource,
  valueNames,
} from './text.js';

/** Keras 3 layers called one after the other, with the same weights. */
const PRELUDE = `import base64
import keras
import numpy as np
`;

const HELPERS = `
def array(text, *shape):
    return np.frombuffer(base64.b64decode(text), "<f4").reshape(shape)


def run(layer, weights, *inputs, **options):
    layer(*inputs, **options)
    layer.set_weights(weights)
    return layer(*inputs, **options)


def attend(layer, weights, *inputs, **options):
    masks = [getattr(x, "_keras_mask", None) for x in inputs]
    layer(*inputs, **options)
    # the call has taken them from its inputs
    for x, mask in zip(inputs, masks):
        x._keras_mask = mask
    layer.set_weights(weights)
    return layer(*inputs, **options)


def flat(values):
    return [v for value in values for v in (flat(value) if isinstance(value, (list, tuple)) else [value])]


def named(function):
    # Bidirectional makes its layers from their configuration, which holds names
    function.__name__ = f"function_{id(function)}"
    return keras.saving.register_keras_serializable()(function)

`;

/** A script that computes y with Keras 3 layers. @throws RnnError E_EMIT */
export function kerasScript(source: ScriptSource, network: Network): string {
  const { weights, model } = adapted({ ...network, weights: source.weights }, 'keras');
  const shapes = inferShapes(model, source.sizes);
  if (source.drawn) return drawnKerasScript(source, source.drawn);
  const owners = new Map(shapes.layers.map(l => [l.layer.name, l]));
  const isMasked = hasMask({ model, input: source });
  const layers = assignments(source, shapes.layers, (layer, inputs, _value, given) =>
    layerText(layer, owners.get(layer.layer.shares ?? layer.layer.name)!, inputs, weights, given, isMasked),
  );
  // where Keras itself stores the mask of a tensor
  const first = source.mask
    ? [
        ...maskLine(source, array => `keras.ops.convert_to_tensor(${array})`),
        `${valueNames(source).get(source.inputs[0].name)}._keras_mask = mask`,
      ]
    : [];
  const run = [...inputLines(source, array => `keras.ops.convert_to_tensor(${array})`), ...first, ...layers, ...printed(source)].join('\n');
  return `${header('y in Keras 3', source.inputs)}${PRELUDE}${helpersFor(run, HELPERS + helpersOf(shapes.layers, 'keras'))}\n${run}`;
}

/** Layers draw from the seed when they are constructed, so the script constructs them in this order. */
function drawnKerasScript(source: ScriptSource, drawn: DrawnSource): string {
  const layers = assignments(source, source.layers, (layer, inputs, _value, given) => layerText(layer, layer, inputs, null, given));
  const x = [drawn.seeding, ...drawn.x, 'x = keras.ops.convert_to_tensor(x, "float32")'];
  const imports = 'import keras\nimport numpy as np\n';
  const run = [...x, ...layers, ...printed(source)].join('\n');
  return `${drawnHeader('y in Keras 3 on TensorFlow', drawn)}${imports}${helpersFor(run, HELPERS)}\n${run}`;
}

function printed(source: ScriptSource): string[] {
  return [`y = ${outputText(source, value => `keras.ops.convert_to_numpy(${value})`)}`, 'print(y)\n'];
}

/** @param owner the layer whose weights are used: for a layer called again, its first call @param weights null: the layer draws its own */
function layerText(
  shapes: LayerShapes,
  owner: LayerShapes,
  inputs: readonly string[],
  weights: Weights | null,
  given: Given,
  isMasked = false,
): string {
  const { layer } = shapes;
  const { keras, scripts } = getLayerKind(layer.kind);
  // dropout is the identity, but if seeds matter it must be constructed, because it takes a seed
  if (layer.kind === 'dropout' && weights !== null) return inputs[0];
  if (!keras && scripts?.keras) {
    const call = { ...callOf(shapes, inputs, given), weight: () => undefined };
    const text = scripts.keras.expression(layer, {
      ...call,
      activation: (spec, y) => `keras.activations.get(${kerasActivation(spec)})(${y})`,
    });
    // copies the numbers of its input without the mask
    return isMasked && 'op' in layer && layer.op === 'Identity' ? `keras.ops.copy(${text})` : text;
  }
  // TensorFlow computes channels-first layers on GPUs only
  const channelsFirst = !isRecurrent(layer) && !/lstm/.test(layer.kind) && keras?.config(layer).data_format === 'channels_first';
  const asked = callText(shapes, channelsFirst ? inputs.map(x => `keras.ops.moveaxis(${x}, 1, -1)`) : inputs, given);
  const own = constructorText(layer, given.wantsOthers);
  // Dense by itself does not use a mask
  const options = layer.kind === 'dense' && given.mask ? `TimeDistributed(keras.layers.${own})` : own;
  const constructed = `keras.layers.${channelsFirst ? options.replace('"channels_first"', '"channels_last"') : options}`;
  // what Keras returns beside the output, although nothing reads it: scores, or the output of the other direction
  const hasMore = ('scores' in layer && layer.scores) || ('merge' in layer && layer.merge === null);
  const first = hasMore && !given.wantsOthers ? '[0]' : '';
  const back = (y: string) => (channelsFirst ? `keras.ops.moveaxis(${y}, -1, 1)` : y);
  if (weights === null || owner.weights.length === 0) return back(`${constructed}(${asked})${first}`);
  const arrays = owner.weights.map(w => arrayText(foreignWeight(owner, w, weights)));
  const run = isMasked && layer.kind === 'multiheadattention' ? 'attend' : 'run';
  const text = back(`${run}(${constructed}, [${arrays.join(', ')}], ${asked})`);
  return given.wantsOthers ? `flat(${text})` : `${text}${first}`;
}

/** The arguments of the call: inputs by position, a mask among them by name. */
function callText({ layer }: LayerShapes, inputs: readonly string[], { states, mask, padded }: Given): string {
  const { callOptions = {}, callInputs = {} } = getLayerKind(layer.kind).keras ?? {};
  const isSet = ([, field]: readonly [string, string]) => (layer as unknown as Record<string, unknown>)[field] === true;
  const [named] = Object.entries(callInputs).filter(isSet);
  const all = layer.kind === 'embedding' ? [`keras.ops.cast(${inputs[0]}, "int32")`] : inputs;
  const values = named ? all.slice(0, -1) : all;
  const listed = values.length > 1 && layer.kind !== 'multiheadattention' ? `[${values.join(', ')}]` : values.join(', ');
  const truth = (x: string | undefined) => (x === undefined ? 'None' : `keras.ops.cast(${x}, "bool")`);
  const other = named && all[all.length - 1];
  const isPair = /^(additive)?attention$/.test(layer.kind);
  return [
    listed,
    ...(states ? [`initial_state=[${statesText(layer, states).join(', ')}]`] : []),
    ...(isPair && (mask || other) ? [`mask=[${truth(mask)}, ${truth(other)}]`] : []),
    ...(mask && !isPair ? [`mask=${truth(mask)}`] : []),
    ...(named && !isPair ? [`${named[0]}=${truth(other)}`] : []),
    // with initial states, Keras does not look up the mask of x
    ...(padded && states && !mask ? ['mask=mask'] : []),
    ...Object.entries(callOptions)
      .filter(isSet)
      .map(([key]) => `${key}=True`),
  ].join(', ');
}

/** Initial states as Keras takes them: stacked cells have one each, or a list if there are two. */
function statesText(layer: AnyLayer, states: readonly string[]): readonly string[] {
  const ways = layer.kind === 'bidirectional' ? [(layer as BothWaysSpec).forward, (layer as BothWaysSpec).backward] : [layer];
  if (!ways.every(way => way.kind === 'stackedrnn')) return states;
  let from = 0;
  return ways.flatMap(way =>
    (way as StackedSpec).cells.map(({ kind }) => {
      const own = states.slice(from, from + getCell(kind).states.length);
      from += own.length;
      return own.length === 1 ? own[0] : `[${own.join(', ')}]`;
    }),
  );
}

function recurrentText(layer: RecurrentSpec, withStates: boolean, outer: Functions): string {
  const functions = layer.bidirectional === null ? outer : namedActivation;
  const cell = (way: RecurrentSpec) =>
    `${rowOf(getCell(way.kind), 'keras').className}(${recurrentOptions(way, withStates, true, functions)})`;
  if (layer.bidirectional === null) return cell(layer);
  // unless it is given, Keras makes a backward layer with go_backwards=True and refuses two of that kind
  const backward = layer.goBackwards ? `, backward_layer=keras.layers.${cell({ ...layer, goBackwards: false })}` : '';
  return `Bidirectional(keras.layers.${cell(layer)}${backward}, merge_mode=${JSON.stringify(layer.bidirectional)})`;
}

/** @param whole whether to include the options of the loop, beside those of the cell */
function recurrentOptions(layer: RecurrentSpec, withStates: boolean, whole: boolean, functions: Functions): string {
  return [
    String(layer.units),
    `activation=${functions(layer.activation)}`,
    ...(layer.recurrentActivation === null ? [] : [`recurrent_activation=${functions(layer.recurrentActivation)}`]),
    ...(whole ? [`return_sequences=${pythonText(layer.returnSequences)}`] : []),
    ...(withStates ? ['return_state=True'] : []),
    ...(layer.useBias ? [] : ['use_bias=False']),
    ...(whole && layer.goBackwards ? ['go_backwards=True'] : []),
    ...(whole && layer.zeroOutputForMask && layer.bidirectional === null ? ['zero_output_for_mask=True'] : []),
    ...(whole && layer.unroll ? ['unroll=True'] : []),
    ...(layer.kind === 'lstm' && !layer.unitForgetBias ? ['unit_forget_bias=False'] : []),
    ...(layer.kind === 'gru' ? [`reset_after=${pythonText(layer.resetAfter)}`] : []),
  ].join(', ');
}

function stackedText(
  { cells, returnSequences, goBackwards, zeroOutputForMask }: StackedSpec,
  withStates: boolean,
  functions: Functions,
): string {
  const each = cells.map(cell => {
    const layer = cell as RecurrentSpec;
    return `keras.layers.${rowOf(getCell(layer.kind), 'keras').className}Cell(${recurrentOptions(layer, false, false, functions)})`;
  });
  const options = [
    `[${each.join(', ')}]`,
    `return_sequences=${pythonText(returnSequences)}`,
    `go_backwards=${pythonText(goBackwards)}`,
    ...(zeroOutputForMask ? ['zero_output_for_mask=True'] : []),
    ...(withStates ? ['return_state=True'] : []),
  ];
  return `RNN(${options.join(', ')})`;
}

/** How the functions of a layer are written. */
type Functions = typeof kerasActivation;

/** A function without a name of Keras' is registered: a layer inside Bidirectional is made from its configuration. */
function namedActivation(spec: ActivationSpec): string {
  return kerasActivation(spec).replace(/^lambda .*/, 'named($&)');
}

/** `Conv1D(filters=8, kernel_size=(5,), activation="relu")`; Dense applies to each step as it is. */
function constructorText(layer: AnyLayer, withStates = false, functions: Functions = kerasActivation): string {
  if (isRecurrent(layer as LayerSpec)) return recurrentText(layer as RecurrentSpec, withStates, functions);
  if (layer.kind === 'stackedrnn') return stackedText(layer as StackedSpec, withStates, functions);
  if (layer.kind === 'bidirectional') {
    const { forward, backward, merge } = layer as BothWaysSpec;
    const [one, other] = [forward, backward].map(way => `keras.layers.${constructorText(way, withStates, namedActivation)}`);
    return `Bidirectional(${one}, backward_layer=${other}, merge_mode=${merge === null ? 'None' : JSON.stringify(merge)})`;
  }
  const { keras, kerasClass } = getLayerKind(layer.kind);
  if (!keras) throw cannotEmit(layer.kind, 'leave it out');
  const value = (key: string, v: unknown) =>
    key === 'layer'
      ? `keras.layers.${constructorText(v as AnyLayer, false, functions)}`
      : key.endsWith('activation')
        ? functions(v as ActivationSpec)
        : pythonText(v);
  const options = Object.entries(keras.config(layer)).map(([key, v]) => `${key}=${value(key, v)}`);
  if (withStates && /^convlstm/.test(layer.kind)) options.push('return_state=True');
  // an operator read as a layer is written as that layer; a class may have one name in configs and another in keras.layers
  const shown = kerasClass(layer).replace('GroupedQuery', 'GroupQuery');
  const classes = Object.keys(keras.classes);
  const name = classes.length === 0 || classes.includes(shown) ? shown : classes[0];
  return `${layer.kind === 'dense' ? 'Dense' : name}(${options.join(', ')})`;
}

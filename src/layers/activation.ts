import type { ActivationSpec } from '../activations/activation.js';
import { activate, getActivation } from '../activations/index.js';
import { RnnError } from '../errors.js';
import { ints } from '../formats/onnx/builder.js';
import { allocate, precisionOf, type Tensor } from '../tensor/tensor.js';
import { axesOf } from './axes.js';
import { costPerNumber, symbolic } from './dims.js';
import { type ArrayLibrary, inBoth, type NodesCall, type ScriptCall } from './facets.js';
import { numbers } from './fields.js';
import type { Json } from './kerasConfig.js';
import type { LayerBase, LayerKind } from './layer.js';
import { number, zeroedOutside } from './onnxSteps.js';
import { pythonText } from './python.js';

/** An activation as a layer (Keras Activation, ReLU, Softmax …). */
export interface ActivationLayerSpec extends LayerBase {
  readonly kind: 'activation';
  readonly activation: ActivationSpec;
  /** of a softmax: the axes it sums over */
  readonly axis: readonly number[];
  readonly kerasClass: string;
}

/** Converts the configs of Keras' activation layers to an activation, and back. */
const CLASSES: Readonly<Record<string, { read(config: Json): Json; write(parameters: Json): Json }>> = {
  ReLU: {
    read: ({ negative_slope, max_value, threshold }) => ({
      name: 'relu',
      negative_slope: negative_slope ?? 0,
      max_value: max_value ?? null,
      threshold: threshold ?? 0,
    }),
    write: parameters => parameters,
  },
  LeakyReLU: {
    read: ({ negative_slope, alpha }) => ({ name: 'leaky_relu', negative_slope: negative_slope ?? alpha ?? 0.3 }),
    write: parameters => parameters,
  },
  ELU: { read: ({ alpha }) => ({ name: 'elu', alpha: alpha ?? 1 }), write: parameters => parameters },
  ThresholdedReLU: { read: ({ theta }) => ({ name: 'thresholded_relu', theta: theta ?? 1 }), write: ({ theta }) => ({ theta }) },
};

export const activation: LayerKind<ActivationLayerSpec> = {
  name: 'activation',
  grammar: { activation: true },
  reads: 'anything',
  kerasClass: layer => layer.kerasClass,
  passesMask: () => true,
  stepwise: ({ axis }) => axis.length === 1 && axis[0] === -1,
  fields: {
    activation: { type: 'activation' },
    axis: numbers({ default: [-1] }),
    kerasClass: { type: 'choice', choices: ['Activation', 'Softmax', ...Object.keys(CLASSES)], default: 'Activation' },
  },
  keras: {
    classes: {
      Activation: (config, read) => ({ activation: read.activation(config.activation) }),
      Softmax: ({ axis }) => ({ activation: 'softmax', kerasClass: 'Softmax', axis: typeof axis === 'number' ? [axis] : (axis ?? [-1]) }),
      ...Object.fromEntries(
        Object.entries(CLASSES).map(([kerasClass, { read }]) => [kerasClass, (config: Json) => ({ activation: read(config), kerasClass })]),
      ),
    },
    config({ activation, kerasClass, axis }) {
      if (kerasClass === 'Activation') return { activation };
      if (kerasClass === 'Softmax') return { axis: axis.length === 1 ? axis[0] : axis };
      return CLASSES[kerasClass].write({ ...getActivation(activation).parameters });
    },
  },
  outputShape(layer, [input]) {
    if (isRowActivation(layer.activation)) axesOf(layer.axis, input);
    return input;
  },
  cost: costPerNumber('activations'),
  nodes(layer, call) {
    const { builder, inputs, masks, shapes, activation } = call;
    const mask = layer.kerasClass === 'Softmax' ? masks[0] : undefined;
    if (mask === undefined) return isRowActivation(layer.activation) ? rowNodes(layer, call) : activation(layer.activation, inputs[0]);
    checkMaskedRank(layer, shapes[0].length);
    const x = builder.add('Where', [mask, inputs[0], number(builder, HIDDEN, layer.name)], {}, layer.name);
    return zeroedOutside(builder, mask, rowNodes(layer, { ...call, inputs: [x] }), layer.name);
  },
  scripts: inBoth(expression),
};

/** Applies an activation elementwise, or to every row of the last axis (softmax). */
export function activated(spec: ActivationSpec, t: Tensor): Tensor {
  if (spec === 'linear') return t;
  const data = allocate(t.data.length, precisionOf(t));
  activate(spec, t.data, t.shape[t.shape.length - 1], data);
  return { shape: t.shape, data };
}

/** The same in place, for a tensor that nothing else reads. */
export function activatedInPlace(spec: ActivationSpec, t: Tensor): Tensor {
  if (spec !== 'linear') activate(spec, t.data, t.shape[t.shape.length - 1], t.data);
  return t;
}

/** Whether the activation works on the whole last axis, as softmax does. */
export function isRowActivation(spec: ActivationSpec | null): boolean {
  return getActivation(spec).activation.kind === 'row';
}

/** The softmax axes counted from the front, the order of axes that puts them last, and its inverse. */
function moved({ axis }: ActivationLayerSpec, rank: number): { axes: number[]; order: number[]; back: number[] } {
  const axes = axesOf(axis, symbolic(new Array(rank).fill(1)));
  const order = [...Array(rank).keys()].filter(a => !axes.includes(a)).concat(axes);
  return { axes, order, back: [...order.keys()].map(a => order.indexOf(a)) };
}

/** Keras' Softmax replaces masked numbers by this. */
const HIDDEN = -1e9;

/** @throws RnnError E_MASK unless x is [N, T], so that the mask of the steps masks its numbers */
function checkMaskedRank(layer: ActivationLayerSpec, rank: number): void {
  if (rank !== 2)
    throw new RnnError('unsupported', 'E_MASK', 'a mask of steps does not fit a softmax over (N, T, features), in Keras either', {
      where: layer.name,
      fix: 'end the mask before it',
    });
}

function rowNodes(layer: ActivationLayerSpec, { builder, inputs: [x], shapes, activation }: NodesCall): string {
  const rank = shapes[0].length;
  const { axes, order, back } = moved(layer, rank);
  if (axes.length === 1 && axes[0] === rank - 1) return activation(layer.activation, x);
  const last = builder.add('Transpose', [x], { perm: ints(...order) }, `${layer.name}/axis`);
  const over = () => {
    if (axes.length === 1) return activation(layer.activation, last);
    // the axes it sums over, joined into one
    const row = builder.integers([...new Array<number>(rank - axes.length).fill(0), -1]);
    const y = activation(layer.activation, builder.add('Reshape', [last, row], {}, `${layer.name}/axis`));
    return builder.add('Reshape', [y, builder.add('Shape', [last], {}, `${layer.name}/shape`)], {}, `${layer.name}/back`);
  };
  return builder.add('Transpose', [over()], { perm: ints(...back) }, `${layer.name}/back`);
}

function expression(library: ArrayLibrary, layer: ActivationLayerSpec, { inputs: [x], shapes, activation }: ScriptCall): string {
  if (!isRowActivation(layer.activation)) return activation(layer.activation, x);
  const rank = shapes[0].length;
  const { axes, order, back } = moved(layer, rank);
  if (axes.length === 1 && axes[0] === rank - 1) return activation(layer.activation, x);
  const transpose = library === 'np' ? 'transpose' : 'permute';
  const t = `${x}.${transpose}(${pythonText(order)})`;
  if (axes.length === 1) return `${activation(layer.activation, t)}.${transpose}(${pythonText(back)})`;
  const rows = `${t}.reshape(*[${x}.shape[a] for a in ${pythonText(order.slice(0, rank - axes.length))}], -1)`;
  return `${activation(layer.activation, rows)}.reshape([${x}.shape[a] for a in ${pythonText(order)}]).${transpose}(${pythonText(back)})`;
}

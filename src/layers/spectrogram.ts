import { weightShape } from '../cells/weightShapes.js';
import { type GraphBuilder, int, ints, text } from '../formats/onnx/builder.js';
import { operated } from '../ops/run.js';
import { type GraphValue, ints as numbers } from '../ops/value.js';
import { permuteAxes } from '../tensor/axes.js';
import type { Tensor } from '../tensor/tensor.js';
import { sizesAlong } from './axes.js';
import { DATA_FORMATS, type DataFormat, lastChannels } from './channels.js';
import { multiply, productCost } from './dims.js';
import { kerasArguments } from './kerasArguments.js';
import type { Kernels, LayerBase, LayerKind } from './layer.js';
import type { Dim, DimShape } from './shape.js';
import type { Window } from './window/window.js';
import { slid } from './window/window.js';

/**
 * Short-time spectra of signals (Keras STFTSpectrogram): x [N, T, C] -> [N, frames, C·bins], or [N, frames, bins, C] with expandDims. Each channel is
 * convolved with the kernels [frame, 1, bins] that the file holds, whose real and imaginary parts give power, magnitude or its logarithm.
 */
export interface SpectrogramSpec extends LayerBase {
  readonly kind: 'spectrogram';
  readonly mode: Mode;
  readonly frameLength: number;
  /** null: half a frame */
  readonly frameStep: number | null;
  /** null: the next power of two */
  readonly fftLength: number | null;
  readonly padding: 'valid' | 'same';
  readonly expandDims: boolean;
  readonly dataFormat: DataFormat;
}

type Mode = 'log' | 'magnitude' | 'psd' | 'real' | 'imag' | 'stft';
/** Without the angle: that of a number without imaginary part is π or −π by the sign of a zero, which no two convolutions share. */
const MODES: readonly Mode[] = ['log', 'magnitude', 'psd', 'real', 'imag', 'stft'];

/** Keras' epsilon. */
const LEAST = 1e-7;

const fields: LayerKind<SpectrogramSpec>['fields'] = {
  mode: { type: 'choice', choices: MODES, default: 'log' },
  frameLength: { type: 'size', default: 256 },
  frameStep: { type: 'size', default: null },
  fftLength: { type: 'size', default: null },
  padding: { type: 'choice', choices: ['valid', 'same'], default: 'valid' },
  expandDims: { type: 'boolean', default: false },
  dataFormat: { type: 'choice', choices: DATA_FORMATS, default: 'channels_last' },
};

export const spectrogram: LayerKind<SpectrogramSpec> = {
  name: 'spectrogram',
  reads: 'sequence',
  kerasClass: () => 'STFTSpectrogram',
  fields,
  keras: kerasArguments('STFTSpectrogram', fields, 'mode frameLength frameStep fftLength padding expandDims dataFormat', {
    weightNames: { real: 'real_kernel', imaginary: 'imag_kernel' },
  }),
  weightShapes(layer) {
    const bins = binsOf(layer);
    const kernel = (name: string) =>
      weightShape({ name, role: 'kernel', dims: [layer.frameLength, 1, bins].map(String), shape: [layer.frameLength, 1, bins] });
    return partsOf(layer).map(kernel);
  },
  outputShape(layer, [input]) {
    const [C] = sizesAlong([channelAxis(layer)], input);
    const frames = framesOf(layer, input);
    const bins = binsOf(layer) * (layer.mode === 'stft' ? 2 : 1);
    const sizes = layer.expandDims ? [frames, sized(bins), sized(C)] : [frames, sized(C * bins)];
    if (!lastChannels(layer)) sizes.unshift(sizes.pop()!);
    return [input[0], ...sizes];
  },
  cost(layer, [input]) {
    const [C] = sizesAlong([channelAxis(layer)], input);
    const frames = framesOf(layer, input);
    const each = partsOf(layer).length * layer.frameLength * binsOf(layer) * C;
    return productCost({ useBias: false, activation: 'linear' }, multiply(frames.size, each), 0n, `${frames.symbol}*${each}`);
  },
  apply(layer, [{ tensor }], { kernels, weights }) {
    const { shape, data } = spectra(
      layer,
      eager(kernels),
      { kind: 'float', ...tensor },
      tensor.shape[channelAxis(layer)],
      name => weights.get(name)!,
    );
    return { tensor: { shape, data } };
  },
  onnx(layer, { builder, inputs: [x], shapes: [input], weight }) {
    return spectra(layer, graph(builder, layer.name), x, sizesAlong([channelAxis(layer)], input)[0], name => weight(name)!);
  },
};

function sized(size: number): Dim {
  return { symbol: String(size), size };
}

function channelAxis(layer: SpectrogramSpec): number {
  return lastChannels(layer) ? 2 : 1;
}

function partsOf({ mode }: SpectrogramSpec): string[] {
  return mode === 'real' ? ['real'] : mode === 'imag' ? ['imaginary'] : ['real', 'imaginary'];
}

function binsOf({ frameLength, fftLength }: SpectrogramSpec): number {
  return Math.floor((fftLength ?? 2 ** Math.ceil(Math.log2(frameLength))) / 2) + 1;
}

function windowOf({ frameLength, frameStep, padding }: SpectrogramSpec): Window {
  return { size: frameLength, stride: frameStep ?? Math.floor(frameLength / 2), dilation: 1, padding };
}

function framesOf(layer: SpectrogramSpec, input: DimShape): Dim {
  return slid([input[lastChannels(layer) ? 1 : 2]], [windowOf(layer)])[0];
}

/** Nodes of ONNX, computed at once or written. */
interface Nodes<V> {
  add(op: string, inputs: readonly V[], attributes?: Parameters<GraphBuilder['add']>[2]): V;
  constant(tensor: Tensor): V;
  integers(values: readonly number[]): V;
}

function eager(kernels: Kernels): Nodes<GraphValue> {
  return {
    add: (op, inputs, attributes) => operated(op, inputs, kernels, attributes),
    constant: tensor => ({ kind: 'float', ...tensor }),
    integers: numbers,
  };
}

function graph(builder: GraphBuilder, name: string): Nodes<string> {
  return {
    add: (op, inputs, attributes) => builder.add(op, inputs, attributes, name),
    constant: tensor => builder.constant(`${name}.constant`, tensor),
    integers: values => builder.integers(values),
  };
}

function spectra<V>(layer: SpectrogramSpec, nodes: Nodes<V>, x: V, C: number, weight: (name: string) => Tensor): V {
  const first = lastChannels(layer) ? nodes.add('Transpose', [x], { perm: ints(0, 2, 1) }) : x;
  const { size, stride, padding } = windowOf(layer);
  const shared = {
    kernel_shape: ints(size),
    strides: ints(stride),
    group: int(C),
    auto_pad: text(padding === 'same' ? 'SAME_UPPER' : 'VALID'),
  };
  const [a, b] = partsOf(layer).map(name => nodes.add('Conv', [first, nodes.constant(filtersOf(weight(name), C))], shared));
  const bins = binsOf(layer);
  const apart = (y: V) => nodes.add('Reshape', [y, nodes.integers([0, C, bins, -1])]);
  if (layer.mode === 'real' || layer.mode === 'imag') return arranged(layer, nodes, apart(a), C, bins);
  if (layer.mode === 'stft') return arranged(layer, nodes, nodes.add('Concat', [apart(a), apart(b)], { axis: int(2) }), C, 2 * bins);
  const power = apart(nodes.add('Add', [nodes.add('Mul', [a, a]), nodes.add('Mul', [b, b])]));
  const shown = layer.mode === 'psd' ? nodes.add('Mul', [power, nodes.constant(bothSides(bins))]) : magnitude(layer, nodes, power);
  return arranged(layer, nodes, shown, C, bins);
}

function magnitude<V>({ mode }: SpectrogramSpec, nodes: Nodes<V>, power: V): V {
  const least = nodes.constant({ shape: [], data: Float64Array.of(LEAST) });
  const linear = nodes.add('Sqrt', [nodes.add('Max', [power, least])]);
  return mode === 'log' ? nodes.add('Log', [nodes.add('Max', [linear, least])]) : linear;
}

/** [bins, 1]: every frequency but the first and the last counts for that of the other half, too. */
function bothSides(bins: number): Tensor {
  return { shape: [bins, 1], data: Float64Array.from({ length: bins }, (_, i) => (i === 0 || i === bins - 1 ? 1 : 2)) };
}

/** [frame, 1, bins] -> [C·bins, 1, frame], the same filters for every channel. */
function filtersOf(kernel: Tensor, C: number): Tensor {
  const { shape, data } = permuteAxes(kernel, [2, 1, 0]);
  const all = Float64Array.from({ length: C * data.length }, (_, i) => data[i % data.length]);
  return { shape: [C * shape[0], 1, shape[2]], data: all };
}

/** [N, C, bins, frames] as the layer gives it. */
function arranged<V>(layer: SpectrogramSpec, nodes: Nodes<V>, y: V, C: number, bins: number): V {
  if (layer.expandDims) return nodes.add('Transpose', [y], { perm: lastChannels(layer) ? ints(0, 3, 2, 1) : ints(0, 1, 3, 2) });
  const rows = nodes.add('Reshape', [y, nodes.integers([0, C * bins, -1])]);
  return lastChannels(layer) ? nodes.add('Transpose', [rows], { perm: ints(0, 2, 1) }) : rows;
}

import { weightShape } from '../cells/weightShapes.js';
import { type GraphBuilder, int, ints, text } from '../formats/onnx/builder.js';
import { arctan } from '../numerics/arctan.js';
import { log } from '../numerics/log.js';
import { permuteAxes } from '../tensor/axes.js';
import type { Tensor } from '../tensor/tensor.js';
import { sizesAlong } from './axes.js';
import { DATA_FORMAT, type DataFormat, lastChannels, spaceOf } from './channels.js';
import { convolve } from './conv/convolve.js';
import { multiply, productCost } from './dims.js';
import type { OnnxCall } from './facets.js';
import { kerasArguments } from './kerasArguments.js';
import type { LayerBase, LayerKind } from './layer.js';
import { sized } from './operatorNumbers.js';
import type { Dim, DimShape } from './shape.js';
import type { Window } from './window/window.js';
import { slid } from './window/window.js';

/**
 * Short-time spectra of signals (Keras STFTSpectrogram): x [N, T, C] -> [N, frames, C·bins], or [N, frames, bins, C] with expandDims. Each
 * channel is convolved with kernels [frame, 1, bins] from the file, which give the real and the imaginary part; `mode` says what is made of
 * them: power, magnitude, its logarithm, angle …
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

type Mode = 'log' | 'magnitude' | 'psd' | 'real' | 'imag' | 'angle' | 'stft';
const MODES: readonly Mode[] = ['log', 'magnitude', 'psd', 'real', 'imag', 'angle', 'stft'];

/** Keras' epsilon. */
const LEAST = 1e-7;

const fields: LayerKind<SpectrogramSpec>['fields'] = {
  mode: { type: 'choice', choices: MODES, default: 'log' },
  frameLength: { type: 'size', default: 256 },
  frameStep: { type: 'size', default: null },
  fftLength: { type: 'size', default: null },
  padding: { type: 'choice', choices: ['valid', 'same'], default: 'valid' },
  expandDims: { type: 'boolean', default: false },
  dataFormat: DATA_FORMAT,
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
    const frames = framesOf(layer, input);
    const [C] = sizesAlong([channelAxis(layer)], input);
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
    const first = lastChannels(layer) ? permuteAxes(tensor, [0, 2, 1]) : tensor;
    const [N, C, T] = first.shape;
    const rows = { shape: [N * C, T, 1], data: first.data };
    const parts = partsOf(layer).map(name => convolve(rows, weights.get(name)!, undefined, [windowOf(layer)], 1, kernels));
    const [, F, bins] = parts[0].shape;
    const W = layer.mode === 'stft' ? 2 * bins : bins;
    const data = kernels.allocate(N * C * F * W);
    for (let k = 0; k < data.length; k++) {
      const bin = k % bins;
      const at = Math.floor(k / W) * bins + bin;
      const [re, im] = parts.map(part => part.data[at]);
      data[k] = layer.mode === 'stft' ? [re, im][Math.floor((k % W) / bins)] : shown(layer.mode, re, im, bin % (bins - 1) === 0);
    }
    const y = { shape: [N, C, F, W], data };
    if (layer.expandDims) return { tensor: lastChannels(layer) ? permuteAxes(y, [0, 2, 3, 1]) : y };
    const turned = permuteAxes(y, lastChannels(layer) ? [0, 2, 1, 3] : [0, 1, 3, 2]).data;
    return { tensor: { shape: lastChannels(layer) ? [N, F, C * W] : [N, C * W, F], data: turned } };
  },
  onnx: spectra,
};

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
  return slid([spaceOf(layer, input, 1)[1]], [windowOf(layer)])[0];
}

/** The number shown for one bin. Every frequency but the first and the last also counts for its mirror image in the other half of the spectrum. */
function shown(mode: Mode, re: number, im: number, isEnd: boolean): number {
  if (im === undefined) return re;
  if (mode === 'angle') return angleOf(re, im);
  const power = re * re + im * im;
  if (mode === 'psd') return isEnd ? power : 2 * power;
  const linear = Math.sqrt(Math.max(power, LEAST));
  return mode === 'log' ? log(Math.max(linear, LEAST)) : linear;
}

/** atan2(im, re), from −π to π. A negative real number has the angle π, or −π if its imaginary part is −0. */
function angleOf(re: number, im: number): number {
  const angle = im === 0 ? 0 : arctan(im / re);
  if (!(re < 0)) return angle;
  return im < 0 || Object.is(im, -0) ? angle - Math.PI : angle + Math.PI;
}

/** Adds one convolution, with a group for each channel. */
function spectra(layer: SpectrogramSpec, { builder, inputs: [x], shapes: [input], weight }: OnnxCall): string {
  const [C] = sizesAlong([channelAxis(layer)], input);
  const add = (op: string, inputs: readonly string[], attributes?: Parameters<GraphBuilder['add']>[2]) =>
    builder.add(op, inputs, attributes, layer.name);
  const constant = (tensor: Tensor) => builder.constant(`${layer.name}.constant`, tensor);
  const first = lastChannels(layer) ? add('Transpose', [x], { perm: ints(0, 2, 1) }) : x;
  const { size, stride, padding } = windowOf(layer);
  const shared = {
    kernel_shape: ints(size),
    strides: ints(stride),
    group: int(C),
    auto_pad: text(padding === 'same' ? 'SAME_UPPER' : 'VALID'),
  };
  const bins = binsOf(layer);
  const [re, im] = partsOf(layer).map(name => {
    const y = add('Conv', [first, constant(filtersOf(weight(name)!, C))], shared);
    return add('Reshape', [y, builder.integers([0, C, bins, -1])]);
  });
  let y = re;
  if (layer.mode === 'stft') y = add('Concat', [re, im], { axis: int(2) });
  else if (layer.mode === 'angle') {
    const number = (value: number) => constant({ shape: [], data: Float64Array.of(value) });
    const angle = add('Where', [add('Equal', [im, number(0)]), number(0), add('Atan', [add('Div', [im, re])])]);
    const half = add('Where', [add('Less', [im, number(0)]), number(-Math.PI), number(Math.PI)]);
    y = add('Where', [add('Less', [re, number(0)]), add('Add', [angle, half]), angle]);
  } else if (im !== undefined) {
    const least = constant({ shape: [], data: Float64Array.of(LEAST) });
    y = add('Add', [add('Mul', [re, re]), add('Mul', [im, im])]);
    if (layer.mode === 'psd') y = add('Mul', [y, constant(bothSides(bins))]);
    else y = add('Sqrt', [add('Max', [y, least])]);
    if (layer.mode === 'log') y = add('Log', [add('Max', [y, least])]);
  }
  if (layer.expandDims) return add('Transpose', [y], { perm: lastChannels(layer) ? ints(0, 3, 2, 1) : ints(0, 1, 3, 2) });
  const rows = add('Reshape', [y, builder.integers([0, C * bins * (layer.mode === 'stft' ? 2 : 1), -1])]);
  return lastChannels(layer) ? add('Transpose', [rows], { perm: ints(0, 2, 1) }) : rows;
}

/** Weights of the bins, [bins, 1]: 2 for every frequency but the first and the last, which have no mirror image in the other half. */
function bothSides(bins: number): Tensor {
  return { shape: [bins, 1], data: Float64Array.from({ length: bins }, (_, i) => (i === 0 || i === bins - 1 ? 1 : 2)) };
}

/** Turns a kernel [frame, 1, bins] into filters [C·bins, 1, frame], the same for every channel. */
function filtersOf(kernel: Tensor, C: number): Tensor {
  const { shape, data } = permuteAxes(kernel, [2, 1, 0]);
  const all = Float64Array.from({ length: C * data.length }, (_, i) => data[i % data.length]);
  return { shape: [C * shape[0], 1, shape[2]], data: all };
}

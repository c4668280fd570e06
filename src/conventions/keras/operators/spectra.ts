import { log } from '../../../numerics/log.js';
import { sineCosine } from '../../../numerics/trig.js';
import { add, mul, number, sub } from './arithmetic.js';
import { type OperatorCall, type Rule, wrongArgument } from './call.js';
import { type Expression, identity, ints, node, type Operand, sliced } from './expression.js';

/** Fourier transforms along axes of known length, as products with matrices of cosines and sines. Complex numbers are pairs of tensors. */

type Pair = readonly [re: Operand, im: Operand];

/** cos or sin of 2π·k/L, exact at quarter turns. */
function circular(f: 'cos' | 'sin', k: number, L: number): number {
  return sineCosine((2 * Math.PI * (k % L)) / L)[f];
}

/** The matrix [rows, columns] of f(2π·row·column/L), each row multiplied by its weight. */
function matrix(rows: number, columns: number, L: number, f: 'cos' | 'sin', weight: (row: number) => number = () => 1): Operand {
  const value = Array.from({ length: rows }, (_, t) => Array.from({ length: columns }, (__, k) => weight(t) * circular(f, t * k, L)));
  return { constant: value };
}

const times = (x: Operand, y: Operand): Expression => node('MatMul', [x, y]);

/** Transforms the last axis, real -> complex. */
function ofReal(x: Operand, rows: number, L: number, bins: number): Pair {
  return [times(x, matrix(rows, bins, L, 'cos')), node('Neg', [times(x, matrix(rows, bins, L, 'sin'))])];
}

/** Transforms the last axis, complex -> complex: Σ x·e^(−2πi·tk/L); the inverse has + in the exponent and divides by L. */
function ofComplex([re, im]: Pair, L: number, inverse: boolean): Pair {
  const [cos, sin] = [matrix(L, L, L, 'cos'), matrix(L, L, L, 'sin')];
  const [a, b] = [times(re, cos), times(im, sin)];
  const [c, d] = [times(im, cos), times(re, sin)];
  const scaled = (x: Expression) => (inverse ? mul(x, number(1 / L)) : x);
  return inverse ? [scaled(sub(a, b)), scaled(add(c, d))] : [add(a, b), sub(c, d)];
}

/** The real and imaginary parts of a complex argument, and its shape. */
function pairOf(call: OperatorCall): { pair: Pair; shape: readonly (number | null)[] } {
  const parts = call.operands(0, 'x');
  if (parts.length !== 2) throw wrongArgument('x', 'a real tensor');
  return { pair: [parts[0], parts[1]], shape: call.shapeOf(0, 'x', 0) };
}

function known(size: number | null | undefined): number {
  if (typeof size !== 'number') throw wrongArgument('x', 'an axis of unknown size');
  return size;
}

function both([re, im]: Pair): Expression {
  const [first, second] = [re, im].map(part => identity(part));
  return { ...first, others: [second] };
}

/** Transforms the last two axes, the last one first. */
const twice =
  (inverse: boolean): Rule =>
  call => {
    const { pair, shape } = pairOf(call);
    const turn = ([re, im]: Pair): Pair => {
      const perm = [...shape.keys()].map(axis => (axis < shape.length - 2 ? axis : 2 * shape.length - 3 - axis));
      return [node('Transpose', [re], { perm }), node('Transpose', [im], { perm })];
    };
    const rows = turn(ofComplex(pair, known(shape.at(-1)), inverse));
    return both(turn(ofComplex(rows, known(shape.at(-2)), inverse)));
  };

const WINDOWS: Readonly<Record<string, readonly [number, number]>> = { hann: [0.5, 0.5], hamming: [0.54, 0.46] };

/** The window, one weight per step of a frame of L, padded with zeros on both sides. */
function windowOf(call: OperatorCall, L: number): number[] {
  const length = call.number(-1, 'sequence_length', L);
  const name = call.given(-1, 'window') ?? null;
  if (name === null) return Array.from({ length: L }, () => 1);
  if (typeof name !== 'string' || !Object.hasOwn(WINDOWS, name)) throw wrongArgument('window', name);
  const [a, b] = WINDOWS[name];
  const before = Math.floor((L - length) / 2);
  const at = (t: number) => (t < 0 || t >= length ? 0 : a - b * circular('cos', t, length));
  return Array.from({ length: L }, (_, t) => at(t - before));
}

/** [.., T] -> real and imaginary parts [.., frames, bins], as a convolution with one filter per bin. */
function shortTime(call: OperatorCall, stride: number, L: number): Pair {
  const shape = call.shape(0, 'x');
  const open = shape.slice(0, -1).filter(n => n === null).length;
  if (open > 1) throw wrongArgument('x', 'several axes of unknown size');
  const x = node('Reshape', [call.float(0, 'x'), ints([-1, 1, call.size(shape.length - 1, 'x')])]);
  const half = Math.floor(L / 2);
  const centred = call.given(-1, 'center') !== false;
  const padded = centred ? node('Pad', [x, ints([0, 0, half, 0, 0, half])], { mode: 'reflect' }) : x;
  const window = windowOf(call, L);
  const bins = half + 1;
  const filters = (f: 'cos' | 'sin') =>
    Array.from({ length: bins }, (_, k) => [
      Array.from({ length: L }, (__, t) => window[t] * (f === 'cos' ? 1 : -1) * circular(f, t * k, L)),
    ]);
  const spectrum = node('Conv', [padded, { constant: [...filters('cos'), ...filters('sin')] }], { kernel_shape: [L], strides: [stride] });
  const part = (first: number) => {
    const rows = node('Transpose', [sliced(spectrum, 1, first, first + bins)], { perm: [0, 2, 1] });
    const frames = Math.floor((call.size(shape.length - 1, 'x') + (centred ? 2 * half : 0) - L) / stride) + 1;
    return shape.length === 2 ? rows : node('Reshape', [rows, ints([...shape.slice(0, -1).map(n => n ?? -1), frames, bins])]);
  };
  return [part(0), part(bins)];
}

export const SPECTRA: Readonly<Record<string, Rule>> = {
  RFFT(call) {
    const axis = call.shape(0, 'x').length - 1;
    const size = call.size(axis, 'x');
    const L = call.number(-1, 'fft_length', size);
    const x = call.float(0, 'x');
    const rows = Math.min(size, L);
    return both(ofReal(rows < size ? sliced(x, axis, 0, rows) : x, rows, L, Math.floor(L / 2) + 1));
  },
  /** Bins that also stand for a conjugate bin count twice. */
  IRFFT(call) {
    const { pair, shape } = pairOf(call);
    const size = known(shape.at(-1));
    const L = call.number(-1, 'fft_length', 2 * (size - 1));
    const rows = Math.min(size, Math.floor(L / 2) + 1);
    const [re, im] = pair.map(part => (rows < size ? sliced(part, shape.length - 1, 0, rows) : part));
    const weight = (k: number) => (k === 0 || 2 * k === L ? 1 : 2) / L;
    return sub(times(re, matrix(rows, L, L, 'cos', weight)), times(im, matrix(rows, L, L, 'sin', weight)));
  },
  FFT(call) {
    const { pair, shape } = pairOf(call);
    return both(ofComplex(pair, known(shape.at(-1)), false));
  },
  FFT2: twice(false),
  IFFT2: twice(true),
  STFT: call => both(shortTime(call, call.number(-1, 'sequence_stride', 1), call.number(-1, 'fft_length', 1))),
};

const f = Math.fround;

/** The mel scale of HTK, in float32 as Keras computes it. */
const mel = (hertz: number) => f(1127 * f(log(f(1 + f(hertz / 700)))));

/** `count` evenly spaced numbers in float32, both ends included. */
function spread(from: number, to: number, count: number): number[] {
  const step = f(f(to - from) / (count - 1));
  return Array.from({ length: count }, (_, i) => (i === count - 1 ? f(to) : f(from + f(step * i))));
}

/** [bins, bands]: the weight of each frequency bin in each mel band, a triangle up to the neighbouring bands; bin 0 has no weight. */
function bands(bins: number, count: number, rate: number, low: number, high: number): number[][] {
  const edges = spread(mel(f(low)), mel(f(high)), count + 2);
  return spread(0, rate / 2, bins).map((hertz, bin) =>
    Array.from({ length: count }, (_, band) => {
      const at = mel(hertz);
      const [lower, centre, upper] = edges.slice(band, band + 3);
      const [up, down] = [f(f(at - lower) / f(centre - lower)), f(f(upper - at) / f(upper - centre))];
      return bin === 0 ? 0 : Math.max(0, Math.min(up, down));
    }),
  );
}

/** The Keras layer MelSpectrogram: [.., T] -> [.., bands, frames]. */
export function melSpectrogram(call: OperatorCall): Expression {
  const L = call.number(-1, 'fft_length', 2048);
  const [re, im] = shortTime(call, call.number(-1, 'sequence_stride', 512), L);
  const size = node('Sqrt', [add(mul(re, re), mul(im, im))]);
  const rate = call.number(-1, 'sampling_rate', 16000);
  const table = bands(
    Math.floor(L / 2) + 1,
    call.number(-1, 'num_mel_bins', 128),
    rate,
    call.number(-1, 'min_freq', 20),
    call.number(-1, 'max_freq', Math.trunc(rate / 2)),
  );
  const y = times(node('Pow', [size, number(call.number(-1, 'mag_exp', 2))]), { constant: table });
  const least = call.number(-1, 'min_power', 1e-10);
  const decibels = (x: Operand) => mul(node('Log', [node('Max', [x, number(least)])]), number(10 / Math.LN10));
  const reference = (10 / Math.LN10) * log(Math.max(Math.abs(call.number(-1, 'ref_power', 1)), least));
  const loud = sub(decibels(y), number(reference));
  const floor = sub(node('ReduceMax', [loud], { keepdims: 0 }), number(call.number(-1, 'top_db', 80)));
  const shown = call.flag(-1, 'power_to_db', true) ? node('Max', [loud, floor]) : y;
  const rank = call.shape(0, 'x').length + 1;
  return node('Transpose', [shown], { perm: [...Array.from({ length: rank - 2 }, (_, i) => i), rank - 1, rank - 2] });
}

import type { WeightShape } from '../../cells/cell.js';
import type { LayerSpec } from '../../model/spec.js';
import { fill } from '../../random/fill.js';
import type { RandomStream } from '../../random/random.js';
import { sizeOf } from '../../tensor/tensor.js';

/** One weight to be drawn, and the layer it belongs to. */
export interface Target {
  readonly layer: LayerSpec;
  readonly weight: WeightShape;
  /** rows of the layer's input kernel; 0 if it has none */
  readonly fanIn: number;
}

/** How a weight gets its first values. */
export interface Initializer {
  readonly name: string;
  /** Values of one weight in C order, drawn from the stream in that order. Doubles: for float32 the caller rounds them. */
  draw(target: Target, stream: RandomStream): Float64Array;
}

/** Values of one matrix of the given shape. */
export type Draw = (shape: readonly number[], stream: RandomStream) => Float64Array;

/** An initializer that draws every kernel and sets biases to zero. */
export function onKernels(name: string, draw: Draw): Initializer {
  return { name, draw: ({ weight }, stream) => (weight.role === 'bias' ? filled(weight.shape, 0) : draw(weight.shape, stream)) };
}

/** An array filled with one value. */
export function filled(shape: readonly number[], value: number): Float64Array {
  return new Float64Array(sizeOf(shape)).fill(value);
}

/** Draws every element separately, in C order. */
export function each(shape: readonly number[], next: () => number): Float64Array {
  return fill(new Float64Array(sizeOf(shape)), next);
}

/** uniform in [−limit, limit), computed as np.random.uniform(-limit, limit) does */
export function uniformWithin(shape: readonly number[], limit: number, stream: RandomStream): Float64Array {
  return each(shape, () => -limit + 2 * limit * stream.uniform());
}

/** Truncated normal: values beyond two deviations are drawn again. The normal is wider by 1/0.8796…, so that the result has the given deviation. */
export function truncatedNormal(shape: readonly number[], deviation: number, stream: RandomStream): Float64Array {
  const wide = deviation / 0.8796256610342398;
  return each(shape, () => {
    for (;;) {
      const value = stream.normal();
      if (value >= -2 && value <= 2) return wide * value;
    }
  });
}

/**
 * Fan-in and fan-out: rows and columns of a matrix [in, out]; a vector counts as both. Concatenated gates count as one wide matrix (Keras). For a
 * convolution [...k, in, out], both are multiplied by the size of the window.
 */
export function fans(shape: readonly number[]): { fanIn: number; fanOut: number } {
  const field = sizeOf(shape.slice(0, -2));
  return { fanIn: field * (shape[shape.length - 2] ?? shape[0]), fanOut: field * shape[shape.length - 1] };
}

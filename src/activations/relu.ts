import type { ElementwiseActivation } from './activation.js';

/** Keras' parameterised ReLU: slope·(x − threshold) up to the threshold, x above it; at most max_value if that is given. */
export const relu: ElementwiseActivation = {
  kind: 'elementwise',
  name: 'relu',
  keras: 'relu',
  torch: 'relu',
  onnx: 'Relu',
  parameters: { negative_slope: 0, max_value: null, threshold: 0 },
  many(x, out) {
    if (x instanceof Float32Array && out instanceof Float32Array) return positive(bitsOf(x), bitsOf(out));
    for (let i = 0; i < x.length; i++) out[i] = Math.max(x[i], 0);
  },
  create({ negative_slope: slope, max_value: most, threshold }) {
    if (slope === 0 && most === null && threshold === 0) return x => Math.max(x, 0);
    const [a, from] = [slope as number, threshold as number];
    if (most === null) return x => (x > from ? x : below(x, from, a));
    return x => (x > from ? Math.min(Math.max(x, 0), most as number) : below(x, from, a));
  },
};

function below(x: number, from: number, slope: number): number {
  return slope === 0 && x <= from ? 0 : slope * (x - from); // no 0·∞; a NaN passes
}

const bitsOf = ({ buffer, byteOffset, length }: Float32Array) => new Int32Array(buffer, byteOffset, length);

/** ReLU on the bits of float32 numbers, without a branch: signs are random, and mispredicted branches would dominate the time. */
function positive(x: Int32Array, out: Int32Array): void {
  for (let i = 0; i < x.length; i++) {
    const bits = x[i];
    out[i] = (bits & 0x7fffffff) > INFINITE ? NOT_A_NUMBER : bits & ~(bits >> 31);
  }
}

const INFINITE = 0x7f800000;
const NOT_A_NUMBER = 0x7fc00000;

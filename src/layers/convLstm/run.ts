import type { ActivationSpec } from '../../activations/activation.js';
import { cellFunction } from '../../activations/index.js';
import { applyTo } from '../../cells/apply.js';
import { flipTime } from '../../tensor/layout.js';
import { type FloatArray, reshape, sizeOf, type Tensor } from '../../tensor/tensor.js';
import { fromLast, lastChannels, toLast } from '../channels.js';
import { convolve } from '../conv/convolve.js';
import { windowsOf } from '../conv/spec.js';
import type { Kernels, LayerResult, Value } from '../layer.js';
import type { Window } from '../window/window.js';
import type { ConvLstmSpec } from './spec.js';

/** Runs a convolutional LSTM over time: x [N, T, …S, C] -> [N, T, …O, F], or the last step only. @param initial h and c [N, …O, F] */
export function run(
  layer: ConvLstmSpec,
  input: Value,
  weights: ReadonlyMap<string, Tensor>,
  kernels: Kernels,
  initial?: readonly Tensor[],
): LayerResult {
  const [N, T, ...rest] = input.tensor.shape;
  const x = toLast(layer, reshape(input.tensor, [N * T, ...rest]));
  const z = convolve(x, weights.get('Wx')!, weights.get('bh'), windowsOf(layer), 1, kernels);
  const space = z.shape.slice(1, -1);
  const F = layer.filters;
  const size = sizeOf(space) * F;
  const shape = [N, ...space, F];
  let [h, c] = initial ? initial.map(t => toLast(layer, t).data.slice()) : [kernels.allocate(N * size), kernels.allocate(N * size)];
  const output = kernels.allocate(N * size);
  const sequence = layer.returnSequences ? kernels.allocate(N * T * size) : undefined;
  const recurrent: Window[] = layer.kernelSize.map(k => ({ size: k, stride: 1, dilation: 1, padding: 'same' }));
  const functions = [layer.recurrentActivation, layer.activation].map(spec => activationIn(layer, spec, [1, ...space, F]));
  for (let s = 0; s < T; s++) {
    const t = layer.goBackwards ? T - 1 - s : s;
    const product = convolve({ shape, data: h }, weights.get('Wh')!, undefined, recurrent, 1, kernels).data;
    const [nextH, nextC] = [h.slice(), c.slice()];
    for (let n = 0; n < N; n++) {
      if (input.mask && input.mask[n * T + t] === 0) {
        if (layer.zeroOutputForMask) output.fill(0, n * size, (n + 1) * size);
        continue;
      }
      const sums = { x: z.data.subarray((n * T + t) * 4 * size), h: product.subarray(n * 4 * size) };
      const [from, to] = [n * size, (n + 1) * size];
      stepOf(sums, F, functions, { c: c.subarray(from, to), nextC: nextC.subarray(from, to), nextH: nextH.subarray(from, to) });
      output.set(nextH.subarray(from, to), from);
    }
    [h, c] = [nextH, nextC];
    if (sequence) for (let n = 0; n < N; n++) sequence.set(output.subarray(n * size, (n + 1) * size), (n * T + t) * size);
  }
  const last = (data: Tensor['data']) => fromLast(layer, { shape, data });
  const states = [last(h), last(c)];
  if (!sequence) return { tensor: last(output), states, others: states };
  const steps = fromLast(layer, { shape: [N * T, ...space, F], data: sequence });
  const inTime = { shape: [N, T, ...steps.shape.slice(1)], data: steps.data };
  return { tensor: layer.goBackwards ? flipTime(inTime) : inTime, states, others: states };
}

/** Computes one step of one sample: x * W + b and h * U, both [...S, 4F], to the new c and h [...S, F]. */
function stepOf(
  { x, h }: Readonly<Record<'x' | 'h', FloatArray>>,
  F: number,
  [sig, act]: readonly ((z: Float64Array) => Float64Array)[],
  { c, nextC, nextH }: Readonly<Record<'c' | 'nextC' | 'nextH', FloatArray>>,
): void {
  const gate = (g: number) =>
    Float64Array.from(c, (_, k) => {
      const at = Math.floor(k / F) * 4 * F + g * F + (k % F);
      return x[at] + h[at];
    });
  const [i, f, g, o] = [sig(gate(0)), sig(gate(1)), act(gate(2)), sig(gate(3))];
  for (let k = 0; k < c.length; k++) nextC[k] = f[k] * c[k] + i[k] * g[k];
  const out = act(Float64Array.from(nextC));
  for (let k = 0; k < c.length; k++) nextH[k] = o[k] * out[k];
}

/** Returns an activation for channels-last numbers, computed in place if possible. A row function works on the last axis of the layer's own layout. */
function activationIn(layer: ConvLstmSpec, spec: ActivationSpec, shape: readonly number[]): (z: Float64Array) => Float64Array {
  const f = cellFunction(spec);
  const along = (z: Float64Array, width: number) => {
    applyTo(f, z, 0, z.length, width);
    return z;
  };
  if (typeof f === 'function' || lastChannels(layer)) return z => along(z, shape[shape.length - 1]);
  return z => {
    const own = fromLast(layer, { shape, data: z });
    const data = along(Float64Array.from(own.data), shape[shape.length - 2]);
    return Float64Array.from(toLast(layer, { shape: own.shape, data }).data);
  };
}

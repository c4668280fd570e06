import type { RecurrenceArgs } from '../layers/layer.js';
import { sliceLast } from '../tensor/layout.js';
import type { FloatArray, Tensor } from '../tensor/tensor.js';

/** How engines read a layer's recurrent weights. */

/**
 * Splits the bias. Two rows [2, G·M] are added up, unless the cell needs the recurrent bias separately (a GRU with the reset after the
 * product).
 * @returns [added to x·Wx, added to h·Wh]
 */
export function biasRows({ cell, options, weights }: RecurrenceArgs): [FloatArray | undefined, FloatArray | undefined] {
  const bias = weights.bias;
  if (!bias || bias.shape.length === 1) return [bias?.data, undefined];
  const width = bias.shape[1];
  const [input, recurrent] = [bias.data.subarray(0, width), bias.data.subarray(width)];
  if (cell.recurrentBiasApart?.(options)) return [input, recurrent];
  return [input.map((v, k) => v + recurrent[k]), undefined];
}

/** Returns a function that gives the columns of gates [from, to) of recurrentKernel [P, G·M]. Each part is copied once per run, not once per step. */
export function columnsOf(recurrentKernel: Tensor, M: number): (from: number, to: number) => Tensor {
  const cuts = new Map<number, Tensor>();
  const gates = recurrentKernel.shape[1] / M;
  return (from, to) => {
    if (from === 0 && to === gates) return recurrentKernel;
    const key = from * (gates + 1) + to;
    const cut = cuts.get(key) ?? sliceLast(recurrentKernel, from * M, to * M);
    cuts.set(key, cut);
    return cut;
  };
}

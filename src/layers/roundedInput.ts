import { RnnError } from '../errors.js';
import type { GraphBuilder } from '../formats/onnx/builder.js';
import { halfToEven } from '../numerics/halfToEven.js';
import { permuteAxes } from '../tensor/axes.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Json } from './kerasConfig.js';

/**
 * Keras' int8 layers quantise each row of their input to −127 … 127 with a scale of its own. LoRA adds a product with the unrounded input to
 * such a layer, so its weight cannot be added to the kernel and is kept separately.
 */

/** Keras adds this to the largest magnitude of a row, which may be 0. */
const LEAST = 1e-7;
const LARGEST = 127;

export function roundsInput({ dtype, quantization_config }: Json): boolean {
  const { mode } = ((dtype as { config?: Json } | null | undefined)?.config ?? {}) as Json;
  if (mode !== 'int8') return false;
  const { config } = (quantization_config ?? {}) as { config?: Json };
  return config?.activation_quantizer !== null;
}

/** The fields of a layer that record this. */
export function roundedFields(config: Json): { roundedInput?: true; lora?: true } {
  if (!roundsInput(config)) return {};
  return { roundedInput: true, ...(typeof config.lora_rank === 'number' ? { lora: true } : {}) };
}

/** Adds a tensor of the same shape, in place. */
export function addTo({ data }: Tensor, added: Tensor): void {
  for (let k = 0; k < data.length; k++) data[k] += added.data[k];
}

/** Quantises and dequantises x. @param axes that make up a row */
export function rounded(x: Tensor, axes: readonly number[]): Tensor {
  const others = [...x.shape.keys()].filter(axis => !axes.includes(axis));
  const order = [...others, ...axes];
  if (order.every((axis, i) => axis === i)) return roundedRows(x, axes.length);
  const back = order.map((_, axis) => order.indexOf(axis));
  return permuteAxes(roundedRows(permuteAxes(x, order), axes.length), back);
}

/** @param count how many of the last axes make up a row */
function roundedRows({ shape, data }: Tensor, count: number): Tensor {
  const width = shape.slice(shape.length - count).reduce((n, d) => n * d, 1);
  const out = data.slice();
  const single = data instanceof Float32Array ? Math.fround : (v: number) => v;
  for (let start = 0; start < data.length; start += width) {
    let largest = 0;
    for (let i = start; i < start + width; i++) largest = Math.max(largest, Math.abs(data[i]));
    const scale = single(LARGEST / single(largest + LEAST));
    for (let i = start; i < start + width; i++) out[i] = Math.min(LARGEST, Math.max(-LARGEST, halfToEven(single(data[i] * scale)))) / scale;
  }
  return { shape, data: out };
}

export function roundedOnnx(name: string, x: string, builder: GraphBuilder, axes: readonly number[]): string {
  const number = (value: number) => builder.constant(`${name}.number`, { shape: [], data: Float64Array.of(value) });
  const add = (op: string, inputs: string[], attributes = {}) => builder.add(op, inputs, attributes, name);
  const largest = add('ReduceMax', [add('Abs', [x])], { axes: { type: 'ints', value: axes.map(BigInt) } });
  const scale = add('Div', [number(LARGEST), add('Add', [largest, number(LEAST)])]);
  return add('Div', [add('Clip', [add('Round', [add('Mul', [x, scale])]), number(-LARGEST), number(LARGEST)]), scale]);
}

/** Refuses to write an int8 layer where that is not supported. @throws RnnError E_INT8 */
export function refuseRounded({ roundedInput }: { readonly roundedInput: boolean }, what: string, fix: string): void {
  if (roundedInput) throw new RnnError('unsupported', 'E_INT8', what, { fix });
}

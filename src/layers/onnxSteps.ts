import { int } from '../formats/onnx/builder.js';
import { ONNX_TYPES } from '../formats/onnx/types.js';
import type { NodeBuilder } from './facets.js';

/** ONNX nodes for masks and time steps. */

export function cast(builder: NodeBuilder, x: string, type: 'f32' | 'i32' | 'i64' | 'bool', name: string): string {
  return builder.add('Cast', [x], { to: int(ONNX_TYPES[type]) }, name);
}

/** Adds a float constant. */
export function number(builder: NodeBuilder, value: number, name: string): string {
  return builder.constant(`${name}.number`, { shape: [], data: Float64Array.of(value) });
}

/** Reshapes a mask [N, T] to [N, T, 1 …], to broadcast over a value of `rank` axes. */
export function lifted(builder: NodeBuilder, mask: string, rank: number, name: string): string {
  const axes = Array.from({ length: rank - 2 }, (_, i) => i + 2);
  return axes.length === 0 ? mask : builder.add('Unsqueeze', [mask, builder.integers(axes)], {}, `${name}/mask`);
}

/** x where the mask is true, else 0. @param mask broadcasts over x */
export function zeroedOutside(builder: NodeBuilder, mask: string, x: string, name: string): string {
  return builder.add('Where', [mask, x, number(builder, 0, name)], {}, `${name}/masked`);
}

/** Reverses the steps of [N, T, …]. */
export function flipped(builder: NodeBuilder, x: string, name: string): string {
  const [start, end, axis, step] = [[-1], [-(2 ** 31)], [1], [-1]].map(v => builder.integers(v));
  return builder.add('Slice', [x, start, end, axis, step], {}, name);
}

import { wordOf } from '../../escape.js';
import { equationOf } from '../../layers/einsum/equation.js';
import type { Json } from '../../layers/kerasConfig.js';
import { exactSize } from '../../tensor/tensor.js';
import { QUANTIZED } from './layers.js';

/** What Keras stores instead of a kernel [rows, columns] with 8 or 4 bits per number, as counted by its summary. */

export interface StoredWeight {
  readonly count: bigint;
  /** bytes per number; null: those of the layer's own dtype */
  readonly bytes: number | null;
}

/** The quantisation of a layer whose policy is int8 or int4. */
export interface Quantization {
  readonly mode: 'int8' | 'int4';
  /** the kernel's shape -> rows (the summed axes) and columns */
  readonly matrix: (kernel: readonly number[]) => readonly [rows: bigint, columns: bigint];
  /** whether there is one scale per row, as in an Embedding */
  readonly byRow: boolean;
  /** number of rows (of an Embedding: columns) that share a scale and a zero point; null: all of them, without a zero point */
  readonly block: number | null;
}

/** @param kernel its shape before quantisation */
export function storedWeights({ mode, matrix, byRow, block }: Quantization, kernel: readonly number[]): StoredWeight[] {
  const [rows, columns] = matrix(kernel);
  const packed = { count: mode === 'int8' ? rows * columns : rows * half(columns), bytes: 1 };
  const [single, shared] = byRow ? [rows, columns] : [columns, rows];
  if (mode === 'int8' || block === null) return [packed, { count: single, bytes: null }];
  const scales = single * ((shared + BigInt(block) - 1n) / BigInt(block));
  return [packed, { count: scales, bytes: null }, { count: scales, bytes: 1 }, { count: shared, bytes: 4 }];
}

/** Bytes for numbers of 4 bits, two per byte. */
function half(count: bigint): bigint {
  return (count + 1n) / 2n;
}

/** The mode of a policy: 'int8', 'int4', or 'int4/128' if 128 rows share a scale; '' for any other policy */
export function policyMode(dtype: unknown): string {
  return wordOf((dtype as { config?: Json } | null | undefined)?.config?.mode);
}

export const POLICY = /^(int8|int4)(?:\/(-?\d+))?$/;

/** The quantisation of a Dense, EinsumDense or Embedding layer; null if it is not quantised */
export function quantizationOf(className: string, config: Json): Quantization | null {
  const [, name, size] = POLICY.exec(policyMode(config.dtype)) ?? [];
  if (name === undefined || !QUANTIZED.has(className)) return null;
  const { block_size = size } = ((config.quantization_config as { config?: Json } | null | undefined)?.config ?? {}) as Json;
  const block = Number(block_size ?? -1);
  return {
    mode: name as 'int8' | 'int4',
    matrix: className === 'EinsumDense' ? einsumMatrix(wordOf(config.equation)) : ([rows, columns]) => [BigInt(rows), BigInt(columns)],
    byRow: className === 'Embedding',
    block: block > 0 ? block : null,
  };
}

function einsumMatrix(equation: string): Quantization['matrix'] {
  const [input] = equation.split(/,|->/);
  const letters = equationOf(equation, input.replace(/\W/g, '').length);
  return kernel => {
    const isSummed = (_: number, axis: number) => !letters.output.includes(letters.kernel[axis]);
    const summed = exactSize(kernel.filter(isSummed));
    return [summed, exactSize(kernel) / summed];
  };
}

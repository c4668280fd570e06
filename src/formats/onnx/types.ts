import type { DType } from '../format.js';

/** The plain numbers of TensorProto.DataType in onnx.proto. */
// biome-ignore format: a table
export const ONNX_DTYPES: ReadonlyMap<number, DType> = new Map([
  [1, 'f32'], [2, 'u8'], [3, 'i8'], [4, 'u16'], [5, 'i16'], [6, 'i32'], [7, 'i64'], [9, 'bool'], [10, 'f16'], [11, 'f64'], [12, 'u32'],
  [13, 'u64'], [16, 'bf16'],
]);

/** The inverse: ONNX's number of each dtype. */
export const ONNX_TYPES = Object.fromEntries([...ONNX_DTYPES].map(([number, dtype]) => [dtype, number])) as Readonly<Record<DType, number>>;

/** float16 and bfloat16 */
export function isHalf(dtype: DType | null | undefined): boolean {
  return dtype === 'f16' || dtype === 'bf16';
}

/** Types that exist but are not read: string, complex64, complex128, 8-bit floats, and floats and integers of fewer bits. */
export const OTHER_DTYPES: ReadonlySet<number> = new Set([8, 14, 15, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26]);

/** AttributeProto.AttributeType. */
export const ATTRIBUTE_TYPES = { float: 1, int: 2, string: 3, tensor: 4, graph: 5, floats: 6, ints: 7, strings: 8 } as const;

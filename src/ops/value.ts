import { RnnError } from '../errors.js';
import type { DType } from '../formats/format.js';
import type { OnnxTensor } from '../formats/onnx/graph.js';
import { copyStrided, permuteAxes, stridesOf } from '../tensor/axes.js';
import { load } from '../tensor/lazy.js';
import {
  allocate,
  exactSize,
  type FloatArray,
  formatShape,
  type IntegerType,
  type Precision,
  precisionOf,
  type Tensor,
} from '../tensor/tensor.js';
import { claim } from './room.js';

export { stridesOf } from '../tensor/axes.js';

/**
 * A value of an ONNX graph. Floating point numbers have the engine's precision; integers and booleans are stored as doubles (exact up to 2^53,
 * which no shape or index reaches) and are distinguished because division and Cast treat them differently.
 */
export interface GraphValue extends Tensor {
  readonly kind: NonNullable<Tensor['kind']>;
  /** the tensors of a sequence: see sequences.ts */
  readonly items?: readonly GraphValue[];
}

/** Allocates zeros of a shape that a graph requests. @throws RnnError E_MEMORY (limit), E_ONNX_SHAPE for negative sizes */
export function allocateShape(shape: readonly number[], kind: GraphValue['kind'], precision: Precision): FloatArray {
  if (shape.some(n => !Number.isSafeInteger(n) || n < 0))
    throw shapeError('a shape has a size that is not a whole number from 0', formatShape(shape));
  const stored = kind === 'float' ? precision : 'f64';
  const size = exactSize(shape);
  claim(size * (stored === 'f32' ? 4n : 8n), shape);
  return allocate(Number(size), stored);
}

export function ints(values: readonly number[]): GraphValue {
  return { kind: 'int', shape: [values.length], data: Float64Array.from(values) };
}

/** Converts a constant of the file to a value in the engine's precision. @throws RnnError E_ONNX_TYPE */
export function fromOnnx(t: OnnxTensor, precision: Precision): GraphValue {
  switch (t.dtype) {
    case null:
      throw new RnnError('unsupported', 'E_ONNX_TYPE', 'the tensor has an element type that is not supported', {
        expected: 'floats, integers or booleans',
      });
    case 'f16':
    case 'bf16':
    case 'f32':
    case 'f64':
      return floats(t, precision);
    case 'bool':
      return { kind: 'bool', shape: t.shape, data: Float64Array.from(t.data as FloatArray) };
    default:
      return {
        kind: 'int',
        type: t.dtype,
        shape: t.shape,
        data: t.data instanceof BigInt64Array ? saturated(t.data) : Float64Array.from(t.data),
      };
  }
}

/** A constant of floats; numbers in a file are read on demand. */
function floats(t: OnnxTensor, precision: Precision): GraphValue {
  if (!t.load) return { kind: 'float', shape: t.shape, data: inPrecision(t.data as FloatArray, precision) };
  let kept: FloatArray | undefined;
  const value = {
    kind: 'float',
    shape: t.shape,
    get data() {
      // reading `data` makes the constant keep the numbers, too, since every run of the graph recreates this value
      kept ??= inPrecision(t.data as FloatArray, precision);
      return kept;
    },
  } as const;
  const read = () => inPrecision(load(t) as FloatArray, precision);
  const { part } = t as Tensor;
  const some = precisionOf(t as Tensor) === precision ? part : undefined;
  return Object.defineProperties(value, { load: { value: read }, part: { value: some }, precision: { value: precision } });
}

function inPrecision(data: FloatArray, precision: Precision): FloatArray {
  if (precision === 'f32') return data instanceof Float32Array ? data : Float32Array.from(data);
  return data instanceof Float64Array ? data : Float64Array.from(data);
}

/** Limits integers to ±(2^53 − 1). 2^63 − 1 means 'to the end', and so does any number beyond all sizes. */
function saturated(data: BigInt64Array): Float64Array {
  const most = BigInt(Number.MAX_SAFE_INTEGER);
  return Float64Array.from(data, v => Number(v > most ? most : v < -most ? -most : v));
}

export function isInteger(type: string): type is IntegerType {
  return /^[iu]\d/.test(type);
}

/** Returns the kind of a type's numbers; 'float' for an unknown type. */
export function kindOfType(type: DType | null | undefined): GraphValue['kind'] {
  return type === 'bool' ? 'bool' : isInteger(type ?? '') ? 'int' : 'float';
}

/** Wraps an integer around to the range of an integer type. */
export function wrapped(value: bigint, type: IntegerType): number {
  return Number((type.startsWith('u') ? BigInt.asUintN : BigInt.asIntN)(Number(type.slice(1)), value));
}

/** Wraps a computed integer to its type. @throws RnnError E_ONNX_TYPE (unsupported) for 64-bit integers beyond 2^53, which are not exact here */
export function wrapComputed(v: number, type: IntegerType = 'i64'): number {
  const reach = type.endsWith('64') ? 2 ** 53 : 2 ** (Number(type.slice(1)) - (type.startsWith('u') ? 0 : 1));
  if ((v < reach && v >= (type.startsWith('u') ? 0 : -reach)) || !Number.isFinite(v) || Math.abs(v) === 2 ** 53) return v;
  if (!type.endsWith('64')) return wrapped(BigInt(Math.trunc(v)), type);
  throw new RnnError('unsupported', 'E_ONNX_TYPE', 'an integer is beyond 2^53, where a double is no longer exact', {
    expected: `${type === 'u64' ? '0' : '−2^53'} to 2^53`,
    found: String(v),
    fix: '--engine onnxruntime computes with 64 bits',
  });
}

/** @returns E_ONNX_SHAPE */
export function shapeError(message: string, found: string, expected?: string): RnnError {
  return new RnnError('shape', 'E_ONNX_SHAPE', message, { expected, found });
}

/** Returns the axis counted from the front; a negative one counts from the end. @throws RnnError E_ONNX_SHAPE if there is no such axis */
export function axisOf(axis: number, rank: number): number {
  const at = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(at) || at < 0 || at >= rank)
    throw shapeError(`there is no axis ${axis}`, `rank ${rank}`, `an axis from ${-rank} to ${rank - 1}`);
  return at;
}

/** See copyStrided. */
export function gatherStrided(value: GraphValue, shape: readonly number[], strides: readonly number[], start = 0): GraphValue {
  const out = allocateShape(shape, value.kind, value.data instanceof Float32Array ? 'f32' : 'f64');
  return { kind: value.kind, type: value.type, shape, data: copyStrided(value.data, shape, strides, start, out) };
}

/** Axis `order[i]` of a value becomes axis i. */
export function inOrder({ kind, type, shape, data }: GraphValue, order: readonly number[]): GraphValue {
  return { kind, type, ...permuteAxes({ shape, data }, order) };
}

/** NumPy's rule: sizes from the right, 1 stretches. @throws RnnError E_ONNX_SHAPE */
export function broadcastShape(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a[a.length - rank + i] ?? 1;
    const y = b[b.length - rank + i] ?? 1;
    if (x !== y && x !== 1 && y !== 1)
      throw shapeError('these shapes cannot be broadcast together', `${formatShape(a)} and ${formatShape(b)}`, 'equal sizes, or 1');
    return x === 1 ? y : x;
  });
}

/** Broadcasts a value to a shape by the same rule. @throws RnnError E_ONNX_SHAPE if it does not fit */
export function broadcastTo(value: GraphValue, shape: readonly number[]): GraphValue {
  if (value.shape.length === shape.length && value.shape.every((n, i) => n === shape[i])) return value;
  const lead = shape.length - value.shape.length;
  if (lead < 0 || value.shape.some((n, i) => n !== 1 && n !== shape[lead + i]))
    throw shapeError(
      'the value cannot be broadcast to the required shape',
      formatShape(value.shape),
      `${formatShape(shape)}, with any of its sizes 1`,
    );
  const own = stridesOf(value.shape);
  const strides = shape.map((_, i) => (i < lead || value.shape[i - lead] === 1 ? 0 : own[i - lead]));
  return gatherStrided(value, shape, strides);
}

/**
 * Returns the sizes of an axis cut into equal pieces; from operator set 18 on the last may be smaller.
 * @throws RnnError E_ONNX_SHAPE if one would be empty, or smaller in an older set
 */
export function equalPieces(whole: number, pieces: number, opset: number): number[] {
  const each = Math.ceil(whole / pieces);
  if (opset < 18 ? each * pieces === whole : whole === 0 || (pieces - 1) * each < whole)
    return Array.from({ length: pieces }, (_, i) => Math.min(each, whole - i * each));
  const expected = opset < 18 ? `a multiple of ${pieces}` : 'only the last piece smaller, and none empty';
  throw shapeError(`an axis of ${whole} cannot be cut into ${pieces} equal pieces`, String(whole), expected);
}

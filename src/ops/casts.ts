import { RnnError } from '../errors.js';
import { bf16ToNumber, f16ToNumber, numberToBf16, numberToF16 } from '../formats/bytes/half.js';
import type { DType } from '../formats/format.js';
import { ONNX_DTYPES } from '../formats/onnx/types.js';
import { floatOf, intOf, intsOf, tensorOf } from './attributes.js';
import { type Call, need } from './operator.js';
import { allocateShape, fromOnnx, type GraphValue, isInteger, shapeError, wrapped } from './value.js';

/** Returns the tensor, number or list of a Constant node. @throws RnnError E_ONNX_SHAPE if it has none */
export function constant({ node, kernels }: Call): GraphValue {
  const t = tensorOf(node, 'value');
  if (t) return fromOnnx(t, kernels.precision);
  const float = floatOf(node, 'value_float');
  if (float !== undefined) return { kind: 'float', shape: [], data: allocateShape([], 'float', kernels.precision).fill(float) };
  const int = intOf(node, 'value_int');
  if (int !== undefined) return { kind: 'int', shape: [], data: Float64Array.of(int) };
  const list = intsOf(node, 'value_ints');
  if (list) return { kind: 'int', shape: [list.length], data: Float64Array.from(list) };
  const floats = node.attributes.get('value_floats');
  if (floats?.type !== 'floats') throw shapeError('a Constant has no value', 'nothing', 'value');
  const data = allocateShape([floats.value.length], 'float', kernels.precision);
  data.set(floats.value);
  return { kind: 'float', shape: [floats.value.length], data };
}

/** @throws RnnError E_ONNX_TYPE for a type that is not supported */
export function cast(call: Call): GraphValue {
  const to = intOf(call.node, 'to') ?? 0;
  return castTo(call, need(call, 0), ONNX_DTYPES.get(to), `type ${to}`);
}

/** Casts x. Integers wrap around in a type that is too narrow. */
function castTo(call: Call, x: GraphValue, type: DType | undefined, shown: string): GraphValue {
  const { shape } = x;
  if (!type)
    throw new RnnError('unsupported', 'E_ONNX_TYPE', `Cast to ${shown} is not supported`, { expected: 'floats, integers, booleans' });
  if (type === 'bool') return { kind: 'bool', shape, data: Float64Array.from(x.data, v => (v === 0 ? 0 : 1)) };
  if (isInteger(type)) {
    const narrow = (v: number) => (!type.endsWith('64') && Number.isFinite(v) ? wrapped(BigInt(v), type) : v);
    return { kind: 'int', type, shape, data: Float64Array.from(x.data, v => narrow(Math.trunc(v))) };
  }
  const data = allocateShape(shape, 'float', call.kernels.precision);
  if (type === 'f16') data.set(x.data.map(v => f16ToNumber(numberToF16(v))));
  else if (type === 'bf16') data.set(x.data.map(v => bf16ToNumber(numberToBf16(v))));
  else data.set(x.data);
  return { kind: 'float', shape, data };
}

/** A cast to the type of the second input; a float stays a float32. */
export function castLike(call: Call): GraphValue {
  const like = need(call, 1);
  const type = like.kind === 'float' ? 'f32' : like.kind === 'bool' ? 'bool' : (like.type ?? 'i64');
  return castTo(call, need(call, 0), type, 'another type');
}

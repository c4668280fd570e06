import { RnnError } from '../errors.js';
import { textOf } from './attributes.js';
import { type Call, need, type Operator, type Operators, plain } from './operator.js';
import { broadcastShape, broadcastTo, type GraphValue, wrapped } from './value.js';

/** Operators on the bits of integers, in their own type (signed 64-bit if it is unknown). */
export const BITS: Operators = {
  BitShift: plain(shifted, ['direction']),
  BitwiseAnd: together((a, b) => a & b),
  BitwiseOr: together((a, b) => a | b),
  BitwiseXor: together((a, b) => a ^ b),
  BitwiseNot: plain(call => onBits(call, [need(call, 0)], a => ~a)),
};

function together(f: (a: bigint, b: bigint) => bigint): Operator {
  return plain(call => onBits(call, [need(call, 0), need(call, 1)], f));
}

/** BitShift. Bits beyond the width of the type are lost; a shift by the whole width or more, or by a negative number, leaves 0, or −1 for a negative number shifted right. */
function shifted(call: Call): GraphValue {
  const left = textOf(call.node, 'direction') === 'LEFT';
  const sign = (a: bigint) => (!left && a < 0n ? -1n : 0n);
  return onBits(call, [need(call, 0), need(call, 1)], (a, b) => (b < 0n || b >= 64n ? sign(a) : left ? a << b : a >> b));
}

/** @throws RnnError E_ONNX_TYPE for numbers that are not whole */
function onBits(call: Call, values: readonly GraphValue[], f: (a: bigint, b: bigint) => bigint): GraphValue {
  if (values.some(v => v.kind !== 'int'))
    throw new RnnError('format', 'E_ONNX_TYPE', `${call.node.opType} needs integers`, { expected: 'integers', found: values[0].kind });
  const shape = values.map(v => v.shape).reduce(broadcastShape);
  const [a, b = a] = values.map(v => broadcastTo(v, shape).data);
  const type = values.find(v => v.type)?.type ?? 'i64';
  const data = Float64Array.from(a, (v, k) => wrapped(f(BigInt(v), BigInt(b[k])), type));
  return { kind: 'int', type, shape, data };
}

import { type Call, need, type Operator, plain } from './operator.js';
import { allocateShape, broadcastShape, broadcastTo, type GraphValue, wrapComputed, wrapped } from './value.js';

/** Elementwise operators, from functions of one or two numbers. */

/** Applies f to every element; the type stays the same. */
export function unary(x: GraphValue, { kernels }: Call, f: (v: number) => number): GraphValue {
  const data = allocateShape(x.shape, x.kind, kernels.precision);
  const whole = x.kind === 'int';
  for (let k = 0; k < data.length; k++) data[k] = whole ? wrapComputed(f(x.data[k]), x.type) : f(x.data[k]);
  return { kind: x.kind, type: x.type, shape: x.shape, data };
}

/** The operator that applies f to every element. */
export function each(f: (v: number) => number): Operator {
  return plain(call => unary(need(call, 0), call, f));
}

/** The operator that applies f to the elements of two inputs. */
export function binary(f: (a: number, b: number) => number): Operator {
  return plain(call => combine(call, f));
}

/** Applies f to the elements of both inputs, which are broadcast. The result of integers is wrapped to their type (`held`). */
export function combine(call: Call, f: (a: number, b: number) => number, kind?: GraphValue['kind']): GraphValue {
  const [a, b] = [need(call, 0), need(call, 1)];
  const shape = broadcastShape(a.shape, b.shape);
  const [left, right] = [broadcastTo(a, shape), broadcastTo(b, shape)];
  const kinds = [a.kind, b.kind];
  const joined = kind ?? (kinds.includes('float') ? 'float' : kinds.includes('int') ? 'int' : 'bool');
  const data = allocateShape(shape, joined, call.kernels.precision);
  for (let k = 0; k < data.length; k++) data[k] = f(left.data[k], right.data[k]);
  if (joined !== 'int') return { kind: joined, shape, data };
  const type = a.type ?? b.type;
  const product = call.node.opType === 'Mul' && type?.endsWith('32') ? type : undefined;
  for (let k = 0; k < data.length; k++)
    data[k] =
      product && Math.abs(data[k]) > 2 ** 53 ? wrapped(BigInt(left.data[k]) * BigInt(right.data[k]), product) : wrapComputed(data[k], type);
  return { kind: joined, type, shape, data };
}

/** The comparison f of two inputs, with a boolean result. */
export function compared(f: (a: number, b: number) => boolean): Operator {
  return plain(call => combine(call, (a, b) => (f(a, b) ? 1 : 0), 'bool'));
}

/** Folds all inputs with f, from the left. */
export function fold(call: Call, f: (a: number, b: number) => number): GraphValue {
  return call.inputs.slice(1).reduce<GraphValue>((sum, _, i) => combine({ ...call, inputs: [sum, need(call, i + 1)] }, f), need(call, 0));
}

import { add, choose, div, less, mul, number, sub } from './arithmetic.js';
import { of, type Rule } from './call.js';
import { type Expression, node, type Operand } from './expression.js';

/** Functions that ONNX has no operator for, composed of those it has. */

/** The remainder with the sign of the divisor, as in Python: fmod, plus the divisor if the signs differ. */
export function modulo(x: Operand, y: Operand): Expression {
  const rest = node('Mod', [x, y], { fmod: 1 });
  return choose(less(mul(rest, y), number(0)), add(rest, y), rest);
}

export const ln2 = Math.LN2;

/** log(exp(a) + exp(b)), with the larger one factored out so that exp cannot overflow */
export function logAddExp(a: Operand, b: Operand): Expression {
  return add(node('Max', [a, b]), node('Softplus', [node('Neg', [node('Abs', [sub(a, b)])])]));
}

/** `precise` where |x| < 1/2, where 1 + x and eˣ − 1 would lose the digits of a small x; elsewhere `plain`. */
const nearZero = (x: Operand, precise: Expression, plain: Expression): Expression =>
  choose(less(node('Abs', [x]), number(0.5)), precise, plain);

/** 2·atanh(x/(2 + x)) */
export function log1p(x: Operand): Expression {
  return nearZero(x, mul(node('Atanh', [div(x, add(x, number(2)))]), number(2)), node('Log', [add(x, number(1))]));
}

/** 2t/(1 − t) with t = tanh(x/2) */
export function expm1(x: Operand): Expression {
  const t = node('Tanh', [mul(x, number(0.5))]);
  return nearZero(x, div(mul(t, number(2)), sub(number(1), t)), sub(node('Exp', [x]), number(1)));
}

export const pi = Math.PI;

/** Whether x is below 0 or −0 (whose reciprocal is −∞). */
export const isNegative = (x: Operand): Expression => node('Or', [less(x, number(0)), less(node('Reciprocal', [x]), number(0))]);

/** atan2: atan(y/x) for x > 0, ±π from it for x < 0. The signs of zeros count, and two infinities give a multiple of π/4. */
export function arctan2(y: Operand, x: Operand): Expression {
  const infinite = node('And', [node('IsInf', [y]), node('IsInf', [x])]);
  const arc = node('Atan', [choose(infinite, mul(node('Sign', [y]), node('Sign', [x])), div(y, x))]);
  const turn = choose(isNegative(y), number(-pi), number(pi));
  const quarter = choose(less(y, number(0)), number(-pi / 2), number(pi / 2));
  const upright = choose(node('Equal', [y, number(0)]), choose(isNegative(x), turn, y), quarter);
  return choose(less(number(0), x), arc, choose(less(x, number(0)), add(arc, turn), upright));
}

export const noNumber = (x: Operand): Expression => node('IsNaN', [x]);

/** c_n·xⁿ + … + c_0 */
function polynomial(x: Operand, [highest, ...rest]: readonly number[]): Operand {
  return rest.reduce<Operand>((sum, c) => add(mul(sum, x), number(c)), number(highest));
}

/**
 * The inverse of erf: the normal quantile of Wichura (1988, AS 241) at p = (x + 1)/2, divided by √2. The central formula holds for |x| ≤
 * 0.85; the tails as far as 1 − |x| is a positive float32.
 */
export const inverseErf: Rule = of(x => {
  const q = mul(x, number(0.5));
  const near = sub(number(0.180625), mul(q, q));
  const middle = mul(q, div(polynomial(near, AS241.near), polynomial(near, AS241.nearBelow)));
  const far = node('Sqrt', [node('Neg', [node('Log', [mul(sub(number(1), node('Abs', [x])), number(0.5))])])]);
  const tail = (from: number, above: readonly number[], below: readonly number[]) => {
    const r = sub(far, number(from));
    return mul(node('Sign', [x]), div(polynomial(r, above), polynomial(r, below)));
  };
  const outside = choose(less(far, number(5)), tail(1.6, AS241.far, AS241.farBelow), tail(5, AS241.end, AS241.endBelow));
  const end = node('Equal', [node('Abs', [x]), number(1)]);
  const inside = choose(less(number(0.85), node('Abs', [x])), outside, middle);
  return choose(end, div(x, number(0)), mul(inside, number(Math.SQRT1_2)));
});

// biome-ignore format: tables
const AS241 = {
  near: [2509.0809287301227, 33430.57558358813, 67265.7709270087, 45921.95393154987, 13731.69376550946, 1971.5909503065513, 133.14166789178438, 3.3871328727963665],
  nearBelow: [5226.495278852854, 28729.085735721943, 39307.89580009271, 21213.794301586597, 5394.196021424751, 687.1870074920579, 42.31333070160091, 1],
  far: [0.0007745450142783414, 0.022723844989269184, 0.2417807251774506, 1.2704582524523684, 3.6478483247632045, 5.769497221460691, 4.630337846156546, 1.4234371107496835],
  farBelow: [1.0507500716444169e-9, 0.0005475938084995345, 0.015198666563616457, 0.14810397642748008, 0.6897673349851, 1.6763848301838038, 2.053191626637759, 1],
  end: [2.0103343992922881e-7, 2.7115555687434876e-5, 0.0012426609473880784, 0.026532189526576124, 0.29656057182850487, 1.7848265399172913, 5.463784911164114, 6.657904643501103],
  endBelow: [2.0442631033899397e-15, 1.421511758316446e-7, 1.8463183175100548e-5, 0.0007868691311456133, 0.014875361290850615, 0.1369298809227358, 0.599832206555888, 1],
} as const;

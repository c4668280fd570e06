import { mul, sub } from './arithmetic.js';
import { type Rule, wholeNumbers, wrongArgument } from './call.js';
import { ints, node } from './expression.js';

/** Products of matrices and tensors. */
const matmul: Rule = call => node('MatMul', [call.float(0, 'x1'), call.float(1, 'x2')]);

/** The outer product of both arguments, flattened. */
const outer: Rule = call =>
  mul(node('Reshape', [call.float(0, 'x1'), ints([-1, 1])]), node('Reshape', [call.float(1, 'x2'), ints([1, -1])]));

const vdot: Rule = call =>
  node('ReduceSum', [mul(node('Reshape', [call.float(0, 'x1'), ints([-1])]), node('Reshape', [call.float(1, 'x2'), ints([-1])]))], {
    keepdims: 0,
  });

export const PRODUCTS: Readonly<Record<string, Rule>> = {
  Matmul: matmul,
  /**
   * NumPy's dot. A vector on the right sums over the last axis of x1; otherwise the last axis of x1 and the last but one of x2 are summed.
   */
  Dot(call) {
    if (call.shape(1, 'x2').length > 2) throw wrongArgument('x2', 'a tensor of more than two axes');
    return matmul(call);
  },
  Einsum(call) {
    const equation = String(call.given(-1, 'subscripts') ?? '').replace(/\s/g, '');
    if (!/^[a-zA-Z.]+(,[a-zA-Z.]+)*->[a-zA-Z.]*$/.test(equation)) throw wrongArgument('subscripts', equation);
    return node('Einsum', call.operands(0, 'operands'), { equation });
  },
  Outer: outer,
  /** Sums over pairs of axes: n means the last n of x1 and the first n of x2; or two lists of axes. */
  Tensordot(call) {
    const [p, q] = [call.shape(0, 'x1').length, call.shape(1, 'x2').length];
    const given = call.given(-1, 'axes') ?? 2;
    const lists = Array.isArray(given) ? given.map(a => wholeNumbers(a, 'axes')) : undefined;
    if (lists && (lists.length !== 2 || lists[0].length !== lists[1].length)) throw wrongArgument('axes', given);
    const n = lists ? 0 : call.number(-1, 'axes', 2);
    const [first, second] = lists ?? [Array.from({ length: n }, (_, i) => p - n + i), Array.from({ length: n }, (_, i) => i)];
    const a = Array.from({ length: p }, (_, i) => String.fromCharCode(97 + i));
    const b = Array.from({ length: q }, (_, i) => String.fromCharCode(97 + p + i));
    const summed = first.map((axis, k) => {
      const letter = a[axis < 0 ? axis + p : axis];
      b[second[k] < 0 ? second[k] + q : second[k]] = letter;
      return letter;
    });
    const kept = [...a, ...b].filter(letter => !summed.includes(letter));
    return node('Einsum', [call.float(0, 'x1'), call.float(1, 'x2')], { equation: `${a.join('')},${b.join('')}->${kept.join('')}` });
  },
  /** Sums over the last axes of both. */
  Inner(call) {
    const rank = call.shape(1, 'x2').length;
    if (rank > 2) throw wrongArgument('x2', 'a tensor of more than two axes');
    const x2 = call.float(1, 'x2');
    return node('MatMul', [call.float(0, 'x1'), rank === 2 ? node('Transpose', [x2], { perm: [1, 0] }) : x2]);
  },
  Vdot: vdot,
  /** The cross product of vectors of size 3 along the last axis. */
  Cross(call) {
    for (const name of ['axisa', 'axisb', 'axisc', 'axis'])
      if (![-1, undefined, null].includes(call.given(-1, name) as number)) throw wrongArgument(name, call.given(-1, name) ?? null);
    for (const i of [0, 1])
      if (call.shape(i, `x${i + 1}`).slice(-1)[0] !== 3) throw wrongArgument(`x${i + 1}`, 'vectors that do not have size 3');
    const turned = (i: number, order: number[]) => node('Gather', [call.float(i, `x${i + 1}`), ints(order)], { axis: -1 });
    const product = (a: number[], b: number[]) => mul(turned(0, a), turned(1, b));
    return sub(product([1, 2, 0], [2, 0, 1]), product([2, 0, 1], [1, 2, 0]));
  },
  /** The distance of each row of x1 to each row of x2. */
  CDist(call) {
    const apart = sub(node('Unsqueeze', [call.float(0, 'x'), ints([-2])]), node('Unsqueeze', [call.float(1, 'y'), ints([-3])]));
    return node('Sqrt', [node('ReduceSum', [mul(apart, apart), ints([-1])], { keepdims: 0 })]);
  },
};

import { type Expression, ints, node, type OperatorCall, type Rule, wrongArgument } from './call.js';

/** Sums of products. */
const matmul: Rule = call => node('MatMul', [call.float(0, 'x1'), call.float(1, 'x2')]);

function einsum(call: OperatorCall): Expression {
  const equation = String(call.given(-1, 'subscripts') ?? call.given(0, 'subscripts') ?? '').replace(/\s/g, '');
  if (!/^[a-zA-Z]+(,[a-zA-Z]+)*->[a-zA-Z]+$/.test(equation)) throw wrongArgument('subscripts', equation);
  return node('Einsum', call.tensors(), { equation });
}

/** Rank by rank: a matrix on the right sums its rows, anything wider pairs every row with every matrix. */
function dot(call: OperatorCall): Expression {
  if (call.shape(1, 'x2').length > 2) throw wrongArgument('x2', 'a tensor of more than two axes');
  return matmul(call);
}

/** Every number of the one times every number of the other, both as vectors. */
const outer: Rule = call =>
  node('Mul', [node('Reshape', [call.float(0, 'x1'), ints([-1, 1])]), node('Reshape', [call.float(1, 'x2'), ints([1, -1])])]);

export const PRODUCTS: Readonly<Record<string, Rule>> = { Matmul: matmul, Dot: dot, Einsum: einsum, Outer: outer };

import {
  axesOf,
  BOOL,
  cast,
  type Expression,
  FLOAT,
  ints,
  node,
  type Operand,
  type OperatorCall,
  of,
  type Rule,
  wrongArgument,
} from './call.js';

/** Operators that leave out axes, or look along one. */

/** Axes of a reduction: null is all of them. */
function reduction(op: string): Rule {
  return call => reduced(op, call.operand(0, 'x'), call);
}

function reduced(op: string, x: Operand, call: OperatorCall): Expression {
  const axes = axesOf(call, 1);
  const keepdims = call.flag(2, 'keepdims') ? 1 : 0;
  return node(op, axes ? [x, ints(axes)] : [x], { keepdims });
}

/** any, all: as the largest or smallest of 0 and 1. */
const truth =
  (op: string): Rule =>
  call =>
    cast(reduced(op, cast(cast(call.operand(0, 'x'), BOOL), FLOAT), call), BOOL);

const arg = (op: string): Rule => {
  return call => {
    if ((call.given(1, 'axis') ?? null) === null) throw wrongArgument('axis', null);
    return node(op, [call.operand(0, 'x')], { axis: call.number(1, 'axis', 0), keepdims: call.flag(2, 'keepdims') ? 1 : 0 });
  };
};

function average(call: OperatorCall): Expression {
  if ((call.given(2, 'weights') ?? null) !== null) throw wrongArgument('weights', call.given(2, 'weights'));
  return reduced('ReduceMean', call.float(0, 'x'), call);
}

/** The mean of squared distances from the mean. */
function variance(call: OperatorCall): Expression {
  const x = call.float(0, 'x');
  const axes = axesOf(call, 1);
  const apart = node('Sub', [x, node('ReduceMean', axes ? [x, ints(axes)] : [x], { keepdims: 1 })]);
  return reduced('ReduceMean', node('Mul', [apart, apart]), call);
}

function l2(x: Operand, axis: number, keepdims: number): Expression {
  return node('Sqrt', [node('ReduceSum', [node('Mul', [x, x]), ints([axis])], { keepdims })]);
}

/** x over its length, which is 1e-7 at least */
function normalize(call: OperatorCall): Expression {
  const x = call.operand(0, 'x');
  if (call.number(2, 'order', 2) !== 2) throw wrongArgument('order', call.given(2, 'order') ?? null);
  return node('Div', [x, node('Max', [l2(x, call.number(1, 'axis', -1), 1), { constant: call.number(3, 'epsilon', 1e-7) }])]);
}

function norm(call: OperatorCall): Expression {
  const kind = call.given(1, 'ord') ?? null;
  const axis = call.given(2, 'axis') ?? null;
  if ((kind !== null && kind !== 2) || typeof axis !== 'number') throw wrongArgument(kind === null ? 'axis' : 'ord', kind ?? axis);
  return l2(call.operand(0, 'x'), axis, call.flag(3, 'keepdims') ? 1 : 0);
}

function logSumExp(call: OperatorCall): Expression {
  const x = call.operand(0, 'x');
  const axis = call.given(1, 'axis') ?? null;
  if (typeof axis !== 'number') throw wrongArgument('axis', axis);
  // less the largest first, so that no exp overflows
  const top = node('ReduceMax', [x, ints([axis])], { keepdims: 1 });
  const sum = node('Add', [node('Log', [node('ReduceSum', [node('Exp', [node('Sub', [x, top])]), ints([axis])], { keepdims: 1 })]), top]);
  return call.flag(2, 'keepdims') ? sum : node('Squeeze', [sum, ints([axis])]);
}

export const REDUCTIONS: Readonly<Record<string, Rule>> = {
  Mean: average,
  Average: average,
  Sum: of((x, call) => reduced('ReduceSum', x, call)),
  Max: reduction('ReduceMax'),
  Min: reduction('ReduceMin'),
  Amax: reduction('ReduceMax'),
  Amin: reduction('ReduceMin'),
  Prod: of((x, call) => reduced('ReduceProd', x, call)),
  Ptp: of((x, call) => node('Sub', [reduced('ReduceMax', x, call), reduced('ReduceMin', x, call)])),
  Var: variance,
  Std: call => node('Sqrt', [variance(call)]),
  Any: truth('ReduceMax'),
  All: truth('ReduceMin'),
  CountNonzero: call => reduced('ReduceSum', cast(cast(call.operand(0, 'x'), BOOL), FLOAT), call),
  Argmax: arg('ArgMax'),
  Argmin: arg('ArgMin'),
  Normalize: normalize,
  Norm: norm,
  Logsumexp: logSumExp,
};

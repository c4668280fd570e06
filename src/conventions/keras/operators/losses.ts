import { add, div, mul, number, sub } from './arithmetic.js';
import { type OperatorCall, type Rule, wrongArgument } from './call.js';
import { cast, type Expression, INT, ints, node, type Operand } from './expression.js';

/** Losses as operators between layers. */

const log = (x: Operand): Expression => node('Log', [x]);
const from1 = (x: Operand): Expression => sub(number(1), x);
/** Clips probabilities to [ε, 1 − ε] with keras.config.epsilon(). */
const inside = (x: Operand): Expression => node('Clip', [x, number(1e-7), number(1 - 1e-7)]);

function summed(x: Operand, axis: number, keepdims = 0): Expression {
  return node('ReduceSum', [x, ints([axis])], { keepdims });
}

/** The logarithm of the probability of each class. */
function logarithms(call: OperatorCall, axis: number): Expression {
  const output = call.float(1, 'output');
  if (call.flag(-1, 'from_logits')) return node('LogSoftmax', [output], { axis });
  return log(inside(div(output, summed(output, axis, 1))));
}

export const LOSSES: Readonly<Record<string, Rule>> = {
  BinaryCrossentropy(call) {
    const [t, output] = [call.float(0, 'target'), call.float(1, 'output')];
    if (call.flag(-1, 'from_logits')) {
      // max(x, 0) − x·t + log(1 + exp(−|x|))
      const rest = node('Softplus', [node('Neg', [node('Abs', [output])])]);
      return add(sub(node('Relu', [output]), mul(output, t)), rest);
    }
    const p = inside(output);
    return node('Neg', [add(mul(t, log(p)), mul(from1(t), log(from1(p))))]);
  },
  CategoricalCrossentropy(call) {
    const axis = axisFrom(call);
    return node('Neg', [summed(mul(call.float(0, 'target'), logarithms(call, axis)), axis)]);
  },
  SparseCategoricalCrossentropy(call) {
    const rank = call.shape(1, 'output').length;
    const axis = axisFrom(call);
    const target = cast(call.operand(0, 'target'), INT);
    const given = call.shape(0, 'target').length;
    if (axis !== rank - 1) throw wrongArgument('axis', axis);
    const places = given === rank ? target : node('Unsqueeze', [target, ints([-1])]);
    return node('Neg', [node('Squeeze', [node('GatherElements', [logarithms(call, -1), places], { axis: -1 }), ints([-1])])]);
  },
  /** Peak signal-to-noise ratio, 10·log10(max²/mean squared error). */
  PSNR(call) {
    const apart = sub(call.float(0, 'x1'), call.float(1, 'x2'));
    const noise = node('ReduceMean', [mul(apart, apart)], { keepdims: 0 });
    const largest = number(20 * Math.log10(call.number(-1, 'max_val', 1)));
    return sub(largest, mul(log(noise), number(10 / Math.LN10)));
  },
};

/** The axis of the classes, counted from the front. */
function axisFrom(call: OperatorCall): number {
  return call.with({ shape: () => call.shape(1, 'output') }).axis(-1, 'axis', -1).axis;
}

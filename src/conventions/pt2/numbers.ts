import { alike, int, keptDims, one, op, type Rule, type Rules, self, step } from './rule.js';
import { SHARED } from './shared.js';
import { REAL } from './types.js';
import { axes, axis, type Call, number, type Operand } from './wiring.js';

/** Remainders, parts of numbers, and statistics. */

function isReal({ wiring, node }: Call): boolean {
  return REAL.has(wiring.program.types.get(node.outputs[0] ?? '') ?? 0);
}

function truncated(call: Call, x = self(call)): Operand {
  return step(call, 'Mul', [step(call, 'Sign', [x]), step(call, 'Floor', [step(call, 'Abs', [x])])]);
}

const logSumExp: Rule = call => op(call, 'ReduceLogSumExp', [self(call), int(axes(call, 'dim'))], keptDims(call));

export const NUMBERS: Rules = {
  /** The sign is that of the divisor. */
  remainder: call => (isReal(call) ? SHARED.remainder(call) : op(call, 'Mod', [self(call), self(call, 'other')])),
  fmod: call => op(call, 'Mod', [self(call), self(call, 'other')], { fmod: 1 }),
  floor_divide(call) {
    const [a, b] = [self(call), self(call, 'other')];
    if (isReal(call)) return op(call, 'Floor', [step(call, 'Div', [a, b])]);
    return op(call, 'Div', [step(call, 'Sub', [a, step(call, 'Mod', [a, b])]), b]);
  },
  trunc_divide(call) {
    const quotient = step(call, 'Div', [self(call), self(call, 'other')]);
    return isReal(call) ? truncated(call, quotient) : quotient;
  },
  frac: call => op(call, 'Sub', [self(call), truncated(call)]),
  ...alike('sgn:Sign positive:Identity', one),
  logsumexp: logSumExp,
  /** x·y / (max(‖x‖, ε)·max(‖y‖, ε)) */
  cosine_similarity(call) {
    const dim = int([axis(call, 'dim', 'x1', 1)]);
    const [a, b] = [self(call, 'x1'), self(call, 'x2')];
    const norm = (x: Operand) => step(call, 'Max', [step(call, 'ReduceL2', [x, dim], { keepdims: 0 }), number(call, 'eps', 1e-8)]);
    const product = step(call, 'ReduceSum', [step(call, 'Mul', [a, b]), dim], { keepdims: 0 });
    return op(call, 'Div', [product, step(call, 'Mul', [norm(a), norm(b)])]);
  },
};

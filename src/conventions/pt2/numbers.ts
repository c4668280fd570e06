import type { Call } from './call.js';
import { alike, one, type Rule, type Rules } from './rule.js';
import { SHARED } from './shared.js';
import { REAL } from './types.js';
import { int, type Operand } from './wiring.js';

/** Remainders, parts of numbers, and statistics. */

function isReal({ wiring, node }: Call): boolean {
  return REAL.has(wiring.program.types.get(node.outputs[0] ?? '') ?? 0);
}

function truncated(call: Call, x = call.operand()): Operand {
  return call.step('Mul', [call.step('Sign', [x]), call.step('Floor', [call.step('Abs', [x])])]);
}

const logSumExp: Rule = call => call.op('ReduceLogSumExp', [call.operand(), int(call.axes('dim'))], call.keptDims());

export const NUMBERS: Rules = {
  /** The sign is that of the divisor. */
  remainder: call => (isReal(call) ? SHARED.remainder(call) : call.op('Mod', [call.operand(), call.operand('other')])),
  fmod: call => call.op('Mod', [call.operand(), call.operand('other')], { fmod: 1 }),
  floor_divide(call) {
    const [a, b] = [call.operand(), call.operand('other')];
    if (isReal(call)) return call.op('Floor', [call.step('Div', [a, b])]);
    return call.op('Div', [call.step('Sub', [a, call.step('Mod', [a, b])]), b]);
  },
  trunc_divide(call) {
    const quotient = call.step('Div', [call.operand(), call.operand('other')]);
    return isReal(call) ? truncated(call, quotient) : quotient;
  },
  frac: call => call.op('Sub', [call.operand(), truncated(call)]),
  ...alike('sgn:Sign positive:Identity', one),
  logsumexp: logSumExp,
  /** x·y / (max(‖x‖, ε)·max(‖y‖, ε)) */
  cosine_similarity(call) {
    const dim = int([call.axis('dim', 'x1', 1)]);
    const [a, b] = [call.operand('x1'), call.operand('x2')];
    const norm = (x: Operand) => call.step('Max', [call.step('ReduceL2', [x, dim], { keepdims: 0 }), call.number('eps', 1e-8)]);
    const product = call.step('ReduceSum', [call.step('Mul', [a, b]), dim], { keepdims: 0 });
    return call.op('Div', [product, call.step('Mul', [norm(a), norm(b)])]);
  },
};

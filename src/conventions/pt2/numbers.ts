import { ONNX_TYPES } from '../../formats/onnx/types.js';
import { alike, int, one, op, type Rule, type Rules, self, step } from './rule.js';
import { arg, axes, axis, type Call, number, type Operand } from './wiring.js';

/** Remainders, parts of numbers, and what is said of many of them. */

function isReal({ wiring, node }: Call): boolean {
  return [6, 7, 8, 13].includes(wiring.program.types.get(node.outputs[0] ?? '') ?? 0);
}

/** With the sign of the divisor. */
function remainderOf(call: Call): Operand {
  const [a, b] = [self(call), self(call, 'other')];
  if (!isReal(call)) return step(call, 'Mod', [a, b]);
  return step(call, 'Sub', [a, step(call, 'Mul', [step(call, 'Floor', [step(call, 'Div', [a, b])]), b])]);
}

function truncated(call: Call, x = self(call)): Operand {
  return step(call, 'Mul', [step(call, 'Sign', [x]), step(call, 'Floor', [step(call, 'Abs', [x])])]);
}

/** True where one is, or where all are. */
const truthOf =
  (reduction: 'ReduceMax' | 'ReduceMin'): Rule =>
  call => {
    const truths = step(call, 'Cast', [self(call)], { to: ONNX_TYPES.bool });
    const dims = axes(call, 'dim');
    const whole = step(call, 'Cast', [truths], { to: ONNX_TYPES.i64 });
    const keepdims = arg(call, 'keepdim') === true ? 1 : 0;
    const most = step(call, reduction, dims.length > 0 ? [whole, int(dims)] : [whole], { keepdims });
    return op(call, 'Cast', [most], { to: ONNX_TYPES.bool });
  };

const logSumExp: Rule = call =>
  op(call, 'ReduceLogSumExp', [self(call), int(axes(call, 'dim'))], { keepdims: arg(call, 'keepdim') === true ? 1 : 0 });

const scale =
  (by: number): Rule =>
  call =>
    op(call, 'Mul', [self(call), by]);

/** log(eᵃ + eᵇ) = b + log(1 + eᵃ⁻ᵇ) */
const logAdded: Rule = call =>
  op(call, 'Add', [self(call, 'other'), step(call, 'Softplus', [step(call, 'Sub', [self(call), self(call, 'other')])])]);

export const NUMBERS: Rules = {
  remainder: remainderOf,
  fmod: call => op(call, 'Mod', [self(call), self(call, 'other')], { fmod: 1 }),
  floor_divide(call) {
    const [a, b] = [self(call), self(call, 'other')];
    if (isReal(call)) return op(call, 'Floor', [step(call, 'Div', [a, b])]);
    return op(call, 'Div', [step(call, 'Sub', [a, remainderOf(call)]), b]);
  },
  trunc_divide(call) {
    const quotient = step(call, 'Div', [self(call), self(call, 'other')]);
    return isReal(call) ? truncated(call, quotient) : quotient;
  },
  ...alike('trunc fix', () => call => truncated(call)),
  frac: call => op(call, 'Sub', [self(call), truncated(call)]),
  ...alike('sgn:Sign positive:Identity', one),
  deg2rad: scale(Math.PI / 180),
  rad2deg: scale(180 / Math.PI),
  logaddexp: logAdded,
  outer: call =>
    op(call, 'Mul', [step(call, 'Unsqueeze', [self(call), int([1])]), step(call, 'Unsqueeze', [self(call, 'vec2'), int([0])])]),
  any: truthOf('ReduceMax'),
  all: truthOf('ReduceMin'),
  logsumexp: logSumExp,
  /** x·y / (‖x‖·‖y‖), neither norm less than ε */
  cosine_similarity(call) {
    const dim = int([axis(call, 'dim', 'x1', 1)]);
    const [a, b] = [self(call, 'x1'), self(call, 'x2')];
    const norm = (x: Operand) => step(call, 'Max', [step(call, 'ReduceL2', [x, dim], { keepdims: 0 }), number(call, 'eps', 1e-8)]);
    const product = step(call, 'ReduceSum', [step(call, 'Mul', [a, b]), dim], { keepdims: 0 });
    return op(call, 'Div', [product, step(call, 'Mul', [norm(a), norm(b)])]);
  },
};

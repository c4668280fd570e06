import { ONNX_TYPES } from '../../formats/onnx/types.js';
import { ARRANGING, expanded } from './arranging.js';
import type { Call } from './call.js';
import { FUNCTIONS } from './functions.js';
import { INDEXING } from './indexing.js';
import { isInPlace, WRITING, writeInPlace } from './inPlace.js';
import { LAYOUT } from './layout.js';
import { MEASURES } from './measures.js';
import { MODULES } from './moduleRules.js';
import { NUMBERS } from './numbers.js';
import { ORDERING } from './ordering.js';
import { BOOL } from './program.js';
import { recurrentKind, sequence, singleStep } from './recurrent.js';
import { alike, one, type Rule, type Rules } from './rule.js';
import { SHARED } from './shared.js';
import { SPACE } from './space.js';
import { isComplex, OF_COMPLEX, SPECTRUM } from './spectrum.js';
import { checkOverflow, withPromotedTypes } from './types.js';
import { VIEWS } from './views.js';
import { int, isTensor, type Operand, unsupportedOperator, type Value } from './wiring.js';

/** ATen operators as layers or operators of a spec; values keep the names that they have in the program. */

/** @throws RnnError E_PT2_OPERATOR naming the operator */
export function applyNode(call: Call): void {
  const { node, wiring } = call;
  const kind = recurrentKind(node.target);
  if (kind) {
    if (/_cell\./.test(node.target)) singleStep(call, kind);
    else sequence(call, kind);
    return;
  }
  const [, name] = /^aten\.([^.]+)/.exec(node.target) ?? [];
  if (name !== undefined && (ZEROS.has(name) || (name === 'full' && call.arg('fill_value') === 0))) {
    wiring.set(node.outputs[0], name === 'zeros_like' ? zerosLike(call) : { zeros: call.numbers('size') });
    return;
  }
  if (node.target.startsWith('_operator.')) {
    computedSize(call);
    return;
  }
  if (name !== undefined && /^(_assert|sym_constrain)/.test(name)) return;
  if (name === 'select' && pickedState(call)) return;
  if (name === 'split' || name === 'split_with_sizes' || name === 'chunk' || name === 'tensor_split') {
    parts(call, name);
    return;
  }
  const rules = isComplex(call) ? OF_COMPLEX : RULES;
  const rule = name !== undefined ? (own(rules, name) ?? own(rules, name.replace(/_$/, ''))) : undefined;
  if (!rule) throw unsupportedOperator(node.target);
  checkOverflow(call, name!);
  const result = rule(withPromotedTypes(call, name!));
  call.checkAllRead();
  if (isInPlace(node.target)) writeInPlace(call, result);
  wiring.set(node.outputs[0], { value: wiring.named(call.outName, result) });
}

function own(rules: Rules, name: string): Rule | undefined {
  return Object.hasOwn(rules, name) ? rules[name] : undefined;
}

const ZEROS = new Set(['zeros', 'new_zeros', 'zeros_like']);

/** zeros_like and similar; sizes without a fixed value are taken from the tensor at run time. */
function zerosLike(call: Call): Value {
  const sizes = call.sizes();
  const whole = sizes.every(n => typeof n === 'number') ? undefined : call.node.args.get('self');
  return { zeros: sizes.map((n, i) => (typeof n === 'number' ? n : call.wiring.sizeOf(whole as { tensor: string }, i))) };
}

/** Arithmetic with sizes, as operators. Comparisons of sizes are checks of the program's input, and are dropped. */
const SIZE_OPERATORS: Readonly<Record<string, string>> = { mul: 'Mul', add: 'Add', sub: 'Sub', floordiv: 'Div' };

function computedSize({ node, wiring }: Call): void {
  const op = SIZE_OPERATORS[node.target.replace('_operator.', '')];
  if (op === undefined) return;
  const operands = [...node.args.values()].map(n => (typeof n === 'number' ? int(n) : wiring.operand(n)));
  wiring.set(node.outputs[0], { value: wiring.op(node.outputs[0] ?? 'size', op, operands) });
}

/** h_n[-1]: selects one of the states of a module. @returns whether the call was that */
function pickedState(call: Call): boolean {
  const self = call.arg('self');
  const value = isTensor(self) ? call.wiring.get(self.tensor) : undefined;
  if (!value || !('stacked' in value) || call.number('dim') !== 0) return false;
  const index = call.number('index');
  call.wiring.set(call.node.outputs[0], { value: value.stacked[index < 0 ? index + value.stacked.length : index] });
  return true;
}

/** Splits an axis into equal parts or parts of given sizes, as slices. */
function parts(call: Call, name: string): void {
  const { wiring, node } = call;
  const dim = call.axis('dim', 'self', 0);
  const whole = call.sizes()[dim];
  const count = node.outputs.length;
  const given = call.arg(name === 'chunk' ? 'chunks' : 'split_size') ?? call.arg('split_sizes');
  if (typeof whole !== 'number') throw unsupportedOperator(`${node.target} of an axis of unknown size`);
  const each = name === 'chunk' ? Math.ceil(whole / count) : typeof given === 'number' ? given : undefined;
  const ends = name === 'tensor_split' ? placesOf(call, whole, count) : endsOf(count, each ?? (given as number[]), whole);
  ends.forEach((end, i) => {
    const value = call.slice(call.operand(), dim, [ends[i - 1] ?? 0, end, 1], node.outputs[i] ?? `part_${i}`);
    wiring.set(node.outputs[i], { value });
  });
}

/** Where each part ends. @param sizes of the parts, or the size of all but the last, which may be smaller */
function endsOf(count: number, sizes: number | readonly number[], whole: number): number[] {
  let end = 0;
  return Array.from({ length: count }, (_, i) => {
    end += typeof sizes === 'number' ? sizes : sizes[i];
    return Math.min(end, whole);
  });
}

/**
 * Where each part ends for tensor_split: n parts, the first ones longer by one if n does not divide the axis, or parts between given
 * indices, which may be empty.
 */
function placesOf(call: Call, whole: number, count: number): number[] {
  const places = call.arg('indices') as readonly number[] | undefined;
  if (!places) return Array.from({ length: count }, (_, i) => (i + 1) * Math.floor(whole / count) + Math.min(i + 1, whole % count));
  return [...places.map(at => Math.max(0, Math.min(at < 0 ? at + whole : at, whole))), whole];
}

/** a + alpha·b, a − alpha·b */
function scaled(name: string): Rule {
  return call => {
    const alpha = call.number('alpha', 1);
    const other = call.operand('other');
    return call.op(name, [call.operand(), alpha === 1 ? other : call.wiring.op('scaled', 'Mul', [other, alpha])]);
  };
}

const two =
  (name: string): Rule =>
  call =>
    call.op(name, [call.operand(), call.operand('other')]);

function reduce(name: string): Rule {
  return call => {
    const dims = call.axes('dim');
    return call.op(name, dims.length > 0 ? [call.operand(), int(dims)] : [call.operand()], call.keptDims());
  };
}

/** max.dim returns values and indices, amax values, max.other the larger of two. */
function extreme(reduction: string, pairwise: string, index: string): Rule {
  return call => {
    if (call.node.args.has('other')) return two(pairwise)(call);
    const { node, wiring } = call;
    if (node.outputs[1]) {
      const attributes = { axis: call.axis(), ...call.keptDims() };
      wiring.set(node.outputs[1], { value: wiring.op(node.outputs[1], index, [call.operand()], attributes) });
    }
    return reduce(reduction)(call);
  };
}

const softmax =
  (name: string): Rule =>
  call =>
    call.op(name, [call.operand()], { axis: call.axis() });
/** The identity in evaluation mode; in training mode it is random, and refused. */
const dropout: Rule = call => {
  if (call.arg('train') === true && call.number('p', 0.5) > 0) throw call.unsupported('in training mode');
  return identity(call);
};
const identity: Rule = call => call.operand(call.node.args.has('input') ? 'input' : 'self');
const filled: Rule = call => call.op('Where', [call.operand('mask'), call.operand('value'), call.operand()]);
const symbol: Rule = call => call.wiring.sizeOf(call.arg('self') as { tensor: string }, call.axis()).symbol;
const expand: Rule = call => expanded(call, call.numbers('size'));

function convert(call: Call): Operand {
  const dtype = call.arg('dtype');
  if (typeof dtype !== 'number' || dtype === 7 || dtype === 8)
    return dtype === undefined ? identity(call) : call.op('Cast', [call.operand()], { to: ONNX_TYPES.f32 });
  if (dtype === 12) return call.op('Cast', [call.operand()], { to: ONNX_TYPES.bool });
  if (dtype >= 1 && dtype <= 5) return call.op('Cast', [call.operand()], { to: ONNX_TYPES.i64 });
  throw call.unsupported('to half precision');
}

function isTruth({ node, wiring }: Call): boolean {
  return wiring.typeNumber(node.args.get('self')) === BOOL;
}

/** A logical operator for booleans, a bitwise one for integers. */
const onBits =
  (name: string): Rule =>
  call =>
    call.op(isTruth(call) ? name : `Bitwise${name}`, [call.operand(), call.operand('other')]);

/** a / b, optionally rounded down or towards 0. */
const divided: Rule = call => {
  const rounding = call.arg('rounding_mode') ?? null;
  if (rounding === null) return two('Div')(call);
  return rounding === 'floor' ? NUMBERS.floor_divide(call) : NUMBERS.trunc_divide(call);
};

const RULES: Rules = {
  ...SHARED,
  ...FUNCTIONS,
  ...SPACE,
  ...ARRANGING,
  ...ORDERING,
  ...INDEXING,
  ...NUMBERS,
  ...SPECTRUM,
  ...VIEWS,
  ...MEASURES,
  ...WRITING,
  ...MODULES,
  ...LAYOUT,
  ...alike('exp log sqrt neg abs sign reciprocal floor ceil round erf isnan:IsNaN logical_not:Not', one),
  ...alike('mul true_divide:Div maximum:Max minimum:Min logical_and:And logical_or:Or', two),
  ...alike('eq:Equal gt:Greater ge:GreaterOrEqual lt:Less le:LessOrEqual', two),
  ...alike('bitwise_and:And bitwise_or:Or bitwise_xor:Xor __and__:And __or__:Or __xor__:Xor', onBits),
  ...alike('add sub', scaled),
  ...alike('softmax _softmax:Softmax log_softmax:LogSoftmax _log_softmax:LogSoftmax', softmax),
  ...alike('mean:ReduceMean sum:ReduceSum prod:ReduceProd amax:ReduceMax amin:ReduceMin', reduce),
  ...alike('masked_fill', () => filled),
  ...alike('contiguous clone detach alias lift_fresh_copy', () => identity),
  ...alike('dropout feature_dropout alpha_dropout', () => dropout),
  ...alike('to _to_copy', () => convert),
  div: divided,
  rsub: call => call.op('Sub', [call.operand('other'), call.operand()]),
  pow: call => call.op('Pow', [call.operand(), call.operand('exponent')]),
  ne: call => call.op('Not', [call.wiring.op('equal', 'Equal', [call.operand(), call.operand('other')])]),
  where: call => call.op('Where', [call.operand('condition'), call.operand(), call.operand('other')]),
  sym_size: symbol,
  bitwise_not: call => call.op(isTruth(call) ? 'Not' : 'BitwiseNot', [call.operand()]),
  max: extreme('ReduceMax', 'Max', 'ArgMax'),
  min: extreme('ReduceMin', 'Min', 'ArgMin'),
  ...alike('argmax:ArgMax argmin:ArgMin', name => call => call.op(name, [call.operand()], { axis: call.axis(), ...call.keptDims() })),
  ...alike('expand broadcast_to', () => expand),
  scalar_tensor: call => call.operand('s'),
};

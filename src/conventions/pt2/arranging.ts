import { ONNX_TYPES } from '../../formats/onnx/types.js';
import { BOOL, type Size } from './program.js';
import {
  alike,
  fixedSize,
  int,
  op,
  outName,
  type Rule,
  type Rules,
  range,
  sameSymbol,
  self,
  setOutputs,
  sizesOf,
  step,
  tensorsOf,
  unsupportedOperator,
} from './rule.js';
import { arg, axis, type Call, number, numbers } from './wiring.js';

/** Operators that permute, count and select. */

/** torch's numbers of the dtypes */
export const [FLOAT32, FLOAT64] = [7, 8];

/** Replaces the dots of an equation by letters: `...i,...j->...ij`. */
function spelled(equation: string, ranks: readonly number[]): string {
  if (!equation.includes('...')) return equation.replace(/\s/g, '');
  const [left, right] = equation.replace(/\s/g, '').split('->');
  const free = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'].filter(l => !equation.includes(l));
  const terms = left.split(',');
  const counts = terms.map((term, i) => (term.includes('...') ? ranks[i] - (term.length - 3) : 0));
  const most = Math.max(...counts);
  const letters = (count: number) => free.slice(most - count, most).join('');
  const own = terms.map((term, i) => term.replace('...', letters(counts[i])));
  return right === undefined ? own.join(',') : `${own.join(',')}->${right.replace('...', letters(most))}`;
}

/** Adds a mask to attention scores: numbers are added, False becomes −∞; causal: −∞ where the key is later than the query. */
function masked(call: Call, scores: string, rank: number): string {
  if (arg(call, 'is_causal') === true) {
    const [T, S] = [fixedSize(call, rank - 2, 'query'), fixedSize(call, rank - 2, 'key')];
    const seen = Array.from({ length: T * S }, (_, i) => Number(i % S <= Math.floor(i / S)));
    return step(call, 'Where', [{ type: 'bool', shape: [T, S], data: seen }, scores, -Infinity]);
  }
  const mask = arg(call, 'attn_mask') ?? null;
  if (mask === null) return scores;
  const given = call.wiring.operand(mask);
  return call.wiring.typeNumber(mask) === BOOL ? step(call, 'Where', [given, scores, -Infinity]) : step(call, 'Add', [scores, given]);
}

/** expand. Sizes that stay, and −1, are given as 1, which keeps them even if the number of samples differs from that of the program. */
export function expanded(call: Call, sizes: readonly Size[]): string {
  const own = sizesOf(call);
  const to = call.wiring.sizes(call.node.outputs[0] ?? '');
  const kept = (n: Size, i: number) => {
    const size = own[i - sizes.length + own.length];
    return n === -1 || n === size || sameSymbol(size, to[i]);
  };
  return op(call, 'Expand', [self(call), call.wiring.sizesOperand(sizes.map((n, i) => (kept(n, i) ? 1 : n)))]);
}

const filled: Rule = call => {
  const name = call.node.target.replace(/^aten\./, '');
  const isTruth = typeof call.node.args.get('fill_value') === 'boolean';
  const value = /^(new_)?ones|ones_like/.test(name) ? 1 : isTruth ? Number(arg(call, 'fill_value')) : number(call, 'fill_value');
  const given = call.node.args.has('size') ? numbers(call, 'size') : sizesOf(call);
  const own = call.node.args.get('self') as { tensor: string };
  const sizes = given.map((n, i) => (typeof n === 'number' || call.node.args.has('size') ? n : call.wiring.sizeOf(own, i)));
  for (const name of ['self', 'size']) arg(call, name);
  const dtype = arg(call, 'dtype') ?? (isTruth && name.startsWith('full.') ? BOOL : undefined);
  const values = call.wiring.filled(outName(call), sizes, value);
  if (typeof dtype !== 'number' || dtype >= FLOAT32 - 1)
    return dtype === BOOL ? op(call, 'Cast', [values], { to: ONNX_TYPES.bool }) : values;
  return op(call, 'Cast', [values], { to: ONNX_TYPES.i64 });
};

export const ARRANGING: Rules = {
  ...alike('ones ones_like full full_like new_full new_ones', () => filled),
  topk(call) {
    const dim = axis(call, 'dim', 'self', -1);
    const name = op(call, 'TopK', [self(call), int([number(call, 'k')])], { axis: dim, largest: arg(call, 'largest') === false ? 0 : 1 });
    return setOutputs(call, [name, `${name}/1`]);
  },
  einsum(call) {
    const tensors = tensorsOf(call);
    const ranks = tensors.map(({ rank }) => rank);
    // `path` only optimises the order of computation
    arg(call, 'path');
    const operands = tensors.map(({ value }) => value);
    return op(call, 'Einsum', operands, { equation: spelled(String(arg(call, 'equation')), ranks) });
  },
  /** torch.gather: selects elements along an axis by indices of the same rank. */
  gather: call => op(call, 'GatherElements', [self(call), self(call, 'index')], { axis: axis(call) }),
  index_select: call => op(call, 'Gather', [self(call), self(call, 'index')], { axis: axis(call) }),
  repeat(call) {
    const times = numbers(call, 'repeats');
    const lead = times.length - sizesOf(call).length;
    const lifted = lead > 0 ? step(call, 'Unsqueeze', [self(call), int(range(lead))]) : self(call);
    return op(call, 'Tile', [lifted, call.wiring.sizesOperand(times)]);
  },
  /** softmax(q·kᵀ/√d)·v */
  scaled_dot_product_attention(call) {
    if (Number(arg(call, 'dropout_p') ?? 0) > 0 || arg(call, 'enable_gqa') === true)
      throw unsupportedOperator(`${call.node.target} with dropout or groups`);
    const [q, k, v] = ['query', 'key', 'value'].map(name => self(call, name));
    const rank = sizesOf(call, 'query').length;
    const given = arg(call, 'scale');
    const scale = typeof given === 'number' ? given : 1 / Math.sqrt(fixedSize(call, rank - 1, 'query'));
    const perm = Array.from({ length: rank }, (_, i) => (i < rank - 2 ? i : i === rank - 2 ? rank - 1 : rank - 2));
    const products = step(call, 'MatMul', [step(call, 'Mul', [q, scale]), step(call, 'Transpose', [k], { perm })]);
    const scores = masked(call, products, rank);
    return op(call, 'MatMul', [step(call, 'Softmax', [scores], { axis: rank - 1 }), v]);
  },
  /** Expands to the shape of another tensor; symbolic sizes must already agree. */
  expand_as(call) {
    arg(call, 'other');
    return expanded(call, sizesOf(call, 'other'));
  },
  /** Integers from start to end − 1; symbolic sizes are taken at run time. */
  arange(call) {
    const [start, end, by] = [arg(call, 'start') ?? 0, arg(call, 'end') ?? 0, arg(call, 'step') ?? 1].map(n =>
      typeof n === 'number' ? int(n) : call.wiring.operand(n),
    );
    const dtype = arg(call, 'dtype');
    const whole = step(call, 'Range', [start, end, by]);
    return op(call, 'Cast', [whole], { to: dtype === FLOAT32 || dtype === FLOAT64 ? 1 : 7 });
  },
  /** The identity matrix. */
  eye(call) {
    const [rows, columns] = ['n', 'm'].map(name => {
      const size = arg(call, name) ?? arg(call, 'n')!;
      return step(call, 'Range', [int(0), typeof size === 'number' ? int(size) : call.wiring.operand(size), int(1)]);
    });
    const same = step(call, 'Equal', [step(call, 'Unsqueeze', [rows, int([1])]), columns]);
    return op(call, 'Cast', [same], { to: 1 });
  },
  cumsum: call => op(call, 'CumSum', [self(call), int(axis(call))]),
};

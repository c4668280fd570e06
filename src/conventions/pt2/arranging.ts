import { ONNX_TYPES } from '../../formats/onnx/types.js';
import type { Call } from './call.js';
import { BOOL, type Size } from './program.js';
import { alike, type Rule, type Rules, range, sameSymbol } from './rule.js';
import { int } from './wiring.js';

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
  if (call.arg('is_causal') === true) {
    const [T, S] = [call.size(rank - 2, 'query'), call.size(rank - 2, 'key')];
    const seen = Array.from({ length: T * S }, (_, i) => Number(i % S <= Math.floor(i / S)));
    return call.step('Where', [{ type: 'bool', shape: [T, S], data: seen }, scores, -Infinity]);
  }
  const mask = call.arg('attn_mask') ?? null;
  if (mask === null) return scores;
  const given = call.wiring.operand(mask);
  return call.wiring.typeNumber(mask) === BOOL ? call.step('Where', [given, scores, -Infinity]) : call.step('Add', [scores, given]);
}

/** expand. Sizes that stay, and −1, are given as 1, which keeps them even if the number of samples differs from that of the program. */
export function expanded(call: Call, sizes: readonly Size[]): string {
  const own = call.sizes();
  const to = call.wiring.sizes(call.node.outputs[0] ?? '');
  const kept = (n: Size, i: number) => {
    const size = own[i - sizes.length + own.length];
    return n === -1 || n === size || sameSymbol(size, to[i]);
  };
  return call.op('Expand', [call.operand(), call.wiring.sizesOperand(sizes.map((n, i) => (kept(n, i) ? 1 : n)))]);
}

const filled: Rule = call => {
  const name = call.node.target.replace(/^aten\./, '');
  const isTruth = typeof call.node.args.get('fill_value') === 'boolean';
  const value = /^(new_)?ones|ones_like/.test(name) ? 1 : isTruth ? Number(call.arg('fill_value')) : call.number('fill_value');
  const given = call.node.args.has('size') ? call.numbers('size') : call.sizes();
  const own = call.node.args.get('self') as { tensor: string };
  const sizes = given.map((n, i) => (typeof n === 'number' || call.node.args.has('size') ? n : call.wiring.sizeOf(own, i)));
  for (const name of ['self', 'size']) call.arg(name);
  const dtype = call.arg('dtype') ?? (isTruth && name.startsWith('full.') ? BOOL : undefined);
  const values = call.wiring.filled(call.outName, sizes, value);
  if (typeof dtype !== 'number' || dtype >= FLOAT32 - 1)
    return dtype === BOOL ? call.op('Cast', [values], { to: ONNX_TYPES.bool }) : values;
  return call.op('Cast', [values], { to: ONNX_TYPES.i64 });
};

export const ARRANGING: Rules = {
  ...alike('ones ones_like full full_like new_full new_ones', () => filled),
  topk(call) {
    const dim = call.axis('dim', 'self', -1);
    const name = call.op('TopK', [call.operand(), int([call.number('k')])], { axis: dim, largest: call.arg('largest') === false ? 0 : 1 });
    return call.setOutputs([name, `${name}/1`]);
  },
  einsum(call) {
    const tensors = call.tensors();
    const ranks = tensors.map(({ rank }) => rank);
    // `path` only optimises the order of computation
    call.arg('path');
    const operands = tensors.map(({ value }) => value);
    return call.op('Einsum', operands, { equation: spelled(String(call.arg('equation')), ranks) });
  },
  /** torch.gather: selects elements along an axis by indices of the same rank. */
  gather: call => call.op('GatherElements', [call.operand(), call.operand('index')], { axis: call.axis() }),
  index_select: call => call.op('Gather', [call.operand(), call.operand('index')], { axis: call.axis() }),
  repeat(call) {
    const times = call.numbers('repeats');
    const lead = times.length - call.sizes().length;
    const lifted = lead > 0 ? call.step('Unsqueeze', [call.operand(), int(range(lead))]) : call.operand();
    return call.op('Tile', [lifted, call.wiring.sizesOperand(times)]);
  },
  /** softmax(q·kᵀ/√d)·v */
  scaled_dot_product_attention(call) {
    if (Number(call.arg('dropout_p') ?? 0) > 0 || call.arg('enable_gqa') === true) throw call.unsupported('with dropout or groups');
    const [q, k, v] = ['query', 'key', 'value'].map(name => call.operand(name));
    const rank = call.sizes('query').length;
    const given = call.arg('scale');
    const scale = typeof given === 'number' ? given : 1 / Math.sqrt(call.size(rank - 1, 'query'));
    const perm = Array.from({ length: rank }, (_, i) => (i < rank - 2 ? i : i === rank - 2 ? rank - 1 : rank - 2));
    const products = call.step('MatMul', [call.step('Mul', [q, scale]), call.step('Transpose', [k], { perm })]);
    const scores = masked(call, products, rank);
    return call.op('MatMul', [call.step('Softmax', [scores], { axis: rank - 1 }), v]);
  },
  /** Expands to the shape of another tensor; symbolic sizes must already agree. */
  expand_as(call) {
    call.arg('other');
    return expanded(call, call.sizes('other'));
  },
  /** Integers from start to end − 1; symbolic sizes are taken at run time. */
  arange(call) {
    const [start, end, by] = [call.arg('start') ?? 0, call.arg('end') ?? 0, call.arg('step') ?? 1].map(n =>
      typeof n === 'number' ? int(n) : call.wiring.operand(n),
    );
    const dtype = call.arg('dtype');
    const whole = call.step('Range', [start, end, by]);
    return call.op('Cast', [whole], { to: dtype === FLOAT32 || dtype === FLOAT64 ? 1 : 7 });
  },
  /** The identity matrix. */
  eye(call) {
    const [rows, columns] = ['n', 'm'].map(name => {
      const size = call.arg(name) ?? call.arg('n')!;
      return call.step('Range', [int(0), typeof size === 'number' ? int(size) : call.wiring.operand(size), int(1)]);
    });
    const same = call.step('Equal', [call.step('Unsqueeze', [rows, int([1])]), columns]);
    return call.op('Cast', [same], { to: 1 });
  },
  cumsum: call => call.op('CumSum', [call.operand(), int(call.axis())]),
};

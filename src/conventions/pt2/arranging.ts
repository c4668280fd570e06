import { END, fixed, int, notRun, op, outName, type Rule, type Rules, self, sizesOf, slice, step } from './rule.js';
import { arg, axes, axis, type Call, number, numbers, type Operand } from './wiring.js';

/** Operators that turn, count and choose. */

const flip: Rule = call =>
  axes(call, 'dims').reduce((value: Operand, dim, i) => slice(call, value, dim, [-1, -END, -1], `${outName(call)}_${i}`), self(call));

const roll: Rule = call => {
  const [shifts, dims] = [numbers(call, 'shifts').map(Number), axes(call, 'dims')];
  if (dims.length !== shifts.length) throw notRun(`${call.node.target} without dims`);
  return dims.reduce((value: Operand, dim, i) => {
    const n = fixed(call, dim);
    const by = ((shifts[i] % n) + n) % n;
    if (by === 0) return value;
    const [tail, head] = [
      [n - by, END, 1],
      [0, n - by, 1],
    ].map((ends, k) => slice(call, value, dim, ends, `${outName(call)}_${i}_${k}`));
    return step(call, 'Concat', [tail, head], { axis: dim });
  }, self(call));
};

const topK: Rule = call => {
  const dim = axis(call, 'dim', 'self', -1);
  const name = op(call, 'TopK', [self(call), int([number(call, 'k')])], { axis: dim, largest: arg(call, 'largest') === false ? 0 : 1 });
  if (call.node.outputs[1]) call.wiring.set(call.node.outputs[1], { value: `${name}/1` });
  return name;
};

const einsum: Rule = call => {
  const tensors = (arg(call, 'tensors') as readonly { tensor: string }[]) ?? [];
  const equation = String(arg(call, 'equation'));
  const ranks = tensors.map(t => call.wiring.sizes(t.tensor).length);
  return op(
    call,
    'Einsum',
    tensors.map(t => call.wiring.operand(t)),
    { equation: spelled(equation, ranks) },
  );
};

/** `...i,...j->...ij` with letters in the place of the dots. */
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

/** torch.gather: rows of one axis by indices of the same rank. */
const gather: Rule = call => op(call, 'GatherElements', [self(call), self(call, 'index')], { axis: axis(call) });

const indexSelect: Rule = call => op(call, 'Gather', [self(call), self(call, 'index')], { axis: axis(call) });

const repeat: Rule = call => {
  const times = numbers(call, 'repeats');
  if (times.some(n => typeof n !== 'number')) throw notRun(`${call.node.target} of no fixed number`);
  const lead = times.length - sizesOf(call).length;
  const lifted = lead > 0 ? step(call, 'Unsqueeze', [self(call), int(Array.from({ length: lead }, (_, i) => i))]) : self(call);
  return op(call, 'Tile', [lifted, int(times as number[])]);
};

/** softmax(q·kᵀ/√d)·v */
const attention: Rule = call => {
  if (Number(arg(call, 'dropout_p') ?? 0) > 0 || arg(call, 'enable_gqa') === true)
    throw notRun(`${call.node.target} with dropout or groups`);
  const [q, k, v] = ['query', 'key', 'value'].map(name => self(call, name));
  const rank = sizesOf(call, 'query').length;
  const given = arg(call, 'scale');
  const scale = typeof given === 'number' ? given : 1 / Math.sqrt(fixed(call, rank - 1, 'query'));
  const perm = Array.from({ length: rank }, (_, i) => (i < rank - 2 ? i : i === rank - 2 ? rank - 1 : rank - 2));
  if (arg(call, 'is_causal') === true || (arg(call, 'attn_mask') ?? null) !== null) throw notRun(`${call.node.target} with a mask`);
  const scores = step(call, 'MatMul', [step(call, 'Mul', [q, scale]), step(call, 'Transpose', [k], { perm })]);
  return op(call, 'MatMul', [step(call, 'Softmax', [scores], { axis: rank - 1 }), v]);
};

/** Like another tensor: sizes of no fixed number must be those it has already. */
const expandAs: Rule = call => {
  arg(call, 'other');
  return expanded(call, sizesOf(call, 'other'));
};

/** Sizes of no fixed number, and −1, stay as they are. */
export function expanded(call: Call, sizes: readonly unknown[]): string {
  const own = sizesOf(call);
  const wanted = sizes.map((n, i) => {
    if (typeof n === 'number') return n < 0 ? 1 : n;
    if (typeof own[i - sizes.length + own.length] !== 'number') return 1;
    throw notRun(`${call.node.target} to a size that is not fixed`);
  });
  return op(call, 'Expand', [self(call), int(wanted)]);
}

/** The size of an axis of the batch cannot be a constant: zeros and ones of it are not followed. */
const filled: Rule = call => {
  const value = /^(new_)?ones|ones_like/.test(call.node.target.replace(/^aten\./, '')) ? 1 : number(call, 'fill_value');
  const sizes = call.node.args.has('size') ? numbers(call, 'size') : sizesOf(call);
  if (sizes.some(n => typeof n !== 'number')) throw notRun(`${call.node.target} of no fixed size`);
  for (const name of ['self', 'size']) arg(call, name);
  return { type: 'float', shape: sizes as number[], data: new Array((sizes as number[]).reduce((a, b) => a * b, 1)).fill(value) };
};

const cumulated: Rule = call => op(call, 'CumSum', [self(call), int(axis(call))]);
const triangle =
  (upper: number): Rule =>
  call =>
    op(call, 'Trilu', [self(call), int(number(call, 'diagonal', 0))], { upper });

export const ARRANGING: Rules = {
  flip,
  roll,
  topk: topK,
  einsum,
  gather,
  index_select: indexSelect,
  repeat,
  scaled_dot_product_attention: attention,
  expand_as: expandAs,
  ones: filled,
  ones_like: filled,
  full: filled,
  full_like: filled,
  cumsum: cumulated,
  triu: triangle(1),
  tril: triangle(0),
};

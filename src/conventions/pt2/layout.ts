import { alike, END, int, op, outName, type Rule, type Rules, sameSymbol, self, sizesOf, slice, tensorsOf } from './rule.js';
import { arg, axes, axis, type Call, isSymbol, number, numbers, type Operand, rankOf } from './wiring.js';

/** Operators that reshape, permute, split and join axes. */

/**
 * Sizes of view and reshape. A symbol that is the size of the same axis before and after is copied (0), and so is an unchanged first axis,
 * which may be the samples; one other size may be inferred (−1).
 */
function viewed(call: Call, name: string): Operand {
  const sizes = numbers(call, name);
  const [from, to] = [sizesOf(call), call.wiring.sizes(call.node.outputs[0] ?? '')];
  const known = sizes.map((n, i) => {
    if (typeof n !== 'number') return sameSymbol(from[i], to[i]) ? 0 : -1;
    if (i === 0 && typeof to[0] === 'number' && to[0] === from[0]) return 0;
    return n === -1 && typeof to[i] === 'number' ? (to[i] as number) : n;
  });
  return known.filter(n => n === -1).length > 1 ? call.wiring.sizesOperand(sizes) : int(known);
}

function reshape(call: Call): string {
  return op(call, 'Reshape', [self(call), viewed(call, arg(call, 'size') === undefined ? 'shape' : 'size')]);
}

function swapped(call: Call): string {
  const name = call.node.args.has('axis0') ? 'axis' : 'dim';
  const [a, b] = [axis(call, `${name}0`), axis(call, `${name}1`)];
  const perm = Array.from({ length: rankOf(call) }, (_, i) => (i === a ? b : i === b ? a : i));
  return call.wiring.transposed(outName(call), self(call), perm);
}

function select(call: Call): string {
  const dim = axis(call);
  const index = number(call, 'index');
  if (dim === 1 && index === -1 && rankOf(call) === 3) {
    const name = call.wiring.free(outName(call));
    call.wiring.layers.push({ kind: 'last', name, inputs: [call.wiring.input(arg(call, 'self'))] });
    return name;
  }
  return op(call, 'Gather', [self(call), int(index)], { axis: dim });
}

function stacked(call: Call): string {
  const tensors = (arg(call, 'tensors') as readonly { tensor: string }[]) ?? [];
  const rank = call.wiring.sizes(tensors[0].tensor).length + 1;
  const dim = number(call, 'dim', 0);
  const at = dim < 0 ? dim + rank : dim;
  const lifted = tensors.map(t => call.wiring.op(`${t.tensor}_1`, 'Unsqueeze', [call.wiring.operand(t), int([at])]));
  return op(call, 'Concat', lifted, { axis: at });
}

function unflatten(call: Call): string {
  const dim = axis(call);
  const sizes = sizesOf(call).map((n, i) => (i < dim ? 0 : typeof n === 'number' ? n : -1));
  return op(call, 'Reshape', [self(call), int([...sizes.slice(0, dim), ...(numbers(call, 'sizes') as number[]), ...sizes.slice(dim + 1)])]);
}

function flatten(call: Call): string {
  const rank = rankOf(call);
  const [start, end] = ['start_dim', 'end_dim'].map((name, i) => {
    const n = number(call, name, i === 0 ? 0 : -1);
    return n < 0 ? n + rank : n;
  });
  const sizes = sizesOf(call);
  const kept = (i: number) => (i < start ? 0 : typeof sizes[i] === 'number' ? (sizes[i] as number) : -1);
  const wanted = [
    ...Array.from({ length: start }, (_, i) => kept(i)),
    -1,
    ...Array.from({ length: rank - end - 1 }, (_, i) => kept(end + 1 + i)),
  ];
  return op(call, 'Reshape', [self(call), int(wanted)]);
}

function squeeze(call: Call): string {
  const given = call.node.args.has('dim') ? axes(call, 'dim') : sizesOf(call).map((_, i) => i);
  const dims = given.filter(i => sizesOf(call)[i] === 1);
  return dims.length > 0 ? op(call, 'Squeeze', [self(call), int(dims)]) : op(call, 'Identity', [self(call)]);
}

const unsqueeze: Rule = call => op(call, 'Unsqueeze', [self(call), int([number(call, 'dim')])]);
const permute: Rule = call => call.wiring.transposed(outName(call), self(call), axes(call, 'dims'));
const transposed: Rule = call => op(call, 'Transpose', [self(call)]);
export const LAYOUT: Rules = {
  ...alike('view reshape _unsafe_view', () => reshape),
  ...alike('transpose swapaxes swapdims', () => swapped),
  ...alike('t numpy_T', () => transposed),
  unflatten,
  flatten,
  permute,
  squeeze,
  unsqueeze,
  select,
  slice(call) {
    const [start, end, step] = [number(call, 'start', 0), arg(call, 'end'), number(call, 'step', 1)];
    const dim = axis(call, 'dim', 'self', 0);
    if (isSymbol(end)) return op(call, 'Slice', [self(call), int([start]), call.wiring.sizesOperand([end]), int([dim]), int([step])]);
    return slice(call, self(call), dim, [start, typeof end === 'number' ? Math.min(end, END) : END, step], outName(call));
  },
  cat(call) {
    const tensors = tensorsOf(call);
    const dim = number(call, 'dim', 0);
    const operands = tensors.map(({ value }) => value);
    return op(call, 'Concat', operands, { axis: dim < 0 ? dim + tensors[0].rank : dim });
  },
  stack: stacked,
};

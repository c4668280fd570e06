import type { Call } from './call.js';
import { alike, END, type Rule, type Rules, sameSymbol } from './rule.js';
import { int, isSymbol, type Operand } from './wiring.js';

/** Operators that reshape, permute, split and join axes. */

/**
 * Sizes of view and reshape. A symbol that is the size of the same axis before and after is copied (0), and so is an unchanged first axis,
 * which may be the samples; one other size may be inferred (−1).
 */
function viewed(call: Call, name: string): Operand {
  const sizes = call.numbers(name);
  const [from, to] = [call.sizes(), call.wiring.sizes(call.node.outputs[0] ?? '')];
  const known = sizes.map((n, i) => {
    if (typeof n !== 'number') return sameSymbol(from[i], to[i]) ? 0 : -1;
    if (i === 0 && typeof to[0] === 'number' && to[0] === from[0]) return 0;
    return n === -1 && typeof to[i] === 'number' ? (to[i] as number) : n;
  });
  return known.filter(n => n === -1).length > 1 ? call.wiring.sizesOperand(sizes) : int(known);
}

function reshape(call: Call): string {
  return call.op('Reshape', [call.operand(), viewed(call, call.arg('size') === undefined ? 'shape' : 'size')]);
}

function swapped(call: Call): string {
  const name = call.node.args.has('axis0') ? 'axis' : 'dim';
  const [a, b] = [call.axis(`${name}0`), call.axis(`${name}1`)];
  const perm = Array.from({ length: call.rank() }, (_, i) => (i === a ? b : i === b ? a : i));
  return call.wiring.transposed(call.outName, call.operand(), perm);
}

function select(call: Call): string {
  const dim = call.axis();
  const index = call.number('index');
  if (dim === 1 && index === -1 && call.rank() === 3) {
    const name = call.wiring.free(call.outName);
    call.wiring.layers.push({ kind: 'last', name, inputs: [call.wiring.input(call.arg('self'))] });
    return name;
  }
  return call.op('Gather', [call.operand(), int(index)], { axis: dim });
}

function stacked(call: Call): string {
  const tensors = (call.arg('tensors') as readonly { tensor: string }[]) ?? [];
  const rank = call.wiring.sizes(tensors[0].tensor).length + 1;
  const dim = call.number('dim', 0);
  const at = dim < 0 ? dim + rank : dim;
  const lifted = tensors.map(t => call.wiring.op(`${t.tensor}_1`, 'Unsqueeze', [call.wiring.operand(t), int([at])]));
  return call.op('Concat', lifted, { axis: at });
}

function unflatten(call: Call): string {
  const dim = call.axis();
  const sizes = call.sizes().map((n, i) => (i < dim ? 0 : typeof n === 'number' ? n : -1));
  return call.op('Reshape', [
    call.operand(),
    int([...sizes.slice(0, dim), ...(call.numbers('sizes') as number[]), ...sizes.slice(dim + 1)]),
  ]);
}

function flatten(call: Call): string {
  const rank = call.rank();
  const [start, end] = ['start_dim', 'end_dim'].map((name, i) => {
    const n = call.number(name, i === 0 ? 0 : -1);
    return n < 0 ? n + rank : n;
  });
  const sizes = call.sizes();
  const kept = (i: number) => (i < start ? 0 : typeof sizes[i] === 'number' ? (sizes[i] as number) : -1);
  const wanted = [
    ...Array.from({ length: start }, (_, i) => kept(i)),
    -1,
    ...Array.from({ length: rank - end - 1 }, (_, i) => kept(end + 1 + i)),
  ];
  return call.op('Reshape', [call.operand(), int(wanted)]);
}

function squeeze(call: Call): string {
  const given = call.node.args.has('dim') ? call.axes('dim') : call.sizes().map((_, i) => i);
  const dims = given.filter(i => call.sizes()[i] === 1);
  return dims.length > 0 ? call.op('Squeeze', [call.operand(), int(dims)]) : call.op('Identity', [call.operand()]);
}

const unsqueeze: Rule = call => call.op('Unsqueeze', [call.operand(), int([call.number('dim')])]);
const permute: Rule = call => call.wiring.transposed(call.outName, call.operand(), call.axes('dims'));
const transposed: Rule = call => call.op('Transpose', [call.operand()]);
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
    const [start, end, step] = [call.number('start', 0), call.arg('end'), call.number('step', 1)];
    const dim = call.axis('dim', 'self', 0);
    if (isSymbol(end)) return call.op('Slice', [call.operand(), int([start]), call.wiring.sizesOperand([end]), int([dim]), int([step])]);
    return call.slice(call.operand(), dim, [start, typeof end === 'number' ? Math.min(end, END) : END, step], call.outName);
  },
  cat(call) {
    const tensors = call.tensors();
    const dim = call.number('dim', 0);
    const operands = tensors.map(({ value }) => value);
    return call.op('Concat', operands, { axis: dim < 0 ? dim + tensors[0].rank : dim });
  },
  stack: stacked,
};

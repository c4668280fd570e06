import {
  alike,
  fixedSize,
  int,
  op,
  outName,
  type Rule,
  type Rules,
  range,
  self,
  setOutputs,
  sizesOf,
  step,
  tensorsOf,
  unsupportedOperator,
} from './rule.js';
import { arg, axis, type Call, isTensor, number, numbers, type Operand, rankOf } from './wiring.js';

/** Diagonals, stacks and grids. */

/**
 * Concatenates along an axis after expanding tensors of lower rank. @param lifted positions at which a tensor of the given rank gets axes
 * of size 1
 */
const joined =
  (lifted: (rank: number) => readonly number[], along: (rank: number) => number): Rule =>
  call => {
    const all = tensorsOf(call);
    const parts = all.map(({ value, rank }) => (lifted(rank).length > 0 ? step(call, 'Unsqueeze', [value, int(lifted(rank))]) : value));
    return op(call, 'Concat', parts, { axis: along(all[0].rank) });
  };

/** Transposes the last two axes. */
const transposeLast: Rule = call => {
  const rank = rankOf(call);
  return call.wiring.transposed(outName(call), self(call), [...range(rank - 2), rank - 1, rank - 2]);
};

/** Matrices with the last axis on their diagonal (diag_embed). */
const diagEmbed: Rule = call => {
  const rank = rankOf(call);
  const [first, last] = [number(call, 'dim1', -2), number(call, 'dim2', -1)].map(dim => (dim < 0 ? dim + rank + 1 : dim));
  if (number(call, 'offset', 0) !== 0 || first !== rank - 1 || last !== rank)
    throw unsupportedOperator(`${call.node.target} that is not written into`);
  const n = fixedSize(call, rank - 1);
  const ones = { type: 'float', shape: [n, n], data: range(n * n).map(k => Number(k % (n + 1) === 0)) };
  return op(call, 'Mul', [step(call, 'Unsqueeze', [self(call), int([-1])]), ones]);
};

/** Broadcasts each vector along an axis of its own. */
function meshgrid(call: Call): Operand {
  const all = tensorsOf(call);
  if (String(arg(call, 'indexing') ?? 'ij') !== 'ij') throw unsupportedOperator(`${call.node.target} with indexing`);
  const given = call.node.args.get('tensors') as readonly { tensor: string }[];
  const sizes = given.map(t => call.wiring.sizes(t.tensor)[0] ?? 1);
  const grids = all.map(({ value }, i) => {
    const shape = all.map((_, k) => (k === i ? -1 : 1));
    return step(call, 'Expand', [step(call, 'Reshape', [value, int(shape)]), call.wiring.sizesOperand(sizes)]);
  });
  return setOutputs(call, grids);
}

/** Adds to, or replaces, rows along an axis. */
const atRows =
  (reduction: string, source: string): Rule =>
  call => {
    const dim = axis(call);
    if (number(call, 'alpha', 1) !== 1) throw unsupportedOperator(`${call.node.target} with alpha`);
    const count = sizesOf(call, 'index')[0] ?? 1;
    const sizes = sizesOf(call).map((n, i) => (i === dim ? count : n));
    const shape = sizes.map((_, i) => (i === dim ? -1 : 1));
    const places = step(call, 'Expand', [step(call, 'Reshape', [self(call, 'index'), int(shape)]), call.wiring.sizesOperand(sizes)]);
    const given = isTensor(call.node.args.get(source)) && sizesOf(call, source).length > 0;
    const values = given ? self(call, source) : step(call, 'Expand', [self(call, source), call.wiring.sizesOperand(sizes)]);
    return op(call, 'ScatterElements', [self(call), places, values], { axis: dim, reduction });
  };

export const VIEWS: Rules = {
  ...alike('mT mH adjoint', () => transposeLast),
  hstack: joined(
    () => [],
    rank => Math.min(1, rank - 1),
  ),
  vstack: joined(
    rank => (rank === 1 ? [0] : []),
    () => 0,
  ),
  column_stack: joined(
    rank => (rank === 1 ? [1] : []),
    () => 1,
  ),
  dstack: joined(
    rank => (rank === 1 ? [0, 2] : rank === 2 ? [2] : []),
    () => 2,
  ),
  diag_embed: diagEmbed,
  meshgrid,
  broadcast_tensors(call) {
    const all = tensorsOf(call);
    const given = call.node.args.get('tensors') as readonly { tensor: string }[];
    const sizes = call.wiring.sizes(call.node.outputs[0] ?? given[0].tensor);
    return setOutputs(
      call,
      all.map(({ value }) => step(call, 'Expand', [value, call.wiring.sizesOperand(sizes)])),
    );
  },
  index_add: atRows('add', 'source'),
  index_copy: atRows('none', 'source'),
  index_fill: atRows('none', 'value'),
  /** Selects elements along an axis by indices of the same rank. */
  take_along_dim: call => op(call, 'GatherElements', [self(call), self(call, 'indices')], { axis: axis(call) }),
  tile(call) {
    const times = numbers(call, 'dims');
    const missing = rankOf(call) - times.length;
    const all = [...range(Math.max(0, missing)).map(() => 1), ...times];
    const x = missing < 0 ? step(call, 'Unsqueeze', [self(call), int(range(-missing))]) : self(call);
    return op(call, 'Tile', [x, call.wiring.sizesOperand(all)]);
  },
};

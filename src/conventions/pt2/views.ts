import type { Call } from './call.js';
import { alike, type Rule, type Rules, range } from './rule.js';
import { int, isTensor, type Operand } from './wiring.js';

/** Diagonals, stacks and grids. */

/**
 * Concatenates along an axis after expanding tensors of lower rank. @param lifted positions at which a tensor of the given rank gets axes
 * of size 1
 */
const joined =
  (lifted: (rank: number) => readonly number[], along: (rank: number) => number): Rule =>
  call => {
    const all = call.tensors();
    const parts = all.map(({ value, rank }) => (lifted(rank).length > 0 ? call.step('Unsqueeze', [value, int(lifted(rank))]) : value));
    return call.op('Concat', parts, { axis: along(all[0].rank) });
  };

/** Transposes the last two axes. */
const transposeLast: Rule = call => {
  const rank = call.rank();
  return call.wiring.transposed(call.outName, call.operand(), [...range(rank - 2), rank - 1, rank - 2]);
};

/** Matrices with the last axis on their diagonal (diag_embed). */
const diagEmbed: Rule = call => {
  const rank = call.rank();
  const [first, last] = [call.number('dim1', -2), call.number('dim2', -1)].map(dim => (dim < 0 ? dim + rank + 1 : dim));
  if (call.number('offset', 0) !== 0 || first !== rank - 1 || last !== rank) throw call.unsupported('that is not written into');
  const n = call.size(rank - 1);
  const ones = { type: 'float', shape: [n, n], data: range(n * n).map(k => Number(k % (n + 1) === 0)) };
  return call.op('Mul', [call.step('Unsqueeze', [call.operand(), int([-1])]), ones]);
};

/** Broadcasts each vector along an axis of its own. */
function meshgrid(call: Call): Operand {
  const all = call.tensors();
  if (String(call.arg('indexing') ?? 'ij') !== 'ij') throw call.unsupported('with indexing');
  const given = call.node.args.get('tensors') as readonly { tensor: string }[];
  const sizes = given.map(t => call.wiring.sizes(t.tensor)[0] ?? 1);
  const grids = all.map(({ value }, i) => {
    const shape = all.map((_, k) => (k === i ? -1 : 1));
    return call.step('Expand', [call.step('Reshape', [value, int(shape)]), call.wiring.sizesOperand(sizes)]);
  });
  return call.setOutputs(grids);
}

/** Adds to, or replaces, rows along an axis. */
const atRows =
  (reduction: string, source: string): Rule =>
  call => {
    const dim = call.axis();
    if (call.number('alpha', 1) !== 1) throw call.unsupported('with alpha');
    const count = call.sizes('index')[0] ?? 1;
    const sizes = call.sizes().map((n, i) => (i === dim ? count : n));
    const shape = sizes.map((_, i) => (i === dim ? -1 : 1));
    const places = call.step('Expand', [call.step('Reshape', [call.operand('index'), int(shape)]), call.wiring.sizesOperand(sizes)]);
    const given = isTensor(call.node.args.get(source)) && call.sizes(source).length > 0;
    const values = given ? call.operand(source) : call.step('Expand', [call.operand(source), call.wiring.sizesOperand(sizes)]);
    return call.op('ScatterElements', [call.operand(), places, values], { axis: dim, reduction });
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
    const all = call.tensors();
    const given = call.node.args.get('tensors') as readonly { tensor: string }[];
    const sizes = call.wiring.sizes(call.node.outputs[0] ?? given[0].tensor);
    return call.setOutputs(all.map(({ value }) => call.step('Expand', [value, call.wiring.sizesOperand(sizes)])));
  },
  index_add: atRows('add', 'source'),
  index_copy: atRows('none', 'source'),
  index_fill: atRows('none', 'value'),
  /** Selects elements along an axis by indices of the same rank. */
  take_along_dim: call => call.op('GatherElements', [call.operand(), call.operand('indices')], { axis: call.axis() }),
  tile(call) {
    const times = call.numbers('dims');
    const missing = call.rank() - times.length;
    const all = [...range(Math.max(0, missing)).map(() => 1), ...times];
    const x = missing < 0 ? call.step('Unsqueeze', [call.operand(), int(range(-missing))]) : call.operand();
    return call.op('Tile', [x, call.wiring.sizesOperand(all)]);
  },
};

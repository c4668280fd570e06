import { choose, less, sub } from './arithmetic.js';
import { along, type OperatorCall, productOf, type Rule, wholeNumbers, wrongArgument } from './call.js';
import { cast, type Expression, FLOAT, flat, INT, identity, ints, node, type Operand, sliced, TO_THE_END } from './expression.js';
import { flipped } from './ordering.js';

/** Operators that join, split, select, repeat and rearrange. */

/** Pads both ends by reflection including the border element (symmetric). */
function mirrored(x: Operand, pairs: readonly (readonly number[])[]): Expression {
  const whole = pairs.reduce<Operand>((inner, [before, behind], axis) => {
    const front = before > 0 ? [flipped(sliced(inner, axis, 0, before), [axis])] : [];
    const back = behind > 0 ? [flipped(sliced(inner, axis, -behind, TO_THE_END), [axis])] : [];
    return front.length + back.length > 0 ? node('Concat', [...front, inner, ...back], { axis }) : inner;
  }, x);
  return identity(whole);
}

/** Splits into n parts (the first ones longer if n does not divide the axis), or at given indices. */
function splitOn(call: OperatorCall, axis: number): Expression {
  const size = call.size(axis, 'axis');
  const at = call.given(1, 'indices_or_sections');
  const start = (i: number) => i * Math.floor(size / Number(at)) + Math.min(i, size % Number(at));
  const places = typeof at === 'number' ? Array.from({ length: at - 1 }, (_, i) => start(i + 1)) : (at as number[]);
  if (!Array.isArray(places) || !places.every(n => Number.isInteger(n) && n >= 0 && n <= size))
    throw wrongArgument('indices_or_sections', at ?? null);
  const [first, ...others] = [...places, size].map((end, i) => sliced(call.operand(0, 'x'), axis, places[i - 1] ?? 0, end));
  return { ...first, others };
}

const split: Rule = call => splitOn(call, call.axis(2, 'axis', 0).axis);

/** Splits along a fixed axis; a vector has only axis 0. */
const splitAlong =
  (axis: number): Rule =>
  call =>
    splitOn(call, Math.min(axis, call.shape(0, 'x').length - 1));

/** One-hot encoding along a new axis. @param rank of x */
export function placesAlong(x: Operand, rank: number, axis: number, count: number): Expression {
  const at = axis < 0 ? axis + rank + 1 : axis;
  const classes = Array.from({ length: count }, (_, i) => Array.from({ length: rank - at }).reduce<unknown>(inner => [inner], i));
  return cast(node('Equal', [node('Unsqueeze', [cast(x, INT), ints([at])]), { constant: { type: 'int', value: classes } }]), FLOAT);
}

function placesOf(call: OperatorCall, name: string): Expression {
  if (call.flag(4, 'sparse')) throw wrongArgument('sparse', true);
  return placesAlong(call.operand(0, name), call.shape(0, name).length, call.number(2, 'axis', -1), call.number(1, 'num_classes', 0));
}

/** x and indices are broadcast to each other along all other axes. */
const takeAlong = along(2, call => {
  const { axis } = call.axis(2, 'axis');
  const [x, indices] = [call.operand(0, 'x'), cast(call.operand(1, 'indices'), INT)];
  const [own, other] = [call.shape(0, 'x'), call.shape(1, 'indices')];
  const wide = (t: Operand, sizes: typeof own, to: Operand, toSizes: typeof own): Operand => {
    if (!sizes.some((size, a) => a !== axis && size === 1 && toSizes[a] !== 1)) return t;
    // Where selects t in either case, broadcast to `one`
    const one = node('Gather', [to, ints([0])], { axis });
    return choose(less(one, one), t, t);
  };
  return node('GatherElements', [wide(x, own, indices, other), wide(indices, other, x, own)], { axis });
});

/** Concatenates a list of tensors along a fixed axis. */
const stacked =
  (axis: number): Rule =>
  call =>
    node('Concat', call.operands(0, 'xs'), { axis });

const triangle = (upper: number): Rule => {
  return call => node('Trilu', [call.operand(0, 'x'), ints(call.number(1, 'k', 0))], { upper });
};

/** einops' rearrange, such as `b (h p) c -> b h (p c)`: splits, permutes and merges axes. */
function rearranged(call: OperatorCall): Expression {
  const pattern = call.given(1, 'pattern');
  const sides = typeof pattern === 'string' ? pattern.split('->').map(side => (side.match(/\w+|\([^()]*\)/g) ?? []).map(axesIn)) : [];
  const shape = call.shape(0, 'tensor');
  if (sides.length !== 2 || sides[0].length !== shape.length) throw wrongArgument('pattern', pattern ?? null);
  const [from, to] = sides;
  const sizes = new Map<string, number | null>();
  from.forEach((axes, i) => {
    const said = axes.map(axis => (axes.length === 1 ? shape[i] : ((call.given(-1, axis) ?? null) as number | null)));
    const open = said.indexOf(null);
    const rest = said.reduce<number>((all, n) => all * (n ?? 1), 1);
    const size = shape[i];
    for (const [k, axis] of axes.entries()) sizes.set(axis, k === open && size !== null && axes.length > 1 ? size / rest : said[k]);
  });
  const all = from.flat();
  const sizeOfAxis = (axis: string) => sizes.get(axis) ?? null;
  const apart = node('Reshape', [call.operand(0, 'tensor'), ints(withOneOpen(all.map(sizeOfAxis)))]);
  const turned = node('Transpose', [apart], { perm: to.flat().map(axis => all.indexOf(axis)) });
  return node('Reshape', [turned, ints(withOneOpen(to.map(axes => productOf(axes.map(sizeOfAxis)))))]);
}

function axesIn(word: string): string[] {
  return word.match(/\w+/g) ?? [];
}

/** Sizes for a Reshape with −1 for an unknown one. @throws RnnError E_KERAS_OPTION if several are unknown */
function withOneOpen(sizes: readonly (number | null)[]): number[] {
  if (sizes.filter(n => n === null).length > 1) throw wrongArgument('pattern', 'several axes of unknown size');
  return sizes.map(n => n ?? -1);
}

export const MOVEMENT: Readonly<Record<string, Rule>> = {
  Concatenate(call) {
    return node('Concat', call.operands(0, 'xs'), { axis: call.number(1, 'axis', 0) });
  },
  Hstack: stacked(1),
  Vstack: stacked(0),
  Stack(call) {
    const axis = call.number(1, 'axis', 0);
    return node(
      'Concat',
      call.operands(0, 'x').map(o => node('Unsqueeze', [o, ints([axis])])),
      { axis },
    );
  },
  Unstack(call) {
    const { axis } = call.axis(2, 'axis', 0);
    const [first, ...others] = Array.from({ length: call.size(axis, 'axis') }, (_, i) =>
      node('Squeeze', [sliced(call.operand(0, 'x'), axis, i, i + 1), ints([axis])]),
    );
    return { ...first, others };
  },
  Split: split,
  Squeeze(call) {
    const axes = call.axes(1) ?? [...call.shape(0, 'x').entries()].flatMap(([axis, size]) => (size === 1 ? [axis] : []));
    return node('Squeeze', [call.operand(0, 'x'), ints(axes)]);
  },
  ExpandDims(call) {
    return node('Unsqueeze', [call.operand(0, 'x'), ints(call.axes(1) ?? [0])]);
  },
  Reshape(call) {
    const wanted = call.given(1, 'newshape');
    const sizes = (Array.isArray(wanted) ? wanted : [wanted]).map(n => (n === null ? -1 : n));
    if (!sizes.every(n => typeof n === 'number')) throw wrongArgument('newshape', wanted);
    return node('Reshape', [call.operand(0, 'x'), ints(sizes as number[])]);
  },
  Rearrange: rearranged,
  Ravel: call => flat(call.operand(0, 'x')),
  Transpose(call) {
    const axes = call.axes(1, 'axes');
    return node('Transpose', [call.operand(0, 'x')], axes ? { perm: axes } : {});
  },
  Swapaxes(call) {
    const { axis: a, rank } = call.axis(1, 'axis1');
    const { axis: b } = call.axis(2, 'axis2');
    const perm = Array.from({ length: rank }, (_, i) => (i === a ? b : i === b ? a : i));
    return node('Transpose', [call.operand(0, 'x')], { perm });
  },
  Moveaxis(call) {
    const rank = call.shape(0, 'x').length;
    const places = (i: number, name: string) => wholeNumbers(call.given(i, name), name).map(a => (a < 0 ? a + rank : a));
    const [from, to] = [places(1, 'source'), places(2, 'destination')];
    const perm = Array.from({ length: rank }, (_, i) => i).filter(i => !from.includes(i));
    [...to.keys()].sort((a, b) => to[a] - to[b]).forEach(k => void perm.splice(to[k], 0, from[k]));
    return node('Transpose', [call.operand(0, 'x')], { perm });
  },
  BroadcastTo: call => node('Expand', [call.operand(0, 'x'), ints(wholeNumbers(call.given(1, 'shape'), 'shape'))]),
  /** Repeats whole axes; fewer repeats than axes apply to the last axes. */
  Tile(call) {
    const times = wholeNumbers(call.given(1, 'repeats'), 'repeats');
    const rank = call.shape(0, 'x').length;
    const x = call.operand(0, 'x');
    const missing = Math.max(0, times.length - rank);
    const wide = missing === 0 ? x : node('Unsqueeze', [x, ints(Array.from({ length: missing }, (_, i) => i))]);
    return node('Tile', [wide, ints([...new Array<number>(Math.max(0, rank - times.length)).fill(1), ...times])]);
  },
  /** Windows of the last axis: [.., T] -> [.., K, length], one every `stride` steps. */
  ExtractSequences(call) {
    const [length, stride] = [call.number(1, 'sequence_length', 1), call.number(2, 'sequence_stride', 1)];
    const size = call.size(call.shape(0, 'x').length - 1, 'x');
    const starts = Array.from({ length: 1 + Math.floor((size - length) / stride) }, (_, k) => k * stride);
    const places = starts.map(start => Array.from({ length }, (_, i) => start + i));
    return node('Gather', [call.operand(0, 'x'), { constant: { type: 'int', value: places } }], { axis: -1 });
  },
  /** Concatenates two tensors along an axis, or flattened. */
  Append(call) {
    const both = [call.operand(0, 'x1'), call.operand(1, 'x2')];
    const axes = call.axes(-1);
    return axes ? node('Concat', both, { axis: axes[0] }) : node('Concat', both.map(flat), { axis: 0 });
  },
  Dstack: stacked(2),
  ArraySplit: split,
  Hsplit: splitAlong(1),
  Vsplit: splitAlong(0),
  Dsplit: splitAlong(2),
  /** 1 at each index that occurs in a sample. */
  MultiHot(call) {
    const rank = call.shape(0, 'inputs').length;
    return node('ReduceMax', [placesOf(call, 'inputs'), ints([rank > 1 ? 1 : 0])], { keepdims: 0 });
  },
  Take: along(2, call => {
    const at = call.given(1, 'indices');
    const indices = typeof at === 'number' || Array.isArray(at) ? ints(at as number | number[]) : cast(call.operand(1, 'indices'), INT);
    return node('Gather', [call.operand(0, 'x'), indices], { axis: call.number(2, 'axis', 0) });
  }),
  TakeAlongAxis: takeAlong,
  /** Repeats each element along an axis; without an axis, of flattened x. */
  Repeat: along(2, call => {
    const { axis, rank } = call.axis(2, 'axis');
    const given = call.given(1, 'repeats');
    const size = call.shape(0, 'x')[axis];
    if (size === null && rank === 1 && typeof given === 'number') {
      const wide = node('Unsqueeze', [call.operand(0, 'x'), ints([1])]);
      return flat(node('Tile', [wide, ints([1, given])]));
    }
    const times = Array.from({ length: call.size(axis, 'axis') }, (_, i) =>
      Array.isArray(given) ? given[given.length === 1 ? 0 : i] : given,
    );
    if (!times.every(n => Number.isInteger(n))) throw wrongArgument('repeats', given ?? null);
    const indices = times.flatMap((n, i) => Array.from({ length: Number(n) }, () => i));
    return node('Gather', [call.operand(0, 'x'), ints(indices)], { axis });
  }),
  Pad(call) {
    const mode = String(call.given(2, 'mode') ?? 'constant');
    const width = call.given(1, 'pad_width');
    const rank = call.shape(0, 'x').length;
    if (!['constant', 'reflect', 'symmetric'].includes(mode)) throw wrongArgument('mode', mode);
    const pairs = (Array.isArray(width) && width.some(Array.isArray) ? width : [width]).map(p => wholeNumbers(p, 'pad_width'));
    if (![1, rank].includes(pairs.length) || pairs.some(p => p.length !== 1 && p.length !== 2)) throw wrongArgument('pad_width', width);
    const each = Array.from({ length: rank }, (_, i) => pairs[pairs.length === 1 ? 0 : i]).map(p => [p[0], p[p.length - 1]]);
    if (mode === 'symmetric') return mirrored(call.operand(0, 'x'), each);
    const pads = ints([...each.map(p => p[0]), ...each.map(p => p[1])]);
    const fill = !call.has(3, 'constant_values') ? [] : [call.operand(3, 'constant_values')];
    return node('Pad', [call.operand(0, 'x'), pads, ...fill], { mode });
  },
  Tril: triangle(0),
  Triu: triangle(1),
  /** The n-th difference of neighbours along an axis. */
  Diff(call) {
    const { axis } = call.axis(2, 'axis', -1, 'a');
    let x = call.float(0, 'a');
    for (let n = call.number(1, 'n', 1); n > 0; n--) x = sub(sliced(x, axis, 1, TO_THE_END), sliced(x, axis, 0, -1));
    return identity(x);
  },
  OneHot: call => placesOf(call, 'x'),
  Cumsum: along(1, call => node('CumSum', [call.float(0, 'x'), ints(call.axis(1, 'axis').axis)])),
};

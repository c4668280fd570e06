import { RnnError } from '../errors.js';
import { OPERATOR_SET } from '../ops/run.js';
import { equalPieces } from '../ops/value.js';
import { formatShape } from '../tensor/tensor.js';
import { showShape, sumOfDims } from './dims.js';
import type { Dim, DimShape } from './layer.js';
import { factorText, multiplied, OPEN, productOf, sized } from './operatorNumbers.js';
import { axesOf, axisIn, broadcastDims, inputsOf, noAxis, notNegative, type Rule, refuse } from './operatorShapeRule.js';

/** Output shapes of operators that move, slice, join and repeat. */

/** A plain letter, which stands for the same size wherever it occurs. */
const CERTAIN = /^\w+$/;

/** Splits a symbolic size into its factors: 'T*2*N' -> T, 2, N. */
function factors(d: Dim): Dim[] {
  if (d.size !== null || !/^[\w*]+$/.test(d.symbol)) return [d];
  return d.symbol.split('*').map(part => (/^\d+$/.test(part) ? sized(Number(part)) : { symbol: part, size: null }));
}

const slice: Rule = call => {
  const from = call.shape(0);
  // an ONNX graph with computed bounds is run node by node instead; a Keras network cannot be, so its sizes stay open
  const bounds = call.layer.kerasClass === null ? call.sizes : call.places;
  const [starts, ends] = [bounds(1) ?? [], bounds(2) ?? []];
  if (starts.length !== ends.length)
    throw new RnnError('shape', 'E_OPERANDS', `Slice has ${starts.length} starts and ${ends.length} ends`, {
      expected: 'one of each per axis',
      found: `${starts.length} and ${ends.length}`,
    });
  const axes = (call.numbers(3) ?? starts.map((_, i) => i)).map(a => axisIn(a, from.length, 'Slice'));
  const steps = call.numbers(4) ?? starts.map(() => 1);
  if (axes.length !== starts.length || steps.length !== starts.length || new Set(axes).size !== axes.length || steps.includes(0))
    refuse(
      'Slice',
      'a start, an end and a step other than 0 for each of its axes',
      [axes, steps].map(list => list.map(sized)),
    );
  return [
    from.map(
      (d, axis): Dim => (axes.includes(axis) ? cut(d, starts[axes.indexOf(axis)], ends[axes.indexOf(axis)], steps[axes.indexOf(axis)]) : d),
    ),
  ];
};

function cut(d: Dim, start: Dim, end: Dim, step: number): Dim {
  if (d.size !== null && start.size !== null && end.size !== null) return sized(sliceLength(d.size, start.size, end.size, step));
  const fromFirst = start.size === 0 && step === 1;
  if (fromFirst && (end.size === null ? end.symbol === d.symbol || d.size !== null : end.size >= Number.MAX_SAFE_INTEGER))
    return end.size === null ? end : d;
  // counted from the end, and not beyond the first: exactly the requested number
  return { symbol: `${d.symbol}'`, size: null };
}

function sliceLength(size: number, start: number, end: number, step: number): number {
  const clamp = (v: number, low: number, high: number) => Math.min(Math.max(v < 0 ? v + size : v, low), high);
  const [a, b] = step > 0 ? [clamp(start, 0, size), clamp(end, 0, size)] : [clamp(start, -1, size - 1), clamp(end, -1, size - 1)];
  return Math.max(0, Math.ceil((b - a) / step));
}

const split: Rule = call => {
  const from = call.shape(0);
  const axis = axisIn(call.attributeNumber('axis', 0), from.length, 'Split');
  const size = from[axis].size;
  // without sizes and a number of pieces, it is in one
  const count = call.attributeNumber('num_outputs', 1);
  const pieces = (sizes: readonly Dim[]) => sizes.map(piece => from.map((d, i) => (i === axis ? piece : d)));
  const given = call.numbers(1);
  if (size === null && !given) return pieces(count === 1 ? [from[axis]] : Array.from({ length: count }, () => OPEN));
  const sizes = given ?? equalPieces(size!, count, OPERATOR_SET);
  if (size !== null && sizes.reduce((sum, n) => sum + n, 0) !== size) refuse('Split', `pieces that add up to ${size}`, [sizes.map(sized)]);
  return pieces(sizes.map(sized));
};

function notJoined(a: DimShape, b: DimShape, axis: number): RnnError {
  const found = `${showShape(a)} and ${showShape(b)}`;
  return new RnnError('shape', 'E_MERGE', `cannot concatenate ${found} along axis ${axis}`, {
    expected: 'equal sizes along the other axes',
    found,
  });
}

/** The error for a Reshape to a different number of elements. */
function otherCount(from: DimShape, to: DimShape): RnnError {
  const [found, expected] = [to, from].map(dims => formatShape(dims.map(({ size }) => size!)));
  return new RnnError('shape', 'E_OPERANDS', `cannot reshape ${expected} to ${found}: the number of elements differs`, {
    expected: `as many elements as ${expected}`,
    found,
  });
}

export const MOVEMENT: Readonly<Record<string, Rule>> = {
  /** The sizes of the second operand: 0 copies a size, −1 is what remains. */
  Reshape(call) {
    const from = call.shape(0);
    call.shape(1);
    const wanted = call.sizes(1)!;
    const open = wanted.findIndex(d => d.size === -1);
    const copied = wanted.map(d => d.size === 0 && call.attribute('allowzero') !== 1);
    if (copied.lastIndexOf(true) >= from.length) throw noAxis('Reshape', [from]);
    const dims = wanted.map((d, i): Dim => (copied[i] ? from[i] : d));
    const [has, wants] = [productOf(from), productOf(dims.filter((_, i) => i !== open))];
    if (has !== null && wants !== null && (open < 0 ? has !== wants : wants === 0 ? has > 0 : has % wants !== 0))
      throw otherCount(from, dims);
    if (open < 0) return [dims];
    // −1 is the quotient of all sizes; those on both sides cancel out, symbolic ones included
    const left = from.flatMap((d, i) => (copied[i] ? [] : factors(d)));
    const rest = dims
      .flatMap((d, i) => (i === open || copied[i] ? [] : factors(d)))
      .filter(d => {
        const same = d.size === null && CERTAIN.test(d.symbol) ? left.findIndex(l => l.size === null && l.symbol === d.symbol) : -1;
        if (same >= 0) left.splice(same, 1);
        return same < 0;
      });
    const symbols = left.filter(d => d.size === null);
    const given = productOf(rest);
    const ratio = given === null || given === 0 ? null : productOf(left.filter(d => d.size !== null))! / given;
    const size = symbols.length === 0 ? ratio : null;
    const letters =
      ratio !== null && Number.isInteger(ratio)
        ? [
            ...(ratio === 1 ? [] : [ratio]),
            ...symbols.map(d => (ratio === 1 && symbols.length === 1 ? d.symbol : factorText(d.symbol))),
          ].join('*')
        : '?';
    return [dims.map((d, i) => (i === open ? { symbol: size === null ? letters : String(size), size } : d))];
  },
  Transpose(call) {
    const from = call.shape(0);
    const perm = call.attributeNumbers('perm') ?? from.map((_, i) => from.length - 1 - i);
    if (perm.every(axis => from[axis]) && (perm.length !== from.length || new Set(perm).size !== perm.length))
      throw new RnnError('shape', 'E_RANK', 'perm of Transpose is not a permutation of the axes', {
        expected: `the axes 0 to ${from.length - 1}`,
        found: `[${perm.join(', ')}]`,
      });
    return [perm.map(i => from[i])];
  },
  Squeeze(call) {
    const from = call.shape(0);
    const axes = axesOf(call, 1, from.length) ?? from.flatMap((d, i) => (d.size === 1 ? [i] : []));
    if (axes.some(i => from[i].size !== null && from[i].size !== 1)) refuse('Squeeze', 'axes of size 1', [from]);
    return [from.filter((_, i) => !axes.includes(i))];
  },
  Unsqueeze(call) {
    const from = [...call.shape(0)];
    const given = call.attributeNumbers('axes') ?? call.numbers(1) ?? [];
    const rank = from.length + given.length;
    const axes = given.map(a => axisIn(a, rank, 'Unsqueeze'));
    if (new Set(axes).size !== axes.length)
      throw new RnnError('shape', 'E_RANK', 'Unsqueeze is given the same axis twice', {
        expected: 'each axis once',
        found: `[${given.join(', ')}]`,
      });
    for (const axis of axes.sort((a, b) => a - b)) from.splice(axis, 0, { symbol: '1', size: 1 });
    return [from];
  },
  Concat(call) {
    const shapes = inputsOf(call);
    const axis = axisIn(call.attributeNumber('axis', 1), shapes[0].length, call.layer.op);
    const known = shapes[0].map((_, i) => shapes.find(s => s[i]?.size !== null)?.[i]);
    const fits = (s: DimShape) => s.every(({ size }, i) => i === axis || size === null || size === known[i]!.size);
    if (shapes.some(s => s.length !== shapes[0].length)) throw noAxis(call.layer.op, shapes);
    const other = shapes.find(s => !fits(s));
    if (other) throw notJoined(shapes.find(s => s !== other && s.some(({ size }, i) => i !== axis && size !== null))!, other, axis);
    return [shapes[0].map((d, i): Dim => (i === axis ? sumOfDims(shapes.map(s => s[axis])) : (known[i] ?? d)))];
  },
  Slice: slice,
  Gather(call) {
    const from = call.shape(0);
    const axis = axisIn(call.attributeNumber('axis', 0), from.length, 'Gather');
    return [[...from.slice(0, axis), ...call.shape(1), ...from.slice(axis + 1)]];
  },
  Expand(call) {
    return [broadcastDims(call.shape(0), notNegative(call, call.sizes(1) ?? []), 'Expand')];
  },
  Tile(call) {
    const times = notNegative(call, call.sizes(1) ?? []);
    if (times.length !== call.shape(0).length) throw noAxis('Tile', [call.shape(0), times]);
    return [call.shape(0).map((d, i) => multiplied(times[i], d))];
  },
  Split: split,
  Flatten(call) {
    const from = call.shape(0);
    const given = call.attributeNumber('axis', 1);
    const axis = given === from.length ? given : axisIn(given, from.length, 'Flatten');
    const join = (dims: DimShape): Dim =>
      dims.length === 1 ? dims[0] : { symbol: dims.map(d => d.symbol).join('*') || '1', size: productOf(dims) };
    return [[join(from.slice(0, axis)), join(from.slice(axis))]];
  },
};

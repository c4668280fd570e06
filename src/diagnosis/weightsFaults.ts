import { getCell } from '../cells/index.js';
import { isRecurrent, type LayerSpec } from '../model/spec.js';
import { takeAlong } from '../tensor/axes.js';
import { distance, largestDifference, largestMagnitude } from '../tensor/difference.js';
import { permuteBlocks, transpose } from '../tensor/layout.js';
import { doublesOf, reshape, sameShape, sizeOf, type Tensor } from '../tensor/tensor.js';
import type { Weights } from '../weights/weights.js';
import { onGate } from './mistakes/gruGates.js';
import { otherOrders, transposeBlocks } from './mistakes/kernels.js';
import { toBfloat, toHalf } from './mistakes/precisionFaults.js';
import { mapData } from './scenario.js';

/** Comparison of one tensor of two sets of weights: whether it is equal, and what change would make it equal. */
export interface TensorComparison {
  /** 'lstm_1/Wx' */
  readonly name: string;
  readonly shape: readonly number[];
  /** largest difference; null if one side has no such tensor, or one of another shape */
  readonly maxAbs: number | null;
  readonly equal: boolean;
  /** number of values that differ, and the index of the largest difference; null if the tensors cannot be compared */
  readonly differing: { readonly count: number; readonly most: readonly number[] } | null;
  /** 'gate-order:iofg', 'transposed', 'halved' …: the change that turns the first tensor into the second; null: no known one */
  readonly change: string | null;
}

/**
 * Differences up to a few float32 roundings do not count. They are relative to each number, or to the size that most numbers of its tensor
 * exceed, so that a single huge number hides nothing.
 */
const ROUNDINGS = 4 * 2 ** -24;
/** Fraction of a tensor's numbers that are smaller than that size. */
const SMALL_PART = 0.25;

/** Returns a function: how far another number may be from number k and still count as equal. */
function allowedFor({ data }: Tensor): (k: number) => number {
  const sizes = Float64Array.from(data, Math.abs).filter(v => v > 0 && v < Infinity);
  const usual = sizes.length === 0 ? 0 : sizes.sort()[Math.floor(SMALL_PART * sizes.length)];
  return k => ROUNDINGS * Math.max(usual, Number.isFinite(data[k]) ? Math.abs(data[k]) : 0);
}

function differingIn(a: Tensor, b: Tensor): { count: number; most: number } {
  const allowed = allowedFor(a);
  let [count, most, worst] = [0, -1, 0];
  for (let k = 0; k < a.data.length; k++) {
    const times = distance(a.data[k], b.data[k]) / Math.max(allowed(k), Number.MIN_VALUE);
    if (times > 1) count++;
    if (times > worst) [most, worst] = [k, times];
  }
  return { count, most };
}

function indexOf({ shape }: Tensor, k: number): number[] {
  return shape.map((size, axis) => Math.floor(k / sizeOf(shape.slice(axis + 1))) % size);
}

export function compareWeights(layers: readonly LayerSpec[], first: Weights, second: Weights): TensorComparison[] {
  const names = new Set([...first.keys(), ...second.keys()]);
  const layerOf = (name: string) => layers.find(l => name.startsWith(`${l.name}/`));
  return [...names].map(name => {
    const [a, b] = [first.get(name), second.get(name)];
    const only = a ?? b!;
    if (!a || !b) {
      // a bias or peephole of zeros is equal to one that is missing
      const adds = !/(^|\/)(b[ho]|p)$/.test(name) || largestMagnitude(only.data) > 0;
      const part = { maxAbs: adds ? null : 0, equal: !adds, differing: adds ? null : { count: 0, most: [] } };
      const missing = a ? 'missing in the second' : 'missing in the first';
      return { name, shape: only.shape, ...part, change: adds ? missing : `zero, and ${missing}` };
    }
    if (!sameShape(a.shape, b.shape))
      return { name, shape: a.shape, maxAbs: null, equal: false, differing: null, change: shapeChange(layerOf(name), a, b) };
    const maxAbs = largestDifference(a.data, b.data).abs;
    const { count, most } = differingIn(a, b);
    const equal = count === 0;
    const differing = { count, most: equal ? [] : indexOf(a, most) };
    return { name, shape: a.shape, maxAbs, equal, differing, change: equal ? null : changeOf(name, layerOf(name), a, b, first) };
  });
}

function shapeChange(layer: LayerSpec | undefined, a: Tensor, b: Tensor): string | null {
  const isTransposable = a.shape.length === 2 && sameShape([a.shape[1], a.shape[0]], b.shape);
  if (isTransposable && same(transpose(a), b)) return 'transposed';
  if (a.data.length !== b.data.length) return null;
  if (same(reshape(a, b.shape), b)) return 'reshaped';
  const order = isTransposable ? ordered(layer).find(([, t]) => same(transpose(t(a)), b)) : undefined;
  return order ? `${order[0]}, then transposed` : null;
}

type Change = readonly [string, (t: Tensor) => Tensor];

/** All other orders of a layer's gate blocks. */
function ordered(layer: LayerSpec | undefined): Change[] {
  if (!layer || !isRecurrent(layer)) return [];
  const { gates } = getCell(layer.kind);
  return (gates.length === 1 ? [] : otherOrders(gates)).map((order): Change => {
    const blocks = gates.map(g => order.indexOf(g));
    return [`gate-order:${order.join('')}`, t => permuteBlocks(t, blocks)];
  });
}

/** Other changes of a matrix, beside the order of its gates. */
function beside(name: string, layer: LayerSpec, a: Tensor): Change[] {
  const G = isRecurrent(layer) ? getCell(layer.kind).gates.length : 1;
  const [R, width] = a.shape;
  return [
    ...(/W[xh]$/.test(name) && width === G * R ? [['transposed in each gate', (t: Tensor) => transposeBlocks(t, G)] as const] : []),
    ...(a.shape.length === 2 ? [['reshaped instead of transposed', (t: Tensor) => reshape(transpose(t), t.shape)] as const] : []),
    ['rounded to float16', t => mapData(t, toHalf)],
    ['rounded to bfloat16', t => mapData(t, toBfloat)],
  ];
}

function same(a: Tensor, b: Tensor): boolean {
  return differingIn(a, b).count === 0;
}

/** The first known change that turns a into b; none applies to tensors of zeros. */
function changeOf(name: string, layer: LayerSpec | undefined, a: Tensor, b: Tensor, first: Weights): string | null {
  const tries: [string, () => Tensor | undefined][] = [];
  const square = a.shape.length === 2 && a.shape[0] === a.shape[1];
  if (square) tries.push(['transposed', () => transpose(a)]);
  if (layer && isRecurrent(layer)) {
    for (const [words, change] of ordered(layer)) tries.push([words, () => change(a)]);
    if (layer.kind === 'lstm' && /bh$/.test(name))
      tries.push(
        ['with 1 added to the forget gate', () => onGate(a, 4, 1, v => v + 1)],
        ['with 1 taken from the forget gate', () => onGate(a, 4, 1, v => v - 1)],
      );
    if (layer.kind === 'gru') tries.push(['with the sign of z turned (1 − z)', () => onGate(a, 3, 0, v => -v)]);
    if (layer.bidirectional) tries.push(['the other direction', () => first.get(otherWay(name))]);
  }
  if (a.shape.length === 2 && a.shape[0] === 2)
    tries.push(
      ['its two rows exchanged', () => rows(a, (r, k, w) => a.data[(1 - r) * w + k])],
      ['its rows added up in the first', () => rows(a, (r, k, w) => (r === 0 ? a.data[k] + a.data[w + k] : 0))],
    );
  if (a.shape.length === 2 && a.shape[0] % 2 === 0 && /Wo$|Wx$/.test(name))
    tries.push(['with its two halves of rows exchanged', () => halvesExchanged(a)]);
  tries.push(
    ['halved', () => mapData(a, v => v / 2)],
    ['doubled', () => mapData(a, v => 2 * v)],
    ['zero', () => mapData(a, () => 0)],
    ['negated', () => mapData(a, v => -v)],
  );
  if (layer) tries.push(...beside(name, layer, a).map(([words, change]): [string, () => Tensor] => [words, () => change(a)]));
  const found = tries.find(([, make]) => {
    const t = make();
    return t !== undefined && sameShape(t.shape, b.shape) && same(t, b);
  });
  return found?.[0] ?? exchangedTensor(name, b, first) ?? scaleOf(a, b) ?? twoChanges(name, layer, a, b);
}

/** Another order of the gates combined with one more change, as after a conversion that forgot both. */
function twoChanges(name: string, layer: LayerSpec | undefined, a: Tensor, b: Tensor): string | null {
  if (!layer) return null;
  for (const [order, permuted] of ordered(layer)) {
    for (const [words, change] of beside(name, layer, a)) if (same(change(permuted(a)), b)) return `${order}, then ${words}`;
  }
  return null;
}

/** Another tensor of the first set that equals this one: layers, or Wx and Wh, were exchanged. */
function exchangedTensor(name: string, b: Tensor, first: Weights): string | null {
  if (b.data.length < 2 || largestMagnitude(b.data) === 0) return null;
  const found = [...first].find(([other, t]) => other !== name && sameShape(t.shape, b.shape) && same(t, b));
  return found ? `from ${found[0]}` : null;
}

/** Moves the last R/2 rows of [R, K] before the first ones. */
const halvesExchanged = (t: Tensor) => takeAlong(t, 0, t.shape[0], r => (r + t.shape[0] / 2) % t.shape[0]);

function otherWay(name: string): string {
  return name.includes('/forward/') ? name.replace('/forward/', '/backward/') : name.replace('/backward/', '/forward/');
}

/** Applies f(row, column, W) to each element of [2, W]. */
function rows(t: Tensor, f: (r: number, k: number, width: number) => number): Tensor {
  const width = t.shape[1];
  return { shape: t.shape, data: doublesOf(t.data, (_, i) => f(Math.floor(i / width), i % width, width)) };
}

/** 'added 1' or 'multiplied by 3', if one number explains all values; at least two values must confirm it. */
function scaleOf(a: Tensor, b: Tensor): string | null {
  const k = a.data.findIndex(v => v !== 0);
  if (a.data.length < 2 || k < 0) return null;
  const shift = b.data[0] - a.data[0];
  const allowed = ROUNDINGS * Math.max(largestMagnitude(a.data), largestMagnitude(b.data));
  if (a.data.every((v, i) => distance(v + shift, b.data[i]) <= 4 * allowed)) return `${Number(shift.toPrecision(6))} added`;
  const factor = b.data[k] / a.data[k];
  return same(
    mapData(a, v => v * factor),
    b,
  )
    ? `multiplied by ${Number(factor.toPrecision(6))}`
    : null;
}

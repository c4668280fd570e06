import { RnnError } from '../errors.js';
import { transposedAxes } from '../ops/convTranspose.js';
import { windowAxes } from '../ops/windows.js';
import type { Dim, DimShape } from './layer.js';
import { nodeOf } from './operatorNode.js';
import { OPEN, sized } from './operatorNumbers.js';
import { axisIn, noAxis, notNegative, type Rule, type ShapeCall } from './operatorShapeRule.js';

/** Output shapes of operators on spatial axes and on time: sliding windows, padding, resizing, spectra. */

const window: Rule = call => [notNegative(call, [call.sizes(0)![0]])];

/** A length into which every window fits. */
const LONG = 2 ** 20;

/**
 * Returns the spatial sizes after an operator, by asking the operator itself. For an open size, large trial lengths are used: if L and L + 1
 * are unchanged, the size is unchanged; if L and 2L give the same size, it is constant (L and L + 1 would not do: they may give the same
 * number of windows); otherwise it gets a new symbol.
 * @param outOf returns the output sizes for given input sizes
 */
export function alongSpace(space: DimShape, outOf: (sizes: readonly number[]) => readonly number[]): Dim[] {
  const [one, next, twice] = [LONG, LONG + 1, 2 * LONG].map(long => outOf(space.map(() => long)));
  const own = outOf(space.map(({ size }) => size ?? LONG));
  return space.map((from, i): Dim => {
    if (one[i] === LONG && next[i] === LONG + 1) return from;
    return from.size !== null || one[i] === twice[i] ? sized(own[i]) : { symbol: `${from.symbol}'`, size: null };
  });
}

/** Returns the spatial axes of the input, the shape of the kernel, and the window: the kernel's spatial sizes. @throws RnnError E_OPERATOR */
function spaces(call: ShapeCall): { space: DimShape; kernel: DimShape; window: readonly number[] } {
  const [x, kernel] = [call.shape(0), call.shape(1)];
  if (x.length < 3 || kernel.length !== x.length) throw noAxis(call.layer.op, [x, kernel]);
  const window = kernel.slice(2).map(({ size }) => size);
  if (window.includes(null)) throw unknown(`a ${call.layer.op} whose kernel has an unknown size`);
  return { space: x.slice(2), kernel, window: window as number[] };
}

function unknown(what: string): RnnError {
  return new RnnError('unsupported', 'E_OPERATOR', `the output shape of ${what} is not known in advance`);
}

function slid({ layer }: ShapeCall, space: DimShape, window: readonly number[]): Dim[] {
  return alongSpace(space, sizes => windowAxes({ node: nodeOf(layer) }, sizes, window).map(a => a.out));
}

const pooling: Rule = call => {
  const [N, C, ...space] = call.shape(0);
  const window = call.attributeNumbers('kernel_shape');
  if (window?.length !== space.length) throw noAxis(call.layer.op, [call.shape(0)]);
  return [[N, C, ...slid(call, space, window)]];
};

const globalPooling: Rule = call => [call.shape(0).map((d, i) => (i < 2 ? d : sized(1)))];

function scaled({ size }: Dim, factor: number): Dim {
  return size === null ? { symbol: '?', size } : sized(Math.round(size * factor));
}

/** [N, C, H, W] -> [N, C·b², H/b, W/b] */
function blocked(call: ShapeCall, b: number): readonly DimShape[] {
  return [call.shape(0).map((d, i) => (i === 0 ? d : scaled(d, i === 1 ? b * b : 1 / b)))];
}

export const SPACE: Readonly<Record<string, Rule>> = {
  /** [N, length(, parts)] -> [N, frames, bins, 2] */
  STFT(call) {
    const [N, length] = call.shape(0);
    const step = call.numbers(1)?.[0];
    const L = call.operands > 3 ? call.numbers(3)?.[0] : call.operands > 2 ? (call.shape(2)[0]?.size ?? undefined) : undefined;
    if (!step || !L) throw unknown('this STFT');
    const count = length.size === null ? OPEN : sized(Math.floor((length.size - L) / step) + 1);
    return [[N, count, sized(call.attribute('onesided') === 0 ? L : Math.floor(L / 2) + 1), sized(2)]];
  },
  /** […, L, …, 1 or 2] -> […, bins, …, 2]; onesided: real numbers to half a spectrum, or the inverse */
  DFT(call) {
    const from = call.shape(0);
    const axis = axisIn(call.operands > 2 ? call.numbers(2)![0] : -2, from.length, 'DFT');
    const [inverse, onesided] = ['inverse', 'onesided'].map(name => call.attribute(name) === 1);
    const { size } = from[axis];
    const L = call.operands > 1 ? call.numbers(1)![0] : size === null ? null : inverse && onesided ? 2 * (size - 1) : size;
    const bins: Dim = L === null ? OPEN : sized(onesided && !inverse ? Math.floor(L / 2) + 1 : L);
    return [from.map((d, i) => (i === axis ? bins : i === from.length - 1 ? sized(inverse && onesided ? 1 : 2) : d))];
  },
  HannWindow: window,
  HammingWindow: window,
  BlackmanWindow: window,
  Pad(call) {
    const from = call.shape(0);
    const pads = call.numbers(1) ?? call.attributeNumbers('pads') ?? [];
    const axes = (call.numbers(3) ?? from.map((_, i) => i)).map(a => axisIn(a, from.length, 'Pad'));
    if (pads.length !== 2 * axes.length)
      throw new RnnError('shape', 'E_OPERANDS', `Pad of ${axes.length} axes has ${pads.length} borders`, {
        expected: `${2 * axes.length}: one before and one behind each axis`,
        found: String(pads.length),
      });
    const added = from.map((_, i) => axes.reduce((sum, axis, k) => (axis === i ? sum + pads[k] + pads[k + axes.length] : sum), 0));
    return [
      notNegative(
        call,
        from.map((d, i) => (d.size !== null ? sized(d.size + added[i]) : added[i] === 0 ? d : { symbol: `${d.symbol}'`, size: null })),
      ),
    ];
  },
  /** [N, C, …S], a kernel [F, C/groups, …k] -> [N, F, …] */
  Conv(call) {
    const { space, kernel, window } = spaces(call);
    return [[call.shape(0)[0], kernel[0], ...slid(call, space, window)]];
  },
  /** A kernel [C, F/groups, …k] */
  ConvTranspose(call) {
    const { space, kernel, window } = spaces(call);
    const filters = scaled(kernel[1], call.attributeNumber('group', 1));
    const sizes = (long: readonly number[]) => transposedAxes({ node: nodeOf(call.layer) }, long, window).map(a => a.size);
    return [[call.shape(0)[0], filters, ...alongSpace(space, sizes)]];
  },
  MaxPool: pooling,
  AveragePool: pooling,
  GlobalMaxPool: globalPooling,
  GlobalAveragePool: globalPooling,
  GlobalLpPool: globalPooling,
  LpPool: pooling,
  DepthToSpace: call => blocked(call, 1 / call.attributeNumber('blocksize', 0)),
  SpaceToDepth: call => blocked(call, call.attributeNumber('blocksize', 0)),
  /** Operands: x, roi, scales, sizes. Either the scales or the sizes are given. */
  Resize(call) {
    const from = call.shape(0);
    const axes = call.attributeNumbers('axes')?.map(a => axisIn(a, from.length, 'Resize')) ?? from.map((_, i) => i);
    const wanted = call.sizes(3);
    const scales = wanted?.length ? undefined : call.numbers(2);
    if ((wanted?.length ? wanted : scales)?.length !== axes.length) throw noAxis('Resize', [from]);
    const to = (dim: Dim, i: number): Dim => {
      if (!scales) return wanted![i].size === dim.size && dim.size !== null ? dim : wanted![i];
      if (scales[i] === 1) return dim;
      return dim.size === null ? { symbol: `${scales[i]}*${dim.symbol}`, size: null } : sized(Math.floor(dim.size * scales[i]));
    };
    return [from.map((dim, axis) => (axes.includes(axis) ? to(dim, axes.indexOf(axis)) : dim))];
  },
};

import type { DType } from '../formats/format.js';
import { ONNX_DTYPES } from '../formats/onnx/types.js';
import type { Dim, DimShape } from './layer.js';
import type { ShapeCall } from './operatorShapeRule.js';

/** Whole numbers that are known before a network runs: the sizes of a value, and what operators compute from them. */

/** A size that only the run knows. */
export const OPEN: Dim = { symbol: '?', size: null };

/** Returns the whole numbers that an operator computes from sizes; undefined if they are not known before it runs. */
export function knownNumbers(op: string, call: Pick<ShapeCall, 'shape' | 'attributeNumber' | 'operands'>): readonly Dim[] | undefined {
  const all = Array.from({ length: call.operands }, (_, i) => (op === 'Shape' ? undefined : call.shape(i).numbers));
  const [a, b] = all;
  switch (op) {
    case 'Shape':
      return fromStartToEnd(call);
    case 'Size':
      return [call.shape(0).reduce(multiplied, sized(1))];
    case 'Not':
      return a?.map(n => (n.size === null ? OPEN : sized(Number(n.size === 0))));
    case 'Concat':
      return all.every(n => n !== undefined) ? all.flat() : undefined;
    case 'Cast':
      return a && castSizes(a, ONNX_DTYPES.get(call.attributeNumber('to', 0)));
    case 'Identity':
    case 'Reshape':
    case 'Squeeze':
    case 'Unsqueeze':
      return a;
    case 'Gather':
      return a && b?.every(n => n.size !== null) ? b.map(n => a.at(n.size!)!) : undefined;
    case 'Slice':
      return a && all.slice(1).every(n => n?.length === 1 && n[0].size !== null)
        ? sliced(
            a,
            all.slice(1).map(n => n![0].size!),
          )
        : undefined;
    case 'Mul':
      return a && b && pairwise(a, b, multiplied);
    case 'Add':
      return a && b && pairwise(a, b, (x, y) => computed(x, y, '+', (m, n) => m + n));
    case 'Sub':
      return a && b && pairwise(a, b, (x, y) => computed(x, y, '-', (m, n) => m - n));
    case 'Div':
      return a && b && pairwise(a, b, (x, y) => (y.size === 1 ? x : computed(x, y, '/', (m, n) => Math.trunc(m / n))));
    case 'Mod':
      return a && b && pairwise(a, b, (x, y) => computed(x, y, '%', (m, n) => ((m % n) + n) % n));
    case 'Equal':
      return a && b && pairwise(a, b, sameSize);
    case 'Where':
      return a && b && all[2] && a.every(n => n.size !== null) ? chosen(a, b, all[2]) : undefined;
    default:
      return undefined;
  }
}

/** Whether two sizes are equal, as 1 or 0; '?' if unknown. A size is never negative; different letters may stand for the same size. */
function sameSize(a: Dim, b: Dim): Dim {
  if (a.size !== null && b.size !== null) return sized(Number(a.size === b.size));
  return (a.size ?? b.size ?? 0) < 0 ? sized(0) : OPEN;
}

function chosen(condition: readonly Dim[], a: readonly Dim[], b: readonly Dim[]): readonly Dim[] {
  return condition.map((n, i) => (n.size === 0 ? b[b.length === 1 ? 0 : i] : a[a.length === 1 ? 0 : i]));
}

/** Casts sizes. A cast to floats ends the tracking, because division then is no longer integer division. */
function castSizes(a: readonly Dim[], type: DType | undefined): readonly Dim[] | undefined {
  if (type === 'bool') return a.map(n => (n.size === null ? OPEN : sized(Number(n.size !== 0))));
  return type && /^[iu]/.test(type) ? a : undefined;
}

/** The sizes that Shape gives, from its `start` to its `end`. */
export function fromStartToEnd(call: Pick<ShapeCall, 'shape' | 'attributeNumber'>): DimShape {
  return call.shape(0).slice(call.attributeNumber('start', 0), call.attributeNumber('end', Number.POSITIVE_INFINITY));
}

/** Returns how many elements a shape has; null if a size is unknown. */
export function productOf(dims: DimShape): number | null {
  return dims.reduce<number | null>((total, d) => (total === null || d.size === null ? null : total * d.size), 1);
}

/** A known size as a dimension of a shape. */
export function sized(size: number): Dim {
  return { symbol: String(size), size };
}

/** The product of two sizes; symbolic if one of them is. */
export function multiplied(a: Dim, b: Dim): Dim {
  if (a.size === 1 || b.size === 1) return a.size === 1 ? b : a;
  return computed(a, b, '*', (x, y) => x * y);
}

function computed(a: Dim, b: Dim, sign: string, of: (x: number, y: number) => number): Dim {
  if (a.size !== null && b.size !== null) return sized(of(a.size, b.size));
  const [left, right] = sign === '+' ? [a.symbol, b.symbol] : [sign === '-' ? a.symbol : factorText(a.symbol), factorText(b.symbol)];
  return { symbol: `${left}${sign}${right}`, size: null };
}

/** A sum as a factor: '(D-5)/2+1' -> '((D-5)/2+1)'. */
export function factorText(symbol: string): string {
  return /[-+]/.test(symbol.replace(/\([^()]*\)/g, '')) ? `(${symbol})` : symbol;
}

function pairwise(a: readonly Dim[], b: readonly Dim[], of: (x: Dim, y: Dim) => Dim): readonly Dim[] {
  const length = Math.max(a.length, b.length);
  return Array.from({ length }, (_, i) => of(a[a.length === 1 ? 0 : i], b[b.length === 1 ? 0 : i]));
}

function sliced(a: readonly Dim[], [start, end, , step = 1]: readonly number[]): readonly Dim[] | undefined {
  return step === 1 ? a.slice(start, end) : undefined;
}

import { RnnError } from '../../errors.js';
import { escapeText, plural } from '../../escape.js';
import { load, rowPieces } from '../../tensor/lazy.js';
import type { FloatArray, Tensor } from '../../tensor/tensor.js';
import type { Weights } from '../../weights/weights.js';

/** Counts NaN and infinities, which are computed as IEEE 754 defines, or refuses them with --strict-finite. */
export interface FiniteCounter {
  /** @param before number of samples (or of steps along `axis`) in earlier pieces. @throws RnnError E_NOT_FINITE */
  add(t: Tensor, before?: number, axis?: number): void;
  /** One note, or none. */
  notes(): string[];
}

/** Counts NaN and infinities in the pieces of an array. @param strict whether the first one throws E_NOT_FINITE */
export function finiteCounter(what: string, strict: boolean): FiniteCounter {
  let count = 0;
  let first = '';
  return {
    add(t, before = 0, axis = 0) {
      const { data } = t;
      if (allFinite(data)) return;
      for (let k = 0; k < data.length; k++) {
        if (Number.isFinite(data[k])) continue;
        if (count++ > 0) continue;
        const at = positionOf(k, t.shape).map((place, i) => (i === axis ? place + before : place));
        first = `${data[k]} at [${at}]`;
        if (strict) throw notFinite(what, first, data[k]);
      }
    },
    notes: () =>
      count === 0 ? [] : [`${what} has ${plural(count, 'value')} that ${count > 1 ? 'are' : 'is'} not finite (first: ${first})`],
  };
}

/** Adds up v·0 in four sums: 0 for finite numbers, NaN for others. Several times as fast as testing each number. */
export function allFinite(data: FloatArray): boolean {
  let [a, b, c, d] = [0, 0, 0, 0];
  const whole = data.length - (data.length % 4);
  for (let k = 0; k < whole; k += 4) {
    a += data[k] * 0;
    b += data[k + 1] * 0;
    c += data[k + 2] * 0;
    d += data[k + 3] * 0;
  }
  for (let k = whole; k < data.length; k++) a += data[k] * 0;
  return a + b + c + d === 0;
}

function notFinite(what: string, found: string, value: number): RnnError {
  return new RnnError('format', 'E_NOT_FINITE', `${what} has ${found}`, {
    expected: 'finite numbers',
    found: String(value),
    fix: 'clean the data, or drop --strict-finite',
  });
}

/** @throws RnnError E_NOT_FINITE */
export function checkFinite(what: string, t: Tensor, strict: boolean): string[] {
  const counter = finiteCounter(what, strict);
  if (!t.part) counter.add({ shape: t.shape, data: load(t) });
  else for (const { from, count, numbers } of rowPieces(t)) counter.add({ shape: [count, ...t.shape.slice(1)], data: numbers }, from);
  return counter.notes();
}

/** Coordinates [n, t, d] of index k in C order. */
export function positionOf(k: number, shape: readonly number[]): number[] {
  const at: number[] = [];
  let rest = k;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    at.unshift(rest % shape[axis]);
    rest = Math.floor(rest / shape[axis]);
  }
  return at;
}

/** `checkFinite` of an input and of all weights. @throws RnnError E_NOT_FINITE with `strict` */
export function finiteNotes(strict: boolean, x: Tensor | null, weights: Weights): string[] {
  const notes = x === null ? [] : checkFinite('the input', x, strict);
  for (const [name, weight] of weights) notes.push(...checkFinite(`the weight ${escapeText(name)}`, weight, strict));
  return notes;
}

import { orthonormalise } from '../../src/weights/initializers/orthogonal.js';

/** reproducible numbers in (−1, 1) */
function noise(length: number, seed: number): Float64Array {
  let state = seed;
  return Float64Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2147483648 - 1;
  });
}

function worstProduct(rows: Float64Array, count: number, length: number): number {
  let worst = 0;
  for (let i = 0; i < count; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = 0; k < length; k++) sum += rows[i * length + k] * rows[j * length + k];
      worst = Math.max(worst, Math.abs(sum - (i === j ? 1 : 0)));
    }
  }
  return worst;
}

describe('orthonormalise', () => {
  it.each([
    [1, 1],
    [1, 7],
    [3, 5],
    [16, 16],
    [17, 17],
    [33, 40],
    [50, 700],
  ])('makes %i rows of %i numbers orthonormal to rounding', (count, length) => {
    const rows = noise(count * length, count);
    orthonormalise(rows, count, length);
    expect(worstProduct(rows, count, length)).toBeLessThan(1e-13);
  });

  it('keeps nearly dependent rows orthogonal, within a panel and across panels', () => {
    const [count, length] = [40, 60];
    const rows = noise(count * length, 5);
    const small = noise(count * length, 6);
    for (const j of [1, 5, 17, 39]) for (let k = 0; k < length; k++) rows[j * length + k] = rows[k] + 1e-9 * small[j * length + k];
    orthonormalise(rows, count, length);
    expect(worstProduct(rows, count, length)).toBeLessThan(1e-13);
  });

  it('is the Q of QR: each row is the new direction of the row it came from, so R is upper triangular with a positive diagonal', () => {
    const [count, length] = [35, 41];
    const before = noise(count * length, 9);
    const rows = before.slice();
    orthonormalise(rows, count, length);
    for (let i = 0; i < count; i++) {
      for (let j = 0; j <= i; j++) {
        let r = 0;
        for (let k = 0; k < length; k++) r += rows[i * length + k] * before[j * length + k];
        if (i === j) expect(r).toBeGreaterThan(0);
        else expect(Math.abs(r)).toBeLessThan(1e-12);
      }
    }
  });

  it('leaves a vanished row at zero', () => {
    const rows = Float64Array.of(3, 4, 0, 0);
    orthonormalise(rows, 2, 2);
    expect([...rows]).toEqual([0.6, 0.8, 0, 0]);
  });
});

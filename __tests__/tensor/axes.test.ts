import { takeAlong } from '../../src/tensor/axes.js';

/** The same, number by number, from the definition. */
function taken(
  numbers: readonly number[],
  [A, B, C]: readonly number[],
  count: number,
  from: (k: number, block: number) => number,
): number[] {
  return Array.from({ length: A * count * C }, (_, i) => {
    const [block, k, c] = [Math.floor(i / (count * C)), Math.floor(i / C) % count, i % C];
    const source = from(k, block);
    return source >= 0 && source < B ? numbers[(block * B + source) * C + c] : 0;
  });
}

test('slices of any width are taken along an axis, zeros where there is none', () => {
  for (const C of [1, 2, 8, 9, 21]) {
    const shape = [3, 4, C];
    const numbers = Array.from({ length: 12 * C }, (_, i) => i + 1);
    const from = (k: number, block: number) => 2 * k - 1 - block;
    const { shape: now, data } = takeAlong({ shape, data: Float32Array.from(numbers) }, 1, 5, from);
    expect(now).toEqual([3, 5, C]);
    expect([...data]).toEqual(taken(numbers, shape, 5, from));
  }
});

import { type Interpolation, sampled } from '../../src/layers/reshaping/samples.js';

/** What a resampled place is made of, from the definition of each kernel: Mitchell and Netravali 1988 (B = C = 1/3), Lanczos 1956, a Gaussian of σ = 1/2. */
const sinc = (x: number) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));
const [B, C] = [1 / 3, 1 / 3];
const DEFINITIONS: readonly [Interpolation, radius: number, (d: number) => number][] = [
  [
    'mitchellcubic',
    2,
    d =>
      d < 1
        ? ((12 - 9 * B - 6 * C) * d ** 3 + (-18 + 12 * B + 6 * C) * d ** 2 + 6 - 2 * B) / 6
        : ((-B - 6 * C) * d ** 3 + (6 * B + 30 * C) * d ** 2 + (-12 * B - 48 * C) * d + 8 * B + 24 * C) / 6,
  ],
  ['lanczos3', 3, d => sinc(d) * sinc(d / 3)],
  ['lanczos5', 5, d => sinc(d) * sinc(d / 5)],
  ['gaussian', 1.5, d => Math.exp(-2 * d * d)],
];

it.each(DEFINITIONS)('%s', (how, radius, kernel) => {
  for (const [m, n] of [
    [16, 37],
    [16, 24],
  ]) {
    for (const [i, row] of sampled(m, n, how, false).entries()) {
      const at = ((i + 0.5) * m) / n - 0.5;
      if (at < radius || at > m - 1 - radius) continue;
      const near = Array.from({ length: m }, (_, j) => (Math.abs(j - at) < radius ? kernel(Math.abs(j - at)) : 0));
      const sum = near.reduce((a, b) => a + b, 0);
      const found = new Array<number>(m).fill(0);
      for (const [j, weight] of row) found[j] += weight;
      expect(found).toEqual(near.map(v => expect.closeTo(v / sum, 4)));
    }
  }
});

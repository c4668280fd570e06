import type { Kernel } from '../../../src/engines/batched/kernel.js';
import { accumulate, CHAIN } from '../../../src/engines/batched/matmul.js';
import { productWith } from '../../../src/engines/batched/product.js';
import { compiledKernel } from '../../helpers/kernel.js';
import { randomStream } from '../../helpers/randomNetworks.js';

/** Sums of more terms than one chain: x [R, D] · w [D, K] beside whatever was there. */
const [R, K] = [3, 5];
const next = randomStream(9);
const numbers = (n: number) => Float32Array.from({ length: n }, () => next() * 2 - 1);

let kernel: Kernel;

beforeAll(async () => {
  kernel = await compiledKernel();
});

it.each([CHAIN - 1, CHAIN, CHAIN + 1, 2 * CHAIN, 2 * CHAIN + 37, 1000])(
  'of %i terms are the products, closer than one chain would be',
  D => {
    const [x, w, bias] = [numbers(R * D), numbers(D * K), numbers(K)];
    const out = new Float32Array(R * (K + 2)).fill(9);
    for (let r = 0; r < R; r++) out.set(bias, 1 + r * (K + 2));
    accumulate({ data: out, start: 1, stride: K + 2 }, { data: x, start: 0, stride: D }, w, R, D, K);
    for (let r = 0; r < R; r++) {
      for (let k = 0; k < K; k++) {
        let right = bias[k];
        for (let d = 0; d < D; d++) right += x[r * D + d] * w[d * K + k];
        expect(Math.abs(out[1 + r * (K + 2) + k] - right)).toBeLessThan(2e-5);
      }
      // what lies between the rows is left alone
      expect([out[r * (K + 2)], out[r * (K + 2) + K + 1]]).toEqual([9, 9]);
    }
    const there = new Float32Array(R * K);
    productWith({ shape: [D, K], data: w }, bias, kernel)({ data: there, start: 0, stride: K }, { data: x, start: 0, stride: D }, R);
    expect(there).toEqual(Float32Array.from({ length: R * K }, (_, i) => out[1 + Math.floor(i / K) * (K + 2) + (i % K)]));
  },
);

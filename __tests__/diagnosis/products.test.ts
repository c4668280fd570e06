import { withProducts } from '../../src/diagnosis/products.js';
import { forgetKernels } from '../../src/engines/batched/kernel.js';
import { allocate, type FloatArray, type Precision } from '../../src/tensor/tensor.js';
import { compiledKernel } from '../helpers/kernel.js';

/** Rows and columns that end in the middle of what is taken at once: 8 or 4 rows, 2 columns. */
const SIZES = [
  [1, 300],
  [3, 97],
  [4, 65],
  [7, 41],
  [8, 33],
  [13, 24],
  [23, 15],
];

function numbers(count: number, precision: Precision, seed: number): FloatArray {
  let state = seed;
  return allocate(count, precision).map(() => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

/** The product under every precision, order, size and cut of the columns, bits as text. */
function products(): string[] {
  const results: string[] = [];
  for (const precision of ['f64', 'f32'] as const) {
    for (const order of [1, -1] as const) {
      for (const [P, width] of SIZES) {
        const w = { shape: [P, width], data: numbers(P * width, precision, P) };
        const v = numbers(P + 2, precision, 100 + P);
        const start = numbers(width, precision, 200 + P);
        withProducts({ precision, order }, productOf => {
          const product = productOf(w);
          for (const [column, K] of [
            [0, width],
            [3, width - 5],
            [5, 1],
          ])
            results.push(`${precision} ${order} ${P}×${width} ${column}: ${[...product(v, 1, column, K, start.subarray(0, K))].join(' ')}`);
          results.push(`${precision} ${order} ${P}×${width}: ${[...product(v, 2, 0, width, undefined)].join(' ')}`);
        });
      }
    }
  }
  return results;
}

describe('products of the diagnosis', () => {
  afterAll(forgetKernels);

  it('have the same bits on the WASM kernel and without it', async () => {
    forgetKernels();
    const plain = products();
    const kernel = await compiledKernel();
    const before = kernel.mark();
    expect(products()).toEqual(plain);
    expect(kernel.mark()).toBe(before);
  }, 60_000);

  it('are start + v · w', () => {
    forgetKernels();
    const w = { shape: [5, 3], data: Float64Array.from({ length: 15 }, (_, k) => k + 1) };
    const v = Float64Array.of(9, 1, -2, 3, -4, 5);
    for (const order of [1, -1] as const) {
      withProducts({ precision: 'f64', order }, productOf => {
        // columns 2 and 3 are 2 5 8 11 14 and 3 6 9 12 15
        expect([...productOf(w)(v, 1, 1, 2, Float64Array.of(100, 200))]).toEqual([142, 245]);
      });
    }
  });
});

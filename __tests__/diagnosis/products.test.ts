import { HYPOTHESES } from '../../src/diagnosis/hypotheses.js';
import { type Products, withProducts } from '../../src/diagnosis/products.js';
import { runScenario } from '../../src/diagnosis/run.js';
import { type Scenario, scenarioOf } from '../../src/diagnosis/scenario.js';
import { forgetKernels } from '../../src/engines/batched/kernel.js';
import { prepare } from '../../src/run/prepare.js';
import { allocate, type FloatArray, type Precision, type Tensor } from '../../src/tensor/tensor.js';
import { compiledKernel } from '../helpers/kernel.js';

/** Rows and columns that end in the middle of what is taken at once: 8 or 4 rows, 4 or 2 columns. */
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

/** The product under every precision (of float64 also with weights that float32 holds), order, size and cut of the columns, bits as text. */
function products(): string[] {
  const results: string[] = [];
  for (const [precision, rounded] of [
    ['f64', false],
    ['f64', true],
    ['f32', false],
  ] as const) {
    for (const order of [1, -1] as const) {
      for (const [P, width] of SIZES) {
        const weights = numbers(P * width, precision, P);
        const w = { shape: [P, width], data: rounded ? weights.map(Math.fround) : weights };
        const v = numbers(P + 2, precision, 100 + P);
        const start = numbers(width, precision, 200 + P);
        // weights that are used again are kept otherwise: as they are, as float32, as a copy of these
        const uses = (use: (productsOf: (t: Tensor) => Products) => void) => {
          for (let times = 0; times < 3; times++) withProducts({ precision, order }, 3, use);
        };
        uses(productsOf => {
          const { row: product, rows } = productsOf(w);
          for (const [column, K] of [
            [0, width],
            [3, width - 5],
            [5, 1],
          ])
            results.push(`${precision} ${order} ${P}×${width} ${column}: ${[...product(v, 1, column, K, start.subarray(0, K))].join(' ')}`);
          results.push(`${precision} ${order} ${P}×${width}: ${[...product(v, 2, 0, width, undefined)].join(' ')}`);
          const list = [0, 1, 2].map(from => v.subarray(from, from + P));
          for (const K of [width, width - 6]) {
            const one = (x: FloatArray) => [...product(x, 0, 0, K, start.subarray(0, K))];
            const all = rows ? [...rows(list, K, start.subarray(0, K))] : list.flatMap(one);
            results.push(`${precision} ${order} ${P}×${width}, three rows of ${K}: ${all.join(' ')}`);
          }
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
      withProducts({ precision: 'f64', order }, 1, productsOf => {
        // columns 2 and 3 are 2 5 8 11 14 and 3 6 9 12 15
        expect([...productsOf(w).row(v, 1, 1, 2, Float64Array.of(100, 200))]).toEqual([142, 245]);
      });
    }
  });

  // with the kernel all samples are run step by step, without it one after the other
  it.each(['lstm:9,dense:2', 'gru:10+resetbefore,dense:2', 'gru:10+seq,rnn:17,dense:2', 'lstm:9+proj=6,dense:2'])(
    'do not change what a mistake in %s does to several samples',
    async layers => {
      const { network, weights, input } = await prepare({ layers, N: 3, T: 5, D: 4, init: 'torch' });
      const mask = Uint8Array.from({ length: 15 }, (_, k) => (k === 8 || k > 12 ? 0 : 1));
      const outputs = (scenario: Scenario) =>
        HYPOTHESES.flatMap(h => h.variants(scenario)).map(({ code, change }) => {
          const changed = change(scenario);
          return `${code} ${changed && runScenario(changed)?.y.data.join(' ')}`;
        });
      const scenarios = [input, { ...input, mask }].map(own => scenarioOf(network.model, weights, own));
      forgetKernels();
      const plain = scenarios.map(outputs);
      await compiledKernel();
      expect(scenarios.map(outputs)).toEqual(plain);
    },
    60_000,
  );
});

import '../../helpers/unbundled.js';
import fc from 'fast-check';
import { fusedKernel } from '../../../src/engines/batched/fusedKernel.js';
import { fusedPlain } from '../../../src/engines/batched/fusedPlain.js';
import type { Kernel } from '../../../src/engines/batched/kernel.js';
import { productWith } from '../../../src/engines/batched/product.js';
import { lazy } from '../../../src/tensor/lazy.js';
import type { Tensor } from '../../../src/tensor/tensor.js';
import { cases } from '../../helpers/effort.js';
import { compiledKernel } from '../../helpers/kernel.js';
import { argsFor, expectSameBits, KINDS, values } from '../../helpers/recurrences.js';

const mockMost = { numbers: 1 };
jest.mock('../../../src/tensor/lazy', () => {
  const actual = jest.requireActual('../../../src/tensor/lazy');
  return { ...actual, rowPieces: (t: unknown, room: unknown) => actual.rowPieces(t, room, mockMost.numbers) };
});

/** Weights are packed some rows at a time, out of memory or out of a file: the same bits, however many rows a piece has. */
let kernel: Kernel;
beforeAll(async () => {
  kernel = await compiledKernel();
});

/** as a file gives it, or in memory */
function stored(t: Tensor, late: boolean): Tensor {
  const data = t.data.slice();
  if (!late) return t;
  return lazy(
    t.shape,
    'f32',
    () => data.slice(),
    (first, count, out) => {
      const some = data.slice(first, first + count);
      out?.set(some);
      return out ?? some;
    },
  );
}

const size = fc.integer({ min: 1, max: 21 });

it.each(KINDS)('%s', kind => {
  const sizes = fc.record({ N: fc.constantFrom(1, 2, 5), T: fc.constantFrom(1, 3), D: size, M: size });
  fc.assert(
    fc.property(sizes, fc.constantFrom<0 | 1 | 2>(0, 1, 2), fc.boolean(), fc.integer({ min: 1, max: 700 }), (sizes, bias, late, most) => {
      mockMost.numbers = most;
      const args = argsFor(kind, sizes, { bias });
      const { kernel: Wx, recurrentKernel: Wh, ...rest } = args.weights;
      const weights = { ...rest, kernel: stored(Wx!, late), recurrentKernel: stored(Wh!, late) };
      expectSameBits(fusedKernel({ ...args, weights }, kind, kernel), fusedPlain(args, kind));
    }),
    { numRuns: cases(80) },
  );
});

it('a product', () => {
  fc.assert(
    fc.property(size, size, fc.boolean(), fc.integer({ min: 1, max: 200 }), (D, K, late, most) => {
      mockMost.numbers = most;
      kernel.reset();
      const w = { shape: [D, K], data: values(D * K, 2, 1) };
      const x = { data: values(3 * D, 1, 1), start: 0, stride: D };
      const [found, expected] = [stored(w, late), w].map((matrix, i) => {
        const out = { data: new Float32Array(3 * K), start: 0, stride: K };
        productWith(matrix, values(K, 3, 1), i === 0 ? { ...kernel, fast: true } : undefined)(out, x, 3);
        return out.data;
      });
      expect(found).toEqual(expected);
    }),
    { numRuns: cases(80) },
  );
});

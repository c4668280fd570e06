import fc from 'fast-check';
import { fusedKernel } from '../../../src/engines/batched/fusedKernel.js';
import { fusedPlain } from '../../../src/engines/batched/fusedPlain.js';
import type { Kernel } from '../../../src/engines/batched/kernel.js';
import { productWith } from '../../../src/engines/batched/product.js';
import { recurrence } from '../../../src/engines/batched/recurrence.js';
import { guarded } from '../../helpers/guardedKernel.js';
import { compiledKernel } from '../../helpers/kernel.js';
import { anyCase, argsFor, draw, expectSameBits, values } from '../../helpers/recurrences.js';

/** What the engine asks of the WASM kernel: when, in how many pieces, and in memory that it took for it. */
let kernel: Kernel;
beforeAll(async () => {
  kernel = await compiledKernel();
});

/** where the first bit differs; -1: nowhere */
function difference(a: Float32Array, b: Float32Array): number {
  return a.findIndex((v, i) => !Object.is(v, b[i]));
}

/** x [R, D] · w [D, K] + bias by a product, in rows that lie apart, and by plain TypeScript */
function bothWays({ R, D, K, bias, gap }: { R: number; D: number; K: number; bias: boolean; gap: number }, on: Kernel | undefined) {
  const x = { data: values(2 + R * (D + gap), 1, 1), start: 2, stride: D + gap };
  const w = { shape: [D, K], data: values(D * K, 2, 1) };
  const b = bias ? values(K, 3, 1) : undefined;
  const into = () => ({ data: values(3 + (R + 1) * (K + gap), 4, 9), start: 3, stride: K + gap });
  const product = productWith(w, b, on);
  const plain = productWith(w, b, undefined);
  return {
    product: (rows = R) => {
      const out = into();
      product(out, x, rows);
      return out.data;
    },
    plain: (rows = R) => {
      const out = into();
      plain(out, x, rows);
      return out.data;
    },
  };
}

describe('a product on the kernel', () => {
  it('has the bits of plain TypeScript, stays in its memory and leaves alone what is between the rows', () => {
    const sizes = fc.record({
      R: fc.integer({ min: 1, max: 40 }),
      D: fc.integer({ min: 1, max: 40 }),
      K: fc.integer({ min: 1, max: 40 }),
      bias: fc.boolean(),
      gap: fc.constantFrom(0, 0, 1, 4),
    });
    fc.assert(
      fc.property(sizes, fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 3 }), (size, more) => {
        const guard = guarded(kernel);
        guard.reset();
        const { product, plain } = bothWays(size, { ...guard, fast: true });
        for (const rows of [size.R, ...more.filter(n => n <= size.R), size.R]) expect(difference(product(rows), plain(rows))).toBe(-1);
        guard.reset();
        expect(new Set(guard.calls.map(call => call.name))).toEqual(new Set(['packMatrix', 'matrixProduct']));
      }),
      { numRuns: 100 },
    );
  });

  it.each([
    ['one mebibyte of rows', { R: 40_000, D: 8, K: 8, bias: true, gap: 0 }, [16_384, 16_384, 7232], 2 ** 20],
    ['a few rows of long sums', { R: 3, D: 1000, K: 5, bias: true, gap: 2 }, [3], 3 * 4 * 1008],
    ['five rows, however wide', { R: 7, D: 60_000, K: 3, bias: false, gap: 1 }, [5, 2], 5 * 4 * 60_004],
  ])('takes %s at a time and no more memory when it is called again', (_, size, rows, room) => {
    const guard = guarded(kernel);
    guard.reset();
    const { product, plain } = bothWays(size, guard);
    const weights = guard.taken();
    expect(difference(product(2), plain(2))).toBe(-1);
    const few = guard.taken() - weights;
    expect(few).toBe(2 * 4 * (size.D + Math.ceil(size.K / 4) * 4));
    guard.calls.length = 0;
    const whole = plain();
    expect(difference(product(), whole)).toBe(-1);
    expect(guard.calls.map(({ given }) => given[2])).toEqual(rows);
    expect(guard.taken() - weights - few).toBeLessThanOrEqual(room);
    const taken = guard.taken();
    expect(difference(product(), whole)).toBe(-1);
    expect(guard.taken()).toBe(taken);
    guard.reset();
  });

  it('is left to plain TypeScript below 64 weights, but for the kernel with fused multiply-add', () => {
    for (const [D, K, fast, called] of [
      [7, 9, false, false],
      [8, 8, false, true],
      [1, 64, false, true],
      [1, 1, true, true],
    ] as const) {
      const guard = guarded({ ...kernel, fast });
      guard.reset();
      bothWays({ R: 3, D, K, bias: true, gap: 0 }, guard).product();
      expect([D, K, fast, guard.calls.length > 0]).toEqual([D, K, fast, called]);
      guard.reset();
    }
  });
});

describe('a recurrence on the kernel', () => {
  it('stays in its memory', () => {
    fc.assert(
      fc.property(anyCase, c => {
        const guard = guarded(kernel);
        const args = draw(c);
        expectSameBits(fusedPlain(args, c.kind), fusedKernel(args, c.kind, guard));
        guard.reset();
      }),
      { numRuns: 60 },
    );
  });

  it('begins at 20,000 multiply-adds, with fused multiply-add at once, and never where gates are traced', () => {
    // 10 multiply-adds a step: [3, 2] and [2, 2]
    for (const [N, T, fast, trace, called] of [
      [40, 50, false, false, true],
      [1, 1999, false, false, false],
      [1, 1, true, false, true],
      [40, 50, true, true, false],
    ] as const) {
      const guard = guarded({ ...kernel, fast });
      recurrence({ ...argsFor('rnn', { N, T, D: 3, M: 2 }), trace }, guard);
      expect([N, T, guard.calls.length > 0]).toEqual([N, T, called]);
      guard.reset();
    }
  });
});

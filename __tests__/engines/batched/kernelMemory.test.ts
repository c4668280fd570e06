import fc from 'fast-check';
import { fusedKernel } from '../../../src/engines/batched/fusedKernel.js';
import { fusedPlain } from '../../../src/engines/batched/fusedPlain.js';
import { FUSED, forgetKernels, type Kernel, loadedKernel, loadKernel, ownKernel, useKernel } from '../../../src/engines/batched/kernel.js';
import type { Pool } from '../../../src/engines/batched/pool.js';
import { productWith } from '../../../src/engines/batched/product.js';
import { recurrence } from '../../../src/engines/batched/recurrence.js';
import { cases } from '../../helpers/effort.js';
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
      { numRuns: cases(60) },
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
      { numRuns: cases(60) },
    );
  });

  it('fetches weights of 8 MiB or more ahead: the same bits', () => {
    for (const [kind, D, M, far] of [
      ['lstm', 512, 510, false],
      ['lstm', 520, 513, true],
      ['gru', 701, 602, true],
      ['gruBefore', 701, 602, true],
      ['rnn', 801, 1202, true],
    ] as const) {
      const guard = guarded(kernel);
      const args = argsFor(kind, { N: 8, T: 1, D, M });
      expectSameBits(fusedPlain(args, kind), fusedKernel(args, kind, guard));
      expect(guard.calls.filter(({ name }) => name === 'runSteps').map(call => [kind, D, M, call.far])).toEqual([
        [kind, D, M, Number(far)],
      ]);
      guard.reset();
    }
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

describe('samples go through the kernel', () => {
  const plan = (sizes: { N: number; T: number; D: number; M: number }, more: Parameters<typeof argsFor>[2] = {}, threads?: number) => {
    const guard = guarded(kernel);
    const args = argsFor('lstm', sizes, { states: true, ...more });
    const rounds: number[] = [];
    // a pool of one that says it has more: what it is handed, it runs
    const pool: Pool | undefined = threads
      ? {
          threads,
          ready: () => 1,
          sharing: () => {
            throw new Error('a block of several samples is not shared');
          },
          run({ kind, way, blocks, from, to }) {
            expect([kind, way, from]).toEqual(['lstm', sizes.N === 2 ? 'stream' : 'steps', 0]);
            rounds.push(blocks.length);
            for (const block of blocks) guard.run[way === 'stream' ? 'runStream' : 'runSteps'](block, FUSED[kind], from, to);
          },
        }
      : undefined;
    expectSameBits(fusedPlain(args, 'lstm'), fusedKernel(args, 'lstm', guard, pool));
    guard.reset();
    const runs = guard.calls.filter(({ name }) => /^run/.test(name));
    expect(new Set(runs.map(({ name }) => name))).toEqual(
      new Set([sizes.N === 1 || (sizes.N === 2 && threads) ? 'runStream' : 'runSteps']),
    );
    return { rounds, runs: runs.map(({ rows, given: [, , from, to] }) => `${rows}: ${from}-${to}`), bytes: runs[0].bytesOf };
  };

  it('alone, as two where threads are, in blocks otherwise', () => {
    expect(plan({ N: 1, T: 3, D: 3, M: 5 }).runs).toEqual(['1: 0-3']);
    expect(plan({ N: 2, T: 3, D: 3, M: 5 }, {}, 2)).toMatchObject({ rounds: [2], runs: ['1: 0-3', '1: 0-3'] });
    expect(plan({ N: 2, T: 3, D: 3, M: 5 }).runs).toEqual(['2: 0-3']);
    expect(plan({ N: 3, T: 3, D: 3, M: 5 }).runs).toEqual(['3: 0-3']);
  });

  it('alone with room for every thread that may share it: an h of its own, a place to meet and one for sums', () => {
    const size = { T: 3, D: 3, M: 5 };
    expect(plan({ N: 1, ...size }, {}, 3).bytes).toEqual({ zNext: 4 * 8, meeting: 64 * (3 + 1), aside: 192 * 3 });
    expect(plan({ N: 1, ...size }).bytes).toEqual({ zNext: 0, meeting: 0, aside: 192 });
    expect(plan({ N: 2, ...size }, {}, 3).bytes).toEqual({ zNext: 0, meeting: 0, aside: 192 });
    expect(plan({ N: 3, ...size }, {}, 3).bytes).toEqual({ zNext: 3 * 4 * (3 + 8), meeting: 0, aside: 192 });
  });

  it('in blocks of about the same size that the caches carry, of 20 rows at least', () => {
    // two rows x|h and one of c, of 4 bytes each, the units in fours
    const rowsOf = (N: number, D: number, T = 1, M = 5) =>
      plan({ N, T, D, M }, { sequence: false }).runs.map(run => Number(run.split(':')[0]));
    expect(rowsOf(1000, 3)).toEqual([250, 250, 250, 250]); // 120 bytes: 307 in 36 KiB
    expect(rowsOf(90, 400)).toEqual([45, 45]); // 80 at most in 512 KiB beyond that
    expect(rowsOf(130, 1000)).toEqual([44, 44, 42]); // 64 rows of 8,096 bytes in 512 KiB
    expect(rowsOf(45, 9000)).toEqual([15, 15, 15]);
    // over eight steps or more in 36 KiB alone, where the weights are no more than 512 KiB
    expect(rowsOf(90, 120, 7)).toEqual([45, 45]);
    expect(rowsOf(90, 120, 8)).toEqual([30, 30, 30]); // 1,056 bytes: 34 in 36 KiB
    expect(rowsOf(90, 400, 8)).toEqual([18, 18, 18, 18, 18]);
    expect(rowsOf(90, 500, 8, 64)).toEqual([45, 45]); // 4 · 64 · 564 · 4 bytes of weights
  });

  it('in windows of 4 MiB of x and outputs, one by one in parts of 128 KiB of gates', () => {
    const mask = (N: number, T: number) => Uint8Array.from({ length: N * T }, (_, k) => (k % 5 ? 1 : 0));
    expect(plan({ N: 4, T: 300, D: 1000, M: 1 }, { mask: mask(4, 300) }).runs).toEqual(['4: 0-261', '4: 0-39']);
    expect(plan({ N: 4, T: 300, D: 1000, M: 1 }, { sequence: false, reverse: true }).runs).toEqual(['4: 0-262', '4: 0-38']);
    expect(plan({ N: 1, T: 1100, D: 1000, M: 1 }, { mask: mask(1, 1100), reverse: true }).runs).toEqual(['1: 0-1047', '1: 0-53']);
    expect(plan({ N: 2, T: 1100, D: 1000, M: 1 }, { mask: mask(2, 1100), reverse: true }).runs).toEqual([
      '2: 0-523',
      '2: 0-523',
      '2: 0-54',
    ]);
    expect(plan({ N: 1, T: 2100, D: 1, M: 1 }).runs).toEqual(['1: 0-2048', '1: 2048-2100']);
  });

  it('with threads, one block at least for each of them that has three rows, and in one round where there is room', () => {
    expect(plan({ N: 5, T: 2, D: 3, M: 5 }, {}, 2)).toMatchObject({ rounds: [], runs: ['5: 0-2'] });
    expect(plan({ N: 6, T: 2, D: 3, M: 5 }, {}, 2)).toMatchObject({ rounds: [2], runs: ['3: 0-2', '3: 0-2'] });
    expect(plan({ N: 8, T: 2, D: 3, M: 5 }, {}, 2)).toMatchObject({ rounds: [2], runs: ['4: 0-2', '4: 0-2'] });
    expect(plan({ N: 14, T: 2, D: 3, M: 5 }, {}, 4)).toMatchObject({ rounds: [4], runs: ['4: 0-2', '4: 0-2', '4: 0-2', '2: 0-2'] });
    expect(plan({ N: 100, T: 2, D: 400, M: 5 }, { sequence: false }, 2).rounds).toEqual([2]);
  });
});

describe('memory of the kernel', () => {
  it('is taken in pieces of 64 bytes, given back from a mark on, and grows', () => {
    kernel.reset();
    const [a, b] = [kernel.take(1), kernel.take(65)];
    expect([a % 64, b - a, kernel.mark() - b]).toEqual([0, 64, 128]);
    kernel.release(b);
    expect(kernel.take(4)).toBe(b);
    kernel.reset();
    expect(kernel.take(4)).toBe(a);
    const before = kernel.bytes().length;
    const large = kernel.take(before);
    expect(kernel.bytes().length).toBe(Math.ceil((large + before) / 65536) * 65536);
    expect([kernel.floats().length * 4, kernel.floats().buffer]).toEqual([kernel.bytes().length, kernel.memory.buffer]);
    const end = kernel.bytes().length - kernel.mark();
    expect(kernel.take(end) + end).toBe(kernel.bytes().length);
    expect(kernel.bytes().length).toBe(Math.ceil((large + before) / 65536) * 65536);
    kernel.reset();
  });

  it('holds what is written field by field', () => {
    const at = kernel.take(8);
    kernel.write(at, ['a', 'b'] as const, { b: 7, a: 2 ** 32 - 1 });
    expect([...new Uint32Array(kernel.memory.buffer, at, 2)]).toEqual([2 ** 32 - 1, 7]);
    kernel.reset();
  });

  it('of a kernel of its own is another one, of 64 MiB at most', async () => {
    expect(loadedKernel(false)).toBe(kernel);
    expect(await loadKernel(false)).toBe(kernel);
    const own = (await ownKernel(false))!;
    expect([own.fast, own.module, own.memory === kernel.memory]).toEqual([false, kernel.module, false]);
    const room = 64 * 2 ** 20 - own.mark();
    expect(() => own.take(room + 1)).toThrow(RangeError);
    expect(own.take(room)).toBe(own.mark() - room);
  });

  it('is none after all kernels are forgotten, or of bytes that are none', async () => {
    forgetKernels();
    expect([loadedKernel(false), await loadKernel(false), await loadKernel(true), await ownKernel(false)]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    expect(await useKernel(Uint8Array.of(1, 2, 3), false)).toBeUndefined();
    expect([loadedKernel(false), await loadKernel(false)]).toEqual([undefined, undefined]);
  });
});

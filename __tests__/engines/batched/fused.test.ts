import fc from 'fast-check';
import { quickly } from '../../../src/cells/quickly.js';
import { fusedCell } from '../../../src/engines/batched/fused.js';
import { fusedKernel } from '../../../src/engines/batched/fusedKernel.js';
import { fusedPlain } from '../../../src/engines/batched/fusedPlain.js';
import type { Kernel } from '../../../src/engines/batched/kernel.js';
import { poolOf } from '../../../src/engines/batched/pool.js';
import { productWith } from '../../../src/engines/batched/product.js';
import { generalRecurrence, recurrence } from '../../../src/engines/batched/recurrence.js';
import { hasStep64, recurrence64 } from '../../../src/engines/batched/steps64.js';
import { manualKernels } from '../../../src/engines/manual.js';
import { kernelsTogether } from '../../../src/engines/together.js';
import type { Product, RecurrenceArgs } from '../../../src/layers/layer.js';
import { sigmoid32, tanh32 } from '../../../src/numerics/float32.js';
import { largestDifference } from '../../../src/tensor/difference.js';
import type { FloatArray, Tensor } from '../../../src/tensor/tensor.js';
import { cases } from '../../helpers/effort.js';
import { compiledKernel } from '../../helpers/kernel.js';
import { anyCase, argsFor, draw, expectSameBits, KINDS, outputs, tensor } from '../../helpers/recurrences.js';

let kernel: Kernel;
beforeAll(async () => {
  kernel = await compiledKernel();
});

describe('the WASM kernel', () => {
  it('gives the bits of plain TypeScript for every cell, size, mask, state, bias and direction', () => {
    fc.assert(
      fc.property(anyCase, c => {
        const args = draw(c);
        expectSameBits(fusedPlain(args, c.kind), fusedKernel(args, c.kind, kernel));
      }),
      { numRuns: cases(120) },
    );
  });

  it('gives the same bits with 2 and 4 threads', () => {
    fc.assert(
      fc.property(anyCase, fc.constantFrom(2, 4), (c, threads) => {
        const args = draw(c);
        expectSameBits(fusedKernel(args, c.kind, kernel), fusedKernel(args, c.kind, kernel, poolOf(kernel, threads)));
      }),
      { numRuns: cases(100) },
    );
  });

  it.each(KINDS)('%s: sums longer than a chain have the bits of plain TypeScript, in blocks and alone', kind => {
    for (const [N, D, M] of [
      [1, 300, 9],
      [7, 300, 9],
      [1, 6, 290],
      [3, 6, 290],
      [1, 255, 3],
      [4, 130, 127],
    ])
      for (const bias of [0, 1] as const) {
        const args = argsFor(kind, { N, T: 2, D, M }, { bias });
        expectSameBits(fusedPlain(args, kind), fusedKernel(args, kind, kernel));
      }
  });

  it.each(KINDS)('%s: a long sequence in windows of time has the bits of the whole', kind => {
    for (const [N, T] of [
      [1, 3301],
      [7, 601],
    ]) {
      const mask = Uint8Array.from({ length: N * T }, (_, k) => (k % 7 ? 1 : 0));
      const args = argsFor(kind, { N, T, D: 331, M: 5 }, { reverse: kind === 'gru', mask });
      expectSameBits(fusedPlain(args, kind), fusedKernel(args, kind, kernel));
    }
  });

  it.each(KINDS)('%s: NaN and infinity come out as plain TypeScript has them, in their row alone', kind => {
    const args = argsFor(kind, { N: 11, T: 3, D: 4, M: 9 });
    const x = Float32Array.from(args.x.data);
    x[1 * 12 + 5] = Number.NaN;
    x[4 * 12 + 2] = Number.POSITIVE_INFINITY;
    x[9 * 12 + 7] = 3e38;
    const spoilt = { ...args, x: { shape: args.x.shape, data: x } };
    const result = fusedKernel(spoilt, kind, kernel);
    expectSameBits(fusedPlain(spoilt, kind), result);
    expect(result.last.data.subarray(9, 18).every(Number.isNaN)).toBe(true);
    const clean = fusedKernel(args, kind, kernel);
    for (const n of [0, 2, 3, 5, 10])
      expect(result.last.data.subarray(n * 9, n * 9 + 9)).toEqual(clean.last.data.subarray(n * 9, n * 9 + 9));
  });

  it('has the sigmoid and the tanh of numerics/float32, bit for bit', () => {
    const count = 1 << 16;
    const at = kernel.take(4 * count);
    const words = new Int32Array(count);
    for (const [f, code] of [
      [sigmoid32, 0],
      [tanh32, 1],
    ] as const) {
      for (let part = 0; part < 4; part++) {
        words.forEach((_, i) => {
          words[i] = Math.imul(part * count + i, 16381);
        });
        const xs = new Float32Array(words.buffer);
        kernel.floats().set(xs, at / 4);
        kernel.run.activate(at, count / 4, code);
        const ys = kernel.floats().subarray(at / 4, at / 4 + count);
        const wrong = xs.findIndex((x, i) => !Object.is(f(x), ys[i]));
        expect([wrong, xs[wrong]]).toEqual([-1, undefined]);
      }
    }
  });
});

describe('the fused path', () => {
  it.each(KINDS)("%s: agrees with the cell's own step", kind => {
    for (const more of [
      {},
      { states: true, reverse: true },
      { bias: 0 as const },
      { mask: Uint8Array.from({ length: 35 }, (_, k) => (k % 4 ? 1 : 0)), zeroOutputForMask: true },
    ]) {
      const args = argsFor(kind, { N: 7, T: 5, D: 6, M: 11 }, more);
      const general = generalRecurrence(args);
      outputs(fusedPlain(args, kind)).forEach(([name, t], i) => {
        const [other, expected] = outputs(general)[i];
        expect(name).toBe(other);
        expect(largestDifference(expected.data, t.data).abs).toBeLessThan(2e-6);
      });
    }
  });

  it.each(KINDS)('%s: a trace changes no bit and holds the gates', kind => {
    const args = argsFor(kind, { N: 40, T: 6, D: 9, M: 13 });
    const traced = recurrence({ ...args, trace: true }, kernel);
    expectSameBits(recurrence(args, kernel), { ...traced, trace: undefined });
    const general = generalRecurrence({ ...args, trace: true }).trace!;
    expect(largestDifference(general.gates.data, traced.trace!.gates.data).abs).toBeLessThan(2e-6);
    expect(traced.trace!.states[0].data).toEqual(traced.sequence!.data);
  });

  it('is taken for the default activations only, by any of their names', () => {
    const args = argsFor('lstm', { N: 1, T: 1, D: 1, M: 1 });
    expect(fusedCell(args)).toBe('lstm');
    for (const kind of KINDS) expect(fusedCell(argsFor(kind, { N: 1, T: 1, D: 1, M: 1 }))).toBe(kind);
    expect(fusedCell({ ...args, cell: { ...args.cell, name: 'another' } })).toBeUndefined();
    expect(fusedCell({ ...args, activation: { name: 'tanh' }, outputActivation: 'tanh' })).toBe('lstm');
    expect(fusedCell({ ...args, activation: 'relu' })).toBeUndefined();
    expect(fusedCell({ ...args, outputActivation: 'relu' })).toBeUndefined();
    expect(fusedCell({ ...args, recurrentActivation: 'hard_sigmoid' })).toBeUndefined();
    expect(fusedCell({ ...args, options: { ...args.options, clip: 3 } })).toBeUndefined();
    expect(fusedCell({ ...args, options: { ...args.options, inputForget: true } })).toBeUndefined();
    expect(fusedCell({ ...args, weights: { ...args.weights, peepholes: tensor([3, 1], 1) } })).toBeUndefined();
  });

  it('the general path has the same bits with the kernel as without, in float32 and in float64', () => {
    fc.assert(
      fc.property(anyCase, fc.boolean(), (c, double) => {
        const args = double ? inDouble(draw(c)) : draw(c);
        expectSameBits(generalRecurrence(args), generalRecurrence(args, kernel));
      }),
      { numRuns: cases(80) },
    );
  });
});

describe('all samples together', () => {
  const textbook = manualKernels('f64');

  it('have the bits of the textbook loop, one sample after the other', async () => {
    const together = await kernelsTogether(textbook);
    expect(together).not.toBe(textbook);
    fc.assert(
      fc.property(anyCase, fc.boolean(), (c, trace) => {
        const args = { ...inDouble(draw(c)), trace };
        expectSameBits(textbook.recurrence(args), together.recurrence(args));
      }),
      { numRuns: cases(80) },
    );
  });

  it('with quick σ and tanh they have the bits that these have in the cell itself, also where a step is one call of the kernel', async () => {
    const together = await kernelsTogether(textbook, 'quick');
    fc.assert(
      fc.property(anyCase, c => {
        const args = inDouble(draw(c));
        if (hasStep64(fusedCell(args), args))
          expectSameBits(recurrence64(args, c.kind as 'rnn', kernel), generalRecurrence(quickly(args), undefined, biasLast));
        expectSameBits(together.recurrence(args), generalRecurrence(quickly(args), undefined, biasLast));
      }),
      { numRuns: cases(100) },
    );
  });

  it.each(['rnn', 'lstm', 'gru'] as const)('%s: and where x and weights hold NaN, infinities and zeros, and in several blocks', kind => {
    for (const [N, T, D, M] of [
      [11, 4, 5, 9],
      [1, 70, 70, 3],
      [3, 17, 66, 300],
    ]) {
      const args = inDouble(argsFor(kind, { N, T, D, M }, { states: true }));
      const x = Float64Array.from(args.x.data);
      [Number.NaN, Number.POSITIVE_INFINITY, 1e300, -0, -1e300].forEach((v, k) => {
        x[(7 * k + 1) % x.length] = v;
      });
      const spoilt = { ...args, x: { shape: args.x.shape, data: x } };
      expectSameBits(recurrence64(spoilt, kind, kernel), generalRecurrence(quickly(spoilt), undefined, biasLast));
    }
  });

  it('so do dense layers of every size', async () => {
    const together = await kernelsTogether(textbook);
    for (const [N, D, K] of [...Array.from({ length: 14 }, (_, n) => [n + 1, 17, 19]), [300, 40, 64], [1, 9, 65], [7, 1, 64], [2, 3, 2]]) {
      const [x, W, b] = [tensor([N, D], 1), tensor([D, K], 2), tensor([K], 3)].map(double);
      expect(together.affine(x, W, b).data).toEqual(textbook.affine(x, W, b).data);
      expect(together.affine(x, W).data).toEqual(textbook.affine(x, W).data);
    }
  });

  it('a cell without a fused path stays with the loop', async () => {
    const args = { ...inDouble(argsFor('lstm', { N: 2, T: 3, D: 4, M: 5 })), activation: 'relu', act: (x: number) => Math.max(0, x) };
    const recurrence = jest.fn(textbook.recurrence);
    (await kernelsTogether({ ...textbook, recurrence })).recurrence(args);
    expect(recurrence).toHaveBeenCalledWith(args);
  });
});

/** The loop over the terms of a sum, and then its bias. */
function biasLast(w: Tensor, bias: FloatArray | undefined): Product {
  const product = productWith(w, undefined, undefined);
  const K = w.shape[1];
  return (out, x, R) => {
    product(out, x, R);
    if (bias) for (let r = 0; r < R; r++) for (let k = 0; k < K; k++) out.data[out.start + r * out.stride + k] += bias[k];
  };
}

/** numbers that float32 does not have */
function double({ shape, data }: Tensor): Tensor {
  return { shape, data: Float64Array.from(data, v => v / 3) };
}

function inDouble(args: RecurrenceArgs): RecurrenceArgs {
  const weights = Object.fromEntries(Object.entries(args.weights).map(([name, t]) => [name, t && double(t)]));
  return { ...args, weights, x: double(args.x), initial: args.initial?.map(double) };
}

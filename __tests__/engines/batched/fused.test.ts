import fc from 'fast-check';
import { elementwise } from '../../../src/activations/index.js';
import { getCell } from '../../../src/cells/index.js';
import { fusedCell } from '../../../src/engines/batched/fused.js';
import { fusedKernel } from '../../../src/engines/batched/fusedKernel.js';
import { fusedPlain } from '../../../src/engines/batched/fusedPlain.js';
import type { FusedCell, Kernel } from '../../../src/engines/batched/kernel.js';
import { poolOf } from '../../../src/engines/batched/pool.js';
import { generalRecurrence, recurrence } from '../../../src/engines/batched/recurrence.js';
import type { RecurrenceArgs, RecurrenceResult } from '../../../src/layers/layer.js';
import { sigmoid32, tanh32 } from '../../../src/numerics/float32.js';
import { largestDifference } from '../../../src/tensor/difference.js';
import type { Tensor } from '../../../src/tensor/tensor.js';
import { compiledKernel } from '../../helpers/kernel.js';

const KINDS: readonly FusedCell[] = ['rnn', 'lstm', 'gru', 'gruBefore'];
const GATES = { rnn: 1, lstm: 4, gru: 3, gruBefore: 3 } as const;

let kernel: Kernel;
beforeAll(async () => {
  kernel = await compiledKernel();
});

interface Sizes {
  readonly N: number;
  readonly T: number;
  readonly D: number;
  readonly M: number;
}

/** Weyl sequence in ±scale: another start for every tensor */
function values(length: number, start: number, scale: number): Float32Array {
  let u = start * 0.7548776662466927;
  return Float32Array.from({ length }, () => {
    u = (u + 0.6180339887498949) % 1;
    return (2 * u - 1) * scale;
  });
}

function tensor(shape: number[], start: number, scale = 1): Tensor {
  return {
    shape,
    data: values(
      shape.reduce((a, b) => a * b, 1),
      start,
      scale,
    ),
  };
}

function argsFor(
  kind: FusedCell,
  { N, T, D, M }: Sizes,
  more: Partial<RecurrenceArgs> & { states?: boolean; bias?: 0 | 1 | 2 } = {},
): RecurrenceArgs {
  const { states, bias = 1, ...rest } = more;
  const name = kind === 'gruBefore' ? 'gru' : kind;
  const W = GATES[kind] * M;
  const scale = 1.5 / Math.sqrt(M);
  const biasShape = kind === 'gru' || bias === 2 ? [2, W] : [W];
  return {
    cell: getCell(name),
    options: {
      useBias: bias > 0,
      twoBiases: bias === 2,
      resetAfter: kind === 'gru',
      projection: null,
      peepholes: false,
      clip: null,
      inputForget: false,
    },
    activation: 'tanh',
    recurrentActivation: kind === 'rnn' ? null : 'sigmoid',
    outputActivation: null,
    act: elementwise('tanh'),
    actOut: elementwise('tanh'),
    sig: elementwise('sigmoid'),
    units: M,
    weights: {
      kernel: tensor([D, W], 1, scale),
      recurrentKernel: tensor([M, W], 2, scale),
      ...(bias > 0 ? { bias: tensor(biasShape, 3, scale) } : {}),
    },
    x: tensor([N, T, D], 4, 2),
    initial: states ? [tensor([N, M], 5), ...(kind === 'lstm' ? [tensor([N, M], 6)] : [])] : undefined,
    reverse: false,
    zeroOutputForMask: false,
    trace: false,
    sequence: true,
    ...rest,
  };
}

/** every output by name */
function outputs(result: RecurrenceResult): [string, Tensor][] {
  return [
    ['last', result.last],
    ...result.states.map((s, i): [string, Tensor] => [`state ${i}`, s]),
    ...(result.sequence ? [['sequence', result.sequence] as [string, Tensor]] : []),
  ];
}

function expectSameBits(a: RecurrenceResult, b: RecurrenceResult): void {
  const [left, right] = [outputs(a), outputs(b)];
  expect(right.map(([name, t]) => [name, t.shape])).toEqual(left.map(([name, t]) => [name, t.shape]));
  left.forEach(([name, t], i) => {
    const other = right[i][1].data;
    const at = t.data.findIndex((v, k) => !Object.is(v, other[k]));
    expect([name, at, at < 0 ? 0 : t.data[at], at < 0 ? 0 : other[at]]).toEqual([name, -1, 0, 0]);
  });
}

const anyCase = fc.record({
  kind: fc.constantFrom(...KINDS),
  N: fc.oneof(fc.integer({ min: 1, max: 14 }), fc.integer({ min: 15, max: 170 })),
  T: fc.integer({ min: 1, max: 9 }),
  D: fc.integer({ min: 1, max: 21 }),
  M: fc.integer({ min: 1, max: 27 }),
  reverse: fc.boolean(),
  sequence: fc.boolean(),
  zeroOutputForMask: fc.boolean(),
  states: fc.boolean(),
  bias: fc.constantFrom(0, 1, 2) as fc.Arbitrary<0 | 1 | 2>,
  mask: fc.constantFrom('none', 'some', 'padding'),
});

type Case = typeof anyCase extends fc.Arbitrary<infer C> ? C : never;

function draw({ kind, N, T, D, M, mask, ...more }: Case): RecurrenceArgs {
  const masked = (n: number, t: number) => (mask === 'some' ? (n * 31 + t * 17) % 3 === 0 : t >= T - (n % (T + 1)));
  const bytes = mask === 'none' ? undefined : Uint8Array.from({ length: N * T }, (_, k) => (masked(Math.floor(k / T), k % T) ? 0 : 1));
  return argsFor(kind, { N, T, D, M }, { ...more, mask: bytes });
}

describe('the WASM kernel', () => {
  it('gives the bits of plain TypeScript for every cell, size, mask, state, bias and direction', () => {
    fc.assert(
      fc.property(anyCase, c => {
        const args = draw(c);
        expectSameBits(fusedPlain(args, c.kind), fusedKernel(args, c.kind, kernel));
      }),
      { numRuns: 120 },
    );
  });

  it('gives the same bits with 2 and 4 threads', () => {
    fc.assert(
      fc.property(anyCase, fc.constantFrom(2, 4), (c, threads) => {
        const args = draw(c);
        expectSameBits(fusedKernel(args, c.kind, kernel), fusedKernel(args, c.kind, kernel, poolOf(kernel, threads)));
      }),
      { numRuns: 100 },
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
    expectSameBits(recurrence(args, kernel), traced);
    const general = generalRecurrence({ ...args, trace: true }).trace!;
    expect(largestDifference(general.gates.data, traced.trace!.gates.data).abs).toBeLessThan(2e-6);
    expect(traced.trace!.states[0].data).toEqual(traced.sequence!.data);
  });

  it('is taken for the default activations only, by any of their names', () => {
    const args = argsFor('lstm', { N: 1, T: 1, D: 1, M: 1 });
    expect(fusedCell(args)).toBe('lstm');
    expect(fusedCell({ ...args, activation: { name: 'tanh' }, outputActivation: 'tanh' })).toBe('lstm');
    expect(fusedCell({ ...args, activation: 'relu' })).toBeUndefined();
    expect(fusedCell({ ...args, outputActivation: 'relu' })).toBeUndefined();
    expect(fusedCell({ ...args, recurrentActivation: 'hard_sigmoid' })).toBeUndefined();
    expect(fusedCell({ ...args, options: { ...args.options, clip: 3 } })).toBeUndefined();
    expect(fusedCell({ ...args, options: { ...args.options, inputForget: true } })).toBeUndefined();
    expect(fusedCell({ ...args, weights: { ...args.weights, peepholes: tensor([3, 1], 1) } })).toBeUndefined();
    expect(fusedCell({ ...args, x: { shape: [1, 1, 1], data: new Float64Array(1) } })).toBeUndefined();
  });

  it('the general path has the same bits with the kernel as without', () => {
    fc.assert(
      fc.property(anyCase, c => {
        const args = draw(c);
        expectSameBits(generalRecurrence(args), generalRecurrence(args, kernel));
      }),
      { numRuns: 60 },
    );
  });
});

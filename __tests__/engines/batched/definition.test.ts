import fc from 'fast-check';
import type { RowFunction } from '../../../src/activations/activation.js';
import type { Cell } from '../../../src/cells/cell.js';
import { fusedPlain } from '../../../src/engines/batched/fusedPlain.js';
import { accumulate } from '../../../src/engines/batched/matmul.js';
import { generalRecurrence } from '../../../src/engines/batched/recurrence.js';
import type { RecurrenceArgs } from '../../../src/layers/layer.js';
import type { Tensor } from '../../../src/tensor/tensor.js';
import { defined } from '../../helpers/definition.js';
import { cases } from '../../helpers/effort.js';
import { anyCase, argsFor, type Case, draw, expectSameBits, KINDS, tensor, values } from '../../helpers/recurrences.js';

/** Plain TypeScript against the definition, number by number (helpers/definition.ts): the WASM kernel is compared with plain TypeScript elsewhere. */
const small = anyCase.map((c): Case => ({ ...c, N: 1 + (c.N % 3), T: 1 + (c.T % 4), D: 1 + (c.D % 6), M: 1 + (c.M % 5) }));

/** Sums about as long as one chain and two. */
const LONG = [
  [254, 2],
  [255, 2],
  [256, 2],
  [257, 2],
  [520, 3],
] as const;

describe('a product in plain TypeScript', () => {
  const [R, K] = [3, 5];

  it.each([
    [Float32Array, 1],
    [Float32Array, 255],
    [Float32Array, 256],
    [Float32Array, 257],
    [Float32Array, 549],
    [Float64Array, 300],
    [Float64Array, 303],
  ])('adds up %p sums of %i terms, in float32 in chains of 256, between what it leaves alone', (Floats, D) => {
    const f = Floats === Float32Array ? Math.fround : (v: number) => v;
    const chain = Floats === Float32Array ? 256 : D;
    const [x, w, before] = [R * (D + 1), D * K, (R + 1) * (K + 2)].map((n, i) => Floats.from(values(n, i + 1, 1)));
    const out = Floats.from(before);
    accumulate({ data: out, start: 1, stride: K + 2 }, { data: x, start: 0, stride: D + 1 }, w, R, D, K);
    const expected = Floats.from(before);
    for (let r = 0; r < R; r++)
      for (let k = 0; k < K; k++) {
        const at = 1 + r * (K + 2) + k;
        for (let from = 0; from < D; from += chain) {
          let sum = from === 0 ? before[at] : 0;
          for (let d = from; d < Math.min(D, from + chain); d++) sum = f(sum + f(x[r * (D + 1) + d] * w[d * K + k]));
          expected[at] = from === 0 ? sum : f(expected[at] + sum);
        }
      }
    expect([...out]).toEqual([...expected]);
  });

  it('of exactly one chain adds nothing more: -0 stays -0', () => {
    const out = Float32Array.of(-0);
    accumulate(
      { data: out, start: 0, stride: 1 },
      { data: new Float32Array(256), start: 0, stride: 256 },
      new Float32Array(256).fill(-1),
      1,
      256,
      1,
    );
    expect(out[0]).toBe(-0);
  });
});

describe('the fused path in plain TypeScript', () => {
  it('has the bits of its definition for every cell, mask, state, bias and direction, its gates too', () => {
    fc.assert(
      fc.property(small, fc.boolean(), (c, trace) => {
        const args = { ...draw(c), trace };
        expectSameBits(defined(args, 'fused'), fusedPlain(args, c.kind));
      }),
      { numRuns: cases(200) },
    );
  });

  it.each(KINDS)('%s: has them in every option at once', kind => {
    for (const more of [{ reverse: true, states: true, bias: 2 as const }, { bias: 0 as const, zeroOutputForMask: true }, {}]) {
      const mask = Uint8Array.from({ length: 6 }, (_, k) => (k % 3 ? 1 : 0));
      const args = argsFor(kind, { N: 2, T: 3, D: 3, M: 2 }, { ...more, mask, trace: true });
      expectSameBits(defined(args, 'fused'), fusedPlain(args, kind));
    }
  });

  it.each(KINDS)('%s: sums of more than 256 terms have a chain for every 256, and h one of its own', kind => {
    for (const [D, M] of LONG) {
      const args = argsFor(kind, { N: 1, T: 2, D, M }, { states: true, bias: 2 });
      expectSameBits(defined(args, 'fused'), fusedPlain(args, kind));
    }
  });

  it.each(KINDS)('%s: so has h, of more than 256 units', kind => {
    const args = argsFor(kind, { N: 1, T: 1, D: 1, M: 257 }, { states: true });
    expectSameBits(defined(args, 'fused'), fusedPlain(args, kind));
  });
});

const softsign = (v: number) => v / (1 + Math.abs(v));
const half = (v: number) => v / 2 - 0.125;
const ramp = (v: number) => Math.min(1, Math.max(0, v / 4 + 0.5));

/** Every number less what its whole row weighs, place by place. */
const weighed: RowFunction = (x, from, to, out) => {
  let sum = 0;
  for (let k = from; k < to; k++) sum += x[k] * (k - from + 1);
  for (let k = from; k < to; k++) out[k] = x[k] / 2 - sum / 16;
};

/** What only a cell's own step has: other activations, one for each place, clip, projection, peepholes, input_forget, float64. */
const extras = fc.record({
  f64: fc.boolean(),
  rows: fc.constantFrom<readonly string[]>([], ['act'], ['sig'], ['actOut'], ['act', 'sig']),
  clip: fc.option(fc.constantFrom(0.1, 1.5)),
  projection: fc.option(fc.integer({ min: 1, max: 4 })),
  peepholes: fc.boolean(),
  inputForget: fc.boolean(),
  trace: fc.boolean(),
});

type Extras = typeof extras extends fc.Arbitrary<infer E> ? E : never;

function withExtras(args: RecurrenceArgs, { f64, rows, projection: P, trace, ...options }: Extras): RecurrenceArgs {
  const M = args.units;
  const lstm = args.cell.name === 'lstm';
  const width = lstm && P ? P : M;
  const W = args.cell.gates.length * M;
  const exact = (t: Tensor): Tensor => (f64 ? { ...t, data: Float64Array.from(t.data, v => v * 1.1) } : t);
  const weights = {
    ...args.weights,
    recurrentKernel: tensor([width, W], 8, 0.7),
    ...(lstm && P ? { projection: tensor([M, P], 9) } : {}),
    ...(lstm && options.peepholes ? { peepholes: tensor([3, M], 10) } : {}),
  };
  return {
    ...args,
    trace,
    act: softsign,
    actOut: half,
    sig: ramp,
    ...Object.fromEntries(rows.map(name => [name, { row: weighed }])),
    options: { ...args.options, ...options, projection: lstm ? P : null },
    weights: Object.fromEntries(Object.entries(weights).map(([name, w]) => [name, exact(w as Tensor)])),
    x: exact(args.x),
    initial: args.initial?.map((s, i) => exact(i === 0 ? tensor([s.shape[0], width], 11) : s)),
  };
}

describe("the way through a cell's own step", () => {
  it('has the bits of its definition, in float32 and float64, with every option of a cell', () => {
    fc.assert(
      fc.property(small, extras, (c, more) => {
        const args = withExtras(draw(c), more);
        expectSameBits(defined(args, 'general'), generalRecurrence(args));
      }),
      { numRuns: cases(300) },
    );
  });

  it.each(KINDS)('%s: sums of more than 256 terms have a chain for every 256 in float32, one in float64', kind => {
    for (const f64 of [false, true]) {
      for (const [D, M] of [
        [256, 2],
        [257, 2],
        [600, 3],
      ]) {
        const none = { clip: null, projection: null, peepholes: false, inputForget: false, trace: false, rows: [] };
        const args = withExtras(argsFor(kind, { N: 2, T: 2, D, M }, { states: true }), { ...none, f64 });
        expectSameBits(defined(args, 'general'), generalRecurrence(args));
      }
    }
  });

  it.each(KINDS)('%s: 40 units are as good as a few', kind => {
    const none = { clip: null, projection: null, peepholes: false, inputForget: false, trace: true, f64: true, rows: [] };
    const args = withExtras(argsFor(kind, { N: 2, T: 1, D: 1, M: 40 }, { states: true }), none);
    expectSameBits(defined(args, 'general'), generalRecurrence(args));
  });

  it('lets a cell ask for any gates, each with its own bias', () => {
    const args = argsFor('gru', { N: 3, T: 2, D: 2, M: 2 }, { states: true });
    const asked = (h: ArrayLike<number>, from: number, to: number, n: number, j: number) => {
      let sum = args.weights.bias!.data[6 + 2 * from + j];
      for (let k = 0; k < 2; k++)
        sum = Math.fround(sum + Math.fround(h[n * 2 + k] * args.weights.recurrentKernel!.data[k * 6 + 2 * from + j]));
      return j < 2 * (to - from) ? sum : Number.NaN;
    };
    const seen: string[] = [];
    const cell: Cell = {
      ...args.cell,
      step({ N, state: [h], next, recurrent }) {
        for (const [from, to] of [
          [0, 3],
          [1, 2],
          [2, 3],
          [0, 1],
          [1, 3],
          [0, 2],
        ]) {
          const product = recurrent(h, from, to);
          const width = 2 * (to - from);
          for (let n = 0; n < N; n++)
            for (let j = 0; j < width; j++)
              if (product[n * width + j] !== asked(h, from, to, n, j)) seen.push(`${from} to ${to}: ${n}, ${j}`);
        }
        next[0].set(h.map(v => v / 2));
      },
    };
    const { last } = generalRecurrence({ ...args, cell });
    expect(seen).toEqual([]);
    expect(last.data).toEqual(args.initial![0].data.map(v => v / 4));
  });

  it.each([
    [9, [4, 4, 1]],
    [8, [4, 4]],
    [2, [2]],
  ])('steps %i samples together as many at a time as have 16 MiB of gates', (N, blocks) => {
    const [T, G, M, D] = [4, 2 ** 17, 2, 3];
    const [args, ones] = [argsFor('rnn', { N, T, D, M }), Float32Array.from({ length: G * M }, (_, k) => 1 + (k % 7))];
    const seen: number[] = [];
    const cell: Cell = {
      ...args.cell,
      gates: Array.from({ length: G }, (_, g) => `g${g}`),
      step({ N: rows, gates, next }) {
        seen.push(rows);
        // the last gate of each sample
        for (let n = 0; n < rows; n++) next[0].set(gates.subarray((n + 1) * G * M - M, (n + 1) * G * M), n * M);
      },
    };
    const kernel = { shape: [D, G * M], data: new Float32Array(D * G * M) };
    kernel.data.set(ones, G * M);
    const recurrentKernel = { shape: [M, G * M], data: new Float32Array(M * G * M) };
    const mask = Uint8Array.from({ length: N * T }, (_, k) => (k % 5 ? 1 : 0));
    const { sequence, last } = generalRecurrence({ ...args, cell, mask, weights: { kernel, recurrentKernel } });
    expect(seen).toEqual(blocks.flatMap(rows => new Array(T).fill(rows)));
    const own = Array.from({ length: N }, () => [0, 0]);
    for (let k = 0; k < N * T; k++) {
      const n = Math.floor(k / T);
      if (mask[k]) own[n] = [ones[G * M - 2], ones[G * M - 1]].map(w => Math.fround(args.x.data[k * D + 1] * w));
      expect([...sequence!.data.subarray(2 * k, 2 * k + 2)]).toEqual(own[n]);
    }
    expect([...last.data]).toEqual(own.flat());
  });
});

import fc from 'fast-check';
import { cellFunction } from '../../src/activations/index.js';
import { getCell } from '../../src/cells/index.js';
import type { FusedCell } from '../../src/engines/batched/kernel.js';
import type { RecurrenceArgs, RecurrenceResult } from '../../src/layers/layer.js';
import type { Tensor } from '../../src/tensor/tensor.js';

/** Recurrences of every cell, size, mask, state, bias and direction, as an engine is asked for them; and the comparison of results, bit for bit. */
export const KINDS: readonly FusedCell[] = ['rnn', 'lstm', 'gru', 'gruBefore'];
const GATES = { rnn: 1, lstm: 4, gru: 3, gruBefore: 3 } as const;

export interface Sizes {
  readonly N: number;
  readonly T: number;
  readonly D: number;
  readonly M: number;
}

/** Weyl sequence in ±scale: another start for every tensor */
export function values(length: number, start: number, scale: number): Float32Array {
  let u = start * 0.7548776662466927;
  return Float32Array.from({ length }, () => {
    u = (u + 0.6180339887498949) % 1;
    return (2 * u - 1) * scale;
  });
}

export function tensor(shape: number[], start: number, scale = 1): Tensor {
  return {
    shape,
    data: values(
      shape.reduce((a, b) => a * b, 1),
      start,
      scale,
    ),
  };
}

export function argsFor(
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
    act: cellFunction('tanh'),
    actOut: cellFunction('tanh'),
    sig: cellFunction('sigmoid'),
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

/** every output by name, of the sequence and the trace those that are there */
export function outputs({ last, states, sequence, trace }: RecurrenceResult): [string, Tensor][] {
  const numbered = (name: string, all: readonly Tensor[]) => all.map((s, i): [string, Tensor] => [`${name} ${i}`, s]);
  return [
    ['last', last],
    ...numbered('state', states),
    ...(sequence ? numbered('sequence', [sequence]) : []),
    ...(trace ? [...numbered('gates', [trace.gates]), ...numbered('trace of state', trace.states)] : []),
  ];
}

export function expectSameBits(a: RecurrenceResult, b: RecurrenceResult): void {
  const [left, right] = [outputs(a), outputs(b)];
  expect(right.map(([name, t]) => [name, t.shape])).toEqual(left.map(([name, t]) => [name, t.shape]));
  left.forEach(([name, t], i) => {
    const other = right[i][1].data;
    const at = t.data.findIndex((v, k) => !Object.is(v, other[k]));
    expect([name, at, at < 0 ? 0 : t.data[at], at < 0 ? 0 : other[at]]).toEqual([name, -1, 0, 0]);
  });
}

export const anyCase = fc.record({
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

export type Case = typeof anyCase extends fc.Arbitrary<infer C> ? C : never;

export function draw({ kind, N, T, D, M, mask, ...more }: Case): RecurrenceArgs {
  const masked = (n: number, t: number) => (mask === 'some' ? (n * 31 + t * 17) % 3 === 0 : t >= T - (n % (T + 1)));
  const bytes = mask === 'none' ? undefined : Uint8Array.from({ length: N * T }, (_, k) => (masked(Math.floor(k / T), k % T) ? 0 : 1));
  return argsFor(kind, { N, T, D, M }, { ...more, mask: bytes });
}

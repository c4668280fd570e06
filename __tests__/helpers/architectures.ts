import fc from 'fast-check';

/** Random networks as specs: every kind, option and merge mode, sizes all over the place. */

export const size = fc.integer({ min: 1, max: 9 });

const recurrentOptions = fc.record(
  {
    useBias: fc.boolean(),
    twoBiases: fc.boolean(),
    goBackwards: fc.boolean(),
    bidirectional: fc.constantFrom('concat', 'sum', 'mul', 'ave'),
    activation: fc.constantFrom('tanh', 'sigmoid', 'softsign', 'elu'),
  },
  { requiredKeys: [] },
);

export const recurrentLayer: fc.Arbitrary<Record<string, unknown>> = fc.oneof(
  fc.tuple(size, recurrentOptions).map(([units, options]) => ({ kind: 'rnn', units, ...options })),
  fc
    .tuple(
      size,
      recurrentOptions,
      fc.record(
        { projection: size, peepholes: fc.boolean(), inputForget: fc.boolean(), clip: fc.constantFrom(0.5, 2) },
        { requiredKeys: [] },
      ),
    )
    .map(([units, options, own]) => ({ kind: 'lstm', units, ...options, ...own })),
  fc.tuple(size, recurrentOptions, fc.boolean()).map(([units, options, resetAfter]) => ({ kind: 'gru', units, ...options, resetAfter })),
);

const tail: fc.Arbitrary<Record<string, unknown>[]> = fc.oneof(
  fc.constant<Record<string, unknown>[]>([]),
  fc.constantFrom('maxpool', 'avgpool', 'last').map(kind => [{ kind }]),
  size.map(units => [{ kind: 'dense', units, activation: 'relu' }]),
  fc.tuple(fc.constantFrom('maxpool', 'flatten'), size).map(([kind, units]) => [{ kind }, { kind: 'dense', units }]),
);

export interface RandomNetwork {
  readonly spec: Record<string, unknown>;
  readonly N: number;
  readonly T: number;
  readonly D: number;
}

/** One to three recurrent layers that return sequences where the next layer needs them, then a head. */
export const randomNetwork: fc.Arbitrary<RandomNetwork> = fc
  .tuple(size, size, size, fc.array(recurrentLayer, { minLength: 1, maxLength: 3 }), tail, fc.boolean())
  .map(([N, T, D, layers, head, sequence]) => {
    const needs = head.length > 0 && head[0].kind !== 'dense';
    const recurrent = layers.map((layer, i) => ({ ...layer, returnSequences: i < layers.length - 1 || needs || sequence }));
    return { spec: { input: { timesteps: T, features: D }, layers: [...recurrent, ...head] }, N, T, D };
  });

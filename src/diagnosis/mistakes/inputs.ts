import type { Tensor } from '../../tensor/tensor.js';
import { changeWeights, type Fix, type Hypothesis, mapData, mistake, type Scenario, type Way } from '../mistake.js';

/** The network is right and sees another x: scaled, with its features in another order, one step late, padded on the other side. */

/** x of a scenario replaced. */
export function withX(scenario: Scenario, x: Tensor): Scenario {
  return { ...scenario, input: { ...scenario.input, x } };
}

export function seeing(change: (x: Tensor) => Tensor, why: string, more: Partial<Way> = {}): Way {
  return { change: s => withX(s, change(s.input.x)), why, ...more };
}

export function isFeatures({ input }: Scenario): boolean {
  return input.x.shape.length === 3;
}

/** Feature d of x [N, T, D] through a line of its own. */
export function eachFeature(x: Tensor, f: (v: number, d: number) => number): Tensor {
  const D = x.shape[2];
  return mapData(x, (v, i) => f(v, i % D));
}

interface Moments {
  readonly mean: number;
  readonly deviation: number;
  /** root of the sum of squares */
  readonly length: number;
  readonly least: number;
  readonly most: number;
}

function momentsOf(values: readonly number[]): Moments {
  const n = values.length;
  const mean = values.reduce((a, b) => a + b, 0) / n;
  const deviation = Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / n);
  const length = Math.sqrt(values.reduce((sum, v) => sum + v * v, 0));
  return { mean, deviation, length, least: Math.min(...values), most: Math.max(...values) };
}

const MOST_NUMBERS = 1e5;

const scaledBy = (code: string) => ({ numpy: `x = ${code}   # ← on both sides, or on neither` });

/** Scaled otherwise than by mean and deviation. */
const SCALED: Readonly<Record<string, Fix>> = {
  'min-max': scaledBy('(x - x.min((0, 1))) / (x.max((0, 1)) - x.min((0, 1)))'),
  'unit-length': scaledBy('x / np.linalg.norm(x, axis=-1, keepdims=True)'),
  centred: scaledBy('x - x.mean((0, 1))'),
  255: scaledBy('x / 255'),
  100: scaledBy('x / 100'),
  negated: scaledBy('-x'),
};

export const inputScaled = mistake('input-scaled', 'x was scaled before', ['insideStep', 'alone'], {
  why: 'The network saw a scaled x: standardised to mean 0 and deviation 1, brought between 0 and 1, divided by 255.',
  fix: scaledBy('(x - x.mean((0, 1))) / x.std((0, 1))'),
  variants(scenario) {
    const { x } = scenario.input;
    if (!isFeatures(scenario) || x.data.length > MOST_NUMBERS) return [];
    const D = x.shape[2];
    // of the whole x, whichever samples are computed
    const all = momentsOf(Array.from(x.data));
    const each = Array.from({ length: D }, (_, d) => momentsOf(Array.from(x.data).filter((_v, i) => i % D === d)));
    const n = x.data.length / D;
    const unbiased = Math.sqrt(n / Math.max(1, n - 1));
    const line = (kind: string, words: string, f: (v: number, d: number) => number, needed: readonly number[]): Way[] =>
      needed.some(v => !(v > 0))
        ? []
        : [seeing(t => eachFeature(t, f), `The network saw x ${words}.`, { parameter: kind, fix: SCALED[kind] })];
    const spreads = each.map(m => m.most - m.least);
    return [
      ...line(
        'standardised',
        'standardised feature by feature: (x − mean) / standard deviation (StandardScaler)',
        (v, d) => (v - each[d].mean) / each[d].deviation,
        each.map(m => m.deviation),
      ),
      ...line(
        'standardised',
        'standardised feature by feature, with n − 1 in the deviation (torch.std, ddof=1)',
        (v, d) => (v - each[d].mean) / (each[d].deviation * unbiased),
        each.map(m => m.deviation),
      ),
      ...(D > 1
        ? line(
            'standardised',
            'standardised as a whole: one mean and one standard deviation for all features',
            v => (v - all.mean) / all.deviation,
            [all.deviation],
          )
        : []),
      ...line('min-max', 'brought between 0 and 1 feature by feature (MinMaxScaler)', (v, d) => (v - each[d].least) / spreads[d], spreads),
      ...line(
        'min-max',
        'brought between −1 and 1 feature by feature (MinMaxScaler)',
        (v, d) => (2 * (v - each[d].least)) / spreads[d] - 1,
        spreads,
      ),
      ...(D > 1
        ? line('min-max', 'brought between 0 and 1 as a whole', v => (v - all.least) / (all.most - all.least), [all.most - all.least])
        : []),
      ...rowsOf(scenario),
      ...line('centred', 'less the mean of each feature', (v, d) => v - each[d].mean, []),
      ...line('255', 'divided by 255', v => v / 255, []),
      ...line('100', 'divided by 100', v => v / 100, []),
      ...line('negated', 'with the other sign', v => -v, []),
    ];
  },
});

/** Scaled for each sample alone, or each step. */
function rowsOf({ input: { x } }: Scenario): Way[] {
  const [, T, D] = x.shape;
  const seen = (kind: string, words: string, size: number, f: (m: Moments, v: number) => number, places: number) =>
    seeing(t => eachBlock(t, size, places, f), `The network saw x ${words}.`, { parameter: kind, fix: SCALED[kind] });
  return [
    ...(T > 1
      ? [
          seen(
            'standardised',
            'standardised sample by sample: mean and deviation of each feature over its own steps',
            T * D,
            (m, v) => (v - m.mean) / m.deviation,
            D,
          ),
          seen(
            'min-max',
            'brought between 0 and 1 sample by sample, each feature for itself',
            T * D,
            (m, v) => (v - m.least) / (m.most - m.least),
            D,
          ),
        ]
      : []),
    ...(D > 1
      ? [
          seen('unit-length', 'with every step divided by its length (L2)', D, (m, v) => v / m.length, 1),
          seen('standardised', 'standardised step by step, over its features', D, (m, v) => (v - m.mean) / m.deviation, 1),
        ]
      : []),
  ];
}

/** Blocks of `size` numbers, each of `places` interleaved series for itself. */
function eachBlock(t: Tensor, size: number, places: number, f: (m: Moments, v: number) => number): Tensor {
  const data = Float64Array.from(t.data);
  for (let from = 0; from < data.length; from += size) {
    for (let p = 0; p < places; p++) {
      const values: number[] = [];
      for (let k = from + p; k < from + size; k += places) values.push(data[k]);
      const m = momentsOf(values);
      for (let k = from + p; k < from + size; k += places) data[k] = f(m, data[k]);
    }
  }
  return { shape: t.shape, data };
}

export const inputIntegers: Hypothesis = mistake('input-integers', 'x was cut to integers', ['insideStep', 'alone'], {
  why: 'The network saw x without its fractions: it was read or stored as whole numbers (astype(int), an integer array).',
  numpy: 'x = x.astype(np.float32)      # ← before anything is written into it',
  variants: scenario =>
    isFeatures(scenario)
      ? [
          seeing(x => mapData(x, Math.trunc), inputIntegers.why),
          seeing(x => mapData(x, Math.round), 'The network saw x rounded to whole numbers.'),
        ]
      : [],
});

export const inputReshaped: Hypothesis = mistake('input-reshaped', 'steps and features of x are mixed up', ['alone'], {
  why: 'Steps and features of x are mixed up: x [N, D, T] was brought to [N, T, D] by reshape instead of by a transpose.',
  numpy: 'x = x.transpose(0, 2, 1)      # ← [N, D, T] -> [N, T, D]; not reshape',
  torch: 'x = x.permute(0, 2, 1)        # ← not view',
  variants(scenario) {
    if (!isFeatures(scenario)) return [];
    const [, T, D] = scenario.input.x.shape;
    if (T < 2 || D < 2) return [];
    const swapped = seeing(x => swapped2(x), `Each sample of x is turned on its side: x[n].T (here T = D = ${T}, so no shape shows it).`);
    return [
      ...(T === D ? [swapped] : []),
      ...(T === D
        ? []
        : [
            seeing(x => ({ shape: x.shape, data: swapped2(x).data }), inputReshaped.why),
            seeing(
              x => swapped2({ shape: [x.shape[0], x.shape[2], x.shape[1]], data: x.data }),
              'Steps and features of x are mixed up: x [N, T, D] was read as [N, D, T] and transposed.',
            ),
          ]),
    ];
  },
});

/** [N, A, B] -> [N, B, A] */
function swapped2(x: Tensor): Tensor {
  const [N, A, B] = x.shape;
  const data = new Float64Array(x.data.length);
  for (let n = 0; n < N; n++)
    for (let a = 0; a < A; a++) for (let b = 0; b < B; b++) data[(n * B + b) * A + a] = x.data[(n * A + a) * B + b];
  return { shape: [N, B, A], data };
}

export const tokensOff = mistake('tokens-off-by-one', 'the tokens are off by one', ['insideStep', 'alone'], {
  why: 'Every token is one too large or too small: one side numbers its words from 1 (0 is padding), the other from 0.',
  numpy: 'tokens = tokens + 1           # ← one numbering on both sides: is 0 a word or padding?',
  example: { layers: 'embedding:6x3,rnn:3,dense:1', N: 2, T: 3 },
  variants(scenario) {
    const embedding = scenario.model.layers.find(l => l.kind === 'embedding');
    const table = embedding && scenario.weights.get(embedding.name)?.values().next().value;
    if (isFeatures(scenario) || !table) return [];
    const V = table.shape[0];
    return [1, -1].flatMap(by =>
      [(v: number) => (v + by + V) % V, (v: number) => Math.min(V - 1, Math.max(0, v + by))].map((f, k) =>
        seeing(
          x => mapData(x, f),
          `Every token is one too ${by > 0 ? 'large' : 'small'}${k === 0 ? '' : ' (those at the end of the table stay)'}: one side numbers its words from 1, the other from 0.`,
        ),
      ),
    );
  },
});

export const paddingRow = mistake('padding-row-zero', 'row 0 of the embedding is zero', ['insideStep', 'alone'], {
  why: 'Row 0 of the embedding (the padding token) is zero on one side and not on the other: PyTorch’s padding_idx=0 makes it zero, Keras keeps what was drawn or trained.',
  torch: 'emb = nn.Embedding(V, D)      # ← without padding_idx, or set emb.weight[0] to what the file has',
  numpy: 'E[0] = 0                      # ← on both sides, or on neither',
  example: { layers: 'embedding:6x3,rnn:3,dense:1', N: 2, T: 3 },
  variants: scenario =>
    scenario.model.layers
      .filter(l => l.kind === 'embedding')
      .map(({ name: layer }) => ({
        layer,
        change: s => changeWeights(s, layer, (_, t) => mapData(t, (v, k) => (k < t.shape[1] ? 0 : v))),
      })),
});

import { once } from '../../once.js';
import { permuteAxes } from '../../tensor/axes.js';
import type { Tensor } from '../../tensor/tensor.js';
import { changeWeights, type Fix, type Hypothesis, mapData, mistake, type Scenario, type Way } from '../mistake.js';

/** The network is correct, but its x is not: scaled, with features in another order, one step late, or padded on the other side. */

/** Replaces x. */
export function withX(scenario: Scenario, x: Tensor): Scenario {
  return { ...scenario, input: { ...scenario.input, x } };
}

export function seeing(change: (x: Tensor) => Tensor, why: string, more: Partial<Way> = {}): Way {
  return { change: s => withX(s, change(s.input.x)), why, ...more };
}

export function isFeatures({ input }: Scenario): boolean {
  return input.x.shape.length === 3;
}

interface Moments {
  readonly count: number;
  readonly mean: number;
  readonly deviation: number;
  /** Euclidean norm */
  readonly length: number;
  readonly least: number;
  readonly most: number;
}

function momentsOf(values: readonly number[]): Moments {
  const count = values.length;
  const mean = values.reduce((a, b) => a + b, 0) / count;
  const deviation = Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / count);
  const length = Math.sqrt(values.reduce((sum, v) => sum + v * v, 0));
  return { count, mean, deviation, length, least: Math.min(...values), most: Math.max(...values) };
}

/**
 * The numbers of x that are scaled together: a feature over all samples, all numbers, a feature of one sample, or the features of one step.
 */
type Over = 'feature' | 'whole' | 'sample' | 'step';

/** The moments by which number i of x [N, T, D] is scaled. */
function momentsBy({ shape: [, T, D], data }: Tensor, over: Over): (i: number) => Moments {
  const key = {
    feature: (i: number) => i % D,
    whole: () => 0,
    sample: (i: number) => Math.floor(i / T / D) * D + (i % D),
    step: (i: number) => Math.floor(i / D),
  }[over];
  const groups: number[][] = [];
  data.forEach((v: number, i: number) => {
    const own = groups[key(i)];
    if (own) own.push(v);
    else groups[key(i)] = [v];
  });
  const all = groups.map(momentsOf);
  return i => all[key(i)];
}

const standard = (v: number, m: Moments) => (v - m.mean) / m.deviation;
const between = (v: number, m: Moments) => (v - m.least) / (m.most - m.least);

const scaledBy = (code: string) => ({
  numpy: `y = network(x)   # ← x as it was given here, not ${code}; or save the scaled x, and give that with -i`,
});

type Scaling = readonly [parameter: string, words: string, over: Over, f: (v: number, m: Moments) => number, fix?: Fix];

const SCALINGS: readonly Scaling[] = [
  ['standardised', 'standardised feature by feature: (x − mean) / standard deviation (StandardScaler)', 'feature', standard],
  [
    'standardised',
    'standardised feature by feature, with n − 1 in the deviation (torch.std, ddof=1)',
    'feature',
    (v, m) => (v - m.mean) / (m.deviation * Math.sqrt(m.count / Math.max(1, m.count - 1))),
  ],
  ['standardised', 'standardised as a whole: one mean and one standard deviation for all features', 'whole', standard],
  ['min-max', 'brought between 0 and 1 feature by feature (MinMaxScaler)', 'feature', between],
  [
    'min-max',
    'brought between −1 and 1 feature by feature (MinMaxScaler)',
    'feature',
    (v, m) => (2 * (v - m.least)) / (m.most - m.least) - 1,
  ],
  ['min-max', 'brought between 0 and 1 as a whole', 'whole', between],
  ['standardised', 'standardised sample by sample: mean and deviation of each feature over its own steps', 'sample', standard],
  ['min-max', 'brought between 0 and 1 sample by sample, each feature for itself', 'sample', between],
  ['unit-length', 'with every step divided by its length (L2)', 'step', (v, m) => v / m.length],
  ['standardised', 'standardised step by step, over its features', 'step', standard],
  ['centred', 'minus the mean of each feature', 'feature', (v, m) => v - m.mean],
  ['255', 'divided by 255', 'feature', v => v / 255],
  ['100', 'divided by 100', 'feature', v => v / 100],
  ['negated', 'with the other sign (or the first layer’s Wx has it)', 'feature', v => -v],
  ...clips([-1, 1], [0, 1], [-3, 3], [-5, 5]),
];

const MOST_NUMBERS = 1e5;

/** Scalings other than by mean and standard deviation. */
const SCALED: Readonly<Record<string, Fix>> = {
  'min-max': scaledBy('(x - x.min((0, 1))) / (x.max((0, 1)) - x.min((0, 1)))'),
  'unit-length': scaledBy('x / np.linalg.norm(x, axis=-1, keepdims=True)'),
  centred: scaledBy('x - x.mean((0, 1))'),
  255: scaledBy('x / 255'),
  100: scaledBy('x / 100'),
  negated: scaledBy('-x'),
};

function clips(...ranges: readonly (readonly [number, number])[]): Scaling[] {
  return ranges.map(([least, most]) => [
    'clipped',
    `cut to numbers between ${least} and ${most}`,
    'feature',
    v => Math.min(most, Math.max(least, v)),
    scaledBy(`np.clip(x, ${least}, ${most})`),
  ]);
}

export const inputScaled = mistake('input-scaled', 'x was scaled before', ['insideStep', 'alone'], {
  why: 'The network saw a scaled x: standardised to mean 0 and deviation 1, brought between 0 and 1, divided by 255.',
  fix: scaledBy('(x - x.mean((0, 1))) / x.std((0, 1))'),
  variants(scenario) {
    const { x } = scenario.input;
    if (!isFeatures(scenario) || x.data.length > MOST_NUMBERS) return [];
    const [, T, D] = x.shape;
    const known = { feature: once(() => momentsBy(x, 'feature')), whole: once(() => momentsBy(x, 'whole')) };
    return SCALINGS.flatMap(([parameter, words, over, f, fix = SCALED[parameter]]) => {
      if (over === 'sample' ? T < 2 : over !== 'feature' && D < 2) return [];
      // moments of the whole x, whichever samples are computed
      const whole = over === 'sample' || over === 'step' ? undefined : known[over]();
      const change = (t: Tensor) => {
        const of = whole ?? momentsBy(t, over);
        return mapData(t, (v, i) => f(v, of(i)));
      };
      // a constant feature cannot be scaled like this
      const cannot = whole !== undefined && Array.from({ length: D }, (_, d) => f(x.data[d], whole(d))).some(v => !Number.isFinite(v));
      return cannot ? [] : [seeing(change, `The network saw x ${words}.`, { parameter, fix })];
    });
  },
});

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
    if (T === D) return [seeing(transposed, `Each sample of x is turned on its side: x[n].T (here T = D = ${T}, so no shape shows it).`)];
    const reread = (x: Tensor) => transposed({ shape: [x.shape[0], x.shape[2], x.shape[1]], data: x.data });
    return [
      seeing(x => ({ shape: x.shape, data: transposed(x).data }), inputReshaped.why),
      seeing(reread, 'Steps and features of x are mixed up: x [N, T, D] was read as [N, D, T] and transposed.', {
        fix: {
          numpy: "x = x.reshape(N, T, D)        # ← the steps one after the other, as they are stored; no transpose, no order='F'",
          torch: 'x = x.reshape(N, T, D)        # ← the steps one after the other, as they are stored; no permute',
        },
      }),
    ];
  },
});

/** Transposes [N, A, B] -> [N, B, A]. */
const transposed = (x: Tensor) => permuteAxes(x, [0, 2, 1]);

export const tokensOff = mistake('tokens-off-by-one', 'the tokens are off by one', ['insideStep', 'alone'], {
  why: 'Every token is one too large or too small: one side numbers its words from 1 (0 is padding), the other from 0.',
  numpy: 'tokens = tokens + 1           # ← one numbering on both sides: is 0 a word or padding?',
  example: { layers: 'embedding:6x3,rnn:3,dense:1', N: 2, T: 3 },
  variants(scenario) {
    const embedding = scenario.model.layers.find(l => l.kind === 'embedding');
    const table = embedding && scenario.weights.get(embedding.name)?.values().next().value;
    if (isFeatures(scenario) || !table) return [];
    const V = table.shape[0];
    return [1, -1, 2, -2, 3, -3].flatMap(by =>
      [(v: number) => (v + by + V) % V, (v: number) => Math.min(V - 1, Math.max(0, v + by))].map((f, k) =>
        seeing(
          x => mapData(x, f),
          `Every token is ${['one', 'two', 'three'][Math.abs(by) - 1]} too ${by > 0 ? 'large' : 'small'}${k === 0 ? '' : ' (those at the end of the table stay)'}: ${Math.abs(by) === 1 ? 'one side numbers its words from 1, the other from 0' : 'one side keeps the first numbers for padding, start and unknown words (index_from of Keras’ imdb is 3)'}.`,
          {
            ...(Math.abs(by) > 1 && { rare: true }),
            fix: {
              numpy: `tokens = tokens ${by > 0 ? '-' : '+'} ${Math.abs(by)}           # ← one numbering on both sides: is 0 a word or padding?`,
            },
          },
        ),
      ),
    );
  },
});

export const paddingRow = mistake('padding-row-zero', 'row 0 of the embedding is zero', ['insideStep', 'alone'], {
  why: 'Row 0 of the embedding (the padding token) is zero on one side and not on the other: PyTorch’s padding_idx=0 makes it zero, Keras keeps what was drawn or trained.',
  torch: 'emb = nn.Embedding(V, D)      # ← without padding_idx, or set emb.weight[0] to what the file has',
  numpy: 'e = E[tokens]                 # ← row 0 of E as the file has it, not E[0] = 0',
  example: { layers: 'embedding:6x3,rnn:3,dense:1', N: 2, T: 3 },
  variants: scenario =>
    scenario.model.layers
      .filter(l => l.kind === 'embedding')
      .map(({ name: layer }) => ({
        layer,
        change: s => changeWeights(s, layer, (_, t) => mapData(t, (v, k) => (k < t.shape[1] ? 0 : v))),
      })),
});

import { placesAlong } from '../../tensor/axes.js';
import { largestMagnitude } from '../../tensor/difference.js';
import type { Tensor } from '../../tensor/tensor.js';
import { Mismatch } from '../affine.js';
import { finishing, mistake } from '../mistake.js';
import { sumOfMagnitudes, sumOfSquares } from '../norms.js';
import { headOf } from './heads.js';

/** y normalised within groups of its numbers: a row, the steps of one output, a whole sample. A single scale for all is `output-scaled`. */

interface Rule {
  readonly parameter: string;
  /** description of what happens to a group */
  readonly words: string;
  readonly numpy: (axis: string) => string;
  /** Normalises a group of numbers. */
  readonly apply: (group: Float64Array) => Float64Array;
  /** least size of a group for which anything shows */
  readonly least: number;
  /** whether a layer of the network would do the same to h; it is then reported there */
  readonly ofH?: boolean;
}

const sum = (v: Float64Array) => v.reduce((a, b) => a + b, 0);
const less = (v: Float64Array, by: number) => v.map(u => u - by);
const over = (v: Float64Array, by: number) => v.map(u => u / by);
const deviation = (v: Float64Array, free: number) => Math.sqrt(sumOfSquares(v) / (v.length - free));
const centred = (v: Float64Array) => less(v, sum(v) / v.length);
const range = (v: Float64Array): [number, number] => [Math.min(...v), Math.max(...v)];

const standardised = (free: 0 | 1): Rule => ({
  parameter: 'standardised',
  words: `less its mean and divided by its standard deviation${free ? ' (that of n − 1, as torch.std has it)' : ''}`,
  numpy: axis => `(y - y.mean(${axis}, keepdims=True)) / y.std(${axis}${free ? ', ddof=1' : ''}, keepdims=True)`,
  apply: v => over(centred(v), deviation(centred(v), free)),
  least: 3,
});

const RULES: readonly Rule[] = [
  {
    parameter: 'l2',
    words: 'divided by its length (L2)',
    numpy: axis => `y / np.linalg.norm(y, ${axis}, keepdims=True)`,
    apply: v => over(v, Math.sqrt(sumOfSquares(v))),
    least: 2,
    ofH: true,
  },
  {
    parameter: 'sum',
    words: 'divided by its sum',
    numpy: axis => `y / y.sum(${axis}, keepdims=True)`,
    apply: v => over(v, sum(v)),
    least: 2,
  },
  {
    parameter: 'l1',
    words: 'divided by the sum of its magnitudes (L1)',
    numpy: axis => `y / np.abs(y).sum(${axis}, keepdims=True)`,
    apply: v => over(v, sumOfMagnitudes(v)),
    least: 2,
    ofH: true,
  },
  {
    parameter: 'max',
    words: 'divided by its largest magnitude',
    numpy: axis => `y / np.abs(y).max(${axis}, keepdims=True)`,
    apply: v => over(v, largestMagnitude(v)),
    least: 3,
    ofH: true,
  },
  {
    parameter: 'min-max',
    words: 'brought between 0 and 1 by its smallest and largest number',
    numpy: axis => `(y - y.min(${axis}, keepdims=True)) / (y.max(${axis}, keepdims=True) - y.min(${axis}, keepdims=True))`,
    apply: v => over(less(v, range(v)[0]), range(v)[1] - range(v)[0]),
    least: 3,
  },
  standardised(0),
  standardised(1),
  {
    parameter: 'centred',
    words: 'less its mean',
    numpy: axis => `y - y.mean(${axis}, keepdims=True)`,
    apply: centred,
    least: 2,
  },
];

/** The axes of a group, as NumPy numbers them, and in words. */
const GROUPS = [
  { axes: '-1', words: 'each row', isSequence: false },
  { axes: '1', words: 'each output of a sample, over its steps,', isSequence: true },
  { axes: '(1, 2)', words: 'each sample, all its steps and outputs together,', isSequence: true },
] as const;

type Group = (typeof GROUPS)[number];

/**
 * Applies the rule to each group of y [N, K] or [N, T, K]. @throws Mismatch if a group does not determine the result (all its numbers are
 * equal)
 */
function inGroups({ shape, data }: Tensor, { axes, isSequence }: Group, { apply, least }: Rule): Tensor {
  if (isSequence && shape.length !== 3) throw new Mismatch();
  const { starts, offsets } = placesAlong(shape, axes === '-1' ? [shape.length - 1] : axes === '1' ? [1] : [1, 2]);
  if (offsets.length < least) throw new Mismatch();
  const made = new Float64Array(data.length);
  for (const start of starts) {
    const group = apply(Float64Array.from(offsets, o => data[start + o]));
    if (!group.every(Number.isFinite)) throw new Mismatch();
    group.forEach((v, k) => {
      made[start + offsets[k]] = v;
    });
  }
  return { shape, data: made };
}

export const outputNormalised = mistake('output-normalised', 'the output was normalised', ['alone'], {
  why: 'Each row of your output (or each sample, or each output over its steps) was normalised by its own numbers: divided by its length, brought between 0 and 1, standardised. The network does not do that.',
  numpy: 'y = h @ Wo + bo               # ← as it is; compare before it is normalised',
  keras: 'y = Dense(K)(h)               # ← no UnitNormalization after it',
  torch: 'y = fc(out[:, -1])            # ← not F.normalize(fc(out[:, -1]), dim=-1)',
  example: { layers: 'rnn:3,dense:3', N: 3, T: 2, D: 2 },
  variants: scenario =>
    GROUPS.flatMap(group =>
      RULES.filter(rule => !rule.ofH || group.isSequence || headOf(scenario)).map(rule => {
        const numpy = rule.numpy(`axis=${group.axes}`);
        return finishing(y => inGroups(y, group, rule), {
          parameter: rule.parameter,
          why: `Your output is the right y with ${group.words} ${rule.words}: ${numpy}.`,
          fix: { numpy: `y = h @ Wo + bo              # ← as it is, not ${numpy}` },
        });
      }),
    ),
});

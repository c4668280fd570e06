import type { LayerSpec, ModelSpec, PoolSpec } from '../../model/spec.js';
import { takeAlong } from '../../tensor/axes.js';
import { largestMagnitude } from '../../tensor/difference.js';
import type { Tensor } from '../../tensor/tensor.js';
import { reshape } from '../../tensor/tensor.js';
import { affineFit, columnsThatVary } from '../leastSquares.js';
import {
  changeLayer,
  changeWeights,
  type Hypothesis,
  mapData,
  mistake,
  type Outcome,
  recurrentLayers,
  runScenario,
  type Scenario,
} from '../mistake.js';
import { digitsWithin } from '../slices.js';

/** Mistakes in what the head reads: the input, every step, another kind of pooling. */

/** The dense layer that computes y. */
export function headOf({ model }: Scenario): LayerSpec | undefined {
  const head = model.layers.find(l => l.name === model.output);
  return head?.kind === 'dense' ? head : undefined;
}

/** Number of units that the dense layer reads; without such a layer, all columns are free. */
export function unitsReadByHead(scenario: Scenario, right: Outcome): number {
  const head = headOf(scenario);
  const h = head && right.layers.get(head.name)?.inputs[0].tensor;
  return h ? h.shape[h.shape.length - 1] : Infinity;
}

/** Most rows of h that are examined. */
const MOST_ROWS = 256;

/**
 * Number of directions of h, apart from its mean, that move y visibly; saturated units have fewer directions than units. A direction that
 * moves y by less than `of` counts by its digits above `near`. Infinity if y is not computed by a dense layer.
 */
export function directionsInEffect(scenario: Scenario, right: Outcome, near: number, of: number): number {
  return directionsOf(scenario, [right], near, of);
}

/** Changes of the recurrent layers that represent all mistakes in them: what their y have in common is likely to hold for any mistake. */
const FOR_ALL: readonly ((name: string, t: Tensor) => Tensor)[] = [
  (name, t) => (/Wx$/.test(name) ? mapData(t, v => 0.6 * v) : t),
  (name, t) => (/Wx$/.test(name) ? mapData(t, v => 1.5 * v) : t),
  (name, t) => (/Wh$/.test(name) ? mapData(t, v => -v) : t),
  (name, t) => (/Wh$/.test(name) ? mapData(t, v => 0.5 * v) : t),
];

/**
 * `directionsInEffect` for h under several mistakes: if units are saturated, the y of each mistake is nearly a linear function of the same
 * few numbers of x, and an explanation fitted with as many numbers proves nothing. Infinity if y is not computed by a dense layer.
 */
export function directionsUnderMistakes(scenario: Scenario, right: Outcome, near: number, of: number): number {
  if (!headOf(scenario)) return Infinity;
  const under = FOR_ALL.flatMap(change => {
    const changed = recurrentLayers(scenario).reduce((s, l) => changeWeights(s, l.name, change), scenario);
    return runScenario(changed, { like: right }) ?? [];
  });
  return directionsOf(scenario, [right, ...under], near, of);
}

/** Number of directions in the h of several outcomes, [R, M] each, side by side. */
function directionsOf(scenario: Scenario, outcomes: readonly Outcome[], near: number, of: number): number {
  const head = headOf(scenario);
  const Wo = head && scenario.weights.get(head.name)?.get('Wo');
  if (!head || !Wo) return Infinity;
  const [M, K] = Wo.shape;
  const own = outcomes.map(({ layers }) => {
    const h = layers.get(head.name)!.inputs[0].tensor;
    return centred(h.data, Math.min(MOST_ROWS, h.data.length / M), M, m => largestMagnitude(Wo.data.subarray(m * K, (m + 1) * K)));
  });
  const width = M * outcomes.length;
  const rows = own[0].map((_, r) => Float64Array.from({ length: width }, (_u, m) => own[Math.floor(m / M)][r][m % M]));
  let count = 0;
  for (let left = Math.min(width, rows.length - 1); left > 0; left--) {
    const sizes = rows.map(row => Math.sqrt(row.reduce((sum, v) => sum + v * v, 0)));
    const most = largestMagnitude(sizes);
    if (!(most > near)) break;
    count += digitsWithin(most, near, of);
    const unit = rows[sizes.indexOf(most)].map(v => v / most);
    for (const row of rows) {
      const along = row.reduce((sum, v, m) => sum + v * unit[m], 0);
      for (let m = 0; m < width; m++) row[m] -= along * unit[m];
    }
  }
  return count;
}

/** The first R rows of [.., M]: each column minus its mean, times its weight. */
function centred(data: ArrayLike<number>, R: number, M: number, weightOf: (m: number) => number): Float64Array[] {
  const mean = new Float64Array(M);
  for (let k = 0; k < R * M; k++) mean[k % M] += data[k] / R;
  const weights = Float64Array.from({ length: M }, (_, m) => weightOf(m));
  return Array.from({ length: R }, (_, r) => Float64Array.from({ length: M }, (_u, m) => (data[r * M + m] - mean[m]) * weights[m]));
}

/**
 * Makes readers of `name` read what `name` itself reads; if it reads several values, `value`. A layer that is already bypassed stays so.
 */
export function bypass(model: ModelSpec, name: string, value = model.layers.find(l => l.name === name)?.inputs[0] ?? name): ModelSpec {
  const renamed = (own: string) => (own === name ? value : own);
  return {
    ...model,
    layers: model.layers
      .filter(l => l.name !== name)
      .map(l => (l.inputs.includes(name) ? ({ ...l, inputs: l.inputs.map(renamed) } as LayerSpec) : l)),
    output: renamed(model.output),
  };
}

/** Inserts a layer between `after` and everything that reads it. */
export function insertAfter(scenario: Scenario, after: string, layer: Readonly<Record<string, unknown>>): Scenario {
  const { model } = scenario;
  const usual = `${layer.kind}_1`;
  const name = model.layers.some(l => l.name === usual) ? `${after}/${layer.kind}` : usual;
  const renamed = (value: string) => (value === after ? name : value);
  const layers = model.layers.flatMap(l =>
    l.name === after
      ? [l, { name, inputs: [after], trainable: true, ...layer } as unknown as LayerSpec]
      : [l.inputs.includes(after) ? ({ ...l, inputs: l.inputs.map(renamed) } as LayerSpec) : l],
  );
  return { ...scenario, model: { ...model, layers, output: renamed(model.output) } };
}

export function pools({ model }: Scenario): PoolSpec[] {
  return model.layers.filter((l): l is PoolSpec => l.kind === 'maxpool' || l.kind === 'avgpool' || l.kind === 'last');
}

/** Whether only the last step of the last recurrent layer reaches y. */
export function isLastAlone(scenario: Scenario): boolean {
  return lastStepLayer(scenario) !== undefined && pools(scenario).length === 0;
}

/** The last recurrent layer, if it only returns its last step. */
export function lastStepLayer(scenario: Scenario) {
  const layers = recurrentLayers(scenario);
  const last = layers[layers.length - 1];
  return last && !last.returnSequences ? last : undefined;
}

/** y at every step: without pooling, and with the whole sequence of the last recurrent layer; undefined if y already is a sequence. */
export function atEveryStep(scenario: Scenario): Scenario | undefined {
  const last = lastStepLayer(scenario);
  const [pool] = pools(scenario);
  if (last) return changeLayer(scenario, last.name, { returnSequences: true });
  return pool ? { ...scenario, model: bypass(scenario.model, pool.name) } : undefined;
}

/** y of only the last step, if the network returns one at every step. */
export function atLastStep(scenario: Scenario): Scenario | undefined {
  const layers = recurrentLayers(scenario);
  const last = layers[layers.length - 1];
  if (!last?.returnSequences || pools(scenario).length > 0) return undefined;
  return changeLayer(scenario, last.name, { returnSequences: false });
}

/** The last row of y at every step; with a bidirectional layer, this is not y of the last state. */
export function lastRow(scenario: Scenario): Scenario | undefined {
  const isBoth = recurrentLayers(scenario).some(l => l.bidirectional !== null);
  return isBoth && atLastStep(scenario) ? { ...scenario, finish: [...scenario.finish, lastOfSequence] } : undefined;
}

/** [N, T, K] -> [N, K] */
const lastOfSequence = (y: Tensor) =>
  reshape(
    takeAlong(y, 1, 1, () => y.shape[1] - 1),
    [y.shape[0], y.shape[2]],
  );

export const headEveryStep = mistake('head-every-step', 'y is returned at every step instead of the last', [], {
  why: 'The output has one row a step: return_sequences=True, or the dense layer was applied inside the loop over time. The network returns the output after the last step alone.',
  numpy: 'y = h @ Wo + bo              # ← after the loop over t; or Yhats[:, -1]',
  keras: 'SimpleRNN(M, return_sequences=False)',
  torch: 'y = fc(out[:, -1])',
  example: { layers: 'rnn:3,dense:1', N: 1, T: 3, D: 2 },
  variants: scenario => (atEveryStep(scenario) ? [{ layer: headOf(scenario)?.name ?? null, change: atEveryStep }] : []),
});

export const headLast = mistake('head-last', 'y is returned for the last step only', [], {
  why: 'The output is that of the last step alone; the network returns one at every step.',
  numpy: 'Yhats[n, t] = h @ Wo + bo    # ← inside the loop over t',
  keras: 'SimpleRNN(M, return_sequences=True)',
  torch: 'y = fc(out)                   # ← every step, not out[:, -1]',
  example: { layers: 'rnn:3+seq,dense:1', N: 1, T: 3, D: 2 },
  variants: scenario =>
    [atLastStep, lastRow].flatMap(change => (change(scenario) ? [{ layer: headOf(scenario)?.name ?? null, change }] : [])),
});

export const headOnInput: Hypothesis = mistake('head-on-input', 'the dense layer is on the input', [], {
  why: 'The Dense layer is on the input, not on the last h: it was called with the input tensor, and the recurrent layer is left out.',
  keras: 'x = SimpleRNN(M)(i)\nx = Dense(K)(x)            # ← on x, the output of the layer before, not on i',
  numpy: 'y = h @ Wo + bo              # ← h, not x[n,t]',
  torch: 'out, h_n = rnn(x); y = fc(out[:, -1])   # ← not fc(x)',
  example: { layers: 'rnn:2,dense:1', N: 1, T: 3, D: 2 },
  variants(scenario) {
    const head = headOf(scenario);
    if (!head || scenario.input.x.shape.length !== 3 || head.inputs[0] === scenario.model.input.name) return [];
    const D = scenario.input.x.shape[2];
    const rows = scenario.weights.get(head.name)?.get('Wo')?.shape[0];
    const change = (s: Scenario): Scenario => ({
      ...changeWeights(changeLayer(s, head.name, { inputs: [s.model.input.name] }), head.name, (name, t) =>
        name === 'Wo' ? withRows(t, D) : t,
      ),
    });
    // the same weights only fit if D = M; otherwise the layer had other weights, which `estimate` finds
    return [{ layer: head.name, change, unsearched: rows !== D }];
  },
  estimate(scenario, _right, other) {
    const head = headOf(scenario);
    const { x } = scenario.input;
    if (head?.kind !== 'dense' || x.shape.length !== 3 || other.shape.length !== 3) return [];
    const [N, T, D] = x.shape;
    if (other.shape[0] !== N || other.shape[1] !== T) return [];
    const K = other.shape[2];
    const fit = affineFit(Float64Array.from(x.data), other.data, N * T, D, K, head.useBias);
    const told = columnsThatVary(other.data, K).length;
    if (!fit || N * T < fit.rank + 2 || told === 0) return [];
    return [
      {
        layer: head.name,
        y: { shape: other.shape, data: fit.fitted },
        why: `${headOnInput.why}\nEvery row of your output is the same linear function of the row of x at that step.`,
        chosen: other.data.length - (N * T - fit.rank) * told,
        told: (N * T - fit.rank) * told,
      },
    ];
  },
});

/** The first D rows of a matrix, repeated if it has fewer. */
const withRows = (t: Tensor, D: number) => takeAlong(t, 0, D, r => r % t.shape[0]);

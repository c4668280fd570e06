import { isRecurrent, type LayerSpec, type ModelSpec, type PoolSpec } from '../model/spec.js';
import { type Tensor, zeros } from '../tensor/tensor.js';
import type { Candidate, Hypothesis, Variant } from './hypothesis.js';
import { affineFit } from './leastSquares.js';
import type { Outcome } from './run.js';
import { changeLayer, changeWeights, recurrentLayers, type Scenario } from './scenario.js';

/** Mistakes in what the head sits on: the input, every step, another way of pooling. */

/** The dense layer that makes y. */
export function headOf({ model }: Scenario): LayerSpec | undefined {
  const head = model.layers.find(l => l.name === model.output);
  return head?.kind === 'dense' ? head : undefined;
}

/** Readers of `name` read what `name` itself reads. */
function bypass(model: ModelSpec, name: string): ModelSpec {
  const gone = model.layers.find(l => l.name === name)!;
  return {
    ...model,
    layers: model.layers
      .filter(l => l.name !== name)
      .map(l => (l.inputs.includes(name) ? ({ ...l, inputs: l.inputs.map(i => (i === name ? gone.inputs[0] : i)) } as LayerSpec) : l)),
    output: model.output === name ? gone.inputs[0] : model.output,
  };
}

function pools({ model }: Scenario): PoolSpec[] {
  return model.layers.filter((l): l is PoolSpec => l.kind === 'maxpool' || l.kind === 'avgpool' || l.kind === 'last');
}

/** The last recurrent layer, where it gives its last step only. */
function lastStepLayer(scenario: Scenario) {
  const layers = recurrentLayers(scenario);
  const last = layers[layers.length - 1];
  return last && !last.returnSequences ? last : undefined;
}

/** y at every step: nothing is pooled, the last recurrent layer returns its whole sequence; undefined where y is a sequence already. */
export function atEveryStep(scenario: Scenario): Scenario | undefined {
  const last = lastStepLayer(scenario);
  const [pool] = pools(scenario);
  if (last) return changeLayer(scenario, last.name, { returnSequences: true });
  return pool ? { ...scenario, model: bypass(scenario.model, pool.name) } : undefined;
}

/** y of the last step alone, where the network gives one at every step. */
export function atLastStep(scenario: Scenario): Scenario | undefined {
  const layers = recurrentLayers(scenario);
  const last = layers[layers.length - 1];
  if (!last?.returnSequences || pools(scenario).length > 0) return undefined;
  return changeLayer(scenario, last.name, { returnSequences: false });
}

export const headEveryStep: Hypothesis = {
  name: 'head-every-step',
  title: 'y is given at every step instead of the last',
  why: 'The output has one row a step: return_sequences=True, or the dense layer was applied inside the loop over time. Asked for is the output after the last step alone.',
  fix: {
    numpy: 'y = h @ Wo + bo              # ← after the loop over t; or Yhats[:, -1]',
    keras: 'SimpleRNN(M, return_sequences=False)',
    torch: 'y = fc(out[:, -1])',
  },
  example: { layers: 'rnn:3,dense:1', N: 1, T: 3, D: 2 },
  variants: scenario =>
    atEveryStep(scenario) ? [{ code: 'head-every-step', layer: headOf(scenario)?.name ?? null, change: atEveryStep }] : [],
};

export const headLast: Hypothesis = {
  name: 'head-last',
  title: 'y is given for the last step only',
  why: 'The output is that of the last step alone; the network gives one at every step.',
  fix: {
    numpy: 'Yhats[n, t] = h @ Wo + bo    # ← inside the loop over t',
    keras: 'SimpleRNN(M, return_sequences=True)',
    torch: 'y = fc(out)                   # ← every step, not out[:, -1]',
  },
  example: { layers: 'rnn:3+seq,dense:1', N: 1, T: 3, D: 2 },
  variants: scenario => (atLastStep(scenario) ? [{ code: 'head-last', layer: headOf(scenario)?.name ?? null, change: atLastStep }] : []),
};

export const headOnInput: Hypothesis = {
  name: 'head-on-input',
  title: 'the dense layer is on the input',
  why: 'The Dense layer is on the input, not on the last h: it was called with the input tensor, and the recurrent layer is left out.',
  fix: {
    keras: 'x = SimpleRNN(M)(i)\nx = Dense(K)(x)            # ← on x, the output of the layer before, not on i',
    numpy: 'y = h @ Wo + bo              # ← h, not x[n,t]',
    torch: 'out, h_n = rnn(x); y = fc(out[:, -1])   # ← not fc(x)',
  },
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
    // only where D = M could the same weights have been used; else the layer had weights of its own, which fromOutput finds
    return [{ code: 'head-on-input', layer: head.name, change, unsearched: rows !== D }];
  },
  fromOutput(scenario, _right, other) {
    const head = headOf(scenario);
    const { x } = scenario.input;
    if (head?.kind !== 'dense' || x.shape.length !== 3 || other.shape.length !== 3) return [];
    const [N, T, D] = x.shape;
    if (other.shape[0] !== N || other.shape[1] !== T) return [];
    const K = other.shape[2];
    const fit = affineFit(Float64Array.from(x.data), other.data, N * T, D, K, head.useBias);
    if (!fit || N * T < fit.rank + 2) return [];
    return [
      {
        code: 'head-on-input',
        layer: head.name,
        y: { shape: other.shape, data: fit.fitted },
        why: `${headOnInput.why}\nEvery row of your output is one and the same linear function of the row of x at that step.`,
        chosen: fit.rank * K,
      },
    ];
  },
};

/** The first D rows of a matrix, repeated where it has fewer. */
function withRows(t: Tensor, D: number): Tensor {
  const [R, K] = t.shape;
  return { shape: [D, K], data: Float64Array.from({ length: D * K }, (_, k) => t.data[(Math.floor(k / K) % R) * K + (k % K)]) };
}

function poolHypothesis(
  kind: PoolSpec['kind'],
  name: string,
  title: string,
  why: string,
  fix: Hypothesis['fix'],
  example: Hypothesis['example'],
): Hypothesis {
  return {
    name,
    title,
    why,
    fix,
    example,
    variants(scenario): Variant[] {
      const [pool] = pools(scenario);
      const last = lastStepLayer(scenario);
      if (pool && pool.kind !== kind) {
        const other: Variant = {
          code: name,
          layer: pool.name,
          change: s => changeLayer(s, pool.name, { kind, useMask: kind !== 'maxpool' }),
        };
        const reader = scenario.model.layers.find(l => l.name === pool.inputs[0]);
        const direct: Variant[] =
          kind === 'last' && reader && isRecurrent(reader)
            ? [
                {
                  code: name,
                  layer: pool.name,
                  change: s => changeLayer({ ...s, model: bypass(s.model, pool.name) }, reader.name, { returnSequences: false }),
                },
              ]
            : [];
        return [other, ...direct];
      }
      if (pool || !last || kind === 'last') return [];
      return [{ code: name, layer: last.name, change: s => insertPool(s, last.name, kind) }];
    },
  };
}

function insertPool(scenario: Scenario, after: string, kind: PoolSpec['kind']): Scenario {
  const name = `${after}/pool`;
  const layers = scenario.model.layers.flatMap((l): LayerSpec[] => {
    if (l.name === after) {
      const pool: PoolSpec = { kind, name, inputs: [after], trainable: true, useMask: kind === 'avgpool' };
      return [{ ...l, returnSequences: true } as LayerSpec, pool];
    }
    return [l.inputs.includes(after) ? ({ ...l, inputs: l.inputs.map(i => (i === after ? name : i)) } as LayerSpec) : l];
  });
  return { ...scenario, model: { ...scenario.model, layers, output: scenario.model.output === after ? name : scenario.model.output } };
}

export const poolMax = poolHypothesis(
  'maxpool',
  'pool-max',
  'the maximum over time is taken',
  'The maximum over time of the hidden states is taken (GlobalMaxPooling1D) where the network does something else with them.',
  {
    numpy: 'y = h @ Wo + bo              # ← the last h, not hs.max(axis=1)',
    keras: 'x = SimpleRNN(M)(i)           # ← no GlobalMaxPooling1D after it',
  },
  { layers: 'rnn:3,dense:1', N: 2, T: 3, D: 2 },
);

export const poolMean = poolHypothesis(
  'avgpool',
  'pool-mean',
  'the mean over time is taken',
  'The mean over time of the hidden states is taken (GlobalAveragePooling1D) where the network does something else with them.',
  {
    numpy: 'y = h @ Wo + bo              # ← the last h, not hs.mean(axis=1)',
    keras: 'x = SimpleRNN(M)(i)           # ← no GlobalAveragePooling1D after it',
  },
  { layers: 'rnn:3,dense:1', N: 2, T: 3, D: 2 },
);

export const poolLast = poolHypothesis(
  'last',
  'pool-last',
  'the last step is taken instead of pooling',
  'The last hidden state is taken where the network pools over all steps.',
  {
    numpy: 'y = hs.max(axis=1) @ Wo + bo  # ← over all steps',
    keras: 'x = SimpleRNN(M, return_sequences=True)(i)\nx = GlobalMaxPooling1D()(x)',
  },
  { layers: 'rnn:3,maxpool,dense:1', N: 2, T: 3, D: 2 },
);

/** Rows of the layer below the head and of y: [R, M] and [R, K]. */
function headRows(scenario: Scenario, right: Outcome): { h: Tensor; R: number; M: number } | undefined {
  const head = headOf(scenario);
  const h = head && right.layers.get(head.name)?.inputs[0].tensor;
  if (!h) return undefined;
  const M = h.shape[h.shape.length - 1];
  return { h, R: h.data.length / M, M };
}

export const staleWeights: Hypothesis = {
  name: 'stale-weights',
  title: 'some layers have other weights',
  why: 'Some layers agree and one does not: its weights are from another moment or another model.',
  fix: {
    keras: 'Wx, Wh, bh = model.layers[1].get_weights()   # ← read again after every training step and every new model',
    torch: 'model.load_state_dict(torch.load(path))      # ← the weights this output was made with',
  },
  example: { layers: 'rnn:2,dense:1', N: 5, T: 2, D: 2 },
  variants(scenario) {
    const head = headOf(scenario);
    if (!head) return [];
    // to be simulated only: weights in reverse order stand for those of another model
    const change = (s: Scenario) =>
      changeWeights(s, head.name, (_, t) => ({
        shape: t.shape,
        data: Float64Array.from(t.data, (v, k) => t.data[t.data.length - 1 - k] + 0.25 * Math.sign(v)),
      }));
    return [{ code: 'stale-weights', layer: head.name, change, unsearched: true }];
  },
  fromOutput(scenario, right, other): Candidate[] {
    const head = headOf(scenario);
    const rows = headRows(scenario, right);
    if (head?.kind !== 'dense' || head.activation !== 'linear' || !rows || right.y.data.length !== other.data.length) return [];
    const K = head.units;
    const candidates: Candidate[] = [];
    const moved = shiftOf(right.y, other, rows.R, K);
    if (head.useBias && rows.R >= 3) {
      candidates.push({
        code: 'stale-weights',
        layer: head.name,
        y: moved,
        chosen: K,
        why: `Everything up to ${head.name}'s weights agrees; its bias is another one: each output is off by the same amount in every row.`,
      });
    }
    const fit = affineFit(Float64Array.from(rows.h.data), other.data, rows.R, rows.M, K, head.useBias);
    if (fit && rows.R >= fit.rank + 2) {
      candidates.push({
        code: 'stale-weights',
        layer: head.name,
        y: { shape: right.y.shape, data: fit.fitted },
        chosen: fit.rank * K,
        why: `Everything up to ${head.name} agrees: your output is a linear function of the right hidden states, but with other weights than ${head.name} has.`,
      });
    }
    return candidates;
  },
};

/** y plus the mean difference of each column. */
function shiftOf(y: Tensor, other: Tensor, R: number, K: number): Tensor {
  const out = zeros(y.shape, 'f64');
  for (let k = 0; k < K; k++) {
    let sum = 0;
    for (let r = 0; r < R; r++) sum += other.data[r * K + k] - y.data[r * K + k];
    for (let r = 0; r < R; r++) out.data[r * K + k] = y.data[r * K + k] + sum / R;
  }
  return out;
}

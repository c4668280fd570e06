import { isRecurrent, type PoolSpec } from '../../model/spec.js';
import { type About, changeLayer, finished, type Hypothesis, mapData, mistake, onNamed, type Scenario, type Way } from '../mistake.js';
import { bypass, insertAfter, lastStepLayer, pools } from './heads.js';

/** Mistakes in how the steps are reduced to one: the last of them, their maximum, their mean. */

const overSteps = (kind: string) => (kind.includes('max') ? 'maximum' : 'mean');

function pooling(kind: PoolSpec['kind'], name: string, title: string, about: Omit<About, 'variants'>): Hypothesis {
  return mistake(name, title, [], {
    ...about,
    variants(scenario): Way[] {
      return [...globally(scenario), ...inWindows(scenario, kind)];
    },
  });

  function globally(scenario: Scenario): Way[] {
    const [pool] = pools(scenario);
    const last = lastStepLayer(scenario);
    if (pool && pool.kind !== kind) {
      const { name: layer } = pool;
      const reader = scenario.model.layers.find(l => l.name === pool.inputs[0]);
      const direct = (s: Scenario) => changeLayer({ ...s, model: bypass(s.model, layer) }, reader!.name, { returnSequences: false });
      const why =
        kind === 'last' || pool.kind === 'last'
          ? undefined
          : `The ${overSteps(kind)} over time of the hidden states is used; in the network it is the ${overSteps(pool.kind)}.`;
      const other: Way = { layer, why, change: s => changeLayer(s, layer, { kind, useMask: kind !== 'maxpool' }) };
      return kind === 'last' && reader && isRecurrent(reader) ? [other, { layer, change: direct }] : [other];
    }
    return pool || !last || kind === 'last' ? [] : [{ layer: last.name, change: s => insertPool(s, last.name, kind) }];
  }
}

/** Exchanges MaxPooling1D and AveragePooling1D. */
function inWindows({ model }: Scenario, kind: PoolSpec['kind']): Way[] {
  return model.layers.flatMap(({ name, kind: own }): Way[] => {
    const [, from, space] = /^(max|avg)(pool[123]d)$/.exec(own) ?? [];
    if (!from || kind === 'last' || kind === `${from}pool`) return [];
    const to = kind === 'maxpool' ? 'max' : 'avg';
    const words = (which: string) => (which === 'max' ? 'maximum' : 'mean');
    const keras = (which: string) => `${which === 'max' ? 'Max' : 'Average'}Pooling${space[4].toUpperCase()}D()`;
    return [
      {
        layer: name,
        change: s => changeLayer(s, name, { kind: `${to}${space}` }),
        why: `${name} gives the ${words(to)} of each window; in the network it is the ${words(from)}.`,
        fix: { keras: `x = ${keras(from)}(x)   # ← not ${keras(to)}` },
      },
    ];
  });
}

export function insertPool(scenario: Scenario, after: string, kind: PoolSpec['kind']): Scenario {
  const pool = { kind, useMask: kind === 'avgpool', keepdims: false, dataFormat: 'channels_last' };
  return insertAfter(changeLayer(scenario, after, { returnSequences: true }), after, pool);
}

/** A pooling over all steps that the network does not have. */
const pooled = (kind: 'maxpool' | 'avgpool', name: string, what: string, layer: string, numpy: string, torch: string) =>
  pooling(kind, name, `the ${what} over time is used`, {
    why: `The ${what} over time of the hidden states is used (${layer}); the network has no such layer.`,
    numpy: `y = hs[:, -1] @ Wo + bo       # ← not ${numpy}`,
    torch: `y = fc(out[:, -1])            # ← not fc(${torch})`,
    keras: `x = SimpleRNN(M)(i)           # ← no ${layer} after it`,
  });

export const poolMax = pooled('maxpool', 'pool-max', 'maximum', 'GlobalMaxPooling1D', 'hs.max(axis=1)', 'out.max(dim=1).values');
export const poolMean = pooled('avgpool', 'pool-mean', 'mean', 'GlobalAveragePooling1D', 'hs.mean(axis=1)', 'out.mean(dim=1)');

export const poolLast = pooling('last', 'pool-last', 'the last step is used instead of pooling', {
  why: 'The last hidden state is used; the network pools over all steps.',
  numpy: 'y = hs[:, -1] @ Wo + bo  # ← over all steps, not the last alone',
  torch: 'y = fc(out[:, -1])  # ← over all steps, not the last alone',
  keras: 'x = SimpleRNN(M, return_sequences=True)(i)\nx = GlobalMaxPooling1D()(x)',
  example: { layers: 'rnn:3,maxpool,dense:1', N: 2, T: 3, D: 2 },
});

/** The sum over the steps is T times the mean; if the dense layer reads it, its weights are multiplied by T. */
export const poolSum = mistake('pool-sum', 'the sum over time is used', [], {
  why: 'The hidden states are added up over time, which the network does not do. Their sum is T times their mean.',
  numpy: 'y = hs.mean(axis=1) @ Wo + bo  # ← not hs.sum(axis=1)',
  torch: 'y = fc(out.mean(dim=1))        # ← not fc(out.sum(dim=1))',
  example: { layers: 'rnn:3+seq,avgpool,dense:1', N: 2, T: 3, D: 2 },
  variants(scenario) {
    const layer = pools(scenario)[0] ?? lastStepLayer(scenario);
    return layer ? [{ layer: layer.name, change: summed }] : [];
  },
});

function summed(scenario: Scenario): Scenario | undefined {
  const [mean] = poolMean.variants(scenario);
  const pooled = mean ? mean.change(scenario) : scenario;
  const pool = pooled?.model.layers.find(l => l.kind === 'avgpool');
  if (!pooled || !pool) return undefined;
  const T = scenario.input.x.shape[1];
  if (pooled.model.output === pool.name) return finished(pooled, y => mapData(y, v => T * v));
  const [reader, ...others] = pooled.model.layers.filter(l => l.inputs.includes(pool.name));
  return reader?.kind === 'dense' && others.length === 0 ? onNamed(pooled, reader.name, ['Wo'], t => mapData(t, v => T * v)) : undefined;
}

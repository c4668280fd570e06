import type { LayerSpec } from '../../model/spec.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { Fix, Scenario, Way } from '../mistake.js';
import { changeLayer, changeWeights, inLayers, mapData, mistake, placesOf, runScenario } from '../mistake.js';
import { bypass } from './heads.js';

/** Mistakes with BatchNormalization and LayerNormalization: their epsilon, their statistics, γ and β. */

type Norm = Extract<LayerSpec, { readonly kind: 'batchnorm' | 'layernorm' }>;

/** One way to get a layer wrong: what becomes of the scenario, and the words. */
interface Change {
  readonly parameter: string;
  readonly change: (s: Scenario, layer: Norm) => Scenario | undefined;
  readonly words: string;
  readonly fix?: Fix;
  readonly needs?: Way['needs'];
}

const EPSILONS = [1e-3, 1e-5, 1e-6, 1e-8, 0];

const epsilonFix = (epsilon: number): Fix => ({
  keras: `BatchNormalization(epsilon=${epsilon})   # ← Keras: 1e-3; PyTorch: 1e-5`,
  torch: `nn.BatchNorm1d(M, eps=${epsilon})      # ← PyTorch: 1e-5; Keras: 1e-3`,
  numpy: `y = (h - mean) / np.sqrt(var + ${epsilon}) * gamma + beta`,
});

/** Weights of this layer changed one by one; a layer without them is not changed. */
const weightsOf = (change: (name: string, t: Tensor) => Tensor) => (s: Scenario, layer: Norm) => changeWeights(s, layer.name, change);

/** γ = 1, β = 0 */
const forgetting = (names: readonly string[]) =>
  weightsOf((name, t) => (names.includes(name) ? mapData(t, () => (name === 'gamma' ? 1 : 0)) : t));

function waysOf(layer: Norm): Change[] {
  const { epsilon } = layer;
  const own = [...(layer.scale ? ['gamma'] : []), ...(layer.center ? ['beta'] : [])];
  const letters = { gamma: 'γ', beta: 'β' } as Record<string, string>;
  const without = own.length === 2 ? [own, ...own.map(n => [n])] : own.map(n => [n]);
  return [
    ...EPSILONS.filter(e => Math.abs(e - epsilon) > 1e-9).map(e => ({
      parameter: 'epsilon',
      change: (s: Scenario, l: Norm) => changeLayer(s, l.name, { epsilon: e }),
      words: `epsilon of @ is ${e} instead of ${epsilon} (Keras: 1e-3, PyTorch: 1e-5)`,
      fix: epsilonFix(epsilon),
    })),
    { parameter: 'skipped', change: (s, l) => ({ ...s, model: bypass(s.model, l.name) }), words: '@ is left out' },
    ...without.map(names => ({
      parameter: 'scale',
      change: forgetting(names),
      words: `${names.map(n => letters[n]).join(' and ')} of @ ${names.length > 1 ? 'are' : 'is'} left out`,
    })),
    ...(layer.kind === 'batchnorm' ? batchWays(layer) : layerWays(layer)),
  ];
}

function batchWays({ epsilon }: Norm): Change[] {
  const variance = (f: (v: number) => number) => weightsOf((name, t) => (name === 'variance' ? mapData(t, f) : t));
  return [
    {
      parameter: 'training',
      change: ofBatch,
      needs: 'all',
      words: '@ normalises by mean and variance of this batch (training mode) instead of the moving ones',
      fix: {
        keras: 'y = model(x, training=False)  # ← or model.predict(x)',
        torch: 'model.eval()                  # ← before y = model(x)',
        numpy: 'y = (h - moving_mean) / np.sqrt(moving_variance + epsilon) * gamma + beta',
      },
    },
    { parameter: 'root', change: variance(v => (v + epsilon) ** 2 - epsilon), words: '@ divides by the variance, not by its root' },
    {
      parameter: 'root',
      change: variance(v => (Math.sqrt(v) + epsilon) ** 2 - epsilon),
      words: 'epsilon of @ is added to the root of the variance, not inside it',
    },
    { parameter: 'root', change: variance(v => v * v - epsilon), words: '@ takes the moving variance for a deviation' },
    {
      parameter: 'statistics',
      change: weightsOf((name, t) => (name === 'mean' ? mapData(t, () => 0) : t)),
      words: 'the moving mean of @ is not subtracted',
    },
    {
      parameter: 'statistics',
      change: (s, l) => {
        const [mean, deviation] = ['mean', 'variance'].map(name => s.weights.get(l.name)?.get(name));
        return mean && deviation
          ? changeWeights(s, l.name, (name, t) => (name === 'mean' ? deviation : name === 'variance' ? mapData(mean, Math.abs) : t))
          : undefined;
      },
      words: 'moving mean and moving variance of @ are exchanged (the absolute value of the mean is taken for the variance)',
    },
    {
      parameter: 'statistics',
      change: weightsOf((name, t) => (name === 'mean' ? mapData(t, () => 0) : name === 'variance' ? mapData(t, () => 1) : t)),
      words: 'the moving statistics of @ are not loaded: mean 0, variance 1 as a new layer has them',
    },
  ];
}

/** Mean and variance of what the layer reads, over all samples (and steps). */
function ofBatch(s: Scenario, layer: Norm): Scenario | undefined {
  const x = runScenario(s)?.layers.get(layer.name)?.inputs[0].tensor;
  const K = x?.shape[x.shape.length - 1];
  if (!x || !K || (layer.axis !== -1 && layer.axis !== x.shape.length - 1)) return undefined;
  const rows = x.data.length / K;
  const [mean, variance] = [new Float64Array(K), new Float64Array(K)];
  for (let k = 0; k < x.data.length; k++) mean[k % K] += x.data[k] / rows;
  for (let k = 0; k < x.data.length; k++) variance[k % K] += (x.data[k] - mean[k % K]) ** 2 / rows;
  return changeWeights(s, layer.name, (name, t) =>
    name === 'mean' ? { shape: t.shape, data: mean } : name === 'variance' ? { shape: t.shape, data: variance } : t,
  );
}

/** n − 1 in the deviation: γ and ε that give the same */
function layerWays({ epsilon }: Norm): Change[] {
  return [
    {
      parameter: 'root',
      change: (s, l) => {
        const n = s.weights.get(l.name)?.get('gamma')?.data.length;
        if (!n || n < 2) return undefined;
        const part = (n - 1) / n;
        const scaled = changeWeights(s, l.name, (name, t) => (name === 'gamma' ? mapData(t, v => v * Math.sqrt(part)) : t));
        return changeLayer(scaled, l.name, { epsilon: epsilon * part });
      },
      words: '@ divides by n − 1 in the variance (torch.std, ddof=1) instead of n',
    },
  ];
}

export const normalization = mistake('normalization', 'a normalisation is computed differently', ['insideStep', 'alone'], {
  why: 'A BatchNormalization or LayerNormalization is computed differently: with another epsilon, the statistics of this batch, without γ and β, or not at all.',
  numpy: 'y = (h - mean) / np.sqrt(var + epsilon) * gamma + beta',
  keras: 'y = model(x, training=False)  # ← the moving statistics',
  torch: 'model.eval()                  # ← running_mean, running_var',
  example: { layers: 'rnn:3,batchnorm,dense:1', N: 3, T: 2, D: 2 },
  variants(scenario) {
    const norms = scenario.model.layers.filter((l): l is Norm => l.kind === 'batchnorm' || l.kind === 'layernorm');
    return placesOf(norms).flatMap(({ names, layer }) => {
      const first = norms.find(l => names.includes(l.name))!;
      if (norms.some(l => names.includes(l.name) && l.kind !== first.kind)) return [];
      return waysOf(first).map(
        ({ parameter, change, words, fix, needs }): Way => ({
          parameter,
          layer,
          change: inLayers(names, (s, l) => change(s, l as Norm)),
          why: `${upper(words.replace('@', layer ?? 'every normalisation'))}.`,
          ...(fix ? { fix } : {}),
          ...(needs ? { needs, insideStep: false } : {}),
        }),
      );
    });
  },
});

function upper(text: string): string {
  return text[0].toUpperCase() + text.slice(1);
}

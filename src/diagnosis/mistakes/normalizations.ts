import type { LayerSpec } from '../../model/spec.js';
import type { Fix, Scenario, Way } from '../mistake.js';
import { changeLayer, changeWeights, inLayers, mapData, mistake, placesOf, runScenario } from '../mistake.js';
import { bypass } from './heads.js';

/** Mistakes with BatchNormalization and LayerNormalization: their epsilon, their statistics, γ and β. */

type Norm = Extract<LayerSpec, { readonly kind: 'batchnorm' | 'layernorm' }>;

/** One way to get a layer wrong: what becomes of the scenario, the words, in which @ is the layer, and what else is to be said. */
type Wrong = readonly [parameter: string, words: string, change: (s: Scenario, layer: Norm) => Scenario | undefined, more?: Partial<Way>];

const EPSILONS = [1e-3, 1e-5, 1e-6, 1e-8, 0];

const CALLS = { batchnorm: ['BatchNormalization', 'BatchNorm1d'], layernorm: ['LayerNormalization', 'LayerNorm'] } as const;

const epsilonFix = ({ kind, epsilon }: Norm): Fix => ({
  keras: `${CALLS[kind][0]}(epsilon=${epsilon})   # ← Keras: 1e-3; PyTorch: 1e-5`,
  torch: `nn.${CALLS[kind][1]}(M, eps=${epsilon})   # ← PyTorch: 1e-5; Keras: 1e-3`,
  numpy: `y = (h - mean) / np.sqrt(var + ${epsilon}) * gamma + beta`,
});

/** These weights of the layer through a function. */
const setting = (f: Readonly<Record<string, (v: number) => number>>) => (s: Scenario, layer: Norm) =>
  changeWeights(s, layer.name, (name, t) => (f[name] ? mapData(t, f[name]) : t));

const [one, zero] = [() => 1, () => 0];

function waysOf(layer: Norm): Wrong[] {
  const { epsilon, scale, center } = layer;
  return [
    ...EPSILONS.filter(e => Math.abs(e - epsilon) > 1e-9).map(
      (e): Wrong => [
        'epsilon',
        `epsilon of @ is ${e} instead of ${epsilon} (Keras: 1e-3, PyTorch: 1e-5)`,
        (s, l) => changeLayer(s, l.name, { epsilon: e }),
        { fix: epsilonFix(layer) },
      ],
    ),
    ['skipped', '@ is left out', (s, l) => ({ ...s, model: bypass(s.model, l.name) })],
    ...(scale && center ? [['scale', 'γ and β of @ are left out', setting({ gamma: one, beta: zero })] as const] : []),
    ...(scale ? [['scale', 'γ of @ is left out', setting({ gamma: one })] as const] : []),
    ...(center ? [['scale', 'β of @ is left out', setting({ beta: zero })] as const] : []),
    ...(scale && center ? [['scale', 'γ and β of @ are exchanged', pairExchanged] as const] : []),
    ...(layer.kind === 'batchnorm' ? batchWays(epsilon) : LAYER_WAYS),
  ];
}

const TRAINING_FIX: Fix = {
  keras: 'y = model(x, training=False)  # ← or model.predict(x)',
  torch: 'model.eval()                  # ← before y = model(x)',
  numpy: 'y = (h - moving_mean) / np.sqrt(moving_variance + epsilon) * gamma + beta',
};

const batchWays = (epsilon: number): Wrong[] => [
  [
    'training',
    '@ normalises by mean and variance of this batch (training mode) instead of the moving ones',
    ofBatch,
    { needs: 'all', insideStep: false, fix: TRAINING_FIX },
  ],
  ['root', '@ divides by the variance, not by its root', setting({ variance: v => (v + epsilon) ** 2 - epsilon })],
  [
    'root',
    'epsilon of @ is added to the root of the variance, not inside it',
    setting({ variance: v => (Math.sqrt(v) + epsilon) ** 2 - epsilon }),
  ],
  ['root', '@ takes the moving variance for a deviation', setting({ variance: v => v * v - epsilon })],
  ['statistics', 'the moving mean of @ is not subtracted', setting({ mean: zero })],
  [
    'statistics',
    'moving mean and moving variance of @ are exchanged (the absolute value of the mean is taken for the variance)',
    exchanged,
  ],
  [
    'statistics',
    'the moving statistics of @ are not loaded: mean 0, variance 1 as a new layer has them',
    setting({ mean: zero, variance: one }),
  ],
];

function exchanged(s: Scenario, { name }: Norm): Scenario | undefined {
  const [mean, variance] = ['mean', 'variance'].map(own => s.weights.get(name)?.get(own));
  if (!mean || !variance) return undefined;
  return changeWeights(s, name, (own, t) => (own === 'mean' ? variance : own === 'variance' ? mapData(mean, Math.abs) : t));
}

const pairExchanged = (s: Scenario, { name }: Norm): Scenario | undefined => {
  const [gamma, beta] = ['gamma', 'beta'].map(own => s.weights.get(name)?.get(own));
  return gamma && beta && changeWeights(s, name, (own, t) => (own === 'gamma' ? beta : own === 'beta' ? gamma : t));
};

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
function unbiased(s: Scenario, layer: Norm): Scenario | undefined {
  const n = s.weights.get(layer.name)?.get('gamma')?.data.length;
  if (!n || n < 2) return undefined;
  const part = (n - 1) / n;
  return changeLayer(setting({ gamma: v => v * Math.sqrt(part) })(s, layer), layer.name, { epsilon: layer.epsilon * part });
}

const LAYER_WAYS: readonly Wrong[] = [['root', '@ divides by n − 1 in the variance (torch.std, ddof=1) instead of n', unbiased]];

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
        ([parameter, words, change, more]): Way => ({
          ...{ parameter, layer, ...more },
          change: inLayers(names, (s, l) => change(s, l as Norm)),
          why: `${upper(words.replace('@', layer ?? 'every normalisation'))}.`,
        }),
      );
    });
  },
});

/** γ stays small: Γ is another symbol. */
function upper(text: string): string {
  return text.replace(/^[a-z]/, first => first.toUpperCase());
}

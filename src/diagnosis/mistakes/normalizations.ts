import type { LayerSpec } from '../../model/spec.js';
import type { Tensor } from '../../tensor/tensor.js';
import { Mismatch } from '../affine.js';
import type { Fix, LoopFault, Scenario, Way } from '../mistake.js';
import { changeLayer, changeLoop, changeWeights, inLayers, mapData, mistake, placesOf, runScenario } from '../mistake.js';
import { bypass } from './heads.js';

/** Mistakes with BatchNormalization and LayerNormalization: their epsilon, their statistics, γ and β. */

type BatchNorm = Extract<LayerSpec, { readonly kind: 'batchnorm' }>;
type LayerNorm = Extract<LayerSpec, { readonly epsilon: number; readonly rmsScaling: boolean }>;
type Norm = BatchNorm | LayerNorm;

/** One mistake in a layer: parameter, description (in which @ is the layer), changed scenario, and further fields. */
type Wrong = readonly [parameter: string, words: string, change: (s: Scenario, layer: Norm) => Scenario | undefined, more?: Partial<Way>];

const EPSILONS = [1e-3, 1e-5, 1e-6, 1e-8, 0];
/** Only tried if no usual mistake explains the difference. */
const RARE_EPSILONS = [1e-1, 1e-2, 1e-4, 1e-7, 1e-12];

const CALLS: Readonly<Record<string, readonly [string, string]>> = {
  batchnorm: ['BatchNormalization', 'BatchNorm1d'],
  layernorm: ['LayerNormalization', 'LayerNorm'],
};

/** The code of the whole layer, including what its mean and variance are taken over. */
const stepsFix = ({ kind, epsilon, scale, center }: Norm): Fix => ({
  numpy: `${kind === 'batchnorm' ? 'mean, var = moving_mean, moving_variance' : 'mean, var = h.mean(-1, keepdims=True), h.var(-1, keepdims=True)'}\nh = (h - mean) / np.sqrt(var + ${epsilon})${scale ? ' * gamma' : ''}${center ? ' + beta' : ''}`,
});

const epsilonFix = (norm: Norm): Fix => ({
  keras: `${CALLS[norm.kind][0]}(epsilon=${norm.epsilon})   # ← Keras: 1e-3; PyTorch: 1e-5`,
  torch: `nn.${CALLS[norm.kind][1]}(M, eps=${norm.epsilon})   # ← PyTorch: 1e-5; Keras: 1e-3`,
  ...stepsFix(norm),
});

/** Applies a function to each of the named weights of the layer. */
const setting = (f: Readonly<Record<string, (v: number) => number>>) => (s: Scenario, layer: Norm) =>
  changeWeights(s, layer.name, (name, t) => (f[name] ? mapData(t, f[name]) : t));

const [one, zero] = [() => 1, () => 0];

function waysOf(layer: Norm): Wrong[] {
  const { epsilon, scale, center } = layer;
  return [
    ...[...EPSILONS, ...RARE_EPSILONS]
      .filter(e => Math.abs(e - epsilon) > 1e-9 && Math.abs(e - epsilon) > epsilon / 10)
      .map(
        (e): Wrong => [
          'epsilon',
          `epsilon of @ is ${e} instead of ${epsilon} (Keras: 1e-3, PyTorch: 1e-5)`,
          (s, l) => changeLayer(s, l.name, { epsilon: e }),
          { fix: epsilonFix(layer), rare: RARE_EPSILONS.includes(e) },
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
  numpy: 'y = model(x, training=False)  # ← PyTorch: model.eval(); NumPy: moving_mean and moving_variance, not those of h',
};

/** Weight of a batch in the moving statistics after one step: PyTorch's momentum is 0.1, Keras' 0.99. */
const SHARES = [0.1, 0.01];

const batchWays = (epsilon: number): Wrong[] => [
  [
    'training',
    '@ normalises by mean and variance of this batch (training mode) instead of the moving ones',
    (s, l) => ofBatch(s, l),
    { needs: 'all', insideStep: false, fix: TRAINING_FIX },
  ],
  [
    'training',
    '@ normalises by mean and variance of this batch, the variance divided by n − 1 (torch.var), instead of the moving ones',
    (s, l) => ofBatch(s, l, 1, true),
    { needs: 'all', insideStep: false, rare: true, fix: TRAINING_FIX },
  ],
  ...SHARES.flatMap(share =>
    [false, true].map(
      (unbiased): Wrong => [
        'statistics',
        `the moving statistics of @ have ${share} of this batch in them${unbiased ? ' (its variance divided by n − 1)' : ''}: the model was called once in training mode before`,
        (s, l) => ofBatch(s, l, share, unbiased),
        { needs: 'all', insideStep: false, rare: true, fix: TRAINING_FIX },
      ],
    ),
  ),
  [
    'axis',
    '@ normalises each sample by its own mean and variance over the steps (InstanceNorm), not by the moving ones',
    (s, l) => changeLoop(s, l.name, { merged: ofEachSample(s, l) }),
    { insideStep: false, rare: true },
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

/**
 * Uses mean and variance of the layer's input over all samples (and steps), with weight `share`; the rest remains the moving statistics.
 */
function ofBatch(s: Scenario, layer: Norm, share = 1, unbiased = false): Scenario | undefined {
  const x = runScenario(s)?.layers.get(layer.name)?.inputs[0].tensor;
  const K = x?.shape[x.shape.length - 1];
  if (!x || !K || (layer.axis !== -1 && layer.axis !== x.shape.length - 1)) return undefined;
  const rows = x.data.length / K;
  const [mean, variance] = [new Float64Array(K), new Float64Array(K)];
  for (let k = 0; k < x.data.length; k++) mean[k % K] += x.data[k] / rows;
  for (let k = 0; k < x.data.length; k++) variance[k % K] += (x.data[k] - mean[k % K]) ** 2 / rows;
  const times = unbiased && rows > 1 ? rows / (rows - 1) : 1;
  const mixed = (t: Tensor, of: Float64Array, by: number) => mapData(t, (v, k) => (share === 1 ? 0 : (1 - share) * v) + share * by * of[k]);
  return changeWeights(s, layer.name, (name, t) =>
    name === 'mean' ? mixed(t, mean, 1) : name === 'variance' ? mixed(t, variance, times) : t,
  );
}

/** y = γ·(x − mean) / deviation + β for each sample: over the steps of each feature, or (`whole`) over all its numbers. */
function ofEachSample({ weights }: Scenario, { name, epsilon }: Norm, whole = false): LoopFault['merged'] {
  const [gamma, beta] = ['gamma', 'beta'].map(own => weights.get(name)?.get(own)?.data);
  return (_, { shape, data }) => {
    if (shape.length !== 3) throw new Mismatch();
    const [N, T, K] = shape;
    const group = (k: number) => Math.floor(k / (T * K)) * K + (whole ? 0 : k % K);
    const count = whole ? T * K : T;
    const [mean, variance] = [new Float64Array(N * K), new Float64Array(N * K)];
    for (let k = 0; k < data.length; k++) mean[group(k)] += data[k] / count;
    for (let k = 0; k < data.length; k++) variance[group(k)] += (data[k] - mean[group(k)]) ** 2 / count;
    const scaled = (v: number, k: number) => (v - mean[group(k)]) / Math.sqrt(variance[group(k)] + epsilon);
    return mapData({ shape, data }, (v, k) => scaled(v, k) * (gamma?.[k % K] ?? 1) + (beta?.[k % K] ?? 0));
  };
}

/** ε outside the root instead of inside: (x − mean) / (√variance + ε). */
function besideRoot({ weights }: Scenario, { name, epsilon }: Norm, unbiased: boolean): LoopFault['merged'] {
  const [gamma, beta] = ['gamma', 'beta'].map(own => weights.get(name)?.get(own)?.data);
  return (_, t) => {
    const K = t.shape[t.shape.length - 1];
    const data = Float64Array.from(t.data);
    for (let r = 0; r < data.length; r += K) {
      const row = data.subarray(r, r + K);
      const mean = row.reduce((a, b) => a + b, 0) / K;
      const deviation = Math.sqrt(row.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (unbiased ? K - 1 : K));
      row.set(row.map((v, k) => ((v - mean) / (deviation + epsilon)) * (gamma?.[k] ?? 1) + (beta?.[k] ?? 0)));
    }
    return { shape: t.shape, data };
  };
}

/** Uses n − 1 in the deviation, by an equivalent change of γ and ε. */
function unbiased(s: Scenario, layer: Norm): Scenario | undefined {
  const n = s.weights.get(layer.name)?.get('gamma')?.data.length;
  if (!n || n < 2) return undefined;
  const part = (n - 1) / n;
  return changeLayer(setting({ gamma: v => v * Math.sqrt(part) })(s, layer), layer.name, { epsilon: layer.epsilon * part });
}

const LAYER_WAYS: readonly Wrong[] = [
  ['root', '@ divides by n − 1 in the variance (torch.std, ddof=1) instead of n', unbiased],
  ...[false, true].map(
    (ddof): Wrong => [
      'root',
      `epsilon of @ is added to the deviation${ddof ? ' (of n − 1)' : ''}, not to the variance inside the root`,
      (s, l) => ofLastAxis(l, () => changeLoop(s, l.name, { merged: besideRoot(s, l, ddof) })),
      { rare: true },
    ],
  ),
  [
    'axis',
    '@ normalises over the steps and features of a sample together instead of the features of each step',
    (s, l) => ofLastAxis(l, () => changeLoop(s, l.name, { merged: ofEachSample(s, l, true) })),
    { insideStep: false, rare: true },
  ],
];

/** Applies the change if the layer normalises over the last axis, as specified. */
const ofLastAxis = (l: Norm, change: () => Scenario) =>
  l.kind === 'layernorm' && l.axis.join() === '-1' && !l.rmsScaling ? change() : undefined;

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
          ...{ parameter, layer, fix: stepsFix(first), ...more },
          change: inLayers(names, (s, l) => change(s, l as Norm)),
          why: `${upper(words.replace('@', layer ?? 'every normalisation'), layer)}.`,
        }),
      );
    });
  },
});

/** Capitalises the text, but not γ, since Γ is another symbol. */
function upper(text: string, name: string | null): string {
  // a layer's name is not changed
  return name !== null && text.startsWith(name) ? text : text.replace(/^[a-z]/, first => first.toUpperCase());
}

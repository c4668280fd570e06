import type { ActivationSpec } from '../../activations/activation.js';
import { activations, canonicalActivation, formatActivation, getActivation } from '../../activations/index.js';
import { activated } from '../../layers/activation.js';
import { isRecurrent, type LayerSpec } from '../../model/spec.js';
import { changeLayer, type Fix, finished, inEach, inLayers, mistake, placesOf, type Scenario, type Way } from '../mistake.js';

/** Mistakes with activation functions: another one, none, a softmax omitted or applied twice, a hard sigmoid. */

const HARD = ['hard_sigmoid', 'hard_sigmoid_keras2'];
/** Usual mistakes; the others are only tried if none of these explains the difference (relu6 is relu up to 6, celu is elu …). */
const USUAL = [
  'linear',
  'tanh',
  'sigmoid',
  'relu',
  'leaky_relu',
  'elu',
  'selu',
  'gelu',
  'silu',
  'softplus',
  'softsign',
  'exponential',
  ...HARD,
];
const ELEMENTWISE = activations
  .filter(a => a.kind === 'elementwise')
  .map(a => a.name)
  .sort((a, b) => rank(a) - rank(b));

/** One name with three defaults: 0.2 in Keras 3 (ours), 0.01 in PyTorch and ONNX, 0.3 in Keras' LeakyReLU layer. */
const OTHER_SLOPES: readonly ActivationSpec[] = [0.01, 0.3].map(slope => ({ name: 'leaky_relu', negative_slope: slope }));

const SATURATING = ['sigmoid', 'tanh', 'softplus', 'exponential'];

function rank(name: string): number {
  return USUAL.includes(name) ? USUAL.indexOf(name) : USUAL.length;
}

/** A field that holds an activation, in some layers, with its description. */
interface Slot {
  readonly layers: readonly LayerSpec[];
  readonly field: 'activation' | 'recurrentActivation' | 'outputActivation';
  readonly words: string;
}

function slotsOf({ model }: Scenario): Slot[] {
  const recurrent = model.layers.filter(isRecurrent);
  return [
    { layers: recurrent, field: 'activation', words: 'activation' },
    {
      layers: recurrent.filter(l => l.recurrentActivation !== null),
      field: 'recurrentActivation',
      words: 'gate activation (recurrent_activation)',
    },
    { layers: recurrent.filter(l => l.kind === 'lstm'), field: 'outputActivation', words: 'activation applied to c in h = o⊙tanh(c)' },
    { layers: model.layers.filter(l => l.kind === 'dense'), field: 'activation', words: 'activation' },
    { layers: model.layers.filter(l => l.kind === 'activation'), field: 'activation', words: 'activation' },
    { layers: model.layers.filter(isConvolution), field: 'activation', words: 'activation' },
  ];
}

const isConvolution = ({ kind }: LayerSpec) => /^(conv\dd|convtranspose|separable|depthwise)/.test(kind);

/** The current activation; the output activation of an LSTM is `activation` unless the spec has another. */
function activationOf(layer: LayerSpec, field: Slot['field']): ActivationSpec | null {
  const fields = layer as unknown as Record<string, ActivationSpec | null>;
  return fields[field] ?? fields.activation;
}

function present(layer: LayerSpec, field: Slot['field']): string {
  return formatActivation(activationOf(layer, field));
}

function replace(names: readonly string[], field: Slot['field'], name: ActivationSpec): Way['change'] {
  return inLayers(names, (s, layer) => changeLayer(s, layer.name, { [field]: name }));
}

/** Replaces only the candidate's activation, and keeps that of c. */
function replaceCandidate(names: readonly string[], name: ActivationSpec): Way['change'] {
  return inLayers(names, (s, layer) => {
    const fields = layer as unknown as Record<string, ActivationSpec | null>;
    return changeLayer(s, layer.name, { activation: name, outputActivation: fields.outputActivation ?? fields.activation });
  });
}

function slotVariants(slot: Slot, specs: readonly ActivationSpec[], named = true): Way[] {
  return placesOf(slot.layers).flatMap(place => {
    const layers = slot.layers.filter(l => place.names.includes(l.name));
    return specs.flatMap((spec): Way[] => {
      const name = formatActivation(spec);
      const changed = layers.filter(l => present(l, slot.field) !== name);
      // if it would change only one of several layers, that layer's own variant covers it
      if (changed.length === 0 || (changed.length === 1 && layers.length > 1)) return [];
      const [first] = changed;
      const where = place.where ?? `${isRecurrent(first) ? 'the recurrent' : `the ${first.kind}`} layers`;
      const words = (which: string) =>
        `Your output is what the network gives with ${name} instead of ${present(first, slot.field)} as the ${which} in ${where}.`;
      const fix = fixOf(first, slot.field);
      const rare = !USUAL.includes(name) && name !== 'softmax';
      const whole = {
        ...(named && { parameter: typeof spec === 'string' ? spec : spec.name }),
        layer: place.layer,
        change: replace(place.names, slot.field, spec),
        why: words(slot.words),
        fix,
        rare,
        // between −1 and 1, as between 0 and 1 where y is not below 0
        ...(name === 'hard_tanh' && { rivalOf: ['output-function'] }),
      };
      if (slot.field !== 'activation' || !layers.some(l => l.kind === 'lstm')) return [whole];
      return [whole, { ...whole, change: replaceCandidate(place.names, spec), why: words('activation of the candidate g alone') }];
    });
  });
}

/** NumPy code of an activation of an array a, with the network's parameters; for others, only Keras names are known. */
const NUMPY: Readonly<Record<string, (p: Readonly<Record<string, unknown>>) => string>> = {
  linear: () => 'a',
  tanh: () => 'np.tanh(a)',
  sigmoid: () => '1 / (1 + np.exp(-a))',
  relu: () => 'np.maximum(0, a)',
  leaky_relu: p => `np.where(a > 0, a, ${p.negative_slope} * a)`,
  elu: p => `np.where(a > 0, a, ${p.alpha} * np.expm1(a))`,
  silu: () => 'a / (1 + np.exp(-a))',
  softplus: () => 'np.log1p(np.exp(a))',
  softsign: () => 'a / (1 + np.abs(a))',
  exponential: () => 'np.exp(a)',
  hard_sigmoid: () => 'np.clip(a / 6 + 0.5, 0, 1)',
  hard_sigmoid_keras2: () => 'np.clip(0.2 * a + 0.5, 0, 1)',
  softmax: () => 'np.exp(a) / np.exp(a).sum(-1, keepdims=True)',
};

/** PyTorch code of an activation of a tensor a, with the network's parameters; others have their name in torch.nn.functional. */
const TORCH: Readonly<Record<string, (a: string, p: Readonly<Record<string, unknown>>) => string>> = {
  linear: a => a,
  tanh: a => `torch.tanh(${a})`,
  sigmoid: a => `torch.sigmoid(${a})`,
  relu: a => `torch.relu(${a})`,
  exponential: a => `torch.exp(${a})`,
  softmax: a => `torch.softmax(${a}, -1)`,
  leaky_relu: (a, p) => `F.leaky_relu(${a}, ${p.negative_slope})`,
  elu: (a, p) => `F.elu(${a}, ${p.alpha})`,
  hard_sigmoid_keras2: a => `torch.clamp(0.2 * ${a} + 0.5, 0, 1)`,
};

/** The PyTorch fix: an argument of nn.RNN, a call after a module, or a line of a hand-written step (nn.LSTM takes no activation). */
function torchFix(layer: LayerSpec, field: Slot['field']): string | undefined {
  const { activation: found, parameters } = getActivation(activationOf(layer, field));
  const { name, torch } = found;
  const call = TORCH[name] ?? (torch && ((a: string) => `F.${torch}(${a})`));
  if (!call) return undefined;
  const fits = layer.kind === 'rnn' && (name === 'tanh' || name === 'relu');
  if (fits) return `nn.RNN(D, M, nonlinearity='${name}')`;
  if (field === 'recurrentActivation') return `${name} = lambda a: ${call('a', parameters)}`;
  if (field === 'outputActivation') return `h = o * ${call('c', parameters)}`;
  if (layer.kind === 'dense' || layer.kind === 'activation') return `y = ${call('fc(h)', parameters)}`;
  if (isConvolution(layer)) return `y = ${call('conv(x)', parameters)}`;
  return layer.kind === 'rnn' ? `h = ${call('x[:, t] @ Wx + h @ Wh + bh', parameters)}` : `g = ${call('a_g', parameters)}`;
}

/** The fix with the correct function in its place: in the gates, for c, in the step, or after the dense layer. */
function fixOf(layer: LayerSpec, field: Slot['field']): Fix {
  const { activation: found, parameters } = getActivation(activationOf(layer, field));
  const { name } = found;
  const numpy = NUMPY[name]?.(parameters);
  const dense = layer.kind === 'dense' || layer.kind === 'activation';
  const argument = field === 'recurrentActivation' ? 'recurrent_activation' : 'activation';
  const conv = isConvolution(layer);
  const call = dense ? 'Dense(K, ' : conv ? 'Conv1D(F, width, ' : 'LSTM(M, ';
  const [start, sum] =
    field === 'outputActivation'
      ? ['h = o * ', 'c']
      : dense
        ? ['y = ', 'h @ Wo + bo']
        : conv
          ? ['y = ', 'conv(x)']
          : layer.kind === 'rnn'
            ? ['h = ', 'x[n,t] @ Wx + h @ Wh + bh']
            : ['g = ', 'a_g'];
  const code =
    field === 'recurrentActivation'
      ? `${name} = lambda a: ${numpy}`
      : name === 'linear'
        ? `${start}${sum}`
        : name === 'tanh'
          ? `${start}np.tanh(${sum})`
          : `${name} = lambda a: ${numpy}\n${start}${name}(${sum})`;
  const torch = torchFix(layer, field);
  return { keras: `${call}${argument}='${found.keras ?? name}')`, ...(numpy && { numpy: code }), ...(torch && { torch }) };
}

export const hardSigmoid = mistake('hard-sigmoid', 'a hard sigmoid is used instead of the sigmoid', ['insideStep'], {
  why: 'The gates use a hard sigmoid instead of the sigmoid (or one hard sigmoid instead of the other). Two functions have that name:\nclip(x/6 + 0.5, 0, 1) in Keras 3 and PyTorch, clip(0.2·x + 0.5, 0, 1) in Keras 2, tfjs and ONNX.',
  numpy: 'sigmoid = lambda x: 1 / (1 + np.exp(-x))',
  keras: "LSTM(M, recurrent_activation='sigmoid')",
  example: { layers: 'lstm:2,dense:1', N: 2, T: 2, D: 2 },
  variants: scenario =>
    slotsOf(scenario).flatMap(slot => {
      const layers = slot.layers.filter(l => ['sigmoid', ...HARD].includes(present(l, slot.field)));
      return slotVariants({ ...slot, layers }, HARD, false).map(v => ({
        ...v,
        why: `${v.why}\nhard_sigmoid is clip(x/6 + 0.5, 0, 1) (Keras 3, PyTorch); hard_sigmoid_keras2 is clip(0.2·x + 0.5, 0, 1) (Keras 2, tfjs, ONNX).`,
      }));
    }),
});

export const activation = mistake('activation', 'another activation function is used', ['insideStep'], {
  why: 'An activation function is not the one of the network. SimpleRNN, LSTM and GRU default to tanh (and sigmoid in the gates), Dense to none.',
  keras: "SimpleRNN(M, activation='tanh'); Dense(K)   # Dense has no activation by default",
  numpy: 'h = np.tanh(x[n,t] @ Wx + h @ Wh + bh); y = h @ Wo + bo',
  torch: "nn.RNN(D, M, nonlinearity='tanh'); nn.Linear(M, K)   # no activation after it",
  variants(scenario) {
    return slotsOf(scenario).flatMap(slot => {
      // a hard sigmoid in place of a sigmoid has a code of its own
      const sigmoidal = slot.layers.filter(l => ['sigmoid', ...HARD].includes(present(l, slot.field)));
      const names = sigmoidal.length > 0 ? ELEMENTWISE.filter(n => !HARD.includes(n)) : ELEMENTWISE;
      const softmax = slot.layers.filter(l => slot.field !== 'outputActivation' && present(l, slot.field) !== 'softmax');
      const hadSoftmax = slot.layers.filter(l => present(l, slot.field) === 'softmax');
      const others = { ...slot, layers: slot.layers.filter(l => !hadSoftmax.includes(l)) };
      return [
        ...slotVariants(others, names),
        ...slotVariants({ ...slot, layers: hadSoftmax.filter(isRecurrent) }, names),
        // relu of positive scores leaves the scores unchanged, which is softmax-missing
        ...slotVariants(
          { ...slot, layers: hadSoftmax.filter(l => !isRecurrent(l)) },
          names.filter(n => n !== 'linear'),
        ).map(v => ({ ...v, rare: v.rare || !SATURATING.includes(String(v.parameter)) })),
        ...slotVariants({ ...slot, layers: softmax }, ['softmax']),
        ...slotVariants(others, OTHER_SLOPES),
      ];
    });
  },
});

function softmaxLayers({ model }: Scenario): LayerSpec[] {
  return model.layers.filter(l => (l.kind === 'dense' || l.kind === 'activation') && canonicalActivation(l.activation) === 'softmax');
}

export const softmaxMissing = mistake('softmax-missing', 'the softmax is left out', [], {
  why: 'The outputs are the scores before the softmax (logits): the rows do not add up to 1.',
  numpy: 'z = h @ Wo + bo; e = np.exp(z - z.max(-1, keepdims=True)); y = e / e.sum(-1, keepdims=True)',
  keras: "Dense(K, activation='softmax')",
  torch: 'y = torch.softmax(fc(h), dim=-1)',
  example: { layers: 'rnn:3,dense:2@softmax', N: 2, T: 2, D: 2 },
  variants: scenario => inEach(softmaxLayers(scenario), (s, l) => changeLayer(s, l.name, { activation: 'linear' })),
});

export const softmaxTwice = mistake('softmax-twice', 'the softmax is applied twice', [], {
  why: 'The softmax is applied to what is a softmax already: the rows add up to 1, but no number of a row is more than 2.72 times another. Losses such as CrossEntropyLoss contain one, too.',
  numpy: 'y = softmax(h @ Wo + bo)      # ← once',
  torch: 'y = torch.softmax(fc(h), dim=-1)   # ← once, and none before CrossEntropyLoss',
  keras: "Dense(K, activation='softmax')      # ← and no Softmax layer after it",
  example: { layers: 'rnn:3,dense:2@softmax', N: 2, T: 2, D: 2 },
  variants: scenario =>
    softmaxLayers(scenario)
      .filter(l => l.name === scenario.model.output)
      .map(l => ({ layer: l.name, change: s => finished(s, y => activated('softmax', y)) })),
});

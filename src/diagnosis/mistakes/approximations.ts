import type { CellFunction } from '../../activations/activation.js';
import { formatActivation } from '../../activations/index.js';
import { hasRowFunction } from '../../layers/recurrent.js';
import { isRecurrent, type LayerSpec } from '../../model/spec.js';
import { arctan } from '../../numerics/arctan.js';
import { erf } from '../../numerics/erf.js';
import { exp } from '../../numerics/exp.js';
import { expm1 } from '../../numerics/expm1.js';
import { log1p } from '../../numerics/log1p.js';
import { sigmoid } from '../../numerics/sigmoid.js';
import { tanh } from '../../numerics/tanh.js';
import type { Tensor } from '../../tensor/tensor.js';
import { changeLayer, changeLoop, inEach, mapData, mistake, type Scenario, type Way } from '../mistake.js';

/** A function used in place of an activation because it is cheaper, or has the same name; none of them can be specified in a network. */

type One = (x: number) => number;
type Formula = readonly [words: string, f: One];

const clip = (x: number, most: number) => Math.min(most, Math.max(-most, x));
const steep =
  (b: number): One =>
  x =>
    (Math.max(0, b * x) + log1p(exp(-Math.abs(b * x)))) / b;
const leaky =
  (slope: number): One =>
  x =>
    x > 0 ? x : slope * x;
const pade = (x: number) => (x * (27 + x * x)) / (27 + 9 * x * x);
const inverseRoot = (x: number) => x / Math.sqrt(1 + x * x);

/** Four line segments; 1 from x = 5 on (the PLAN approximation for fixed-point hardware). */
const fourLines: One = x => {
  const a = Math.abs(x);
  const y = a >= 5 ? 1 : a >= 2.375 ? a / 32 + 0.84375 : a >= 1 ? a / 8 + 0.625 : a / 4 + 0.5;
  return x < 0 ? 1 - y : y;
};

const TANH: readonly Formula[] = [
  ['x·(27 + x²) / (27 + 9x²)', pade],
  ['x·(27 + x²) / (27 + 9x²) between −3 and 3', x => pade(clip(x, 3))],
  ['x − x³/3 between −1 and 1', x => clip(x, 1) - clip(x, 1) ** 3 / 3],
  ['x − x³/3', x => x - x ** 3 / 3],
  ['2/π · arctan(x)', x => (2 / Math.PI) * arctan(x)],
  ['2/π · arctan(π/2 · x)', x => (2 / Math.PI) * arctan((Math.PI / 2) * x)],
  ['arctan(x)', arctan],
  ['1.7159 · tanh(2x/3)', x => 1.7159 * tanh((2 * x) / 3)],
  ['erf(x)', erf],
  ['erf(√π/2 · x)', x => erf((Math.sqrt(Math.PI) / 2) * x)],
  ['x / √(1 + x²)', inverseRoot],
  ['σ(x), from 0 to 1, moved to −1 to 1: 2σ(x) − 1', x => 2 * sigmoid(x) - 1],
];
const SIGMOID: readonly Formula[] = [
  ['clip(x/4 + 0.5, 0, 1)', x => Math.min(1, Math.max(0, x / 4 + 0.5))],
  ['(x / (1 + |x|) + 1) / 2', x => (x / (1 + Math.abs(x)) + 1) / 2],
  ['(x / √(1 + x²) + 1) / 2', x => (inverseRoot(x) + 1) / 2],
  ['(tanh(x) + 1) / 2', x => (tanh(x) + 1) / 2],
  ['the normal distribution (1 + erf(x/√2)) / 2', x => (1 + erf(x * Math.SQRT1_2)) / 2],
  ['σ(1.702x)', x => sigmoid(1.702 * x)],
  ['four lines (PLAN)', fourLines],
];
const SWISH: readonly Formula[] = [
  ['x·σ(1.702x)', x => x * sigmoid(1.702 * x)],
  ['x·clip(x/4 + 0.5, 0, 1)', x => x * SIGMOID[0][1](x)],
];
const RELU: readonly Formula[] = [
  ['max(0, x) up to 1', x => Math.min(1, Math.max(0, x))],
  ['|x|', Math.abs],
  ['max(0, x)²', x => Math.max(0, x) ** 2],
  ['softplus(5x)/5', steep(5)],
  ['softplus(10x)/10', steep(10)],
];
const SOFTPLUS: readonly Formula[] = [0.5, 2, 5, 10].map((b): Formula => [`softplus(${b}x)/${b}`, steep(b)]);
const ELU: readonly Formula[] = [0.1, 0.2, 0.5, 2].map((a): Formula => [`elu with α = ${a}`, x => (x > 0 ? x : a * expm1(x))]);
const LEAKY: readonly Formula[] = [0.05, 0.1, 0.25, 0.5].map((slope): Formula => [`leaky_relu with slope ${slope}`, leaky(slope)]);

/** Functions that may replace an activation, by its name. */
const INSTEAD: Readonly<Record<string, readonly Formula[]>> = {
  tanh: TANH,
  sigmoid: SIGMOID,
  hard_sigmoid: SIGMOID,
  gelu: SWISH,
  silu: SWISH,
  relu: [...RELU, ...LEAKY],
  softplus: SOFTPLUS,
  elu: ELU,
  leaky_relu: LEAKY,
};

const nameOf = (activation: Parameters<typeof formatActivation>[0]) => formatActivation(activation).replace(/\(.*/, '');

/** The function in a layer without steps: applied to its sum. */
function outsideSteps(scenario: Scenario): Way[] {
  const layers = scenario.model.layers.filter(l => !isRecurrent(l) && activationOf(l) !== undefined);
  return layers.flatMap(({ name, ...l }) => {
    const present = nameOf(activationOf(l as LayerSpec)!);
    return (INSTEAD[present] ?? []).map(
      ([words, f]): Way => ({
        layer: name,
        rare: true,
        change: s => changeLoop(changeLayer(s, name, { activation: 'linear' }), name, { merged: (t: Tensor) => mapData(t, v => f(v)) }),
        why: `In ${name} ${words} stands for ${present}.`,
      }),
    );
  });
}

function activationOf(layer: LayerSpec) {
  return 'activation' in layer && /^(dense|activation|conv\dd)$/.test(layer.kind) ? layer.activation : undefined;
}

/** The function inside the step of a cell: for the candidate and c, or for the gates. */
function insideSteps({ model }: Scenario): Way[] {
  const layers = model.layers.filter(isRecurrent).filter(l => !hasRowFunction(l));
  const tanhs = layers.filter(l => nameOf(l.activation) in INSTEAD);
  const gated = layers.filter(l => l.recurrentActivation !== null && nameOf(l.recurrentActivation) in INSTEAD);
  const named = (list: typeof layers, field: 'activation' | 'recurrentActivation', functions: (f: CellFunction) => object) => {
    const kinds = [...new Set(list.map(l => nameOf(l[field])))];
    return kinds.flatMap(kind =>
      INSTEAD[kind].flatMap(([words, f]) =>
        inEach(
          list.filter(l => nameOf(l[field]) === kind),
          (s, l) => changeLoop(s, l.name, { step: (context, right) => right({ ...context, ...functions(f) }) }),
          {
            rare: true,
            why: `${field === 'activation' ? 'In' : 'In the gates of'} @ ${words} stands for ${kind}.`,
            ...(field === 'recurrentActivation' && { fix: { numpy: 'sigmoid = lambda a: 1 / (1 + np.exp(-a))' } }),
          },
        ),
      ),
    );
  };
  return [...named(tanhs, 'activation', f => ({ act: f, actOut: f })), ...named(gated, 'recurrentActivation', f => ({ sig: f }))];
}

export const activationApproximated = mistake('activation-approximated', 'an activation is approximated', ['insideStep', 'alone'], {
  why: 'Another function stands for an activation: a cheaper one that is near it, or one with another slope.',
  numpy: 'h = np.tanh(x[n,t] @ Wx + h @ Wh + bh)   # ← the function itself',
  variants: scenario => [...insideSteps(scenario), ...outsideSteps(scenario)],
});

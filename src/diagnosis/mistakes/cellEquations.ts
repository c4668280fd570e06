import type { FloatArray } from '../../tensor/tensor.js';
import { after, gruStep, lstmStep, restated, rightC, stepVariants } from '../equations.js';
import { inEach, inLoops, mistake, onNamed, type Scenario, type StepFault, smallNumber, type Way } from '../mistake.js';
import { changeLayer, changeLoop, mapData, placesOf, recurrentLayers, waysOf } from '../scenario.js';
import { estimating } from './estimated.js';

/** Steps with other equations: a gate omitted or tied to another, a missing sum, a bias in another place. */

const GRU_FIX = { numpy: 'g = np.tanh(x[n,t] @ Wx_g + b_g + r * (h @ Wh_g + b2_g)); h = z * h + (1 - z) * g' };
const LSTM_EXAMPLE = { layers: 'lstm:2,dense:1', N: 2, T: 2, D: 2 };

export const gateMissing = mistake('gate-missing', 'a gate is left out', ['insideStep', 'alone'], {
  why: 'One gate is not used: what it should scale passes unchanged.',
  numpy: 'c = f * c + i * g; h = o * np.tanh(c)   # ← all of i, f, g, o',
  example: LSTM_EXAMPLE,
  variants: restated([
    ['The input gate of @ is left out: c = f⊙c + g.', lstmStep({ c: u => u.f * u.c + u.g }), { parameter: 'i' }],
    ['The forget gate of @ is left out: c = c + i⊙g.', lstmStep({ c: u => u.c + u.i * u.g }), { parameter: 'f' }],
    [
      'The candidate of @ is left out: c = f⊙c + i, without g = tanh(x·Wx_g + h·Wh_g + b_g).',
      lstmStep({ c: u => u.f * u.c + u.i }),
      { parameter: 'g', rare: true },
    ],
    ['The output gate of @ is left out: h = tanh(c).', lstmStep({ h: (c, u) => u.out(c) }), { parameter: 'o' }],
    [
      'The reset gate of @ is left out: g = tanh(x·Wx_g + b_g + h·Wh_g + b′_g).',
      gruStep(({ x, u, act }) => act(x + u)),
      { parameter: 'r', fix: GRU_FIX },
    ],
    [
      'The update gate of @ is left out: h = g.',
      gruStep(({ r, x, u, act }) => act(x + r * u), [() => 0]),
      { parameter: 'z', fix: GRU_FIX },
    ],
  ]),
});

export const gruResetOnInput = mistake('gru-reset-on-input', 'the reset gate multiplies the input', ['insideStep', 'alone'], {
  why: 'The reset gate multiplies the wrong part of the candidate: the product with x, or the whole sum, instead of the product with h.',
  fix: GRU_FIX,
  example: { layers: 'gru:2,dense:1', N: 2, T: 2, D: 2 },
  variants: restated([
    [
      'The reset gate of @ multiplies the input: g = tanh(r⊙(x·Wx_g + b_g) + h·Wh_g + b′_g).',
      gruStep(({ r, x, u, act }) => act(r * x + u)),
    ],
    ['The reset gate of @ multiplies the whole sum: g = tanh(r⊙(x·Wx_g + h·Wh_g + …)).', gruStep(({ r, x, u, act }) => act(r * (x + u)))],
    ['The reset gate of @ multiplies the candidate after its tanh: g = r⊙tanh(…).', gruStep(({ r, x, u, act }) => r * act(x + u))],
  ]),
});

const coupled = restated([
  ['The gates of @ are coupled: f = 1 − i, so c = (1 − i)⊙c + i⊙g.', lstmStep({ c: u => (1 - u.i) * u.c + u.i * u.g })],
  ['The gates of @ are coupled: i = 1 − f, so c = f⊙c + (1 − f)⊙g.', lstmStep({ c: u => u.f * u.c + (1 - u.f) * u.g })],
]);

export const gatesCoupled = mistake('gates-coupled', 'input and forget gate are one', ['insideStep', 'alone'], {
  why: 'The input and the forget gate are coupled: f = 1 − i (or i = 1 − f), one gate instead of two (ONNX: input_forget=1).',
  numpy: 'c = f * c + i * g             # ← f and i from weights of their own',
  example: LSTM_EXAMPLE,
  variants(scenario) {
    const layers = recurrentLayers(scenario).filter(l => l.inputForget);
    const why = 'The gates of @ are coupled in the network (f = 1 − i), and are not here.';
    return [...coupled(scenario), ...inEach(layers, (s, l) => changeLayer(s, l.name, { inputForget: false }), { why })];
  },
});

export const tanhOfGate = mistake('tanh-of-product', 'tanh is applied after the output gate', ['insideStep', 'alone'], {
  why: 'The tanh is applied after the output gate instead of before it: h = tanh(o⊙c) instead of h = o⊙tanh(c), or c itself goes through a tanh.',
  numpy: 'h = o * np.tanh(c)            # ← c stays as it is',
  example: LSTM_EXAMPLE,
  variants: restated([
    ['The tanh of @ is applied after the output gate: h = tanh(o⊙c).', lstmStep({ h: (c, u) => u.out(u.o * c) })],
    [
      'The cell state of @ goes through a tanh: c = tanh(f⊙c + i⊙g) goes to the next step, not f⊙c + i⊙g.',
      lstmStep({ c: u => u.out(rightC(u)), h: (c, u) => u.o * c }),
    ],
    [
      'The cell state of @ goes through a tanh: c = tanh(f⊙c + i⊙g), and h = o⊙tanh(c) applies the tanh once more.',
      lstmStep({ c: u => u.out(rightC(u)) }),
    ],
  ]),
});

export const biasOutside = mistake('bias-outside', 'the bias is added after the tanh', ['insideStep', 'alone'], {
  why: 'The bias is added after the tanh: h = tanh(x·Wx + h·Wh) + bh.',
  numpy: 'h = np.tanh(x[n,t] @ Wx + h @ Wh + bh)   # ← + bh inside',
  variants: scenario =>
    inEach(
      recurrentLayers(scenario).filter(l => l.kind === 'rnn' && l.useBias),
      (s, l) => {
        // the backward direction runs in the opposite order
        const biases = waysOf(l).map(way => biasOf(s, l.name, way));
        const backward = (reverse: boolean) => (l.bidirectional !== null && reverse !== l.goBackwards ? 1 : 0);
        const without = onNamed(s, l.name, ['bh'], t => mapData(t, () => 0));
        const step = after(({ next: [h], M }, reverse) => {
          for (let m = 0; m < M; m++) h[m] += biases[backward(reverse)][m] ?? 0;
        });
        return changeLoop(without, l.name, { step });
      },
    ),
});

function biasOf({ weights }: Scenario, name: string, way: string): FloatArray {
  const t = weights.get(name)?.get(`${way}bh`);
  if (!t || t.shape.length === 1) return t?.data ?? new Float64Array(0);
  const width = t.shape[1];
  return Float64Array.from({ length: width }, (_, k) => t.data[k] + t.data[width + k]);
}

const mixed = (old: number, fresh: number): StepFault =>
  after(({ next, state, M }) => {
    for (let m = 0; m < M; m++) next[0][m] = old * state[0][m] + fresh * next[0][m];
  });

export const stateMixed = mistake('state-mixed', 'the old h is added to the new one', ['insideStep', 'alone'], {
  why: 'The new h is a mixture with the old one: h = h + tanh(…) (a += in the loop), or a leaky update h = (1 − a)·h + a·tanh(…).',
  numpy: 'h = np.tanh(x[n,t] @ Wx + h @ Wh + bh)   # ← =, not +=',
  estimate: estimating(scenario =>
    placesOf(recurrentLayers(scenario)).map(({ names, where }) => ({
      start: [[0.5], [0.9]],
      change: (s, [a]) => names.reduce((now, name) => changeLoop(now, name, { step: mixed(1 - a, a) }), s),
      why: ([a]) =>
        `The h of ${where ?? 'every recurrent layer'} is updated in part: h = ${smallNumber(1 - a)}·h + ${smallNumber(a)}·(new h), a leaky unit (estimated from your output).`,
    })),
  ),
  variants(scenario) {
    return [
      ...stepThen(scenario, mixed(1, 1), `The new h of @ is added to the old one: h += … instead of h = ….`),
      ...[0.1, 0.2, 0.5, 0.8, 0.9].flatMap(a =>
        stepThen(
          scenario,
          mixed(1 - a, a),
          `The h of @ is updated in part: h = ${Number((1 - a).toFixed(2))}·h + ${a}·(new h), a leaky unit.`,
          { parameter: a, rare: true },
        ),
      ),
    ];
  },
});

/** Changes the states after a step, for any cell. */
function stepThen(scenario: Scenario, step: StepFault, why: string, more: Partial<Way> = {}): Way[] {
  const layers = recurrentLayers(scenario).filter(l => l.projection === null);
  return inLoops(layers, { step }, { why, ...more });
}

export const lastStepLinear = mistake('last-step-linear', 'the last step has no tanh', ['alone'], {
  why: 'The tanh is left out at the last step: the dense layer reads the sum before the tanh.',
  numpy: 'for t in range(T): h = np.tanh(x[n,t] @ Wx + h @ Wh + bh)\ny = h @ Wo + bo               # ← h, after its tanh',
  variants: scenario =>
    stepVariants(
      scenario,
      { kind: 'rnn', step: (context, right, left) => right(left === 0 ? { ...context, act: x => x } : context) },
      'The last step of @ has no tanh: the next layer reads the sum before the tanh.',
    ),
});

export const clipped = mistake('clip', 'numbers are clipped inside the step', ['insideStep', 'alone'], {
  why: 'Numbers are clipped inside the step: the sums before the activations (ONNX: clip), or the states after it (cell_clip).',
  numpy: 'c = f * c + i * g             # ← no np.clip',
  example: { layers: 'lstm:2,dense:1', N: 2, T: 3, D: 2 },
  variants(scenario) {
    const layers = recurrentLayers(scenario).filter(l => l.clip === null);
    const limits = [0.5, 1, 2, 3, 5];
    // TensorFlow's cell_clip clips c before h is computed from it
    const clip = (limit: number) => lstmStep({ c: u => Math.min(limit, Math.max(-limit, rightC(u))) });
    return [
      ...limits.flatMap(limit =>
        inEach(
          layers,
          (s, l) => changeLayer(s, l.name, { clip: limit }),
          layer => ({
            parameter: limit,
            rare: layer !== null && layers.length > 1,
            why: `Inside @ the sums x·Wx + h·Wh + b are cut off at ±${limit} before their activations; the network does not do that.`,
          }),
        ),
      ),
      ...[0.5, 1, 3].flatMap(limit =>
        stepVariants(scenario, clip(limit), `The cell state c of @ is clipped to ±${limit} after every step.`, {
          parameter: limit,
        }),
      ),
      ...[0.5, 1].flatMap(limit =>
        stepThen(
          scenario,
          after(({ next: [h] }) => {
            for (let m = 0; m < h.length; m++) h[m] = Math.min(limit, Math.max(-limit, h[m]));
          }),
          `The h of @ is clipped to ±${limit} after every step.`,
          { parameter: limit, rare: true },
        ),
      ),
    ];
  },
});

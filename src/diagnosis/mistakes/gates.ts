import { getCell } from '../../cells/index.js';
import type { RecurrentSpec } from '../../model/spec.js';
import { after, gruStep, lstmStep, restated, stepVariants } from '../equations.js';
import { changeLayer, changeWeights, inEach, mistake, recurrentLayers, type Scenario } from '../mistake.js';
import { isMirrored, onGate } from './gruGates.js';
import { withGivenStates } from './stateStart.js';

/** A gate that is inverted or has another activation; two states that are exchanged. */

const LSTM_EXAMPLE = { layers: 'lstm:2,dense:1', N: 2, T: 2, D: 2 };

/** Gates to invert. z of a GRU has a code of its own, because both forms are in use. */
const INVERTED = { lstm: ['i', 'f', 'o'], gru: ['r'] } as const;

export const gateInverted = mistake('gate-inverted', 'a gate is used the other way round', ['insideStep', 'alone'], {
  why: 'One gate is used the other way round: 1 − f where f belongs.',
  numpy: 'c = f * c + i * g             # ← f keeps the old c; not (1 - f) * c',
  example: LSTM_EXAMPLE,
  // since 1 − σ(a) = σ(−a), the weights of the gate change sign
  variants: scenario =>
    (['lstm', 'gru'] as const).flatMap(kind => {
      const gates = getCell(kind).gates;
      const layers = recurrentLayers(scenario).filter(l => l.kind === kind && isMirrored(l.recurrentActivation) && !l.peepholes);
      return INVERTED[kind].flatMap(gate =>
        inEach(layers, (s, l) => changeWeights(s, l.name, (_, t) => onGate(t, gates.length, gates.indexOf(gate), v => -v)), {
          parameter: gate,
          why: `In @ gate ${gate} is used the other way round: 1 − ${gate} where ${gate} belongs.`,
          fix: { numpy: `${gate} = sigmoid(x[n,t] @ Wx_${gate} + h @ Wh_${gate} + b_${gate})   # ← ${gate}, not 1 - ${gate}` },
        }),
      );
    }),
});

const GATES = [
  ['lstm', 'i', 'input'],
  ['lstm', 'f', 'forget'],
  ['lstm', 'o', 'output'],
  ['gru', 'z', 'update'],
  ['gru', 'r', 'reset'],
] as const;

/**
 * Functions in place of a gate's sigmoid, with their description. All but the first are only tried if no usual mistake explains the
 * difference.
 */
const INSTEAD: readonly (readonly [words: string, (v: number) => number])[] = [
  ['tanh', Math.tanh],
  ['no activation', v => v],
  ['relu', v => Math.max(0, v)],
  ['hard_sigmoid, clip(x/6 + 0.5, 0, 1),', v => Math.min(1, Math.max(0, v / 6 + 0.5))],
  ['hard_sigmoid_keras2, clip(0.2·x + 0.5, 0, 1),', v => Math.min(1, Math.max(0, 0.2 * v + 0.5))],
];

/** If all gates have the other activation, the code is `activation`. */
export const gateActivation = mistake('gate-activation', 'one gate has another activation', ['insideStep', 'alone'], {
  why: 'One gate goes through another function than the sigmoid: tanh, the candidate’s activation, or none.',
  numpy: 'i, f, o = sigmoid(a_i), sigmoid(a_f), sigmoid(a_o); g = np.tanh(a_g)   # ← three sigmoids, one tanh',
  example: LSTM_EXAMPLE,
  variants: restated(
    GATES.flatMap(([kind, gate, name]) =>
      INSTEAD.map(([words, f], k) => {
        const only = getCell(kind).gates.map(g => (g === gate ? f : undefined));
        const step = kind === 'lstm' ? lstmStep({}, only) : gruStep(({ r, x, u, act }) => act(x + r * u), only);
        const fix = { numpy: `${gate} = sigmoid(x[n,t] @ Wx_${gate} + h @ Wh_${gate} + b_${gate})   # ← sigmoid` };
        const why = `The ${name} gate ${gate} of @ goes through ${words} instead of the sigmoid.`;
        return [why, step, { parameter: gate, fix, rare: k > 0 }] as const;
      }),
    ),
  ),
});

const exchange = after(({ next: [h, c], M }) => {
  for (let m = 0; m < M; m++) [h[m], c[m]] = [c[m], h[m]];
});

export const statesSwapped = mistake('states-swapped', 'h and c are exchanged', ['insideStep', 'alone'], {
  why: 'The LSTM’s two states are exchanged: c is handed on as h and h as c (TensorFlow 1 and some code of one’s own have c first, Keras and PyTorch h).',
  numpy: 'h, c = o * np.tanh(c), c      # ← h is handed on as h, c as c',
  torch: 'h, c = cell(x[:, t], (h, c))   # ← (h, c) in and out',
  keras: 'out, h, c = LSTM(M, return_state=True)(x)   # ← h before c',
  example: LSTM_EXAMPLE,
  variants: scenario => [
    ...stepVariants(
      scenario,
      { kind: 'lstm', step: (context, right) => right({ ...context, state: [context.state[1], context.state[0]] }) },
      `The states of @ are exchanged between steps: each step gets the last c as h and the last h as c; what is given out is h.`,
    ),
    ...stepVariants(
      scenario,
      { kind: 'lstm', step: exchange },
      `The states of @ are exchanged at every step: what is called h, and given out, is c.`,
    ),
    ...inEach(
      withGivenStates(scenario).filter(l => l.kind === 'lstm' && l.projection === null),
      (s, l) => changeLayer(s, l.name, { states: pairsTurned(l as RecurrentSpec) }),
      {
        why: 'h and c are exchanged where @ starts: it takes the c of the other layer as its h, and the h as its c.',
        fix: {
          keras: 'x = LSTM(M, return_sequences=True)(x, initial_state=[h, c])   # ← h before c',
          torch: 'out, state = lstm(x, (h, c))   # ← h before c',
          numpy: 'h, c = h_encoder, c_encoder   # ← h before c',
        },
      },
    ),
    ...(hasStates(scenario)
      ? [{ change: statesExchanged, why: 'The first states are given in the wrong order: h0 is used as c0 and c0 as h0.' }]
      : []),
  ],
});

/** Exchanges h and c in each direction. */
const pairsTurned = ({ states = [] }: RecurrentSpec) => states.map((_, k) => states[k % 2 === 0 ? k + 1 : k - 1]);

function hasStates({ input, model }: Scenario): boolean {
  return model.layers.some(l => l.kind === 'lstm' && l.projection === null && input.initialStates?.has(l.name));
}

/** Exchanges h and c of the initial states, which are h c, or forward h c, backward h c. */
function statesExchanged(s: Scenario): Scenario {
  const lstms = new Set(recurrentLayers(s).flatMap(l => (l.kind === 'lstm' && l.projection === null ? [l.name] : [])));
  const states = [...(s.input.initialStates ?? [])].map(
    ([name, own]) => [name, lstms.has(name) ? own.map((_, k) => own[k ^ 1]) : own] as const,
  );
  return { ...s, input: { ...s.input, initialStates: new Map(states) } };
}

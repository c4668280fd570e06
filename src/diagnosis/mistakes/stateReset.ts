import type { StepContext } from '../../cells/cell.js';
import { allocate, type FloatArray } from '../../tensor/tensor.js';
import type { Scenario, StepFault, Way } from '../mistake.js';
import { changeLoop, inEach, inLayers, inLoops, mapData, mistake, onNamed, recurrentLayers } from '../mistake.js';

/** Mistakes that make a step forget the steps before it. */

/** A step that sees zeros instead of the states `which` (0: h, 1: c), if `when` returns true for the number of remaining steps. */
function forgetting(which: readonly number[], when: (left: number) => boolean = () => true): StepFault {
  const zeros = new Map<number, FloatArray>();
  return (context, right, left) =>
    right(
      !when(left) ? context : { ...context, state: context.state.map((s, k) => (which.includes(k) ? zerosLike(zeros, k, s, context) : s)) },
    );
}

function zerosLike(known: Map<number, FloatArray>, k: number, state: FloatArray, { gates }: StepContext): FloatArray {
  const zeros = known.get(k);
  if (zeros?.length === state.length && zeros.constructor === gates.constructor) return zeros;
  const made = allocate(state.length, gates instanceof Float64Array ? 'f64' : 'f32');
  known.set(k, made);
  return made;
}

function resetVariants(scenario: Scenario, which: readonly number[], words: string, only?: string): Way[] {
  const layers = recurrentLayers(scenario).filter(l => only === undefined || l.kind === only);
  const why = `${words} @ is zero at the start of every step: it is set to zero inside the loop over time, ${which.includes(0) ? 'never passed on, or its product with Wh is left out' : 'or never passed on'}.`;
  return inLoops(layers, { step: forgetting(which) }, { why });
}

const PIECES = [2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 25, 32, 50, 64, 100];

/** The sequence is passed in pieces of k steps, and the state is zero at the start of each. */
function inPieces(scenario: Scenario): Way[] {
  const T = scenario.input.x.shape[1];
  const names = recurrentLayers(scenario).map(l => l.name);
  return PIECES.filter(k => k < T).map(k => {
    const step = forgetting([0, 1], left => (T - 1 - left) % k === 0);
    return {
      // pieces of N steps are also the result of a reshape to [T, N, D]
      rare: k !== scenario.input.x.shape[0],
      insideStep: false,
      change: inLayers(names, (s, l) => changeLoop(s, l.name, { step })),
      why:
        2 * k < T
          ? `The state is zero again after every ${k} steps: the sequence is given in pieces of ${k} steps, and each piece starts from zeros.`
          : `The state is zero again after step ${k} of ${T}: the sequence is given in two pieces, and the second starts from zeros, too.`,
      fix: { numpy: RESET, torch: 'out, h = rnn(x_piece, h)      # ← the state of the piece before; zeros only before the first' },
    };
  });
}

const RESET =
  'h = np.zeros(M)                  # ← before the loop over time\nfor t in range(T):\n    h = np.tanh(x[n,t] @ Wx + h @ Wh + bh)';

export const stateReset = mistake('state-reset', 'the state is reset at every step', ['often', 'insideStep'], {
  why: 'The state is zero at the start of every step: h = 0 is inside the loop over time, the new h is never passed on, or h·Wh is left out. Each step sees only its own x.',
  numpy: RESET,
  keras: 'x = SimpleRNN(M)(i)              # ← one call on the whole sequence, not one call a step',
  torch: 'out, h_n = rnn(x)                # ← one call on the whole sequence; step by step: out, h = rnn(x[:, t:t+1], h)',
  variants: scenario => [
    ...resetVariants(scenario, [0, 1], 'The state of'),
    ...resetVariants(scenario, [0], 'The hidden state h (not c) of', 'lstm'),
    ...resetVariants(scenario, [1], 'The cell state c (not h) of', 'lstm'),
    ...inPieces(scenario),
  ],
});

const NOT_ADDED = 'is not added: its gates and its candidate do not see the h of the step before.';

export const whMissing = mistake('wh-missing', 'the recurrent weights are left out', ['insideStep'], {
  why: `The product h·Wh of a GRU ${NOT_ADDED}`,
  numpy: 'h = np.tanh(x[n,t] @ Wx + h @ Wh + bh)   # ← + h @ Wh',
  example: { layers: 'gru:3,dense:1', N: 2, T: 3, D: 2 },
  variants: scenario =>
    // in other cells h is only used through Wh, so that this is state-reset
    inEach(
      recurrentLayers(scenario).filter(l => l.kind === 'gru'),
      (s, l) => onNamed(s, l.name, ['Wh'], t => mapData(t, () => 0)),
      { why: `The product h·Wh of @ ${NOT_ADDED}` },
    ),
});

import type { RecurrentSpec } from '../../model/spec.js';
import type { Tensor } from '../../tensor/tensor.js';
import {
  type Change,
  changeLayer,
  type Hypothesis,
  inEach,
  mapData,
  mistake,
  recurrentLayers,
  runScenario,
  type Scenario,
  type Way,
} from '../mistake.js';
import { withLength, withSteps } from './inputSteps.js';

/** A sequence that starts from the wrong state: the final state of an earlier call, another layer's state, or ones. */

type States = ReadonlyMap<string, readonly Tensor[]>;

export function startingWith(scenario: Scenario, states: States): Scenario {
  return { ...scenario, input: { ...scenario.input, initialStates: new Map([...(scenario.input.initialStates ?? []), ...states]) } };
}

const known = new WeakMap<Scenario, States>();

/** The final states of each layer, by direction: forward h, c, backward h, c. */
function finalStates(scenario: Scenario): States | undefined {
  const outcome = known.has(scenario) ? undefined : runScenario(scenario);
  if (outcome)
    known.set(
      scenario,
      new Map(
        recurrentLayers(scenario).flatMap(l => {
          const states = outcome.layers.get(l.name)?.result.states;
          return states ? [[l.name, states] as const] : [];
        }),
      ),
    );
  return known.get(scenario);
}

function afterCalls(scenario: Scenario, calls: number): Scenario | undefined {
  let now: Scenario | undefined = scenario;
  for (let k = 0; k < calls && now; k++) {
    const states: States | undefined = finalStates(now);
    now = states && startingWith(scenario, states);
  }
  return now;
}

/** Starts from the states of a previous call, of which LSTMs only keep h (0) or c (1). */
function keepingOnly(which: 0 | 1): Change {
  return scenario => {
    const states = finalStates(scenario);
    const lstms = new Set(recurrentLayers(scenario).flatMap(l => (l.kind === 'lstm' ? [l.name] : [])));
    const kept = [...(states ?? [])].map(
      ([name, own]) => [name, lstms.has(name) ? own.map((t, k) => (k % 2 === which ? t : mapData(t, () => 0))) : own] as const,
    );
    return states && startingWith(scenario, new Map(kept));
  };
}

export const statePreviousCall = mistake('state-previous-call', 'the state of an earlier call is still there', ['alone'], {
  why: 'Each sample starts with the state the previous call ended with: the network was run on this input once before, and its state was kept (stateful=True, self.h, h_n passed in again), or each sequence was given twice in a row.',
  numpy: 'h = np.zeros((N, M))          # ← at the start of every call',
  keras: 'model.layers[0].reset_state()   # ← before each call, of every recurrent layer (Keras 2: model.reset_states)',
  torch: 'out, h_n = rnn(x)             # ← no h_n of an earlier call as second argument',
  variants(scenario) {
    const layers = recurrentLayers(scenario);
    const whole = (layers.length === 0 ? [] : [1, 2]).map(
      (calls): Way => ({
        change: s => afterCalls(s, calls),
        rare: calls > 1,
        why: calls === 1 ? undefined : `Each sample starts with the state that ${calls} calls on the same input before ended with.`,
      }),
    );
    const one = ([0, 1] as const).map(
      (which): Way => ({
        change: keepingOnly(which),
        rare: true,
        why: `Each sample starts with the ${'hc'[which]} of the LSTM that the previous call on this input ended with; its ${'ch'[which]} starts from zeros.`,
        fix: {
          numpy: 'h, c = np.zeros(M), np.zeros(M)   # ← both, at the start of every call',
          torch: 'out, (h, c) = lstm(x, (h, c))   # ← both, or neither',
        },
      }),
    );
    // for a sequence: all steps of both rounds, recognised by the shape alone
    const twice = layers.some(l => l.returnSequences) ? [TWICE] : [];
    return [...(layers.some(l => l.kind === 'lstm') ? [...whole, ...one] : whole), ...twice];
  },
});

const TWICE: Way = {
  unsearched: true,
  change: s => {
    const T = s.input.x.shape[1];
    return withLength(
      s,
      withSteps(s.input.x, 2 * T, t => t % T),
    );
  },
  why: 'Each sequence is given twice in a row, the state kept between: x is np.concatenate([x, x], axis=1), or np.tile(x, (1, 2, 1)).',
  fix: { numpy: 'y = forward(x)                # ← x [N, T, D] as it is, not np.concatenate([x, x], axis=1)' },
};

export const stateOnes = mistake('state-ones', 'the first state is ones, not zeros', ['alone'], {
  why: 'The first state is filled with ones instead of zeros.',
  numpy: 'h = np.zeros(M)               # ← not np.ones(M)',
  torch: 'h0 = torch.zeros(L, N, M)     # ← not torch.ones',
  variants(scenario) {
    const layers = recurrentLayers(scenario);
    const ones = (which: readonly number[], why?: string): Way => ({
      change: s => startingWith(s, new Map(layers.map(l => [l.name, constantStates(s, l, which)]))),
      why,
    });
    const both = [ones([0, 1]), ones([0], 'The first h is filled with ones instead of zeros.')];
    return layers.length === 0 ? [] : layers.some(l => l.kind === 'lstm') ? both : [ones([0])];
  },
});

export function constantStates({ input }: Scenario, layer: RecurrentSpec, which: readonly number[]): Tensor[] {
  const N = input.x.shape[0];
  const widths = layer.kind === 'lstm' ? [layer.projection ?? layer.units, layer.units] : [layer.units];
  const one = widths.map((w, s) => ({ shape: [N, w], data: new Float64Array(N * w).fill(which.includes(s) ? 1 : 0) }));
  return layer.bidirectional ? [...one, ...one] : one;
}

export const stateShared = mistake('state-shared', 'one layer or direction starts with the state of another', ['alone'], {
  why: 'A layer starts with the last state of the layer below it, or the backward direction with that of the forward one: one variable h is used for both.',
  numpy: 'h1, h2 = np.zeros(M), np.zeros(M)   # ← a state of its own for each layer and direction',
  torch: 'out, h_n = nn.RNN(D, M, num_layers=2)(x)',
  example: { layers: 'rnn:3,rnn:3,dense:1', N: 2, T: 2, D: 2 },
  variants(scenario) {
    const layers = recurrentLayers(scenario);
    const both = layers.filter(l => l.bidirectional !== null);
    const between = 'Each layer starts with the last state of the layer below it instead of zeros: one variable h is used for all layers.';
    const directions = 'The backward direction starts with the last state of the forward one instead of zeros.';
    return [
      ...(layers.some((l, i) => i > 0 && isAlike(l, layers[i - 1])) ? [{ change: fromBelow, why: between }] : []),
      ...(both.length > 0 ? [{ layer: both.length === 1 ? both[0].name : null, change: fromForward, why: directions }] : []),
    ];
  },
});

function isAlike(a: RecurrentSpec, b: RecurrentSpec): boolean {
  return a.kind === b.kind && a.units === b.units && a.bidirectional === null && b.bidirectional === null && a.projection === b.projection;
}

/** Applied layer by layer, because a layer's state depends on the layers below. */
function fromBelow(scenario: Scenario): Scenario | undefined {
  let now: Scenario | undefined = scenario;
  const layers = recurrentLayers(scenario);
  for (let i = 1; i < layers.length && now; i++) {
    if (!isAlike(layers[i], layers[i - 1])) continue;
    const states: readonly Tensor[] | undefined = finalStates(now)?.get(layers[i - 1].name);
    now = states && startingWith(now, new Map([[layers[i].name, states]]));
  }
  return now;
}

function fromForward(scenario: Scenario): Scenario | undefined {
  let now: Scenario | undefined = scenario;
  for (const layer of recurrentLayers(scenario).filter(l => l.bidirectional !== null)) {
    const states: readonly Tensor[] | undefined = now && finalStates(now)?.get(layer.name);
    if (!now || !states) return undefined;
    const half = states.length / 2;
    const own = now.input.initialStates?.get(layer.name)?.slice(0, half) ?? constantStates(now, layer, []).slice(0, half);
    now = startingWith(now, new Map([[layer.name, [...own, ...states.slice(0, half)]]]));
  }
  return now;
}

/** Layers whose initial state is another value of the network, such as a decoder that starts from the last state of its encoder. */
export const withGivenStates = (scenario: Scenario) => recurrentLayers(scenario).filter(l => (l.states?.length ?? 0) > 0);

export const stateNotPassed: Hypothesis = mistake('state-not-passed', 'a layer does not start with the state it is given', ['alone'], {
  why: 'A layer starts from zeros; in the network it starts with the state of another one, as a decoder does with the last state of its encoder.',
  keras: 'x = LSTM(M, return_sequences=True)(x, initial_state=[h, c])   # ← the states of the encoder',
  torch: 'out, h_n = rnn(x, state)      # ← state: what the encoder returned beside its out',
  numpy: 'h = h_encoder                 # ← not np.zeros(M)',
  example: null,
  variants(scenario) {
    const layers = withGivenStates(scenario);
    const isLstm = layers.some(l => l.kind === 'lstm');
    return inEach(layers, (s, l) => changeLayer(s, l.name, { states: undefined }), {
      why: '@ starts from zeros; in the network it starts with the state of another layer (initial_state), which is not passed on here.',
      ...(isLstm && { fix: { ...stateNotPassed.fix, numpy: 'h, c = h_encoder, c_encoder   # ← not np.zeros(M)' } }),
    });
  },
});

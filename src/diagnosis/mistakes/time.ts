import type { RecurrentSpec } from '../../model/spec.js';
import { takeAlong } from '../../tensor/axes.js';
import { flipTime, sliceFirst, stepsOf, swapBatchAndTime } from '../../tensor/layout.js';
import { reshape, type Tensor } from '../../tensor/tensor.js';
import { Mismatch } from '../affine.js';
import { endSteps, stepRange } from '../figures.js';
import type { Found, Noise, Outcome, Scenario, Way } from '../mistake.js';
import {
  anySteps,
  changeLayer,
  changeLoop,
  finished,
  inEach,
  inLayers,
  inLoops,
  mistake,
  NEAR_NOISE,
  recurrentLayers,
  runScenario,
  runsForward,
} from '../mistake.js';
import { excessOf } from '../noise.js';
import { samplesOf } from '../scenario.js';
import { differentNumbers } from '../slices.js';
import { atEveryStep, lastStepLayer, pools } from './heads.js';
import { ofLengths } from './masks.js';

/** Mistakes with the time axis: which steps are seen, in which order, and which one is taken. */

/** For a network that itself runs from the last step to the first. */
const FORWARD = {
  why: (name: string) =>
    `The sequence is run from its first step to its last; in the network ${name} runs from the last step to the first (go_backwards).`,
  fix: {
    numpy: 'x = x[:, ::-1]                # ← before the loop over time: the network has go_backwards=True',
    keras: 'SimpleRNN(M, go_backwards=True)',
    torch: 'out, h_n = rnn(x.flip(1))     # ← the network runs from the last step',
  },
};

export const timeReversed = mistake('time-reversed', 'the steps are run in the wrong order', ['often'], {
  why: 'The sequence is run from its last step to its first: x is reversed in time, or go_backwards (direction=reverse) is on.',
  numpy: 'for t in range(T): h = np.tanh(x[n,t] @ Wx + h @ Wh + bh)   # ← 0 … T−1, not reversed(range(T)), not x[:, ::-1]',
  keras: 'SimpleRNN(M, go_backwards=False)',
  torch: 'out, h_n = rnn(x)             # ← not rnn(x.flip(1))',
  variants(scenario) {
    const oneWay = recurrentLayers(scenario).filter(l => l.bidirectional === null);
    const backwards = oneWay.some(l => l.goBackwards);
    const readForward = (l: RecurrentSpec | undefined): Partial<Way> =>
      l?.goBackwards ? { why: FORWARD.why(l.name), fix: FORWARD.fix } : {};
    return [
      { change: turnInput, ...readForward(recurrentLayers(scenario)[0]) },
      ...oneWay.map((l): Way => {
        const change = inLayers([l.name], (s, layer) => changeLayer(s, layer.name, { goBackwards: !l.goBackwards }));
        return { layer: l.name, change, ...readForward(l) };
      }),
      ...inEach(
        oneWay.filter(l => l.returnSequences),
        (s, l) => changeLoop(changeLayer(s, l.name, { goBackwards: !(l as RecurrentSpec).goBackwards }), l.name, { merged: flipTime }),
        layer => ({
          why: `${layer ?? 'Every recurrent layer'} runs ${backwards ? 'from the first step to the last (in the network from the last to the first), and its sequence is turned round' : 'from the last step to the first, and its sequence is turned back to time order: as the backward half of a bidirectional layer does'}.`,
          ...(backwards && { fix: FORWARD.fix }),
        }),
      ),
    ];
  },
});

function turnInput(scenario: Scenario): Scenario {
  const { x, mask } = scenario.input;
  const reversed = x.shape.length === 3 ? flipTime(x) : reshape(flipTime(reshape(x, [...x.shape, 1])), x.shape);
  return { ...scenario, input: { ...scenario.input, x: reversed, mask: mask && flipMask(mask, x.shape[1]) } };
}

function flipMask(mask: Uint8Array, T: number): Uint8Array {
  return mask.map((_, k) => mask[Math.floor(k / T) * T + T - 1 - (k % T)]);
}

/** Keeps x[:, from:to], with its mask. */
function steps(scenario: Scenario, from: number, to: number): Scenario {
  const { x, mask } = scenario.input;
  const [N, T] = x.shape;
  const cut =
    mask && Uint8Array.from({ length: N * (to - from) }, (_, k) => mask[Math.floor(k / (to - from)) * T + from + (k % (to - from))]);
  return {
    ...scenario,
    model: anySteps(scenario),
    input: { ...scenario.input, x: stepsOf(x, from, to), mask: cut },
  };
}

/** Writes a shorter sequence [N, t, K] into zeros [N, T, K], like an array that was allocated beforehand. */
function among(T: number, from: number): (y: Tensor) => Tensor {
  return y => {
    if (y.shape.length !== 3 || y.shape[1] >= T) return y;
    if (from + y.shape[1] > T) throw new Mismatch();
    return takeAlong(y, 1, T, t => t - from);
  };
}

/** Most missing steps to look for: more would not be an off-by-a-few error of a range. */
const MOST_STEPS = 8;
const MOST_STEPS_OF_LONG = 3;
const LONG = 50;
/** Most missing steps in the loops of single layers and directions, since there are more of them. */
const MOST_LOOP_STEPS = 3;

/** Most missing first steps to try: each needs a run, so there are fewer for long sequences. */
function mostLate(T: number): number {
  return T < LONG ? T - 1 : MOST_STEPS_OF_LONG;
}

/** The range of the loop itself is too short: the backward direction then omits other steps, and a sequence keeps rows of zeros. */
function shortLoops(scenario: Scenario, late: boolean, missing: number): Way[] {
  const layers = recurrentLayers(scenario);
  const [only] = layers;
  const isShortInput = layers.length === 1 && only.bidirectional === null && !only.returnSequences;
  if (missing > MOST_LOOP_STEPS || isShortInput) return [];
  const skip = { first: late ? missing : 0, last: late ? 0 : missing };
  return inLoops(layers, { skip }, layer => ({
    why: `The loop over time in @ leaves out the ${endSteps(late ? 'first' : 'last', missing)} it should run${layers.some(l => l.bidirectional && (layer === null || l.name === layer)) ? ', each direction its own' : ''}.`,
  }));
}

function shortened(scenario: Scenario, late: boolean, range: (missing: number, T: number) => [number, number], most: number): Way[] {
  const T = scenario.input.x.shape[1];
  const layers = recurrentLayers(scenario);
  const givesSequence = layers.length > 0 && layers[layers.length - 1].returnSequences;
  return Array.from({ length: Math.max(0, Math.min(most, MOST_STEPS)) }, (_, k) => k + 1).flatMap((missing): Way[] => {
    const [from, to] = range(missing, T);
    // forgetting the state in between has the same effect on the last step
    const again =
      late && missing > 1 && forwardLastStepLayer(scenario) && pools(scenario).length === 0
        ? `, or the state is zero again after step ${from}`
        : '';
    const left = `${stepRange(from + 1, to)} of ${T} ${from + 1 === to ? 'is' : 'are'}`;
    const why = `The loop over time leaves out the ${endSteps(late ? 'first' : 'last', missing)}: only ${left} run${missing === 1 && !late ? ', or the h of the step before the last is used (out[:, -2])' : again}.`;
    const rows: Way = {
      why: `${why} Their rows in the output are zeros.`,
      change: s => ({ ...steps(s, from, to), finish: [...s.finish, among(T, from)] }),
    };
    const early = !late && !scenario.input.mask ? forwardLastStepLayer(scenario) : undefined;
    const whole: Way['change'] = early ? inLayers([early], (s, l) => changeLoop(s, l.name, { last: missing })) : s => steps(s, from, to);
    return [{ why, change: whole }, ...(givesSequence ? [rows] : []), ...shortLoops(scenario, late, missing)];
  });
}

/**
 * The only recurrent layer that returns its last step, if all layers run forwards: a missing last step then gives its h of the step before.
 */
function forwardLastStepLayer(scenario: Scenario): string | undefined {
  return recurrentLayers(scenario).every(runsForward) ? lastStepLayer(scenario)?.name : undefined;
}

export const stopsEarly = mistake('stops-early', 'the last steps are left out', ['often'], {
  why: 'The loop over time stops before the last step.',
  numpy: 'for t in range(T): h = np.tanh(x[n,t] @ Wx + h @ Wh + bh)   # ← T steps, 0 … T−1; not range(T-1)',
  torch: 'out, h_n = rnn(x); y = fc(out[:, -1])   # ← not rnn(x[:, :-1]), not out[:, -2]',
  example: { layers: 'rnn:3,dense:1', N: 2, T: 4, D: 2 },
  variants: scenario => [
    ...shortened(scenario, false, (missing, T) => [0, T - missing], scenario.input.x.shape[1] - 2),
    ...ofLengths(scenario, v => Math.max(1, v - 1), 'Every length is one too small: each sequence stops one step before its end.'),
  ],
  fromOutput: (scenario, right, other, _noise, each) => earlierStep(scenario, right, other, each),
});

/** h of an earlier step than the variants try: y of every step is computed once, and the step is looked up. */
function earlierStep(scenario: Scenario, right: Outcome, other: Tensor, each: Noise): Found[] {
  const [N, T] = scenario.input.x.shape;
  if (T <= MOST_STEPS || scenario.input.mask || !forwardLastStepLayer(scenario) || right.y.shape.length !== 2) return [];
  const every = atEveryStep(scenario);
  const y = every && runScenario(every, { like: right })?.y;
  if (y?.shape.length !== 3 || y.shape[1] !== T || right.y.data.length !== other.data.length) return [];
  const K = y.shape[2];
  const at = (t: number) => Float64Array.from(other.data, (_, i) => y.data[(Math.floor(i / K) * T + t) * K + (i % K)]);
  const found = Array.from({ length: T - MOST_STEPS - 2 }, (_, k) => k + 1).find(
    t => excessOf(at(t), other.data, each.data).times <= NEAR_NOISE,
  );
  if (found === undefined) return [];
  const half = 2 * (found + 1) === T ? `, the first half of ${T}` : ` of ${T}`;
  const why = `The loop over time ends after step ${found + 1}${half}: the steps behind it are left out, or the h of that step is taken (out[:, ${found}]).`;
  return [{ y: { shape: [N, K], data: at(found) }, chosen: 0, told: Math.max(0, differentNumbers(other.data) - 1), why }];
}

/** Only the second half is run; in a longer range, each start would need a run of its own. */
function secondHalf(T: number): Way[] {
  const missing = T / 2;
  if (!Number.isInteger(missing) || missing <= Math.min(MOST_STEPS, mostLate(T))) return [];
  const why = `The loop over time runs the second half alone: only steps ${missing + 1} to ${T} of ${T} are run, or the state is zero again after step ${missing}.`;
  return [{ rare: true, why, change: s => steps(s, missing, T) }];
}

export const startsLate = mistake('starts-late', 'the first steps are left out', [], {
  why: 'The loop over time begins after the first step.',
  numpy: 'for t in range(T): h = np.tanh(x[n,t] @ Wx + h @ Wh + bh)   # ← from 0; not range(1, T)',
  torch: 'out, h_n = rnn(x)             # ← not rnn(x[:, 1:])',
  example: { layers: 'rnn:3,dense:1', N: 2, T: 4, D: 2 },
  variants: scenario => [
    ...shortened(scenario, true, (missing, T) => [missing, T], mostLate(scenario.input.x.shape[1])),
    ...(forwardLastStepLayer(scenario) && pools(scenario).length === 0 ? secondHalf(scenario.input.x.shape[1]) : []),
  ],
});

export const firstStep = mistake('first-step', 'h of the first step is used instead of the last', [], {
  why: 'The output is made from h of the first step, not of the last one: out[:, 0] instead of out[:, -1].',
  numpy: 'y = hs[:, -1] @ Wo + bo       # ← the last step',
  keras: 'SimpleRNN(M)                  # return_sequences=False gives the last step',
  torch: 'y = fc(out[:, -1])',
  example: { layers: 'rnn:3,dense:1', N: 2, T: 4, D: 2 },
  variants(scenario) {
    const layers = recurrentLayers(scenario).filter(l => !l.returnSequences);
    const T = scenario.input.x.shape[1];
    const both = T > 1 ? layers.filter(l => l.bidirectional !== null) : [];
    return [...inLoops(layers, { last: 'first' }), ...inLoops(both, { skip: { first: 0, last: T - 1 } }, { why: EACH_FIRST, rare: true })];
  },
});

const EACH_FIRST =
  'Of each direction of @ the first h is used instead of the last one: the forward direction has seen x[0] alone, the backward one x[T−1] alone.';

export const axesSwapped = mistake('axes-swapped', 'the batch and time axes are mixed up', [], {
  why: 'The first two axes of x are mixed up: samples are run as time steps and time steps as samples ([N, T, D] read as [T, N, D]).\nEach output mixes several samples and sees one step of each.',
  numpy: 'x = x.transpose(1, 0, 2)      # ← when the code wants [T, N, D]; reshape would shuffle the numbers',
  torch: 'rnn = nn.RNN(D, M, batch_first=True)   # ← x is [N, T, D]; the default is [T, N, D]',
  example: { layers: 'rnn:3,dense:1', N: 3, T: 2, D: 2 },
  variants(scenario) {
    if (scenario.model.otherInputs || scenario.input.initialStates || scenario.input.mask || scenario.input.x.shape.length !== 3) return [];
    const [N, T, D] = scenario.input.x.shape;
    const seeing = (s: Scenario, x: Tensor): Scenario => ({ ...s, model: anySteps(s, null), input: { x } });
    const swapped = (s: Scenario) => seeing(s, swapBatchAndTime(s.input.x));
    const reread = (s: Scenario) => seeing(s, swapBatchAndTime(reshape(s.input.x, [T, N, D])));
    const transposed = (s: Scenario): Scenario => ({ ...s, input: { x: reshape(swapBatchAndTime(s.input.x), [N, T, D]) } });
    const asItStands = (s: Scenario) => seeing(s, reshape(s.input.x, [T, N, D]));
    const last = recurrentLayers(scenario).filter(l => !l.returnSequences);
    // only for a sequence: y of a single step remains as it is
    const all = (change: (s: Scenario) => Scenario, finish?: (y: Tensor) => Tensor, why?: string): Way => ({
      needs: 'all',
      change: s => (finish ? finished(change(s), y => (y.shape.length === 3 ? finish(y) : y)) : change(s)),
      why,
    });
    if (N === 1) {
      const lastOnly = (y: Tensor) => (y.shape.length === 3 ? swapBatchAndTime(y) : sliceFirst(y, y.shape[0] - 1, y.shape[0]));
      return [{ needs: 'all', change: s => finished(swapped(s), lastOnly), why: ALONE }];
    }
    const givesSequence = last.length === 0 && pools(scenario).length === 0;
    return [
      // unless T = N, its shape differs from y: the shape alone leads to it
      { ...all(swapped, swapBatchAndTime), unsearched: !givesSequence && T !== N },
      // if T = N, nothing is reshaped
      ...(T === N ? [] : [{ needs: 'input' as const, change: reread, why: REREAD }]),
      ...(T === N ? [] : [{ needs: 'input' as const, change: transposed, why: TRANSPOSED }]),
      ...(givesSequence
        ? [
            all(reread, y => reshape(swapBatchAndTime(y), y.shape), REREAD),
            all(asItStands, y => reshape(y, [y.shape[1], y.shape[0], y.shape[2]]), AS_SAMPLES),
          ]
        : []),
      { ...all(asItStands, undefined, AS_SAMPLES), unsearched: T !== N },
      // recognised by the shape [T, K], unless T = N
      ...(last.length > 0 ? [{ needs: 'all' as const, change: ofLastSample, why: LAST_SAMPLE, fix: LAST_STEP, unsearched: T !== N }] : []),
      // out[:, -1] of a time-major output [N as time, T as batch] is the last of the T "samples" at each of the N "steps"
      ...(last.length === 1 && last[0].bidirectional === null ? [all(s => lastOfBatch(swapped(s), last[0].name))] : []),
    ];
  },
});

/** y [T, K] at every step of the last sample. */
function ofLastSample(s: Scenario): Scenario | undefined {
  const N = s.input.x.shape[0];
  const every = atEveryStep(samplesOf(s, N - 1, N));
  return every && finished(every, y => reshape(y, y.shape.slice(1)));
}

/** y [N, K] of the last of T "samples" at each of its N "steps". */
function lastOfBatch(swapped: Scenario, layer: string): Scenario {
  const every = changeLayer(swapped, layer, { returnSequences: true });
  const [T, N] = every.input.x.shape;
  const x = sliceFirst(every.input.x, T - 1, T);
  return finished({ ...every, input: { x } }, y => (y.shape.length === 3 ? reshape(y, [N, y.shape[2]]) : y));
}

const LAST_SAMPLE =
  'Your output holds every step of the last sample: out[-1] of [N, T, M] is the last sample, not the last step (it would be that of [T, N, M]).';
const LAST_STEP = {
  torch: 'y = fc(out[:, -1])            # ← batch_first=True: [N, T, M]; not out[-1]',
  numpy: 'y = hs[:, -1] @ Wo + bo       # ← not hs[-1]',
};
const ALONE =
  'The first two axes of x are mixed up: [1, T, D] is read as T samples of one step each ([N, T, D] read as [T, N, D]),\nso every step starts from a state of zeros.';
const REREAD =
  'x [N, T, D] was reshaped to [T, N, D] where its first two axes had to be exchanged: reshape keeps the order of the numbers in memory,\nso each sample is made of steps of several samples.';
const TRANSPOSED =
  'Samples and steps of x are mixed up: x [N, T, D] was transposed to [T, N, D], and then reshaped to [N, T, D] instead of transposed back, so each sample holds steps of others.';
const AS_SAMPLES = `${REREAD}\nThe first axis is then read as the samples: there are T of them, with N steps each.`;

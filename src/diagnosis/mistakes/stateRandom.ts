import { sliceFirst } from '../../tensor/layout.js';
import { sizeOf, type Tensor } from '../../tensor/tensor.js';
import type { Fitted, Found, Noise, Outcome, Scenario } from '../mistake.js';
import { fitWithin, listed, mistake, runScenario, simulated, smallNumber, workOf } from '../mistake.js';
import { mapData, recurrentLayers, samplesOf } from '../scenario.js';
import { differentNumbers } from '../slices.js';
import { estimated, isApart, LIKELY, MOST_UNKNOWN, MOST_WORK, noiseIn, RUNS, SPARE } from './estimated.js';
import { unitsReadByHead } from './heads.js';
import { constantStates, startingWith } from './stateStart.js';

/** The first state of a sequence, estimated from the other output. */

/** Sets the initial states of all recurrent layers, the same for every sample. */
function withStates(s: Scenario, values: readonly number[]): Scenario {
  let at = 0;
  const states = recurrentLayers(s).map(l => {
    const own = constantStates(s, l, []).map(t => {
      const width = t.shape[1];
      const from = at;
      at += width;
      return mapData(t, (_, k) => values[from + (k % width)]);
    });
    return [l.name, own] as const;
  });
  return startingWith(s, new Map(states));
}

export const stateRandom = mistake('state-random', 'the first state is not zero', ['alone'], {
  why: 'The sequences do not start from zeros: the first state was drawn (torch.randn), learnt, or kept from other data.',
  numpy: 'h = np.zeros(M)               # ← at the start of every sequence',
  torch: 'out, h_n = rnn(x)             # ← no h0 as second argument, or torch.zeros(L, N, M)',
  keras: 'x = LSTM(M)(i)                # ← no initial_state',
  example: { layers: 'rnn:2+seq,dense:2', N: 2, T: 3, D: 2 },
  variants(scenario) {
    const drawn = (s: Scenario) => Array.from({ length: widthOf(s) }, (_, k) => 0.4 + 0.3 * Math.sin(k));
    return recurrentLayers(scenario).length === 0 ? [] : [simulated(null, s => withStates(s, drawn(s)))];
  },
  estimate(scenario, right, other, noise, each) {
    const P = recurrentLayers(scenario).length === 0 ? 0 : widthOf(scenario);
    if (P === 0 || scenario.input.initialStates || !isApart(scenario, right, other)) return [];
    // starting points between −1 and 1, like hidden states
    const start = [0, 0.7, 1.9, 3.1].map(turn => Array.from({ length: P }, (_, k) => (turn === 0 ? 0.01 : 0.6 * Math.sin(turn * (k + 1)))));
    const constant = (which: readonly number[]) => ({
      start: [[0.1], [-0.3], [0.8], [-1.5]],
      change: (s: Scenario, [v]: readonly number[]) =>
        startingWith(s, new Map(recurrentLayers(s).map(l => [l.name, constantStates(s, l, which).map(t => mapData(t, one => v * one))]))),
      why: ([v]: readonly number[]) =>
        `Every sequence starts from ${which.length > 1 ? 'states' : 'an h'} filled with ${smallNumber(v, 3)} instead of zeros (estimated from your output).`,
    });
    const isLstm = recurrentLayers(scenario).some(l => l.kind === 'lstm');
    // in a single sample, another first step of x may do the same
    const isOne = other.shape[0] === 1;
    const same = estimated(scenario, right, other, noise, each, [
      constant([0]),
      ...(isLstm ? [constant([0, 1])] : []),
      {
        start,
        change: withStates,
        why: v =>
          `${isOne ? 'The sequence starts from a state that is not zero, or its first step is computed otherwise (another x there)' : 'Every sample starts from the same state, which is not zero'}: ${stateWords(scenario, v)} (estimated from your output).`,
        digits: () => (isOne ? LIKELY : undefined),
      },
    ]);
    return same.length > 0 ? same : eachSample(scenario, right, other, noise, each, start);
  },
});

/** A number this small beside the largest one is an error of the estimate. */
const ZERO = 1e-3;
const largestOf = (values: readonly number[]) => values.reduce((most, v) => Math.max(most, Math.abs(v)), 0);

/** 'h of lstm_1 is 0.41, −0.2, 0.35 …, and c of lstm_1 is zero' */
function stateWords(scenario: Scenario, values: readonly number[], largest = largestOf(values)): string {
  let at = 0;
  const parts = recurrentLayers(scenario).flatMap(l => {
    const ways = l.bidirectional ? ['forward ', 'backward '] : [''];
    const letters = l.kind === 'lstm' ? ['h', 'c'] : ['h'];
    const widths = constantStates(scenario, l, []).map(t => t.shape[1]);
    return ways.flatMap((way, w) =>
      letters.map((letter, i) => {
        const width = widths[w * letters.length + i];
        const own = values.slice(at, at + width);
        at += width;
        const numbers = own.map(v => (Math.abs(v) < ZERO * largest ? '0' : smallNumber(v, 3)));
        return { what: `${way}${letter} of ${l.name}`, words: numbers.every(n => n === '0') ? 'zero' : listed(numbers, 3) };
      }),
    );
  });
  // those that are not zero first
  const sorted = [...parts.filter(p => p.words !== 'zero'), ...parts.filter(p => p.words === 'zero')];
  return `${sorted
    .slice(0, 3)
    .map(({ what, words }) => `${what} is ${words}`)
    .join('; ')}${sorted.length > 3 ? ' …' : ''}`;
}

/** A note on first states that were not looked for, if no other cause is known: they have more numbers than y, or than are estimated. */
export function untestedStates(scenario: Scenario, other: Tensor): string[] {
  const P = widthOf(scenario);
  const [n, most] = [other.data.length, MOST_UNKNOWN];
  if (P === 0 || scenario.input.initialStates || (P + SPARE <= n && P <= most)) return [];
  const reason = P + SPARE > n ? `your output has ${n}` : `at most ${most} are estimated`;
  return [`not tested: whether the sequences start from another state than zeros (it would have ${P} numbers, ${reason})`];
}

function widthOf(s: Scenario): number {
  return recurrentLayers(s).reduce((sum, l) => constantStates(s, l, []).reduce((n, t) => n + t.shape[1], sum), 0);
}

/** A separate initial state for each sample; only if each sample has more values of y than states. */
function eachSample(
  scenario: Scenario,
  right: Outcome,
  other: Tensor,
  noise: number,
  each: Noise,
  starts: readonly (readonly number[])[],
): Found[] {
  const N = other.shape[0];
  const size = sizeOf(other.shape.slice(1));
  const [start] = starts;
  // K outputs of M units carry no more than M numbers
  const K = other.shape[other.shape.length - 1];
  const ofEach = (n: number) =>
    Math.min((size / K) * Math.min(K, unitsReadByHead(scenario, right)), differentNumbers(sliceFirst(other, n, n + 1).data));
  // a repeated value is no evidence the second time
  const told = Math.min(...Array.from({ length: N }, (_, n) => ofEach(n)));
  if (N < 2 || told < start.length + SPARE || N * RUNS * (start.length + 2) * workOf(scenario) > MOST_WORK || start.length > MOST_UNKNOWN)
    return [];
  const data = new Float64Array(other.data.length);
  const states: (readonly number[])[] = [];
  for (let n = 0; n < N; n++) {
    const part = samplesOf(scenario, n, n + 1);
    const y = sliceFirst(other, n, n + 1);
    let found: Fitted | undefined;
    const fitFrom = (values: readonly number[], exact: boolean) =>
      fitWithin(y, values, v => runScenario(withStates(part, v))?.y, noise, noiseIn({ scenario: part, other: y, from: n }, each), {
        exact,
      });
    for (let k = 0; k < starts.length && !found; k++) found = fitFrom(starts[k], false);
    found = (found && fitFrom(found.values, true)) ?? found;
    if (!found) return [];
    data.set(found.y.data, n * size);
    states.push(found.values);
  }
  const largest = largestOf(states.flat());
  const off = states.flatMap((values, n) => (largestOf(values) < ZERO * largest ? [] : [n]));
  const who = off.length === N ? 'Each sample starts' : `${N - off.length} of ${N} samples start from zeros, each of the others`;
  const why = `${who} from a state of its own, which is not zero, or sees another x at its first step; in sample ${off[0] + 1} ${stateWords(scenario, states[off[0]], largest)} (estimated from your output).`;
  // another first step of x would do the same
  return [{ y: { shape: other.shape, data }, chosen: N * start.length, digits: LIKELY, why }];
}

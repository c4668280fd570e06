import { type Change, changeLoop, changeWeights, mapData } from '../../src/diagnosis/mistake.js';
import { shortestInput } from '../../src/diagnosis/shortestInput.js';
import { scenarioIn, tensor } from '../helpers/scenarios.js';

const REQUEST = { layers: 'rnn:3,dense:2', N: 3, T: 4, D: 2 };
const kept: Change = s => changeLoop(s, 'rnn_1', { carry: { what: 'all', by: 'sample' } });
const right: Change = s => ({ ...s });
const bias =
  (by: number): Change =>
  s =>
    changeWeights(s, 'dense_1', (name, t) => (name === 'bo' ? mapData(t, v => v + by) : t));
/** Leaves out the first steps: of as many or fewer nothing is left. */
const skipping =
  (first: number): Change =>
  s =>
    changeLoop(s, 'rnn_1', { skip: { first, last: 0 } });
/** Shows where there are two samples, or so many steps. */
const showingFrom =
  (steps: number): Change =>
  s =>
    s.input.x.shape[0] >= 2 || s.input.x.shape[1] >= steps ? bias(1)(s) : s;

it.each<[string, Change[], { N: number; T: number } | null, [number, number][]]>([
  ['a state kept between samples shows on two of two steps', [kept, right], { N: 2, T: 2 }, []],
  ['what any input shows, on one sample', [bias(1), right], { N: 1, T: 2 }, []],
  ['the step that one leaves out and the other not needs one more than both leave out', [skipping(3), skipping(4)], { N: 1, T: 5 }, []],
  ['two samples of two steps are shorter than one of five', [showingFrom(5), right], { N: 2, T: 2 }, []],
  ['of two as long the one with fewer samples', [showingFrom(4), right], { N: 1, T: 4 }, []],
  ['the same twice is never told', [kept, kept], null, [[0, 1]]],
  ['two alike beside a third: the third is told', [right, kept, right], { N: 2, T: 2 }, [[0, 2]]],
  ['less than a thousandth of the largest value is not apart', [bias(1e-4), right], null, [[0, 1]]],
  ['what cannot be done there is like everything', [() => undefined, right], null, [[0, 1]]],
])('%s', async (_, changes, size, alike) => {
  const { scenario } = await scenarioIn(REQUEST);
  expect(shortestInput(scenario, changes)).toEqual({ size, alike });
});

it('tokens are made of those the network knows', async () => {
  const { scenario } = await scenarioIn({ layers: 'embedding:5x2,rnn:3,dense:2', N: 3, T: 4 });
  const seen = new Set<number>();
  const looking: Change = s => {
    for (const v of s.input.x.data) seen.add(v);
    return s;
  };
  shortestInput(scenario, [looking, looking]);
  expect([...seen].sort()).toEqual(Array.from({ length: Math.max(...scenario.input.x.data) + 1 }, (_, k) => k));
});

it('features reach from −2 to 2', async () => {
  const { scenario } = await scenarioIn(REQUEST);
  let seen: number[] = [];
  const looking: Change = s => {
    if (s.input.x.data.length > seen.length) seen = [...s.input.x.data];
    return s;
  };
  shortestInput(scenario, [looking, looking]);
  expect(seen).toHaveLength(4 * 10 * 2);
  expect([Math.min(...seen) < -1.8, Math.min(...seen) >= -2, Math.max(...seen) > 1.8, Math.max(...seen) <= 2]).toEqual([
    true,
    true,
    true,
    true,
  ]);
  expect(Math.abs(seen.reduce((a, b) => a + b) / seen.length)).toBeLessThan(0.3);
});

it('lengths and first states would have to be invented: then nothing is said', async () => {
  const masked = await scenarioIn(REQUEST, { input: { mask: new Uint8Array(12).fill(1) } });
  const started = await scenarioIn(REQUEST, { input: { initialStates: new Map([['rnn_1', [tensor([3, 3], () => 0.5)]]]) } });
  const plain = await scenarioIn(REQUEST);
  expect([masked, started].map(({ scenario }) => shortestInput(scenario, [kept, right]))).toEqual([undefined, undefined]);
  expect(shortestInput(plain.scenario, [kept])).toBeUndefined();
});

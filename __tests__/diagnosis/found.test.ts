import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HYPOTHESES } from '../../src/diagnosis/hypotheses.js';
import type { Candidate } from '../../src/diagnosis/hypothesis.js';
import { noiseOf } from '../../src/diagnosis/noise.js';
import type { Scenario } from '../../src/diagnosis/scenario.js';
import type { MemoryRequest } from '../../src/run/inMemory.js';
import { sizeOf, type Tensor } from '../../src/tensor/tensor.js';
import { scenarioIn, tensor } from '../helpers/scenarios.js';

/**
 * What each mistake that takes numbers from the other output makes of it, in found.txt: its words, and what it counts as evidence. Refreshed by
 * UPDATE_OUT=1 npx jest diagnosis/found.
 */
const NETWORKS = {
  last: { layers: 'rnn:3,dense:3', N: 6, T: 4, D: 4 },
  steps: { layers: 'lstm:2+seq,dense:2', N: 3, T: 5, D: 2 },
  classes: { layers: 'gru:3,dense:4@softmax', N: 5, T: 3, D: 2 },
  between: { layers: 'gru:3,dense:3@tanh,dense:2@sigmoid', N: 6, T: 3, D: 2 },
  long: { layers: 'rnn:3,dense:2', N: 2, T: 40, D: 2 },
  padded: { layers: 'gru:3,dense:2', N: 5, T: 5, D: 2 },
  wide: { layers: 'rnn:4,dense:3', N: 6, T: 3, D: 6 },
  single: { layers: 'rnn:3,dense:1', N: 1, T: 4, D: 2 },
} satisfies Record<string, MemoryRequest>;
type Name = keyof typeof NETWORKS;

interface Changed {
  readonly weights?: (name: string, t: Tensor) => Tensor;
  readonly x?: (v: number, place: readonly number[]) => number;
  readonly states?: (sample: number, unit: number) => number;
  /** real steps of each sample, in the network and in the other output */
  readonly lengths?: readonly (readonly number[])[];
  /** steps of x that the other output has seen */
  readonly steps?: number;
}

/** The indices of number k of a tensor. */
const placeOf = (shape: readonly number[], k: number) => shape.map((size, axis) => Math.floor(k / sizeOf(shape.slice(axis + 1))) % size);
const eachOf = (t: Tensor, f: (v: number, place: readonly number[]) => number) => tensor(t.shape, k => f(t.data[k], placeOf(t.shape, k)));
/** Number k of a tensor is the one that stands at from(place of k). */
const moved = (t: Tensor, from: (place: readonly number[]) => readonly number[], shape = t.shape) =>
  tensor(t.shape, k => t.data[from(placeOf(t.shape, k)).reduce((at, i, axis) => at * shape[axis] + i, 0)]);
const only = (weight: string, f: (v: number, place: readonly number[]) => number) => (name: string, t: Tensor) =>
  name === weight ? eachOf(t, f) : t;

/** The right y, changed. */
type OfY = (y: Tensor) => Tensor;
const numbers =
  (f: (v: number, place: readonly number[]) => number): OfY =>
  y =>
    eachOf(y, f);
const rows =
  (order: readonly number[]): OfY =>
  y =>
    moved(y, ([n, ...rest]) => [order[n], ...rest]);
const columns =
  (order: readonly number[]): OfY =>
  y =>
    moved(y, place => [...place.slice(0, -1), order[place.at(-1)!]]);
const earlier =
  (by: number, fill: number): OfY =>
  y => {
    const source = ([n, t, ...rest]: readonly number[]) => [n, Math.min(y.shape[1] - 1, Math.max(0, t + by)), ...rest];
    return eachOf(moved(y, source), (v, [, t]) => (t + by < 0 || t + by >= y.shape[1] ? fill : v));
  };
const powered =
  (p: number): OfY =>
  y => {
    const K = y.shape.at(-1)!;
    const raised = Array.from(y.data, v => v ** p);
    return tensor(y.shape, k => raised[k] / raised.slice(k - (k % K), k - (k % K) + K).reduce((a, b) => a + b));
  };

/** [what was done, network, how, the code that must be found; none: nothing may be] */
const CASES: readonly (readonly [string, Name, OfY | Changed, string | undefined])[] = [
  ['y in another order', 'last', columns([2, 0, 1]), 'outputs-permuted'],
  ['a column twice', 'last', columns([0, 0, 2]), 'outputs-permuted'],
  ['two samples exchanged', 'last', rows([0, 4, 2, 3, 1, 5]), 'samples-permuted'],
  ['samples in reverse order', 'steps', rows([2, 1, 0]), 'samples-permuted'],
  ['one sample in two places', 'last', rows([0, 0, 2, 3, 3, 5]), 'samples-repeated'],
  ['the sample before', 'last', y => eachOf(rows([0, 0, 1, 2, 3, 4])(y), (v, [n, k]) => (n === 0 ? 0.3 + k : v)), 'samples-shifted'],
  ['the sample after', 'last', y => eachOf(rows([1, 2, 3, 4, 5, 5])(y), (v, [n, k]) => (n === 5 ? 0.3 + k : v)), 'samples-shifted'],
  ['the step before', 'steps', earlier(-1, 0.7), 'steps-shifted'],
  ['the step after', 'steps', earlier(1, 0.7), 'steps-shifted'],
  ['the last two samples missing', 'last', numbers((v, [n]) => (n > 3 ? 0 : v)), 'output-zeros'],
  ['the last sample missing', 'steps', numbers((v, [n]) => (n > 1 ? 0 : v)), 'output-zeros'],
  ['a sample in the middle missing', 'last', numbers((v, [n]) => (n === 2 ? 0 : v)), undefined],
  ['times 3', 'last', numbers(v => 3 * v), 'output-scaled'],
  ['in percent', 'classes', numbers(v => 100 * v), 'output-scaled'],
  ['plus 0.25', 'steps', numbers(v => v + 0.25), 'output-scaled'],
  ['times −2, less 7', 'steps', numbers(v => -2 * v - 7), 'output-scaled'],
  ['a third of one sample', 'single', numbers(v => v / 3), undefined],
  ['each column in its unit', 'last', numbers((v, [, k]) => (k + 2) * v - k), 'output-scaled-each'],
  ['one column in another unit', 'last', numbers((v, [, k]) => (k === 1 ? 5 * v + 1 : v)), 'output-scaled-each'],
  ['a mean of each column', 'steps', numbers((v, [, , k]) => v + 1 - 3 * k), 'output-scaled-each'],
  ['squared', 'last', numbers(v => v * v), undefined],
  ['a temperature of 2', 'classes', powered(0.5), 'softmax-temperature'],
  ['a temperature of 0.4', 'classes', powered(2.5), 'softmax-temperature'],
  ['h times 0.8', 'last', { weights: only('dense_1/Wo', v => 0.8 * v) }, 'hidden-scaled'],
  ['h times 2', 'classes', { weights: only('dense_1/Wo', v => 2 * v) }, 'hidden-scaled'],
  ['h times 1.37', 'steps', { weights: only('dense_1/Wo', v => 1.37 * v) }, 'hidden-scaled'],
  ['h times 4 before the first of two layers', 'between', { weights: only('dense_1/Wo', v => 4 * v) }, 'hidden-scaled'],
  ['h times 0.75 before the last of two layers', 'between', { weights: only('dense_2/Wo', v => 0.75 * v) }, 'hidden-scaled'],
  ['another bias', 'last', { weights: only('dense_1/bo', (v, [k]) => v + 1 + k) }, 'stale-weights'],
  ['other weights of the last layer', 'last', { weights: only('dense_1/Wo', (v, [m, k]) => v + Math.sin(7 * m + 3 * k)) }, 'stale-weights'],
  ['the same, of one column', 'steps', { weights: only('dense_1/Wo', (v, [m, k]) => (k === 1 ? v + m - 0.4 : v)) }, 'stale-weights'],
  ['one number of Wh', 'last', { weights: only('rnn_1/Wh', (v, [m, k]) => (m === 1 && k === 2 ? v + 0.9 : v)) }, 'weight-damaged'],
  ['one number of a bias', 'steps', { weights: only('lstm_1/bh', (v, [k]) => (k === 3 ? v - 1.1 : v)) }, 'weight-damaged'],
  ['a row of Wx', 'last', { weights: only('rnn_1/Wx', (v, [d]) => (d === 2 ? 0 : v)) }, 'weight-damaged'],
  ['a column of Wh', 'classes', { weights: only('gru_1/Wh', (v, [, k]) => (k === 4 ? 0 : v)) }, 'weight-damaged'],
  ['two numbers of Wx', 'last', { weights: only('rnn_1/Wx', (v, [d, k]) => (d !== 1 && k === 2 ? v + d + 0.4 : v)) }, undefined],
  ['a unit left out in every row', 'last', { weights: only('dense_1/Wo', (v, [m]) => (m === 1 ? 0 : 2 * v)) }, 'dropout-on'],
  ['the same, at a rate that nobody has', 'steps', { weights: only('dense_1/Wo', (v, [m]) => (m === 1 ? 0 : 1.37 * v)) }, 'dropout-on'],
  ['x times 1.7, plus 0.3', 'last', { x: v => 1.7 * v + 0.3 }, 'input-scaled-by'],
  ['x times 0.01', 'steps', { x: v => 0.01 * v }, 'input-scaled-by'],
  ['x less 1', 'classes', { x: v => v - 1 }, 'input-scaled-by'],
  ['each feature of x in its unit', 'last', { x: (v, [, , d]) => (1 + d / 2) * v - d / 4 }, 'input-scaled-by'],
  [
    'features in another order',
    'wide',
    { weights: (name, t) => (name === 'rnn_1/Wx' ? rows([2, 0, 5, 1, 4, 3])(t) : t) },
    'features-permuted',
  ],
  [
    'lengths of other samples',
    'padded',
    {
      lengths: [
        [5, 2, 3, 1, 4],
        [2, 5, 1, 4, 3],
      ],
    },
    'lengths-permuted',
  ],
  [
    'two lengths exchanged',
    'padded',
    {
      lengths: [
        [5, 2, 2, 1, 4],
        [5, 2, 4, 1, 2],
      ],
    },
    'lengths-permuted',
  ],
  [
    'other lengths',
    'padded',
    {
      lengths: [
        [5, 2, 3, 1, 4],
        [5, 2, 4, 1, 4],
      ],
    },
    undefined,
  ],
  ['20 of 40 steps', 'long', { steps: 20 }, 'stops-early'],
  ['17 of 40 steps', 'long', { steps: 17 }, 'stops-early'],
  ['half of h, at each step another', 'long', { weights: only('dense_1/Wo', v => v / 2), steps: 17 }, undefined],
  ['ones at the start', 'steps', { states: () => 1 }, 'state-random'],
  ['another first state for all', 'steps', { states: (_n, m) => 0.3 - 0.8 * m }, 'state-random'],
  ['a first state for each sample', 'steps', { states: (n, m) => Math.sin(3 * n + 2 * m) }, 'state-random'],
];

const table = join(__dirname, 'found.txt');
const recorded = new Map(
  readFileSync(table, 'utf8')
    .split(/^(?=== )/m)
    .map(text => [text.slice(3, text.indexOf('\n')), text.trim().split('\n').slice(1)]),
);
const said = new Map<string, string[]>();

async function wrong(network: Name, how: OfY | Changed) {
  const request = { ...NETWORKS[network] };
  const drawn = await scenarioIn(request);
  if (typeof how === 'function') return { ...drawn, other: how(drawn.right.y) };
  const { weights, x, states, lengths, steps } = how;
  const { input } = drawn.scenario;
  const { scenario, right } = lengths ? await scenarioIn(request, { input: { mask: maskOf(lengths[0], request.T) } }) : drawn;
  const given = {
    ...(x && { x: eachOf(input.x, x) }),
    ...(steps && { x: moved({ ...input.x, shape: [input.x.shape[0], steps, input.x.shape[2]] }, ([n, t, d]) => [n, t, d], input.x.shape) }),
    ...(states && { initialStates: statesOf(drawn.scenario, states) }),
    ...(lengths && { mask: maskOf(lengths[1], request.T) }),
  };
  const own = { ...request, ...(steps && { T: steps }) };
  return { scenario, right, other: (await scenarioIn(own, { weights, input: given })).right.y };
}

const maskOf = (lengths: readonly number[], T: number) =>
  Uint8Array.from({ length: lengths.length * T }, (_, k) => Number(k % T < lengths[Math.floor(k / T)]));

function statesOf({ model, input }: Scenario, of: (sample: number, unit: number) => number): Map<string, Tensor[]> {
  const own = model.layers.flatMap(l => (l.kind === 'lstm' ? [[l.name, l.units] as const] : []));
  return new Map(
    own.map(([name, M]) => [name, [0, 0.25].map(by => tensor([input.x.shape[0], M], k => of(Math.floor(k / M), k % M) + by * of(0, 0)))]),
  );
}

const figure = (v: number) => `${Number(v.toPrecision(3))}`;

/** What a candidate counts, and, if it leaves nothing, its words. */
function wordsOf({ code, layer, y, why, fix = {}, ...counts }: Candidate, other: Tensor): string[] {
  const left = Math.max(...Array.from(y.data, (v, k) => Math.abs(v - other.data[k])));
  const counted = Object.entries(counts).flatMap(([name, v]) => (v === undefined ? [] : [`${name} ${figure(v)}`]));
  const words = [...why.split('\n'), ...Object.entries(fix).map(([language, line]) => `${language}: ${line}`)];
  return [
    `${code}${layer ? `@${layer}` : ''}: ${counted.join(', ')}; leaves ${left < 1e-5 ? 'nothing' : figure(left)}`,
    ...(left < 1e-5 ? words.map(line => `  ${line}`) : []),
  ];
}

it.each(CASES)('%s', async (name, network, how, expected) => {
  const { scenario, right, other } = await wrong(network, how);
  const each = noiseOf(scenario, right);
  const noise = Math.max(...each.data);
  const found = HYPOTHESES.flatMap(hypothesis =>
    [hypothesis.fromOutput, hypothesis.estimate].flatMap(find => find?.(scenario, right, other, noise, each) ?? []),
  );
  const isClose = ({ y }: Candidate) => y.data.length === other.data.length && y.data.every((v, k) => Math.abs(v - other.data[k]) < 1e-5);
  const codes = found.filter(isClose).map(({ code }) => code);
  if (expected) expect(codes).toContain(expected);
  said.set(
    name,
    found.flatMap(candidate => wordsOf(candidate, other)),
  );
  if (process.env.UPDATE_OUT !== '1') expect(said.get(name)).toEqual(recorded.get(name) ?? []);
});

afterAll(() => {
  if (process.env.UPDATE_OUT === '1')
    writeFileSync(table, [...said].map(([name, lines]) => `== ${name}\n${lines.join('\n')}\n`).join('\n'));
});

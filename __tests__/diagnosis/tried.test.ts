import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { activations } from '../../src/activations/index.js';
import { HYPOTHESES } from '../../src/diagnosis/hypotheses.js';
import type { Hypothesis, Variant } from '../../src/diagnosis/hypothesis.js';
import { runScenario } from '../../src/diagnosis/run.js';
import { type Scenario, scenarioOf } from '../../src/diagnosis/scenario.js';
import { isRecurrent, type LayerSpec } from '../../src/model/spec.js';
import { type MemoryRequest, runInMemory } from '../../src/run/inMemory.js';
import { sameShape, type Tensor } from '../../src/tensor/tensor.js';
import { tensor } from '../helpers/scenarios.js';

/**
 * What is looked for, in tried.txt: every mistake with its words, and for each of these networks the ways it can happen there, in which layer, and how
 * far it moves y. Refreshed by UPDATE_OUT=1 npx jest diagnosis/tried.
 */
const NETWORKS: Record<string, MemoryRequest> = {
  last: { layers: 'rnn:3,dense:2', N: 3, T: 4, D: 2 },
  steps: { layers: 'lstm:3+seq,dense:2@softmax', N: 2, T: 4, D: 2 },
  gru: { layers: 'gru:2+seq,gru:2,dense:1@sigmoid', N: 3, T: 3, D: 3 },
  both: { layers: 'bilstm:2+seq,bigru:3,dense:3@softmax', N: 2, T: 4, D: 2 },
  tokens: { layers: 'embedding:6x3,gru:3+seq,maxpool,dense:2', N: 2, T: 5 },
  normal: { layers: 'conv:3x2,layernorm,rnn:2@relu,dropout,dense:2', N: 2, T: 5, D: 2 },
  hidden: { layers: 'lstm:3', N: 1, T: 3, D: 1 },
  windows: { layers: 'conv:3x2,maxpool1d:2,avgpool1d:2,gru:2,dense:2', N: 2, T: 9, D: 2 },
};

/** Networks with what a line of layers does not say: options of the cells, graphs, lengths, states of the caller. */
const rnn = { kind: 'rnn', units: 2 };
const head = { kind: 'dense', units: 2 };
const every = { returnSequences: true };
const layersOf = (T: number, D: number, ...layers: object[]) => ({ spec: { input: { timesteps: T, features: D }, layers } });
const SPECS: Record<string, MemoryRequest & { readonly lengths?: readonly number[]; readonly states?: boolean }> = {
  options: {
    ...layersOf(
      3,
      2,
      { kind: 'gru', units: 2, resetAfter: false, goBackwards: true, ...every },
      { kind: 'lstm', units: 2, peepholes: true, activation: 'relu' },
      { ...head, activation: 'tanh' },
    ),
    N: 2,
  },
  variants: {
    ...layersOf(
      4,
      3,
      { kind: 'lstm', units: 3, projection: 2, ...every },
      { kind: 'lstm', units: 2, inputForget: true, useBias: false, clip: 1, ...every },
      { ...rnn, twoBiases: true, activation: 'relu' },
      { ...head, useBias: false },
    ),
    N: 3,
  },
  square: { ...layersOf(3, 3, { kind: 'rnn', units: 3, ...every }, { kind: 'dense', units: 3, activation: 'sigmoid' }), N: 3 },
  one: { ...layersOf(1, 1, { kind: 'gru', units: 1 }, { kind: 'dense', units: 1 }), N: 1 },
  padded: {
    ...layersOf(5, 2, { kind: 'gru', units: 2, bidirectional: 'ave', ...every }, { kind: 'lstm', units: 2, bidirectional: 'sum' }, head),
    N: 3,
    lengths: [5, 2, 3],
  },
  pooled: {
    ...layersOf(
      4,
      2,
      { ...rnn, ...every },
      { kind: 'avgpool' },
      { kind: 'dense', units: 3, activation: 'relu' },
      { ...head, activation: 'softmax' },
    ),
    N: 3,
    lengths: [4, 1, 3],
  },
  given: {
    ...layersOf(3, 2, { kind: 'lstm', units: 2, bidirectional: 'concat', ...every }, { kind: 'gru', units: 2 }, head),
    N: 2,
    states: true,
  },
  stateful: { ...layersOf(4, 2, { kind: 'lstm', units: 2, stateful: true }, head), N: 2 },
  zeros: {
    spec: {
      input: { timesteps: 4 },
      layers: [{ kind: 'embedding', tokens: 5, units: 2, maskZero: true }, { kind: 'lstm', units: 2, ...every }, { kind: 'maxpool' }, head],
    },
    N: 3,
  },
  attention: {
    spec: {
      input: { timesteps: 3, features: 4 },
      layers: [
        { kind: 'multiheadattention', name: 'own', heads: 2, units: 2, inputs: ['input', 'input', 'input'], causal: true },
        { kind: 'add', name: 'sum', inputs: ['input', 'own'] },
        { kind: 'layernorm', name: 'norm', epsilon: 0.01, inputs: ['sum'] },
        { kind: 'gru', name: 'below', units: 2, ...every, inputs: ['norm'] },
        { kind: 'attention', name: 'dot', inputs: ['below', 'below'], useScale: true },
        { kind: 'flatten', name: 'flat', inputs: ['dot'] },
        { ...head, name: 'head', inputs: ['flat'] },
      ],
    },
    N: 2,
  },
  normalised: {
    ...layersOf(
      4,
      2,
      { kind: 'batchnorm' },
      { kind: 'lstm', units: 3, ...every },
      { kind: 'layernorm', center: false },
      { kind: 'batchnorm', scale: false },
      {
        ...rnn,
      },
      head,
    ),
    N: 3,
  },
  strided: {
    ...layersOf(
      8,
      2,
      { kind: 'conv1d', filters: 4, kernelSize: [3], padding: 'same', strides: [2], activation: 'relu' },
      { kind: 'conv1d', filters: 4, kernelSize: [2], padding: 'causal', dilation: [2], groups: 2 },
      { kind: 'avgpool1d', poolSize: [3], strides: [1], padding: 'same' },
      { ...rnn, ...every },
      { kind: 'flatten' },
      head,
    ),
    N: 2,
  },
};

const table = join(__dirname, 'tried.txt');
let scenarios: [string, Scenario][];
let right: Map<Scenario, ReturnType<typeof runScenario>>;

beforeAll(async () => {
  scenarios = await Promise.all(
    Object.entries<(typeof SPECS)[string]>({ ...NETWORKS, ...SPECS }).map(
      async ([name, { lengths, states, ...request }]): Promise<[string, Scenario]> => {
        const { network, weights, input } = await runInMemory({ ...request, init: 'torch', seed: '7' });
        const [N, T] = input.x.shape;
        const mask = lengths && Uint8Array.from({ length: N * T }, (_, k) => Number(k % T < lengths[Math.floor(k / T)]));
        const initialStates = states ? statesFor(network.model.layers, N) : undefined;
        return [name, scenarioOf(network.model, name in SPECS ? trained(weights) : weights, { ...input, mask, initialStates })];
      },
    ),
  );
  right = new Map(scenarios.map(([, scenario]) => [scenario, runScenario(scenario)]));
});

/** Numbers as after training: large enough that every gate moves, and scales and moving statistics that are not 1 and 0. */
function trained(weights: ReadonlyMap<string, Tensor>): Map<string, Tensor> {
  const shift = (name: string) => (/\/(gamma|beta|mean)$/.test(name) ? 0.4 : /\/(variance|scale)$/.test(name) ? 0.6 : undefined);
  const changed = (name: string, t: Tensor) => {
    const by = shift(name);
    return tensor(t.shape, k => (by === undefined ? 2.5 * t.data[k] : t.data[k] + by * Math.sin(2 * k + 1) ** 2));
  };
  return new Map([...weights].map(([name, t]) => [name, changed(name, t)]));
}

/** Every state that a caller can give, each number another. */
function statesFor(layers: readonly LayerSpec[], N: number): Map<string, Tensor[]> {
  return new Map(
    layers.filter(isRecurrent).map(({ name, kind, units, bidirectional }, l) => {
      const count = (kind === 'lstm' ? 2 : 1) * (bidirectional === null ? 1 : 2);
      return [name, Array.from({ length: count }, (_, s) => tensor([N, units], k => Math.sin(1 + k + 5 * s + 11 * l) / 2))];
    }),
  );
}

/** How far a mistake moves y: the largest difference in two digits, or the shape it gives. */
function moved(variant: Variant, scenario: Scenario): string {
  const changed = variant.change(scenario);
  const outcome = changed && runScenario(changed);
  if (!outcome) return 'does not fit';
  const { y } = right.get(scenario)!;
  if (!sameShape(y.shape, outcome.y.shape)) return `[${outcome.y.shape.join(', ')}]`;
  return Math.max(...Array.from(y.data, (v, k) => Math.abs(v - outcome.y.data[k]))).toPrecision(2);
}

function marked({ needs, from, labels, rare, insideStep, unsearched }: Variant): string {
  const said = Object.entries({ needs, from, labels, rare, insideStep, unsearched }).filter(([, v]) => v !== undefined && v !== false);
  return said.map(([key, v]) => ` ${v === true ? key : `${key}=${v}`}`).join('');
}

/** So many sentences of a mistake stand there whole; of the others one of each kind, its numbers and names left out. */
const WHOLE = 6;
const NAMES = new RegExp(`\\b(${activations.map(({ name }) => name).join('|')})\\b|\\b[a-z\\d]+_\\d+\\b|\\d+(\\.\\d+)?(e[-−]?\\d+)?`, 'g');
const kindOf = (sentence: string) => sentence.replace(NAMES, '…');

function described(hypothesis: Hypothesis): string {
  const { name, title, why, fix, often, alone, insideStep } = hypothesis;
  const marks = Object.entries({ often, alone, insideStep }).flatMap(([mark, set]) => (set ? [mark] : []));
  const lines = [
    `== ${name}: ${title}${marks.length > 0 ? `  (${marks.join(', ')})` : ''}`,
    why,
    ...Object.entries(fix).map(([k, v]) => `${k}: ${v}`),
  ];
  const words = new Set<string>();
  for (const [network, scenario] of scenarios) {
    const ways = hypothesis.variants(scenario);
    for (const { why: own, fix: repair } of ways) words.add([own, ...Object.values(repair ?? {})].filter(Boolean).join('\n'));
    for (const layer of new Set(ways.map(way => way.layer))) {
      const own = ways
        .filter(way => way.layer === layer)
        .map(way => `${way.code.slice(name.length)}${marked(way)} ${moved(way, scenario)}`.trim());
      lines.push(`  ${network}${layer ? `, ${layer}` : ''}: ${own.join('; ')}`);
    }
  }
  const own = [...words].filter(Boolean);
  const shown = own.slice(0, WHOLE);
  const kinds = new Set(shown.map(kindOf));
  const others = new Set(
    own
      .slice(WHOLE)
      .map(kindOf)
      .filter(kind => !kinds.has(kind)),
  );
  return [...lines, ...shown.map(text => `- ${text}`), ...[...others].map(kind => `- ${kind}`)].join('\n');
}

const recorded = readFileSync(table, 'utf8')
  .trimEnd()
  .split(/\n\n(?=== )/);
const found: string[] = [];

it.each(HYPOTHESES.map((hypothesis, i) => [hypothesis.name, i] as const))(
  '%s is looked for where it can happen, in its own words',
  (_, i) => {
    const text = described(HYPOTHESES[i]);
    found.push(text);
    if (process.env.UPDATE_OUT !== '1') expect(text.split('\n')).toEqual(recorded[i]?.split('\n'));
  },
);

it('nothing else is in the list', () => {
  expect(recorded.map(text => text.slice(3, text.indexOf(':')))).toEqual(HYPOTHESES.map(h => h.name));
});

afterAll(() => {
  if (process.env.UPDATE_OUT === '1') writeFileSync(table, `${found.join('\n\n')}\n`);
});

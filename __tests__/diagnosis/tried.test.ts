import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { activations } from '../../src/activations/index.js';
import { HYPOTHESES } from '../../src/diagnosis/hypotheses.js';
import type { Hypothesis, Variant } from '../../src/diagnosis/hypothesis.js';
import { runScenario } from '../../src/diagnosis/run.js';
import { type Scenario, scenarioOf } from '../../src/diagnosis/scenario.js';
import { runInMemory } from '../../src/run/inMemory.js';
import { sameShape } from '../../src/tensor/tensor.js';

/**
 * What is looked for, in tried.txt: every mistake with its words, and for each of these networks the ways it can happen there, in which layer, and how
 * far it moves y. Refreshed by UPDATE_OUT=1 npx jest diagnosis/tried.
 */
const NETWORKS = {
  last: { layers: 'rnn:3,dense:2', N: 3, T: 4, D: 2 },
  steps: { layers: 'lstm:3+seq,dense:2@softmax', N: 2, T: 4, D: 2 },
  gru: { layers: 'gru:2+seq,gru:2,dense:1@sigmoid', N: 3, T: 3, D: 3 },
  both: { layers: 'bilstm:2+seq,bigru:3,dense:3@softmax', N: 2, T: 4, D: 2 },
  tokens: { layers: 'embedding:6x3,gru:3+seq,maxpool,dense:2', N: 2, T: 5 },
  normal: { layers: 'conv:3x2,layernorm,rnn:2@relu,dropout,dense:2', N: 2, T: 5, D: 2 },
  hidden: { layers: 'lstm:3', N: 1, T: 3, D: 1 },
  windows: { layers: 'conv:3x2,maxpool1d:2,avgpool1d:2,gru:2,dense:2', N: 2, T: 9, D: 2 },
} as const;

const table = join(__dirname, 'tried.txt');
let scenarios: [string, Scenario][];
let right: Map<Scenario, ReturnType<typeof runScenario>>;

beforeAll(async () => {
  scenarios = await Promise.all(
    Object.entries(NETWORKS).map(async ([name, sizes]): Promise<[string, Scenario]> => {
      const { network, weights, input } = await runInMemory({ ...sizes, init: 'torch', seed: '7' });
      return [name, scenarioOf(network.model, weights, input)];
    }),
  );
  right = new Map(scenarios.map(([, scenario]) => [scenario, runScenario(scenario)]));
});

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

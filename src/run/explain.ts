import { getHypothesis, HYPOTHESES, type Hypothesis, runScenario, scenarioOf, simulate } from '../diagnosis/index.js';
import { errorPage, TERMS, type TermPage } from '../diagnosis/pages/index.js';
import { unknownName } from '../registry.js';
import type { Tensor } from '../tensor/tensor.js';
import { nested } from './forward.js';
import { loadNetwork } from './network/network.js';
import { prepare } from './prepare.js';
import type { ExplainResult } from './result.js';
import { VERSION } from './version.js';

/** One page on a mistake or a term; its numbers are computed on demand. */
export interface ExplainRequest {
  /** a code or a term; undefined lists them all */
  topic?: string;
}

const COMMON = { schema: 'rnn-cli/explain@1', version: VERSION } as const;

/** @throws RnnError E_UNKNOWN_TOPIC */
export async function runExplain({ topic }: ExplainRequest): Promise<ExplainResult> {
  if (topic === undefined) return allTopics();
  const isCode = HYPOTHESES.some(h => h.name === topic);
  const term = isCode ? undefined : termOf(topic);
  if (term) {
    const { name, title, text, related } = term;
    return { ...COMMON, kind: 'term', name, title, text, related, shapes: await shapesOf(term) };
  }
  const code = topic
    .toLowerCase()
    .replace(/[:@].*$/, '')
    .replaceAll('_', '-');
  if (!HYPOTHESES.some(h => h.name === code)) {
    const names = [...HYPOTHESES.map(h => h.name), ...TERMS.flatMap(t => [t.name, ...t.aliases])];
    throw unknownName('topic', topic, names, 'rnn-cli explain');
  }
  const hypothesis = getHypothesis(code);
  return {
    ...COMMON,
    kind: 'mistake',
    name: hypothesis.name,
    title: hypothesis.title,
    text: hypothesis.why.split('\n'),
    fixes: hypothesis.fix,
    related: TERMS.filter(t => t.related.includes(hypothesis.name)).map(t => t.name),
    example: await exampleOf(hypothesis),
  };
}

function allTopics(): ExplainResult {
  const titles = (pages: readonly { readonly name: string; readonly title: string }[]) => pages.map(({ name, title }) => ({ name, title }));
  const [mistakes, terms] = [titles(HYPOTHESES), titles(TERMS)];
  return { ...COMMON, kind: 'list', name: '', title: 'what rnn-cli can explain', text: [], related: [], mistakes, terms };
}

function termOf(topic: string): TermPage | undefined {
  return (
    errorPage(topic.toUpperCase()) ??
    TERMS.find(t => t.name === topic) ??
    TERMS.find(t => [t.name, ...t.aliases].some(name => isSameTopic(name, topic)))
  );
}

/** Compares topics without regard to hyphens, underscores and case; a single letter must match exactly (N and n are different symbols). */
function isSameTopic(a: string, b: string): boolean {
  const plain = (s: string) => s.replace(/[-_ ]/g, '').toLowerCase();
  return a.length === 1 || b.length === 1 ? a === b : plain(a) === plain(b);
}

/** Shapes of the small networks on a page. */
async function shapesOf(term: TermPage): Promise<NonNullable<ExplainResult['shapes']>> {
  const examples = term.examples.map(async ({ words, layers, N = 1, T = 10, D = 3 }) => {
    const { shapes } = await loadNetwork({ layers, N, T, D: takesTokens(layers) ? undefined : D });
    const rows = shapes.layers.map(({ layer: { name }, output, weights }) => ({
      name,
      output: output.map(d => d.size ?? N),
      weights: weights.map(w => ({ name: w.name, shape: w.shape })),
    }));
    return {
      words,
      layers,
      dims: { N, T, D },
      rows: [{ name: 'input', output: takesTokens(layers) ? [N, T] : [N, T, D], weights: [] }, ...rows],
    };
  });
  return Promise.all(examples);
}

/** Networks that start with an embedding take token numbers and have no D. */
function takesTokens(layers: string): boolean {
  return layers.startsWith('embedding');
}

/** Runs a mistake on a small network with weights and input of seed 42: the correct y and the wrong one. */
async function exampleOf({ name, example = { layers: 'rnn:3,dense:1' } }: Hypothesis): Promise<ExplainResult['example']> {
  if (!example) return undefined;
  const { layers, N = 2, T = 3, lengths, framework } = example;
  const D = takesTokens(layers) ? undefined : (example.D ?? 2);
  const prepared = await prepare({ layers, N, T, D, init: 'torch', framework, ...(lengths ? { lengths: lengths.join(',') } : {}) });
  const subject = { model: prepared.network.model, weights: prepared.weights, input: prepared.input };
  const right = runScenario(scenarioOf(subject.model, subject.weights, subject.input), { exact: true })!;
  const wrong = simulate(name, subject);
  const flags = `--layers "${layers}" --N ${N} --T ${T}${D === undefined ? '' : ` --D ${D}`} --init torch${framework ? ` --framework ${framework}` : ''}${lengths ? ` --lengths ${lengths.join(',')}` : ''}`;
  return {
    layers,
    dims: { N, T, D: D ?? 1 },
    seed: prepared.seed,
    right: shown(right.y),
    wrong: shown(wrong.y),
    command: `rnn-cli compare ${flags} --simulate ${name}`,
  };
}

function shown(y: Tensor) {
  return { shape: y.shape, y: nested(y) };
}

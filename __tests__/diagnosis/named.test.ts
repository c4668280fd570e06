import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Case, type Mistake, makeCase, type Nested, shapeOf, specOf, tensorsOf } from '../../scripts/wrongCases.mjs';
import { MISTAKES } from '../../scripts/wrongOutputs.mjs';
import { type Diagnosis, diagnose, noiseOf, runScenario, scenarioOf } from '../../src/diagnosis/index.js';
import type { Finding } from '../../src/diagnosis/ranking.js';
import { networkInMemory } from '../../src/run/inMemory.js';
import { largestMagnitude } from '../../src/tensor/difference.js';
import type { Tensor } from '../../src/tensor/tensor.js';

/**
 * What is said of each mistake of scripts/wrongOutputs.mjs, once, on a small random network. The y is computed by the loops of
 * scripts/plainLoops.mjs, which share no code with the engines. named.txt has the words: UPDATE_OUT=1 npx jest diagnosis/named.
 */
const SIZES = { N: [2, 3, 5], T: [4, 6], D: [2, 3, 5], M: [2, 3, 4], K: [1, 2, 3] };
/** Multiply-adds for pairs of mistakes. */
const WORK = 2e4;
/** Of so many networks the first one with the fewest layers: it is tried in less time. */
const DRAWS = 12;
const MOST_DRAWS = 200;

const table = join(__dirname, 'named.txt');
const recorded = new Map(
  readFileSync(table, 'utf8')
    .split(/^(?=== )/m)
    .map(text => [text.slice(3, text.indexOf('\n')), text.trim().split('\n')]),
);
const all = Object.entries(MISTAKES).filter(([, m]) => m.codes.length > 0 || m.right);
const said = new Map<string, string[]>();

function drawn(name: string, mistake: Mistake): Case {
  let few: Case | undefined;
  for (let draw = 0; draw < MOST_DRAWS && (draw < DRAWS || few === undefined); draw++)
    few = makeCase(name, mistake, `${draw}`, { sizes: SIZES, fewerThan: few?.net.layers }) ?? few;
  if (!few) throw new Error(`${name} fits none of ${MOST_DRAWS} networks`);
  return few;
}

function tensorOf(nested: Nested): Tensor {
  return { shape: shapeOf(nested), data: Float64Array.from(nested.flat(Infinity), Math.fround) };
}

async function judged(one: Case): Promise<Diagnosis> {
  const { model } = await networkInMemory({ spec: specOf(one) });
  const { lengths, tokens } = one.net;
  const mask = lengths && Uint8Array.from(lengths.flatMap(l => one.X[0].map((_: Nested, t: number) => Number(t < l))));
  const weights = new Map([...tensorsOf(one)].map(([key, nested]) => [key, tensorOf(nested)]));
  const x: Tensor = tokens ? { shape: shapeOf(tokens), data: Float64Array.from(tokens.flat()) } : tensorOf(one.X);
  const scenario = scenarioOf(model, weights, { x, mask });
  const right = runScenario(scenario)!;
  return diagnose(scenario, right, tensorOf(one.y), { noise: largestMagnitude(noiseOf(scenario, right).data), work: WORK });
}

const digits = (v: number | null) => (v === null ? '–' : v.toExponential(1));

function wordsOf({ net, sizes, init }: Case, result: Diagnosis): string[] {
  const network = `${net.cell} ×${net.layers}${net.bi ? ` ${net.bi}` : ''}, ${net.seq ? 'every step' : (net.pool ?? 'last step')}${net.head ? `, ${net.head}` : ''}`;
  const { first, view, verdict, tried, stopped, evidence, tellApart, findings } = result;
  const finding = ({ code, layers, residual, margin }: Finding) =>
    `${code}@${layers.join('+')} leaves ${digits(residual)}, margin ${digits(margin)}`;
  const accepted = findings.filter(f => f.verdict !== 'rejected');
  return [
    `${network}; ${Object.entries(sizes).flat().join(' ')}; ${init}`,
    `${verdict}, ${tried} tried${stopped ? ', stopped' : ''}${view?.code ? `; ${view.words}` : ''}`,
    ...(first ? [`first: ${JSON.stringify(first)}`] : []),
    ...accepted.flatMap(f => [
      `  ${f.verdict} ${finding(f)}`,
      ...[f.why, f.fixes.numpy ?? '']
        .join('\n')
        .split('\n')
        .map(line => `    ${line}`),
    ]),
    ...findings
      .filter(f => f.verdict === 'rejected')
      .slice(0, 2)
      .map(f => `  not ${finding(f)}`),
    ...(tellApart ? [tellApart] : []),
    ...evidence.map(line => `- ${line}`),
  ];
}

describe('each wrong y is called what it is, or nothing', () => {
  it.each(all)('%s', async (name, mistake) => {
    const one = drawn(name, mistake);
    const result = await judged(one);
    said.set(name, wordsOf(one, result));
    const named = result.findings
      .filter(f => f.verdict === 'fits' || f.verdict === 'tie')
      .flatMap(f => f.codes.map(code => code.replace(/[:@].*/, '')));
    const allowed = [...mistake.codes, ...(mistake.also ?? [])];
    if (named.length > 0 && !mistake.right) expect(named.filter(code => allowed.includes(code))).not.toEqual([]);
    if (process.env.UPDATE_OUT !== '1') expect(said.get(name)).toEqual(recorded.get(name)?.slice(1));
  });

  afterAll(() => {
    if (process.env.UPDATE_OUT === '1')
      writeFileSync(table, [...said].map(([name, lines]) => `== ${name}\n${lines.join('\n')}\n`).join('\n'));
  });
});

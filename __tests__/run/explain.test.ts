import { HYPOTHESES } from '../../src/diagnosis/index.js';
import { TERMS } from '../../src/diagnosis/pages/index.js';
import { runExplain } from '../../src/run/explain.js';
import { runForward } from '../../src/run/forward.js';

it('without a topic every mistake and every term is listed by its title', async () => {
  expect(await runExplain({})).toMatchObject({
    schema: 'rnn-cli/explain@1',
    kind: 'list',
    name: '',
    title: 'what rnn-cli can explain',
    text: [],
    related: [],
    mistakes: HYPOTHESES.map(({ name, title }) => ({ name, title })),
    terms: TERMS.map(({ name, title }) => ({ name, title })),
  });
});

it('a page of a mistake has its reason, its fixes, and the terms whose pages name it', async () => {
  const pages = await Promise.all(
    ['state-carry', 'gate-order', 'mask-ignored', 'bidirectional-order'].map(async topic => ({ topic, page: await runExplain({ topic }) })),
  );
  for (const { topic, page } of pages) {
    const { name, title, why, fix } = HYPOTHESES.find(h => h.name === topic)!;
    expect(page).toMatchObject({ kind: 'mistake', name, title, text: why.split('\n'), fixes: fix });
    expect(TERMS.map(t => [t.name, t.related.includes(topic)])).toEqual(TERMS.map(t => [t.name, page.related.includes(t.name)]));
  }
});

it('the example is the right y and that with the mistake in it, of the command below it', async () => {
  const { example } = await runExplain({ topic: 'state-carry' });
  const { layers, dims, right, wrong, command, seed } = example!;
  const run = (simulate?: string) => runForward({ layers, ...dims, init: 'torch', engine: 'manual', dtype: 'f64', simulate });
  const [y, other] = [await run(), await run('state-carry')];
  expect([right.shape, wrong.shape]).toEqual([y.shape, other.shape]);
  const close = (a: unknown, b: unknown) => {
    const [flatA, flatB] = [a, b].map(v => (v as number[][]).flat(9));
    expect(flatA.length).toBe(flatB.length);
    flatA.forEach((v, k) => {
      expect(Math.abs(v - flatB[k])).toBeLessThan(1e-6);
    });
  };
  close(right.y, y.y);
  close(wrong.y, other.y);
  expect(right.y).not.toEqual(wrong.y);
  expect(command).toBe(
    `rnn-cli compare --layers "${layers}" --N ${dims.N} --T ${dims.T} --D ${dims.D} --init torch --simulate state-carry`,
  );
  expect(seed).toBe('42');
  const masked = (await runExplain({ topic: 'mask-ignored' })).example!;
  expect(masked.command).toMatch(/ --lengths \d+(,\d+)* --simulate mask-ignored$/);
});

it.each([
  ['state-carry', 'state-carry'],
  ['STATE_CARRY', 'state-carry'],
  ['state-carry:lstm_1', 'state-carry'],
  ['state-carry@2', 'state-carry'],
  ['pack padded sequence', 'pack_padded_sequence'],
  ['Return-Sequences', 'return_sequences'],
  ['N', 'N'],
])("'%s' is the page '%s'", async (topic, name) => {
  expect((await runExplain({ topic })).name).toBe(name);
});

it('a letter alone is that letter: n is no N', async () => {
  expect(TERMS.some(t => t.name === 'n' || t.aliases.includes('n'))).toBe(false);
  await expect(runExplain({ topic: 'n' })).rejects.toMatchObject({ code: 'E_UNKNOWN_TOPIC' });
});

it('an error code is the page of that error, in any case', async () => {
  const page = await runExplain({ topic: 'e_seq' });
  expect(page).toEqual(await runExplain({ topic: 'E_SEQ' }));
  expect(page.text.length).toBeGreaterThan(0);
});

it('the shapes of a term are those of its small networks', async () => {
  const term = TERMS.find(t => t.examples.length > 0)!;
  const { shapes, kind, text, related } = await runExplain({ topic: term.name });
  expect([kind, text, related]).toEqual(['term', term.text, term.related]);
  expect(shapes!.map(({ words, layers }) => [words, layers])).toEqual(term.examples.map(({ words, layers }) => [words, layers]));
  for (const { layers, dims, rows } of shapes!) {
    expect(rows[0]).toEqual({ name: 'input', output: [dims.N, dims.T, dims.D], weights: [] });
    expect(rows.at(-1)!.output).toEqual((await runForward({ layers, ...dims })).shape);
  }
});

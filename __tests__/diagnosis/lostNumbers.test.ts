import { countIn } from '../../src/diagnosis/differingValues.js';
import { untestedWeights } from '../../src/diagnosis/mistakes/damaged.js';
import { uniformNoise } from '../../src/diagnosis/noise.js';
import { nonFiniteSentences } from '../../src/diagnosis/nonFinite.js';
import type { MemoryRequest } from '../../src/run/inMemory.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { scenarioIn } from '../helpers/scenarios.js';

/** What is said where numbers of an output are NaN or infinite, and of weights that nobody looked at: each sentence in full. */

interface Lost {
  readonly request?: MemoryRequest;
  /** place -> what stands there in the other output */
  readonly at: Readonly<Record<number, number>>;
  readonly weights?: (name: string, t: Tensor) => Tensor;
  readonly x?: (v: number, k: number) => number;
}

async function said({ request = {}, at, weights, x }: Lost): Promise<readonly string[]> {
  const sizes = { layers: 'rnn:3+seq,dense:2', N: 2, T: 3, D: 2, ...request };
  const { scenario: drawn } = await scenarioIn(sizes);
  const given = x && { x: { ...drawn.input.x, data: Float64Array.from(drawn.input.x.data, x) } };
  const { scenario, right } = await scenarioIn(sizes, { weights, input: given });
  const other = { ...right.y, data: Float64Array.from(right.y.data, (v, k) => at[k] ?? v) };
  const view = { kind: 'y', words: 'y', scenario, right, other } as unknown as Parameters<typeof nonFiniteSentences>[0];
  return nonFiniteSentences(view, countIn(view, uniformNoise(other, 1e-9), undefined));
}

const everywhere = (count: number, v: number) => Object.fromEntries(Array.from({ length: count }, (_, k) => [k, v]));
const row = (r: number, v = Number.NaN) => ({ [2 * r]: v, [2 * r + 1]: v });
const lastStep = { layers: 'rnn:3,dense:2' };
const IN_H = 'a NaN in h';

describe('numbers that are not finite', () => {
  it('are counted by kind, and the first has its place', async () => {
    const [counts] = await said({ at: { 5: Number.NaN, 8: Infinity, 9: Infinity, 11: -Infinity } });
    expect(counts).toBe('1 is NaN, 2 are Infinity, 1 is −Infinity of 12 numbers; the first is at sample 1, step 3, y2');
    const [ofTwo] = await said({ request: lastStep, at: { 2: -Infinity, 3: -Infinity } });
    expect(ofTwo).toBe('2 are −Infinity of 4 numbers; the first is at sample 2, y1');
  });

  it('are all of them: weights, input or the first state', async () => {
    expect((await said({ at: everywhere(12, Number.NaN) })).slice(1)).toEqual([
      'no finite number remains: a NaN in a weight, in the input or in the first state would do that',
    ]);
  });

  it('are some of a row: behind h', async () => {
    const [, finite, reach] = await said({ at: { 3: Number.NaN } });
    expect(finite).toMatch(/^all 11 finite numbers are equal to the right ones within /);
    expect(reach).toBe(
      `other outputs of the same row are finite: ${IN_H} would reach all of them, so it came after h (a column of Wo, log or division of y, an array never filled)`,
    );
  });

  it('are whole rows of an output without steps: in those samples', async () => {
    expect((await said({ request: lastStep, at: row(1) }))[2]).toBe(
      'some rows are lost whole and the others are finite: the cause is in those samples (their input, a row of an array never filled)',
    );
  });

  it('are all steps from one on, or not: h keeps a NaN', async () => {
    const stays = `in each of these samples all steps from the first such number on are lost: ${IN_H} does that`;
    const returns = `later steps of the same sample are finite again: ${IN_H} would stay, so h is right and those rows of the output are not (an array never filled)`;
    expect((await said({ at: { ...row(1), ...row(2) } }))[2]).toBe(stays);
    expect((await said({ at: row(2) }))[2]).toBe(stays);
    expect((await said({ at: row(1) }))[2]).toBe(returns);
    expect((await said({ at: { ...row(2), ...row(4) } }))[2]).toBe(returns);
    // a backward direction carries it to the steps before
    expect((await said({ request: { layers: 'birnn:3+seq,dense:2' }, at: row(1) })).slice(2)).toEqual([]);
  });

  it('are beside others that differ, too', async () => {
    expect((await said({ at: { 3: Number.NaN, 7: 40, 8: -40 } }))[1]).toMatch(/^2 of the 11 finite numbers differ by more than .*, too$/);
  });

  it('are those beyond float16', async () => {
    const large = (name: string, t: Tensor) => (name === 'dense_1/bo' ? { ...t, data: Float64Array.of(70_000, 1) } : t);
    const at = Object.fromEntries([0, 2, 4, 6, 8, 10].map(k => [k, Infinity]));
    expect((await said({ at, weights: large })).at(-1)).toBe(
      'infinite is every number that is beyond 65504 in the right y, and no other: the largest of float16',
    );
    expect((await said({ at: { ...at, 1: Infinity }, weights: large })).join()).not.toContain('float16');
  });
});

describe('where exp overflows', () => {
  const scores = async (by: number) =>
    (
      await said({
        request: { layers: 'rnn:3,dense:2@softmax' },
        at: { 1: Number.NaN },
        weights: (name, t) =>
          name === 'dense_1/bo' ? { ...t, data: Float64Array.of(by, 0) } : name === 'dense_1/Wo' ? { ...t, data: t.data.map(() => 0) } : t,
      })
    ).at(-1);

  it('is compared with the scores', async () => {
    expect(await scores(12)).toBe('the scores before the softmax stay within 12: exp overflows float32 only at 88.7, so no overflow there');
    expect(await scores(90)).toBe(
      'the scores before the softmax reach 90: exp overflows float32 at 88.7; subtract the largest score of the row first',
    );
    expect(await scores(800)).toBe(
      'the scores before the softmax reach 800: exp overflows float32 at 88.7 and float64 at 709.8; subtract the largest score of the row first',
    );
  });

  it('is a matter of x where there are gates', async () => {
    const sentence = 'x reaches 30: 1 / (1 + np.exp(−a)) of a gate may overflow where a is below −88.7 (float32)';
    const of = (layers: string, most: number) => said({ request: { layers }, at: { 1: Number.NaN }, x: (v, k) => (k === 3 ? -most : v) });
    expect((await of('lstm:3,dense:2', 30)).at(-1)).toBe(sentence);
    expect(await of('lstm:3,dense:2', 20)).not.toContain(sentence.replace('30', '20'));
    expect((await of('rnn:3,dense:2', 30)).join()).not.toContain('x reaches');
  });
});

describe('the network itself gives what is not finite', () => {
  it.each([
    [1, 'one number that is NaN or infinite: what gave your y replaced it or does not pass it on'],
    [2, '2 numbers that are NaN or infinite: what gave your y replaced them or does not pass them on'],
  ])('from %d numbers of x', async (count, end) => {
    const at = everywhere(12, 0.5);
    const sentences = await said({ at, x: (v, k) => (k >= 8 && k < 8 + count ? Number.NaN : v) });
    expect(sentences).toEqual([
      'the network gives NaN or infinity in 4 of 12 places where your y is finite; the first is at sample 2, step 2, y1',
      `x holds ${end}`,
    ]);
  });
});

describe('weights that were not tried one by one', () => {
  it('are named, four of them and how many more', async () => {
    const { scenario } = await scenarioIn({ layers: 'lstm:40+seq,lstm:40+seq,dense:60', N: 1, T: 40, D: 3 });
    const [sentence] = untestedWeights(scenario);
    expect(sentence).toMatch(
      /^not tested: whether one number in (\S+, ){3}\S+ and \d+ more is wrong \(there are too many\); with both weight files, rnn-cli compare A B finds it$/,
    );
  });

  it('are none of a small network', async () => {
    expect(untestedWeights((await scenarioIn({ layers: 'rnn:2,dense:1', N: 2, T: 2, D: 2 })).scenario)).toEqual([]);
  });
});

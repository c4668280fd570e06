import { getEngine } from '../../src/engines/index.js';
import { bothWays, merge, mergedWidth } from '../../src/layers/bidirectional.js';
import { layerKinds } from '../../src/layers/index.js';
import { checkSpec } from '../../src/model/check.js';
import { inferShapes, weightShapesByLayer } from '../../src/model/shapes.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { drawWeights } from '../../src/weights/init.js';
import { expectNear } from '../helpers/expectClose.js';
import { array } from '../helpers/files.js';

/** Small layers with numbers one can work out in the head. */
async function run(
  layers: object[],
  x: { shape: number[]; data: number[] },
  extra: { mask?: number[]; features?: number | null } = {},
): Promise<Tensor> {
  const features = extra.features === undefined ? x.shape[2] : extra.features;
  const model = checkSpec({ input: { timesteps: x.shape[1], features }, layers });
  const weights = drawWeights(model, weightShapesByLayer(inferShapes(model)), { seed: '1', init: 'ones', rng: 'seedrandom' });
  const input = { x: { shape: x.shape, data: Float64Array.from(x.data) }, mask: extra.mask && Uint8Array.from(extra.mask) };
  return (await getEngine('manual').run(model, weights, input, { dtype: 'f64', threads: 1, trace: false })).y;
}

const two = { shape: [1, 3, 2], data: [1, 2, 5, 4, 3, 9] };
const values = async (...args: Parameters<typeof run>) => Array.from((await run(...args)).data);

it('pools over time: maximum, mean, last', async () => {
  expect(await values([{ kind: 'maxpool' }], two)).toEqual([5, 9]);
  expect(await values([{ kind: 'avgpool' }], two)).toEqual([3, 5]);
  expect(await values([{ kind: 'last' }], two)).toEqual([3, 9]);
});

it('pools every sample by itself', async () => {
  const x = { shape: [2, 2, 1], data: [1, 2, 9, 5] };
  for (const [kind, pooled] of [
    ['maxpool', [2, 9]],
    ['avgpool', [1.5, 7]],
    ['last', [2, 5]],
  ] as const)
    expect([kind, await values([{ kind }], x)]).toEqual([kind, pooled]);
});

it('leaves masked steps out of the mean and the last, and of the maximum only where told', async () => {
  const mask = [1, 1, 0];
  expect(await values([{ kind: 'avgpool' }], two, { mask })).toEqual([3, 3]);
  expect(await values([{ kind: 'last' }], two, { mask })).toEqual([5, 4]);
  expect(await values([{ kind: 'maxpool' }], two, { mask })).toEqual([5, 9]);
  expect(await values([{ kind: 'maxpool', useMask: true }], two, { mask })).toEqual([5, 4]);
});

it('a mean over no step at all is not a number, as in Keras', async () => {
  expect(await values([{ kind: 'avgpool' }], two, { mask: [0, 0, 0] })).toEqual([Number.NaN, Number.NaN]);
});

it('carries NaN through the maximum', async () => {
  expect(await values([{ kind: 'maxpool' }], { shape: [1, 2, 1], data: [Number.NaN, 1] })).toEqual([Number.NaN]);
});

it('masking masks and zeroes the steps that hold its value only', async () => {
  const x = { shape: [1, 3, 2], data: [7, 7, 1, 7, 7, 7] };
  expect(await values([{ kind: 'masking', value: 7 }], x)).toEqual([0, 0, 1, 7, 0, 0]);
  expect(await values([{ kind: 'masking', value: 7 }, { kind: 'avgpool' }], x)).toEqual([1, 7]);
});

it('flattens, repeats and hands on', async () => {
  expect((await run([{ kind: 'flatten' }], two)).shape).toEqual([1, 6]);
  const repeated = await run([{ kind: 'last' }, { kind: 'repeat', times: 2 }], two);
  expect([repeated.shape, Array.from(repeated.data)]).toEqual([
    [1, 2, 2],
    [3, 9, 3, 9],
  ]);
  expect(await values([{ kind: 'dropout', rate: 0.9 }], two)).toEqual(two.data);
});

it('applies an activation to every number, and softmax to every row', async () => {
  expect(await values([{ kind: 'activation', activation: { name: 'relu', threshold: 2 } }], two)).toEqual([0, 0, 5, 4, 3, 9]);
  const rows = await values([{ kind: 'activation', activation: 'softmax' }], two);
  expect(rows[0] + rows[1]).toBeCloseTo(1, 12);
  expect(rows[1] / rows[0]).toBeCloseTo(Math.E, 12);
});

it('looks tokens up and masks token 0 where told', async () => {
  const tokens = { shape: [1, 3], data: [0, 1, 0] };
  expect((await run([{ kind: 'embedding', tokens: 2, units: 4 }], tokens, { features: null })).shape).toEqual([1, 3, 4]);
  const x = { shape: [1, 2], data: [1, 0] };
  const kept = await values(
    [
      { kind: 'embedding', tokens: 2, units: 1, maskZero: true },
      { kind: 'rnn', units: 1, returnSequences: true, activation: 'linear' },
    ],
    x,
    { features: null },
  );
  expect(kept[1]).toBe(kept[0]);
});

it('joins branches: side by side or elementwise', async () => {
  const branches = [
    { kind: 'maxpool', name: 'a', inputs: ['input'] },
    { kind: 'avgpool', name: 'b', inputs: ['input'] },
  ];
  const join = (kind: string) => values([...branches, { kind, inputs: ['a', 'b'] }], two);
  expect(await join('concatenate')).toEqual([5, 9, 3, 5]);
  expect(await join('add')).toEqual([8, 14]);
  expect(await join('multiply')).toEqual([15, 45]);
  expect(await join('average')).toEqual([4, 7]);
});

it.each([
  ['any', 4],
  ['all', 6],
])('counts a step behind a join where %s of the masked branches have it', async (masks, mean) => {
  const layers = [
    { kind: 'masking', value: 1, name: 'a', inputs: ['input'] },
    { kind: 'masking', value: 5, name: 'b', inputs: ['input'] },
    { kind: 'add', inputs: ['a', 'b'], masks },
    { kind: 'avgpool' },
  ];
  expect(await values(layers, { shape: [1, 3, 1], data: [1, 5, 3] })).toEqual([mean]);
});

it('the textbook step: h = tanh(x·Wx + h·Wh + bh)', async () => {
  const model = checkSpec({ input: { features: 2 }, layers: [{ kind: 'rnn', units: 2 }] });
  const w = (shape: number[], ...data: number[]) => ({ shape, data: Float64Array.from(data) });
  const weights = new Map([
    ['rnn_1/Wx', w([2, 2], 0.1, 0.2, 0.3, 0.4)],
    ['rnn_1/Wh', w([2, 2], 0.5, -0.5, 0.25, 0.75)],
    ['rnn_1/bh', w([2], 0.01, -0.02)],
  ]);
  const x = { shape: [1, 2, 2], data: Float64Array.from([1, -1, 2, 0.5]) };
  const { y } = await getEngine('manual').run(model, weights, { x }, { dtype: 'f64', threads: 1, trace: false });
  const h1 = [Math.tanh(0.1 - 0.3 + 0.01), Math.tanh(0.2 - 0.4 - 0.02)];
  const h2 = [Math.tanh(0.2 + 0.15 + h1[0] * 0.5 + h1[1] * 0.25 + 0.01), Math.tanh(0.4 + 0.2 - h1[0] * 0.5 + h1[1] * 0.75 - 0.02)];
  expect(y.data[0]).toBeCloseTo(h2[0], 14);
  expect(y.data[1]).toBeCloseTo(h2[1], 14);
});

it('kinds have names of their own and fields with defaults or none', () => {
  expect(new Set(layerKinds().map(k => k.name)).size).toBe(layerKinds().length);
});

describe('two directions', () => {
  const tensor = (...data: number[]): Tensor => ({ shape: [2, 2], data: Float64Array.from(data) });
  const [a, b] = [tensor(1, 2, 3, 4), tensor(5, -6, 7, 8)];

  it('become one side by side, or number by number', () => {
    expect(merge('concat', a, b)).toEqual({ shape: [2, 4], data: Float64Array.of(1, 2, 5, -6, 3, 4, 7, 8) });
    expect(merge('sum', a, b)).toEqual(tensor(6, -4, 10, 12));
    expect(merge('mul', a, b)).toEqual(tensor(5, -12, 21, 32));
    expect(merge('ave', a, b)).toEqual(tensor(3, -2, 5, 6));
  });

  it('are twice as wide side by side', () => {
    expect(mergedWidth('concat', { symbol: 'M2', size: 3 })).toEqual({ symbol: '2M2', size: 6 });
    expect(mergedWidth('concat', { symbol: 'M', size: null })).toEqual({ symbol: '2M', size: null });
    expect(mergedWidth('concat', { symbol: 'T*M', size: 4 })).toEqual({ symbol: '2*(T*M)', size: 8 });
    expect(mergedWidth('ave', { symbol: 'M', size: 3 })).toEqual({ symbol: 'M', size: 3 });
  });

  it('take half of the states each', () => {
    expect(bothWays(undefined)).toEqual([undefined, undefined]);
    expect(bothWays([a, b, b, a])).toEqual([
      [a, b],
      [b, a],
    ]);
  });
});

describe('token numbers', () => {
  const layers = [{ kind: 'embedding', tokens: 3, units: 2, maskZero: true }, { kind: 'last' }];
  const tokens = (...data: number[]) => ({ shape: [2, 2], data });

  it('become their vectors, and token 0 is no step where that is said', async () => {
    const model = checkSpec({ input: { timesteps: 2 }, layers: [{ kind: 'embedding', tokens: 3, units: 2 }] });
    const weights = new Map([['embedding_1/E', { shape: [3, 2], data: Float64Array.of(1, 2, 3, 4, 5, 6) }]]);
    const of = async (spec: typeof model) =>
      (
        await getEngine('manual').run(
          spec,
          weights,
          { x: { shape: [2, 2], data: Float64Array.of(2, 0, 1, 2) } },
          { dtype: 'f64', threads: 1, trace: false },
        )
      ).y;
    expect(await of(model)).toEqual({ shape: [2, 2, 2], data: Float64Array.of(5, 6, 1, 2, 3, 4, 5, 6) });
    expect([...(await of(checkSpec({ input: { timesteps: 2 }, layers }))).data]).toEqual([5, 6, 5, 6]);
  });

  it('that are none are named with their place', async () => {
    for (const [bad, said] of [
      [3, '3'],
      [-1, '-1'],
      [0.5, '0.5'],
    ] as const)
      await expect(run(layers, tokens(0, 1, 2, bad), { features: null })).rejects.toMatchObject({
        message: `token ${said} at [1, 1] is not a whole number from 0 to 2`,
        expected: '0 … 2',
        found: said,
      });
  });
});

it('repeats every sample by itself', async () => {
  const x = { shape: [2, 1, 2], data: [1, 2, 3, 4] };
  expect(await values([{ kind: 'last' }, { kind: 'repeat', times: 2 }], x)).toEqual([1, 2, 1, 2, 3, 4, 3, 4]);
});

it('the last step of a sample without any is the first', async () => {
  expect(await values([{ kind: 'last' }], two, { mask: [0, 0, 0] })).toEqual([1, 2]);
});

/** Keras 3.15.1 on TensorFlow; every number of the scale 0.5, [2, 3, D] against [2, 5, E], values [2, 5, 4]. */
it.each([
  [1, 4, [-0.283227, 0.022885, 0.466773, 0.073481, -0.153962, -0.092354, 0.596038, 0.077259, -0.218627, -0.03532, 0.531373, 0.084625]],
  [4, 1, [0.178463, -0.285722, 0.928463, -0.035508, 0.16448, -0.276583, 0.91448, -0.052878, 0.223488, -0.324725, 0.973488, 0.012812]],
])('additive attention sets a single feature beside each of the other: %i and %i', async (D, E, y) => {
  const times = (t: Tensor, by: number): Tensor => ({ shape: t.shape, data: Float64Array.from(t.data, v => v * by) });
  const model = checkSpec({
    inputs: [
      { name: 'q', timesteps: 3, features: D },
      { name: 'v', timesteps: 5, features: 4 },
      { name: 'k', timesteps: 5, features: E },
    ],
    layers: [{ kind: 'additiveattention', name: 'a', inputs: ['q', 'v', 'k'] }],
  });
  const weights = new Map([['a/scale', { shape: [D], data: new Float64Array(D).fill(0.5) }]]);
  const others = new Map([
    ['v', times(array(2, 5, 4), 2)],
    ['k', times(array(2, 5, E), 3)],
  ]);
  const input = { x: times(array(2, 3, D), 1), others };
  const output = await getEngine('manual').run(model, weights, input, { dtype: 'f64', threads: 1, trace: false });
  expectNear(output.y.data.slice(0, 12), y, 2e-6);
});

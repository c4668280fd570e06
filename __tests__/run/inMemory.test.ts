import { forward, handCalculation, type MemoryRequest, sha256, shapes } from '../../src/browser.js';
import { runForward } from '../../src/run/forward.js';
import { networkInMemory } from '../../src/run/inMemory.js';
import { runShapes } from '../../src/run/shapes.js';
import type { Tensor } from '../../src/tensor/tensor.js';

/** The entry for browsers, on the sources; that its bundle needs nothing of Node is seen by browser.test. */

const SPEC = {
  schema: 'rnn-cli/spec@2',
  input: { batch: 2, timesteps: 4, features: 3 },
  layers: [
    { kind: 'gru', units: 5 },
    { kind: 'dense', units: 2 },
  ],
};
const array = (...shape: number[]): Tensor => ({
  shape,
  data: new Float32Array(shape.reduce((a, b) => a * b, 1)).map((_, k) => ((k * 5) % 13) / 16 - 0.375),
});

it.each<[string, MemoryRequest]>([
  ['sizes', { cell: 'lstm', N: 3, T: 4, D: 2, M: [5, 4], K: 1 }],
  ['the rules of a framework', { cell: 'gru', N: 2, T: 3, D: 2, framework: 'torch' }],
  ['draws of a framework', { cell: 'gru', N: 2, T: 3, D: 2, rng: 'torch', inputRng: 'numpy', init: 'torch', seed: '5' }],
  ['one line', { layers: 'rnn:5+seq,dense:3@softmax', T: 4, D: 2, N: 2, seed: '9' }],
  ['nothing', {}],
])('a network of %s has the numbers of the command line', async (_, request) => {
  const line = await runForward({ ...(request as object), engine: 'batched' });
  const { weights, output } = await forward(request);
  expect(sha256(output.y)).toBe(line.ySha256);
  expect([...weights.keys()].length).toBeGreaterThan(0);
  const network = { ...request, rng: undefined, inputRng: undefined, init: undefined, seed: undefined };
  expect(await shapes(network)).toEqual(await runShapes(network as object));
});

it('a spec is taken in place of flags, by the rules of its framework', async () => {
  const { network, input, output } = await forward({ spec: SPEC, seed: '3' });
  expect(network).toMatchObject({ framework: 'keras', weightsSource: null, notes: [], assumptions: [] });
  expect([input.x.shape, output.y.shape]).toEqual([
    [2, 4, 3],
    [2, 2],
  ]);
  const ofTorch = await forward({ spec: SPEC, seed: '3', framework: 'torch' });
  expect(ofTorch.network.framework).toBe('torch');
  // a second bias, and the reset behind the product
  expect(ofTorch.weights.get('gru_1/bh')!.shape).toEqual([2, 15]);
});

it.each([[[]], [null], [3], ['lstm:3'], [[{ layers: [] }]]])('a spec that is no object (%j) is refused as that', async spec => {
  const message = expect.stringContaining('expected an object that describes the spec');
  await expect(networkInMemory({ spec } as never)).rejects.toMatchObject({ code: 'E_SPEC_TYPE', message });
});

it('the seed is 42 unless another is given', async () => {
  const of = async (request: MemoryRequest) => sha256((await forward(request)).output.y);
  expect(await of({ spec: SPEC })).toBe(await of({ spec: SPEC, seed: '42' }));
  expect(await of({ spec: SPEC })).not.toBe(await of({ spec: SPEC, seed: '43' }));
});

it('numbers that are given are used, and only the rest is drawn', async () => {
  const drawn = await forward({ spec: SPEC });
  const weights = new Map([...drawn.weights].map(([name, t]) => [name, array(...t.shape)]));
  const x = array(2, 4, 3);
  const [both, ofWeights, ofInput] = [
    await forward({ spec: SPEC, weights, input: { x } }),
    await forward({ spec: SPEC, weights }),
    await forward({ spec: SPEC, input: { x } }),
  ];
  expect([both.weights, both.input.x]).toEqual([weights, x]);
  expect([ofWeights.weights, ofWeights.input.x]).toEqual([weights, drawn.input.x]);
  expect([ofInput.weights, ofInput.input.x]).toEqual([drawn.weights, x]);
  expect(new Set([drawn, both, ofWeights, ofInput].map(({ output }) => sha256(output.y))).size).toBe(4);
});

it('the engine, the type of its numbers and its trace are those that were asked for', async () => {
  const [plain, manual, double, traced] = [
    await forward({ spec: SPEC }),
    await forward({ spec: SPEC, engine: 'manual' }),
    await forward({ spec: SPEC, dtype: 'f64' }),
    await forward({ spec: SPEC, trace: true }),
  ];
  expect(plain.output.y.data).toBeInstanceOf(Float32Array);
  expect(double.output.y.data).toBeInstanceOf(Float64Array);
  expect(sha256(traced.output.y)).toBe(sha256(plain.output.y));
  expect(sha256(manual.output.y)).not.toBe(sha256(plain.output.y));
  manual.output.y.data.forEach((v, k) => {
    expect(Math.abs(v - plain.output.y.data[k])).toBeLessThan(1e-6);
  });
  expect([plain, traced].map(({ output }) => output.layers.get('gru_1')?.traces?.[0]?.states[0].shape)).toEqual([undefined, [2, 4, 5]]);
});

it('the hand calculation of a unit ends at its h, and needs a trace', async () => {
  const run = await forward({ spec: SPEC, trace: true, dtype: 'f64' });
  const steps = [...handCalculation(run, { sample: 2, step: 3, unit: 4 })];
  const h = run.output.layers.get('gru_1')!.traces![0].states[0].data[(1 * 4 + 2) * 5 + 3];
  expect(steps).toHaveLength(1);
  expect(steps[0].lines.at(-1)!.values[3]).toBeCloseTo(h, 12);
});

it.each<[string, MemoryRequest, object]>([
  ['a weight that is missing', { weights: new Map() }, { code: 'E_WEIGHT_MISSING', exit: 3 }],
  ['a spec that is none', { spec: { layers: 3 } }, { exit: 3 }],
  ['an x of another size', { input: { x: array(2, 4, 7) } }, { code: 'E_INPUT_SHAPE', exit: 3 }],
])('%s is refused', async (_, request, error) => {
  await expect(forward({ spec: SPEC, ...request })).rejects.toMatchObject(error);
});

it('a weight of another shape is refused by its name', async () => {
  const { weights } = await forward({ spec: SPEC });
  const other = new Map(weights).set('gru_1/Wh', array(5, 14));
  await expect(forward({ spec: SPEC, weights: other })).rejects.toMatchObject({ code: 'E_WEIGHT_SHAPE' });
});

import { batched } from '../../src/engines/batched/engine.js';
import { forgetKernels } from '../../src/engines/batched/kernel.js';
import { manual } from '../../src/engines/manual.js';
import { measureNoise, type NoiseOptions } from '../../src/run/comparing/noise.js';
import { executeWith } from '../../src/run/execute.js';
import { prepare } from '../../src/run/prepare.js';
import type { ForwardRequest } from '../../src/run/request.js';
import { array, temporaryFolder } from '../helpers/files.js';
import { compiledKernel } from '../helpers/kernel.js';

/**
 * The noise that a verdict is measured against: what is measured of some samples alone is theirs, whatever they start from, leave out or read beside x.
 * y in float64 is that of the other engine.
 */
const { write } = temporaryFolder();
const FLOAT32: NoiseOptions = { threads: undefined, dtype: 'f32' };
const lists = (t: { shape: readonly number[]; data: ArrayLike<number> }): unknown => {
  const [first, ...rest] = t.shape;
  const size = t.data.length / first;
  const row = (i: number) => Array.from(t.data).slice(i * size, (i + 1) * size);
  return Array.from({ length: first }, (_, i) => (rest.length === 0 ? t.data[i] : lists({ shape: rest, data: row(i) })));
};
const saved = (name: string, value: unknown) => write(`${name}.json`, JSON.stringify(value));
const states = (seed: number, ...shape: number[]) =>
  saved(`s${seed}`, lists({ shape, data: array(...shape).data.map((v, k) => v * (1 + ((k * seed) % 5))) }));

const two = saved('two', {
  inputs: [
    { name: 'left', timesteps: 4, features: 2 },
    { name: 'right', shape: [3] },
  ],
  layers: [
    { kind: 'gru', name: 'g', units: 3, inputs: ['left'] },
    { kind: 'op', op: 'Mul', name: 'm', inputs: ['g', 'right'] },
    { kind: 'dense', name: 'd', units: 2, inputs: ['m'] },
  ],
});

const NETWORKS: Readonly<Record<string, ForwardRequest>> = {
  'one value for each sample': { layers: 'rnn:3,dense:1', N: 4, T: 5, D: 2 },
  'every step': { layers: 'gru:3+seq,dense:2@softmax', N: 4, T: 3, D: 2 },
  'first states': { layers: 'lstm:3,dense:2', N: 4, T: 5, D: 2, h0: states(2, 4, 3), c0: states(3, 4, 3) },
  lengths: { layers: 'lstm:3,dense:2', N: 4, T: 5, D: 2, lengths: '5,2,1,4' },
  'lengths and first states': { layers: 'bigru:3+seq', N: 4, T: 3, D: 2, lengths: '3,1,2,3', h0: states(4, 2, 4, 3) },
  'several inputs': { model: two, N: 4 },
};

const CHOSEN = [[2, 0], [1], [3, 1, 2], [0, 1, 2, 3]];

describe.each(Object.entries(NETWORKS))('of %s', (_, request) => {
  async function measured() {
    const prepared = await prepare(request);
    const { network, weights, input } = prepared;
    const { y } = await executeWith(manual, network.model, weights, input, { dtype: 'f64' });
    const noise = await measureNoise(prepared, FLOAT32);
    return { y, noise, size: y.data.length / noise.samples };
  }

  it.each(CHOSEN.map(chosen => [chosen]))('samples %j alone have their own y in float64, and no other has one', async chosen => {
    const { y, noise, size } = await measured();
    expect(noise.samples).toBe(4);
    await noise.refine(chosen);
    for (let n = 0; n < 4; n++)
      for (let k = n * size; k < (n + 1) * size; k++) {
        if (chosen.includes(n)) expect(Math.abs(noise.exact[k] - y.data[k])).toBeLessThan(1e-13);
        else expect(noise.exact[k]).toBeNaN();
      }
  });

  it('measuring some samples again or more closely changes what is known of them alone, and never lowers it below the first look by half', async () => {
    const { y, noise, size } = await measured();
    const first = [...noise.moved];
    const scale = Math.max(...Array.from(y.data, Math.abs));
    expect(first.every(v => v >= 0 && v < 1e-5 * Math.max(1, scale))).toBe(true);
    expect(first.some(v => v > 0)).toBe(true);
    await noise.repeat([2]);
    await noise.refine([0]);
    noise.moved.forEach((v, k) => {
      const n = Math.floor(k / size);
      if (n === 1 || n === 3) expect(v).toBe(first[k]);
      expect(v).toBeGreaterThanOrEqual(first[k]);
      expect(v).toBeLessThan(1e-5 * Math.max(1, scale));
    });
  });
});

it('of a network whose states pass from call to call is that of all samples at once', async () => {
  const model = saved('kept', {
    input: { batch: 2, timesteps: 4, features: 2 },
    layers: [
      { kind: 'gru', name: 'g', units: 3, stateful: true },
      { kind: 'dense', name: 'd', units: 2 },
    ],
  });
  const prepared = await prepare({ model, N: 2 });
  const noise = await measureNoise(prepared, FLOAT32);
  const { y } = await executeWith(manual, prepared.network.model, prepared.weights, prepared.input, { dtype: 'f64' });
  expect(noise.samples).toBe(0);
  await noise.refine([0]);
  for (const [k, v] of noise.exact.entries()) expect(Math.abs(v - y.data[k])).toBeLessThan(1e-13);
});

it('has a floor of four units in the last place of y, and of what is added up for it in a dense layer', async () => {
  const headless = await prepare({ layers: 'gru:3', N: 3, T: 4, D: 2 });
  const alone = await measureNoise(headless, FLOAT32);
  const { y } = await executeWith(manual, headless.network.model, headless.weights, headless.input, { dtype: 'f64' });
  for (const [k, v] of alone.floor.entries()) expect(v / (4 * 2 ** -23 * Math.abs(y.data[k]))).toBeCloseTo(1, 4);

  const prepared = await prepare({ layers: 'gru:3,dense:2', N: 3, T: 4, D: 2, init: 'torch' });
  const noise = await measureNoise(prepared, FLOAT32);
  const { layers } = await executeWith(manual, prepared.network.model, prepared.weights, prepared.input, { dtype: 'f64' });
  const [h, W, b] = [layers.get('gru_1')!.tensor, prepared.weights.get('dense_1/Wo')!, prepared.weights.get('dense_1/bo')!];
  noise.floor.forEach((v, at) => {
    const [n, k] = [Math.floor(at / 2), at % 2];
    const terms = [0, 1, 2].map(m => Math.abs(h.data[3 * n + m] * W.data[2 * m + k]));
    expect(v / (4 * 2 ** -23 * (terms[0] + terms[1] + terms[2] + Math.abs(b.data[k])))).toBeCloseTo(1, 3);
  });
});

it('has a floor of a unit in the last place of 1 behind sigmoid and tanh, however small y is, but never half of what decides', async () => {
  for (const activation of ['sigmoid', 'tanh']) {
    const prepared = await prepare({ layers: `gru:3,dense:2@${activation}`, N: 3, T: 4, D: 2 });
    const { floor } = await measureNoise(prepared, FLOAT32);
    expect(Math.min(...floor)).toBeGreaterThanOrEqual(2 ** -23);
    expect(Math.max(...floor)).toBeLessThan(2 ** -19);
  }
  const prepared = await prepare({ layers: 'gru:3,dense:2@sigmoid', N: 3, T: 4, D: 2 });
  const weights = new Map([...prepared.weights, ['dense_1/bo', { shape: [2], data: Float32Array.of(-20, 0) }]]);
  const noise = await measureNoise({ ...prepared, weights }, FLOAT32);
  await noise.refine([0]);
  expect(noise.exact[0]).toBeLessThan(1e-8);
  expect(noise.floor[0]).toBeGreaterThanOrEqual(2 ** -23);
});

describe('of a large network whose steps can be run in pieces', () => {
  beforeAll(() => compiledKernel());
  afterAll(forgetKernels);

  /** What the first four roundings of all steps do to y, and what was measured. */
  async function both(layers: string) {
    const prepared = await prepare({ layers, N: 6, T: 48, D: 20 });
    const { network, weights, input } = prepared;
    const run = async (jitter?: number) => {
      const rounding = jitter === undefined ? {} : { jitter };
      return (await executeWith(batched, network.model, weights, input, { dtype: 'f32', rounding })).y.data;
    };
    const right = await run();
    const runs = [await run(0), await run(1), await run(2), await run(3)];
    const whole = Array.from(right, (v, k) => Math.hypot(...runs.map(y => y[k] - v)) / 2);
    const measured = [...(await measureNoise(prepared, FLOAT32)).moved];
    const ratio = Math.hypot(...measured) / Math.hypot(...whole);
    return { whole, measured, ratio };
  }

  it.each(['lstm:140', 'gru:130+seq,lstm:60,dense:7'])('that forgets, is measured on the last steps, and as large: %s', async layers => {
    const { whole, measured, ratio } = await both(layers);
    expect(measured).not.toEqual(whole);
    expect(ratio).toBeGreaterThan(0.8);
    expect(ratio).toBeLessThan(1.25);
  });

  // orthogonal recurrent weights and no activation: every step is in y as it was
  it('that forgets nothing, is measured on all steps', async () => {
    const { ratio } = await both('rnn:270@linear');
    expect(ratio).toBeGreaterThan(0.9);
    expect(ratio).toBeLessThan(1.1);
  });

  it('with every step in y, is measured on all steps', async () => {
    const { whole, measured } = await both('gru:150+seq');
    expect(Math.max(...measured.map((v, k) => Math.abs(v - whole[k])))).toBeLessThan(1e-15);
  });
});

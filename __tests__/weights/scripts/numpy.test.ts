import { drawInputFrom, drawNetwork } from '../../../src/weights/draw.js';
import { scripts } from '../../../src/weights/scripts/index.js';
import { flat, readCase } from '../../helpers/reference.js';
import { mostUlps } from '../../random/reference.js';
import { networkOf } from './network.js';

/** numpy_scripts.json: what the script beside it draws with NumPy itself. */
const cases = readCase('seeds', 'numpy_scripts').cases as any[];
const drawn = cases.filter(c => c.weights);

describe.each(drawn.map(c => [c.rng, c.seed, c.init, c] as const))('%s, seed %i, init %s', (rng, seed, init, record) => {
  const { model, shapes } = networkOf('bilstm:4,dense:2', 3);
  const request = { seed: `${seed}`, rng, init, frameworkInit: 'keras', input: { shape: [2, 3, 3], tokens: null } };
  const { weights, x } = drawNetwork(model, shapes, request);

  it('draws X first, as doubles', () => {
    expect(x!.data).toBeInstanceOf(Float64Array);
    expect(mostUlps(x!.data, flat(record.x.data))).toBeLessThanOrEqual(rng === 'pcg64' ? 0 : 1);
  });

  it('draws the weights in the order of their listing: uniforms bit for bit, orthogonal kernels to rounding', () => {
    expect([...weights.keys()]).toEqual(Object.keys(record.weights));
    for (const [key, { shape, data }] of Object.entries<any>(record.weights)) {
      const weight = weights.get(key)!;
      expect(weight.shape).toEqual(shape);
      const worst = Math.max(...flat(data).map((value, i) => Math.abs(value - weight.data[i])));
      expect(worst).toBeLessThanOrEqual(init === 'keras' && key.endsWith('Wh') ? 1e-14 : 0);
    }
  });

  it('draws the same weights without X only where X does not come first', () => {
    const alone = drawNetwork(model, shapes, { ...request, input: null }).weights;
    expect(alone.get('dense_1/Wo')).not.toEqual(weights.get('dense_1/Wo'));
    const other = drawNetwork(model, shapes, { ...request, inputRng: 'torch' });
    expect(other.weights).toEqual(alone);
    expect([other.promise, other.inputPromise]).toEqual([rng === 'numpy' ? 'numpy-legacy/v1' : 'numpy-pcg64/v1', 'torch-cpu/v1']);
  });
});

it.each(cases.filter(c => c.tokens).map(c => [c.rng, c.seed, c] as const))('%s, seed %i: token numbers', (rng, seed, record) => {
  expect([...drawInputFrom(rng, `${seed}`, { shape: record.x.shape, tokens: record.tokens }).x.data]).toEqual(flat(record.x.data));
});

describe('scripts', () => {
  it('are the five that --rng names, each with the lines that are meant', () => {
    expect(scripts.map(script => script.name).sort()).toEqual(['keras', 'numpy', 'pcg64', 'seedrandom', 'torch']);
    for (const script of scripts) expect(script.lines.length).toBeGreaterThan(0);
  });

  it('are looked up by name', () => {
    const { model, shapes } = networkOf('rnn:5', 3);
    const wrong = () => drawNetwork(model, shapes, { seed: '1', rng: 'nmupy', frameworkInit: 'keras', input: null });
    expect(wrong).toThrow("unknown rng 'nmupy'");
  });

  it('seedrandom draws weights and X apart from each other', () => {
    const { model, shapes } = networkOf('gru:5,dense:2', 3);
    const request = { seed: '42', rng: 'seedrandom', frameworkInit: 'torch', input: { shape: [1, 2, 3], tokens: null } };
    const drawn = drawNetwork(model, shapes, request);
    expect(drawn.weights).toEqual(drawNetwork(model, shapes, { ...request, input: null }).weights);
    expect([drawn.init, drawn.promise, drawn.inputPromise]).toEqual(['torch', 'seedrandom/v1', 'seedrandom/v1']);
    expect([...drawn.x!.data].slice(0, 2)).toEqual([0.6118283867835999, -0.3071666359901428]);
  });
});

import { getEngine } from '../../../src/engines/index.js';
import { RnnError } from '../../../src/errors.js';
import { drawNetwork } from '../../../src/weights/draw.js';
import { expectClose } from '../../helpers/expectClose.js';
import { flat, readCase, recorded, recorded32 } from '../../helpers/reference.js';
import { mostUlps } from '../../random/reference.js';
import { networkOf } from './network.js';

const NETWORKS: Record<string, string> = {
  simple: 'rnn:5,dense:2',
  lstm: 'lstm:5,dense:2',
  gru: 'gru:5,dense:2',
  bilstm: 'bilstm:4,dense:2',
};
const seeds = readCase('seeds', 'keras_seeds').seeds as Record<string, Record<string, any>>;
const cases = Object.entries(seeds).flatMap(([seed, nets]) => Object.entries(nets).map(([net, record]) => [seed, net, record] as const));

function draw(text: string, seed: string, shape: readonly number[] = [2, 10, 3]) {
  const { model, shapes } = networkOf(text, 3);
  return { model, ...drawNetwork(model, shapes, { seed, rng: 'keras', frameworkInit: 'keras', input: { shape, tokens: null } }) };
}

describe.each(cases)('keras.utils.set_random_seed(%s), %s', (seed, net, record) => {
  const { model, weights, x, promise, inputPromise, init } = draw(NETWORKS[net], seed);

  it('gives X to one ulp', () => {
    expect(x!.shape).toEqual(record.X.shape);
    expect(mostUlps(x!.data, flat(record.X.data))).toBeLessThanOrEqual(1);
  });

  it('gives every kernel bit for bit, orthogonal ones to 5e-7', () => {
    expect(weights.size).toBe(record.weights.length);
    [...weights].forEach(([name, weight], i) => {
      const expected = recorded32(record.weights[i]);
      expect(record.weights[i].name.includes('backward')).toBe(name.includes('backward'));
      if (name.endsWith('Wh')) expectClose(weight, expected, 5e-7);
      else expect([weight.shape, [...weight.data]]).toEqual([expected.shape, [...expected.data]]);
    });
  });

  it.each(['manual', 'batched'] as const)('gives what predict gave, by the %s engine', async name => {
    const engine = getEngine(name);
    const { y } = await engine.run(model, weights, { x: x! }, { dtype: engine.defaultDtype, threads: 1, trace: false });
    expectClose(y, recorded(record.predict), 2e-6);
  });

  it('names the sequences', () => {
    expect([promise, inputPromise, init]).toEqual(['keras-philox/v1', 'numpy-legacy/v1', 'keras']);
  });
});

describe("the notebook's two runs from their seeds alone", () => {
  it.each([
    ['N1', '0', 1],
    ['N4', '42', 4],
  ] as const)('%s: X, weights and predict of seed %s', async (run, seed, N) => {
    const record = readCase('', 'notebook')[run];
    const { model, weights, x } = draw('rnn:5,dense:2', seed, [N, 10, 3]);
    expect(mostUlps(x!.data, flat(record.X.data))).toBeLessThanOrEqual(1);
    for (const [key, name] of [
      ['rnn_1/Wx', 'Wx'],
      ['rnn_1/bh', 'bh'],
      ['dense_1/Wo', 'Wo'],
      ['dense_1/bo', 'bo'],
    ]) {
      expect([...weights.get(key)!.data]).toEqual([...recorded32(record[name]).data]);
    }
    expectClose(weights.get('rnn_1/Wh')!, recorded32(record.Wh), 5e-7);
    const { y } = await getEngine('batched').run(model, weights, { x: x! }, { dtype: 'f32', threads: 1, trace: false });
    expectClose(y, recorded(record.predict), 2e-6);
  });
});

describe('the order in which Keras draws', () => {
  const first = (text: string, key: string) => [...draw(text, '7').weights.get(key)!.data].slice(0, 4);

  it('one seed for a Dropout that drops, none for one that does not, none for layers without chance', () => {
    const alone = first('rnn:5,dense:2', 'dense_1/Wo');
    expect(first('rnn:5+seq,dropout:0,maxpool,dense:2', 'dense_1/Wo')).toEqual(alone);
    expect(first('rnn:5,dropout:0.5,dense:2', 'dense_1/Wo')).not.toEqual(alone);
    // Dropout takes the third seed of the sequence, so a Dense after it has the kernel of a Dense after two layers' worth
    expect(first('dropout:0.5,rnn:5,dense:2', 'rnn_1/Wx')).not.toEqual(first('rnn:5,dense:2', 'rnn_1/Wx'));
  });

  it('SimpleRNN draws for its dropout first, LSTM and GRU last: the seeds of the kernels are those of the sequence', () => {
    // dropout:p before a GRU takes the seed that SimpleRNN's own dropout takes
    const afterDropout = draw('dropout:0.5,gru:5', '7').weights.get('gru_1/Wh')!;
    const third = draw('rnn:5', '7').weights;
    const shape = [...third.get('rnn_1/Wx')!.data];
    expect(afterDropout.shape).toEqual([5, 15]);
    // the same seed: glorot kernels of equal shape are proportional to their limits
    const gru = [...draw('dropout:0.5,gru:5', '7').weights.get('gru_1/Wx')!.data];
    const scale = Math.sqrt(8) / Math.sqrt(18);
    shape.forEach((value, i) => {
      expect(gru[i]).toBeCloseTo(value * scale, 6);
    });
  });

  it('a stack draws layer by layer, an embedding once', () => {
    const { model, shapes } = networkOf('embedding:20x6,lstm:4,gru:3,dense:2', 3);
    const { weights, x } = drawNetwork(model, shapes, {
      seed: '3',
      rng: 'keras',
      frameworkInit: 'keras',
      input: { shape: [4, 10], tokens: 20 },
    });
    expect([...weights.keys()]).toEqual([
      'embedding_1/E',
      'lstm_1/Wx',
      'lstm_1/Wh',
      'lstm_1/bh',
      'gru_2/Wx',
      'gru_2/Wh',
      'gru_2/bh',
      'dense_1/Wo',
      'dense_1/bo',
    ]);
    const table = weights.get('embedding_1/E')!;
    expect(Math.max(...table.data.map(Math.abs))).toBeLessThanOrEqual(Math.fround(0.05));
    expect(Math.max(...x!.data)).toBeLessThan(20);
    expect(x!.shape).toEqual([4, 10]);
  });

  it('does not depend on X, which comes from NumPy', () => {
    const { model, shapes } = networkOf('lstm:5,dense:2', 3);
    const without = drawNetwork(model, shapes, { seed: '7', rng: 'keras', frameworkInit: 'keras', input: null });
    expect(without.x).toBeNull();
    expect(without.weights).toEqual(draw('lstm:5,dense:2', '7').weights);
  });
});

describe('what Keras has not', () => {
  it.each([['lstm:5+proj=3', 'Keras has no projection in an LSTM']])('%s is refused by name', (text, message) => {
    expect(() => draw(text, '1')).toThrow(RnnError);
    expect(() => draw(text, '1')).toThrow(message);
  });

  it('refuses seeds NumPy would refuse', () => {
    expect(() => draw('rnn:5', '-1')).toThrow("keras.utils.set_random_seed does not take the seed '-1'");
    expect(() => draw('rnn:5', 'abc')).toThrow('keras.utils.set_random_seed');
  });

  it('refuses another initialiser than its own', () => {
    const { model, shapes } = networkOf('rnn:5', 3);
    const wrong = () => drawNetwork(model, shapes, { seed: '1', rng: 'keras', init: 'torch', frameworkInit: 'keras', input: null });
    expect(wrong).toThrow("--rng keras supports only keras's own initialisation, not 'torch'");
  });
});

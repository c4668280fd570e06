import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WeightShape } from '../../src/cells/cell.js';
import { RnnError } from '../../src/errors.js';
import { checkSpec } from '../../src/model/check.js';
import { inferShapes, weightShapesByLayer } from '../../src/model/shapes.js';
import type { CellName, DenseSpec, EmbeddingSpec, LayerSpec, ModelSpec, RecurrentSpec } from '../../src/model/spec.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { drawInput, drawWeights } from '../../src/weights/init.js';
import { initializers } from '../../src/weights/initializers/index.js';
import type { WeightShapes } from '../../src/weights/weights.js';

const GATES = { rnn: 1, lstm: 4, gru: 3, mgu: 2 };

function recurrent(kind: CellName, units: number, more: Partial<RecurrentSpec> = {}): RecurrentSpec {
  return {
    kind,
    name: `${kind}_1`,
    inputs: ['input'],
    trainable: true,
    units,
    activation: { name: 'tanh' },
    recurrentActivation: null,
    outputActivation: null,
    returnSequences: false,
    inferredSequences: false,
    useBias: true,
    twoBiases: false,
    resetAfter: true,
    goBackwards: false,
    stateful: false,
    bidirectional: null,
    projection: null,
    zeroOutputForMask: false,
    peepholes: false,
    clip: null,
    inputForget: false,
    unitForgetBias: true,
    ...more,
  } as RecurrentSpec;
}

function dense(units: number): DenseSpec {
  return {
    kind: 'dense',
    name: 'dense_1',
    inputs: ['input'],
    trainable: true,
    units,
    activation: { name: 'linear' },
    useBias: true,
    timeDistributed: false,
    roundedInput: false,
  } as DenseSpec;
}

function weight(name: string, role: WeightShape['role'], shape: readonly number[]): WeightShape {
  return { name, role, shape, dims: shape.map(String), gates: null, formula: shape.join('*') };
}

/** the weights of a recurrent layer with D inputs, as the cells list them */
function shapesOf(layer: RecurrentSpec, D: number): WeightShape[] {
  const M = layer.units;
  const wide = GATES[layer.kind] * M;
  const P = layer.projection ?? M;
  const one = (prefix: string) => [
    weight(`${prefix}Wx`, 'kernel', [D, wide]),
    weight(`${prefix}Wh`, 'recurrentKernel', [P, wide]),
    weight(`${prefix}bh`, 'bias', layer.twoBiases ? [2, wide] : [wide]),
    ...(layer.projection ? [weight(`${prefix}Wp`, 'projection', [M, P])] : []),
    ...(layer.peepholes ? [weight(`${prefix}peepholes`, 'peepholes', [3, M])] : []),
  ];
  return layer.bidirectional ? [...one('forward/'), ...one('backward/')] : one('');
}

function modelOf(layers: readonly LayerSpec[]): ModelSpec {
  return {
    schema: 'rnn-cli/spec@2',
    name: 'model',
    functional: false,
    input: { name: 'input', batch: null, timesteps: 10, features: 3 },
    layers,
    output: layers[layers.length - 1].name,
  };
}

const dense1: [string, WeightShape[]] = ['dense_1', [weight('Wo', 'kernel', [5, 2]), weight('bo', 'bias', [2])]];

function draw(layer: LayerSpec, shapes: readonly WeightShape[], init: string, seed = '42'): Map<string, Tensor> {
  return new Map(drawWeights(modelOf([layer]), new Map([[layer.name, shapes]]), { seed, init, rng: 'seedrandom' }));
}

const values = (t: Tensor | undefined): number[] => Array.from(t!.data);
const largest = (t: Tensor | undefined): number => Math.max(...values(t).map(Math.abs));
const deviation = (t: Tensor | undefined): number => Math.sqrt(values(t).reduce((sum, v) => sum + v * v, 0) / t!.data.length);

describe('drawWeights', () => {
  it('gives the tutorial network the weights promised for seed 42', () => {
    const layer = recurrent('rnn', 5);
    const shapes: WeightShapes = new Map([[layer.name, shapesOf(layer, 3)], dense1]);
    const weights = drawWeights(modelOf([layer, dense(2)]), shapes, { seed: '42', init: 'keras', rng: 'seedrandom' });
    expect([...weights.keys()]).toEqual(['rnn_1/Wx', 'rnn_1/Wh', 'rnn_1/bh', 'dense_1/Wo', 'dense_1/bo']);
    expect(weights.get('rnn_1/Wx')!.data).toBeInstanceOf(Float32Array);
    expect(values(weights.get('rnn_1/Wx'))).toEqual([
      -0.010115188546478748, 0.5183038711547852, 0.7103175520896912, -0.5230191946029663, -0.7953325510025024, -0.7539620399475098,
      -0.07499746978282928, -0.5458449125289917, -0.32664379477500916, -0.5429289937019348, 0.5533533692359924, 0.5824416279792786,
      -0.23542508482933044, -0.4630218744277954, 0.5199294090270996,
    ]);
    expect(values(weights.get('rnn_1/Wh')).slice(0, 5)).toEqual([
      0.03390241414308548, -0.8039903044700623, -0.14792799949645996, -0.03502161055803299, -0.5738824009895325,
    ]);
    expect(values(weights.get('dense_1/Wo'))).toEqual([
      -0.16009590029716492, -0.8115211725234985, 0.3436505198478699, 0.901246190071106, -0.3526186943054199, -0.42141857743263245,
      -0.2850308120250702, -0.5666303634643555, -0.1332826465368271, 0.07951150089502335,
    ]);
    expect(values(weights.get('rnn_1/bh'))).toEqual([0, 0, 0, 0, 0]);
    expect(values(weights.get('dense_1/bo'))).toEqual([0, 0]);
  });

  it.each([
    ['keras', 'rnn', '04090105f542c65b8024dc6c65ca12fa16ebcc12dfad2b1478cca4f8d1ab3c54'],
    ['keras', 'lstm', '1c195dab852483dd55b447f8546c1373374ca4b62e5eaaa7168c3a1e9120e9f8'],
    ['torch', 'gru', 'f808e778effa0d8f7f7c5843e0da44017195792eb98b1978ddf133b21b19310c'],
    ['glorot_normal', 'lstm', 'ae22f0cfee524f88ec593bf4f05cd084935e7d30dddf447548cecdd00670ef64'],
    ['he_uniform', 'gru', 'd2cfb624fce4adea18adfbc759d35b8a6fc727a3e6f5c09a20020a52cfb1f783'],
  ] as const)('keeps the promise of %s for a bidirectional %s', (init, kind, sha256) => {
    const layer = recurrent(kind, 20, { bidirectional: 'concat' });
    const hash = createHash('sha256');
    for (const { data } of draw(layer, shapesOf(layer, 7), init).values()) hash.update(data);
    expect(hash.digest('hex')).toBe(sha256);
  });

  it('keeps every weight when a layer is added, and changes every drawn one with the seed', () => {
    const layer = recurrent('gru', 5);
    const shapes: WeightShapes = new Map([[layer.name, shapesOf(layer, 3)], dense1]);
    const alone = drawWeights(modelOf([layer]), shapes, { seed: '1', init: 'torch', rng: 'seedrandom' });
    const both = drawWeights(modelOf([dense(2), layer]), shapes, { seed: '1', init: 'torch', rng: 'seedrandom' });
    const other = drawWeights(modelOf([layer]), shapes, { seed: '2', init: 'torch', rng: 'seedrandom' });
    expect(both.size).toBe(5);
    for (const [key, { data }] of alone) {
      expect(both.get(key)!.data).toEqual(data);
      expect(other.get(key)!.data).not.toEqual(data);
    }
  });

  it('draws forward and backward apart', () => {
    const layer = recurrent('lstm', 4, { bidirectional: 'concat' });
    const weights = draw(layer, shapesOf(layer, 3), 'keras');
    expect(values(weights.get('lstm_1/forward/Wx'))).not.toEqual(values(weights.get('lstm_1/backward/Wx')));
    expect(values(weights.get('lstm_1/backward/bh'))).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
  });

  it('refuses an unknown initializer and names the nearest', () => {
    const layer = recurrent('rnn', 5);
    const wrong = () => draw(layer, shapesOf(layer, 3), 'glorot_unifrom');
    expect(wrong).toThrow(RnnError);
    expect(wrong).toThrow("unknown initializer 'glorot_unifrom'");
    try {
      wrong();
    } catch (error) {
      expect((error as RnnError).code).toBe('E_UNKNOWN_INITIALIZER');
      expect((error as RnnError).fix).toBe("did you mean 'glorot_uniform'?");
    }
  });
});

describe("Keras' defaults", () => {
  it.each(['rnn', 'lstm', 'gru'] as const)('limits the kernel of a %s by all its gates together', kind => {
    const layer = recurrent(kind, 40);
    const weights = draw(layer, shapesOf(layer, 30), 'keras');
    const limit = Math.sqrt(6 / (30 + GATES[kind] * 40));
    expect(largest(weights.get(`${kind}_1/Wx`))).toBeLessThanOrEqual(Math.fround(limit));
    expect(largest(weights.get(`${kind}_1/Wx`))).toBeGreaterThan(0.99 * limit);
    expect(deviation(weights.get(`${kind}_1/Wx`)) / (limit / Math.sqrt(3))).toBeCloseTo(1, 1);
  });

  it.each([
    ['rnn', 5],
    ['lstm', 7],
    ['gru', 19],
    ['lstm', 70],
  ] as const)('makes the recurrent kernel of a %s(%i) orthogonal as one matrix', (kind, units) => {
    const layer = recurrent(kind, units);
    const { shape, data } = draw(layer, shapesOf(layer, 3), 'keras').get(`${kind}_1/Wh`)!;
    expect(shape).toEqual([units, GATES[kind] * units]);
    expect(distanceFromIdentity(data, shape[0], shape[1])).toBeLessThan(1e-6);
  });

  it('makes the columns orthogonal where a matrix is higher than wide', () => {
    const data = draw(dense(3), [weight('Wo', 'kernel', [11, 3])], 'orthogonal').get('dense_1/Wo')!.data;
    const transposed = Float64Array.from({ length: 33 }, (_, i) => data[(i % 11) * 3 + Math.floor(i / 11)]);
    expect(distanceFromIdentity(transposed, 3, 11)).toBeLessThan(1e-6);
  });

  it('spreads orthogonal kernels over all directions: no element is preferred', () => {
    const first = Array.from(
      { length: 400 },
      (_, seed) => draw(dense(4), [weight('Wo', 'kernel', [4, 4])], 'orthogonal', `${seed}`).get('dense_1/Wo')!.data,
    );
    for (let i = 0; i < 16; i++) {
      expect(Math.abs(first.reduce((sum, w) => sum + w[i], 0) / 400)).toBeLessThan(0.1); // mean 0, deviation 0.025
      expect(first.reduce((sum, w) => sum + w[i] * w[i], 0) / 400).toBeCloseTo(0.25, 1);
    }
  });

  it('starts the forget gate of an LSTM at 1, in the first of two rows, unless told not to', () => {
    const zeros = [0, 0, 0];
    const ones = [1, 1, 1];
    const bias = (more: Partial<RecurrentSpec>) => {
      const layer = recurrent('lstm', 3, more);
      return values(draw(layer, shapesOf(layer, 2), 'keras').get('lstm_1/bh'));
    };
    expect(bias({})).toEqual([...zeros, ...ones, ...zeros, ...zeros]);
    expect(bias({ twoBiases: true })).toEqual([...zeros, ...ones, ...zeros, ...zeros, ...zeros, ...zeros, ...zeros, ...zeros]);
    expect(bias({ unitForgetBias: false })).toEqual(new Array(12).fill(0));
    const gru = recurrent('gru', 3, { twoBiases: true });
    expect(values(draw(gru, shapesOf(gru, 2), 'keras').get('gru_1/bh'))).toEqual(new Array(18).fill(0));
  });

  it('draws embeddings within 0.05, projections and peepholes as kernels', () => {
    const embedding = {
      kind: 'embedding',
      name: 'embedding_1',
      inputs: ['input'],
      trainable: true,
      tokens: 50,
      units: 20,
      maskZero: false,
    } as EmbeddingSpec;
    const vectors = draw(embedding, [weight('E', 'embeddings', [50, 20])], 'keras').get('embedding_1/E');
    expect(largest(vectors)).toBeLessThanOrEqual(Math.fround(0.05));
    expect(largest(vectors)).toBeGreaterThan(0.0495);
    const layer = recurrent('lstm', 40, { projection: 30, peepholes: true });
    const weights = draw(layer, shapesOf(layer, 3), 'keras');
    expect(largest(weights.get('lstm_1/Wp'))).toBeLessThanOrEqual(Math.sqrt(6 / 70));
    expect(largest(weights.get('lstm_1/Wp'))).toBeGreaterThan(0.99 * Math.sqrt(6 / 70));
    expect(largest(weights.get('lstm_1/peepholes'))).toBeGreaterThan(0.9 * Math.sqrt(6 / 43));
  });
});

describe("PyTorch's defaults", () => {
  it('draws everything of a recurrent layer within one over the root of its units', () => {
    const layer = recurrent('lstm', 16, { twoBiases: true, projection: 6 });
    const weights = draw(layer, shapesOf(layer, 100), 'torch');
    expect(weights.size).toBe(4);
    for (const t of weights.values()) {
      expect(largest(t)).toBeLessThanOrEqual(0.25);
      expect(largest(t)).toBeGreaterThan(0.24);
      expect(deviation(t) / (0.25 / Math.sqrt(3))).toBeCloseTo(1, 0);
    }
  });

  it('draws weight and bias of a dense layer within one over the root of its inputs', () => {
    const weights = draw(dense(70), [weight('Wo', 'kernel', [25, 70]), weight('bo', 'bias', [70])], 'torch');
    for (const t of weights.values()) {
      expect(largest(t)).toBeLessThanOrEqual(Math.fround(0.2));
      expect(largest(t)).toBeGreaterThan(0.18);
    }
  });

  it('draws embeddings standard normal', () => {
    const embedding = {
      kind: 'embedding',
      name: 'embedding_1',
      inputs: ['input'],
      trainable: true,
      tokens: 80,
      units: 60,
      maskZero: false,
    } as EmbeddingSpec;
    const vectors = draw(embedding, [weight('E', 'embeddings', [80, 60])], 'torch').get('embedding_1/E');
    expect(deviation(vectors)).toBeCloseTo(1, 1);
    expect(largest(vectors)).toBeGreaterThan(3);
  });
});

describe('initializers by name', () => {
  // limits and deviations as keras.initializers gives them for a (64, 128) matrix: __tests__/reference/keras_extra/initializers.json
  const reference = JSON.parse(readFileSync(join(__dirname, '../reference/keras_extra/initializers.json'), 'utf8')).rows as {
    initializer: string;
    shape: number[];
    std: number;
    limit?: number;
  }[];
  const rows = reference.filter(row => row.shape[0] === 64 && initializers.some(known => known.name === row.initializer));

  it('knows every initializer of the reference data', () => {
    expect(new Set(rows.map(row => row.initializer)).size).toBe(new Set(reference.map(row => row.initializer)).size);
  });

  it.each(rows.map(row => [row.initializer, row] as const))('%s has the deviation and limit Keras has', (name, row) => {
    const weights = draw(dense(128), [weight('Wo', 'kernel', row.shape), weight('bo', 'bias', [row.shape[1]])], name);
    const kernel = weights.get('dense_1/Wo');
    expect(kernel!.shape).toEqual(row.shape);
    expect(Math.abs(deviation(kernel) - row.std)).toBeLessThanOrEqual(0.02 * row.std);
    if (row.limit !== undefined) expect(largest(kernel)).toBeLessThanOrEqual(row.limit * (1 + 1e-7));
    expect(largest(weights.get('dense_1/bo'))).toBe(0);
  });

  it('offers the names Keras has, each once', () => {
    const names = initializers.map(known => known.name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.sort()).toEqual([
      'glorot_normal',
      'glorot_uniform',
      'he_normal',
      'he_uniform',
      'keras',
      'lecun_normal',
      'lecun_uniform',
      'ones',
      'orthogonal',
      'random_normal',
      'random_uniform',
      'standard_normal',
      'torch',
      'zeros',
    ]);
  });
});

describe('drawInput', () => {
  it('gives the input promised for seed 42', () => {
    const x = drawInput([1, 2, 3], { seed: '42' });
    expect(x.shape).toEqual([1, 2, 3]);
    expect(values(x)).toEqual([
      0.6118283867835999, -0.3071666359901428, 0.5389819145202637, -1.52291738986969, 1.1088467836380005, -0.5018279552459717,
    ]);
  });

  it('is a prefix of a longer input of the same seed', () => {
    expect(values(drawInput([4, 10, 3], { seed: '7' })).slice(0, 30)).toEqual(values(drawInput([1, 10, 3], { seed: '7' })));
  });

  it('draws every token number and no other', () => {
    const tokens = values(drawInput([20, 30], { seed: '3', tokens: 11 }));
    expect([...new Set(tokens)].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });
});

/** largest element of W·Wᵀ − I */
function distanceFromIdentity(w: ArrayLike<number>, rows: number, columns: number): number {
  let worst = 0;
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < rows; j++) {
      let sum = 0;
      for (let k = 0; k < columns; k++) sum += w[i * columns + k] * w[j * columns + k];
      worst = Math.max(worst, Math.abs(sum - (i === j ? 1 : 0)));
    }
  }
  return worst;
}

it('the scale of an attention begins as Keras has it, one, and that of additive attention is drawn, under every initializer', () => {
  const names = ['keras', 'torch', 'standard_normal', 'glorot_uniform'] as const;
  for (const init of names) {
    const layers = [
      { kind: 'attention', name: 'a', inputs: ['x', 'x'], useScale: true, score: 'concat' },
      { kind: 'additiveattention', name: 'b', inputs: ['a', 'x'], useScale: true },
    ];
    const model = checkSpec({ functional: true, inputs: [{ name: 'x', timesteps: 4, features: 3 }], layers, outputs: ['b'] });
    const weights = drawWeights(model, weightShapesByLayer(inferShapes(model)), { seed: '3', init, rng: 'seedrandom' });
    expect([init, [...weights.get('a/scale')!.data], [...weights.get('a/w')!.data]]).toEqual([init, [1], [1]]);
    const drawn = [...weights.get('b/scale')!.data];
    expect([init, drawn.length, drawn.every(Number.isFinite), new Set(drawn).size]).toEqual([init, 3, true, 3]);
  }
});

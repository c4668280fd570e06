import { getEngine } from '../../src/engines/index.js';
import { checkSpec } from '../../src/model/check.js';
import { inferShapes, weightShapesByLayer } from '../../src/model/shapes.js';
import { sizeOf, type Tensor } from '../../src/tensor/tensor.js';
import { drawInput, drawWeights } from '../../src/weights/init.js';
import { expectNear } from '../helpers/expectClose.js';

/** An attention mask may have sizes of 1 in place of the samples' own numbers of steps and values, as in Keras: they stand for all. */
const [N, T, S] = [2, 4, 5];
const QUERY = drawInput([N, T, 3], { seed: '1' });
const VALUES = drawInput([N, S, 3], { seed: '2' });
const KINDS = [
  { kind: 'attention', score: 'dot' },
  { kind: 'attention', score: 'concat' },
  { kind: 'additiveattention' },
  { kind: 'multiheadattention', heads: 2, units: 3 },
];

async function attended(kind: object, mask: Tensor, engine: 'manual' | 'batched') {
  const inputs = [QUERY, VALUES, mask].map(({ shape }, i) => ({ name: `x${i}`, shape: shape.slice(1) }));
  const model = checkSpec({
    inputs,
    layers: [{ ...kind, attentionMask: true, name: 'y', inputs: inputs.map(({ name }) => name) }],
    output: 'y',
  });
  const weights = drawWeights(model, weightShapesByLayer(inferShapes(model)), { seed: '7', init: 'standard_normal', rng: 'seedrandom' });
  const others = new Map([VALUES, mask].map((t, i) => [`x${i + 1}`, t]));
  const options = { dtype: engine === 'manual' ? 'f64' : 'f32', threads: 1, trace: false } as const;
  return (await getEngine(engine).run(model, weights, { x: QUERY, others }, options)).y;
}

/** Every place hides something, and no row hides all. */
const truth = (shape: readonly number[]): Tensor => ({
  shape,
  data: Float32Array.from({ length: sizeOf(shape) }, (_, k) => Number(k % 3 !== 1)),
});

function whole({ shape: [n, t, s], data }: Tensor): Tensor {
  const places = Array.from({ length: N * T * S }, (_, k) => [Math.floor(k / (T * S)), Math.floor(k / S) % T, k % S]);
  return { shape: [N, T, S], data: Float32Array.from(places, ([i, j, k]) => data[((i % n) * t + (j % t)) * s + (k % s)]) };
}

describe.each(KINDS)('%j', kind => {
  it.each([[[N, 1, S]], [[N, T, 1]], [[N, 1, 1]]])('a mask %j hides what the whole mask hides', async shape => {
    for (const engine of ['manual', 'batched'] as const) {
      const [given, full] = await Promise.all([truth(shape), whole(truth(shape))].map(mask => attended(kind, mask, engine)));
      expectNear(given.data, full.data, 1e-6);
    }
  });
});

it.each(KINDS.slice(0, 3))('%j: one number for all values of a sample', async kind => {
  const ones = truth([N, 1]);
  const full = { shape: [N, S], data: Float32Array.from({ length: N * S }, (_, k) => ones.data[Math.floor(k / S)]) };
  expectNear((await attended(kind, ones, 'batched')).data, (await attended(kind, full, 'batched')).data, 1e-6);
});

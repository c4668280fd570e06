/** @jest-environment ./__tests__/helpers/hostArrays.cjs */
import { activations } from '../../src/activations/index.js';
import { toOnnxModel } from '../../src/conventions/onnx/write.js';
import { batched } from '../../src/engines/batched/engine.js';
import { manual } from '../../src/engines/manual.js';
import { isInstalled, onnxruntime } from '../../src/engines/onnxruntime.js';
import { graphsIn } from '../../src/formats/onnx/graph.js';
import { checkSpec } from '../../src/model/check.js';
import { inferShapes, weightShapesByLayer } from '../../src/model/shapes.js';
import { type ModelSpec, outputsOf } from '../../src/model/spec.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { drawWeights } from '../../src/weights/init.js';
import type { Weights } from '../../src/weights/weights.js';
import { expectClose, TOLERANCE } from '../helpers/expectClose.js';
import { randomStream } from '../helpers/randomNetworks.js';

/**
 * Masked networks as ONNX graphs, run node by node and by ONNX Runtime where it is installed, against the loop over every step. The samples are
 * whole, padded at either end, with gaps, and padding only.
 */
const OPTIONS = { dtype: 'f32', threads: 1, trace: false } as const;
const [N, T, D, M] = [5, 6, 3, 4];
const PADDING = 0.5;
const installed = isInstalled();

function padded(next: () => number): Tensor {
  const real = ['111111', '111000', '001110', '101101', '000000'];
  const data = Float32Array.from({ length: N * T * D }, (_, k) =>
    real[Math.floor(k / (T * D))][Math.floor(k / D) % T] === '1' ? next() * 2 - 1 : PADDING,
  );
  return { shape: [N, T, D], data };
}

async function sameAsGraph(spec: object): Promise<void> {
  const model: ModelSpec = checkSpec({ input: { features: D, timesteps: T }, ...spec }, 'keras');
  const shapes = inferShapes(model);
  const weights: Weights = drawWeights(model, weightShapesByLayer(shapes), { seed: '7', init: 'standard_normal', rng: 'seedrandom' });
  const x = padded(randomStream(11));
  const expected = await manual.run(model, weights, { x }, OPTIONS);
  const graph = toOnnxModel(model, shapes, weights);
  const read = new Set(
    graphsIn(graph.graph).flatMap(({ nodes, outputs }) => [...nodes.flatMap(n => n.inputs), ...outputs.map(o => o.name)]),
  );
  expect([...graph.graph.initializers.keys()].filter(name => !read.has(name))).toEqual([]);
  const byNode = await batched.runGraph({ model: graph, bytes: null }, new Map([['input', { kind: 'float' as const, ...x }]]), OPTIONS);
  const names = outputsOf(model).map(o => o.name);
  const outputs = [expected.y, ...names.slice(1).map(name => expected.others!.get(name)!)];
  expect(byNode.size).toBe(outputs.length);
  [...byNode.values()].forEach((y, i) => void expectClose(y, outputs[i], TOLERANCE.float32));
  if (!(await installed)) return;
  const there = await onnxruntime.run(model, weights, { x }, OPTIONS);
  [there.y, ...(there.others?.values() ?? [])].forEach((y, i) => void expectClose(y, outputs[i], 1e-5));
}

const MASKED = { kind: 'masking', name: 'm', value: PADDING };

describe('steps that are masked', () => {
  const ways = [{}, { goBackwards: true }, { bidirectional: 'concat' }, { bidirectional: 'ave', goBackwards: true }];
  const options = [{}, { zeroOutputForMask: true }, { zeroOutputForMask: true, unroll: true }];
  it.each(['rnn', 'lstm', 'gru'])('are left out by %s in every direction, its states among the outputs', async kind => {
    for (const way of ways)
      for (const option of options)
        for (const returnSequences of [true, false]) {
          const layer = { kind, name: 'r', units: M, ...way, ...option, returnSequences };
          const last = 'bidirectional' in way ? 'r/backward/h' : 'r/h';
          await sameAsGraph({ layers: [MASKED, layer], outputs: ['r', last].map(value => ({ name: value, value })) });
        }
  });

  // what the operators RNN, LSTM and GRU do not have is written as a Scan
  it.each([
    { kind: 'rnn', activation: 'gelu' },
    { kind: 'lstm', activation: 'silu', recurrentActivation: 'sparse_sigmoid' },
    { kind: 'lstm', projection: 3, useBias: false },
    { kind: 'lstm', activation: 'mish', outputActivation: 'tanh', peepholes: true, clip: 0.9, inputForget: true, twoBiases: true },
    { kind: 'gru', activation: 'squareplus', resetAfter: true },
    { kind: 'gru', activation: 'selu', resetAfter: false },
    { kind: 'mgu' },
  ])('are left out by %j, which no operator is', async cell => {
    for (const way of ways)
      for (const option of options) {
        const layer = { ...cell, name: 'r', units: M, ...way, ...option, returnSequences: 'unroll' in option };
        const last = 'bidirectional' in way ? 'r/backward/h' : 'r/h';
        await sameAsGraph({ layers: [MASKED, layer], outputs: ['r', last].map(value => ({ name: value, value })) });
      }
  });

  it('are those of the states a layer starts from, too', () =>
    sameAsGraph({
      layers: [
        MASKED,
        { kind: 'lstm', name: 'a', units: M, inputs: ['m'] },
        { kind: 'lstm', name: 'b', units: M, inputs: ['m'], states: ['a/h', 'a/c'], returnSequences: true },
      ],
      outputs: ['b', 'b/h', 'b/c'].map(value => ({ name: value, value })),
    }));

  it.each([
    ['several cells', { kind: 'stackedrnn', cells: [gru(2), { ...gru(3), kind: 'rnn' }], returnSequences: true, goBackwards: true }],
    [
      'two layers both ways',
      { kind: 'bidirectional', forward: gru(2), backward: { ...gru(2), kind: 'lstm', goBackwards: true }, merge: 'mul' },
    ],
    ['pools', { kind: 'avgpool' }],
    ['pools that keep the axis', { kind: 'avgpool', keepdims: true }],
    ['the last real step', { kind: 'last' }],
    ['a dense layer at every step', { kind: 'timedistributed', layer: { kind: 'dense', units: 2 } }],
  ])('are left out by %s', (_, layer) => sameAsGraph({ layers: [MASKED, layer] }));

  it.each([{}, { zeroOutputForMask: true, strides: [2] }, { goBackwards: true, returnSequences: true, padding: 'same', useBias: false }])(
    'are left out by a recurrence of convolutions with %j, its states given and among the outputs',
    options => {
      const rows = { kind: 'timedistributed', name: 'rows', layer: { kind: 'reshape', shape: [D, 1] }, inputs: ['m'] };
      const grid = { kind: 'convlstm1d', filters: 2, kernelSize: [2], goBackwards: false, ...options };
      return sameAsGraph({
        layers: [
          MASKED,
          rows,
          { ...grid, name: 'a', inputs: ['rows'] },
          {
            kind: 'bidirectional',
            name: 'both',
            forward: grid,
            backward: { ...grid, goBackwards: !grid.goBackwards },
            merge: 'concat',
            inputs: ['rows'],
          },
          { ...grid, name: 'b', inputs: ['rows'], states: ['a/c', 'a/h'], recurrentActivation: 'hard_sigmoid' },
        ],
        outputs: ['b', 'a', 'b/h', 'b/c', 'both', 'both/backward/c'].map(value => ({ name: value, value })),
      });
    },
  );

  it.each(['add', 'multiply', 'maximum', 'minimum', 'average', 'subtract', 'concatenate'])('are joined by %s', kind =>
    sameAsGraph({
      layers: [
        { kind: 'masking', name: 'm', value: PADDING, inputs: ['input'] },
        { kind: 'dense', name: 'd', units: D, inputs: ['input'] },
        { kind: 'masking', name: 'n', value: 0, inputs: ['input'] },
        { kind, name: 'j', inputs: ['m', 'n'] },
        { kind, name: 'k', inputs: ['d', 'm'] },
        { kind: 'lstm', name: 'a', units: M, inputs: ['j'] },
        { kind: 'lstm', name: 'b', units: M, inputs: ['k'] },
      ],
      outputs: ['a', 'b'].map(value => ({ name: value, value })),
    }),
  );

  it.each([
    { kind: 'attention', useScale: true },
    { kind: 'attention', score: 'concat', causal: true },
    { kind: 'additiveattention' },
    { kind: 'multiheadattention', heads: 2, units: 3, valueUnits: 2 },
    { kind: 'multiheadattention', heads: 2, units: 2, causal: true, outputUnits: 5, dropout: 0.1 },
  ])('are not looked at by %j', async layer => {
    const parts = [MASKED, { kind: 'gru', name: 'q', units: D, inputs: ['m'], returnSequences: true }];
    await sameAsGraph({ layers: [...parts, { ...layer, name: 'a', inputs: ['q', 'm'] }] });
    await sameAsGraph({ layers: [...parts, { ...layer, name: 'a', inputs: ['input', 'm', 'q'] }] });
  });
});

it.each([
  ['steps of masked steps', { maskZero: true }, { kind: 'lstm', units: 4 }],
  ['masked steps of a layer of each step', { maskZero: true }, { kind: 'avgpool' }],
  ['samples in two axes', {}, { kind: 'gru', units: 4, bidirectional: 'concat' }],
])('tokens [N, S, T]: %s', async (_, tokens, inner) => {
  const model = checkSpec({
    input: { shape: [4, 5], name: 't' },
    layers: [
      { kind: 'embedding', name: 'e', tokens: 6, units: 2, ...tokens },
      { kind: 'eachstep', name: 's' },
      { ...inner, name: 'r' },
      { kind: 'allsteps', name: 'y', inputs: ['e', 'r'] },
    ],
  });
  const shapes = inferShapes(model);
  const weights = drawWeights(model, weightShapesByLayer(shapes), { seed: '7', init: 'standard_normal', rng: 'seedrandom' });
  const next = randomStream(3);
  const t: Tensor = { shape: [3, 4, 5], data: Float64Array.from({ length: 60 }, () => Math.floor(next() * 6)) };
  const { y } = await manual.run(model, weights, { x: t }, OPTIONS);
  expect(y.shape.slice(0, 2)).toEqual([3, 4]);
  // sample 1, step 2 alone
  const alone = { shape: [1, 5], data: t.data.slice(30, 35) };
  const one = checkSpec({
    layers: [
      { kind: 'embedding', name: 'e', tokens: 6, units: 2, ...tokens },
      { ...inner, name: 'r' },
    ],
  });
  const expected = (await manual.run(one, weights, { x: alone }, OPTIONS)).y;
  const width = y.shape[2];
  expectClose({ shape: [1, width], data: y.data.slice(6 * width, 7 * width) }, expected, TOLERANCE.float64);
  const byNode = await batched.runGraph(
    { model: toOnnxModel(model, shapes, weights), bytes: null },
    new Map([['input', { kind: 'int', ...t }]]),
    OPTIONS,
  );
  expectClose([...byNode.values()][0], y, TOLERANCE.float32);
  if (await installed) expectClose((await onnxruntime.run(model, weights, { x: t }, OPTIONS)).y, y, 1e-5);
});

it.each(activations.map(a => a.name))('%s is the same in a graph, with other parameters too', async activation => {
  const others = {
    relu: { negative_slope: 0.3, max_value: 0.9, threshold: 0.2 },
    gelu: { approximate: true },
    threshold: { threshold: 0.1, default_value: 2 },
  };
  const more = {
    squareplus: { b: 2 },
    affine: { alpha: 2, beta: 0.3 },
    scaled_tanh: { alpha: 2, beta: 0.4 },
    soft_shrink: { threshold: 0.2 },
  };
  const own = { ...others, ...more }[activation as 'relu'];
  for (const spec of [activation, ...(own ? [{ name: activation, ...own }] : [])])
    await sameAsGraph({ layers: [{ kind: 'dense', units: 6, activation: spec }] });
});

it.each([[[1]], [[1, 2]], [[-1, 1]]])('a softmax over the axes %j is the same in a graph', axis =>
  sameAsGraph({ layers: [{ kind: 'activation', activation: 'softmax', axis, kerasClass: 'Softmax' }] }),
);

function gru(units: number): object {
  return { kind: 'gru', units, returnSequences: true };
}

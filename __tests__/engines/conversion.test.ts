/** @jest-environment ./__tests__/helpers/hostArrays.cjs */
import { keras } from '../../src/conventions/keras/keras.js';
import { toOnnxModel } from '../../src/conventions/onnx/write.js';
import { torch } from '../../src/conventions/torch/torch.js';
import { batched } from '../../src/engines/batched/engine.js';
import { finalStatesOf } from '../../src/engines/engine.js';
import { layersOfGraph } from '../../src/engines/graph/layersOf.js';
import { isInstalled, onnxruntime } from '../../src/engines/onnxruntime.js';
import { DEFAULT_LIMITS } from '../../src/formats/format.js';
import { getFormat, writeTensors } from '../../src/formats/index.js';
import type { OnnxModel } from '../../src/formats/onnx/graph.js';
import { writeOnnx } from '../../src/formats/onnx.js';
import { checkSpec } from '../../src/model/check.js';
import type { FrameworkName } from '../../src/model/frameworks.js';
import { inferShapes } from '../../src/model/shapes.js';
import { isRecurrent, type ModelSpec } from '../../src/model/spec.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import type { Weights } from '../../src/weights/weights.js';
import { expectClose, TOLERANCE } from '../helpers/expectClose.js';
import { type RandomNetwork, randomNetwork } from '../helpers/randomNetworks.js';
import { readTensors, readWhole } from '../helpers/readFormat.js';

/** Random networks: written to bytes, read back, y is the same to the last bit. 300 of each framework: `npm run roundtrips`. */
const COUNT = Number(process.env.ROUNDTRIPS ?? 80);
const OPTIONS = { dtype: 'f32', threads: 1, trace: false } as const;

async function y(model: ModelSpec, weights: Weights, x: Tensor): Promise<Tensor> {
  return (await batched.run(model, weights, { x }, OPTIONS)).y;
}

async function forAll(framework: FrameworkName, check: (network: RandomNetwork) => Promise<void>): Promise<void> {
  for (let seed = 0; seed < COUNT; seed++) {
    const network = randomNetwork(seed, framework);
    try {
      await check(network);
    } catch (error) {
      throw new Error(`seed ${seed}: ${JSON.stringify(network.model)}: ${error instanceof Error ? error.stack : error}`);
    }
  }
}

function expectSameBits(actual: Tensor, expected: Tensor): void {
  expect(actual.shape).toEqual(expected.shape);
  expect(Buffer.from(new Uint8Array((actual.data as Float32Array).slice().buffer))).toEqual(
    Buffer.from(new Uint8Array((expected.data as Float32Array).slice().buffer)),
  );
}

const installed = isInstalled();

describe(`${COUNT} random networks`, () => {
  it.each(['keras', 'torch', 'onnx'] as const)('of %s have every cell, direction, option and head', framework => {
    const seen = new Set<string>();
    for (let seed = 0; seed < COUNT; seed++) {
      const { model, shapes } = randomNetwork(seed, framework);
      seen.add(`output of ${shapes.output.length} axes`);
      seen.add(`depth ${model.layers.filter(isRecurrent).length}`);
      for (const layer of model.layers) {
        seen.add(layer.kind);
        if (!isRecurrent(layer)) continue;
        const { kind, bidirectional, useBias, projection, clip, goBackwards, resetAfter, peepholes, inputForget } = layer;
        const options = {
          bidirectional,
          useBias,
          goBackwards,
          ...(projection ? { projection: true } : {}),
          ...(clip ? { clip: true } : {}),
        };
        for (const [key, value] of Object.entries(options)) seen.add(`${kind} ${key} ${value}`);
        if (kind === 'gru') seen.add(`resetAfter ${resetAfter}`);
        if (peepholes) seen.add('peepholes');
        if (inputForget) seen.add('inputForget');
      }
    }
    const common = ['rnn', 'lstm', 'gru'].flatMap(kind => [
      kind,
      ...['bidirectional concat', 'bidirectional null'].map(w => `${kind} ${w}`),
    ]);
    const all = [...common, 'dense', 'maxpool', 'avgpool', 'last', 'output of 2 axes', 'output of 3 axes', 'depth 1', 'depth 2', 'depth 3'];
    const own = {
      keras: ['resetAfter true', 'resetAfter false', 'lstm goBackwards true', 'gru useBias false', 'rnn bidirectional sum'],
      torch: ['lstm projection true', 'lstm useBias false', 'gru useBias false'],
      onnx: ['peepholes', 'inputForget', 'gru clip true', 'lstm clip true', 'rnn clip true', 'resetAfter true', 'resetAfter false'],
    }[framework];
    expect([...all, ...own].filter(feature => !seen.has(feature))).toEqual([]);
  });

  it('come back bit for bit from get_weights() in .npz', () =>
    forAll('keras', async ({ model, shapes, weights, x }) => {
      const bytes = await writeTensors('npz', keras.fromWeights(shapes, weights));
      const back = keras.toWeights(shapes, (await readTensors(bytes)).tensors);
      expectSameBits(await y(model, back, x), await y(model, weights, x));
    }));

  it('come back bit for bit from a PyTorch state dict in .safetensors', () =>
    forAll('torch', async ({ model, shapes, weights, x }) => {
      const bytes = await writeTensors('safetensors', torch.fromWeights(shapes, weights));
      const { tensors } = await readTensors(bytes);
      expectSameBits(await y(model, torch.toWeights(shapes, tensors), x), await y(model, weights, x));
      const task = shapes.output.length === 3 ? 'many-to-many' : 'many-to-one';
      const pool = model.layers.find(l => l.kind === 'maxpool' || l.kind === 'avgpool' || l.kind === 'last')?.kind;
      if (pool === 'last' || (pool && task === 'many-to-many')) return;
      const hints = { task, pool: pool === 'maxpool' ? 'max' : pool === 'avgpool' ? 'mean' : 'last', timesteps: null } as const;
      const { input, layers } = torch.toSpec(tensors, { ...hints, features: model.input.features });
      const alone = checkSpec({ input, layers }, 'torch');
      expectSameBits(await y(alone, torch.toWeights(inferShapes(alone), tensors), x), await y(model, weights, x));
    }));

  it('come back bit for bit from ONNX, as the layers they were', () =>
    forAll('onnx', async ({ model, shapes, weights, x }) => {
      const bytes = await writeOnnx(toOnnxModel(model, shapes, weights));
      const file = await readWhole(getFormat('onnx'), bytes, DEFAULT_LIMITS);
      const graph = file.architecture as OnnxModel;
      const read = layersOfGraph(graph);
      const expected = await y(model, weights, x);
      if ('model' in read) {
        expect(read.exact).toBe(true);
        expectSameBits(await y(read.model, read.weights, x), expected);
      } else {
        if (!model.layers.some(l => isRecurrent(l) && l.goBackwards && l.bidirectional)) throw new Error(read.reason);
        expect(model.layers.some(l => isRecurrent(l) && l.goBackwards && l.bidirectional)).toBe(true);
      }
      const evaluated = await batched.runGraph({ model: graph, bytes: null }, new Map([['input', { kind: 'float', ...x }]]), OPTIONS);
      expectClose(evaluated.get('output')!, expected, TOLERANCE.float32);
    }));

  it('give the same y and final states in ONNX Runtime', async () => {
    if (!(await installed)) {
      console.warn('onnxruntime-node is not installed (npm ci --prefix bench): not compared with it');
      return;
    }
    await forAll('onnx', async ({ model, weights, x }) => {
      const theirs = await onnxruntime.run(model, weights, { x }, OPTIONS);
      const ours = await batched.run(model, weights, { x }, OPTIONS);
      expectClose(theirs.y, ours.y, TOLERANCE.float32);
      for (const { name } of model.layers.filter(isRecurrent)) {
        const [a, b] = [finalStatesOf(theirs, name)!, finalStatesOf(ours, name)!];
        expect(a.length).toBe(b.length);
        for (const [i, state] of a.entries()) expectClose(state, b[i], TOLERANCE.float32);
      }
    });
  });
});

import type { ModelShapes } from '../../src/model/shapes.js';
import { runCompareModels } from '../../src/run/comparing/compareModels.js';
import { runConvert } from '../../src/run/convert.js';
import { runForward } from '../../src/run/forward.js';
import { backendAssumptions } from '../../src/run/network/backend.js';
import { bytesOf, temporaryFolder } from '../helpers/files.js';

/** What Keras adds otherwise on TensorFlow is an assumption: the only long axis of b, not its last, has as many numbers as the last axis of x. */
const { write } = temporaryFolder();
const ones = (...shape: number[]) => ({ shape, data: new Float32Array(shape.reduce((a, b) => a * b)).fill(1) });
const adding = (T: number, D: number, value: unknown) => ({
  input: { timesteps: T, features: D },
  layers: [
    { kind: 'op', op: 'Add', name: 'added', operands: [null, value] },
    { kind: 'rnn', units: 2 },
  ],
});
const convolution = (filters: number) => ({
  functional: true,
  input: { name: 'x', shape: [3, 4, 5] },
  layers: [
    { kind: 'separable2d', name: 'conv', filters, kernelSize: [2, 2], padding: 'same', dataFormat: 'channels_first', inputs: ['x'] },
  ],
});
const rnn = (D: number) => ({ 'rnn_1/Wx': ones(D, 2), 'rnn_1/Wh': ones(2, 2), 'rnn_1/bh': ones(2) });
const separable = (filters: number) => ({
  arr_0: ones(2, 2, 3, 1),
  arr_1: ones(1, 1, 3, filters),
  arr_2: ones(filters),
});

it.each([
  ['a column for 4 steps of 4 features', adding(4, 4, [[1], [2], [3], [4]]), rnn(4), ['backend']],
  ['a column for 4 steps of 5 features', adding(4, 5, [[1], [2], [3], [4]]), rnn(5), []],
  ['a row for 4 steps of 4 features', adding(4, 4, [[1, 2, 3, 4]]), rnn(4), []],
  ['a number', adding(4, 4, 2), rnn(4), []],
  ['the bias of 5 channels of 4×5', convolution(5), separable(5), ['backend']],
  ['the bias of 6 channels of 4×5', convolution(6), separable(6), []],
])('%s', async (name, spec, tensors, facts) => {
  const model = write(`${name.length}.json`, Buffer.from(JSON.stringify({ framework: 'keras', ...spec })));
  const weights = write(`${name.length}.npz`, await bytesOf('npz', tensors));
  const { assumptions } = await runForward({ model, weights });
  expect(assumptions.map(({ fact }) => fact)).toEqual(facts);
  const whole = model.replace('.json', '.whole.json');
  const converted = await runConvert({ file: model, weights, output: whole, force: true });
  const compared = await runCompareModels({ files: [whole, whole] });
  expect([converted, compared].map(result => result.assumptions.map(({ fact }) => fact))).toEqual([facts, facts]);
});

it.each(['upsample2d', 'resize'])("%s: a cubic is TensorFlow's, and said to be", kind => {
  const said = (interpolation: string) => {
    const shapes = {
      layers: [{ layer: { kind, name: 'r', interpolation, inputs: ['x'] }, output: [], weights: [] }],
    } as unknown as ModelShapes;
    return backendAssumptions({ framework: 'keras', weightsSource: null, shapes }).map(({ what }) => what);
  };
  expect([said('bicubic'), said('bilinear')]).toEqual([["r has TensorFlow's cubic"], []]);
});

describe('an operator of Keras that is another number on another backend', () => {
  const said = (framework: string, op: string, kerasClass?: string) => {
    const layer = { kind: 'op', op, kerasClass, name: 'o', inputs: ['x'] };
    const shapes = { layers: [{ layer, output: [], weights: [] }] } as unknown as ModelShapes;
    return backendAssumptions({ framework, weightsSource: null, shapes }).map(({ what, value }) => `${value}: ${what}`);
  };

  it.each([
    ['ScatterND', 'SegmentMax', ['tensorflow: segments without any row are the lowest number of float32 in o']],
    ['ScatterND', 'SegmentMin', ['tensorflow: segments without any row are the highest number of float32 in o']],
    ['ScatterND', 'SegmentSum', []],
    ['ScatterND', 'ASegmentMax', []],
    ['ScatterND', 'SegmentMaximum', []],
    ['ScatterND', undefined, []],
    ['ReduceMax', 'SegmentMax', []],
    ['Mod', 'Cast', ['numpy: numbers that are too large for the type of o keep their last bits']],
    ['Cast', 'Cast', []],
    ['Mod', 'Mod', []],
  ])('%s of %s', (op, kerasClass, expected) => {
    expect(said('keras', op, kerasClass)).toEqual(expected);
    expect(said('torch', op, kerasClass)).toEqual([]);
  });
});

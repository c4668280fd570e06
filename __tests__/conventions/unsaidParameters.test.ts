import { disputedDefaults } from '../../src/conventions/onnx/disputedDefaults.js';
import { floats, texts } from '../../src/formats/onnx/builder.js';
import type { OnnxModel } from '../../src/formats/onnx/graph.js';

/** What is said of a node with these functions, alpha and beta. */
function said(activations: string[], alpha: number[] = [], beta: number[] = []): string[] {
  const attributes = new Map([
    ['activations', texts(activations)],
    ['activation_alpha', floats(alpha)],
    ['activation_beta', floats(beta)],
  ]);
  const node = { name: 'cell', opType: 'LSTM', domain: '', inputs: ['x', 'w', 'r'], outputs: ['y'], attributes };
  const graph = { name: 'g', inputs: [], outputs: [], initializers: new Map(), nodes: [node] };
  const model: OnnxModel = { irVersion: 8, producerName: '', producerVersion: '', opsets: new Map([['', 17]]), graph };
  return disputedDefaults(model).map(({ fact, what }) => `${fact}: ${what.split(' has ')[0]}`);
}

it('a function whose default ONNX Runtime takes for another is said where a node leaves its parameters out', () => {
  expect(said(['Sigmoid', 'ThresholdedRelu', 'Tanh'])).toEqual(['activation: ThresholdedRelu of cell']);
  expect(said(['affine', 'ScaledTanh', 'affine'])).toEqual(['activation: affine, ScaledTanh of cell']);
});

it('lists are consumed in order, by the functions that have such a parameter', () => {
  expect(said(['LeakyRelu', 'Tanh', 'ThresholdedRelu'], [0.1])).toEqual(['activation: ThresholdedRelu of cell']);
  expect(said(['LeakyRelu', 'Tanh', 'ThresholdedRelu'], [0.1, 0.2])).toEqual([]);
  expect(said(['HardSigmoid', 'Affine', 'Tanh'], [0.1, 0.2], [0.3])).toEqual(['activation: Affine of cell']);
  expect(said(['HardSigmoid', 'Affine', 'Tanh'], [0.1, 0.2], [0.3, 0.4])).toEqual([]);
});

it('nothing is said of functions about which both agree', () => {
  expect(said(['HardSigmoid', 'LeakyRelu', 'Elu'])).toEqual([]);
  expect(said([])).toEqual([]);
});

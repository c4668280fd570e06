import { halfPrecision } from '../../src/conventions/onnx/halfPrecision.js';
import { int } from '../../src/formats/onnx/builder.js';
import type { OnnxModel, OnnxNode } from '../../src/formats/onnx/graph.js';

const node = (opType: string, inputs: string[], output: string, to?: number): OnnxNode => ({
  name: '',
  opType,
  domain: '',
  inputs,
  outputs: [output],
  attributes: new Map(to === undefined ? [] : [['to', int(to)]]),
});

function facts(nodes: OnnxNode[], dtype: 'f16' | 'bf16' | 'f32', x: 'f16' | 'f32' = 'f32'): string[] {
  const model: OnnxModel = {
    irVersion: 8,
    producerName: '',
    producerVersion: '',
    opsets: new Map([['', 17]]),
    graph: {
      name: 'g',
      inputs: [{ name: 'x', dtype: x, shape: ['N', 3] }],
      outputs: [{ name: 'y', dtype: 'f32', shape: ['N', 3] }],
      initializers: new Map([['w', { shape: [3], dtype, data: Float32Array.of(1, 2, 3) }]]),
      nodes,
    },
  };
  return halfPrecision(model).map(a => a.fact);
}

const [FLOAT, HALF, BRAIN] = [1, 10, 16];

describe('a graph is said to compute in 16 bits', () => {
  it('where an operator reads such a weight', () => {
    expect(facts([node('Mul', ['x', 'w'], 'y')], 'f16')).toEqual(['precision']);
    expect(facts([node('Mul', ['x', 'w'], 'y')], 'bf16')).toEqual(['precision']);
    expect(facts([node('Mul', ['x', 'w'], 'y')], 'f32')).toEqual([]);
  });

  it('where one reads an input of that type, or what was cast to it', () => {
    expect(facts([node('Neg', ['x'], 'y')], 'f32', 'f16')).toEqual(['precision']);
    for (const type of [HALF, BRAIN])
      expect(facts([node('Cast', ['x'], 'a', type), node('Neg', ['a'], 'b'), node('Cast', ['b'], 'y', FLOAT)], 'f32')).toEqual([
        'precision',
      ]);
  });

  it('not where weights are kept so and cast before they are used, nor where a value is rounded there and back', () => {
    expect(facts([node('Cast', ['w'], 'v', FLOAT), node('Mul', ['x', 'v'], 'y')], 'f16')).toEqual([]);
    expect(facts([node('Cast', ['x'], 'a', HALF), node('Cast', ['a'], 'y', FLOAT)], 'f32')).toEqual([]);
  });
});

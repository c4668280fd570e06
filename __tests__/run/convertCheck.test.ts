import { checkNumbers } from '../../src/run/convert.js';
import { encode } from '../../src/run/encoded.js';
import { loadDescription } from '../../src/run/network/network.js';

const thrown = (body: () => void): unknown => {
  try {
    body();
  } catch (error) {
    return error;
  }
  return undefined;
};

describe('the numbers of a converted file', () => {
  const ours = Float64Array.of(2, -4, 0.5);

  it('may differ by rounding', () => expect(() => checkNumbers(Float64Array.of(2.00001, -4, 0.5), ours, 'read again')).not.toThrow());

  it('may not differ by more than a hundredth of the largest', () => {
    expect(() => checkNumbers(Float64Array.of(2.039, -4, 0.5), ours, 'read again')).not.toThrow();
    expect(thrown(() => checkNumbers(Float64Array.of(2.041, -4, 0.5), ours, 'run by ONNX Runtime'))).toMatchObject({
      code: 'E_CONVERT_CHECK',
      kind: 'unsupported',
      message: 'run by ONNX Runtime, the written file gives other numbers, so it was not kept',
    });
  });

  it('may be NaN where ours are', () => {
    const broken = Float64Array.of(2, Number.NaN, 0.5);
    expect(() => checkNumbers(broken, broken, 'read again')).not.toThrow();
    expect(thrown(() => checkNumbers(broken, ours, 'read again'))).toMatchObject({ code: 'E_CONVERT_CHECK' });
  });
});

it('only a graph is run by ONNX Runtime', async () => {
  const network = await loadDescription({ layers: 'rnn:2', T: 3, D: 2 });
  const given = {
    ...network,
    weights: new Map(network.shapes.layers.flatMap(l => l.weights.map(w => [`${l.layer.name}/${w.name}`, zeros(w.shape)]))),
  };
  const asOnnx = await encode({ framework: 'onnx', format: 'onnx', convention: 'onnx' }, given, undefined);
  const asKeras = await encode({ framework: 'keras', format: 'npz', convention: 'keras' }, given, undefined);
  expect([typeof asOnnx.onnxruntime, typeof asKeras.onnxruntime]).toEqual(['function', 'undefined']);
});

function zeros(shape: readonly number[]) {
  return { shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) };
}

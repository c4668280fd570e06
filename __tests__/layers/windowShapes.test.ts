import { manualKernels } from '../../src/engines/manual.js';
import { symbolic } from '../../src/layers/dims.js';
import { layerKinds } from '../../src/layers/index.js';
import type { OperatorSpec } from '../../src/layers/operatorFields.js';
import { operatorShapes } from '../../src/layers/operatorShapes.js';

/** Sizes behind a window are those of what the operator gives, whichever way its attributes say them. */
const operator = layerKinds().find(({ name }) => name === 'op')!;
const T = { symbol: 'T', size: null };

function spec(op: string, attributes: OperatorSpec['attributes'], kernel?: readonly number[]): OperatorSpec {
  const data = kernel && new Array<number>(kernel.reduce((a, b) => a * b)).fill(0.5);
  const operands = kernel ? [null, { type: 'float' as const, shape: kernel, data: data! }] : null;
  return { kind: 'op', name: 'op', inputs: ['x'], trainable: true, op, attributes, operands, kerasClass: null };
}

function given(layer: OperatorSpec, shape: readonly number[]): readonly number[] {
  const tensor = { shape, data: Float64Array.from({ length: shape.reduce((a, b) => a * b) }, (_, k) => k) };
  return operator.apply(layer, [{ tensor }], { kernels: manualKernels('f64'), weights: new Map(), trace: false }).tensor.shape;
}

it.each([
  ['Conv', { strides: [2, 1], dilations: [1, 2], pads: [1, 0, 2, 3] }, [5, 3, 3, 2]],
  ['Conv', { strides: [3, 2], auto_pad: 'SAME_LOWER' }, [5, 3, 4, 2]],
  ['Conv', { pads: [7, 7, 7, 7], auto_pad: 'VALID' }, [5, 3, 2, 2]],
  ['MaxPool', { kernel_shape: [3, 2], strides: [2, 3], ceil_mode: 1, pads: [1, 1, 1, 1] }, undefined],
  ['AveragePool', { kernel_shape: [2, 2], auto_pad: 'SAME_UPPER', strides: [2, 2] }, undefined],
  ['ConvTranspose', { strides: [2, 3], pads: [1, 0, 0, 1], output_padding: [1, 0] }, [3, 5, 3, 3]],
  ['ConvTranspose', { strides: [2, 3], auto_pad: 'SAME_UPPER' }, [3, 5, 4, 4]],
  ['ConvTranspose', { strides: [2, 3], auto_pad: 'VALID', pads: [1, 1, 1, 1] }, [3, 5, 2, 3]],
  ['ConvTranspose', { strides: [2, 3], output_shape: [13, 20] }, [3, 5, 3, 2]],
])('%s %j', (op, attributes, kernel) => {
  const layer = spec(op, attributes, kernel);
  for (const shape of [
    [2, 3, 7, 8],
    [1, 3, 9, 11],
  ])
    expect(operatorShapes(layer, [symbolic(shape)])[0].map(d => d.size)).toEqual(given(layer, shape));
});

it('a size that is open stays where the window keeps every length, and is known where the operator says it', () => {
  const shown = (layer: OperatorSpec) => operatorShapes(layer, [[{ symbol: 'N', size: null }, { symbol: '3', size: 3 }, T]])[0][2];
  expect(shown(spec('Conv', { pads: [1, 1] }, [5, 3, 3]))).toEqual(T);
  expect(shown(spec('AveragePool', { kernel_shape: [4], auto_pad: 'SAME_UPPER' }))).toEqual(T);
  expect(shown(spec('Conv', {}, [5, 3, 3])).size).toBeNull();
  // two lengths that follow each other hold as many windows
  for (const stride of [2, 3, 4, 7]) {
    expect(shown(spec('MaxPool', { kernel_shape: [2], strides: [stride] })).size).toBeNull();
    expect(shown(spec('Conv', { strides: [stride] }, [5, 3, 1])).size).toBeNull();
  }
  expect(shown(spec('ConvTranspose', { output_shape: [13] }, [3, 5, 3]))).toEqual({ symbol: '13', size: 13 });
});

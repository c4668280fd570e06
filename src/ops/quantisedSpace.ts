import { formatShape, sizeOf, type Tensor } from '../tensor/tensor.js';
import { type Call, need, type Operators, type ProductKernels, plain } from './operator.js';
import { roundedSums, withoutZeroPoint } from './quantised.js';
import { claim, pass } from './room.js';
import { type GraphValue, shapeError } from './value.js';
import { WINDOW, WINDOWS } from './windows.js';

/** Convolutions of integers. */
export const QUANTISED_SPACE: Operators = {
  ConvInteger: plain(call => wholeConv(call, need(call, 0), need(call, 1), call.inputs[2], call.inputs[3]), [...WINDOW, 'group']),
  QLinearConv: plain(quantisedConv, [...WINDOW, 'group']),
};

/** Sums of products of bytes are exact in float64. */
const EXACT: ProductKernels = {
  precision: 'f64',
  allocate: length => {
    claim(8 * length);
    return new Float64Array(length);
  },
  affine({ shape, data }, kernel, bias): Tensor {
    const [D, K] = kernel.shape;
    const rows = sizeOf(shape.slice(0, -1));
    const out = new Float64Array(rows * K);
    for (let r = 0; r < rows; r++) {
      pass(D * K);
      if (bias) out.set(bias.data, r * K);
      for (let d = 0; d < D; d++) {
        const v = data[r * D + d];
        if (v !== 0) for (let k = 0; k < K; k++) out[r * K + k] += v * kernel.data[d * K + k];
      }
    }
    return { shape: [...shape.slice(0, -1), K], data: out };
  },
};

/** Padding has the value of the zero point, which is 0 once that is subtracted. The zero point of W is a single number, or one per filter. */
function wholeConv(call: Call, x: GraphValue, W: GraphValue, xZero?: GraphValue, wZero?: GraphValue, bias?: GraphValue): GraphValue {
  const filters = wZero && wZero.data.length > 1 ? { ...wZero, shape: [wZero.data.length, ...W.shape.slice(1).map(() => 1)] } : wZero;
  const inputs = [withoutZeroPoint(x, xZero, false), withoutZeroPoint(W, filters, false), ...(bias ? [bias] : [])];
  const [y] = WINDOWS.Conv.run({ ...call, inputs, kernels: EXACT });
  return { ...y, kind: 'int', type: 'i32' };
}

/** Inputs: x, x_scale, x_zero, w, w_scale, w_zero, y_scale, y_zero, bias. w_scale is a single number, or one per filter. */
function quantisedConv(call: Call): GraphValue {
  const [x, xScale, xZero, W, wScale, wZero, yScale, yZero] = [0, 1, 2, 3, 4, 5, 6, 7].map(i => need(call, i));
  const y = wholeConv(call, x, W, xZero, wZero, call.inputs[8]);
  const F = y.shape[1];
  if (wScale.data.length !== 1 && wScale.data.length !== F)
    throw shapeError('the weight scale must be one number, or one per filter', formatShape(wScale.shape), formatShape([F]));
  const plane = sizeOf(y.shape.slice(2));
  const scale = (k: number) => xScale.data[0] * wScale.data[wScale.data.length === 1 ? 0 : Math.floor(k / plane) % F];
  return roundedSums(y, scale, yScale, yZero);
}

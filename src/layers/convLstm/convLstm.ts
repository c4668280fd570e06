import type { WeightShape } from '../../cells/cell.js';
import { factor } from '../../cells/weightShapes.js';
import { RnnError } from '../../errors.js';
import { isRowActivation } from '../activation.js';
import { channelsOf, lastChannels, overSpace, spaceOf } from '../channels.js';
import { FILTER_ARGUMENTS, filterFields } from '../conv/filters.js';
import { windowsOf } from '../conv/spec.js';
import { multiply, showShape, widthOf } from '../dims.js';
import type { Script } from '../facets.js';
import { kerasArguments } from '../kerasArguments.js';
import type { LayerCost, LayerKind } from '../layer.js';
import { pythonText } from '../python.js';
import type { Dim, DimShape } from '../shape.js';
import { NUMPY_WINDOWS } from '../window/scripts.js';
import { slid } from '../window/window.js';
import { onnx } from './onnx.js';
import { run } from './run.js';
import type { ConvLstmSpec } from './spec.js';

const GATES = ['i', 'f', 'g', 'o'];

const NUMPY = `${NUMPY_WINDOWS}

def conv_lstm(x, W, U, b, strides, dilation, padding, act, sig):
    n = W.ndim - 1
    z = windows(x.reshape(-1, *x.shape[2:]), W.shape[:-2], strides, dilation, padding)
    z = np.tensordot(z, W, n) + b
    z = z.reshape(*x.shape[:2], *z.shape[1:])
    h = c = np.zeros((len(x), *z.shape[2:-1], U.shape[-2]))
    out = []
    for t in range(x.shape[1]):
        s = windows(h, U.shape[:-2], [1] * (n - 1), [1] * (n - 1), "same")
        i, f, g, o = np.split(z[:, t] + np.tensordot(s, U, n), 4, -1)
        c = sig(f) * c + sig(i) * act(g)
        h = sig(o) * act(c)
        out.append(h)
    return np.stack(out, 1)
`;

function convLstm(name: ConvLstmSpec['kind'], axes: number): LayerKind<ConvLstmSpec> {
  const kerasClass = `ConvLSTM${axes}D`;
  const fields: LayerKind<ConvLstmSpec>['fields'] = {
    filters: { type: 'size' },
    ...filterFields(axes, ['valid', 'same'], 'tanh'),
    recurrentActivation: { type: 'activation', default: 'sigmoid' },
    returnSequences: { type: 'boolean', default: false },
    goBackwards: { type: 'boolean', default: false },
    zeroOutputForMask: { type: 'boolean', default: false },
  };
  return {
    name,
    letter: 'F',
    reads: 'sequence',
    kerasClass: () => kerasClass,
    passesMask: layer => layer.returnSequences,
    fields,
    keras: kerasArguments(
      kerasClass,
      fields,
      `filters ${FILTER_ARGUMENTS} recurrentActivation returnSequences goBackwards -zeroOutputForMask`,
      { weightNames: { Wx: 'kernel', Wh: 'recurrent_kernel', bh: 'bias' }, path: (_layer, _weight, index) => `cell/vars/${index}` },
    ),
    onnx,
    scripts: { numpy: { helpers: NUMPY, expression } },

    weightShapes: (layer, [input], symbols) => weightsOf(layer, step(input, axes), symbols.units),

    outputShape(layer, [input], symbols) {
      const filters = { symbol: symbols.units, size: layer.filters };
      const one = overSpace(layer, step(input, axes), axes, space => slid(space, windowsOf(layer)), filters);
      return layer.returnSequences ? [...input.slice(0, 2), ...one.slice(1)] : one;
    },

    otherOutputs(layer, [input], symbols) {
      // callers that only need the names pass any shape
      const one = input.length === axes + 3 ? this.outputShape({ ...layer, returnSequences: false }, [input], symbols) : [];
      return ['h', 'c'].map(suffix => ({ suffix, shape: one }));
    },

    cost: (layer, [input], symbols) => costOf(layer, input[1], step(input, axes), symbols.units),

    apply: (layer, [input], { kernels, weights, initial }) => run(layer, input, weights, kernels, initial),
  };
}

export const convlstm1d = convLstm('convlstm1d', 1);
export const convlstm2d = convLstm('convlstm2d', 2);
export const convlstm3d = convLstm('convlstm3d', 3);

/** @param image shape of one step of the input, [N, …S, C] @param units letter of the number of filters */
function weightsOf(layer: ConvLstmSpec, image: DimShape, units: string): WeightShape[] {
  const from = channelsOf(layer, image);
  const taps = layer.kernelSize.map(String);
  const wide = `4${units}`;
  const kernel = (weight: string, role: WeightShape['role'], rows: Dim): WeightShape => ({
    name: weight,
    role,
    dims: [...taps, rows.symbol, wide],
    shape: [...layer.kernelSize, widthOf([rows]), 4 * layer.filters],
    gates: GATES,
    formula: `${taps.join('*')}*${factor(rows.symbol)}*4*${units}`,
  });
  const weights = [kernel('Wx', 'kernel', from), kernel('Wh', 'recurrentKernel', { symbol: units, size: layer.filters })];
  if (!layer.useBias) return weights;
  return [...weights, { name: 'bh', role: 'bias', dims: [wide], shape: [4 * layer.filters], gates: GATES, formula: `4*${units}` }];
}

function costOf(layer: ConvLstmSpec, T: Dim, image: DimShape, units: string): LayerCost {
  const places = slid(spaceOf(layer, image, layer.kernelSize.length).slice(1), windowsOf(layer));
  const sizesOf = [T.size, ...places.map(d => d.size)];
  const [Wx, Wh] = weightsOf(layer, image, units);
  const products = [Wx, Wh].map(w => multiply(...sizesOf, ...w.shape));
  return {
    matmul: products[0] === null || products[1] === null ? null : products[0] + products[1],
    bias: layer.useBias ? multiply(...sizesOf, 4 * layer.filters) : 0n,
    elementwise: multiply(...sizesOf, 3 * layer.filters),
    activations: multiply(...sizesOf, 5 * layer.filters),
    formula: `${[T, ...places].map(d => factor(d.symbol)).join('*')}*(${Wx.formula}+${Wh.formula})`,
  };
}

/** Returns the shape of one step of a sequence. @throws RnnError E_SEQ */
function step(shape: DimShape, axes: number): DimShape {
  if (shape.length === axes + 3) return [shape[0], ...shape.slice(2)];
  const wanted = `(N, T, ${['depth', 'height', 'width'].slice(3 - axes).join(', ')}, channels)`;
  throw new RnnError('shape', 'E_SEQ', `needs a sequence ${wanted} but gets ${showShape(shape)}`, {
    expected: wanted,
    found: showShape(shape),
  });
}

/** The call of the NumPy loop. Both kernels have their gates in the order i, f, g, o. */
function expression(
  layer: ConvLstmSpec,
  { inputs: [input], weight, activation }: Parameters<Script<ConvLstmSpec>['expression']>[1],
): string {
  const last = lastChannels(layer);
  const x = last ? input : `np.moveaxis(${input}, 2, -1)`;
  const options = [layer.strides, layer.dilation, layer.padding].map(pythonText).join(', ');
  const rows = (text: (v: string) => string) => (last ? text('v') : `np.moveaxis(${text('np.moveaxis(v, -1, 1)')}, 1, -1)`);
  const functions = [layer.activation, layer.recurrentActivation]
    .map(spec => `lambda v: ${isRowActivation(spec) ? rows(v => activation(spec, v)) : activation(spec, 'v')}`)
    .join(', ');
  const y = `conv_lstm(${x}${layer.goBackwards ? '[:, ::-1]' : ''}, ${weight('Wx')}, ${weight('Wh')}, ${weight('bh') ?? '0'}, ${options}, ${functions})`;
  const picked = layer.returnSequences ? y : `${y}[:, -1]`;
  return last ? picked : `np.moveaxis(${picked}, -1, ${layer.returnSequences ? 2 : 1})`;
}

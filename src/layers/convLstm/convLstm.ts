import type { ActivationSpec } from '../../activations/activation.js';
import { cellFunction } from '../../activations/index.js';
import { applyTo } from '../../cells/apply.js';
import type { WeightShape } from '../../cells/cell.js';
import { factor } from '../../cells/weightShapes.js';
import { RnnError } from '../../errors.js';
import { flipTime } from '../../tensor/layout.js';
import { type FloatArray, reshape, sizeOf, type Tensor } from '../../tensor/tensor.js';
import { isRowActivation } from '../activation.js';
import { channelsOf, fromLast, lastChannels, overSpace, spaceOf, toLast } from '../channels.js';
import { convolve } from '../conv/convolve.js';
import { FILTER_ARGUMENTS, filterFields } from '../conv/filters.js';
import { windowsOf } from '../conv/spec.js';
import { multiply, showShape, widthOf } from '../dims.js';
import type { Script } from '../facets.js';
import { kerasArguments } from '../kerasArguments.js';
import type { Kernels, LayerKind, LayerResult, Value } from '../layer.js';
import { pythonText } from '../python.js';
import type { Dim, DimShape } from '../shape.js';
import { NUMPY_WINDOWS } from '../window/scripts.js';
import { slid, type Window } from '../window/window.js';
import { onnx } from './onnx.js';
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

    weightShapes(layer, [input], symbols) {
      const from = channelsOf(layer, step(input, axes));
      const taps = layer.kernelSize.map(String);
      const wide = `4${symbols.units}`;
      const kernel = (weight: string, role: WeightShape['role'], rows: Dim): WeightShape => ({
        name: weight,
        role,
        dims: [...taps, rows.symbol, wide],
        shape: [...layer.kernelSize, widthOf([rows]), 4 * layer.filters],
        gates: GATES,
        formula: `${taps.join('*')}*${factor(rows.symbol)}*4*${symbols.units}`,
      });
      const weights = [kernel('Wx', 'kernel', from), kernel('Wh', 'recurrentKernel', { symbol: symbols.units, size: layer.filters })];
      if (!layer.useBias) return weights;
      return [
        ...weights,
        { name: 'bh', role: 'bias', dims: [wide], shape: [4 * layer.filters], gates: GATES, formula: `4*${symbols.units}` },
      ];
    },

    outputShape(layer, [input], symbols) {
      const filters = { symbol: symbols.units, size: layer.filters };
      const one = overSpace(layer, step(input, axes), axes, space => slid(space, windowsOf(layer)), filters);
      return layer.returnSequences ? [...input.slice(0, 2), ...one.slice(1)] : one;
    },

    otherOutputs(layer, [input], symbols) {
      // for names alone, the shape may be any
      const one = input.length === axes + 3 ? this.outputShape({ ...layer, returnSequences: false }, [input], symbols) : [];
      return ['h', 'c'].map(suffix => ({ suffix, shape: one }));
    },

    cost(layer, [input], symbols) {
      const places = slid(spaceOf(layer, step(input, axes), axes).slice(1), windowsOf(layer));
      const sizesOf = [input[1].size, ...places.map(d => d.size)];
      const [Wx, Wh] = this.weightShapes(layer, [input], symbols);
      const products = [Wx, Wh].map(w => multiply(...sizesOf, ...w.shape));
      return {
        matmul: products[0] === null || products[1] === null ? null : products[0] + products[1],
        bias: layer.useBias ? multiply(...sizesOf, 4 * layer.filters) : 0n,
        elementwise: multiply(...sizesOf, 3 * layer.filters),
        activations: multiply(...sizesOf, 5 * layer.filters),
        formula: `${[input[1], ...places].map(d => factor(d.symbol)).join('*')}*(${Wx.formula}+${Wh.formula})`,
      };
    },

    apply: (layer, [input], { kernels, weights, initial }) => run(layer, input, weights, kernels, initial),
  };
}

export const convlstm1d = convLstm('convlstm1d', 1);
export const convlstm2d = convLstm('convlstm2d', 2);
export const convlstm3d = convLstm('convlstm3d', 3);

/** One step of a sequence. @throws RnnError E_SEQ */
function step(shape: DimShape, axes: number): DimShape {
  if (shape.length === axes + 3) return [shape[0], ...shape.slice(2)];
  const wanted = `(N, T, ${['depth', 'height', 'width'].slice(3 - axes).join(', ')}, channels)`;
  throw new RnnError('shape', 'E_SEQ', `needs a sequence ${wanted} but gets ${showShape(shape)}`, {
    expected: wanted,
    found: showShape(shape),
  });
}

function run(
  layer: ConvLstmSpec,
  input: Value,
  weights: ReadonlyMap<string, Tensor>,
  kernels: Kernels,
  initial?: readonly Tensor[],
): LayerResult {
  const [N, T, ...rest] = input.tensor.shape;
  const x = toLast(layer, reshape(input.tensor, [N * T, ...rest]));
  const z = convolve(x, weights.get('Wx')!, weights.get('bh'), windowsOf(layer), 1, kernels);
  const space = z.shape.slice(1, -1);
  const F = layer.filters;
  const size = sizeOf(space) * F;
  const shape = [N, ...space, F];
  let [h, c] = initial ? initial.map(t => toLast(layer, t).data.slice()) : [kernels.allocate(N * size), kernels.allocate(N * size)];
  const output = kernels.allocate(N * size);
  const sequence = layer.returnSequences ? kernels.allocate(N * T * size) : undefined;
  const recurrent: Window[] = layer.kernelSize.map(k => ({ size: k, stride: 1, dilation: 1, padding: 'same' }));
  const functions = [layer.recurrentActivation, layer.activation].map(spec => activationIn(layer, spec, [1, ...space, F]));
  for (let s = 0; s < T; s++) {
    const t = layer.goBackwards ? T - 1 - s : s;
    const product = convolve({ shape, data: h }, weights.get('Wh')!, undefined, recurrent, 1, kernels).data;
    const [nextH, nextC] = [h.slice(), c.slice()];
    for (let n = 0; n < N; n++) {
      if (input.mask && input.mask[n * T + t] === 0) {
        if (layer.zeroOutputForMask) output.fill(0, n * size, (n + 1) * size);
        continue;
      }
      const sums = { x: z.data.subarray((n * T + t) * 4 * size), h: product.subarray(n * 4 * size) };
      const [from, to] = [n * size, (n + 1) * size];
      stepOf(sums, F, functions, { c: c.subarray(from, to), nextC: nextC.subarray(from, to), nextH: nextH.subarray(from, to) });
      output.set(nextH.subarray(from, to), from);
    }
    [h, c] = [nextH, nextC];
    if (sequence) for (let n = 0; n < N; n++) sequence.set(output.subarray(n * size, (n + 1) * size), (n * T + t) * size);
  }
  const last = (data: Tensor['data']) => fromLast(layer, { shape, data });
  const states = [last(h), last(c)];
  if (!sequence) return { tensor: last(output), states, others: states };
  const steps = fromLast(layer, { shape: [N * T, ...space, F], data: sequence });
  const inTime = { shape: [N, T, ...steps.shape.slice(1)], data: steps.data };
  return { tensor: layer.goBackwards ? flipTime(inTime) : inTime, states, others: states };
}

/** One step of one sample: x·Wx + b and h·Wh [...S, 4F] to the new c and h [...S, F]. */
function stepOf(
  { x, h }: Readonly<Record<'x' | 'h', FloatArray>>,
  F: number,
  [sig, act]: readonly ((z: Float64Array) => Float64Array)[],
  { c, nextC, nextH }: Readonly<Record<'c' | 'nextC' | 'nextH', FloatArray>>,
): void {
  const gate = (g: number) =>
    Float64Array.from(c, (_, k) => {
      const at = Math.floor(k / F) * 4 * F + g * F + (k % F);
      return x[at] + h[at];
    });
  const [i, f, g, o] = [sig(gate(0)), sig(gate(1)), act(gate(2)), sig(gate(3))];
  for (let k = 0; k < c.length; k++) nextC[k] = f[k] * c[k] + i[k] * g[k];
  const out = act(Float64Array.from(nextC));
  for (let k = 0; k < c.length; k++) nextH[k] = o[k] * out[k];
}

/** An activation of numbers with the channels last, in place where it can be; a row is the last axis in the layer's own layout. */
function activationIn(layer: ConvLstmSpec, spec: ActivationSpec, shape: readonly number[]): (z: Float64Array) => Float64Array {
  const f = cellFunction(spec);
  const along = (z: Float64Array, width: number) => {
    applyTo(f, z, 0, z.length, width);
    return z;
  };
  if (typeof f === 'function' || lastChannels(layer)) return z => along(z, shape[shape.length - 1]);
  return z => {
    const own = fromLast(layer, { shape, data: z });
    const data = along(Float64Array.from(own.data), shape[shape.length - 2]);
    return Float64Array.from(toLast(layer, { shape: own.shape, data }).data);
  };
}

/** The NumPy loop; the gates of both products in the order i, f, g, o. */
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

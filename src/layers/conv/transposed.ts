import { factor, weightShape, withBias } from '../../cells/weightShapes.js';
import { ints } from '../../formats/onnx/builder.js';
import { permuteAxes } from '../../tensor/axes.js';
import { sizeOf, type Tensor } from '../../tensor/tensor.js';
import { activated } from '../activation.js';
import { channelsFirst, channelsLast, channelsOf, fromLast, overSpace, spaceOf, toLast } from '../channels.js';
import { multiply, productCost, widthOf } from '../dims.js';
import { type ArrayLibrary, inBoth, inGrammar, type OnnxCall, type ScriptCall } from '../facets.js';
import { sizes } from '../fields.js';
import { kerasArguments } from '../kerasArguments.js';
import type { Kernels, LayerBase, LayerKind } from '../layer.js';
import { pythonText } from '../python.js';
import type { Dim } from '../shape.js';
import { FILTER_ARGUMENTS, type Filtered, filterConstants, filterFields, filterSizes, filtersFirst } from './filters.js';

/** A transposed convolution: every input value adds a scaled copy of the filters to the output, one stride apart (Keras ConvTranspose). */
export interface TransposedSpec extends LayerBase, Filtered {
  readonly kind: `convtranspose${1 | 2 | 3}d`;
  readonly filters: number;
  readonly padding: 'valid' | 'same';
  /** values added at the end of each spatial axis; null: as many as `padding` requires */
  readonly outputPadding: readonly number[] | null;
}

/** The geometry along one axis: an input of length 1 gives `one` output values, each further input value adds `stride`. */
interface Spread {
  readonly size: number;
  readonly stride: number;
  readonly dilation: number;
  /** how many output positions one input value spans, from the first to the last */
  readonly reach: number;
  readonly one: number;
  /** values cut off at the start, as many as the convolution pads there (TensorFlow's rule) */
  readonly before: number;
}

function lengthOf(length: number, { stride, one }: Spread): number {
  return (length - 1) * stride + one;
}

const NUMPY = `
def conv_transpose(x, W, b, strides, dilation, ones, before):
    k, S = W.shape[:-2], x.shape[1:-1]
    full = [(L - 1) * s + max((n - 1) * d + 1, one + c) for L, s, n, d, one, c in zip(S, strides, k, dilation, ones, before)]
    y = np.zeros((len(x), *full, W.shape[-2]))
    for i in np.ndindex(*k):
        at = tuple(slice(j * d, j * d + (L - 1) * s + 1, s) for j, d, L, s in zip(i, dilation, S, strides))
        y[(slice(None), *at)] += x @ W[i].T
    for a, (L, s, one, c) in enumerate(zip(S, strides, ones, before), 1):
        y = np.take(y, np.arange((L - 1) * s + one) + c, a)
    return y + b
`;

const TORCH = `
def conv_transpose(x, W, b, strides, dilation, ones, before):
    run = getattr(torch.nn.functional, f"conv_transpose{W.ndim - 2}d")
    y = run(x.movedim(-1, 1), W.movedim(-1, 0).movedim(-1, 1), None, strides, 0, 0, 1, dilation).movedim(1, -1)
    for a, (L, s, one, c) in enumerate(zip(x.shape[1:-1], strides, ones, before), 1):
        n, shape = (L - 1) * s + one, list(y.shape)
        shape[a] = max(0, c + n - shape[a])
        y = torch.cat([y, y.new_zeros(shape)], a).narrow(a, c, n)
    return y + b
`;

function transposed(name: TransposedSpec['kind'], axes: number): LayerKind<TransposedSpec> {
  const kerasClass = `Conv${axes}DTranspose`;
  const fields: LayerKind<TransposedSpec>['fields'] = {
    filters: { type: 'size' },
    ...filterFields(axes, ['valid', 'same']),
    outputPadding: sizes({ count: axes, from: 0, default: null }),
  };
  return {
    name,
    letter: 'F',
    reads: 'sequence',
    kerasClass: () => kerasClass,
    fields,
    grammar: inGrammar(axes, {
      sizes: filterSizes(axes),
      activation: true,
      options: { same: { set: { padding: 'same' } }, stride: { size: 'strides', axes }, nobias: { set: { useBias: false } } },
    }),
    keras: kerasArguments(kerasClass, fields, `filters ${FILTER_ARGUMENTS} outputPadding?`, { weightNames: { W: 'kernel', b: 'bias' } }),
    onnx: asNodes,
    scripts: inBoth(expression, { np: NUMPY, torch: TORCH }),

    weightShapes(layer, [input], symbols) {
      const from = channelsOf(layer, input);
      const C = widthOf([from]);
      const dims = [...layer.kernelSize.map(String), symbols.units, from.symbol];
      const kernel = weightShape({ name: 'W', role: 'kernel', dims, shape: [...layer.kernelSize, layer.filters, C] });
      return withBias([kernel], layer.useBias, 'b', symbols.units, layer.filters);
    },
    outputShape(layer, [input], symbols) {
      const filters = { symbol: symbols.units, size: layer.filters };
      return overSpace(layer, input, axes, space => space.map((dim, axis) => grownBy(dim, spreads(layer)[axis])), filters);
    },
    cost(layer, [input], symbols) {
      const space = spaceOf(layer, input, axes).slice(1);
      const out = space.map((dim, axis) => grownBy(dim, spreads(layer)[axis]).size);
      const [W] = this.weightShapes(layer, [input], symbols);
      const formula = `${space.map(d => factor(d.symbol)).join('*')}*${W.formula}`;
      return productCost(layer, multiply(...space.map(d => d.size), ...W.shape), multiply(...out, layer.filters), formula);
    },
    apply(layer, [input], { kernels, weights }) {
      const y = spread(toLast(layer, input.tensor), weights.get('W')!, weights.get('b'), spreads(layer), kernels);
      return { tensor: activated(layer.activation, fromLast(layer, y)) };
    },
  };
}

export const convtranspose1d = transposed('convtranspose1d', 1);
export const convtranspose2d = transposed('convtranspose2d', 2);
export const convtranspose3d = transposed('convtranspose3d', 3);

function spreads({ kernelSize, strides, dilation, padding, outputPadding }: TransposedSpec): Spread[] {
  return kernelSize.map((size, axis) => {
    const [stride, own] = [strides[axis], dilation[axis]];
    const reach = (size - 1) * own + 1;
    const least = padding === 'valid' ? Math.max(reach, stride) : stride;
    const padded = padding === 'valid' ? 0 : 2 * Math.floor(reach / 2);
    const one = outputPadding === null ? least : reach - padded + outputPadding[axis];
    return { size, stride, dilation: own, reach, one, before: padding === 'valid' ? 0 : Math.floor(Math.max(0, reach - one) / 2) };
  });
}

function grownBy({ symbol, size }: Dim, along: Spread): Dim {
  const more = lengthOf(0, along);
  const times = along.stride === 1 ? symbol : `${along.stride}*${factor(symbol)}`;
  return { symbol: more === 0 ? times : `${times}${more < 0 ? '' : '+'}${more}`, size: size === null ? null : lengthOf(size, along) };
}

/** x [N, …S, C], kernel [...k, F, C] -> [N, …O, F]: one matrix product for all values and taps, whose parts are then added at their output positions. */
function spread(x: Tensor, kernel: Tensor, bias: Tensor | undefined, along: readonly Spread[], kernels: Kernels): Tensor {
  const [N, ...rest] = x.shape;
  const space = rest.slice(0, -1);
  const [F, C] = kernel.shape.slice(-2);
  const taps = kernel.data.length / (F * C);
  // [C, taps·F]
  const matrix = permuteAxes({ shape: [taps * F, C], data: kernel.data }, [1, 0]);
  const parts = kernels.affine(x, matrix).data;
  const out = space.map((size, axis) => lengthOf(size, along[axis]));
  const data = kernels.allocate(N * sizeOf(out) * F);
  if (bias) for (let k = 0; k < data.length; k += F) data.set(bias.data, k);
  const places = targets(space, out, along);
  const [from, to] = [sizeOf(space), sizeOf(out)];
  for (let n = 0; n < N; n++) {
    for (let p = 0; p < from * taps; p++) {
      const place = places[p];
      if (place < 0) continue;
      const [a, b] = [(n * from * taps + p) * F, (n * to + place) * F];
      for (let f = 0; f < F; f++) data[b + f] += parts[a + f];
    }
  }
  return { shape: [N, ...out, F], data };
}

/** For every input position s and tap k, the output position they add to; -1 if it is cut off. */
function targets(space: readonly number[], out: readonly number[], along: readonly Spread[]): Int32Array {
  const taps = along.map(a => a.size);
  const places = new Int32Array(sizeOf(space) * sizeOf(taps));
  const at = (index: number, sizes: readonly number[], axis: number) => Math.floor(index / sizeOf(sizes.slice(axis + 1))) % sizes[axis];
  for (let p = 0; p < places.length; p++) {
    const [s, k] = [Math.floor(p / sizeOf(taps)), p % sizeOf(taps)];
    let place = 0;
    for (let axis = 0; axis < space.length && place >= 0; axis++) {
      const { stride, dilation } = along[axis];
      const o = at(s, space, axis) * stride + at(k, taps, axis) * dilation - along[axis].before;
      place = o < 0 || o >= out[axis] ? -1 : place * out[axis] + o;
    }
    places[p] = place;
  }
  return places;
}

/** As ConvTranspose, which reads [N, C, …S] and W [C, F, …k]; output positions that no filter reaches are output_padding. */
function asNodes(layer: TransposedSpec, { builder, inputs: [input], weight, activation }: OnnxCall): string {
  const axes = layer.kernelSize.length;
  const along = spreads(layer);
  // the full output length minus the requested one, which is the same for inputs of any length
  const more = along.map(a => a.reach - a.one);
  const before = along.map(a => a.before);
  const weights = filterConstants(builder, layer.name, filtersFirst(weight('W')!), weight('b'));
  const attributes = {
    kernel_shape: ints(...layer.kernelSize),
    strides: ints(...layer.strides),
    dilations: ints(...layer.dilation),
    pads: ints(...before, ...more.map((m, axis) => Math.max(0, m - before[axis]))),
    output_padding: ints(...more.map(m => Math.max(0, -m))),
  };
  const y = channelsFirst(layer, builder, input, axes, x => builder.add('ConvTranspose', [x, ...weights], attributes, layer.name));
  return activation(layer.activation, y);
}

function expression(library: ArrayLibrary, layer: TransposedSpec, { inputs: [input], weight, activation }: ScriptCall): string {
  const along = spreads(layer);
  const options = [layer.strides, layer.dilation, along.map(a => a.one), along.map(a => a.before)].map(pythonText).join(', ');
  const y = channelsLast(layer, library, input, x => `conv_transpose(${x}, ${weight('W')}, ${weight('b') ?? '0'}, ${options})`);
  return activation(layer.activation, y);
}

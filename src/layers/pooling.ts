import { RnnError } from '../errors.js';
import { int, ints } from '../formats/onnx/builder.js';
import { placesAlong } from '../tensor/axes.js';
import type { Tensor } from '../tensor/tensor.js';
import { channelsOf, DATA_FORMAT, type DataFormat, lastChannels, spaceAxes, spaceOf, withChannels } from './channels.js';
import { multiply, NO_COST } from './dims.js';
import { inGrammar, type OnnxCall, type Script } from './facets.js';
import { kerasArguments } from './kerasArguments.js';
import type { Kernels, LayerBase, LayerKind, Value } from './layer.js';
import { cast } from './onnxSteps.js';
import { pythonText } from './python.js';
import type { Dim } from './shape.js';

/** Global pooling over time, [N, T, M] -> [N, M], or space, [N, …S, M] -> [N, M]: maximum, mean, or the last step in time order. */
export interface PoolSpec extends LayerBase {
  readonly kind: 'maxpool' | 'avgpool' | 'last' | `global${'max' | 'avg'}pool${2 | 3}d`;
  /** whether masked steps are skipped: not in Keras' GlobalMaxPooling1D, but in its GlobalAveragePooling1D */
  readonly useMask: boolean;
  /** whether the pooled axes stay, with size 1 */
  readonly keepdims: boolean;
  readonly dataFormat: DataFormat;
}

type Way = 'max' | 'mean' | 'last';

function pooling(name: PoolSpec['kind'], kerasClass: string, way: Way, axes: number, useMask: boolean): LayerKind<PoolSpec> {
  const fields: LayerKind<PoolSpec>['fields'] = {
    useMask: { type: 'boolean', default: useMask },
    keepdims: { type: 'boolean', default: false },
    dataFormat: DATA_FORMAT,
  };
  return {
    name,
    reads: 'sequence',
    kerasClass: () => kerasClass,
    fields,
    grammar: inGrammar(axes, {}),
    keras: way === 'last' ? undefined : kerasArguments(kerasClass, fields, 'keepdims? dataFormat?'),
    onnx: (layer, call) => asNodes(layer, call, way, axes),
    scripts: {
      numpy: script(way, axes, { keepdims: 'keepdims', most: 'max' }),
      torch: script(way, axes, { keepdims: 'keepdim', most: 'amax' }),
      keras: { expression: (_layer, { inputs: [x] }) => `${x}[:, -1]` },
    },
    outputShape(layer, [input]) {
      const [N, ...space] = spaceOf(layer, input, axes);
      const channels = channelsOf(layer, input);
      const one: Dim = { symbol: '1', size: 1 };
      return layer.keepdims ? withChannels(layer, [N, ...space.map(() => one)], channels) : [N, channels];
    },
    cost: (_layer, [input]) => (way === 'last' ? NO_COST : { ...NO_COST, elementwise: multiply(...input.slice(1).map(d => d.size)) }),
    apply: (layer, [input], { kernels }) => ({ tensor: pooled(layer, input, way, spaceAxes(layer, axes), kernels) }),
  };
}

export const maxpool = pooling('maxpool', 'GlobalMaxPooling1D', 'max', 1, false);
export const avgpool = pooling('avgpool', 'GlobalAveragePooling1D', 'mean', 1, true);
export const last = pooling('last', 'Lambda', 'last', 1, true);
export const globalmaxpool2d = pooling('globalmaxpool2d', 'GlobalMaxPooling2D', 'max', 2, false);
export const globalavgpool2d = pooling('globalavgpool2d', 'GlobalAveragePooling2D', 'mean', 2, false);
export const globalmaxpool3d = pooling('globalmaxpool3d', 'GlobalMaxPooling3D', 'max', 3, false);
export const globalavgpool3d = pooling('globalavgpool3d', 'GlobalAveragePooling3D', 'mean', 3, false);

/** Pools the given axes. A sample without a real step has the mean 0 / 0 = NaN, in Keras as well. */
function pooled(layer: PoolSpec, { tensor, mask }: Value, way: Way, axes: readonly number[], kernels: Kernels): Tensor {
  const { shape, data } = tensor;
  const [N, ...inner] = shape;
  const { starts, offsets } = placesAlong(
    inner,
    axes.map(axis => axis - 1),
  );
  if (offsets.length === 0) throw new RnnError('shape', 'E_EMPTY', 'cannot pool over zero time steps');
  const y = kernels.allocate(N * starts.length);
  const size = starts.length * offsets.length;
  const reduce = { max: mostOf, mean: meanOf, last: lastOf }[way];
  const steps = Int32Array.from(offsets.keys());
  for (let n = 0; n < N; n++) {
    const real = layer.useMask && mask ? steps.filter(t => mask[n * offsets.length + t] === 1) : steps;
    for (let c = 0; c < starts.length; c++) y[n * starts.length + c] = reduce(data, n * size + starts[c], offsets, real);
  }
  const channels = channelsOf(layer, shape);
  return { shape: layer.keepdims ? withChannels(layer, [N, ...axes.map(() => 1)], channels) : [N, channels], data: y };
}

type Reduce = (x: ArrayLike<number>, from: number, offsets: Int32Array, real: Int32Array) => number;

// Propagates NaN: once `most` is NaN, no comparison replaces it.
const mostOf: Reduce = (x, from, offsets, real) => {
  let most = -Infinity;
  for (let k = 0; k < real.length; k++) {
    const v = x[from + offsets[real[k]]];
    if (v > most || Number.isNaN(v)) most = v;
  }
  return most;
};

const meanOf: Reduce = (x, from, offsets, real) => {
  let sum = 0;
  for (let k = 0; k < real.length; k++) sum += x[from + offsets[real[k]]];
  return sum / real.length;
};

/** The last real step; the first step if none is real. */
const lastOf: Reduce = (x, from, offsets, real) => x[from + offsets[real.length === 0 ? 0 : real[real.length - 1]]];

function asNodes(layer: PoolSpec, { builder, inputs: [x], masks }: OnnxCall, way: Way, count: number): string {
  const axes = spaceAxes(layer, count);
  const mask = layer.useMask ? masks[0] : undefined;
  const keepdims = int(Number(layer.keepdims));
  const add = (op: string, inputs: readonly string[], attributes = {}) => builder.add(op, inputs, attributes, layer.name);
  if (way === 'mean' && mask) {
    const real = cast(builder, add('Unsqueeze', [mask, builder.integers([lastChannels(layer) ? 2 : 1])]), 'f32', layer.name);
    const sum = (value: string) => add('ReduceSum', [value, builder.integers(axes)], { keepdims });
    return add('Div', [sum(add('Mul', [x, real])), sum(real)]);
  }
  if (way !== 'last') return add(way === 'max' ? 'ReduceMax' : 'ReduceMean', [x], { axes: ints(...axes), keepdims });
  if (mask) {
    // the running count of real steps first reaches its maximum at the last real step
    const seen = add('CumSum', [cast(builder, mask, 'i32', layer.name), builder.scalar(1)]);
    const y = add('GatherND', [x, add('ArgMax', [seen], { axis: int(1) })], { batch_dims: int(1) });
    return layer.keepdims ? add('Unsqueeze', [y, builder.integers([1])]) : y;
  }
  return add('Gather', [x, layer.keepdims ? builder.integers([-1]) : builder.scalar(-1)], { axis: int(axes[0]) });
}

function script(way: Way, count: number, words: { readonly keepdims: string; readonly most: string }): Script<PoolSpec> {
  return {
    readsMasks: true,
    expression(layer, { inputs: [x], masks: [mask] = [] }) {
      const axes = spaceAxes(layer, count);
      const at = (step: string) => (lastChannels(layer) ? `${x}[:, ${step}]` : `${x}[:, :, ${step}]`);
      const real = layer.useMask && mask ? `${mask}[${lastChannels(layer) ? ':, :, None' : ':, None'}]` : undefined;
      const keepdims = layer.keepdims ? `, ${words.keepdims}=True` : '';
      if (way === 'last') return real ? lastReal(x, mask!, layer.keepdims) : at(layer.keepdims ? '-1:' : '-1');
      const over = `${axes.length === 1 ? axes[0] : pythonText(axes)}${keepdims}`;
      if (way === 'mean' && real) return `(${x} * ${real}).sum(${over}) / ${real}.sum(${over})`;
      return `${x}.${way === 'max' ? words.most : 'mean'}(${over})`;
    },
  };
}

/** Python of the last real step, found as in the ONNX nodes. */
function lastReal(x: string, mask: string, keepdims: boolean): string {
  return `${x}[range(len(${x})), ${mask}.cumsum(1).argmax(1)]${keepdims ? '[:, None]' : ''}`;
}

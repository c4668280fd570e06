import type { WeightShape } from '../../cells/cell.js';
import { factor, weightShape, withBias } from '../../cells/weightShapes.js';
import { int } from '../../formats/onnx/builder.js';
import { padAxes, permuteAxes } from '../../tensor/axes.js';
import { reshape, sizeOf, type Tensor } from '../../tensor/tensor.js';
import { activated } from '../activation.js';
import { channelsFirst, channelsLast, channelsOf, fromLast, overSpace, spaceOf, toLast } from '../channels.js';
import { multiply, productCost, widthOf } from '../dims.js';
import { type ArrayLibrary, type Grammar, inBoth, type OnnxCall, type ScriptCall } from '../facets.js';
import { kerasArguments } from '../kerasArguments.js';
import type { Kernels, LayerBase, LayerKind } from '../layer.js';
import { pythonText } from '../python.js';
import type { Dim } from '../shape.js';
import { offsetsOf, startsOf } from '../window/places.js';
import { NUMPY_WINDOWS, TORCH_PADDING } from '../window/scripts.js';
import { PADDINGS, paddingOf, slid, type Window, windowsIn } from '../window/window.js';
import { FILTER_ARGUMENTS, type Filtered, filterFields, filtersFirst, slidingAttributes } from './filters.js';
import { windowsOf } from './spec.js';

/**
 * Convolves every channel separately with m filters (DepthwiseConv), [N, T, D] -> [N, T', m·D]; a separable layer then multiplies the result
 * at each position by a pointwise kernel (SeparableConv), giving [N, T', F].
 */
export interface SeparableSpec extends LayerBase, Filtered {
  readonly kind: 'depthwise1d' | 'depthwise2d' | 'separable1d' | 'separable2d';
  /** null: depthwise only */
  readonly filters: number | null;
  /** m, filters per channel */
  readonly depthMultiplier: number;
}

const NUMPY = `${NUMPY_WINDOWS}

def depthwise(x, W, strides, dilation, padding):
    x = windows(x, W.shape[:-2], strides, dilation, padding)
    x = x.reshape(*x.shape[: W.ndim - 1], -1, W.shape[-2])
    y = np.einsum("...kc,kcm->...cm", x, W.reshape(-1, *W.shape[-2:]))
    return y.reshape(*y.shape[:-2], -1)
`;

const TORCH = `${TORCH_PADDING}

def depthwise(x, W, strides, dilation, padding):
    x = padded(x.movedim(-1, 1), W.shape[:-2], strides, dilation, padding)
    W = W.movedim(-2, 0).movedim(-1, 1).reshape(-1, 1, *W.shape[:-2])
    run = torch.nn.functional.conv1d if W.ndim == 3 else torch.nn.functional.conv2d
    return run(x, W, None, strides, 0, dilation, x.shape[1]).movedim(1, -1)
`;

function separable(name: SeparableSpec['kind'], axes: number): LayerKind<SeparableSpec> {
  const both = name.startsWith('separable');
  const kerasClass = `${both ? 'Separable' : 'Depthwise'}Conv${axes}D`;
  const fields: LayerKind<SeparableSpec>['fields'] = {
    ...(both ? { filters: { type: 'size' } } : {}),
    depthMultiplier: { type: 'size', default: 1 },
    ...filterFields(axes, axes === 1 ? PADDINGS : ['valid', 'same']),
  };
  return {
    name,
    ...(both ? { letter: 'F' } : {}),
    reads: 'sequence',
    kerasClass: () => kerasClass,
    fields,
    grammar: grammarOf(axes, both),
    keras: kerasArguments(kerasClass, fields, `${both ? 'filters ' : ''}depthMultiplier ${FILTER_ARGUMENTS}`, {
      weightNames: { W: both ? 'depthwise_kernel' : 'kernel', Wpoint: 'pointwise_kernel', b: 'bias' },
    }),
    onnx: asNodes,
    scripts: inBoth(expression, { np: NUMPY, torch: TORCH }),

    weightShapes: (layer, [input], symbols) => weightsOf(layer, channelsOf(layer, input), symbols.units),

    outputShape(layer, [input], symbols) {
      const from = channelsOf(layer, input);
      const m = layer.depthMultiplier;
      const wide: Dim = { symbol: m === 1 ? from.symbol : `${m}*${factor(from.symbol)}`, size: from.size === null ? null : from.size * m };
      const filters = both ? { symbol: symbols.units, size: layer.filters } : wide;
      return overSpace(layer, input, axes, space => slid(space, windowsOf(layer)), filters);
    },

    cost(layer, [input], symbols) {
      const out = slid(spaceOf(layer, input, axes).slice(1), windowsOf(layer));
      const places = out.map(d => d.size);
      const weights = this.weightShapes(layer, [input], symbols);
      const products = weights.filter(w => w.role === 'kernel');
      const total = products.map(w => multiply(...places, ...w.shape));
      const width = both ? layer.filters : channelsOf(layer, input).size! * layer.depthMultiplier;
      const matmul = total.some(v => v === null) ? null : total.reduce((a, b) => a! + b!, 0n);
      const formula = `${out.map(d => factor(d.symbol)).join('*')}*(${products.map(w => w.formula).join('+')})`;
      return productCost(layer, matmul, multiply(...places, width), formula);
    },

    apply(layer, [input], { kernels, weights }) {
      const y = depthwise(toLast(layer, input.tensor), weights.get('W')!, windowsOf(layer), kernels);
      const bias = weights.get('b');
      const point = weights.get('Wpoint');
      const mixed = point
        ? kernels.affine(y, reshape(point, point.shape.slice(-2)), bias)
        : { shape: y.shape, data: bias ? y.data.map((v, k) => v + bias.data[k % bias.data.length]) : y.data };
      return { tensor: activated(layer.activation, fromLast(layer, mixed)) };
    },
  };
}

export const depthwise1d = separable('depthwise1d', 1);
export const depthwise2d = separable('depthwise2d', 2);
export const separable1d = separable('separable1d', 1);
export const separable2d = separable('separable2d', 2);

function grammarOf(axes: number, both: boolean): Grammar {
  return {
    sizes: {
      form: `${both ? 'FILTERSx' : ''}${new Array(axes).fill('SIZE').join('x')}`,
      example: `${both ? '64x' : ''}${new Array(axes).fill(5).join('x')}`,
      fields: [...(both ? ['filters'] : []), { list: 'kernelSize', counts: [axes, axes] }],
    },
    activation: true,
    options: {
      same: { set: { padding: 'same' } },
      ...(axes === 1 ? { causal: { set: { padding: 'causal' } } } : {}),
      stride: { size: 'strides', axes },
      dilation: { size: 'dilation', axes },
      multiplier: { size: 'depthMultiplier' },
      nobias: { set: { useBias: false } },
    },
  };
}

/** Shapes of W [...k, C, m], and, if separable, of Wpoint [1, …, C·m, F]. */
function weightsOf(layer: SeparableSpec, channels: Dim, units: string): WeightShape[] {
  const C = widthOf([channels]);
  const from = channels.symbol;
  const m = layer.depthMultiplier;
  const ones = new Array(layer.kernelSize.length).fill(1);
  const weight = (name: string, dims: string[], shape: number[]) => weightShape({ name, role: 'kernel', dims, shape });
  const wide = m === 1 ? from : `${m}*${factor(from)}`;
  const depth = weight('W', [...layer.kernelSize.map(String), from, String(m)], [...layer.kernelSize, C, m]);
  if (!layer.filters) return withBias([depth], layer.useBias, 'b', wide, C * m);
  const point = weight('Wpoint', [...ones.map(String), wide, units], [...ones, C * m, layer.filters]);
  return withBias([depth, point], layer.useBias, 'b', units, layer.filters);
}

/** As one or two convolutions, the first with one group per channel. */
function asNodes(layer: SeparableSpec, { builder, inputs: [input], shapes, weight, activation }: OnnxCall): string {
  const axes = layer.kernelSize.length;
  const space = layer.kernelSize.keys();
  const W = weight('W')!;
  const [C, m] = W.shape.slice(-2);
  const first = reshape(permuteAxes(W, [axes, axes + 1, ...space]), [C * m, 1, ...layer.kernelSize]);
  const [point, bias] = [weight('Wpoint'), weight('b')];
  const own = (key: string, t: Tensor | undefined) => (t ? [builder.constant(`${layer.name}.${key}`, t)] : []);
  const attributes = { ...slidingAttributes(layer, shapes[0]), group: int(C) };
  const y = channelsFirst(layer, builder, input, axes, x => {
    const each = builder.add('Conv', [x, ...own('depthwise', first), ...own('bias', point ? undefined : bias)], attributes, layer.name);
    if (!point) return each;
    return builder.add('Conv', [each, ...own('pointwise', filtersFirst(point)), ...own('bias', bias)], {}, `${layer.name}/pointwise`);
  });
  return activation(layer.activation, y);
}

function expression(library: ArrayLibrary, layer: SeparableSpec, { inputs: [input], weight, activation }: ScriptCall): string {
  const options = [layer.strides, layer.dilation, layer.padding].map(pythonText).join(', ');
  const [point, bias] = [weight('Wpoint'), weight('b')];
  const mixed = `${point ? ` @ ${point}${'[0]'.repeat(layer.kernelSize.length)}` : ''}${bias ? ` + ${bias}` : ''}`;
  const y = channelsLast(layer, library, input, x => `(depthwise(${x}, ${weight('W')}, ${options})${mixed})`);
  return activation(layer.activation, y);
}

/**
 * Every channel separately: y[n, o, c·m + j] = Σ_k x[n, o·stride + k·dilation, c] · W[k, c, j].
 * x [N, …S, C], kernel [...k, C, m] -> [N, …O, C·m]
 */
function depthwise(x: Tensor, kernel: Tensor, windows: readonly Window[], kernels: Kernels): Tensor {
  const [N, ...rest] = x.shape;
  const space = rest.slice(0, -1);
  const [C, m] = kernel.shape.slice(-2);
  const padded = padAxes(x, [[0, 0], ...space.map((size, axis) => paddingOf(size, windows[axis])), [0, 0]]);
  const out = space.map((size, axis) => windowsIn(size, windows[axis]));
  const inner = padded.shape.slice(1);
  const [offsets, starts] = [offsetsOf(inner, windows), startsOf(inner, out, windows)];
  const data = kernels.allocate(N * starts.length * C * m);
  const sums = new Float64Array(C * m);
  let at = 0;
  for (let n = 0; n < N; n++) {
    for (const start of starts) {
      sums.fill(0);
      for (let k = 0; k < offsets.length; k++) {
        const from = n * sizeOf(inner) + start + offsets[k];
        for (let c = 0; c < C; c++) {
          const v = padded.data[from + c];
          const w = (k * C + c) * m;
          for (let j = 0; j < m; j++) sums[c * m + j] += v * kernel.data[w + j];
        }
      }
      data.set(sums, at);
      at += sums.length;
    }
  }
  return { shape: [N, ...out, C * m], data };
}

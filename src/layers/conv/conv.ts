import type { WeightShape } from '../../cells/cell.js';
import { factor, weightShape, withBias } from '../../cells/weightShapes.js';
import { RnnError } from '../../errors.js';
import { int } from '../../formats/onnx/builder.js';
import { activatedInPlace } from '../activation.js';
import { channelsFirst, channelsLast, channelsOf, fromLast, lastChannels, overSpace, spaceOf, toLast } from '../channels.js';
import { multiply, productCost, widthOf } from '../dims.js';
import { type ArrayLibrary, type Grammar, inBoth, inGrammar, type OnnxFacet, type ScriptCall } from '../facets.js';
import { kerasArguments } from '../kerasArguments.js';
import type { LayerKind } from '../layer.js';
import { pythonText } from '../python.js';
import type { DimShape } from '../shape.js';
import { NUMPY_WINDOWS, TORCH_PADDING } from '../window/scripts.js';
import { PADDINGS, slid } from '../window/window.js';
import { convolve } from './convolve.js';
import { FILTER_ARGUMENTS, filterConstants, filterFields, filterSizes, filtersFirst, slidingAttributes } from './filters.js';
import { type ConvSpec, windowsOf } from './spec.js';

function convolution(name: ConvSpec['kind'], axes: number): LayerKind<ConvSpec> {
  const fields: LayerKind<ConvSpec>['fields'] = {
    filters: { type: 'size' },
    ...filterFields(axes, axes === 1 ? PADDINGS : ['valid', 'same']),
    groups: { type: 'size', default: 1 },
  };
  return {
    name,
    letter: 'F',
    reads: 'sequence',
    kerasClass: () => `Conv${axes}D`,
    fields,
    grammar: inGrammar(axes, grammarOf(axes)),
    keras: kerasArguments(`Conv${axes}D`, fields, `filters ${FILTER_ARGUMENTS} groups`, { weightNames: { W: 'kernel', b: 'bias' } }),
    onnx,
    scripts: inBoth(expression, { np: NUMPY, torch: TORCH }),

    weightShapes: (layer, [input], symbols) => weightsOf(layer, input, symbols.units),

    outputShape(layer, [input], symbols) {
      groupedChannels(layer, input);
      const filters = { symbol: symbols.units, size: layer.filters };
      return overSpace(layer, input, axes, space => slid(space, windowsOf(layer)), filters);
    },

    cost(layer, [input], symbols) {
      const out = slid(spaceOf(layer, input, axes).slice(1), windowsOf(layer));
      const places = out.map(d => d.size);
      const [W] = weightsOf(layer, input, symbols.units);
      const formula = `${out.map(d => factor(d.symbol)).join('*')}*${W.formula}`;
      return productCost(layer, multiply(...places, ...W.shape), multiply(...places, layer.filters), formula);
    },

    formula(layer, [input], symbols) {
      const [W] = weightsOf(layer, input, symbols.units);
      return layer.useBias ? `${symbols.units}*(${W.dims.slice(0, -1).map(factor).join('*')}+1)` : W.formula;
    },

    apply(layer, [input], { kernels, weights }) {
      const x = toLast(layer, input.tensor);
      const y = convolve(x, weights.get('W')!, weights.get('b'), windowsOf(layer), layer.groups, kernels);
      return { tensor: activatedInPlace(layer.activation, fromLast(layer, y)) };
    },
  };
}

function grammarOf(axes: number): Grammar {
  return {
    ...(axes === 1 ? { word: 'conv' } : {}),
    sizes: filterSizes(axes),
    activation: true,
    options: {
      same: { set: { padding: 'same' } },
      valid: { set: { padding: 'valid' } },
      ...(axes === 1 ? { causal: { set: { padding: 'causal' } } } : {}),
      stride: { size: 'strides', axes },
      dilation: { size: 'dilation', axes },
      groups: { size: 'groups' },
      nobias: { set: { useBias: false } },
    },
  };
}

/** Shapes of W [...k, C/groups, F] and b [F]. @param units letter of the number of filters */
function weightsOf(layer: ConvSpec, input: DimShape, units: string): WeightShape[] {
  const C = groupedChannels(layer, input);
  const from = channelsOf(layer, input).symbol;
  const own = layer.groups === 1 ? from : `${factor(from)}/${layer.groups}`;
  const dims = [...layer.kernelSize.map(String), own, units];
  const kernel = weightShape({ name: 'W', role: 'kernel', dims, shape: [...layer.kernelSize, C / layer.groups, layer.filters] });
  return withBias([kernel], layer.useBias, 'b', units, layer.filters);
}

/** Returns the number of input channels, which must be divisible by the groups. @throws RnnError E_SYMBOLIC, E_GROUPS */
function groupedChannels(layer: ConvSpec, input: DimShape): number {
  const C = widthOf(lastChannels(layer) ? input : input.slice(0, 2));
  const { groups, filters } = layer;
  if (C % groups === 0 && filters % groups === 0) return C;
  throw new RnnError('shape', 'E_GROUPS', `${C} channels and ${filters} filters cannot be divided into ${groups} groups`, {
    where: 'groups',
    expected: 'a divisor of both',
    found: String(groups),
  });
}

/** Conv reads [N, C, …S] with W [F, C/groups, …k]. */
const onnx: OnnxFacet<ConvSpec> = (layer, { builder, inputs: [input], shapes, weight, activation }) => {
  const weights = filterConstants(builder, layer.name, filtersFirst(weight('W')!), weight('b'));
  const attributes = { ...slidingAttributes(layer, shapes[0]), group: int(layer.groups) };
  const y = channelsFirst(layer, builder, input, layer.kernelSize.length, x =>
    builder.add('Conv', [x, ...weights], attributes, layer.name),
  );
  return activation(layer.activation, y);
};

const NUMPY = `${NUMPY_WINDOWS}

def conv(x, W, b, strides, dilation, padding, groups):
    x = windows(x, W.shape[:-2], strides, dilation, padding)
    parts = zip(np.split(x, groups, -1), np.split(W, groups, -1))
    return np.concatenate([np.tensordot(X, w, w.ndim - 1) for X, w in parts], -1) + b
`;

const TORCH = `${TORCH_PADDING}

def conv(x, W, b, strides, dilation, padding, groups):
    x = padded(x.movedim(-1, 1), W.shape[:-2], strides, dilation, padding)
    W = W.movedim(-1, 0).movedim(-1, 1)
    run = getattr(torch.nn.functional, f"conv{W.ndim - 2}d")
    return run(x, W, b, strides, 0, dilation, groups).movedim(1, -1)
`;

function expression(library: ArrayLibrary, layer: ConvSpec, { inputs: [input], weight, activation }: ScriptCall): string {
  const options = [layer.strides, layer.dilation, layer.padding, layer.groups].map(pythonText).join(', ');
  const bias = weight('b') ?? (library === 'np' ? '0' : 'None');
  return activation(
    layer.activation,
    channelsLast(layer, library, input, x => `conv(${x}, ${weight('W')}, ${bias}, ${options})`),
  );
}

export const conv1d = convolution('conv1d', 1);
export const conv2d = convolution('conv2d', 2);
export const conv3d = convolution('conv3d', 3);

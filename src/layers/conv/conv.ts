import { factor, weightShape, withBias } from '../../cells/weightShapes.js';
import { RnnError } from '../../errors.js';
import { activatedInPlace } from '../activation.js';
import { fromLast, lastChannels, spaceOf, toLast, withChannels } from '../channels.js';
import { multiply, productCost, widthOf } from '../dims.js';
import { inGrammar } from '../facets.js';
import { kerasArguments } from '../kerasArguments.js';
import type { LayerKind } from '../layer.js';
import type { DimShape } from '../shape.js';
import { PADDINGS, slideAlong } from '../window/window.js';
import { convolve } from './convolve.js';
import { FILTER_ARGUMENTS, filterFields, filterSizes } from './filters.js';
import { onnx } from './onnx.js';
import { scripts } from './scripts.js';
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
    grammar: inGrammar(axes, {
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
    }),
    keras: kerasArguments(`Conv${axes}D`, fields, `filters ${FILTER_ARGUMENTS} groups`, { weightNames: { W: 'kernel', b: 'bias' } }),
    onnx,
    scripts,

    weightShapes(layer, [input], symbols) {
      const C = channelsOf(layer, input);
      const from = input[lastChannels(layer) ? input.length - 1 : 1].symbol;
      const own = layer.groups === 1 ? from : `${factor(from)}/${layer.groups}`;
      const dims = [...layer.kernelSize.map(String), own, symbols.units];
      const kernel = weightShape({ name: 'W', role: 'kernel', dims, shape: [...layer.kernelSize, C / layer.groups, layer.filters] });
      return withBias([kernel], layer.useBias, 'b', symbols.units, layer.filters);
    },

    outputShape(layer, [input], symbols) {
      channelsOf(layer, input);
      const [N, ...space] = spaceOf(layer, input, axes);
      const slid = space.map((dim, axis) => slideAlong(dim, windowsOf(layer)[axis]));
      const filters = { symbol: symbols.units, size: layer.filters };
      return withChannels(layer, [N, ...slid], filters);
    },

    cost(layer, [input], symbols) {
      const space = spaceOf(layer, input, axes).slice(1);
      const slid = space.map((dim, axis) => slideAlong(dim, windowsOf(layer)[axis]));
      const places = slid.map(d => d.size);
      const [W] = this.weightShapes(layer, [input], symbols);
      const formula = `${slid.map(d => factor(d.symbol)).join('*')}*${W.formula}`;
      return productCost(layer, multiply(...places, ...W.shape), multiply(...places, layer.filters), formula);
    },

    formula(layer, [input], symbols) {
      const [W] = this.weightShapes(layer, [input], symbols);
      return layer.useBias ? `${symbols.units}*(${W.dims.slice(0, -1).map(factor).join('*')}+1)` : W.formula;
    },

    apply(layer, [input], { kernels, weights }) {
      const x = toLast(layer, input.tensor);
      const y = convolve(x, weights.get('W')!, weights.get('b'), windowsOf(layer), layer.groups, kernels);
      return { tensor: activatedInPlace(layer.activation, fromLast(layer, y)) };
    },
  };
}

export const conv1d = convolution('conv1d', 1);
export const conv2d = convolution('conv2d', 2);
export const conv3d = convolution('conv3d', 3);

/** Channels of the input, which the groups must divide. @throws RnnError E_SYMBOLIC, E_GROUPS */
function channelsOf(layer: ConvSpec, input: DimShape): number {
  const C = widthOf(lastChannels(layer) ? input : input.slice(0, 2));
  const { groups, filters } = layer;
  if (C % groups === 0 && filters % groups === 0) return C;
  throw new RnnError('shape', 'E_GROUPS', `${C} channels and ${filters} filters do not fall into ${groups} groups`, {
    where: 'groups',
    expected: 'a number that divides both',
    found: String(groups),
  });
}

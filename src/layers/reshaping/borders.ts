import { factor } from '../../cells/weightShapes.js';
import { RnnError } from '../../errors.js';
import { padAxes } from '../../tensor/axes.js';
import { sizesAlong } from '../axes.js';
import { DATA_FORMAT, type DataFormat, overSpace, spaceAxes, withChannels } from '../channels.js';
import { showShape, symbolic } from '../dims.js';
import { type ArrayLibrary, inBoth, inGrammar, oneForAll, type ScriptCall } from '../facets.js';
import { sizes } from '../fields.js';
import type { LayerBase, LayerKind } from '../layer.js';
import { sized } from '../operatorNumbers.js';
import type { Dim, DimShape } from '../shape.js';
import { cutText, paddedText, padsConstant } from './cut.js';
import { RESIZE_PYTHON, resized, resizedOnnx, resizedText } from './resize.js';

/** Pads spatial axes with zeros, or crops them: [N, T, D] -> [N, T ± (before + after), D] (Keras ZeroPadding, Cropping). */
export interface BorderSpec extends LayerBase {
  readonly kind: `${'zeropad' | 'crop'}${1 | 2 | 3}d`;
  /** how much before and after each axis, one axis after the other */
  readonly border: readonly number[];
  readonly dataFormat: DataFormat;
}

function borders(name: BorderSpec['kind'], axes: number): LayerKind<BorderSpec> {
  const pad = name.startsWith('zeropad');
  const kerasClass = `${pad ? 'ZeroPadding' : 'Cropping'}${axes}D`;
  const key = pad ? 'padding' : 'cropping';
  const sign = pad ? 1 : -1;
  /** [before, after] for every axis of the input; negative: cropped */
  const padsOf = (layer: BorderSpec) =>
    withChannels(layer, [[0, 0], ...pairs(layer.border)], [0, 0]).map(([before, behind]): [number, number] => [
      sign * before,
      sign * behind,
    ]);
  return {
    name,
    reads: 'sequence',
    kerasClass: () => kerasClass,
    fields: {
      border: sizes({ count: 2 * axes, from: 0, default: new Array(2 * axes).fill(1) }),
      dataFormat: DATA_FORMAT,
    },
    grammar: inGrammar(axes, {
      sizes: {
        form: 'width',
        example: '1',
        fields: [oneForAll('border', 2 * axes)],
      },
    }),
    keras: {
      classes: { [kerasClass]: config => ({ border: borderOf(config[key], axes), dataFormat: config.data_format ?? 'channels_last' }) },
      config: ({ border, dataFormat }) => ({
        [key]: axes === 1 ? border : pairs(border),
        ...(axes === 1 && !pad ? {} : { data_format: dataFormat }),
      }),
    },
    outputShape(layer, [input]) {
      const grown = overSpace(layer, input, axes, space =>
        space.map((dim, axis) => grownBy(dim, sign * (layer.border[2 * axis] + layer.border[2 * axis + 1]))),
      );
      if (grown.slice(1).some(d => d.size !== null && d.size < 1))
        throw new RnnError('shape', 'E_WINDOW', `nothing of ${showShape(input)} is left`, {
          found: `a border of ${layer.border.join(', ')}`,
        });
      return grown;
    },
    apply: (layer, [{ tensor }]) => ({ tensor: padAxes(tensor, padsOf(layer)) }),
    onnx: (layer, { builder, inputs: [x] }) => builder.add('Pad', [x, padsConstant(builder, padsOf(layer))], {}, layer.name),
    scripts: inBoth((library, layer, { inputs: [x] }) => {
      const pads = padsOf(layer);
      return pad ? paddedText(library, x, pads) : cutText(x, pads);
    }),
  };
}

export const zeropad1d = borders('zeropad1d', 1);
export const zeropad2d = borders('zeropad2d', 2);
export const zeropad3d = borders('zeropad3d', 3);
export const crop1d = borders('crop1d', 1);
export const crop2d = borders('crop2d', 2);
export const crop3d = borders('crop3d', 3);

/** Crops the middle of an image: [N, H, W, C] -> [N, height, width, C] (Keras CenterCrop). */
export interface CenterCropSpec extends LayerBase {
  readonly kind: 'centercrop';
  readonly size: readonly number[];
  readonly dataFormat: DataFormat;
}

export const centercrop: LayerKind<CenterCropSpec> = {
  name: 'centercrop',
  reads: 'sequence',
  kerasClass: () => 'CenterCrop',
  fields: { size: sizes({ count: 2 }), dataFormat: DATA_FORMAT },
  keras: {
    classes: { CenterCrop: config => ({ size: [config.height, config.width], dataFormat: config.data_format ?? 'channels_last' }) },
    forImages: ['CenterCrop'],
    config: ({ size: [height, width], dataFormat }) => ({ height, width, data_format: dataFormat }),
  },
  outputShape: (layer, [input]) => overSpace(layer, input, 2, () => layer.size.map(sized)),
  apply(layer, [{ tensor }], { kernels }) {
    const pads = middleOf(layer, symbolic(tensor.shape));
    return { tensor: pads ? padAxes(tensor, pads) : resized(enlarging(layer), tensor, kernels) };
  },
  onnx(layer, call) {
    const pads = middleOf(layer, call.shapes[0]);
    return pads
      ? call.builder.add('Pad', [call.inputs[0], padsConstant(call.builder, pads)], {}, layer.name)
      : resizedOnnx(enlarging(layer), call);
  },
  scripts: inBoth(middleText, RESIZE_PYTHON),
};

function middleText(library: ArrayLibrary, layer: CenterCropSpec, call: ScriptCall): string {
  const pads = middleOf(layer, call.shapes[0]);
  return pads ? cutText(call.inputs[0], pads) : resizedText(library, enlarging(layer), call);
}

/** The resizing that Keras applies if the image is smaller. */
function enlarging({ name, size, dataFormat }: CenterCropSpec) {
  return { name, size, dataFormat, interpolation: 'bilinear', crop: true } as const;
}

/** Returns how much to crop before and after each axis, as negative numbers; undefined if the image is smaller. @throws RnnError E_SYMBOLIC */
function middleOf(layer: CenterCropSpec, input: DimShape): [number, number][] | undefined {
  const own = sizesAlong(spaceAxes(layer, 2), input);
  if (own.some((length, i) => length < layer.size[i])) return undefined;
  const cut = own.map((length, i): [number, number] => {
    const before = Math.floor((length - layer.size[i]) / 2);
    return [-before, before + layer.size[i] - length];
  });
  return withChannels(layer, [[0, 0], ...cut], [0, 0]);
}

function pairs(list: readonly number[]): (readonly [number, number])[] {
  return Array.from({ length: list.length / 2 }, (_, i) => [list[2 * i], list[2 * i + 1]]);
}

/** Reads Keras' argument: a number, a number per axis, or a pair per axis; with a single axis, just a pair. */
function borderOf(value: unknown, axes: number): unknown {
  if (!Array.isArray(value)) return value ?? 1;
  if (axes === 1) return value;
  return value.flatMap(v => (Array.isArray(v) ? v : [v, v]));
}

function grownBy({ symbol, size }: Dim, by: number): Dim {
  if (by === 0) return { symbol, size };
  return { symbol: `${by < 0 ? factor(symbol) : symbol}${by < 0 ? '-' : '+'}${Math.abs(by)}`, size: size === null ? null : size + by };
}

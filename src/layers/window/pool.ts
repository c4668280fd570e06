import { int, ints } from '../../formats/onnx/builder.js';
import { padAxes } from '../../tensor/axes.js';
import { type FloatArray, sizeOf, type Tensor } from '../../tensor/tensor.js';
import { channelsFirst, channelsLast, DATA_FORMAT, type DataFormat, fromLast, overSpace, spaceOf, toLast } from '../channels.js';
import { multiply, NO_COST } from '../dims.js';
import { inBoth, inGrammar, type OnnxFacet, oneForAll, type ScriptFacet } from '../facets.js';
import { sizes } from '../fields.js';
import { kerasArguments } from '../kerasArguments.js';
import type { Kernels, LayerBase, LayerKind } from '../layer.js';
import { pythonText } from '../python.js';
import { onnxPadding } from './onnx.js';
import { offsetsOf, startsOf } from './places.js';
import { NUMPY_WINDOWS } from './scripts.js';
import { type Padding, paddingOf, slid, type Window, windowsIn } from './window.js';

/** Maximum or mean of each window: [N, …S, D] -> [N, …S', D]. A mean does not count what `same` pads. */
export interface WindowPoolSpec extends LayerBase {
  readonly kind: `${'max' | 'avg'}pool${1 | 2 | 3}d`;
  readonly poolSize: readonly number[];
  /** null: the size of the window */
  readonly strides: readonly number[] | null;
  readonly padding: Padding;
  readonly dataFormat: DataFormat;
}

const NUMPY = `${NUMPY_WINDOWS}

def pool(x, sizes, strides, padding, reduce):
    x = windows(x, sizes, strides, [1] * len(sizes), padding, np.nan)
    return reduce(x, tuple(range(-1 - len(sizes), -1)))
`;

const TORCH = `
def pool(x, sizes, strides, padding, reduce):
    for axis, (k, s) in enumerate(zip(sizes, strides), 1):
        extra = 0 if padding == "valid" else max(0, (-(-x.shape[axis] // s) - 1) * s + k - x.shape[axis])
        fill = lambda n: x.new_full([n if a == axis else size for a, size in enumerate(x.shape)], float("nan"))
        x = torch.cat([fill(extra // 2), x, fill(extra - extra // 2)], axis).unfold(axis, k, s)
    return reduce(x.flatten(-len(sizes)))
`;

function windowPool(name: WindowPoolSpec['kind'], axes: number): LayerKind<WindowPoolSpec> {
  const max = name.startsWith('max');
  const kerasClass = `${max ? 'Max' : 'Average'}Pooling${axes}D`;
  const fields: LayerKind<WindowPoolSpec>['fields'] = {
    poolSize: sizes({ count: axes, default: new Array(axes).fill(2) }),
    strides: sizes({ count: axes, default: null }),
    padding: { type: 'choice', choices: ['valid', 'same'], default: 'valid' },
    dataFormat: DATA_FORMAT,
  };
  return {
    name,
    reads: 'sequence',
    kerasClass: () => kerasClass,
    fields,
    grammar: inGrammar(axes, {
      sizes: {
        form: 'width',
        example: new Array(axes).fill(2).join('x'),
        fields: [oneForAll('poolSize', axes)],
      },
      options: { same: { set: { padding: 'same' } }, stride: { size: 'strides', axes } },
    }),
    keras: kerasArguments(kerasClass, fields, 'poolSize strides padding dataFormat'),
    onnx: onnx(max),
    scripts: scripts(max),
    outputShape: (layer, [input]) => overSpace(layer, input, axes, space => slid(space, windowsOf(layer))),
    cost(layer, [input], symbols) {
      const out = this.outputShape(layer, [input], symbols);
      return { ...NO_COST, elementwise: multiply(sizeOf(layer.poolSize), ...out.slice(1).map(d => d.size)) };
    },
    apply: (layer, [input], { kernels }) => ({
      tensor: fromLast(layer, pooled(toLast(layer, input.tensor), windowsOf(layer), max, kernels)),
    }),
  };
}

export const maxpool1d = windowPool('maxpool1d', 1);
export const avgpool1d = windowPool('avgpool1d', 1);
export const maxpool2d = windowPool('maxpool2d', 2);
export const avgpool2d = windowPool('avgpool2d', 2);
export const maxpool3d = windowPool('maxpool3d', 3);
export const avgpool3d = windowPool('avgpool3d', 3);

function windowsOf({ poolSize, strides, padding }: WindowPoolSpec): Window[] {
  return poolSize.map((size, axis) => ({ size, stride: (strides ?? poolSize)[axis], dilation: 1, padding }));
}

/** x [N, …S, C] -> [N, …O, C] */
function pooled(x: Tensor, windows: readonly Window[], max: boolean, kernels: Kernels): Tensor {
  const [N, ...rest] = x.shape;
  const C = rest[rest.length - 1];
  const space = rest.slice(0, -1);
  const pads = [[0, 0], ...space.map((size, axis) => paddingOf(size, windows[axis])), [0, 0]] as [number, number][];
  const padded = padAxes(x, pads, max ? -Infinity : 0);
  const out = space.map((size, axis) => windowsIn(size, windows[axis]));
  const data = kernels.allocate(N * sizeOf(out) * C);
  const inner = padded.shape.slice(1);
  const [offsets, starts] = [offsetsOf(inner, windows), startsOf(inner, out, windows)];
  const counts = max ? undefined : countsOf(space, out, windows);
  const row = new Float64Array(C);
  let at = 0;
  for (let n = 0; n < N; n++) {
    for (let place = 0; place < starts.length; place++, at += C) {
      const from = n * sizeOf(inner) + starts[place];
      if (counts) sumRows(padded.data, from, offsets, row);
      else mostRows(padded.data, from, offsets, row);
      if (counts) for (let c = 0; c < C; c++) data[at + c] = row[c] / counts[place];
      else for (let c = 0; c < C; c++) data[at + c] = row[c];
    }
  }
  return { shape: [N, ...out, C], data };
}

// the inner loop runs over channels, in memory order. Propagates NaN: once the maximum is NaN, no comparison replaces it
function mostRows(data: FloatArray, from: number, offsets: readonly number[], row: Float64Array): void {
  row.fill(-Infinity);
  for (const offset of offsets)
    for (let c = 0, at = from + offset; c < row.length; c++, at++) {
      const v = data[at];
      if (v > row[c] || Number.isNaN(v)) row[c] = v;
    }
}

function sumRows(data: FloatArray, from: number, offsets: readonly number[], row: Float64Array): void {
  row.fill(0);
  for (const offset of offsets) for (let c = 0, at = from + offset; c < row.length; c++, at++) row[c] += data[at];
}

/** How many values of each window are not padding. */
function countsOf(space: readonly number[], out: readonly number[], windows: readonly Window[]): number[] {
  let counts = [1];
  space.forEach((size, axis) => {
    const window = windows[axis];
    const [before] = paddingOf(size, window);
    const own = Array.from({ length: out[axis] }, (_, o) => {
      const from = o * window.stride - before;
      return Math.min(size, from + window.size) - Math.max(0, from);
    });
    counts = counts.flatMap(count => own.map(n => count * n));
  });
  return counts;
}

function onnx(max: boolean): OnnxFacet<WindowPoolSpec> {
  return (layer, { builder, inputs, shapes }) => {
    const axes = layer.poolSize.length;
    const windows = windowsOf(layer);
    const attributes = {
      kernel_shape: ints(...layer.poolSize),
      strides: ints(...windows.map(w => w.stride)),
      ...onnxPadding(spaceOf(layer, shapes[0], axes).slice(1), windows),
      ...(max ? {} : { count_include_pad: int(0) }),
    };
    return channelsFirst(layer, builder, inputs[0], axes, x => builder.add(max ? 'MaxPool' : 'AveragePool', [x], attributes, layer.name));
  };
}

/** Scripts that pad with NaN and use the functions of each library that ignore NaN. */
function scripts(max: boolean): ScriptFacet<WindowPoolSpec> {
  const reduce = {
    np: max ? 'np.nanmax' : 'np.nanmean',
    torch: max ? 'lambda v: v.nan_to_num(-torch.inf).amax(-1)' : 'lambda v: v.nanmean(-1)',
  };
  return inBoth(
    (library, layer, { inputs: [x] }) => {
      const options = [layer.poolSize, windowsOf(layer).map(w => w.stride), layer.padding].map(pythonText).join(', ');
      return channelsLast(layer, library, x, moved => `pool(${moved}, ${options}, ${reduce[library]})`);
    },
    { np: NUMPY, torch: TORCH },
  );
}

import { int, ints } from '../../formats/onnx/builder.js';
import { sizesAlong } from '../axes.js';
import { DATA_FORMAT, type DataFormat, overSpace, spaceAxes } from '../channels.js';
import { costPerNumber } from '../dims.js';
import { inBoth, inGrammar, type Nodes, type ScriptFacet } from '../facets.js';
import { sizes } from '../fields.js';
import { kerasArguments } from '../kerasArguments.js';
import type { LayerBase, LayerKind } from '../layer.js';
import { sized } from '../operatorNumbers.js';
import { pythonText } from '../python.js';
import type { DimShape } from '../shape.js';
import { adaptiveWindows } from './places.js';

/**
 * Pools a fixed number of windows along each spatial axis, whatever its length: window i of n reaches from ⌊i·T/n⌋ to ⌈(i+1)·T/n⌉
 * (Keras AdaptiveMaxPooling, AdaptiveAveragePooling): [N, …S, C] -> [N, …n, C].
 */
export interface AdaptivePoolSpec extends LayerBase {
  readonly kind: `adaptive${'max' | 'avg'}pool${1 | 2 | 3}d`;
  readonly outputSize: readonly number[];
  readonly dataFormat: DataFormat;
}

const NUMPY = `
def adaptive_pool(x, axis, windows, reduce):
    return np.concatenate([reduce(np.take(x, range(a, b), axis), axis, keepdims=True) for a, b in windows], axis)
`;

const TORCH = `
def adaptive_pool(x, axis, windows, reduce):
    return torch.cat([reduce(x.narrow(axis, a, b - a), axis, keepdim=True) for a, b in windows], axis)
`;

function adaptivePool(name: AdaptivePoolSpec['kind'], axes: number): LayerKind<AdaptivePoolSpec> {
  const max = name.includes('max');
  const kerasClass = `Adaptive${max ? 'Max' : 'Average'}Pooling${axes}D`;
  const fields: LayerKind<AdaptivePoolSpec>['fields'] = {
    outputSize: sizes({ count: axes }),
    dataFormat: DATA_FORMAT,
  };
  return {
    name,
    reads: 'sequence',
    kerasClass: () => kerasClass,
    fields,
    grammar: inGrammar(axes, {
      sizes: {
        form: 'n',
        example: new Array(axes).fill(2).join('x'),
        meaning: 'windows along each axis',
        fields: [{ list: 'outputSize', counts: [axes, axes] }],
      },
    }),
    keras: kerasArguments(kerasClass, fields, 'outputSize dataFormat'),
    nodes: nodes(max),
    scripts: scripts(max),
    outputShape: (layer, [input]) => overSpace(layer, input, axes, () => layer.outputSize.map(sized)),
    cost: costPerNumber('elementwise'),
  };
}

export const adaptivemaxpool1d = adaptivePool('adaptivemaxpool1d', 1);
export const adaptiveavgpool1d = adaptivePool('adaptiveavgpool1d', 1);
export const adaptivemaxpool2d = adaptivePool('adaptivemaxpool2d', 2);
export const adaptiveavgpool2d = adaptivePool('adaptiveavgpool2d', 2);
export const adaptivemaxpool3d = adaptivePool('adaptivemaxpool3d', 3);
export const adaptiveavgpool3d = adaptivePool('adaptiveavgpool3d', 3);

/** Returns the windows of each axis as [from, to), which needs its size. @throws RnnError E_SYMBOLIC */
function windowsOf(layer: AdaptivePoolSpec, input: DimShape) {
  return layer.outputSize.map((count, i) => {
    const axis = spaceAxes(layer, layer.outputSize.length)[i];
    return { axis, windows: adaptiveWindows(sizesAlong([axis], input)[0], count) };
  });
}

/** Adds the nodes. Windows are products of intervals, so the axes can be pooled one after the other. */
function nodes(max: boolean): Nodes<AdaptivePoolSpec> {
  return (layer, { builder, inputs: [x], shapes: [input] }) =>
    windowsOf(layer, input).reduce((value, { axis, windows }) => {
      const parts = windows.map(([from, to]) => {
        const part = builder.add('Slice', [value, ...[from, to, axis].map(n => builder.integers([n]))], {}, layer.name);
        return builder.add(max ? 'ReduceMax' : 'ReduceMean', [part], { axes: ints(axis), keepdims: int(1) }, layer.name);
      });
      return builder.add('Concat', parts, { axis: int(axis) }, layer.name);
    }, x);
}

function scripts(max: boolean): ScriptFacet<AdaptivePoolSpec> {
  return inBoth(
    (library, layer, { inputs: [x], shapes: [input] }) => {
      const reduce = { np: max ? 'np.max' : 'np.mean', torch: max ? 'torch.amax' : 'torch.mean' }[library];
      return windowsOf(layer, input).reduce(
        (text, { axis, windows }) => `adaptive_pool(${text}, ${axis}, ${pythonText(windows)}, ${reduce})`,
        x,
      );
    },
    { np: NUMPY, torch: TORCH },
  );
}

import { factor } from '../cells/weightShapes.js';
import { ints } from '../formats/onnx/builder.js';
import { DATA_FORMAT, type DataFormat, lastChannels } from './channels.js';
import { multiply } from './dims.js';
import { kerasArguments } from './kerasArguments.js';
import type { LayerBase, LayerKind } from './layer.js';

/** [N, T, M] -> [N, T·M]; with channels_first, Keras moves the channels to the end before it flattens. */
export interface FlattenSpec extends LayerBase {
  readonly kind: 'flatten';
  readonly dataFormat: DataFormat;
}

const FIELDS: LayerKind<FlattenSpec>['fields'] = { dataFormat: DATA_FORMAT };

export const flatten: LayerKind<FlattenSpec> = {
  name: 'flatten',
  movesNumbers: true,
  reads: 'sequence',
  grammar: {},
  kerasClass: () => 'Flatten',
  fields: FIELDS,
  keras: kerasArguments('Flatten', FIELDS, 'dataFormat?'),
  outputShape(layer, [input]) {
    const [N, ...rest] = input;
    if (rest.length === 0) return [N, { symbol: '1', size: 1 }];
    const ordered = lastChannels(layer) ? rest : [...rest.slice(1), rest[0]];
    const size = multiply(...rest.map(d => d.size));
    return [N, { symbol: ordered.map(d => factor(d.symbol)).join('*'), size: size === null ? null : Number(size) }];
  },
  nodes(layer, { builder, inputs: [x], shapes }) {
    const axes = [...shapes[0].keys()];
    const order = [0, ...axes.slice(2), 1];
    const moved =
      lastChannels(layer) || axes.length < 3 ? x : builder.add('Transpose', [x], { perm: ints(...order) }, `${layer.name}/channels`);
    return builder.add('Reshape', [moved, builder.integers([0, -1])], {}, layer.name);
  },
  scripts: {
    numpy: { expression: (layer, { inputs: [x] }) => `${lastChannels(layer) ? x : `np.moveaxis(${x}, 1, -1)`}.reshape(len(${x}), -1)` },
    torch: { expression: (layer, { inputs: [x] }) => `${lastChannels(layer) ? x : `${x}.movedim(1, -1)`}.flatten(1)` },
  },
};

import { RnnError } from '../errors.js';
import { escapeText } from '../escape.js';
import { fileTensor } from '../formats/fileTensor.js';
import type { FileTensor } from '../formats/format.js';
import { layerKinds } from '../layers/index.js';
import { weightShapesByLayer } from '../model/shapes.js';
import { once } from '../once.js';
import { checkWeights, weightKeys } from '../weights/weights.js';
import type { WritableConvention } from './convention.js';
import { layersOf, type WeightGroup } from './inferLayers.js';

/** The names that rnn-cli itself writes: `rnn_1/Wx`, `lstm_1/backward/Wh`, `dense_1/bo`, `conv1d_1/W`, for canonical weights. */
const nameForm = once(() => {
  const own = ['Wx', 'Wh', 'bh', 'Wp', 'p', 'Wo', 'bo', 'E', ...layerKinds().flatMap(({ keras }) => Object.keys(keras?.weightNames ?? {}))];
  return new RegExp(`^(.+?)/(?:(forward|backward)/)?(${[...new Set(own)].join('|')})$`, 's');
});

/** What `probe` writes into the same file: an input, its mask, its output. */
const BESIDE: ReadonlySet<string> = new Set(['x', 'y', 'mask']);

export const native: WritableConvention = {
  name: 'rnn-cli',
  framework: 'keras',
  detect: names => names.some(name => nameForm().test(name)) && names.every(name => nameForm().test(name) || BESIDE.has(name)),

  toWeights: (shapes, tensors) => checkWeights(weightShapesByLayer(shapes), new Map([...tensors].filter(([name]) => !BESIDE.has(name)))),

  fromWeights(shapes, weights) {
    const named = weightKeys(weightShapesByLayer(shapes)).map(({ key }): [string, FileTensor] => [key, fileTensor(weights.get(key)!)]);
    return new Map(named);
  },

  toSpec(tensors, hints) {
    const groups = new Map<string, WeightGroup>();
    for (const [name, t] of tensors) {
      if (BESIDE.has(name)) continue;
      const match = nameForm().exec(name);
      if (!match)
        throw new RnnError('convention', 'E_UNDETERMINED', `'${escapeText(name)}' is not one of rnn-cli's names`, {
          expected: 'layer/Wx, layer/Wh, layer/bh, layer/Wo, layer/bo',
        });
      const [, layer, way, weight] = match;
      const group = groups.get(layer) ?? { name: layer };
      if (way !== 'backward') assign(group, weight, t.shape);
      else group.bidirectional = true;
      groups.set(layer, group);
    }
    return layersOf([...groups.values()], hints, 'keras');
  },
};

function assign(group: WeightGroup, weight: string, shape: readonly number[]): void {
  if (weight === 'Wx') group.kernel = shape;
  else if (weight === 'Wh') group.recurrent = shape;
  else if (weight === 'bh' || weight === 'bo') group.bias = shape;
  else if (weight === 'Wo') group.dense = shape;
  else if (weight === 'E') group.embedding = shape;
  else if (weight === 'Wp') group.projection = shape[1];
  else group.peepholes = true;
}

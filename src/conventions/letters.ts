import { RnnError } from '../errors.js';
import { escapeText } from '../escape.js';
import { weightShapesByLayer } from '../model/shapes.js';
import { isRecurrent } from '../model/spec.js';
import { formatShape, reshape, type Tensor } from '../tensor/tensor.js';
import { checkWeights } from '../weights/weights.js';
import type { Convention, NamedTensors } from './convention.js';
import { layersOf, type WeightGroup } from './inferLayers.js';

/**
 * The letters of the equations as names, as in a loop written by hand: `np.savez(f, Wx=Wx, Wh=Wh, bh=bh, Wo=Wo, bo=bo)`; several layers are
 * numbered (Wx1, Wh1 …, Wx2). h = tanh(x @ Wx + h @ Wh + bh), y = h @ Wo + bo: Wx [D, G·M], Wh [M, G·M], Wo [M, K].
 */
const NAME = /^(Wx|Wh|bh|Wo|bo)_?(\d*)$/;
const BESIDE: ReadonlySet<string> = new Set(['x', 'X', 'y', 'Y', 'mask', 'h0', 'c0']);

export const letters: Convention = {
  name: 'letters',
  framework: 'keras',
  detect: names => names.some(name => NAME.test(name)) && names.every(name => NAME.test(name) || BESIDE.has(name)),

  toWeights(shapes, tensors) {
    const { recurrent, dense } = partsOf(tensors);
    const layers = shapes.layers.map(l => l.layer);
    const named = [
      ...renamed(
        recurrent,
        layers.filter(isRecurrent).map(l => l.name),
      ),
      ...renamed(
        dense,
        layers.filter(l => l.kind === 'dense').map(l => l.name),
      ),
    ];
    return checkWeights(weightShapesByLayer(shapes), new Map(named));
  },

  toSpec(tensors, hints) {
    const { recurrent, dense } = partsOf(tensors);
    const groups = [...recurrent, ...dense].map((part): WeightGroup => {
      const [kernel, wh, bias, wo] = ['Wx', 'Wh', 'bh', 'Wo'].map(letter => part.get(letter)?.shape);
      return wo ? { dense: wo, bias: part.get('bo')?.shape } : { kernel, recurrent: wh, bias };
    });
    return layersOf(groups, hints, 'keras');
  },
};

/** letter -> tensor, for one layer */
type Part = Map<string, Tensor>;

/**
 * Returns the layers in the order of their numbers. @throws RnnError E_TRANSPOSED if the shapes are those of W @ x, whose matrices are
 * transposed
 */
function partsOf(tensors: NamedTensors): { recurrent: Part[]; dense: Part[] } {
  const kinds = { recurrent: new Map<number, Part>(), dense: new Map<number, Part>() };
  for (const [name, t] of tensors) {
    const [, letter, number] = NAME.exec(name) ?? [];
    if (letter === undefined) continue;
    const parts = /o$/.test(letter) ? kinds.dense : kinds.recurrent;
    const part = parts.get(Number(number)) ?? new Map<string, Tensor>();
    parts.set(Number(number), part);
    // a bias may have the shape [1, M]
    part.set(letter, letter.startsWith('b') && t.shape.length === 2 && t.shape[0] === 1 ? reshape(t, [t.shape[1]]) : t);
  }
  const [recurrent, dense] = [kinds.recurrent, kinds.dense].map(parts => [...parts].sort(([a], [b]) => a - b).map(([, part]) => part));
  for (const part of recurrent) checkOrientation(part);
  return { recurrent, dense };
}

function checkOrientation(part: Part): void {
  const [x, h] = ['Wx', 'Wh'].map(letter => part.get(letter)?.shape ?? []);
  if (x.length !== 2 || h.length !== 2 || x[1] === h[1] || x[0] !== h[0]) return;
  throw new RnnError('convention', 'E_TRANSPOSED', `Wx ${formatShape(x)} and Wh ${formatShape(h)} have the shapes for Wx @ x + Wh @ h`, {
    where: 'Wx',
    expected: 'x @ Wx + h @ Wh: Wx [D, M], Wh [M, M], Wo [M, K]',
    found: `Wx ${formatShape(x)}`,
    fix: 'in Python: np.savez("w.npz", Wx=Wx.T, Wh=Wh.T, bh=bh.ravel(), Wo=Wo.T, bo=bo.ravel())',
  });
}

function renamed(parts: readonly Part[], names: readonly string[]): [string, Tensor][] {
  if (parts.length > names.length) {
    throw new RnnError(
      'convention',
      'E_WEIGHT_EXTRA',
      `the file has weights for a layer ${names.length + 1}, which the network does not have`,
      {
        where: escapeText([...parts[names.length].keys()].join(', '), 60),
        expected: String(names.length),
        found: String(parts.length),
      },
    );
  }
  return parts.flatMap((part, i) => [...part].map(([letter, t]): [string, Tensor] => [`${names[i]}/${letter}`, t]));
}

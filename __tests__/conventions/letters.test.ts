import { detectConvention } from '../../src/conventions/index.js';
import { keras } from '../../src/conventions/keras/keras.js';
import { letters } from '../../src/conventions/letters.js';
import { checkSpec } from '../../src/model/check.js';
import { inferShapes, weightShapesByLayer } from '../../src/model/shapes.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { reshape } from '../../src/tensor/tensor.js';
import { drawInput, drawWeights } from '../../src/weights/init.js';
import { said } from '../helpers/said.js';

const hints = { task: 'many-to-one', pool: 'last', timesteps: 7 } as const;
const t = (...shape: number[]): Tensor => drawInput(shape, { seed: String(shape) });

/** The arrays of get_weights() of a chain, as numbers, and the network. */
function drawn(kinds: readonly ('rnn' | 'lstm' | 'gru')[]) {
  const units = [5, 4, 6];
  const layers = kinds.map((kind, i) => ({
    kind,
    units: units[i],
    returnSequences: i < kinds.length - 1,
    resetAfter: kind === 'gru' ? false : undefined,
  }));
  const model = checkSpec(
    JSON.parse(JSON.stringify({ input: { timesteps: 7, features: 3 }, layers: [...layers, { kind: 'dense', units: 2 }] })),
    'keras',
  );
  const shapes = inferShapes(model);
  const weights = drawWeights(model, weightShapesByLayer(shapes), { seed: '3', init: 'torch', rng: 'seedrandom' });
  return { model, shapes, weights, arrays: [...keras.fromWeights(shapes, weights).values()] };
}

describe('weights by the letters of the equations', () => {
  it.each(['rnn', 'lstm'] as const)('are those of get_weights(): %s', kind => {
    const { shapes, weights, arrays } = drawn([kind]);
    const names = ['Wx', 'Wh', 'bh', 'Wo', 'bo'];
    // in any order, and with the input beside them
    const tensors = new Map<string, Tensor>([['x', t(2, 7, 3)], ...names.map((name, i): [string, Tensor] => [name, arrays[i]]).reverse()]);
    expect(detectConvention([...tensors.keys()]).name).toBe('letters');
    const read = letters.toWeights(shapes, tensors);
    expect(read.size).toBe(weights.size);
    if (kind === 'rnn') for (const [key, w] of weights) expect([...read.get(key)!.data]).toEqual([...w.data]);
    expect(letters.toSpec(tensors, hints)).toMatchObject({
      input: { features: 3, timesteps: 7 },
      layers: [
        { kind, units: 5, useBias: true, twoBiases: false, returnSequences: false },
        { kind: 'dense', units: 2, useBias: true },
      ],
    });
  });

  it('have numbers where there are several layers, and go by them', () => {
    const { shapes, weights, arrays } = drawn(['rnn', 'rnn', 'rnn']);
    const names = ['Wx1', 'Wh1', 'bh1', 'Wx2', 'Wh2', 'bh2', 'Wx10', 'Wh10', 'bh10', 'Wo', 'bo'];
    const tensors = new Map(names.map((name, i): [string, Tensor] => [name, arrays[i]]).reverse());
    const read = letters.toWeights(shapes, tensors);
    for (const [key, w] of weights) expect([...read.get(key)!.data]).toEqual([...w.data]);
    expect(letters.toSpec(tensors, hints).layers.map(l => l.units)).toEqual([5, 4, 6, 2]);
  });

  it('may have biases of one row', () => {
    const tensors = new Map([
      ['Wx', t(3, 5)],
      ['Wh', t(5, 5)],
      ['bh', reshape(t(5), [1, 5])],
    ]);
    expect(letters.toSpec(tensors, hints).layers).toMatchObject([{ kind: 'rnn', units: 5, useBias: true }]);
  });

  it('of W @ x are refused: they are transposed', () => {
    const tensors = new Map([
      ['Wx', t(5, 3)],
      ['Wh', t(5, 5)],
      ['bh', t(5)],
    ]);
    expect(said(() => letters.toSpec(tensors, hints))).toContain(
      'E_TRANSPOSED Wx: Wx [5, 3] and Wh [5, 5] have the shapes for Wx @ x + Wh @ h',
    );
  });

  it('of more layers than the network has are refused', () => {
    const { shapes } = drawn(['rnn']);
    const tensors = new Map(['Wx1', 'Wx2'].map(name => [name, t(3, 5)]));
    expect(said(() => letters.toWeights(shapes, tensors))).toContain(
      'E_WEIGHT_EXTRA Wx: the file has weights for a layer 2, which the network does not have',
    );
  });

  it("beside other names are nobody's", () => {
    expect(letters.detect(['Wx', 'kernel'])).toBe(false);
    expect(letters.detect(['x', 'y'])).toBe(false);
  });
});

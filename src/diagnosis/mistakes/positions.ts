import type { Tensor } from '../../tensor/tensor.js';
import { changeLoop, mapData, mistake, type Scenario, type Way } from '../mistake.js';
import { isFeatures, withX } from './inputs.js';

/** Positional encodings, which a transformer needs and a recurrent network does not. */

/** Number d of the D numbers that are added at step t (from 0). */
type Encoding = (t: number, d: number, D: number) => number;

const angle = (t: number, pair: number, pairs: number) => t / 10000 ** (pair / pairs);

/** Vaswani et al. 2017: sine at even d, cosine at odd d. */
const alternating: Encoding = (t, d, D) => (d % 2 === 0 ? Math.sin : Math.cos)(angle(t, d - (d % 2), D));

/** The sines in the first half, the cosines in the second. */
const inHalves: Encoding = (t, d, D) => (d < D / 2 ? Math.sin(angle(t, d, D / 2)) : Math.cos(angle(t, d - D / 2, D / 2)));

const ENCODINGS: readonly (readonly [words: string, encoding: Encoding, even: boolean])[] = [
  ['sine and cosine in turn', alternating, false],
  ['all sines, then all cosines', inHalves, true],
];

/** v [N, T, D] with the encoding added, after a multiplication by the root of D. */
function encoded(v: Tensor, encoding: Encoding, isScaled: boolean): Tensor {
  const [, T, D] = v.shape;
  const factor = isScaled ? Math.sqrt(D) : 1;
  return mapData(v, (number, i) => factor * number + encoding(Math.floor(i / D) % T, i % D, D));
}

export const positionsAdded = mistake('positions-added', 'positions are added to x', ['alone'], {
  why: 'A positional encoding is added to x or to the embedding, as for a transformer; the network has none.',
  numpy: 'y = network(x)                # ← not network(x + positions)',
  keras: 'x = Embedding(V, D)(tokens)   # ← no PositionEmbedding or SinePositionEncoding added to it',
  torch: 'out, h_n = rnn(emb(tokens))   # ← not rnn(positions(emb(tokens)))',
  example: { layers: 'rnn:3,dense:1', N: 2, T: 3, D: 4 },
  variants(scenario) {
    const { x } = scenario.input;
    const embedding = scenario.model.layers.find(l => l.kind === 'embedding');
    const D = isFeatures(scenario) ? x.shape[2] : ((embedding && scenario.weights.get(embedding.name)?.get('E')?.shape[1]) ?? 0);
    if (D < 2) return [];
    const [what, apply]: [string, (s: Scenario, f: (t: Tensor) => Tensor) => Scenario] = isFeatures(scenario)
      ? ['x', (s, f) => withX(s, f(s.input.x))]
      : [`the output of ${embedding!.name}`, (s, f) => changeLoop(s, embedding!.name, { merged: f })];
    return ENCODINGS.filter(([, , even]) => !even || D % 2 === 0).flatMap(([words, encoding]) =>
      [false, true].map(
        (isScaled): Way => ({
          rare: true,
          change: s => apply(s, t => encoded(t, encoding, isScaled)),
          why: `Positions are added to ${isScaled ? `${Number(Math.sqrt(D).toFixed(4))} (the root of ${D}) times ` : ''}${what}: sin and cos of t / 10000^(2i/${D}), ${words}, t from 0 on.`,
        }),
      ),
    );
  },
});

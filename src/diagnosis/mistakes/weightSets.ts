import type { RecurrentSpec } from '../../model/spec.js';
import type { Tensor } from '../../tensor/tensor.js';
import { changeWeights, inEach, mapData, mistake, onAllWeights, recurrentLayers, type Scenario, type Way } from '../mistake.js';

/** Mistakes with whole sets of weights: rounded to a few decimals or to int8, or those of another layer or direction. */

export const weightsRounded = mistake('weights-rounded', 'the weights are rounded to a few decimals', ['insideStep', 'alone'], {
  why: 'The weights are rounded to a few decimals: they were printed and copied, or written with %.4f.',
  numpy: "np.save('w.npy', w)           # ← binary; or np.savetxt('w.txt', w, fmt='%.9g')",
  variants(scenario) {
    const recurrent = new Set(recurrentLayers(scenario).map(l => l.name));
    const some: [string, (layer: string) => boolean][] = [
      ['The matrices', () => true],
      ['The matrices of the recurrent layers alone', layer => recurrent.has(layer)],
      ['The matrices of the other layers alone', layer => !recurrent.has(layer)],
    ];
    const isMatrix = (t: Tensor, name: string) => t.shape.length > 1 && !/(^|\/)bh$/.test(name);
    const int8 = ([what, wanted]: (typeof some)[number], each: boolean): Way => ({
      parameter: 'int8',
      fix: FULL_WEIGHTS,
      change: onAllWeights((t, name, layer) => (wanted(layer) && isMatrix(t, name) ? quantised(t, each) : t)),
      why: `${what} are rounded to int8: the largest number of each ${each ? 'column' : 'matrix'} is 127.`,
    });
    return [
      ...[1, 2, 3, 4, 5].map(d => ({
        parameter: d,
        change: onAllWeights(t => roundedTo(t, 10 ** d)),
        why: `Your output is what the network gives when all its weights are rounded to ${d} ${d === 1 ? 'decimal' : 'decimals'}.`,
      })),
      ...some.flatMap((part, k) => [int8(part, false), int8(part, true)].map(way => ({ ...way, rare: k > 0 }))),
      ...OTHER_QUANTISATIONS.map(([parameter, words, change]) => ({
        parameter,
        rare: true,
        fix: FULL_WEIGHTS,
        change: onAllWeights((t, name) => (isMatrix(t, name) ? change(t) : t)),
        why: `The matrices are rounded to ${words}.`,
      })),
    ];
  },
});

function roundedTo({ shape, data }: Tensor, parts: number): Tensor {
  const out = new Float64Array(data.length);
  for (let k = 0; k < out.length; k++) out[k] = Math.round(data[k] * parts) / parts;
  return { shape, data: out };
}

const FULL_WEIGHTS = { numpy: "W = np.load('w.npy')            # ← the float32 weights, not quantised ones" };

const OTHER_QUANTISATIONS: readonly (readonly [parameter: string, words: string, change: (t: Tensor) => Tensor])[] = [
  ['int8', 'uint8 with a zero point: 255 steps from the smallest number of each matrix (or 0) to the largest', shiftedToBytes],
  ['int8', 'int8 as torch.ao.quantization does: the largest number of each matrix is 127.5', t => quantised(t, false, 127.5, asTorch)],
  [
    'int8',
    'int8 as torch.ao.quantization does channel by channel: the largest number of each column is 127.5',
    t => quantised(t, true, 127.5, asTorch),
  ],
  ['int4', 'int4: the largest number of each matrix is 7', t => quantised(t, false, 7)],
  ['int4', 'int4: the largest number of each column is 7', t => quantised(t, true, 7)],
];

/** Quantises to 255 steps between the smallest and the largest number; the range includes 0, which stays 0. */
function shiftedToBytes(t: Tensor): Tensor {
  const [least, most] = [Math.min, Math.max].map(of => (t.data as Float64Array).reduce((a, b) => of(a, b), 0));
  const step = (most - least) / 255;
  const zero = Math.round(-least / step);
  return step > 0 ? mapData(t, v => (Math.min(255, Math.max(0, Math.round(v / step) + zero)) - zero) * step) : t;
}

/** Rounds a number to a multiple of most / steps. */
type Rounding = (v: number, most: number, steps: number) => number;

const toStep: Rounding = (v, most, steps) => (Math.round((v / most) * steps) / steps) * most;

/** As torch.ao.quantization: in float32, ties to even, −128 to 127. */
const asTorch: Rounding = (v, most, steps) => {
  const scale = Math.fround(most / steps);
  const times = Math.fround(v * Math.fround(1 / scale));
  const even = Math.abs(times % 1) === 0.5 ? 2 * Math.round(times / 2) : Math.round(times);
  return Math.min(127, Math.max(-128, even)) * scale;
};

/** Quantises to multiples of the largest magnitude / `steps`, of the whole tensor or of each column. */
function quantised({ shape, data }: Tensor, each: boolean, steps = 127, round = toStep): Tensor {
  const width = each ? shape[shape.length - 1] : 1;
  const most = new Float64Array(width);
  for (let k = 0, c = 0; k < data.length; k++, c = c + 1 < width ? c + 1 : 0) most[c] = Math.max(most[c], Math.abs(data[k]));
  const out = new Float64Array(data.length);
  for (let k = 0, c = 0; k < data.length; k++, c = c + 1 < width ? c + 1 : 0) out[k] = most[c] > 0 ? round(data[k], most[c], steps) : 0;
  return { shape, data: out };
}

export const weightSwap = mistake('weights-exchanged', 'two layers or directions have each other’s weights', ['insideStep', 'alone'], {
  why: 'Two layers have each other’s weights, or both directions of a layer run with the weights of one.',
  torch: "rnn.load_state_dict(torch.load('w.pt'))   # ← by name: _l0 is the first layer, _l1 the second, _reverse the backward direction",
  numpy: 'W1, W2 = weights[:3], weights[3:]   # ← the first layer’s come first',
  example: { layers: 'birnn:3,dense:1', N: 2, T: 2, D: 2 },
  variants(scenario) {
    const layers = recurrentLayers(scenario);
    // with many layers, only adjacent ones
    const near = layers.length > MANY ? 1 : layers.length;
    const pairs = layers.flatMap((a, i) => layers.slice(i + 1, i + 1 + near).map(b => [a, b] as const));
    const swaps = pairs.filter(([a, b]) => exchangeable(scenario, a, b).length > 0);
    const mirrored = layers.slice(0, layers.length / 2).map((a, i) => [a, layers[layers.length - 1 - i]] as const);
    const reversed = {
      change: (start: Scenario) => mirrored.reduce((s, [a, b]) => exchanged(s, a, b), start),
      why: `The recurrent layers have each other’s weights in reverse order: ${layers[0]?.name} those of ${layers[layers.length - 1]?.name}, and so on.`,
    };
    const both = layers.filter(l => l.bidirectional !== null);
    return [
      ...swaps.map(
        ([a, b]): Way => ({
          change: s => exchanged(s, a, b),
          why: `${a.name} and ${b.name} have each other’s ${exchangeable(scenario, a, b).join(', ')}.`,
        }),
      ),
      ...(layers.length >= 4 && mirrored.every(([a, b]) => exchangeable(scenario, a, b).length > 0) ? [reversed] : []),
      ...pairs.flatMap(pair =>
        [pair, [pair[1], pair[0]]].flatMap(([a, b]) => {
          const names = exchangeable(scenario, a, b);
          return (names.length > 1 ? [names, ...names.map(n => [n])] : []).map(
            (some): Way => ({
              layer: b.name,
              rare: true,
              change: s => changeWeights(s, b.name, (name, t) => (some.includes(name) ? s.weights.get(a.name)!.get(name)! : t)),
              why: `${b.name} runs with ${some.join(', ')} of ${a.name}.`,
            }),
          );
        }),
      ),
      ...ONE_FOR_THE_OTHER.flatMap(([from, to]) =>
        inEach(
          both,
          (s, l) =>
            changeWeights(s, l.name, (name, t) =>
              name.startsWith(to) ? (s.weights.get(l.name)!.get(from + name.slice(to.length)) ?? t) : t,
            ),
          layer => ({
            why: `Both directions of ${layer ?? 'every bidirectional layer'} run with the ${from.slice(0, -1)} weights.`,
            fix: { numpy: 'forward, backward = weights[:3], weights[3:]   # ← a set for each direction' },
          }),
        ),
      ),
    ];
  },
});

/** The directions whose weights are used, and of which they take the place. */
const ONE_FOR_THE_OTHER = [
  ['forward/', 'backward/'],
  ['backward/', 'forward/'],
] as const;

/** Number of recurrent layers above which not all pairs are tried. */
const MANY = 6;

/** Names of weights that have the same shape in two layers. */
function exchangeable({ weights }: Scenario, a: RecurrentSpec, b: RecurrentSpec): string[] {
  const [own, other] = [weights.get(a.name), weights.get(b.name)];
  return a.kind !== b.kind
    ? []
    : [...(own ?? [])].filter(([name, t]) => other?.get(name)?.shape.join() === t.shape.join()).map(([name]) => name);
}

function exchanged(s: Scenario, a: RecurrentSpec, b: RecurrentSpec): Scenario {
  const names = exchangeable(s, a, b);
  const taking = (from: string) => (name: string, t: Tensor) => (names.includes(name) ? s.weights.get(from)!.get(name)! : t);
  return changeWeights(changeWeights(s, a.name, taking(b.name)), b.name, taking(a.name));
}

import { getCell } from '../../cells/index.js';
import type { RecurrentSpec } from '../../model/spec.js';
import { reshape, type Tensor } from '../../tensor/tensor.js';
import type { Hypothesis, Variant } from '../hypothesis.js';
import { changeWeights, inLayers, mapData, placesOf, recurrentLayers, type Scenario } from '../scenario.js';
import { onGate } from './gruGates.js';

/** Mistakes in the weights of single gates: a term left out, biases split in the wrong way, blocks that are interleaved. */

function gatesOf(layer: RecurrentSpec): readonly string[] {
  return getCell(layer.kind).gates;
}

const named = (weight: string) => new RegExp(`(^|/)${weight}$`);

/** One gate of one layer: Wx, Wh, bh of every direction. */
function onTerm(names: readonly string[], weight: string, g: number, G: number, f: (v: number) => number): Variant['change'] {
  const is = named(weight);
  return inLayers(names, (s, l) => changeWeights(s, l.name, (name, t) => (is.test(name) ? onGate(t, G, g, f) : t)));
}

const TERMS = [
  { weight: 'bh', words: (g: string) => `the bias b_${g}` },
  { weight: 'Wx', words: (g: string) => `the product x·Wx_${g}` },
  { weight: 'Wh', words: (g: string) => `the product h·Wh_${g}` },
];

export const gateTermMissing: Hypothesis = {
  name: 'gate-term-missing',
  title: 'one gate lacks a bias or a product',
  insideStep: true,
  alone: true,
  why: 'One term of one gate is left out: its bias, its product with x or its product with h.',
  fix: { numpy: 'f = sigmoid(x[n,t] @ Wx_f + h @ Wh_f + b_f)   # ← every gate has all three terms' },
  example: { layers: 'lstm:2,dense:1', N: 2, T: 2, D: 2 },
  variants: scenario =>
    (['lstm', 'gru'] as const).flatMap(kind => {
      const layers = recurrentLayers(scenario).filter(l => l.kind === kind);
      const gates = getCell(kind).gates;
      return placesOf(layers).flatMap(({ names, layer }) =>
        gates.flatMap((gate, g) =>
          TERMS.filter(({ weight }) => weight !== 'bh' || layers.every(l => l.useBias)).map(
            ({ weight, words }): Variant => ({
              code: `gate-term-missing:${weight === 'bh' ? 'b' : weight}_${gate}`,
              layer,
              rare: layer === null && layers.length > 1,
              change: onTerm(names, weight, g, gates.length, () => 0),
              why: `In ${layer ?? `every ${kind.toUpperCase()}`} ${words(gate)} is left out of gate ${gate}.`,
              fix: { numpy: `z_${gate} = x[n,t] @ Wx_${gate} + h @ Wh_${gate} + b_${gate}` },
            }),
          ),
        ),
      );
    }),
};

/** GRU with two bias rows [2, 3·M] */
function twoRowGrus(scenario: Scenario): RecurrentSpec[] {
  return recurrentLayers(scenario).filter(
    l =>
      l.kind === 'gru' &&
      l.resetAfter &&
      [...(scenario.weights.get(l.name) ?? [])].some(([name, t]) => named('bh').test(name) && t.shape.length === 2),
  );
}

export const gruRecurrentBias: Hypothesis = {
  name: 'gru-recurrent-bias',
  title: 'the GRU’s recurrent bias is in the wrong place',
  insideStep: true,
  alone: true,
  why: 'The recurrent bias of the candidate (b_hn in PyTorch, row 1 of Keras’ bias) belongs inside r ⊙ (h·Wh_g + b′_g). Here it is outside, or left out (Flax and Equinox have none), or the two rows [2, 3·M] are read differently.',
  fix: {
    numpy: 'g = np.tanh(x[n,t] @ Wx_g + b_g + r * (h @ Wh_g + b2_g))   # ← b2_g inside r * (…)',
    keras: 'b, b2 = bias                  # ← bias of GRU(reset_after=True) is [2, 3·M]: input row, recurrent row',
  },
  example: { layers: 'gru:2,dense:1', N: 2, T: 2, D: 2 },
  variants(scenario) {
    const bias = (names: readonly string[], layer: string | null, change: (t: Tensor) => Tensor, why: string): Variant => ({
      code: 'gru-recurrent-bias',
      layer,
      change: inLayers(names, (s, l) =>
        changeWeights(s, l.name, (name, t) => (named('bh').test(name) && t.shape.length === 2 ? change(t) : t)),
      ),
      why,
    });
    return placesOf(twoRowGrus(scenario)).flatMap(({ names, layer }) => {
      const where = layer ?? 'every GRU';
      return [
        bias(
          names,
          layer,
          outsideReset,
          `The recurrent bias of the candidate of ${where} is added outside r ⊙ (…): g = tanh(x·Wx_g + b_g + b′_g + r⊙(h·Wh_g)). Keras and PyTorch have it inside.`,
        ),
        bias(
          names,
          layer,
          t => onRow(t, 1, 2, () => 0),
          `The recurrent bias of the candidate of ${where} (b_hn) is left out; the other biases are there.`,
        ),
        bias(
          names,
          layer,
          t => rowsExchanged(t),
          `The two rows of the bias of ${where} are exchanged: the recurrent one is used as the input one.`,
        ),
        bias(
          names,
          layer,
          interleaved,
          `The bias [2, 3·M] of ${where} was flattened and split in the wrong way: every second number was used as a row.`,
        ),
      ];
    });
  },
};

/** Block `block` of row `row` of [2, 3·M] changed. */
function onRow(t: Tensor, row: number, block: number, f: (v: number, k: number) => number): Tensor {
  const width = t.shape[1];
  const M = width / 3;
  return {
    shape: t.shape,
    data: Float64Array.from(t.data, (v, k) => (Math.floor(k / width) === row && Math.floor((k % width) / M) === block ? f(v, k) : v)),
  };
}

function outsideReset(t: Tensor): Tensor {
  const width = t.shape[1];
  return onRow(
    onRow(t, 0, 2, (v, k) => v + t.data[width + k]),
    1,
    2,
    () => 0,
  );
}

function rowsExchanged(t: Tensor): Tensor {
  const width = t.shape[1];
  return { shape: t.shape, data: Float64Array.from(t.data, (_, k) => t.data[(k + width) % (2 * width)]) };
}

/** Row 0 the numbers at even places of the flat bias, row 1 those at odd ones. */
function interleaved(t: Tensor): Tensor {
  const width = t.shape[1];
  return { shape: t.shape, data: Float64Array.from(t.data, (_, k) => t.data[2 * (k % width) + Math.floor(k / width)]) };
}

export const gatesInterleaved: Hypothesis = {
  name: 'gates-interleaved',
  title: 'the gates are read as interleaved columns',
  insideStep: true,
  alone: true,
  why: 'The columns of the gates are taken to be interleaved (unit by unit: i f g o, i f g o, …) although they stand in blocks (all of i, then all of f …), or the other way round: a reshape to [M, G] instead of [G, M].',
  fix: { numpy: 'i, f, g, o = np.split(z, 4, axis=-1)   # ← blocks; not z.reshape(M, 4)' },
  example: { layers: 'lstm:2,dense:1', N: 2, T: 2, D: 2 },
  variants: scenario =>
    placesOf(recurrentLayers(scenario).filter(l => gatesOf(l).length > 1 && l.units > 1)).flatMap(({ names, layer }) =>
      [true, false].map(toBlocks => ({
        code: 'gates-interleaved',
        layer,
        change: inLayers(names, (s, l) => {
          const G = gatesOf(l as RecurrentSpec).length;
          return changeWeights(s, l.name, (name, t) => (/(^|\/)(Wx|Wh|bh)$/.test(name) ? recolumned(t, G, toBlocks) : t));
        }),
        why: `The weights of ${layer ?? 'every recurrent layer'} hold the gates ${toBlocks ? 'in blocks, and are read as interleaved columns' : 'as interleaved columns, and are read in blocks'}: unit and gate are exchanged.`,
      })),
    ),
};

function recolumned(t: Tensor, G: number, toBlocks: boolean): Tensor {
  const width = t.shape[t.shape.length - 1];
  const M = width / G;
  const from = (k: number) => (toBlocks ? (k % M) * G + Math.floor(k / M) : (k % G) * M + Math.floor(k / G));
  return { shape: t.shape, data: Float64Array.from(t.data, (_, i) => t.data[i - (i % width) + from(i % width)]) };
}

export const headReshaped: Hypothesis = {
  name: 'wo-reshaped',
  title: 'the dense weights are reshaped instead of transposed',
  insideStep: true,
  alone: true,
  why: 'Wo was brought from [K, M] to [M, K] by reshape instead of by a transpose: the shape is right, the numbers are in the wrong places.',
  fix: { numpy: 'Wo = fc_weight.T              # ← not fc_weight.reshape(M, K)', torch: 'fc.weight.data = torch.tensor(Wo.T)' },
  example: { layers: 'rnn:3,dense:2', N: 2, T: 2, D: 2 },
  variants: scenario =>
    placesOf(
      scenario.model.layers.filter(l => l.kind === 'dense' && l.units > 1 && scenario.weights.get(l.name)?.get('Wo')?.shape[0] !== l.units),
    ).map(({ names, layer }) => ({
      code: 'wo-reshaped',
      layer,
      change: inLayers(names, (s, l) => changeWeights(s, l.name, (name, t) => (name === 'Wo' ? reshape(transposed(t), t.shape) : t))),
    })),
};

function transposed(t: Tensor): Tensor {
  const [A, B] = t.shape;
  const data = new Float64Array(t.data.length);
  for (let a = 0; a < A; a++) for (let b = 0; b < B; b++) data[b * A + a] = t.data[a * B + b];
  return { shape: [B, A], data };
}

export const weightsRounded: Hypothesis = {
  name: 'weights-rounded',
  title: 'the weights are rounded to a few decimals',
  insideStep: true,
  alone: true,
  why: 'The weights are rounded to a few decimals: they were printed and copied, or written with %.4f.',
  fix: {
    numpy: "np.save('w.npy', w)           # ← binary; or np.savetxt(…, fmt='%.9g')".replace('np.savetxt(…, ', "np.savetxt('w.txt', w, "),
  },
  example: { layers: 'rnn:3,dense:1', N: 2, T: 2, D: 2 },
  variants() {
    const rounded = (how: string, change: (t: Tensor, name: string) => Tensor, why: string): Variant => {
      const known = new WeakMap<Tensor, Tensor>();
      return { code: `weights-rounded:${how}`, layer: null, change: s => allWeights(s, change, known), why };
    };
    const isMatrix = (t: Tensor, name: string) => t.shape.length > 1 && !/(^|\/)bh$/.test(name);
    return [
      ...[1, 2, 3, 4, 5].map(d =>
        rounded(
          String(d),
          t => mapData(t, v => Math.round(v * 10 ** d) / 10 ** d),
          `All weights are rounded to ${d} ${d === 1 ? 'decimal' : 'decimals'}.`,
        ),
      ),
      rounded(
        'int8',
        (t, name) => (isMatrix(t, name) ? quantised(t, false) : t),
        'The matrices are rounded to int8: the largest number of each matrix is 127.',
      ),
      rounded(
        'int8',
        (t, name) => (isMatrix(t, name) ? quantised(t, true) : t),
        'The matrices are rounded to int8: the largest number of each column is 127.',
      ),
    ];
  },
};

/** Each tensor is changed once, however often the change is made. */
function allWeights(s: Scenario, changeOnce: (t: Tensor, name: string) => Tensor, known: WeakMap<Tensor, Tensor>): Scenario {
  const change = (t: Tensor, name: string) => {
    const result = known.get(t) ?? changeOnce(t, name);
    known.set(t, result);
    return result;
  };
  return {
    ...s,
    weights: new Map([...s.weights].map(([layer, own]) => [layer, new Map([...own].map(([name, t]) => [name, change(t, name)]))])),
  };
}

/** To whole multiples of largest / 127, of the whole or of each column. */
function quantised(t: Tensor, each: boolean): Tensor {
  const width = t.shape[t.shape.length - 1];
  const most = new Float64Array(each ? width : 1);
  const at = (i: number) => (each ? i % width : 0);
  t.data.forEach((v: number, i: number) => {
    most[at(i)] = Math.max(most[at(i)], Math.abs(v));
  });
  return {
    shape: t.shape,
    data: Float64Array.from(t.data, (v, i) => (most[at(i)] > 0 ? (Math.round((v / most[at(i)]) * 127) / 127) * most[at(i)] : 0)),
  };
}

export const weightsExchanged: Hypothesis = {
  name: 'weights-exchanged',
  title: 'two layers or directions have each other’s weights',
  insideStep: true,
  alone: true,
  why: 'Two layers have each other’s weights, or both directions of a layer run with the weights of one.',
  fix: {
    torch: "rnn.load_state_dict(torch.load('w.pt'))   # ← by name: _l0 is the first layer, _l1 the second, _reverse the backward direction",
    numpy: 'W1, W2 = weights[:3], weights[3:]   # ← the first layer’s come first',
  },
  example: { layers: 'birnn:3,dense:1', N: 2, T: 2, D: 2 },
  variants(scenario) {
    const layers = recurrentLayers(scenario);
    const swaps = layers.flatMap((a, i) =>
      layers.slice(i + 1).flatMap(b => (exchangeable(scenario, a, b).length > 0 ? [[a, b] as const] : [])),
    );
    const both = placesOf(layers.filter(l => l.bidirectional !== null));
    return [
      ...swaps.map(
        ([a, b]): Variant => ({
          code: 'weights-exchanged',
          layer: null,
          change: s => exchanged(s, a, b),
          why: `${a.name} and ${b.name} have each other’s ${exchangeable(scenario, a, b).join(', ')}.`,
        }),
      ),
      ...layers.flatMap(a =>
        layers.flatMap(b => {
          const names = a === b ? [] : exchangeable(scenario, a, b);
          return (names.length > 1 ? [names, ...names.map(n => [n])] : []).map(
            (some): Variant => ({
              code: 'weights-exchanged',
              layer: b.name,
              rare: true,
              change: s => changeWeights(s, b.name, (name, t) => (some.includes(name) ? s.weights.get(a.name)!.get(name)! : t)),
              why: `${b.name} runs with ${some.join(', ')} of ${a.name}.`,
            }),
          );
        }),
      ),
      ...both.flatMap(({ names, layer }) =>
        (
          [
            ['forward/', 'backward/'],
            ['backward/', 'forward/'],
          ] as const
        ).map(
          ([from, to]): Variant => ({
            code: 'weights-exchanged',
            layer,
            change: inLayers(names, (s, l) =>
              changeWeights(s, l.name, (name, t) =>
                name.startsWith(to) ? (s.weights.get(l.name)!.get(from + name.slice(to.length)) ?? t) : t,
              ),
            ),
            why: `Both directions of ${layer ?? 'every bidirectional layer'} run with the ${from.slice(0, -1)} weights.`,
          }),
        ),
      ),
    ];
  },
};

/** Names of weights that two layers have in the same shape. */
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

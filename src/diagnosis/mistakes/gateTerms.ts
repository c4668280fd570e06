import { getCell } from '../../cells/index.js';
import type { RecurrentSpec } from '../../model/spec.js';
import { permuteAxes, takeAlong } from '../../tensor/axes.js';
import { transpose } from '../../tensor/layout.js';
import { reshape, type Tensor } from '../../tensor/tensor.js';
import { changeWeights, type Fix, inEach, mapData, mistake, onNamed, recurrentLayers, type Scenario, type Way } from '../mistake.js';
import { onGate } from './gruGates.js';
import { inOrder, ordersOf, reshapedBack } from './kernels.js';

/** Mistakes in the weights of single gates: an omitted term, biases split in the wrong way, interleaved blocks. */

function gatesOf(layer: RecurrentSpec): readonly string[] {
  return getCell(layer.kind).gates;
}

interface Term {
  readonly code: string;
  readonly weight: readonly string[];
  readonly words: (gate: string) => string;
  /** for a bias of two rows: the omitted row */
  readonly row?: 0 | 1;
}

const TERMS: readonly Term[] = [
  { code: 'b', weight: ['bh'], words: g => `the bias b_${g}` },
  { code: 'Wx', weight: ['Wx'], words: g => `the product x·Wx_${g}` },
  { code: 'Wh', weight: ['Wh'], words: g => `the product h·Wh_${g}` },
];
const OF_TWO_ROWS: readonly Term[] = [
  { code: 'h', weight: ['Wh', 'bh'], words: g => `all of h·Wh_${g} + b′_${g}`, row: 1 },
  { code: 'bx', weight: ['bh'], words: g => `the input bias b_${g}`, row: 0 },
  { code: 'bh', weight: ['bh'], words: g => `the recurrent bias b′_${g}`, row: 1 },
];

export const gateTermMissing = mistake('gate-term-missing', 'one gate lacks a bias or a product', ['insideStep', 'alone'], {
  why: 'One term of one gate is left out: its bias, its product with x or its product with h.',
  numpy: 'f = sigmoid(x[n,t] @ Wx_f + h @ Wh_f + b_f)   # ← every gate has all three terms',
  example: { layers: 'lstm:2,dense:1', N: 2, T: 2, D: 2 },
  variants: scenario =>
    (['lstm', 'gru'] as const).flatMap(kind => {
      const layers = recurrentLayers(scenario).filter(l => l.kind === kind);
      const { gates } = getCell(kind);
      const twoRows = kind === 'gru' && layers.length > 0 && layers.every(l => twoRowGrus(scenario).includes(l));
      const terms = [...TERMS.filter(({ code }) => code !== 'b' || layers.every(l => l.useBias)), ...(twoRows ? OF_TWO_ROWS : [])];
      return gates.flatMap((gate, g) =>
        terms.flatMap(({ code, weight, words, row }) =>
          inEach(
            layers,
            (s, l) =>
              weight.reduce(
                (now, name) =>
                  onNamed(now, l.name, [name], t =>
                    onGate(t, gates.length, g, (v, k) =>
                      row !== undefined && name === 'bh' && row !== Math.floor(k / t.shape[1]) ? v : 0,
                    ),
                  ),
                s,
              ),
            layer => ({
              parameter: `${code}_${gate}`,
              rare: layer === null && layers.length > 1,
              ...(code === 'b' && { rivalOf: ['bias-missing'] }),
              why: `In @ ${words(gate)} is left out of gate ${gate}.`,
              fix: { numpy: `z_${gate} = x[n,t] @ Wx_${gate} + h @ Wh_${gate} + b_${gate}` },
            }),
          ),
        ),
      );
    }),
});

/** Peepholes [3, M] have the rows i o f (ONNX). `from`: the row that each of them takes instead; null: none. */
const PEEPHOLES: readonly (readonly [parameter: string, from: readonly (number | null)[], why: string])[] = [
  ['missing', [null, null, null], 'The gates of @ do not see c: its peepholes are left out.'],
  ['order', [0, 2, 1], 'The peepholes of @ are read in the order i f o: those of f and o are exchanged (ONNX has i o f).'],
  ['missing', [0, null, 2], 'The output gate of @ does not see c: its peephole is left out, those of i and f are there.'],
];

export const peepholes = mistake('peepholes', 'the peepholes of an LSTM are left out, or exchanged', ['insideStep', 'alone'], {
  why: 'The gates of this LSTM see c as well as x and h (peepholes: input P of ONNX, use_peepholes of TensorFlow 1). Here they do not, or P is read in another order.',
  numpy:
    'p_i, p_o, p_f = p                # ← [3, M] in the order of ONNX\ni, f = sigmoid(a_i + p_i * c), sigmoid(a_f + p_f * c)   # ← the c of the step before\nc = f * c + i * np.tanh(a_g)\no = sigmoid(a_o + p_o * c)       # ← the new c',
  example: { layers: 'lstm:2+peepholes,dense:1', N: 2, T: 2, D: 2 },
  variants: scenario =>
    PEEPHOLES.flatMap(([parameter, from, why]) =>
      inEach(
        recurrentLayers(scenario).filter(l => l.peepholes),
        (s, l) =>
          onNamed(s, l.name, ['p'], t =>
            mapData(t, (_, k) => {
              const row = from[Math.floor(k / l.units)];
              return row === null ? 0 : t.data[row * l.units + (k % l.units)];
            }),
          ),
        { parameter, why },
      ),
    ),
});

/** GRUs with two bias rows [2, 3·M]. */
function twoRowGrus(scenario: Scenario): RecurrentSpec[] {
  return recurrentLayers(scenario).filter(
    l =>
      l.kind === 'gru' &&
      l.resetAfter &&
      [...(scenario.weights.get(l.name) ?? [])].some(([name, t]) => /(^|\/)bh$/.test(name) && t.shape.length === 2),
  );
}

export const gruRecurrentBias = mistake('gru-recurrent-bias', 'the GRU’s recurrent bias is in the wrong place', ['insideStep', 'alone'], {
  why: 'The recurrent bias of the candidate (b_hn in PyTorch, row 1 of Keras’ bias) belongs inside r ⊙ (h·Wh_g + b′_g). Here it is outside, or left out (Flax and Equinox have none), or the two rows [2, 3·M] are read differently.',
  numpy: 'g = np.tanh(x[n,t] @ Wx_g + b_g + r * (h @ Wh_g + b2_g))   # ← b2_g inside r * (…)',
  keras: 'b, b2 = bias                  # ← bias of GRU(reset_after=True) is [2, 3·M]: input row, recurrent row',
  example: { layers: 'gru:2,dense:1', N: 2, T: 2, D: 2 },
  variants(scenario) {
    const rows = { numpy: 'b, b2 = bias                  # ← bias is [2, 3·M]: the input row first, then the recurrent one' };
    const ways: readonly (readonly [change: (t: Tensor) => Tensor, why: string, fix?: Fix])[] = [
      [
        outsideReset,
        'The recurrent bias of the candidate of @ is added outside r ⊙ (…): g = tanh(x·Wx_g + b_g + b′_g + r⊙(h·Wh_g)). Keras and PyTorch have it inside.',
      ],
      [t => onRow(t, 1, 2, () => 0), 'The recurrent bias of the candidate of @ (b_hn) is left out; the other biases are there.'],
      [
        insideReset,
        'The input bias of the candidate of @ is inside r ⊙ (…), too: g = tanh(x·Wx_g + r⊙(h·Wh_g + b_g + b′_g)). Keras and PyTorch have b_g outside.',
      ],
      [rowsExchanged, 'The two rows of the bias of @ are exchanged: the recurrent one is used as the input one.', rows],
      [interleaved, 'The bias [2, 3·M] of @ was flattened and split in the wrong way: every second number was used as a row.', rows],
    ];
    return ways.flatMap(([change, why, fix]) =>
      inEach(twoRowGrus(scenario), (s, l) => onNamed(s, l.name, ['bh'], t => (t.shape.length === 2 ? change(t) : t)), { why, fix }),
    );
  },
});

/** Changes block `block` in row `row` of [2, 3·M]. */
function onRow(t: Tensor, row: number, block: number, f: (v: number, k: number) => number): Tensor {
  const width = t.shape[1];
  const M = width / 3;
  return mapData(t, (v, k) => (Math.floor(k / width) === row && Math.floor((k % width) / M) === block ? f(v, k) : v));
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

function insideReset(t: Tensor): Tensor {
  const width = t.shape[1];
  return onRow(
    onRow(t, 1, 2, (v, k) => v + t.data[k - width]),
    0,
    2,
    () => 0,
  );
}

const rowsExchanged = (t: Tensor) => takeAlong(t, 0, 2, r => 1 - r);

/** Takes the even places of the flat bias as row 0, and the odd ones as row 1. */
function interleaved(t: Tensor): Tensor {
  const width = t.shape[1];
  return mapData(t, (_, k) => t.data[2 * (k % width) + Math.floor(k / width)]);
}

export const gatesInterleaved = mistake('gates-interleaved', 'the gates are read as interleaved columns', ['insideStep', 'alone'], {
  why: 'The columns of the gates are taken to be interleaved (unit by unit: i f g o, i f g o, …) although they stand in blocks (all of i, then all of f …), or the other way round: a reshape to [M, G] instead of [G, M].',
  numpy: 'i, f, g, o = np.split(z, 4, axis=-1)   # ← blocks; not z.reshape(M, 4)',
  example: { layers: 'lstm:2,dense:1', N: 2, T: 2, D: 2 },
  variants: scenario =>
    [...new Set(recurrentLayers(scenario).map(l => l.kind))].flatMap(kind => {
      const { gates } = getCell(kind);
      const layers = recurrentLayers(scenario).filter(l => l.kind === kind && gates.length > 1 && l.units > 1);
      return ordersOf(kind).flatMap(order =>
        [true, false].flatMap(toBlocks =>
          inEach(
            layers,
            (s, l) => onNamed(s, l.name, ['Wx', 'Wh', 'bh'], t => inOrder(gates, order, t, own => recolumned(own, gates.length, toBlocks))),
            { rare: order !== gates.join(''), why: `The weights of @ hold the gates ${interleavedWords([...order], toBlocks)}.` },
          ),
        ),
      );
    }),
});

export const gatesSplitByRows = mistake('gates-split-by-rows', 'the gates are cut out along the rows', ['insideStep', 'alone'], {
  why: 'The gates stand side by side in the columns [R, G·M]. Here they were cut out by reshape(G, R, M), which goes along the rows: each gate holds whole rows of the matrix.',
  numpy: 'Wh_i, Wh_f, Wh_g, Wh_o = np.split(Wh, 4, axis=1)   # ← along the columns; not Wh.reshape(4, M, M); Wx in the same way',
  example: { layers: 'lstm:2,dense:1', N: 2, T: 2, D: 2 },
  variants: scenario =>
    [['Wx', 'Wh'], ['Wh'], ['Wx']].flatMap(names =>
      inEach(
        recurrentLayers(scenario).filter(l => gatesOf(l).length > 1),
        (s, l) => onNamed(s, l.name, names, t => cutByRows(t, gatesOf(l).length)),
        {
          rare: names.length === 1,
          why: `${names.join(' and ')} of @ ${names.length > 1 ? 'are' : 'is'} cut into gates by reshape, along the rows; the gates stand side by side in the columns.`,
        },
      ),
    ),
});

function interleavedWords(gates: readonly string[], toBlocks: boolean): string {
  const blocks = `in blocks (all of ${gates[0]}, then all of ${gates[1]}, …)`;
  const columns = `column by column (${gates.join(' ')}, ${gates.join(' ')}, …)`;
  return toBlocks ? `${blocks} and are read as if they alternated ${columns}` : `${columns} and are read as if they stood ${blocks}`;
}

/** Makes gate g of [R, G·M] what reshape(G, R, M)[g] gives. */
function cutByRows(t: Tensor, G: number): Tensor {
  const [R, width] = t.shape;
  const M = width / G;
  return { shape: t.shape, data: permuteAxes({ shape: [G, R, M], data: t.data }, [1, 0, 2]).data };
}

function recolumned(t: Tensor, G: number, toBlocks: boolean): Tensor {
  const axis = t.shape.length - 1;
  const width = t.shape[axis];
  const M = width / G;
  return takeAlong(t, axis, width, k => (toBlocks ? (k % M) * G + Math.floor(k / M) : (k % G) * M + Math.floor(k / G)));
}

const RESHAPES: readonly (readonly [(t: Tensor) => Tensor, Partial<Way>])[] = [
  [t => reshape(transpose(t), t.shape), {}],
  [
    reshapedBack,
    {
      rare: true,
      why: 'The weights Wo of the dense layer were brought from Keras’ [M, K] to PyTorch’s [K, M] by reshape instead of by a transpose: the shape is right, the numbers are in the wrong places.',
      fix: { torch: 'fc.weight.data = torch.tensor(Wo.T)   # ← not Wo.reshape(K, M)' },
    },
  ],
];

export const woReshaped = mistake('wo-reshaped', 'the dense weights are reshaped instead of transposed', ['insideStep', 'alone'], {
  why: 'Wo was brought from [K, M] to [M, K] by reshape instead of by a transpose: the shape is right, the numbers are in the wrong places.',
  numpy: 'Wo = fc_weight.T              # ← not fc_weight.reshape(M, K)',
  torch: 'fc.weight.data = torch.tensor(Wo.T)',
  example: { layers: 'rnn:3,dense:2', N: 2, T: 2, D: 2 },
  variants: scenario =>
    RESHAPES.flatMap(([change, more]) =>
      inEach(
        scenario.model.layers.filter(
          l => l.kind === 'dense' && l.units > 1 && scenario.weights.get(l.name)?.get('Wo')?.shape[0] !== l.units,
        ),
        (s, l) => changeWeights(s, l.name, (name, t) => (name === 'Wo' ? change(t) : t)),
        more,
      ),
    ),
});

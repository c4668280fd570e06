import { CELLS, getCell } from '../../cells/index.js';
import type { RecurrentSpec } from '../../model/spec.js';
import { concatLast, permuteBlocks, sliceLast, transpose } from '../../tensor/layout.js';
import { reshape, type Tensor } from '../../tensor/tensor.js';
import { type Fix, inEach, mistake, onAllWeights, onNamed, recurrentLayers, type Scenario, type Way, waysOf } from '../mistake.js';

/** Mistakes in the layout of weight matrices: transposed, reshaped, gate blocks in another order. */

/** Transposes each gate block of [M, G·M]. */
export function transposeBlocks(t: Tensor, G: number): Tensor {
  const M = t.shape[1] / G;
  return concatLast(Array.from({ length: G }, (_, g) => transpose(sliceLast(t, g * M, (g + 1) * M))));
}

/** The result of reshaping a [G·M, A] matrix (PyTorch's layout) to [A, G·M] instead of transposing it. */
function reshaped(t: Tensor): Tensor {
  return reshape(transpose(t), t.shape);
}

/** The result of reshaping an [A, G·M] matrix (Keras' layout) to PyTorch's [G·M, A] instead of transposing it, shown as [A, G·M]. */
export function reshapedBack(t: Tensor): Tensor {
  return transpose(reshape(t, [t.shape[1], t.shape[0]]));
}

function gatesOf(layer: RecurrentSpec): number {
  return getCell(layer.kind).gates.length;
}

/** Applies `change` to these weights (Wx, Wh, bh) of every direction, in all of the layers and in each. */
function onWeights(
  layers: readonly RecurrentSpec[],
  names: readonly string[],
  change: (t: Tensor, layer: RecurrentSpec) => Tensor,
  more: Partial<Way> = {},
): Way[] {
  return inEach(layers, (s, l) => onNamed(s, l.name, names, t => change(t, l)), more);
}

/** Rows of Wx (the layer's input width); −1 if it has no weights. */
export function inputWidth(scenario: Scenario, layer: RecurrentSpec): number {
  return scenario.weights.get(layer.name)?.get(`${waysOf(layer)[0]}Wx`)?.shape[0] ?? -1;
}

export const wxTransposed = mistake('wx-transposed', 'the input weights are transposed', ['often', 'insideStep'], {
  why: 'The input weights Wx are used the wrong way round: PyTorch and ONNX keep them as [outputs, inputs], Keras as [inputs, outputs].\nBecause both sizes are equal no shape shows it.',
  numpy: 'Wx = weight_ih_l0.T            # ← PyTorch keeps [M, D], x @ Wx needs [D, M]',
  torch: 'rnn.weight_ih_l0.data = torch.tensor(Wx.T)',
  example: { layers: 'rnn:3,dense:1', N: 2, T: 2, D: 3 },
  variants(scenario) {
    const blocks = recurrentLayers(scenario).filter(l => inputWidth(scenario, l) === l.units);
    const whole = recurrentLayers(scenario).filter(l => gatesOf(l) > 1 && inputWidth(scenario, l) === gatesOf(l) * l.units);
    const dense = scenario.model.layers.filter(
      l => l.kind === 'dense' && scenario.weights.get(l.name)?.get('Wo')?.shape[0] === l.units && l.units > 1,
    );
    return [
      ...onWeights(blocks, ['Wx'], (t, l) => transposeBlocks(t, gatesOf(l))),
      ...onWeights(whole, ['Wx'], transpose),
      ...inEach(dense, (s, l) => onNamed(s, l.name, ['Wo'], transpose), {
        why: 'The weights Wo of the dense layer are transposed: PyTorch keeps them as [outputs, inputs], Keras as [inputs, outputs].',
        fix: { numpy: 'Wo = fc_weight.T              # ← PyTorch keeps [K, M], h @ Wo needs [M, K]' },
      }),
    ];
  },
});

export const whTransposed = mistake('wh-transposed', 'the recurrent weights are transposed', ['often', 'insideStep'], {
  why: 'The recurrent weights Wh are used the wrong way round. Wh is square [M, M] in each gate, so no shape shows it:\nPyTorch and ONNX multiply weight_hh · h, Keras h · Wh.',
  numpy: 'Wh = weight_hh_l0.T            # ← PyTorch keeps the transpose of what h @ Wh needs',
  torch: 'rnn.weight_hh_l0.data = torch.tensor(Wh.T)   # ← from PyTorch to h @ Wh it is the same: Wh = weight_hh_l0.T',
  variants: scenario =>
    onWeights(
      recurrentLayers(scenario).filter(l => l.projection === null && l.units > 1),
      ['Wh'],
      (t, l) => transposeBlocks(t, gatesOf(l)),
    ),
});

export const wxReshaped = mistake('wx-reshaped', 'the input weights are reshaped instead of transposed', ['insideStep'], {
  why: 'Wx was brought from [G·M, D] to [D, G·M] by reshape instead of by a transpose: the shape is right, the numbers are in the wrong places.',
  numpy: 'Wx = weight_ih_l0.T           # ← not .reshape(D, M)',
  variants(scenario) {
    const layers = recurrentLayers(scenario).filter(l => inputWidth(scenario, l) > 1);
    // reshaping a square matrix is the same as transposing it
    const square = layers.filter(l => inputWidth(scenario, l) === gatesOf(l) * l.units).map(l => l.name);
    const gated = layers.filter(l => gatesOf(l) > 1);
    const recurrentGated = recurrentLayers(scenario).filter(l => gatesOf(l) > 1 && l.projection === null);
    const elsewhere = (['gru', 'lstm'] as const).flatMap(kind =>
      foreignReshapes(
        gated.filter(l => l.kind === kind),
        kind,
      ),
    );
    const toTorch = ['rnn', 'gru', 'lstm'].flatMap(kind =>
      backwardReshapes(
        layers.filter(l => l.kind === kind && !square.includes(l.name)),
        kind,
      ),
    );
    const isSquare = ({ layer = null }: Way) => (layer === null ? layers.every(l => square.includes(l.name)) : square.includes(layer));
    return [
      ...onWeights(layers, ['Wx'], reshaped).filter(v => !isSquare(v)),
      ...onWeights(gated, ['Wx', 'Wh'], reshaped, {
        why: 'Wx and Wh were brought from [G·M, …] to […, G·M] by reshape instead of by a transpose: the shapes are right, the numbers are in the wrong places.',
        fix: { numpy: 'Wx, Wh = weight_ih_l0.T, weight_hh_l0.T   # ← not .reshape' },
      }),
      ...onWeights(recurrentGated, ['Wh'], reshaped, {
        parameter: 'Wh',
        rare: true,
        why: 'Wh was brought from [G·M, M] to [M, G·M] by reshape instead of by a transpose: the shape is right, the numbers are in the wrong places.',
        fix: { numpy: 'Wh = weight_hh_l0.T           # ← not .reshape' },
      }),
      ...elsewhere,
      ...toTorch,
      ...everyMatrix(reshaped, 'from PyTorch’s', { numpy: 'Wx, Wh, Wo = weight_ih_l0.T, weight_hh_l0.T, fc_weight.T   # ← not .reshape' }),
      ...everyMatrix(reshapedBack, 'to PyTorch’s', { torch: `${COPIED.Wx}\n${COPIED.Wh}\nfc.weight.data = torch.tensor(Wo.T)` }),
    ];
  },
});

/** Every matrix of the recurrent and the dense layers at once. */
function everyMatrix(change: (t: Tensor) => Tensor, way: string, fix: Fix): Way[] {
  const isMatrix = (name: string) => /(^|\/)W[xho]$/.test(name);
  return [
    {
      rare: true,
      change: onAllWeights((t, name) => (isMatrix(name) && t.shape.length === 2 ? change(t) : t)),
      why: `Every matrix (Wx, Wh, Wo) was brought ${way} layout [outputs, inputs] by reshape instead of by a transpose: the shapes are right, the numbers are in the wrong places.`,
      fix,
    },
  ];
}

const COPIED: Readonly<Record<string, string>> = {
  Wx: 'rnn.weight_ih_l0.data = torch.tensor(kernel.T)   # ← not kernel.reshape(G * M, D)',
  Wh: 'rnn.weight_hh_l0.data = torch.tensor(recurrent_kernel.T)   # ← not recurrent_kernel.reshape(G * M, M)',
};

/** Reshaped from Keras to PyTorch, in the gate order of either. */
function backwardReshapes(layers: readonly RecurrentSpec[], kind: string): Way[] {
  const gates = getCell(kind).gates;
  const orders = FRAMEWORK_ORDERS[kind] ?? [{ order: gates.join(''), of: '' }];
  return orders.flatMap(({ order, of }) =>
    [['Wx'], ['Wx', 'Wh'], ['Wh']]
      .filter(names => gates.length > 1 || names.length === 1)
      .flatMap(names =>
        onWeights(layers, names, t => inOrder(gates, order, t, reshapedBack), {
          rare: true,
          ...(names[0] === 'Wh' && { parameter: 'Wh' }),
          why: `${names.join(' and ')} ${names.length > 1 ? 'were' : 'was'} brought from Keras’ […, G·M] to PyTorch’s [G·M, …] by reshape instead of by a transpose${of && `, with the gates in the order of ${of}`}: the shape is right, the numbers are in the wrong places.`,
          fix: { torch: names.map(name => COPIED[name]).join('\n') },
        }),
      ),
  );
}

/** Applies a change while the gates are in another order. */
export function inOrder(gates: readonly string[], order: string, t: Tensor, change: (t: Tensor) => Tensor): Tensor {
  const there = [...order].map(g => gates.indexOf(g));
  const back = gates.map(g => order.indexOf(g));
  return permuteBlocks(change(permuteBlocks(t, there)), back);
}

/** Reshaped while the gates were still in another framework's order. */
function foreignReshapes(layers: readonly RecurrentSpec[], kind: 'gru' | 'lstm'): Way[] {
  const gates = getCell(kind).gates;
  const orders = FRAMEWORK_ORDERS[kind].filter(({ order }) => order !== gates.join(''));
  return orders.flatMap(({ order, of }) => {
    const change = (t: Tensor) => inOrder(gates, order, t, reshaped);
    return [['Wx'], ['Wx', 'Wh']].flatMap(weights =>
      onWeights(layers, weights, change, {
        why: `${weights.join(' and ')} ${weights.length > 1 ? 'were' : 'was'} brought from [G·M, …] to […, G·M] by reshape instead of by a transpose, with the gates in the order of ${of}.`,
      }),
    );
  });
}

/** The gate orders of the frameworks in our letters, and the files that use each. */
const FRAMEWORK_ORDERS: Record<string, readonly { readonly order: string; readonly of: string }[]> = {
  lstm: [
    { order: 'ifgo', of: 'Keras and PyTorch (i f c o)' },
    { order: 'iofg', of: 'ONNX (i o f c)' },
  ],
  gru: [
    { order: 'zrg', of: 'Keras and ONNX (z r h)' },
    { order: 'rzg', of: 'PyTorch (r z n)' },
  ],
};

/** Gate orders of a cell in the frameworks, its own first. */
export function ordersOf(kind: string): string[] {
  const own = getCell(kind).gates.join('');
  return [...new Set([own, ...(FRAMEWORK_ORDERS[kind] ?? []).map(({ order }) => order)])];
}

/** All other orders of the letters. */
export function otherOrders(letters: readonly string[]): string[][] {
  const all = (rest: readonly string[]): string[][] =>
    rest.length === 0 ? [[]] : rest.flatMap((l, i) => all([...rest.slice(0, i), ...rest.slice(i + 1)]).map(o => [l, ...o]));
  return all(letters).filter(order => order.join('') !== letters.join(''));
}

/** Names frameworks that would explain this order: blocks written in the order of one and read in that of the other. */
function provenance(cell: string, gates: readonly string[], order: readonly string[]): string {
  for (const from of FRAMEWORK_ORDERS[cell] ?? []) {
    for (const to of FRAMEWORK_ORDERS[cell] ?? []) {
      // the block of gate g is where `from` writes g; a reader of `to` takes it for the gate that `to` has there
      const role = gates.map(g => to.order[from.order.indexOf(g)]);
      if (from !== to && role.join('') === order.join(''))
        return `\nThis is what weights in the order of ${from.of} give when they are read in the order of ${to.of}.`;
    }
  }
  return '';
}

/** The code reads the blocks as `order`: either the weights must be put in that order, or the code must read them as they are. */
function orderFix(gates: readonly string[], order: readonly string[], which: string): Fix {
  const G = gates.length;
  return {
    numpy: `${gates.join(', ')} = np.split(z, ${G}, axis=-1)   # ← not ${order.join(', ')}`,
    keras: `blocks = np.split(W, ${G}, axis=-1)   # ${which}\nW = np.concatenate([blocks[b] for b in (${order.map(g => gates.indexOf(g)).join(', ')})], axis=-1)`,
  };
}

/** Cells with gates, those with most gates first. */
const GATED = CELLS.filter(cell => cell.gates.length > 1)
  .sort((a, b) => b.gates.length - a.gates.length)
  .map(cell => cell.name);

export const gateOrder = mistake('gate-order', 'the gate blocks are in another order', ['often', 'insideStep'], {
  why: 'The gate blocks of the weights are read in another order. LSTM: i f c o (Keras), i f g o (PyTorch), i o f c (ONNX); GRU: z r h (Keras, ONNX), r z n (PyTorch).\nAll blocks have the same shape, so only the numbers show it.',
  numpy: 'i, f, g, o = np.split(z, 4, axis=-1)   # ← in the order of the file the weights came from',
  torch: 'W_z, W_r, W_n = W.chunk(3)     # Keras z r h -> PyTorch r z n\nrnn.weight_hh_l0.data = torch.cat([W_r, W_z, W_n])',
  example: { layers: 'lstm:2,dense:1', N: 2, T: 2, D: 2 },
  variants(scenario) {
    const layers = recurrentLayers(scenario).filter(l => gatesOf(l) > 1 && !l.peepholes);
    return GATED.flatMap(kind => {
      const gates = getCell(kind).gates;
      const own = layers.filter(l => l.kind === kind);
      const biased = own.some(l => l.useBias);
      return otherOrders(gates).flatMap((order): Way[] => {
        const reads = gates.map((g, b) => (g === order[b] ? '' : `block ${g} is used as ${order[b]}`)).filter(Boolean);
        const from = provenance(kind, gates, order);
        const why = `The gate blocks of the ${kind.toUpperCase()}'s weights (${gates.join(' ')}) are read as ${order.join(' ')}: ${reads.join(', ')}.${from}`;
        const blocks = gates.map(g => order.indexOf(g));
        const of = (weights: readonly string[], words: string, which: string, rare = false) =>
          onWeights(own, weights, t => permuteBlocks(t, blocks), {
            parameter: order.join(''),
            why: why + words,
            fix: orderFix(gates, order, which),
            rare,
          });
        const whole = of(['Wx', 'Wh', 'bh'], '', 'for Wx, Wh and the bias alike');
        const isExchange = order.filter((g, b) => g !== gates[b]).length === 2;
        const alone = (isExchange ? ['Wx', 'Wh', ...(biased && !from ? ['bh'] : [])] : []).flatMap(weight =>
          of(
            [weight],
            `\nOnly ${weight} is: the other weights stand in the right order.`,
            `for ${weight}; the other weights are right`,
            true,
          ),
        );
        if (!from || !biased) return [...whole, ...alone];
        return [
          ...whole,
          ...alone,
          ...of(['Wx', 'Wh'], '\nOnly the matrices are: the bias is in the right order.', 'for Wx and Wh; the bias is right', true),
          ...of(['bh'], '\nOnly the bias is: the matrices stand in the right order.', 'for the bias, as was done for Wx and Wh', true),
        ];
      });
    });
  },
});

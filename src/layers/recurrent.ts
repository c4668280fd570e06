import type { Cell, WeightShape } from '../cells/cell.js';
import { CELLS, getCell } from '../cells/index.js';
import { factor } from '../cells/weightShapes.js';
import { isRowActivation } from './activation.js';
import { mergedWidth } from './bidirectional.js';
import { multiply, sequenceOf, widthOf } from './dims.js';
import type { GrammarOption } from './facets.js';
import type { Field, LayerCost, LayerKind, LayerSymbols } from './layer.js';
import { applyBoth, applyOne } from './recurrentRun.js';
import { cellOptions, type RecurrentSpec } from './recurrentSpec.js';
import type { DimShape } from './shape.js';

const FIELDS: Record<string, Field> = {
  units: { type: 'size' },
  activation: { type: 'activation', default: 'tanh' },
  outputActivation: { type: 'activation', default: null },
  returnSequences: { type: 'boolean', default: false },
  inferredSequences: { type: 'boolean', default: false },
  useBias: { type: 'boolean', default: true },
  twoBiases: { type: 'boolean', default: false },
  goBackwards: { type: 'boolean', default: false },
  stateful: { type: 'boolean', default: false },
  bidirectional: { type: 'choice', choices: ['concat', 'sum', 'mul', 'ave'], default: null },
  zeroOutputForMask: { type: 'boolean', default: false },
  clip: { type: 'number', min: 0, default: null },
  unroll: { type: 'boolean', default: false },
  kerasClass: { type: 'choice', choices: ['RNN', 'CuDNNLSTM', 'CuDNNGRU', 'SimpleRNNCell', 'LSTMCell', 'GRUCell'], default: null },
};

/** Values of the options that a cell lacks. */
export const FIXED_OPTIONS = {
  recurrentActivation: null,
  projection: null,
  peepholes: false,
  inputForget: false,
  unitForgetBias: false,
  resetAfter: false,
};

/** Whether one of the activations works on a whole row, as softmax does. */
export function hasRowFunction({ activation, recurrentActivation, outputActivation }: RecurrentSpec): boolean {
  return [activation, recurrentActivation, outputActivation].some(isRowActivation);
}

/** Options of `--layers`: those of all recurrent layers, and those of the cell's own fields. */
function optionsOf({ fields }: Cell): Record<string, GrammarOption> {
  const both = (bidirectional: string): GrammarOption => ({ set: { bidirectional }, bidirectional: true });
  return {
    seq: { set: { returnSequences: true } },
    last: { set: { returnSequences: false } },
    ...(fields.resetAfter ? { resetbefore: { set: { resetAfter: false } }, resetafter: { set: { resetAfter: true } } } : {}),
    ...(fields.projection ? { proj: { size: 'projection', letter: 'P' } } : {}),
    ...(fields.peepholes ? { peepholes: { set: { peepholes: true } } } : {}),
    backwards: { set: { goBackwards: true } },
    stateful: { set: { stateful: true } },
    sum: both('sum'),
    ave: both('ave'),
    mul: both('mul'),
    concat: both('concat'),
    nobias: { set: { useBias: false } },
  };
}

const BIAS_ROWS = new Map<string, number>();

/** How many rows the layer's bias has. */
export function biasRows(layer: RecurrentSpec): number {
  const { kind, useBias, twoBiases, resetAfter, peepholes, inputForget } = layer;
  const variant = `${kind} ${useBias} ${twoBiases} ${resetAfter} ${peepholes} ${inputForget}`;
  const known = BIAS_ROWS.get(variant);
  if (known !== undefined) return known;
  const bias = getCell(layer.kind)
    .weightShapes(1, 1, cellOptions(layer))
    .find(({ role }) => role === 'bias');
  const rows = bias === undefined ? 0 : bias.shape.length;
  BIAS_ROWS.set(variant, rows);
  return rows;
}

function recurrentLayer(cell: Cell): LayerKind<RecurrentSpec> {
  return {
    name: cell.name,
    letter: 'M',
    reads: 'sequence',
    passesMask: layer => layer.returnSequences,
    stepwise: ({ bidirectional, goBackwards, stateful }) => bidirectional === null && !goBackwards && !stateful,
    grammar: { sizes: { form: 'units', example: '64', fields: ['units'] }, activation: true, options: optionsOf(cell) },
    kerasClass: layer => (layer.bidirectional ? 'Bidirectional' : (layer.kerasClass ?? cell.keras?.className ?? cell.title)),
    fields: { ...FIELDS, ...cell.fields },
    keras: { classes: {}, config: () => ({}), path: (_layer, weight) => kerasPath(weight) },

    weightShapes(layer, [input], symbols) {
      const letters = { D: input[input.length - 1].symbol, M: symbols.units, P: symbols.projection };
      const one = cell.weightShapes(widthOf(input), layer.units, cellOptions(layer), letters);
      if (!layer.bidirectional) return one;
      return ['forward', 'backward'].flatMap(way => one.map((w): WeightShape => ({ ...w, name: `${way}/${w.name}` })));
    },

    outputShape(layer, [input], symbols) {
      const [N, T] = sequenceOf(input);
      const one = { symbol: layer.projection === null ? symbols.units : symbols.projection, size: layer.projection ?? layer.units };
      const width = layer.bidirectional ? mergedWidth(layer.bidirectional, one) : one;
      return layer.returnSequences ? [N, T, width] : [N, width];
    },

    otherOutputs(layer, [[N]], symbols) {
      const output = { symbol: layer.projection === null ? symbols.units : symbols.projection, size: layer.projection ?? layer.units };
      const shapes = cell.states.map((state, s) => ({
        suffix: state,
        shape: [N, s === 0 ? output : { symbol: symbols.units, size: layer.units }],
      }));
      if (!layer.bidirectional) return shapes;
      return ['forward', 'backward'].flatMap(way => shapes.map(({ suffix, shape }) => ({ suffix: `${way}/${suffix}`, shape })));
    },

    cost: (layer, [input], symbols) => costOf(cell, layer, input, symbols),
    formula: (layer, [input], symbols) => formulaOf(cell, layer, input, symbols),
    apply: (layer, [input], context) => (layer.bidirectional ? applyBoth(layer, input, context) : applyOne(layer, input, context)),
  };
}

/** Cost of one sample over all T steps, in both directions if there are two. */
function costOf(cell: Cell, layer: RecurrentSpec, input: DimShape, symbols: LayerSymbols): LayerCost {
  const [, T] = sequenceOf(input);
  const D = widthOf(input);
  const M = layer.units;
  const G = cell.gates.length;
  const P = layer.projection ?? M;
  const ways = layer.bidirectional ? 2 : 1;
  const each = cell.elementwise(M, cellOptions(layer));
  const gates = G > 1 ? `${G}*${symbols.units}` : symbols.units;
  const products = `${factor(input[2].symbol)}*${gates}+${layer.projection === null ? symbols.units : symbols.projection}*${gates}`;
  const projected = layer.projection === null ? '' : `+${symbols.units}*${symbols.projection}`;
  return {
    matmul: multiply(ways, T.size, (BigInt(D) + BigInt(P)) * BigInt(G * M) + (layer.projection === null ? 0n : BigInt(M) * BigInt(P))),
    bias: multiply(ways, T.size, biasRows(layer) * G * M),
    elementwise: multiply(ways, T.size, each.multiplyAdds),
    activations: multiply(ways, T.size, each.activations),
    formula: `${ways === 2 ? '2*' : ''}${factor(T.symbol)}*(${products}${projected})`,
  };
}

/** Formula of the parameter count: 'G*M*(D+M+1)', plus what a projection and peepholes add. */
function formulaOf(cell: Cell, layer: RecurrentSpec, input: DimShape, symbols: LayerSymbols): string {
  const rowsOfBias = biasRows(layer);
  const gates = cell.gates.length > 1 ? `${cell.gates.length}*` : '';
  const rows = layer.projection === null ? symbols.units : symbols.projection;
  const extras = `${layer.projection === null ? '' : `+${symbols.units}*${symbols.projection}`}${layer.peepholes ? `+3*${symbols.units}` : ''}`;
  const one = `${gates}${symbols.units}*(${input[input.length - 1].symbol}+${rows}${rowsOfBias ? `+${rowsOfBias}` : ''})${extras}`;
  return !layer.bidirectional ? one : extras ? `2*(${one})` : `2*${one}`;
}

/** A layer kind for each cell, by its name. */
export const recurrentKinds: Readonly<Record<string, LayerKind<RecurrentSpec>>> = Object.fromEntries(
  CELLS.map(cell => [cell.name, recurrentLayer(cell)]),
);

/** 'Wh' -> cell/vars/1, 'backward/Wh' -> backward_layer/cell/vars/1 */
function kerasPath(weight: string): string {
  const [name, way] = weight.split('/').reverse();
  return `${way ? `${way}_layer/` : ''}cell/vars/${['Wx', 'Wh', 'bh'].indexOf(name)}`;
}

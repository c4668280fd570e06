import { flipTime } from '../../tensor/layout.js';
import type { Tensor } from '../../tensor/tensor.js';
import { sequenceOf, sumOfCosts, symbolic } from '../dims.js';
import { formulaOf } from '../formula.js';
import type { LayerBase, LayerKind, LayerResult, Value } from '../layer.js';
import type { AnyLayer } from '../lookup.js';
import { flipped } from '../onnxSteps.js';
import type { RecurrentSpec } from '../recurrentSpec.js';
import type { Dim, DimShape } from '../shape.js';
import { innerContext, innerWeights, kindOf, plainSymbols } from './inner.js';

/** Several cells stacked into one: at every step, each reads the output of the one before (Keras RNN over StackedRNNCells). */
export interface StackedSpec extends LayerBase {
  readonly kind: 'stackedrnn';
  /** recurrent layers; returnSequences and goBackwards are those of the outer layer */
  readonly cells: readonly AnyLayer[];
  readonly returnSequences: boolean;
  readonly goBackwards: boolean;
  readonly zeroOutputForMask: boolean;
}

/** Keras' names of the cells' groups in a file. */
const CELL_GROUPS: Readonly<Record<string, string>> = { rnn: 'simple_rnn_cell', lstm: 'lstm_cell', gru: 'gru_cell' };

export const stackedrnn: LayerKind<StackedSpec> = {
  name: 'stackedrnn',
  reads: 'sequence',
  passesMask: layer => layer.returnSequences,
  kerasClass: () => 'RNN',
  fields: {
    cells: { type: 'layers', kinds: Object.keys(CELL_GROUPS) },
    returnSequences: { type: 'boolean', default: false },
    goBackwards: { type: 'boolean', default: false },
    zeroOutputForMask: { type: 'boolean', default: false },
  },
  keras: {
    classes: {},
    config: () => ({}),
    path(layer, weight) {
      const [cell, name] = weight.split('/');
      const at = Number(cell);
      const own = innerWeights(layer.cells[at], cell, [symbolic([1, 1, 1])]);
      const base = CELL_GROUPS[layer.cells[at].kind];
      const before = layer.cells.slice(0, at).filter(c => c.kind === layer.cells[at].kind).length;
      return `cell/cells/${before === 0 ? base : `${base}_${before}`}/vars/${own.findIndex(w => w.name === `${cell}/${name}`)}`;
    },
  },
  weightShapes: (layer, [input]) => inputsOf(layer, input).flatMap((shape, i) => innerWeights(layer.cells[i], String(i), [shape])),
  outputShape(layer, [input]) {
    const [N, T] = sequenceOf(input);
    const width = widthOf(layer.cells[layer.cells.length - 1]);
    return layer.returnSequences ? [N, T, width] : [N, width];
  },
  otherOutputs: (layer, [[N]]) =>
    layer.cells.flatMap((cell, i) =>
      kindOf(cell).otherOutputs!(cell, [[N, N, N]], plainSymbols(cell)).map(({ suffix, shape }) => ({ suffix: `${i}/${suffix}`, shape })),
    ),
  cost(layer, [input]) {
    const shapes = inputsOf(layer, input);
    return sumOfCosts(layer.cells.map((cell, i) => kindOf(cell).cost(cell, [shapes[i]], plainSymbols(cell))));
  },
  formula: (layer, [input]) =>
    inputsOf(layer, input)
      .map((shape, i) => formulaOf(kindOf(layer.cells[i]), layer.cells[i], [shape], plainSymbols(layer.cells[i])))
      .join('+'),

  // runs one cell after the other over the whole sequence. That equals running all cells step by step, since a padded step is padded for all
  apply(layer, [input], context): LayerResult {
    let value: Value = layer.goBackwards ? backwards(input) : input;
    let initial = context.initial;
    const states: Tensor[] = [];
    layer.cells.forEach((cell, i) => {
      const count = statesOf(cell);
      const result = kindOf(cell).apply(inStack(layer, i), [value], innerContext(context, String(i), initial?.slice(0, count)));
      initial = initial?.slice(count);
      states.push(...(result.states ?? []));
      value = { tensor: result.tensor, mask: value.mask };
    });
    return { tensor: value.tensor, states, others: states };
  },

  onnx(layer, call) {
    const back = (x: string) => (layer.goBackwards ? flipped(call.builder, x, `${layer.name}/back`) : x);
    const shapes = inputsOf(layer, call.shapes[0]);
    const masks = call.masks[0] === undefined ? [] : [back(call.masks[0])];
    let y = back(call.inputs[0]);
    let taken = 0;
    const others = layer.cells.flatMap((cell, i) => {
      const count = statesOf(cell);
      const initial = call.initial?.slice(taken, taken + count);
      taken += count;
      const result = call.inner(inStack(layer, i), String(i), { inputs: [y], masks, shapes: [shapes[i]], initial });
      y = result.y;
      return result.others ?? [];
    });
    return { y, others };
  },
};

function statesOf(cell: AnyLayer): number {
  return kindOf(cell).otherOutputs!(cell, [[]], plainSymbols(cell)).length;
}

/** Returns cell i as it runs in the stack: all but the last return the whole sequence. */
function inStack({ cells, returnSequences, zeroOutputForMask }: StackedSpec, i: number): AnyLayer {
  const last = i === cells.length - 1;
  const options = { returnSequences: !last || returnSequences, zeroOutputForMask: last && zeroOutputForMask };
  return { ...cells[i], ...options } as AnyLayer;
}

function widthOf(cell: AnyLayer): Dim {
  const { units } = cell as RecurrentSpec;
  return { symbol: String(units), size: units };
}

/** Returns the input shape of each cell. */
function inputsOf(layer: StackedSpec, input: DimShape): DimShape[] {
  const [N, T] = sequenceOf(input);
  return layer.cells.map((_, i) => (i === 0 ? input : [N, T, widthOf(layer.cells[i - 1])]));
}

/** Reverses the steps of a value and of its mask. */
function backwards({ tensor, mask }: Value): Value {
  const [N, T] = tensor.shape;
  return { tensor: flipTime(tensor), mask: mask?.map((_, k) => mask[Math.floor(k / T) * T + T - 1 - (k % T)]).slice(0, N * T) };
}

import { factor } from '../../cells/weightShapes.js';
import { RnnError } from '../../errors.js';
import { int } from '../../formats/onnx/builder.js';
import { flipTime } from '../../tensor/layout.js';
import { type MergeMode, merge, mergedWidth } from '../bidirectional.js';
import { sumOfCosts } from '../dims.js';
import { formulaOf } from '../formula.js';
import type { LayerBase, LayerKind, LayerResult } from '../layer.js';
import type { AnyLayer } from '../lookup.js';
import { flipped } from '../onnxSteps.js';
import type { Dim, DimShape } from '../shape.js';
import { innerContext, innerPath, innerWeights, kindOf, plainSymbols } from './inner.js';

/**
 * Two recurrent layers over the same input, one of them backwards, whose outputs are merged (Keras Bidirectional with a backward_layer, over
 * RNN cells, or with merge_mode None). If both are the same cell with the same options, the field `bidirectional` of that cell is used instead.
 */
export interface BothWaysSpec extends LayerBase {
  readonly kind: 'bidirectional';
  readonly forward: AnyLayer;
  readonly backward: AnyLayer;
  /** null: two outputs, the second one called `backward` */
  readonly merge: MergeMode | null;
}

const RECURRENT = ['rnn', 'lstm', 'gru', 'stackedrnn', 'convlstm1d', 'convlstm2d', 'convlstm3d'];
const WAYS = ['forward', 'backward'] as const;

export const bidirectional: LayerKind<BothWaysSpec> = {
  name: 'bidirectional',
  reads: 'sequence',
  passesMask: ({ forward }) => kindOf(forward).passesMask!(forward),
  kerasClass: () => 'Bidirectional',
  fields: {
    forward: { type: 'layer', kinds: RECURRENT },
    backward: { type: 'layer', kinds: RECURRENT },
    merge: { type: 'choice', choices: ['concat', 'sum', 'mul', 'ave'], default: null },
  },
  keras: {
    classes: {},
    config: () => ({}),
    // Keras shows the backward layer with the forward layer's width
    shownShapes(layer, [y, ...others], inputs) {
      const one = kindOf(layer.forward).outputShape(layer.forward, inputs, plainSymbols(layer.forward));
      const wide = [...one.slice(0, -1), mergedWidth('concat', one[one.length - 1])];
      const joined = layer.merge === null ? [one, one] : [layer.merge === 'concat' ? wide : y];
      const states = others.slice(joined.length - 1);
      const half = states.length / 2;
      return [...joined, ...states.map((own, i) => states[i % half] ?? own)];
    },
    path(layer, weight) {
      const way = weight.startsWith('forward/') ? 'forward' : 'backward';
      const inner = layer[way];
      const own = innerWeights(inner, way, [anySequence(inner)]).findIndex(w => w.name === weight);
      return `${way}_layer/${innerPath(inner, weight.slice(way.length + 1), own)}`;
    },
  },
  weightShapes: (layer, inputs) => WAYS.flatMap(way => innerWeights(layer[way], way, inputs)),
  outputShape(layer, inputs) {
    const [a, b] = WAYS.map(way => kindOf(layer[way]).outputShape(layer[way], inputs, plainSymbols(layer[way])));
    if (layer.merge === null) return a;
    const [wide, other] = [a[a.length - 1], b[b.length - 1]];
    if (layer.merge !== 'concat' && wide.size !== other.size)
      throw new RnnError('shape', 'E_MERGE', `cannot merge ${wide.size} and ${other.size} units with ${layer.merge}`, {
        expected: 'equal units in both directions, or concat',
        found: `${wide.size} and ${other.size}`,
      });
    return layer.merge === 'concat' ? [...a.slice(0, -1), sideBySide(wide, other)] : a;
  },
  otherOutputs(layer, inputs) {
    const states = WAYS.flatMap(way =>
      (kindOf(layer[way]).otherOutputs?.(layer[way], inputs, plainSymbols(layer[way])) ?? []).map(o => ({
        ...o,
        suffix: `${way}/${o.suffix}`,
      })),
    );
    if (layer.merge !== null) return states;
    return [{ suffix: 'backward', shape: secondShape(layer, inputs), masked: true }, ...states];
  },
  cost: (layer, inputs) => sumOfCosts(WAYS.map(way => kindOf(layer[way]).cost(layer[way], inputs, plainSymbols(layer[way])))),
  formula: (layer, inputs) => WAYS.map(way => formulaOf(kindOf(layer[way]), layer[way], inputs, plainSymbols(layer[way]))).join('+'),

  apply(layer, [input], context): LayerResult {
    const initial = initialOf(layer, context.initial);
    const [forward, backward] = WAYS.map((way, i) => kindOf(layer[way]).apply(layer[way], [input], innerContext(context, way, initial[i])));
    const second = this.passesMask!(layer) ? flipTime(backward.tensor) : backward.tensor;
    const states = [...(forward.states ?? []), ...(backward.states ?? [])];
    if (layer.merge === null) return { tensor: forward.tensor, states, others: [second, ...states] };
    return { tensor: merge(layer.merge, forward.tensor, second), states, others: states };
  },

  onnx(layer, call) {
    const { builder, inputs, masks, shapes } = call;
    const initial = initialOf(layer, call.initial);
    const [forward, backward] = WAYS.map((way, i) => call.inner(layer[way], way, { inputs, masks, shapes, initial: initial[i] }));
    const second = kindOf(layer.forward).passesMask!(layer.forward) ? flipped(builder, backward.y, `${layer.name}/back`) : backward.y;
    const states = [...(forward.others ?? []), ...(backward.others ?? [])];
    if (layer.merge === null) return { y: forward.y, others: [second, ...states] };
    const op = { concat: 'Concat', sum: 'Add', mul: 'Mul', ave: 'Mean' }[layer.merge];
    const y = builder.add(op, [forward.y, second], op === 'Concat' ? { axis: int(-1) } : undefined, layer.name);
    return { y, others: states };
  },
};

/** Splits the initial states into those of the forward layer, which come first, and those of the backward layer. */
function initialOf<S>(layer: BothWaysSpec, initial: readonly S[] | undefined): (readonly S[] | undefined)[] {
  const count = kindOf(layer.forward).otherOutputs!(layer.forward, [anySequence(layer.forward)], plainSymbols(layer.forward)).length;
  return [initial?.slice(0, count), initial?.slice(count)];
}

const OPEN: Dim = { symbol: '', size: null };
/** a size into which every window fits */
const WIDE = 2 ** 20;

/** a placeholder input shape, for when only the names of weights or outputs matter */
function anySequence({ kind }: AnyLayer): DimShape {
  const axes = Number(/^convlstm(\d)d$/.exec(kind)?.[1] ?? 0);
  return [OPEN, OPEN, ...Array.from({ length: axes + 1 }, () => ({ symbol: '', size: axes === 0 ? 1 : WIDE }))];
}

/** The output shape of the backward layer. Callers that only need the names may pass inputs of any shape. */
function secondShape(layer: BothWaysSpec, inputs: readonly DimShape[]): DimShape {
  const any = anySequence(layer.backward);
  const fitting = inputs[0].length === any.length ? inputs : [any];
  return kindOf(layer.backward).outputShape(layer.backward, fitting, plainSymbols(layer.backward));
}

function sideBySide(a: Dim, b: Dim): Dim {
  const symbol = a.symbol === b.symbol ? `2*${factor(a.symbol)}` : `${a.symbol}+${b.symbol}`;
  return { symbol, size: a.size === null || b.size === null ? null : a.size + b.size };
}

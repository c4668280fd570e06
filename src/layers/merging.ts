import { RnnError } from '../errors.js';
import { concatLast } from '../tensor/layout.js';
import { multiply, NO_COST, showShape } from './dims.js';
import type { DimShape, LayerBase, LayerContext, LayerKind, Value } from './layer.js';

/** Several inputs into one: side by side on the last axis, or elementwise (Keras Concatenate, Add, Multiply, Average). */
export interface MergeSpec extends LayerBase {
  readonly kind: 'concatenate' | 'add' | 'multiply' | 'average';
}

type Fold = (values: readonly number[]) => number;

function merging(name: MergeSpec['kind'], kerasClass: string, fold: Fold | null): LayerKind<MergeSpec> {
  return {
    name,
    kerasClass: () => kerasClass,
    fields: {},
    weightShapes: () => [],
    outputShape(_layer, inputs) {
      const [first] = inputs;
      checkAlike(inputs, fold !== null);
      if (fold) return first;
      const lasts = inputs.map(i => i[i.length - 1]);
      const size = lasts.some(d => d.size === null) ? null : lasts.reduce((sum, d) => sum + d.size!, 0);
      return [...first.slice(0, -1), { symbol: lasts.map(d => d.symbol).join('+'), size }];
    },
    cost: (_layer, inputs) =>
      fold ? { ...NO_COST, elementwise: multiply(inputs.length - 1, ...inputs[0].slice(1).map(d => d.size)) } : NO_COST,
    formula: () => null,
    apply(_layer, inputs, context) {
      const mask = jointMask(inputs);
      if (!fold) return { tensor: concatLast(inputs.map(i => i.tensor)), mask };
      return { tensor: { shape: inputs[0].tensor.shape, data: folded(inputs, fold, context) }, mask };
    },
  };
}

export const concatenate = merging('concatenate', 'Concatenate', null);
export const add = merging('add', 'Add', values => values.reduce((a, b) => a + b));
export const multiplied = merging('multiply', 'Multiply', values => values.reduce((a, b) => a * b));
export const average = merging('average', 'Average', values => values.reduce((a, b) => a + b) / values.length);

function checkAlike(inputs: readonly DimShape[], wholeShape: boolean): void {
  const [first, ...others] = inputs;
  const axes = wholeShape ? first.length : first.length - 1;
  for (const other of others) {
    const alike = other.length === first.length && first.slice(0, axes).every((d, i) => d.size === other[i].size);
    if (!alike) {
      throw new RnnError('shape', 'E_MERGE', `cannot join ${inputs.map(showShape).join(' and ')}`, {
        expected: wholeShape ? 'inputs of one shape' : 'inputs that differ in the last axis only',
        found: inputs.map(showShape).join(', '),
        fix: mergeFix(first, other),
        more: 'return_sequences',
      });
    }
  }
}

/** The edit that makes two shapes one. */
function mergeFix(a: DimShape, b: DimShape): string {
  if (a.length !== b.length) return 'one is a sequence and the other one vector per sample: set return_sequences on both, or on neither';
  const axis = a.findIndex((d, i) => d.size !== b[i].size);
  if (axis === a.length - 1)
    return `give both the same width (${a[axis].size ?? a[axis].symbol} and ${b[axis].size ?? b[axis].symbol}), or concatenate them`;
  return 'bring both to the same number of steps';
}

/** Keras: a step counts only where every masked input has it. */
function jointMask(inputs: readonly Value[]): Uint8Array | undefined {
  const masks = inputs.flatMap(i => i.mask ?? []);
  if (masks.length === 0) return undefined;
  return masks[0].map((_, k) => (masks.every(m => m[k] === 1) ? 1 : 0));
}

function folded(inputs: readonly Value[], fold: Fold, { kernels }: LayerContext) {
  const data = kernels.allocate(inputs[0].tensor.data.length);
  for (let k = 0; k < data.length; k++) data[k] = fold(inputs.map(i => i.tensor.data[k]));
  return data;
}

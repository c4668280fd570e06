import { RnnError } from '../errors.js';
import { int } from '../formats/onnx/builder.js';
import { multiply, NO_COST, showShape, sumOfDims } from './dims.js';
import type { JointMask, NodeBuilder, Nodes, NodesCall, Script, ScriptFacet } from './facets.js';
import type { DimShape, LayerBase, LayerKind } from './layer.js';
import { cast, lifted as liftedMask, number } from './onnxSteps.js';
import { axisIn, broadcastDims } from './operatorShapeRule.js';

/** Merges several inputs: concatenated along an axis, or elementwise with NumPy's broadcasting (Keras' merge layers). */
export interface MergeSpec extends LayerBase {
  readonly kind: 'concatenate' | 'add' | 'subtract' | 'multiply' | 'average' | 'maximum' | 'minimum';
  /** of a concatenation; 0 is the batch, −1 the last axis */
  readonly axis: number;
  /** how masks are merged: a step is real if it is real in any input (Keras 3), or in all (Keras 2) */
  readonly masks: 'any' | 'all';
}

/** Merges in which Keras 3 skips masked steps: they count as 1 in a product; maximum and minimum take the other input. */
const SKIPPING: ReadonlySet<string> = new Set(['multiply', 'maximum', 'minimum']);

const MASKS = { type: 'choice', choices: ['any', 'all'], default: 'any' } as const;

function elementwise(name: MergeSpec['kind'], kerasClass: string, op: string): LayerKind<MergeSpec> {
  return {
    name,
    joins: true,
    kerasClass: () => kerasClass,
    fields: { masks: MASKS },
    givesMask: true,
    stepwise: () => true,
    outputShape(_layer, inputs) {
      if (name === 'subtract' && inputs.length !== 2)
        throw new RnnError('shape', 'E_MERGE', `one input is subtracted from another, and there are ${inputs.length}`, {
          expected: '2 inputs',
          found: String(inputs.length),
        });
      return joined(inputs);
    },
    cost: (_layer, inputs) => ({
      ...NO_COST,
      elementwise: multiply(
        inputs.length - 1,
        ...joined(inputs)
          .slice(1)
          .map(d => d.size),
      ),
    }),
    nodes: (layer, call) => elementwiseNodes(layer, call, op),
    scripts: elementwiseScripts(kerasClass),
  };
}

export const add = elementwise('add', 'Add', 'Add');
export const subtract = elementwise('subtract', 'Subtract', 'Sub');
export const multiplied = elementwise('multiply', 'Multiply', 'Mul');
export const average = elementwise('average', 'Average', 'Add');
export const maximum = elementwise('maximum', 'Maximum', 'Max');
export const minimum = elementwise('minimum', 'Minimum', 'Min');

export const concatenate: LayerKind<MergeSpec> = {
  name: 'concatenate',
  joins: true,
  kerasClass: () => 'Concatenate',
  fields: { axis: { type: 'number', min: -8, max: 8, default: -1 }, masks: MASKS },
  givesMask: true,
  stepwise: ({ axis }) => axis === -1,
  outputShape(layer, inputs) {
    const [first] = inputs;
    const axis = axisIn(layer.axis, first.length, 'concatenate');
    checkAlike(inputs, axis);
    return first.map((d, i) => (i === axis ? sumOfDims(inputs.map(shape => shape[axis])) : d));
  },
  scripts: {
    numpy: {
      expression: ({ axis }, { inputs }) => `np.concatenate([${inputs.join(', ')}], ${axis})`,
      jointMask: concatenatedMaskText('np.concatenate', x => `np.ones(${x}.shape[:2], bool)`),
    },
    torch: {
      expression: ({ axis }, { inputs }) => `torch.cat([${inputs.join(', ')}], ${axis})`,
      jointMask: concatenatedMaskText('torch.cat', x => `torch.ones(${x}.shape[:2], dtype=torch.bool)`),
    },
    keras: {
      expression: ({ axis }, { inputs }) => `keras.layers.Concatenate(${axis === -1 ? '' : `axis=${axis}`})([${inputs.join(', ')}])`,
    },
  },
  nodes: (layer, call) => ({
    y: call.inputs.length === 1 ? call.inputs[0] : call.builder.add('Concat', call.inputs, { axis: int(layer.axis) }, layer.name),
    mask: concatenatedMask(layer, call),
  }),
};

/** Adds the nodes of an elementwise merge. Mul and Sub take two inputs in ONNX, the others any number. Axes missing in an input are inserted after the batch. */
function elementwiseNodes(layer: MergeSpec, call: NodesCall, op: string): ReturnType<Nodes<MergeSpec>> {
  const { builder, inputs, shapes } = call;
  const { kind, name } = layer;
  const mask = jointMask(layer, call);
  if (inputs.length === 1) return { y: inputs[0], mask };
  const rank = Math.max(...shapes.map(s => s.length));
  const given = inputs.map((x, i) => {
    const missing = Array.from({ length: rank - shapes[i].length }, (_, k) => k + 1);
    return missing.length === 0 ? x : builder.add('Unsqueeze', [x, builder.integers(missing)], {}, name);
  });
  const masks = inputs.map((_, i) =>
    call.masks[i] && skipsMasked(layer) && shapes[i].length === 3 ? liftedMask(builder, call.masks[i], 3, name) : undefined,
  );
  if (masks.some(m => m !== undefined)) return { y: withoutMasked(layer, op, given, masks, builder), mask };
  if (kind === 'multiply' || kind === 'subtract') return { y: given.reduce((a, b) => builder.add(op, [a, b], {}, name)), mask };
  return { y: builder.add({ add: 'Sum', average: 'Mean', maximum: 'Max', minimum: 'Min' }[kind as 'add'], given, {}, name), mask };
}

/** Adds the nodes of the joint mask. Keras 3: OR of the masks, and no mask if one input has none. Keras 2: AND of the masks there are. */
function jointMask({ masks, name }: MergeSpec, call: NodesCall): string | undefined {
  const own = call.masks.flatMap((mask, i) => (mask === undefined ? [] : [{ mask, one: call.shapes[i][1].size === 1 }]));
  if (own.length === 0 || (masks === 'any' && own.length < call.inputs.length)) return undefined;
  const whole = own.some(m => !m.one) ? own.filter(m => !m.one) : own;
  return whole.map(m => m.mask).reduce((a, b) => call.builder.add(masks === 'any' ? 'Or' : 'And', [a, b], {}, name));
}

/** Adds the nodes of a concatenation's mask. Along the samples or the steps the masks are concatenated; an input without one counts as all real. */
function concatenatedMask({ axis: asked, masks, name }: MergeSpec, { builder, inputs, masks: own, shapes }: NodesCall): string | undefined {
  if (own.every(m => m === undefined) || shapes[0].length < 3) return undefined;
  const axis = axisIn(asked, shapes[0].length, name);
  if (axis > 1) {
    if (masks === 'any' && own.includes(undefined)) return undefined;
    return own.filter(m => m !== undefined).reduce((a, b) => builder.add(masks === 'any' ? 'Or' : 'And', [a, b], {}, name));
  }
  const full = own.map((mask, i) => {
    if (mask !== undefined) return mask;
    const size = builder.add('Shape', [inputs[i]], { start: int(0), end: int(2) }, name);
    return cast(builder, builder.add('Expand', [builder.scalar(1), size], {}, name), 'bool', name);
  });
  return builder.add('Concat', full, { axis: int(axis) }, name);
}

/** Python of each elementwise merge for two operands; more are folded from the left. */
const IN_PYTHON: Readonly<Record<string, (library: string, a: string, b: string) => string>> = {
  Add: (_, a, b) => `${a} + ${b}`,
  Average: (_, a, b) => `${a} + ${b}`,
  Subtract: (_, a, b) => `${a} - ${b}`,
  Multiply: (_, a, b) => `${a} * ${b}`,
  Maximum: (library, a, b) => `${library}.maximum(${a}, ${b})`,
  Minimum: (library, a, b) => `${library}.minimum(${a}, ${b})`,
};

function elementwiseScripts(kerasClass: string): ScriptFacet<MergeSpec> {
  const skips = SKIPPING.has(kerasClass.toLowerCase());
  const inLibrary = (library: string): Script<MergeSpec> => ({
    jointMask: jointMaskText,
    ...(skips ? { readsMasks: true, helpers: skippingText(library) } : {}),
    expression(layer, { inputs, shapes, masks = [] }) {
      const rank = Math.max(...shapes.map(s => s.length));
      const given = inputs.map((x, i) => (shapes[i].length === rank ? x : `${x}[:${', None'.repeat(rank - shapes[i].length)}]`));
      const real = skipsMasked(layer) ? inputs.map((_, i) => (masks[i] && shapes[i].length === 3 ? `${masks[i]}[..., None]` : 'None')) : [];
      if (real.some(mask => mask !== 'None')) {
        const skipping = layer.kind === 'multiply' ? 'product(' : `taking_the_other(${library}.${layer.kind}, `;
        return `${skipping}[${given.join(', ')}], [${real.join(', ')}])`;
      }
      const joined = given.reduce((a, b) => IN_PYTHON[kerasClass](library, a, b));
      return kerasClass === 'Average' ? `(${joined}) / ${inputs.length}` : joined;
    },
  });
  const keras: Script<MergeSpec> = {
    expression: (_layer, { inputs, shapes }) => `keras.layers.${kerasClass}()([${ofOneBatch(inputs, shapes).join(', ')}])`,
  };
  return { numpy: inLibrary('np'), torch: inLibrary('torch'), keras };
}

/** Broadcasts inputs of one sample to N: Keras merges [1, T, D] with N samples while N is symbolic, but wants equal batch sizes of arrays. */
function ofOneBatch(inputs: readonly string[], shapes: readonly DimShape[]): string[] {
  const N = Math.max(...shapes.map(([batch]) => batch.size ?? 1));
  return inputs.map((x, i) => ((shapes[i][0].size ?? N) === N ? x : `keras.ops.broadcast_to(${x}, (${N}, *${x}.shape[1:]))`));
}

/** `withoutMasked` in NumPy and PyTorch. */
function skippingText(library: string): string {
  const one = library === 'torch' ? 'torch.ones(())' : '1';
  return `
def product(values, masks):
    y, seen = 1, False
    for x, mask in zip(values, masks):
        y = y * (x if mask is None else ${library}.where(mask, x, ${one}))
        seen = True if mask is None else mask | seen
    return y * seen


def taking_the_other(of, values, masks):
    y, seen = values[0], masks[0]
    for x, mask in zip(values[1:], masks[1:]):
        here = x if mask is None else ${library}.where(mask, x, y)
        there = y if seen is None else ${library}.where(seen, y, here)
        seen = None if mask is None or seen is None else mask | seen
        y = of(there, here)
    return y
`;
}

/** `jointMask` in Python. */
function jointMaskText(...[{ masks: how }, masks, { shapes }]: Parameters<JointMask<MergeSpec>>): string | undefined {
  const own = masks.flatMap((mask, i) => (mask === undefined ? [] : [{ mask, one: shapes[i][1].size === 1 }]));
  if (own.length === 0 || (how === 'any' && own.length < masks.length)) return undefined;
  const whole = own.some(m => !m.one) ? own.filter(m => !m.one) : own;
  return whole.map(m => m.mask).join(how === 'any' ? ' | ' : ' & ');
}

/** `concatenatedMask` in Python. @param real Python of the mask of a value whose steps are all real */
function concatenatedMaskText(concatenate: string, real: (x: string) => string): JointMask<MergeSpec> {
  return ({ axis: asked, masks: how, name }, masks, { inputs, shapes }) => {
    if (masks.every(m => m === undefined) || shapes[0].length < 3) return undefined;
    const axis = axisIn(asked, shapes[0].length, name);
    if (axis < 2) return `${concatenate}([${masks.map((mask, i) => mask ?? real(inputs[i])).join(', ')}], ${axis})`;
    if (how === 'any' && masks.includes(undefined)) return undefined;
    return masks.filter(m => m !== undefined).join(how === 'any' ? ' | ' : ' & ');
  };
}

/** The shape of an elementwise merge. Axes missing in an input are inserted after the batch, as in Keras. */
function joined(inputs: readonly DimShape[]): DimShape {
  const rank = Math.max(...inputs.map(i => i.length));
  return inputs.map(i => lifted(i, rank)).reduce((a, b) => elementwiseShape(a, b, inputs));
}

function lifted(shape: DimShape, rank: number): DimShape {
  const ones = Array.from({ length: rank - shape.length }, () => ({ symbol: '1', size: 1 }));
  return shape.length === rank ? shape : [shape[0], ...ones, ...shape.slice(1)];
}

function elementwiseShape(a: DimShape, b: DimShape, inputs: readonly DimShape[]): DimShape {
  try {
    return broadcastDims(a, b, 'the layer');
  } catch (error) {
    throw error instanceof RnnError ? cannotJoin(inputs, 'inputs of equal shapes', a, b) : error;
  }
}

function checkAlike(inputs: readonly DimShape[], axis: number): void {
  const [first, ...others] = inputs;
  for (const other of others) {
    const alike = other.length === first.length && first.every((d, i) => i === axis || d.size === other[i].size);
    if (!alike)
      throw cannotJoin(
        inputs,
        axis === first.length - 1 ? 'inputs that differ only in the last axis' : `inputs that differ only in axis ${axis}`,
        first,
        other,
      );
  }
}

function cannotJoin(inputs: readonly DimShape[], expected: string, first: DimShape, other: DimShape): RnnError {
  return new RnnError('shape', 'E_MERGE', `cannot merge ${inputs.map(showShape).join(' and ')}`, {
    expected,
    found: inputs.map(showShape).join(', '),
    fix: mergeFix(first, other),
    more: 'return_sequences',
  });
}

/** Suggests how to make two shapes equal. */
function mergeFix(a: DimShape, b: DimShape): string {
  if (a.length !== b.length) return 'one is a sequence and the other one vector per sample: set return_sequences on both, or on neither';
  const axis = a.findIndex((d, i) => d.size !== b[i].size);
  if (axis === a.length - 1)
    return `give both the same width (${a[axis].size ?? a[axis].symbol} and ${b[axis].size ?? b[axis].symbol}), or concatenate them`;
  return 'bring both to the same number of steps';
}

function skipsMasked({ kind, masks }: MergeSpec): boolean {
  return masks === 'any' && SKIPPING.has(kind);
}

/** @param masks [N, T, 1]; undefined for an input without a mask of its own steps */
function withoutMasked(
  { kind, name }: MergeSpec,
  op: string,
  values: readonly string[],
  masks: readonly (string | undefined)[],
  builder: NodeBuilder,
): string {
  const add = (operator: string, inputs: readonly string[]) => builder.add(operator, inputs, {}, name);
  if (kind === 'multiply') {
    const ones = values.map((x, i) => (masks[i] ? add('Where', [masks[i], x, number(builder, 1, name)]) : x));
    const product = ones.reduce((a, b) => add(op, [a, b]));
    const all = masks.every(mask => mask !== undefined) ? masks.reduce((a, b) => add('Or', [a, b])) : undefined;
    return all ? add('Where', [all, product, number(builder, 0, name)]) : product;
  }
  let [output] = values;
  let [seen] = masks;
  values.slice(1).forEach((x, i) => {
    const mask = masks[i + 1];
    const here = mask ? add('Where', [mask, x, output]) : x;
    const there = seen ? add('Where', [seen, output, here]) : output;
    seen = mask && seen ? add('Or', [seen, mask]) : undefined;
    output = add(op, [there, here]);
  });
  return output;
}

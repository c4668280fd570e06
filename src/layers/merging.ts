import { RnnError } from '../errors.js';
import { int } from '../formats/onnx/builder.js';
import { operated } from '../ops/run.js';
import type { GraphValue } from '../ops/value.js';
import { multiply, NO_COST, showShape, sumOfDims } from './dims.js';
import type { JointMask, OnnxCall, OnnxResult, Script, ScriptFacet } from './facets.js';
import type { DimShape, LayerBase, LayerContext, LayerKind, Value } from './layer.js';
import { cast, lifted as liftedMask, number } from './onnxSteps.js';
import { axisIn, broadcastDims } from './operatorShapeRule.js';

/** Several inputs into one: side by side on an axis, or elementwise with NumPy's broadcasting (Keras' merge layers). */
export interface MergeSpec extends LayerBase {
  readonly kind: 'concatenate' | 'add' | 'subtract' | 'multiply' | 'average' | 'maximum' | 'minimum';
  /** of a concatenation, the batch counted: −1 is the last */
  readonly axis: number;
  /** how the inputs' masks become one: Keras 3 keeps a step that any input has, Keras 2 one that all have */
  readonly masks: 'any' | 'all';
}

/** Merges of Keras 3 that leave masked steps out: in a product they count as 1; maximum and minimum take the other input. */
const SKIPPING: ReadonlySet<string> = new Set(['multiply', 'maximum', 'minimum']);

const MASKS = { type: 'choice', choices: ['any', 'all'], default: 'any' } as const;

function elementwise(name: MergeSpec['kind'], kerasClass: string, op: string): LayerKind<MergeSpec> {
  return {
    name,
    kerasClass: () => kerasClass,
    fields: { masks: MASKS },
    givesMask: true,
    stepwise: () => true,
    outputShape: (_layer, inputs) => joined(inputs),
    cost: (_layer, inputs) => ({
      ...NO_COST,
      elementwise: multiply(
        inputs.length - 1,
        ...joined(inputs)
          .slice(1)
          .map(d => d.size),
      ),
    }),
    onnx: (layer, call) => elementwiseOnnx(layer, call, op),
    scripts: elementwiseScripts(kerasClass),
    apply(layer, inputs, context) {
      const masks = skipsMasked(layer) ? inputs.map(maskOf) : [];
      const calls = { apply: (o: string, values: readonly GraphValue[]) => operated(o, values, context.kernels), number: scalar };
      const given = masks.some(m => m !== undefined) ? withoutMasked(name, op, alike(inputs), masks, calls) : undefined;
      const tensor = given
        ? { shape: given.shape, data: given.data }
        : name === 'average'
          ? mean(inputs, context)
          : fold(op, inputs, context);
      return { tensor, mask: jointMask(inputs, layer.masks) };
    },
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
  onnx: (layer, call) => ({
    y: call.inputs.length === 1 ? call.inputs[0] : call.builder.add('Concat', call.inputs, { axis: int(layer.axis) }, layer.name),
    mask: concatenatedMaskOnnx(layer, call),
  }),
  apply(layer, inputs, { kernels }) {
    const axis = layer.axis < 0 ? layer.axis + inputs[0].tensor.shape.length : layer.axis;
    const values = inputs.map(({ tensor }) => ({ kind: 'float' as const, ...tensor }));
    const { shape, data } = operated('Concat', values, kernels, { axis: { type: 'int', value: BigInt(axis) } });
    return { tensor: { shape, data }, mask: concatenatedMask(inputs, axis, layer.masks) };
  },
};

/** ONNX has one operator for any number of inputs, except for products and differences. An input that lacks axes gets them behind the batch. */
function elementwiseOnnx(layer: MergeSpec, call: OnnxCall, op: string): OnnxResult {
  const { builder, inputs, shapes } = call;
  const { kind, name } = layer;
  const mask = jointMaskOnnx(layer, call);
  if (inputs.length === 1) return { y: inputs[0], mask };
  const rank = Math.max(...shapes.map(s => s.length));
  const given = inputs.map((x, i) => {
    const missing = Array.from({ length: rank - shapes[i].length }, (_, k) => k + 1);
    return missing.length === 0 ? x : builder.add('Unsqueeze', [x, builder.integers(missing)], {}, name);
  });
  const apply = (o: string, values: readonly string[]) => builder.add(o, values, {}, name);
  const masks = inputs.map((_, i) =>
    call.masks[i] && skipsMasked(layer) && shapes[i].length === 3 ? liftedMask(builder, call.masks[i], 3, name) : undefined,
  );
  if (masks.some(m => m !== undefined))
    return { y: withoutMasked(kind, op, given, masks, { apply, number: value => number(builder, value, name) }), mask };
  if (kind === 'multiply' || kind === 'subtract') return { y: given.reduce((a, b) => apply(op, [a, b])), mask };
  return { y: apply({ add: 'Sum', average: 'Mean', maximum: 'Max', minimum: 'Min' }[kind as 'add'], given), mask };
}

/** As jointMask has it. */
function jointMaskOnnx({ masks, name }: MergeSpec, call: OnnxCall): string | undefined {
  const own = call.masks.flatMap((mask, i) => (mask === undefined ? [] : [{ mask, one: call.shapes[i][1].size === 1 }]));
  if (own.length === 0 || (masks === 'any' && own.length < call.inputs.length)) return undefined;
  const whole = own.some(m => !m.one) ? own.filter(m => !m.one) : own;
  return whole.map(m => m.mask).reduce((a, b) => call.builder.add(masks === 'any' ? 'Or' : 'And', [a, b], {}, name));
}

/** As concatenatedMask has it. */
function concatenatedMaskOnnx(
  { axis: asked, masks, name }: MergeSpec,
  { builder, inputs, masks: own, shapes }: OnnxCall,
): string | undefined {
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

/** Python for two or more inputs, applied from the left. */
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
  const keras: Script<MergeSpec> = { expression: (_layer, { inputs }) => `keras.layers.${kerasClass}()([${inputs.join(', ')}])` };
  return { numpy: inLibrary('np'), torch: inLibrary('torch'), keras };
}

/** As withoutMasked has it, in NumPy and PyTorch. */
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

/** As jointMask has it. */
function jointMaskText(...[{ masks: how }, masks, { shapes }]: Parameters<JointMask<MergeSpec>>): string | undefined {
  const own = masks.flatMap((mask, i) => (mask === undefined ? [] : [{ mask, one: shapes[i][1].size === 1 }]));
  if (own.length === 0 || (how === 'any' && own.length < masks.length)) return undefined;
  const whole = own.some(m => !m.one) ? own.filter(m => !m.one) : own;
  return whole.map(m => m.mask).join(how === 'any' ? ' | ' : ' & ');
}

/** As concatenatedMask has it. @param real every step of a value, in Python */
function concatenatedMaskText(concatenate: string, real: (x: string) => string): JointMask<MergeSpec> {
  return ({ axis: asked, masks: how, name }, masks, { inputs, shapes }) => {
    if (masks.every(m => m === undefined) || shapes[0].length < 3) return undefined;
    const axis = axisIn(asked, shapes[0].length, name);
    if (axis < 2) return `${concatenate}([${masks.map((mask, i) => mask ?? real(inputs[i])).join(', ')}], ${axis})`;
    if (how === 'any' && masks.includes(undefined)) return undefined;
    return masks.filter(m => m !== undefined).join(how === 'any' ? ' | ' : ' & ');
  };
}

/** Shapes of the inputs joined: one that lacks axes gets them behind the batch, as Keras' merge layers do. */
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
    throw error instanceof RnnError ? cannotJoin(inputs, 'inputs of one shape', a, b) : error;
  }
}

function checkAlike(inputs: readonly DimShape[], axis: number): void {
  const [first, ...others] = inputs;
  for (const other of others) {
    const alike = other.length === first.length && first.every((d, i) => i === axis || d.size === other[i].size);
    if (!alike)
      throw cannotJoin(
        inputs,
        axis === first.length - 1 ? 'inputs that differ in the last axis only' : `inputs that differ in axis ${axis} only`,
        first,
        other,
      );
  }
}

function cannotJoin(inputs: readonly DimShape[], expected: string, first: DimShape, other: DimShape): RnnError {
  return new RnnError('shape', 'E_MERGE', `cannot join ${inputs.map(showShape).join(' and ')}`, {
    expected,
    found: inputs.map(showShape).join(', '),
    fix: mergeFix(first, other),
    more: 'return_sequences',
  });
}

/** The fix that makes two shapes equal. */
function mergeFix(a: DimShape, b: DimShape): string {
  if (a.length !== b.length) return 'one is a sequence and the other one vector per sample: set return_sequences on both, or on neither';
  const axis = a.findIndex((d, i) => d.size !== b[i].size);
  if (axis === a.length - 1)
    return `give both the same width (${a[axis].size ?? a[axis].symbol} and ${b[axis].size ?? b[axis].symbol}), or concatenate them`;
  return 'bring both to the same number of steps';
}

/** One operator over all inputs from the left. */
function fold(op: string, inputs: readonly Value[], context: LayerContext) {
  const { shape, data } = alike(inputs).reduce((a, b) => operated(op, [a, b], context.kernels));
  return { shape, data };
}

/** The inputs, each with as many axes as the one that has most. */
function alike(inputs: readonly Value[]): GraphValue[] {
  const rank = Math.max(...inputs.map(i => i.tensor.shape.length));
  return inputs.map(({ tensor: { shape, data } }) => {
    const ones = Array.from({ length: rank - shape.length }, () => 1);
    return { kind: 'float', shape: [shape[0], ...ones, ...shape.slice(1)], data };
  });
}

function skipsMasked({ kind, masks }: MergeSpec): boolean {
  return masks === 'any' && SKIPPING.has(kind);
}

/** @param masks [N, T, 1], of those inputs that have one of their own steps; `calls` compute or write nodes */
function withoutMasked<V extends GraphValue | string>(
  kind: MergeSpec['kind'],
  op: string,
  values: readonly V[],
  masks: readonly (V | undefined)[],
  { apply, number }: { apply(op: string, inputs: readonly V[]): V; number(value: number): V },
): V {
  if (kind === 'multiply') {
    const ones = values.map((x, i) => (masks[i] ? apply('Where', [masks[i], x, number(1)]) : x));
    const product = ones.reduce((a, b) => apply(op, [a, b]));
    const all = masks.every(mask => mask !== undefined) ? masks.reduce((a, b) => apply('Or', [a!, b!]))! : undefined;
    return all ? apply('Where', [all, product, number(0)]) : product;
  }
  let [output] = values;
  let [seen] = masks;
  values.slice(1).forEach((x, i) => {
    const mask = masks[i + 1];
    const here = mask ? apply('Where', [mask, x, output]) : x;
    const there = seen ? apply('Where', [seen, output, here]) : output;
    seen = mask && seen ? apply('Or', [seen, mask]) : undefined;
    output = apply(op, [there, here]);
  });
  return output;
}

function scalar(value: number): GraphValue {
  return { kind: 'float', shape: [], data: Float64Array.of(value) };
}

/** [N, T, 1] */
function maskOf({ mask, tensor: { shape } }: Value): GraphValue | undefined {
  if (!mask || shape.length !== 3) return undefined;
  return { kind: 'bool', shape: [shape[0], shape[1], 1], data: Float64Array.from(mask) };
}

/** The sum of all inputs, rounded once per input, then divided. */
function mean(inputs: readonly Value[], context: LayerContext) {
  const { shape, data } = fold('Add', inputs, context);
  const averaged = context.kernels.allocate(data.length);
  for (let k = 0; k < data.length; k++) averaged[k] = data[k] / inputs.length;
  return { shape, data: averaged };
}

/** Keras 3: a step that any input has, and no mask where one input has none. Keras 2: a step that every masked input has. */
function jointMask(inputs: readonly Value[], masks: MergeSpec['masks']): Uint8Array | undefined {
  const given = inputs.flatMap(i => i.mask ?? []);
  if (given.length === 0 || (masks === 'any' && given.length < inputs.length)) return undefined;
  const length = Math.max(...given.map(m => m.length));
  return joinedMasks(
    given.filter(m => m.length === length),
    masks,
  );
}

/** A step is real where it is in any of these masks of one length, or in all of them. */
function joinedMasks(given: readonly Uint8Array[], masks: MergeSpec['masks']): Uint8Array {
  return given[0].map((_, k) => {
    const real = (m: Uint8Array) => m[k] === 1;
    return (masks === 'any' ? given.some(real) : given.every(real)) ? 1 : 0;
  });
}

/** An input without a mask counts as real everywhere. Along the time axis the masks are concatenated. */
function concatenatedMask(inputs: readonly Value[], axis: number, masks: MergeSpec['masks']): Uint8Array | undefined {
  if (inputs.every(i => i.mask === undefined) || inputs[0].tensor.shape.length < 3) return undefined;
  const full = inputs.map(({ mask, tensor: { shape } }) => mask ?? new Uint8Array(shape[0] * shape[1]).fill(1));
  if (axis === 0) return Uint8Array.from(full.flatMap(m => [...m]));
  if (axis === 1) {
    const N = inputs[0].tensor.shape[0];
    const rows = Array.from({ length: N }, (_, n) =>
      full.flatMap((m, i) => [...m.subarray(n * inputs[i].tensor.shape[1], (n + 1) * inputs[i].tensor.shape[1])]),
    );
    return Uint8Array.from(rows.flat());
  }
  return joinedMasks(full, masks);
}

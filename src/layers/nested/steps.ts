import { RnnError } from '../../errors.js';
import { type GraphBuilder, int } from '../../formats/onnx/builder.js';
import { multiply, showShape } from '../dims.js';
import type { OnnxCall, ScriptCall, ScriptFacet } from '../facets.js';
import type { LayerBase, LayerKind, Value } from '../layer.js';
import type { DimShape } from '../shape.js';

/**
 * Layers applied to every step (Keras TimeDistributed): steps [N, T, …] become samples [N·T, …]. A single layer is a `timedistributed`; the
 * layers of a model are enclosed by `eachstep` and `allsteps`.
 */

/** [N, T, …] -> [N·T, …] */
export interface EachStepSpec extends LayerBase {
  readonly kind: 'eachstep';
}

/** Inputs: the sequence [N, T, …] and the result of its steps [N·T, …]. Output: that result as [N, T, …]. */
export interface AllStepsSpec extends LayerBase {
  readonly kind: 'allsteps';
}

export const eachstep: LayerKind<EachStepSpec> = {
  name: 'eachstep',
  tokens: 'as what it gives',
  movesNumbers: true,
  reads: 'sequence',
  kerasClass: () => 'TimeDistributed',
  fields: {},
  outputShape: (_layer, [input]) => stepOf(input),
  apply: (_layer, [sequence]) => asSamples(sequence),
  onnx: ({ name }, call) => onnxSamples(call, name),
  scripts: reshaping(([x]) => [x, `(-1, *${x}.shape[2:])`]),
};

export const allsteps: LayerKind<AllStepsSpec> = {
  name: 'allsteps',
  joins: true,
  reads: 'sequence',
  passesMask: () => true,
  kerasClass: () => 'TimeDistributed',
  fields: {},
  outputShape(_layer, inputs) {
    const [sequence, samples] = inputs;
    const count = inputs.length === 2 && sequence.length > 1 ? stepOf([...sequence.slice(0, 2), ...samples])[0].size : undefined;
    if (count === undefined || (count !== null && samples[0].size !== null && samples[0].size !== count))
      throw new RnnError('shape', 'E_MERGE', `cannot reassemble ${inputs.map(showShape).join(', ')}`, {
        expected: 'a sequence (N, T, …), and the result for its steps (N*T, …)',
        found: inputs.map(showShape).join(', '),
      });
    return [sequence[0], sequence[1], ...samples.slice(1)];
  },
  apply: (_layer, [sequence, samples]) => asSequence(sequence, samples),
  onnx: ({ name }, { builder, inputs: [sequence, samples] }) => onnxSequence(builder, sequence, samples, name),
  scripts: reshaping(([x, y]) => [y, `(*${x}.shape[:2], *${y}.shape[1:])`]),
};

/** Returns the shape of one step of a sequence, taken as a sample. @throws RnnError E_SEQ */
export function stepOf(shape: DimShape): DimShape {
  const [N, T, ...rest] = shape;
  if (rest.length === 0)
    throw new RnnError('shape', 'E_SEQ', `needs a sequence (N, T, features) but gets ${showShape(shape)}`, {
      expected: '(N, T, …)',
      found: showShape(shape),
      more: 'return_sequences',
    });
  const size = multiply(N.size, T.size);
  return [{ symbol: `${N.symbol}*${T.symbol}`, size: size === null ? null : Number(size) }, ...rest];
}

/** Turns steps into samples. A mask [N, T] then masks samples; one with more axes masks the inner steps of each sample. */
export function asSamples({ tensor: { shape, data }, mask }: Value): Value {
  return { tensor: { shape: [shape[0] * shape[1], ...shape.slice(2)], data }, mask };
}

/** Turns samples [N·T, …] back into steps of the sequence they come from, [N, T, …]. */
export function asSequence(sequence: Value, { tensor: { shape, data } }: Value): Value {
  return { tensor: { shape: [...sequence.tensor.shape.slice(0, 2), ...shape.slice(1)], data } };
}

export function onnxSamples({ builder, inputs: [x], masks: [mask], maskAxes = 2 }: OnnxCall, name: string) {
  const flat = (value: string) => {
    const rest = builder.add('Shape', [value], { start: int(2) }, `${name}/shape`);
    return builder.add('Reshape', [value, joined(builder, [builder.integers([-1]), rest], name)], {}, `${name}/samples`);
  };
  return { y: flat(x), ...(mask === undefined ? {} : { mask: flat(mask), maskAxes: maskAxes - 1 }) };
}

export function onnxSequence(builder: GraphBuilder, sequence: string, samples: string, name: string): string {
  const lead = builder.add('Shape', [sequence], { start: int(0), end: int(2) }, `${name}/shape`);
  const rest = builder.add('Shape', [samples], { start: int(1) }, `${name}/shape`);
  return builder.add('Reshape', [samples, joined(builder, [lead, rest], name)], {}, name);
}

function joined(builder: GraphBuilder, sizes: readonly string[], name: string): string {
  return builder.add('Concat', sizes, { axis: int(0) }, `${name}/shape`);
}

/** Scripts of a reshape. @param parts the Python of the value and of its new shape */
function reshaping(parts: (inputs: readonly string[]) => readonly [value: string, shape: string]): ScriptFacet<LayerBase> {
  const written = (prefix: string) => ({
    expression: (_layer: LayerBase, { inputs }: ScriptCall) => {
      const [value, shape] = parts(inputs);
      return prefix === '' ? `${value}.reshape(${shape})` : `${prefix}(${value}, ${shape})`;
    },
  });
  return { numpy: written(''), torch: written(''), keras: written('keras.ops.reshape') };
}

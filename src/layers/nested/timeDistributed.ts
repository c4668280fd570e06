import { RnnError } from '../../errors.js';
import { int } from '../../formats/onnx/builder.js';
import { showShape } from '../dims.js';
import type { ScriptCall } from '../facets.js';
import { formulaOf } from '../formula.js';
import type { LayerBase, LayerKind } from '../layer.js';
import { type AnyLayer, type AnyLayerKind, getLayerKind } from '../lookup.js';
import type { Dim, DimShape } from '../shape.js';

/** A layer applied to every step: [N, T, …] is taken as N·T samples […] (Keras TimeDistributed). */
export interface TimeDistributedSpec extends LayerBase {
  readonly kind: 'timedistributed';
  readonly layer: AnyLayer;
}

export const timedistributed: LayerKind<TimeDistributedSpec> = {
  name: 'timedistributed',
  reads: 'sequence',
  passesMask: () => true,
  kerasClass: () => 'TimeDistributed',
  fields: { layer: { type: 'layer' } },
  keras: {
    classes: { TimeDistributed: (config, read) => ({ layer: read.layer(config.layer) }) },
    config: ({ layer }) => ({ layer }),
    path: ({ layer }, weight, index) => `layer/${kindOf(layer).keras?.path?.(layer, weight, index) ?? `vars/${index}`}`,
  },
  weightShapes: ({ layer }, [input], symbols) => kindOf(layer).weightShapes(layer, [step(input)], symbols),
  outputShape({ layer }, [input], symbols) {
    const [, ...rest] = kindOf(layer).outputShape(layer, [step(input)], symbols);
    return [input[0], input[1], ...rest];
  },
  cost({ layer }, [input], symbols) {
    const { formula, ...each } = kindOf(layer).cost(layer, [step(input)], symbols);
    const T = input[1].size;
    const times = (count: bigint | null) => (count === 0n ? 0n : count === null || T === null ? null : count * BigInt(T));
    return {
      matmul: times(each.matmul),
      bias: times(each.bias),
      elementwise: times(each.elementwise),
      activations: times(each.activations),
      formula: formula === '' ? '' : `${input[1].symbol}*(${formula})`,
    };
  },
  formula: ({ layer }, [input], symbols) => formulaOf(kindOf(layer), layer, [step(input)], symbols),

  apply({ layer }, [input], context) {
    const { shape, data } = input.tensor;
    const [N, T, ...rest] = shape;
    const kind = kindOf(layer);
    if (input.mask && 'returnSequences' in layer)
      throw new RnnError('unsupported', 'E_MASK', `${layer.kind} at every step would take the mask of the steps for its own`, {
        where: 'mask',
        fix: 'leave the masking out',
      });
    const { tensor } = kind.apply(layer, [{ tensor: { shape: [N * T, ...rest], data } }], context);
    return { tensor: { shape: [N, T, ...tensor.shape.slice(1)], data: tensor.data } };
  },

  onnx({ layer, name }, call) {
    const { builder, inputs, shapes, output } = call;
    if (call.masks[0] && 'returnSequences' in layer) throw inner(layer, 'E_ONNX_LAYER', 'an ONNX graph cannot hold a mask of');
    const x = builder.add('Reshape', [inputs[0], builder.integers([-1, ...known(shapes[0])])], {}, `${name}/steps`);
    const { y } = call.inner(layer, '', { inputs: [x], shapes: [step(shapes[0])], output: step(output) });
    const lead = builder.add('Shape', [inputs[0]], { start: int(0), end: int(2) }, `${name}/shape`);
    const rest = known(output);
    const shape = rest.length === 0 ? lead : builder.add('Concat', [lead, builder.integers(rest)], { axis: int(0) }, `${name}/shape`);
    return builder.add('Reshape', [y, shape], {}, name);
  },
  scripts: {
    numpy: { expression: (layer, call) => expression(layer, call, 'numpy') },
    torch: { expression: (layer, call) => expression(layer, call, 'torch') },
  },
};

function kindOf(layer: AnyLayer): AnyLayerKind {
  return getLayerKind(layer.kind);
}

/** One step of a sequence, as a sample. @throws RnnError E_SEQ */
function step(shape: DimShape): DimShape {
  if (shape.length >= 3) return [shape[0], ...shape.slice(2)];
  throw new RnnError('shape', 'E_SEQ', `needs a sequence (N, T, features) but gets ${showShape(shape)}`, {
    expected: '(N, T, …)',
    found: showShape(shape),
    more: 'return_sequences',
  });
}

/** Sizes behind the steps, which a graph must know. */
function known(shape: DimShape): number[] {
  return shape.slice(2).map((dim: Dim) => {
    if (dim.size !== null) return dim.size;
    throw new RnnError('unsupported', 'E_ONNX_LAYER', `an ONNX graph needs the size of every axis behind the steps, ${dim.symbol} is open`);
  });
}

function inner(layer: AnyLayer, code: string, message: string): RnnError {
  return new RnnError('unsupported', code, `${message} ${layer.kind} at every step`);
}

function expression({ layer }: TimeDistributedSpec, call: ScriptCall, target: 'numpy' | 'torch'): string {
  const script = kindOf(layer).scripts?.[target];
  if (!script) throw inner(layer, 'E_EMIT', 'a script is not written for');
  const [x] = call.inputs;
  const own = { ...call, inputs: [`${x}.reshape(-1, *${x}.shape[2:])`], shapes: [step(call.shapes[0])], output: step(call.output) };
  const rest = call.output.slice(2).map(d => d.size ?? -1);
  return `(${script.expression(layer, own)}).reshape(*${x}.shape[:2]${rest.map(n => `, ${n}`).join('')})`;
}

import { RnnError } from '../../errors.js';
import { timesSteps } from '../dims.js';
import type { ScriptCall } from '../facets.js';
import { formulaOf } from '../formula.js';
import type { LayerBase, LayerKind } from '../layer.js';
import { type AnyLayer, layerOutputs } from '../lookup.js';
import { kindOf } from './inner.js';
import { asSamples, asSequence, onnxSamples, onnxSequence, stepOf } from './steps.js';

/** A layer applied to every step: [N, T, …] becomes N·T samples […] (Keras TimeDistributed). */
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
    shownShapes({ layer }, [y], [input]) {
      const [, , ...step] = y;
      const [shown] = kindOf(layer).keras?.shownShapes?.(layer, [[y[0], ...step]], [stepOf(input)]) ?? [[y[0], ...step]];
      return [[y[0], y[1], ...shown.slice(1)]];
    },
    path: ({ layer }, weight, index) => `layer/${kindOf(layer).keras?.path?.(layer, weight, index) ?? `vars/${index}`}`,
  },
  weightShapes: ({ layer }, [input], symbols) => kindOf(layer).weightShapes(layer, [stepOf(input)], symbols),
  outputShape({ layer }, [input], symbols) {
    const [, ...rest] = kindOf(layer).outputShape(layer, [stepOf(input)], symbols);
    return [input[0], input[1], ...rest];
  },
  cost: ({ layer }, [input], symbols) => timesSteps(kindOf(layer).cost(layer, [stepOf(input)], symbols), [input[1]]),
  formula: ({ layer }, [input], symbols) => formulaOf(kindOf(layer), layer, [stepOf(input)], symbols),

  apply({ layer }, [input], context) {
    const samples = layerOutputs(layer, [asSamples(input)], context);
    return asSequence(input, samples);
  },

  onnx({ layer, name }, call) {
    const samples = onnxSamples(call, name);
    const { y } = call.inner(layer, '', {
      inputs: [samples.y],
      masks: [samples.mask],
      maskAxes: samples.maskAxes,
      shapes: [stepOf(call.shapes[0])],
      output: stepOf(call.output),
    });
    return onnxSequence(call.builder, call.inputs[0], y, name);
  },
  scripts: {
    numpy: { expression: (layer, call) => expression(layer, call, 'numpy') },
    torch: { expression: (layer, call) => expression(layer, call, 'torch') },
  },
};

function expression({ layer }: TimeDistributedSpec, call: ScriptCall, target: 'numpy' | 'torch'): string {
  const script = kindOf(layer).scripts?.[target];
  if (!script)
    throw new RnnError('unsupported', 'E_EMIT', `--emit does not support ${layer.kind} inside TimeDistributed`, { where: '--emit' });
  const [x] = call.inputs;
  const own = { ...call, inputs: [`${x}.reshape(-1, *${x}.shape[2:])`], shapes: [stepOf(call.shapes[0])], output: stepOf(call.output) };
  const rest = call.output.slice(2).map(d => d.size ?? -1);
  return `(${script.expression(layer, own)}).reshape(*${x}.shape[:2]${rest.map(n => `, ${n}`).join('')})`;
}

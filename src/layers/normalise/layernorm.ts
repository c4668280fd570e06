import { int, ints } from '../../formats/onnx/builder.js';
import { placesAlong } from '../../tensor/axes.js';
import { axesOf, broadcastOver, sizesAlong } from '../axes.js';
import { costPerNumber, symbolic } from '../dims.js';
import { type ArrayLibrary, inBoth, type OnnxCall, type ScriptCall } from '../facets.js';
import { numbers } from '../fields.js';
import { kerasArguments } from '../kerasArguments.js';
import type { LayerBase, LayerKind } from '../layer.js';
import { pythonText } from '../python.js';
import { type NormalWeight, normOptions, scaledAndShifted, vectorWeights, weightsAlong } from './weights.js';

/**
 * Normalises each sample over some axes (the features):
 *   layer     y = γ·(x − mean) / √(var + ε) + β
 *   scaled    y = γ·x / √(var + ε)            (Keras rms_scaling, which uses the variance, not the mean square)
 *   rms       y = γ·x / √(mean(x²) + ε)       (Keras RMSNormalization, PyTorch RMSNorm)
 *   unit      y = x / max(√Σx², 1e-12)        (Keras UnitNormalization)
 */
export interface LayerNormSpec extends LayerBase {
  readonly kind: 'layernorm' | 'rmsnorm' | 'unitnorm';
  readonly axis: readonly number[];
  readonly epsilon: number;
  readonly center: boolean;
  readonly scale: boolean;
  readonly rmsScaling: boolean;
}

type Way = 'layer' | 'scaled' | 'rms' | 'unit';

const LEAST_LENGTH = 1e-12;
const AXIS = numbers({ default: [-1] });

/** @param names of the arguments and weights in Keras */
function normalisation(
  name: LayerNormSpec['kind'],
  kerasClass: string,
  fields: LayerKind<LayerNormSpec>['fields'],
  [names, keras]: readonly [string, Readonly<Record<string, string>>],
  weightNames: (layer: LayerNormSpec) => NormalWeight[],
  passesMask: boolean,
): LayerKind<LayerNormSpec> {
  return {
    name,
    reads: 'anything',
    passesMask: () => passesMask,
    kerasClass: () => kerasClass,
    fields,
    grammar: { options: normOptions(fields) },
    keras: kerasArguments(kerasClass, fields, names, { weightNames: keras }),
    weightShapes(layer, [input]) {
      const names = weightNames(layer);
      if (names.length === 0) return [];
      const axes = axesOf(layer.axis, input);
      return vectorWeights(
        names,
        axes.map(axis => input[axis].symbol),
        sizesAlong(axes, input),
      );
    },
    outputShape(layer, [input]) {
      axesOf(layer.axis, input);
      return input;
    },
    cost: costPerNumber('elementwise'),
    apply(layer, [input], { kernels, weights }) {
      const { data, shape } = input.tensor;
      const { starts, offsets } = placesAlong(shape, axesOf(layer.axis, symbolic(shape)));
      const [gamma, beta] = [weights.get('gamma')?.data, weights.get('beta')?.data];
      const y = kernels.allocate(data.length);
      const way = wayOf(layer);
      for (const start of starts) {
        let sum = 0;
        for (const offset of offsets) sum += data[start + offset];
        const mean = sum / offsets.length;
        const centre = way === 'layer' || way === 'scaled' ? mean : 0;
        let squares = 0;
        for (const offset of offsets) squares += (data[start + offset] - centre) ** 2;
        const factor =
          way === 'unit' ? 1 / Math.max(Math.sqrt(squares), LEAST_LENGTH) : 1 / Math.sqrt(squares / offsets.length + layer.epsilon);
        // Keras and PyTorch compute x·f − mean·f, each rounded
        const less = way === 'layer' ? (kernels.rounded?.(mean) ?? mean) : 0;
        for (let k = 0; k < offsets.length; k++) {
          const at = start + offsets[k];
          y[at] = (data[at] - less) * factor * (gamma ? gamma[k] : 1) + (beta ? beta[k] : 0);
        }
      }
      return { tensor: { shape, data: y } };
    },
    onnx: asNodes,
    scripts: inBoth(expression),
  };
}

const EPSILON = (value: number) => ({ type: 'number', min: 0, default: value }) as const;

export const layernorm = normalisation(
  'layernorm',
  'LayerNormalization',
  {
    axis: AXIS,
    epsilon: EPSILON(0.001),
    center: { type: 'boolean', default: true },
    scale: { type: 'boolean', default: true },
    rmsScaling: { type: 'boolean', default: false },
  },
  ['axis[] epsilon center scale rmsScaling?', { gamma: 'gamma', beta: 'beta' }],
  ({ center, scale, rmsScaling }) => [
    ...(scale || rmsScaling ? (['gamma'] as const) : []),
    ...(center && !rmsScaling ? (['beta'] as const) : []),
  ],
  true,
);

const RMS = { axis: AXIS, epsilon: EPSILON(1e-6) };
export const rmsnorm = normalisation('rmsnorm', 'RMSNormalization', RMS, ['axis[] epsilon', { gamma: 'scale' }], () => ['gamma'], false);
export const unitnorm = normalisation('unitnorm', 'UnitNormalization', { axis: AXIS }, ['axis[]', {}], () => [], true);

function wayOf({ kind, rmsScaling }: LayerNormSpec): Way {
  if (kind === 'layernorm') return rmsScaling ? 'scaled' : 'layer';
  return kind === 'rmsnorm' ? 'rms' : 'unit';
}

function asNodes(layer: LayerNormSpec, { builder, inputs: [x], shapes, weight }: OnnxCall): string {
  const axes = axesOf(layer.axis, shapes[0]);
  const way = wayOf(layer);
  const of = { axes: ints(...axes), keepdims: int(1) };
  const number = (value: number) => builder.constant(`${layer.name}.number`, { shape: [], data: Float64Array.of(value) });
  const node = (op: string, inputs: string[], attributes = {}) => builder.add(op, inputs, attributes, layer.name);
  const centred = way === 'layer' || way === 'scaled' ? node('Sub', [x, node('ReduceMean', [x], of)]) : x;
  const squares = node('Mul', [centred, centred]);
  const length =
    way === 'unit'
      ? node('Max', [node('Sqrt', [node('ReduceSum', [squares, builder.integers(axes)], { keepdims: int(1) })]), number(LEAST_LENGTH)])
      : node('Sqrt', [node('Add', [node('ReduceMean', [squares], of), number(layer.epsilon)])]);
  const normal = node('Div', [way === 'layer' ? centred : x, length]);
  const shape = broadcastOver(axes, shapes[0]) as number[] | null;
  return scaledAndShifted(normal, layer.name, builder, weight, shape);
}

function expression(library: ArrayLibrary, layer: LayerNormSpec, call: ScriptCall): string {
  const [x] = call.inputs;
  const axes = axesOf(layer.axis, call.shapes[0]);
  const of = weightsAlong(axes, call);
  const along = library === 'np' ? `axis=${pythonText(axes)}, keepdims=True` : `dim=${pythonText(axes)}, keepdim=True`;
  const centred = `(${x} - ${x}.mean(${along}))`;
  const way = wayOf(layer);
  const squares = way === 'layer' || way === 'scaled' ? `(${centred} ** 2)` : `(${x} ** 2)`;
  const least = library === 'np' ? ['np.maximum', LEAST_LENGTH] : ['torch.clamp', `min=${LEAST_LENGTH}`];
  const length =
    way === 'unit'
      ? `${least[0]}(${library}.sqrt(${squares}.sum(${along})), ${least[1]})`
      : `${library}.sqrt(${squares}.mean(${along}) + ${layer.epsilon})`;
  const [gamma, beta] = [of('gamma'), of('beta')];
  return `${way === 'layer' ? centred : x} / ${length}${gamma ? ` * ${gamma}` : ''}${beta ? ` + ${beta}` : ''}`;
}

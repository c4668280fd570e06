import type { ResizeSpec } from '../../layers/reshaping/resize.js';
import type { UpSamplingSpec } from '../../layers/reshaping/upsample.js';
import type { Assumption } from '../../model/assumptions.js';
import type { LayerShapes, ModelShapes } from '../../model/shapes.js';

/** `weightsSource`: the file of the weights; null: they are drawn */
interface LoadedModel {
  readonly framework: string;
  readonly weightsSource: string | null;
  readonly shapes: ModelShapes;
}

/**
 * Assumptions about the backend of Keras. A cast of floats to integers of few bits is undefined for values out of range. keras.ops.add(x,
 * b) on TensorFlow is tf.nn.bias_add if only one axis of b is longer than 1: b is then added along the last axis of x if that has the same
 * length, whichever axis of b it was (keras/src/backend/tensorflow/numpy.py). Other backends add as NumPy does, and so do we.
 */
export function backendAssumptions({ framework, weightsSource, shapes }: LoadedModel): Assumption[] {
  if (framework !== 'keras') return [];
  const narrow = shapes.layers.flatMap(({ layer }): Assumption[] => {
    if (layer.kind === 'spectrogram' && layer.mode === 'angle') {
      const what = `negative numbers without an imaginary part have the angle π in ${layer.name}`;
      return [assumed(what, 'tensorflow', 'they have −π where a convolution gives a negative zero')];
    }
    if (layer.kind === 'resize' || layer.kind === 'upsample2d') return resizingAssumptions(layer);
    if (layer.kind === 'op' && layer.op === 'ScatterND' && /^Segment(Max|Min)$/.test(layer.kerasClass ?? '')) {
      const end = layer.kerasClass === 'SegmentMax' ? 'lowest' : 'highest';
      const what = `segments without any row are the ${end} number of float32 in ${layer.name}`;
      return [assumed(what, 'tensorflow', 'other backends of Keras have an infinity there')];
    }
    // a cast to few bits is read as a remainder
    if (layer.kind !== 'op' || layer.kerasClass !== 'Cast' || layer.op === 'Cast') return [];
    const what = `numbers that are too large for the type of ${layer.name} keep their last bits`;
    const why = 'what becomes of such floats is different from backend to backend of Keras, and from machine to machine';
    return [assumed(what, 'numpy', why)];
  });
  const ambiguous = weightsSource === null ? [] : shapes.layers.filter(isAmbiguous);
  const added = ambiguous.map(({ layer: { name, kind } }) => {
    const what = kind === 'op' ? `${name} adds as NumPy does` : `the bias of ${name} is added along its channels`;
    return assumed(what, 'numpy', 'Keras on TensorFlow adds it along the last axis, which has as many numbers');
  });
  return [...narrow, ...added];
}

/** Backends use other cubic kernels, and sum in another order. */
function resizingAssumptions({ name, ...layer }: ResizeSpec | UpSamplingSpec): Assumption[] {
  const assumptions: Assumption[] = [];
  const add = (what: string, why: string) => assumptions.push(assumed(what, 'tensorflow', why));
  if (layer.interpolation === 'bicubic')
    add(`${name} has TensorFlow's cubic`, 'it has another one on PyTorch and finer steps of it on JAX');
  if ('whole' in layer && layer.whole !== null && layer.interpolation !== 'nearest')
    add(`numbers halfway between two whole ones are rounded in ${name} as TensorFlow's sums say`, 'the last digit of a sum decides');
  return assumptions;
}

function assumed(what: string, value: 'tensorflow' | 'numpy', why: string): Assumption {
  return { fact: 'backend', what, value, why, say: null };
}

function isAmbiguous(shapes: LayerShapes): boolean {
  const { layer, output, weights } = shapes;
  const last = output[output.length - 1]?.size;
  if (layer.kind === 'op') {
    const [x, added] = layer.op === 'Add' ? (layer.operands ?? []) : [];
    const long = added?.shape.map((size, axis) => (size > 1 ? axis : -1)).filter(axis => axis >= 0) ?? [];
    return x === null && output.length > 1 && long.length === 1 && long[0] < added!.shape.length - 1 && added!.shape[long[0]] === last;
  }
  const bias = weights.find(({ role }) => role === 'bias');
  return 'dataFormat' in layer && layer.dataFormat === 'channels_first' && bias?.shape.length === 1 && bias.shape[0] === last;
}

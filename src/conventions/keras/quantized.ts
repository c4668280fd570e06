import { RnnError } from '../../errors.js';
import { wordOf } from '../../escape.js';
import type { FileTensor, TensorFile } from '../../formats/format.js';
import { type EinsumDenseSpec, einsumdense } from '../../layers/einsum/einsumdense.js';
import { equationOf } from '../../layers/einsum/equation.js';
import { asObject, type Json, list } from '../../layers/kerasConfig.js';
import { roundsInput } from '../../layers/roundedInput.js';
import { lazy, load } from '../../tensor/lazy.js';
import { sizeOf } from '../../tensor/tensor.js';
import { byNaturalOrder } from '../naturalOrder.js';
import { QUANTIZED } from './layers.js';
import { groupNames, MODELS, stepLayer } from './models.js';
import { namesIn } from './names.js';
import { POLICY, policyMode } from './storedWeights.js';

/**
 * Dense, EinsumDense and Embedding layers that Keras saved as int8 or int4 (`model.quantize`), and LoRA's addition to a kernel. Arrays: kernel, bias,
 * scale, and for int4 with several scales per column also zero points and the group of each row. Two int4 are in a byte, the lower half first.
 *   int8, int4     kernel / scale
 *   int4, groups   (kernel − zero[group]) · scale[group]
 * In a `.keras` file the kernel already includes LoRA's product; an `.h5` and a checkpoint have both matrices separately. If the layer rounds its
 * input (int8), the product is a separate weight, because LoRA's x is not rounded.
 */

/** Quantised layers by their group in a `.weights.h5`. */
export type QuantizedLayers = ReadonlyMap<string, QuantizedLayer>;

interface QuantizedLayer {
  readonly name: string;
  /** undefined: only LoRA */
  readonly mode: 'int8' | 'int4' | undefined;
  readonly className: string;
  readonly useBias: boolean;
  /** columns of the kernel as a matrix; undefined if the file has its shape */
  readonly columns: number | undefined;
  readonly equation: { readonly input: string; readonly kernel: string; readonly output: string } | undefined;
  /** shape of the kernel; undefined: that in the file */
  readonly shape: readonly number[] | undefined;
  readonly lora: number | undefined;
  readonly config: Json;
}

/** The quantised layers of a model and of the models inside it, by their groups in the weight file. */
export function quantizedLayers(model: Json, prefix = '', found = new Map()): QuantizedLayers {
  const layers = list(model.layers).map(l => asObject(l, 'layer'));
  const groups = groupNames(layers);
  const collect = (layer: Json, group: string): void => {
    const config = asObject(layer.config ?? {}, 'layer');
    if (MODELS.has(wordOf(layer.class_name))) quantizedLayers(config, `${group}/`, found);
    if (layer.class_name === 'TimeDistributed') collect(stepLayer(layer), `${group}/layer`);
    const mode = modeOf(config);
    const hasLora = typeof config.lora_rank === 'number';
    if ((mode || hasLora) && QUANTIZED.has(wordOf(layer.class_name))) found.set(group, described(layer, config, mode));
  };
  layers.forEach((layer, i) => {
    collect(layer, `${prefix}layers/${groups[i]}`);
  });
  return found;
}

function described(layer: Json, config: Json, mode: QuantizedLayer['mode']): QuantizedLayer {
  const className = wordOf(layer.class_name);
  const rank = config.lora_rank;
  const own = { name: wordOf(config.name ?? layer.name), mode, className, config, equation: undefined, shape: undefined };
  const lora = typeof rank === 'number' ? Number(config.lora_alpha ?? rank) / rank : undefined;
  if (className === 'Embedding') return { ...own, useBias: false, columns: Number(config.output_dim), lora };
  if (className === 'Dense') return { ...own, useBias: config.use_bias !== false, columns: Number(config.units), lora };
  const built = list(((layer.build_config ?? {}) as Json).input_shape).map(n => (typeof n === 'number' ? n : null));
  const letters = String(config.equation).split(',')[0].replace(/\W/g, '').length;
  const equation = equationOf(String(config.equation), Math.max(letters, built.length));
  const useBias = typeof config.bias_axes === 'string';
  const fields = {
    ...einsumdense.keras!.classes.EinsumDense(config, { activation: () => 'linear', layer: () => ({}) }),
    kind: 'einsumdense',
    name: '',
  };
  const dims = built.map((size, axis) => ({ symbol: `${axis}`, size }));
  const symbols = { units: '', projection: '' };
  // if the config does not record the input shape, the shapes in the file have to do
  const shape =
    built.length > 0
      ? einsumdense.weightShapes!(
          { ...(fields as unknown as EinsumDenseSpec), outputShape: sizesOf(config.output_shape) },
          [dims],
          symbols,
        )[0].shape
      : undefined;
  const columns = shape && [...equation.kernel].reduce((n, letter, i) => (equation.output.includes(letter) ? n * shape[i] : n), 1);
  return { ...own, equation, shape, columns, useBias, lora };
}

function sizesOf(value: unknown): (number | null)[] {
  return (Array.isArray(value) ? value : [value]).map(n => (typeof n === 'number' ? n : null));
}

/** 'int8' or 'int4' of a policy; undefined for any other */
function modeOf({ dtype }: Json): 'int8' | 'int4' | undefined {
  return POLICY.exec(policyMode(dtype))?.[1] as 'int8' | 'int4' | undefined;
}

/** The parts of a layer as a file has them. */
interface Parts {
  readonly kernel: FileTensor;
  readonly scale?: FileTensor;
  readonly zero?: FileTensor;
  readonly groups?: FileTensor;
  /** LoRA's matrices, if the file has them separately */
  readonly a?: FileTensor;
  readonly b?: FileTensor;
}

/** Returns the file with dequantised kernels. @throws RnnError E_KERAS_OPTION */
export function dequantized(file: TensorFile, layers: QuantizedLayers): TensorFile {
  const tensors = plainTensors(file.tensors, layers);
  const metadata = new Map(file.metadata);
  for (const [key, value] of metadata)
    if (key.endsWith('@weight_names')) {
      // @weight_names lists the non-trainable weights last, while get_weights() begins with the kernel
      const group = key.slice(0, -'@weight_names'.length);
      const names = namesIn(value)?.filter(name => tensors.has(`${group}/${name}`) || !file.tensors.has(`${group}/${name}`)) ?? [];
      const isKernel = (name: string) => Number(/(^|\/)(kernel|embeddings)$/.test(name));
      const isPacked = names.length < (namesIn(value)?.length ?? 0);
      const added = [...tensors.keys()].filter(name => name.startsWith(`${group}/`) && !file.tensors.has(name));
      const own = [...names.sort((a, b) => isKernel(b) - isKernel(a)), ...added.map(name => name.slice(group.length + 1))];
      if (isPacked) metadata.set(key, JSON.stringify(own));
    }
  return { ...file, tensors, metadata };
}

function plainTensors(tensors: ReadonlyMap<string, FileTensor>, layers: QuantizedLayers): Map<string, FileTensor> {
  const plain = new Map(tensors);
  const places = packedPlaces(tensors.keys());
  for (const [i, [group, layer]] of [...layers].entries()) {
    const numbered = tensors.has(`${group}/vars/0`);
    if (numbered && !layer.mode) continue;
    const place = places.length === layers.size ? places[i] : undefined;
    const named = numbered ? undefined : namedParts(tensors, place ?? layer.name);
    const first = layer.useBias ? 2 : 1;
    const at = (index: number) => tensors.get(`${group}/vars/${index}`);
    const parts = named ?? { kernel: at(0), scale: at(first), zero: at(first + 1), groups: at(first + 2) };
    const { kernel, ...others } = parts;
    if (!kernel || (layer.mode && !parts.scale)) continue;
    if (named) for (const [name, tensor] of tensors) if (Object.values(others).includes(tensor)) plain.delete(name);
    if (!named) for (let k = first; plain.delete(`${group}/vars/${k}`); k++);
    const key = [...tensors].find(([, tensor]) => tensor === kernel)![0];
    const isApart = addsApart(layer);
    const whole = plainKernel(layer, isApart ? { kernel, scale: parts.scale } : { ...parts, kernel });
    plain.set(key, whole);
    const beside = named ? `${key.slice(0, key.lastIndexOf('/'))}/${ADAPTER}` : `${group}/vars/${first}`;
    if (isApart) plain.set(beside, adapterOf(layer, parts, whole.shape));
  }
  return plain;
}

/** Name of LoRA's product, if it is a weight separate from the kernel. */
const ADAPTER = 'lora_kernel';

function addsApart({ lora, className, config }: QuantizedLayer): boolean {
  return lora !== undefined && className !== 'Embedding' && roundsInput(config);
}

/** @returns scale·a·b in the kernel's shape; zeros where the file has it in the kernel */
function adapterOf({ lora }: QuantizedLayer, { a, b }: Pick<Parts, 'a' | 'b'>, shape: readonly number[]): FileTensor {
  const values = () => {
    const data = new Float32Array(sizeOf(shape));
    if (a && b) addProduct(data, lora!, load(a), load(b), b.shape);
    return data;
  };
  return { ...lazy(shape, 'f32', values), dtype: 'f32' };
}

/** Returns where a checkpoint has LoRA matrices or a scale, `model/_functional/_operations/3`, in the order of the layers. */
function packedPlaces(names: Iterable<string>): string[] {
  const packed = [...names].filter(name =>
    /_(operations|layers)\/\d+\/(.*\/)?(lora_(kernel|embeddings)_a|(kernel|embeddings)_scale)$/.test(name),
  );
  const places = new Set(packed.map(name => name.slice(0, name.lastIndexOf('/'))));
  return [...places].sort(byNaturalOrder);
}

/**
 * Names of the parts in an `.h5`, and in a checkpoint.
 * @param layer its name, or its path in a checkpoint
 */
function namedParts(tensors: ReadonlyMap<string, FileTensor>, layer: string): { [key in keyof Parts]?: FileTensor } | undefined {
  const at = (...names: string[]) =>
    [...tensors].find(([name]) => names.some(last => name === `${layer}/${last}` || name.endsWith(`/${layer}/${last}`)))?.[1];
  const kernel = at('kernel', 'embeddings', '_kernel', '_embeddings');
  if (!kernel) return undefined;
  return {
    kernel,
    scale: at('kernel_scale', 'embeddings_scale'),
    zero: at('kernel_zero', 'embeddings_zero'),
    groups: at('g_idx'),
    a: at('lora_kernel_a', 'lora_embeddings_a'),
    b: at('lora_kernel_b', 'lora_embeddings_b'),
  };
}

function plainKernel(layer: QuantizedLayer, parts: Parts): FileTensor {
  const { kernel, a, b } = parts;
  const shape = shapeOf(layer, parts);
  const values = () => {
    const data = layer.mode ? wholeNumbers(layer, parts, shape) : Float32Array.from(load(kernel));
    if (a && b && layer.lora !== undefined) addProduct(data, layer.lora, load(a), load(b), b.shape);
    return data;
  };
  return { ...lazy(shape, 'f32', values), dtype: 'f32' };
}

/** Returns the kernel's own shape: that in the file; or, if int4 flattened it to a matrix, derived from the output and the rows of the summed axis. */
function shapeOf({ mode, shape, columns, equation, config }: QuantizedLayer, { kernel }: Parts): readonly number[] {
  if (shape) return shape;
  if (!equation) return columns === undefined ? kernel.shape : [kernel.shape[0], columns];
  if (mode !== 'int4') return kernel.shape;
  const sizes = sizesOf(config.output_shape);
  const known = (letter: string) => sizes[equation.output.indexOf(letter) - (equation.output.length - sizes.length)] ?? undefined;
  const summed = [...equation.kernel].filter(letter => !equation.output.includes(letter));
  const own = [...equation.kernel].map(letter => (summed.length === 1 && summed[0] === letter ? kernel.shape[0] : known(letter)));
  if (own.every(n => n !== undefined)) return own;
  throw new RnnError('unsupported', 'E_KERAS_OPTION', 'the file does not say the shape of this int4 kernel', {
    where: String(config.name),
    fix: 'save the model as .keras, which records the input shape',
  });
}

/** Adds scale·a·b, a [rows, rank], b [rank, columns]. */
function addProduct(
  data: Float32Array,
  scale: number,
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  [rank, columns]: readonly number[],
): void {
  for (let k = 0; k < data.length; k++) {
    const [row, column] = [Math.floor(k / columns), k % columns];
    let sum = 0;
    for (let r = 0; r < rank; r++) sum += a[row * rank + r] * b[r * columns + column];
    data[k] += scale * sum;
  }
}

function wholeNumbers(layer: QuantizedLayer, parts: Parts, shape: readonly number[]): Float32Array {
  const { mode, className } = layer;
  const size = sizeOf(shape);
  const [kernel, scale] = [load(parts.kernel), load(parts.scale!)];
  if (mode === 'int8' && layer.equation) {
    const place = scalePlaces(layer.equation, shape);
    return Float32Array.from({ length: size }, (_, k) => kernel[k] / scale[place(k)]);
  }
  const columns = layer.columns ?? parts.scale!.shape[parts.scale!.shape.length - 1];
  const [zero, groups] = [parts.zero && load(parts.zero), parts.groups && load(parts.groups)];
  const stored = parts.kernel.shape[1];
  const wide = parts.scale!.shape.length > 1 ? parts.scale!.shape[1] : 1;
  const byRow = className === 'Embedding';
  return Float32Array.from({ length: size }, (_, at) => {
    const [i, k] = [Math.floor(at / columns), at % columns];
    const whole = mode === 'int8' ? Number(kernel[i * stored + k]) : nibble(Number(kernel[i * stored + (k >> 1)]), k & 1);
    if (!zero || !groups) return whole / scale[byRow ? i : k];
    const place = byRow ? i * wide + Number(groups[k]) : Number(groups[i]) * wide + k;
    return Math.fround(whole - Number(zero[place])) * scale[place];
  });
}

/** Returns a function that gives the index of a kernel element's scale: one scale per position on the axes that are not summed, in the order of the output. */
function scalePlaces(
  { kernel, output }: { readonly kernel: string; readonly output: string },
  shape: readonly number[],
): (k: number) => number {
  const steps = new Map<string, number>();
  let step = 1;
  for (const letter of [...output].reverse())
    if (kernel.includes(letter)) {
      steps.set(letter, step);
      step *= shape[kernel.indexOf(letter)];
    }
  return k => {
    let [rest, place] = [k, 0];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      place += (rest % shape[axis]) * (steps.get(kernel[axis]) ?? 0);
      rest = Math.floor(rest / shape[axis]);
    }
    return place;
  };
}

/** The lower or the upper half of a byte, −8 to 7. */
function nibble(byte: number, upper: number): number {
  const half = (upper ? byte >> 4 : byte) & 15;
  return half < 8 ? half : half - 16;
}

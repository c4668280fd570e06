import { formatActivation } from '../activations/index.js';
import { getCell, rowOf } from '../cells/index.js';
import { RnnError, within } from '../errors.js';
import { escapeNames, escapeText } from '../escape.js';
import { biasRows } from '../layers/recurrent.js';
import type { FrameworkName } from '../model/frameworks.js';
import { inferShapes } from '../model/shapes.js';
import { isRecurrent, type ModelSpec, type RecurrentSpec } from '../model/spec.js';
import { sliceRow, type Tensor, zeros } from '../tensor/tensor.js';
import type { Weights } from '../weights/weights.js';
import { CONVERT_FORMATS, TARGETS } from './convertFormats.js';
import type { Network } from './network/network.js';

/** The target of a conversion: whose names and layouts, and in which format. */
export interface Target {
  readonly framework: FrameworkName;
  readonly format: 'onnx' | 'json' | 'npz' | 'safetensors';
  /** name of the convention that names the tensors */
  readonly convention: string;
}

/** Framework and convention of each target; a target without a framework keeps the network's own. */
const WRITTEN_AS: Readonly<Record<string, Partial<Target>>> = {
  keras: { framework: 'keras', convention: 'keras' },
  torch: { framework: 'torch', convention: 'torch' },
  onnx: { framework: 'onnx', convention: 'rnn-cli' },
  flax: { framework: 'flax', convention: 'flax' },
  json: { convention: 'rnn-cli' },
};
const BY_EXTENSION: Readonly<Record<string, string>> = { onnx: 'onnx', safetensors: 'torch', npz: 'keras', json: 'json' };

/**
 * Combines `--to` (a framework or a container) with the extension of the output. Without `--to` the extension decides: `.onnx` is ONNX,
 * `.safetensors` PyTorch, `.npz` Keras' get_weights(), `.json` our own.
 * @throws RnnError E_CONVERT_TARGET, E_CONVERT_H5
 */
export function targetOf(to: string | undefined, output: string, source: FrameworkName): Target {
  const extension = /\.([a-z0-9]+)$/i.exec(output)?.[1].toLowerCase() ?? '';
  if (['h5', 'hdf5', 'keras'].includes(extension)) {
    const message = `.${extension} files are read but not written: no well-kept writer of HDF5 exists for Node`;
    throw new RnnError('unsupported', 'E_CONVERT_H5', message, {
      where: escapeText(output),
      expected: '.npz, .safetensors, .onnx, .json',
      found: `.${extension}`,
      fix: 'write .npz, and in Python: model.set_weights(list(np.load(file).values()))',
    });
  }
  const wanted = to ?? BY_EXTENSION[extension] ?? '';
  if (!TARGETS.includes(wanted)) {
    throw new RnnError('usage', 'E_CONVERT_TARGET', `cannot tell the format from '${escapeText(output, 80)}'`, {
      where: to === undefined ? escapeText(output, 80) : '--to',
      expected: TARGETS.join(', '),
      found: to === undefined ? 'no known extension' : escapeText(to, 40),
      fix: 'name the output .npz, .safetensors, .onnx or .json, or give --to',
    });
  }
  const { framework = source, convention = conventionOf(wanted, source) } = WRITTEN_AS[wanted] ?? {};
  const formats: readonly Target['format'][] = CONVERT_FORMATS[wanted as keyof typeof CONVERT_FORMATS];
  const written = formats.find(format => format === extension);
  const format = written ?? formats[0];
  if (written || extension === '' || output === '-') return { framework, format, convention };
  const message = `${framework} as ${format} does not belong into a .${escapeText(extension, 20)} file`;
  throw new RnnError('usage', 'E_CONVERT_TARGET', message, {
    where: escapeText(output, 80),
    expected: formats.map(name => `.${name}`).join(' or '),
    found: `.${escapeText(extension, 20)}`,
  });
}

/** The convention of tensor names in a container that keeps the network's framework. */
function conventionOf(container: string, source: FrameworkName): string {
  if (source === 'torch' || source === 'flax') return source;
  return source === 'onnx' || container === 'safetensors' ? 'rnn-cli' : 'keras';
}

/**
 * Adapts a network to the other framework: one bias row or two, and where the GRU applies its reset gate.
 * @throws RnnError E_CONVERT_LAYER naming what the other framework lacks
 */
export function adapted(
  network: Network,
  framework: FrameworkName,
): { model: ModelSpec; shapes: Network['shapes']; weights: Weights; notes: string[] } {
  const { model } = network;
  const notes: string[] = [];
  const weights = new Map(network.weights!);
  const layers = model.layers.map(layer => {
    if (!isRecurrent(layer)) {
      if (framework === 'keras' || framework === 'tfjs') checkInside(layer, layer.name);
      return layer;
    }
    // a spec counted by a framework's rules may still hold options that the framework lacks
    checkCell(layer, framework);
    if (framework === network.framework) return layer;
    const twoBiases = layer.useBias && framework !== 'keras' && framework !== 'tfjs' && framework !== 'flax';
    const rows = biasRows({ ...layer, twoBiases });
    for (const way of layer.bidirectional ? ['forward/', 'backward/'] : ['']) {
      const key = `${layer.name}/${way}bh`;
      const bias = weights.get(key);
      if (bias) weights.set(key, inRows(bias, rows));
    }
    return { ...layer, twoBiases };
  });
  if ((framework === 'torch' || framework === 'flax') && network.framework !== framework) notes.push(...codeNotes(model, framework));
  const changed = { ...model, layers };
  return { model: changed, shapes: inferShapes(changed), weights, notes };
}

/** Converts between [G·M] and [2, G·M]: adds a second row of zeros, or sums both rows. */
function inRows(bias: Tensor, rows: number): Tensor {
  if (bias.shape.length === rows) return bias;
  if (rows === 1) {
    const [a, b] = [sliceRow(bias, 0), sliceRow(bias, 1)];
    return { shape: a.shape, data: a.data.map((v, k) => v + b.data[k]) };
  }
  const both = zeros([2, bias.data.length], bias.data instanceof Float32Array ? 'f32' : 'f64');
  both.data.set(bias.data, 0);
  return both;
}

function checkCell(layer: RecurrentSpec, framework: FrameworkName): void {
  within(escapeText(layer.name), () => rowOf(getCell(layer.kind), framework === 'tfjs' ? 'keras' : framework));
  const missing =
    framework === 'torch' ? notInTorch(layer) : framework === 'onnx' ? null : framework === 'flax' ? notInFlax(layer) : notInKeras(layer);
  if (missing !== null) throw lacking({ torch: 'PyTorch', flax: 'Flax' }[framework as string] ?? 'Keras', missing, layer.name);
}

/**
 * Checks the cells inside a layer that contains others (stacked cells, two directions, a layer at each step): as Keras has them, or
 * refused.
 */
function checkInside(layer: object, name: string): void {
  for (const inner of Object.values(layer).flat()) {
    if (typeof inner?.kind !== 'string') continue;
    if (isRecurrent(inner)) {
      const missing = notInKeras(inner) ?? (biasRows(inner) > biasRows({ ...inner, twoBiases: false }) ? 'second bias' : null);
      if (missing !== null) throw lacking('Keras', missing, name);
    }
    checkInside(inner, name);
  }
}

function lacking(framework: string, missing: string, name: string): RnnError {
  return new RnnError('unsupported', 'E_CONVERT_LAYER', `${framework} has no ${missing}`, {
    where: escapeText(name),
    found: missing,
    fix: 'ONNX supports it: rnn-cli convert IN OUT.onnx',
  });
}

function notInTorch(layer: RecurrentSpec): string | null {
  const gates = layer.recurrentActivation === null || layer.recurrentActivation === 'sigmoid';
  const act = layer.activation === 'tanh' || (layer.kind === 'rnn' && layer.activation === 'relu');
  if (!gates || !act || layer.outputActivation !== null)
    return `${layer.kind} with other activations than ${layer.kind === 'rnn' ? 'tanh or relu' : 'tanh and sigmoid'}`;
  if (layer.kind === 'gru' && !layer.resetAfter) return 'GRU with the reset before the product';
  if (layer.goBackwards) return 'layer that runs backwards only';
  if (layer.bidirectional !== null && layer.bidirectional !== 'concat')
    return `bidirectional ${layer.bidirectional}: its outputs stand side by side`;
  if (layer.peepholes || layer.clip !== null || layer.inputForget) return 'peepholes, clip and input_forget';
  return null;
}

function notInFlax(layer: RecurrentSpec): string | null {
  if (layer.kind === 'gru' && !layer.resetAfter) return 'GRU with the reset before the product';
  if (layer.goBackwards) return 'layer that runs backwards only';
  return notInKeras(layer);
}

function notInKeras(layer: RecurrentSpec): string | null {
  if (layer.projection !== null) return 'LSTM projection';
  if (layer.peepholes || layer.clip !== null || layer.inputForget) return 'peepholes, clip and input_forget';
  return layer.outputActivation === null ? null : 'activation of its own for the output of a cell';
}

/** What a file of weights for a framework's own code does not contain, so that the code that loads it has to know. */
function codeNotes({ layers }: ModelSpec, framework: 'torch' | 'flax'): string[] {
  const [holder, where] = framework === 'torch' ? ['a state dict', 'forward()'] : ['a file of parameters', '__call__()'];
  const functions = layers.filter(l => l.kind === 'dense' && l.activation !== 'linear').map(l => l.name);
  const others = layers
    .filter(l => !isRecurrent(l) && !['dense', 'embedding', 'dropout'].includes(l.kind))
    .map(l => `${l.name} (${l.kind})`);
  const cells = layers.filter(isRecurrent).flatMap(layer => cellNotes(layer, framework));
  return [
    ...(functions.length > 0 ? [`${holder} holds no activations: apply that of ${escapeNames(functions)} in ${where}`] : []),
    ...(others.length > 0 ? [`${holder} holds no ${escapeNames(others, 60)}: do that in ${where}`] : []),
    ...(cells.length > 0 ? [`${holder} holds no options of cells: build ${cells.join('; ')}`] : []),
  ];
}

/** What a cell computes otherwise than the framework's class does by default, and how two directions become one output. */
function cellNotes(layer: RecurrentSpec, framework: 'torch' | 'flax'): string[] {
  const { activation, recurrentActivation, bidirectional } = layer;
  const facts = [
    ...(activation === 'tanh' ? [] : [formatActivation(activation)]),
    ...(recurrentActivation === null || recurrentActivation === 'sigmoid' ? [] : [`gates ${formatActivation(recurrentActivation)}`]),
    ...(framework === 'torch' || bidirectional === null || bidirectional === 'concat' ? [] : [`directions joined by ${bidirectional}`]),
  ];
  return facts.length === 0 ? [] : [`${escapeText(layer.name)} with ${facts.join(', ')}`];
}
